"""What can go wrong with a session, as exceptions.

A token that is unknown, expired or forged is no error: ``validate`` answers None for all of them.
"""

from __future__ import annotations


class SessionError(Exception):
    """The base of all errors here."""


class ConfigError(SessionError, ValueError):
    """A setting that contradicts itself or another one."""


class SessionLimitReached(SessionError):
    """The user has as many sessions as allowed, and the policy is to refuse one more."""

    def __init__(self, live: int) -> None:
        super().__init__(f"the user has {live} sessions, which is as many as allowed")
        self.live = live


class StaleLogin(SessionError):
    """All of the user's sessions were ended while this login was under way: it is one of them."""

    def __init__(self) -> None:
        super().__init__("the user's sessions were ended after this login began: log in again")


class SessionGone(SessionError):
    """The session to change is not alive."""

    def __init__(self) -> None:
        super().__init__("the session has ended")


class SessionLocked(SessionError):
    """Somebody else held the lock of the session for as long as the caller would wait."""

    def __init__(self, left_seconds: float) -> None:
        super().__init__(f"the session is locked, for {left_seconds:.3f} seconds at most")
        self.left_seconds = left_seconds


class LockLost(SessionError):
    """The block took longer than its lock was good for, and somebody else has held it since."""

    def __init__(self) -> None:
        super().__init__("the lock of the session was lost to somebody else before it was given up")


class ReuseDetected(SessionError):
    """A refresh token came again that was exchanged before: its family and session have ended."""

    def __init__(self) -> None:
        super().__init__("this refresh token was used before: log in again")


class UnsafeRedirect(SessionError, ValueError):
    """A place to return to that is not on this site: whoever sent it wants to lead users away."""

    def __init__(self) -> None:
        super().__init__("return_to must be a path of this site, or a URL of an allowed origin")


class LogoutTokenRefused(SessionError):
    """A logout token that breaks a rule; no session has ended for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the logout token was refused: {reason}")
        self.reason = reason


class FreshAuthenticationRequired(SessionError):
    """The user has to show again who he is before he does this (ASVS 7.5.1, 7.5.3)."""

    def __init__(self, max_age_seconds: float, level: int) -> None:
        super().__init__(
            f"log in again: this needs a login of the last {max_age_seconds:g} seconds"
            f" at level {level} or above"
        )
        self.max_age_seconds = max_age_seconds
        self.level = level


class RateLimited(SessionError):
    """Sessions were created too fast for this user, or from this network."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"too many new sessions: try again in {retry_after_seconds:.3f} seconds")
        self.retry_after_seconds = retry_after_seconds


class TooManyGuesses(RateLimited):
    """Too many wrong passwords for one name, or for all names, from this network."""

    def __init__(self, retry_after_seconds: float) -> None:
        SessionError.__init__(
            self, f"too many wrong passwords: try again in {retry_after_seconds:.3f} seconds"
        )
        self.retry_after_seconds = retry_after_seconds


class VersionConflict(SessionError):
    """The session was changed since the version that the caller has seen."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the session is at version {version} by now")
        self.version = version


class DataTooLarge(SessionError):
    """More data than ``max_data_bytes``, or more fields of it than ``max_fields``."""

    def __init__(self, size: int, limit: int, unit: str = "bytes") -> None:
        super().__init__(f"the data has {size} {unit} and may have {limit}")
        self.size, self.limit, self.unit = size, limit, unit


class DecodeError(SessionError):
    """A record that this package has not written; it is left as it is."""


class StoreRefused(SessionError):
    """The store answered that it may not or cannot do this: somebody has to look at its set-up."""


class StoreUnavailable(SessionError):
    """The store did not answer: nothing is known, so neither accept the session nor delete it.

    ``may_have_happened`` is False only where it is certain that what was asked has not been done:
    nothing was sent, or the server replied that it cannot. To ask again is safe in either case; a
    session that was opened without an answer has a token that nobody knows.
    """

    def __init__(self, message: str, *, may_have_happened: bool = True) -> None:
        super().__init__(message)
        self.may_have_happened = may_have_happened


# --- on the web -----------------------------------------------------------------------------------


class ConflictingCookies(SessionError):
    """The request holds the session cookie twice, with different values."""

    def __init__(self) -> None:
        super().__init__("the session cookie came twice, with different values")


class CsrfRefused(SessionError):
    """A request that changes something seems to come from the page of somebody else."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the request was refused: {reason}")
        self.reason = reason


class SessionNotLoaded(SessionError, RuntimeError):
    """Data of a lazy session was asked for before it was read."""

    def __init__(self) -> None:
        super().__init__("the session is lazy: await request.session.load() before you use it")


class NotSignedIn(SessionError):
    """There is no session, or nobody has signed in to it."""

    def __init__(self) -> None:
        super().__init__("nobody has signed in")


class BadRequest(SessionError):
    """A request that is not in the form that a route reads; ``status`` is that of HTTP."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class NoSuchSession(SessionError):
    """The user has no session of this name."""

    def __init__(self) -> None:
        super().__init__("the user has no such session")
