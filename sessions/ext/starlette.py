"""Starlette: ``SessionMiddleware`` fits as it is, and ``request.session`` is its session."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from ..asgi import AsgiSession, SessionMiddleware
from ..web import routes


def session_of(connection: HTTPConnection) -> AsgiSession:
    """``request.session`` with its type: a mapping that can also ``login`` and ``logout``."""
    session = connection.session
    if not isinstance(session, AsgiSession):
        raise TypeError("another middleware has made this session")
    return session


__all__ = ["AsgiSession", "SessionMiddleware", "routes", "session_of"]
