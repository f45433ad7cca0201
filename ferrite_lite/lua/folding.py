"""What Lua itself works out when it compiles: constants of arithmetic, conditions that are sure."""

from __future__ import annotations

from . import nodes
from .runtime import modulo, power

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
            return None if fold(value.left) is None else fold(value.right)
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


def truth(value: nodes.Expression) -> bool | None:
    """Whether a value is true, where Lua knows it when it compiles."""
    match value:
        case nodes.Constant():
            return value.value is not None and value.value is not False
        case nodes.Parenthesized(inner=inner):
            return truth(inner)
        case nodes.Unary(operator=b"not"):
            negated = truth(value.operand)
            return None if negated is None else not negated
        case nodes.Binary() if decides_nothing(value):
            return truth(value.right)
    return None if fold(value) is None else True


def decides_nothing(value: nodes.Binary) -> bool:
    """Whether the left side of an ``and`` or ``or`` is a constant that Lua leaves out."""
    return value.operator in (b"and", b"or") and truth(value.left) is (value.operator == b"and")


def constant_rounds(loop: nodes.NumericFor) -> list[float]:
    """The values of a short loop between whole constants; none for any other loop."""
    bounds = [fold(loop.start), fold(loop.stop), fold(loop.step) if loop.step else 1.0]
    whole = [int(bound) for bound in bounds if bound is not None and bound.is_integer()]
    if len(whole) < 3 or not whole[2] or 0.0 in bounds[:2]:  # zero may be negative
        return []
    start, stop, step = whole
    values = range(start, stop + (1 if step > 0 else -1), step)
    return [float(value) for value in values] if len(values) <= SHORT_LOOP_ROUNDS else []
