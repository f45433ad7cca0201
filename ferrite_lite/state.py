"""What all connections of one server share: the engine owns it, handlers say ``ctx.server``."""

from __future__ import annotations

import resource
import secrets
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from .accesses import Accesses
from .acl import AccessControl
from .broker import Broker
from .clock import Clock
from .command import CommandTable
from .config import Config
from .keyspace import Keyspace, Moment
from .memory import Memory
from .scripts import ScriptCache
from .version import REDIS_VERSION, VERSION
from .watches import Watches

if TYPE_CHECKING:
    from .context import Context


PAGE_BYTES = resource.getpagesize()


class Statistics:
    """Counters since start, as INFO shows them."""

    __slots__ = (
        "commands",
        "connections",
        "evicted_keys",
        "input_bytes",
        "output_bytes",
        "rejected_connections",
    )

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.commands = 0
        self.connections = 0
        self.rejected_connections = 0
        self.input_bytes = 0
        self.output_bytes = 0
        self.evicted_keys = 0


class ServerState:
    """Databases, settings, clients, scripts and counters of one server."""

    def __init__(self, clock: Clock, config: Config, table: CommandTable, seed: int | None) -> None:
        self.clock = clock
        self.config = config
        self.table = table
        self.moment = Moment(clock)
        self.started_ns = self.moment.ns
        self.version = VERSION
        self.redis_version = REDIS_VERSION.encode()
        self.run_id = secrets.token_hex(20)
        #: Every random choice of the server: SPOP, RANDOMKEY... A seed makes them repeatable.
        self.random = Random(seed)  # noqa: S311  # a fair choice is wanted, not a secret
        self.databases = [
            Keyspace(index, self.moment, config.encodings) for index in range(config.databases)
        ]
        self.acl = AccessControl(table, config)
        self.watches = Watches()
        self.broker = Broker()
        self.clients: dict[int, Context] = {}
        #: A connection as CLIENT LIST shows it; the engine, which knows CLIENT, puts it here.
        self.describe_client: Callable[[Context], bytes] = _undescribed
        self.last_client_id = 0
        self.scripts = ScriptCache()
        self.statistics = Statistics()
        self.accesses = Accesses(self.databases, config, self.moment, self.random)
        self.memory = Memory(self)
        self.memory.configure()

    def update_guards(self) -> None:
        """Look at every connection again: users have changed, or may come in without a word."""
        for client in self.clients.values():
            client.update_guard()

    @property
    def uptime_seconds(self) -> int:
        return (self.moment.ns - self.started_ns) // 1_000_000_000

    @staticmethod
    def resident_bytes() -> int:
        """Memory of this process, the host's included: CPython does not say whose it is."""
        try:
            return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
        except OSError:
            return 0


def _undescribed(_: Context) -> bytes:
    return b""
