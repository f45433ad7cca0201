from __future__ import annotations

from typing import Any

import pytest

from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

OK = b"+OK\r\n"
BAD_COUNT = b"-ERR count should be greater than or equal to -1\r\n"
BAD_TYPE = b"-ERR type should be one of the following: slow, large-request, large-reply\r\n"


def logged(engine: Engine, kind: bytes) -> list[tuple[int, list[bytes]]]:
    """The sizes and requests of a log, newest first."""
    entries: Any = engine.execute(engine.connect(), [b"COMMANDLOG", b"GET", b"-1", kind])
    return [(entry[2], entry[3]) for entry in entries]


def test_the_slow_log_has_two_names(run: Run) -> None:
    run("CONFIG", "SET", "commandlog-execution-slower-than", 0)
    assert run("CONFIG", "GET", "slowlog-log-slower-than").endswith(b"$1\r\n0\r\n")
    run("SLOWLOG", "RESET")
    run("GET", "k")
    run("CONFIG", "SET", "slowlog-log-slower-than", -1)
    assert run("COMMANDLOG", "LEN", "slow") == run("SLOWLOG", "LEN") == b":2\r\n"
    assert run("COMMANDLOG", "GET", -1, "SLOW") == run("SLOWLOG", "GET", -1)
    assert run("COMMANDLOG", "RESET", "slow") == OK
    assert run("SLOWLOG", "LEN") == b":0\r\n"


def test_requests_are_logged_from_a_size_on(run: Run, engine: Engine) -> None:
    run("CONFIG", "SET", "commandlog-request-larger-than", 37)
    run("COMMANDLOG", "RESET", "large-request")
    run("SET", "k", "012345678")
    run("SET", "k", "0123456789")
    first, second = logged(engine, b"large-request")[::-1]
    assert first == (52, [b"COMMANDLOG", b"RESET", b"large-request"])  # it ends after it has reset
    assert second == (37, [b"SET", b"k", b"0123456789"])


def test_replies_are_logged_from_a_size_on(run: Run, engine: Engine) -> None:
    run("SET", "k", "0123456789")
    run("CONFIG", "SET", "commandlog-reply-larger-than", 17)
    run("GET", "k")
    run("GETRANGE", "k", 0, 8)
    assert logged(engine, b"large-reply") == [(17, [b"GET", b"k"])]
    assert logged(engine, b"large-request") == []


def test_errors_are_replies_too_and_what_a_script_calls_has_none(run: Run, engine: Engine) -> None:
    run("SET", "k", "v" * 100)
    run("CONFIG", "SET", "commandlog-reply-larger-than", 40)
    run("EVAL", "redis.call('GET', 'k')", 0)
    assert run("SADD", "k", 1).startswith(b"-WRONGTYPE")
    ((size, words),) = logged(engine, b"large-reply")
    assert (size, words) == (68, [b"SADD", b"k", b"1"])


def test_secrets_are_not_logged_and_exec_is_not_either(run: Run, engine: Engine) -> None:
    run("CONFIG", "SET", "commandlog-request-larger-than", 0)
    run("COMMANDLOG", "RESET", "large-request")
    run("MULTI")
    run("SET", "k", 1)
    run("EXEC")
    run("AUTH", "default", "hunter2")
    assert logged(engine, b"large-request")[:3] == [
        (40, [b"AUTH", b"(redacted)", b"(redacted)"]),
        (27, [b"SET", b"k", b"1"]),
        (15, [b"MULTI"]),
    ]


def test_only_so_many_entries_stay(run: Run, engine: Engine) -> None:
    run("CONFIG", "SET", "commandlog-large-reply-max-len", 2)
    run("CONFIG", "SET", "commandlog-reply-larger-than", 0)
    for number in range(5):
        run("ECHO", number)
    assert [words[-1] for _, words in logged(engine, b"large-reply")] == [b"4", b"3"]


def test_nothing_is_measured_until_somebody_asks(run: Run, engine: Engine) -> None:
    ctx, guarded = engine.connect(), []
    for size in (-1, 0, -1):
        run("CONFIG", "SET", "commandlog-reply-larger-than", size)
        guarded.append(ctx.guarded)
    assert guarded == [False, True, False]


def test_its_settings_are_shown_to_who_names_them(run: Run) -> None:
    assert run("CONFIG", "GET", "*commandlog*") == b"*0\r\n"
    assert run("CONFIG", "GET", "commandlog-slow-execution-max-len") == (
        b"*2\r\n$33\r\ncommandlog-slow-execution-max-len\r\n$3\r\n128\r\n"
    )


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("GET x slow", BAD_COUNT),
        ("GET -2 foo", BAD_COUNT),
        ("GET 1 foo", BAD_TYPE),
        ("LEN foo", BAD_TYPE),
        ("RESET foo", BAD_TYPE),
        ("GET 1", b"-ERR wrong number of arguments for 'commandlog|get' command\r\n"),
    ],
)
def test_its_words_are_read_with_care(run: Run, words: str, reply: bytes) -> None:
    assert run("COMMANDLOG", *words.split()) == reply


def test_help_names_every_subcommand(run: Run) -> None:
    told = run("COMMANDLOG", "HELP")
    for name in (b"GET", b"LEN", b"RESET"):
        assert b"\r\n+%b <" % name in told
