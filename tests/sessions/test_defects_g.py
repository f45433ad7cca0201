"""Group G of the seed document's defects: abuse."""

from __future__ import annotations

import contextlib
import inspect

import pytest

import ferrite_lite
from sessions import (
    BindingPolicy,
    RateLimit,
    RateLimited,
    RequestContext,
    SessionStore,
    events,
)
from sessions.http.proxies import TrustedProxies
from sessions.policies import network_of
from tests.sessions.conftest import MakeStore

HOME, ELSEWHERE = RequestContext("198.51.100.7"), RequestContext("203.0.113.1")


@pytest.mark.parametrize("policy", [BindingPolicy.REJECT, BindingPolicy.STEP_UP])
async def test_g1_a_thief_who_is_refused_does_not_keep_the_session_alive(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str, policy: BindingPolicy
) -> None:
    async with await make_timed_store(
        ip_policy=policy, ttl_seconds=100, touch_interval_seconds=0
    ) as store:
        issued = await store.create(user, request=HOME)
        for _ in range(3):
            clock.advance(seconds=30)
            await store.validate(issued.token, request=ELSEWHERE)
        clock.advance(seconds=10)
        assert await store.validate(issued.token, request=HOME) is None


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("198.51.100.7", "::ffff:198.51.100.7", True),
        ("198.51.100.7", "198.51.100.250", True),
        ("198.51.100.7", "198.51.101.7", False),
        ("2001:db8:1:200:a:b:c:d", "2001:db8:1:2ff:1:2:3:4", True),
        ("2001:db8:1:200::1", "2001:db8:1:300::1", False),
    ],
)
def test_g2_people_move_within_a_network(one: str, other: str, is_same: bool) -> None:
    assert (network_of(one, 24, 56) == network_of(other, 24, 56)) == is_same


def test_g3_nobody_but_a_trusted_proxy_says_where_a_request_comes_from() -> None:
    forwarded = ["198.51.100.7, 10.0.0.9"]
    assert TrustedProxies().client_address("203.0.113.1", forwarded) == "203.0.113.1"
    proxies = TrustedProxies(["10.0.0.0/8"])
    assert proxies.client_address("203.0.113.1", forwarded) == "203.0.113.1"
    assert proxies.client_address("10.0.0.1", forwarded) == "198.51.100.7"
    made_up = ["198.51.100.7, 203.0.113.1"]
    assert proxies.client_address("10.0.0.1", made_up) == "203.0.113.1"


@pytest.mark.parametrize(
    ("policy", "opens", "lives", "asks", "is_told"),
    [
        (BindingPolicy.OFF, True, True, False, False),
        (BindingPolicy.LOG, True, True, False, True),
        (BindingPolicy.STEP_UP, True, True, True, True),
        (BindingPolicy.REJECT, False, True, False, True),
        (BindingPolicy.REVOKE, False, False, False, True),
    ],
)
async def test_g4_another_network_leads_to_what_the_policy_says(
    make_store: MakeStore,
    user: str,
    policy: BindingPolicy,
    opens: bool,
    lives: bool,
    asks: bool,
    is_told: bool,
) -> None:
    store = await make_store(ip_policy=policy)
    told: list[events.SessionEvent] = []
    issued = await store.create(user, request=HOME)
    store.on_event(told.append, events.BindingMismatch)
    session = await store.validate(issued.token, request=ELSEWHERE)
    assert (session is not None) == opens
    assert (session.step_up if session else False) == asks
    assert len(told) == is_told
    assert (await store.validate(issued.token, request=HOME) is not None) == lives


async def test_g5_a_third_party_locks_nobody_out_and_does_not_spray(
    make_store: MakeStore, user: str
) -> None:
    """Creations count, which come after the password: guesses do not. A network has a limit too."""
    store = await make_store(create_limit=RateLimit(2), create_limit_ip=RateLimit(5))
    for _ in range(50):
        await store.validate("junk", request=ELSEWHERE)
    await store.create(user, request=HOME)
    crowd = RequestContext(f"2001:db8:{hash(user) & 0xFFFF:x}::1")
    for at in range(5):
        await store.create(f"{user}-{at}", request=crowd)
    with pytest.raises(RateLimited):
        await store.create(f"{user}-6", request=crowd)
    await store.create(user)


async def test_g6_no_window_of_any_position_has_more_than_the_limit(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(create_limit=RateLimit(10, 3600)) as store:
        clock.advance(seconds=3599)
        for _ in range(10):
            await store.create(user)
        clock.advance(seconds=2)
        for _ in range(10):
            with pytest.raises(RateLimited):
                await store.create(user)


async def test_g7_a_refusal_says_when_to_come_back_and_does_not_count(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(create_limit=RateLimit(1, 100)) as store:
        await store.create(user)
        for waited in range(0, 99, 11):
            with pytest.raises(RateLimited) as refusal:
                await store.create(user)
            assert refusal.value.retry_after_seconds == 100 - waited
            clock.advance(seconds=11)
        clock.advance(seconds=1)
        await store.create(user)


async def test_g8_there_is_no_way_to_open_a_session_around_the_limit(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(create_limit=RateLimit(1))
    visitor = await store.create(None)
    issued = await store.create(user)
    with pytest.raises(RateLimited):
        await store.create(user, replace=issued.token)
    with pytest.raises(RateLimited):
        await store.rotate(visitor.token, user_id=user)
    with pytest.raises(RateLimited):
        await store.create_with_rate_limit(user)
    assert await store.validate(issued.token) is not None
    assert await store.validate(visitor.token) is not None
    assert "limit" not in inspect.signature(SessionStore.create).parameters


async def test_g9_who_guesses_is_noticed_and_nobody_is_refused_for_it(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(guesses_per_minute=5)
    told: list[events.SessionEvent] = []
    store.on_event(told.append, events.TokenGuessing, events.UnknownToken)
    issued = await store.create(user)
    for _ in range(7):
        with contextlib.suppress(RateLimited):
            await store.validate("junk", request=ELSEWHERE)
    assert [type(event) for event in told].count(events.UnknownToken) == 7
    assert told.count(events.TokenGuessing("203.0.113.0/24", 5)) == 1
    assert await store.validate(issued.token, request=ELSEWHERE) is not None
