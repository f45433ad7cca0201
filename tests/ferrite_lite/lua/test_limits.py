"""What bounds a script: depth, memory, the size of what it builds. Nothing else ends with it."""

from __future__ import annotations

import sys
import threading

import pytest

from ferrite_lite import Config, Engine
from ferrite_lite.lua.budget import GENERATOR_WEIGHT, MAX_CALLBACKS, MAX_DEPTH
from ferrite_lite.reply import Reply

#: Of a thread, on Linux.
STACK_BYTES = 8 << 20
LONG_MS = 120_000


@pytest.fixture
def engine() -> Engine:
    """One whose scripts have time, however busy the machine is."""
    return Engine(config=Config(busy_after_ms=LONG_MS))


@pytest.fixture
def small_engine() -> Engine:
    """One whose scripts may take little memory, and all the time it takes to do so."""
    return Engine(config=Config(script_memory_bytes=32 << 20, busy_after_ms=LONG_MS))


def run_script(engine: Engine, source: str) -> Reply:
    return engine.execute(engine.connect(), [b"EVAL", source.encode(), b"0"])


# --- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "for i = 1, 1e9 do t[i] = string.rep('x', 1e6) end",
        "for i = 1, 1e9 do t[i] = string.rep('x', 5000) .. i end",
        "for i = 1, 1e9 do t[i] = string.format('%s', string.rep('x', 1e5)) end",
        "for i = 1, 1e9 do t[i] = table.concat({string.rep('a', 1e6), 'b'}) end",
        "for i = 1, 1e9 do t[i] = struct.pack('c0', string.rep('a', 1e6)) end",
        "local s = string.rep('x', 1e7) for i = 1, 1e9 do t[i] = s:sub(2) end",
        "local s = string.rep('x', 1e7) for i = 1, 1e9 do t[i] = s:upper() end",
        "local s = string.rep('x', 1e7) for i = 1, 1e9 do t[i] = s:gsub('^x', 'y') end",
        "local function f() local s = string.rep('x', 1e7) return 1 + f() end f()",
        "local a = {} for i = 1, 7000 do a[i] = i end for i = 1, 1e9 do t[i] = {unpack(a)} end",
        "local function f(...) return {...} end for i = 1, 1e9 do t[i] = f(unpack(b)) end",
        "local s = '[' .. string.rep('[1],', 1e6) .. '1]' t[1] = cjson.decode(s)",
        "for i = 1, 1e9 do t[i] = {} end",
        "redis.call('SADD', 's', unpack(b)) while 1 do t[#t + 1] = redis.call('SMEMBERS', 's') end",
    ],
)
def test_a_script_that_takes_all_memory_ends(small_engine: Engine, source: str) -> None:
    begin = "local t, b = {}, {} for i = 1, 5000 do b[i] = i end "
    assert "not enough memory" in str(run_script(small_engine, begin + source))
    assert run_script(small_engine, "return redis.call('PING').ok") == b"PONG"
    small_engine.state.databases[0].check()


def test_a_script_may_make_more_than_it_keeps(small_engine: Engine) -> None:
    source = "local s for i = 1, 300 do s = string.rep('x', 1e6) end return #s"
    assert run_script(small_engine, source) == 1_000_000


def test_a_script_can_catch_that_there_is_no_memory(small_engine: Engine) -> None:
    source = """
        local function take() local t = {} for i = 1, 1e9 do t[i] = string.rep('x', 1e6) end end
        return {tostring(pcall(take)), select(2, pcall(take)), 'goes on'}
    """
    assert run_script(small_engine, source) == [b"false", b"not enough memory", b"goes on"]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("return string.rep('x', 1e10)", "resulting string too large"),
        ("local s = 'x' for i = 1, 40 do s = s .. s end", "string length overflow"),
        ("return unpack({}, 1, 1e9)", "too many results to unpack"),
        ("return string.byte(string.rep('x', 1e5), 1, -1)", "string slice too long"),
        ("return string.format('%100d', 1)", "invalid format (width or precision too long)"),
        ("return string.find('a', string.rep('(a)', 33))", "too many captures"),
        ("return string.find('a', string.rep('a?', 300) .. 'b')", "ERR"),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_made(
    engine: Engine, source: str, error: str
) -> None:
    assert error in str(run_script(engine, source)) or run_script(engine, source) is None


# --- depth ----------------------------------------------------------------------------------------

