from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

OK = b"+OK\r\n"
NIL = b"$-1\r\n"
EMPTY = b"*0\r\n"
ZERO, ONE = b":0\r\n", b":1\r\n"
NO_DEADLINE, NO_KEY = b":-1\r\n", b":-2\r\n"
SYNTAX_ERROR = b"-ERR syntax error\r\n"
NOT_AN_INTEGER = b"-ERR value is not an integer or out of range\r\n"
NO_SUCH_KEY = b"-ERR no such key\r\n"
SAME_OBJECT = b"-ERR source and destination objects are the same\r\n"
DB_OUT_OF_RANGE = b"-ERR DB index is out of range\r\n"


def names(reply: bytes) -> list[str]:
    """The strings of an array without line ends, sorted."""
    found = reply.decode().split("\r\n")[2:-1:2]
    assert len(found) == int(reply[1 : reply.index(b"\r")])
    return sorted(found)


def scan_step(reply: bytes) -> tuple[str, list[str]]:
    """The cursor and the keys of one SCAN."""
    return reply.decode().split("\r\n")[2], names(reply[reply.index(b"*", 1) :])


def changes(engine: Engine, db: int = 0) -> int:
    return engine.state.databases[db].changes


@pytest.fixture
def three_types(run: Run) -> None:
    run("SET", "text", "v")
    run("HSET", "hash", "f", "v")
    run("SADD", "set", "m")


# --- there or not ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["DEL", "UNLINK"])
@pytest.mark.usefixtures("three_types")
def test_deleting_counts_each_key_once(
    run: Run, engine: Engine, events: list[str], command: str
) -> None:
    before = changes(engine)
    assert run(command, "text", "no", "text", "set") == b":2\r\n"
    assert run(command, "text") == ZERO
    assert events == ["del text", "del set"]
    assert changes(engine) == before + 2


@pytest.mark.parametrize("command", ["EXISTS", "TOUCH"])
@pytest.mark.usefixtures("three_types")
def test_a_key_named_twice_counts_twice(run: Run, engine: Engine, command: str) -> None:
    before = changes(engine)
    assert run(command, "text", "text", "hash", "no") == b":3\r\n"
    assert changes(engine) == before


@pytest.mark.usefixtures("three_types")
def test_type_names_what_a_key_holds(run: Run) -> None:
    kinds = [run("TYPE", key) for key in ("text", "hash", "set", "no")]
    assert kinds == [b"+string\r\n", b"+hash\r\n", b"+set\r\n", b"+none\r\n"]


@pytest.mark.parametrize(
    ("request_line", "reply"),
    [
        ("EXISTS gone", ZERO),
        ("TOUCH gone", ZERO),
        ("DEL gone", ZERO),
        ("UNLINK gone", ZERO),
        ("TYPE gone", b"+none\r\n"),
        ("RANDOMKEY", NIL),
        ("SCAN 0", b"*2\r\n$1\r\n0\r\n*0\r\n"),
        ("RENAME gone new", NO_SUCH_KEY),
        ("RENAMENX gone new", NO_SUCH_KEY),
        ("MOVE gone 1", ZERO),
        ("COPY gone new", ZERO),
        ("EXPIRE gone 100", ZERO),
        ("EXPIRE gone -1", ZERO),
        ("PERSIST gone", ZERO),
        ("TTL gone", NO_KEY),
        ("PTTL gone", NO_KEY),
        ("EXPIRETIME gone", NO_KEY),
        ("PEXPIRETIME gone", NO_KEY),
        ("OBJECT ENCODING gone", NIL),
        ("OBJECT REFCOUNT gone", NIL),
        ("OBJECT IDLETIME gone", NIL),
        ("OBJECT FREQ gone", NIL),
    ],
)
def test_a_key_past_its_deadline_is_a_missing_key(
    run: Run, clock: ManualClock, events: list[str], request_line: str, reply: bytes
) -> None:
    run("SET", "gone", "v", "PX", 100)
    clock.advance(ms=101)
    assert run(*request_line.split()) == reply
    assert events[-1] == "expired gone"


@pytest.mark.parametrize("pattern", ["*", "gone"])
def test_keys_does_not_see_a_key_past_its_deadline_and_leaves_it(
    run: Run, clock: ManualClock, events: list[str], pattern: str
) -> None:
    run("SET", "gone", "v", "PX", 100)
    clock.advance(ms=101)
    assert run("KEYS", pattern) == EMPTY
    assert run("DBSIZE") == b":1\r\n"
    assert "expired gone" not in events


# --- walking --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("three_types")
def test_keys_finds_what_matches_among_the_living(run: Run, clock: ManualClock) -> None:
    run("SET", "short", "v", "PX", 100)
    assert names(run("KEYS", "*s*")) == ["hash", "set", "short"]
    clock.advance(ms=101)
    assert names(run("KEYS", "*s*")) == ["hash", "set"]
    assert names(run("KEYS", "set")) == ["set"]
    assert run("KEYS", "sets") == EMPTY


