"""A session under another token: rotation, and the visitor who becomes a user."""

from __future__ import annotations

import dataclasses
from typing import Generic

from .. import events
from ..atomic import Promotion
from ..datatype import T
from ..editing import difference
from ..errors import SessionGone, StoreUnavailable, VersionConflict
from ..events import Why
from ..record import AuthContext, IssuedSession
from ..replies import Conflict, Ended, Live, Moved, Promoted
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
        first = Promotion(seen.public_id, seen.version, self._core.tokens.new_lead())
        try:
            issued = await self._open(seen, user_id, auth, first)
        except Promoted as promoted:
            # Somebody else was first: both have one session.
            second = Promotion(seen.public_id, promoted.version, promoted.lead)
            return await self._join(seen, user_id, auth, second)
        try:
            return issued and await self._take_along(seen.token, first, issued, is_own=True)
        except StoreUnavailable as error:
            error.may_have_happened = True  # the new session is there
            raise

    async def _join(
        self, seen: IssuedSession[T], user_id: str, auth: AuthContext | None, promotion: Promotion
    ) -> IssuedSession[T] | None:
        """The session that somebody else has opened for the same visitor and the same user."""
        named = self._core.tokens.promoted(seen.token, promotion.lead, user_id)
        found = await self._core.peek_or_none(named[0]) if named else None
        found = found and await self._take_along(seen.token, promotion, found, is_own=False)
        if found is None or auth is None or _shows(found.auth, auth):
            return found
        return await self.rotate(found.token, user_id=user_id, auth=auth)

    async def _open(
        self, seen: IssuedSession[T], user_id: str, auth: AuthContext | None, promotion: Promotion
    ) -> IssuedSession[T] | None:
        """The user's session, with what the visitor's holds. Raises Promoted."""
        named = self._core.tokens.promoted(seen.token, promotion.lead, user_id)
        if named is None:
            return None
        return await self._opening.create(
            user_id,
            seen.data,
            seen.device_info,
            auth=auth,
            labels=seen.labels,
            promotion=promotion,
            named=named,
        )

    async def _take_along(
        self, token: str, promotion: Promotion, issued: IssuedSession[T], *, is_own: bool
    ) -> IssuedSession[T] | None:
        """End a visitor's session: whoever does that, or did it for the same user, has the new one.

        What was written to the visitor's session since it was seen comes along.
        """
        version = promotion.version
        for _ in range(MOST_MOVES):
            try:
                ended = await self._end_visitor(token, version, promotion.lead)
            except VersionConflict:
                version = await self._copy(token, issued.token, version)
                continue
            if ended is not None and ended.has_ended:
                if is_own and version == promotion.version and not ended.is_others:
                    return issued
                now = await self._core.peek_or_none(issued.token)
                return now and dataclasses.replace(now, evicted=issued.evicted)
            if is_own:
                await self._core.end(issued.token, Why.REPLACED)
            return None
        raise StoreUnavailable("the visitor's session was changed at every attempt to end it")

    async def _end_visitor(self, token: str, version: int, lead: str) -> Ended | None:
        ticket, atomic = self._core.tokens.read(token), self._core.atomic
        found = ticket and await self._core.follow(
            token,
            ticket,
            lambda ticket: atomic.destroy(ticket, if_version=version, shared_id=lead),
        )
        ended = found[2] if found else None
        self._core.announcer.one_ended(ended, Why.REPLACED)
        return ended

    async def _copy(self, visitors: str, users: str, version: int) -> int:
        """Write what a visitor's session holds to that of the user; the version it has come to.

        The user's is read first. If the visitor's is alive after that, nobody has been told of the
        user's yet, so that it is to hold the same; and if somebody writes to it since, he knows.
        """
        mine = await self._core.peek_or_none(users)
        seen = await self._core.peek_or_none(visitors)
        if mine is None or seen is None:
            return version if seen is None else seen.version
        delta = difference(
            self._core.content.fields(mine.data), self._core.content.fields(seen.data)
        )
        if delta:
            try:
                await self._core.change(users, delta.set, delta.remove, mine.version)
            except VersionConflict:
                return version
        return seen.version


def _shows(held: AuthContext | None, asked: AuthContext) -> bool:
    """Whether a session was opened by a login that is worth as much as another one."""
    if held is None:
        return False
    return held.level >= asked.level and set(held.methods) >= set(asked.methods)