CALLBACKS = {
    "pcall": "function f() n = n + 1 return pcall(f) end f()",
    "xpcall": "function f() n = n + 1 return xpcall(f, tostring) end f()",
    "table.sort": "function f() n = n + 1 table.sort({2, 1}, f) end f()",
    "string.gsub": "function f() n = n + 1 string.gsub('a', 'a', f) end f()",
    "table.foreach": "function f() n = n + 1 table.foreach({1}, f) end f()",
    "load": "function f() n = n + 1 load(f) end f()",
    "a coroutine": "function f() n = n + 1 coroutine.wrap(f)() end f()",
    "__index": "local t = setmetatable({}, {__index = function(t, k) n = n + 1 return t[k] end})"
    " f = t.x",
    "__newindex": "setmetatable(t, {__newindex = function(t, k) n = n + 1 t[k] = 1 end}) t.x = 1",
    "__add": "setmetatable(t, {__add = function(a, b) n = n + 1 return a + b end}) f = t + t",
    "__concat": "setmetatable(t, {__concat = function(a, b) n = n + 1 return a .. b end})"
    " f = t .. t",
    "__lt": "setmetatable(t, {__lt = function(a, b) n = n + 1 return a < b end}) f = t < t",
    "__unm": "setmetatable(t, {__unm = function(a) n = n + 1 return -a end}) f = -t",
    "__tostring": "setmetatable(t, {__tostring = function(a) n = n + 1 return tostring(a) end})"
    " f = tostring(t)",
    "__call": "setmetatable(t, {__call = function(a) n = n + 1 a() end}) t()",
    "nothing but the library": "f = tostring(setmetatable({}, {__tostring = tostring}))",
}


@pytest.mark.parametrize("source", CALLBACKS.values(), ids=CALLBACKS)
def test_libraries_and_operators_call_back_as_deep_as_in_lua(engine: Engine, source: str) -> None:
    whole = f"local n, f, t = 0, nil, {{}} pcall(function() {source} end) return n"
    assert isinstance(run_script(engine, whole), int)
    assert run_script(engine, whole) in range(MAX_CALLBACKS + 2) or "__call" in source


@pytest.mark.parametrize(
    "source",
    [
        "local function f() return 1 + f() end f()",
        "local function f(...) return 1 + f(...) end f(1, 2, 3)",
        "local function f(...) return 1 + f(...) end f(1, 2, 3, 4, 5, 6)",
        "local function f() return 1 + f(unpack({1, 2})) end f()",
        "local function f() redis.call('SET', 'a', 'b') return 1 + f() end f()",
        "local t = {} function t:f() return 1 + self:f() end t:f()",
        "coroutine.wrap(function() local function f() return 1 + f() end return f() end)()",
    ],
)
def test_functions_that_call_one_another_without_end_overflow_the_stack(source: str) -> None:
    engine = Engine(config=Config(busy_after_ms=LONG_MS))
    replies: list[Reply] = []

    def attempt() -> None:
        replies.append(run_script(engine, source))
        replies.append(run_script(engine, f"return pcall(function() {source} end)"))
        replies.append(run_script(engine, "return 'well'"))

    before = threading.stack_size(STACK_BYTES)
    try:
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert "stack overflow" in str(replies[0])
    assert replies[1:] == [None, b"well"]
    engine.state.databases[0].check()


def test_recursion_goes_as_deep_wherever_the_script_is_run_from(engine: Engine) -> None:
    source = f"""
        local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end
        return f({MAX_DEPTH - 1})
    """

    def run_from(depth: int) -> Reply:
        return run_from(depth - 1) if depth else run_script(engine, source)

    assert [run_from(depth) for depth in (0, 500, 800)] == [MAX_DEPTH - 1] * 3


@pytest.mark.parametrize(
    "source",
    [
        "local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return f(DEPTH)",
        "local function f(n, ...) return n == 0 and 0 or 1 + f(n - 1, ...) end return f(DEPTH, 1)",
        "local function f(n) return n == 0 and 0 or 1 + f(unpack({n - 1})) end return f(DEPTH)",
        "local t = {} function t:f(n) return n == 0 and 0 or 1 + self:f(n - 1) end"
        " return t:f(DEPTH)",
        "local t = setmetatable({}, {__call = function(t, n) return n == 0 and 0 or 1 + t(n - 1)"
        " end}) return t(DEPTH)",
        "local f local function g(n) return 1 + f(n) end"
        " f = function(n) if n == 0 then return 0 end return g(n - 1) end"
        " return 200 + f(DEPTH - 200)",
        "local function f(n) return n == 0 and 0 or 1 + f(n - 1) end"
        " return select(2, pcall(f, DEPTH))",
        "local function f(n) return n == 0 and 0 or 1 + f(n - 1) end"
        " local n = 0 string.gsub('a', 'a', function() n = f(DEPTH) end) return n",
    ],
)
def test_functions_call_one_another_as_deep_as_in_lua(engine: Engine, source: str) -> None:
    depth = MAX_DEPTH - 2
    assert run_script(engine, source.replace("DEPTH", str(depth))) == depth


def test_a_tail_call_takes_nothing_of_the_depth(engine: Engine) -> None:
    repeats = 100_000
    source = f"""
        local function f(n, sum) if n == 0 then return sum end return f(n - 1, sum + 1) end
        return f({repeats}, 0)
    """
    assert run_script(engine, source) == repeats
    inside = f"return coroutine.wrap(function() {source} end)()"
    assert run_script(engine, inside) == repeats


