"""What happens to sessions, told to whoever asks. No event holds a token or a sid."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import ferrite_lite

NS_PER_MS = 1_000_000


def _now_ms() -> int:
    return ferrite_lite.SystemClock.now_ns() // NS_PER_MS


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """The base of all events. ``at_ms``: Unix time here, UTC (ASVS 16.2.2)."""

    at_ms: int = field(default_factory=_now_ms, kw_only=True, compare=False)
    #: Whose store it is about, if it is one of ``SessionStore.for_tenant``.
    tenant: str | None = field(default=None, kw_only=True)


class Why(StrEnum):
    """What ended a session."""

    #: Its owner, or who acts for him.
    ASKED = "asked"
    #: Another session took its place: a login, or a change of user.
    REPLACED = "replaced"
    #: A request that does not look like its own, under the policy ``revoke``.
    BINDING = "binding"


@dataclass(frozen=True, slots=True)
class Created(SessionEvent):
    """``user_id`` is None for a visitor who has not signed in."""

    user_id: str | None
    public_id: str


@dataclass(frozen=True, slots=True)
class Rotated(SessionEvent):
    """A session goes on under another token."""

    public_id: str


@dataclass(frozen=True, slots=True)
class Evicted(SessionEvent):
    """A session had to make room for another one."""

    user_id: str
    public_id: str


@dataclass(frozen=True, slots=True)
class Destroyed(SessionEvent):
    """One session was ended."""

    public_id: str
    why: Why = Why.ASKED


@dataclass(frozen=True, slots=True)
class Expired(SessionEvent):
    """A session ended by its time; told when that is noticed."""

    public_id: str


@dataclass(frozen=True, slots=True)
class RevokedAll(SessionEvent):
    """All sessions of a user were ended, or all but the one that asked."""

    user_id: str
    public_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RevokedEverything(SessionEvent):
    """All sessions of all users were ended."""

    count: int


@dataclass(frozen=True, slots=True)
class RefreshIssued(SessionEvent):
    """A family of refresh tokens began."""

    user_id: str
    public_id: str


@dataclass(frozen=True, slots=True)
class Refreshed(SessionEvent):
    """A refresh token was exchanged for the next one and another session."""

    user_id: str
    public_id: str


@dataclass(frozen=True, slots=True)
class RefreshReuse(SessionEvent):
    """A refresh token came again after it was exchanged: somebody has stolen one. Family and
    session have ended."""

    user_id: str
    public_id: str


@dataclass(frozen=True, slots=True)
class RefreshEnded(SessionEvent):
    """A family of refresh tokens was ended by itself, with the session that it had."""

    public_id: str
    why: Why = Why.ASKED


@dataclass(frozen=True, slots=True)
class FlowRefused(SessionEvent):
    """A redirect from a provider that belongs to no login: ``reason`` is malformed, unknown, used,
    browser or issuer."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnknownToken(SessionEvent):
    """A token that names no live session; ``well_formed`` tells a stale one from junk."""

    well_formed: bool
    network: str = ""


@dataclass(frozen=True, slots=True)
class TokenGuessing(SessionEvent):
    """So many unknown tokens came from one network within a minute."""

    network: str
    count: int


@dataclass(frozen=True, slots=True)
class PasswordGuessing(SessionEvent):
    """So many wrong passwords came from one network that the next ones are not looked at."""

    network: str
    retry_after_seconds: float


@dataclass(frozen=True, slots=True)
class BindingMismatch(SessionEvent):
    """A request does not look like those of its session; ``binding`` is network or browser.

    ``score`` is the share that differs, by the weights of the ``headers`` in which it does.
    """

    public_id: str
    binding: str
    expected: str
    shown: str
    policy: str
    score: float = 1.0
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RateLimited(SessionEvent):
    """Too many sessions were created, for this user or from his network."""

    user_id: str | None
    retry_after_seconds: float


@dataclass(frozen=True, slots=True)
class StoreFailed(SessionEvent):
    """So many requests in a row had no answer that callers are refused at once for now.

    Told once, not for each of them.
    """


@dataclass(frozen=True, slots=True)
class StoreRecovered(SessionEvent):
    """The store answers again."""


@dataclass(frozen=True, slots=True)
class AnsweredStale(SessionEvent):
    """The store did not answer, and a session was taken for what it was so many seconds ago."""

    public_id: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class CookieConflict(SessionEvent):
    """A request held the session cookie twice, with different values: one of them was planted."""

    ip_address: str | None


@dataclass(frozen=True, slots=True)
class CsrfRefused(SessionEvent):
    """A request that changes something seems to come from the page of somebody else."""

    ip_address: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class AuditGap(SessionEvent):
    """So many events are missing before this one: they came faster than they could be kept."""

    count: int


Listener = Callable[[SessionEvent], None]

#: Adds a listener for some types of events, and gives what removes it.
AddListener = Callable[..., Callable[[], None]]


class EventStream:
    """Events as they happen, from when it is entered on: what ``SessionStore.events`` gives."""

    def __init__(
        self, add: AddListener, types: tuple[type[SessionEvent], ...], max_queued: int
    ) -> None:
        self._add, self._types, self._max_queued = add, types, max_queued
        self._queue: deque[SessionEvent] = deque()
        self._wake = asyncio.Event()
        #: Events that came while nobody asked for those before them.
        self.missed = 0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._remove = self._add(self._queue_up, *self._types)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._remove()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionEvent:
        while not self._queue:
            self._wake.clear()
            await self._wake.wait()
        return self._queue.popleft()

    def _queue_up(self, event: SessionEvent) -> None:
        if len(self._queue) >= self._max_queued:
            self.missed += 1
            return
        self._queue.append(event)
        self._loop.call_soon_threadsafe(self._wake.set)
