"""What Lua itself works out when it compiles: constants of arithmetic, conditions that are sure."""

from __future__ import annotations

from typing import NamedTuple

from . import nodes
from .runtime import modulo, power

#: Below this, sums of two whole numbers are exact.
EXACT = 2**52
#: A loop of at most so many rounds between constants is written out as their list.
SHORT_LOOP_ROUNDS = 16


def fold(value: nodes.Expression) -> float | None:
    """The number that an expression of constants amounts to, if it is one that Lua folds."""
    match value:
        case nodes.Constant(value=float() as number):
            return number
        case nodes.Parenthesized(inner=inner):
            return fold(inner)
        case nodes.Unary(operator=b"-", operand=operand):
            negated = fold(operand)
            return None if negated is None else -negated
        case nodes.Binary(operator=b"and"):
            right = fold(value.right)
            return None if right is None or fold(value.left) is None else right
        case nodes.Binary(operator=b"+" | b"-" | b"*" | b"/" | b"%" | b"^" as operator):
            # The right one first: a long sum leans to the left, and is seldom one of constants.
            right = fold(value.right)
            left = None if right is None else fold(value.left)
            if left is None or right is None:
                return None
            result = _folded(operator, left, right)
            # Lua, too, leaves what is no number to the run: a constant has no sign of NaN.
            return None if result is None or result != result else result
    return None


def _folded(operator: bytes, a: float, b: float) -> float | None:
    if operator == b"/":
        return a / b if b else None
    if operator == b"%":
        return modulo(a, b) if b else None
    if operator == b"^":
        return power(a, b)
    return {b"+": a + b, b"-": a - b, b"*": a * b}[operator]


def is_sure(value: nodes.Expression, wanted: bool) -> bool:
    """Whether Lua knows when it compiles that a value is true, or that it is false."""
    match value:
        case nodes.Constant():
            return (value.value is not None and value.value is not False) is wanted
        case nodes.Parenthesized(inner=inner):
            return is_sure(inner, wanted)
        case nodes.Unary(operator=b"not", operand=operand):
            return is_sure(operand, not wanted)
        case nodes.Binary(operator=b"and" | b"or"):
            # The right one first, as above.
            return is_sure(value.right, wanted) and decides_nothing(value)
    return wanted and fold(value) is not None


def decides_nothing(value: nodes.Binary) -> bool:
    """Whether the left side of an ``and`` or ``or`` is a constant that Lua leaves out."""
    return value.operator in (b"and", b"or") and is_sure(value.left, value.operator == b"and")


class Linear(NamedTuple):
    """A whole number that is a variable times a factor, plus an offset."""

    local: nodes.Local | None
    factor: int
    offset: int


def linear(value: nodes.Expression) -> Linear | None:
    """A sum or difference of constants and one variable, which may be multiplied, as that."""
    match value:
        case nodes.Constant(value=float() as number) if number.is_integer() and number < 2**31:
            return Linear(None, 0, int(number))
        case nodes.LocalName(local=local):
            return Linear(local, 1, 0)
        case nodes.Parenthesized(inner=inner):
            return linear(inner)
        case nodes.Binary(operator=b"+" | b"-" | b"*" as operator):
            left = linear(value.left)
            right = None if left is None else linear(value.right)
            return None if left is None or right is None else _combined(operator, left, right)
    return None


def _combined(operator: bytes, a: Linear, b: Linear) -> Linear | None:
    if a.local is not None and b.local is not None:
        return None
    local = a.local or b.local
    if operator == b"*":
        times, number = (a, b.offset) if b.local is None else (b, a.offset)
        return Linear(local, times.factor * number, times.offset * number)
    sign = 1 if operator == b"+" else -1
    return Linear(local, a.factor + sign * b.factor, a.offset + sign * b.offset)


def constant_rounds(loop: nodes.NumericFor) -> list[float]:
    """The values of a short loop between whole constants; none for any other loop."""
    bounds = [fold(loop.start), fold(loop.stop), fold(loop.step) if loop.step else 1.0]
    whole = [int(bound) for bound in bounds if bound is not None and bound.is_integer()]
    if len(whole) < 3 or not whole[2] or max(map(abs, whole)) >= EXACT:
        return []
    start, stop, step = whole
    values = range(start, stop + (1 if step > 0 else -1), step)
    return [float(value) for value in values] if len(values) <= SHORT_LOOP_ROUNDS else []
