"""A new session: who it belongs to, what it is bound to, and which others make room for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Generic

from .. import events
from ..atomic import NewSession, Promotion
from ..config import Lifetime, RateLimit
from ..datatype import T
from ..errors import (
    RateLimited,
    SessionLimitReached,
    StaleLogin,
    StoreRefused,
    StoreUnavailable,
)
from ..policies import RequestContext
from ..record import MAX_USER_ID_BYTES, AuthContext, DeviceInfo, IssuedSession
from ..replies import Created, Live, Promoted
from ..tokens import Ticket
from .core import Core

#: How often a login starts over because others were faster.
_MOST_ATTEMPTS = 3


class Opening(Generic[T]):
    """Opens the sessions of a store."""

    def __init__(self, core: Core[T]) -> None:
        self._core = core

    async def create(
        self,
        user_id: str | None,
        data: T | None = None,
        device_info: DeviceInfo | None = None,
        *,
        request: RequestContext | None = None,
        auth: AuthContext | None = None,
        replace: str | None = None,
        lifetime: Lifetime | None = None,
        if_generation: int | None = None,
        labels: Mapping[str, str] | None = None,
        promotion: Promotion | None = None,
        named: tuple[str, Ticket] | None = None,
    ) -> IssuedSession[T]:
        """As ``SessionStore.create``, which says what it means.

        For a visitor who becomes a user, the session of ``promotion`` under the token and ticket
        ``named``. Raises Promoted.
        """
        if user_id is not None and not 0 < len(user_id.encode()) <= MAX_USER_ID_BYTES:
            raise ValueError(f"user_id must have 1 to {MAX_USER_ID_BYTES} bytes")
        token, ticket = named or self._core.tokens.issue(user_id)
        request = request or _request_of(device_info)
        device = device_info or (request.device() if request else None)
        lifetime = lifetime or self._core.config.lifetime
        public_id = self._core.tokens.public_id(ticket.sid)
        fields = {
            **({} if data is None else self._core.content.of(ticket.sid, data)),
            **self._core.content.identity(ticket.sid, user_id, device),
            **self._core.bindings.of_new(request, ticket.tag).to_fields(),
            **(auth.to_fields() if auth else {}),
            **({} if lifetime.persistent else {"transient": "1"}),
            **self._core.labels.fields(labels or {}),
        }
        before = self._core.tokens.read(replace) if replace is not None else None
        replaced = before if before is not None and before.tag == ticket.tag else None
        new = NewSession(
            ticket,
            user_id,
            public_id,
            fields,
            lifetime,
            replaced=replaced,
            generation=if_generation,
            promotion=promotion,
        )
        try:
            created = await self._counted(new, labels or {}, request)
        except RateLimited as refusal:
            self._core.tell(events.RateLimited(user_id, refusal.retry_after_seconds))
            raise
        await self._end_replaced(replace, replaced, created)
        self._tell(user_id, public_id, created)
        await self._core.atomic.forget(ticket.tag, created.evicted)
        await self._refuse_late(token, labels or {})
        now_ms = created.created_at_ms
        live = Live(now_ms, created.expires_at_ms, False, now_ms, created.record)
        evicted = tuple(member.public_id for member in created.evicted)
        return self._core.issued(token, ticket, live, evicted=evicted)

    def _tell(self, user_id: str | None, public_id: str, created: Created) -> None:
        for member in created.evicted:
            self._core.tell(events.Evicted(user_id or "", member.public_id))
        self._core.announcer.expired(created.expired)
        self._core.tell(events.Created(user_id, public_id))

    async def _counted(
        self, new: NewSession, labels: Mapping[str, str], request: RequestContext | None
    ) -> Created:
        """Create a session that counts for the network of a request, unless it is refused.

        It counts there in the script that creates it, as it does for its user. On a cluster that
        script does not reach the network, which is that of many users and in a slot of its own.
        """
        limit, atomic, link = self._core.config.create_limit_ip, self._core.atomic, self._core.link
        if limit is None or request is None or request.ip_address is None:
            return await self._create(new, labels)
        key = atomic.network_rate_key(self._core.bindings.network(request.ip_address))
        if link.reaches_all_slots:
            try:
                counting = dataclasses.replace(new, network_rate=(key, limit))
                return await self._create(counting, labels)
            except StoreRefused:
                if link.reaches_all_slots:
                    raise
        return await self._counted_before(new, labels, key, limit)

    async def _counted_before(
        self, new: NewSession, labels: Mapping[str, str], key: str, limit: RateLimit
    ) -> Created:
        """The same in two steps: for a moment one that is refused counts, too."""
        await self._core.atomic.count(key, limit, new.public_id)
        try:
            return await self._create(new, labels)
        except (RateLimited, SessionLimitReached, StaleLogin, Promoted):
            with suppress(StoreUnavailable):
                await self._core.atomic.take_back(key, limit, new.public_id)
            raise

    async def _create(self, new: NewSession, labels: Mapping[str, str]) -> Created:
        """Ask the application which sessions are to make room, if it is its choice."""
        await self._core.labels.add(new.ticket.tag, labels, new.lifetime.absolute_ms)
        chosen: Sequence[str] = ()
        for attempt in range(_MOST_ATTEMPTS):
            try:
                return await self._core.atomic.create(new, chosen)
            except SessionLimitReached:
                chosen = await self._choose(new.user_id)
                if not chosen or attempt == _MOST_ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _choose(self, user_id: str | None) -> list[str]:
        choose = self._core.config.on_limit
        if user_id is None or not callable(choose):
            return []
        public_ids = choose(await self._core.sessions_of(user_id))
        members = await self._core.members(self._core.tokens.tag(user_id))
        return [member.sid for member in members if member.public_id in public_ids]

    async def _refuse_late(self, token: str, labels: Mapping[str, str]) -> None:
        """End a session of which somebody else has said meanwhile that it is over.

        Looked for now and not before, as ``Labels.end`` says why.
        """
        try:
            if await self._core.labels.have_ended(labels):
                await self._core.end(token, events.Why.ASKED)
                raise StaleLogin
        except StoreUnavailable as error:
            error.may_have_happened = True  # the session is there, though nobody has its token
            raise

    async def _end_replaced(
        self, token: str | None, replaced: Ticket | None, created: Created
    ) -> None:
        """End what the script could not: a session of another user, or one that has moved on."""
        self._core.announcer.ended(created.ended_id, events.Why.REPLACED)
        if token is None:
            return
        if replaced is None or created.lead:
            try:
                await self._core.end(token, events.Why.REPLACED)
            except StoreUnavailable as error:
                error.may_have_happened = True  # the new session is there
                raise


def _request_of(device: DeviceInfo | None) -> RequestContext | None:
    """A device tells where a request came from, if it is all that is known."""
    return RequestContext(device.ip_address) if device and device.ip_address else None
