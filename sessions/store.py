"""``SessionStore``: create, validate, change, list and end sessions."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Generic, Self, TypedDict, Unpack

import ferrite_lite

from . import events, native, tenants
from .atomic import new_attempt
from .config import Lifetime, SessionConfig
from .content import Codec, Encryptor
from .datatype import T
from .editing import Delta, MutableSession, difference
from .errors import (
    ConfigError,
    SessionGone,
    StoreUnavailable,
    VersionConflict,
)
from .events import EventStream, Listener, SessionEvent
from .near import Hear, Near, NearCache
from .operations import inspecting, maintenance
from .operations.announcing import Announcer
from .operations.core import MOST_MOVES, Core
from .operations.inspecting import Census, SessionDetails
from .operations.locking import Locking
from .operations.maintenance import SweepReport
from .operations.measuring import Operation, Running, operation
from .operations.opening import Opening
from .operations.outcomes import Invalid
from .operations.rotating import Rotation
from .operations.validating import Validation
from .policies import RequestContext
from .record import (
    AuthContext,
    DeviceInfo,
    IssuedSession,
    Session,
    SessionInfo,
)
from .replies import Moved
from .servers.hearing import Hearing
from .servers.link import Client, Link
from .servers.probing import check_server
from .tokens import KeyRing, Ticket

#: How often an operation starts over because somebody else was faster.
_MOST_ATTEMPTS = 3


class StoreOptions(TypedDict, Generic[T], total=False):
    """What ``connect`` and ``at`` take beside the server and the configuration."""

    #: The secrets of tokens; may be left out only for a store in this process.
    keys: KeyRing | None
    #: Gives the data a type; JSON without one.
    codec: Codec[T] | None
    #: Hides the data from the store.
    encryptor: Encryptor | None
    #: Drives the time of a store in this process, and what a store elsewhere counts here.
    clock: ferrite_lite.Clock | None
    #: Lets sessions that were read a moment ago be validated without asking the server.
    near_cache: NearCache | None


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
        announcer: Announcer | None = None,
    ) -> None:
        """Use ``connect`` or ``at``. ``aclose`` closes the link, unless ``announcer`` is that of a
        tenant."""
        self.config = config
        self._core: Core[T] = Core(
            link,
            config,
            keys,
            codec=codec,
            encryptor=encryptor,
            clock=clock,
            announcer=announcer,
        )
        self._opening = Opening(self._core)
        self._rotation = Rotation(self._core, self._opening)
        self._validation = Validation(self._core, self._rotation)
        self._locking = Locking(self._core)
        #: Taken by the first one who checks, and kept: what is begun there is begun once.
        self._checked = threading.Lock()

    @classmethod
    def at(
        cls,
        server: str | Client | None = None,
        config: SessionConfig | None = None,
        **options: Unpack[StoreOptions[T]],
    ) -> Self:
        """A store that is there before anything runs: for the top of a module.

        As ``connect``, but the server is asked for nothing yet: ``check`` does, and the middleware
        calls it when the application starts. Raises ConfigError.
        """
        return cls._over(Link, server, config, options)

    @classmethod
    def _over(
        cls,
        links: type[Link],
        server: Any,
        config: SessionConfig | None,
        options: StoreOptions[T],
        hear: Hear = Hearing,
    ) -> Self:
        config, clock = config or SessionConfig(), options.get("clock")
        keys = keys_for(server, options.get("keys"))
        store = cls(
            links.open(native.embedded(clock) if server is None else server, config),
            config,
            keys,
            codec=options.get("codec"),
            encryptor=options.get("encryptor"),
            clock=clock,
        )
        near_cache = options.get("near_cache")
        if near_cache is not None:
            store._core.answer_from(Near(near_cache, config, clock, hear))
        return store

    @classmethod
    async def connect(
        cls,
        server: str | Client | None = None,
        config: SessionConfig | None = None,
        **options: Unpack[StoreOptions[T]],
    ) -> Self:
        """Open a store.

        ``server`` is a ``redis://``, ``rediss://`` or ``unix://`` URL, or a redis-py asyncio client
        (``Redis``, ``RedisCluster``, a Sentinel's master), which the caller closes; without one
        the store lives in this process. ``options`` are those of ``StoreOptions``: ``keys``,
        ``codec``, ``encryptor``, ``clock``, ``near_cache``. Raises ConfigError.
        """
        store = cls.at(server, config, **options)
        try:
            await store.check()
        except ConfigError:
            await store.aclose()
            raise
        return store

    async def check(self) -> None:
        """Ask the server once whether it can do what sessions need, and begin the near cache.

        Until then the store is asked for every session; nobody waits for the check of another. A
        tenant has the near cache of the store that it is of, which begins it. Raises ConfigError if
        the server can never do it.
        """
        if not self._checked.acquire(blocking=False):
            return
        try:
            await check_server(self._core.link, self.config)
            if self._core.near is not None and self.tenant is None:
                await self._core.near.start(self._core.link)
        except BaseException:
            self._checked.release()
            raise

    def for_tenant(self, tenant: str) -> SessionStore[T]:
        """The store of one tenant, over the same connections: make it once, and keep it.

        Its tokens are junk to every other store, this one included, and its users, labels, limits,
        generations and end of everything are its own, whatever ids its users have; so are its
        refresh tokens and login flows. Its keys are derived from the ring of this store, so a key
        that is dropped there ends what is under it here and there. What happens at a tenant's is
        told here, too, with his name; to end everything is asked of each. They share the near cache
        of this store, which closes the connections, too. Raises ConfigError.
        """
        if self.tenant is not None:
            raise ConfigError("a tenant has no tenants of its own")
        core = self._core
        ring = tenants.ring_of(core.tokens.ring, tenant)
        store = SessionStore(
            core.link,
            tenants.config_of(self.config, ring, tenant),
            ring,
            codec=core.codec,
            encryptor=core.encryptor,
            clock=core.clock,
            announcer=Announcer(core.announcer, tenant),
        )
        store._core.observers = core.observers
        if core.near is not None:
            store._core.answer_from(core.near)
        return store

    @property
    def tenant(self) -> str | None:
        """Whose store it is, if ``for_tenant`` has made it."""
        return self._core.announcer.tenant

    async def aclose(self) -> None:
        """Close what ``connect`` opened; nothing if this is the store of a tenant."""
        if self.tenant is not None:
            return
        if self._core.near is not None:
            await self._core.near.aclose()
        await self._core.link.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def on_event(self, listener: Listener, *types: type[SessionEvent]) -> Callable[[], None]:
        """Be told of what this process does to sessions: of some types of events, or of all.

        Until what is returned is called. Whoever did it waits meanwhile; ``Audit`` lets nobody.
        """
        return self._core.announcer.add(listener, *types)

    def events(self, *types: type[SessionEvent], max_queued: int = 1000) -> EventStream:
        """The same as an asynchronous iterator, which keeps so many until they are asked for:
        ``async with store.events() as told: async for event in told: ...``."""
        return EventStream(self._core.announcer.add, types, max_queued)

    def tell(self, event: SessionEvent) -> None:
        """Tell the listeners of something that has happened in a layer above."""
        self._core.announcer.tell(event)

    def on_operation(self, listener: Callable[[Operation], None]) -> Callable[[], None]:
        """Be told how each operation went, those of tenants too, until what is returned is called.

        For figures: whoever asked for it waits meanwhile. An ``edit`` is told of when it lends, and
        as ``edit_write`` when it writes what its block has changed; a ``lock`` and its ``unlock``.
        """
        return self._core.observers.add(lambda name: listener)

    # --- opening ----------------------------------------------------------------------------------

    @operation("create")
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
        ``labels`` are for ``find``; with those of ``LoginFlows.labels`` it raises StaleLogin if the
        provider has logged it out meanwhile.

        Raises SessionLimitReached, RateLimited, StaleLogin, DataTooLarge, StoreUnavailable,
        StoreRefused.
        """
        return await self._opening.create(
            user_id,
            data,
            device_info,
            request=request,
            auth=auth,
            replace=replace,
            lifetime=lifetime,
            if_generation=if_generation,
            labels=labels,
        )

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

    @operation("generation")
    async def generation(self, user_id: str) -> int:
        """A number that changes when all of a user's sessions are ended.

        Ask for it before the password is checked and give it to ``create``: who logs in while the
        owner ends all sessions then stays out.
        """
        return await self._core.atomic.generation(self._core.tokens.tag(user_id))

    # --- for the web --------------------------------------------------------------------------

    def digest(self, label: bytes, message: str) -> str:
        """A keyed hash under the ring's routing key; ``label`` tells uses apart."""
        return self._core.tokens.digest(label, message)

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
        found = await self._validation.result(token, request, touch=touch)
        return found if isinstance(found, Session) else None

    async def validate_result(
        self, token: str, *, request: RequestContext | None = None, touch: bool = True
    ) -> Session[T] | Invalid:
        """``validate``, with the reason where a token opens nothing."""
        return await self._validation.result(token, request, touch=touch)

    async def validate_with_ip(self, token: str, ip_address: str) -> Session[T] | None:
        """``validate`` for a request from an address, in one word."""
        return await self.validate(token, request=RequestContext(ip_address))

    @operation("update_data")
    async def update_data(self, token: str, data: T, *, if_version: int | None = None) -> bool:
        """Replace all data; False if the session is not alive.

        Raises VersionConflict, DataTooLarge, StoreUnavailable.
        """
        values = self._core.content.fields(data)
        return await self._core.change(token, values, (), if_version, replace=True) is not None

    @operation("patch")
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
        return await self._core.change(token, set or {}, remove, if_version)

    @asynccontextmanager
    async def edit(self, token: str) -> AsyncIterator[MutableSession[T]]:
        """Lend the session's data to a block that changes it, and write what it has changed.

        What others change meanwhile stays, and it is no conflict unless both change one field:
        that raises VersionConflict and writes nothing. Raises SessionGone if the session is not
        alive, or no more.
        """
        with Running(self._core.observers, "edit"):
            seen = await self._core.peek(token)
        before = self._core.content.before_edit(seen.fields, seen.data)
        lent = MutableSession(seen.user_id, seen.public_id, seen.data)
        yield lent
        delta = difference(before, self._core.content.fields(lent.data))
        if delta:
            # What the block takes is no business of the store.
            with Running(self._core.observers, "edit_write"):
                await self._write(token, delta, before, seen)

    async def _write(
        self, token: str, delta: Delta, before: Mapping[str, Any], seen: Session[T]
    ) -> None:
        for _ in range(_MOST_ATTEMPTS):
            try:
                if await self._core.change(token, delta.set, delta.remove, seen.version):
                    return
                raise SessionGone
            except VersionConflict:
                seen = await self._core.peek(token)
                if delta.meets(difference(before, self._core.content.fields(seen.data))):
                    raise
        raise VersionConflict(seen.version)

    def lock(
        self, token: str, *, ttl_seconds: float = 10, wait_seconds: float = 10
    ) -> AbstractAsyncContextManager[str]:
        """Let one block at a time do something for a session: ``async with store.lock(token):``.

        For what is not in the store, such as a payment; data are better changed by ``patch`` and
        ``edit``, for which nobody waits. The block is given the random name under which it holds
        the lock, and has ``ttl_seconds``: after that others may have it. The lock goes where the
        session goes when its token is replaced, and ends with it; it prolongs nothing, and other
        operations do not ask for it. A failover may forget it, as it may forget the end of a
        session: where two holders would be a disaster, what the block does must refuse the second.

        Raises SessionLocked if somebody else has it for ``wait_seconds``, SessionGone if the
        session is not alive, and LockLost at the end of a block during which somebody else has had
        it; ValueError, StoreUnavailable.
        """
        return self._locking.hold(token, ttl_seconds, wait_seconds)

    @operation("rotate")
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
        at once get the same token, those that sign in the same visitor as the same user among them.
        Raises ValueError if the session is another user's.
        """
        return await self._rotation.rotate(
            token, user_id=user_id, auth=auth, grace_seconds=grace_seconds
        )

    @operation("destroy")
    async def destroy(self, token: str) -> bool:
        """End a session; False if it was not alive. Raises StoreUnavailable."""
        return await self._core.end(token, events.Why.ASKED)

    # --- the sessions of a user -------------------------------------------------------------------

    @operation("get_user_sessions", is_long=True)
    async def get_user_sessions(
        self, user_id: str, current_token: str | None = None
    ) -> list[SessionInfo]:
        """The user's live sessions, oldest first. Looking prolongs none of them."""
        return await self._core.sessions_of(user_id, current_token)

    @operation("destroy_by_id")
    async def destroy_by_id(self, user_id: str, public_id: str) -> bool:
        """End one of the user's own sessions, by the name that the list shows."""
        tag = self._core.tokens.tag(user_id)
        for _ in range(MOST_MOVES):
            members = await self._core.members(tag)
            sids = [member.sid for member in members if member.public_id == public_id]
            if not sids:
                return False
            # What cannot be ended has ended, or has another sid since it was looked up.
            with suppress(Moved):
                if ended := await self._core.atomic.destroy(Ticket(tag, sids[0])):
                    return self._core.announcer.one_ended(ended, events.Why.ASKED)
        raise StoreUnavailable("the session was rotated at every attempt to end it")

    @operation("destroy_other_sessions")
    async def destroy_other_sessions(self, user_id: str, current_token: str) -> int:
        """End all of the user's sessions but the one that asks; how many were alive.

        A token that opens no session of this user ends nothing.
        """
        current, tag = self._core.tokens.read(current_token), self._core.tokens.tag(user_id)
        if current is None or current.tag != tag:
            return 0
        attempt = new_attempt()
        found = await self._core.follow(
            current_token, current, lambda ticket: self._core.atomic.revoke(tag, attempt, ticket)
        )
        return self._core.announcer.revoked(user_id, found[2]) if found else 0

    @operation("destroy_all_for_user")
    async def destroy_all_for_user(self, user_id: str) -> int:
        """End all of the user's sessions; how many were alive. Logins under way fail too, if they
        were begun with ``generation``."""
        tag = self._core.tokens.tag(user_id)
        ended = await self._core.atomic.revoke(tag, new_attempt())
        return self._core.announcer.revoked(user_id, ended)

    @operation("find", is_long=True)
    async def find(self, label: str, value: str) -> list[SessionInfo]:
        """The live sessions, of all users, that were created with a label of this value."""
        return [
            self._core.info(member, record, is_current=False)
            for tag in await self._core.labels.tags(label, value)
            for member, record in (await self._core.records(tag, [label])).items()
            if record.labels().get(label) == value
        ]

    # --- the store --------------------------------------------------------------------------------

    @operation("doctor", is_long=True)
    async def doctor(self) -> list[str]:
        """What about the server would endanger sessions, in sentences; empty when nothing does."""
        return await maintenance.doctor(self._core.link, self._core.atomic)

    @operation("count", is_long=True)
    async def count(self, label: str | None = None) -> Census:
        """How many users have a session and how many sessions there are, by the values of a label
        if one is named. Asks for one user after the other."""
        return await inspecting.count(self._core, label)

    @operation("show", is_long=True)
    async def show(self, user_id: str, public_id: str | None = None) -> list[SessionDetails]:
        """A user's live sessions as an operator may see them, or the one of this name: of the data
        the names of the fields and their sizes. Looking prolongs none of them."""
        return await inspecting.show(self._core, user_id, public_id)

    @operation("sweep", is_long=True)
    async def sweep(self) -> SweepReport:
        """Prune the indexes of all users; tells ``Expired`` of each session that has run out."""
        return await maintenance.sweep(self._core.atomic, self._core.announcer)

    @operation("reindex", is_long=True)
    async def reindex(self) -> int:
        """Let the labels of all live sessions lead to them again; how many sessions have labels.

        For when the server has lost some keys and not others. Who is signed in is in no other
        place than the index of a user, so that there is nothing to make it anew from.
        """
        return await maintenance.reindex(self._core.atomic, self._core.labels)

    @operation("destroy_everything", is_long=True)
    async def destroy_everything(self) -> int:
        """End all sessions of all users that were opened before this began (ASVS 7.4.5).

        They end one user after the other, and how many were alive is the answer; a store with
        ``epoch_seconds`` refuses all of them within that time. Those of tenants stay: ask each of
        their stores, or drop the key from the ring.
        """
        await self._core.epoch.begin()
        count = await maintenance.revoke_everything(self._core.atomic, self._core.announcer)
        self._core.tell(events.RevokedEverything(count))
        return count


def keys_for(server: object | None, keys: KeyRing | None) -> KeyRing:
    """The keys given; new ones for a store that ends with the process. Raises ConfigError."""
    if keys is None and server is not None:
        raise ConfigError(
            "give keys: sessions under a key that is made up at start end with the process"
        )
    return keys or KeyRing.generate()
