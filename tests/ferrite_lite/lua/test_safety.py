"""What a script cannot do: reach Python, leave something behind, or hold the server for ever."""

from __future__ import annotations

import pytest

from ferrite_lite import Config, Engine
from ferrite_lite.reply import Reply
from tests.ferrite_lite.conftest import Run


def run_script(engine: Engine, source: str, *words: bytes) -> Reply:
    return engine.execute(engine.connect(), [b"EVAL", source.encode(), b"0", *words])


@pytest.mark.parametrize(
    "source",
    [
        "foo = 1",
        "_G.foo = 1",
        "string.foo = 1",
        "getmetatable('').__index = nil",
        "getmetatable(_G).__index = nil",
        "setmetatable(_G, {})",
        "rawset(_G, 'foo', 1)",
        "table.insert(string, 1)",
    ],
)
def test_nothing_that_scripts_share_can_be_changed(engine: Engine, source: str) -> None:
    assert "readonly" in str(run_script(engine, source))


def test_one_run_sees_nothing_of_another(engine: Engine) -> None:
    source = "local n = #KEYS + #ARGV KEYS[1] = 'x' ARGV[9] = 'y' return n"
    assert [run_script(engine, source) for _ in range(3)] == [0, 0, 0]


def test_what_a_script_chooses_of_cjson_is_forgotten_when_it_ends(engine: Engine) -> None:
    source = "local before = cjson.encode_max_depth() cjson.encode_max_depth(7) return before"
    assert [run_script(engine, source) for _ in range(2)] == [1000, 1000]


def test_a_script_that_is_stopped_in_a_coroutine_leaves_none_running() -> None:
    engine = Engine(config=Config(busy_after_ms=50))
    source = """
        if ARGV[1] then return tostring(coroutine.running()) end
        coroutine.wrap(function() while true do end end)()
    """
    assert "was stopped" in str(run_script(engine, source))
    assert run_script(engine, source, b"x") == b"nil"


@pytest.mark.parametrize(
    "name",
    ["__class__", "__globals__", "__builtins__", "__import__", "f_back", "hash", "array", "func"],
)
@pytest.mark.parametrize(
    "value",
    ["redis.call", "redis", "''", "1", "cjson.null", "KEYS", "print_", "{}", "coroutine.yield"],
)
def test_no_attribute_of_python_is_reached(engine: Engine, value: str, name: str) -> None:
    source = f"local ok, v = pcall(function() return ({value}).{name} end) return ok and v or nil"
    assert run_script(engine, source) is None


@pytest.mark.parametrize(
    "loop",
    [
        *("while true do end", "repeat until false", "for i=1,1e15 do end"),
        "string.find(string.rep('a', 1000), string.rep('a-', 100) .. 'b')",
        "string.find(string.rep('(', 5e5), '%b()')",
        "table.insert({}, -2^31, 1)",
        "load(function() return ' ' end)",
        "local t = {} for i = 1, 1e5 do t[i] = i end while true do t[1] = nil t[1] = 1 end",
    ],
)
def test_a_script_without_end_is_stopped_even_inside_pcall(loop: str) -> None:
    engine = Engine(config=Config(busy_after_ms=50))
    reply = run_script(engine, f"pcall(function() {loop} end) return 1")
    assert "was stopped" in str(reply)
    assert run_script(engine, "return 1") == 1


def test_endless_recursion_is_an_error_and_a_command_is_never_half_done(engine: Engine) -> None:
    assert "stack overflow" in str(run_script(engine, "local function f() return 1 + f() end f()"))
    deep = "local function f(n) redis.call('HSET', 'h', n, 1) return 1 + f(n + 1) end f(1)"
    assert "stack overflow" in str(run_script(engine, deep))
    engine.state.databases[0].check()
    assert engine.execute(engine.connect(), [b"SET", b"a", b"1"]) == b"OK"


@pytest.mark.parametrize(
    "source",
    [
        "return string.rep('x', 1e10)",
        "local s = 'x' for i = 1, 40 do s = s .. s end return #s",
        "return unpack({}, 1, 1e9)",
        "local t = {} t[1] = t return t",
        "local t = {} t[1] = t return cjson.encode(t)",
        "return cjson.decode(string.rep('[', 5000))",
        "return loadstring(string.rep('(', 500))()",
    ],
    ids=lambda source: source[:40],
)
def test_what_would_take_all_memory_or_time_is_refused(engine: Engine, source: str) -> None:
    reply = run_script(engine, source)
    assert isinstance(reply, Exception)


def test_an_error_after_a_write_keeps_the_write(run: Run) -> None:
    run("EVAL", "redis.call('SET', 'a', '1') error('late')", 0)
    assert run("GET", "a") == b"$1\r\n1\r\n"


def test_a_script_changes_database_for_itself_alone(run: Run) -> None:
    run("EVAL", "redis.call('SELECT', 5) redis.call('SET', 'a', '1')", 0)
    assert run("GET", "a") == b"$-1\r\n"
    run("SELECT", 5)
    assert run("GET", "a") == b"$1\r\n1\r\n"
