from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from tests.ferrite_lite.conftest import Run

MAX, MIN = 2**63 - 1, -(2**63)
#: More than a long double can hold, when added to itself.
BIG = "1e4932"


def counted(reply: bytes) -> tuple[str, ...]:
    """The two numbers of a reply; of bulk strings, these without their lengths."""
    head, *lines = reply.decode().split("\r\n")[:-1]
    assert head == "*2", reply
    return tuple(line.lstrip(":") for line in lines if not line.startswith("$"))


@pytest.mark.parametrize(
    ("held", "options", "value", "applied"),
    [
        (None, "", 1, 1),
        (10, "", 11, 1),
        (100, "BYINT -10", 90, -10),
        (5, "BYINT 1 LBOUND 0 UBOUND 10", 6, 1),
        (5, "BYINT 5 UBOUND 10", 10, 5),
        (50, "byint 100 ubound 80 saturate", 80, 30),
        (10, "BYINT -100 LBOUND 0 SATURATE", 0, -10),
        (50, "BYINT 5 UBOUND 30 SATURATE", 30, -20),
        (50, "BYINT -25 UBOUND 30", 25, -25),
        (10, "BYINT -5 LBOUND 20 SATURATE", 20, 10),
        (MAX - 7, "BYINT 10 SATURATE", MAX, 7),
        (MIN + 7, "BYINT -10 SATURATE", MIN, -7),
        (None, "LBOUND 5 SATURATE", 5, 5),
        (1.5, "BYFLOAT 0.25", 1.75, 0.25),
        (10.5, "BYFLOAT 0.1", 10.6, 0.1),
        (10, "BYFLOAT 100 UBOUND 42.5 SATURATE", 42.5, 32.5),
        (0, "BYFLOAT -100 LBOUND -5.5 SATURATE", -5.5, -5.5),
        (10, "BYFLOAT 1 UBOUND inf LBOUND -inf", 11, 1),
        (10, f"BYFLOAT {BIG} UBOUND 100 SATURATE", 100, 90),
    ],
)
def test_a_counter_moves_within_its_bounds(
    run: Run, held: float | None, options: str, value: float, applied: float
) -> None:
    if held is not None:
        run("SET", "k", str(held))
    assert counted(run("INCREX", "k", *options.split())) == (str(value), str(applied))
    assert run("GET", "k").split(b"\r\n")[1] == str(value).encode()


@pytest.mark.parametrize(
    ("held", "options"),
    [
        ("10", "BYINT 10 UBOUND 15"),
        ("10", "BYINT -10 LBOUND 5"),
        ("50", "BYINT 5 UBOUND 30"),
        (str(MAX), ""),
        (str(MIN), "BYINT -1"),
        ("10.5", "BYFLOAT 10 UBOUND 15.5"),
        ("10", f"BYFLOAT {BIG} UBOUND 100"),
        ("10", "BYFLOAT 1 LBOUND -inf UBOUND -inf"),
        ("10", "BYFLOAT 1 LBOUND inf UBOUND inf"),
    ],
)
def test_beyond_its_bounds_nothing_changes(run: Run, held: str, options: str) -> None:
    run("SET", "k", held, "EX", 100)
    assert counted(run("INCREX", "k", *options.split(), "EX", 5)) == (held, "0")
    assert run("GET", "k").split(b"\r\n")[1] == held.encode()
    assert run("TTL", "k") == b":100\r\n"
    assert counted(run("INCREX", "missing", "UBOUND", 0)) == ("0", "0")
    assert run("EXISTS", "missing") == b":0\r\n"


