"""INFO: its sections, the names of its fields, and those of its counts that requests decide."""

from __future__ import annotations

import pytest

from tests.support.wire import RawConnection

from .runner import Target
from .script import split_words

#: Fields of Redis that are not here, and why.
ABSENT = {
    "atomicvar_api": "of how a C program was built",
    "gcc_version": "of how a C program was built",
}
#: Fields that Redis 7.0 does not have.
OURS = {"ferrite_version", "python_version", "expired_fields"}

SECTIONS = (
    *("server", "clients", "memory", "persistence", "stats", "replication", "cpu", "modules"),
    *("commandstats", "errorstats", "latencystats", "cluster", "keyspace"),
)


def fields(connection: RawConnection, *sections: str) -> dict[str, str]:
    """The fields that INFO shows, in order."""
    lines = connection.ask("INFO", *sections).decode().split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("section", ["default", *SECTIONS[:8], "cluster"])
def test_a_section_has_redis_s_fields_in_redis_s_order(
    section: str, reference: Target, subject: Target
) -> None:
    with reference.connect(2) as theirs, subject.connect(2) as ours:
        for connection in (theirs, ours):
            connection.ask("FLUSHALL")
            connection.ask("SET", "a", "b")
        their_names, our_names = fields(theirs, section), fields(ours, section)
    errors = {name for name in (*their_names, *our_names) if name.startswith("errorstat_")}
    expected = [name for name in their_names if name not in ABSENT and name not in errors]
    assert [name for name in our_names if name not in OURS | errors] == expected


#: Never other than so: what Redis says of a server without replicas, forks and modules.
CONSTANT = [
    *("redis_mode", "process_supervised", "arch_bits", "cluster_connections"),
    *("clients_in_timeout_table", "mem_replication_backlog", "mem_clients_slaves"),
    *("active_defrag_running", "lazyfree_pending_objects", "loading", "async_loading"),
    *("rdb_bgsave_in_progress", "rdb_last_bgsave_status", "rdb_last_bgsave_time_sec"),
    *("aof_enabled", "aof_last_write_status", "aof_rewrite_in_progress"),
    *("module_fork_in_progress", "sync_full", "latest_fork_usec", "migrate_cached_sockets"),
    *("active_defrag_hits", "role", "connected_slaves", "master_failover_state"),
    *("master_replid2", "master_repl_offset", "second_repl_offset", "repl_backlog_active"),
    *("repl_backlog_size", "used_cpu_sys_children", "cluster_enabled", "current_fork_perc"),
    *("io_threads_active", "hz", "configured_hz", "maxmemory_policy", "maxclients"),
    *("unexpected_error_replies", "expired_stale_perc"),
]


@pytest.mark.parametrize("name", CONSTANT)
def test_what_never_happens_is_told_as_redis_tells_it(
    name: str, reference: Target, subject: Target
) -> None:
    with reference.connect(2) as theirs, subject.connect(2) as ours:
        assert fields(ours, "everything")[name] == fields(theirs, "everything")[name]


