"""Tables, made up: built by constructors, assignments, loops and libraries, changed, and traversed.

``python -m tests.ferrite_lite.lua.tables 50000`` compares so many scripts with a real server: each
tells in which order it finds the keys, by every way there is, and where its tables end. A second
number is the first seed.
"""

from __future__ import annotations

from random import Random

from tests.support.servers import RealServer

from .generated import main, otherwise_answered

#: A key that was removed and is set again may stand elsewhere after the collector came by, which is
#: as it falls out: it is kept away. ``told`` shows a value, ``tell`` all that there is of a table.
HEAD = """
collectgarbage('stop')
local log = {}
local function note(...)
  for i = 1, select('#', ...) do log[#log + 1] = tostring((select(i, ...))) end
end
local function told(v, depth)
  if type(v) ~= 'table' then return tostring(v) end
  if depth > 3 then return '..' end
  local s = '#' .. #v .. '{'
  for key, value in pairs(v) do
    s = s .. told(key, depth) .. '=' .. told(value, depth + 1) .. ' '
  end
  return s .. '}'
end
local function tell(v)
  note(told(v, 0))
  local s, key, value = '', next(v)
  while key ~= nil do
    s = s .. tostring(key) .. ' '
    key, value = next(v, key)
  end
  note(s, select(2, pcall(cjson.encode, v)), select(2, pcall(cmsgpack.pack, v)))
end
local function three() return 'r1', 'r2', 'r3' end
local function some(...) return ... end
local t, u = {}, {}
"""
TAIL = "\ntell(t) tell(u)\ncollectgarbage()\nreturn log"

_NAMES = (
    *("a", "b", "c", "d", "e", "x", "y", "id", "name", "user", "count", "value", "field", "k1"),
    *("k2", "key", "total", "first", "last", "n", "err", "ok", "1", "10", "user:1", "user:2"),
    *("", "created_at", "last_access", "a-rather-long-name-of-a-field-in-a-table", "z" * 70),
)
_NUMBERS = (
    *("0", "-1", "-2", "0.5", "1.5", "-0.5", "100", "1000", "65536", "1e6", "2^26", "2^26 + 1"),
    *("2^31", "2^32", "1e15", "1e300", "-1e10", "1/0", "-1/0", "3.25", "7", "8", "16", "17"),
)


