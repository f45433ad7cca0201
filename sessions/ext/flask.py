"""Flask: ``flask.session`` is the session of the request.

``init_app(app, store)`` is all: the session is read when a view first asks for it, and errors such
as NotSignedIn are answered. ``current_session().login(...)`` signs somebody in.
"""

from __future__ import annotations

from typing import ClassVar, Unpack

import flask
from flask.sessions import SessionInterface, SessionMixin

from ..blocking import SyncSessionStore
from ..errors import SessionError
from ..http.answers import answer_to
from ..http.policy import WebSettings
from ..http.websession import WebData
from ..wsgi import KEY, TenantOf, WsgiSession, WsgiSessionMiddleware


class FlaskSession(WsgiSession, SessionMixin):
    """``flask.session``: a mapping that can also ``login`` and ``logout``."""

    @property
    def permanent(self) -> bool:
        """Whether the cookie outlives the browser; the ``lifetime`` of a login says so."""
        return self.session is None or self.session.is_persistent

    @permanent.setter
    def permanent(self, value: bool) -> None:
        """Flask's own way to ask for it: nothing to do here."""


class _Middleware(WsgiSessionMiddleware):
    session_class: ClassVar[type[WsgiSession]] = FlaskSession


class _Interface(SessionInterface):
    """Hands over what the middleware has made, which also saves it."""

    def open_session(self, app: flask.Flask, request: flask.Request) -> FlaskSession | None:
        session: FlaskSession | None = request.environ.get(KEY)
        return session

    def save_session(
        self, app: flask.Flask, session: SessionMixin, response: flask.Response
    ) -> None:
        pass


def init_app(
    app: flask.Flask,
    store: SyncSessionStore[WebData],
    *,
    tenant: TenantOf | None = None,
    **settings: Unpack[WebSettings],
) -> None:
    """Give a Flask application its sessions; the settings are as of ``WsgiSessionMiddleware``."""
    app.wsgi_app = _Middleware(app.wsgi_app, store, tenant=tenant, **settings)  # type: ignore[method-assign]  # as Flask's manual has it
    app.session_interface = _Interface()
    app.register_error_handler(SessionError, _answer)


def _answer(error: SessionError) -> flask.Response:
    answer = answer_to(error)
    return flask.Response(answer.body, answer.status, answer.all_headers)


def current_session() -> FlaskSession:
    """``flask.session`` with its type."""
    session = flask.session._get_current_object()  # type: ignore[attr-defined]  # of its LocalProxy
    if not isinstance(session, FlaskSession):
        raise TypeError("call sessions.ext.flask.init_app first")
    return session


__all__ = ["FlaskSession", "current_session", "init_app"]
