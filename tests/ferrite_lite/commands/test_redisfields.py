"""A server that says that it is Redis 8; the replies are those of redis-server 8.2.3."""

from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

NOT_IN_PLACE = "Mandatory argument FIELDS is missing or not at the right position"
NOT_POSITIVE = "Number of fields must be a positive integer"
COUNT_ZERO = "Parameter `numFields` should be greater than 0"
NOT_THAT_OF_WORDS = "The `numfields` parameter must match the number of arguments"
NO_INTEGER = "value is not an integer or out of range"
NEGATIVE = "invalid expire time, must be >= 0"
EXPIRY_TWICE = "Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"
CONDITION_TWICE = "Only one of FXX or FNX arguments can be specified"


@pytest.fixture
def engine(clock: ManualClock) -> Engine:
    return Engine(clock=clock, config=Config(redis_version="8.2.3"), seed=1)


@pytest.mark.parametrize(
    ("request_line", "fault"),
    [
        ("HEXPIRE h x FOO 0 a", NO_INTEGER),
        ("HEXPIRE h -1 FOO 0 a", NEGATIVE),
        ("HEXPIRE h 10 FOO 1 a", NOT_IN_PLACE),
        ("HEXPIRE h 10 NX XX FIELDS 1 a", NOT_IN_PLACE),
        ("HEXPIRE h 10 FIELDS 0 a", COUNT_ZERO),
        ("HEXPIRE h 10 FIELDS x a", COUNT_ZERO),
        ("HEXPIRE h 10 FIELDS 1 a b", NOT_THAT_OF_WORDS),
        ("HPEXPIREAT h 70368744177664 FIELDS 1 a", "invalid expire time in 'hpexpireat' command"),
        ("HTTL h FOO 1 a", NOT_IN_PLACE),
        ("HTTL h FIELDS 0 a", NOT_POSITIVE),
        ("HTTL h FIELDS 2 a", NOT_THAT_OF_WORDS),
        ("HPERSIST h FIELDS x a", NOT_POSITIVE),
        ("HGETDEL h FOO 1 a", NOT_IN_PLACE),
        ("HGETDEL h FIELDS 2 a", NOT_THAT_OF_WORDS),
        ("HGETEX h FOO FIELDS 1 a", NOT_IN_PLACE),
        ("HGETEX h EX 10 PX 10 FIELDS 1 a", NOT_IN_PLACE),
        ("HGETEX h EX x FOO 1 a", NO_INTEGER),
        ("HGETEX h EX -1 FIELDS 2 a", NEGATIVE),
        ("HGETEX h FIELDS 0 a", NOT_POSITIVE),
        ("HGETEX h EX 10 FIELDS", "wrong number of arguments for 'hgetex' command"),
        ("HSETEX h FOO FIELDS 1 a 1", "unknown argument: FOO"),
        ("HSETEX h NX FIELDS 1 a 1", "unknown argument: NX"),
        ("HSETEX h FXX FXX FIELDS 1 a 1", CONDITION_TWICE),
        ("HSETEX h EX 10 KEEPTTL FIELDS 1 a 1", EXPIRY_TWICE),
        ("HSETEX h FIELDS 0 a 1", "invalid number of fields"),
        ("HSETEX h FIELDS 2 a 1", "wrong number of arguments for 'hsetex' command"),
        ("HSETEX h FIELDS 1 a 1 EX 10", "wrong number of arguments for 'hsetex' command"),
        ("HSETEX h FIELDS x 1", "wrong number of arguments for 'hsetex' command"),
    ],
)
def test_words_are_refused_as_redis_8_does(run: Run, request_line: str, fault: str) -> None:
    run("HSET", "h", "a", 1)
    assert run(*request_line.split()) == f"-ERR {fault}\r\n".encode()


@pytest.mark.parametrize(
    "request_line",
    [
        *("HEXPIRE s x FOO 0 a", "HTTL s FOO 0 a", "HPERSIST s FIELDS 2 a"),
        *("HGETDEL s FIELDS 0 a", "HGETEX s FOO 0 a", "HSETEX s FIELDS 1 a 1"),
    ],
)
def test_another_type_is_refused_before_the_words(run: Run, request_line: str) -> None:
    run("SET", "s", "v")
    assert run(*request_line.split()).startswith(b"-WRONGTYPE ")


def test_what_is_right_is_done(run: Run) -> None:
    assert run("HSETEX", "h", "FNX", "PXAT", 4000000000001, "FIELDS", 1, "a", 1) == b":1\r\n"
    assert run("HSETEX", "h", "KEEPTTL", "FIELDS", 2, "a", 2, "b", 3) == b":1\r\n"
    assert run("HSETEX", "h", "FNX", "FIELDS", 2, "b", 2, "c", 3) == b":0\r\n"
    assert run("HGETEX", "h", "PERSIST", "FIELDS", 1, "b") == b"*1\r\n$1\r\n3\r\n"
    assert run("HEXPIRE", "h", 100, "NX", "FIELDS", 2, "a", "b") == b"*2\r\n:0\r\n:1\r\n"
    assert run("HGETDEL", "h", "FIELDS", 1, "b") == b"*1\r\n$1\r\n3\r\n"


def test_seconds_are_rounded_up(run: Run) -> None:
    run("HSETEX", "h", "PXAT", 4000000000001, "FIELDS", 1, "a", 1)
    assert run("HEXPIRETIME", "h", "FIELDS", 1, "a") == b"*1\r\n:4000000001\r\n"


def test_a_past_deadline_deletes_and_says_so(run: Run, events: list[str]) -> None:
    run("HSET", "h", "a", 1, "b", 2)
    run("HEXPIRE", "h", 0, "FIELDS", 1, "a")
    run("HSETEX", "h", "PXAT", 1, "FIELDS", 1, "c", 1)
    assert events == ["hset h", "hdel h", "hset h", "hdel h"]
