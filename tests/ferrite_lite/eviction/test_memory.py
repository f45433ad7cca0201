from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config
from ferrite_lite.data.values import EncodingLimits, Hash, List, Set
from ferrite_lite.engine import Engine
from ferrite_lite.eviction import memory
from ferrite_lite.eviction.memory import key_bytes, value_bytes
from tests.ferrite_lite.conftest import Run, run_all, runner

OOM = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"
ROOM_BYTES = 50_000


@pytest.fixture
def limit(run: Run, engine: Engine) -> Callable[[str], None]:
    """Allow so much more than is used now, under a policy."""

    def limit(policy: str) -> None:
        run("CONFIG", "SET", "maxmemory-policy", policy)
        run("CONFIG", "SET", "maxmemory", engine.state.memory.used_bytes() + ROOM_BYTES)

    return limit


def fill(run: Run, count: int = 1000, prefix: str = "k") -> int:
    """Set keys with a deadline, and return how many were refused."""
    return sum(run("SET", f"{prefix}{n}", "x" * 50, "EX", 1000 + n) == OOM for n in range(count))


# --- sizes ----------------------------------------------------------------------------------------


def a_hash(count: int) -> Hash:
    made = Hash(EncodingLimits())
    for number in range(count):
        made.assign(b"field %d" % number, b"v" * 100)
    return made


def a_set(count: int) -> Set:
    made = Set(EncodingLimits())
    made.insert([b"member %d" % number for number in range(count)])
    return made


def test_a_value_takes_what_its_parts_take() -> None:
    assert value_bytes(b"x" * 1000) == sys.getsizeof(b"x" * 1000)
    assert value_bytes(a_hash(3)) > 3 * (sys.getsizeof(b"field 0") + sys.getsizeof(b"v" * 100))
    assert value_bytes(List([b"x" * 100] * 3)) > 3 * sys.getsizeof(b"x" * 100)


@pytest.mark.parametrize("make", [a_hash, a_set])
def test_a_few_elements_stand_for_all(make: Callable[[int], Hash | Set]) -> None:
    value = make(10_000)
    exact = value_bytes(value, samples=0)
    assert abs(value_bytes(value) - exact) < exact / 20


def test_a_deadline_takes_room(run: Run, engine: Engine) -> None:
    db = engine.state.databases[0]
    run("SET", "k", "v")
    before = key_bytes(db, b"k", b"v")
    run("EXPIRE", "k", 100)
    assert key_bytes(db, b"k", b"v") == before + memory.DEADLINE_BYTES


def test_an_estimate_of_many_keys_comes_close(run: Run, engine: Engine) -> None:
    fill(run, 3000)
    estimate = engine.state.memory.dataset_bytes()
    run("CONFIG", "SET", "maxmemory", "1gb")
    exact = engine.state.memory.dataset_bytes()
    assert abs(estimate - exact) < exact / 50


def test_freed_memory_is_not_used_any_more(run: Run, engine: Engine) -> None:
    before = engine.state.memory.used_bytes()
    run("SADD", "s", *range(20_000))
    assert engine.state.memory.used_bytes() > before + 500_000
    run("UNLINK", "s")
    assert engine.state.memory.used_bytes() == before
    assert engine.state.memory.peak_bytes() == before


# --- the ledger -----------------------------------------------------------------------------------

