"""A session under another token: rotation, and the visitor who becomes a user."""

from __future__ import annotations

import dataclasses
from typing import Generic

from .. import events
from ..atomic import Conflict, Live, Moved
from ..datatype import T
from ..editing import difference
from ..errors import SessionGone, StoreUnavailable, VersionConflict
from ..events import Why
from ..record import AuthContext, IssuedSession, Session
from ..tokens import Ticket
from .core import MOST_MOVES, Core
from .opening import Opening


class Rotation(Generic[T]):
    """Rotates the sessions of a store."""

    def __init__(self, core: Core[T], opening: Opening[T]) -> None:
        self._core = core
        self._opening = opening

    async def rotate(
        self,
        token: str,
        *,
        user_id: str | None = None,
        auth: AuthContext | None = None,
        grace_seconds: float | None = None,
    ) -> IssuedSession[T] | None:
        """As ``SessionStore.rotate``, which says what it means."""
        ticket = self._core.tokens.read(token)
        if ticket is None:
            return None
        if user_id is not None and ticket.tag != self._core.tokens.tag(user_id):
            return await self._promote(token, user_id, auth)
        if grace_seconds is None:
            grace_seconds = 0 if auth else self._core.config.rotation_grace_seconds
        grace_ms = round(grace_seconds * 1000)
        for _ in range(MOST_MOVES):
            try:
                answer = await self._rotate_once(token, ticket, auth, grace_ms)
            except SessionGone:
                return None
            except Moved as moved:
                if auth is None and grace_ms > 0:
                    # Who comes second gets what the first one got.
                    return await self._core.peek_or_none(token)
                # What the other one did is not what was asked for here.
                successor = self._core.tokens.successor(token, moved.lead)
                if successor is None:
                    return None
                token, ticket = successor
                continue
            if not isinstance(answer, Conflict):
                return answer
        raise StoreUnavailable("the session was changed at every attempt to rotate it")

    async def _rotate_once(
        self, token: str, ticket: Ticket, auth: AuthContext | None, grace_ms: int
    ) -> IssuedSession[T] | Conflict | None:
        lead = self._core.tokens.new_lead()
        fields, version = auth.to_fields() if auth else {}, None
        successor = self._core.tokens.successor(token, lead)
        if successor is None:
            return None
        new_token, new = successor
        if self._core.content.is_sealed:
            seen = await self._core.peek(token)
            fields |= self._core.content.rebound(seen._record, seen._sid, new.sid)
            version = seen.version
        answer = await self._core.atomic.rotate(
            ticket,
            new,
            lead,
            fields,
            grace_ms=grace_ms,
            is_authenticated=auth is not None,
            if_version=version,
        )
        if isinstance(answer, Live):
            rotated = self._core.issued(new_token, new, answer)
            self._core.tell(events.Rotated(rotated.public_id))
            return rotated
        return answer if isinstance(answer, Conflict) else None

    async def _promote(
        self, token: str, user_id: str, auth: AuthContext | None
    ) -> IssuedSession[T] | None:
        seen = await self._core.peek_or_none(token)
        if seen is None:
            return None
        if seen.user_id is not None:
            raise ValueError("the session is another user's: create one, with replace")
        issued = await self._opening.create(
            user_id, seen.data, seen.device_info, auth=auth, labels=seen.labels
        )
        try:
            return await self._take_along(token, seen, issued)
        except StoreUnavailable as error:
            error.may_have_happened = True  # the new session is there
            raise

    async def _take_along(
        self, token: str, seen: Session[T], issued: IssuedSession[T]
    ) -> IssuedSession[T]:
        """End a visitor's session; what was written to it since it was seen comes along."""
        for _ in range(MOST_MOVES):
            try:
                await self._core.end(token, Why.REPLACED, if_version=seen.version)
                return issued
            except VersionConflict:
                before, seen = seen, await self._core.peek(token)
            delta = difference(
                self._core.content.fields(before.data), self._core.content.fields(seen.data)
            )
            await self._core.change(issued.token, delta.set, delta.remove, None)
            issued = dataclasses.replace(
                await self._core.peek(issued.token), evicted=issued.evicted
            )
        raise StoreUnavailable("the visitor's session was changed at every attempt to end it")