def test_randomkey_finds_every_key_in_time(run: Run) -> None:
    run("MSET", "a", 1, "b", 2, "c", 3)
    found = {run("RANDOMKEY") for _ in range(200)}
    assert found == {b"$1\r\na\r\n", b"$1\r\nb\r\n", b"$1\r\nc\r\n"}


def test_a_scan_finds_every_key_in_steps(run: Run) -> None:
    for number in range(200):
        run("SET", f"key {number}", "v")
    found: list[str] = []
    cursor = "0"
    while True:
        cursor, step = scan_step(run("SCAN", cursor, "COUNT", 30))
        assert len(step) <= 30
        found += step
        if cursor == "0":
            break
    assert sorted(found) == sorted(f"key {number}" for number in range(200))


@pytest.mark.usefixtures("three_types")
def test_a_scan_selects_by_name_and_by_type(run: Run) -> None:
    assert scan_step(run("SCAN", 0, "MATCH", "*s*"))[1] == ["hash", "set"]
    assert scan_step(run("SCAN", 0, "type", "HASH"))[1] == ["hash"]
    assert scan_step(run("SCAN", 0, "TYPE", "set", "MATCH", "h*"))[1] == []
    assert scan_step(run("SCAN", 0, "TYPE", "list"))[1] == []


# --- another place --------------------------------------------------------------------------------


def test_rename_takes_value_and_deadline_along(
    run: Run, engine: Engine, clock: ManualClock, events: list[str]
) -> None:
    run("SET", "old", "v", "PX", 100)
    run("HSET", "new", "f", "v")
    before = changes(engine)
    assert run("RENAME", "old", "new") == OK
    assert run("EXISTS", "old") == ZERO
    assert run("PTTL", "new") == b":100\r\n"
    assert events[-2:] == ["rename_from old", "rename_to new"]
    assert changes(engine) == before + 1
    clock.advance(ms=101)
    assert run("GET", "new") == NIL


def test_rename_does_not_leave_the_deadline_of_what_it_replaces(run: Run) -> None:
    run("SET", "old", "v")
    run("SET", "new", "w", "EX", 100)
    run("RENAME", "old", "new")
    assert run("TTL", "new") == NO_DEADLINE


def test_renaming_a_key_to_itself_changes_nothing(
    run: Run, engine: Engine, events: list[str]
) -> None:
    run("SET", "key", "v", "EX", 100)
    seen, before = len(events), changes(engine)
    assert run("RENAME", "key", "key") == OK
    assert run("RENAMENX", "key", "key") == ZERO
    assert run("TTL", "key") == b":100\r\n"
    assert (len(events), changes(engine)) == (seen, before)


def test_renamenx_replaces_only_what_is_past_its_deadline(run: Run, clock: ManualClock) -> None:
    run("SET", "old", "v")
    run("SET", "new", "w", "PX", 100)
    assert run("RENAMENX", "old", "new") == ZERO
    clock.advance(ms=101)
    assert run("RENAMENX", "old", "new") == ONE
    assert run("GET", "new") == b"$1\r\nv\r\n"
    assert run("TTL", "new") == NO_DEADLINE


def test_move_takes_a_key_to_another_database(
    run: Run, engine: Engine, clock: ManualClock, events: list[str]
) -> None:
    run("SET", "key", "v", "PX", 100)
    before = changes(engine)
    assert run("MOVE", "key", 1) == ONE
    assert run("EXISTS", "key") == ZERO
    assert events[-1] == "move_from key"
    assert changes(engine) + changes(engine, db=1) == before + 1
    run("SELECT", 1)
    assert run("PTTL", "key") == b":100\r\n"
    clock.advance(ms=101)
    assert run("EXISTS", "key") == ZERO


def test_move_leaves_a_key_that_the_other_database_has(run: Run, clock: ManualClock) -> None:
    run("SELECT", 1)
    run("SET", "key", "there", "PX", 100)
    run("SELECT", 0)
    run("SET", "key", "here")
    assert run("MOVE", "key", 1) == ZERO
    assert run("GET", "key") == b"$4\r\nhere\r\n"
    clock.advance(ms=101)
    assert run("MOVE", "key", 1) == ONE


@pytest.mark.parametrize(
    ("db", "reply"),
    [
        ("0", SAME_OBJECT),
        ("16", DB_OUT_OF_RANGE),
        ("-1", DB_OUT_OF_RANGE),
        ("x", NOT_AN_INTEGER),
    ],
)
def test_move_looks_at_the_database_before_the_key(run: Run, db: str, reply: bytes) -> None:
    assert run("MOVE", "no", db) == reply


