from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.scripting.scripts import sha1
from tests.ferrite_lite.conftest import Run, Word

OK = b"+OK\r\n"
NOSCRIPT = b"-NOSCRIPT No matching script. Please use EVAL.\r\n"
NOT_AN_INTEGER = b"-ERR value is not an integer or out of range\r\n"
TOO_MANY_KEYS = b"-ERR Number of keys can't be greater than number of args\r\n"
NEGATIVE = b"-ERR Number of keys can't be negative\r\n"
LOADED = b"return {#KEYS, #ARGV}"
UNKNOWN_SHA = "f" * 40


# --- EVAL -----------------------------------------------------------------------------------------


def test_eval_gives_keys_and_arguments_to_the_script(run: Run) -> None:
    text = "return {KEYS[1], KEYS[2], ARGV[1], #KEYS, #ARGV}"
    assert run("EVAL", text, 2, "a", "b", "c") == (
        b"*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n:2\r\n:1\r\n"
    )


def test_arguments_may_be_any_bytes(run: Run) -> None:
    assert run("EVAL", "return ARGV[1]", 0, b"\x00\xff\r\n") == b"$4\r\n\x00\xff\r\n\r\n"


@pytest.mark.parametrize(
    ("text", "in_resp2", "in_resp3"),
    [
        ("return 1", b":1\r\n", b":1\r\n"),
        ("return 3.99", b":3\r\n", b":3\r\n"),
        ("return 'a'", b"$1\r\na\r\n", b"$1\r\na\r\n"),
        ("return nil", b"$-1\r\n", b"_\r\n"),
        ("return", b"$-1\r\n", b"_\r\n"),
        ("return true", b":1\r\n", b":1\r\n"),
        ("return false", b"$-1\r\n", b"_\r\n"),
        ("return {1, nil, 2}", b"*1\r\n:1\r\n", b"*1\r\n:1\r\n"),
        ("return {{'a'}}", b"*1\r\n*1\r\n$1\r\na\r\n", b"*1\r\n*1\r\n$1\r\na\r\n"),
        ("return {}", b"*0\r\n", b"*0\r\n"),
        ("return {ok='fine'}", b"+fine\r\n", b"+fine\r\n"),
        ("return redis.status_reply('fine')", b"+fine\r\n", b"+fine\r\n"),
        ("return redis.error_reply('MY no')", b"-MY no\r\n", b"-MY no\r\n"),
        ("return {double=1.5}", b"$3\r\n1.5\r\n", b",1.5\r\n"),
    ],
)
def test_what_a_script_returns_is_its_reply(
    run: Run, run3: Run, text: str, in_resp2: bytes, in_resp3: bytes
) -> None:
    assert run("EVAL", text, 0) == in_resp2
    assert run3("EVAL", text, 0) == in_resp3


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (("x", "a"), NOT_AN_INTEGER),
        (("1.0", "a"), NOT_AN_INTEGER),
        (("2", "a"), TOO_MANY_KEYS),
        (("1",), TOO_MANY_KEYS),
        (("-1", "a"), NEGATIVE),
    ],
)
@pytest.mark.parametrize("name", ["EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO"])
def test_the_number_of_keys_must_fit(
    run: Run, name: str, words: tuple[Word, ...], reply: bytes
) -> None:
    run("SCRIPT", "LOAD", LOADED)
    script = LOADED if name.startswith("EVAL_") or name == "EVAL" else sha1(LOADED)
    assert run(name, script, *words) == reply


def test_the_number_of_keys_is_read_before_the_script(run: Run) -> None:
    assert run("EVAL", "this is no Lua", "x") == NOT_AN_INTEGER
    assert run("EVAL", "this is no Lua", 0).startswith(b"-ERR Error compiling script")


def test_what_was_evaluated_is_known_by_its_sha1(run: Run) -> None:
    run("EVAL", LOADED, 0)
    assert run("EVALSHA", sha1(LOADED), 1, "a", "b", "c") == b"*2\r\n:1\r\n:2\r\n"
    assert run("EVALSHA", sha1(LOADED).upper(), 0) == b"*2\r\n:0\r\n:0\r\n"


def test_a_failed_script_keeps_what_it_had_written(run: Run) -> None:
    reply = run("EVAL", "redis.call('SET', 'a', 1) redis.call('INCRBY', 'a', 'x')", 0)
    assert reply.startswith(b"-ERR value is not an integer or out of range script: ")
    assert reply.endswith(b", on @user_script:1.\r\n")
    assert run("GET", "a") == b"$1\r\n1\r\n"


