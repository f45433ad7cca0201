"""Sessions in a WSGI application; what holds for ASGI too is tested there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import ferrite_lite
from sessions import SessionStore, SyncSessionStore
from sessions.errors import ConfigError, NotSignedIn
from sessions.http.cookies import CookiePolicy
from sessions.wsgi import KEY, Environ, WsgiApp, WsgiHeaders, WsgiSession, WsgiSessionMiddleware
from tests.sessions.conftest import KEYS, without_rate
from tests.support.asgi import COOKIE
from tests.support.servers import RealServer
from tests.support.wsgi import WsgiBrowser

Handler = Callable[[WsgiSession], Any]


class CountedClient:
    """A client that counts, and can be out of order."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.count = 0
        self.is_broken = False

    def execute_command(self, *words: Any, **options: Any) -> Any:
        self.count += 1
        if self.is_broken:
            raise ConnectionError("no store")
        return self._client.execute_command(*words, **options)

    @property
    def commands(self) -> int:
        """How many requests it got since this was last asked."""
        count, self.count = self.count, 0
        return count


@pytest.fixture
def clock() -> ferrite_lite.ManualClock:
    return ferrite_lite.ManualClock()


@pytest.fixture
def client(clock: ferrite_lite.ManualClock) -> CountedClient:
    return CountedClient(ferrite_lite.Ferrite(clock=clock).sync_client())


@pytest.fixture
def store(client: CountedClient) -> Iterator[SyncSessionStore[dict[str, Any]]]:
    config = without_rate(retries=0, ttl_seconds=3600)
    with SyncSessionStore.connect(client, config, keys=KEYS) as store:
        token = store.create("warm-up").token
        store.patch(token, {"warm": True})
        store.validate(token)
        store.destroy(token)
        client.count = 0
        yield store


def application(handlers: Mapping[str, Handler]) -> WsgiApp:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        answer = json.dumps(handlers[environ["PATH_INFO"]](environ[KEY]))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [answer.encode()]

    return app


def add_to_cart(session: WsgiSession) -> Any:
    session.setdefault("cart", []).append("tea")


def set_theme(session: WsgiSession) -> Any:
    session["theme"] = "dark"


HANDLERS: dict[str, Handler] = {
    "/": lambda session: "hello",
    "/read": lambda session: {"user": session.user_id, "data": dict(session)},
    "/login": lambda session: session.login("alice").user_id,
    "/logout": lambda session: session.logout(),
    "/rotate": lambda session: session.rotate(),
    "/others": lambda session: session.destroy_others(),
    "/load": lambda session: session.load().user_id,
    "/cart": add_to_cart,
    "/theme": set_theme,
    "/private": lambda session: session.require_user(),
}


def browser_of(store: SyncSessionStore[dict[str, Any]], **settings: Any) -> WsgiBrowser:
    return WsgiBrowser(WsgiSessionMiddleware(application(HANDLERS), store, **settings))


def test_nothing_is_asked_for_what_nobody_asks_for(
    store: SyncSessionStore[dict[str, Any]], client: CountedClient
) -> None:
    with browser_of(store) as browser:
        assert set(browser.get("/").headers) == {"content-type"}
        assert browser.get("/read").json() == {"user": None, "data": {}}
        assert client.commands == 0
        browser.get("/login")
        assert client.commands == 1
        browser.get("/")
        assert client.commands == 0
        assert browser.get("/read").json()["user"] == "alice"
        assert client.commands == 1


def test_a_visitors_cart_goes_along_when_he_signs_in(
    store: SyncSessionStore[dict[str, Any]],
) -> None:
    with browser_of(store) as browser:
        browser.get("/cart")
        before = str(browser.token)
        browser.get("/login")
        assert store.validate(before) is None
        browser.get("/cart")
        assert browser.get("/read").json() == {"user": "alice", "data": {"cart": ["tea", "tea"]}}


