"""``SessionStore``: create, validate, list and end sessions."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, Self

import ferrite_lite

from . import events, native
from .atomic import AtomicStore, Bound, Conflict, Dead, Live
from .config import IpPolicy, Lifetime, SessionConfig
from .errors import ConfigError, RateLimited, SessionError, VersionConflict
from .link import Client, Link, open_client
from .record import (
    MAX_USER_ID_BYTES,
    DeviceInfo,
    IssuedSession,
    Record,
    Session,
    SessionInfo,
    moment,
    network_of,
    text,
)
from .tokens import KeyRing, Ticket, Tokens

logger = logging.getLogger("sessions")

#: Under these the server never drops a key that has no deadline, and an index always has one.
SAFE_POLICIES = frozenset({"noeviction"})


class SessionStore:
    """Sessions in one store. Made by ``connect``; an async context manager that closes it.

    >>> import asyncio
    >>> async def main() -> str:
    ...     async with await SessionStore.connect() as store:
    ...         issued = await store.create("alice", {"theme": "dark"})
    ...         session = await store.validate(issued.token)
    ...         return session.data["theme"] if session else "signed out"
    >>> asyncio.run(main())
    'dark'
    """

    def __init__(
        self,
        link: Link,
        config: SessionConfig,
        keys: KeyRing,
        *,
        owned: Collection[Any] = (),
    ) -> None:
        """``owned`` is what ``aclose`` closes; use ``connect``, which knows."""
        self.config = config
        self._link = link
        self._atomic = AtomicStore(link, config)
        self._tokens = Tokens(keys)
        self._owned = owned
        self._listeners: list[events.Listener] = []
        self._policy = _script_policy(config.ip_policy)

    @classmethod
    async def connect(
        cls,
        server: str | Client | None = None,
        config: SessionConfig | None = None,
        *,
        keys: KeyRing | None = None,
        clock: ferrite_lite.Clock | None = None,
    ) -> Self:
        """Open a store.

        ``server`` is a ``redis://``, ``rediss://`` or ``unix://`` URL, or a redis-py asyncio client
        (``Redis``, ``RedisCluster``, a Sentinel's master), which the caller closes; without one
        the store lives in this process, where ``clock`` may drive its time. ``keys`` may be left
        out only there. Raises ConfigError.
        """
        config = config or SessionConfig()
        if server is None:
            ferrite = ferrite_lite.Ferrite(clock=clock)
            native.register(ferrite.engine)
            # A call within the process has no reason to be late.
            link = Link(ferrite.client(), timeout_seconds=None)
            return cls(link, config, keys or KeyRing.generate(), owned=[ferrite])
        if keys is None:
            raise ConfigError(
                "give keys: sessions under a key that is made up at start end with the process"
            )
        client = open_client(server, config) if isinstance(server, str) else server
        link = Link.to(client, config)
        store = cls(link, config, keys, owned=[client] if isinstance(server, str) else [])
        try:
            await link.check_client()
        except ConfigError:
            await store.aclose()
            raise
        return store

    async def aclose(self) -> None:
        """Close what ``connect`` opened."""
        for resource in self._owned:
            await resource.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def on_event(self, listener: events.Listener) -> None:
        """Be told of what happens to sessions in this process."""
        self._listeners.append(listener)

    # --- one session ------------------------------------------------------------------------------

    async def create(
        self,
        user_id: str,
        data: Mapping[str, Any] | None = None,
        device_info: DeviceInfo | None = None,
        *,
        replace: str | None = None,
        lifetime: Lifetime | None = None,
    ) -> IssuedSession:
        """Open a session; the token is in the answer and nowhere else.

        ``replace`` is the token that came with the login, if any: its session ends, so that a
        token from before the login is worth nothing after it (ASVS 7.2.4). ``lifetime`` is for a
        session that lives longer or shorter than others. Raises SessionLimitReached, RateLimited,
        DataTooLarge, StoreUnavailable, StoreRefused.
        """
        if not 0 < len(user_id.encode()) <= MAX_USER_ID_BYTES:
            raise ValueError(f"user_id must have 1 to {MAX_USER_ID_BYTES} bytes")
        token, ticket = self._tokens.issue(user_id)
        further = self._device_fields(device_info)
        lifetime = lifetime or self.config.lifetime
        before = self._tokens.read(replace) if replace is not None else None
        is_own = before is not None and before.tag == ticket.tag
        try:
            created = await self._atomic.create(
                ticket,
                user_id,
                dict(data or {}),
                further,
                lifetime=lifetime,
                replaced=before if is_own else None,
            )
        except RateLimited as refusal:
            self._tell(events.RateLimited(user_id, refusal.retry_after_seconds))
            raise
        if before is not None and not is_own:
            await self._end(before)
        evicted = tuple(map(self._tokens.public_id, created.evicted_sids))
        for public_id in evicted:
            self._tell(events.Evicted(user_id, public_id))
        public_id = self._tokens.public_id(ticket.sid)
        self._tell(events.Created(user_id, public_id))
        await self._atomic.forget(ticket.tag, created.evicted_sids)
        return IssuedSession(
            last_access_ms=created.created_at_ms,
            expires_at_ms=created.expires_at_ms,
            touched=False,
            _record=created.record,
            _sid=ticket.sid,
            _tokens=self._tokens,
            token=token,
            evicted=evicted,
        )

    async def create_with_rate_limit(
        self,
        user_id: str,
        data: Mapping[str, Any] | None = None,
        device_info: DeviceInfo | None = None,
    ) -> IssuedSession:
        """``create``, for a store whose configuration limits it. Raises ConfigError otherwise."""
        if self.config.create_limit is None:
            raise ConfigError("set create_limit: there is no rate to hold to")
        return await self.create(user_id, data, device_info)

    async def validate(self, token: str, *, ip_address: str | None = None) -> Session | None:
        """The session that a token opens, prolonged if that is due; None if it opens none.

        ``ip_address`` is where the request came from: ``ip_policy`` says what another network than
        the session's means, and what is no address is another network. None asks nothing. One
        round trip, none for junk. Raises StoreUnavailable, DecodeError: never take either for an
        answer.
        """
        ticket = self._tokens.read(token)
        if ticket is None:
            self._tell(events.UnknownToken(well_formed=False))
            return None
        if ip_address is None or self.config.ip_policy is IpPolicy.OFF:
            network = ""
        else:
            network = self._network(ip_address)
        answer = await self._atomic.validate(ticket, network, self._policy)
        match answer:
            case Dead():
                self._tell(events.UnknownToken(well_formed=True))
                return None
            case Bound(expected):
                public_id = self._tokens.public_id(ticket.sid)
                self._tell(events.BindingMismatch(public_id, expected, network))
                if self.config.ip_policy is IpPolicy.REVOKE:
                    self._tell(events.Destroyed(public_id))
                return None
        session = self._session(ticket, answer)
        self._check_network(session, network)
        return session

    async def validate_with_ip(self, token: str, ip_address: str) -> Session | None:
        """``validate`` for a request from an address, in one word."""
        return await self.validate(token, ip_address=ip_address)

    async def update_data(
        self, token: str, data: Mapping[str, Any], *, if_version: int | None = None
    ) -> bool:
        """Replace all data; False if the session is not alive.

        Raises VersionConflict, DataTooLarge, StoreUnavailable.
        """
        return await self._change(token, data, (), replace=True, if_version=if_version) is not None

    async def patch(
        self,
        token: str,
        set: Mapping[str, Any] | None = None,
        remove: Collection[str] = (),
        *,
        if_version: int | None = None,
    ) -> int | None:
        """Change some fields and leave the others: two tabs do not lose each other's writes.

        The new version, or None if the session is not alive. Raises as ``update_data``.
        """
        return await self._change(token, set or {}, remove, if_version=if_version)

    async def destroy(self, token: str) -> bool:
        """End a session; False if it was not alive. Raises StoreUnavailable."""
        ticket = self._tokens.read(token)
        return ticket is not None and await self._end(ticket)

    # --- the sessions of a user -------------------------------------------------------------------

    async def get_user_sessions(
        self, user_id: str, current_token: str | None = None
    ) -> list[SessionInfo]:
        """The user's live sessions, oldest first. Looking prolongs none of them."""
        tag = self._tokens.tag(user_id)
        records = await self._atomic.records(tag, await self._atomic.members(tag))
        current = self._tokens.read(current_token) if current_token else None
        found = [
            self._info(Ticket(tag, sid), record, is_current=Ticket(tag, sid) == current)
            for sid, record in records.items()
            if record.get("user_id") == user_id
        ]
        return sorted(found, key=lambda info: (info.created_at, info.public_id))

    async def destroy_by_id(self, user_id: str, public_id: str) -> bool:
        """End one of the user's own sessions, by the name that the list shows."""
        tag = self._tokens.tag(user_id)
        for sid in await self._atomic.members(tag):
            if self._tokens.public_id(sid) == public_id:
                return await self._end(Ticket(tag, sid))
        return False

    async def destroy_other_sessions(self, user_id: str, current_token: str) -> int:
        """End all of the user's sessions but the one that asks; how many were alive.

        A token that opens no session of this user ends nothing.
        """
        current = self._tokens.read(current_token)
        if current is None or current.tag != self._tokens.tag(user_id):
            return 0
        return await self._revoke(user_id, current)

    async def destroy_all_for_user(self, user_id: str) -> int:
        """End all of the user's sessions; how many were alive."""
        return await self._revoke(user_id, None)

    # --- the store --------------------------------------------------------------------------------

    async def doctor(self) -> list[str]:
        """What about the server would endanger sessions, in sentences; empty when nothing does."""
        return [*await self._check_scripts(), *await self._check_eviction()]

    async def _check_scripts(self) -> list[str]:
        try:
            await self._atomic.members(self._tokens.tag("doctor"))
        except SessionError as error:
            return [f"Scripts do not run on this server, and every operation is one: {error}"]
        return []

    async def _check_eviction(self) -> list[str]:
        try:
            replies = await self._link.ask_each_node("CONFIG GET", "maxmemory-policy")
        except SessionError as error:
            return [f"maxmemory-policy could not be asked for, and must be noeviction: {error}"]
        return [
            f"maxmemory-policy is {policy}: short of memory, the server drops the user index, and"
            " with it live sessions. Set it to noeviction."
            for policy in sorted({_policy_of(reply) for reply in replies} - SAFE_POLICIES)
        ]

    # --- parts ------------------------------------------------------------------------------------

    async def _change(
        self,
        token: str,
        set_: Mapping[str, Any],
        remove: Collection[str],
        *,
        replace: bool = False,
        if_version: int | None,
    ) -> int | None:
        ticket = self._tokens.read(token)
        if ticket is None:
            return None
        outcome = await self._atomic.update(
            ticket, dict(set_), list(remove), replace=replace, if_version=if_version
        )
        if isinstance(outcome, Conflict):
            raise VersionConflict(outcome.version)
        return None if isinstance(outcome, Dead) else outcome

    async def _end(self, ticket: Ticket) -> bool:
        ended = await self._atomic.destroy(ticket)
        if ended:
            self._tell(events.Destroyed(self._tokens.public_id(ticket.sid)))
        return ended

    async def _revoke(self, user_id: str, keep: Ticket | None) -> int:
        sids = await self._atomic.revoke(self._tokens.tag(user_id), keep)
        if sids:
            self._tell(events.RevokedAll(user_id, tuple(map(self._tokens.public_id, sids))))
        return len(sids)

    def _session(self, ticket: Ticket, live: Live) -> Session:
        return Session(
            last_access_ms=live.last_access_ms,
            expires_at_ms=live.expires_at_ms,
            touched=live.touched,
            _record=live.record,
            _sid=ticket.sid,
            _tokens=self._tokens,
        )

    def _info(self, ticket: Ticket, record: Record, *, is_current: bool) -> SessionInfo:
        return SessionInfo(
            public_id=self._tokens.public_id(ticket.sid),
            created_at=moment(record.number("created_at")),
            last_access=moment(record.number("last_access")),
            expires_at=moment(record.number("expires_at")),
            device_info=record.device(),
            is_current=is_current,
        )

    def _device_fields(self, device: DeviceInfo | None) -> dict[str, str]:
        if device is None:
            return {}
        fields = {"device": device.to_json()}
        if device.ip_address:
            fields["network"] = self._network(device.ip_address)
        return fields

    def _network(self, address: str) -> str:
        return network_of(address, self.config.ipv4_prefix_bits, self.config.ipv6_prefix_bits)

    def _check_network(self, session: Session, network: str) -> None:
        """With the policy ``log`` another network is an event and no more."""
        expected = session.network
        if network and expected and network != expected:
            self._tell(events.BindingMismatch(session.public_id, expected, network))

    def _tell(self, event: events.SessionEvent) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                # The operation has happened: its caller must get the answer.
                logger.exception("a listener failed on %s", type(event).__name__)


def _script_policy(policy: IpPolicy) -> str:
    """What the script does about another network; events are told here."""
    return policy.value if policy in (IpPolicy.REJECT, IpPolicy.REVOKE) else ""


def _policy_of(reply: Any) -> str:
    """What CONFIG GET answered for one setting: a map in RESP3, a list in RESP2."""
    values = list(reply.values()) if isinstance(reply, dict) else list(reply)[1:]
    return text(values[0]) if values else "unknown"
