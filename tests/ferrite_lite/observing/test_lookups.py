from __future__ import annotations

import pytest

from ferrite_lite.engine import Engine
from ferrite_lite.observing.lookups import reads_keys
from tests.ferrite_lite.conftest import run_all


@pytest.fixture
def engine() -> Engine:
    return Engine()


def counts(engine: Engine) -> tuple[int, int]:
    return engine.state.lookups.hits, engine.state.lookups.misses


def test_a_pipeline_of_quick_commands_is_counted(engine: Engine) -> None:
    ctx = engine.connect()
    requests = [b"SET a 1", b"GET a", b"GET b", b"GET a", b"INCR c", b"MGET a b c"]
    lines = run_all(engine, ctx, [request.split() for request in requests])
    assert counts(engine) == (4, 2)
    assert lines[0] == b"+OK"


def test_what_fails_for_its_words_looked_nothing_up(engine: Engine) -> None:
    ctx = engine.connect()
    engine.execute(ctx, [b"SET", b"a", b"1"])
    engine.execute(ctx, [b"GETRANGE", b"a", b"x", b"y"])
    assert counts(engine) == (0, 0)


def test_another_type_is_found_all_the_same(engine: Engine) -> None:
    ctx = engine.connect()
    engine.execute(ctx, [b"SET", b"a", b"1"])
    engine.execute(ctx, [b"HGET", b"a", b"f"])
    assert counts(engine) == (1, 0)


def test_resetstat_counts_from_zero_again(engine: Engine) -> None:
    ctx = engine.connect()
    engine.execute(ctx, [b"GET", b"a"])
    engine.execute(ctx, [b"CONFIG", b"RESETSTAT"])
    assert counts(engine) == (0, 0)


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("get", True),
        ("getdel", True),
        ("copy", True),
        ("object|encoding", True),
        ("set", False),
        ("scan", False),
        ("eval_ro", False),
        ("memory|usage", False),
    ],
)
def test_who_reads_keys(engine: Engine, name: str, reads: bool) -> None:
    command = engine.state.table.lookup(name.encode())
    assert command is not None
    assert reads_keys(command) is reads
