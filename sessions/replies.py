"""What the store answers to an operation: plain values, or what is raised because all went on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import RateLimited, SessionError, SessionLimitReached, StaleLogin
from .record import Raw, Record, text


@dataclass(frozen=True, slots=True)
class Member:
    """A session as the index of its user names it."""

    sid: str
    public_id: str


@dataclass(frozen=True, slots=True)
class Created:
    created_at_ms: int
    expires_at_ms: int
    evicted: list[Member]
    record: Record
    #: What leads to the successor of the session that was replaced, '' for none.
    lead: str
    #: Public id of the session that was replaced, if it was alive.
    ended_id: str | None
    expired: list[Member]


@dataclass(frozen=True, slots=True)
class Ended:
    """What an end has met: the sessions that it ended, and those that were found expired."""

    live: list[Member]
    expired: list[Member]
    #: Somebody else has ended it under an id that was shared with him.
    is_others: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether anything was alive."""
        return bool(self.live) or self.is_others


@dataclass(frozen=True, slots=True)
class Live:
    """A session that validated."""

    last_access_ms: int
    expires_at_ms: int
    touched: bool
    read_at_ms: int
    record: Record


@dataclass(frozen=True, slots=True)
class Dead:
    """A token that named no live session: MISSING, REVOKED or EXPIRED."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A session whose requests look otherwise; ``binding`` is network or browser."""

    binding: str
    expected: str
    public_id: str


class Moved(Exception):
    """No error: the session goes on under another token, to which ``lead`` leads."""

    def __init__(self, lead: str) -> None:
        super().__init__(lead)
        self.lead = lead


class Promoted(Exception):
    """No error: somebody else has opened a session for the same visitor.

    ``lead`` leads to it, and it holds what the visitor's held in that ``version``.
    """

    def __init__(self, lead: str, version: int) -> None:
        super().__init__(lead)
        self.lead, self.version = lead, version


@dataclass(frozen=True, slots=True)
class Conflict:
    """A write that wanted another version than this one."""

    version: int


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that somebody else has, for so long at most."""

    left_ms: int


def members_of(pairs: Sequence[Sequence[Raw]]) -> list[Member]:
    return [Member(text(sid), text(public_id)) for sid, public_id in pairs]


def created(reply: Sequence[Any]) -> Created:
    """What ``create.lua`` answered. Raises SessionLimitReached, RateLimited, StaleLogin."""
    match text(reply[0]):
        case "OK":
            created_at, expires_at, evicted, held, lead, ended, expired = reply[1:]
            return Created(
                int(created_at),
                int(expires_at),
                members_of(evicted),
                Record.of(held),
                text(lead),
                text(ended) or None,
                members_of(expired),
            )
        case "LIMIT":
            raise SessionLimitReached(int(reply[1]))
        case "RATE":
            raise RateLimited(int(reply[1]) / 1000)
        case "STALE":
            raise StaleLogin
        case "PROMOTED":
            lead, _, version = text(reply[1]).partition(" ")
            raise Promoted(lead, int(version))
    raise SessionError("a new session got the id of another one")


__all__ = [
    "Bound",
    "Conflict",
    "Created",
    "Dead",
    "Ended",
    "Held",
    "Live",
    "Member",
    "Moved",
    "Promoted",
    "created",
    "members_of",
]
