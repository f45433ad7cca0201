"""``request.session`` in a real Django application, and ``django.contrib.auth`` on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path

from sessions import SyncSessionStore
from sessions.errors import ConfigError
from sessions.http.cookies import CookiePolicy
from tests.sessions.conftest import KEYS, without_rate

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="of a test",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        MIDDLEWARE=[
            "sessions.ext.django.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    django.setup()


def count(request: HttpRequest) -> HttpResponse:
    request.session["count"] = request.session.get("count", 0) + 1
    return JsonResponse(request.session["count"], safe=False)


def login(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth import authenticate
    from django.contrib.auth import login as sign_in

    user = authenticate(request, username=request.GET["name"], password="wonderland")
    sign_in(request, user)
    return HttpResponse("ok")


def logout(request: HttpRequest) -> HttpResponse:
    from django.contrib.auth import logout as sign_out

    sign_out(request)
    return HttpResponse("ok")


def me(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


def private(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.session.require_user())


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


def form(request: HttpRequest) -> HttpResponse:
    from django.middleware.csrf import get_token

    return HttpResponse(get_token(request))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def chunks() -> Iterator[bytes]:
        yield b"a"
        request.session["streamed"] = True
        yield b"b"

    return StreamingHttpResponse(chunks())


def key(request: HttpRequest) -> HttpResponse:
    return JsonResponse([request.session.session_key, request.session.is_empty()], safe=False)


urlpatterns = [
    path("count", count),
    path("login", login),
    path("logout", logout),
    path("me", me),
    path("private", private),
    path("plain", plain),
    path("key", key),
    path("form", form),
    path("stream", stream),
]

COOKIE = CookiePolicy().name


@pytest.fixture(scope="module")
def people() -> Iterator[dict[str, Any]]:
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    yield {name: User.objects.create_user(name, password="wonderland") for name in ("alice", "bob")}
    from django.db import connections

    connections.close_all()


@pytest.fixture
def store() -> Iterator[SyncSessionStore[dict[str, Any]]]:
    with (
        SyncSessionStore.connect(config=without_rate(), keys=KEYS) as store,
        override_settings(SESSIONS_STORE=store),
    ):
        yield store


@pytest.fixture
def browser(store: SyncSessionStore[dict[str, Any]]) -> Client:
    return Client(headers={"sec-fetch-site": "same-origin", "user-agent": "Firefox"})


def test_request_session_is_a_mapping_that_lasts(browser: Client) -> None:
    assert [browser.get("/count").json() for _ in range(3)] == [1, 2, 3]
    cookie = browser.cookies[COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")


def test_a_view_that_asks_for_nothing_has_no_cookie(browser: Client) -> None:
    response = browser.get("/plain")
    assert "Vary" not in response.headers
    assert not response.cookies


def test_whom_django_signs_in_is_the_user_of_the_session(
    browser: Client, store: SyncSessionStore[dict[str, Any]], people: dict[str, Any]
) -> None:
    browser.get("/count")
    before = browser.cookies[COOKIE].value
    browser.post("/login?name=alice")
    assert store.validate(before) is None
    assert browser.get("/me").content == b"alice"
    assert browser.get("/count").json() == 2
    alice = str(people["alice"].pk)
    (info,) = store.get_user_sessions(alice)
    assert info.device_info
    assert info.device_info.user_agent == "Firefox"
    response = browser.get("/me")
    assert (response["Vary"], response["Cache-Control"]) == ("Cookie", "no-store")
    assert store.destroy_all_for_user(alice) == 1
    assert browser.get("/me").content == b"AnonymousUser"


def test_another_user_takes_nothing_over(
    browser: Client, store: SyncSessionStore[dict[str, Any]], people: dict[str, Any]
) -> None:
    browser.post("/login?name=alice")
    browser.get("/count")
    browser.post("/login?name=bob")
    assert browser.get("/me").content == b"bob"
    assert browser.get("/count").json() == 1
    assert store.get_user_sessions(str(people["alice"].pk)) == []


def test_django_signs_out(
    browser: Client, store: SyncSessionStore[dict[str, Any]], people: dict[str, Any]
) -> None:
    browser.post("/login?name=alice")
    token = browser.cookies[COOKIE].value
    response = browser.post("/logout")
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert store.validate(token) is None
    assert browser.get("/me").content == b"AnonymousUser"


def test_the_key_of_a_session_is_no_token(browser: Client) -> None:
    assert browser.get("/key").json() == [None, True]
    browser.get("/count")
    name, is_empty = browser.get("/key").json()
    assert name
    assert name not in browser.cookies[COOKIE].value
    assert not is_empty


def test_refusals_are_answered(browser: Client, people: dict[str, Any]) -> None:
    assert browser.get("/private").status_code == 401
    crossed = browser.post("/login?name=alice", headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403


@pytest.mark.parametrize("in_session", [False, True], ids=["in a cookie", "in the session"])
def test_djangos_csrf_tokens_work_beside_the_check_of_where_a_request_comes_from(
    store: SyncSessionStore[dict[str, Any]], people: dict[str, Any], in_session: bool
) -> None:
    middleware = [*settings.MIDDLEWARE, "django.middleware.csrf.CsrfViewMiddleware"]
    with override_settings(MIDDLEWARE=middleware, CSRF_USE_SESSIONS=in_session):
        ours = {"sec-fetch-site": "same-origin"}
        client = Client(enforce_csrf_checks=True, headers=ours)
        before = client.get("/form").text
        assert client.post("/login?name=alice").status_code == 403
        shown = {"x-csrftoken": before}
        assert client.post("/login?name=alice", headers=shown).status_code == 200
        # Django changes it at a login, and so does the session its token.
        after = {"x-csrftoken": client.get("/form").text}
        assert client.post("/count").status_code == 403
        assert client.post("/count", headers=shown).status_code == 403
        assert client.post("/count", headers=after).json() == 1
        elsewhere = {**after, "sec-fetch-site": "cross-site"}
        assert client.post("/count", headers=elsewhere).status_code == 403
        assert client.post("/logout", headers=after).status_code == 200
        assert store.get_user_sessions(str(people["alice"].pk)) == []


def test_what_a_stream_changes_is_saved_at_its_end(
    browser: Client, store: SyncSessionStore[dict[str, Any]]
) -> None:
    browser.get("/count")
    assert b"".join(browser.get("/stream").streaming_content) == b"ab"
    session = store.validate(browser.cookies[COOKIE].value)
    assert session is not None
    assert session.data["streamed"] is True


def test_a_tenant_has_sessions_of_its_own(store: SyncSessionStore[dict[str, Any]]) -> None:
    tenants = {name: store.for_tenant(name) for name in ("acme", "bolt")}

    def tenant_of(meta: dict[str, Any]) -> Any:
        return tenants.get(meta["QUERY_STRING"])

    with override_settings(SESSIONS_TENANT=tenant_of):
        client = Client(headers={"sec-fetch-site": "same-origin"})
        told = [client.get(f"/count?{name}").json() for name in ("acme", "acme", "bolt", "")]
        assert told == [1, 2, 1, 1]


def test_djangos_own_csrf_tokens_are_enough(store: SyncSessionStore[dict[str, Any]]) -> None:
    with override_settings(SESSIONS_POLICY={"csrf": "token"}), pytest.raises(ConfigError):
        Client().get("/plain")


def test_without_a_store_it_names_the_setting() -> None:
    with pytest.raises(ConfigError, match="set SESSIONS_STORE"):
        Client().get("/count")
