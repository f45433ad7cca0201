"""Sessions as dependencies of a real FastAPI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, WebSocket

from sessions.asgi import AsgiSession
from sessions.ext.fastapi import (
    AnySession,
    CurrentSession,
    SessionMiddleware,
    require_fresh,
    router,
)
from sessions.record import AuthContext
from tests.sessions.webparts import WatchedStore, watched_store
from tests.support.asgi import Browser, Wire, scope

Fresh = Annotated[AsgiSession, Depends(require_fresh(60, level=2))]


@pytest.fixture
async def parts() -> AsyncIterator[WatchedStore]:
    async with watched_store() as watched:
        yield watched


def application(parts: WatchedStore, **settings: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(SessionMiddleware, store=parts.store, **settings)

    @app.post("/login")
    async def login(session: AnySession, level: int = 1) -> None:
        await session.login("alice", auth=AuthContext(methods=("pwd",), level=level))

    @app.get("/me")
    async def me(session: CurrentSession, again: AnySession) -> str | None:
        assert session is again
        return session.user_id

    @app.get("/visits")
    async def visits(session: AnySession) -> int:
        session["visits"] = session.get("visits", 0) + 1
        return int(session["visits"])

    @app.get("/plain")
    async def plain() -> str:
        return "hello"

    @app.get("/delicate")
    async def delicate(session: Fresh) -> str | None:
        return session.user_id

    @app.websocket("/socket")
    async def socket(websocket: WebSocket, session: CurrentSession) -> None:
        await websocket.accept()
        await websocket.send_text(str(session.user_id))
        await websocket.receive_text()

    return app


@pytest.mark.parametrize("lazy", [False, True])
async def test_the_dependencies_give_the_session_of_the_request(
    parts: WatchedStore, lazy: bool
) -> None:
    async with Browser(application(parts, lazy=lazy)) as browser:
        assert (await browser.get("/visits")).json() == 1
        assert (await browser.get("/visits")).json() == 2
        refused = await browser.get("/me")
        assert refused.status_code == 401
        assert refused.json() == {"detail": "sign in"}
        assert refused.headers["www-authenticate"] == 'Cookie realm="session"'
        await browser.post("/login")
        assert (await browser.get("/me")).json() == "alice"
        assert (await browser.get("/visits")).json() == 3


async def test_lazy_dependencies_cost_what_they_need(parts: WatchedStore) -> None:
    async with Browser(application(parts, lazy=True)) as browser:
        await browser.post("/login")
        parts.client.calls.clear()
        await browser.get("/plain")
        assert parts.commands == 0
        await browser.get("/me")
        assert parts.commands == 1


async def test_a_fresh_sign_in_at_a_level_can_be_asked_for(parts: WatchedStore) -> None:
    async with Browser(application(parts)) as browser:
        assert (await browser.get("/delicate")).status_code == 401
        await browser.post("/login")
        refused = await browser.get("/delicate")
        assert refused.status_code == 401
        assert "insufficient_user_authentication" in refused.headers["www-authenticate"]
        await browser.post("/login?level=2")
        assert (await browser.get("/delicate")).json() == "alice"
        parts.clock.advance(seconds=61)
        assert (await browser.get("/delicate")).status_code == 401


async def test_a_websocket_has_the_session_too(parts: WatchedStore) -> None:
    app = application(parts)
    token = (await parts.store.create("alice")).token
    wire = Wire(app, {**scope("websocket", "/socket", token), "query_string": b""})
    wire.receive("websocket.connect")
    assert (await wire.sent.get())["type"] == "websocket.accept"
    assert (await wire.sent.get())["text"] == "alice"
    await parts.store.destroy(token)
    assert (await wire.sent.get())["code"] == 1008
    await wire.ended()


async def test_a_login_that_cannot_be_read_is_not_sent_back(parts: WatchedStore) -> None:
    app = FastAPI()
    app.add_middleware(SessionMiddleware, store=parts.store)
    app.include_router(router(parts.store, lambda _name, _password: "alice"))
    async with Browser(app) as browser:
        form = await browser.post("/login", data={"username": "alice", "password": "wonderland"})
        misspelt = await browser.post("/login", json={"user": "alice", "password": "wonderland"})
    assert form.status_code == misspelt.status_code == 422
    assert "wonderland" not in form.text + misspelt.text
    assert misspelt.json()["detail"][0]["loc"] == ["body", "username"]
