from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.data.keyspace import Keyspace
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

MINUTE_MS = 60_000


def idle_seconds(run: Run, key: str) -> int:
    return int(run("OBJECT", "IDLETIME", key)[1:])


def frequency(run: Run, key: str) -> int:
    return int(run("OBJECT", "FREQ", key)[1:])


@pytest.fixture
def recorded(run: Run) -> None:
    """A server that has been asked before, and so records."""
    run("SET", "asked", "v")
    run("OBJECT", "IDLETIME", "asked")


@pytest.fixture
def lfu(run: Run) -> None:
    run("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")


# --- what is recorded -----------------------------------------------------------------------------


def test_nothing_is_recorded_until_somebody_asks(run: Run, engine: Engine) -> None:
    run("SET", "k", "v")
    assert not engine.state.accesses.is_recording
    assert {type(db) for db in engine.state.databases} == {Keyspace}
    run("OBJECT", "IDLETIME", "k")
    assert engine.state.accesses.is_recording


@pytest.mark.parametrize(
    "request_",
    [
        "CONFIG SET maxmemory-policy allkeys-lru",
        "CONFIG SET maxmemory-policy volatile-lfu",
        "CLIENT NO-TOUCH on",
        "OBJECT IDLETIME k",
    ],
)
def test_who_needs_records_begins_them(run: Run, engine: Engine, request_: str) -> None:
    run("SET", "k", "v")
    run(*request_.split())
    assert engine.state.accesses.is_recording


@pytest.mark.parametrize(
    "request_", ["CONFIG SET maxmemory-policy volatile-ttl", "OBJECT FREQ k", "OBJECT ENCODING k"]
)
def test_who_needs_none_does_not(run: Run, engine: Engine, request_: str) -> None:
    run("SET", "k", "v")
    run(*request_.split())
    assert not engine.state.accesses.is_recording


def test_before_the_first_question_a_key_is_idle_since_the_last_change(
    run: Run, engine: Engine, clock: ManualClock
) -> None:
    run("SET", "k", "v")
    engine.expire_due(0)
    clock.advance(ms=5000)
    engine.expire_due(0)
    run("TTL", "k")
    assert idle_seconds(run, "k") == 5


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("request_", ["SET new v", "INCR new", "SADD new a", "MSET new v"])
def test_whatever_creates_a_key_begins_its_record(
    run: Run, clock: ManualClock, request_: str
) -> None:
    clock.advance(seconds=10)
    run(*request_.split())
    clock.advance(seconds=2)
    assert idle_seconds(run, "new") == 2


def test_a_change_that_no_cycle_has_seen_counts_as_just_now(
    run: Run, engine: Engine, clock: ManualClock
) -> None:
    run("SET", "k", "v")
    clock.advance(ms=5000)
    assert idle_seconds(run, "k") == 0


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    "request_",
    [
        "GET s",
        "SET s w",
        "STRLEN s",
        "TOUCH s",
        "MGET s",
        "EXPIRE s 1000",
        "PERSIST s",
        "DUMP s",
        "APPEND s x",
        "GETRANGE s 0 0",
        "COPY s other",
    ],
)
def test_a_command_that_uses_a_key_ends_its_idle_time(
    run: Run, clock: ManualClock, request_: str
) -> None:
    run("SET", "s", "v")
    clock.advance(ms=9000)
    run(*request_.split())
    assert idle_seconds(run, "s") == 0


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    "request_",
    [
        "TTL s",
        "PTTL s",
        "EXPIRETIME s",
        "TYPE s",
        "EXISTS s",
        "OBJECT ENCODING s",
        "OBJECT REFCOUNT s",
        "OBJECT IDLETIME s",
        "MEMORY USAGE s",
        "SCAN 0 TYPE string",
        "KEYS *",
        "RANDOMKEY",
    ],
)
def test_a_command_that_only_looks_does_not(run: Run, clock: ManualClock, request_: str) -> None:
    run("SET", "s", "v")
    clock.advance(ms=9000)
    run(*request_.split())
    assert idle_seconds(run, "s") == 9


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(("make", "use"), [("HSET c f v", "HGET c f"), ("SADD c m", "SCARD c")])
def test_collections_are_recorded_too(run: Run, clock: ManualClock, make: str, use: str) -> None:
    run(*make.split())
    clock.advance(ms=3000)
    assert idle_seconds(run, "c") == 3
    run(*use.split())
    assert idle_seconds(run, "c") == 0
    clock.advance(ms=3000)
    run(*make.split())
    assert idle_seconds(run, "c") == 0


@pytest.mark.usefixtures("recorded")
def test_records_go_with_their_keys(run: Run, engine: Engine, clock: ManualClock) -> None:
    first, second = engine.state.databases[:2]
    run("MSET", "a", 1, "b", 2, "c", 3)
    run("PEXPIRE", "a", 10)
    run("DEL", "b")
    clock.advance(ms=5000)
    run("GET", "a")
    assert first.accesses.keys() == {b"c"}
    run("SWAPDB", 0, 1)
    assert first.accesses == {}
    assert second.accesses.keys() == {b"c"}
    run("SELECT", 1)
    assert idle_seconds(run, "c") == 5
    run("FLUSHDB")
    assert second.accesses == {}


def test_a_client_that_must_leave_no_traces(run: Run, run_other: Run, clock: ManualClock) -> None:
    run("SET", "k", "v")
    run("CLIENT", "NO-TOUCH", "ON")
    clock.advance(ms=5000)
    run("GET", "k")
    run("EVAL", "return redis.call('get', 'k')", 1, "k")
    assert idle_seconds(run, "k") == 5
    run("TOUCH", "k")
    assert idle_seconds(run, "k") == 0
    clock.advance(ms=5000)
    run_other("GET", "k")
    assert idle_seconds(run, "k") == 0
    clock.advance(ms=5000)
    run("CLIENT", "NO-TOUCH", "OFF")
    run("GET", "k")
    assert idle_seconds(run, "k") == 0


