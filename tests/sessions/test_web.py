"""The routes of the seed document, and what they tell to whom."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from sessions import SessionStore
from sessions.account import Verified
from sessions.asgi import SessionMiddleware
from sessions.config import OnLimit, RateLimit
from sessions.ext import fastapi as fastapi_ext
from sessions.http.cookies import CookiePolicy
from sessions.record import AuthContext
from sessions.web import MAX_LOGIN_BYTES, routes
from tests.sessions.conftest import MakeStore
from tests.sessions.webparts import WatchedStore, watched_store
from tests.support.asgi import Browser

ALICE = {"username": "alice", "password": "wonderland"}
WRONG = {"username": "alice", "password": "underland"}


async def verify(username: str, password: str) -> str | Verified | None:
    if password == "a second factor":  # of a test
        return Verified(username, {"name": username}, AuthContext(methods=("pwd", "otp"), level=2))
    return username if password == "wonderland" else None


def starlette_app(store: SessionStore[dict[str, Any]], check: Any = verify, **settings: Any) -> Any:
    app = Starlette(routes=routes(store, check))
    app.add_middleware(SessionMiddleware, store=store, **settings)
    return app


def fastapi_app(store: SessionStore[dict[str, Any]], check: Any = verify, **settings: Any) -> Any:
    app = FastAPI()
    app.include_router(fastapi_ext.router(store, check))
    app.add_middleware(SessionMiddleware, store=store, **settings)
    return app


@pytest.fixture(params=[starlette_app, fastapi_app])
def make_app(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
async def parts() -> AsyncIterator[WatchedStore]:
    async with watched_store() as watched:
        yield watched


@asynccontextmanager
async def signed_in(app: Any, **headers: str) -> AsyncIterator[Browser]:
    async with Browser(app, **headers) as browser:
        assert (await browser.post("/login", json=ALICE)).status_code == 200
        yield browser


async def test_the_seeds_routes_from_sign_in_to_sign_out(
    make_app: Any, make_store: MakeStore, user: str
) -> None:
    store = await make_store()
    app = make_app(store)
    async with Browser(app) as browser:
        answer = await browser.post("/login", json={**ALICE, "username": user})
        assert answer.json()["user_id"] == user
        assert answer.json()["evicted"] == []
        me = (await browser.get("/me")).json()
        assert (me["user_id"], me["data"]) == (user, {})
        assert me["created_at"] <= me["authenticated_at"] < me["expires_at"]
        (device,) = (await browser.get("/sessions")).json()
        assert device["public_id"] == me["public_id"]
        assert device["is_current"]
        assert device["user_agent"] == "Firefox"
        assert device["ip_address"] == "127.0.0.1"
        assert (await browser.post("/logout")).json() == {"destroyed": 1}
        assert (await browser.get("/me")).status_code == 401
        assert (await browser.post("/logout")).json() == {"destroyed": 0}


async def test_the_routes_work_on_a_lazy_session(make_app: Any, parts: WatchedStore) -> None:
    async with signed_in(make_app(parts.store, lazy=True)) as browser:
        parts.client.calls.clear()
        assert (await browser.get("/me")).json()["user_id"] == "alice"
        assert parts.commands == 1
        assert len((await browser.get("/sessions")).json()) == 1
        assert (await browser.post("/sessions/logout-others")).json() == {"destroyed": 0}
        assert (await browser.delete("/sessions/x")).status_code == 404
        assert (await browser.post("/logout")).json() == {"destroyed": 1}


async def test_no_answer_holds_a_token(make_app: Any, parts: WatchedStore) -> None:
    async with signed_in(make_app(parts.store)) as browser:
        for path in ("/me", "/sessions"):
            body = (await browser.get(path)).text
            assert str(browser.token) not in body
            assert str(browser.token).split(".")[2][:8] not in body


async def test_a_wrong_password_is_no_session_and_the_old_one_stays(
    make_app: Any, parts: WatchedStore
) -> None:
    async with signed_in(make_app(parts.store)) as browser:
        token = browser.token
        refused = await browser.post("/login", json=WRONG)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"]
        assert browser.token == token
        assert (await browser.get("/me")).status_code == 200


@pytest.mark.parametrize("check", [lambda name, _: name, verify], ids=["sync", "async"])
async def test_a_password_is_checked_by_a_plain_function_or_a_coroutine(
    make_app: Any, parts: WatchedStore, check: Any
) -> None:
    async with signed_in(make_app(parts.store, check)) as browser:
        assert (await browser.get("/me")).json()["user_id"] == "alice"


async def test_a_check_may_tell_more_than_the_user(make_app: Any, parts: WatchedStore) -> None:
    async with Browser(make_app(parts.store)) as browser:
        await browser.post("/login", json={"username": "bob", "password": "a second factor"})
        assert (await browser.get("/me")).json()["data"] == {"name": "bob"}
        session = await parts.store.validate(str(browser.token))
        assert session
        assert session.is_fresh(60, level=2)


async def test_who_signs_in_again_keeps_his_data_under_a_new_token(
    make_app: Any, parts: WatchedStore
) -> None:
    async with signed_in(make_app(parts.store)) as browser:
        before = str(browser.token)
        await parts.store.patch(before, {"cart": ["tea"]})
        await browser.post("/login", json=ALICE)
        assert browser.token != before
        assert (await browser.get("/me")).json()["data"] == {"cart": ["tea"]}
        assert len((await browser.get("/sessions")).json()) == 1


async def test_another_device_is_ended_by_name(make_app: Any, parts: WatchedStore) -> None:
    app = make_app(parts.store)
    async with (
        signed_in(app) as here,
        signed_in(app, **{"user-agent": "Safari"}) as there,
        Browser(app) as stranger,
    ):
        devices = {device["user_agent"]: device for device in (await here.get("/sessions")).json()}
        assert devices.keys() == {"Firefox", "Safari"}
        assert devices["Firefox"]["is_current"]
        assert not devices["Safari"]["is_current"]
        path = f"/sessions/{devices['Safari']['public_id']}"
        assert (await stranger.delete(path)).status_code == 401
        await stranger.post("/login", json={**ALICE, "username": "eve"})
        assert (await stranger.delete(path)).status_code == 404
        assert (await there.get("/me")).status_code == 200
        assert (await here.delete(path)).json() == {"destroyed": 1}
        assert (await there.get("/me")).status_code == 401
        assert (await here.delete(path)).status_code == 404


async def test_ending_ones_own_session_by_name_is_signing_out(
    make_app: Any, parts: WatchedStore
) -> None:
    async with signed_in(make_app(parts.store)) as browser:
        own = (await browser.get("/me")).json()["public_id"]
        response = await browser.delete(f"/sessions/{own}")
        assert response.json() == {"destroyed": 1}
        assert response.headers.get_list("set-cookie") == [CookiePolicy().delete()]
        assert "clear-site-data" in response.headers


async def test_others_are_ended_by_who_has_shown_lately_who_he_is(
    make_app: Any, parts: WatchedStore
) -> None:
    app = make_app(parts.store)
    async with signed_in(app) as here, signed_in(app):
        parts.clock.advance(seconds=901)
        for method, path in (("POST", "/sessions/logout-others"), ("DELETE", "/sessions/x")):
            refused = await here.request(method, path)
            assert refused.status_code == 401
            assert "insufficient_user_authentication" in refused.headers["www-authenticate"]
        await here.post("/login", json=ALICE)
        assert (await here.post("/sessions/logout-others")).json() == {"destroyed": 1}
        assert len((await here.get("/sessions")).json()) == 1


async def test_too_many_sign_ins_are_told_when_to_come_again(make_app: Any) -> None:
    async with (
        watched_store(create_limit=RateLimit(1, per_seconds=60)) as parts,
        signed_in(make_app(parts.store)) as browser,
    ):
        refused = await browser.post("/login", json=ALICE)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert (await browser.get("/me")).status_code == 200


async def test_a_full_set_of_sessions_is_a_conflict(make_app: Any) -> None:
    async with watched_store(max_sessions_per_user=1, on_limit=OnLimit.REJECT) as parts:
        app = make_app(parts.store)
        async with signed_in(app), Browser(app) as second:
            assert (await second.post("/login", json=ALICE)).status_code == 409


async def test_evicted_devices_are_named_to_who_displaced_them(make_app: Any) -> None:
    async with watched_store(max_sessions_per_user=1) as parts:
        app = make_app(parts.store)
        async with signed_in(app) as first, Browser(app) as second:
            displaced = (await first.get("/me")).json()["public_id"]
            answer = await second.post("/login", json=ALICE)
            assert answer.json()["evicted"] == [displaced]


async def test_a_form_signs_in_as_json_does(parts: WatchedStore) -> None:
    async with Browser(starlette_app(parts.store)) as browser:
        assert (await browser.post("/login", data=ALICE)).status_code == 200
        assert (await browser.get("/me")).json()["user_id"] == "alice"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'"username password"', "application/json", 422),
        (b'{"username": "alice"}', "application/json", 422),
        (b'{"username": 1, "password": []}', "application/json", 422),
        (b"\xff", "application/json", 422),
        (b"[" * 16_000, "application/json", 422),
        (b"username=alice", "application/x-www-form-urlencoded", 422),
        (b"username=%ff&password=x", "application/x-www-form-urlencoded", 422),
        (b"&" * 200, "application/x-www-form-urlencoded", 422),
        (b" " * (MAX_LOGIN_BYTES + 1), "application/json", 413),
    ],
)
async def test_a_login_that_cannot_be_read_is_said_to_be_so(
    parts: WatchedStore, body: bytes, kind: str, status: int
) -> None:
    async with Browser(starlette_app(parts.store)) as browser:
        response = await browser.post("/login", content=body, headers={"content-type": kind})
        assert response.status_code == status


async def test_b6_a_defect_is_answered_with_an_id_and_nothing_else(
    parts: WatchedStore, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(username: str, password: str) -> str:
        raise OSError("cannot reach db-7.internal:5432")

    async with Browser(starlette_app(parts.store, broken)) as browser:
        with caplog.at_level(logging.ERROR, "sessions"):
            response = await browser.post("/login", json=ALICE)
    assert response.status_code == 500
    assert response.json().keys() == {"detail", "incident"}
    assert "internal" not in response.text
    assert response.json()["incident"] in caplog.text
    assert "db-7.internal" in caplog.text


async def test_b6_an_error_of_the_store_shows_nothing_of_it(
    make_app: Any, parts: WatchedStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with signed_in(make_app(parts.store)) as browser:
        parts.break_down()
        for path in ("/me", "/sessions"):
            response = await browser.get(path)
            assert response.status_code == 503
            assert response.json().keys() == {"detail", "incident"}
            assert response.json()["incident"] in caplog.text


async def test_b7_nothing_of_a_session_is_stored_by_anybody(
    make_app: Any, parts: WatchedStore
) -> None:
    async with Browser(make_app(parts.store)) as browser:
        answers = [
            await browser.post("/login", json=ALICE),
            await browser.get("/me"),
            await browser.get("/sessions"),
            await browser.post("/logout"),
            await browser.get("/me"),
        ]
        assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


async def test_the_routes_answer_for_themselves_inside_any_application(
    parts: WatchedStore,
) -> None:
    # Starlette answers what is raised to it with 500, before a middleware outside of it can.
    app = FastAPI()
    app.include_router(fastapi_ext.router(parts.store, verify))
    for inner in (app, Starlette(routes=routes(parts.store, verify))):
        async with Browser(SessionMiddleware(inner, parts.store)) as browser:
            assert (await browser.get("/me")).status_code == 401
            assert (await browser.post("/login", json=WRONG)).status_code == 401


async def test_routes_without_the_middleware_say_what_is_missing(parts: WatchedStore) -> None:
    app = Starlette(routes=routes(parts.store, verify))
    async with Browser(app) as browser:
        response = await browser.get("/me")
        assert response.status_code == 500
    assert "SessionMiddleware" not in response.text


async def test_fastapi_shows_the_routes_and_their_types(parts: WatchedStore) -> None:
    app = FastAPI()
    app.include_router(fastapi_ext.router(parts.store, verify))
    async with Browser(SessionMiddleware(app, parts.store)) as browser:
        document = (await browser.get("/openapi.json")).json()
    assert set(document["paths"]) == {
        "/login",
        "/logout",
        "/me",
        "/sessions",
        "/sessions/logout-others",
        "/sessions/{public_id}",
    }
    me = document["components"]["schemas"]["Me"]["properties"]
    assert me["expires_at"] == {
        "type": "string",
        "format": "date-time",
        "title": "Expires At",
    }
    login = document["paths"]["/login"]["post"]
    assert set(login["responses"]) == {"200", "401", "422", "429"}
