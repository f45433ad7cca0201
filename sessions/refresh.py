"""Refresh tokens: how an application on a device stays signed in while its sessions are short.

A refresh token is exchanged for a session and the next refresh token. A token that comes again has
been stolen, or its successor has: the family ends, with its session. Requests that exchange the
same token at the same moment agree on one successor and one session, and so does who tries again
because an answer was lost (ASVS 10.4.5, 10.4.8, 10.4.9; RFC 9700, 4.14).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Generic

from . import events
from .atomic import NewSession
from .config import DAY_SECONDS, MAX_GRACE_SECONDS, BindingPolicy, Lifetime
from .datatype import T
from .errors import ConfigError, ReuseDetected
from .families import (
    AtomicFamilies,
    Family,
    FamilyTicket,
    FamilyTokens,
    Grace,
    Reused,
    content_of,
)
from .operations.measuring import operation
from .operations.outcomes import Reason
from .policies import RequestContext
from .record import DATA_PREFIX, DeviceInfo, IssuedSession, Session, moment
from .replies import Created, Live
from .tokens import Ticket

if TYPE_CHECKING:
    from .store import SessionStore

#: What a session leaves to those that its family opens, besides its data and its labels.
_INHERITED = ("amr", "aal", "auth_at", "device", "network", "browser", "transient")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshConfig:
    """The settings of refresh tokens; checked when made. Times in seconds."""

    #: A family that is not used for so long has ended.
    ttl_seconds: float = 30 * DAY_SECONDS
    #: A family is never older, however it is used (ASVS 10.4.8).
    absolute_seconds: float = 90 * DAY_SECONDS
    #: For so long a token that was exchanged leads to the same answer, for requests that race and
    #: answers that are lost. After it, and for older tokens, it is theft.
    grace_seconds: float = 10
    #: The sessions that an exchange opens.
    session_lifetime: Lifetime = field(default_factory=lambda: Lifetime(900, 900))
    #: Of more families of a user, the one unused for longest ends; 0 for any number.
    max_families_per_user: int = 10

    def __post_init__(self) -> None:
        _ = self.lifetime
        if not 0 <= self.grace_seconds <= MAX_GRACE_SECONDS:
            raise ConfigError(f"grace_seconds must be from 0 to {MAX_GRACE_SECONDS}")
        if self.max_families_per_user < 0:
            raise ConfigError("max_families_per_user must not be negative")

    @property
    def lifetime(self) -> Lifetime:
        return Lifetime(self.ttl_seconds, self.absolute_seconds)


@dataclass(frozen=True, slots=True)
class Exchanged(Generic[T]):
    """What an exchange gives: both tokens take the place of those before."""

    session: IssuedSession[T]
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FamilyInfo:
    """One line of a list of the devices on which a user stays signed in.

    ``public_id`` is also that of the family's session, which is another one after each exchange.
    """

    public_id: str
    created_at: datetime
    last_used: datetime
    expires_at: datetime
    absolute_expires_at: datetime
    device_info: DeviceInfo | None


class RefreshTokens(Generic[T]):
    """The refresh tokens of a store.

    A family ends with ``destroy`` of its session, ``destroy_by_id``, ``destroy_other_sessions`` and
    ``destroy_all_for_user`` of the store, when its session has to make room for another one, and by
    ``revoke`` and ``revoke_family`` here; but not when its session expires.
    """

    # A part of the store in a module of its own: it sees what the store is made of.
    def __init__(self, store: SessionStore[T], config: RefreshConfig | None = None) -> None:
        self.config = config or RefreshConfig()
        self._store = store
        self._core = store._core
        self._tokens = FamilyTokens(store._core.tokens)
        self._families = AtomicFamilies(store._core.atomic)

    @operation("refresh_issue")
    async def issue(
        self, owner: Session[T] | str, data: T | None = None, *, if_generation: int | None = None
    ) -> str:
        """A refresh token for the owner of a session, or for a user who has none yet.

        The sessions that it will open are of the same user, device, network, labels and
        authentication, and begin with ``data``: by default with what is in the session now. A
        session has one family: a further token for it makes that of before void.
        ``if_generation`` is as for ``create``. Raises SessionGone, StaleLogin, DataTooLarge,
        StoreUnavailable; ValueError for a session of nobody.
        """
        is_session = isinstance(owner, Session)
        user_id = owner.user_id if isinstance(owner, Session) else owner
        name = owner.public_id if isinstance(owner, Session) else self._tokens.new_name()
        if not user_id:
            raise ValueError("a session of nobody has nobody who could come back")
        fields = self._fields(name, user_id, owner, data)
        token, ticket = self._tokens.first(self._core.tokens.tag(user_id), name)
        labels = owner.labels if isinstance(owner, Session) else {}
        named = {_family_label(label): value for label, value in labels.items()}
        await self._core.labels.add(ticket.tag, named, self.config.lifetime.absolute_ms)
        evicted = await self._families.issue(
            ticket,
            content_of(user_id, fields),
            lifetime=self.config.lifetime,
            most=self.config.max_families_per_user,
            of_session=is_session,
            generation=if_generation,
        )
        self._store.tell(events.RefreshIssued(user_id, name))
        for gone in evicted:
            self._store.tell(events.RefreshEnded(gone, events.Why.REPLACED))
        return token

    @operation("refresh_exchange")
    async def exchange(
        self, token: str, *, request: RequestContext | None = None
    ) -> Exchanged[T] | None:
        """A session and the next refresh token; None if this one is worth nothing.

        The family's session until then ends. ``request`` is held to the policies of the store. Of
        requests that exchange a token at the same moment, or again within the grace, all get the
        same. Raises ReuseDetected when the token was exchanged before that: its family and its
        session have ended then. Raises SessionLimitReached, DecodeError, StoreUnavailable.
        """
        presented = self._tokens.read(token)
        if presented is None:
            self._core.unknown(Reason.MALFORMED, request)
            return None
        family = await self._families.read(presented)
        if family is None or await self._core.epoch.is_after(family.created_at_ms):
            self._core.unknown(Reason.UNKNOWN, request)
            return None
        if await self._refuses(presented, family, request):
            return None
        lead = self._tokens.new_lead()
        outcome = await self._exchange(token, presented, family, lead)
        match outcome:
            case Reused():
                self._store.tell(events.RefreshReuse(family.user_id, presented.name))
                raise ReuseDetected
            case Grace():
                return await self._again(token, outcome.lead)
            case None:
                self._core.unknown(Reason.UNKNOWN, request)
        return outcome

    @operation("refresh_revoke")
    async def revoke(self, token: str) -> bool:
        """End the family of a token, and its session; False if it had ended (RFC 7009)."""
        ticket = self._tokens.read(token)
        return ticket is not None and await self._revoke(ticket.tag, ticket.name)

    @operation("refresh_revoke")
    async def revoke_family(self, user_id: str, public_id: str) -> bool:
        """End one of the user's own families, and its session (ASVS 10.4.9)."""
        return await self._revoke(self._core.tokens.tag(user_id), public_id)

    @operation("refresh_revoke_labelled", is_long=True)
    async def revoke_labelled(self, label: str, value: str) -> int:
        """End the families, of all users, whose sessions bear a label of this value; how many."""
        count = 0
        for tag in await self._core.labels.tags(_family_label(label), value):
            for name, family in (await self._families.families(tag)).items():
                if family.record.labels().get(label) == value:
                    count += await self._revoke(tag, name)
        return count

    @operation("refresh_families")
    async def families(self, user_id: str) -> list[FamilyInfo]:
        """Where the user stays signed in, oldest first."""
        found = await self._families.families(self._core.tokens.tag(user_id))
        infos = [self._info(name, each) for name, each in found.items() if each.user_id == user_id]
        return sorted(infos, key=lambda info: (info.created_at, info.public_id))

    # --- parts ------------------------------------------------------------------------------------

    async def _exchange(
        self, token: str, presented: FamilyTicket, family: Family, lead: str
    ) -> Exchanged[T] | Grace | Reused | None:
        tokens, config = self._tokens, self.config
        successor, session = tokens.successor(token, lead), tokens.session(token, lead)
        if successor is None or session is None:
            return None
        labels = family.record.labels()
        await self._core.labels.add(presented.tag, labels, config.session_lifetime.absolute_ms)
        outcome = await self._families.exchange(
            presented,
            successor[1],
            NewSession(
                session[1],
                family.user_id,
                presented.name,
                self._session_fields(presented.name, family, session[1].sid),
                config.session_lifetime,
            ),
            lead,
            grace_ms=round(config.grace_seconds * 1000),
            idle_ms=config.lifetime.idle_ms,
        )
        if not isinstance(outcome, Created):
            return outcome
        return Exchanged(self._opened(session, presented.name, family, outcome), successor[0])

    async def _again(self, token: str, lead: str) -> Exchanged[T] | None:
        """What the one got who came first with this token."""
        successor, session = self._tokens.successor(token, lead), self._tokens.session(token, lead)
        opened = await self._core.peek_or_none(session[0]) if session else None
        return None if opened is None or successor is None else Exchanged(opened, successor[0])

    def _opened(
        self, session: tuple[str, Ticket], name: str, family: Family, created: Created
    ) -> IssuedSession[T]:
        evicted = tuple(member.public_id for member in created.evicted)
        for gone in evicted:
            self._store.tell(events.Evicted(family.user_id, gone))
        self._core.announcer.expired(created.expired)
        self._store.tell(events.Refreshed(family.user_id, name))
        now_ms = created.created_at_ms
        live = Live(now_ms, created.expires_at_ms, False, now_ms, created.record)
        return self._core.issued(*session, live, evicted=evicted)

    async def _refuses(
        self, presented: FamilyTicket, family: Family, request: RequestContext | None
    ) -> bool:
        """Whether the request may not use the family, for what it shows (ASVS 8.2.4).

        Under ``step_up`` it may: the session that it gets is bound as the family is, and says so.
        """
        bindings, held = self._core.bindings, family.record.get
        shown = bindings.shown(request, presented.tag)
        names = (presented.name, family.user_id)
        for mismatch in bindings.mismatches(*names, held("network"), held("browser"), shown):
            policy = bindings.judge(mismatch)
            self._core.announcer.mismatch(mismatch, policy)
            if policy is BindingPolicy.REVOKE:
                await self._revoke(presented.tag, presented.name, events.Why.BINDING)
            if policy.refuses:
                return True
        return False

    async def _revoke(self, tag: str, name: str, why: events.Why = events.Why.ASKED) -> bool:
        ended, expired = await self._families.revoke(tag, name)
        self._core.announcer.expired(expired)
        if ended:
            self._store.tell(events.RefreshEnded(name, why))
        return ended

    def _fields(
        self, name: str, user_id: str, owner: Session[T] | str, data: T | None
    ) -> dict[str, str]:
        """What the sessions of a family begin with, sealed for the family."""
        content, context = self._core.content, _context(name)
        fields = content.identity(context, user_id, None)
        if isinstance(owner, Session):
            fields |= owner._record.select(_INHERITED) | self._core.labels.fields(owner.labels)
            fields |= dict(owner._record.data_fields())
            fields |= content.rebound(owner._record, owner._sid, context)
        if data is None:
            return fields
        others = {each: value for each, value in fields.items() if not each.startswith(DATA_PREFIX)}
        return {**others, **content.of(context, data)}

    def _session_fields(self, name: str, family: Family, sid: str) -> dict[str, str]:
        """The same, sealed for one session."""
        content, context = self._core.content, _context(name)
        content.check_identity(family.record, context)
        return {**family.fields, **content.rebound(family.record, context, sid)}

    def _info(self, name: str, family: Family) -> FamilyInfo:
        return FamilyInfo(
            public_id=name,
            created_at=moment(family.created_at_ms),
            last_used=moment(family.used_at_ms),
            expires_at=moment(family.expires_at_ms),
            absolute_expires_at=moment(family.absolute_at_ms),
            device_info=self._core.content.listed_device(family.record, _context(name)),
        )


def _context(name: str) -> str:
    """In place of a sid, for what is sealed: no sid looks so."""
    return f"refresh {name}"


def _family_label(label: str) -> str:
    """Families outlive their sessions, so what leads to them does, too."""
    return f"refresh:{label}"
