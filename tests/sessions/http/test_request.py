"""What a request is: somebody's activity or not, a change or not."""

from __future__ import annotations

import pytest

from sessions.http.policy import WebPolicy
from sessions.http.request import Request

POLICY = WebPolicy(passive_paths=["/static/", "/poll"], csrf_exempt=["/hook"])


def request_of(method: str = "GET", path: str = "/", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(POLICY, method, path, named, [], "192.0.2.7")


@pytest.mark.parametrize(
    ("request_", "is_passive"),
    [
        (request_of("GET"), False),
        (request_of("POST"), False),
        (request_of("HEAD"), True),
        (request_of("OPTIONS"), True),
        (request_of("GET", "/static/logo.png"), True),
        (request_of("GET", "/statics"), False),
        (request_of("GET", "/poll/events"), True),
        (request_of(accept="text/event-stream"), True),
        (request_of(accept="text/html, text/event-stream"), False),
    ],
)
def test_activity_is_what_a_person_does(request_: Request, is_passive: bool) -> None:
    assert request_.is_passive is is_passive


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "get", "PURGE"])
def test_a_method_that_is_not_known_to_be_safe_must_show_where_it_comes_from(method: str) -> None:
    assert request_of(method).must_show_origin
    assert not request_of(method, "/hook/payment").must_show_origin
    assert not request_of("GET").must_show_origin
