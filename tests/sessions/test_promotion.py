"""A visitor who becomes a user, while others do something with his session: one of them has it.

One promotion is stopped before and after each of its commands while something else runs to its end.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import redis.exceptions

import ferrite_lite
from sessions import (
    AuthContext,
    IssuedSession,
    SessionLimitReached,
    SessionStore,
    events,
)
from sessions.config import OnLimit
from tests.sessions.conftest import KEYS, MakeStore, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts

#: A promotion whose visitor changes his data meanwhile sends no more.
MOST_COMMANDS = 10
POINTS = list(itertools.product(range(MOST_COMMANDS), When))


@pytest.fixture
async def interleaved(client: Any) -> Interleaved:
    await load_scripts(client)
    return Interleaved(client)


@pytest.fixture
async def stopped(interleaved: Interleaved) -> SessionStore:
    """A second store on the same data, whose operations can be stopped."""
    return await SessionStore.connect(interleaved, without_rate(), keys=KEYS)


Meanwhile = Callable[[IssuedSession], Awaitable[Any]]


async def at_every_point(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, meanwhile: Meanwhile
) -> AsyncIterator[tuple[str, IssuedSession, list[Any]]]:
    """A user's name, a visitor, and what will have come of the other operation; for every point."""
    for number, (command, when) in enumerate(POINTS):
        visitor = await store.create(None, {"cart": ["tea"]})
        outcome: list[Any] = []

        async def act(visitor: IssuedSession = visitor, outcome: list[Any] = outcome) -> None:
            outcome.append(await meanwhile(visitor))

        interleaved.at(command, when, act)
        yield f"{visitor.public_id}-{number}", visitor, outcome
        if not interleaved.has_run:
            return


def heard(*stores: SessionStore) -> list[events.SessionEvent]:
    told: list[events.SessionEvent] = []
    for each in stores:
        each.on_event(told.append, events.Created, events.Destroyed)
    return told


async def test_two_promotions_that_race_end_as_one_session(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved
) -> None:
    user = ""

    async def promote(visitor: IssuedSession) -> Any:
        return await store.rotate(visitor.token, user_id=user)

    async for user, visitor, outcome in at_every_point(store, stopped, interleaved, promote):
        told = heard(store, stopped)
        mine = await stopped.rotate(visitor.token, user_id=user)
        if not outcome:
            break
        tokens = {each.token for each in (mine, *outcome) if each is not None}
        (session,) = await store.get_user_sessions(user)
        assert len(tokens) == 1
        found = await store.validate(tokens.pop())
        assert found is not None
        assert (found.public_id, found.data) == (session.public_id, {"cart": ["tea"]})
        assert await store.validate(visitor.token) is None
        ends = [event for event in told if isinstance(event, events.Destroyed)]
        assert told.count(events.Created(user, session.public_id)) == 1
        assert ends == [events.Destroyed(visitor.public_id, events.Why.REPLACED)]


async def test_of_two_users_who_race_for_a_visitors_session_one_has_it(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved
) -> None:
    user = ""

    async def promote(visitor: IssuedSession) -> Any:
        return await store.rotate(visitor.token, user_id=f"{user}-other")

    async for user, visitor, outcome in at_every_point(store, stopped, interleaved, promote):
        mine = await stopped.rotate(visitor.token, user_id=user)
        if not outcome:
            break
        assert [mine, *outcome].count(None) == 1
        left = [await store.get_user_sessions(each) for each in (user, f"{user}-other")]
        assert [len(each) for each in left] == [each is not None for each in (mine, *outcome)]


async def test_a_visitor_who_signs_out_meanwhile_is_signed_in_or_out_and_not_both(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved
) -> None:
    async def sign_out(visitor: IssuedSession) -> Any:
        return await store.destroy(visitor.token)

    seen = set()
    async for user, visitor, outcome in at_every_point(store, stopped, interleaved, sign_out):
        mine = await stopped.rotate(visitor.token, user_id=user)
        if not outcome:
            break
        assert (mine is not None) != outcome[0]
        assert len(await store.get_user_sessions(user)) == (mine is not None)
        seen.add(outcome[0])
    assert seen == {True, False}


async def test_what_a_visitor_writes_meanwhile_comes_along_whoever_promotes_him(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved
) -> None:
    user = ""

    async def write_and_promote(visitor: IssuedSession) -> Any:
        version = await store.patch(visitor.token, {"cart": ["tea", "milk"]})
        return version, await store.rotate(visitor.token, user_id=user)

    async for user, visitor, outcome in at_every_point(
        store, stopped, interleaved, write_and_promote
    ):
        mine = await stopped.rotate(visitor.token, user_id=user)
        if not outcome:
            break
        ((version, theirs),) = outcome
        winner = mine or theirs
        assert winner is not None
        found = await store.validate(winner.token)
        assert found is not None
        assert found.data == {"cart": ["tea", "milk"] if version else ["tea"]}
        assert len(await store.get_user_sessions(user)) == 1


