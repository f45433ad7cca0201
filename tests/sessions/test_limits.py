"""How many sessions are created in which time: exactly as many as allowed, against a model."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ferrite_lite
from sessions import (
    OnLimit,
    RateLimit,
    RateLimited,
    RequestContext,
    SessionLimitReached,
    SessionStore,
)
from sessions.servers.link import Link
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.support.faults import FaultProxy, Refusal
from tests.support.servers import RealServer

HOME = RequestContext("198.51.100.7")
WINDOW_MS = 10_000

#: How long to wait before an attempt, and how many are allowed by then.
ATTEMPTS = st.lists(
    st.tuples(st.sampled_from([0, 1, 999, 3333, 9_999, 10_000, 25_000]), st.sampled_from([1, 3])),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(ATTEMPTS, st.sampled_from(["create_limit", "create_limit_ip"]))
@example([(0, 1), (WINDOW_MS, 1), (0, 1)], "create_limit")
@example([(0, 3), (WINDOW_MS, 3)], "create_limit_ip")
def test_a_creation_passes_or_is_told_the_first_moment_at_which_it_would(
    attempts: list[tuple[int, int]], which: str
) -> None:
    asyncio.run(_play(attempts, which))


async def _play(attempts: list[tuple[int, int]], which: str) -> None:
    clock = ferrite_lite.ManualClock()
    async with ferrite_lite.Ferrite(clock=clock) as ferrite:
        client = ferrite.client()
        made: list[int] = []
        for wait_ms, limit in attempts:
            clock.advance(ms=wait_ms)
            now_ms = clock.now_ms()
            config = without_rate(**{which: RateLimit(limit, WINDOW_MS / 1000)})
            store = SessionStore(Link(client, timeout_seconds=None), config, KEYS)
            inside = [at for at in made if at + WINDOW_MS > now_ms]
            expected_ms = inside[-limit] + WINDOW_MS - now_ms if len(inside) >= limit else 0
            assert await _refused_for_seconds(store) == expected_ms / 1000
            if expected_ms == 0:
                made.append(now_ms)
                (key,) = await client.keys("rate:*")
                kept = await client.strlen(key)
                assert kept == (len(inside) + 1) * (13 if which == "create_limit" else 25)
        for key in await client.keys("rate:*"):
            assert await client.pttl(key) == made[-1] + WINDOW_MS - clock.now_ms()


async def _refused_for_seconds(store: SessionStore, user: str = "alice") -> float:
    try:
        await store.create(user, request=HOME)
    except RateLimited as refusal:
        return refusal.retry_after_seconds
    return 0


WAITS_MS = st.lists(
    st.one_of(st.sampled_from([0, 1, 2499, 2500, WINDOW_MS]), st.integers(0, 2 * WINDOW_MS)),
    max_size=20,
)
#: A limit, and a burst within it.
BURSTS = st.sampled_from([(1, 1), (3, 1), (3, 2), (3, 3), (4, 2), (7, 3)])


@settings(max_examples=100, deadline=None)
@given(WAITS_MS, BURSTS, st.sampled_from(["create_limit", "create_limit_ip"]))
def test_with_a_burst_no_window_has_more_than_the_limit_and_who_waits_as_told_passes(
    waits_ms: list[int], bound: tuple[int, int], which: str
) -> None:
    asyncio.run(_play_bursts(waits_ms, *bound, which))


async def _play_bursts(waits_ms: list[int], limit: int, burst: int, which: str) -> None:
    clock, made = ferrite_lite.ManualClock(), list[int]()
    config = without_rate(**{which: RateLimit(limit, WINDOW_MS / 1000, burst=burst)})
    async with ferrite_lite.Ferrite(clock=clock) as ferrite:
        client = ferrite.client()
        store = SessionStore(Link(client, timeout_seconds=None), config, KEYS)

        async def refused_for_ms() -> int:
            seconds = await _refused_for_seconds(store)
            if not seconds:
                made.append(clock.now_ms())
            return round(seconds * 1000)

        for wait_ms in waits_ms:
            clock.advance(ms=wait_ms)
            while (left_ms := await refused_for_ms()) == 0:
                pass
            clock.advance(ms=left_ms - 1)
            assert await refused_for_ms() == 1
            clock.advance(ms=1)
            assert await refused_for_ms() == 0
            (key,) = await client.keys("rate:*")
            ids = 0 if which == "create_limit" else 12 * min(len(made), limit)
            assert await client.strlen(key) <= 14 + ids
            assert 0 < await client.pttl(key) <= burst * WINDOW_MS
        for first in made:
            assert len([at for at in made if first <= at < first + WINDOW_MS]) <= limit


@dataclass
class Rate:
    """What a limit comes to, the long way: with all that was counted."""

    limit: RateLimit
    made: list[int] = field(default_factory=list)
    due: int = 0

    def wait_ms(self, now: int) -> int:
        """0 if one more may pass."""
        if self.limit.burst is not None:
            left = max(self.due, now) - (self.limit.burst - 1) * self.limit.interval_ms - now
        else:
            inside = [at for at in self.made if at + self.limit.window_ms > now]
            is_full = len(inside) >= self.limit.limit
            left = inside[-self.limit.limit] + self.limit.window_ms - now if is_full else 0
        return max(left, 0)

    def count(self, now: int) -> None:
        self.made.append(now)
        self.due = max(self.due, now) + self.limit.interval_ms


#: How long to wait before an attempt, for whom it is, and whether one script reaches both counts.
COUNTED_TWICE = st.lists(
    st.tuples(st.sampled_from([0, 1, 999, 5_000, 20_000]), st.sampled_from("ab"), st.booleans()),
    max_size=25,
)


@settings(max_examples=100, deadline=None)
@given(COUNTED_TWICE, st.sampled_from([None, 1, 2]), st.sampled_from([None, 1, 3]))
def test_a_creation_counts_for_its_user_and_its_network_or_for_none_of_them(
    attempts: list[tuple[int, str, bool]], burst: int | None, network_burst: int | None
) -> None:
    of_user, of_network = RateLimit(2, 10, burst), RateLimit(3, 15, network_burst)
    asyncio.run(_play_both(attempts, of_user, of_network))


async def _play_both(
    attempts: list[tuple[int, str, bool]], of_user: RateLimit, of_network: RateLimit
) -> None:
    clock, config = (
        ferrite_lite.ManualClock(),
        without_rate(create_limit=of_user, create_limit_ip=of_network),
    )
    network, users = Rate(of_network), {name: Rate(of_user) for name in "ab"}
    async with ferrite_lite.Ferrite(clock=clock) as ferrite:
        client = ferrite.client()
        together, apart = (
            SessionStore(Link(each, timeout_seconds=None), config, KEYS)
            for each in (client, Between(client))
        )
        for wait_ms, name, is_one_script in attempts:
            clock.advance(ms=wait_ms)
            now = clock.now_ms()
            waits = [network.wait_ms(now), users[name].wait_ms(now)]
            told_ms = max(waits) if is_one_script else waits[0] or waits[1]
            store = together if is_one_script else apart
            assert await _refused_for_seconds(store, name) == told_ms / 1000
            if not told_ms:
                network.count(now)
                users[name].count(now)


async def test_who_is_refused_by_both_limits_is_told_the_longer_wait(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    for of_user, of_network in ((RateLimit(1, 60), RateLimit(1, 90)), (RateLimit(1, 90), None)):
        limits = {"create_limit": of_user, "create_limit_ip": of_network or RateLimit(1, 60)}
        async with await make_timed_store(**limits) as store:
            await store.create("alice", request=HOME)
            clock.advance(seconds=1)
            assert await _refused_for_seconds(store) == 89
            assert await _refused_for_seconds(store, "bob") == (89 if of_network else 59)


async def test_creations_that_are_refused_never_stand_in_the_way_of_others(
    redis_server: RealServer, user: str
) -> None:
    """Not even while they are on their way: a script counts them for their network or does not."""
    home = RequestContext(f"2001:db8:{hash(user) & 0xFFFF:x}:3::1")
    limits = without_rate(create_limit=RateLimit(1), create_limit_ip=RateLimit(2))
    async with await SessionStore.connect(redis_server.url, limits, keys=KEYS) as store:
        await store.create(user, request=home)
        creating = [store.create(user, request=home) for _ in range(20)]
        creating.insert(10, store.create(f"{user}-b", request=home))
        outcomes = await asyncio.gather(*creating, return_exceptions=True)
        passed = [each for each in outcomes if not isinstance(each, RateLimited)]
        assert passed == outcomes[10:11]


async def test_what_looks_like_one_server_and_is_several_holds_to_the_limit_of_a_network(
    redis_server: RealServer, user: str
) -> None:
    """It refuses a script with keys of two slots, and has done nothing then."""
    home = RequestContext(f"2001:db8:{hash(user) & 0xFFFF:x}:4::1")
    limits = without_rate(create_limit_ip=RateLimit(2))
    async with (
        FaultProxy(redis_server.host, redis_server.port) as proxy,
        await SessionStore.connect(proxy.url, limits, keys=KEYS) as store,
    ):
        proxy.faults.append(Refusal("CROSSSLOT Keys in request don't hash to the same slot"))
        for _ in range(2):
            await store.create(user, request=home)
        assert not proxy.faults
        asked = proxy.asked.total()
        with pytest.raises(RateLimited):
            await store.create(user, request=home)
        assert proxy.asked.total() == asked + 1


async def test_a_burst_passes_at_once_and_the_others_evenly(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(create_limit=RateLimit(10, 3600, burst=5)) as store:
        passed = 0
        while not await _refused_for_seconds(store):
            passed += 1
        assert passed == 5
        for _ in range(20):
            assert await _refused_for_seconds(store) == 600
            clock.advance(seconds=600)
            assert await _refused_for_seconds(store) == 0
        clock.advance(seconds=600 * 5)
        for _ in range(5):
            assert await _refused_for_seconds(store) == 0
        assert await _refused_for_seconds(store) == 600


async def test_a_burst_whose_key_has_outlived_its_time_begins_anew(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    async with await make_timed_store(create_limit=RateLimit(3, 60, burst=2)) as store:
        key = store._core.atomic.rate_key(store._core.tokens.tag("alice"))
        for _ in range(2):
            await store.create("alice")
            # As where a key was written back from elsewhere without its deadline.
            assert await store._core.link.ask("PERSIST", key) == 1
            clock.advance(seconds=600)
        for wait_seconds in (0, 0, 30):
            assert await _refused_for_seconds(store) == wait_seconds


async def test_what_is_taken_back_of_a_burst_is_kept_no_longer_than_it_counts(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    async with await make_timed_store() as store:
        atomic, ask = store._core.atomic, store._core.link.ask
        key, limit = atomic.network_rate_key("198.51.100.0/24"), RateLimit(3, 60, burst=2)
        await atomic.count(key, limit, "first-------")
        await atomic.count(key, limit, "second------")
        assert await ask("PTTL", key) == 2 * limit.interval_ms
        await atomic.take_back(key, limit, "second------")
        assert await ask("PTTL", key) == limit.interval_ms
        clock.advance(ms=limit.interval_ms + 1)
        assert await ask("EXISTS", key) == 0


@pytest.mark.parametrize("burst", [None, 2])
async def test_a_creation_that_is_refused_does_not_count_for_its_network(
    make_store: MakeStore, user: str, burst: int | None
) -> None:
    store = await make_store(
        create_limit=RateLimit(1),
        create_limit_ip=RateLimit(3, burst=burst),
        max_sessions_per_user=9,
    )
    home = RequestContext(f"2001:db8:{hash(user + str(burst)) & 0xFFFF:x}::1")
    await store.create(user, request=home)
    for _ in range(5):
        with pytest.raises(RateLimited):
            await store.create(user, request=home)
    await store.create(f"{user}-b", request=home)


async def test_another_kind_of_limit_begins_anew(
    make_store: MakeStore, client: Any, user: str
) -> None:
    home = RequestContext(f"2001:db8:{hash(user) & 0xFFFF:x}:ff::1")
    for burst in (2, None, 2, None):
        limit = RateLimit(2, burst=burst)
        store = await make_store(create_limit=limit, create_limit_ip=limit)
        await store.create(user, request=home)


async def test_the_times_of_creations_take_thirteen_bytes_each(
    make_store: MakeStore, client: Any, user: str
) -> None:
    store = await make_store(create_limit=RateLimit(5))
    for _ in range(5):
        await store.create(user)
    for _ in range(5):
        with pytest.raises(RateLimited):
            await store.create(user)
    key = store._core.atomic.rate_key(store._core.tokens.tag(user))
    assert await client.execute_command("STRLEN", key) == 5 * 13


async def test_who_has_too_many_sessions_is_told_so_and_it_does_not_count(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(
        create_limit=RateLimit(3), max_sessions_per_user=1, on_limit=OnLimit.REJECT
    )
    issued = await store.create(user)
    for _ in range(5):
        with pytest.raises(SessionLimitReached):
            await store.create(user)
    for _ in range(2):
        await store.destroy(issued.token)
        issued = await store.create(user)
    await store.destroy(issued.token)
    with pytest.raises(RateLimited):
        await store.create(user)


@pytest.mark.parametrize("burst", [None, 1])
@pytest.mark.parametrize("held", ["1764201234567,1764201234568", "junk", "x" * 13, "1" * 26])
async def test_a_rate_that_cannot_be_read_begins_anew(
    make_store: MakeStore, client: Any, user: str, held: str, burst: int | None
) -> None:
    store = await make_store(create_limit=RateLimit(1, burst=burst))
    key = store._core.atomic.rate_key(store._core.tokens.tag(user))
    await client.execute_command("SET", key, held)
    await store.create(user)
    assert await client.execute_command("STRLEN", key) == (13 if burst is None else 14)
    assert 0 < await client.execute_command("PTTL", key) <= 3_600_000
    with pytest.raises(RateLimited):
        await store.create(user)
