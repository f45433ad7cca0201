"""The application: pages, sessions around them, and what holds for every response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from sessions import DataTooLarge, RateLimited, StoreUnavailable
from sessions.asgi import App, SessionMiddleware
from sessions.csrf import Csrf
from sessions.errors import NotSignedIn
from sessions.ext.starlette import session_of

from .demo import Demo
from .entry import Entry
from .operating import Operating
from .own import Own
from .security import Hardened
from .views import HERE, Views, go

Handler = Callable[[Request, Exception], Awaitable[Response]]


def create_app(demo: Demo) -> App:
    """The demo as an ASGI application."""
    views = Views(demo)
    pages = Starlette(
        routes=[
            *Entry(demo, views).routes(),
            *Own(demo, views).routes(),
            *Operating(demo, views).routes(),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={
            NotSignedIn: _to_sign_in,
            RateLimited: _status(views, HTTPStatus.TOO_MANY_REQUESTS),
            DataTooLarge: _status(views, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
            StoreUnavailable: _status(views, HTTPStatus.SERVICE_UNAVAILABLE),
            # Of what the demo itself asks the server: accounts, the time.
            RedisError: _status(views, HTTPStatus.SERVICE_UNAVAILABLE),
            HTTPException: _http_error(views),
        },
    )
    sessions = SessionMiddleware(
        pages,
        demo.store,
        cookie=demo.settings.cookie,
        csrf=Csrf.TOKEN,
        recheck_seconds=demo.settings.tick_seconds,
    )
    return Hardened(sessions, views.error, is_secure=demo.settings.is_secure)


async def _to_sign_in(request: Request, _: Exception) -> Response:
    """Without a word about why: the sign-in page sees a cookie that opens nothing."""
    return go("/sign-in?ended" if session_of(request).token else "/sign-in")


def _status(views: Views, status: HTTPStatus) -> Handler:
    async def answer(_: Request, __: Exception) -> Response:
        return HTMLResponse(views.error(status), status)

    return answer


def _http_error(views: Views) -> Handler:
    async def answer(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return HTMLResponse(views.error(status), status)

    return answer
