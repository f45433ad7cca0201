"""The gate before an application: requests that another site has made somebody send stay out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from .. import events
from ..errors import CsrfRefused
from .csrf import HEADER, CsrfProtector, token_in
from .policy import WebPolicy
from .request import Request
from .websession import WebSession


class Teller(Protocol):
    """What is asked of a store, be it one that awaits or one that does not."""

    def digest(self, label: bytes, message: str, /) -> str: ...
    def tell(self, event: events.SessionEvent, /) -> None: ...


class Gate:
    """Checks requests before the application sees them, and tells of those it refuses."""

    def __init__(self, policy: WebPolicy, store: Teller) -> None:
        self.policy = policy
        self._tell = store.tell
        self.csrf = CsrfProtector(
            store.digest, trusted_origins=policy.trusted_origins, secure=policy.cookie.secure
        )

    def check_origin(self, request: Request, session: WebSession) -> None:
        """Raises CsrfRefused."""
        if session.has_conflict:
            self._tell(events.CookieConflict(request.context.ip_address))
        if request.must_show_origin:
            with self._telling(request):
                self.csrf.check_origin(request.headers)

    def check_token(self, request: Request, session: WebSession, form: bytes | None) -> None:
        """``form`` is the beginning of a form, if the request is one. Raises CsrfRefused."""
        if request.is_login and self.csrf.is_known_to_be_ours(request.headers):
            return
        with self._telling(request):
            token = request.headers.get(HEADER)
            session.check_csrf_token(token if form is None else token or token_in(form))

    @contextmanager
    def _telling(self, request: Request) -> Iterator[None]:
        try:
            yield
        except CsrfRefused as refusal:
            self._tell(events.CsrfRefused(request.context.ip_address, refusal.reason))
            raise
