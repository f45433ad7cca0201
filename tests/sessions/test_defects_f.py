"""Group F of the seed document's defects: the web layer. F1 to F5 are its cookie parser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sessions import SessionStore, events
from sessions.asgi import SessionMiddleware
from sessions.http.cookies import CookiePolicy
from sessions.web import routes
from tests.sessions.webparts import MINUTE, WatchedStore, watched_store
from tests.support.asgi import COOKIE, Browser, Wire, scope

Header = tuple[bytes, bytes]

ALICE = {"username": "alice", "password": "wonderland"}


async def verify(username: str, password: str) -> str | None:
    return username if password == ALICE["password"] else None


async def hello(request: Request) -> Response:
    return JSONResponse("hello")


async def asks_often(request: Request) -> Response:
    seen = [request.session.user_id for _ in range(3)]  # type: ignore[attr-defined]  # ours
    return JSONResponse(seen)


@pytest.fixture
async def parts() -> AsyncIterator[WatchedStore]:
    async with watched_store(ttl_seconds=60 * MINUTE) as watched:
        yield watched


def application(store: SessionStore[dict[str, Any]], **settings: Any) -> Starlette:
    further = [
        Route("/static/logo.png", hello),
        Route("/hello", hello),
        Route("/often", asks_often),
    ]
    app = Starlette(routes=[*routes(store, verify), *further])
    app.add_middleware(SessionMiddleware, store=store, **settings)
    return app


@asynccontextmanager
async def signed_in(parts: WatchedStore, **settings: Any) -> AsyncIterator[Browser]:
    async with Browser(application(parts.store, **settings)) as browser:
        assert (await browser.post("/login", json=ALICE)).status_code == 200
        parts.client.calls.clear()
        yield browser


async def status_of(parts: WatchedStore, *cookies: bytes) -> int:
    """What /me answers to these Cookie headers."""
    headers: list[Header] = [(b"cookie", cookie) for cookie in cookies]
    async with Browser(application(parts.store)) as browser:
        return (await browser.get("/me", headers=headers)).status_code


async def token_of_alice(parts: WatchedStore) -> bytes:
    return (await parts.store.create("alice")).token.encode()


NAME = COOKIE.encode()


async def test_f1_the_name_is_taken_from_a_cookie_once(parts: WatchedStore) -> None:
    token = await token_of_alice(parts)
    assert await status_of(parts, NAME + b"=" + token) == 200
    assert await status_of(parts, NAME + b"=" + NAME + b"=" + token) == 401


async def test_f2_a_second_cookie_of_our_name_opens_nothing(parts: WatchedStore) -> None:
    token, planted = await token_of_alice(parts), await token_of_alice(parts)
    for cookies in ([token, planted], [planted, token], [token, b"junk"]):
        pairs = [NAME + b"=" + value for value in cookies]
        assert await status_of(parts, b"; ".join(pairs)) == 401
        assert await status_of(parts, *pairs) == 401
    conflicts = [event for event in parts.events if isinstance(event, events.CookieConflict)]
    assert [event.ip_address for event in conflicts] == ["127.0.0.1"] * 6
    assert CookiePolicy().name.startswith("__Host-")


async def test_f3_the_cookie_is_found_in_any_of_several_headers(parts: WatchedStore) -> None:
    ours = NAME + b"=" + await token_of_alice(parts)
    for at in range(3):
        headers = [b"a=1", b"b=2"]
        headers.insert(at, ours)
        assert await status_of(parts, *headers) == 200


@pytest.mark.parametrize("byte", range(0x80, 0x100, 25))
async def test_f4_bytes_of_other_cookies_sign_nobody_out(parts: WatchedStore, byte: int) -> None:
    ours = NAME + b"=" + await token_of_alice(parts)
    assert await status_of(parts, b"name=Zo" + bytes([byte]) + b"; " + ours) == 200


async def test_f5_values_in_quotes_are_read_and_others_are_taken_as_they_are(
    parts: WatchedStore,
) -> None:
    token = await token_of_alice(parts)
    assert await status_of(parts, NAME + b'="' + token + b'"') == 200
    parts.client.calls.clear()
    for value in (token.replace(b".", b"%2E"), token + b"x" * 10_000, token[:-1], b'"' + token):
        assert await status_of(parts, NAME + b"=" + value) == 401
    assert parts.commands == 0


@pytest.mark.parametrize("path", ["/login", "/logout", "/sessions/logout-others"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
    ids=str,
)
async def test_f6_no_page_of_another_site_signs_anybody_in_or_out(
    parts: WatchedStore, path: str, headers: dict[str, str]
) -> None:
    async with signed_in(parts) as browser:
        del browser.headers["sec-fetch-site"]
        token = browser.token
        refused = await browser.post(path, json=ALICE, headers=headers)
        assert refused.status_code == 403
        assert refused.headers.get_list("set-cookie") == []
        assert browser.token == token
        assert (await browser.get("/me")).status_code == 200


async def test_f6_a_token_holds_where_the_browser_says_nothing(parts: WatchedStore) -> None:
    async with signed_in(parts, csrf="token") as browser:
        del browser.headers["sec-fetch-site"]
        assert (await browser.post("/logout")).status_code == 403
        token = (await browser.get("/me")).json()["csrf_token"]
        headers = {"x-csrf-token": token}
        assert (await browser.post("/logout", headers=headers)).status_code == 200


async def test_f6_a_login_form_from_before_a_login_in_another_tab_is_taken(
    parts: WatchedStore,
) -> None:
    """It has no token; that it is on a page of ours the browser has to say, then."""
    async with signed_in(parts, csrf="token") as browser:
        before = browser.token
        again = await browser.post("/login", json=ALICE)
        assert again.status_code == 200
        assert browser.token != before
        assert (await browser.post("/logout")).status_code == 403
        assert (await browser.request("PUT", "/login", json=ALICE)).status_code == 403
        assert (await browser.post("/login/", json=ALICE)).status_code == 403
        del browser.headers["sec-fetch-site"]
        own, token = {"origin": "https://shop.example"}, browser.token
        for headers in ({}, {"sec-fetch-site": "none"}, {"origin": "https://evil.example"}):
            assert (await browser.post("/login", json=ALICE, headers=headers)).status_code == 403
        assert browser.token == token
        assert (await browser.post("/login", json=ALICE, headers=own)).status_code == 200


async def test_f7_a_link_from_another_site_finds_the_user_signed_in(parts: WatchedStore) -> None:
    async with signed_in(parts) as browser:
        from_mail = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        assert (await browser.get("/me", headers=from_mail)).status_code == 200
    assert "SameSite=Lax" in CookiePolicy().set("token", 60)


async def test_f8_signing_out_clears_the_browser_even_without_the_store(
    parts: WatchedStore,
) -> None:
    async with signed_in(parts) as browser:
        token = str(browser.token)
        parts.break_down()
        response = await browser.post("/logout")
        assert response.status_code == 503
        assert response.headers.get_list("set-cookie") == [CookiePolicy().delete()]
        assert response.headers["clear-site-data"] == '"cache", "storage"'
        assert browser.token is None
        parts.repair()
        # The failure was told: the session itself is still there to be ended.
        browser.token = token
        assert (await browser.post("/logout")).json() == {"destroyed": 1}


async def test_f9_one_other_device_is_ended_after_a_fresh_sign_in_only(
    parts: WatchedStore,
) -> None:
    async with signed_in(parts) as here, signed_in(parts) as there:
        public_id = (await there.get("/me")).json()["public_id"]
        parts.clock.advance(seconds=20 * MINUTE)
        assert (await here.delete(f"/sessions/{public_id}")).status_code == 401
        assert (await there.get("/me")).status_code == 200
        await here.post("/login", json=ALICE)
        assert (await here.delete(f"/sessions/{public_id}")).status_code == 200
        assert (await there.get("/me")).status_code == 401


async def test_f10_a_request_is_validated_once_however_often_it_asks(
    parts: WatchedStore,
) -> None:
    async with signed_in(parts) as browser:
        assert (await browser.get("/often")).json() == ["alice"] * 3
        assert parts.commands == 1


async def test_f11_one_answer_for_every_way_of_not_being_signed_in(parts: WatchedStore) -> None:
    ended = await parts.store.create("alice")
    await parts.store.destroy(ended.token)
    expired = await parts.store.create("alice")
    parts.clock.advance(seconds=61 * MINUTE)
    answers = set()
    for token in (None, "junk", ended.token, expired.token, "k1.aaaaaaaaaaaaa." + "A" * 49):
        async with Browser(application(parts.store)) as browser:
            cookie = {"cookie": f"{COOKIE}={token}"} if token else {}
            answer = await browser.get("/me", headers=cookie)
            answers.add((answer.status_code, answer.content, str(answer.headers)))
    ((status, _, shown),) = answers
    assert status == 401
    assert "www-authenticate" in shown


async def test_f12_the_device_is_known_from_the_request(parts: WatchedStore) -> None:
    async with signed_in(parts, trusted_proxies=["127.0.0.1"]) as browser:
        await browser.post("/login", json=ALICE, headers={"x-forwarded-for": "203.0.113.7"})
        (device,) = (await browser.get("/sessions")).json()
        assert (device["user_agent"], device["ip_address"]) == ("Firefox", "203.0.113.7")


async def test_f13_open_connections_end_with_their_session(parts: WatchedStore) -> None:
    async def chat(connection: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()

    issued = await parts.store.create("alice")
    wire = Wire(SessionMiddleware(chat, parts.store), scope("websocket", "/", issued.token))
    wire.receive("websocket.connect")
    await wire.sent.get()
    await parts.store.destroy_all_for_user("alice")
    assert (await wire.sent.get())["type"] == "websocket.close"
    await wire.ended()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("HEAD", "/hello", {}),
        ("OPTIONS", "/hello", {}),
        ("GET", "/static/logo.png", {}),
        ("GET", "/hello", {"accept": "text/event-stream"}),
    ],
)
async def test_f14_what_no_person_does_keeps_no_session_alive(
    parts: WatchedStore, method: str, path: str, headers: dict[str, str]
) -> None:
    async with signed_in(parts) as browser:
        for _ in range(2):
            parts.clock.advance(seconds=25 * MINUTE)
            response = await browser.request(method, path, headers=headers)
            assert response.headers.get_list("set-cookie") == []
        parts.clock.advance(seconds=11 * MINUTE)
        assert (await browser.get("/me")).status_code == 401


async def test_f14_an_open_websocket_keeps_no_session_alive(parts: WatchedStore) -> None:
    async def chat(connection: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()

    issued = await parts.store.create("alice")
    app = SessionMiddleware(chat, parts.store, recheck_seconds=0.001)
    wire = Wire(app, scope("websocket", "/", issued.token))
    wire.receive("websocket.connect")
    await wire.sent.get()
    parts.clock.advance(seconds=61 * MINUTE)
    assert (await wire.sent.get())["type"] == "websocket.close"
    await wire.ended()


async def test_f14_a_person_at_work_keeps_it_alive(parts: WatchedStore) -> None:
    async with signed_in(parts) as browser:
        for _ in range(5):
            parts.clock.advance(seconds=25 * MINUTE)
            assert (await browser.get("/hello")).headers.get_list("set-cookie")
        assert (await browser.get("/me")).status_code == 200


async def test_g9_who_tries_tokens_is_told_of_with_his_network(parts: WatchedStore) -> None:
    async with Browser(application(parts.store)) as browser:
        for _ in range(200):
            await browser.get("/me", headers={"cookie": f"{COOKIE}=guess"})
    guessing = [event for event in parts.events if isinstance(event, events.TokenGuessing)]
    assert guessing
    assert {event.network for event in guessing} == {"127.0.0.0/24"}
