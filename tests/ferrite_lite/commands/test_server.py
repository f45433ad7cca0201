from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config
from ferrite_lite.data.expiry import SLICE_MS
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run, runner

OK = b"+OK\r\n"
NIL = b"$-1\r\n"
SYNTAX = b"-ERR syntax error\r\n"


def info(run: Run, *sections: str) -> dict[str, str]:
    """The fields of INFO."""
    _, _, text = run("INFO", *sections).decode().partition("\r\n")
    rows = [row for row in text.split("\r\n") if row and not row.startswith("#")]
    return dict(row.split(":", 1) for row in rows)


def titles(run: Run, *sections: str) -> list[str]:
    text = run("INFO", *sections).decode()
    return [row.removeprefix("# ") for row in text.split("\r\n") if row.startswith("# ")]


DEFAULT = [
    "Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules",
    "Errorstats", "Cluster", "Keyspace",
]  # fmt: skip
ALL = [
    "Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules",
    "Commandstats", "Errorstats", "Latencystats", "Cluster", "Keyspace",
]  # fmt: skip


# --- databases ------------------------------------------------------------------------------------


def test_dbsize_counts_the_keys_of_this_database(run: Run) -> None:
    run("MSET", "a", 1, "b", 2)
    run("SELECT", 1)
    assert run("DBSIZE") == b":0\r\n"
    run("SET", "a", 1)
    assert run("DBSIZE") == b":1\r\n"


@pytest.mark.parametrize("mode", [(), ("ASYNC",), ("sync",)])
def test_flushdb_empties_one_database(run: Run, mode: tuple[str, ...]) -> None:
    run("SET", "a", 1)
    run("SELECT", 1)
    run("SET", "b", 1)
    assert run("FLUSHDB", *mode) == OK
    assert run("DBSIZE") == b":0\r\n"
    run("SELECT", 0)
    assert run("DBSIZE") == b":1\r\n"


def test_flushall_empties_every_database(run: Run) -> None:
    run("SET", "a", 1, "EX", 100)
    run("SELECT", 1)
    run("SET", "b", 1)
    assert run("FLUSHALL") == OK
    assert info(run, "keyspace") == {}


@pytest.mark.parametrize("name", ["FLUSHDB", "FLUSHALL"])
@pytest.mark.parametrize("words", [("now",), ("ASYNC", "SYNC")])
def test_a_flush_that_is_refused_removes_nothing(
    run: Run, name: str, words: tuple[str, ...]
) -> None:
    run("SET", "a", 1)
    assert run(name, *words) == SYNTAX
    assert run("DBSIZE") == b":1\r\n"


def test_a_flushed_key_s_deadline_does_not_end_its_successor(
    run: Run, engine: Engine, clock: ManualClock
) -> None:
    run("SET", "a", 1, "PX", 10)
    run("FLUSHALL")
    run("SET", "a", 2)
    clock.advance(ms=10 + SLICE_MS)
    assert engine.expire_due(budget_ns=10**9) == 0
    assert run("GET", "a") == b"$1\r\n2\r\n"


def test_swapdb_exchanges_keys_deadlines_and_views(
    run: Run, run_other: Run, engine: Engine, clock: ManualClock
) -> None:
    run("SET", "a", "zero", "PX", 100)
    run_other("SELECT", 1)
    run_other("SET", "b", "one")
    assert run("SWAPDB", 0, 1) == OK
    assert run("GET", "b") == b"$3\r\none\r\n"
    assert run_other("PTTL", "a") == b":100\r\n"
    clock.advance(ms=100 + SLICE_MS)
    assert engine.expire_due(budget_ns=10**9) == 1
    assert run_other("DBSIZE") == b":0\r\n"
    assert run("DBSIZE") == b":1\r\n"


def test_swapdb_with_itself_changes_nothing(run: Run) -> None:
    run("SET", "a", 1)
    assert run("SWAPDB", 0, 0) == OK
    assert run("GET", "a") == b"$1\r\n1\r\n"


@pytest.mark.parametrize(
    ("indexes", "reply"),
    [
        (("x", "1"), b"-ERR invalid first DB index\r\n"),
        (("1", "x"), b"-ERR invalid second DB index\r\n"),
        (("x", "y"), b"-ERR invalid first DB index\r\n"),
        (("0", "16"), b"-ERR DB index is out of range\r\n"),
        (("-1", "0"), b"-ERR DB index is out of range\r\n"),
    ],
)
def test_swapdb_takes_two_databases(run: Run, indexes: tuple[str, str], reply: bytes) -> None:
    assert run("SWAPDB", *indexes) == reply


# --- time and memory ------------------------------------------------------------------------------


def test_time_is_the_clock_s_in_seconds_and_microseconds(run: Run, clock: ManualClock) -> None:
    clock.set_time(ms=1_234_567_890_123)
    assert run("TIME") == b"*2\r\n$10\r\n1234567890\r\n$6\r\n123000\r\n"
    clock.set_time(ms=5_000)
    assert run("TIME") == b"*2\r\n$1\r\n5\r\n$1\r\n0\r\n"


