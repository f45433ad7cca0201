"""What the scripts do in their last millisecond, at a second attempt, and with what others left.

Found by planting bugs that no other test noticed: see ``mutations.py``.
"""

from __future__ import annotations

from typing import Any

import pytest
import redis.exceptions

import ferrite_lite
from sessions import (
    DataTooLarge,
    Lifetime,
    RateLimit,
    RequestContext,
    SessionConfig,
    SessionStore,
    atomic,
    events,
)
from sessions.servers.link import Link
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts
from tests.sessions.test_defects_a import records_of

HOME = RequestContext("198.51.100.7")
DAY_SECONDS = 86_400


@pytest.fixture
def timed(clock: ferrite_lite.ManualClock) -> tuple[Any, SessionStore]:
    """A client, and a store on the same data, in a time that the test moves."""
    client = ferrite_lite.Ferrite(clock=clock).client()
    config = SessionConfig(
        ttl_seconds=100,
        absolute_seconds=1000,
        create_limit=RateLimit(1000),
        create_limit_ip=RateLimit(1000),
    )
    return client, SessionStore(Link(client, timeout_seconds=None), config, KEYS)


def index_of(user: str) -> str:
    return f"user:{{{Tokens(KEYS).tag(user)}}}:sessions"


async def test_a_rate_is_forgotten_when_its_window_is_over(
    timed: tuple[Any, SessionStore], clock: ferrite_lite.ManualClock, user: str
) -> None:
    client, store = timed
    await store.create(user, request=HOME)
    keys = [key async for key in client.scan_iter(match="rate:*")]
    assert len(keys) == 2
    for key in keys:
        assert await client.execute_command("PTTL", key) == 3_600_000
    clock.advance(seconds=3601)
    assert [key async for key in client.scan_iter(match="rate:*")] == []


async def test_a_login_clears_the_index_of_what_has_expired(
    timed: tuple[Any, SessionStore], clock: ferrite_lite.ManualClock, user: str
) -> None:
    client, store = timed
    for _ in range(3):
        await store.create(user)
    clock.advance(seconds=200)
    await store.create(user)
    assert await client.execute_command("HLEN", index_of(user)) == 1


async def test_an_eviction_takes_the_entry_out_of_the_index(
    make_store: MakeStore, client: Any, user: str
) -> None:
    store = await make_store(max_sessions_per_user=2)
    for _ in range(4):
        await store.create(user)
        assert await client.execute_command("HLEN", index_of(user)) <= 2


async def test_without_its_entry_in_the_index_a_session_is_dead(
    client: Any, user: str, store: SessionStore
) -> None:
    issued = await store.create(user)
    await client.execute_command("HDEL", index_of(user), *await sids_of(client, user))
    assert await store.validate(issued.token) is None


async def sids_of(client: Any, user: str) -> list[bytes]:
    return list(await client.execute_command("HKEYS", index_of(user)))


async def test_the_names_of_fields_count_as_data(make_store: MakeStore, user: str) -> None:
    store = await make_store(max_data_bytes=100)
    issued = await store.create(user)
    assert await store.patch(issued.token, {"a" * 60: 1}) == 2
    with pytest.raises(DataTooLarge):
        await store.patch(issued.token, {"b" * 60: 1})


async def test_in_its_last_millisecond_a_session_has_ended_for_everything(
    timed: tuple[Any, SessionStore], clock: ferrite_lite.ManualClock, user: str
) -> None:
    client, store = timed
    issued, other = await store.create(user), await store.create(user)
    clock.advance(seconds=50)
    await store.validate(other.token)
    clock.advance(seconds=50)
    assert await client.execute_command("PTTL", (await session_keys(client, user))[0]) >= 0
    assert await store.rotate(issued.token) is None
    assert await store.patch(issued.token, {"a": 1}) is None
    assert await store.destroy_other_sessions(user, issued.token) == 0
    assert await store.validate(issued.token) is None
    assert await store.validate(other.token) is not None


async def session_keys(client: Any, user: str) -> list[bytes]:
    return [key for key in await records_of(client, user) if key.startswith(b"session:")]


