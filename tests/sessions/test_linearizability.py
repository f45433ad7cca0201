"""Browsers that overlap see what they could have seen one after the other.

Eight of them do 25 operations each, on three users whose tokens they share; the histories are held
to ``specification.py`` by the checker of ``tests.support.linearizability``. The checker is shown to
find the bugs that session stores have: each is planted, and must be found.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha1
from random import Random
from typing import Any

import pytest

import ferrite_lite
from sessions import Session, SessionConfig, SessionStore, atomic, native
from sessions.scripts import Script
from sessions.servers.link import Link
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.histories import Browser, Known, Wire, first_violation, play

BROWSERS, OPERATIONS, USERS, MOST = 8, 25, 3, 3
#: Two thousand take a minute on two cores.
HISTORIES = int(os.environ.get("SESSION_HISTORIES", "2000" if "CI" in os.environ else "100"))
#: Over a network they take longer.
HISTORIES_ELSEWHERE = max(1, HISTORIES // 25)
PLANTED_HISTORIES = 60

#: A grace that no history outlasts, and no second attempt: an answer that is lost stays lost.
CONFIG = without_rate(
    max_sessions_per_user=MOST, touch_interval_seconds=0, rotation_grace_seconds=300, retries=0
)

MakeStore = Callable[[Link, SessionConfig, Any], SessionStore]


async def one_history(
    client: Any,
    seed: int,
    *,
    make: MakeStore = SessionStore,
    loses_one_in: int = 0,
    retries: int = 0,
) -> str:
    """What is wrong with it, '' for nothing."""
    random = Random(seed)
    wires = [Wire(client, random, loses_one_in, repeats=retries > 0) for _ in range(BROWSERS)]
    browsers = [
        Browser(make(Link(wire, timeout_seconds=None, retries=retries), CONFIG, KEYS), wire)
        for wire in wires
    ]
    users = [Known(f"{os.urandom(8).hex()}-{number}") for number in range(USERS)]
    await play(browsers, random, users, OPERATIONS)
    found = first_violation(users, MOST)
    return f"history {seed}: {found}" if found else ""


async def embedded_histories(seeds: Iterable[int], loses_one_in: int, retries: int) -> str:
    """What is wrong with the first of them that is wrong."""
    async with ferrite_lite.Ferrite() as ferrite:
        native.register(ferrite.engine)
        for seed in seeds:
            if found := await one_history(
                ferrite.client(), seed, loses_one_in=loses_one_in, retries=retries
            ):
                return found
    return ""


def run_embedded(seeds: range, loses_one_in: int, retries: int) -> str:
    return asyncio.run(embedded_histories(seeds, loses_one_in, retries))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("loses_one_in", "retries"), [(0, 0), (20, 0), (6, 20)])
def test_histories_of_the_embedded_store_can_have_happened_in_turn(
    loses_one_in: int, retries: int
) -> None:
    """The number is shared by those who get every answer, those who lose one in twenty, and those
    who lose one in six and ask again."""
    cores = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        runs = [
            pool.submit(run_embedded, range(start, HISTORIES // 3, cores), loses_one_in, retries)
            for start in range(cores)
        ]
        assert [found for run in runs if (found := run.result())] == []


async def test_histories_of_every_target_can_have_happened_in_turn(client: Any) -> None:
    for seed in range(HISTORIES_ELSEWHERE):
        loses_one_in, retries = [(0, 0), (20, 0), (6, 20)][seed % 3]
        assert await one_history(client, seed, loses_one_in=loses_one_in, retries=retries) == ""


# --- planted bugs ---------------------------------------------------------------------------------


class ReadsThenWrites(SessionStore):
    """A patch that reads all data and writes all of it back."""

    async def patch(self, token: str, set: Any = None, remove: Any = (), **_: Any) -> int | None:
        session = await self.validate(token, touch=False)
        if session is None:
            return None
        kept = {name: value for name, value in session.data.items() if name not in remove}
        done = await self.update_data(token, {**kept, **(set or {})})
        return session.version + 1 if done else None


class WritesRecordsBack(SessionStore):
    """A touch that reads a record and writes it, as if there were nobody else."""

    async def validate(self, token: str, **_: Any) -> Session | None:
        session = await super().validate(token, touch=False)
        ticket = self._core.tokens.read(token)
        if session is None or ticket is None:
            return session
        atomic, link = self._core.atomic, self._core.link
        key = atomic.session_key(ticket)
        fields = [word for pair in session._record._fields.items() for word in pair]
        await link.ask("HSET", key, *fields)
        entry = f"{session.created_at.timestamp() * 1000:.0f}:0:9999999999999:{session.public_id}"
        await self._core.link.ask(
            "HSET", self._core.atomic.index_key(ticket.tag), ticket.sid, entry
        )
        return session


class EndsOneByOne(SessionStore):
    """An end of all sessions that looks for them first."""

    async def destroy_all_for_user(self, user_id: str) -> int:
        infos = await self.get_user_sessions(user_id)
        ended = [await self.destroy_by_id(user_id, info.public_id) for info in infos]
        return sum(ended)


class Remembers(SessionStore):
    """A cache of answers that nobody tells of changes."""

    async def validate(self, token: str, **_: Any) -> Session | None:
        answers: dict[str, Session] = self.__dict__.setdefault("answers", {})
        if token in answers:
            return answers.pop(token)
        session = await super().validate(token)
        if session is not None:
            answers[token] = session
        return session


@dataclass(frozen=True)
class Plant:
    """A bug: another class, or another text of a script."""

    name: str
    make: MakeStore = SessionStore
    script: Script | None = None
    edits: tuple[tuple[str, str], ...] = ()
    #: How often who loses an answer asks again; without any, none is lost.
    retries: int = 0


PLANTS = [
    Plant(
        "a token that opens its session after its end",
        script=atomic.DESTROY,
        edits=(("'HDEL', KEYS[2]", "'HEXISTS', KEYS[2]"), ("'DEL', KEYS[1]", "'EXISTS', KEYS[1]")),
    ),
    Plant(
        "an end that is taken for that of somebody else when it is tried again",
        script=atomic.DESTROY,
        edits=(("if said then return cjson.decode(said) end", ""),),
        retries=20,
    ),
    Plant(
        "an end of all sessions that happens twice",
        script=atomic.REVOKE,
        edits=(("if said then return cjson.decode(said) end", ""),),
        retries=20,
    ),
    Plant("a lost update", make=ReadsThenWrites),
    Plant("a session that comes back by a write to a key that is not there", WritesRecordsBack),
    Plant(
        "two successors",
        script=atomic.ROTATE,
        edits=(
            ("redis.call('HDEL', KEYS[3], ARGV[1])", ""),
            ("'RENAME', KEYS[1], KEYS[2])", "'COPY', KEYS[1], KEYS[2])"),
            ("tonumber(ARGV[3]) > 0", "false"),
        ),
    ),
    Plant(
        "one session more than allowed",
        script=atomic.CREATE,
        edits=(("for at = 1, #live - most + 1 do", "for at = 1, #live - most do"),),
    ),
    Plant(
        "an evicted session that is not the oldest",
        script=atomic.CREATE,
        edits=(("a[by] < b[by]", "a[by] > b[by]"),),
    ),
    Plant(
        "a login that outlives the end of all sessions",
        script=atomic.CREATE,
        edits=(("then return {'STALE'} end", "then end"),),
    ),
    Plant("sessions that are ended one by one", make=EndsOneByOne),
    Plant("an answer from memory", make=Remembers),
    Plant(
        "an old token that lives on",
        script=atomic.ROTATE,
        edits=(
            ("if tonumber(ARGV[3]) > 0 then", "if true then"),
            ("KEYS[1], ARGV[3])", "KEYS[1], 9e6)"),
        ),
    ),
    Plant(
        "a version that is not counted",
        script=atomic.UPDATE,
        edits=(("'version', 1)", "'version', 0)"),),
    ),
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
async def test_a_planted_bug_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    if plant.script is not None:
        text = plant.script.text.decode()
        for before, after in plant.edits:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        sha = sha1(text.encode(), usedforsecurity=False).hexdigest()
        monkeypatch.setattr(plant.script, "text", text.encode())
        monkeypatch.setattr(plant.script, "sha", sha)
    async with ferrite_lite.Ferrite() as ferrite:
        for seed in range(PLANTED_HISTORIES):
            if await one_history(
                ferrite.client(),
                seed,
                make=plant.make,
                loses_one_in=6 if plant.retries else 0,
                retries=plant.retries,
            ):
                return
    pytest.fail("nothing was found")
