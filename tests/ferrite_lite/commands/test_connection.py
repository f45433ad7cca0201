from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config
from ferrite_lite.context import Context
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run, Word, runner

OK = b"+OK\r\n"
NIL = b"$-1\r\n"
SYNTAX = b"-ERR syntax error\r\n"
WRONG_PASSWORD = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
BAD_NAME = b"-ERR Client names cannot contain spaces, newlines or special characters.\r\n"


def error(text: str) -> bytes:
    return b"-%b\r\n" % text.encode()


# --- small talk -----------------------------------------------------------------------------------


def test_ping_answers_pong_or_the_message(run: Run) -> None:
    assert run("PING") == b"+PONG\r\n"
    assert run("PING", "\r\n") == b"$2\r\n\r\n\r\n"
    assert run("PING", "a", "b") == error("ERR wrong number of arguments for 'ping' command")


def test_echo_returns_any_bytes(run: Run) -> None:
    assert run("ECHO", b"\x00\xff") == b"$2\r\n\x00\xff\r\n"


@pytest.mark.parametrize(
    ("index", "reply"),
    [
        ("0", OK),
        ("15", OK),
        ("16", error("ERR DB index is out of range")),
        ("-1", error("ERR DB index is out of range")),
        ("x", error("ERR value is not an integer or out of range")),
        (
            "2147483648",
            error("ERR value is out of range, value must between -2147483648 and 2147483647"),
        ),
    ],
)
def test_select_takes_the_number_of_a_database(run: Run, index: str, reply: bytes) -> None:
    assert run("SELECT", index) == reply


def test_quit_answers_and_ends_the_connection(engine: Engine) -> None:
    ctx = engine.connect()
    assert runner(engine, ctx)("QUIT", "whatever") == OK
    assert ctx.closing


# --- AUTH -----------------------------------------------------------------------------------------


class TestAuthWithoutAPassword:
    def test_a_password_alone_is_refused_because_there_is_none(self, run: Run) -> None:
        assert run("AUTH", "x") == error(
            "ERR AUTH <password> called without any password configured for the default user."
            " Are you sure your configuration is correct?"
        )

    def test_the_default_user_needs_no_password(self, run: Run) -> None:
        assert run("AUTH", "default", "anything") == OK

    def test_nobody_else_is_known(self, run: Run) -> None:
        assert run("AUTH", "alice", "x") == WRONG_PASSWORD


class TestAuthWithAPassword:
    @pytest.fixture
    def engine(self, clock: ManualClock) -> Engine:
        return Engine(clock=clock, config=Config(requirepass=b"secret"))

    @pytest.mark.parametrize("credentials", [("secret",), ("default", "secret")])
    def test_the_right_password_opens(self, run: Run, credentials: tuple[str, ...]) -> None:
        assert run("AUTH", *credentials) == OK
        assert run("PING") == b"+PONG\r\n"

    @pytest.mark.parametrize(
        "credentials",
        [("",), ("Secret",), ("secret ",), ("default", ""), ("Default", "secret"), ("", "secret")],
    )
    def test_anything_else_does_not(self, run: Run, credentials: tuple[str, ...]) -> None:
        assert run("AUTH", *credentials) == WRONG_PASSWORD
        assert run("PING") == error("NOAUTH Authentication required.")

    def test_a_failure_does_not_close_what_was_open(self, run: Run) -> None:
        run("AUTH", "secret")
        assert run("AUTH", "wrong") == WRONG_PASSWORD
        assert run("PING") == b"+PONG\r\n"

    def test_more_than_two_words_are_no_credentials(self, run: Run) -> None:
        assert run("AUTH", "a", "b", "c") == SYNTAX

    def test_hello_takes_the_credentials_along(self, run: Run, engine: Engine) -> None:
        assert run("HELLO", 3).startswith(b"-NOAUTH HELLO must be called with")
        assert run("HELLO", 3, "AUTH", "default", "wrong") == WRONG_PASSWORD
        assert run("HELLO", 3, "AUTH", "default", "secret").startswith(b"%7\r\n")
        assert run("GET", "a") == b"_\r\n"

    def test_reset_makes_a_stranger_again(self, run: Run) -> None:
        run("AUTH", "secret")
        assert run("RESET") == b"+RESET\r\n"
        assert run("PING") == error("NOAUTH Authentication required.")

    def test_taking_the_password_away_admits_who_was_waiting(
        self, run: Run, run_other: Run
    ) -> None:
        run("AUTH", "secret")
        run("CONFIG", "SET", "requirepass", "")
        assert run_other("PING") == b"+PONG\r\n"


def test_a_new_password_does_not_shut_out_who_is_in(run: Run, engine: Engine) -> None:
    run("CONFIG", "SET", "requirepass", "secret")
    assert run("PING") == b"+PONG\r\n"
    assert runner(engine, engine.connect())("PING") == error("NOAUTH Authentication required.")


# --- HELLO ----------------------------------------------------------------------------------------


def test_hello_describes_the_server(run: Run) -> None:
    assert run("HELLO") == (
        b"*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n"
        b"$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n"
        b"$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
    )


def test_hello_changes_the_protocol_both_ways(run: Run) -> None:
    run("HELLO", 3)
    assert run("GET", "a") == b"_\r\n"
    assert run("HELLO").startswith(b"%7\r\n")
    run("HELLO", 2)
    assert run("GET", "a") == NIL