def test_everything_that_can_be_done_to_a_session_can_be_done_without_awaiting(
    store: SyncSessionStore[dict[str, Any]],
) -> None:
    with browser_of(store) as browser:
        browser.get("/login")
        store.create("alice")
        assert browser.get("/load").json() == "alice"
        before = browser.token
        assert browser.get("/rotate").json() is True
        assert browser.token != before
        assert browser.get("/others").json() == 1
        response = browser.get("/logout")
        assert response.json() is True
        assert response.headers["set-cookie"] == CookiePolicy().delete()
        assert response.headers["clear-site-data"] == '"cache", "storage"'
        assert browser.get("/read").json()["user"] is None


def test_the_cookie_is_sent_again_when_the_session_was_prolonged(
    store: SyncSessionStore[dict[str, Any]], clock: ferrite_lite.ManualClock
) -> None:
    with browser_of(store) as browser:
        browser.get("/login")
        clock.advance(seconds=120)
        assert "set-cookie" not in browser.head("/read").headers
        (cookie,) = browser.get("/read").headers.get_list("set-cookie")
        assert cookie == CookiePolicy().set(str(browser.token), 3600)


def test_without_the_store_nobody_is_taken_for_a_stranger(
    store: SyncSessionStore[dict[str, Any]], client: CountedClient
) -> None:
    with browser_of(store) as browser:
        browser.get("/login")
        client.is_broken = True
        assert browser.get("/").status_code == 200
        for path in ("/read", "/theme"):
            response = browser.get(path)
            assert response.status_code == 503
            assert response.json().keys() == {"detail", "incident"}
        response = browser.get("/logout")
        assert response.status_code == 503
        assert response.headers["set-cookie"] == CookiePolicy().delete()


def test_refusals_are_answered(store: SyncSessionStore[dict[str, Any]]) -> None:
    with browser_of(store) as browser:
        refused = browser.get("/private")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"]
        assert browser.post("/login", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_the_client_is_known_behind_a_proxy(store: SyncSessionStore[dict[str, Any]]) -> None:
    with browser_of(store, trusted_proxies=["127.0.0.1"]) as browser:
        browser.get("/login", headers={"x-forwarded-for": "203.0.113.7"})
        (info,) = store.get_user_sessions("alice")
        assert info.device_info
        assert info.device_info.ip_address == "203.0.113.7"
        assert info.device_info.user_agent == "Firefox"


def read_body(environ: Environ, start_response: Any) -> list[bytes]:
    token = environ[KEY].csrf_token.encode()
    start_response("200 OK", [])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or token]


def test_a_form_shows_its_token_and_is_still_there(
    store: SyncSessionStore[dict[str, Any]],
) -> None:
    app = WsgiSessionMiddleware(read_body, store, csrf="token")
    with WsgiBrowser(app) as browser:
        assert browser.post("/", data={"a": "1"}).text == "a=1"
        browser.token = store.create("alice").token
        token = browser.get("/").text
        assert browser.post("/", data={"a": "1"}).status_code == 403
        good = browser.post("/", data={"a": "1", "csrf_token": token})
        assert good.text == f"a=1&csrf_token={token}"
        assert browser.post("/", json={}, headers={"x-csrf-token": token}).status_code == 200
        long = {"csrf_token": token, "a": "x" * 2_000_000}
        assert len(browser.post("/", data=long).content) > 2_000_000
        last = {"a": "x" * 2_000_000, "csrf_token": token}
        assert browser.post("/", data=last).status_code == 403
        files = {"photo": ("me.png", b"PNG" * 600_000, "image/png")}
        sent = browser.post("/", data={"csrf_token": token}, files=files)
        assert sent.content.count(b"PNG") == 600_000


class Chunks:
    """A body that is made while it is sent, and then closed."""

    def __init__(self, session: WsgiSession) -> None:
        self._session = session
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        yield b"a"
        self._session["streamed"] = True
        yield b"b"

    def close(self) -> None:
        self.closed += 1
        self._session["closed"] = True


