"""How an operation can end: closed sets of words, for logs and for figures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .. import errors
from ..record import Session


class Reason(StrEnum):
    """Why a token opens nothing. For logs: who presents it is to be told nothing of it."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"
    BINDING = "binding"


@dataclass(frozen=True, slots=True)
class Invalid:
    """The answer to a token that opens nothing."""

    reason: Reason


class Outcome(StrEnum):
    """How an operation has ended."""

    OK = "ok"
    #: There was no answer in time, and what had been read of the session before was good enough.
    STALE = "stale"
    #: There is no such session any more, or nobody's lock on it, so nothing was done.
    GONE = "gone"
    #: The token opens nothing.
    MALFORMED = "invalid:malformed"
    UNKNOWN = "invalid:unknown"
    REVOKED = "invalid:revoked"
    EXPIRED = "invalid:expired"
    BINDING = "invalid:binding"
    #: The store holds to what it was configured for.
    RATE_LIMITED = "rate_limited"
    LIMIT_REACHED = "limit_reached"
    STALE_LOGIN = "stale_login"
    CONFLICT = "conflict"
    LOCKED = "locked"
    TOO_LARGE = "too_large"
    #: A refresh token came again: somebody has stolen one.
    REUSED = "reused"
    #: There was no answer in time.
    UNAVAILABLE = "unavailable"
    #: The store will not do it: somebody has to look at the set-up.
    REFUSED = "refused"
    #: The store holds what was not written here.
    UNREADABLE = "unreadable"
    #: Whoever asked has given up.
    CANCELLED = "cancelled"
    #: Anything else: an argument that is none, or a defect.
    FAILED = "failed"

    @property
    def is_failure(self) -> bool:
        """Whether it says of the store, and not of who asked, that something is wrong."""
        return self in _FAILURES

    @classmethod
    def of(cls, answer: object) -> Outcome:
        """That of an operation which has given this answer."""
        if isinstance(answer, Invalid):
            return cls(f"invalid:{answer.reason}")
        if isinstance(answer, Session) and answer.is_stale:
            return cls.STALE
        return cls.GONE if answer is None or answer is False else cls.OK

    @classmethod
    def of_error(cls, error: BaseException) -> Outcome:
        """That of an operation which has raised this."""
        if not isinstance(error, Exception):
            return cls.CANCELLED
        return _OF_ERRORS.get(type(error), cls.FAILED)


_FAILURES = frozenset(
    {
        *(Outcome.STALE, Outcome.UNAVAILABLE, Outcome.REFUSED),
        *(Outcome.UNREADABLE, Outcome.FAILED),
    }
)
_OF_ERRORS: dict[type[Exception], Outcome] = {
    errors.SessionGone: Outcome.GONE,
    errors.RateLimited: Outcome.RATE_LIMITED,
    errors.SessionLimitReached: Outcome.LIMIT_REACHED,
    errors.StaleLogin: Outcome.STALE_LOGIN,
    errors.VersionConflict: Outcome.CONFLICT,
    errors.SessionLocked: Outcome.LOCKED,
    errors.DataTooLarge: Outcome.TOO_LARGE,
    errors.ReuseDetected: Outcome.REUSED,
    errors.StoreUnavailable: Outcome.UNAVAILABLE,
    errors.StoreRefused: Outcome.REFUSED,
    errors.ConfigError: Outcome.REFUSED,
    errors.DecodeError: Outcome.UNREADABLE,
}
