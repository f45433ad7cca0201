from __future__ import annotations

import pytest

from ferrite_lite import Engine
from ferrite_lite.commands.comparing import MAX_DIGESTED_BYTES
from ferrite_lite.resp import encode
from tests.support.servers import RealServer

FOX = "The quick brown fox"
FOX_DIGEST = "f8b92649fd8122b4"
OTHER_DIGEST = "0" * 16
NEEDS_STRING = "ERR Key should be of string type if conditions are specified"


def ask(engine: Engine, *words: str | bytes) -> object:
    argv = [word if isinstance(word, bytes) else word.encode() for word in words]
    reply = engine.execute(engine.connect(), argv)
    return str(reply) if isinstance(reply, Exception) else reply


@pytest.fixture
def engine() -> Engine:
    engine = Engine()
    ask(engine, "SET", "fox", FOX)
    ask(engine, "HSET", "hash", "f", "v")
    return engine


def test_a_digest_is_told_in_sixteen_digits(engine: Engine) -> None:
    assert ask(engine, "DIGEST", "fox") == FOX_DIGEST.encode()
    assert ask(engine, "DIGEST", "missing") is None
    assert str(ask(engine, "DIGEST", "hash")).startswith("WRONGTYPE")


def test_a_string_that_would_hold_up_everybody_is_not_digested(engine: Engine) -> None:
    ask(engine, "SETRANGE", "long", str(MAX_DIGESTED_BYTES), "x")
    for request in (["DIGEST", "long"], ["DELEX", "long", "IFDEQ", OTHER_DIGEST]):
        assert ask(engine, *request) == "ERR string is too long for a digest"
    assert ask(engine, "EXISTS", "long") == 1


@pytest.mark.parametrize(
    ("condition", "expected", "is_met"),
    [
        *(("IFEQ", FOX, True), ("ifeq", "fox", False)),
        *(("IFNE", FOX, False), ("ifne", "fox", True)),
        *(("IFDEQ", FOX_DIGEST, True), ("IFDEQ", FOX_DIGEST.upper(), True)),
        *(("ifdeq", OTHER_DIGEST, False), ("IFDNE", FOX_DIGEST, False)),
        ("ifdne", OTHER_DIGEST, True),
    ],
)
class TestACondition:
    def test_decides_over_delex(
        self, engine: Engine, condition: str, expected: str, is_met: bool
    ) -> None:
        assert ask(engine, "DELEX", "fox", condition, expected) == int(is_met)
        assert ask(engine, "EXISTS", "fox") == int(not is_met)

    def test_decides_over_set(
        self, engine: Engine, condition: str, expected: str, is_met: bool
    ) -> None:
        reply = ask(engine, "SET", "fox", "new", condition, expected)
        assert reply == (b"OK" if is_met else None)
        assert ask(engine, "GET", "fox") == (b"new" if is_met else FOX.encode())

    def test_leaves_get_to_tell_what_was_there(
        self, engine: Engine, condition: str, expected: str, is_met: bool
    ) -> None:
        assert ask(engine, "SET", "fox", "new", condition, expected, "GET") == FOX.encode()

    def test_is_refused_for_what_is_no_string(
        self, engine: Engine, condition: str, expected: str, is_met: bool
    ) -> None:
        assert str(ask(engine, "SET", "hash", "new", condition, expected)).startswith("WRONGTYPE")
        assert str(ask(engine, "DELEX", "hash", condition, expected)) == NEEDS_STRING
        assert ask(engine, "HGET", "hash", "f") == b"v"


def test_nothing_is_equal_to_a_key_that_is_not_there(engine: Engine) -> None:
    for condition, expected in (("IFEQ", ""), ("IFDEQ", OTHER_DIGEST)):
        assert ask(engine, "SET", "new", "v", condition, expected) is None
        assert ask(engine, "DELEX", "new", condition, expected) == 0
    for key, condition, expected in (("a", "IFNE", ""), ("b", "IFDNE", OTHER_DIGEST)):
        assert ask(engine, "DELEX", key, condition, expected) == 0
        assert ask(engine, "SET", key, "v", condition, expected) == b"OK"


def test_what_is_expected_is_looked_at_only_where_there_is_a_string(engine: Engine) -> None:
    assert ask(engine, "DELEX", "new", "NX", "abc") == 0
    assert str(ask(engine, "DELEX", "hash", "NX", "abc")) == NEEDS_STRING
    assert str(ask(engine, "SET", "hash", "v", "IFDEQ", "abc")).startswith("WRONGTYPE")
    assert ask(engine, "DELEX", "new", "IFDEQ", "abc") == 0
    assert ask(engine, "SET", "new", "v", "IFDEQ", "abc") is None
    assert ask(engine, "SET", "new", "v", "IFDNE", "abc") == b"OK"


