"""Tenants on one host: a browser is signed in to each by itself, and no page reaches another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from sessions import SessionStore, SyncSessionStore
from sessions.asgi import App, AsgiSession, Scope, SessionMiddleware
from sessions.ext.fastapi import router
from sessions.http.cookies import CookiePolicy
from sessions.web import Verify, routes
from sessions.wsgi import KEY, Environ, WsgiSessionMiddleware
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.test_asgi import HANDLERS
from tests.sessions.webparts import WatchedStore, watched_store
from tests.support.asgi import Browser, application
from tests.support.wsgi import WsgiBrowser

NAMES = ("acme", "bolt")


@pytest.fixture
async def parts() -> AsyncIterator[WatchedStore]:
    async with watched_store() as watched:
        yield watched


@pytest.fixture
def tenants(parts: WatchedStore) -> dict[str, SessionStore[dict[str, Any]]]:
    return {name: parts.store.for_tenant(name) for name in NAMES}


def host_of(scope: Scope) -> str:
    """These tests tell tenants apart by the query; the host is one."""
    found: bytes = scope["query_string"]
    return found.decode()


async def show_token(session: AsgiSession) -> Any:
    return session.csrf_token


@pytest.fixture
async def browser(
    parts: WatchedStore, tenants: dict[str, SessionStore[dict[str, Any]]]
) -> AsyncIterator[Browser]:
    app = SessionMiddleware(
        application({**HANDLERS, "/csrf": show_token}),
        parts.store,
        tenant=lambda scope: tenants.get(host_of(scope)),
        csrf="token",
    )
    async with Browser(app) as browser:
        yield browser


async def user_at(browser: Browser, name: str) -> Any:
    return (await browser.get(f"/read?{name}")).json()["user"]


async def test_who_signs_in_to_two_tenants_of_one_host_is_signed_in_to_both(
    browser: Browser, tenants: dict[str, SessionStore[dict[str, Any]]]
) -> None:
    await browser.get("/login?acme")
    assert [await user_at(browser, name) for name in (*NAMES, "")] == ["alice", None, None]
    await browser.get("/login?bolt")
    await browser.get("/login")
    assert [await user_at(browser, name) for name in (*NAMES, "")] == ["alice"] * 3
    await browser.get("/logout?acme")
    assert [await user_at(browser, name) for name in (*NAMES, "")] == [None, "alice", "alice"]
    assert [len(await each.get_user_sessions("alice")) for each in tenants.values()] == [0, 1]


async def test_the_cookie_of_a_tenant_has_a_name_that_is_always_the_same_and_tells_nothing(
    browser: Browser, parts: WatchedStore
) -> None:
    (first,) = (await browser.get("/login?acme")).headers.get_list("set-cookie")
    name = first.partition("=")[0]
    assert name.startswith(f"{CookiePolicy().name}-")
    assert "acme" not in name
    app = SessionMiddleware(
        application(HANDLERS), parts.store, tenant=lambda _: parts.store.for_tenant("acme")
    )
    async with Browser(app) as another:
        for _ in range(2):
            (cookie,) = (await another.get("/login")).headers.get_list("set-cookie")
            assert cookie.partition("=")[0] == name


async def test_a_form_of_one_tenant_is_none_of_another(browser: Browser) -> None:
    tokens = {}
    for name in NAMES:
        await browser.get(f"/login?{name}")
        tokens[name] = (await browser.get(f"/csrf?{name}")).json()
    for name in NAMES:
        for shown, token in tokens.items():
            sent = await browser.post(f"/theme?{name}", headers={"x-csrf-token": token})
            assert sent.status_code == (200 if shown == name else 403)


async def test_without_a_cookie_a_tenant_costs_nothing(
    browser: Browser, parts: WatchedStore
) -> None:
    await browser.get("/read?acme")
    assert parts.commands == 0


def starlette_app(store: SessionStore[dict[str, Any]], verify: Verify) -> App:
    return Starlette(routes=routes(store, verify))


def fastapi_app(store: SessionStore[dict[str, Any]], verify: Verify) -> App:
    app = FastAPI()
    app.include_router(router(store, verify))
    return app


def with_routes(
    parts: WatchedStore,
    tenants: dict[str, SessionStore[dict[str, Any]]],
    verify: Verify,
    make_app: Callable[..., App] = starlette_app,
) -> Browser:
    """A browser of an application that has the ready-made routes, and all tenants."""
    app = SessionMiddleware(
        make_app(parts.store, verify),
        parts.store,
        tenant=lambda scope: tenants.get(host_of(scope)),
    )
    return Browser(app)


async def test_the_routes_are_those_of_whichever_tenant_it_is(
    parts: WatchedStore, tenants: dict[str, SessionStore[dict[str, Any]]]
) -> None:
    credentials = {"username": "alice", "password": "wonderland"}
    async with with_routes(parts, tenants, lambda name, password: name) as browser:
        for name in (*NAMES, ""):
            await tenants["acme"].create("alice")
            assert (await browser.post(f"/login?{name}", json=credentials)).status_code == 200
        listed = {name: (await browser.get(f"/sessions?{name}")).json() for name in (*NAMES, "")}
        assert [len(each) for each in listed.values()] == [4, 1, 1]
        another = next(each for each in listed["acme"] if not each["is_current"])
        for name, status in (("bolt", 404), ("", 404), ("acme", 200)):
            ended = await browser.delete(f"/sessions/{another['public_id']}?{name}")
            assert ended.status_code == status


def plain(name: str, password: str, tenant: str | None) -> str | None:
    return name if password == f"of {tenant}" else None


async def awaited(name: str, password: str, *, tenant: str | None = "nobody's") -> str | None:
    return plain(name, password, tenant)


class Users:
    async def __call__(self, name: str, password: str, tenant: str | None) -> str | None:
        return plain(name, password, tenant)


@pytest.mark.parametrize("make_app", [starlette_app, fastapi_app])
@pytest.mark.parametrize("verify", [plain, awaited, Users()], ids=["plain", "awaited", "object"])
async def test_a_password_is_one_at_the_tenant_that_it_was_typed_for(
    parts: WatchedStore,
    tenants: dict[str, SessionStore[dict[str, Any]]],
    verify: Verify,
    make_app: Callable[..., App],
) -> None:
    async with with_routes(parts, tenants, verify, make_app) as browser:
        for name, tenant in (("acme", "acme"), ("bolt", "bolt"), ("", None)):
            for of in ("acme", "bolt", None):
                credentials = {"username": "alice", "password": f"of {of}"}
                answer = await browser.post(f"/login?{name}", json=credentials)
                assert answer.status_code == (200 if of == tenant else 401)


async def test_who_guesses_passwords_of_one_tenant_locks_nobody_out_of_another(
    parts: WatchedStore, tenants: dict[str, SessionStore[dict[str, Any]]]
) -> None:
    async with with_routes(parts, tenants, lambda name, password: None) as browser:
        wrong = {"username": "alice", "password": "underland"}
        for _ in range(10):
            await browser.post("/login?acme", json=wrong)
        for name, status in (("acme", 429), ("bolt", 401), ("", 401)):
            assert (await browser.post(f"/login?{name}", json=wrong)).status_code == status


# --- without awaiting -----------------------------------------------------------------------------


@pytest.fixture
def store() -> Iterator[SyncSessionStore[dict[str, Any]]]:
    with SyncSessionStore.connect(config=without_rate(), keys=KEYS) as store:
        yield store


def test_a_wsgi_application_has_tenants_too(store: SyncSessionStore[dict[str, Any]]) -> None:
    tenants = {name: store.for_tenant(name) for name in NAMES}

    def app(environ: Environ, start_response: Any) -> list[bytes]:
        session = environ[KEY]
        if environ["PATH_INFO"] == "/login":
            session.login("alice")
        user = str(session.user_id).encode()
        assert session.store is tenants.get(environ["QUERY_STRING"], store)
        start_response("200 OK", [])
        return [user]

    middleware = WsgiSessionMiddleware(
        app, store, tenant=lambda environ: tenants.get(environ["QUERY_STRING"])
    )
    with WsgiBrowser(middleware) as browser:
        browser.get("/login?acme")
        assert [browser.get(f"/?{name}").text for name in (*NAMES, "")] == ["alice", "None", "None"]
        browser.get("/login?bolt")
        assert [browser.get(f"/?{name}").text for name in NAMES] == ["alice", "alice"]
        assert [len(each.get_user_sessions("alice")) for each in tenants.values()] == [1, 1]
        assert store.tenant is None
        assert tenants["acme"].tenant == "acme"