class Generator:
    """Writes one script from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # a repeatable choice is wanted
        self._depth = 0

    def script(self) -> str:
        count = self._random.choice((1, 2, 4, 8, 16))
        return HEAD + "\n".join(self._statement() for _ in range(count)) + TAIL

    # --- parts ------------------------------------------------------------------------------------

    def _table(self) -> str:
        return self._random.choice("tttu")

    def _one_of(self, *choices: str) -> str:
        return self._random.choice(choices)

    def _name(self) -> str:
        if self._random.random() < 0.3:
            return f"'w{self._random.randint(1, 40)}'"
        return f"'{self._random.choice(_NAMES)}'"

    def _number(self) -> str:
        if self._random.random() < 0.7:
            return str(self._random.randint(1, self._random.choice((4, 10, 40))))
        return self._random.choice(_NUMBERS)

    def _key(self) -> str:
        kind = self._random.random()
        if kind < 0.5:
            return self._name()
        return self._number() if kind < 0.95 else self._one_of("true", "false")

    def _value(self) -> str:
        kind = self._random.random()
        if kind < 0.1 and self._depth < 2:
            return self._constructor()
        return self._one_of("1", "'v'", "true", "false", "2.5", "'w'") if kind < 0.9 else "nil"

    def _constructor(self) -> str:
        self._depth += 1
        most = self._random.choice((0, 1, 3, 6, 20, 70 if self._depth == 1 else 3))
        named, given = self._random.choice((0, 0.3, 0.7, 1)), self._random.choice((0.02, 0.3))
        fields = [
            self._field(given) if self._random.random() < named else self._value()
            for _ in range(self._random.randint(0, most))
        ]
        if self._random.random() < 0.2:
            fields.append(self._one_of("three()", "some()", "some(nil, 1)", "unpack({1, 2, 3, 4})"))
        self._depth -= 1
        return "{" + ", ".join(fields) + "}"

    def _field(self, computed: float) -> str:
        if self._random.random() < computed:
            return f"[some({self._key()})] = some({self._value()})"
        return f"[{self._key()}] = {self._value()}"

    # --- statements -------------------------------------------------------------------------------

    def _statement(self) -> str:
        kinds = [self._made] * 2 + [self._assigned] * 3 + [self._removed] * 2
        kinds += [self._looped] * 3 + [self._inserted, self._taken, self._traversed, self._read]
        kinds += [self._asked, self._decoded, self._replied, self._with_metatable, self._sorted]
        return self._random.choice(kinds)()

    def _made(self) -> str:
        return f"{self._table()} = {self._constructor()}"

    def _assigned(self) -> str:
        table = self._table()
        count = self._random.randint(1, 10)
        return " ".join(f"{table}[{self._key()}] = {self._value()}" for _ in range(count))

    def _removed(self) -> str:
        table = self._table()
        return " ".join(f"{table}[{self._key()}] = nil" for _ in range(self._random.randint(1, 5)))

    def _looped(self) -> str:
        most = self._random.choice((40, 40, 40, 40, 700))
        low, high = self._random.randint(-3, 12), self._random.randint(1, most)
        bounds = self._one_of(
            f"1, {high}", f"{low}, {high}", f"{high}, {low}, -1", f"{high}, 1, -1", f"1, {high}, 3"
        )
        table, other = self._table(), self._table()
        body = self._one_of(
            f"{table}[i] = i",
            f"{table}[#{table} + 1] = i",
            f"{table}['w' .. i] = i",
            f"{table}[i] = nil",
            f"{table}['w' .. i] = nil",
            f"{table}[i * i % 17] = i",
            f"{table}[i * 10] = i",
            f"{table}[i] = i {table}['w' .. i] = i",
            f"{table}[#{table} + 1] = 'w' .. i {table}['w' .. i] = #{table}",
            f"{table}[i + 3] = i {table}[i] = nil",
            f"{table}['w' .. i] = i {table}['w' .. i - 3] = nil",
            f"table.insert({table}, i) {other}[i % 5] = i",
            f"{table}[i], {other}[i] = i, nil",
            f"{table}[#{table}] = nil",
        )
        return f"for i = {bounds} do {body} end"

    def _inserted(self) -> str:
        table = self._table()
        at = self._one_of("", "1, ", "2, ", f"#{table}, ", "3, ")
        return f"pcall(table.insert, {table}, {at}{self._value()})"

    def _taken(self) -> str:
        table = self._table()
        return f"note(told(table.remove({table}{self._one_of('', ', 1', ', 2', ', 5')}), 2))"

    def _sorted(self) -> str:
        return f"note((pcall(table.sort, {self._table()})))"

    def _traversed(self) -> str:
        """What may be done to a table while it is traversed, and what Lua says not to do."""
        table, other = self._table(), self._table()
        body = self._one_of(
            f"{table}[k] = nil",
            f"{table}[k] = 'seen'",
            f"if tostring(k) < 'm' then {table}[k] = nil end",
            f"{other}[k] = v",
            f"if type(v) ~= 'table' then {other}[v] = k end",
            f"if count < 5 then {table}['new' .. count] = count end",
            f"if count < 5 then {table}[count] = count {table}[k] = nil end",
        )
        loop = self._one_of(f"pairs({table})", f"next, {table}", f"pairs({table})")
        body = f"count = count + 1 if count > 80 then break end note(k) {body}"
        return f"do local count = 0 for k, v in {loop} do {body} end end"

    def _read(self) -> str:
        table = self._table()
        return self._one_of(f"tell({table})", f"note(#{table})", f"note((next({table})))")

    def _asked(self) -> str:
        table = self._table()
        return (
            f"note(table.getn({table}), table.maxn({table}), (pcall(next, {table}, {self._key()})))"
        )

    def _decoded(self) -> str:
        table = self._table()
        via = self._one_of("cjson.decode(cjson.encode", "cmsgpack.unpack(cmsgpack.pack")
        return (
            f"pcall(function() {table} = {via}({self._one_of('t', 'u', self._constructor())})) end)"
        )

    def _replied(self) -> str:
        table = self._table()
        return self._one_of(
            f"{table} = redis.pcall('NOSUCH')",
            f"{table} = redis.call('MGET', 'x', 'y', 'z')",
            f"{table} = {{redis.call('TIME')[3], redis.call('PING')}}",
            f"{table} = {{{table}, n = select('#', some(1, 2, 3)), some(1, 2, 3)}}",
            f"{table} = KEYS",
        )

    def _with_metatable(self) -> str:
        table = self._table()
        handler = self._one_of(
            "function() end", "rawset", "u", "function(o, k) rawset(o, k, 1) end"
        )
        return f"{table} = setmetatable({self._constructor()}, {{__newindex = {handler}}})"


def script(seed: int) -> str:
    return Generator(seed).script()


def differences(server: RealServer, seeds: range) -> list[int]:
    """The seeds of the scripts that are answered otherwise."""
    return otherwise_answered(server, script, seeds, "k1", "k2", "k3")


if __name__ == "__main__":
    main(differences)
