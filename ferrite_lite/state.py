"""What all connections of one server share: the engine owns it, handlers say ``ctx.server``."""

from __future__ import annotations

import resource
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from .acl import AccessControl
from .clock import NS_PER_MS, NS_PER_SECOND, NS_PER_US, Clock, Moment, stopwatch_ns
from .command import Command, CommandTable
from .config import Config
from .data.keyspace import Keyspace
from .eviction.accesses import Accesses
from .eviction.memory import Memory
from .holds import Holds
from .lua import Shared
from .messages.broker import Broker
from .messages.notifications import Notifier
from .messages.tracking import Tracking
from .messages.watches import Watches
from .observing.hotkeys import HotKeys
from .observing.latency import LatencyMonitor
from .observing.lookups import Lookups
from .observing.metrics import Metrics
from .observing.monitor import Monitor
from .observing.rates import Rates
from .observing.redaction import redacted
from .observing.slowlog import RequestLog
from .pause import Pause
from .reply import Reply
from .resp import encode, request_bytes
from .scripting.functions import Libraries
from .scripting.scripts import Door, ScriptCache, ScriptRun
from .transfer import Transfer
from .version import VERSION

if TYPE_CHECKING:
    from .context import Context


PAGE_BYTES = resource.getpagesize()


class Statistics:
    """Counters since start, as INFO shows them."""

    __slots__ = (
        "connections",
        "evicted_clients",
        "evicted_keys",
        "expiry_ns",
        "input_bytes",
        "output_bytes",
        "reads",
        "rejected_connections",
        "unfinished_expiries",
        "writes",
    )

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.connections = 0
        self.rejected_connections = 0
        self.input_bytes = 0
        self.output_bytes = 0
        self.evicted_keys = self.evicted_clients = 0
        #: How often a transport read or wrote bytes.
        self.reads = self.writes = 0
        #: Time spent on active expiry, and how often that used up its budget.
        self.expiry_ns = 0
        self.unfinished_expiries = 0


