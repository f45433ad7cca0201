from __future__ import annotations

import hashlib
import logging

import pytest

from ferrite_lite.config import Config
from ferrite_lite.context import Context
from ferrite_lite.engine import Engine
from ferrite_lite.errors import NoSuchKey, ScriptDoesNotCompile
from ferrite_lite.lua import Script, Shared, compile_script
from ferrite_lite.reply import Reply
from ferrite_lite.scripting import scripts
from ferrite_lite.scripting.scripts import Keys, LuaScript, NativeScript, ScriptCache, sha1
from tests.ferrite_lite.conftest import Run, runner

#: A script, and Python that does the same and can be told apart by its counter.
BUMP = b"redis.call('INCR', KEYS[1]) return {KEYS[1], ARGV[1]}"


class Bump:
    """A twin of BUMP that counts its runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.script = NativeScript(BUMP, self)

    def __call__(self, ctx: Context, keys: Keys, argv: Keys) -> Reply:
        self.runs += 1
        ctx.call(ctx, [b"INCR", keys[0]])
        return [keys[0], argv[0]]


@pytest.fixture
def bump(engine: Engine) -> Bump:
    bump = Bump()
    engine.register_native(bump.script)
    return bump


REPLY = b"*2\r\n$1\r\nn\r\n$1\r\nx\r\n"


def test_a_script_is_named_by_the_sha1_of_its_text() -> None:
    assert sha1(b"return 1") == hashlib.sha1(b"return 1").hexdigest().encode()  # noqa: S324  # Redis's choice


def test_texts_of_eval_make_room_for_one_another_and_loaded_ones_stay(
    engine: Engine, run: Run
) -> None:
    run("SCRIPT", "LOAD", "return 'loaded'")
    run("EVAL", "return 'used'", 0)
    for number in range(scripts.MAX_PASSING_SCRIPTS):
        run("EVAL", f"return {number}", 0)
        assert run("EVALSHA", sha1(b"return 'used'"), 0) == b"$4\r\nused\r\n"
    assert len(engine.state.scripts) == scripts.MAX_PASSING_SCRIPTS + 1
    names = [sha1(text) for text in (b"return 'loaded'", b"return 0", b"return 1")]
    assert run("SCRIPT", "EXISTS", *names) == b"*3\r\n:1\r\n:0\r\n:1\r\n"


# --- twins ----------------------------------------------------------------------------------------


def test_a_twin_runs_for_eval_and_evalsha(run: Run, bump: Bump) -> None:
    assert run("EVAL", BUMP, 1, "n", "x") == REPLY
    assert run("EVALSHA", sha1(BUMP), 1, "n", "x") == REPLY
    assert run("EVALSHA", sha1(BUMP).upper(), 1, "n", "x") == REPLY
    assert bump.runs == 3
    assert run("GET", "n") == b"$1\r\n3\r\n"


def test_a_twin_runs_for_what_was_loaded(run: Run, bump: Bump) -> None:
    assert run("SCRIPT", "LOAD", BUMP) == b"$40\r\n%b\r\n" % sha1(BUMP)
    run("EVALSHA", sha1(BUMP), 1, "n", "x")
    assert bump.runs == 1


def test_a_twin_is_as_unknown_as_its_text_until_that_is_loaded(run: Run, bump: Bump) -> None:
    assert run("SCRIPT", "EXISTS", sha1(BUMP)) == b"*1\r\n:0\r\n"
    assert run("EVALSHA", sha1(BUMP), 1, "n", "x").startswith(b"-NOSCRIPT")
    run("EVAL", BUMP, 1, "n", "x")
    assert run("SCRIPT", "EXISTS", sha1(BUMP)) == b"*1\r\n:1\r\n"
    run("SCRIPT", "FLUSH")
    assert run("EVALSHA", sha1(BUMP), 1, "n", "x").startswith(b"-NOSCRIPT")
    run("EVAL", BUMP, 1, "n", "x")
    assert bump.runs == 2


def test_another_text_is_another_script(run: Run, bump: Bump) -> None:
    assert run("EVAL", BUMP + b" ", 1, "n", "x") == REPLY
    assert bump.runs == 0


def test_a_twin_takes_over_what_is_loaded_already(run: Run, engine: Engine) -> None:
    run("SCRIPT", "LOAD", BUMP)
    late = Bump()
    engine.register_native(late.script)
    run("EVALSHA", sha1(BUMP), 1, "n", "x")
    assert late.runs == 1


def test_a_twin_of_one_engine_is_none_of_another_s(bump: Bump) -> None:
    other = Engine()
    assert runner(other, other.connect())("EVAL", BUMP, 1, "n", "x") == REPLY
    assert bump.runs == 0


def test_a_twin_that_refuses_answers_with_its_error(engine: Engine, run: Run) -> None:
    def refuse(ctx: Context, keys: Keys, argv: Keys) -> Reply:
        raise NoSuchKey

    engine.register_native(NativeScript(b"return 1", refuse))
    assert run("EVAL", "return 1", 0) == b"-ERR no such key\r\n"
    assert run("PING") == b"+PONG\r\n"


@pytest.mark.parametrize("name", ["EVAL_RO", "EVALSHA_RO"])
def test_where_writing_is_forbidden_the_lua_is_asked(run: Run, bump: Bump, name: str) -> None:
    run("SCRIPT", "LOAD", BUMP)
    script = BUMP if name == "EVAL_RO" else sha1(BUMP)
    assert b"Write commands are not allowed from read-only scripts." in run(
        name, script, 1, "n", "x"
    )
    assert bump.runs == 0
    assert run("EXISTS", "n") == b":0\r\n"


def test_the_lua_of_a_twin_is_compiled_once(
    run: Run, bump: Bump, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("SCRIPT", "LOAD", BUMP)
    compiled: list[bytes] = []

    def noted(text: bytes, name: str, shared: Shared) -> Script:
        compiled.append(text)
        return compile_script(text, name, shared)

    monkeypatch.setattr(scripts, "compile_script", noted)
    for _ in range(3):
        assert run("EVALSHA_RO", sha1(BUMP), 1, "n", "x").startswith(b"-ERR Write commands")
    assert compiled == [BUMP]


def test_a_twin_takes_part_in_a_transaction(run: Run, bump: Bump) -> None:
    run("MULTI")
    run("EVAL", BUMP, 1, "n", "x")
    assert run("EXEC") == b"*1\r\n" + REPLY


def test_a_hash_that_a_script_answers_in_a_transaction_is_as_it_was_then(run: Run) -> None:
    run("HSET", "h", "a", 1)
    run("MULTI")
    run("EVAL", "return redis.call('HGETALL', KEYS[1])", 1, "h")
    run("EVAL", "return {'then', redis.call('HGETALL', KEYS[1])}", 1, "h")
    run("HSET", "h", "a", 2)
    held = b"*2\r\n$1\r\na\r\n$1\r\n1\r\n"
    assert run("EXEC") == b"*3\r\n" + held + b"*2\r\n$4\r\nthen\r\n" + held + b":0\r\n"


def test_a_hash_that_a_script_answers_is_an_array_in_resp3_unless_it_asks_for_a_map(
    run: Run, run3: Run
) -> None:
    run("HSET", "h", "a", 1)
    held = b"$1\r\na\r\n$1\r\n1\r\n"
    assert run3("EVAL", "return redis.call('HGETALL', 'h')", 0) == b"*2\r\n" + held
    assert run3("EVAL", "redis.setresp(3) return redis.call('HGETALL', 'h')", 0) == (
        b"%1\r\n" + held
    )


def test_scripts_and_functions_are_told_the_version_that_clients_are_told() -> None:
    engine = Engine(config=Config(redis_version="8.1.2"))
    run = runner(engine, engine.connect())
    told = b"*2\r\n$5\r\n8.1.2\r\n:%d\r\n" % (8 << 16 | 1 << 8 | 2)
    facts = "return {redis.REDIS_VERSION, redis.REDIS_VERSION_NUM}"
    library = f"#!lua name=l\nredis.register_function('f', function() {facts} end)"
    assert run("EVAL", facts, 0) == told
    for _ in range(2):
        run("FUNCTION", "LOAD", library)
        assert run("FCALL", "f", 0) == told
        run("FUNCTION", "FLUSH")


def test_random_numbers_go_on_from_script_to_script_as_in_redis() -> None:
    engine = Engine()
    run = runner(engine, engine.connect())
    draw = "return tostring(math.random())"
    run("FUNCTION", "LOAD", f"#!lua name=l\nredis.register_function('f', function() {draw} end)")
    drawn = [run("EVAL", draw, 0), run("FCALL", "f", 0), run("EVAL", draw + " --", 0)]
    assert drawn == [
        b"$16\r\n0.39646477363839\r\n",
        b"$16\r\n0.84048536971234\r\n",
        b"$16\r\n0.35333609737146\r\n",
    ]


# --- the cache ------------------------------------------------------------------------------------


def test_a_text_is_compiled_once() -> None:
    cache = ScriptCache()
    sha, script = cache.load(b"return 1")
    assert cache.load(b"return 1") == (sha, script)
    assert cache.find(sha) is cache.find(sha.upper()) is script
    assert len(cache) == 1
    cache.clear()
    assert len(cache) == 0
    assert cache.find(sha) is None


def test_what_does_not_compile_is_not_kept() -> None:
    cache = ScriptCache()
    with pytest.raises(ScriptDoesNotCompile, match="Error compiling script"):
        cache.load(b"not lua at all")
    assert len(cache) == 0


# --- what a script may call -----------------------------------------------------------------------


def call(run: Run, *words: str) -> bytes:
    quoted = ", ".join(f"'{word}'" for word in words)
    return run("EVAL", f"return redis.call({quoted})", 0)


def test_a_script_calls_commands_and_subcommands_in_any_case(run: Run) -> None:
    assert call(run, "SeT", "a", "1") == b"+OK\r\n"
    assert call(run, "object", "Encoding", "a") == b"$3\r\nint\r\n"
    assert call(run, "command", "count").startswith(b":")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("nope",), "ERR Unknown Redis command called from script"),
        (("OBJECT", "nope", "a"), "ERR Unknown Redis command called from script"),
        (("GET",), "ERR Wrong number of args calling Redis command from script"),
        (("OBJECT", "ENCODING"), "ERR Wrong number of args calling Redis command from script"),
        (("MULTI",), "ERR This Redis command is not allowed from script"),
        (("EVAL", "return 1", "0"), "ERR This Redis command is not allowed from script"),
        (("CLIENT", "ID"), "ERR This Redis command is not allowed from script"),
        (("SCRIPT", "FLUSH"), "ERR This Redis command is not allowed from script"),
    ],
)
def test_what_a_script_may_not_call(run: Run, words: tuple[str, ...], error: str) -> None:
    reply = call(run, *words)
    assert reply.startswith(f"-{error} script: ".encode())


@pytest.mark.parametrize(
    "words", [("SET", "a", "1"), ("set", "a", "1"), ("Del", "a"), ("FLUSHALL",)]
)
def test_a_read_only_script_reads(run: Run, words: tuple[str, ...]) -> None:
    quoted = ", ".join(f"'{word}'" for word in words)
    refusal = run("EVAL_RO", f"return redis.call({quoted})", 0)
    assert refusal.startswith(b"-ERR Write commands are not allowed from read-only scripts.")
    assert run("EVAL_RO", "return redis.call('EXISTS', 'a')", 0) == b":0\r\n"


def test_an_error_in_a_command_names_that_command(run: Run) -> None:
    reply = run("EVAL", "return redis.pcall('EXPIRE', 'a', '1', 'NX', 'XX').err", 0)
    assert b"NX and XX, GT or LT options at the same time are not compatible" in reply
    reply = run("EVAL", "return redis.pcall('SET', 'a', '1', 'EX', '0').err", 0)
    assert b"invalid expire time in 'set' command" in reply


# --- what a script leaves behind ------------------------------------------------------------------


@pytest.fixture
def ctx(engine: Engine) -> Context:
    return engine.connect()


@pytest.mark.parametrize("end", [b"", b"error('x')", b"redis.call('nope')"])
def test_the_connection_is_as_it_was_however_the_script_ends(
    engine: Engine, ctx: Context, end: bytes
) -> None:
    ctx.resp = 3
    engine.execute(ctx, [b"EVAL", b"redis.call('SELECT', 3) " + end, b"0"])
    assert (ctx.db.index, ctx.resp, ctx.running_script) == (0, 3, False)
    assert ctx.command.name == "eval"


def test_commands_answer_a_script_in_resp2_until_it_asks_otherwise(run3: Run) -> None:
    run3("HSET", "h", "f", 1)
    assert run3("EVAL", "return #redis.call('HGETALL', 'h')", 0) == b":2\r\n"
    text = "redis.setresp(3) return redis.call('HGETALL', 'h').map.f"
    assert run3("EVAL", text, 0) == b"$1\r\n1\r\n"


@pytest.fixture
def run3(engine: Engine, ctx: Context) -> Run:
    ctx.resp = 3
    return runner(engine, ctx)


def test_a_script_sees_one_instant(run: Run) -> None:
    text = (
        "local a, b = redis.call('TIME'), redis.call('TIME') return a[1] == b[1] and a[2] == b[2]"
    )
    assert run("EVAL", text, 0) == b":1\r\n"


# --- stopping and logging -------------------------------------------------------------------------


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The stopwatch as scripts see it: each look at it is a second later."""
    looks: list[int] = []

    def stopwatch_ns() -> int:
        looks.append(len(looks))
        return (1 + len(looks)) * 10**9

    monkeypatch.setattr(scripts, "stopwatch_ns", stopwatch_ns)
    return looks


def test_a_script_that_does_not_end_is_stopped(real_time: list[int]) -> None:
    engine = Engine(config=Config(busy_after_ms=3000))
    run = runner(engine, engine.connect())
    endless = "redis.call('SET', 'a', 1) while true do pcall(function() end) end"
    stopped = b"-ERR Script ran for more than 3000 ms and was stopped script: "
    assert run("EVAL", endless, 0).startswith(stopped)
    assert len(real_time) == 5
    assert run("GET", "a") == b"$1\r\n1\r\n"


def test_a_short_script_never_looks_at_the_clock(run: Run, real_time: list[int]) -> None:
    run("EVAL", "for i = 1, 100 do local x = i end", 0)
    assert real_time == []


def test_redis_log_goes_to_python_s(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="ferrite_lite.scripting.scripts"):
        run("EVAL", "redis.log(redis.LOG_WARNING, 'mind the gap\\255')", 0)
        run("EVAL", "redis.log(redis.LOG_NOTICE, 'fine')", 0)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "mind the gap\\xff"),
        ("INFO", "fine"),
    ]


def test_lua_that_does_not_compile_says_where() -> None:
    with pytest.raises(ScriptDoesNotCompile, match="user_script:2: "):
        LuaScript(b"return 1\n+", Shared())
