from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.engine import Engine
from ferrite_lite.numeric import INT64_MAX
from tests.ferrite_lite.conftest import Run, runner

OK = b"+OK\r\n"
NOT_AN_INTEGER = b"-ERR value is not an integer or out of range\r\n"
NOT_POSITIVE = b"-ERR value is out of range, must be positive\r\n"
NOT_A_BIT = b"-ERR value is out of range, value must between 0 and 1\r\n"
BAD_TIMEOUT = b"-ERR timeout is not an integer or out of range\r\n"
NEGATIVE_TIMEOUT = b"-ERR timeout is negative\r\n"
NOT_ON_DISK = b"-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n"
NOBODY = b"*2\r\n:0\r\n:0\r\n"
SYNTAX = b"-ERR syntax error\r\n"
NO_REPLICAS = b"-ERR FAILOVER requires connected replicas.\r\n"
BAD_PORT = b"-ERR Invalid master port\r\n"


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("0 0", b":0\r\n"),
        ("-1 0", b":0\r\n"),
        ("x 0", NOT_AN_INTEGER),
        ("0 x", BAD_TIMEOUT),
        ("0 -1", NEGATIVE_TIMEOUT),
    ],
)
def test_wait_for_no_replica_answers_at_once(run: Run, words: str, reply: bytes) -> None:
    assert run("WAIT", *words.split()) == reply


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("0 0 0", NOBODY),
        ("2 x x", NOT_A_BIT),
        ("-1 0 0", NOT_A_BIT),
        ("x 0 0", NOT_AN_INTEGER),
        ("1 -1 x", NOT_POSITIVE),
        ("0 x 0", NOT_POSITIVE),
        ("1 1 x", BAD_TIMEOUT),
        ("0 0 -1", NEGATIVE_TIMEOUT),
        (f"0 0 {INT64_MAX}", b"-ERR timeout is out of range\r\n"),
        ("1 0 0", NOT_ON_DISK),
        ("1 1 100", NOT_ON_DISK),
    ],
)
def test_waitaof_never_waits_for_a_disk(run: Run, words: str, reply: bytes) -> None:
    assert run("WAITAOF", *words.split()) == reply


@pytest.mark.parametrize("name", ["WAITAOF", "waitaof"])
def test_waitaof_waits_for_a_replica_to_the_end_of_its_time(
    engine: Engine, clock: ManualClock, name: str
) -> None:
    ctx = engine.connect()
    lines: list[bytes] = []
    requests = [[name.encode(), b"0", b"1", b"1000"], [b"PING"]]
    assert engine.run(ctx, requests, lines)[0] == 1
    clock.advance(ms=1001)
    engine.expire_due(0)
    engine.go_on(ctx, lines)
    assert b"\r\n".join(lines) == b"*2\r\n:0\r\n:0"


def test_waitaof_does_not_wait_in_a_transaction_or_a_script(run: Run) -> None:
    run("MULTI")
    run("WAITAOF", 0, 1, 0)
    assert run("EXEC") == b"*1\r\n" + NOBODY
    assert run("EVAL", "return redis.call('WAITAOF', 0, 1, 0)", 0) == NOBODY


def test_this_is_a_master_without_replicas(run: Run) -> None:
    assert run("ROLE") == b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"


@pytest.mark.parametrize("name", ["REPLICAOF", "SLAVEOF"])
@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("NO ONE", OK),
        ("no one", OK),
        ("NO TWO", BAD_PORT),
        ("localhost -1", BAD_PORT),
        ("localhost 65536", BAD_PORT),
        ("localhost 6379", b"-ERR this server cannot be a replica\r\n"),
    ],
)
def test_it_follows_nobody(run: Run, name: str, words: str, reply: bytes) -> None:
    assert run(name, *words.split()) == reply


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("", NO_REPLICAS),
        ("TO host 1 FORCE TIMEOUT 10", NO_REPLICAS),
        ("force to host 1", NO_REPLICAS),
        ("ABORT", b"-ERR No failover in progress.\r\n"),
        ("ABORT FORCE", SYNTAX),
        ("FORCE ABORT", SYNTAX),
        ("FORCE FORCE", SYNTAX),
        ("TO host", SYNTAX),
        ("TIMEOUT", SYNTAX),
        ("TO host x", NOT_AN_INTEGER),
        ("TIMEOUT x", NOT_AN_INTEGER),
        ("TIMEOUT 0 ABORT", b"-ERR FAILOVER timeout must be greater than 0\r\n"),
    ],
)
def test_nobody_can_take_over(run: Run, words: str, reply: bytes) -> None:
    assert run("FAILOVER", *words.split()) == reply


def test_only_an_administrator_may_ask_for_it(run: Run, engine: Engine) -> None:
    run("ACL", "SETUSER", "alice", "on", "nopass", "~*", "+@all", "-@admin")
    alice = runner(engine, engine.connect())
    alice("AUTH", "alice", "")
    assert alice("REPLICAOF", "NO", "ONE").startswith(b"-NOPERM")
    assert alice("WAITAOF", 0, 0, 0) == NOBODY
