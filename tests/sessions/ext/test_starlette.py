"""``request.session`` in a real Starlette application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from sessions.errors import NotSignedIn
from sessions.ext.starlette import SessionMiddleware, session_of
from tests.sessions.webparts import WatchedStore, watched_store
from tests.support.asgi import Browser, Wire, scope


@pytest.fixture
async def parts() -> AsyncIterator[WatchedStore]:
    async with watched_store() as watched:
        yield watched


async def counter(request: Request) -> Response:
    request.session["count"] = request.session.get("count", 0) + 1
    return JSONResponse(request.session["count"])


async def login(request: Request) -> Response:
    await session_of(request).login("alice")
    return PlainTextResponse("welcome")


async def me(request: Request) -> Response:
    return PlainTextResponse(session_of(request).require_user())


async def late(request: Request) -> Response:
    async def note() -> None:
        request.session["noted"] = True

    return PlainTextResponse("ok", background=BackgroundTask(note))


async def stream(request: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        for name in sorted(request.session):
            yield name

    return StreamingResponse(parts())


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(str(session_of(websocket).user_id))
    await websocket.receive_text()
    await session_of(websocket).logout()
    await websocket.receive_text()


def application(parts: WatchedStore, dispatch: Any = None) -> Starlette:
    app = Starlette(
        routes=[
            Route("/", counter),
            Route("/login", login, methods=["POST"]),
            Route("/me", me),
            Route("/late", late),
            Route("/stream", stream),
            WebSocketRoute("/socket", socket),
            Mount("/sub", routes=[Route("/", counter)]),
        ]
    )
    if dispatch is not None:
        app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    app.add_middleware(SessionMiddleware, store=parts.store)
    return app


async def test_request_session_is_a_mapping_that_lasts(parts: WatchedStore) -> None:
    async with Browser(application(parts)) as browser:
        for expected in (1, 2):
            assert (await browser.get("/")).json() == expected
        assert (await browser.get("/sub/")).json() == 3


async def test_refusals_are_answered_inside_starlette(parts: WatchedStore) -> None:
    async with Browser(application(parts)) as browser:
        assert (await browser.get("/me")).status_code == 401
        await browser.post("/login")
        assert (await browser.get("/me")).text == "alice"
        parts.break_down()
        assert (await browser.get("/me")).status_code == 503


async def test_an_applications_own_handler_comes_first(parts: WatchedStore) -> None:
    async def to_login(request: Request, error: Exception) -> Response:
        return PlainTextResponse("please sign in", 302, {"location": "/login"})

    app = application(parts)
    app.add_exception_handler(NotSignedIn, to_login)
    async with Browser(app) as browser:
        assert (await browser.get("/me")).headers["location"] == "/login"


async def test_background_tasks_and_streams_see_the_session(parts: WatchedStore) -> None:
    async with Browser(application(parts)) as browser:
        await browser.post("/login")
        await browser.get("/")
        await browser.get("/late")
        assert (await browser.get("/stream")).text == "countnoted"


async def test_it_works_around_a_middleware_of_starlettes_own_kind(parts: WatchedStore) -> None:
    async def dispatch(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["x-user"] = str(session_of(request).user_id)
        return response

    async with Browser(application(parts, dispatch)) as browser:
        await browser.post("/login")
        response = await browser.get("/")
        assert (response.text, response.headers["x-user"]) == ("1", "alice")
        assert (await browser.get("/")).text == "2"


async def test_a_websocket_closes_when_its_session_is_ended_in_it(parts: WatchedStore) -> None:
    token = (await parts.store.create("alice")).token
    wire = Wire(application(parts), {**scope("websocket", "/socket", token), "query_string": b""})
    wire.receive("websocket.connect")
    assert (await wire.sent.get())["type"] == "websocket.accept"
    assert (await wire.sent.get())["text"] == "alice"
    wire.receive("websocket.receive", text="end it")
    assert (await wire.sent.get())["code"] == 1008
    await wire.ended()


async def test_the_session_of_another_middleware_is_not_ours(parts: WatchedStore) -> None:
    with pytest.raises(TypeError):
        session_of(Request({"type": "http", "session": {}}))