@pytest.mark.usefixtures("three_types")
def test_a_copy_is_independent(run: Run) -> None:
    run("APPEND", "text", "w")
    for kind in ("text", "hash", "set"):
        assert run("COPY", kind, f"{kind} 2") == ONE
    run("APPEND", "text", "x")
    run("HSET", "hash", "f", "w")
    run("SADD", "set", "n")
    assert run("GET", "text 2") == b"$2\r\nvw\r\n"
    assert run("HGET", "hash 2", "f") == b"$1\r\nv\r\n"
    assert run("SMEMBERS", "set 2") == b"*1\r\n$1\r\nm\r\n"


def test_a_copy_has_the_same_deadline(
    run: Run, engine: Engine, clock: ManualClock, events: list[str]
) -> None:
    run("SET", "key", "v", "PX", 100)
    before = changes(engine)
    assert run("COPY", "key", "twin") == ONE
    assert events[-1] == "copy_to twin"
    assert changes(engine) == before + 1
    run("PERSIST", "key")
    clock.advance(ms=101)
    assert run("EXISTS", "key", "twin") == ONE


def test_copy_replaces_only_when_told(run: Run, engine: Engine) -> None:
    run("SET", "a", "1")
    run("SET", "b", "2", "EX", 100)
    before = changes(engine)
    assert run("COPY", "a", "b") == ZERO
    assert run("COPY", "no", "b", "REPLACE") == ZERO
    assert changes(engine) == before
    assert run("COPY", "a", "b", "replace") == ONE
    assert run("GET", "b") == b"$1\r\n1\r\n"
    assert run("TTL", "b") == NO_DEADLINE


def test_copy_to_another_database_may_keep_the_name(run: Run) -> None:
    run("SET", "a", "1")
    assert run("COPY", "a", "a", "DB", 1) == ONE
    assert run("COPY", "a", "a") == run("COPY", "a", "a", "DB", 0) == SAME_OBJECT
    run("SELECT", 1)
    assert run("GET", "a") == b"$1\r\n1\r\n"


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("DB", SYNTAX_ERROR),
        ("FOO", SYNTAX_ERROR),
        ("REPLACE DB 16", DB_OUT_OF_RANGE),
        ("DB x REPLACE", NOT_AN_INTEGER),
    ],
)
def test_copy_refuses_bad_options_before_it_copies(run: Run, words: str, reply: bytes) -> None:
    run("SET", "a", "1")
    assert run("COPY", "a", "b", *words.split()) == reply
    assert run("EXISTS", "b") == ZERO


# --- deadlines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "unit_ms", "from_now"),
    [
        ("EXPIRE", 1000, True),
        ("PEXPIRE", 1, True),
        ("EXPIREAT", 1000, False),
        ("PEXPIREAT", 1, False),
    ],
)
def test_a_key_lives_through_the_millisecond_of_its_deadline(
    run: Run,
    engine: Engine,
    clock: ManualClock,
    events: list[str],
    command: str,
    unit_ms: int,
    from_now: bool,
) -> None:
    run("SET", "key", "v")
    start = 0 if from_now else clock.now_ms() // unit_ms
    assert run(command, "key", start + 5) == ONE
    assert run("PTTL", "key") == b":%d\r\n" % (5 * unit_ms)
    clock.advance(ms=5 * unit_ms)
    assert run("PTTL", "key") == ZERO
    assert run("GET", "key") == b"$1\r\nv\r\n"
    clock.advance(ms=1)
    assert run("GET", "key") == NIL
    assert events == ["set key", "expire key", "expired key"]
    assert engine.state.databases[0].expired == 1


@pytest.mark.parametrize(
    "request_line", ["EXPIRE key 0", "PEXPIRE key -1", "EXPIREAT key 1", "PEXPIREAT key 0"]
)
def test_a_deadline_that_is_here_deletes_at_once(
    run: Run, engine: Engine, events: list[str], request_line: str
) -> None:
    run("SET", "key", "v")
    assert run(*request_line.split()) == ONE
    assert events == ["set key", "del key"]
    assert changes(engine) == 2
    assert engine.state.databases[0].expired == 0


@pytest.mark.parametrize(
    ("conditions", "without_one", "if_sooner", "if_later", "if_equal"),
    [
        ("NX", True, False, False, False),
        ("XX", False, True, True, True),
        ("GT", False, False, True, False),
        ("LT", True, True, False, False),
        ("XX GT", False, False, True, False),
        ("xx lt", False, True, False, False),
        ("GT GT", False, False, True, False),
    ],
)
def test_a_condition_looks_at_the_deadline_there_is(
    run: Run,
    engine: Engine,
    conditions: str,
    without_one: bool,
    if_sooner: bool,
    if_later: bool,
    if_equal: bool,
) -> None:
    cases = [(None, 100, without_one), (100, 50, if_sooner), (100, 150, if_later)]
    for current, wanted, is_set in [*cases, (100, 100, if_equal)]:
        run("SET", "key", "v")
        if current is not None:
            run("EXPIRE", "key", current)
        before = changes(engine)
        assert run("EXPIRE", "key", wanted, *conditions.split()) == b":%d\r\n" % is_set
        left = wanted if is_set else current
        assert run("TTL", "key") == b":%d\r\n" % (-1 if left is None else left)
        assert changes(engine) == before + is_set


