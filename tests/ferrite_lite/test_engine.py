from __future__ import annotations

from itertools import count

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.command import CommandTable
from ferrite_lite.config import Config
from ferrite_lite.context import Context, Peer
from ferrite_lite.data.expiry import SLICE_MS
from ferrite_lite.engine import FLUSH_LINES, SLICE_NS, Engine
from ferrite_lite.errors import CommandError, NotAnInteger, UnknownCommand
from ferrite_lite.reply import NO_REPLY, Push, Reply
from ferrite_lite.resp import encode
from tests.ferrite_lite.conftest import Run, Word, run_all, runner, words

ABORTED = b"-EXECABORT Transaction discarded because of previous errors.\r\n"


@pytest.fixture
def ctx(engine: Engine) -> Context:
    return engine.connect()


def run_batch(engine: Engine, ctx: Context, *requests: tuple[Word, ...]) -> bytes:
    """What the server sends for a pipeline."""
    lines = run_all(engine, ctx, [words(request) for request in requests])
    return b"\r\n".join([*lines, b""])


# --- running many ---------------------------------------------------------------------------------


def test_a_run_stops_after_a_command_that_took_its_time(
    engine: Engine, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopwatch = count(step=SLICE_NS)
    monkeypatch.setattr("ferrite_lite.engine.stopwatch_ns", lambda: next(stopwatch))
    lines: list[bytes] = []
    slow, quick = [b"KEYS", b"*"], [b"GET", b"k"]
    assert engine.run(ctx, [slow, quick, slow], lines)[0] == 1
    assert lines == [b"*0"]
    assert engine.run(ctx, [quick, quick, slow, slow], lines)[0] == 3


def test_a_run_stops_when_its_replies_are_long(engine: Engine, ctx: Context) -> None:
    pairs = [b"%d" % number for number in range(FLUSH_LINES)]
    lines: list[bytes] = []
    engine.run(ctx, [[b"HSET", b"h", *pairs]], [])
    assert engine.run(ctx, [[b"GET", b"k"], [b"HGETALL", b"h"], [b"GET", b"k"]], lines)[0] == 2


# --- asking ---------------------------------------------------------------------------------------


def test_an_error_is_a_reply(engine: Engine, ctx: Context) -> None:
    reply = engine.execute(ctx, [b"INCRBY", b"n", b"x"])
    assert isinstance(reply, NotAnInteger)


def test_a_bug_in_a_handler_is_no_reply(
    engine: Engine, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Reply:
        raise ZeroDivisionError

    command = engine.state.table[b"ping"]
    assert command is not None
    monkeypatch.setattr(engine.state.metrics[command], "handler", broken)
    with pytest.raises(ZeroDivisionError):
        engine.execute(ctx, [b"PING"])


@pytest.mark.parametrize(
    ("request_words", "error"),
    [
        (("nope",), "ERR unknown command 'nope', with args beginning with: "),
        (("nope", "a", "b c"), "ERR unknown command 'nope', with args beginning with: 'a' 'b c' "),
        (("",), "ERR unknown command '', with args beginning with: "),
        (("no\r\npe",), "ERR unknown command 'no  pe', with args beginning with: "),
        (("GET",), "ERR wrong number of arguments for 'get' command"),
        (("CoNfIg",), "ERR wrong number of arguments for 'config' command"),
        (("CONFIG", "nope"), "ERR unknown subcommand 'nope'. Try CONFIG HELP."),
        (("CONFIG", "GET"), "ERR wrong number of arguments for 'config|get' command"),
    ],
)
def test_what_is_no_command_is_told_in_redis_s_words(
    run: Run, request_words: tuple[str, ...], error: str
) -> None:
    assert run(*request_words) == f"-{error}\r\n".encode()


def test_an_error_quotes_128_bytes_at_most() -> None:
    error = str(UnknownCommand([b"n" * 200, b"a" * 100, b"b" * 100, b"c"]))
    assert error == (
        f"ERR unknown command '{'n' * 128}', with args beginning with: '{'a' * 100}' '{'b' * 25}' "
    )


def test_a_pipeline_is_answered_as_its_requests_are_one_by_one(engine: Engine) -> None:
    requests: list[tuple[Word, ...]] = [
        ("SET", "a", 1),
        ("GET", "a"),
        ("get", "nothing"),
        ("INCRBY", "a", "x"),
        ("MSET", "b", 2, "c", 3),
        ("nope",),
        ("GET",),
        ("CLIENT", "SETNAME", "me"),
        ("HSET", "h", "f", "x" * 2000),
        ("HGETALL", "h"),
        ("HGET", "h", "f"),
        ("MULTI",),
        ("INCR", "a"),
        ("EXEC",),
        ("CLIENT", "REPLY", "SKIP"),
        ("PING",),
        ("PING",),
        ("HELLO", 3),
        ("GET", "nothing"),
    ]
    one_by_one = Engine(clock=ManualClock())
    ctx = one_by_one.connect()
    expected = b""
    for request in requests:
        reply = one_by_one.execute(ctx, words(request))
        expected += encode(reply, ctx.resp)
    assert run_batch(engine, engine.connect(), *requests).replace(b"\r\n", b" ") == (
        expected.replace(b"\r\n", b" ")
    )


def test_nothing_runs_behind_quit(engine: Engine, ctx: Context, run_other: Run) -> None:
    assert run_batch(engine, ctx, ("QUIT",), ("SET", "a", 1), ("PING",)) == b"+OK\r\n"
    assert ctx.closing
    assert run_other("EXISTS", "a") == b":0\r\n"


@pytest.mark.parametrize("word", [b"POST", b"post", b"Host:", b"HOST:"])
def test_a_web_page_that_reaches_the_port_is_cut_off_without_a_word(
    engine: Engine, ctx: Context, run_other: Run, word: bytes
) -> None:
    closed: list[bool] = []
    ctx.close = lambda: closed.append(True)
    assert run_batch(engine, ctx, (word, "/", "HTTP/1.1"), ("SET", "a", 1)) == b""
    assert closed == [True]
    assert run_other("EXISTS", "a") == b":0\r\n"


def test_the_clock_is_read_anew_for_every_request(
    engine: Engine, run: Run, clock: ManualClock
) -> None:
    before = run("TIME")
    clock.advance(ms=5)
    assert run("TIME") != before


# --- the gate -------------------------------------------------------------------------------------


class TestWithAPassword:
    NOAUTH = b"-NOAUTH Authentication required.\r\n"

    @pytest.fixture
    def engine(self, clock: ManualClock) -> Engine:
        return Engine(clock=clock, config=Config(requirepass=b"secret"))

    @pytest.mark.parametrize(
        "request_words", [("GET", "a"), ("MULTI",), ("EXEC",), ("CLIENT", "ID"), ("EVAL", "x", 0)]
    )
    def test_nothing_is_done_for_a_stranger(
        self, run: Run, request_words: tuple[Word, ...]
    ) -> None:
        reply = run(*request_words)
        assert b"NOAUTH" in reply or reply.startswith(b"-EXECABORT")

    @pytest.mark.parametrize("request_words", [("nope",), ("GET",), ("CONFIG", "nope")])
    def test_what_is_no_command_is_refused_first(
        self, run: Run, request_words: tuple[Word, ...]
    ) -> None:
        assert run(*request_words).startswith(b"-ERR ")

    def test_a_password_opens(self, run: Run) -> None:
        assert run("GET", "a") == self.NOAUTH
        assert run("AUTH", "secret") == b"+OK\r\n"
        assert run("GET", "a") == b"$-1\r\n"

    def test_a_pipeline_behind_auth_is_admitted(self, engine: Engine) -> None:
        sent = run_batch(engine, engine.connect(), ("PING",), ("AUTH", "secret"), ("PING",))
        assert sent == self.NOAUTH + b"+OK\r\n+PONG\r\n"


def test_a_transaction_queues_what_is_admitted(run: Run, run_other: Run) -> None:
    run("MULTI")
    assert run("SET", "a", 1) == b"+QUEUED\r\n"
    assert run("CLIENT", "ID") == b"+QUEUED\r\n"
    assert run_other("EXISTS", "a") == b":0\r\n"
    assert run("EXEC") == b"*2\r\n+OK\r\n:1\r\n"


@pytest.mark.parametrize("request_words", [("nope",), ("GET",), ("CONFIG", "nope"), ("EXEC", "x")])
def test_a_refusal_spoils_the_transaction(run: Run, request_words: tuple[str, ...]) -> None:
    run("MULTI")
    run("SET", "a", 1)
    refusal = run(*request_words)
    if request_words[0] == "EXEC":
        assert refusal == (
            b"-EXECABORT Transaction discarded because of:"
            b" wrong number of arguments for 'exec' command\r\n"
        )
        assert run("EXEC") == b"-ERR EXEC without MULTI\r\n"
    else:
        assert refusal.startswith(b"-ERR ")
        assert run("EXEC") == ABORTED
    assert run("EXISTS", "a") == b":0\r\n"


def test_client_reply_skip_withholds_one_answer(engine: Engine, ctx: Context) -> None:
    sent = run_batch(
        engine, ctx, ("CLIENT", "REPLY", "SKIP"), ("SET", "a", 1), ("GET", "a"), ("PING",)
    )
    assert sent == b"$1\r\n1\r\n+PONG\r\n"


def test_client_reply_off_withholds_errors_too(engine: Engine, ctx: Context) -> None:
    sent = run_batch(
        engine,
        ctx,
        ("CLIENT", "REPLY", "OFF"),
        ("nope",),
        ("SET", "a", 1),
        ("CLIENT", "REPLY", "SKIP"),
        ("PING",),
        ("CLIENT", "REPLY", "ON"),
        ("GET", "a"),
    )
    assert sent == b"+OK\r\n$1\r\n1\r\n"


# --- connections ----------------------------------------------------------------------------------


def test_each_connection_has_a_number_of_its_own(engine: Engine) -> None:
    ids = [engine.connect().id for _ in range(3)]
    assert ids == [1, 2, 3]


def test_a_connection_is_known_until_it_ends(engine: Engine) -> None:
    ctx = engine.connect(Peer("10.0.0.1:5000", "10.0.0.2:6379"))
    assert engine.state.clients == {ctx.id: ctx}
    engine.disconnect(ctx)
    assert engine.state.clients == {}
    assert engine.execute(ctx, [b"SET", b"a", b"1"]) is NO_REPLY


def test_ending_a_connection_twice_is_ending_it_once(engine: Engine, ctx: Context) -> None:
    engine.disconnect(ctx)
    engine.disconnect(ctx)
    assert engine.state.clients == {}


def test_a_connection_takes_its_watches_with_it(engine: Engine, ctx: Context) -> None:
    engine.execute(ctx, [b"WATCH", b"a"])
    assert engine.state.databases[0].observers
    engine.disconnect(ctx)
    assert not engine.state.databases[0].observers


def test_connections_do_not_share_database_name_or_protocol(run: Run, run_other: Run) -> None:
    run("SELECT", 3)
    run("CLIENT", "SETNAME", "me")
    run("SET", "a", 1)
    assert run_other("CLIENT", "GETNAME") == b"$-1\r\n"
    assert run_other("GET", "a") == b"$-1\r\n"


# --- commands inside commands ---------------------------------------------------------------------


def test_a_call_raises_and_gives_the_outer_command_back(engine: Engine, ctx: Context) -> None:
    engine.execute(ctx, [b"PING"])
    outer = ctx.command
    assert engine.call(ctx, [b"SET", b"a", b"1"]) == b"OK"
    with pytest.raises(CommandError, match="not an integer"):
        engine.call(ctx, [b"INCRBY", b"a", b"x"])
    assert ctx.command is outer


def test_a_call_reaches_a_subcommand(engine: Engine, ctx: Context) -> None:
    engine.execute(ctx, [b"PING"])
    assert engine.call(ctx, [b"CLIENT", b"ID"]) == ctx.id


# --- expiry ---------------------------------------------------------------------------------------


def test_what_is_due_is_removed_without_being_asked_for(
    engine: Engine, run: Run, clock: ManualClock
) -> None:
    for number in range(100):
        run("SET", f"k{number}", 1, "PX", 10)
    run("SELECT", 1)
    run("SET", "stays", 1)
    run("SET", "goes", 1, "PX", 10)
    clock.advance(ms=10 + SLICE_MS)
    assert engine.expire_due(budget_ns=10**9) == 101
    assert [len(db) for db in engine.state.databases[:2]] == [0, 1]
    assert engine.expire_due(budget_ns=10**9) == 0


def test_expiry_without_a_budget_stops_after_a_few_keys(
    engine: Engine, run: Run, clock: ManualClock
) -> None:
    for number in range(100):
        run("SET", f"k{number}", 1, "PX", 10)
    clock.advance(ms=10 + SLICE_MS)
    removed = engine.expire_due(budget_ns=0)
    assert 0 < removed < 100
    assert len(engine.state.databases[0]) == 100 - removed


# --- settings -------------------------------------------------------------------------------------


def test_an_engine_has_as_many_databases_as_it_is_told(clock: ManualClock) -> None:
    engine = Engine(clock=clock, config=Config(databases=2))
    run = runner(engine, engine.connect())
    assert run("SELECT", 1) == b"+OK\r\n"
    assert run("SELECT", 2) == b"-ERR DB index is out of range\r\n"


def test_a_seed_makes_random_choices_repeatable(clock: ManualClock) -> None:
    def choices(seed: int) -> list[bytes]:
        engine = Engine(clock=clock, seed=seed)
        run = runner(engine, engine.connect())
        run("SADD", "s", *range(100))
        return [run("SRANDMEMBER", "s") for _ in range(10)]

    assert choices(1) == choices(1)
    assert choices(1) != choices(2)


def test_two_engines_share_nothing_but_the_commands(clock: ManualClock) -> None:
    first, second = Engine(clock=clock), Engine(clock=clock)
    runner(first, first.connect())("SET", "a", 1)
    assert runner(second, second.connect())("EXISTS", "a") == b":0\r\n"
    assert isinstance(first.state.table, CommandTable)
    assert first.state.table is second.state.table


# --- pushes ---------------------------------------------------------------------------------------


def push_when(name: bytes, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command push ``before`` and ``after`` to its own connection, its reply in between."""
    command = engine.state.table.lookup(name)
    assert command is not None
    handler = command.handler

    def pushing(ctx: Context, *words: bytes) -> Reply:
        ctx.push(Push([b"before"]))
        ctx.answer_here()
        ctx.push(Push([b"after"]))
        return handler(ctx, *words)

    monkeypatch.setattr(engine.state.metrics[command], "handler", pushing)


BEFORE, AFTER = b"*1\r\n$6\r\nbefore\r\n", b"*1\r\n$5\r\nafter\r\n"


def test_pushes_to_the_connection_that_is_served_stand_around_its_reply(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_when(b"echo", engine, monkeypatch)
    assert run("ECHO", "x") == BEFORE + b"$1\r\nx\r\n" + AFTER
    assert run("PING") == b"+PONG\r\n"


def test_pushes_inside_exec_stand_around_the_reply_of_their_command(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_when(b"echo", engine, monkeypatch)
    for request in (["MULTI"], ["PING"], ["ECHO", "x"], ["PING"]):
        run(*request)
    echo = BEFORE + b"$1\r\nx\r\n" + AFTER
    assert run("EXEC") == b"*3\r\n+PONG\r\n" + echo + b"+PONG\r\n"


def test_client_reply_off_stops_no_push(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_when(b"echo", engine, monkeypatch)
    run("CLIENT", "REPLY", "OFF")
    assert run("ECHO", "x") == BEFORE + AFTER
