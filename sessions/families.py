"""Families of refresh tokens: what the store holds of them, and the operations on them.

A family is one entry in a hash of its user, beside the index of his sessions and in the same slot.
The hash is the truth, as that index is: a family whose entry is gone is dead. It bears the public
id of the session that it opens again and again, so whatever ends the one ends the other, in one
script. Of its tokens the entry holds two hashes: of the one that is good, and of the one before.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from .atomic import AtomicStore, NewSession, new_attempt
from .config import Lifetime, OnLimit
from .errors import DecodeError, SessionGone, StaleLogin
from .record import Raw, Record, text
from .replies import Created, Member, created
from .scripts import Script
from .tokens import SECRET_BYTES, Ticket, Tokens

ISSUE = Script("refresh_issue")
EXCHANGE = Script("refresh_exchange", "rate", "create", "refresh_revoke")
REVOKE = Script("refresh_revoke")
FAMILIES = Script("refresh_families")

#: The name of a family in its tokens: as long as a public id.
_NAME_CHARS = 12
_NAME_BYTES = 9
_TIMES = 4
#: Before the content of an entry: four times, two hashes, and what leads from one to the other.
_FIELDS_BEFORE_CONTENT = 7


@dataclass(frozen=True, slots=True)
class FamilyTicket:
    """What a refresh token says: whose it is, of which family, and what the store knows it by."""

    tag: str
    name: str
    digest: str


class FamilyTokens:
    """Makes and reads refresh tokens.

    They look like those of sessions, but neither is good for the other's purpose. The first part of
    a token's secret is the name of its family, which is no secret; 184 random bits are.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._session_tokens = tokens
        self._tokens = tokens.of(b"refresh")

    def first(self, tag: str, name: str) -> tuple[str, FamilyTicket]:
        """The token with which a family begins."""
        return self._make(self._tokens.kid, tag, name, secrets.token_bytes(SECRET_BYTES))

    def read(self, token: str) -> FamilyTicket | None:
        """The ticket of a well-formed token; None for junk, at no cost to the store."""
        ticket = self._tokens.read(token)
        return None if ticket is None else _family_ticket(token, ticket)

    def new_lead(self) -> str:
        """What the store keeps to lead those who hold the token before to the one that is good."""
        return self._tokens.new_lead()

    def successor(self, token: str, lead: str) -> tuple[str, FamilyTicket] | None:
        """The token that replaces another one: the same for all who hold that and the lead.

        None if the ring has no such key, or no more.
        """
        ticket, shared = self.read(token), self._tokens.shared(token, lead, b"successor")
        if ticket is None or shared is None:
            return None
        kid, secret = shared
        return self._make(kid, ticket.tag, ticket.name, secret)

    def session(self, token: str, lead: str) -> tuple[str, Ticket] | None:
        """The session's token that comes with the successor, on which all agree likewise."""
        ticket, shared = self.read(token), self._tokens.shared(token, lead, b"session")
        if ticket is None or shared is None:
            return None
        kid, secret = shared
        return self._session_tokens.make(kid, ticket.tag, secret)

    def new_name(self) -> str:
        """A name for a family that has yet to open a session."""
        return base64.urlsafe_b64encode(secrets.token_bytes(_NAME_BYTES)).decode()

    def _make(self, kid: str, tag: str, name: str, secret: bytes) -> tuple[str, FamilyTicket]:
        named = base64.urlsafe_b64decode(name) + secret[_NAME_BYTES:]
        token, ticket = self._tokens.make(kid, tag, named)
        return token, _family_ticket(token, ticket)


def _family_ticket(token: str, ticket: Ticket) -> FamilyTicket:
    return FamilyTicket(ticket.tag, token.rpartition(".")[2][:_NAME_CHARS], ticket.sid)


@dataclass(frozen=True, slots=True)
class Family:
    """A family as the store holds it. Times are Unix milliseconds."""

    created_at_ms: int
    used_at_ms: int
    expires_at_ms: int
    absolute_at_ms: int
    user_id: str
    #: The fields of the sessions that it opens.
    fields: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, raw: Raw) -> Family:
        """Raises DecodeError."""
        parts = text(raw).split(":", _FIELDS_BEFORE_CONTENT)
        try:
            content = json.loads(parts[_FIELDS_BEFORE_CONTENT])
            created, used, expires, absolute = map(int, parts[:_TIMES])
            return cls(created, used, expires, absolute, content["user_id"], content["fields"])
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise DecodeError("a family of refresh tokens cannot be read") from error

    @property
    def record(self) -> Record:
        """What its sessions begin with, as a record."""
        return Record({**self.fields, "user_id": self.user_id})


