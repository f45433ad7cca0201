"""Django: put ``sessions.ext.django.SessionMiddleware`` in the place of Django's own.

The setting ``SESSIONS_STORE`` names a ``SyncSessionStore``, as in ``"shop.sessions.store"``, and
``SESSIONS_POLICY`` holds the settings of ``WebPolicy``; ``SESSIONS_TENANT``, if it is there, is a
function of ``request.META`` that gives the store of a tenant. ``django.contrib.auth`` works as it
is: whoever it signs in is the user of the session, so his devices can be listed and ended.

Django's ``CsrfViewMiddleware`` works beside it: that checks a token, and this where a request comes
from. A token of ours is not asked for: one is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string

from ..errors import ConfigError, SessionError
from ..http.answers import answer_to
from ..http.csrf import Csrf
from ..http.websession import Headers
from ..wsgi import WsgiSession, WsgiSessionMiddleware


class DjangoSession(WsgiSession):
    """``request.session``, with what ``django.contrib`` asks of one."""

    #: Django's way to say that something deep has changed: that is found without it.
    modified = False

    @property
    def session_key(self) -> str | None:
        """A name of the session. Nobody can present it."""
        return self.public_id

    def is_empty(self) -> bool:
        return not self

    def cycle_key(self) -> None:
        """Go on under a new token."""
        if self.session is not None:
            self.rotate()

    def flush(self) -> None:
        """Sign out."""
        self.logout()

    def save_signed_in(self) -> None:
        """Save, and let the session be that of whom Django has signed in."""
        user_id = self.get(SESSION_KEY) if self.is_changed else None
        if user_id is not None and user_id != self.user_id:
            self.login(str(user_id))
        else:
            self.save()


class _Middleware(WsgiSessionMiddleware):
    session_class: ClassVar[type[WsgiSession]] = DjangoSession


class SessionMiddleware:
    """Gives every request its ``request.session``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        store = getattr(settings, "SESSIONS_STORE", None)
        policy = getattr(settings, "SESSIONS_POLICY", {})
        if store is None:
            raise ConfigError('set SESSIONS_STORE to a SyncSessionStore, as "shop.sessions.store"')
        if policy.get("csrf") == Csrf.TOKEN:
            raise ConfigError("Django checks tokens of its own: leave csrf at origin")
        self._get_response = get_response
        self._inner = _Middleware(
            _not_wsgi,
            import_string(store) if isinstance(store, str) else store,
            tenant=getattr(settings, "SESSIONS_TENANT", None),
            **policy,
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = self._inner.session_of(request.META)
        request.session = session
        try:
            self._inner.admit(session, request.META)
            response = self._get_response(request)
            if isinstance(session, DjangoSession):
                session.save_signed_in()
        except SessionError as error:
            response = _response(error)
        _finish(session, response)
        _save_at_end(session, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer what a view did not deal with."""
        return _response(error) if isinstance(error, SessionError) else None


def _response(error: SessionError) -> HttpResponse:
    answer = answer_to(error)
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.all_headers))


def _finish(session: WsgiSession, response: HttpResponse) -> None:
    present = [(name.encode(), value.encode()) for name, value in response.items()]
    headers: Headers = list(present)
    session.finish(headers)
    for name, value in headers:
        if name == b"vary":
            patch_vary_headers(response, [value.decode()])
        # Python's cookies know no Partitioned before 3.14.
        elif name == b"set-cookie" and b"; Partitioned" not in value:
            response.cookies.load(value.decode())
        elif (name, value) not in present:
            response[name.decode()] = value.decode()


def _save_at_end(session: WsgiSession, response: HttpResponse) -> None:
    """What a response changes while it is made, as streams do, is saved when the server closes it.

    Of Django's own sessions it is lost.
    """
    close = response.close

    def save_and_close() -> None:
        try:
            close()
        finally:
            session.save()

    if response.streaming:
        response.close = save_and_close


def _not_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise AssertionError("Django calls its middleware itself")


__all__ = ["DjangoSession", "SessionMiddleware"]
