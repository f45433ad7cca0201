"""Whole scripts, made up: statements of every kind, which end, and tell of all that they did.

``python -m tests.ferrite_lite.lua.generated 50000`` compares so many with a real server: what they
answer, and the data that they leave behind. A second number is the first seed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from random import Random
from typing import Protocol

from ferrite_lite import Engine
from ferrite_lite.resp import encode
from tests.support.servers import RealServer, redis_server
from tests.support.wire import Word

#: Every script reports the values of these: the locals that its statements work on.
NAMES = ("a", "b", "c", "t")
HELPERS = """
local log = {}
local function show(v)
  if type(v) == 'table' then
    local parts = {}
    for key, value in pairs(v) do
      if type(key) == 'table' or type(key) == 'function' then return 'by address' end
      if type(value) == 'table' then value = 't' end
      parts[#parts + 1] = tostring(key) .. '=' .. tostring(value)
    end
    return #v .. '{' .. table.concat(parts, ',') .. '}' .. tostring(v.x) .. tostring(v.y)
  end
  return type(v) == 'function' and 'f' or tostring(v)
end
local function told(v)
  return type(v) == 'table' and (v.err or v.ok) or v
end
local function note(...)
  for i = 1, select('#', ...) do
    if #log < 60 then log[#log + 1] = show((select(i, ...))) end
  end
end
local a, b, c, t = 1, 'two', nil, {3, 'four', x = 5}
"""
TAIL = "\nnote(a, b, c, t)\nreturn log"

_ATOMS = (
    *("0", "1", "2", "-1", "3.5", "10", "1e15", "0.1", "'10'", "'a'", "''", "'x y'", "'%d'"),
    *("nil", "true", "false", "{}", "{1, 2}", "KEYS[1]", "ARGV[1]", "#ARGV", "t.x", "t[1]", "#b"),
)
_OPERATORS = ("+", "-", "*", "/", "%", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or", "^")
_CALLS = (
    *("tostring({})", "tonumber({})", "type({})", "#tostring({})", "math.floor(tonumber({}) or 1)"),
    *("string.rep('ab', 2) .. tostring({})", "string.sub(tostring({}), 2, -1)", "not ({})"),
    *("string.find(tostring({}), '^%d+$')", "string.find(tostring({}), 'a', 1, true)", "-({})"),
    *("string.gsub(tostring({}), '%w', '%0.')", "string.upper(tostring({}))", "({})"),
    *("string.match(tostring({}), '(%d)(%d*)')", "string.format('%s|%5.1f', tostring({}), 2)"),
    *("select('#', {})", "(select(2, pcall(error, {})))", "pcall(tostring, {})", "#{{{}, 1}}"),
    *("(function(...) return select('#', ...), ... end)({})", "unpack({{{}, 2}})", "next({{{}}})"),
)

#: Elements of a table that are set, and tables that are traversed.
_KEYS = (
    *(".x", ".y", ".name", ".k1", ".k2", "['user:1']", "[1]", "[2]", "[4]", "[0]", "[-1]"),
    *("[2.5]", "[#t + 1]", "['x']", "[#log]", "['w' .. #log]", "[true]"),
)
_TRAVERSED = (
    *("pairs({7, 8})", "pairs({id = 7, name = 'n', x = 1, y = 2})", "next, {3, x = 1, [4] = 5}"),
    *("pairs({a = 1, b = 2, c = nil, d = 4, e = 5, 6})", "pairs(type(t) == 'table' and t or {})"),
)

#: Commands on a few keys of every kind, with a place for a value; what is in no order of its own
#: (SMEMBERS) is not asked for.
_COMMANDS = (
    *("'SET', KEYS[1], {}", "'SET', 'n', {}", "'GET', KEYS[1]", "'GET', 'n'", "'INCR', 'n'"),
    *("'INCRBY', 'n', {}", "'APPEND', KEYS[1], {}", "'STRLEN', KEYS[1]", "'SETNX', 'n', {}"),
    *("'GETSET', KEYS[1], {}", "'MSET', 'n', {}, 'm', 'x'", "'MGET', KEYS[1], 'n', 'h'"),
    *("'HSET', 'h', 'f', {}", "'HSET', 'h', {}, 'v'", "'HSET', 'h', 'f'", "'HGET', 'h', 'f'"),
    *("'HDEL', 'h', {}", "'HINCRBY', 'h', 'c', 2", "'HLEN', 'h'", "'HMGET', 'h', 'f', 'c', {}"),
    *("'HGETALL', 'h'", "'HSETNX', 'h', 'g', {}", "'SADD', 's', {}", "'SADD', 's', 'a', 'b'"),
    *("'SREM', 's', {}", "'SCARD', 's'", "'SISMEMBER', 's', {}", "'SMOVE', 's', 'z', 'a'"),
    *("'DEL', 'n'", "'DEL', {}", "'EXISTS', 'n', 'h', 's'", "'TYPE', 'h'", "'RENAME', 'n', 'm'"),
    *("'EXPIRE', KEYS[1], 100", "'EXPIRE', 'h', {}", "'PERSIST', 'h'", "'TTL', KEYS[1]"),
    *("'get', KEYS[1]", "'NOSUCH', {}", "'SADD', 's', unpack({{{}, 2}})", "{}, 'n'", "'PING'"),
)

#: Everything that is there: keys with their types, values and deadlines, in order.
SNAPSHOT = """
local all, found = redis.call('KEYS', '*'), {}
table.sort(all)
for _, key in ipairs(all) do
  local kind, held = redis.call('TYPE', key).ok, {}
  if kind == 'string' then held = {redis.call('GET', key)} end
  if kind == 'set' then held = redis.call('SMEMBERS', key) end
  if kind == 'hash' then
    for _, field in ipairs(redis.call('HKEYS', key)) do
      held[#held + 1] = field .. '=' .. redis.call('HGET', key, field)
    end
  end
  table.sort(held)
  found[#found + 1] = {key, kind, redis.call('TTL', key), held}
end
return found
"""

#: A script may show the address of a table, or a part of it.
_ADDRESS = re.compile(rb"(?i)[a-z]\.*: ?0\.*x|0x7f")


class Generator:
    """Writes one script from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # a repeatable choice is wanted
        self._loops = 0

    def script(self) -> str:
        return HELPERS + self._block(self._random.randint(2, 6), 0) + TAIL

    def _name(self) -> str:
        return self._random.choice(NAMES)

    def _expression(self, depth: int = 0) -> str:
        kind = self._random.random()
        if depth > 2 or kind < 0.35:
            return self._random.choice((*_ATOMS, *NAMES))
        if kind < 0.7:
            operator = self._random.choice(_OPERATORS)
            return f"({self._expression(depth + 1)} {operator} {self._expression(depth + 1)})"
        return self._random.choice(_CALLS).format(self._expression(depth + 1))

    def _block(self, count: int, depth: int) -> str:
        kinds: list[Callable[[int], str]] = [self._assign, self._note, self._local]
        kinds += [self._index, self._protected, self._command]
        if depth < 3:
            kinds += [self._if, self._numeric, self._generic, self._while, self._closure]
            kinds += [self._repeat, self._sort, self._metatable]
        chosen = self._random.choices(kinds, k=count)
        return "\n".join(kind(depth) for kind in chosen)

    def _inner(self, depth: int) -> str:
        return self._block(self._random.randint(1, 3), depth + 1)

    def _assign(self, _: int) -> str:
        if self._random.random() < 0.3:
            names = f"{self._name()}, {self._name()}"
            return f"{names} = {self._expression()}, {self._expression()}"
        return f"{self._name()} = {self._expression()}"

    def _note(self, _: int) -> str:
        return f"note({self._expression()}, {self._expression()})"

    def _local(self, _: int) -> str:
        return f"do local {self._name()} = {self._expression()} note({self._expression()}) end"

    def _index(self, _: int) -> str:
        key = self._random.choice(_KEYS)
        return f"if type(t) == 'table' then t{key} = {self._expression()} end"

    def _command(self, _: int) -> str:
        """Most are caught when they fail, so that the script goes on."""
        command = self._random.choice(_COMMANDS).format(self._expression())
        form = self._random.choice(("note(told(redis.pcall({})))", "note(pcall(redis.call, {}))"))
        if self._random.random() < 0.5:
            form = "note(pcall(function() return told(redis.call({})) end))"
        return (form if self._random.random() < 0.9 else "redis.call({})").format(command)

    def _protected(self, _: int) -> str:
        return f"note(pcall(function() return {self._expression()} end))"

    def _if(self, depth: int) -> str:
        otherwise = f"else\n{self._inner(depth)}\n" if self._random.random() < 0.5 else ""
        return f"if {self._expression()} then\n{self._inner(depth)}\n{otherwise}end"

    def _numeric(self, depth: int) -> str:
        bounds = self._random.choice(("1, 3", "3, 1, -1", "1, 2.5, 0.5", "1, 0", "0, #log % 3"))
        leave = f"if {self._expression()} then break end" if self._random.random() < 0.3 else ""
        return f"for i = {bounds} do\nnote(i)\n{self._inner(depth)}\n{leave}\nend"

    def _generic(self, depth: int) -> str:
        source = self._random.choice(("ipairs({4, 5, nil, 6})", "ipairs({})", *_TRAVERSED))
        if self._random.random() < 0.3:
            source = "string.gmatch('k=v, q=w', '(%w+)=(%w+)')"
        return f"for k, v in {source} do\nnote(k, v)\n{self._inner(depth)}\nend"

    def _counted(self) -> str:
        self._loops += 1
        return f"n{self._loops}"

    def _while(self, depth: int) -> str:
        count = self._counted()
        body = f"{count} = {count} + 1\n{self._inner(depth)}"
        condition = f"{count} < 3 and {self._expression()}"
        return f"do local {count} = 0 while {condition} do\n{body}\nend end"

    def _repeat(self, depth: int) -> str:
        count = self._counted()
        body = f"{count} = {count} + 1\nlocal last = {self._expression()}\n{self._inner(depth)}"
        return f"do local {count} = 0 repeat\n{body}\nuntil {count} >= 3 or last end end"

    def _closure(self, depth: int) -> str:
        parameters = self._random.choice(("", "a", "a, b", "...", "a, ..."))
        call = f"f({self._expression()}, {self._expression()})"
        first = "note(...)" if "..." in parameters else "note(a)"
        result = f"return {self._expression()}, {self._expression()}"
        body = f"{first}\n{self._inner(depth)}\n{result}"
        return f"do local function f({parameters})\n{body}\nend\nnote({call}, pcall(f)) end"

    def _sort(self, _: int) -> str:
        order = self._random.choice(("", ", function(p, q) return p > q end"))
        items = self._random.choice(("3, 1, 2", "'b', 'a', 'c'", "3, 'a', 1"))
        return f"note(pcall(function() local s = {{{items}}} table.sort(s{order}) note(s) end))"

    def _metatable(self, _: int) -> str:
        event = self._random.choice(("__index", "__add", "__concat", "__call", "__eq", "__lt"))
        made = f"setmetatable({{}}, {{{event} = function(p, q) return {self._expression()} end}})"
        use = self._random.choice(("m.z", "m + 1", "m .. 'x'", "m(1)", "m == m", "m < m", "1 + m"))
        return f"do local m = {made} note(pcall(function() return {use} end)) end"


def script(seed: int) -> str:
    return Generator(seed).script()


class Ours:
    """An engine that runs one script after another."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._connection = self._engine.connect()

    def ask(self, *words: Word) -> bytes:
        request = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return encode(self._engine.execute(self._connection, request))


class Server(Protocol):
    def ask(self, *words: Word) -> bytes: ...


def outcome(server: Server, source: str) -> tuple[bytes, bytes]:
    """What a script answers, and what is there when it has ended."""
    server.ask("FLUSHALL")
    answer = server.ask("EVAL", source, 1, "k1", "a1")
    return answer, server.ask("EVAL", SNAPSHOT, 0)


def differences(server: RealServer, seeds: range) -> list[int]:
    """The seeds of the scripts that are answered otherwise, or that leave other data behind."""
    found = []
    here = Ours()
    with server.connect() as connection:
        for seed in seeds:
            source = script(seed)
            ours = outcome(here, source)
            if b"was stopped" in ours[0]:
                continue  # it would never end in Redis, either
            theirs = outcome(connection, source)
            if ours != theirs and not _show_addresses(ours, theirs):
                found.append(seed)
            if not seed % 500:
                connection.ask("SCRIPT", "FLUSH")
    return found


def _show_addresses(ours: tuple[bytes, bytes], theirs: tuple[bytes, bytes]) -> bool:
    return all(_ADDRESS.search(b"".join(each)) for each in (ours, theirs))


def otherwise_answered(
    server: RealServer, script: Callable[[int], str], seeds: range, *keys: str
) -> list[int]:
    """The seeds of the scripts of one generator whose replies differ."""
    found = []
    here = Ours()
    with server.connect() as connection:
        for seed in seeds:
            words: list[str | int] = ["EVAL", script(seed), len(keys), *keys]
            if here.ask(*words) != connection.ask(*words):
                found.append(seed)
            if not seed % 500:
                connection.ask("SCRIPT", "FLUSH")
    return found


def main(differences: Callable[[RealServer, range], list[int]]) -> None:
    """For a command line of a count, and the first seed."""
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with redis_server("--maxmemory", "200mb") as started:
        print(differences(started, range(first, first + int(sys.argv[1]))))


if __name__ == "__main__":
    main(differences)
