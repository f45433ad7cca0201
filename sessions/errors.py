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


class RateLimited(SessionError):
    """Sessions were created too fast for this user."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"too many new sessions: try again in {retry_after_seconds:.3f} seconds")
        self.retry_after_seconds = retry_after_seconds


class VersionConflict(SessionError):
    """The session was changed since the version that the caller has seen."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the session is at version {version} by now")
        self.version = version


class DataTooLarge(SessionError):
    """More data than ``max_data_bytes``."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"the data takes {size_bytes} bytes and may take {limit_bytes}")
        self.size_bytes = size_bytes


class DecodeError(SessionError):
    """A record that this package has not written; it is left as it is."""


class StoreRefused(SessionError):
    """The store answered that it may not or cannot do this: somebody has to look at its set-up."""


class StoreUnavailable(SessionError):
    """The store did not answer: nothing is known, so neither accept the session nor delete it."""
