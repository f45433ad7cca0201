"""A real load: many sessions, validated through redis-py over TCP and inside the process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import islice

import ferrite_lite
from sessions import KeyRing, SessionConfig, SessionStore, native

from .console import Console, Progress

USERS = 2_000
SESSIONS_PER_USER = 5
VALIDATIONS = 10_000
TASKS = 50

CONFIG = SessionConfig(create_limit=None, timeout_seconds=10)


async def run(console: Console) -> None:
    """Fill a store, then let fifty tasks validate, by each of its doors."""
    keys = KeyRing.generate()
    async with ferrite_lite.Ferrite() as ferrite:
        native.register(ferrite.engine)
        server = await ferrite.listen()
        inside = await SessionStore.connect(ferrite.client(), CONFIG, keys=keys)
        outside = await SessionStore.connect(server.url, CONFIG, keys=keys)
        console.title(f"A load of {USERS * SESSIONS_PER_USER:,} sessions ({server.url})")
        started = time.perf_counter()
        with console.busy("creating sessions") as progress:
            tokens = await _create(inside, progress)
        _report(console, "created in the process", len(tokens), started)
        for name, store in (("in the process", inside), ("through redis-py over TCP", outside)):
            started = time.perf_counter()
            with console.busy(f"validating {name}") as progress:
                opened = await _validate(store, tokens, progress)
            _report(console, f"validated {name} by {TASKS} tasks", VALIDATIONS, started)
            console.check(f"every validation {name} found its session", opened == VALIDATIONS)
        await outside.aclose()


async def _create(store: SessionStore, progress: Progress) -> list[str]:
    tokens: list[str] = []
    for user in range(USERS):
        for device in range(SESSIONS_PER_USER):
            issued = await store.create(f"user:{user}", {"device": device, "theme": "dark"})
            tokens.append(issued.token)
            progress(len(tokens), USERS * SESSIONS_PER_USER)
    return tokens


async def _validate(store: SessionStore, tokens: Sequence[str], progress: Progress) -> int:
    """How many of all validations opened a session."""
    done = 0

    async def opens(token: str) -> bool:
        nonlocal done
        session = await store.validate(token)
        done += 1
        progress(done, VALIDATIONS)
        return session is not None

    async def work(own: Sequence[str]) -> int:
        return sum([await opens(token) for token in own])

    chosen = [tokens[at % len(tokens)] for at in range(VALIDATIONS)]
    shares = [list(islice(chosen, task, None, TASKS)) for task in range(TASKS)]
    return sum(await asyncio.gather(*map(work, shares)))


def _report(console: Console, what: str, count: int, started: float) -> None:
    seconds = time.perf_counter() - started
    console.note(f"{count:>6,} {what:<50}{count / seconds:>9,.0f}/s")
