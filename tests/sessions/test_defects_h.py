"""Group H of the seed document's defects: its own tests, and what stands in their place."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import ferrite_lite
from sessions import SessionStore
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, MakeStore
from tests.sessions.test_defects_a import records_of


async def test_h_the_number_of_sessions_is_exact(make_store: MakeStore, user: str) -> None:
    """The seed's test asserted two at most, which none at all would pass."""
    store = await make_store(max_sessions_per_user=2)
    issued = [await store.create(user) for _ in range(3)]
    alive = [await store.validate(each.token) is not None for each in issued]
    # Which of the first two is the oldest, a millisecond cannot always tell.
    assert sum(alive) == len(await store.get_user_sessions(user)) == 2
    assert alive[2]


async def test_h_a_session_expires(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=100, absolute_seconds=150) as store:
        idle, busy = await store.create(user), await store.create(user)
        clock.advance(ms=99_999)
        assert await store.validate(busy.token) is not None
        clock.advance(ms=1)
        assert await store.validate(idle.token) is None
        assert await store.validate(busy.token) is not None
        clock.advance(seconds=50)
        assert await store.validate(busy.token) is None


async def test_h_logins_and_logouts_at_once_leave_what_they_say(
    store: SessionStore, user: str
) -> None:
    issued = await asyncio.gather(*(store.create(user) for _ in range(10)))
    ended = await asyncio.gather(*(store.destroy(each.token) for each in issued[:5] * 3))
    assert sum(ended) == 5
    listed = {info.public_id for info in await store.get_user_sessions(user)}
    assert listed == {each.public_id for each in issued[5:]}


async def test_h_a_revoked_session_is_refused(store: SessionStore, user: str) -> None:
    issued = [await store.create(user) for _ in range(3)]
    assert await store.destroy_all_for_user(user) == 3
    assert [await store.validate(each.token) for each in issued] == [None] * 3


@pytest.mark.parametrize("token", ["", "junk", Tokens(KEYS).issue("nobody")[0]], ids=len)
async def test_h_a_junk_token_opens_nothing(store: SessionStore, token: str) -> None:
    assert await store.validate(token) is None


async def test_h_a_run_leaves_nothing_behind_that_would_change_the_next(
    store: SessionStore, client: Any, user: str
) -> None:
    for _ in range(2):
        assert await store.get_user_sessions(user) == []
        issued = await store.create(user, {"a": 1})
        assert len(await store.get_user_sessions(user)) == 1
        await store.destroy(issued.token)
        assert await records_of(client, user) == []