def test_it_is_where_a_function_is_called_that_there_are_too_many(engine: Engine) -> None:
    source = "local function f()\nreturn 1 +\nf()\nend\nlocal _, why = pcall(f) return why"
    assert run_script(engine, source) == b"user_script:3: stack overflow"
    uncaught = str(run_script(engine, source.replace("local _, why = pcall(f)", "f()")))
    assert uncaught.startswith("ERR user_script:3: stack overflow script: ")
    assert uncaught.endswith(" on @user_script:3.")


def test_python_s_own_limit_is_what_it_was_when_no_script_runs(engine: Engine) -> None:
    before = sys.getrecursionlimit()
    deep = f"local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return f({MAX_DEPTH - 1})"
    threads = [
        threading.Thread(target=run_script, args=(Engine(config=engine.state.config), deep))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_script(engine, "error('x')")
    assert sys.getrecursionlimit() == before


def test_what_is_caught_gives_back_the_depth_that_it_had_taken(engine: Engine) -> None:
    source = f"""
        local function f(n) if n == 0 then error('x') end return 1 + f(n - 1) end
        for i = 1, 10 do
            pcall(f, {MAX_DEPTH // 2})
            xpcall(function() f({MAX_DEPTH // 2}) end, tostring)
            coroutine.resume(coroutine.create(f), {MAX_DEPTH // 4})
        end
        return 'well'
    """
    assert run_script(engine, source) == b"well"


def test_a_coroutine_that_waits_deep_down_can_be_let_go(engine: Engine) -> None:
    source = f"""
        local function f(n) if n == 0 then coroutine.yield('deep') end return 1 + f(n - 1) end
        return coroutine.wrap(f)({MAX_DEPTH // GENERATOR_WEIGHT - 2})
    """
    assert run_script(engine, source) == b"deep"


def test_a_coroutine_that_waits_takes_nothing_of_the_depth(engine: Engine) -> None:
    source = """
        local kept = {}
        local function f(n) if n == 0 then coroutine.yield() return 0 end return 1 + f(n - 1) end
        for i = 1, 20 do kept[i] = coroutine.wrap(function() return f(300) end) kept[i]() end
        return {kept[1](), kept[20]()}
    """
    assert run_script(engine, source) == [300, 300]


def test_a_script_that_overflowed_leaves_nothing_to_the_next_one(engine: Engine) -> None:
    connection = engine.connect()
    source = (
        "local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(ARGV[1])"
    )
    request = [b"EVAL", source.encode(), b"0"]
    for _ in range(3):
        assert "stack overflow" in str(engine.execute(connection, [*request, b"100000"]))
        assert engine.execute(connection, [*request, b"%d" % (MAX_DEPTH - 1)]) == MAX_DEPTH - 1


# --- syntax ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "compiles"),
    [
        ("'(', '1', ')', 190", True),
        ("'(', '1', ')', 5000", False),
        ("'{', '', '}', 190", True),
        ("'{x = ', '1', '}', 190", True),
        ("'{', '', '}', 5000", False),
        ("'not ', '1', '', 190", True),
        ("'not ', '1', '', 5000", False),
        ("'x..', 'x', '', 190", True),
        ("'x..', 'x', '', 5000", False),
        ("'x+', 'x', '', 5000", True),
        ("'x.', 'x', '', 5000", True),
        ("'x(', '', ')', 190", True),
        ("'x(', '', ')', 5000", False),
        ("'function() return ', '1', ' end', 60", True),
        ("'function() return ', '1', ' end', 5000", False),
    ],
)
def test_a_source_nests_as_deep_as_it_may(engine: Engine, source: str, compiles: bool) -> None:
    whole = f"""
        local function deep(open, inside, close, n)
            return 'local x = 1 return ' .. string.rep(open, n) .. inside .. string.rep(close, n)
        end
        local made, why = loadstring(deep({source}))
        return made and 'compiles' or why
    """
    reply = run_script(engine, whole)
    assert isinstance(reply, bytes)
    assert (reply == b"compiles") is compiles
    assert compiles or b"too many" in reply or b"chunk has too many syntax levels" in reply


def test_a_choice_between_many_and_a_block_of_many_compile(engine: Engine) -> None:
    cases = " ".join(f"elseif x == {n} then x = {n + 1}" for n in range(250))
    assert run_script(engine, f"local x = 7 if x == 'a' then x = 1 {cases} end return x") == 8
    lines = "\n".join("x = x + 1" for _ in range(5000))
    assert run_script(engine, f"local x = 0 {lines} return x") == 5000


@pytest.mark.parametrize("operator", ["and", "or", "or a and"])
@pytest.mark.parametrize("operand", ["a", "1", "nil", "not 1", "f(a)"])
def test_a_long_chain_of_choices_is_compiled_in_no_time(
    engine: Engine, operand: str, operator: str
) -> None:
    chain = f" {operator} ".join([operand] * 1500)
    source = f"local a local f = tostring return tostring(pcall(function() return ({chain}).x end))"
    assert run_script(engine, source) in (b"true", b"false")
