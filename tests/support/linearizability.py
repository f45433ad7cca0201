"""Whether what clients saw of an object can have happened one operation after the other.

The algorithm is that of Wing and Gong with Lowe's memory of what was tried: an operation may come
next if none that has yet to come had ended before it began, and its outcome must be one that the
object gives in the state it is then in. An operation whose outcome nobody knows never ends: it may
come at any time after it began, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

State = TypeVar("State", bound=Hashable)


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


#: The outcome of an operation whose answer was lost.
UNKNOWN: Any = _Unknown()


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client asked, what it was told, and when, by any counter that all clients share."""

    call: Any
    outcome: Any
    began: int
    ended: int

    @property
    def deadline(self) -> float:
        """Before which it has happened, if it has."""
        return math.inf if self.outcome is UNKNOWN else self.ended


#: The states that an object may be in after a call in a state had an outcome; none if it cannot
#: have had it.
Step = Callable[[State, Any, Any], Iterable[State]]
#: Whether a call with this outcome changes no state, whichever it is in.
OnlyReads = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Violation(Generic[State]):
    """A history that no order explains: the longest part of it that one does, and what is next."""

    state: State
    unexplained: list[Operation]

    def __str__(self) -> str:
        lines = [f"no order explains what comes after {self.state}:"]
        return "\n  ".join([*lines, *map(str, self.unexplained)])


def violation(
    history: Iterable[Operation],
    step: Step[State],
    initial: State,
    only_reads: OnlyReads = lambda call, outcome: False,
) -> Violation[State] | None:
    """None if the history is linearizable. ``only_reads`` makes the search shorter."""
    operations = sorted(history, key=lambda operation: operation.began)
    must = sum(1 << at for at, each in enumerate(operations) if each.outcome is not UNKNOWN)
    tried: set[tuple[int, State]] = set()
    furthest = (0, initial)
    untried = [furthest]
    while untried:
        done, state = point = untried.pop()
        if done & must == must:
            return None
        if point in tried:
            continue
        tried.add(point)
        if done.bit_count() > furthest[0].bit_count():
            furthest = point
        untried += _next_points(operations, done, state, step, only_reads)
    done, state = furthest
    return Violation(state, [operations[at] for at in _candidates(operations, done)])


def _next_points(
    operations: Sequence[Operation],
    done: int,
    state: State,
    step: Step[State],
    only_reads: OnlyReads,
) -> list[tuple[int, State]]:
    points: list[tuple[int, State]] = []
    for at in _candidates(operations, done):
        operation = operations[at]
        for after in step(state, operation.call, operation.outcome):
            point = (done | 1 << at, after)
            if only_reads(operation.call, operation.outcome):
                # If any order explains the rest, so does the one that has it here.
                return [point]
            points.append(point)
    return points[::-1]


def _candidates(operations: Sequence[Operation], done: int) -> list[int]:
    """Those that may come next, by the time of their end."""
    waiting = list(_waiting(operations, done))
    deadline = min((operations[at].deadline for at in waiting), default=math.inf)
    waiting = [at for at in waiting if operations[at].began <= deadline]
    return sorted(waiting, key=lambda at: operations[at].deadline)


def _waiting(operations: Sequence[Operation], done: int) -> Iterator[int]:
    """The first that are not done, up to one that began after another of them had ended."""
    deadline = math.inf
    first = (~done & (done + 1)).bit_length() - 1
    for at in range(first, len(operations)):
        if operations[at].began > deadline:
            return
        if not done >> at & 1:
            deadline = min(deadline, operations[at].deadline)
            yield at
