"""The hot path of the session store: ``validate``, as one script and as a whole.

First the script alone, an EVALSHA over TCP at three depths of pipeline, beside the real servers
and fakeredis. Then ``SessionStore.validate`` itself, through each door.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import ferrite_lite
from sessions import KeyRing, SessionConfig, SessionStore, native

from .load import Load, send
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

VALIDATIONS = 2_000
TASKS = 50
CONFIG = SessionConfig(create_limit=None, timeout_seconds=30)


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
    _measure_stores(rounds)


def _fill(peer: Peer) -> None:
    send(peer, "SCRIPT", "LOAD", SCRIPT)
    send(peer, "HSET", SESSION, *RECORD)
    send(peer, "HSET", INDEX, SID, f"1700000000000:{FAR_AWAY}:{FAR_AWAY}:mBk3vXo0a2Qr")


# --- the store ------------------------------------------------------------------------------------


def _measure_stores(rounds: int) -> None:
    """``SessionStore.validate`` through redis-py, fifty tasks at once."""
    with started(FERRITE_WITH_TWIN, REDIS) as peers:
        keys = KeyRing.generate()
        with asyncio.Runner() as runner, _embedded(runner, keys) as embedded:
            stores = {
                f"{peer.name} over TCP": runner.run(_connect(peer.port, keys)) for peer in peers
            }
            stores["embedded, no socket"] = embedded
            measures = {name: _validating(runner, store) for name, store in stores.items()}
            progress("SessionStore.validate")
            figures = compare(measures, reference=f"{REDIS} over TCP", rounds=rounds)
            progress("")
            print_comparison(f"SessionStore.validate, {TASKS} tasks", figures)
            for store in stores.values():
                runner.run(store.aclose())


@contextmanager
def _embedded(runner: asyncio.Runner, keys: KeyRing) -> Iterator[SessionStore]:
    ferrite = ferrite_lite.Ferrite()
    native.register(ferrite.engine)
    yield runner.run(SessionStore.connect(ferrite.client(), CONFIG, keys=keys))
    runner.run(ferrite.aclose())


async def _connect(port: int, keys: KeyRing) -> SessionStore:
    return await SessionStore.connect(f"redis://127.0.0.1:{port}", CONFIG, keys=keys)


def _validating(runner: asyncio.Runner, store: SessionStore) -> Measure:
    issued = runner.run(store.create("alice", {"theme": "dark", "cart": ["tea", "milk"]}))

    async def task() -> None:
        for _ in range(VALIDATIONS // TASKS):
            if await store.validate(issued.token) is None:
                raise AssertionError("the session was refused")

    async def all_tasks() -> None:
        await asyncio.gather(*(task() for _ in range(TASKS)))

    def measure() -> float:
        began = time.perf_counter()
        runner.run(all_tasks())
        return VALIDATIONS / (time.perf_counter() - began)

    return measure
