from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config
from ferrite_lite.context import Peer
from ferrite_lite.engine import Engine
from ferrite_lite.reply import Reply
from tests.ferrite_lite.conftest import Run, run_all, runner


@pytest.fixture
def seen(engine: Engine, clock: ManualClock) -> list[Reply]:
    """What a connection that monitors is shown."""
    watcher = engine.connect()
    shown: list[Reply] = []
    watcher.send = shown.append
    runner(engine, watcher)("MONITOR")
    return shown


def test_a_line_tells_the_time_the_database_and_the_address(
    engine: Engine, seen: list[Reply], clock: ManualClock
) -> None:
    run = runner(engine, engine.connect(Peer("10.0.0.1:5001")))
    clock.set_time(ms=1_700_000_000_007)
    run("SELECT", 2)
    assert seen == [b'1700000000.007000 [2 10.0.0.1:5001] "SELECT" "2"']


def test_a_unix_socket_is_shown_by_its_path(clock: ManualClock) -> None:
    engine = Engine(clock=clock, config=Config(unixsocket="/run/it"))
    watcher = engine.connect()
    shown: list[bytes] = []
    watcher.send = lambda line: shown.append(line)  # type: ignore[arg-type]  # a Status is bytes
    runner(engine, watcher)("MONITOR")
    runner(engine, engine.connect(Peer("/run/it:0", is_unix=True)))("PING")
    assert shown[0].endswith(b'[0 unix:/run/it] "PING"')


def test_quick_commands_and_those_in_scripts_are_shown_too(
    engine: Engine, seen: list[Reply], run: Run
) -> None:
    run("GET", "k")
    run_all(engine, engine.connect(), [[b"GET", b"a"], [b"SET", b"a", b"1"]])
    run("EVAL", "return redis.call('GET', 'k')", 0)
    words = [bytes(line).partition(b"] ")[2] for line in seen]  # type: ignore[arg-type]  # as above
    assert words[:3] == [b'"GET" "k"', b'"GET" "a"', b'"SET" "a" "1"']
    assert [b"[0 lua] " in bytes(line) for line in seen[3:]] == [False, True]  # type: ignore[arg-type]  # bytes


def test_while_nobody_watches_every_connection_may_take_the_short_cut(
    engine: Engine, run: Run
) -> None:
    others = [engine.connect(), engine.connect()]
    watcher = engine.connect()
    runner(engine, watcher)("MONITOR")
    assert all(ctx.guarded for ctx in (*others, watcher, engine.connect()))
    engine.disconnect(watcher)
    assert not any(ctx.guarded for ctx in others)


def test_a_watcher_that_is_closing_is_shown_nothing(engine: Engine, run: Run) -> None:
    watcher = engine.connect()
    shown: list[Reply] = []
    watcher.send = shown.append
    run_watcher = runner(engine, watcher)
    run_watcher("MONITOR")
    assert run_watcher("QUIT") == b"+OK\r\n"
    run("PING")
    assert shown == []
