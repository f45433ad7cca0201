from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run, runner

OK = b"+OK\r\n"
NO_SUCH_FIELDSET = b"-ERR no such fieldset\r\n"
DUPLICATE = b"-ERR duplicate field name in fieldset\r\n"
MISMATCH = b"-ERR value count does not match fieldset field count\r\n"
WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"


def array(*texts: str) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(
        b"$%d\r\n%b\r\n" % (len(t), t.encode()) for t in texts
    )


def test_a_hash_is_made_of_prepared_fields_the_shorter_first(run: Run) -> None:
    assert run("HIMPORT", "PREPARE", "user", "name", "email", "age") == OK
    assert run("himport", "set", "u:1", "user", "alice", "a@x", "30") == OK
    assert run("HGETALL", "u:1") == array("age", "30", "name", "alice", "email", "a@x")


def test_names_may_be_empty(run: Run) -> None:
    assert run("HIMPORT", "PREPARE", "", "", "b") == OK
    assert run("HIMPORT", "SET", "h", "", 1, 2) == OK
    assert run("HGETALL", "h") == array("", "1", "b", "2")


def test_a_fieldset_takes_the_place_of_one_of_the_same_name(run: Run) -> None:
    run("HIMPORT", "PREPARE", "f", "a", "b")
    run("HIMPORT", "PREPARE", "f", "x")
    assert run("HIMPORT", "SET", "h", "f", 1, 2) == MISMATCH
    assert run("HIMPORT", "SET", "h", "f", 1) == OK
    assert run("HGETALL", "h") == array("x", "1")


def test_a_field_that_comes_twice_is_refused_and_the_old_fieldset_stays(run: Run) -> None:
    run("HIMPORT", "PREPARE", "f", "a")
    assert run("HIMPORT", "PREPARE", "f", "x", "y", "x") == DUPLICATE
    assert run("HIMPORT", "SET", "h", "f", 1) == OK
    assert run("HGETALL", "h") == array("a", "1")


def test_a_hash_is_replaced_with_its_deadlines(run: Run, clock: ManualClock) -> None:
    run("HSET", "h", "old", 1, "a", 2)
    run("HEXPIRE", "h", 10, "FIELDS", 1, "a")
    run("EXPIRE", "h", 10)
    run("HIMPORT", "PREPARE", "f", "a")
    assert run("HIMPORT", "SET", "h", "f", "new") == OK
    clock.advance(seconds=100)
    assert run("HGETALL", "h") == array("a", "new")
    assert run("TTL", "h") == b":-1\r\n"


def test_what_is_no_hash_is_not_replaced(run: Run) -> None:
    run("SET", "k", "text")
    assert run("HIMPORT", "SET", "k", "nothing", 1) == WRONG_TYPE
    assert run("HIMPORT", "SET", "none", "nothing", 1) == NO_SUCH_FIELDSET
    run("HIMPORT", "PREPARE", "f", "a")
    assert run("HIMPORT", "SET", "k", "f", 1, 2) == WRONG_TYPE
    assert run("GET", "k") == b"$4\r\ntext\r\n"


@pytest.mark.parametrize(
    ("count", "length", "encoding"),
    [(512, 64, b"listpack"), (513, 1, b"hashtable"), (1, 65, b"hashtable")],
)
def test_its_encoding_is_that_of_any_hash(
    run: Run, count: int, length: int, encoding: bytes
) -> None:
    run("HSET", "h", "a", "b" * 100)
    run("HIMPORT", "PREPARE", "f", *range(count))
    run("HIMPORT", "SET", "h", "f", *["v" * length] * count)
    assert encoding in run("OBJECT", "ENCODING", "h")


def test_the_event_is_that_of_hset(run: Run, events: list[str]) -> None:
    run("HIMPORT", "PREPARE", "f", "a", "b")
    run("HIMPORT", "SET", "h", "f", 1, 2)
    run("HIMPORT", "SET", "h", "f", 1)
    run("HIMPORT", "DISCARDALL")
    assert events == ["hset h"]


def test_it_is_one_change_whatever_the_number_of_fields(run: Run, engine: Engine) -> None:
    run("HIMPORT", "PREPARE", "f", "a", "b")
    run("HIMPORT", "SET", "h", "f", 1, 2)
    assert engine.state.databases[0].changes == 1


def test_who_watches_the_key_is_told(run: Run, run_other: Run) -> None:
    run("WATCH", "h")
    run_other("HIMPORT", "PREPARE", "f", "a")
    run_other("HIMPORT", "SET", "h", "f", 1)
    run("MULTI")
    assert run("EXEC") == b"*-1\r\n"


def test_fieldsets_are_forgotten_by_name_or_all_at_once(run: Run) -> None:
    assert run("HIMPORT", "DISCARD", "a") == b":0\r\n"
    assert run("HIMPORT", "DISCARDALL") == b":0\r\n"
    for name in "abc":
        run("HIMPORT", "PREPARE", name, "x")
    assert run("HIMPORT", "DISCARD", "a") == b":1\r\n"
    assert run("HIMPORT", "DISCARD", "a") == b":0\r\n"
    assert run("HIMPORT", "SET", "h", "a", 1) == NO_SUCH_FIELDSET
    run("HIMPORT", "SET", "h", "b", 1)
    assert run("HIMPORT", "DISCARDALL") == b":2\r\n"
    assert run("HIMPORT", "DISCARDALL") == b":0\r\n"
    assert run("HGETALL", "h") == array("x", "1")