SETUP = [
    *("SET s v", "HSET h f v", "SADD st a b", "SADD st2 b", "SET n 10"),
    *("DEBUG SET-ACTIVE-EXPIRE 0", "SET gone v PXAT 1"),
]
LOOKUPS = """
GET s
GET none
GET h
GETDEL none
GETSET none v
GETEX s
GETEX none PERSIST
SET s x
SET s x GET
SET none x GET
SET h x GET
SETNX s 1
APPEND none x
INCR n
INCR none
STRLEN s
STRLEN none
STRLEN h
GETRANGE none 0 1
GETRANGE s x 1
MGET s none h none
MSETNX s 1 t 2
LCS s none
EXISTS s none s
TOUCH s none
TYPE none
TYPE s
TTL none
PTTL s
EXPIRETIME none
OBJECT ENCODING s
OBJECT ENCODING none
MEMORY USAGE s
MEMORY USAGE none
DUMP s
DUMP none
EXPIRE none 10
EXPIRE s 1000
PERSIST none
DEL none s
UNLINK none
RENAME none other
COPY none other
COPY s other
HGET h f
HGET none f
HGET s f
HMGET none f g
HGETALL h
HLEN none
HEXISTS h f
HKEYS none
HVALS h
HSTRLEN none f
HRANDFIELD none
HRANDFIELD h 2
HSCAN none 0
HSCAN h 0
HSET none f v
HDEL none f
HINCRBY none f 1
SCARD none
SCARD st
SISMEMBER none a
SMISMEMBER st a b
SMEMBERS none
SRANDMEMBER none
SRANDMEMBER st 2
SSCAN none 0
SINTER st st2
SINTER st none
SINTERCARD 2 st none
SUNION st none st2
SDIFF none st
SDIFF st none
SINTERSTORE d st none
SINTERSTORE d st st2
SUNIONSTORE d st none
SDIFFSTORE st st none
SMOVE none st a
SPOP none
SREM none a
SADD none a
SORT st ALPHA
SORT none ALPHA
SORT st ALPHA STORE d
SORT st BY w_* GET x_* GET #
SORT_RO none
KEYS *
SCAN 0
DBSIZE
WATCH none
EVAL "return redis.call('GET', 'none')" 0
EVAL "redis.call('GET', 's') return redis.call('SET', 's', 'v')" 0
EVAL_RO "return 1" 1 none
GET gone
SET gone x GET
SET none x XX GET
DEL gone none
COPY gone other
RENAME s gone
SUNIONSTORE gone none
EXPIRE gone 10
LCS h none
LCS none h
LCS s n FOO
SUNION st none s st2
SINTER st h none
SDIFFSTORE d none h
SORT s
SORT st STORE d
SORT h STORE d
SORT_RO h
GETEX s EX 0
SCAN 0 TYPE set
OBJECT FREQ s
SWAPDB 0 1
SWAPDB 0 0
FLUSHALL
""".strip().splitlines()


COUNTS = ("keyspace_hits", "keyspace_misses", "expired_keys", "rdb_changes_since_last_save")


def counted(connection: RawConnection, request: str) -> dict[str, int]:
    """What a request adds to each count."""
    connection.ask("FLUSHALL")
    for line in SETUP:
        connection.ask(*split_words(line))
    before = fields(connection, "stats", "persistence")
    connection.ask(*split_words(request))
    after = fields(connection, "stats", "persistence")
    connection.ask("DEBUG", "SET-ACTIVE-EXPIRE", "1")
    return {name: int(after[name]) - int(before[name]) for name in COUNTS}


@pytest.mark.parametrize("request_line", LOOKUPS)
def test_lookups_and_changes_are_counted_as_redis_does(
    request_line: str, reference: Target, subject: Target
) -> None:
    with reference.connect(2) as theirs, subject.connect(2) as ours:
        assert counted(ours, request_line) == counted(theirs, request_line)


FAILURES = """
return 1
return {err='A b'}
return {1, {err='A b'}}
return {{err='A b'}, {err='C d'}}
return {redis.pcall('INCR', 's')}
local e = redis.pcall('INCR', 's') return {e, {e}, {err='A b'}}
redis.pcall('INCR', 's') return {1}
return {redis.pcall('GET')}
return redis.call('INCR', 's')
return {map={a={err='A b'}}}
""".strip().splitlines()


def failures(connection: RawConnection, script: str) -> dict[str, str]:
    """How often each command failed while a script ran."""
    connection.ask("SET", "s", "v")
    connection.ask("CONFIG", "RESETSTAT")
    connection.ask("EVAL", script, 0)
    stats = fields(connection, "commandstats")
    return {name: value.partition("rejected_calls=")[2] for name, value in stats.items()}


@pytest.mark.parametrize("script", FAILURES)
def test_failures_of_scripts_are_counted_as_redis_does(
    script: str, reference: Target, subject: Target
) -> None:
    with reference.connect(2) as theirs, subject.connect(2) as ours:
        assert failures(ours, script) == failures(theirs, script)


def test_hits_and_misses_of_a_pipeline_and_of_a_transaction(
    reference: Target, subject: Target
) -> None:
    found = []
    for target in (reference, subject):
        with target.connect(2) as connection:
            connection.ask("FLUSHALL")
            connection.ask("CONFIG", "RESETSTAT")
            for words in (["SET", "a", "1"], ["MULTI"], ["GET", "a"], ["GET", "b"], ["EXEC"]):
                connection.ask(*words)
            connection.send(b"GET a\r\nGET b\r\nHGET a f\r\nGET a\r\n" * 20)
            for _ in range(80):
                connection.read_reply()
            stats = fields(connection, "stats")
            found.append((stats["keyspace_hits"], stats["keyspace_misses"]))
    assert found[0] == found[1]
