"""The same code on every kind of server: embedded, ferrite_lite over TCP, Redis, Redis Cluster.

The last two are started here, on loopback and for the moment, when ``redis-server`` is installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator

import redis.asyncio
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError

import ferrite_lite
from sessions import KeyRing, SessionConfig, SessionStore

from .console import Console

LOOPBACK = "127.0.0.1"
SLOTS = 16384
NODES = 3
START_SECONDS = 15
CONFIG = SessionConfig(create_limit=None, timeout_seconds=5)


async def visit(console: Console) -> None:
    """Validate a session on each target; what is not installed is named."""
    console.title("The same code on four servers")
    keys = KeyRing.generate()
    async with await SessionStore.connect(config=CONFIG) as store:
        await _open_one(console, "embedded in this process", store)
    async with ferrite_lite.Ferrite() as ferrite:
        server = await ferrite.listen()
        async with await SessionStore.connect(server.url, CONFIG, keys=keys) as store:
            await _open_one(console, f"ferrite_lite at {server.url}", store)
    if shutil.which("redis-server") is None:
        console.note("redis-server is not installed: Redis and Redis Cluster are left out")
        return
    async with _redis() as port:
        url = f"redis://{LOOPBACK}:{port}"
        async with await SessionStore.connect(url, CONFIG, keys=keys) as store:
            await _open_one(console, f"redis-server at {url}", store)
    async with _cluster() as port, RedisCluster(host=LOOPBACK, port=port) as client:
        store = await SessionStore.connect(client, CONFIG, keys=keys)
        await _open_one(console, f"a Redis Cluster of {NODES} nodes", store)


async def _open_one(console: Console, name: str, store: SessionStore) -> None:
    issued = await store.create("alice", {"theme": "dark"})
    session = await store.validate(issued.token)
    is_right = session is not None and session.data == {"theme": "dark"}
    ended = await store.destroy(issued.token) and await store.validate(issued.token) is None
    console.check(f"{name}: created, validated, ended", is_right and ended)


# --- real servers ---------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _redis(*options: str) -> AsyncIterator[int]:
    """A redis-server on a free port, which is yielded."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="sessions-demo-") as directory:
        process = await asyncio.create_subprocess_exec(
            *("redis-server", "--port", str(port), "--bind", LOOPBACK, "--dir", directory),
            *("--save", "", "--appendonly", "no", "--maxmemory", "256mb", *options),
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await _until_it_says(port, "PING", b"PONG")
            yield port
        finally:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def _cluster() -> AsyncIterator[int]:
    """Three nodes that share all slots; the port of one is yielded."""
    async with contextlib.AsyncExitStack() as stack:
        ports = []
        for _ in range(NODES):
            bus = str(_free_port())
            options = ("--cluster-enabled", "yes", "--cluster-port", bus)
            ports.append((await stack.enter_async_context(_redis(*options)), int(bus)))
        for number, (port, _) in enumerate(ports):
            first, last = number * SLOTS // NODES, (number + 1) * SLOTS // NODES - 1
            await _ask(port, "CLUSTER", "ADDSLOTSRANGE", first, last)
            await _ask(port, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            await _ask(port, "CLUSTER", "MEET", LOOPBACK, ports[0][0], ports[0][1])
        for port, _ in ports:
            await _until_it_says(
                port, "CLUSTER INFO", b"cluster_state:ok", b"cluster_known_nodes:3"
            )
        yield ports[0][0]


async def _until_it_says(port: int, command: str, *wanted: bytes) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            with contextlib.suppress(RedisError, OSError):
                answer = await _ask(port, *command.split())
                if all(word in answer for word in wanted):
                    return
            await asyncio.sleep(0.05)


async def _ask(port: int, *words: str | int) -> bytes:
    async with redis.asyncio.Redis(host=LOOPBACK, port=port, protocol=2) as client:
        # Without its parser of replies, which differ by command.
        client.response_callbacks.clear()
        answer = await client.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py
        return answer if isinstance(answer, bytes) else str(answer).encode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