async def test_a_rotation_prolongs_the_session_and_its_record(
    timed: tuple[Any, SessionStore], clock: ferrite_lite.ManualClock, user: str
) -> None:
    client, store = timed
    issued = await store.create(user)
    clock.advance(seconds=90)
    rotated = await store.rotate(issued.token, grace_seconds=0)
    assert rotated is not None
    (key,) = await session_keys(client, user)
    assert await client.execute_command("PTTL", key) == 100_000
    clock.advance(seconds=99)
    assert await store.validate(rotated.token) is not None


@pytest.mark.parametrize("operation", ["rotate", "validate"])
async def test_the_index_outlives_a_session_without_an_age_limit(
    timed: tuple[Any, SessionStore],
    clock: ferrite_lite.ManualClock,
    user: str,
    operation: str,
) -> None:
    client, store = timed
    issued = await store.create(user, lifetime=Lifetime(3 * DAY_SECONDS, None))
    for _ in range(3):
        clock.advance(seconds=2 * DAY_SECONDS)
        await getattr(store, operation)(issued.token)
        keys = await session_keys(client, user)  # what leads to the successor is one too
        left_ms = max([await client.execute_command("PTTL", key) for key in keys])
        assert left_ms <= await client.execute_command("PTTL", index_of(user))
        if operation == "rotate":
            return


async def test_a_record_that_the_index_does_not_name_is_no_session_to_end(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user)
    await client.execute_command("DEL", index_of(user))
    assert not await store.destroy(issued.token)


async def test_a_session_whose_record_the_server_has_dropped_is_none_to_end(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user)
    told: list[events.SessionEvent] = []
    store.on_event(told.append)
    await client.execute_command("DEL", *await session_keys(client, user))
    assert not await store.destroy(issued.token)
    assert told == []


async def test_a_rotation_tried_again_does_not_report_a_session_that_was_ended(
    store: SessionStore, client: Any, user: str
) -> None:
    await load_scripts(client)
    interleaved = Interleaved(client)
    again = await SessionStore.connect(interleaved, without_rate(retries=1), keys=KEYS)
    issued = await store.create(user)

    async def end_and_lose_the_answer() -> None:
        await client.execute_command("DEL", index_of(user))
        raise redis.exceptions.ConnectionError("the answer was lost")

    interleaved.at(0, When.AFTER, end_and_lose_the_answer)
    assert await again.rotate(issued.token) is None
    assert interleaved.has_run


async def test_a_generation_never_comes_again(
    timed: tuple[Any, SessionStore], clock: ferrite_lite.ManualClock, user: str
) -> None:
    _, store = timed
    seen = [await store.generation(user)]
    for _ in range(3):  # within one millisecond
        await store.destroy_all_for_user(user)
        seen.append(await store.generation(user))
    clock.advance(ms=atomic.GENERATION_MS + 1)
    await store.destroy_all_for_user(user)
    seen.append(await store.generation(user))
    assert sorted(set(seen)) == seen


async def test_a_label_lasts_as_long_as_the_session_that_may_live_longest(
    timed: tuple[Any, SessionStore], user: str
) -> None:
    client, store = timed
    lasts_ms = []
    for seconds in (1000, 500, 2000, 1500, None, 1000):
        lifetime = Lifetime(100, seconds)
        await store.create(user, labels={"client": "app"}, lifetime=lifetime)
        (key,) = [key async for key in client.scan_iter(match="label:*")]
        (deadline,) = await client.execute_command("HVALS", key)
        left_ms = await client.execute_command("PTTL", key)
        lasts_ms.append(left_ms // 1000)
        assert (int(deadline) == 0) == (left_ms == -1)
    assert lasts_ms == [1060, 1060, 2060, 2060, -1, -1]


async def test_a_token_of_somebody_else_asks_the_store_for_nothing(
    store: SessionStore, between: Between, user: str
) -> None:
    watched = await SessionStore.connect(between, without_rate(), keys=KEYS)
    stranger = await store.create(user + "-other")
    between.calls.clear()
    assert await watched.destroy_other_sessions(user, stranger.token) == 0
    assert between.calls == []