@pytest.mark.parametrize(
    ("held", "options", "error"),
    [
        ("10", "FOO", "syntax error"),
        ("10", "BYINT", "syntax error"),
        ("10", "BYINT 1 BYFLOAT 1.5", "syntax error"),
        ("10", "EX 10 PX 5000", "syntax error"),
        ("10", "EX 10 EX 20", "syntax error"),
        ("10", "PERSIST EX 10", "syntax error"),
        ("10", "ENX PERSIST", "syntax error"),
        ("10", "SATURATE SATURATE", "syntax error"),
        ("10", "ENX", "ENX flag requires an expiration"),
        ("10", "BYINT 1.5", "Increment is not an integer or out of range"),
        ("10", "BYFLOAT x", "Increment is not a valid float"),
        ("10", "UBOUND 1.5", "UBOUND is not an integer or out of range"),
        ("10", "LBOUND inf", "LBOUND is not an integer or out of range"),
        ("10", "BYFLOAT 1 LBOUND x", "LBOUND is not a valid float"),
        ("10", "LBOUND 10 UBOUND 5", "LBOUND can't be greater than UBOUND"),
        ("10", "BYFLOAT 1 LBOUND 10.5 UBOUND 1.5", "LBOUND can't be greater than UBOUND"),
        ("10", "BYFLOAT 1 UBOUND -inf", "LBOUND can't be greater than UBOUND"),
        ("10", "BYFLOAT 1 LBOUND inf", "LBOUND can't be greater than UBOUND"),
        ("10", "BYFLOAT -inf", "BYFLOAT increment cannot be Infinity"),
        ("-inf", "BYFLOAT 1", "value cannot be Infinity"),
        ("x", "", "value is not an integer or out of range"),
        ("x", "BYFLOAT 1", "value is not a valid float"),
        ("", "BYFLOAT 1", "value is not a valid float"),
        (str(MAX), f"BYINT -5 UBOUND {MIN} SATURATE", "applied increment would overflow"),
        (f"-{BIG}", f"BYFLOAT {BIG} LBOUND {BIG} SATURATE", "applied increment would be Infinity"),
        ("10", "BYFLOAT 1 LBOUND inf UBOUND inf SATURATE", "applied increment would be Infinity"),
        ("10", "EX 0", "invalid expire time in 'increx' command"),
        ("10", "PX -1", "invalid expire time in 'increx' command"),
        ("10", "EX x", "value is not an integer or out of range"),
    ],
)
def test_what_is_wrong_changes_nothing(run: Run, held: str, options: str, error: str) -> None:
    run("SET", "k", held)
    assert run("INCREX", "k", *options.split()) == f"-ERR {error}\r\n".encode()
    assert run("GET", "k").split(b"\r\n")[1] == held.encode()


def test_a_counter_is_a_string(run: Run) -> None:
    run("SADD", "s", "a")
    assert run("INCREX", "s").startswith(b"-WRONGTYPE")


def test_a_deadline_comes_with_the_number(run: Run) -> None:
    run("INCREX", "k", "EX", 100)
    assert run("TTL", "k") == b":100\r\n"
    run("INCREX", "k")
    assert run("TTL", "k") == b":100\r\n"
    run("INCREX", "k", "EX", 500, "ENX")
    assert run("TTL", "k") == b":100\r\n"
    run("INCREX", "k", "PERSIST")
    assert run("TTL", "k") == b":-1\r\n"
    run("INCREX", "k", "PX", 300_000, "ENX")
    assert run("TTL", "k") == b":300\r\n"


def test_a_deadline_that_has_passed_deletes_the_counter(run: Run, events: list[str]) -> None:
    run("SET", "k", 10)
    assert counted(run("INCREX", "k", "EXAT", 1)) == ("11", "1")
    assert events == ["set k", "del k"]
    run("SET", "k", 10, "EX", 100)
    assert counted(run("INCREX", "k", "EXAT", 1, "ENX")) == ("11", "1")
    assert run("GET", "k") == b"$2\r\n11\r\n"


def test_events_tell_the_number_first(run: Run, events: list[str]) -> None:
    run("INCREX", "k", "BYINT", 5, "EX", 100)
    run("INCREX", "k", "EX", 200, "ENX")
    run("INCREX", "k", "PERSIST")
    run("INCREX", "k", "PERSIST")
    run("INCREX", "k", "BYFLOAT", 0.5)
    assert events == [
        *("incrby k", "expire k", "incrby k", "incrby k", "persist k"),
        *("incrby k", "incrbyfloat k"),
    ]


def test_floats_are_doubles_in_resp3(run: Run, run3: Run) -> None:
    run("SET", "k", "10.5")
    assert run("INCREX", "k", "BYFLOAT", "0.1") == b"*2\r\n$4\r\n10.6\r\n$3\r\n0.1\r\n"
    assert run3("INCREX", "k", "BYFLOAT", "0.1") == b"*2\r\n,10.7\r\n,0.1\r\n"
    script = (
        "redis.setresp(3); return redis.call('INCREX', KEYS[1], 'BYFLOAT', '0.25')[2].double * 4"
    )
    assert run("EVAL", script, 1, "k") == b":1\r\n"


def test_a_limit_of_requests_is_one_command(run: Run, clock: ManualClock) -> None:
    request = ("INCREX", "limit", "UBOUND", 2, "EX", 10, "ENX")
    assert [counted(run(*request))[1] for _ in range(3)] == ["1", "1", "0"]
    clock.advance(ms=10_001)
    assert counted(run(*request)) == ("1", "1")
