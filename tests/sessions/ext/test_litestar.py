"""``request.session`` in a real Litestar application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar, Request, get, post
from litestar.di import NamedDependency

from sessions.asgi import AsgiSession
from sessions.ext.litestar import SessionPlugin, session_of
from tests.sessions.webparts import WatchedStore, watched_store
from tests.support.asgi import Browser


@pytest.fixture
async def parts() -> AsyncIterator[WatchedStore]:
    async with watched_store() as watched:
        yield watched


@get("/count")
async def count(request: Request[Any, Any, Any]) -> int:
    request.session["count"] = request.session.get("count", 0) + 1
    return int(request.session["count"])


@post("/login")
async def login(any_session: NamedDependency[AsgiSession]) -> None:
    await any_session.login("alice")


@get("/me")
async def me(current_session: NamedDependency[AsgiSession]) -> str | None:
    return current_session.user_id


@get("/plain")
async def plain() -> str:
    return "hello"


@pytest.mark.parametrize("lazy", [False, True])
async def test_the_session_is_there_as_a_mapping_and_as_a_dependency(
    parts: WatchedStore, lazy: bool
) -> None:
    handlers = [login, me, plain] if lazy else [count, login, me, plain]
    app = Litestar(handlers, plugins=[SessionPlugin(parts.store, lazy=lazy)])
    async with Browser(app) as browser:
        assert (await browser.get("/plain")).headers.get("vary") is None
        refused = await browser.get("/me")
        assert (refused.status_code, refused.json()) == (401, {"detail": "sign in"})
        assert refused.headers["www-authenticate"]
        if not lazy:
            assert [(await browser.get("/count")).json() for _ in range(2)] == [1, 2]
        before = browser.token
        await browser.post("/login")
        assert browser.token != before
        assert (await browser.get("/me")).text == "alice"
        parts.break_down()
        assert (await browser.get("/me")).status_code == 503


async def test_without_the_plugin_there_is_no_session() -> None:
    with pytest.raises(TypeError):
        session_of(Request({"type": "http", "headers": []}))  # type: ignore[arg-type]  # all it needs