def test_one_script_leaves_nothing_to_the_next(run: Run) -> None:
    assert b"Attempt to modify a readonly table" in run("EVAL", "x = 1", 0)
    assert b"nonexistent global variable 'x'" in run("EVAL", "return x", 0)
    run("EVAL", "KEYS[2] = 'leak'", 1, "a")
    assert run("EVAL", "return KEYS[2]", 1, "a") == b"$-1\r\n"


def test_a_script_s_reply_does_not_change_afterwards(run: Run) -> None:
    run("HSET", "h", "f", 1)
    text = "local before = redis.call('HGETALL', 'h') redis.call('HSET', 'h', 'f', 2) return before"
    assert run("EVAL", text, 0) == b"*2\r\n$1\r\nf\r\n$1\r\n1\r\n"


def test_a_deadline_does_not_pass_inside_a_script(run: Run, clock: ManualClock) -> None:
    run("SET", "a", 1, "PX", 100)
    clock.advance(ms=100)
    text = "local n = 0 for i = 1, 100 do n = n + redis.call('EXISTS', 'a') end return n"
    assert run("EVAL", text, 0) == b":100\r\n"
    clock.advance(ms=1)
    assert run("EVAL", text, 0) == b":0\r\n"


# --- EVALSHA --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["EVALSHA", "EVALSHA_RO"])
@pytest.mark.parametrize("sha", ["", "nope", UNKNOWN_SHA, UNKNOWN_SHA + "f"])
def test_an_unknown_script_is_not_run(run: Run, name: str, sha: str) -> None:
    assert run(name, sha, 0) == NOSCRIPT


@pytest.mark.parametrize(("sha", "reply"), [("nope", NOSCRIPT), (UNKNOWN_SHA, NOT_AN_INTEGER)])
def test_what_cannot_be_a_sha1_is_refused_first(run: Run, sha: str, reply: bytes) -> None:
    assert run("EVALSHA", sha, "x") == reply


# --- SCRIPT ---------------------------------------------------------------------------------------


def test_script_load_answers_the_sha1_and_runs_nothing(run: Run) -> None:
    text = b"return redis.call('SET', 'a', 1)"
    assert run("SCRIPT", "LOAD", text) == b"$40\r\n%b\r\n" % sha1(text)
    assert run("EXISTS", "a") == b":0\r\n"
    assert run("EVALSHA", sha1(text), 0) == OK


def test_script_load_refuses_what_does_not_compile(run: Run) -> None:
    assert run("SCRIPT", "LOAD", "return +").startswith(
        b"-ERR Error compiling script (new function): user_script:1: "
    )
    assert run("SCRIPT", "EXISTS", sha1(b"return +")) == b"*1\r\n:0\r\n"


def test_script_exists_tells_one_by_one(run: Run) -> None:
    run("SCRIPT", "LOAD", LOADED)
    known = sha1(LOADED)
    assert run("SCRIPT", "EXISTS", known, UNKNOWN_SHA, known.upper(), "") == (
        b"*4\r\n:1\r\n:0\r\n:1\r\n:0\r\n"
    )


@pytest.mark.parametrize("mode", [(), ("SYNC",), ("async",)])
def test_script_flush_forgets(run: Run, mode: tuple[str, ...]) -> None:
    run("SCRIPT", "LOAD", LOADED)
    assert run("SCRIPT", "FLUSH", *mode) == OK
    assert run("EVALSHA", sha1(LOADED), 0) == NOSCRIPT


@pytest.mark.parametrize("mode", [("now",), ("SYNC", "ASYNC")])
def test_script_flush_knows_two_modes(run: Run, mode: tuple[str, ...]) -> None:
    run("SCRIPT", "LOAD", LOADED)
    reply = run("SCRIPT", "FLUSH", *mode)
    assert reply == b"-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n"
    assert run("EVALSHA", sha1(LOADED), 0) == b"*2\r\n:0\r\n:0\r\n"


def test_scripts_survive_the_data(run: Run) -> None:
    run("SCRIPT", "LOAD", LOADED)
    run("FLUSHALL")
    assert run("SCRIPT", "EXISTS", sha1(LOADED)) == b"*1\r\n:1\r\n"
