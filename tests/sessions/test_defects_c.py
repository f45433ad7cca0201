"""Group C of the seed document's defects: index, limits, expiry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import ferrite_lite
from sessions import (
    ConfigError,
    DeviceInfo,
    Lifetime,
    OnLimit,
    SessionConfig,
    SessionLimitReached,
    SessionStore,
    events,
)
from sessions.tokens import Ticket, Tokens
from tests.sessions.conftest import KEYS, MakeStore, without_rate
from tests.sessions.test_defects_a import records_of


def require(ticket: Ticket | None) -> Ticket:
    assert ticket is not None
    return ticket


async def test_c1_every_key_has_a_deadline(make_store: MakeStore, client: Any, user: str) -> None:
    for absolute in (30 * 86_400, None):
        store = await make_store(absolute_seconds=absolute)
        issued = await store.create(user, {"a": 1}, DeviceInfo("UA", "10.0.0.1", "phone"))
        await store.patch(issued.token, {"b": 2})
        keys = await records_of(client, user)
        assert keys
        for key in keys:
            assert await client.execute_command("PTTL", key) > 0


async def test_c1_nothing_is_left_when_the_last_session_has_gone(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = [await store.create(user) for _ in range(3)]
    for each in issued:
        await store.destroy(each.token)
    assert await records_of(client, user) == []


async def test_c2_the_new_session_is_never_the_one_evicted(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(max_sessions_per_user=1)
    for _ in range(5):
        issued = await store.create(user)
        assert await store.validate(issued.token) is not None


async def test_c3_times_are_numbers_of_the_server(
    store: SessionStore, client: Any, user: str
) -> None:
    await store.create(user)
    key = next(k for k in await records_of(client, user) if k.startswith(b"session:"))
    record = await client.execute_command("HGETALL", key)
    for name in (b"created_at", b"last_access", b"expires_at", b"absolute_at", b"idle_ms"):
        assert record[name].isdigit()


async def test_c4_a_lowered_limit_is_reached_at_the_next_login(
    make_store: MakeStore, user: str
) -> None:
    generous, strict = await make_store(), await make_store(max_sessions_per_user=3)
    for _ in range(10):
        await generous.create(user)
    issued = await strict.create(user)
    assert len(issued.evicted) == 8
    assert len(await strict.get_user_sessions(user)) == 3


async def test_c5_an_eviction_leaves_nothing_of_the_session(
    make_store: MakeStore, client: Any, user: str
) -> None:
    store = await make_store(max_sessions_per_user=1)
    for _ in range(3):
        await store.create(user, {"a": 1}, DeviceInfo("UA", "10.0.0.1", "phone"))
    assert len(await records_of(client, user)) == 2  # one session, one index


async def test_c6_an_eviction_is_told(make_store: MakeStore, user: str) -> None:
    store = await make_store(max_sessions_per_user=1)
    told: list[events.SessionEvent] = []
    first = await store.create(user)
    store.on_event(told.append)
    second = await store.create(user)
    assert second.evicted == (first.public_id,)
    assert events.Evicted(user, first.public_id) in told


async def test_c7_sessions_of_one_millisecond_are_evicted_in_a_fixed_order(
    make_timed_store: MakeStore, user: str
) -> None:
    async with await make_timed_store(max_sessions_per_user=5) as store:
        issued = [await store.create(user) for _ in range(5)]
        newest = await store.create(user)
        assert await store.validate(newest.token) is not None
        tokens = Tokens(KEYS)
        first = min(issued, key=lambda each: require(tokens.read(each.token)).sid)
        assert newest.evicted == (first.public_id,)


async def test_c8_the_limit_has_a_policy(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    for policy, survivor in ((OnLimit.EVICT_OLDEST, 1), (OnLimit.EVICT_LRU, 0)):
        async with await make_timed_store(max_sessions_per_user=2, on_limit=policy) as store:
            issued = []
            for _ in range(2):
                issued.append(await store.create(user))
                clock.advance(seconds=100)
            await store.validate(issued[0].token)
            await store.create(user)
            alive = [await store.validate(each.token) is not None for each in issued]
            assert alive == [number == survivor for number in range(2)]


async def test_c8_a_store_may_refuse_instead(make_store: MakeStore, user: str) -> None:
    store = await make_store(max_sessions_per_user=2, on_limit=OnLimit.REJECT)
    issued = [await store.create(user) for _ in range(2)]
    with pytest.raises(SessionLimitReached):
        await store.create(user)
    await store.destroy(issued[0].token)
    await store.create(user)


async def test_c9_expired_sessions_leave_the_index(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=10, max_sessions_per_user=0) as store:
        for _ in range(20):
            await store.create(user)
            clock.advance(seconds=20)
        newest = await store.create(user)
        (listed,) = await store.get_user_sessions(user)
        assert listed.public_id == newest.public_id


async def test_c9_looking_at_the_list_takes_out_the_expired_and_nothing_else(
    clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with ferrite_lite.Ferrite(clock=clock) as ferrite:
        client = ferrite.client()
        config = without_rate(ttl_seconds=10)
        store = await SessionStore.connect(client, config, keys=KEYS)
        await store.create(user)
        clock.advance(seconds=9)
        kept = await store.create(user)
        clock.advance(seconds=2)
        index = f"user:{{{Tokens(KEYS).tag(user)}}}:sessions"
        assert await client.execute_command("HLEN", index) == 2
        (listed,) = await store.get_user_sessions(user)
        assert listed.public_id == kept.public_id
        assert await client.execute_command("HLEN", index) == 1


async def test_c10_only_live_sessions_are_counted_as_ended(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=10) as store:
        await store.create(user)
        clock.advance(seconds=20)
        await store.create(user)
        assert await store.destroy_all_for_user(user) == 1
        assert await store.destroy_all_for_user(user) == 0


async def test_c11_destroying_an_expired_session_cleans_the_index(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=10) as store:
        issued = await store.create(user)
        clock.advance(seconds=20)
        assert not await store.destroy(issued.token)
        assert await store.get_user_sessions(user) == []


async def test_c12_looking_at_the_list_prolongs_nothing(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=100, touch_interval_seconds=0) as store:
        issued = await store.create(user)
        clock.advance(seconds=60)
        (before,) = await store.get_user_sessions(user)
        clock.advance(seconds=30)
        (after,) = await store.get_user_sessions(user)
        assert before == after
        clock.advance(seconds=20)
        assert await store.validate(issued.token) is None


async def test_c13_the_access_before_is_told(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(touch_interval_seconds=0) as store:
        issued = await store.create(user)
        clock.advance(seconds=60)
        session = await store.validate(issued.token)
        assert session is not None
        assert session.last_access == issued.created_at
        assert session.touched


async def test_c14_the_expiry_told_is_the_one_that_holds(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=100) as store:
        issued = await store.create(user)
        assert issued.expires_at - issued.created_at == timedelta(seconds=100)
        clock.advance(ms=99_999)
        assert await store.validate(issued.token) is not None
        session = await store.validate(issued.token)
        assert session is not None
        clock.set_time(ms=round(session.expires_at.timestamp() * 1000))
        assert await store.patch(issued.token, {"a": 1}) is None
        assert await store.validate(issued.token) is None


async def test_c15_times_are_milliseconds_of_one_clock(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=0.25, touch_interval_seconds=0) as store:
        issued = await store.create(user)
        assert issued.created_at.timestamp() * 1000 == clock.now_ms()
        clock.advance(ms=249)
        assert await store.validate(issued.token) is not None
        clock.advance(ms=250)
        assert await store.validate(issued.token) is None


async def test_c16_a_caller_learns_when_to_send_the_cookie_again(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=1000, touch_interval_seconds=50) as store:
        issued = await store.create(user)
        clock.advance(seconds=49)
        session = await store.validate(issued.token)
        assert session is not None
        assert not session.touched
        clock.advance(seconds=1)
        session = await store.validate(issued.token)
        assert session is not None
        assert session.touched
        assert session.expires_at > issued.expires_at


@pytest.mark.parametrize(
    "settings",
    [
        {"ttl_seconds": 0},
        {"ttl_seconds": -1},
        {"ttl_seconds": 0.0001},
        {"ttl_seconds": float("nan")},
        {"ttl_seconds": 10, "absolute_seconds": 5},
        {"ttl_seconds": 10, "touch_interval_seconds": 10},
        {"max_sessions_per_user": -1},
        {"max_data_bytes": 0},
        {"max_fields": 0},
        {"prefix": "{x}"},
        {"ipv4_prefix_bits": 0},
    ],
    ids=str,
)
def test_c17_a_configuration_that_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        SessionConfig(**settings)


async def test_c18_a_session_may_have_a_lifetime_of_its_own(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=100) as store:
        short = await store.create(user)
        remembered = await store.create(
            user, lifetime=Lifetime(ttl_seconds=10_000, absolute_seconds=20_000)
        )
        clock.advance(seconds=5_000)
        assert await store.validate(short.token) is None
        assert await store.validate(remembered.token) is not None
        for _ in range(3):
            clock.advance(seconds=4_999)
            await store.validate(remembered.token)
        clock.advance(seconds=5_000)
        assert await store.validate(remembered.token) is None
