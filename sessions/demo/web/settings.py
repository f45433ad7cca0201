"""What one run of the demo is set to."""

from __future__ import annotations

from dataclasses import dataclass

from sessions import Lifetime, RateLimit, SessionConfig
from sessions.http.cookies import CookiePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Times in seconds. Short ones, so that a visitor sees sessions end."""

    idle_seconds: float = 10 * 60
    absolute_seconds: float = 8 * 60 * 60
    most_devices: int = 4
    #: For that long after a password was given, other devices may be ended without it.
    fresh_seconds: float = 5 * 60
    #: Whether the browser comes by HTTPS.
    is_secure: bool = False
    #: How often an open page is compared with the store, and the store is measured.
    tick_seconds: float = 1

    @property
    def sessions(self) -> SessionConfig:
        return SessionConfig(
            ttl_seconds=self.idle_seconds,
            absolute_seconds=self.absolute_seconds,
            # Nearly at once: whoever reloads the page is to see that it counts.
            touch_interval_seconds=1,
            max_sessions_per_user=self.most_devices,
            create_limit=RateLimit(30, per_seconds=60),
        )

    @property
    def cookie(self) -> CookiePolicy:
        return CookiePolicy() if self.is_secure else CookiePolicy.for_plain_http()

    def lifetime(self, *, is_remembered: bool) -> Lifetime:
        """``is_remembered``: the browser keeps the cookie when it is closed."""
        return Lifetime(self.idle_seconds, self.absolute_seconds, persistent=is_remembered)