def test_memory_usage_grows_with_the_value(run: Run) -> None:
    run("SET", "small", "x")
    run("SET", "large", "x" * 10_000)
    run("HSET", "few", "f", 1)
    run("HSET", "many", *(word for n in range(1000) for word in (f"field{n}", n)))

    def usage(key: str) -> int:
        return int(run("MEMORY", "USAGE", key)[1:])

    assert 0 < usage("small") < usage("large") - 9_000
    assert 0 < usage("few") < usage("many") - 10_000


def test_memory_usage_of_nothing_is_null(run: Run) -> None:
    assert run("MEMORY", "USAGE", "a") == NIL


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (("SAMPLES",), SYNTAX),
        (("SAMPLES", "-1"), SYNTAX),
        (("SAMPLES", "x"), b"-ERR value is not an integer or out of range\r\n"),
        (("DEPTH", "1"), SYNTAX),
        (("SAMPLES", "0"), NIL),
        (("samples", "5", "SAMPLES", "6"), NIL),
    ],
)
def test_memory_usage_reads_its_options_before_the_key(
    run: Run, words: tuple[str, ...], reply: bytes
) -> None:
    assert run("MEMORY", "USAGE", "a", *words) == reply


# --- INFO -----------------------------------------------------------------------------------------


def test_info_has_redis_s_sections(run: Run) -> None:
    assert titles(run) == DEFAULT
    assert titles(run, "DEFAULT", "cpu") == DEFAULT


@pytest.mark.parametrize("words", [("all",), ("everything",), ("ALL", "cpu"), ("default", "all")])
def test_some_words_mean_every_section(run: Run, words: tuple[str, ...]) -> None:
    assert titles(run, *words) == ALL


def test_info_of_some_sections_in_its_own_order(run: Run) -> None:
    assert titles(run, "CLUSTER", "server", "nope") == ["Server", "Cluster"]
    assert run("INFO", "nope") == b"$0\r\n\r\n"


def test_info_is_text_for_people_in_resp3(run3: Run) -> None:
    assert run3("INFO", "cluster") == b"=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n"


def test_info_tells_which_server_this_is(run: Run, engine: Engine) -> None:
    server = info(run, "server")
    expected = {
        "redis_version": "7.0.15",
        "redis_mode": "standalone",
        "ferrite_version": engine.state.version,
        "arch_bits": "64",
        "tcp_port": "6379",
        "run_id": engine.state.run_id,
    }
    assert {name: server[name] for name in expected} == expected
    assert len(server["run_id"]) == 40


def test_uptime_is_told_by_the_server_s_clock(run: Run, clock: ManualClock) -> None:
    clock.advance(seconds=2 * 86_400 + 5)
    server = info(run, "server")
    assert (server["uptime_in_seconds"], server["uptime_in_days"]) == (str(2 * 86_400 + 5), "2")
    assert server["server_time_usec"] == str(clock.now_ms() * 1000)


def test_info_counts_clients_and_knows_their_limit(clock: ManualClock) -> None:
    engine = Engine(clock=clock, config=Config(maxclients=7))
    contexts = [engine.connect() for _ in range(3)]
    engine.disconnect(contexts.pop())
    run = runner(engine, contexts[0])
    clients = info(run, "clients")
    assert (clients["connected_clients"], clients["maxclients"]) == ("2", "7")
    assert info(run, "stats")["total_connections_received"] == "3"


def test_info_tells_what_the_data_takes_and_what_the_process_does(run: Run) -> None:
    before = info(run, "memory")
    run("SET", "k", "x" * 1_000_000)
    after = info(run, "memory")
    assert 1_000_000 < int(after["used_memory"]) - int(before["used_memory"]) < 1_001_000
    assert int(after["used_memory_rss"]) > 10_000_000
    assert (after["maxmemory"], after["maxmemory_policy"]) == ("0", "noeviction")
    run("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
    limited = info(run, "memory")
    assert (limited["maxmemory"], limited["maxmemory_policy"]) == ("104857600", "allkeys-lru")
    assert limited["used_memory"] == after["used_memory"]


def test_info_keyspace_counts_keys_and_deadlines_of_what_is_not_empty(run: Run) -> None:
    run("SET", "a", 1, "PX", 1000)
    run("SET", "b", 1)
    run("SELECT", 3)
    run("SET", "c", 1)
    assert info(run, "keyspace") == {
        "db0": "keys=2,expires=1,avg_ttl=1000",
        "db3": "keys=1,expires=0,avg_ttl=0",
    }


def test_info_counts_changes_and_expired_keys(run: Run, engine: Engine, clock: ManualClock) -> None:
    run("MSET", "a", 1, "b", 2)
    run("PEXPIRE", "a", 10)
    assert info(run, "persistence")["rdb_changes_since_last_save"] == "3"
    clock.advance(ms=11)
    run("GET", "a")
    assert info(run, "stats")["expired_keys"] == "1"
