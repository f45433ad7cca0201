"""How library functions read their arguments, and refuse them in Lua's words."""

from __future__ import annotations

import math

from .errors import BadArgument, LuaError
from .numbers import format_number
from .runtime import Table, Value, tonumber, type_name

Arguments = tuple[Value, ...]

#: Doubles past this lose what C's cast to an integer would.
_INT_MAX = 2**63 - 1


def bad(position: int, function: bytes, reason: bytes) -> LuaError:
    return BadArgument(position, function, reason)


def _wrong(arguments: Arguments, position: int, function: bytes, expected: bytes) -> LuaError:
    got = type_name(arguments[position - 1]) if position <= len(arguments) else b"no value"
    return bad(position, function, b"%b expected, got %b" % (expected, got))


def given(arguments: Arguments, position: int) -> Value:
    return arguments[position - 1] if position <= len(arguments) else None


def any_value(arguments: Arguments, position: int, function: bytes) -> Value:
    if position > len(arguments):
        raise bad(position, function, b"value expected")
    return arguments[position - 1]


def table(arguments: Arguments, position: int, function: bytes) -> Table:
    value = given(arguments, position)
    if isinstance(value, Table):
        return value
    raise _wrong(arguments, position, function, b"table")


def string(arguments: Arguments, position: int, function: bytes) -> bytes:
    """A string, or a number written as one."""
    value = given(arguments, position)
    if value.__class__ is bytes:
        return bytes(value)
    if value.__class__ is float:
        return format_number(value)
    raise _wrong(arguments, position, function, b"string")


def number(arguments: Arguments, position: int, function: bytes) -> float:
    """A number, or a string that looks like one."""
    value = tonumber(given(arguments, position))
    if value is None:
        raise _wrong(arguments, position, function, b"number")
    return value


def integer(
    arguments: Arguments, position: int, function: bytes, default: int | None = None
) -> int:
    """A number cut to an integer, as C casts it."""
    if default is not None and given(arguments, position) is None:
        return default
    value = number(arguments, position, function)
    if value != value:
        return -_INT_MAX - 1
    if math.isinf(value) or abs(value) > _INT_MAX:
        return -_INT_MAX - 1 if value < 0 else _INT_MAX
    return int(value)


def function(arguments: Arguments, position: int, name: bytes) -> Value:
    value = given(arguments, position)
    if value is None or type_name(value) != b"function":
        raise _wrong(arguments, position, name, b"function")
    return value
