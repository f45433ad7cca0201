"""Connections that are held: they run none of their requests until they are released.

A connection is held for one request: one that must not run yet, and runs when the hold is over
(CLIENT PAUSE), or one that has run, and is answered only then (WAIT, MIGRATE). Whoever ends a hold
says what the answer is, in whatever thread; the connection is told, and goes on in its own. The
requests behind keep their turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .clock import stopwatch_ns
from .reply import Reply

if TYPE_CHECKING:
    from .context import Context


@dataclass(slots=True)
class Hold:
    """Why a connection goes no further, and how it goes on."""

    #: What answers the request in the end; what a deadline leaves it at.
    reply: Reply = None
    #: The request, if it has not run yet.
    postponed: list[bytes] | None = None
    #: When it ends by itself.
    deadline_ms: int | None = None
    #: Whether it may end early, as if its time were over.
    can_time_out: bool = False
    is_over: bool = False
    #: In real time, whatever the clock says.
    began_ns: int = field(default_factory=stopwatch_ns)


class Holds:
    """The connections of one server that are held, in the order in which that began."""

    def __init__(self) -> None:
        self._held: dict[Context, Hold] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, ctx: Context) -> bool:
        return ctx in self._held

    @property
    def timed(self) -> int:
        """How many have a deadline."""
        return sum(hold.deadline_ms is not None for hold in self._held.values())

    def can_time_out(self, ctx: Context) -> bool:
        return ctx in self._held and self._held[ctx].can_time_out

    def begin(self, ctx: Context, hold: Hold) -> None:
        """Hold a connection from the end of its running request on."""
        ctx.hold = self._held[ctx] = hold

    def answer(self, ctx: Context, reply: Reply) -> None:
        """End a hold with the reply to the request."""
        self._held[ctx].reply = reply
        self._release(ctx)

    def time_out(self, ctx: Context) -> None:
        """End a hold as its deadline would."""
        self._release(ctx)

    def end_due(self, now_ms: int) -> None:
        """End the holds whose deadlines have passed."""
        for ctx, hold in list(self._held.items()):
            if hold.deadline_ms is not None and hold.deadline_ms < now_ms:
                self._release(ctx)

    def end_postponed(self) -> None:
        """Let the requests run that have not run yet."""
        for ctx, hold in list(self._held.items()):
            if hold.postponed is not None:
                self._release(ctx)

    def forget(self, ctx: Context) -> None:
        """The connection has ended."""
        self._held.pop(ctx, None)

    def _release(self, ctx: Context) -> None:
        self._held.pop(ctx).is_over = True
        ctx.go_on()
