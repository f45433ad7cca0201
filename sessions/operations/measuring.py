"""How operations go: what a store tells its operator of each, beside what happens to sessions.

An operation is a method that asks the store. Whoever declares one here gives its requests their
scope, and so one deadline; its observers are told when it begins and how it has ended.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from time import perf_counter
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

from ..datatype import R
from ..servers.link import Link
from ..servers.scope import Scope
from .outcomes import Outcome

logger = logging.getLogger("sessions")

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Operation:
    """What one operation was and took. Nothing in it says whose session it was."""

    #: The method's; those that differ in their answers alone have one name.
    name: str
    outcome: Outcome
    #: Requests sent to the store, further attempts among them.
    round_trips: int
    seconds: float


#: Told of an operation that has ended.
OnOperation = Callable[[Operation], None]
#: Told the name of an operation that begins; what it gives is told how that has ended, in the same
#: context.
OnBeginning = Callable[[str], OnOperation]


class Observers:
    """Whoever is told of the operations of one store; none of them can break one."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        """``clock`` gives seconds."""
        self.clock = clock
        self.all: tuple[OnBeginning, ...] = ()

    def add(self, observer: OnBeginning) -> Callable[[], None]:
        """Tell it of each operation that begins until what is returned is called."""
        # A function of its own, so that one observer may be there twice.
        entry: OnBeginning = lambda name: observer(name)  # noqa: E731  # it has no name
        self.all = (*self.all, entry)

        def remove() -> None:
            self.all = tuple(each for each in self.all if each is not entry)

        return remove

    def begun(self, name: str) -> list[OnOperation]:
        """Tell of an operation that begins; whom to tell of its end, last come first told."""
        found: list[OnOperation] = []
        for observer in self.all:
            try:
                found.insert(0, observer(name))
            except Exception:
                logger.exception("an observer failed at the beginning of %s", name)
        return found

    @staticmethod
    def ended(observers: list[OnOperation], operation: Operation) -> None:
        """Tell of its end."""
        for observer in observers:
            try:
                observer(operation)
            except Exception:
                # It has happened: its caller must get the answer.
                logger.exception("an observer failed at the end of %s", operation.name)


class Running:
    """An operation under way: a block in which its requests have one scope."""

    def __init__(self, observers: Observers, name: str, deadline: float | None = None) -> None:
        """``deadline`` is that of the scope."""
        self._observers, self._name = observers, name
        self._scope = Scope(deadline)
        self._answer: object = True

    def __enter__(self) -> Self:
        self._scope.__enter__()
        self._told = self._observers.begun(self._name)
        self._began = self._observers.clock()
        return self

    def answered(self, answer: R) -> R:
        """The answer, of which its outcome is told."""
        self._answer = answer
        return answer

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        seconds = self._observers.clock() - self._began
        self._scope.__exit__(None, None, None)
        outcome = Outcome.of(self._answer) if error is None else Outcome.of_error(error)
        operation = Operation(self._name, outcome, self._scope.round_trips, seconds)
        self._observers.ended(self._told, operation)


class _Core(Protocol):
    @property
    def observers(self) -> Observers: ...
    @property
    def link(self) -> Link: ...


class _OfStore(Protocol):
    @property
    def _core(self) -> _Core: ...


S = TypeVar("S", bound=_OfStore)
Method = Callable[Concatenate[S, P], Coroutine[Any, Any, R]]


def operation(name: str, *, is_long: bool = False) -> Callable[[Method[S, P, R]], Method[S, P, R]]:
    """Declares that a method is an operation of its store. A long one takes as long as it takes."""
    deadline = math.inf if is_long else None

    def declare(method: Method[S, P, R]) -> Method[S, P, R]:
        @wraps(method)
        async def measured(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            core = self._core
            if core.observers.all:
                with Running(core.observers, name, deadline) as running:
                    return running.answered(await method(self, *args, **kwargs))
            if core.link.is_timed:
                with Scope(deadline):
                    return await method(self, *args, **kwargs)
            # Within the process a microsecond is a part of it that can be measured.
            return await method(self, *args, **kwargs)

        return measured

    return declare
