"""The math library. ``random`` is Redis's: every script starts from the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable

from . import arguments as args
from .errors import LuaError
from .runtime import Results, Value, power

_ONE_ARGUMENT: dict[bytes, Callable[[float], float]] = {
    b"abs": abs,
    b"acos": math.acos,
    b"asin": math.asin,
    b"atan": math.atan,
    b"ceil": lambda x: math.copysign(math.ceil(x), x),
    b"cos": math.cos,
    b"cosh": math.cosh,
    b"deg": math.degrees,
    b"exp": math.exp,
    b"floor": lambda x: math.copysign(math.floor(x), x),
    b"log": math.log,
    b"log10": math.log10,
    b"rad": math.radians,
    b"sin": math.sin,
    b"sinh": math.sinh,
    b"sqrt": math.sqrt,
    b"tan": math.tan,
    b"tanh": math.tanh,
}


def _one_argument(name: bytes, function: Callable[[float], float]) -> Callable[..., Results]:
    def library_function(*arguments: Value) -> Results:
        number = args.number(arguments, 1, name)
        try:
            return [function(number)]
        except OverflowError:
            return [_overflow(name, number)]
        except ValueError:
            return [_edge(name, number)]

    return library_function


def _overflow(name: bytes, number: float) -> float:
    """Where Python raises for a result too large for a double, and for a rounded infinity."""
    return math.copysign(math.inf, number) if name in (b"ceil", b"floor", b"sinh") else math.inf


def _edge(name: bytes, number: float) -> float:
    """Where Python raises and C answers."""
    if name in (b"floor", b"ceil"):
        return number
    if name in (b"log", b"log10") and number == 0:
        return -math.inf
    return math.nan if name in (b"acos", b"asin", b"log10") else -math.nan


def floor(value: Value) -> Value:
    """``math.floor`` of one value, without the list."""
    if value.__class__ is float and abs(value) < 2**53:
        return float(math.floor(value)) if value else value
    return FUNCTIONS[b"floor"](value)[0]


def atan2(*arguments: Value) -> Results:
    return [math.atan2(args.number(arguments, 1, b"atan2"), args.number(arguments, 2, b"atan2"))]


def fmod(*arguments: Value) -> Results:
    a, b = args.number(arguments, 1, b"fmod"), args.number(arguments, 2, b"fmod")
    try:
        return [math.fmod(a, b)]
    except ValueError:
        return [-math.nan]


def frexp(*arguments: Value) -> Results:
    mantissa, exponent = math.frexp(args.number(arguments, 1, b"frexp"))
    return [mantissa, float(exponent)]


def ldexp(*arguments: Value) -> Results:
    mantissa = args.number(arguments, 1, b"ldexp")
    exponent = args.int32(arguments, 2, b"ldexp")
    try:
        return [math.ldexp(mantissa, exponent)]
    except OverflowError:
        return [math.copysign(math.inf, mantissa)]


def modf(*arguments: Value) -> Results:
    fraction, whole = math.modf(args.number(arguments, 1, b"modf"))
    return [whole, fraction]


def pow_(*arguments: Value) -> Results:
    return [power(args.number(arguments, 1, b"pow"), args.number(arguments, 2, b"pow"))]


def max_(*arguments: Value) -> Results:
    args.number(arguments, 1, b"max")
    return [max(args.number(arguments, at, b"max") for at in range(1, len(arguments) + 1))]


def min_(*arguments: Value) -> Results:
    args.number(arguments, 1, b"min")
    return [min(args.number(arguments, at, b"min") for at in range(1, len(arguments) + 1))]


#: The generator of drand48, which Redis gives its scripts: X' = (A*X + C) mod 2**48.
_MULTIPLIER, _INCREMENT, _MASK = 0x5DEECE66D, 0xB, 2**48 - 1
_SEED_TAIL = 0x330E
_INT32_MAX = 2**31 - 1


class Randomness:
    """``random`` and ``randomseed`` of one server, the same numbers as Redis's."""

    def __init__(self) -> None:
        self._state = 0x1234ABCD << 16 | _SEED_TAIL

    def _seed(self, seed: int) -> None:
        self._state = (seed & 0xFFFFFFFF) << 16 | _SEED_TAIL

    def functions(self) -> dict[bytes, Callable[..., Results]]:
        def random(*arguments: Value) -> Results:
            return [self._draw(arguments)]

        def randomseed(*arguments: Value) -> Results:
            self._seed(args.int32(arguments, 1, b"randomseed"))
            return []

        return {b"random": random, b"randomseed": randomseed}

    def _draw(self, arguments: args.Arguments) -> float:
        self._state = (_MULTIPLIER * self._state + _INCREMENT) & _MASK
        fraction = (self._state >> 17) % _INT32_MAX / _INT32_MAX
        if not arguments:
            return fraction
        if len(arguments) > 2:
            raise LuaError(b"wrong number of arguments")
        low = 1 if len(arguments) == 1 else args.int32(arguments, 1, b"random")
        high = args.int32(arguments, len(arguments), b"random")
        if low > high:
            raise args.bad(len(arguments), b"random", b"interval is empty")
        return float(math.floor(fraction * (high - low + 1)) + low)


FUNCTIONS = {
    **{name: _one_argument(name, function) for name, function in _ONE_ARGUMENT.items()},
    b"atan2": atan2,
    b"fmod": fmod,
    b"frexp": frexp,
    b"ldexp": ldexp,
    b"max": max_,
    b"min": min_,
    b"modf": modf,
    b"mod": fmod,
    b"pow": pow_,
}
CONSTANTS = {b"huge": math.inf, b"pi": math.pi}
