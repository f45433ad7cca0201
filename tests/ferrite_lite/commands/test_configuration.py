from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.data.expiry import SLICE_MS
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

OK = b"+OK\r\n"


def refused(name: str, reason: str) -> bytes:
    text = f"ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"
    return b"-%b\r\n" % text.encode()


def pairs(*texts: str) -> bytes:
    items = b"".join(b"$%d\r\n%b\r\n" % (len(text), text.encode()) for text in texts)
    return b"*%d\r\n%b" % (len(texts), items)


def setting(run: Run, name: str) -> str:
    """The value of one setting."""
    return run("CONFIG", "GET", name).split(b"\r\n")[-2].decode()


# --- CONFIG GET -----------------------------------------------------------------------------------


def test_config_get_answers_a_map(run: Run, run3: Run) -> None:
    assert run("CONFIG", "GET", "timeout") == pairs("timeout", "0")
    assert run3("CONFIG", "GET", "timeout") == b"%1\r\n$7\r\ntimeout\r\n$1\r\n0\r\n"


def test_config_get_takes_patterns_and_several_of_them(run: Run) -> None:
    assert run("CONFIG", "GET", "time*", "DATA*", "port") == pairs(
        "timeout", "0", "databases", "16", "port", "6379"
    )


def test_a_setting_that_matches_twice_is_told_once_as_first_spelt(run: Run) -> None:
    assert run("CONFIG", "GET", "TimeOut", "timeout", "time*") == pairs("TimeOut", "0")


def test_an_old_name_is_answered_as_it_was_asked(run: Run) -> None:
    assert run("CONFIG", "GET", "hash-max-ziplist-value") == pairs("hash-max-ziplist-value", "64")


def test_a_hidden_setting_is_told_to_who_names_it(run: Run) -> None:
    assert run("CONFIG", "GET", "Key-Load-Delay") == b"*2\r\n$14\r\nKey-Load-Delay\r\n$1\r\n0\r\n"
    assert run("CONFIG", "GET", "key-load-delay*") == b"*0\r\n"
    assert run("CONFIG", "SET", "key-load-delay", "-5") == b"+OK\r\n"
    assert b"-5" in run("CONFIG", "GET", "key-load-delay")


def test_an_unknown_setting_is_an_empty_answer(run: Run) -> None:
    assert run("CONFIG", "GET", "nope", b"\xff") == b"*0\r\n"


# --- CONFIG SET -----------------------------------------------------------------------------------


def test_config_set_changes_what_config_get_tells(run: Run) -> None:
    assert run("CONFIG", "SET", "timeout", 5, "MAXCLIENTS", 100) == OK
    assert (setting(run, "timeout"), setting(run, "maxclients")) == ("5", "100")


def test_a_setting_takes_effect(run: Run) -> None:
    run("HSET", "h", "a", 1, "b", 2)
    assert run("OBJECT", "ENCODING", "h") == b"$8\r\nlistpack\r\n"
    run("CONFIG", "SET", "hash-max-listpack-entries", 1)
    run("HSET", "new", "a", 1, "b", 2)
    assert run("OBJECT", "ENCODING", "new") == b"$9\r\nhashtable\r\n"


def test_a_size_may_have_a_unit(run: Run) -> None:
    assert run("CONFIG", "SET", "proto-max-bulk-len", "2mb") == OK
    assert setting(run, "proto-max-bulk-len") == str(2 * 1024**2)


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (("timeout", "x"), refused("timeout", "argument couldn't be parsed into an integer")),
        (
            ("maxclients", "0"),
            refused("maxclients", "argument must be between 1 and 4294967295 inclusive"),
        ),
        (
            ("proto-max-bulk-len", "x"),
            refused("proto-max-bulk-len", "argument must be a memory value"),
        ),
        (("databases", "3"), refused("databases", "can't set immutable config")),
        (("timeout", "1", "Timeout", "2"), refused("Timeout", "duplicate parameter")),
        (
            ("nope", "1"),
            b"-ERR Unknown option or number of arguments for CONFIG SET - 'nope'\r\n",
        ),
        (("timeout", "1", "maxclients"), b"-ERR syntax error\r\n"),
    ],
)
def test_config_set_refuses_in_redis_s_words(
    run: Run, words: tuple[str, ...], reply: bytes
) -> None:
    assert run("CONFIG", "SET", *words) == reply


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("timeout x nope 1", b"'nope'"),
        ("timeout x databases 1", b"'databases'"),
        ("timeout x TIMEOUT 1", b"'TIMEOUT'"),
        ("timeout x maxclients y", b"'timeout'"),
    ],
)
def test_all_names_are_looked_at_before_any_value(run: Run, words: str, named: bytes) -> None:
    assert named in run("CONFIG", "SET", *words.split())


def test_one_bad_value_and_nothing_is_changed(run: Run) -> None:
    run("CONFIG", "SET", "timeout", 5, "maxclients", "x")
    assert setting(run, "timeout") == "0"


def test_a_setting_under_both_its_names_takes_the_last(run: Run) -> None:
    words = ("hash-max-ziplist-entries", 5, "hash-max-listpack-entries", 6)
    assert run("CONFIG", "SET", *words) == OK
    assert setting(run, "hash-max-ziplist-entries") == "6"


def test_a_setting_that_cannot_be_honoured_says_why(run: Run) -> None:
    why = "only 'no' is accepted: data is not kept on disk"
    assert run("CONFIG", "SET", "appendonly", "yes") == refused("appendonly", why)
    assert run("CONFIG", "SET", "appendonly", "no") == OK
    assert setting(run, "appendonly") == "no"


def test_writes_wait_for_replicas_that_are_not_there(run: Run) -> None:
    too_few = b"-NOREPLICAS Not enough good replicas to write.\r\n"
    run("SADD", "s", "m")
    assert run("CONFIG", "SET", "min-slaves-to-write", 1) == OK
    assert run("SADD", "s", "n") == too_few
    assert run("SCARD", "s") == b":1\r\n"
    assert run("EVAL", "return redis.pcall('SET', 'a', 1).err", 0).startswith(b"$")
    run("MULTI")
    assert run("SADD", "s", "n") == too_few
    assert run("EXEC").startswith(b"-EXECABORT")
    assert run("CONFIG", "SET", "min-replicas-max-lag", 0) == OK
    assert run("SADD", "s", "n") == b":1\r\n"


# --- the others -----------------------------------------------------------------------------------


def test_resetstat_counts_from_zero(run: Run, engine: Engine, clock: ManualClock) -> None:
    run("SET", "a", 1, "PX", 1)
    clock.advance(ms=1 + SLICE_MS)
    engine.expire_due(budget_ns=10**9)
    assert b"\r\nexpired_keys:1\r\n" in run("INFO", "stats")
    assert run("CONFIG", "RESETSTAT") == OK
    info = run("INFO", "stats")
    assert b"\r\nexpired_keys:0\r\n" in info
    assert b"\r\ntotal_commands_processed:1\r\n" in info, "RESETSTAT itself counts"
    assert b"\r\ntotal_connections_received:0\r\n" in info


def test_there_is_no_file_to_rewrite(run: Run) -> None:
    assert run("CONFIG", "REWRITE") == b"-ERR The server is running without a config file\r\n"