class ServerState:
    """Databases, settings, clients, scripts and counters of one server."""

    def __init__(self, clock: Clock, config: Config, table: CommandTable, seed: int | None) -> None:
        self.clock = clock
        self.config = config
        self.table = table
        self.moment = Moment(clock)
        self.started_ns = self.moment.ns
        self.version = VERSION
        self.redis_version = config.redis_version.encode()
        #: Whether clients are told that this is Redis 8: then errors are in its words, too.
        major = config.redis_version.partition(".")[0]
        self.is_redis_8 = major.isdecimal() and int(major) >= 8
        #: Shuts down the server that has this state, if one listens.
        self.shut_down: Callable[[], None] | None = None
        #: Has it listen at other addresses and another port; raises OSError.
        self.move: Callable[[Sequence[str], int], None] | None = None
        #: Sends keys to another server; the last argument does the rest when that is over. None if
        #: no server listens.
        self.migrate: Callable[[Context, Transfer, Callable[[], Reply]], None] | None = None
        #: DEBUG SET-ACTIVE-EXPIRE.
        self.expires_actively = True
        #: DEBUG SET-SKIP-CHECKSUM-VALIDATION.
        self.skips_checksums = False
        #: DEBUG SET-DISABLE-DENY-SCRIPTS.
        self.scripts_administer = False
        self.run_id = secrets.token_hex(20)
        #: DEBUG CHANGE-REPL-ID makes a new one.
        self.replication_id = secrets.token_hex(20)
        #: Every random choice of the server: SPOP, RANDOMKEY... A seed makes them repeatable.
        self.random = Random(seed)  # noqa: S311  # a fair choice is wanted, not a secret
        self.databases = [
            Keyspace(index, self.moment, config.encodings) for index in range(config.databases)
        ]
        self.acl = AccessControl(table.original, config)
        self.watches = Watches()
        self.broker = Broker()
        self.clients: dict[int, Context] = {}
        #: A connection as CLIENT LIST shows it; the engine, which knows CLIENT, puts it here.
        self.describe_client: Callable[[Context], bytes] = _undescribed
        self.last_client_id = 0
        self.scripts = ScriptCache(Shared(config.redis_version))
        self.functions = Libraries(self.scripts.shared)
        #: The script or function that is running; it may be asked to stop.
        self.running_script: ScriptRun | None = None
        #: Whether it has run for so long that other clients are answered -BUSY.
        self.is_busy = False
        #: How they are served meanwhile; None if nobody can be.
        self.busy_door: Door | None = None
        self.statistics = Statistics()
        self.accesses = Accesses(self.databases, config, self.moment, self.random)
        self.notifier = Notifier(self.broker, self.databases, config)
        self.tracking = Tracking(self)
        self.monitor = Monitor(self)
        self.hot_keys = HotKeys(self)
        self.holds = Holds()
        self.pause = Pause(self)
        self.memory = Memory(self)
        self.metrics = Metrics(table)
        self.lookups = Lookups(self.metrics)
        for db in self.databases:
            db.lookups = self.lookups
        self.rates = Rates()
        self.slowlog = RequestLog()
        self.large_requests = RequestLog()
        self.large_replies = RequestLog()
        #: Whether ``weigh`` wants to know of every request.
        self.weighs = False
        self.latency = LatencyMonitor()
        self.apply_settings()

    def forget(self, client: Context) -> None:
        """Treat a connection as ended: nobody sees it any more, and it hears nothing."""
        client.finish()
        client.end_transaction()
        self.broker.forget(client)
        self.tracking.forget(client)
        self.monitor.remove(client)
        self.holds.forget(client)
        self.clients.pop(client.id, None)

    def apply_settings(self) -> None:
        """Put settings into effect that others have taken a copy of."""
        config = self.config
        self.memory.configure()
        self.notifier.configure()
        limits_us = []
        if config.slowlog_slower_than_us >= 0:
            limits_us.append(config.slowlog_slower_than_us)
        if config.latency_threshold_ms:
            limits_us.append(config.latency_threshold_ms * 1000)
        self.metrics.note_from(min(limits_us, default=None))
        self.update_guards()

    def note_latency(self, name: bytes, elapsed_ns: int) -> None:
        """Enter some work in the latency monitor, if it took long enough to be an event."""
        threshold_ms, elapsed_ms = self.config.latency_threshold_ms, elapsed_ns // NS_PER_MS
        if threshold_ms and elapsed_ms >= threshold_ms:
            self.latency.add(name, unix_seconds=self.moment.ms // 1000, elapsed_ms=elapsed_ms)

    def note_slow(self, ctx: Context, command: Command, argv: list[bytes], elapsed_ns: int) -> None:
        """Enter a call in the slow log and the latency monitor, if it was slow enough for them."""
        config, elapsed_us = self.config, elapsed_ns // NS_PER_US
        self.note_latency(b"fast-command" if "fast" in command.flags else b"command", elapsed_ns)
        if 0 <= config.slowlog_slower_than_us <= elapsed_us:
            self._log(self.slowlog, config.slowlog_max_entries, elapsed_us, ctx, command, argv)

    def weigh(
        self, ctx: Context, command: Command, argv: list[bytes], reply: Reply, elapsed_ns: int
    ) -> None:
        """Note what a request was, and what it took, for whoever has asked for that."""
        if self.hot_keys.is_collecting:
            self.hot_keys.note(ctx, command, argv, reply, elapsed_ns)
        config = self.config
        if config.large_request_bytes >= 0:
            size = request_bytes(argv)
            if size >= config.large_request_bytes:
                limit = config.large_requests_max_entries
                self._log(self.large_requests, limit, size, ctx, command, argv)
        if config.large_reply_bytes >= 0:
            size = len(encode(reply, ctx.resp))
            if size >= config.large_reply_bytes:
                limit = config.large_replies_max_entries
                self._log(self.large_replies, limit, size, ctx, command, argv)

    def _log(
        self,
        log: RequestLog,
        max_entries: int,
        measured: int,
        ctx: Context,
        command: Command,
        argv: list[bytes],
    ) -> None:
        if "skip_slowlog" in command.flags:
            return
        log.add(
            redacted(command, argv),
            unix_seconds=self.moment.ms // 1000,
            measured=measured,
            # What a script calls is asked by nobody, as in Redis.
            address=b"?:0" if ctx.running_script else ctx.peer.address.encode(),
            client_name=b"" if ctx.running_script else ctx.name,
            max_entries=max_entries,
        )

    def serve_while_busy(self) -> bool:
        """From inside a script: serve other clients. False if nobody can be served."""
        if self.busy_door is None:
            return False
        if not self.is_busy:
            self.is_busy = True
            self.update_guards()
        # Afterwards the script goes on at its own instant, as the one that is running.
        moment, running = self.moment.save(), self.notifier.running
        is_paused = self.accesses.is_paused
        try:
            return self.busy_door.serve()
        finally:
            self.moment.restore(moment)
            self.notifier.running = running
            self.accesses.is_paused = is_paused

    def end_busy(self) -> None:
        """The script is over: serve all clients as before."""
        self.is_busy = False
        self.update_guards()

    def update_guards(self) -> None:
        """Update every connection's guard: something that it depends on has changed."""
        self.weighs = self.hot_keys.is_collecting or self.config.logs_sizes
        for client in self.clients.values():
            client.update_guard()

    def sample_rates(self) -> None:
        """Take a sample for INFO's commands and bytes per second."""
        counted = self.statistics
        counters = (self.metrics.calls, counted.input_bytes, counted.output_bytes)
        self.rates.sample(stopwatch_ns(), counters)

    @property
    def guards_everybody(self) -> bool:
        """Whether every request must pass the gate, whoever makes it."""
        return (
            self.memory.is_tight
            or self.notifier.tells_misses
            or self.config.lacks_replicas
            or bool(self.monitor.watchers)
            or self.weighs
            or self.pause.is_on
            or self.is_busy
        )

    @property
    def uptime_seconds(self) -> int:
        return (self.moment.ns - self.started_ns) // NS_PER_SECOND

    @staticmethod
    def resident_bytes() -> int:
        """Memory of this process, the host application's included; 0 if the system does not say."""
        try:
            return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
        except OSError:
            return 0


def _undescribed(_: Context) -> bytes:
    return b""
