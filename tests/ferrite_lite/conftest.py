"""The engine under test, its clock, its events, and the shortest way to say a command to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.context import Context
from ferrite_lite.data.keyspace import Keyspace
from ferrite_lite.engine import Engine
from ferrite_lite.resp import encode

Word = str | bytes | int
#: Say a command; get the reply's exact bytes.
Run = Callable[..., bytes]


def words(args: tuple[Word, ...]) -> list[bytes]:
    return [a if isinstance(a, bytes) else str(a).encode() for a in args]


def runner(engine: Engine, ctx: Context) -> Run:
    """A function that runs commands on one connection."""

    def run(*args: Word) -> bytes:
        reply = encode(engine.execute(ctx, words(args)), ctx.resp)
        for db in engine.state.databases:
            db.check()
        return reply

    return run


def run_all(engine: Engine, ctx: Context, requests: list[list[bytes]]) -> list[bytes]:
    """The lines of the replies to a pipeline, however often the engine stops to let others run."""
    lines: list[bytes] = []
    at = 0
    while at < len(requests):
        at += engine.run(ctx, requests[at:], lines)[0]
    return lines


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(clock: ManualClock) -> Engine:
    return Engine(clock=clock, seed=1)


@pytest.fixture
def run(engine: Engine) -> Run:
    return runner(engine, engine.connect())


@pytest.fixture
def run_other(engine: Engine) -> Run:
    """A second connection to the same engine."""
    return runner(engine, engine.connect())


class Recorder:
    """An observer that writes down what it is told: ``set greeting``, ``expired greeting``..."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        self.events.append(f"{event} {key.decode()}")

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        self.events.append("replaced")


@pytest.fixture
def events(engine: Engine) -> list[str]:
    """The events of database 0, from here on."""
    recorder = Recorder()
    engine.state.databases[0].observers.append(recorder)
    return recorder.events
