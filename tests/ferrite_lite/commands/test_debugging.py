from __future__ import annotations

from typing import Any

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config
from ferrite_lite.context import Peer
from ferrite_lite.data.expiry import SLICE_MS
from ferrite_lite.engine import Engine
from ferrite_lite.reply import OK


def ask(engine: Engine, *words: str, address: str = "?:0") -> Any:
    ctx = engine.connect(Peer(address))
    return engine.execute(ctx, [word.encode() for word in words])


@pytest.mark.parametrize(
    "address", ["?:0", "127.0.0.1:5", "[::1]:5", "/run/redis.sock:0", "in-process:0"]
)
def test_debug_is_for_connections_from_this_machine(address: str) -> None:
    assert ask(Engine(), "DEBUG", "SLEEP", "0", address=address) == OK


@pytest.mark.parametrize("address", ["10.0.0.1:5", "[2001:db8::1]:5"])
def test_debug_is_not_for_others(address: str) -> None:
    refusal = str(ask(Engine(), "DEBUG", "SLEEP", "0", address=address))
    assert refusal.startswith("ERR DEBUG command not allowed.")


def test_a_refusal_spoils_the_transaction_that_is_queued() -> None:
    engine = Engine(config=Config(debug_access="no"))
    ctx = engine.connect()
    assert engine.execute(ctx, [b"MULTI"]) is OK
    assert str(engine.execute(ctx, [b"DEBUG", b"SLEEP", b"0"])).startswith("ERR DEBUG command not")
    assert str(engine.execute(ctx, [b"EXEC"])).startswith("EXECABORT ")


def test_active_expiry_can_be_switched_off_and_on() -> None:
    clock = ManualClock()
    engine = Engine(clock=clock)
    ask(engine, "SET", "a", "1", "PX", "1")
    ask(engine, "DEBUG", "SET-ACTIVE-EXPIRE", "0")
    clock.advance(ms=2 * SLICE_MS)
    assert engine.expire_due(budget_ns=10**9) == 0
    assert ask(engine, "DBSIZE") == 1
    ask(engine, "DEBUG", "SET-ACTIVE-EXPIRE", "1")
    assert engine.expire_due(budget_ns=10**9) == 1


def test_an_object_tells_when_it_was_used_last() -> None:
    clock = ManualClock(start_ms=1_000_000)
    engine = Engine(clock=clock)
    ask(engine, "SET", "a", "1")
    assert b" lru:1000 lru_seconds_idle:0" in ask(engine, "DEBUG", "OBJECT", "a")
    clock.advance(ms=2_500)
    assert b" lru:1000 lru_seconds_idle:2" in ask(engine, "DEBUG", "OBJECT", "a")
    ask(engine, "GET", "a")
    assert b" lru:1002 lru_seconds_idle:0" in ask(engine, "DEBUG", "OBJECT", "a")


def test_looking_into_a_key_that_is_due_leaves_it() -> None:
    clock = ManualClock()
    engine = Engine(clock=clock)
    ask(engine, "SET", "a", "v", "PX", "1")
    clock.advance(ms=5)
    for name in ("OBJECT", "SDSLEN", "DIGEST-VALUE"):
        assert "no such key" not in str(ask(engine, "DEBUG", name, "a"))
    assert ask(engine, "DEBUG", "DIGEST-VALUE", "a") != ask(engine, "DEBUG", "DIGEST-VALUE", "b")
    assert ask(engine, "DBSIZE") == 1
    ask(engine, "GET", "a")
    assert str(ask(engine, "DEBUG", "OBJECT", "a")) == "ERR no such key"


def test_a_reload_finds_encodings_anew_and_keeps_deadlines() -> None:
    engine = Engine(clock=ManualClock())
    ask(engine, "SADD", "s", "1", "x")
    ask(engine, "SREM", "s", "x")
    ask(engine, "EXPIRE", "s", "100")
    assert ask(engine, "OBJECT", "ENCODING", "s") == b"hashtable"
    ask(engine, "DEBUG", "RELOAD")
    assert ask(engine, "OBJECT", "ENCODING", "s") == b"intset"
    assert ask(engine, "TTL", "s") == 100


def test_object_tells_the_encoding_and_the_length() -> None:
    engine = Engine()
    ask(engine, "SET", "a", "hello")
    text = ask(engine, "DEBUG", "OBJECT", "a").decode()
    assert " encoding:embstr serializedlength:6 " in text


def test_a_number_that_is_counted_up_stays_where_it_is() -> None:
    engine = Engine()
    ask(engine, "SET", "a", "20000")
    before = ask(engine, "DEBUG", "OBJECT", "a")
    ask(engine, "INCR", "a")
    assert ask(engine, "DEBUG", "OBJECT", "a") == before


def test_a_population_has_its_bounds() -> None:
    assert str(ask(Engine(), "DEBUG", "POPULATE", "99999999999")) == "ERR value is out of range"


def test_a_push_comes_before_its_reply_and_only_in_resp3() -> None:
    engine = Engine()
    lines: list[bytes] = []
    ctx = engine.connect()
    for request in (b"DEBUG PROTOCOL push", b"HELLO 3", b"DEBUG PROTOCOL push"):
        engine.run(ctx, [request.split()], lines)
    assert lines[0] == b"-ERR RESP2 is not supported by this command"
    assert lines[-6:] == [
        *(b">2", b"$16", b"server-cpu-usage", b":42"),
        *(b"$40", b"Some real reply following the push reply"),
    ]