def content_of(user_id: str, fields: Mapping[str, str]) -> str:
    """What an entry holds of its sessions."""
    return json.dumps({"user_id": user_id, "fields": dict(fields)}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Grace:
    """A token that was exchanged a moment ago."""

    lead: str


@dataclass(frozen=True, slots=True)
class Reused:
    """A token that was exchanged before that: its family has ended, and its session."""


class AtomicFamilies:
    """The operations on families, beside those on sessions and under the same rules."""

    def __init__(self, atomic: AtomicStore) -> None:
        self._atomic = atomic

    async def issue(
        self,
        ticket: FamilyTicket,
        content: str,
        *,
        lifetime: Lifetime,
        most: int,
        of_session: bool,
        generation: int | None,
    ) -> list[str]:
        """Begin a family; the names of those that made room.

        Raises SessionGone, StaleLogin, StoreUnavailable.
        """
        atomic, tag = self._atomic, ticket.tag
        reply = await atomic.run(
            ISSUE,
            [atomic.families_key(tag), atomic.index_key(tag), atomic.generation_key(tag)],
            [
                *(ticket.name, int(of_session), ticket.digest),
                *(lifetime.idle_ms, lifetime.absolute_ms, most),
                *("" if generation is None else generation, content),
            ],
        )
        match text(reply[0]):
            case "OK":
                return [text(name) for name in reply[1]]
            case "STALE":
                raise StaleLogin
        raise SessionGone

    async def read(self, ticket: FamilyTicket) -> Family | None:
        """Raises DecodeError, StoreUnavailable."""
        raw = await self._atomic.family(ticket.tag, ticket.name)
        return None if raw is None else Family.of(raw)

    async def exchange(
        self,
        presented: FamilyTicket,
        successor: FamilyTicket,
        new: NewSession,
        lead: str,
        *,
        grace_ms: int,
        idle_ms: int,
    ) -> Created | Grace | Reused | None:
        """Put the successor in the token's place, and open a session; None if the family is dead.

        Raises SessionLimitReached, StoreUnavailable.
        """
        atomic, tag, session = self._atomic, presented.tag, new.ticket
        reply = await atomic.run(
            EXCHANGE,
            [
                *(atomic.families_key(tag), atomic.index_key(tag), atomic.session_key(session)),
                *(atomic.rate_key(tag), atomic.generation_key(tag)),
                *(atomic.answer_key(tag, session.sid), atomic.answer_key(tag, new_attempt())),
            ],
            [
                *(presented.name, presented.digest, successor.digest, lead, grace_ms, idle_ms),
                *atomic.creation(new, None, OnLimit.EVICT_OLDEST),
            ],
        )
        match text(reply[0]):
            case "MISSING":
                return None
            case "GRACE":
                return Grace(text(reply[1]))
            case "REUSE":
                await self._forget(tag, text(reply[1]))
                return Reused()
            case "OK":
                *reply, sid_before = reply
                await self._forget(tag, text(sid_before))
        opened = created(reply)
        await atomic.forget(tag, opened.evicted)
        return opened

    async def revoke(self, tag: str, name: str) -> tuple[bool, list[Member]]:
        """End a family and its session; whether there was one, and its session if that had expired.

        Raises StoreUnavailable.
        """
        atomic = self._atomic
        keys = [atomic.families_key(tag), atomic.index_key(tag)]
        keys.append(atomic.answer_key(tag, new_attempt()))
        ended, sid, has_expired = await atomic.run(REVOKE, keys, [name, atomic.answer_ms])
        await self._forget(tag, text(sid))
        return bool(ended), [Member(text(sid), name)] if has_expired else []

    async def families(self, tag: str) -> dict[str, Family]:
        """The live families of a user, by name. Raises DecodeError, StoreUnavailable."""
        found = await self._atomic.run(FAMILIES, [self._atomic.families_key(tag)], [])
        return {text(name): Family.of(entry) for name, entry in found}

    async def _forget(self, tag: str, sid: str) -> None:
        """Free the record of a session that has ended, if the store is there to do it."""
        if sid:
            await self._atomic.forget(tag, [Member(sid, "")])


__all__ = [
    "AtomicFamilies",
    "Family",
    "FamilyTicket",
    "FamilyTokens",
    "Grace",
    "Reused",
    "content_of",
]