@pytest.mark.parametrize(
    ("request_words", "reply"),
    [
        (("x",), "ERR Protocol version is not an integer or out of range"),
        (("1",), "NOPROTO unsupported protocol version"),
        (("4",), "NOPROTO unsupported protocol version"),
        (("3", "NOPE"), "ERR Syntax error in HELLO option 'NOPE'"),
        (("3", "AUTH"), "ERR Syntax error in HELLO option 'AUTH'"),
        (("3", "auth", "default"), "ERR Syntax error in HELLO option 'auth'"),
        (("3", "SETNAME"), "ERR Syntax error in HELLO option 'SETNAME'"),
    ],
)
def test_a_refused_hello_changes_nothing(
    run: Run, request_words: tuple[Word, ...], reply: str
) -> None:
    assert run("HELLO", *request_words) == error(reply)
    assert run("GET", "a") == NIL


def test_hello_gives_a_name_and_refuses_a_bad_one(run: Run) -> None:
    assert run("HELLO", 2, "SETNAME", "a b") == BAD_NAME
    assert run("CLIENT", "GETNAME") == NIL
    run("HELLO", 2, "SETNAME", "me")
    assert run("CLIENT", "GETNAME") == b"$2\r\nme\r\n"


# --- RESET ----------------------------------------------------------------------------------------


def test_reset_forgets_nearly_everything(engine: Engine, run_other: Run) -> None:
    ctx = engine.connect()
    run = runner(engine, ctx)
    run("HELLO", 3, "SETNAME", "me")
    run("SELECT", 5)
    run("CLIENT", "NO-EVICT", "ON")
    run("CLIENT", "NO-TOUCH", "ON")
    run("CLIENT", "TRACKING", "ON")
    run("MONITOR")
    run("WATCH", "a")
    run("MULTI")
    assert run("RESET") == b"+RESET\r\n"
    assert run("EXEC") == error("ERR EXEC without MULTI")
    assert run("CLIENT", "GETNAME") == NIL
    assert (ctx.resp, ctx.db.index, ctx.no_touch, ctx.watch.keys) == (2, 0, False, set())
    assert ctx.no_evict  # but this, as in Redis
    assert ctx.tracker is None
    assert not ctx.guarded


def test_reset_is_heard_although_replies_are_off(run: Run) -> None:
    run("CLIENT", "REPLY", "OFF")
    assert run("PING") == b""
    assert run("RESET") == b"+RESET\r\n"
    assert run("PING") == b"+PONG\r\n"


# --- CLIENT ---------------------------------------------------------------------------------------


def test_client_id_tells_connections_apart(run: Run, run_other: Run) -> None:
    assert run("CLIENT", "ID") == b":1\r\n"
    assert run_other("CLIENT", "ID") == b":2\r\n"


@pytest.mark.parametrize("name", ["a b", "a\n", "é", "\x7f", "a\0"])
def test_a_name_that_would_break_client_list_is_refused(run: Run, name: str) -> None:
    run("CLIENT", "SETNAME", "me")
    assert run("CLIENT", "SETNAME", name) == BAD_NAME
    assert run("CLIENT", "GETNAME") == b"$2\r\nme\r\n"


def test_an_empty_name_takes_the_name_away(run: Run) -> None:
    run("CLIENT", "SETNAME", "me")
    assert run("CLIENT", "SETNAME", "") == OK
    assert run("CLIENT", "GETNAME") == NIL


def test_client_setinfo_remembers_the_library(engine: Engine) -> None:
    ctx = engine.connect()
    run = runner(engine, ctx)
    assert run("CLIENT", "SETINFO", "lib-name", "redis-py") == OK
    assert run("CLIENT", "SETINFO", "LIB-VER", "5.2.0") == OK
    assert (ctx.library, ctx.library_version) == (b"redis-py", b"5.2.0")
    assert run("CLIENT", "SETINFO", "LIB-NAME", "redis py") == error(
        "ERR LIB-NAME cannot contain spaces, newlines or special characters."
    )
    assert run("CLIENT", "SETINFO", "color", "red") == error("ERR Unrecognized option 'color'")
    assert ctx.library == b"redis-py"


@pytest.mark.parametrize("name", ["NO-EVICT", "NO-TOUCH"])
def test_a_switch_is_on_or_off(run: Run, name: str) -> None:
    assert run("CLIENT", name, "ON") == OK
    assert run("CLIENT", name, "off") == OK
    assert run("CLIENT", name, "maybe") == SYNTAX


class TestClientReply:
    @pytest.fixture
    def ctx(self, engine: Engine) -> Context:
        return engine.connect()

    @pytest.fixture
    def run(self, engine: Engine, ctx: Context) -> Run:
        return runner(engine, ctx)

    def test_off_silences_everything_until_on(self, run: Run) -> None:
        assert run("CLIENT", "REPLY", "OFF") == b""
        assert run("PING") == b""
        assert run("NOPE") == b""
        assert run("CLIENT", "REPLY", "ON") == OK
        assert run("PING") == b"+PONG\r\n"

    def test_skip_silences_one_command(self, run: Run) -> None:
        assert run("CLIENT", "REPLY", "SKIP") == b""
        assert run("PING") == b""
        assert run("PING") == b"+PONG\r\n"

    def test_skip_changes_nothing_while_replies_are_off(self, run: Run) -> None:
        run("CLIENT", "REPLY", "OFF")
        run("CLIENT", "REPLY", "SKIP")
        assert run("PING") == b""
        assert run("PING") == b""

    def test_another_word_is_refused(self, run: Run) -> None:
        assert run("CLIENT", "REPLY", "LATER") == SYNTAX
        assert run("PING") == b"+PONG\r\n"
