"""What the requests of one operation share: the time that they have together, and their number.

The link finds it in the context in which the operation runs, so nothing in between hands it on. A
task that is started meanwhile takes the context along and may live longer: what is over binds it
no more.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import Self


class Scope:
    """The scope of one operation, while the block runs that it is entered for."""

    __slots__ = ("_deadline", "_outer", "round_trips")

    def __init__(self, deadline: float | None = None) -> None:
        """By default the first request sets the deadline, and there is none until then."""
        self._deadline = deadline
        #: Requests that were sent, further attempts among them.
        self.round_trips = 0

    def __enter__(self) -> Self:
        self._outer = _current.get()
        _current.set(self)
        return self

    def __exit__(self, _: object, __: object, ___: object) -> None:
        self._deadline = math.inf
        # Not ``reset``: a coroutine that nobody finished is closed in whatever context.
        _current.set(self._outer)

    def bound(self, deadline: float) -> float:
        """When a request is given up that has until then by itself: the first one sets the end."""
        if self._deadline is None:
            self._deadline = deadline
        return min(deadline, self._deadline)


_current: ContextVar[Scope | None] = ContextVar("sessions_scope", default=None)

#: The scope of the operation that runs here.
current_scope = _current.get

__all__ = ["Scope", "current_scope"]
