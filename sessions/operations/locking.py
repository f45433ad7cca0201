"""A lock on a session, for what must not be done twice at once and is not in the store.

Its time is that of the store, and bounded: who dies while he holds it keeps nobody waiting for
longer. Who outlives it is told when he gives it up, for somebody else may have held it since.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import SystemRandom
from secrets import token_urlsafe
from time import monotonic
from typing import Generic

from ..config import MIN_SECONDS
from ..datatype import T
from ..errors import LockLost, SessionError, SessionGone, SessionLocked
from ..replies import Dead, Held, Moved
from ..tokens import Ticket
from .core import Core
from .measuring import operation

#: Longer, and whoever dies while he holds a lock keeps the others out for good.
MAX_LOCK_SECONDS = 300
_HOLDER_BYTES = 16
#: Of the pauses between two attempts. Half of each is by chance: who waits comes alone.
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.01, 0.2
_chance = SystemRandom().uniform


@dataclass(frozen=True, slots=True)
class _Locked:
    """Where the session was when it was locked, and by what name it is found if it moves."""

    token: str
    ticket: Ticket
    public_id: str


class Locking(Generic[T]):
    """Locks the sessions of a store."""

    def __init__(self, core: Core[T]) -> None:
        self._core = core

    @asynccontextmanager
    async def hold(self, token: str, ttl_seconds: float, wait_seconds: float) -> AsyncIterator[str]:
        """As ``SessionStore.lock``, which says what it means."""
        if not MIN_SECONDS <= ttl_seconds <= MAX_LOCK_SECONDS or not wait_seconds >= 0:
            raise ValueError(f"a lock is held for {MAX_LOCK_SECONDS} seconds at most")
        holder = token_urlsafe(_HOLDER_BYTES)
        locked = await self._lock(token, holder, round(ttl_seconds * 1000), wait_seconds)
        try:
            yield holder
        except BaseException:
            # What went wrong in the block is to be told; the lock ends by itself, too.
            with suppress(SessionError):
                await self._unlock(locked, holder)
            raise
        if not await self._unlock(locked, holder):
            raise LockLost

    @operation("lock", is_long=True)
    async def _lock(self, token: str, holder: str, ttl_ms: int, wait_seconds: float) -> _Locked:
        core, ticket = self._core, self._core.tokens.read(token)
        until, longest = monotonic() + wait_seconds, _FIRST_PAUSE_SECONDS
        while True:
            found = ticket and await core.follow(
                token, ticket, lambda ticket: core.atomic.lock(ticket, holder, ttl_ms)
            )
            if not found:
                raise SessionGone
            token, ticket, outcome = found
            if isinstance(outcome, Dead):
                raise SessionGone
            if not isinstance(outcome, Held):
                return _Locked(token, ticket, outcome)
            left_seconds = until - monotonic()
            if left_seconds <= 0:
                raise SessionLocked(outcome.left_ms / 1000)
            pause_seconds = _chance(longest / 2, longest)
            await core.link.pause(min(pause_seconds, outcome.left_ms / 1000, left_seconds))
            longest = min(2 * longest, _LONGEST_PAUSE_SECONDS)

    @operation("unlock")
    async def _unlock(self, locked: _Locked, holder: str) -> bool:
        """Whether nobody else has held the lock since. With the session it has ended, too."""
        core, ticket = self._core, locked.ticket
        found = await core.follow(
            locked.token, ticket, lambda ticket: core.atomic.unlock(ticket, holder)
        )
        if found and found[2] is not None:
            return found[2]
        # Its token may have been replaced without a grace: it goes on under its name.
        for member in await core.members(ticket.tag):
            if member.public_id == locked.public_id:
                with suppress(Moved):
                    return await core.atomic.unlock(Ticket(ticket.tag, member.sid), holder) is True
        return True
