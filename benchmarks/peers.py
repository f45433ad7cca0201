"""The servers that are measured, each in a process of its own, started and stopped here."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import servers

FERRITE = "ferrite-lite"
#: The same server where the session layer has registered its Python twins of hot scripts.
FERRITE_WITH_TWIN = "ferrite-lite, twin"
REDIS = "redis-server"
VALKEY = "valkey-server"
FAKEREDIS = "fakeredis"

_FAKEREDIS_SERVER = """
import sys
from fakeredis import TcpFakeServer
server = TcpFakeServer(("127.0.0.1", int(sys.argv[1])), server_type="redis")
print("ready", flush=True)
server.serve_forever()
"""

_SERVER_WITH_TWIN = """
import asyncio, gc, sys
from ferrite_lite import Engine, Server
from ferrite_lite.__main__ import GC_THRESHOLDS, loop_factory
from sessions import native

async def main():
    engine = Engine()
    native.register(engine)
    async with Server(engine, port=int(sys.argv[1])):
        print("ready", flush=True)
        await asyncio.Event().wait()

gc.set_threshold(*GC_THRESHOLDS)
with asyncio.Runner(loop_factory=loop_factory()) as runner:
    runner.run(main())
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server under load."""

    name: str
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """CPU time so far, threads that have ended included (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        user_ticks, system_ticks = fields[11:13]
        return (int(user_ticks) + int(system_ticks)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def started(*names: str) -> Iterator[list[Peer]]:
    """The named peers, running."""
    starters = {
        FERRITE: ferrite_lite,
        FERRITE_WITH_TWIN: ferrite_lite_with_twin,
        REDIS: redis_server,
        VALKEY: valkey_server,
        FAKEREDIS: fakeredis_server,
    }
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(starters[name]()) for name in names]


@contextlib.contextmanager
def redis_server() -> Iterator[Peer]:
    with servers.redis_server() as server:
        yield Peer(REDIS, server.port, server.process.pid)


@contextlib.contextmanager
def valkey_server() -> Iterator[Peer]:
    with servers.valkey_server() as server:
        yield Peer(VALKEY, server.port, server.process.pid)


@contextlib.contextmanager
def ferrite_lite() -> Iterator[Peer]:
    with _running([sys.executable, "-m", "ferrite_lite", "--port", "0"]) as (process, line):
        match = re.search(r":(\d+)", line)
        if match is None:
            raise servers.CannotStart(line)
        yield Peer(FERRITE, int(match[1]), process.pid)


@contextlib.contextmanager
def ferrite_lite_with_twin() -> Iterator[Peer]:
    port = servers.free_port()
    with _running([sys.executable, "-c", _SERVER_WITH_TWIN, str(port)]) as (process, _):
        yield Peer(FERRITE_WITH_TWIN, port, process.pid)


@contextlib.contextmanager
def fakeredis_server() -> Iterator[Peer]:
    port = servers.free_port()
    with _running([sys.executable, "-c", _FAKEREDIS_SERVER, str(port)]) as (process, _):
        yield Peer(FAKEREDIS, port, process.pid)


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A program, and the line it prints when it is ready."""
    process = servers.start_guarded(command, stdout=subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101  # asked for above
    try:
        yield process, process.stdout.readline().decode()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
