from __future__ import annotations

from typing import Any

from ferrite_lite.engine import Engine
from ferrite_lite.reply import OK
from tests.ferrite_lite.conftest import run_all


def everything_is_slow() -> tuple[Engine, Any]:
    engine = Engine()
    ctx = engine.connect()

    def run(*words: str) -> Any:
        return engine.execute(ctx, [word.encode() for word in words])

    assert run("CONFIG", "SET", "slowlog-log-slower-than", "0") == OK
    assert run("SLOWLOG", "RESET") == OK
    return engine, run


def logged(run: Any) -> list[bytes]:
    return [b" ".join(entry[3]) for entry in run("SLOWLOG", "GET", "-1")]


def test_requests_are_logged_newest_first_with_who_sent_them() -> None:
    _, run = everything_is_slow()
    run("CLIENT", "SETNAME", "me")
    run("GET", "a")
    newest = run("SLOWLOG", "GET", "1")[0]
    assert newest[3:] == [[b"GET", b"a"], b"?:0", b"me"]
    assert newest[2] >= 0
    # Each look at the log is a request, too.
    assert logged(run)[-3:] == [b"GET a", b"CLIENT SETNAME me", b"SLOWLOG RESET"]


def test_quick_commands_of_a_pipeline_are_logged_too() -> None:
    engine, run = everything_is_slow()
    run_all(engine, engine.connect(), [[b"SET", b"a", b"1"], [b"get", b"a"]])
    assert logged(run)[:2] == [b"get a", b"SET a 1"]


def test_the_limit_holds_from_the_next_request_of_a_pipeline() -> None:
    engine = Engine()
    change = [b"CONFIG", b"SET", b"slowlog-log-slower-than", b"0"]
    run_all(engine, engine.connect(), [[b"GET", b"a"], change, [b"GET", b"b"]])
    assert [entry.argv[-1] for entry in engine.state.slowlog.latest(-1)] == [b"b", b"0"]


def test_a_transaction_is_logged_command_by_command_and_exec_is_not() -> None:
    _, run = everything_is_slow()
    for words in (("MULTI",), ("SET", "a", "1"), ("EXEC",)):
        run(*words)
    assert logged(run)[:3] == [b"SET a 1", b"MULTI", b"SLOWLOG RESET"]


def test_what_a_script_calls_is_logged() -> None:
    _, run = everything_is_slow()
    run("EVAL", "return redis.call('get', 'a')", "0")
    assert logged(run)[:2] == [b"EVAL return redis.call('get', 'a') 0", b"get a"]


def test_secrets_are_not_logged() -> None:
    _, run = everything_is_slow()
    run("CONFIG", "SET", "requirepass", "hunter2")
    run("AUTH", "hunter2")
    run("ACL", "SETUSER", "alice", ">hunter2")
    assert b"hunter2" not in b" ".join(logged(run))


def test_a_negative_limit_and_a_log_of_no_length_log_nothing() -> None:
    _, run = everything_is_slow()
    for setting in (("slowlog-log-slower-than", "-1"), ("slowlog-max-len", "0")):
        run("CONFIG", "SET", "slowlog-log-slower-than", "0")
        run("CONFIG", "SET", *setting)
        run("SLOWLOG", "RESET")
        run("GET", "a")
        assert run("SLOWLOG", "LEN") == 0
