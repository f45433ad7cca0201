"""``SessionStore``: create, validate, change, list and end sessions."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Self

import ferrite_lite

from . import events, maintenance, native
from .announcing import Announcer
from .atomic import AtomicStore, Bound, Conflict, Created, Dead, Live, Member, Moved
from .config import Lifetime, SessionConfig
from .content import Codec, Content, Encryptor, default_codec
from .editing import MutableSession, difference
from .epoch import Epoch
from .errors import (
    ConfigError,
    RateLimited,
    SessionGone,
    SessionLimitReached,
    StoreUnavailable,
    VersionConflict,
)
from .events import EventStream, Listener, SessionEvent, Why
from .guessing import GuessCounter
from .labels import Labels
from .link import Client, Link
from .maintenance import SweepReport
from .near import Near, NearCache
from .policies import Bindings, RequestContext, Shown
from .probing import check_server
from .record import (
    MAX_USER_ID_BYTES,
    AuthContext,
    DeviceInfo,
    IssuedSession,
    Record,
    Session,
    SessionInfo,
    moment,
)
from .tokens import KeyRing, Ticket, Tokens

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", default=dict[str, Any])
    R = TypeVar("R")
else:
    from typing import TypeVar

    T = TypeVar("T")
    R = TypeVar("R")

#: A token that was replaced leads to the next one; within a grace of seconds there are not many.
_MOST_MOVES = 16
#: How often an operation starts over because somebody else was faster.
_MOST_ATTEMPTS = 3


class Reason(StrEnum):
    """Why a token opens nothing. For logs: who presents it is to be told nothing of it."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"
    BINDING = "binding"


@dataclass(frozen=True, slots=True)
class Invalid:
    """The answer to a token that opens nothing."""

    reason: Reason


_REASONS = {"REVOKED": Reason.REVOKED, "EXPIRED": Reason.EXPIRED}