def test_without_a_condition_delex_removes_anything(engine: Engine) -> None:
    assert ask(engine, "DELEX", "hash") == 1
    assert ask(engine, "DELEX", "hash") == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("DELEX fox IFEQ", "ERR wrong number of arguments for 'delex' command"),
        ("DELEX fox IFEQ a b", "ERR wrong number of arguments for 'delex' command"),
        ("DELEX fox NX a", "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"),
        ("DELEX fox IFDEQ abc", "ERR must be exactly 16 hexadecimal characters"),
        ("SET fox v IFDNE abc", "ERR must be exactly 16 hexadecimal characters"),
        ("SET fox v IFEQ a IFNE b", "ERR syntax error"),
        ("SET fox v XX IFEQ a", "ERR syntax error"),
        ("SETEX fox IFEQ 1 a b", "ERR wrong number of arguments for 'setex' command"),
    ],
)
def test_a_bad_condition_is_refused_and_nothing_is_done(
    engine: Engine, words: str, error: str
) -> None:
    assert ask(engine, *words.split()) == error
    assert ask(engine, "GET", "fox") == FOX.encode()


def test_a_watched_key_is_changed_only_where_the_condition_holds(engine: Engine) -> None:
    watcher = engine.connect()
    for expected, result in (("other", [1]), (FOX, None)):
        engine.execute(watcher, [b"WATCH", b"fox"])
        ask(engine, "DELIFEQ", "fox", expected)
        engine.execute(watcher, [b"MULTI"])
        engine.execute(watcher, [b"EXISTS", b"fox"])
        reply = engine.execute(watcher, [b"EXEC"])
        assert (reply == result) if result else not isinstance(reply, list)


#: What Valkey answers too, one request after the other.
SHARED_WITH_VALKEY = """
SET k v IFEQ x
SET k v
SET k v2 IFEQ v
SET k v3 IFEQ v GET
SET k v3 ifeq
SET k v3 IFEQ v2 NX
SET k v3 NX IFEQ v2
SET k v3 IFEQ v2 IFEQ z
SET k 5 IFEQ v2 EX 100 GET
TTL k
HSET h f v
SET h v IFEQ q
SET h v IFEQ q GET
SET none v IFEQ q GET
SET k 6 IFEQ 5 KEEPTTL
TTL k
SET k 07
SET k x IFEQ 7
DELIFEQ k x
DELIFEQ k 07
DELIFEQ h x
DELIFEQ none x
DELIFEQ a
MSETEX 1 a 1
MSETEX 2 a 1
MSETEX 0 a 1
MSETEX -1 a 1
MSETEX x a 1
MSETEX 1 a 1 EX 100
TTL a
MSETEX 1 a 2 KEEPTTL
TTL a
MSETEX 1 a 3 NX
MSETEX 2 a 4 zz 4 XX
MSETEX 2 b 1 c 2 NX PX 500000
MSETEX 1 a 1 EX 0
MSETEX 1 a 1 EX -5
MSETEX 1 a 1 EX x
MSETEX 1 a 1 EX 1 PX 1
MSETEX 1 a 1 EX 1 KEEPTTL
MSETEX 1 a 1 NX XX
MSETEX 1 a 1 NX NX
MSETEX 1 a 1 foo
MSETEX 1 a 1 b 2
MSETEX 2 a 1 b
MSETEX 1 a
MSETEX 1
MSETEX 9223372036854775807 a 1
MSETEX 1073741824 a 1
MSETEX 2147483648 a 1
MSETEX 1 a 1 EXAT 1
EXISTS a
MSETEX 1 a 1 EX
MSETEX 2 x 1 x 2
GET x
MSETEX 1 h 1
TYPE h
MSETEX 1 a 1 EX 9223372036854775807
COMMAND GETKEYS MSETEX 2 a 1 b 2 NX
COMMAND GETKEYS SET k v IFEQ x
COMMAND GETKEYSANDFLAGS DELIFEQ k v
COMMAND GETKEYSANDFLAGS MSETEX 1 k v
COMMAND INFO msetex delifeq
"""


def test_every_byte_is_valkey_s(valkey_server: RealServer) -> None:
    valkey_server.flush()
    engine = Engine()
    ctx = engine.connect()
    with valkey_server.connect() as connection:
        for line in SHARED_WITH_VALKEY.strip().splitlines():
            words = line.split()
            ours = encode(engine.execute(ctx, [word.encode() for word in words]))
            assert ours == connection.ask(*words), line
