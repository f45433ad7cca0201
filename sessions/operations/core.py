"""What a store is made of, and the steps that its operations share.

``store.py`` has the operations that an application asks for; the longer ones are in ``opening.py``,
``validating.py`` and ``rotating.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Generic

import ferrite_lite

from .. import events
from ..atomic import AtomicStore, new_attempt
from ..config import SessionConfig
from ..content import Codec, Content, Encryptor, default_codec
from ..datatype import R, T
from ..errors import SessionGone, StoreUnavailable, VersionConflict
from ..events import SessionEvent, Why
from ..near import Near
from ..policies import Bindings, RequestContext, Shown
from ..record import IssuedSession, Record, Session, SessionInfo, moment
from ..replies import Conflict, Dead, Live, Member, Moved
from ..servers.link import Link
from ..tokens import KeyRing, Ticket, Tokens
from .announcing import Announcer
from .epoch import Epoch
from .guessing import GuessCounter
from .labels import Labels
from .measuring import Observers
from .outcomes import Invalid, Reason

#: A token that was replaced leads to the next one; within a grace of seconds there are not many.
MOST_MOVES = 16


class Core(Generic[T]):
    """The parts of one store."""

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
        """``announcer`` is that of a tenant; whose link it is hears of the link."""
        self.config = config
        self.link = link
        self.clock = clock or ferrite_lite.SystemClock()
        self.atomic = AtomicStore(link, config)
        self.tokens = Tokens(keys)
        self.content = Content(
            codec or default_codec(),
            encryptor,
            max_data_bytes=config.max_data_bytes,
            max_fields=config.max_fields,
        )
        self.bindings = Bindings(config, self.tokens)
        self.epoch = Epoch(self.atomic, self.clock, config.epoch_seconds)
        self.labels = Labels(self.atomic, self.tokens)
        self.announcer = announcer or Announcer()
        self.observers = Observers()
        self.near: Near | None = None
        self._guesses = GuessCounter(config.guesses_per_minute)
        self.codec, self.encryptor = codec, encryptor
        if announcer is None:
            link.on_change = self.announcer.store_changed

    def answer_from(self, near: Near) -> None:
        """Validate by what is at hand, where that will do."""
        self.near = near
        self.atomic.on_change = near.heard

    def tell(self, event: SessionEvent) -> None:
        """Tell the listeners of something that has happened."""
        self.announcer.tell(event)

    # --- asking -----------------------------------------------------------------------------------

    async def follow(
        self, token: str, ticket: Ticket, ask: Callable[[Ticket], Awaitable[R]]
    ) -> tuple[str, Ticket, R] | None:
        """Ask about a session, under the token that it has by now; None if nothing leads there."""
        for _ in range(MOST_MOVES):
            try:
                return token, ticket, await ask(ticket)
            except Moved as moved:
                successor = self.tokens.successor(token, moved.lead)
            if successor is None:
                return None
            token, ticket = successor
        # Not None: the session may be alive.
        raise StoreUnavailable("the session was rotated at every attempt to reach it")

    async def end(self, token: str, why: Why, *, if_version: int | None = None) -> bool:
        """Whether a live session has ended. Raises VersionConflict."""
        ticket = self.tokens.read(token)
        if ticket is None:
            return False
        found = await self.follow(
            token, ticket, lambda ticket: self.atomic.destroy(ticket, if_version=if_version)
        )
        return self.announcer.one_ended(found[2] if found else None, why)

    async def change(
        self,
        token: str,
        values: Mapping[str, Any],
        remove: Collection[str],
        if_version: int | None,
        *,
        replace: bool = False,
    ) -> int | None:
        # One for all tokens: the session may have been rotated after the change was made.
        attempt = new_attempt()

        def update(ticket: Ticket) -> Awaitable[int | Conflict | Dead]:
            fields = self.content.changes(ticket.sid, values)
            return self.atomic.update(
                ticket, attempt, fields, list(remove), replace=replace, if_version=if_version
            )

        ticket = self.tokens.read(token)
        found = await self.follow(token, ticket, update) if ticket else None
        outcome = found[2] if found else None
        if isinstance(outcome, Conflict):
            raise VersionConflict(outcome.version)
        return None if isinstance(outcome, Dead) else outcome

    async def peek(self, token: str) -> IssuedSession[T]:
        """The session with the token that it has by now, not prolonged. Raises SessionGone."""
        ticket = self.tokens.read(token)
        nothing = self.bindings.script_arguments(Shown())
        found = ticket and await self.follow(
            token, ticket, lambda ticket: self.atomic.validate(ticket, nothing, touch=False)
        )
        if not found or not isinstance(found[2], Live):
            raise SessionGone
        self.content.check_identity(found[2].record, found[1].sid)
        return self.issued(found[0], found[1], found[2])

    async def peek_or_none(self, token: str) -> IssuedSession[T] | None:
        try:
            return await self.peek(token)
        except SessionGone:
            return None

    async def records(self, tag: str, labels: Sequence[str] = ()) -> dict[Member, Record]:
        """What a list shows of a user's live sessions.

        One whose record has gone meanwhile has ended, or goes on under another sid: look again, or
        a list would lack a session that is alive.
        """
        records: dict[Member, Record] = {}
        orphans: set[Member] = set()
        for _ in range(MOST_MOVES):
            members = await self.members(tag)
            records = await self.atomic.records(tag, members, labels)
            missing = set(members) - records.keys()
            if missing <= orphans:
                break
            orphans = missing
        return records

    async def sessions_of(
        self, user_id: str, current_token: str | None = None
    ) -> list[SessionInfo]:
        """The user's live sessions, oldest first. Looking prolongs none of them."""
        tag = self.tokens.tag(user_id)
        records = await self.records(tag)
        current = self.tokens.read(current_token) if current_token else None
        found = [
            self.info(member, record, is_current=Ticket(tag, member.sid) == current)
            for member, record in records.items()
            if record.get("user_id") == user_id
        ]
        return sorted(found, key=lambda info: (info.created_at, info.public_id))

    async def members(self, tag: str) -> list[Member]:
        """A user's live sessions; those that were found expired are told of, once."""
        live, gone = await self.atomic.members(tag)
        self.announcer.expired(gone)
        return live

    # --- answers ----------------------------------------------------------------------------------

    def session(self, ticket: Ticket, live: Live, *, is_stale: bool = False) -> Session[T]:
        return Session(
            last_access_ms=live.last_access_ms,
            expires_at_ms=live.expires_at_ms,
            read_at_ms=live.read_at_ms,
            touched=live.touched,
            is_stale=is_stale,
            _record=live.record,
            _sid=ticket.sid,
            _content=self.content,
        )

    def issued(
        self, token: str, ticket: Ticket, live: Live, *, evicted: tuple[str, ...] = ()
    ) -> IssuedSession[T]:
        return IssuedSession(
            last_access_ms=live.last_access_ms,
            expires_at_ms=live.expires_at_ms,
            read_at_ms=live.read_at_ms,
            touched=live.touched,
            _record=live.record,
            _sid=ticket.sid,
            _content=self.content,
            token=token,
            evicted=evicted,
        )

    def info(self, member: Member, record: Record, *, is_current: bool) -> SessionInfo:
        return SessionInfo(
            public_id=member.public_id,
            created_at=moment(record.number("created_at")),
            last_access=moment(record.number("last_access")),
            expires_at=moment(record.number("expires_at")),
            device_info=self.content.listed_device(record, member.sid),
            is_current=is_current,
            labels=record.labels(),
            user_id=record.get("user_id") or None,
        )

    def unknown(self, reason: Reason, request: RequestContext | None) -> Invalid:
        address = request.ip_address if request else None
        network = self.bindings.network(address) if address is not None else ""
        self.tell(events.UnknownToken(reason is not Reason.MALFORMED, network))
        if network and self._guesses.count(network, self.clock.now_ns() // 1_000_000):
            self.tell(events.TokenGuessing(network, self.config.guesses_per_minute))
        return Invalid(reason)