class SessionStore(Generic[T]):
    """Sessions in one store. Made by ``connect``; an async context manager that closes it.

    >>> import asyncio
    >>> async def main() -> str:
    ...     async with await SessionStore.connect() as store:
    ...         issued = await store.create("alice", {"theme": "dark"})
    ...         session = await store.validate(issued.token)
    ...         return session.data["theme"] if session else "signed out"
    >>> asyncio.run(main())
    'dark'

    Every method that asks the store raises StoreUnavailable when it does not answer, and
    StoreRefused when it will not do what is asked: neither says anything about a session.
    """

    def __init__(
        self,
        link: Link,
        config: SessionConfig,
        keys: KeyRing,
        *,
        codec: Codec[T] | None = None,
        encryptor: Encryptor | None = None,
        clock: ferrite_lite.Clock | None = None,
    ) -> None:
        """Use ``connect`` or ``at``. ``aclose`` closes the link."""
        self.config = config
        self._link = link
        self._atomic = AtomicStore(link, config)
        self._tokens = Tokens(keys)
        self._content = Content(codec or default_codec(), encryptor, config.max_data_bytes)
        self._bindings = Bindings(config, self._tokens)
        self._guesses = GuessCounter(config.guesses_per_minute)
        self._clock = clock or ferrite_lite.SystemClock()
        self._epoch = Epoch(self._atomic, self._clock, config.epoch_seconds)
        self._labels = Labels(self._atomic, self._tokens)
        self._announcer = Announcer()
        self._near: Near | None = None
        self._is_checked = False
        link.on_change = self._announcer.store_changed

    @classmethod
    def at(
        cls,
        server: str | Client | None = None,
        config: SessionConfig | None = None,
        *,
        keys: KeyRing | None = None,
        codec: Codec[T] | None = None,
        encryptor: Encryptor | None = None,
        clock: ferrite_lite.Clock | None = None,
        near_cache: NearCache | None = None,
    ) -> Self:
        """A store that is there before anything runs: for the top of a module.

        As ``connect``, but the server is asked for nothing yet: ``check`` does, and the middleware
        calls it when the application starts. Raises ConfigError.
        """
        config = config or SessionConfig()
        keys = keys_for(server, keys)
        link = Link.open(native.embedded(clock) if server is None else server, config)
        store = cls(link, config, keys, codec=codec, encryptor=encryptor, clock=clock)
        if near_cache is not None:
            store._near = Near(near_cache, store._atomic, config, clock)
        return store

    @classmethod
    async def connect(
        cls,
        server: str | Client | None = None,
        config: SessionConfig | None = None,
        *,
        keys: KeyRing | None = None,
        codec: Codec[T] | None = None,
        encryptor: Encryptor | None = None,
        clock: ferrite_lite.Clock | None = None,
        near_cache: NearCache | None = None,
    ) -> Self:
        """Open a store.

        ``server`` is a ``redis://``, ``rediss://`` or ``unix://`` URL, or a redis-py asyncio client
        (``Redis``, ``RedisCluster``, a Sentinel's master), which the caller closes; without one
        the store lives in this process, where ``clock`` may drive its time. ``keys`` may be left
        out only there. ``codec`` gives the data a type, ``encryptor`` hides it from the store.
        With ``near_cache``, sessions that were read a moment ago are validated without asking it.
        Raises ConfigError.
        """
        store = cls.at(
            server,
            config,
            keys=keys,
            codec=codec,
            encryptor=encryptor,
            clock=clock,
            near_cache=near_cache,
        )
        try:
            await store.check()
        except ConfigError:
            await store.aclose()
            raise
        return store

    async def check(self) -> None:
        """Raises ConfigError if the server can never do what sessions need; asks once."""
        if not self._is_checked:
            await check_server(self._link, self.config)
            if self._near is not None:
                await self._near.start(self._link)
            self._is_checked = True

    async def aclose(self) -> None:
        """Close what ``connect`` opened."""
        if self._near is not None:
            await self._near.aclose()
        await self._link.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def on_event(self, listener: Listener, *types: type[SessionEvent]) -> Callable[[], None]:
        """Be told of what this process does to sessions: of some types of events, or of all.

        Until what is returned is called. Whoever did it waits meanwhile; ``Audit`` lets nobody.
        """
        return self._announcer.add(listener, *types)

    def events(self, *types: type[SessionEvent], max_queued: int = 1000) -> EventStream:
        """The same as an asynchronous iterator, which keeps so many until they are asked for:
        ``async with store.events() as told: async for event in told: ...``."""
        return EventStream(self._announcer.add, types, max_queued)

    def tell(self, event: SessionEvent) -> None:
        """Tell the listeners of something that has happened in a layer above."""
        self._announcer.tell(event)

    # --- opening ----------------------------------------------------------------------------------

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
    ) -> IssuedSession[T]:
        """Open a session; the token is in the answer and nowhere else.

        ``user_id`` is None for a visitor who has not signed in. The session is bound to what
        ``request`` shows; ``device_info`` is for the list of devices, and is taken from the request
        if there is none. ``replace`` is the token that came with the login, if any: its session
        ends, so that a token from before the login is worth nothing after it (ASVS 7.2.4).
        ``lifetime`` is for a session that lives longer or shorter than others; ``if_generation``,
        from ``generation``, for a login that must not outlive an end of all sessions.
        ``labels`` are for ``find``.

        Raises SessionLimitReached, RateLimited, StaleLogin, DataTooLarge, StoreUnavailable,
        StoreRefused.
        """
        if user_id is not None and not 0 < len(user_id.encode()) <= MAX_USER_ID_BYTES:
            raise ValueError(f"user_id must have 1 to {MAX_USER_ID_BYTES} bytes")
        token, ticket = self._tokens.issue(user_id)
        request = request or _request_of(device_info)
        device = device_info or (request.device() if request else None)
        lifetime = lifetime or self.config.lifetime
        public_id = self._tokens.public_id(ticket.sid)
        fields = {
            **({} if data is None else self._content.of(ticket.sid, data)),
            **self._content.identity(ticket.sid, user_id, device),
            **self._bindings.of_new(request, ticket.tag).to_fields(),
            **(auth.to_fields() if auth else {}),
            **({} if lifetime.persistent else {"transient": "1"}),
            **self._labels.fields(labels or {}),
        }
        before = self._tokens.read(replace) if replace is not None else None
        replaced = before if before is not None and before.tag == ticket.tag else None
        try:
            await self._count_network(request)
            await self._labels.add(ticket.tag, labels or {}, lifetime.absolute_ms)
            created = await self._create(
                ticket, user_id, public_id, fields, lifetime, replaced, if_generation
            )
        except RateLimited as refusal:
            self.tell(events.RateLimited(user_id, refusal.retry_after_seconds))
            raise
        await self._end_replaced(replace, replaced, created)
        evicted = tuple(member.public_id for member in created.evicted)
        for gone in evicted:
            self.tell(events.Evicted(user_id or "", gone))
        self._announcer.expired(created.expired)
        self.tell(events.Created(user_id, public_id))
        await self._atomic.forget(ticket.tag, created.evicted)
        now_ms = created.created_at_ms
        live = Live(now_ms, created.expires_at_ms, False, now_ms, created.record)
        return self._issued(token, ticket, live, evicted=evicted)

    async def create_with_rate_limit(
        self,
        user_id: str,
        data: T | None = None,
        device_info: DeviceInfo | None = None,
    ) -> IssuedSession[T]:
        """``create``, for a store whose configuration limits it. Raises ConfigError otherwise."""
        if self.config.create_limit is None:
            raise ConfigError("set create_limit: there is no rate to hold to")
        return await self.create(user_id, data, device_info)

    async def generation(self, user_id: str) -> int:
        """A number that changes when all of a user's sessions are ended.

        Ask for it before the password is checked and give it to ``create``: who logs in while the
        owner ends all sessions then stays out.
        """
        return await self._atomic.generation(self._tokens.tag(user_id))

    # --- for the web --------------------------------------------------------------------------

    def digest(self, label: bytes, message: str) -> str:
        """A keyed hash under the ring's routing key; ``label`` tells uses apart."""
        return self._tokens.digest(label, message)

    # --- one session ------------------------------------------------------------------------------

    async def validate(
        self, token: str, *, request: RequestContext | None = None, touch: bool = True
    ) -> Session[T] | None:
        """The session that a token opens, prolonged if that is due; None if it opens none.

        The policies say what it means that ``request`` does not look like those of the session.
        If the answer is an ``IssuedSession``, its token is to take the place of the one presented:
        that was replaced a moment ago, or is older than ``renew_after_seconds``. Without ``touch``
        the session is neither prolonged nor renewed: nobody has used it. One round trip, none for
        junk. Raises StoreUnavailable, DecodeError: never take either for an answer.
        """
        found = await self.validate_result(token, request=request, touch=touch)
        return found if isinstance(found, Session) else None

    async def validate_result(
        self, token: str, *, request: RequestContext | None = None, touch: bool = True
    ) -> Session[T] | Invalid:
        """``validate``, with the reason where a token opens nothing."""
        ticket = self._tokens.read(token)
        if ticket is None:
            return self._unknown(Reason.MALFORMED, request)
        shown = self._bindings.shown(request, ticket.tag)
        bindings = self._bindings.script_arguments(shown)
        validate = (self._near or self._atomic).validate
        found = await self._follow(
            token, ticket, lambda ticket: validate(ticket, bindings, touch=touch)
        )
        if found is None:
            return self._unknown(Reason.UNKNOWN, request)
        held_token, ticket, answer = found
        if isinstance(answer, Dead):
            return self._unknown(_REASONS.get(answer.reason, Reason.UNKNOWN), request)
        if isinstance(answer, Bound):
            return self._refuse(answer, shown)
        if await self._epoch.refuses(answer):
            return self._unknown(Reason.REVOKED, request)
        self._content.check_identity(answer.record, ticket.sid)
        session = (
            self._session(ticket, answer)
            if held_token is token
            else self._issued(held_token, ticket, answer)
        )
        self._look_at(session, shown)
        # Who has to prove himself first gets no new token.
        if touch and self._is_old(answer) and not session.step_up:
            renewed = await self.rotate(held_token)
            return renewed or Invalid(Reason.UNKNOWN)
        return session

    async def validate_with_ip(self, token: str, ip_address: str) -> Session[T] | None:
        """``validate`` for a request from an address, in one word."""
        return await self.validate(token, request=RequestContext(ip_address))

    async def update_data(self, token: str, data: T, *, if_version: int | None = None) -> bool:
        """Replace all data; False if the session is not alive.

        Raises VersionConflict, DataTooLarge, StoreUnavailable.
        """
        values = self._content.fields(data)
        return await self._change(token, values, (), if_version, replace=True) is not None

    async def patch(
        self,
        token: str,
        set: Mapping[str, Any] | None = None,
        remove: Collection[str] = (),
        *,
        if_version: int | None = None,
    ) -> int | None:
        """Change some fields and leave the others: two tabs do not lose each other's writes.

        Values are what JSON can hold. The new version, or None if the session is not alive. Raises
        as ``update_data``.
        """
        return await self._change(token, set or {}, remove, if_version)

    @asynccontextmanager
    async def edit(self, token: str) -> AsyncIterator[MutableSession[T]]:
        """Lend the session's data to a block that changes it, and write what it has changed.

        What others change meanwhile stays, and it is no conflict unless both change one field:
        that raises VersionConflict and writes nothing. Raises SessionGone if the session is not
        alive, or no more.
        """
        seen = await self._peek(token)
        before = self._content.fields(seen.data)
        lent = MutableSession(seen.user_id, seen.public_id, seen.data)
        yield lent
        delta = difference(before, self._content.fields(lent.data))
        for _ in range(_MOST_ATTEMPTS if delta else 0):
            try:
                if await self.patch(token, delta.set, delta.remove, if_version=seen.version):
                    return
                raise SessionGone
            except VersionConflict:
                seen = await self._peek(token)
                if delta.meets(difference(before, self._content.fields(seen.data))):
                    raise
        if delta:
            raise VersionConflict(seen.version)

    async def rotate(
        self,
        token: str,
        *,
        user_id: str | None = None,
        auth: AuthContext | None = None,
        grace_seconds: float | None = None,
    ) -> IssuedSession[T] | None:
        """Give a session a new token, with all that it holds; None if it is not alive.

        For whenever its worth changes: ``auth`` says that the user has just shown who he is, and
        ``user_id`` that a visitor has become a user, which takes his data along. Requests that are
        on their way with the old token still find the session for ``grace_seconds``: by default
        ``rotation_grace_seconds``, and not at all with ``auth`` or ``user_id``, for then the old
        token may not be worth what the new one is (ASVS 7.2.4). Any number of requests that rotate
        at once get the same token. Raises ValueError if the session is another user's.
        """
        ticket = self._tokens.read(token)
        if ticket is None:
            return None
        if user_id is not None and ticket.tag != self._tokens.tag(user_id):
            return await self._promote(token, user_id, auth)
        if grace_seconds is None:
            grace_seconds = 0 if auth else self.config.rotation_grace_seconds
        grace_ms = round(grace_seconds * 1000)
        for _ in range(_MOST_MOVES):
            try:
                answer = await self._rotate_once(token, ticket, auth, grace_ms)
            except SessionGone:
                return None
            except Moved as moved:
                if auth is None and grace_ms > 0:
                    # Who comes second gets what the first one got.
                    return await self._peek_or_none(token)
                # What the other one did is not what was asked for here.
                successor = self._tokens.successor(token, moved.lead)
                if successor is None:
                    return None
                token, ticket = successor
                continue
            if not isinstance(answer, Conflict):
                return answer
        raise StoreUnavailable("the session was changed at every attempt to rotate it")

    async def destroy(self, token: str) -> bool:
        """End a session; False if it was not alive. Raises StoreUnavailable."""
        return await self._end(token, events.Why.ASKED)

    # --- the sessions of a user -------------------------------------------------------------------

    async def get_user_sessions(
        self, user_id: str, current_token: str | None = None
    ) -> list[SessionInfo]:
        """The user's live sessions, oldest first. Looking prolongs none of them."""
        tag = self._tokens.tag(user_id)
        records = await self._records(tag)
        current = self._tokens.read(current_token) if current_token else None
        found = [
            self._info(member, record, is_current=Ticket(tag, member.sid) == current)
            for member, record in records.items()
            if record.get("user_id") == user_id
        ]
        return sorted(found, key=lambda info: (info.created_at, info.public_id))

    async def destroy_by_id(self, user_id: str, public_id: str) -> bool:
        """End one of the user's own sessions, by the name that the list shows."""
        tag = self._tokens.tag(user_id)
        for _ in range(_MOST_MOVES):
            members = await self._members(tag)
            sids = [member.sid for member in members if member.public_id == public_id]
            if not sids:
                return False
            # What cannot be ended has ended, or has another sid since it was looked up.
            with suppress(Moved):
                if ended := await self._atomic.destroy(Ticket(tag, sids[0])):
                    return self._announcer.ended(ended, events.Why.ASKED)
        raise StoreUnavailable("the session was rotated at every attempt to end it")

    async def destroy_other_sessions(self, user_id: str, current_token: str) -> int:
        """End all of the user's sessions but the one that asks; how many were alive.

        A token that opens no session of this user ends nothing.
        """
        current, tag = self._tokens.read(current_token), self._tokens.tag(user_id)
        if current is None or current.tag != tag:
            return 0
        found = await self._follow(
            current_token, current, lambda ticket: self._atomic.revoke(tag, ticket)
        )
        return self._announcer.revoked(user_id, found[2]) if found else 0

    async def destroy_all_for_user(self, user_id: str) -> int:
        """End all of the user's sessions; how many were alive. Logins under way fail too, if they
        were begun with ``generation``."""
        return self._announcer.revoked(
            user_id, await self._atomic.revoke(self._tokens.tag(user_id))
        )

    async def find(self, label: str, value: str) -> list[SessionInfo]:
        """The live sessions, of all users, that were created with a label of this value."""
        return [
            self._info(member, record, is_current=False)
            for tag in await self._labels.tags(label, value)
            for member, record in (await self._records(tag, [label])).items()
            if record.labels().get(label) == value
        ]

    # --- the store --------------------------------------------------------------------------------

    async def doctor(self) -> list[str]:
        """What about the server would endanger sessions, in sentences; empty when nothing does."""
        return await maintenance.doctor(self._link, self._atomic)

    async def sweep(self) -> SweepReport:
        """Prune the indexes of all users; tells ``Expired`` of each session that has run out."""
        return await maintenance.sweep(self._atomic, self._announcer)

    async def reindex(self) -> int:
        """Let the labels of all live sessions lead to them again; how many sessions have labels.

        For when the server has lost some keys and not others. Who is signed in is in no other
        place than the index of a user, so that there is nothing to make it anew from.
        """
        return await maintenance.reindex(self._atomic, self._labels)

    async def destroy_everything(self) -> int:
        """End all sessions of all users that were opened before this began (ASVS 7.4.5).

        They end one user after the other, and how many were alive is the answer; a store with
        ``epoch_seconds`` refuses all of them within that time.
        """
        await self._epoch.begin()
        count = await maintenance.revoke_everything(self._atomic)
        self.tell(events.RevokedEverything(count))
        return count

    # --- parts: asking ----------------------------------------------------------------------------

    async def _follow(
        self, token: str, ticket: Ticket, ask: Callable[[Ticket], Awaitable[R]]
    ) -> tuple[str, Ticket, R] | None:
        """Ask about a session, under the token that it has by now; None if nothing leads there."""
        for _ in range(_MOST_MOVES):
            try:
                return token, ticket, await ask(ticket)
            except Moved as moved:
                successor = self._tokens.successor(token, moved.lead)
            if successor is None:
                return None
            token, ticket = successor
        # Not None: the session may be alive.
        raise StoreUnavailable("the session was rotated at every attempt to reach it")

    async def _create(
        self,
        ticket: Ticket,
        user_id: str | None,
        public_id: str,
        fields: dict[str, str],
        lifetime: Lifetime,
        replaced: Ticket | None,
        generation: int | None,
    ) -> Created:
        """Ask the application which sessions are to make room, if it is its choice."""
        chosen: Sequence[str] = ()
        for attempt in range(_MOST_ATTEMPTS):
            try:
                return await self._atomic.create(
                    ticket,
                    user_id,
                    public_id,
                    fields,
                    lifetime=lifetime,
                    replaced=replaced,
                    generation=generation,
                    chosen_sids=chosen,
                )
            except SessionLimitReached:
                chosen = await self._choose(user_id)
                if not chosen or attempt == _MOST_ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _choose(self, user_id: str | None) -> list[str]:
        choose = self.config.on_limit
        if user_id is None or not callable(choose):
            return []
        public_ids = choose(await self.get_user_sessions(user_id))
        members = await self._members(self._tokens.tag(user_id))
        return [member.sid for member in members if member.public_id in public_ids]

    async def _count_network(self, request: RequestContext | None) -> None:
        limit = self.config.create_limit_ip
        if limit is not None and request is not None and request.ip_address is not None:
            await self._atomic.count(self._bindings.network(request.ip_address), limit)

    async def _end_replaced(
        self, token: str | None, replaced: Ticket | None, created: Created
    ) -> None:
        """End what the script could not: a session of another user, or one that has moved on."""
        self._announcer.ended(created.ended_id, events.Why.REPLACED)
        if token is None:
            return
        if replaced is None or created.lead:
            try:
                await self._end(token, events.Why.REPLACED)
            except StoreUnavailable as error:
                error.may_have_happened = True  # the new session is there
                raise

    async def _end(self, token: str, why: Why, *, if_version: int | None = None) -> bool:
        """Whether a live session has ended. Raises VersionConflict."""
        ticket = self._tokens.read(token)
        if ticket is None:
            return False
        found = await self._follow(
            token, ticket, lambda ticket: self._atomic.destroy(ticket, if_version=if_version)
        )
        return self._announcer.ended(found[2] if found else None, why)

    async def _change(
        self,
        token: str,
        values: Mapping[str, Any],
        remove: Collection[str],
        if_version: int | None,
        *,
        replace: bool = False,
    ) -> int | None:
        def update(ticket: Ticket) -> Awaitable[int | Conflict | Dead]:
            fields = self._content.changes(ticket.sid, values)
            return self._atomic.update(
                ticket, fields, list(remove), replace=replace, if_version=if_version
            )

        ticket = self._tokens.read(token)
        found = await self._follow(token, ticket, update) if ticket else None
        outcome = found[2] if found else None
        if isinstance(outcome, Conflict):
            raise VersionConflict(outcome.version)
        return None if isinstance(outcome, Dead) else outcome

    async def _peek(self, token: str) -> IssuedSession[T]:
        """The session with the token that it has by now, not prolonged. Raises SessionGone."""
        ticket = self._tokens.read(token)
        nothing = self._bindings.script_arguments(Shown())
        found = ticket and await self._follow(
            token, ticket, lambda ticket: self._atomic.validate(ticket, nothing, touch=False)
        )
        if not found or not isinstance(found[2], Live):
            raise SessionGone
        self._content.check_identity(found[2].record, found[1].sid)
        return self._issued(found[0], found[1], found[2])

    async def _peek_or_none(self, token: str) -> IssuedSession[T] | None:
        try:
            return await self._peek(token)
        except SessionGone:
            return None

    async def _rotate_once(
        self, token: str, ticket: Ticket, auth: AuthContext | None, grace_ms: int
    ) -> IssuedSession[T] | Conflict | None:
        lead = self._tokens.new_lead()
        fields, version = auth.to_fields() if auth else {}, None
        successor = self._tokens.successor(token, lead)
        if successor is None:
            return None
        new_token, new = successor
        if self._content.is_sealed:
            seen = await self._peek(token)
            fields |= self._content.rebound(seen._record, seen._sid, new.sid)
            version = seen.version
        answer = await self._atomic.rotate(
            ticket,
            new,
            lead,
            fields,
            grace_ms=grace_ms,
            is_authenticated=auth is not None,
            if_version=version,
        )
        if isinstance(answer, Live):
            rotated = self._issued(new_token, new, answer)
            self.tell(events.Rotated(rotated.public_id))
            return rotated
        return answer if isinstance(answer, Conflict) else None

    async def _promote(
        self, token: str, user_id: str, auth: AuthContext | None
    ) -> IssuedSession[T] | None:
        seen = await self._peek_or_none(token)
        if seen is None:
            return None
        if seen.user_id is not None:
            raise ValueError("the session is another user's: create one, with replace")
        issued = await self.create(
            user_id, seen.data, seen.device_info, auth=auth, labels=seen.labels
        )
        return await self._take_along(token, seen, issued)

    async def _take_along(
        self, token: str, seen: Session[T], issued: IssuedSession[T]
    ) -> IssuedSession[T]:
        """End a visitor's session; what was written to it since it was seen comes along."""
        for _ in range(_MOST_MOVES):
            try:
                await self._end(token, Why.REPLACED, if_version=seen.version)
                return issued
            except VersionConflict:
                before, seen = seen, await self._peek(token)
            delta = difference(self._content.fields(before.data), self._content.fields(seen.data))
            await self._change(issued.token, delta.set, delta.remove, None)
            issued = dataclasses.replace(await self._peek(issued.token), evicted=issued.evicted)
        raise StoreUnavailable("the visitor's session was changed at every attempt to end it")

    async def _records(self, tag: str, labels: Sequence[str] = ()) -> dict[Member, Record]:
        """What a list shows of a user's live sessions.

        One whose record has gone meanwhile has ended, or goes on under another sid: look again, or
        a list would lack a session that is alive.
        """
        records: dict[Member, Record] = {}
        orphans: set[Member] = set()
        for _ in range(_MOST_MOVES):
            members = await self._members(tag)
            records = await self._atomic.records(tag, members, labels)
            missing = set(members) - records.keys()
            if missing <= orphans:
                break
            orphans = missing
        return records

    async def _members(self, tag: str) -> list[Member]:
        """A user's live sessions; those that were found expired are told of, once."""
        live, gone = await self._atomic.members(tag)
        self._announcer.expired(gone)
        return live

    # --- parts: answers ---------------------------------------------------------------------------

    def _session(self, ticket: Ticket, live: Live) -> Session[T]:
        return Session(
            last_access_ms=live.last_access_ms,
            expires_at_ms=live.expires_at_ms,
            read_at_ms=live.read_at_ms,
            touched=live.touched,
            _record=live.record,
            _sid=ticket.sid,
            _content=self._content,
        )

    def _issued(
        self, token: str, ticket: Ticket, live: Live, *, evicted: tuple[str, ...] = ()
    ) -> IssuedSession[T]:
        return IssuedSession(
            last_access_ms=live.last_access_ms,
            expires_at_ms=live.expires_at_ms,
            read_at_ms=live.read_at_ms,
            touched=live.touched,
            _record=live.record,
            _sid=ticket.sid,
            _content=self._content,
            token=token,
            evicted=evicted,
        )

    def _info(self, member: Member, record: Record, *, is_current: bool) -> SessionInfo:
        return SessionInfo(
            public_id=member.public_id,
            created_at=moment(record.number("created_at")),
            last_access=moment(record.number("last_access")),
            expires_at=moment(record.number("expires_at")),
            device_info=self._content.device(record, member.sid),
            is_current=is_current,
            labels=record.labels(),
            user_id=record.get("user_id") or None,
        )

    def _is_old(self, live: Live) -> bool:
        renew_after = self.config.renew_after_seconds
        if renew_after is None:
            return False
        issued_at_ms = live.record.number("issued_at", default=0)
        return live.read_at_ms - issued_at_ms >= renew_after * 1000

    def _look_at(self, session: Session[T], shown: Shown) -> None:
        """Tell of a request that looks otherwise, though its policy let it pass."""
        if shown.network or shown.fingerprint:
            for mismatch in self._bindings.mismatches(session, shown):
                self._announcer.mismatch(session.public_id, mismatch)
                if mismatch.asks_step_up:
                    object.__setattr__(session, "step_up", True)

    def _refuse(self, bound: Bound, shown: Shown) -> Invalid:
        mismatch = self._bindings.mismatch(bound.binding, bound.expected, shown)
        self._announcer.refused(bound, mismatch)
        return Invalid(Reason.BINDING)

    def _unknown(self, reason: Reason, request: RequestContext | None) -> Invalid:
        address = request.ip_address if request else None
        network = self._bindings.network(address) if address is not None else ""
        self.tell(events.UnknownToken(reason is not Reason.MALFORMED, network))
        if network and self._guesses.count(network, self._clock.now_ns() // 1_000_000):
            self.tell(events.TokenGuessing(network, self.config.guesses_per_minute))
        return Invalid(reason)


def keys_for(server: object | None, keys: KeyRing | None) -> KeyRing:
    """The keys given; new ones for a store that ends with the process. Raises ConfigError."""
    if keys is None and server is not None:
        raise ConfigError(
            "give keys: sessions under a key that is made up at start end with the process"
        )
    return keys or KeyRing.generate()


def _request_of(device: DeviceInfo | None) -> RequestContext | None:
    """A device tells where a request came from, if it is all that is known."""
    return RequestContext(device.ip_address) if device and device.ip_address else None
