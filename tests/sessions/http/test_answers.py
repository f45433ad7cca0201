"""What is answered to an error: the same to everybody, and nothing that it says of itself."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import pytest

from sessions import errors
from sessions.errors import SessionError, StoreUnavailable
from sessions.http.answers import answer_to

#: What some errors are made with.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "SessionLimitReached": (3,),
    "FreshAuthenticationRequired": (60.0, 2),
    "RateLimited": (0.2,),
    "TooManyGuesses": (0.2,),
    "SessionLocked": (0.2,),
    "VersionConflict": (7,),
    "DataTooLarge": (100, 50),
    "CsrfRefused": ("secret reason",),
    "BadRequest": (422, "give username and password"),
}
KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, SessionError)
]
EXPECTED = {
    "NotSignedIn": 401,
    "StaleLogin": 401,
    "FreshAuthenticationRequired": 401,
    "CsrfRefused": 403,
    "NoSuchSession": 404,
    "SessionLimitReached": 409,
    "SessionLocked": 409,
    "BadRequest": 422,
    "RateLimited": 429,
    "TooManyGuesses": 429,
    "StoreUnavailable": 503,
}


def made(kind: type[SessionError]) -> SessionError:
    """An error of this kind, whose text names something internal if it may."""
    if kind.__name__ in ARGUMENTS:
        return kind(*ARGUMENTS[kind.__name__])
    try:
        return kind("db-7.internal")
    except TypeError:
        return kind()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_every_error_has_an_answer_that_tells_nothing_of_it(
    kind: type[SessionError], caplog: pytest.LogCaptureFixture
) -> None:
    error = made(kind)
    with caplog.at_level(logging.ERROR, "sessions"):
        answer = answer_to(error)
    assert answer.status == EXPECTED.get(kind.__name__, 500)
    headers = dict(answer.all_headers)
    assert headers["cache-control"] == "no-store"
    assert headers["content-length"] == str(len(answer.body))
    shown = answer.body.decode() + str(headers)
    assert "internal" not in shown
    assert "secret" not in shown
    assert kind.__name__ not in shown
    assert (answer.status >= 500) == ("incident" in answer.content)
    if answer.status >= 500:
        assert answer.content["incident"] in caplog.text


def test_no_wait_is_told_as_none() -> None:
    assert dict(answer_to(errors.RateLimited(0.001)).headers)["retry-after"] == "1"
    assert dict(answer_to(errors.RateLimited(61.2)).headers)["retry-after"] == "62"


def test_a_store_that_is_away_is_one_line_in_the_log_for_each_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "sessions"):
        answer_to(StoreUnavailable("the store did not answer"))
        answer_to(SessionError("a defect"))
    away, defect = caplog.records
    assert away.getMessage().endswith("StoreUnavailable: the store did not answer")
    assert away.exc_info is None
    assert defect.exc_info is not None
