from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

OK = b"+OK\r\n"
QUEUED = b"+QUEUED\r\n"
NIL = b"$-1\r\n"
#: What EXEC answers when a watched key was touched.
INTERFERED = b"*-1\r\n"
ABORTED = b"-EXECABORT Transaction discarded because of previous errors.\r\n"
WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"


def attempt(run: Run) -> bytes:
    """A transaction that shows whether what is watched was touched."""
    assert run("MULTI") == OK
    assert run("PING") == QUEUED
    return run("EXEC")


RAN = b"*1\r\n+PONG\r\n"


# --- MULTI and EXEC -------------------------------------------------------------------------------


def test_exec_answers_with_every_reply_in_order(run: Run) -> None:
    run("MULTI")
    run("SET", "a", 1)
    run("INCR", "a")
    run("GET", "a")
    assert run("EXEC") == b"*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n"


def test_an_empty_transaction_is_an_empty_array(run: Run) -> None:
    run("MULTI")
    assert run("EXEC") == b"*0\r\n"


def test_an_error_inside_exec_is_one_of_the_replies_and_ends_nothing(run: Run) -> None:
    run("MULTI")
    run("SET", "a", "x")
    run("HGET", "a", "f")
    run("SET", "b", 2)
    assert run("EXEC") == b"*3\r\n+OK\r\n" + WRONG_TYPE + b"+OK\r\n"
    assert run("GET", "b") == b"$1\r\n2\r\n"


def test_a_reply_shows_the_moment_of_its_command(run: Run) -> None:
    run("HSET", "h", "f", 1)
    run("SADD", "s", "a")
    run("SET", "t", "begin")
    run("APPEND", "t", "!")
    run("MULTI")
    for request in ("HGETALL h", "SMEMBERS s", "GET t", "MGET t"):
        run(*request.split())
    run("HSET", "h", "g", 2)
    run("SADD", "s", "b")
    run("APPEND", "t", "?")
    text = b"$6\r\nbegin!\r\n"
    assert run("EXEC") == (
        b"*7\r\n*2\r\n$1\r\nf\r\n$1\r\n1\r\n*1\r\n$1\r\na\r\n" + text + b"*1\r\n" + text
        + b":1\r\n:1\r\n:7\r\n"
    )  # fmt: skip


def test_a_transaction_happens_at_one_instant(run: Run) -> None:
    run("MULTI")
    run("TIME")
    run("TIME")
    reply = run("EXEC").removeprefix(b"*2\r\n")
    half = len(reply) // 2
    assert reply[:half] == reply[half:]


def test_a_database_chosen_inside_stays_chosen(run: Run) -> None:
    run("MULTI")
    run("SELECT", 1)
    run("SET", "a", 1)
    run("EXEC")
    assert run("EXISTS", "a") == b":1\r\n"
    run("SELECT", 0)
    assert run("EXISTS", "a") == b":0\r\n"


def test_multi_inside_multi_is_refused_and_spoils_nothing(run: Run) -> None:
    run("MULTI")
    run("SET", "a", 1)
    assert run("MULTI") == b"-ERR MULTI calls can not be nested\r\n"
    assert run("EXEC") == b"*1\r\n+OK\r\n"


@pytest.mark.parametrize("name", ["EXEC", "DISCARD"])
def test_what_was_not_begun_cannot_be_ended(run: Run, name: str) -> None:
    assert run(name) == f"-ERR {name} without MULTI\r\n".encode()


def test_a_command_that_was_refused_aborts_exec(run: Run) -> None:
    run("MULTI")
    run("SET", "a", 1)
    run("NOPE")
    assert run("EXEC") == ABORTED
    assert run("EXISTS", "a") == b":0\r\n"
    assert run("EXEC") == b"-ERR EXEC without MULTI\r\n"


def test_abortion_comes_before_interference(run: Run, run_other: Run) -> None:
    run("WATCH", "a")
    run_other("SET", "a", 1)
    run("MULTI")
    run("NOPE")
    assert run("EXEC") == ABORTED


def test_discard_forgets_queue_and_watches(run: Run, run_other: Run) -> None:
    run("WATCH", "a")
    run("MULTI")
    run("SET", "b", 1)
    assert run("DISCARD") == OK
    assert run("EXISTS", "b") == b":0\r\n"
    run_other("SET", "a", 1)
    assert attempt(run) == RAN


def test_a_script_inside_a_transaction_is_one_of_its_commands(run: Run) -> None:
    run("MULTI")
    run("EVAL", "return redis.call('INCR', KEYS[1])", 1, "n")
    run("INCR", "n")
    assert run("EXEC") == b"*2\r\n:1\r\n:2\r\n"


# --- WATCH ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "touch",
    [
        "SET a 2",
        "SET a 1",
        "DEL a",
        "APPEND a x",
        "EXPIRE a 100",
        "RENAME a b",
        "RENAME c a",
        "COPY c a REPLACE",
        "FLUSHDB",
        "FLUSHALL",
        "SWAPDB 0 1",
        "MOVE a 1",
        "GETDEL a",
    ],
)
def test_a_watched_key_that_was_touched_stops_exec(run: Run, run_other: Run, touch: str) -> None:
    run("SET", "a", 1)
    run("SET", "c", 3)
    run("WATCH", "a")
    run_other(*touch.split())
    assert attempt(run) == INTERFERED
    assert attempt(run) == RAN