def test_scripts_of_a_client_that_must_leave_no_traces(run: Run, clock: ManualClock) -> None:
    run("MSET", "k", "v", "other", "v")
    run("CLIENT", "NO-TOUCH", "ON")
    clock.advance(ms=5000)
    # A subcommand is run as a request is.
    run("EVAL", "redis.call('object', 'encoding', KEYS[1]) redis.call('get', KEYS[1])", 1, "k")
    assert idle_seconds(run, "k") == 5
    run("EVAL", "redis.call('touch', KEYS[1]) redis.call('get', KEYS[2])", 2, "k", "other")
    assert (idle_seconds(run, "k"), idle_seconds(run, "other")) == (0, 5)
    run("EVAL", "redis.call('TOUCH', KEYS[1]) redis.call('get', KEYS[2])", 2, "other", "k")
    assert idle_seconds(run, "other") == 0


def test_restore_brings_an_idle_time_along(run: Run, clock: ManualClock) -> None:
    run("SET", "k", "v")
    payload = run("DUMP", "k").split(b"\r\n", 1)[1][:-2]
    run("RESTORE", "k", 0, payload, "REPLACE", "IDLETIME", 1000)
    clock.advance(ms=2000)
    assert idle_seconds(run, "k") == 1002
    run("RESTORE", "k", 0, payload, "REPLACE", "FREQ", 7)
    assert idle_seconds(run, "k") == 0


# --- frequency ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("lfu")
def test_a_new_key_starts_at_5_and_the_first_uses_count(run: Run) -> None:
    run("SET", "k", "v")
    assert frequency(run, "k") == 5
    run("GET", "k")
    assert frequency(run, "k") == 6


@pytest.mark.usefixtures("lfu")
def test_the_more_uses_the_less_each_counts(run: Run) -> None:
    run("SET", "k", "v")
    for _ in range(1000):
        run("GET", "k")
    # Redis's documentation: about 18 after a thousand hits with a factor of 10.
    assert 13 <= frequency(run, "k") <= 24


@pytest.mark.usefixtures("lfu")
def test_with_a_factor_of_0_every_use_counts_up_to_255(run: Run) -> None:
    run("CONFIG", "SET", "lfu-log-factor", 0)
    run("SET", "k", "v")
    for _ in range(300):
        run("GET", "k")
    assert frequency(run, "k") == 255


@pytest.mark.usefixtures("lfu")
def test_a_minute_without_use_costs_one(run: Run, clock: ManualClock) -> None:
    run("SET", "k", "v")
    clock.advance(ms=3 * MINUTE_MS)
    assert frequency(run, "k") == 2
    clock.advance(ms=30 * MINUTE_MS)
    assert frequency(run, "k") == 0
    run("CONFIG", "SET", "lfu-decay-time", 0)
    assert frequency(run, "k") == 5


@pytest.mark.usefixtures("lfu")
def test_a_frequency_goes_along_with_its_key(run: Run) -> None:
    run("CONFIG", "SET", "lfu-log-factor", 0)
    run("MSET", "k", "v", "other", "v")
    for _ in range(20):
        run("GET", "k")
    run("RENAME", "k", "other")
    assert frequency(run, "other") == 26
    run("MOVE", "other", 1)
    run("SELECT", 1)
    assert frequency(run, "other") == 27
    run("COPY", "other", "copy")
    assert frequency(run, "copy") == 5


@pytest.mark.usefixtures("lfu")
def test_restore_brings_a_frequency_along(run: Run) -> None:
    run("SET", "k", "v")
    payload = run("DUMP", "k").split(b"\r\n", 1)[1][:-2]
    run("RESTORE", "k", 0, payload, "REPLACE", "FREQ", 100)
    assert frequency(run, "k") == 100
    run("RESTORE", "k", 0, payload, "REPLACE", "IDLETIME", 100)
    assert frequency(run, "k") == 5


def test_each_policy_answers_its_own_question(run: Run) -> None:
    run("SET", "k", "v")
    assert run("OBJECT", "FREQ", "k").startswith(b"-ERR An LFU maxmemory policy is not selected")
    run("CONFIG", "SET", "maxmemory-policy", "volatile-lfu")
    assert run("OBJECT", "IDLETIME", "k").startswith(b"-ERR An LFU maxmemory policy is selected")
    assert run("OBJECT", "FREQ", "missing") == run("OBJECT", "IDLETIME", "missing") == b"$-1\r\n"


def test_a_key_from_before_the_policy_counts_as_new(run: Run, clock: ManualClock) -> None:
    run("SET", "k", "v")
    run("OBJECT", "IDLETIME", "k")
    run("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
    assert frequency(run, "k") == 5
    clock.advance(ms=MINUTE_MS)
    assert frequency(run, "k") == 4
    run("CONFIG", "SET", "maxmemory-policy", "noeviction")
    assert idle_seconds(run, "k") == 0


def test_small_integers_are_not_shared_where_each_needs_a_record(run: Run) -> None:
    run("SET", "k", 1)
    assert run("OBJECT", "REFCOUNT", "k") == b":2147483647\r\n"
    run("CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru")
    assert run("OBJECT", "REFCOUNT", "k") == b":1\r\n"
    run("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    assert run("OBJECT", "REFCOUNT", "k") == b":2147483647\r\n"