def test_a_condition_keeps_a_key_from_a_deadline_in_the_past(run: Run) -> None:
    run("SET", "key", "v")
    assert run("EXPIRE", "key", -1, "GT") == ZERO
    assert run("EXISTS", "key") == ONE
    assert run("EXPIRE", "key", -1, "LT") == ONE
    assert run("EXISTS", "key") == ZERO


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("100 FOO", b"-ERR Unsupported option FOO\r\n"),
        ("x FOO", b"-ERR Unsupported option FOO\r\n"),
        (
            "100 NX GT",
            b"-ERR NX and XX, GT or LT options at the same time are not compatible\r\n",
        ),
        ("100 GT LT", b"-ERR GT and LT options at the same time are not compatible\r\n"),
        ("x", NOT_AN_INTEGER),
        ("9223372036854775807", b"-ERR invalid expire time in 'expire' command\r\n"),
        ("9223372036854775", b"-ERR invalid expire time in 'expire' command\r\n"),
        ("-9223372036854775808", b"-ERR invalid expire time in 'expire' command\r\n"),
    ],
)
def test_expire_looks_at_its_words_before_the_key(run: Run, words: str, reply: bytes) -> None:
    run("SET", "key", "v")
    assert run("EXPIRE", "key", *words.split()) == reply
    assert run("EXPIRE", "no", *words.split()) == reply
    assert run("TTL", "key") == NO_DEADLINE


def test_persist_takes_the_deadline_away(
    run: Run, engine: Engine, clock: ManualClock, events: list[str]
) -> None:
    run("SET", "key", "v", "PX", 100)
    before = changes(engine)
    assert run("PERSIST", "key") == ONE
    assert run("PERSIST", "key") == ZERO
    assert events[-1] == "persist key"
    assert changes(engine) == before + 1
    clock.advance(seconds=1000)
    assert run("PTTL", "key") == NO_DEADLINE


@pytest.mark.parametrize(
    ("left_ms", "seconds"), [(1, 0), (499, 0), (500, 1), (1499, 1), (1500, 2), (2000, 2)]
)
def test_times_are_told_in_the_nearest_second(
    run: Run, clock: ManualClock, left_ms: int, seconds: int
) -> None:
    run("SET", "key", "v", "PX", left_ms)
    assert run("TTL", "key") == b":%d\r\n" % seconds
    assert run("EXPIRETIME", "key") == b":%d\r\n" % (clock.now_ms() // 1000 + seconds)
    assert run("PEXPIRETIME", "key") == b":%d\r\n" % (clock.now_ms() + left_ms)


def test_a_clock_that_is_set_back_gives_a_key_more_time(run: Run, clock: ManualClock) -> None:
    run("SET", "key", "v", "PX", 100)
    clock.set_time(ms=clock.now_ms() - 1000)
    assert run("PTTL", "key") == b":1100\r\n"


# --- inside ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "encoding", "references"),
    [
        ("0", b"int", 2**31 - 1),
        ("9999", b"int", 2**31 - 1),
        ("10000", b"int", 1),
        ("-1", b"int", 1),
        ("01", b"embstr", 1),
        ("v" * 44, b"embstr", 1),
        ("v" * 45, b"raw", 1),
    ],
)
def test_object_tells_how_redis_would_keep_a_string(
    run: Run, value: str, encoding: bytes, references: int
) -> None:
    run("SET", "key", value)
    assert run("OBJECT", "ENCODING", "key") == b"$%d\r\n%b\r\n" % (len(encoding), encoding)
    assert run("OBJECT", "REFCOUNT", "key") == b":%d\r\n" % references


@pytest.mark.usefixtures("three_types")
def test_nobody_counts_who_looks_at_a_key(run: Run, clock: ManualClock) -> None:
    clock.advance(seconds=100)
    assert run("OBJECT", "IDLETIME", "set") == ZERO
    assert run("OBJECT", "FREQ", "set").startswith(b"-ERR An LFU maxmemory policy is not selected")


def test_object_help_names_every_subcommand(run: Run) -> None:
    help_text = run("OBJECT", "HELP")
    for name in (b"ENCODING", b"FREQ", b"IDLETIME", b"REFCOUNT", b"HELP"):
        assert b"\r\n+%b" % name in help_text
