from __future__ import annotations

from typing import Any

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.engine import Engine


@pytest.fixture
def engine() -> Engine:
    return Engine(clock=ManualClock(start_ms=1_700_000_000_000))


@pytest.fixture
def run(engine: Engine) -> Any:
    ctx = engine.connect()
    return lambda *words: engine.execute(ctx, [word.encode() for word in words])


def test_a_command_past_the_threshold_is_an_event(engine: Engine, run: Any) -> None:
    run("CONFIG", "SET", "latency-monitor-threshold", "5")
    ctx, get, keys = engine.connect(), engine.state.table[b"get"], engine.state.table[b"keys"]
    assert get is not None
    assert keys is not None
    engine.state.note_slow(ctx, get, [b"GET", b"a"], 7_900_000)
    engine.state.note_slow(ctx, keys, [b"KEYS", b"*"], 4_999_000)
    assert run("LATENCY", "LATEST") == [[b"fast-command", 1_700_000_000, 7, 7]]
    assert run("LATENCY", "HISTORY", "fast-command") == [[1_700_000_000, 7]]
    assert run("LATENCY", "HISTORY", "command") == []
    assert run("LATENCY", "RESET", "command", "fast-command") == 1


def test_work_that_no_client_asked_for_is_an_event_of_its_own(engine: Engine, run: Any) -> None:
    run("CONFIG", "SET", "latency-monitor-threshold", "5")
    engine.state.note_latency(b"expire-cycle", 5_999_000)
    engine.state.note_latency(b"eviction-cycle", 4_999_000)
    assert run("LATENCY", "LATEST") == [[b"expire-cycle", 1_700_000_000, 5, 5]]
    run("CONFIG", "SET", "latency-monitor-threshold", "0")
    engine.state.note_latency(b"eviction-cycle", 9_000_000)
    assert run("LATENCY", "HISTORY", "eviction-cycle") == []


def test_expiry_and_eviction_say_how_long_they_took(
    engine: Engine, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[bytes] = []
    monkeypatch.setattr(
        "ferrite_lite.state.ServerState.note_latency",
        lambda state, name, elapsed_ns: noted.append(name),
    )
    engine.expire_due(1_000_000)
    assert b"expire-cycle" in noted
    run("SET", "a", "x" * 2_000_000)
    run("CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", "1500000")
    run("GET", "b")
    assert b"eviction-cycle" in noted


def test_the_graph_has_a_column_for_each_sample(engine: Engine, run: Any) -> None:
    for second, elapsed_ms in enumerate((10, 20, 30)):
        engine.state.latency.add(b"command", unix_seconds=second, elapsed_ms=elapsed_ms)
    title, line, *rows = run("LATENCY", "GRAPH", "command").decode().split("\n")
    assert title == "command - high 30 ms, low 10 ms (all time high 30 ms)"
    assert line == "-" * 80
    assert rows == ["  #", "  |", " o|", "_||"] or [len(row) for row in rows] == [3] * 4
    assert str(run("LATENCY", "GRAPH", "x")) == "ERR No samples available for event 'x'"


def test_the_doctor_says_what_there_is(engine: Engine, run: Any) -> None:
    assert b"The latency monitor is off" in run("LATENCY", "DOCTOR")
    run("CONFIG", "SET", "latency-monitor-threshold", "5")
    assert run("LATENCY", "DOCTOR") == b"Nothing took 5 milliseconds or longer."
    engine.state.latency.add(b"command", unix_seconds=1, elapsed_ms=12)
    assert b"command: 1 times 5 ms or longer, 12 ms on average, 12 ms at worst." in run(
        "LATENCY", "DOCTOR"
    )


def test_histograms_are_told_for_the_commands_asked_for(run: Any) -> None:
    for words in (("SET", "a", "b"), ("SET", "c", "d"), ("CLIENT", "ID"), ("GET", "a")):
        run(*words)
    told = run("LATENCY", "HISTOGRAM", "set", "client", "nope", "hset")
    assert sorted(told) == [b"client|id", b"set"]
    assert dict(told[b"set"])[b"calls"] == 2
    assert list(dict(dict(told[b"set"])[b"histogram_usec"]).values())[-1] == 2
    assert set(run("LATENCY", "HISTOGRAM")) >= {b"set", b"get", b"client|id"}
