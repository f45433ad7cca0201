"""What the differential cases cannot show: time, connections that end, what costs nothing."""

from __future__ import annotations

import re
from pathlib import Path

import hiredis
import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config
from ferrite_lite.engine import Engine
from ferrite_lite.reply import Reply
from ferrite_lite.scripting.scripts import NativeScript
from tests.ferrite_lite.conftest import Run, runner

OK = b"+OK\r\n"
NO_KEY = b"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"


def user(run: Run, name: str, *rules: str) -> None:
    assert run("ACL", "SETUSER", name, "on", "nopass", *rules) == OK


def log(run: Run) -> list[dict[bytes, object]]:
    reader = hiredis.Reader()
    reader.feed(run("ACL", "LOG"))
    return [dict(zip(entry[::2], entry[1::2], strict=True)) for entry in reader.gets()]


# --- the log --------------------------------------------------------------------------------------


def test_acl_log_tells_the_age_since_the_last_refusal(
    run: Run, run_other: Run, clock: ManualClock
) -> None:
    user(run, "alice")
    run_other("AUTH", "alice", "x")
    run_other("GET", "k")
    clock.advance(ms=1500)
    assert log(run)[0][b"age-seconds"] == b"1.5"
    run_other("GET", "k")
    clock.advance(ms=3)
    (entry,) = log(run)
    assert entry[b"count"] == 2
    assert entry[b"age-seconds"] == b"0.0030000000000000001"


def test_refusals_a_minute_apart_are_two_entries(
    run: Run, run_other: Run, clock: ManualClock
) -> None:
    user(run, "alice")
    run_other("AUTH", "alice", "x")
    run_other("GET", "k")
    clock.advance(ms=60_001)
    run_other("GET", "k")
    assert [entry[b"count"] for entry in log(run)] == [1, 1]


def test_acl_log_tells_what_a_client_speaks_whose_script_was_refused(
    run: Run, run_other: Run
) -> None:
    user(run, "alice", "+hello", "+eval")
    run_other("HELLO", 3, "AUTH", "alice", "x")
    run_other("EVAL", "return redis.pcall('GET', 'k')", 0)
    assert str(log(run)[0][b"client-info"]).endswith("resp=3'")


def test_acl_log_tells_the_connection_and_what_it_asked_for(run: Run, run_other: Run) -> None:
    user(run, "alice", "+client", "~a")
    run_other("AUTH", "alice", "x")
    run_other("CLIENT", "SETNAME", "me")
    run_other("GET", "k")
    info = log(run)[0][b"client-info"]
    assert isinstance(info, bytes)
    assert re.search(rb"\bname=me .*\bcmd=get user=alice ", info)
    assert b"\n" not in info


def test_a_password_is_not_in_the_log(run: Run) -> None:
    user(run, "alice", ">right")
    run("AUTH", "alice", "wrong-secret")
    run("ACL", "SETUSER", "alice", "<other-secret")
    assert log(run)[0][b"object"] == b"AUTH"
    assert b"secret" not in run("ACL", "LOG")


# --- connections ----------------------------------------------------------------------------------


def test_deluser_closes_every_connection_of_the_user_and_no_other(engine: Engine) -> None:
    closed: list[str] = []
    admin, alice, bob = (engine.connect() for _ in range(3))
    for name, ctx in {"admin": admin, "alice": alice, "bob": bob}.items():
        ctx.close = lambda name=name: closed.append(name)  # type: ignore[misc]  # the default binds the name
    run = runner(engine, admin)
    for name, ctx in {"alice": alice, "bob": bob}.items():
        user(run, name, "+@all", "~*", "&*")
        runner(engine, ctx)("AUTH", name, "x")
    assert run("ACL", "DELUSER", "alice") == b":1\r\n"
    assert closed == ["alice"]
    assert not alice.has_authenticated
    assert runner(engine, bob)("ACL", "WHOAMI") == b"$3\r\nbob\r\n"


def test_a_user_who_deletes_itself_has_its_reply_first(engine: Engine) -> None:
    closed: list[bool] = []
    ctx = engine.connect()
    ctx.close = lambda: closed.append(True)
    run = runner(engine, ctx)
    user(run, "alice", "+@all")
    run("AUTH", "alice", "x")
    assert run("ACL", "DELUSER", "alice") == b":1\r\n"
    assert ctx.closing
    assert closed == []


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture
def acl_file(tmp_path: Path) -> Path:
    return tmp_path / "users.acl"


