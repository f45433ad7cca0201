from __future__ import annotations

from typing import Any

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.data.expiry import SLICE_MS
from ferrite_lite.engine import Engine
from ferrite_lite.reply import OK


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(clock: ManualClock) -> Engine:
    return Engine(clock=clock)


@pytest.fixture
def heard(engine: Engine) -> list[Any]:
    """What a client hears that listens to every event."""
    messages: list[Any] = []
    listener = engine.connect()
    listener.send = messages.append
    engine.execute(listener, [b"PSUBSCRIBE", b"__key*"])
    messages.clear()
    return messages


def ask(engine: Engine, *requests: str) -> Any:
    ctx = engine.connect()
    reply: Any = None
    for request in requests:
        reply = engine.execute(ctx, request.encode().split())
    return reply


def events(messages: list[Any]) -> list[tuple[bytes, bytes]]:
    return [(message[-2], message[-1]) for message in messages]


def test_nothing_is_told_and_nothing_observes_until_it_is_asked_for(
    engine: Engine, heard: list[Any]
) -> None:
    ask(engine, "SET a 1", "DEL a")
    assert heard == []
    assert engine.state.databases[0].observers == []


@pytest.mark.parametrize("request_", ["SET a 1", "INCR a", "HSET a f v", "SADD a 1"])
def test_whatever_creates_a_key_tells_of_it(
    engine: Engine, heard: list[Any], request_: str
) -> None:
    ask(engine, "CONFIG SET notify-keyspace-events En", request_, request_)
    assert events(heard) == [(b"__keyevent@0__:new", b"a")]


def test_a_change_is_told_by_its_key_and_by_its_name(engine: Engine, heard: list[Any]) -> None:
    assert ask(engine, "CONFIG SET notify-keyspace-events KEA", "SET a 1") == OK
    assert events(heard) == [(b"__keyspace@0__:a", b"set"), (b"__keyevent@0__:set", b"a")]


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ("E$", [b"__keyevent@0__:set"]),
        ("Eg", [b"__keyevent@0__:expire", b"__keyevent@0__:del"]),
        ("Eh", []),
        ("A", []),
        ("KE", []),
    ],
)
def test_only_the_classes_asked_for_are_told(
    engine: Engine, heard: list[Any], classes: str, told: list[bytes]
) -> None:
    ask(engine, f"CONFIG SET notify-keyspace-events {classes}")
    ask(engine, "SET a 1 EX 10", "DEL a")
    assert [channel for channel, _ in events(heard)] == told


def test_a_key_that_expires_is_told_when_it_is_found(
    engine: Engine, clock: ManualClock, heard: list[Any]
) -> None:
    ask(engine, "CONFIG SET notify-keyspace-events Ex", "SET a 1 PX 5", "SET b 1 PX 5")
    clock.advance(ms=2 * SLICE_MS)
    ask(engine, "GET a")
    assert events(heard) == [(b"__keyevent@0__:expired", b"a")]
    engine.expire_due(budget_ns=10**9)
    assert events(heard)[1:] == [(b"__keyevent@0__:expired", b"b")]


def test_what_is_switched_off_is_told_no_more(engine: Engine, heard: list[Any]) -> None:
    ask(engine, "CONFIG SET notify-keyspace-events KEAmn", "SET a 1")
    heard.clear()
    ask(engine, "CONFIG SET notify-keyspace-events x", "SET b 1", "GET nothing")
    assert heard == []
    assert engine.state.databases[0].observers == []