def test_what_changes_while_the_response_is_sent_is_written_at_its_end(
    store: SyncSessionStore[dict[str, Any]], client: CountedClient
) -> None:
    made: list[Chunks] = []

    def streaming(environ: Environ, start_response: Any) -> Chunks:
        environ[KEY]["before"] = True
        start_response("200 OK", [])
        made.append(Chunks(environ[KEY]))
        return made[0]

    with WsgiBrowser(WsgiSessionMiddleware(streaming, store)) as browser:
        browser.token = token = store.create("alice").token
        client.count = 0
        assert browser.get("/").text == "ab"
        assert client.commands == 3
        assert made[0].closed == 1
        session = store.validate(token)
        assert session is not None
        assert session.data == {"before": True, "streamed": True, "closed": True}


def test_a_body_that_is_complete_is_handed_on_as_it_is(
    store: SyncSessionStore[dict[str, Any]],
) -> None:
    class File:
        """What a server knows how to send by itself."""

    token = store.create("alice").token
    environ = {
        **{"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_COOKIE": f"{COOKIE}={token}"},
        "wsgi.file_wrapper": File,
    }
    for at, body in enumerate(([b"a"], (b"a",), File())):

        def late(environ: Environ, start_response: Any, at: int = at, body: Any = body) -> Any:
            start_response("200 OK", [])
            environ[KEY]["late"] = at
            return body

        sent = WsgiSessionMiddleware(late, store)({**environ}, lambda *_: None)
        assert sent is body
        session = store.validate(token)
        assert session is not None
        assert session.data == {"late": at}


def test_a_new_visitor_comes_too_late_when_the_response_has_begun(
    store: SyncSessionStore[dict[str, Any]],
) -> None:
    def late(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        environ[KEY]["cart"] = ["tea"]
        return []

    with (
        WsgiBrowser(WsgiSessionMiddleware(late, store)) as browser,
        pytest.raises(RuntimeError, match="too late"),
    ):
        browser.get("/")


def test_a_request_that_lasts_reads_the_session_anew(
    store: SyncSessionStore[dict[str, Any]],
) -> None:
    def lasting(session: WsgiSession) -> Any:
        session["mine"] = 1
        store.patch(session.token or "", {"theirs": 2})
        return dict(session.reload())

    with WsgiBrowser(
        WsgiSessionMiddleware(application({**HANDLERS, "/lasting": lasting}), store)
    ) as browser:
        browser.get("/login")
        assert browser.get("/lasting").json() == {"mine": 1, "theirs": 2}


def test_an_error_after_the_response_began_is_the_servers(
    store: SyncSessionStore[dict[str, Any]],
) -> None:
    def late(environ: Environ, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        raise NotSignedIn

    with WsgiBrowser(WsgiSessionMiddleware(late, store)) as browser, pytest.raises(NotSignedIn):
        browser.get("/")


def test_it_runs_on_a_real_server(redis_server: RealServer) -> None:
    config = without_rate()
    with (
        SyncSessionStore.connect(redis_server.url, config, keys=KEYS) as store,
        browser_of(store) as browser,
    ):
        browser.get("/login")
        browser.get("/theme")
        assert browser.get("/read").json() == {"user": "alice", "data": {"theme": "dark"}}
        assert browser.get("/logout").json() is True


def test_headers_are_found_by_their_names_and_cookies_are_none_of_them() -> None:
    headers = WsgiHeaders(
        {
            **{"HTTP_USER_AGENT": "Firefox", "HTTP_COOKIE": "a=b", "CONTENT_TYPE": "text/plain"},
            **{"CONTENT_LENGTH": "3", "wsgi.input": None},
        }
    )
    assert dict(headers) == {"user-agent": "Firefox", "content-type": "text/plain"}
    assert len(headers) == 2
    assert headers.get("cookie") is None
    assert headers.get("wsgi.input") is headers.get("content-length") is None


def test_a_store_that_awaits_is_refused_at_the_start() -> None:
    def app(environ: Environ, start_response: Any) -> list[bytes]:
        return []

    with pytest.raises(ConfigError, match="a SyncSessionStore, not a SessionStore"):
        WsgiSessionMiddleware(app, SessionStore.at())  # type: ignore[arg-type]  # the mistake
