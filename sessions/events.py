"""What happens to sessions, told to whoever asks. No event holds a token or a sid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """The base of all events."""


@dataclass(frozen=True, slots=True)
class Created(SessionEvent):
    user_id: str
    public_id: str


@dataclass(frozen=True, slots=True)
class Evicted(SessionEvent):
    user_id: str
    public_id: str


@dataclass(frozen=True, slots=True)
class Destroyed(SessionEvent):
    public_id: str


@dataclass(frozen=True, slots=True)
class RevokedAll(SessionEvent):
    user_id: str
    public_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnknownToken(SessionEvent):
    """A token that names no live session; ``well_formed`` tells a stale one from junk."""

    well_formed: bool


@dataclass(frozen=True, slots=True)
class BindingMismatch(SessionEvent):
    """A session was used from another network than the one it was opened in."""

    public_id: str
    expected_network: str
    network: str


@dataclass(frozen=True, slots=True)
class RateLimited(SessionEvent):
    user_id: str
    retry_after_seconds: float


Listener = Callable[[SessionEvent], None]
