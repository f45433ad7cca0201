"""What the browser is told when something is refused or goes wrong: nothing of use to an attacker.

One answer for every way of not being signed in, and no text of any error (ASVS 16.5.1). The log has
the error under the id that the answer shows.
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from secrets import token_hex

from ..errors import (
    BadRequest,
    CsrfRefused,
    FreshAuthenticationRequired,
    NoSuchSession,
    NotSignedIn,
    RateLimited,
    SessionError,
    SessionLimitReached,
    SessionLocked,
    StaleLogin,
    StoreUnavailable,
)

logger = logging.getLogger("sessions")

#: RFC 9110 11.6.1 asks for a challenge with every 401; no scheme is registered for cookies.
CHALLENGE = 'Cookie realm="session"'
#: What RFC 9470 section 3 calls it.
STEP_UP = f'{CHALLENGE}, error="insufficient_user_authentication"'
_RETRY_SECONDS = 1
_INCIDENT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the session layer itself, never stored by anybody."""

    status: int
    detail: str
    headers: tuple[tuple[str, str], ...] = ()
    #: Under this id the log has the error.
    incident_id: str = ""
    #: HTML, in place of JSON.
    page: str = ""

    @property
    def content(self) -> dict[str, str]:
        """What is shown as JSON."""
        shown = {"detail": self.detail}
        return {**shown, "incident": self.incident_id} if self.incident_id else shown

    @property
    def body(self) -> bytes:
        return (self.page or json.dumps(self.content, separators=(",", ":"))).encode()

    @property
    def all_headers(self) -> list[tuple[str, str]]:
        return [
            ("content-type", "text/html; charset=utf-8" if self.page else "application/json"),
            ("content-length", str(len(self.body))),
            ("cache-control", "no-store"),
            *self.headers,
        ]


def answer_to(error: SessionError) -> Answer:
    """The response to an error that an application did not deal with."""
    match error:
        case NotSignedIn() | StaleLogin():
            return Answer(401, "sign in", (("www-authenticate", CHALLENGE),))
        case FreshAuthenticationRequired():
            challenge = f"{STEP_UP}, max_age={math.ceil(error.max_age_seconds)}"
            return Answer(401, "sign in again", (("www-authenticate", challenge),))
        case CsrfRefused():
            return Answer(403, "refused")
        case RateLimited():
            wait = str(max(1, math.ceil(error.retry_after_seconds)))
            return Answer(429, "too many attempts", (("retry-after", wait),))
        case SessionLocked():
            wait = str(max(1, math.ceil(error.left_seconds)))
            return Answer(409, "busy", (("retry-after", wait),))
        case SessionLimitReached():
            return Answer(409, "too many sessions")
        case BadRequest():
            return Answer(error.status, str(error))
        case NoSuchSession():
            return Answer(404, "no such session")
        case StoreUnavailable():
            return incident(error, 503, "not available", (("retry-after", str(_RETRY_SECONDS)),))
        case _:
            return incident(error, 500, "something went wrong")


def incident(
    error: BaseException, status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """Log an error under a new id, and show the id only."""
    incident_id = token_hex(_INCIDENT_BYTES)
    name = type(error).__name__
    if isinstance(error, StoreUnavailable):
        # It comes with every request while the store is away, and the way to it leads nowhere else.
        logger.error("incident %s: %s: %s", incident_id, name, error)
    else:
        logger.error("incident %s: %s", incident_id, name, exc_info=error)
    return Answer(status, detail, headers, incident_id)
