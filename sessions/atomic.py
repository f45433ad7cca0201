"""Every operation on the store: one script each, all of its keys declared. Nothing else writes.

``layout.py`` names the keys, and ``replies.py`` says what comes back.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

from redis.exceptions import NoScriptError

from .config import BindingPolicy, Lifetime, OnLimit, RateLimit, SessionConfig
from .errors import (
    DataTooLarge,
    DecodeError,
    RateLimited,
    StoreUnavailable,
    VersionConflict,
)
from .layout import Layout
from .record import DATA_PREFIX, LABEL_PREFIX, Raw, Record, text
from .replies import (
    Bound,
    Conflict,
    Created,
    Dead,
    Ended,
    Held,
    Live,
    Member,
    Moved,
    created,
    members_of,
)
from .scripts import Script
from .servers.link import Link
from .tokens import Ticket

CREATE = Script("create", "rate")
VALIDATE = Script("validate")
UPDATE = Script("update")
ROTATE = Script("rotate")
DESTROY = Script("destroy")
REVOKE = Script("revoke")
MEMBERS = Script("members")
RECORDS = Script("records")
RATE = Script("rate")
RATE_BACK = Script("rate_back")
LABEL = Script("label")
LABELLED = Script("labelled")
EPOCH = Script("epoch")
LOCK = Script("lock")
UNLOCK = Script("unlock")

#: They change nothing about a session but the time of its last access.
_READING = (VALIDATE, MEMBERS, RECORDS)
_UNREADABLE = "the session has a number that cannot be read"
_ATTEMPT_ID_BYTES = 9
#: What a list shows.
_LISTED_FIELDS = ("user_id", "created_at", "last_access", "expires_at", "device")
#: How long an answer that can be given once only is kept, beyond the time that attempts take.
_ANSWER_MS = 60_000
#: Sessions for one request: a server does nothing else meanwhile.
_AT_ONCE = 500
#: A label is written before its session, which may come that much later and end as much later.
_LABEL_SLACK_MS = 60_000
#: No cookie lives longer (RFC 6265bis, 5.5), so no login or refresh token that began before the
#: sessions of its user were ended is met later than that.
GENERATION_MS = 400 * 86_400_000


@dataclass(frozen=True, slots=True)
class Promotion:
    """A visitor who becomes a user: his session, and what leads from its token to the new one."""

    visitor_id: str
    version: int
    lead: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """What a session begins with.

    It takes the place of the one that is ``replaced``, which is of the same user. With
    ``promotion`` it is the only one for its visitor.
    """

    ticket: Ticket
    user_id: str | None
    public_id: str
    fields: Mapping[str, str]
    lifetime: Lifetime
    replaced: Ticket | None = None
    generation: int | None = None
    promotion: Promotion | None = None
    #: The key and the limit under which it counts for its network, where one script reaches both.
    network_rate: tuple[str, RateLimit] | None = None


class AtomicStore(Layout):
    """The operations, over one link and under one configuration.

    Those on one session raise Moved when it has another token by now.
    """

    def __init__(self, link: Link, config: SessionConfig) -> None:
        super().__init__(config.prefix)
        self._link = link
        self._config = config
        self._touch_interval = str(config.touch_interval_ms)
        #: For as long as somebody may try again.
        self.answer_ms = _ANSWER_MS + round(config.timeout_seconds * 1000) * (config.retries + 1)
        #: Told of the keys of each operation that may have changed more than its answer tells.
        self.on_change: Callable[[Sequence[str]], None] | None = None

    # --- operations -------------------------------------------------------------------------------

    async def create(self, new: NewSession, chosen_sids: Sequence[str] = ()) -> Created:
        """Open a session; ``chosen_sids`` end for it.

        Raises Promoted, SessionLimitReached, RateLimited, StaleLogin, StoreUnavailable.
        """
        ticket, tag, promotion = new.ticket, new.ticket.tag, new.promotion
        limit = self._config.create_limit if new.user_id is not None else None
        operation = f"visitor:{promotion.visitor_id}" if promotion else ticket.sid
        reply = await self.run(
            CREATE,
            [
                *(self.session_key(ticket), self.index_key(tag), self.rate_key(tag)),
                *(self.generation_key(tag), self.session_key(new.replaced or ticket)),
                *(self.families_key(tag), self.answer_key(tag, operation)),
                *(new.network_rate[:1] if new.network_rate else ()),
            ],
            self.creation(new, limit, OnLimit.REJECT, chosen_sids),
        )
        return created(reply)

    def creation(
        self,
        new: NewSession,
        limit: RateLimit | None,
        otherwise: OnLimit,
        chosen_sids: Sequence[str] = (),
    ) -> list[Any]:
        """What ``create.lua`` takes.

        ``otherwise`` is what a limit does where the application chooses who is to make room.
        """
        config, lifetime, promotion = self._config, new.lifetime, new.promotion
        policy = otherwise if callable(config.on_limit) else config.on_limit
        return [
            *(new.ticket.sid, new.user_id or "", config.max_sessions_per_user, policy.value),
            *(lifetime.idle_ms, lifetime.absolute_ms),
            *_arguments_of(limit),
            *_arguments_of(new.network_rate[1] if new.network_rate else None),
            new.replaced.sid if new.replaced else "",
            "" if new.generation is None else new.generation,
            *(new.public_id, f"{promotion.lead} {promotion.version}" if promotion else ""),
            self.answer_ms,
            *(len(chosen_sids), *chosen_sids),
            *flat(new.fields),
        ]

    async def validate(
        self, ticket: Ticket, bindings: Sequence[str], *, touch: bool = True
    ) -> Live | Dead | Bound:
        """Read, and slide when due. Raises DecodeError, StoreUnavailable."""
        keys = [self.session_key(ticket), self.index_key(ticket.tag)]
        arguments = [ticket.sid, self._touch_interval if touch else "-1", *bindings]
        if BindingPolicy.REVOKE in bindings[1:4:2]:
            keys.append(self.answer_key(ticket.tag, new_attempt()))
            arguments.append(str(self.answer_ms))
        reply = await self.run(VALIDATE, keys, arguments)
        match text(reply[0]):
            case "OK":
                accessed, expires, touched, now, fields = reply[1:]
                return Live(int(accessed), int(expires), bool(touched), int(now), Record.of(fields))
            case "ROTATED":
                raise Moved(text(reply[1]))
            case "BINDING":
                return Bound(text(reply[1]), text(reply[2]), text(reply[3]))
            case "UNREADABLE":
                raise DecodeError(_UNREADABLE)
            case reason:
                return Dead(reason)

    async def update(
        self,
        ticket: Ticket,
        attempt: str,
        fields: Mapping[str, str],
        remove: Sequence[str] = (),
        *,
        replace: bool = False,
        if_version: int | None = None,
    ) -> int | Conflict | Dead:
        """The new version, once for each ``attempt``.

        Raises DataTooLarge, DecodeError, StoreUnavailable.
        """
        reply = await self.run(
            UPDATE,
            [
                *(self.session_key(ticket), self.index_key(ticket.tag)),
                self.answer_key(ticket.tag, attempt),
            ],
            [
                *(ticket.sid, "" if if_version is None else if_version, int(replace)),
                *(self._config.max_data_bytes, self._config.max_fields, self.answer_ms),
                *(len(fields), *flat(fields)),
                *(DATA_PREFIX + name for name in remove),
            ],
        )
        match text(reply[0]):
            case "OK":
                return int(reply[1])
            case "CONFLICT":
                return Conflict(int(reply[1]))
            case "ROTATED":
                raise Moved(text(reply[1]))
            case "UNREADABLE":
                raise DecodeError(_UNREADABLE)
            case "TOOBIG":
                raise DataTooLarge(int(reply[1]), self._config.max_data_bytes)
            case "TOOMANY":
                raise DataTooLarge(int(reply[1]), self._config.max_fields, "fields")
        return Dead("MISSING")

    async def rotate(
        self,
        ticket: Ticket,
        new: Ticket,
        lead: str,
        fields: Mapping[str, str],
        *,
        grace_ms: int,
        is_authenticated: bool,
        if_version: int | None = None,
    ) -> Live | Conflict | Dead:
        """Move a session to a new sid. Raises DecodeError, StoreUnavailable."""
        reply = await self.run(
            ROTATE,
            [self.session_key(ticket), self.session_key(new), self.index_key(ticket.tag)],
            [
                *(ticket.sid, new.sid, grace_ms, lead),
                *("" if if_version is None else if_version, int(is_authenticated)),
                *flat(fields),
            ],
        )
        match text(reply[0]):
            case "OK":
                accessed, expires, now, held = reply[1:]
                return Live(int(accessed), int(expires), True, int(now), Record.of(held))
            case "ROTATED":
                raise Moved(text(reply[1]))
            case "CONFLICT":
                return Conflict(0)
            case "UNREADABLE":
                raise DecodeError(_UNREADABLE)
        return Dead("MISSING")

    async def destroy(
        self, ticket: Ticket, *, if_version: int | None = None, shared_id: str | None = None
    ) -> Ended | None:
        """What has ended; None if there was nothing.

        Who comes second with a ``shared_id`` is told that it has ended, but not what: the first one
        was. Raises VersionConflict, StoreUnavailable.
        """
        tag, own_id = ticket.tag, new_attempt()
        status, *told = await self.run(
            DESTROY,
            [
                *(self.session_key(ticket), self.index_key(tag), self.families_key(tag)),
                self.answer_key(tag, shared_id or own_id),
            ],
            [ticket.sid, "" if if_version is None else if_version, own_id, self.answer_ms],
            lastingly=True,
        )
        match text(status):
            case "ROTATED":
                raise Moved(text(told[0]))
            case "CONFLICT":
                raise VersionConflict(int(told[0]))
            case "MISSING":
                return None
        members = [Member(ticket.sid, text(told[0]))] if text(told[1]) == own_id else []
        if text(status) == "EXPIRED":
            return Ended([], members)
        return Ended(members, [], is_others=not members)

    async def revoke(self, tag: str, attempt: str, keep: Ticket | None = None) -> Ended:
        """End all sessions of a user, but one that is alive, once for each ``attempt``."""
        index = self.index_key(tag)
        kept = (self.session_key(keep), keep.sid) if keep else (index, "")
        keys = [index, self.generation_key(tag), kept[0], self.families_key(tag)]
        keys.append(self.answer_key(tag, attempt))
        arguments = [kept[1], GENERATION_MS, self.answer_ms]
        live, stale, lead = await self.run(REVOKE, keys, arguments, lastingly=True)
        if lead:
            raise Moved(text(lead))
        ended = Ended(members_of(live), members_of(stale))
        await self.forget(tag, [*ended.live, *ended.expired])
        return ended

    async def generation(self, tag: str) -> int:
        """Grows whenever all of a user's sessions are ended."""
        return int(await self._link.ask("GET", self.generation_key(tag)) or 0)

    async def family(self, tag: str, name: str) -> Raw | None:
        """The entry of a family of refresh tokens. Raises StoreUnavailable."""
        entry: Raw | None = await self._link.ask("HGET", self.families_key(tag), name)
        return entry

    async def end_family(self, tag: str, name: str) -> None:
        """End a family whose session has ended. Raises StoreUnavailable."""
        await self._link.ask("HDEL", self.families_key(tag), name)

    async def members(self, tag: str) -> tuple[list[Member], list[Member]]:
        """A user's live sessions, and those that were found expired."""
        keys = [self.index_key(tag), self.answer_key(tag, new_attempt())]
        live, gone = await self.run(MEMBERS, keys, [self.answer_ms])
        return members_of(live), members_of(gone)

    async def records(
        self, tag: str, members: Sequence[Member], labels: Sequence[str] = ()
    ) -> dict[Member, Record]:
        """What a list shows of sessions; those that have gone are left out."""
        found: dict[Member, Record] = {}
        names = [*_LISTED_FIELDS, *(LABEL_PREFIX + label for label in labels)]
        for at in range(0, len(members), _AT_ONCE):
            part = members[at : at + _AT_ONCE]
            keys = [self.session_key(Ticket(tag, member.sid)) for member in part]
            for member, values in zip(part, await self.run(RECORDS, keys, names), strict=True):
                record = Record(dict(zip(names, values, strict=True)))
                if record.get("user_id") is not None:
                    found[member] = record
        return found

    async def record(self, tag: str, member: Member) -> Record:
        """All that the store holds of a session; nothing if it has gone."""
        held = await self._link.ask("HGETALL", self.session_key(Ticket(tag, member.sid)))
        return Record(held) if isinstance(held, dict) else Record.of(held)

    async def count(self, key: str, limit: RateLimit, attempt: str) -> None:
        """Count one more of whatever is counted under a key, once for each ``attempt``.

        Raises RateLimited, StoreUnavailable.
        """
        retry_after_ms = int(await self.run(RATE, [key], [*limit.arguments, attempt]))
        if retry_after_ms:
            raise RateLimited(retry_after_ms / 1000)

    async def take_back(self, key: str, limit: RateLimit, attempt: str) -> None:
        """Let one that was counted not count. Raises StoreUnavailable."""
        await self.run(RATE_BACK, [key], [*limit.arguments, attempt])

    async def lock(self, ticket: Ticket, holder: str, ttl_ms: int) -> str | Held | Dead:
        """The public id of the session, if its lock is the holder's now."""
        keys = [self.session_key(ticket), self.index_key(ticket.tag)]
        status, *told = await self.run(LOCK, keys, [ticket.sid, holder, ttl_ms])
        match text(status):
            case "OK":
                return text(told[0])
            case "HELD":
                return Held(int(told[0]))
            case "ROTATED":
                raise Moved(text(told[0]))
        return Dead("MISSING")

    async def unlock(self, ticket: Ticket, holder: str) -> bool | None:
        """Whether the lock was still the holder's; None if there is no session."""
        status, *told = await self.run(UNLOCK, [self.session_key(ticket)], [holder])
        if text(status) == "ROTATED":
            raise Moved(text(told[0]))
        return {"OK": True, "LOST": False}.get(text(status))

    async def begin_epoch(self) -> int:
        """The new epoch, in Unix milliseconds. Raises StoreUnavailable."""
        return int(await self.run(EPOCH, [self.epoch_key], []))

    async def epoch(self) -> int:
        """When the last epoch began; 0 if none ever did. Raises StoreUnavailable."""
        return int(await self._link.ask("GET", self.epoch_key) or 0)

    async def tags(self) -> AsyncIterator[str]:
        """The tags of all users who are signed in, or can be: each once at least, or twice."""
        for key in (self.index_key(""), self.families_key("")):
            prefix, suffix = key.split("{}")
            async for found in self._link.scan(f"{_literally(prefix)}{{*}}{suffix}"):
                yield found.removeprefix(prefix).removesuffix(suffix).strip("{}")

    async def mark(self, key: str, keep_ms: int) -> None:
        """Remember for so long that something has been done. Raises StoreUnavailable."""
        await self._link.ask("SET", key, "1", "PX", keep_ms)

    async def is_marked(self, key: str) -> bool:
        """Whether it has. Raises StoreUnavailable."""
        return bool(await self._link.ask("EXISTS", key))

    async def append(self, key: str, most: int, fields: Mapping[str, str]) -> None:
        """Add to a stream that holds so many, or a few more. Raises StoreUnavailable."""
        await self._link.ask("XADD", key, "MAXLEN", "~", most, "*", *flat(fields))

    async def stream_length(self, key: str) -> int:
        """Raises StoreRefused where there are no streams, StoreUnavailable."""
        return int(await self._link.ask("XLEN", key))

    async def label(self, name: str, digest: str, tag: str, keep_ms: int) -> None:
        """Let a label lead to a user, for so long. Raises StoreUnavailable."""
        keep_ms = keep_ms and keep_ms + _LABEL_SLACK_MS
        await self.run(LABEL, [self.label_key(name, digest)], [tag, keep_ms])

    async def labelled(self, name: str, digest: str) -> list[str]:
        """The tags of users who may have a session with the label. Raises StoreUnavailable."""
        return [text(tag) for tag in await self.run(LABELLED, [self.label_key(name, digest)], [])]

    async def forget(self, tag: str, members: Sequence[Member]) -> None:
        """Free the records of sessions that have ended, if the store is there to do it.

        They are dead already, and would expire by themselves: a failure here is none of what has
        been done.
        """
        with suppress(StoreUnavailable):
            for at in range(0, len(members), _AT_ONCE):
                part = members[at : at + _AT_ONCE]
                keys = (self.session_key(Ticket(tag, member.sid)) for member in part)
                await self._link.ask("UNLINK", *keys)

    # --- asking -----------------------------------------------------------------------------------

    async def run(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Any],
        *,
        lastingly: bool = False,
    ) -> Any:
        """One round trip; a second one where the server does not have the script."""
        words = (len(keys), *keys, *arguments)
        ask = self._link.ask_lastingly if lastingly else self._link.ask
        try:
            return await ask("EVALSHA", script.sha, *words)
        except NoScriptError:
            return await ask("EVAL", script.text, *words)
        finally:
            if self.on_change is not None and script not in _READING:
                self.on_change(keys)


def _arguments_of(limit: RateLimit | None) -> tuple[int, int, int]:
    return limit.arguments if limit else (0, 0, 0)


def _literally(text: str) -> str:
    """A pattern that matches nothing but this text."""
    return re.sub(r"([\\*?\[\]^])", r"\\\1", text)


def new_attempt() -> str:
    """An id by which the server knows an operation that is tried again from the next one."""
    return token_urlsafe(_ATTEMPT_ID_BYTES)


def flat(fields: Mapping[str, str]) -> list[str]:
    """Names and values in turn, as scripts take them."""
    return [part for pair in fields.items() for part in pair]


__all__ = ["AtomicStore", "NewSession", "Promotion", "flat", "new_attempt"]
