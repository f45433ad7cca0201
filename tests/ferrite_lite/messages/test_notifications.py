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


@pytest.mark.parametrize("request_", ["GET a", "HGET a f", "SMEMBERS a", "TTL a"])
@pytest.mark.parametrize("first", ["maxmemory-policy allkeys-lfu", "notify-keyspace-events Em"])
def test_a_miss_is_told_once_where_uses_of_keys_are_recorded(
    engine: Engine, heard: list[Any], request_: str, first: str
) -> None:
    settings = ["maxmemory-policy allkeys-lfu", "notify-keyspace-events Em"]
    settings.sort(key=lambda setting: setting != first)
    ask(engine, *(f"CONFIG SET {setting}" for setting in settings), request_)
    assert events(heard) == [(b"__keyevent@0__:keymiss", b"a")]


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


# --- values that take the place of others ---------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ("SET s w", "overwritten s, set s"),
        ("SET h w", "overwritten h, type_changed h, set h"),
        ("SET due w KEEPTTL", "overwritten due, set due"),
        ("SETEX s 10 w", "overwritten s, set s, expire s"),
        ("GETSET s w", "overwritten s, set s"),
        ("MSET s 1 h 2 x 3", "overwritten s, set s, overwritten h, type_changed h, set h, set x"),
        ("SET s w NX", ""),
        ("APPEND s x", "append s"),
        ("SETRANGE s 0 x", "setrange s"),
        ("INCR n", "incrby n"),
        ("INCRBYFLOAT n 1", "incrbyfloat n"),
        ("HSET h f w", "hset h"),
        ("SUNIONSTORE st st", "overwritten st, sunionstore st"),
        ("SUNIONSTORE s st", "overwritten s, type_changed s, sunionstore s"),
        ("SDIFFSTORE st st st", "del st"),
        ("SORT st ALPHA STORE s", "overwritten s, type_changed s, sortstore s"),
        ("RENAME s n", "rename_from s, rename_to n, overwritten n"),
        ("RENAME s h", "rename_from s, rename_to h, overwritten h, type_changed h"),
        ("RENAME s x", "rename_from s, rename_to x"),
        ("COPY s h REPLACE", "copy_to h, overwritten h, type_changed h"),
        ("COPY s x", "copy_to x"),
        ("MOVE s 1", "move_from s, move_to s"),
        ("DEL s", "del s"),
        ("GETDEL s", "del s"),
    ],
)
def test_a_value_that_takes_the_place_of_another_is_told(
    engine: Engine, heard: list[Any], request_: str, told: str
) -> None:
    ask(engine, "SET s v", "SET n 1", "HSET h f v", "SADD st a", "SET due v EX 100")
    ask(engine, "CONFIG SET notify-keyspace-events AEoc", request_)
    names = [channel.rpartition(b":")[2] for channel, _ in events(heard)]
    keys = [key for _, key in events(heard)]
    pairs = [b"%b %b" % pair for pair in zip(names, keys, strict=True)]
    assert b", ".join(pairs).decode() == told


def test_a_restored_value_is_told_like_a_copy(engine: Engine, heard: list[Any]) -> None:
    ask(engine, "SET n 1", "HSET h f v", "CONFIG SET notify-keyspace-events AEoc")
    payload = ask(engine, "DUMP n")
    request = [b"RESTORE", b"h", b"0", payload, b"REPLACE"]
    assert engine.execute(engine.connect(), request) == OK
    ask(engine, "HSET h2 f v")
    assert [channel.rpartition(b":")[2] for channel, _ in events(heard)] == [
        *(b"restore", b"overwritten", b"type_changed", b"hset")
    ]


def test_a_value_past_its_deadline_is_not_overwritten(
    engine: Engine, clock: ManualClock, heard: list[Any]
) -> None:
    ask(engine, "SET a 1 PX 10", "CONFIG SET notify-keyspace-events AEoc")
    clock.advance(ms=11)
    ask(engine, "SET a 2")
    assert events(heard) == [(b"__keyevent@0__:expired", b"a"), (b"__keyevent@0__:set", b"a")]


def test_only_those_who_ask_are_told(engine: Engine, heard: list[Any]) -> None:
    ask(engine, "SET a 1", "CONFIG SET notify-keyspace-events Ec", "SET a 2", "SADD b 1", "SET b 1")
    assert events(heard) == [(b"__keyevent@0__:type_changed", b"b")]
    assert ask(engine, "CONFIG GET notify-keyspace-events") == {b"notify-keyspace-events": b"cE"}


# --- fields ---------------------------------------------------------------------------------------


@pytest.fixture
def told(engine: Engine) -> list[Any]:
    """What a client hears that listens to events of fields."""
    messages: list[Any] = []
    listener = engine.connect()
    listener.send = messages.append
    engine.execute(listener, [b"PSUBSCRIBE", b"__subkey*"])
    messages.clear()
    return messages


