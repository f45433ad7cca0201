"""Litestar: ``SessionPlugin(store)``, and ``request.session`` is the session.

A handler takes it as ``any_session: NamedDependency[AsgiSession]``, or under the name
``current_session`` where somebody must have signed in.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.config.app import AppConfig
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.plugins import InitPluginProtocol

from ..asgi import AsgiSession, SessionMiddleware
from ..errors import SessionError
from ..http.answers import answer_to
from ..http.websession import WebData
from ..store import SessionStore


def session_of(connection: ASGIConnection[Any, Any, Any, Any]) -> AsgiSession:
    """``request.session`` with its type: a mapping that can also ``login`` and ``logout``."""
    session = connection.scope.get("session")
    if not isinstance(session, AsgiSession):
        raise TypeError("give the application a sessions.ext.litestar.SessionPlugin")
    return session


async def any_session(request: Request[Any, Any, Any]) -> AsgiSession:
    """A dependency: the session of the request, whoever's it is."""
    return await session_of(request).load()


async def current_session(request: Request[Any, Any, Any]) -> AsgiSession:
    """A dependency: the session of somebody who has signed in; else 401."""
    session = await any_session(request)
    session.require_user()
    return session


def _answer(_: Request[Any, Any, Any], error: SessionError) -> Response[dict[str, str]]:
    answer = answer_to(error)
    headers = {"cache-control": "no-store", **dict(answer.headers)}
    return Response(answer.content, status_code=answer.status, headers=headers)


class SessionPlugin(InitPluginProtocol):
    """Gives an application its sessions, and the dependencies any_session, current_session.

    The settings are those of ``SessionMiddleware``.
    """

    def __init__(self, store: SessionStore[WebData], **settings: Any) -> None:
        middleware: Any = SessionMiddleware  # Litestar types its scopes and messages closer
        self._middleware = DefineMiddleware(middleware, store=store, **settings)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        app_config.middleware.insert(0, self._middleware)
        app_config.exception_handlers = {**app_config.exception_handlers, SessionError: _answer}
        app_config.dependencies.setdefault("any_session", Provide(any_session))
        app_config.dependencies.setdefault("current_session", Provide(current_session))
        return app_config


__all__ = ["AsgiSession", "SessionPlugin", "any_session", "current_session", "session_of"]
