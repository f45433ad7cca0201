"""``flask.session`` in a real Flask application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flask
import pytest

from sessions import SyncSessionStore
from sessions.ext.flask import current_session, init_app
from tests.sessions.conftest import KEYS, without_rate
from tests.support.wsgi import WsgiBrowser


@pytest.fixture
def store() -> Iterator[SyncSessionStore[dict[str, Any]]]:
    with SyncSessionStore.connect(config=without_rate(), keys=KEYS) as store:
        yield store


def application(store: SyncSessionStore[dict[str, Any]], **settings: Any) -> flask.Flask:
    app = flask.Flask("shop")
    init_app(app, store, **settings)

    @app.get("/count")
    def count() -> str:
        flask.session["count"] = flask.session.get("count", 0) + 1
        return str(flask.session["count"])

    @app.get("/cart")
    def cart() -> list[str]:
        flask.session.setdefault("cart", []).append("tea")
        goods: list[str] = flask.session["cart"]
        return goods

    @app.post("/login")
    def login() -> str:
        flask.session.permanent = True
        current_session().login("alice")
        flask.flash("welcome")
        return "ok"

    @app.post("/logout")
    def logout() -> str:
        return str(current_session().logout())

    @app.get("/me")
    def me() -> str:
        messages = flask.get_flashed_messages()
        return f"{current_session().require_user()} {messages} {flask.session.permanent}"

    @app.get("/plain")
    def plain() -> str:
        return "hello"

    return app


def test_flask_session_is_a_mapping_that_lasts(store: SyncSessionStore[dict[str, Any]]) -> None:
    with WsgiBrowser(application(store)) as browser:
        assert [browser.get("/count").text for _ in range(3)] == ["1", "2", "3"]
        assert [browser.get("/cart").json() for _ in range(2)] == [["tea"], ["tea", "tea"]]


def test_somebody_signs_in_and_out(store: SyncSessionStore[dict[str, Any]]) -> None:
    with WsgiBrowser(application(store)) as browser:
        browser.get("/count")
        before = str(browser.token)
        browser.post("/login")
        assert store.validate(before) is None
        assert browser.get("/me").text == "alice ['welcome'] True"
        assert browser.get("/me").text == "alice [] True"
        assert browser.get("/count").text == "2"
        assert browser.post("/logout").text == "True"
        assert browser.get("/me").status_code == 401


def test_a_view_that_asks_for_nothing_has_no_cookie(
    store: SyncSessionStore[dict[str, Any]],
) -> None:
    with WsgiBrowser(application(store)) as browser:
        assert browser.get("/plain").headers.get("vary") is None
        assert browser.token is None


def test_forms_of_other_sites_are_refused(store: SyncSessionStore[dict[str, Any]]) -> None:
    with WsgiBrowser(application(store)) as browser:
        assert browser.post("/login", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_without_the_middleware_there_is_no_session_of_ours() -> None:
    app = flask.Flask("shop")
    app.secret_key = "a key"
    with app.test_request_context(), pytest.raises(TypeError):
        current_session()


def test_flasks_own_test_client_works(store: SyncSessionStore[dict[str, Any]]) -> None:
    client = application(store).test_client()
    headers = {"sec-fetch-site": "same-origin"}
    client.post("/login", base_url="https://shop.example", headers=headers)
    assert client.get("/count", base_url="https://shop.example").text == "1"
    assert client.get("/count", base_url="https://shop.example").text == "2"
