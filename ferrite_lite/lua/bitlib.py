"""The bit library: operations on the lowest 32 bits of a number, with a signed result."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import reduce

from . import arguments as args
from .arguments import Arguments
from .runtime import LuaFunction, Results, Value, tonumber

#: Added to a double, it leaves the integer nearest to it in the lowest bits of the sum.
_TO_INTEGER = 2.0**52 + 2.0**51
_MASK = 0xFFFFFFFF


def _bits(arguments: Arguments, position: int, function: bytes) -> int:
    """An argument as 32 bits. Raises LuaError."""
    number = tonumber(args.given(arguments, position))
    if number is None:
        args.number(arguments, position, function)
        return 0
    return int.from_bytes(struct.pack("<d", number + _TO_INTEGER)[:4], "little")


def _signed(bits: int) -> Results:
    return [float(((bits & _MASK) ^ 0x80000000) - 0x80000000)]


def _folding(name: bytes, operation: Callable[[int, int], int]) -> LuaFunction:
    def fold(*arguments: Value) -> Results:
        positions = range(1, max(len(arguments), 1) + 1)
        return _signed(reduce(operation, [_bits(arguments, at, name) for at in positions]))

    return fold


def _shifting(name: bytes, operation: Callable[[int, int], int]) -> LuaFunction:
    def shift(*arguments: Value) -> Results:
        bits = _bits(arguments, 1, name)
        return _signed(operation(bits, _bits(arguments, 2, name) & 31))

    return shift


def _arithmetic_shift(bits: int, count: int) -> int:
    return ((bits ^ 0x80000000) - 0x80000000) >> count


def _rotated(bits: int, count: int) -> int:
    return bits << count | bits >> (32 - count)


def tobit(*arguments: Value) -> Results:
    return _signed(_bits(arguments, 1, b"tobit"))


def bnot(*arguments: Value) -> Results:
    return _signed(~_bits(arguments, 1, b"bnot"))


def bswap(*arguments: Value) -> Results:
    bits = _bits(arguments, 1, b"bswap")
    return _signed(int.from_bytes(bits.to_bytes(4, "little"), "big"))


def tohex(*arguments: Value) -> Results:
    """The last digits, eight or as many as asked for; a negative number of them: upper case."""
    bits = _bits(arguments, 1, b"tohex")
    digits = b"%08x" % bits
    if len(arguments) < 2:
        return [digits]
    count = int(_signed(_bits(arguments, 2, b"tohex"))[0])
    if count < 0:
        digits, count = digits.upper(), -count
    return [digits[8 - min(count, 8) :]]


FUNCTIONS: dict[bytes, LuaFunction] = {
    b"arshift": _shifting(b"arshift", _arithmetic_shift),
    b"band": _folding(b"band", lambda a, b: a & b),
    b"bnot": bnot,
    b"bor": _folding(b"bor", lambda a, b: a | b),
    b"bswap": bswap,
    b"bxor": _folding(b"bxor", lambda a, b: a ^ b),
    b"lshift": _shifting(b"lshift", lambda bits, count: bits << count),
    b"rol": _shifting(b"rol", _rotated),
    b"ror": _shifting(b"ror", lambda bits, count: _rotated(bits, 32 - count if count else 0)),
    b"rshift": _shifting(b"rshift", lambda bits, count: bits >> count),
    b"tobit": tobit,
    b"tohex": tohex,
}