def test_changed_fields_are_told_on_four_channels(engine: Engine, told: list[Any]) -> None:
    ask(engine, "CONFIG SET notify-keyspace-events STIVh", "HSET h field 1 b 2")
    assert events(told) == [
        (b"__subkeyspace@0__:h", b"hset|5:field,1:b"),
        (b"__subkeyevent@0__:hset", b"1:h|5:field,1:b"),
        (b"__subkeyspaceitem@0__:h\nfield", b"hset"),
        (b"__subkeyspaceitem@0__:h\nb", b"hset"),
        (b"__subkeyspaceevent@0__:hset|h", b"5:field,1:b"),
    ]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("HSET h x 1 a 2 x 3", b"hset|1:x,1:a,1:x"),
        ("HMSET h x 1", b"hset|1:x"),
        ("HSETNX h x 1", b"hset|1:x"),
        ("HINCRBY h a 1", b"hincrby|1:a"),
        ("HINCRBYFLOAT h a 1", b"hincrbyfloat|1:a"),
        ("HDEL h none a a b", b"hdel|1:a,1:b"),
        ("HGETDEL h FIELDS 2 none b", b"hdel|1:b"),
        ("HEXPIRE h 10 FIELDS 3 a none b", b"hexpire|1:a,1:b"),
        ("HEXPIRE h 10 XX FIELDS 2 a t", b"hexpire|1:t"),
        ("HGETEX h EX 10 FIELDS 2 a none", b"hexpire|1:a"),
        ("HPERSIST h FIELDS 2 a t", b"hpersist|1:t"),
        ("HGETEX h PERSIST FIELDS 2 a t", b"hpersist|1:t"),
        ("HGETEX h PERSIST FIELDS 3 t t a", b"hpersist|1:t"),
        ("HSETEX h FIELDS 2 a 1 x 2", b"hset|1:a,1:x"),
    ],
)
def test_each_event_names_the_fields_that_it_is_about(
    engine: Engine, told: list[Any], request_: str, message: bytes
) -> None:
    ask(engine, "HSET h a 1 b 2 t 3", "HEXPIRE h 100 FIELDS 1 t")
    ask(engine, "CONFIG SET notify-keyspace-events SA", request_)
    assert events(told) == [(b"__subkeyspace@0__:h", message)]


def test_fields_that_have_expired_are_told_together(
    engine: Engine, clock: ManualClock, told: list[Any]
) -> None:
    ask(engine, "HSET h a 1 b 2 c 3", "HEXPIRE h 10 FIELDS 2 a b")
    ask(engine, "CONFIG SET notify-keyspace-events SIh")
    clock.advance(seconds=11)
    ask(engine, "HLEN h")
    assert sorted(events(told)) == [
        (b"__subkeyspace@0__:h", b"hexpired|1:a,1:b"),
        (b"__subkeyspaceitem@0__:h\na", b"hexpired"),
        (b"__subkeyspaceitem@0__:h\nb", b"hexpired"),
    ]


def test_fields_with_a_deadline_are_told_twice(engine: Engine, told: list[Any]) -> None:
    ask(engine, "CONFIG SET notify-keyspace-events Th", "HSETEX h EX 10 FIELDS 1 a 1")
    assert events(told) == [
        (b"__subkeyevent@0__:hset", b"1:h|1:a"),
        (b"__subkeyevent@0__:hexpire", b"1:h|1:a"),
    ]


def test_imported_fields_are_told_in_the_order_of_the_hash(engine: Engine, told: list[Any]) -> None:
    ask(engine, "CONFIG SET notify-keyspace-events Sh")
    ask(engine, "HIMPORT PREPARE f long a", "HIMPORT SET h f 1 2")
    assert events(told) == [(b"__subkeyspace@0__:h", b"hset|1:a,4:long")]


def test_a_hash_that_goes_with_its_last_field_is_told_as_a_key(
    engine: Engine, heard: list[Any], told: list[Any]
) -> None:
    ask(engine, "HSET h a 1", "CONFIG SET notify-keyspace-events AES", "HDEL h a")
    assert events(heard) == [(b"__keyevent@0__:hdel", b"h"), (b"__keyevent@0__:del", b"h")]
    assert events(told) == [(b"__subkeyspace@0__:h", b"hdel|1:a")]


def test_a_key_with_a_line_end_has_no_channel_for_each_field(
    engine: Engine, told: list[Any]
) -> None:
    ask(engine, "CONFIG SET notify-keyspace-events IVh")
    engine.execute(engine.connect(), [b"HSET", b"a\nb", b"f", b"v"])
    assert events(told) == [(b"__subkeyspaceevent@0__:hset|a\nb", b"1:f")]


def test_fields_are_told_only_with_the_class_of_hashes(engine: Engine, told: list[Any]) -> None:
    ask(engine, "CONFIG SET notify-keyspace-events STIVg$", "HSET h a 1", "SET s 1")
    assert told == []
    reply = ask(engine, "CONFIG GET notify-keyspace-events")
    assert reply == {b"notify-keyspace-events": b"g$STIV"}