KEYS = ["a", "b", "c"]
REQUESTS = st.one_of(
    st.builds("SET {0} {1}".format, st.sampled_from(KEYS), st.integers(0, 10**12)),
    st.builds("APPEND {0} {1}".format, st.sampled_from(KEYS), st.integers(0, 10**12)),
    st.builds("HSET h{0} f{1} v".format, st.sampled_from(KEYS), st.integers(0, 20)),
    st.builds("HDEL h{0} f{1}".format, st.sampled_from(KEYS), st.integers(0, 20)),
    st.builds("SADD s{0} {1}".format, st.sampled_from(KEYS), st.integers(0, 20)),
    st.builds("SPOP s{0}".format, st.sampled_from(KEYS)),
    st.builds("SUNIONSTORE {0} s{1} sa".format, st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.builds("SORT s{0} STORE {1}".format, st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.builds("PEXPIRE {0} {1}".format, st.sampled_from(KEYS), st.integers(-5, 50)),
    st.builds("PERSIST {0}".format, st.sampled_from(KEYS)),
    st.builds("RENAME {0} {1}".format, st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.builds("MOVE {0} 1".format, st.sampled_from(KEYS)),
    st.builds("COPY {0} {1} DB 1 REPLACE".format, st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.builds("DEL {0}".format, st.sampled_from(KEYS)),
    st.sampled_from(["FLUSHDB", "FLUSHALL", "SWAPDB 0 1", "SELECT 0", "SELECT 1", "wait"]),
)


@settings(max_examples=60)
@given(st.lists(REQUESTS, max_size=40))
def test_the_ledger_is_right_after_every_command(requests: list[str]) -> None:
    clock = ManualClock()
    engine = Engine(clock=clock, seed=1)
    run = runner(engine, engine.connect())
    run("CONFIG", "SET", "maxmemory", "1gb")
    for request in requests:
        if request == "wait":
            clock.advance(ms=20)
        else:
            run(*request.split())
        counted = sum(
            key_bytes(db, key, value)
            for db in engine.state.databases
            for key, value in db.stored_items()
        )
        assert engine.state.memory.dataset_bytes() == counted


def test_without_a_limit_nobody_observes(run: Run, engine: Engine) -> None:
    run("CONFIG", "SET", "maxmemory", "1gb")
    assert all(len(db.observers) == 1 for db in engine.state.databases)
    run("CONFIG", "SET", "maxmemory", "0")
    assert all(not db.observers for db in engine.state.databases)
    assert not any(client.guarded for client in engine.state.clients.values())


# --- eviction -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
    ],
)
def test_every_policy_holds_the_limit(
    run: Run, engine: Engine, limit: Callable[[str], None], policy: str
) -> None:
    limit(policy)
    assert fill(run) == 0
    used = engine.state.memory.used_bytes()
    most = engine.state.config.maxmemory_bytes
    assert most - 1000 < used < most + 1000
    held = len(engine.state.databases[0])
    assert engine.state.statistics.evicted_keys == 1000 - held
    shown = run("INFO", "stats")
    assert b"evicted_keys:%d\r" % engine.state.statistics.evicted_keys in shown
    run("CONFIG", "RESETSTAT")
    assert engine.state.statistics.evicted_keys == 0


@pytest.mark.parametrize(
    "policy", ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]
)
def test_a_volatile_policy_leaves_keys_without_deadline_alone(
    run: Run, limit: Callable[[str], None], policy: str
) -> None:
    limit(policy)
    for number in range(50):
        run("SET", f"kept{number}", "v")
    assert fill(run) == 0
    assert run("EXISTS", *[f"kept{number}" for number in range(50)]) == b":50\r\n"


def test_when_nothing_may_go_what_needs_memory_is_refused(
    run: Run, limit: Callable[[str], None]
) -> None:
    limit("volatile-lru")
    refused = sum(run("SET", f"k{number}", "x" * 50) == OOM for number in range(1000))
    assert 0 < refused < 1000
    assert run("GET", "k0") == b"$50\r\n" + b"x" * 50 + b"\r\n"
    assert run("DEL", *[f"k{number}" for number in range(100)]) == b":100\r\n"
    assert run("SET", "k0", "v") == b"+OK\r\n"


def test_the_longest_unused_go_first(
    run: Run, clock: ManualClock, limit: Callable[[str], None]
) -> None:
    limit("allkeys-lru")
    run("CONFIG", "SET", "maxmemory-samples", 10)
    fill(run, 100, "old")
    for _ in range(8):
        clock.advance(ms=1000)
        run("GET", "old7")
        fill(run, 100, "new")
    assert run("EXISTS", "old7") == b":1\r\n"
    survivors = run("EXISTS", *[f"old{number}" for number in range(100)])
    fill(run, 400, "newer")
    assert int(run("EXISTS", *[f"old{number}" for number in range(100)])[1:]) <= 20 < 100
    assert int(survivors[1:]) >= 1


def test_the_least_used_go_first(run: Run, limit: Callable[[str], None]) -> None:
    limit("allkeys-lfu")
    run("CONFIG", "SET", "maxmemory-samples", 10)
    for key in ("hot1", "hot2", "hot3"):
        run("SET", key, "v")
        for _ in range(100):
            run("GET", key)
    fill(run, 1000)
    assert run("EXISTS", "hot1", "hot2", "hot3") == b":3\r\n"


def test_the_nearest_deadlines_go_first(run: Run, limit: Callable[[str], None]) -> None:
    limit("volatile-ttl")
    run("CONFIG", "SET", "maxmemory-samples", 10)
    run("SET", "late", "v", "EX", 100_000)
    fill(run, 1000)
    assert run("EXISTS", "late") == b":1\r\n"


def test_an_evicted_key_has_its_event_and_breaks_its_watch(
    run: Run, run_other: Run, events: list[str], limit: Callable[[str], None]
) -> None:
    run("SET", "k", "v")
    run_other("WATCH", "k")
    run_other("MULTI")
    limit("allkeys-random")
    run("CONFIG", "SET", "maxmemory", 1)
    run("PING")
    assert run("DBSIZE") == b":0\r\n"
    assert events[-1] == "evicted k"
    run("CONFIG", "SET", "maxmemory", 0)
    assert run_other("EXEC") == b"*-1\r\n"


def test_all_databases_make_room(run: Run, engine: Engine, limit: Callable[[str], None]) -> None:
    for policy in ("allkeys-random", "allkeys-lru"):
        for index in (3, 9):
            run("SELECT", index)
            fill(run, 100)
        limit(policy)
        run("CONFIG", "SET", "maxmemory", 1)
        for _ in range(20):
            run("PING")
        assert sum(map(len, engine.state.databases)) == 0
        run("CONFIG", "SET", "maxmemory", 0)


def test_the_cycle_goes_on_where_one_request_had_no_time_to(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(run, 500)
    run("CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory-eviction-tenacity", 0)
    run("CONFIG", "SET", "maxmemory", 1)
    run("PING")
    left = len(engine.state.databases[0])
    assert 500 - 3 * memory.EVICTIONS_PER_LOOK <= left < 500
    for _ in range(40):
        engine.expire_due(0)
    assert len(engine.state.databases[0]) == 0


def test_a_tenacity_of_100_evicts_until_it_is_done(run: Run, engine: Engine) -> None:
    fill(run, 2000)
    run("CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory-eviction-tenacity", 100)
    run("CONFIG", "SET", "maxmemory", 1)
    run("PING")
    assert len(engine.state.databases[0]) == 0


def test_keys_past_their_deadline_are_no_candidates(
    run: Run, clock: ManualClock, engine: Engine
) -> None:
    run("SET", "k", "v", "PX", 10)
    clock.advance(ms=20)
    run("CONFIG", "SET", "maxmemory-policy", "volatile-ttl", "maxmemory", 1)
    assert run("SET", "a", "b") == OOM
    assert engine.state.statistics.evicted_keys == 0


def test_far_from_the_limit_requests_take_the_short_cut(run: Run, engine: Engine) -> None:
    client = next(iter(engine.state.clients.values()))
    guarded = []
    run("CONFIG", "SET", "maxmemory", engine.state.memory.used_bytes() + 10_000_000)
    for request in (["PING"], ["SET", "k", "x" * 9_900_000], ["DEL", "k"]):
        run(*request)
        engine.expire_due(0)
        guarded.append(client.guarded)
    assert guarded == [False, True, False]


def test_the_limit_holds_inside_a_pipeline(run: Run, engine: Engine) -> None:
    client = next(iter(engine.state.clients.values()))
    run("CONFIG", "SET", "maxmemory", engine.state.memory.used_bytes() + 10_000_000)
    requests = [[b"SET", b"k%d" % n, b"x" * 3_000_000] for n in range(10)]
    assert run_all(engine, client, requests) == [b"+OK"] * 4 + [OOM[:-2]] * 6


# --- refusals -------------------------------------------------------------------------------------


@pytest.fixture
def full(run: Run) -> None:
    run("MSET", "k", "v", "number", 1)
    run("CONFIG", "SET", "maxmemory", 1)


@pytest.mark.usefixtures("full")
def test_what_frees_or_only_reads_is_served(run: Run) -> None:
    assert run("GET", "k") == b"$1\r\nv\r\n"
    assert run("EXPIRE", "k", 100) == b":1\r\n"
    assert run("SET", "k", "w") == run("INCR", "number") == run("SADD", "s", "m") == OOM
    assert run("DEL", "k") == b":1\r\n"
    assert run("CONFIG", "SET", "maxmemory", 0) == b"+OK\r\n"
    assert run("SET", "k", "w") == b"+OK\r\n"


@pytest.mark.usefixtures("full")
def test_a_transaction_is_not_even_queued(run: Run) -> None:
    assert run("MULTI") == b"+OK\r\n"
    assert run("GET", "k") == OOM
    assert run("EXEC").startswith(b"-EXECABORT")
    run("MULTI")
    assert run("DISCARD") == b"+OK\r\n"
    run("MULTI")
    assert run("EXEC") == b"*0\r\n"


def test_an_exec_is_refused_if_a_command_of_it_would_be(run: Run, run_other: Run) -> None:
    run("SET", "k", "v")
    for request, reply in (("GET k", b"*1\r\n$1\r\nv\r\n"), ("SET k w", b"-EXECABORT")):
        run("MULTI")
        run(*request.split())
        run_other("CONFIG", "SET", "maxmemory", 1)
        assert run("EXEC").startswith(reply)
        run_other("CONFIG", "SET", "maxmemory", 0)
    assert run("GET", "k") == b"$1\r\nv\r\n"


@pytest.mark.usefixtures("full")
def test_a_script_may_read_and_may_not_begin_to_write(run: Run) -> None:
    assert run("EVAL", "return redis.call('get', 'k')", 0) == b"$1\r\nv\r\n"
    reply = run("EVAL", "return redis.call('set', 'k', 'w')", 0)
    assert reply.startswith(OOM[:-2] + b" script: ")
    assert run("EVAL", "return redis.pcall('incr', 'number').err", 0).endswith(b"\n" + OOM[1:])
    assert run("GET", "k") == b"$1\r\nv\r\n"


@pytest.mark.usefixtures("full")
def test_a_script_that_has_freed_something_may_go_on(run: Run) -> None:
    text = "redis.call('del', 'k') redis.call('set', 'k', 'w') return redis.call('get', 'k')"
    assert run("EVAL", text, 0) == b"$1\r\nw\r\n"


def test_a_limit_that_is_set_from_the_start_holds() -> None:
    engine = Engine(config=Config(maxmemory_bytes=1))
    run = runner(engine, engine.connect())
    assert run("SET", "k", "v") == OOM