async def test_a_user_who_signs_out_at_once_is_not_signed_in_again_by_a_late_promotion(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved
) -> None:
    user = ""

    async def in_and_out(visitor: IssuedSession) -> Any:
        session = await store.rotate(visitor.token, user_id=user)
        return session is not None and await store.destroy(session.token)

    async for user, visitor, outcome in at_every_point(store, stopped, interleaved, in_and_out):
        mine = await stopped.rotate(visitor.token, user_id=user)
        if not outcome:
            break
        was_in = outcome[0]
        # Who was in first has signed out; who came before him is in.
        alive = mine is not None and await store.validate(mine.token) is not None
        assert alive != was_in
        assert len(await store.get_user_sessions(user)) == alive


@pytest.mark.parametrize("policy", [OnLimit.EVICT_OLDEST, OnLimit.REJECT])
async def test_promotions_that_race_evict_nobody_for_each_other(
    make_store: MakeStore, interleaved: Interleaved, policy: OnLimit
) -> None:
    settings = {"max_sessions_per_user": 2, "on_limit": policy}
    store = await make_store(**settings)
    stopped = await SessionStore.connect(interleaved, without_rate(**settings), keys=KEYS)
    user = ""

    async def promote(visitor: IssuedSession) -> Any:
        return await store.rotate(visitor.token, user_id=user)

    async for user, visitor, outcome in at_every_point(store, stopped, interleaved, promote):
        other = await store.create(user)
        mine = await stopped.rotate(visitor.token, user_id=user)
        if not outcome:
            break
        assert mine is not None or outcome[0] is not None
        assert await store.validate(other.token) is not None
        assert len(await store.get_user_sessions(user)) == 2


async def test_who_comes_second_and_has_shown_more_gets_what_he_has_shown(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved
) -> None:
    user = ""

    async def promote(visitor: IssuedSession) -> Any:
        return await store.rotate(visitor.token, user_id=user, auth=AuthContext(("pwd",)))

    async for user, visitor, outcome in at_every_point(store, stopped, interleaved, promote):
        auth = AuthContext(("pwd", "otp"), level=2)
        mine = await stopped.rotate(visitor.token, user_id=user, auth=auth)
        if not outcome:
            break
        sessions = await store.get_user_sessions(user)
        assert len(sessions) == (mine is not None or outcome[0] is not None)
        if mine is not None:
            found = await store.validate(mine.token)
            assert found is not None
            assert found.is_fresh(60, level=2)


async def test_a_promotion_whose_answers_are_lost_opens_one_session(
    store: SessionStore, client: Any, interleaved: Interleaved
) -> None:
    lossy = await SessionStore.connect(interleaved, without_rate(retries=1), keys=KEYS)

    async def lose(_: IssuedSession) -> None:
        raise redis.exceptions.ConnectionError("the answer was lost")

    told = heard(lossy)
    async for user, visitor, _ in at_every_point(store, lossy, interleaved, lose):
        told.clear()
        session = await lossy.rotate(visitor.token, user_id=user)
        assert session is not None
        assert [info.public_id for info in await store.get_user_sessions(user)] == [
            session.public_id
        ]
        assert told == [
            events.Created(user, session.public_id),
            events.Destroyed(visitor.public_id, events.Why.REPLACED),
        ]


async def test_the_visitors_token_opens_nothing_after_the_promotion(
    store: SessionStore, user: str
) -> None:
    visitor = await store.create(None)
    session = await store.rotate(visitor.token, user_id=user)
    assert session is not None
    assert await store.validate(visitor.token) is None
    assert await store.rotate(visitor.token) is None
    assert await store.rotate(visitor.token, user_id=user) is None
    assert await store.validate(session.token) is not None


class BrokenOff(Exception):
    """Whoever promoted has got no further."""


async def break_off(stopped: SessionStore, interleaved: Interleaved, token: str, user: str) -> None:
    """Promote a visitor, and stop when the user's session is there and the visitor's still is."""

    async def stop() -> None:
        raise BrokenOff

    interleaved.at(1, When.AFTER, stop)
    with pytest.raises(BrokenOff):
        await stopped.rotate(token, user_id=user)


async def test_a_promotion_that_was_broken_off_is_taken_up_by_the_next(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, user: str
) -> None:
    visitor = await store.create(None, {"cart": ["tea"]})
    await break_off(stopped, interleaved, visitor.token, user)
    session = await store.rotate(visitor.token, user_id=user)
    assert session is not None
    assert session.data == {"cart": ["tea"]}
    assert len(await store.get_user_sessions(user)) == 1
    assert await store.validate(visitor.token) is None


async def test_a_promotion_that_was_broken_off_and_whose_session_was_ended_begins_anew(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, user: str
) -> None:
    visitor = await store.create(None, {"cart": ["tea"]})
    await break_off(stopped, interleaved, visitor.token, user)
    assert await store.destroy_all_for_user(user) == 1
    session = await store.rotate(visitor.token, user_id=user)
    assert session is not None
    assert await store.validate(session.token) is not None


async def test_a_promotion_that_is_refused_leaves_the_visitor_as_he_was(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    settings = {"max_sessions_per_user": 1, "on_limit": OnLimit.REJECT}
    async with await make_timed_store(**settings) as store:
        await store.create(user)
        visitor = await store.create(None)
        with pytest.raises(SessionLimitReached):
            await store.rotate(visitor.token, user_id=user)
        assert await store.validate(visitor.token) is not None
