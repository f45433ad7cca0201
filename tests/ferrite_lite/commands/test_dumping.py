"""What the cases with redis-server cannot show: events, changes and time."""

from __future__ import annotations

from ferrite_lite.clock import ManualClock
from ferrite_lite.engine import Engine
from ferrite_lite.persistence.dump import dump
from tests.ferrite_lite.conftest import Run

PAYLOAD = dump(b"v")


def test_restore_is_one_change_with_its_event(run: Run, engine: Engine, events: list[str]) -> None:
    run("SET", "k", "old")
    changes = engine.state.databases[0].changes
    assert run("RESTORE", "k", 5000, PAYLOAD, "REPLACE") == b"+OK\r\n"
    assert engine.state.databases[0].changes == changes + 1
    assert events[1:] == ["restore k"]


def test_a_value_that_is_past_its_deadline_only_removes_what_it_replaces(
    run: Run, events: list[str], clock: ManualClock
) -> None:
    now_ms = clock.now_ns() // 1_000_000
    assert run("RESTORE", "k", now_ms, PAYLOAD, "ABSTTL") == b"+OK\r\n"
    assert events == []
    run("SET", "k", "old")
    assert run("RESTORE", "k", now_ms, PAYLOAD, "ABSTTL", "REPLACE") == b"+OK\r\n"
    assert run("EXISTS", "k") == b":0\r\n"
    assert events == ["set k", "del k"]


def test_a_time_to_live_counts_from_now(run: Run, clock: ManualClock) -> None:
    run("RESTORE", "k", 1000, PAYLOAD)
    clock.advance(ms=1000)
    assert run("GET", "k") == b"$1\r\nv\r\n"
    clock.advance(ms=1)
    assert run("GET", "k") == b"$-1\r\n"


def test_a_refused_payload_changes_nothing(run: Run, engine: Engine) -> None:
    run("SET", "k", "old")
    changes = engine.state.databases[0].changes
    assert run("RESTORE", "k", 0, b"rubbish", "REPLACE").startswith(b"-ERR DUMP payload")
    assert run("GET", "k") == b"$3\r\nold\r\n"
    assert engine.state.databases[0].changes == changes


def test_what_is_dumped_can_be_restored_in_another_database(run: Run) -> None:
    run("HSET", "h", "f", "v")
    payload = run("DUMP", "h").split(b"\r\n", 1)[1][:-2]
    run("SELECT", 1)
    run("RESTORE", "h", 0, payload)
    assert run("HGETALL", "h") == b"*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
