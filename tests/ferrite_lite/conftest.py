"""The engine under test, its clock, and the shortest way to say a command to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.context import Context
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