def test_fieldsets_are_one_connection_s(run: Run, run_other: Run) -> None:
    run("HIMPORT", "PREPARE", "f", "a")
    assert run_other("HIMPORT", "SET", "h", "f", 1) == NO_SUCH_FIELDSET
    assert run_other("HIMPORT", "DISCARD", "f") == b":0\r\n"
    run("SELECT", 1)
    assert run("HIMPORT", "SET", "h", "f", 1) == OK


def test_reset_forgets_fieldsets(run: Run) -> None:
    run("HIMPORT", "PREPARE", "f", "a")
    run("RESET")
    assert run("HIMPORT", "SET", "h", "f", 1) == NO_SUCH_FIELDSET


def test_fieldsets_are_prepared_and_used_in_a_transaction(run: Run) -> None:
    run("MULTI")
    run("HIMPORT", "PREPARE", "f", "a")
    run("HIMPORT", "SET", "h", "f", 1)
    assert run("EXEC") == b"*2\r\n+OK\r\n+OK\r\n"
    assert run("HIMPORT", "DISCARD", "f") == b":1\r\n"


def test_a_script_has_fieldsets_of_its_own_until_it_ends(run: Run) -> None:
    run("HIMPORT", "PREPARE", "mine", "a")
    use_mine = "return redis.pcall('HIMPORT', 'SET', KEYS[1], 'mine', 1)"
    assert run("EVAL", use_mine, 1, "h") == NO_SUCH_FIELDSET
    prepare = "redis.call('HIMPORT', 'PREPARE', 'its', 'b')"
    use = "return redis.call('HIMPORT', 'SET', KEYS[1], 'its', 1)"
    assert run("EVAL", f"{prepare} {use}", 1, "h") == OK
    assert run("HGETALL", "h") == array("b", "1")
    assert b"no such fieldset" in run("EVAL", use, 1, "h")
    assert run("HIMPORT", "SET", "h", "its", 1) == NO_SUCH_FIELDSET
    assert run("HIMPORT", "SET", "h", "mine", 1) == OK


def test_a_function_has_fieldsets_of_its_own_too(run: Run) -> None:
    library = (
        "#!lua name=lib\nredis.register_function('f', function(keys) "
        "redis.call('HIMPORT', 'PREPARE', 'its', 'b') "
        "return redis.call('HIMPORT', 'SET', keys[1], 'its', 1) end)"
    )
    run("FUNCTION", "LOAD", library)
    assert run("FCALL", "f", 1, "h") == OK
    assert run("HIMPORT", "DISCARDALL") == b":0\r\n"


def test_a_script_that_only_reads_may_prepare_but_not_set(run: Run) -> None:
    assert run("EVAL_RO", "return redis.call('HIMPORT', 'PREPARE', 'f', 'a')", 0) == OK
    run("HIMPORT", "PREPARE", "f", "a")
    reply = run("EVAL_RO", "return redis.call('HIMPORT', 'SET', KEYS[1], 'f', 1)", 1, "h")
    assert b"Write commands are not allowed from read-only scripts" in reply


def test_without_memory_nothing_is_prepared_but_all_may_be_forgotten(run: Run) -> None:
    run("HIMPORT", "PREPARE", "f", "a")
    run("CONFIG", "SET", "maxmemory", 1)
    for request in (("PREPARE", "g", "a"), ("SET", "h", "f", 1)):
        assert run("HIMPORT", *request).startswith(b"-OOM command not allowed")
    assert run("HIMPORT", "DISCARD", "f") == b":1\r\n"


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("HIMPORT", "himport"),
        ("HIMPORT PREPARE f", "himport|prepare"),
        ("HIMPORT SET k f", "himport|set"),
        ("HIMPORT DISCARD", "himport|discard"),
        ("HIMPORT DISCARD a b", "himport|discard"),
        ("HIMPORT DISCARDALL a", "himport|discardall"),
    ],
)
def test_what_is_missing_or_too_much_is_refused(run: Run, request_: str, name: str) -> None:
    expected = f"-ERR wrong number of arguments for '{name}' command\r\n".encode()
    assert run(*request_.split()) == expected


def test_there_is_no_help(run: Run) -> None:
    assert run("HIMPORT", "HELP") == b"-ERR unknown subcommand 'HELP'. Try HIMPORT HELP.\r\n"


def test_all_of_it_is_in_the_category_of_hashes(run: Run) -> None:
    names = [
        "himport",
        *(f"himport|{each}" for each in ("discard", "discardall", "prepare", "set")),
    ]
    assert array(*names).partition(b"\r\n")[2] in run("ACL", "CAT", "hash")
    assert b"himport|set" in run("ACL", "CAT", "write")
    assert b"himport|prepare" not in run("ACL", "CAT", "write")


def test_who_may_not_write_the_key_may_not_set_it(run: Run, engine: Engine) -> None:
    run("ACL", "SETUSER", "alice", "on", "nopass", "+@hash", "%R~h*", "%W~mine*")
    alice = runner(engine, engine.connect())
    alice("AUTH", "alice", "")
    assert alice("HIMPORT", "PREPARE", "f", "a") == OK
    assert alice("HIMPORT", "SET", "mine", "f", 1) == OK
    assert alice("HIMPORT", "SET", "h", "f", 1).startswith(b"-NOPERM")


def test_only_set_has_a_key(run: Run) -> None:
    flags = b"*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+OW\r\n+update\r\n"
    assert run("COMMAND", "GETKEYSANDFLAGS", "HIMPORT", "SET", "k", "f", 1) == flags
    no_keys = b"-ERR The command has no key arguments\r\n"
    assert run("COMMAND", "GETKEYS", "HIMPORT", "PREPARE", "k", "f") == no_keys
