from __future__ import annotations

from collections.abc import Callable

import pytest

from ferrite_lite.context import Context
from ferrite_lite.engine import Engine
from ferrite_lite.persistence.dump import dump_libraries
from ferrite_lite.scripting import functions
from tests.ferrite_lite.conftest import Run

ADD = "redis.register_function('add', function(keys, args) return args[1] + args[2] end)"
GET = "redis.register_function('get', function(keys) return redis.call('GET', keys[1]) end)"


def library(name: str, code: str) -> str:
    return f"#!lua name={name}\n{code}"


def dumped(engine: Engine, ctx: Context) -> bytes:
    payload = engine.execute(ctx, [b"FUNCTION", b"DUMP"])
    assert isinstance(payload, bytes)
    return payload


@pytest.fixture
def ctx(engine: Engine) -> Context:
    return engine.connect()


def test_what_was_dumped_can_be_restored(run: Run, engine: Engine, ctx: Context) -> None:
    run("FUNCTION", "LOAD", library("one", ADD))
    run("FUNCTION", "LOAD", library("two", GET))
    payload = dumped(engine, ctx)
    assert run("FUNCTION", "RESTORE", payload) == b"-ERR Library one already exists\r\n"
    assert run("FUNCTION", "RESTORE", payload, "REPLACE") == b"+OK\r\n"
    run("FUNCTION", "FLUSH")
    assert run("FUNCTION", "RESTORE", payload) == b"+OK\r\n"
    assert run("FCALL", "add", 0, 1, 2) == b":3\r\n"
    run("FUNCTION", "LOAD", library("three", ADD.replace("add", "other")))
    assert run("FUNCTION", "RESTORE", payload, "FLUSH") == b"+OK\r\n"
    assert run("FCALL", "other", 0, 1, 2) == b"-ERR Function not found\r\n"


def test_a_restore_that_fails_changes_nothing(run: Run, engine: Engine, ctx: Context) -> None:
    run("FUNCTION", "LOAD", library("one", ADD))
    run("FUNCTION", "LOAD", library("two", GET))
    payload = dumped(engine, ctx)
    run("FUNCTION", "FLUSH")
    run("FUNCTION", "LOAD", library("three", GET))
    for policy in ("APPEND", "REPLACE"):
        reply = run("FUNCTION", "RESTORE", payload, policy)
        assert reply == b"-ERR Function get already exists\r\n"
    assert run("FCALL", "add", 0, 1, 2) == b"-ERR Function not found\r\n"


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (lambda form: form[:-1], b"-ERR DUMP payload version or checksum are wrong\r\n"),
        (lambda form: form[:10] + b"x" + form[11:], b"-ERR DUMP payload version"),
        (lambda form: b"", b"-ERR DUMP payload version or checksum are wrong\r\n"),
    ],
)
def test_a_damaged_payload_is_refused(
    run: Run, change: Callable[[bytes], bytes], answer: bytes
) -> None:
    payload = dump_libraries([library("one", ADD).encode()])
    assert run("FUNCTION", "RESTORE", change(payload)).startswith(answer)


def test_a_value_is_no_library(run: Run, engine: Engine, ctx: Context) -> None:
    run("SET", "k", "v")
    value = engine.execute(ctx, [b"DUMP", b"k"])
    assert isinstance(value, bytes)
    assert run("FUNCTION", "RESTORE", value) == b"-ERR given type is not a function\r\n"


def test_a_library_that_does_not_stop_loading_is_stopped(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functions, "LOAD_TIMEOUT_MS", 0)
    endless = library("one", "while true do end")
    timeout = b"-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n"
    assert run("FUNCTION", "LOAD", endless) == timeout


def test_one_library_does_not_see_the_locals_of_another(run: Run) -> None:
    run("FUNCTION", "LOAD", library("one", f"local secret = 1\n{ADD}"))
    run("FUNCTION", "LOAD", library("two", GET.replace("redis.call('GET', keys[1])", "secret")))
    assert b"nonexistent global variable 'secret'" in run("FCALL", "get", 0)
