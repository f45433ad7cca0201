"""Sessions in an ASGI application: what is asked of the store, what the browser gets, when."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import SessionStore, SyncSessionStore, events
from sessions.asgi import AsgiSession, Message, Receive, Scope, Send, SessionMiddleware
from sessions.errors import ConfigError, SessionError, SessionNotLoaded
from sessions.http.answers import Answer, answer_to
from sessions.http.cookies import CookiePolicy
from sessions.record import AuthContext
from tests.sessions.conftest import KEYS, MakeStore
from tests.sessions.webparts import MINUTE, WatchedStore, watched_store
from tests.support.asgi import COOKIE, Browser, Wire, application, scope
from tests.support.servers import RealCluster


@pytest.fixture
async def parts() -> AsyncIterator[WatchedStore]:
    async with watched_store(ttl_seconds=60 * MINUTE, rotation_grace_seconds=10) as watched:
        yield watched


async def untouched(session: AsgiSession) -> Any:
    return "hello"


async def read(session: AsgiSession) -> Any:
    return {"user": session.user_id, "data": dict(session)}


async def login(session: AsgiSession) -> Any:
    await session.login("alice", {"role": "buyer"})
    return session.user_id


async def logout(session: AsgiSession) -> Any:
    return await session.logout()


async def add_to_cart(session: AsgiSession) -> Any:
    session.setdefault("cart", []).append("tea")
    return session["cart"]


async def set_theme(session: AsgiSession) -> Any:
    session["theme"] = "dark"
    return None


async def clear(session: AsgiSession) -> Any:
    session.clear()
    return None


HANDLERS = {
    "/": untouched,
    "/read": read,
    "/login": login,
    "/logout": logout,
    "/cart": add_to_cart,
    "/theme": set_theme,
    "/clear": clear,
    "/static/logo.png": untouched,
}


@asynccontextmanager
async def browsing(
    store: SessionStore[dict[str, Any]], handlers: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Browser]:
    app = SessionMiddleware(application({**HANDLERS, **(handlers or {})}), store, **settings)
    async with Browser(app) as browser:
        yield browser


def set_cookies(response: httpx.Response) -> list[str]:
    return response.headers.get_list("set-cookie")


# --- what it costs --------------------------------------------------------------------------------


async def test_without_a_cookie_nothing_is_asked_and_nothing_added(parts: WatchedStore) -> None:
    async with browsing(parts.store) as browser:
        response = await browser.get("/")
        assert parts.commands == 0
        assert set(response.headers) == {"content-type"}
        assert (await browser.get("/read")).json() == {"user": None, "data": {}}
        assert parts.commands == 0


@pytest.mark.parametrize("junk", ["", "x", "k1.aaaaaaaaaaaaa." + "A" * 49, "é" * 90, "a" * 5000])
async def test_a_cookie_that_is_no_token_is_not_asked_for(parts: WatchedStore, junk: str) -> None:
    async with browsing(parts.store) as browser:
        response = await browser.get("/read", headers=[(b"cookie", f"{COOKIE}={junk}".encode())])
        assert response.json() == {"user": None, "data": {}}
        assert parts.commands == 0


async def test_a_request_with_a_session_is_one_command(parts: WatchedStore) -> None:
    async def read_much(session: AsgiSession) -> Any:
        await session.load()
        return [session.user_id, session["role"], session.public_id, len(session)]

    async with browsing(parts.store, {"/much": read_much}) as browser:
        await browser.get("/login")
        assert parts.commands == 1
        await browser.get("/much")
        assert parts.commands == 1


async def test_a_lazy_session_that_nobody_asks_for_is_not_read(parts: WatchedStore) -> None:
    async with browsing(parts.store, lazy=True) as browser:
        await browser.get("/login")
        parts.commands  # noqa: B018  # forget those of the login
        await browser.get("/")
        assert parts.commands == 0


async def test_a_lazy_session_is_read_once_however_many_wait(parts: WatchedStore) -> None:
    async def load(session: AsgiSession) -> Any:
        await asyncio.gather(*(session.load() for _ in range(5)))
        return session.user_id

    async with browsing(parts.store, {"/load": load}, lazy=True) as browser:
        await browser.get("/login")
        parts.commands  # noqa: B018  # forget those of the login
        assert (await browser.get("/load")).json() == "alice"
        assert parts.commands == 1


async def test_a_lazy_session_says_that_it_must_be_loaded_first(parts: WatchedStore) -> None:
    caught: list[BaseException] = []

    async def look(session: AsgiSession) -> Any:
        for ask in (lambda: session["a"], lambda: session.user_id, lambda: "a" in session):
            with pytest.raises(SessionNotLoaded) as raised:
                ask()
            caught.append(raised.value)
        return "not read" in repr(session)

    async with browsing(parts.store, {"/look": look}, lazy=True) as browser:
        await browser.get("/login")
        assert (await browser.get("/look")).json() is True
    assert len(caught) == 3


# --- data -----------------------------------------------------------------------------------------


async def test_what_a_visitor_puts_in_is_there_in_the_next_request(parts: WatchedStore) -> None:
    async with browsing(parts.store) as browser:
        await browser.get("/cart")
        assert parts.commands == 1
        assert (await browser.get("/read")).json() == {"user": None, "data": {"cart": ["tea"]}}
        assert (await browser.get("/cart")).json() == ["tea", "tea"]
        assert (await browser.get("/read")).json()["data"] == {"cart": ["tea", "tea"]}


async def test_only_fields_that_changed_are_written(parts: WatchedStore) -> None:
    async def change(session: AsgiSession) -> Any:
        session["same"] = {"a": 1}
        session["scalar"]
        session["deep"]["list"].append(2)
        del session["gone"]
        session["new"] = None
        session["fleeting"] = 1
        del session["fleeting"]
        return None

    async with browsing(parts.store, {"/change": change}) as browser:
        data = {"same": {"a": 1}, "scalar": 1, "deep": {"list": [1]}, "gone": 1, "kept": "big"}
        browser.token = (await parts.store.create("alice", data)).token
        parts.client.calls.clear()
        await browser.get("/change")
        _, write = parts.client.calls
        fields = [word for word in write if isinstance(word, str) and word.startswith("d:")]
        assert fields == ["d:deep", "d:new", "d:gone"]
        assert (await browser.get("/read")).json()["data"] == {
            "same": {"a": 1},
            "scalar": 1,
            "deep": {"list": [1, 2]},
            "kept": "big",
            "new": None,
        }


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), ({"a": 1}, {"a": True})])
async def test_a_change_of_type_is_a_change(parts: WatchedStore, before: Any, after: Any) -> None:
    async def change(session: AsgiSession) -> Any:
        session["value"] = after
        return None

    async with browsing(parts.store, {"/change": change}) as browser:
        browser.token = (await parts.store.create("alice", {"value": before})).token
        await browser.get("/change")
        assert repr((await browser.get("/read")).json()["data"]["value"]) == repr(after)


async def test_two_tabs_do_not_lose_each_others_fields(parts: WatchedStore) -> None:
    both = asyncio.Barrier(2)

    async def slow(session: AsgiSession) -> Any:
        session["one"] = 1
        await both.wait()

    async def other(session: AsgiSession) -> Any:
        session["two"] = 2
        await both.wait()

    async with browsing(parts.store, {"/slow": slow, "/other": other}) as browser:
        browser.token = (await parts.store.create("alice")).token
        await asyncio.gather(browser.get("/slow"), browser.get("/other"))
        assert (await browser.get("/read")).json()["data"] == {"one": 1, "two": 2}


async def test_a_write_does_not_bring_a_session_back_that_ended_meanwhile(
    parts: WatchedStore,
) -> None:
    async def interrupted(session: AsgiSession) -> Any:
        session["theme"] = "dark"
        await parts.store.destroy_all_for_user("alice")

    async with browsing(parts.store, {"/slow": interrupted}) as browser:
        await browser.get("/login")
        await browser.get("/slow")
        assert (await browser.get("/read")).json() == {"user": None, "data": {}}


async def test_a_visitors_session_that_holds_nothing_any_more_ends(parts: WatchedStore) -> None:
    async with browsing(parts.store) as browser:
        await browser.get("/cart")
        token = browser.token
        assert token
        response = await browser.get("/clear")
        assert "Max-Age=0" in set_cookies(response)[0]
        assert "clear-site-data" not in response.headers
        assert await parts.store.validate(token) is None


async def test_clearing_signs_nobody_out(parts: WatchedStore) -> None:
    async with browsing(parts.store) as browser:
        await browser.get("/login")
        await browser.get("/clear")
        assert (await browser.get("/read")).json() == {"user": "alice", "data": {}}


async def test_what_changes_after_the_response_began_is_written_too(parts: WatchedStore) -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        scope["session"]["late"] = True

    token = (await parts.store.create("alice")).token
    wire = Wire(SessionMiddleware(late, parts.store), scope("http", "/", token))
    await wire.ended()
    session = await parts.store.validate(token)
    assert session is not None
    assert session.data == {"late": True}
    with pytest.raises(RuntimeError, match="too late"):
        await Wire(SessionMiddleware(late, parts.store), scope("http", "/", None)).ended()


async def test_a_request_that_lasts_reads_the_session_anew(parts: WatchedStore) -> None:
    told: list[Any] = []

    async def lasting(session: AsgiSession) -> Any:
        session["mine"] = 1
        await parts.store.patch(session.token or "", {"theirs": 2}, ["role"])
        told.append(dict(session))
        await session.reload()
        told.append(dict(session))
        parts.commands  # noqa: B018  # counts from here
        await session.reload()
        told.append(parts.commands)
        await parts.store.destroy(session.token or "")
        told.append(session.user_id)
        return [(await session.reload()).user_id]

    async with browsing(parts.store, {"/lasting": lasting}) as browser:
        await browser.get("/login")
        assert (await browser.get("/lasting")).json() == [None]
    assert told == [
        {"role": "buyer", "mine": 1},
        {"mine": 1, "theirs": 2},
        1,
        "alice",
    ]


async def test_to_read_anew_what_is_not_there_asks_nobody_and_keeps_what_was_put_in(
    parts: WatchedStore,
) -> None:
    async def lasting(session: AsgiSession) -> Any:
        await session.reload()
        assert parts.commands == 0
        session["cart"] = ["tea"]
        await session.reload()
        return dict(session)

    async with browsing(parts.store, {"/lasting": lasting}) as browser:
        assert (await browser.get("/lasting")).json() == {"cart": ["tea"]}
        assert (await browser.get("/read")).json()["data"] == {"cart": ["tea"]}


async def test_to_read_anew_without_the_store_is_an_error(parts: WatchedStore) -> None:
    async def lasting(session: AsgiSession) -> Any:
        parts.break_down()
        await session.reload()

    async with browsing(parts.store, {"/lasting": lasting}) as browser:
        await browser.get("/login")
        assert (await browser.get("/lasting")).status_code == 503
        parts.repair()
        assert (await browser.get("/read")).json()["user"] == "alice"


async def test_the_name_of_a_field_is_a_string(parts: WatchedStore) -> None:
    async def wrong(session: AsgiSession) -> Any:
        session[1] = 1  # type: ignore[index]  # what is tested

    async with browsing(parts.store, {"/wrong": wrong}) as browser:
        with pytest.raises(TypeError):
            await browser.get("/wrong")


# --- signing in and out ---------------------------------------------------------------------------


async def test_signing_in_takes_the_visitors_cart_along_and_his_token_away(
    parts: WatchedStore,
) -> None:
    async with browsing(parts.store) as browser:
        await browser.get("/cart")
        before = browser.token
        assert before
        response = await browser.get("/login")
        assert browser.token != before
        assert await parts.store.validate(before) is None
        assert "no-store" in response.headers["cache-control"]
        assert (await browser.get("/read")).json() == {
            "user": "alice",
            "data": {"cart": ["tea"], "role": "buyer"},
        }


async def test_signing_in_takes_nothing_from_a_session_of_somebody(parts: WatchedStore) -> None:
    async with browsing(parts.store) as browser:
        bob = (await parts.store.create("bob", {"secret": "of bob"})).token
        browser.token = bob
        await browser.get("/login")
        assert (await browser.get("/read")).json() == {"user": "alice", "data": {"role": "buyer"}}
        assert await parts.store.validate(bob) is None


async def test_signing_out_clears_the_browser_and_ends_the_session(parts: WatchedStore) -> None:
    async with browsing(parts.store) as browser:
        await browser.get("/login")
        token = browser.token
        assert token
        response = await browser.get("/logout")
        assert response.json() is True
        assert set_cookies(response) == [CookiePolicy().delete()]
        assert response.headers["clear-site-data"] == '"cache", "storage"'
        assert await parts.store.validate(token) is None
        assert (await browser.get("/logout")).json() is False


async def test_a_session_shows_how_its_user_signed_in(parts: WatchedStore) -> None:
    async def sign_in(session: AsgiSession) -> Any:
        await session.login("alice", auth=AuthContext(methods=("pwd", "otp"), level=2))

    async def look(session: AsgiSession) -> Any:
        assert session.auth is not None
        return [session.auth.methods, session.is_fresh(60, 2), session.is_fresh(60, 3)]

    async def again(session: AsgiSession) -> Any:
        return await session.rotate(auth=AuthContext(methods=("pwd",), level=3))

    handlers = {"/in": sign_in, "/look": look, "/again": again}
    async with browsing(parts.store, handlers) as browser:
        await browser.get("/in")
        assert (await browser.get("/look")).json() == [["pwd", "otp"], True, False]
        parts.clock.advance(seconds=61)
        assert (await browser.get("/look")).json() == [["pwd", "otp"], False, False]
        before = browser.token
        assert (await browser.get("/again")).json() is True
        assert browser.token != before
        assert (await browser.get("/look")).json() == [["pwd"], True, True]


async def test_rotation_without_a_session_says_so(parts: WatchedStore) -> None:
    async def rotate(session: AsgiSession) -> Any:
        return await session.rotate()

    async with browsing(parts.store, {"/rotate": rotate}) as browser:
        assert (await browser.get("/rotate")).json() is False
        browser.token = (await parts.store.create("alice")).token
        await parts.store.destroy_all_for_user("alice")
        assert (await browser.get("/rotate")).json() is False


async def test_changes_before_a_rotation_are_kept(parts: WatchedStore) -> None:
    async def rotate(session: AsgiSession) -> Any:
        session["theme"] = "dark"
        await session.rotate()
        session["size"] = 3

    async with browsing(parts.store, {"/rotate": rotate}) as browser:
        await browser.get("/login")
        await browser.get("/rotate")
        data = (await browser.get("/read")).json()["data"]
        assert data == {"role": "buyer", "theme": "dark", "size": 3}


async def test_a_request_under_the_token_of_before_gets_the_new_one(parts: WatchedStore) -> None:
    async with browsing(parts.store) as browser:
        issued = await parts.store.create("alice")
        rotated = await parts.store.rotate(issued.token)
        assert rotated
        browser.token = issued.token
        assert (await browser.get("/read")).json()["user"] == "alice"
        assert browser.token == rotated.token


async def test_a_new_token_reaches_the_browser_even_when_the_application_fails(
    parts: WatchedStore,
) -> None:
    async def fail(session: AsgiSession) -> Any:
        raise ZeroDivisionError

    async with browsing(parts.store, {"/fail": fail}) as browser:
        issued = await parts.store.create("alice")
        rotated = await parts.store.rotate(issued.token)
        assert rotated
        wire = Wire(browser.app, scope("http", "/fail", issued.token))
        with pytest.raises(ZeroDivisionError):
            await wire.ended()
        start = await wire.sent.get()
        assert start["status"] == 500
        assert dict(start["headers"])[b"set-cookie"].startswith(
            f"{COOKIE}={rotated.token};".encode()
        )
        browser.token = rotated.token
        with pytest.raises(ZeroDivisionError):
            await browser.get("/fail")


async def test_the_others_can_be_ended(parts: WatchedStore) -> None:
    async def others(session: AsgiSession) -> Any:
        return await session.destroy_others()

    async with browsing(parts.store, {"/others": others}) as browser:
        await parts.store.create("alice")
        await browser.get("/login")
        assert (await browser.get("/others")).json() == 1
        assert (await browser.get("/read")).json()["user"] == "alice"


async def test_after_the_response_began_nobody_signs_in(parts: WatchedStore) -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await scope["session"].login("alice")

    wire = Wire(SessionMiddleware(late, parts.store), scope("http", "/", None))
    with pytest.raises(RuntimeError, match="too late"):
        await wire.ended()
    assert parts.commands == 0


# --- headers --------------------------------------------------------------------------------------


async def test_the_cookie_is_sent_again_when_the_session_was_prolonged(
    parts: WatchedStore,
) -> None:
    async with browsing(parts.store) as browser:
        await browser.get("/login")
        assert set_cookies(await browser.get("/read")) == []
        parts.clock.advance(seconds=2 * MINUTE)
        response = await browser.get("/")
        assert set_cookies(response) == [CookiePolicy().set(str(browser.token), 60 * MINUTE)]
        assert response.headers["cache-control"] == "no-store"
        assert set_cookies(await browser.get("/read")) == []


async def test_a_cookie_that_ends_with_the_browser_has_no_age(parts: WatchedStore) -> None:
    from sessions import Lifetime

    async def sign_in(session: AsgiSession) -> Any:
        lifetime = Lifetime(10 * MINUTE, absolute_seconds=20 * MINUTE, persistent=False)
        await session.login("alice", lifetime=lifetime)

    async with browsing(parts.store, {"/in": sign_in}) as browser:
        assert "Max-Age" not in set_cookies(await browser.get("/in"))[0]
        parts.clock.advance(seconds=2 * MINUTE)
        (cookie,) = set_cookies(await browser.get("/"))
        assert "Max-Age" not in cookie


async def test_what_depends_on_the_session_is_neither_stored_nor_shared(
    parts: WatchedStore,
) -> None:
    async with browsing(parts.store) as browser:
        assert (await browser.get("/read")).headers["vary"] == "Cookie"
        await browser.get("/login")
        response = await browser.get("/read")
        assert (response.headers["vary"], response.headers["cache-control"]) == (
            "Cookie",
            "no-store",
        )
        assert "cache-control" not in (await browser.get("/")).headers


async def test_the_applications_own_headers_stay_unless_a_cookie_is_set(
    parts: WatchedStore,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/in":
            await scope["session"].login("alice")
        else:
            len(scope["session"])
        headers = [(b"Cache-Control", b"private, max-age=5"), (b"Vary", b"Accept, Cookie")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async with Browser(SessionMiddleware(app, parts.store)) as browser:
        signed_in = await browser.get("/in")
        assert signed_in.headers.get_list("cache-control") == ["no-store"]
        assert signed_in.headers.get_list("vary") == ["Accept, Cookie"]
        later = await browser.get("/")
        assert later.headers.get_list("cache-control") == ["private, max-age=5"]


# --- when the store fails -------------------------------------------------------------------------


async def test_without_the_store_nobody_is_taken_for_a_stranger(parts: WatchedStore) -> None:
    async with browsing(parts.store) as browser:
        await browser.get("/login")
        parts.break_down()
        response = await browser.get("/read")
        assert response.status_code == 503
        assert response.json().keys() == {"detail", "incident"}
        assert response.headers["retry-after"] == "1"
        assert set_cookies(response) == []
        assert (await browser.get("/")).status_code == 200
        parts.repair()
        assert (await browser.get("/read")).json()["user"] == "alice"


async def test_without_the_store_a_change_is_no_success(parts: WatchedStore) -> None:
    async def change(session: AsgiSession) -> Any:
        session["theme"] = "dark"
        parts.break_down()

    async with browsing(parts.store, {"/change": change}) as browser:
        await browser.get("/login")
        assert (await browser.get("/change")).status_code == 503


async def test_an_error_after_the_response_began_is_the_servers(parts: WatchedStore) -> None:
    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        scope["session"].require_user()

    from sessions.errors import NotSignedIn

    wire = Wire(SessionMiddleware(late, parts.store), scope("http", "/", None))
    with pytest.raises(NotSignedIn):
        await wire.ended()


# --- refusals -------------------------------------------------------------------------------------


async def test_who_has_not_signed_in_gets_one_answer(parts: WatchedStore) -> None:
    async def private(session: AsgiSession) -> Any:
        return session.require_user()

    async with browsing(parts.store, {"/private": private}) as browser:
        stranger = await browser.get("/private")
        browser.token = (await parts.store.create("alice")).token
        assert (await browser.get("/private")).json() == "alice"
        await parts.store.destroy_all_for_user("alice")
        ended = await browser.get("/private")
        await browser.get("/cart")
        visitor = await browser.get("/private")
        assert stranger.status_code == 401
        assert stranger.headers["www-authenticate"] == 'Cookie realm="session"'
        assert stranger.content == ended.content == visitor.content
        assert stranger.headers == ended.headers


async def test_who_has_not_shown_lately_who_he_is_is_asked_again(parts: WatchedStore) -> None:
    async def delicate(session: AsgiSession) -> Any:
        return session.require_fresh(60)

    async with browsing(parts.store, {"/delicate": delicate}) as browser:
        assert (await browser.get("/delicate")).status_code == 401
        await browser.get("/login")
        assert (await browser.get("/delicate")).json() == "alice"
        parts.clock.advance(seconds=61)
        response = await browser.get("/delicate")
        assert response.status_code == 401
        assert "insufficient_user_authentication" in response.headers["www-authenticate"]
        assert "max_age=60" in response.headers["www-authenticate"]


async def test_people_can_be_answered_with_pages(parts: WatchedStore) -> None:
    def page(error: SessionError) -> Answer:
        answer = answer_to(error)
        return replace(answer, page=f"<h1>{answer.status}</h1>")

    async with browsing(parts.store, answer=page) as browser:
        response = await browser.post("/theme", headers={"sec-fetch-site": "cross-site"})
        assert (response.status_code, response.text) == (403, "<h1>403</h1>")
        assert response.headers["content-type"] == "text/html; charset=utf-8"


async def test_a_form_of_another_site_is_refused_before_the_application_sees_it(
    parts: WatchedStore,
) -> None:
    async with browsing(parts.store) as browser:
        response = await browser.post("/login", headers={"sec-fetch-site": "cross-site"})
        assert (response.status_code, set_cookies(response)) == (403, [])
        (event,) = parts.events[-1:]
        assert isinstance(event, events.CsrfRefused)
        assert event.ip_address == "127.0.0.1"


async def test_paths_that_are_open_to_all_sites_can_be_named(parts: WatchedStore) -> None:
    async with browsing(parts.store, csrf_exempt=["/theme"]) as browser:
        headers = {"sec-fetch-site": "cross-site"}
        assert (await browser.post("/theme", headers=headers)).status_code == 200
        assert (await browser.post("/cart", headers=headers)).status_code == 403
    async with browsing(parts.store, csrf="off") as browser:
        assert (await browser.post("/cart", headers=headers)).status_code == 200


async def form_body(scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    token = scope["session"].csrf_token.encode()
    await send({"type": "http.response.body", "body": body or token})


async def test_a_token_is_asked_of_those_who_signed_in(parts: WatchedStore) -> None:
    async with Browser(SessionMiddleware(form_body, parts.store, csrf="token")) as browser:
        assert (await browser.get("/")).text == ""
        assert (await browser.post("/", data={"a": "1"})).text == "a=1"
        issued = await parts.store.create("alice")
        browser.token = issued.token
        token = (await browser.get("/")).text
        other = await browser.get("/")
        assert token != other.text
        assert (await browser.post("/", data={"a": "1"})).status_code == 403
        assert (await browser.post("/", json={"a": 1})).status_code == 403
        form = await browser.post("/", data={"a": "1", "csrf_token": token})
        assert form.text == f"a=1&csrf_token={token}"
        headers = {"x-csrf-token": token}
        assert (await browser.post("/", json={"a": 1}, headers=headers)).status_code == 200
        rotated = await parts.store.rotate(issued.token)
        assert rotated
        browser.token = rotated.token
        assert (await browser.post("/", json={}, headers=headers)).status_code == 200
        browser.token = (await parts.store.create("bob")).token
        assert (await browser.post("/", json={}, headers=headers)).status_code == 403


async def test_a_form_is_searched_up_to_a_limit_and_reaches_the_application_whole(
    parts: WatchedStore,
) -> None:
    async with Browser(SessionMiddleware(form_body, parts.store, csrf="token")) as browser:
        browser.token = (await parts.store.create("alice")).token
        token = (await browser.get("/")).text
        first = {"csrf_token": token, "a": "x" * 2_000_000}
        assert len((await browser.post("/", data=first)).content) > 2_000_000
        last = {"a": "x" * 2_000_000, "csrf_token": token}
        assert (await browser.post("/", data=last)).status_code == 403
        many = {**{f"f{number}": "x" for number in range(2000)}, "csrf_token": token}
        assert (await browser.post("/", data=many)).status_code == 403


async def test_a_form_with_files_shows_its_token_too(parts: WatchedStore) -> None:
    async with Browser(SessionMiddleware(form_body, parts.store, csrf="token")) as browser:
        browser.token = (await parts.store.create("alice")).token
        token = (await browser.get("/")).text
        files = {"photo": ("me.png", b"\x89PNG" * 500_000, "image/png")}
        good = await browser.post("/", data={"csrf_token": token}, files=files)
        assert good.content.count(b"\x89PNG") == 500_000
        assert (await browser.post("/", data={"a": token}, files=files)).status_code == 403
        forged = {"csrf_token": token[::-1]}
        assert (await browser.post("/", data=forged, files=files)).status_code == 403


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *(b"cookie", b"host", b"origin", b"sec-fetch-site", b"x-forwarded-for"),
                *(b"content-type", b"x-csrf-token", b"accept", b"user-agent"),
            ]
        ),
        st.one_of(
            st.binary(max_size=60),
            st.binary(max_size=60).map(lambda value: b"__Host-id=" + value),
            st.sampled_from([b"same-origin", b"https://shop.example", b"multipart/form-data"]),
        ),
    ),
    max_size=8,
)


def test_no_bytes_in_any_header_break_a_request() -> None:
    with asyncio.Runner() as runner:
        store = runner.run(SessionStore.connect())
        app = SessionMiddleware(
            application(HANDLERS), store, csrf="token", trusted_proxies=["192.0.2.0/24"]
        )
        token = runner.run(store.create("alice")).token

        @given(HEADERS, st.sampled_from(["GET", "POST", "HEAD"]), st.booleans())
        def check(headers: list[tuple[bytes, bytes]], method: str, has_token: bool) -> None:
            asked = {**scope("http", "/read", token if has_token else None), "method": method}
            asked["headers"] = [*asked["headers"], *headers]
            assert runner.run(status_of(app, asked)) in {200, 403}

        check()
        runner.run(store.aclose())


async def status_of(app: Any, asked: Scope) -> int:
    wire = Wire(app, asked)
    wire.receive("http.request", body=b"", more_body=False)
    await wire.ended()
    status: int = (await wire.sent.get())["status"]
    return status


# --- WebSockets and streams -----------------------------------------------------------------------


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": str(scope["session"].user_id)})
    while (await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": "still here"})


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
    await asyncio.Event().wait()


async def opened_socket(app: Any, token: str | None) -> tuple[Wire, Message]:
    wire = Wire(app, scope("websocket", "/", token))
    wire.receive("websocket.connect")
    assert (await wire.sent.get())["type"] == "websocket.accept"
    return wire, await wire.sent.get()


async def test_a_websocket_closes_when_its_session_ends_here(parts: WatchedStore) -> None:
    app = SessionMiddleware(echo, parts.store, recheck_seconds=600)
    tokens = [(await parts.store.create("alice")).token for _ in range(4)]
    wires = [await opened_socket(app, token) for token in tokens]
    assert [greeting["text"] for _, greeting in wires] == ["alice"] * 4
    ended = await parts.store.validate(tokens[0])
    assert ended
    await parts.store.destroy_by_id("alice", ended.public_id)
    closing = await wires[0][0].sent.get()
    assert (closing["type"], closing["code"]) == ("websocket.close", 1008)
    await wires[0][0].ended()
    await parts.store.destroy_other_sessions("alice", tokens[3])
    for wire, _ in wires[1:3]:
        assert (await wire.sent.get())["type"] == "websocket.close"
        await wire.ended()
    kept = wires[3][0]
    kept.receive("websocket.receive", text="?")
    assert (await kept.sent.get())["text"] == "still here"
    kept.receive("websocket.disconnect")
    await kept.ended()


async def test_a_websocket_closes_when_its_session_ends_in_another_process(
    make_store: MakeStore, user: str
) -> None:
    here, there = await make_store(), await make_store()
    issued = await here.create(user)
    wire, _ = await opened_socket(SessionMiddleware(echo, here, recheck_seconds=0.01), issued.token)
    await there.destroy(issued.token)
    assert (await wire.sent.get())["type"] == "websocket.close"
    await wire.ended()


@pytest.mark.parametrize("end", ["of_the_user", "of_everybody"])
async def test_an_event_stream_ends_with_its_session(parts: WatchedStore, end: str) -> None:
    token = (await parts.store.create("alice")).token
    app = SessionMiddleware(stream, parts.store, recheck_seconds=600)
    wire = Wire(app, scope("http", "/", token))
    assert (await wire.sent.get())["type"] == "http.response.start"
    assert (await wire.sent.get())["body"] == b"data: 1\n\n"
    if end == "of_the_user":
        await parts.store.destroy_all_for_user("alice")
    else:
        await parts.store.destroy_everything()
    assert await wire.sent.get() == {"type": "http.response.body", "body": b"", "more_body": False}
    await wire.ended()


async def test_a_stream_that_has_said_its_last_word_is_not_ended_once_more(
    parts: WatchedStore,
) -> None:
    async def farewell(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: bye\n\n"})
        await asyncio.Event().wait()

    token = (await parts.store.create("alice")).token
    app = SessionMiddleware(farewell, parts.store, recheck_seconds=600)
    wire = Wire(app, scope("http", "/", token))
    for _ in range(2):
        await wire.sent.get()
    await parts.store.destroy_all_for_user("alice")
    await wire.ended()
    assert wire.sent.empty()


@pytest.mark.parametrize("then", ["send", "receive"])
async def test_who_swallows_the_cancellation_is_cut_off_all_the_same(
    parts: WatchedStore, then: str
) -> None:
    async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await (send({"type": "websocket.send", "text": "secret"}) if then == "send" else receive())

    token = (await parts.store.create("alice")).token
    wire = Wire(SessionMiddleware(stubborn, parts.store), scope("websocket", "/", token))
    wire.receive("websocket.connect")
    assert (await wire.sent.get())["type"] == "websocket.accept"
    await parts.store.destroy(token)
    assert (await wire.sent.get())["type"] == "websocket.close"
    await wire.ended()


async def test_a_stream_outlives_a_store_that_is_away_for_a_moment_only(
    parts: WatchedStore,
) -> None:
    token = (await parts.store.create("alice")).token
    app = SessionMiddleware(stream, parts.store, recheck_seconds=0.001)
    wire = Wire(app, scope("http", "/", token))
    for _ in range(2):
        await wire.sent.get()
    parts.break_down()
    assert (await wire.sent.get())["more_body"] is False
    await wire.ended()


async def test_a_stream_that_cannot_be_watched_ends(
    parts: WatchedStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = (await parts.store.create("alice")).token
    app = SessionMiddleware(stream, parts.store, recheck_seconds=0.001)
    wire = Wire(app, scope("http", "/", token))
    for _ in range(2):
        await wire.sent.get()

    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(parts.store, "validate", broken)
    assert (await wire.sent.get())["more_body"] is False
    await wire.ended()
    assert "could not be watched" in caplog.text


async def test_a_stream_goes_on_when_its_session_gets_another_token(parts: WatchedStore) -> None:
    issued = await parts.store.create("alice")
    wire, _ = await opened_socket(
        SessionMiddleware(echo, parts.store, recheck_seconds=600), issued.token
    )
    rotated = await parts.store.rotate(issued.token)
    assert rotated
    parts.client.answered.clear()
    await parts.client.answered.wait()
    parts.clock.advance(seconds=11)
    await parts.store.destroy(rotated.token)
    assert (await wire.sent.get())["type"] == "websocket.close"
    await wire.ended()


async def test_a_socket_of_nobody_is_left_alone(parts: WatchedStore) -> None:
    wire, greeting = await opened_socket(SessionMiddleware(echo, parts.store), None)
    assert greeting["text"] == "None"
    assert parts.commands == 0
    wire.receive("websocket.disconnect")
    await wire.ended()


async def test_a_cancelled_stream_is_cancelled_by_whoever_did_it(parts: WatchedStore) -> None:
    token = (await parts.store.create("alice")).token
    wire = Wire(SessionMiddleware(stream, parts.store), scope("http", "/", token))
    await wire.sent.get()
    wire.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wire.ended()


async def test_a_page_of_another_site_opens_no_websocket(parts: WatchedStore) -> None:
    token = (await parts.store.create("alice")).token
    headers = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    wire = Wire(SessionMiddleware(echo, parts.store), scope("websocket", "/", token, **headers))
    assert (await wire.sent.get())["type"] == "websocket.close"
    await wire.ended()


async def test_a_websocket_without_the_store_is_told_to_come_again(parts: WatchedStore) -> None:
    token = (await parts.store.create("alice")).token
    parts.break_down()
    wire = Wire(SessionMiddleware(echo_early, parts.store), scope("websocket", "/", token))
    assert await wire.sent.get() == {"type": "websocket.close", "code": 1013, "reason": ""}
    await wire.ended()


async def echo_early(scope: Scope, receive: Receive, send: Send) -> None:
    scope["session"].require_user()


# --- the rest -------------------------------------------------------------------------------------


async def test_what_is_no_connection_passes_through(parts: WatchedStore) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    await Wire(SessionMiddleware(app, parts.store), {"type": "unheard of"}).ended()
    assert seen == [{"type": "unheard of"}]


async def start(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that starts, and ends."""
    for word in ("startup", "shutdown"):
        assert await receive() == {"type": f"lifespan.{word}"}
        await send({"type": f"lifespan.{word}.complete"})


