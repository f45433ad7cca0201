"""Every operation on the store: the key layout, and one script for each. Nothing else writes.

All keys of a user share the hash tag in braces, so they lie in one slot of a cluster and each
operation is one script with all its keys declared. The index of a user is a hash: sid to
``created:last access:expires``. It is the truth: a session whose entry is gone is dead, so ending
one, all but one, or all of them is one atomic step on one key, and a record that a late writer
brings back is not a session. (A set, as in the seed document, would need every member's key to
decide about age, and could not end what it does not list.)
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files
from secrets import token_urlsafe
from typing import Any

from redis.exceptions import NoScriptError

from .config import Lifetime, SessionConfig
from .errors import (
    DataTooLarge,
    DecodeError,
    RateLimited,
    SessionError,
    SessionLimitReached,
    StoreUnavailable,
)
from .link import Link
from .record import DATA_PREFIX, Record, encode_data, text
from .tokens import Ticket


class _Script:
    """One of ``scripts/*.lua``: its text and its SHA-1."""

    def __init__(self, name: str) -> None:
        self.text = files(__package__).joinpath("scripts", f"{name}.lua").read_bytes()
        self.sha = sha1(self.text, usedforsecurity=False).hexdigest()


CREATE = _Script("create")
VALIDATE = _Script("validate")
UPDATE = _Script("update")
DESTROY = _Script("destroy")
REVOKE = _Script("revoke")
MEMBERS = _Script("members")
RECORDS = _Script("records")

_UNREADABLE = "the session has a number that cannot be read"
#: To tell a change from the one before it.
_CHANGE_ID_BYTES = 9
#: What ``records.lua`` gives, in its order.
_LISTED_FIELDS = ("user_id", "created_at", "last_access", "expires_at", "device")
#: Sessions for one request: a server does nothing else meanwhile.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Created:
    created_at_ms: int
    expires_at_ms: int
    evicted_sids: list[str]
    record: Record


@dataclass(frozen=True, slots=True)
class Live:
    """A session that validated."""

    last_access_ms: int
    expires_at_ms: int
    touched: bool
    record: Record


@dataclass(frozen=True, slots=True)
class Dead:
    """A token that named no live session: MISSING or EXPIRED."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A session that belongs to another network."""

    network: str


@dataclass(frozen=True, slots=True)
class Conflict:
    version: int


class AtomicStore:
    """The operations, over one link and under one configuration."""

    def __init__(self, link: Link, config: SessionConfig) -> None:
        self._link = link
        self._config = config
        self._touch_interval = str(config.touch_interval_ms)

    # --- keys -------------------------------------------------------------------------------------

    def session_key(self, ticket: Ticket) -> str:
        return f"{self._config.prefix}session:{{{ticket.tag}}}:{ticket.sid}"

    def index_key(self, tag: str) -> str:
        return f"{self._config.prefix}user:{{{tag}}}:sessions"

    def rate_key(self, tag: str) -> str:
        return f"{self._config.prefix}rate:session:create:{{{tag}}}"

    # --- operations -------------------------------------------------------------------------------

    async def create(
        self,
        ticket: Ticket,
        user_id: str,
        data: dict[str, Any],
        further: dict[str, str],
        *,
        lifetime: Lifetime,
        replaced: Ticket | None = None,
    ) -> Created:
        """Open a session, in place of another one of the same user if one is given.

        Raises SessionLimitReached, RateLimited, DataTooLarge, StoreUnavailable, StoreRefused.
        """
        config = self._config
        limit = config.create_limit
        fields = encode_data(data, config.max_data_bytes)
        reply = await self._run(
            CREATE,
            [
                *(self.session_key(ticket), self.index_key(ticket.tag), self.rate_key(ticket.tag)),
                self.session_key(replaced or ticket),
            ],
            [
                *(ticket.sid, user_id, config.max_sessions_per_user, config.on_limit.value),
                *(lifetime.idle_ms, lifetime.absolute_ms),
                *((limit.limit, limit.window_ms) if limit else (0, 0)),
                replaced.sid if replaced else "",
                *fields,
                *(part for pair in further.items() for part in pair),
            ],
        )
        match text(reply[0]):
            case "OK":
                evicted_sids = [text(sid) for sid in reply[3]]
                return Created(int(reply[1]), int(reply[2]), evicted_sids, Record.of(reply[4]))
            case "LIMIT":
                raise SessionLimitReached(int(reply[1]))
            case "RATE":
                raise RateLimited(int(reply[1]) / 1000)
        raise SessionError("a new session got the id of another one")

    async def validate(self, ticket: Ticket, network: str, policy: str) -> Live | Dead | Bound:
        """Read, and slide when due. Raises DecodeError, StoreUnavailable."""
        reply = await self._run(
            VALIDATE,
            [self.session_key(ticket), self.index_key(ticket.tag)],
            [ticket.sid, self._touch_interval, network, policy],
        )
        status = text(reply[0])
        if status == "OK":
            return Live(int(reply[1]), int(reply[2]), bool(reply[3]), Record.of(reply[4]))
        if status == "UNREADABLE":
            raise DecodeError(_UNREADABLE)
        return Bound(text(reply[1])) if status == "BINDING" else Dead(status)

    async def update(
        self,
        ticket: Ticket,
        set_: dict[str, Any],
        remove: Sequence[str] = (),
        *,
        replace: bool = False,
        if_version: int | None = None,
    ) -> int | Conflict | Dead:
        """The new version. Raises DataTooLarge, DecodeError, StoreUnavailable."""
        fields = encode_data(set_, self._config.max_data_bytes)
        reply = await self._run(
            UPDATE,
            [self.session_key(ticket), self.index_key(ticket.tag)],
            [
                *(ticket.sid, token_urlsafe(_CHANGE_ID_BYTES)),
                *("" if if_version is None else if_version, int(replace)),
                *(self._config.max_data_bytes, len(fields) // 2, *fields),
                *(DATA_PREFIX + name for name in remove),
            ],
        )
        match text(reply[0]):
            case "OK":
                return int(reply[1])
            case "CONFLICT":
                return Conflict(int(reply[1]))
            case "UNREADABLE":
                raise DecodeError(_UNREADABLE)
            case "TOOBIG":
                raise DataTooLarge(int(reply[1]), self._config.max_data_bytes)
        return Dead("MISSING")

    async def destroy(self, ticket: Ticket) -> bool:
        """Whether a live session ended. Raises StoreUnavailable."""
        keys = [self.session_key(ticket), self.index_key(ticket.tag)]
        return bool(await self._run(DESTROY, keys, [ticket.sid]))

    async def revoke(self, tag: str, keep: Ticket | None = None) -> list[str]:
        """End all sessions of a user, but one that is alive; the sids of those that were."""
        index = self.index_key(tag)
        kept = (self.session_key(keep), keep.sid) if keep else (index, "")
        live, stale = await self._run(REVOKE, [index, kept[0]], [kept[1]])
        sids = [text(sid) for sid in live]
        await self.forget(tag, [*sids, *map(text, stale)])
        return sids

    async def members(self, tag: str) -> list[str]:
        """The sids of a user's live sessions."""
        return [text(sid) for sid in await self._run(MEMBERS, [self.index_key(tag)], [])]

    async def records(self, tag: str, sids: Sequence[str]) -> dict[str, Record]:
        """What a list shows of sessions, by sid; those that have gone are left out."""
        found: dict[str, Record] = {}
        for at in range(0, len(sids), _AT_ONCE):
            part = sids[at : at + _AT_ONCE]
            keys = [self.session_key(Ticket(tag, sid)) for sid in part]
            for sid, values in zip(part, await self._run(RECORDS, keys, []), strict=True):
                record = Record(dict(zip(_LISTED_FIELDS, values, strict=True)))
                if record.get("user_id") is not None:
                    found[sid] = record
        return found

    async def forget(self, tag: str, sids: Sequence[str]) -> None:
        """Free the records of sessions that have ended, if the store is there to do it.

        They are dead already, and would expire by themselves: a failure here is none of what has
        been done.
        """
        with suppress(StoreUnavailable):
            for at in range(0, len(sids), _AT_ONCE):
                part = sids[at : at + _AT_ONCE]
                keys = (self.session_key(Ticket(tag, sid)) for sid in part)
                await self._link.ask("UNLINK", *keys)

    # --- asking -----------------------------------------------------------------------------------

    async def _run(
        self,
        script: _Script,
        keys: Sequence[str],
        arguments: Sequence[Any],
    ) -> Any:
        """One round trip; a second one where the server does not have the script."""
        words = (len(keys), *keys, *arguments)
        try:
            return await self._link.ask("EVALSHA", script.sha, *words)
        except NoScriptError:
            return await self._link.ask("EVAL", script.text, *words)


__all__ = ["AtomicStore", "Bound", "Conflict", "Created", "Dead", "Live"]