def test_acl_load_ends_the_connections_of_all_but_the_default_user(acl_file: Path) -> None:
    engine = Engine(config=Config(aclfile=str(acl_file)))
    run, other = (engine.connect() for _ in range(2))
    admin, alice = runner(engine, run), runner(engine, other)
    user(admin, "alice", "+@all")
    alice("AUTH", "alice", "x")
    assert admin("ACL", "SAVE") == OK
    assert admin("ACL", "LOAD") == OK
    assert other.closing
    assert not run.closing


def test_acl_load_may_keep_everybody_from_everything(acl_file: Path) -> None:
    engine = Engine(config=Config(aclfile=str(acl_file)))
    run = runner(engine, engine.connect())
    acl_file.write_text("user default on nopass ~* +acl\n")
    assert run("ACL", "LOAD") == OK
    assert run("PING").startswith(b"-NOPERM")
    acl_file.write_text("")
    assert run("ACL", "LOAD") == OK
    assert run("PING") == b"+PONG\r\n"


def test_acl_save_leaves_one_file_that_only_holds_hashes(acl_file: Path) -> None:
    engine = Engine(config=Config(aclfile=str(acl_file)))
    run = runner(engine, engine.connect())
    run("ACL", "SETUSER", "alice", "on", ">secret")
    assert run("ACL", "SAVE") == OK
    assert "secret" not in acl_file.read_text()
    assert list(acl_file.parent.iterdir()) == [acl_file]


# --- what it costs --------------------------------------------------------------------------------


def test_who_may_do_everything_is_not_guarded(engine: Engine) -> None:
    ctx = engine.connect()
    run = runner(engine, ctx)
    assert not ctx.guarded
    user(run, "alice", "+@all", "~*", "&*")
    run("AUTH", "alice", "x")
    assert not ctx.guarded


def test_the_guard_follows_the_rules_at_once(engine: Engine, run: Run) -> None:
    ctx = engine.connect()
    user(run, "alice", "+@all", "~*", "&*")
    runner(engine, ctx)("AUTH", "alice", "x")
    guarded = []
    for rule in ("-get", "+@all", "resetkeys", "allkeys"):
        run("ACL", "SETUSER", "alice", rule)
        guarded.append(ctx.guarded)
    assert guarded == [True, False, True, False]


def test_who_has_come_in_is_not_asked_again_when_a_password_is_set(
    engine: Engine, run: Run
) -> None:
    before = engine.connect()
    run("CONFIG", "SET", "requirepass", "x")
    after = engine.connect()
    assert (before.guarded, after.guarded) == (False, True)


def test_a_twin_of_a_script_does_not_run_for_a_user_with_rules(engine: Engine) -> None:
    text = b"return redis.call('get', 'other')"

    def twin(*_: object) -> Reply:
        return b"from the twin"

    engine.register_native(NativeScript(text, twin))
    run = runner(engine, engine.connect())
    assert run("EVAL", text, 0) == b"$13\r\nfrom the twin\r\n"
    user(run, "alice", "+eval", "+get", "~mine")
    run("AUTH", "alice", "x")
    assert b"can't access at least one of the keys" in run("EVAL", text, 0)


def test_genpass_never_gives_the_same_twice(run: Run) -> None:
    assert len({run("ACL", "GENPASS") for _ in range(100)}) == 100
    assert re.fullmatch(rb"\$1\r\n[0-9a-f]\r\n", run("ACL", "GENPASS", 3))


def test_every_command_that_reaches_keys_is_kept_from_them(run: Run) -> None:
    """Also those that Redis 7.0 has not."""
    user(run, "alice", "+@all", "~mine")
    run("AUTH", "alice", "x")
    assert run("OBJECT", "FREQ", "other") == NO_KEY
    assert run("GETDEL", "other") == NO_KEY


def test_what_the_rules_refuse_is_counted_as_redis_counts_it(engine: Engine, run: Run) -> None:
    user(run, "alice", "+get", "+eval", "+multi", "+exec", "~mine")
    alice = runner(engine, engine.connect())
    alice("AUTH", "alice", "x")
    alice("GET", "other")
    alice("EVAL", "return redis.pcall('get', 'other')", 0)
    alice("EVAL", "return redis.pcall('set', 'mine', 'x')", 0)
    alice("MULTI")
    alice("GET", "mine")
    user(run, "alice", "-get")
    alice("EXEC")
    counted = {
        meter.command.name: (meter.calls, meter.rejected, meter.failed)
        for meter in engine.state.metrics
    }
    assert counted["get"] == (0, 2, 0)
    assert counted["set"] == (0, 1, 0)
    assert counted["exec"] == (1, 0, 1)
    assert counted["eval"] == (2, 0, 2)