@pytest.mark.parametrize(
    "harmless",
    ["GET a", "SET b 1", "SET a 2 NX", "DEL b", "EXPIRE b 100", "PERSIST a", "TTL a", "SWAPDB 1 2"],
)
def test_a_watched_key_that_was_not_touched_lets_exec_run(
    run: Run, run_other: Run, harmless: str
) -> None:
    run("SET", "a", 1)
    run("WATCH", "a")
    run_other(*harmless.split())
    assert attempt(run) == RAN


def test_one_s_own_change_counts_as_well(run: Run) -> None:
    run("WATCH", "a")
    run("SET", "a", 1)
    assert attempt(run) == INTERFERED


def test_a_change_to_a_field_counts(run: Run, run_other: Run) -> None:
    run("HSET", "h", "f", 1)
    run("WATCH", "h")
    run_other("HINCRBY", "h", "f", 1)
    assert attempt(run) == INTERFERED


def test_a_missing_key_can_be_watched(run: Run, run_other: Run) -> None:
    run("WATCH", "a")
    run_other("FLUSHALL")
    assert attempt(run) == RAN
    run("WATCH", "a")
    run_other("SET", "a", 1)
    assert attempt(run) == INTERFERED


def test_a_key_is_watched_in_the_database_where_watch_was_said(run: Run, run_other: Run) -> None:
    run("WATCH", "a")
    run("SELECT", 1)
    run_other("SELECT", 1)
    run_other("SET", "a", 1)
    assert attempt(run) == RAN
    run("WATCH", "a")
    run("SELECT", 0)
    run_other("SET", "a", 2)
    assert attempt(run) == INTERFERED


def test_several_keys_are_watched_and_one_is_enough(run: Run, run_other: Run) -> None:
    run("WATCH", "a", "b")
    run("WATCH", "c", "a")
    run_other("SET", "b", 1)
    assert attempt(run) == INTERFERED


def test_unwatch_forgets(run: Run, run_other: Run) -> None:
    run("WATCH", "a")
    run_other("SET", "a", 1)
    assert run("UNWATCH") == OK
    assert attempt(run) == RAN


def test_exec_forgets_what_was_watched(run: Run, run_other: Run, engine: Engine) -> None:
    run("WATCH", "a")
    assert attempt(run) == RAN
    run_other("SET", "a", 1)
    assert attempt(run) == RAN
    assert not engine.state.databases[0].observers


def test_watch_inside_multi_is_refused_and_spoils_nothing(run: Run) -> None:
    run("MULTI")
    assert run("WATCH", "a") == b"-ERR WATCH inside MULTI is not allowed\r\n"
    assert run("EXEC") == b"*0\r\n"


def test_unwatch_inside_multi_is_queued_and_too_late(run: Run, run_other: Run) -> None:
    run("WATCH", "a")
    run_other("SET", "a", 1)
    run("MULTI")
    assert run("UNWATCH") == QUEUED
    assert run("EXEC") == INTERFERED


def test_interference_is_null_in_resp3(run3: Run, run_other: Run) -> None:
    run3("WATCH", "a")
    run_other("SET", "a", 1)
    run3("MULTI")
    assert run3("EXEC") == b"_\r\n"


# --- WATCH and time: what no real server can be made to show --------------------------------------


def test_a_watched_key_whose_deadline_passes_was_touched(run: Run, clock: ManualClock) -> None:
    run("SET", "a", 1, "PX", 100)
    run("WATCH", "a")
    clock.advance(ms=101)
    assert attempt(run) == INTERFERED


def test_a_watched_key_is_alive_in_the_last_millisecond(run: Run, clock: ManualClock) -> None:
    run("SET", "a", 1, "PX", 100)
    run("WATCH", "a")
    clock.advance(ms=100)
    assert attempt(run) == RAN


def test_a_key_that_was_dead_when_watch_came_is_a_missing_key(
    run: Run, run_other: Run, clock: ManualClock
) -> None:
    run("SET", "a", 1, "PX", 100)
    clock.advance(ms=101)
    run("WATCH", "a")
    clock.advance(ms=1000)
    assert attempt(run) == RAN
    run("WATCH", "a")
    run_other("SET", "a", 2)
    assert attempt(run) == INTERFERED


def test_active_expiry_of_a_watched_key_is_a_touch(
    run: Run, engine: Engine, clock: ManualClock
) -> None:
    run("SET", "a", 1, "PX", 100)
    run("WATCH", "a")
    clock.advance(ms=1000)
    assert engine.expire_due(budget_ns=10**9) == 1
    assert attempt(run) == INTERFERED


def test_a_deadline_that_passes_between_multi_and_exec_counts(run: Run, clock: ManualClock) -> None:
    run("SET", "a", 1, "PX", 100)
    run("WATCH", "a")
    run("MULTI")
    run("SET", "b", 1)
    clock.advance(ms=101)
    assert run("EXEC") == INTERFERED
    assert run("EXISTS", "b") == b":0\r\n"
