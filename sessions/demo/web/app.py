"""The application: pages, sessions around them, and what holds for every response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from sessions import SessionError
from sessions.asgi import App
from sessions.errors import NotSignedIn
from sessions.ext.starlette import SessionMiddleware, session_of
from sessions.http.answers import Answer, answer_to
from sessions.http.csrf import Csrf
from sessions.web import response_of

from .demo import Demo
from .device_pages import DevicePages
from .entry import Entry
from .notebook import Notebook
from .operating import Operating
from .security import Hardened
from .views import HERE, Views, go

Handler = Callable[[Request, Exception], Awaitable[Response]]


def create_app(demo: Demo) -> App:
    """The demo as an ASGI application."""
    views = Views(demo)

    def answer(error: SessionError) -> Answer:
        answered = answer_to(error)
        return replace(answered, page=views.error(answered.status))

    pages = Starlette(
        routes=[
            *Entry(demo, views).routes(),
            *DevicePages(demo, views).routes(),
            *Notebook(views).routes(),
            *Operating(demo, views).routes(),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={
            NotSignedIn: _to_sign_in,
            SessionError: _handler(lambda error: response_of(answer(error))),
            HTTPException: _handler(lambda error: _page(views, error.status_code)),
            # Of what the demo itself asks the server: accounts, the time.
            RedisError: _handler(lambda _: _page(views, HTTPStatus.SERVICE_UNAVAILABLE)),
        },
    )
    sessions = SessionMiddleware(
        pages,
        demo.store,
        cookie=demo.settings.cookie,
        csrf=Csrf.TOKEN,
        login_paths=["/sign-in"],
        recheck_seconds=demo.settings.tick_seconds,
        answer=answer,
    )
    return Hardened(sessions, is_secure=demo.settings.is_secure)


async def _to_sign_in(request: Request, _: Exception) -> Response:
    """Without a word about why: the sign-in page sees a cookie that opens nothing."""
    return go("/sign-in?ended" if session_of(request).token else "/sign-in")


def _handler(respond: Callable[[Any], Response]) -> Handler:
    async def handle(_: Request, error: Exception) -> Response:
        return respond(error)

    return handle


def _page(views: Views, status: int) -> Response:
    return HTMLResponse(views.error(status), status)
