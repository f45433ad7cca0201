"""What a session finds out about itself without asking anybody: what has changed, what is due."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import SessionStore
from sessions.http.csrf import CsrfProtector
from sessions.http.policy import WebPolicy
from sessions.http.request import Request
from sessions.http.websession import Emptied, NewVisitor, Patch, WebSession
from sessions.record import Session
from tests.sessions.conftest import KEYS, without_rate

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.text(max_size=2))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)
#: What an application does to its data; "grow" changes a value in place where that is possible.
STEPS = st.one_of(
    st.tuples(st.just("set"), NAMES, VALUES),
    st.tuples(st.sampled_from(["delete", "read", "grow", "shrink"]), NAMES, st.none()),
    st.tuples(st.just("clear"), st.just(""), st.none()),
)


def web_session(held: Session[dict[str, Any]] | None) -> WebSession:
    request = Request(WebPolicy(), "GET", "/", {}, [], "192.0.2.7")
    session = WebSession(request, CsrfProtector(lambda label, message: message))
    session.found(held)
    return session


def play(data: Any, step: tuple[str, str, Any]) -> None:
    """One step, on a session or on the dictionary that it should be like."""
    action, name, value = step
    if action == "clear":
        data.clear()
    elif action == "set":
        data[name] = copy.deepcopy(value)
    elif name in data:
        if action == "delete":
            del data[name]
        elif isinstance(data[name], list):
            data[name].append("more") if action == "grow" else data[name].clear()
        elif isinstance(data[name], dict):
            data[name].update(more=1) if action == "grow" else data[name].clear()


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is not True."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@pytest.fixture
async def store() -> AsyncIterator[SessionStore[dict[str, Any]]]:
    async with await SessionStore.connect(config=without_rate(), keys=KEYS) as store:
        yield store


@given(st.dictionaries(NAMES, VALUES), st.lists(STEPS, max_size=8))
def test_what_is_written_is_what_has_changed_and_no_more(
    data: dict[str, Any], steps: list[tuple[str, str, Any]]
) -> None:
    session, expected = web_session(_held(data)), copy.deepcopy(data)
    for step in steps:
        play(session, step)
        play(expected, step)
        assert same(dict(session), expected)
        assert len(session) == len(expected)
    due = session.due()
    written = due if isinstance(due, Patch) else Patch({}, [])
    after = {**data, **written.set}
    for name in written.remove:
        del after[name]
    assert same(after, expected)
    assert all(name not in data or not same(data[name], written.set[name]) for name in written.set)
    session.saved()
    assert session.due() is None


def _held(data: dict[str, Any]) -> Any:
    """The part of a session that changes are found with."""

    class Held:
        user_id = "alice"
        fields = copy.deepcopy(data)
        touched = False

    return Held()


@given(st.lists(STEPS, max_size=8))
def test_a_visitor_needs_a_session_when_there_is_something_to_keep(
    steps: list[tuple[str, str, Any]],
) -> None:
    session: WebSession = web_session(None)
    expected: dict[str, Any] = {}
    for step in steps:
        play(session, step)
        play(expected, step)
    due = session.due()
    if expected:
        assert isinstance(due, NewVisitor)
        assert same(due.data, expected)
    else:
        assert due is None


def test_a_value_that_is_changed_after_it_was_saved_is_due_again() -> None:
    session = web_session(_held({"cart": ["tea"]}))
    cart = session["cart"]
    cart.append("milk")
    assert session.due() == Patch({"cart": ["tea", "milk"]}, [])
    session.saved()
    assert session.due() is None
    cart.append("honey")
    assert session.due() == Patch({"cart": ["tea", "milk", "honey"]}, [])


def test_a_visitors_data_that_is_gone_ends_his_session() -> None:
    held = _held({"cart": []})
    held.user_id = None
    session = web_session(held)
    del session["cart"]
    assert session.due() == Emptied()


async def test_a_session_of_the_store_is_read_field_by_field(
    store: SessionStore[dict[str, Any]],
) -> None:
    data = {"a": [1, {"b": None}], "": "no name", "d:": "like a prefix", "ü": "ü"}
    session = await store.validate((await store.create("alice", data)).token)
    assert session
    assert dict(session.fields) == data
    assert len(session.fields) == 4
    with pytest.raises(KeyError):
        session.fields["public_id"]
