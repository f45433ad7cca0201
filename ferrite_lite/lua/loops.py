"""Loops: the rounds of a numeric ``for`` and of a generic one, of ``pairs`` and of ``ipairs``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain, count

from .arguments import table
from .budget import Budget
from .errors import BadArgument, LuaError
from .folding import EXACT
from .runtime import Results, Table, Value, call, index, tonumber, type_name

#: Rounds that are counted at once.
ROUNDS_AT_ONCE = 256


class NumericLoops:
    """The rounds of numeric loops, each of which is a step of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def counted(self, start: Value, stop: Value, step: Value) -> Iterator[float]:
        """The values of the variable, one after the other. Raises LuaError."""
        if start.__class__ is stop.__class__ is step.__class__ is float:
            a, b, c = start, stop, step
        else:
            a, b, c = _bounds(start, stop, step)
        if a.is_integer() and c.is_integer() and c and max(abs(a), abs(b), abs(c)) < EXACT:
            end = math.floor(b) + 1 if c > 0 else math.ceil(b) - 1
            values = range(int(a), end, int(c))
            if len(values) > ROUNDS_AT_ONCE:
                return chain.from_iterable(self._whole(values))
            self._budget.spend(len(values))
            return map(float, values)
        return self._fractions(a, b, c)

    def _whole(self, values: range) -> Iterator[Iterable[float]]:
        for at in range(0, len(values), ROUNDS_AT_ONCE):
            some = values[at : at + ROUNDS_AT_ONCE]
            self._budget.spend(len(some))
            yield map(float, some)

    def _fractions(self, value: float, stop: float, step: float) -> Iterator[float]:
        value = value - step + step  # as Lua, which counts before each round
        while value <= stop if step > 0 else value >= stop:
            self._budget.tick()
            yield value
            value += step


def _bounds(start: Value, stop: Value, step: Value) -> tuple[float, float, float]:
    """Raises LuaError."""
    a, b, c = tonumber(start), tonumber(stop), tonumber(step)
    for value, what in ((a, b"initial value"), (b, b"limit"), (c, b"step")):
        if value is None:
            raise LuaError(b"'for' %b must be a number" % what)
    assert a is not None and b is not None and c is not None  # noqa: S101, PT018  # see above
    return a, b, c


# --- over tables ----------------------------------------------------------------------------------


def pairs_of(*arguments: Value) -> Iterator[tuple[Value, Value]]:
    """What a loop over ``pairs`` goes through. Raises LuaError."""
    return table(arguments, 1, b"pairs").items()


def items_of(*arguments: Value) -> Iterator[tuple[float, Value]]:
    """What a loop over ``ipairs`` goes through. Raises LuaError."""
    return _list_items(table(arguments, 1, b"ipairs"))


def _list_items(owner: Table) -> Iterator[tuple[float, Value]]:
    keys = count(1.0)
    # What is put into the array, or taken from it, in a round is there in the next one, or is not.
    return chain(zip(keys, owner.array, strict=False), _further_items(owner, keys))


def _further_items(owner: Table, keys: Iterator[float]) -> Iterator[tuple[float, Value]]:
    """What a round has moved out of the array, and what a metatable adds."""
    at = next(keys) - 1  # one was drawn when the array had ended
    while True:
        value = index(owner, at)
        if value is None:
            return
        yield at, value
        at += 1


def generic_for(function: Value, state: Value, control: Value) -> Iterator[Iterable[Value]]:
    """The results of each round of a generic ``for``."""
    if function is next_ and control is None and state.__class__ is Table:
        return state.items()
    if function is next_item and control == 0 and state.__class__ is Table:
        return _list_items(state)
    return _rounds(function, state, control)


def _rounds(function: Value, state: Value, control: Value) -> Iterator[Results]:
    while True:
        results = call(function, state, control)
        if not results or results[0] is None:
            return
        control = results[0]
        yield results


def next_(*arguments: Value) -> Results:
    """``next``: the pair that follows a key."""
    owner = arguments[0] if arguments else None
    if owner.__class__ is not Table:
        got = b"no value" if owner is None else type_name(owner)
        raise BadArgument(1, b"next", b"table expected, got " + got)
    pair = owner.after(arguments[1] if len(arguments) > 1 else None)
    return [None] if pair is None else list(pair)


def next_item(owner: Value = None, at: Value = None, *_: Value) -> Results:
    """What ``ipairs`` steps with."""
    at += 1
    value = index(owner, at)
    return [] if value is None else [at, value]
