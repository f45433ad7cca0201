"""The hot path of the session store: ``validate``, as one script and as a whole.

First the script alone, an EVALSHA over TCP at three depths of pipeline, beside the real servers
and fakeredis. Then ``SessionStore.validate`` itself, through each door.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files

import redis.asyncio

import ferrite_lite
from sessions import KeyRing, NearCache, SessionConfig, SessionStore, native

from .load import Load, print_cpu, send
from .peers import FAKEREDIS, FERRITE, FERRITE_WITH_TWIN, REDIS, VALKEY, Peer, started
from .rounds import Measure, compare, print_comparison, progress

PIPELINES = (1, 16, 100)
SCRIPT = files("sessions").joinpath("scripts", "validate.lua").read_text()
SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

FAR_AWAY = "4102444800000"
SESSION, INDEX, SID = "session:{tag}:sid", "user:{tag}:sessions", "sid"
RECORD = [
    *("user_id", "alice", "created_at", "1700000000000", "last_access", FAR_AWAY),
    *("expires_at", FAR_AWAY, "absolute_at", "0", "idle_ms", "86400000", "version", "1"),
    *("public_id", "mBk3vXo0a2Qr", "d:theme", '"dark"', "d:cart", '["tea","milk"]'),
]
#: A read: no touch is due, as it is for nearly every request.
CALL = ["EVALSHA", SHA, "2", SESSION, INDEX, SID, "60000", "", "", "", ""]

VALIDATIONS = 5_000
TASKS = 50
CONFIG = SessionConfig(create_limit=None, timeout_seconds=30)
KEYS = KeyRing.generate()


def main(rounds: int) -> None:
    """Measure and print, each peer against redis-server."""
    with started(FERRITE, FERRITE_WITH_TWIN, REDIS, VALKEY, FAKEREDIS) as peers:
        for peer in peers:
            _fill(peer)
        for pipeline in PIPELINES:
            progress(f"validate as one EVALSHA, pipeline {pipeline}")
            # fakeredis answers a pipeline one request at a time: deeper ones take ages to say so.
            loads = {
                peer.name: Load(peer, CALL, pipeline)
                for peer in peers
                if peer.name != FAKEREDIS or pipeline == 1
            }
            figures = compare(loads, reference=REDIS, rounds=rounds)
            progress("")
            title = f"validate as one EVALSHA, pipeline {pipeline}, 50 connections"
            print_comparison(title, figures)
            print_cpu(loads, reference=REDIS)
    _measure_stores(rounds)


def _fill(peer: Peer) -> None:
    send(peer, "SCRIPT", "LOAD", SCRIPT)
    send(peer, "HSET", SESSION, *RECORD)
    send(peer, "HSET", INDEX, SID, f"1700000000000:{FAR_AWAY}:{FAR_AWAY}:mBk3vXo0a2Qr")


# --- the store ------------------------------------------------------------------------------------

POOL = f"{REDIS}, redis-py's pool"
SEED = f"{REDIS}, the seven requests of the seed document"


def _measure_stores(rounds: int) -> None:
    """``SessionStore.validate`` through each door, fifty tasks at once."""
    with started(FERRITE_WITH_TWIN, REDIS) as peers, asyncio.Runner() as runner:
        ferrite, real = (peer.port for peer in peers)
        with _embedded(runner) as embedded, _pooled(runner, real) as (pooled, client):
            stores = {
                POOL: pooled,
                f"{REDIS}, one connection": runner.run(_connect(real)),
                f"{REDIS}, near cache": runner.run(_connect(real, NearCache())),
                f"{FERRITE_WITH_TWIN}, one connection": runner.run(_connect(ferrite)),
                "embedded, no socket": embedded,
            }
            measures = {name: _validating(runner, store) for name, store in stores.items()}
            measures[SEED] = _as_the_seed_does(runner, client)
            progress("SessionStore.validate")
            figures = compare(measures, reference=POOL, rounds=rounds)
            progress("")
            print_comparison(f"SessionStore.validate, {TASKS} tasks", figures)
            for store in stores.values():
                runner.run(store.aclose())


@contextmanager
def _embedded(runner: asyncio.Runner) -> Iterator[SessionStore]:
    ferrite = ferrite_lite.Ferrite()
    native.register(ferrite.engine)
    yield runner.run(SessionStore.connect(ferrite.client(), CONFIG, keys=KEYS))
    runner.run(ferrite.aclose())


@contextmanager
def _pooled(
    runner: asyncio.Runner, port: int
) -> Iterator[tuple[SessionStore, redis.asyncio.Redis]]:
    pool = redis.asyncio.BlockingConnectionPool(port=port, max_connections=TASKS)
    client = redis.asyncio.Redis(connection_pool=pool)
    yield runner.run(SessionStore.connect(client, CONFIG, keys=KEYS)), client
    runner.run(client.aclose())
    runner.run(pool.aclose())


async def _connect(port: int, near_cache: NearCache | None = None) -> SessionStore:
    url = f"redis://127.0.0.1:{port}"
    return await SessionStore.connect(url, CONFIG, keys=KEYS, near_cache=near_cache)


def _validating(runner: asyncio.Runner, store: SessionStore) -> Measure:
    issued = runner.run(store.create("alice", {"theme": "dark", "cart": ["tea", "milk"]}))

    async def validate() -> None:
        if await store.validate(issued.token) is None:
            raise AssertionError("the session was refused")

    return _rate(runner, validate)


def _as_the_seed_does(runner: asyncio.Runner, client: redis.asyncio.Redis) -> Measure:
    """Its ``validate`` with a sliding window and a device, request by request."""
    key, device = "session:seed", "session:seed:device"
    fields = ["user_id", "alice", "data", '{"theme":"dark"}', "last_access", "2024-01-01T00:00:00Z"]

    async def fill() -> None:
        await client.hset(key, items=fields)
        await client.set(device, "{}")

    async def validate() -> None:
        if not await client.hgetall(key):
            raise AssertionError("the session was refused")
        await client.hset(key, "last_access", "2024-01-01T00:00:00Z")
        await client.expire(key, 86_400)
        if await client.exists(device):
            await client.expire(device, 86_400)
        await client.get(device)
        await client.ttl(key)

    runner.run(fill())
    return _rate(runner, validate)


def _rate(runner: asyncio.Runner, validate: Callable[[], Awaitable[None]]) -> Measure:
    """Validations a second, by fifty tasks at once."""

    async def task() -> None:
        for _ in range(VALIDATIONS // TASKS):
            await validate()

    async def all_tasks() -> None:
        await asyncio.gather(*(task() for _ in range(TASKS)))

    def measure() -> float:
        began = time.perf_counter()
        runner.run(all_tasks())
        return VALIDATIONS / (time.perf_counter() - began)

    return measure