async def test_an_application_starts_on_a_server_that_can_hold_sessions() -> None:
    async with SessionStore.at() as store:
        wire = Wire(SessionMiddleware(start, store), {"type": "lifespan"})
        for word in ("startup", "shutdown"):
            wire.receive(f"lifespan.{word}")
            assert (await wire.sent.get())["type"] == f"lifespan.{word}.complete"
        await wire.ended()


async def test_an_application_does_not_start_on_one_that_cannot(
    redis_cluster: RealCluster,
) -> None:
    url = f"redis://{redis_cluster.host}:{redis_cluster.port}"
    async with SessionStore.at(url, keys=KEYS) as store:
        wire = Wire(SessionMiddleware(start, store), {"type": "lifespan"})
        wire.receive("lifespan.startup")
        refused = await wire.sent.get()
        assert refused["type"] == "lifespan.startup.failed"
        assert "cluster" in refused["message"]
        await wire.ended()


async def test_a_store_that_is_away_keeps_no_application_from_starting() -> None:
    async with SessionStore.at("redis://127.0.0.1:1", keys=KEYS) as store:
        wire = Wire(SessionMiddleware(start, store), {"type": "lifespan"})
        wire.receive("lifespan.startup")
        assert (await wire.sent.get())["type"] == "lifespan.startup.complete"
        wire.receive("lifespan.shutdown")
        await wire.ended()


@pytest.mark.parametrize(
    "settings",
    [
        {"csrf": "yes"},
        {"passive_paths": "/static"},
        {"csrf_exempt": ["hook"]},
        {"trusted_origins": ["app.example"]},
        {"trusted_proxies": ["nowhere"]},
    ],
    ids=str,
)
async def test_settings_that_mean_nothing_are_refused(
    parts: WatchedStore, settings: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError):
        SessionMiddleware(application({}), parts.store, **settings)


def test_a_store_that_does_not_await_is_refused_at_the_start() -> None:
    with (
        SyncSessionStore.connect() as store,
        pytest.raises(ConfigError, match="a SessionStore, not a SyncSessionStore"),
    ):
        SessionMiddleware(application({}), store)  # type: ignore[arg-type]  # the mistake


async def test_the_session_tells_what_it_is_and_no_token(parts: WatchedStore) -> None:
    async def show(session: AsgiSession) -> Any:
        return [repr(session), session.token]

    async with browsing(parts.store, {"/show": show}) as browser:
        await browser.get("/login")
        shown, token = (await browser.get("/show")).json()
        assert token not in shown
        assert "until" in shown
