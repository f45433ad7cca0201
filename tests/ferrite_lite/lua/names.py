"""Values that come of ``and``, ``or`` and ``not``, made up, and used as what they are not.

Lua names in its errors what it thinks the value came from. ``python -m tests.ferrite_lite.lua.names
10000`` compares the errors of so many scripts, of twelve such uses each, with those of a real
server. A second number is the first seed.
"""

from __future__ import annotations

from random import Random

from tests.support.servers import RealServer

from .generated import main, otherwise_answered

#: Each use is a function of its own, which may have the variables as locals or as upvalues.
HEAD = """
local u, v = {}, {}
local log = {{}}
local function try(use)
  local is_fine, result = pcall(use)
  log[#log + 1] = is_fine and type(result) or tostring(result)
end
local l, m, n = {}, {}, {}
local t = {{f = {}, m = function() return {} end, [1] = {}}}
local f = function() return {} end
"""
USES_A_SCRIPT = 12

_VALUES = ("nil", "false", "true", "1", "'s'", "true")
_OPERANDS = (
    *("l", "m", "n", "u", "v", "none", "t.f", "t.f.g", "t[1]", "t[l]", "t['x y']", "t:m()", "f()"),
    *("(f())", "nil", "true", "false", "1", "-1", "'s'", "{}", "(l == m)", "l < 1", "not n", "#t"),
    *("l .. ''", "(l)", "1 + 1", "l + 1"),
)
_USES = (
    *("return ({}).x", "return ({})()", "return ({}):m()", "return ({}) + 1", "return 1 .. ({})"),
    *("return -({})", "return #({})", "({}).x = 1", "({}).x()", "local z = ({})() return z"),
    *("return l + ({})", "return ({}) - ({})", "if ({}).x then return 1 end", "return ({}) < 1"),
    *("return n and ({}).x", "return f(({}).x) or ({})()", "return (({}) or l).y"),
    *("for a in ({}) do return a end", "return {{({}).x}}", "t[({}).x.y] = 2", "return t[({}).x]"),
)
_LOCALS = ("local l, m = l, m ", "local t = t ", "local f, v = f, v ")


class Generator:
    """Writes one script from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # a repeatable choice is wanted

    def script(self) -> str:
        head = HEAD.format(*(self._random.choice(_VALUES) for _ in range(HEAD.count("{}"))))
        return head + "\n".join(self._use() for _ in range(USES_A_SCRIPT)) + "\nreturn log"

    def _use(self) -> str:
        own = "".join(each for each in _LOCALS if self._random.random() < 0.5)
        use = self._random.choice(_USES)
        depth = self._random.randint(1, 4)
        return f"try(function() {own}{use.format(*(self._value(depth) for _ in range(2)))} end)"

    def _value(self, depth: int) -> str:
        kind = self._random.random()
        if depth == 0 or kind < 0.15:
            return self._random.choice(_OPERANDS)
        if kind < 0.3:
            return f"{'not ' if kind < 0.25 else ''}({self._value(depth - 1)})"
        operator = self._random.choice(("and", "or"))
        return f"({self._value(depth - 1)} {operator} {self._value(depth - 1)})"


def script(seed: int) -> str:
    return Generator(seed).script()


def differences(server: RealServer, seeds: range) -> list[int]:
    """The seeds of the scripts that are answered otherwise."""
    return otherwise_answered(server, script, seeds)


if __name__ == "__main__":
    main(differences)
