"""How library functions read their arguments, and refuse them in Lua's words."""

from __future__ import annotations

from .errors import BadArgument, LuaError
from .numbers import format_number
from .runtime import Table, Value, tonumber, type_name

Arguments = tuple[Value, ...]

#: What C's cast to a long gives for all that is none.
_NO_LONG = -(2**63)


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
    """An argument as ``to_long`` cuts it."""
    if default is not None and given(arguments, position) is None:
        return default
    return to_long(number(arguments, position, function))


def to_long(value: float) -> int:
    """A number cut to an integer, as C casts it to a long on an x86-64."""
    return int(value) if -(2.0**63) <= value < 2.0**63 else _NO_LONG


def int32(arguments: Arguments, position: int, function: bytes, default: int | None = None) -> int:
    """As ``integer``, of which only the lower half is looked at: C's int."""
    value = integer(arguments, position, function, default)
    return (value + 2**31) % 2**32 - 2**31


def c_string(text: bytes) -> bytes:
    """What C takes for the whole of a string."""
    return text.partition(b"\0")[0]


def function(arguments: Arguments, position: int, name: bytes) -> Value:
    value = given(arguments, position)
    if value is None or type_name(value) != b"function":
        raise _wrong(arguments, position, name, b"function")
    return value
