"""Refresh tokens: one use each, any number of racers, and an end to what was stolen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import ferrite_lite
from sessions import (
    AuthContext,
    BindingPolicy,
    ConfigError,
    DeviceInfo,
    Exchanged,
    KeyRing,
    Lifetime,
    RateLimit,
    RefreshConfig,
    RefreshTokens,
    RequestContext,
    ReuseDetected,
    SessionConfig,
    SessionGone,
    SessionLimitReached,
    SessionStore,
    StaleLogin,
    events,
)
from sessions.crypto import AesGcmEncryptor
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate

PHONE = DeviceInfo("Safari on iOS", "198.51.100.7", "phone")
HOME, AWAY = RequestContext("198.51.100.7"), RequestContext("203.0.113.9")


async def exchanged(refresh: RefreshTokens, token: str) -> Exchanged:
    answer = await refresh.exchange(token)
    assert answer is not None
    return answer


@pytest.fixture
def refresh(store: SessionStore) -> RefreshTokens:
    return RefreshTokens(store)


@pytest.fixture
async def timed(make_timed_store: MakeStore) -> Any:
    async with await make_timed_store(ip_policy=BindingPolicy.OFF) as store:
        yield store


# --- what an exchange gives -----------------------------------------------------------------------


async def test_an_exchange_opens_a_session_of_the_same_device_under_the_same_name(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    first = await store.create(
        user, {"role": "admin"}, PHONE, auth=AuthContext(("pwd", "otp"), 2), labels={"app": "mail"}
    )
    answer = await exchanged(refresh, await refresh.issue(first))
    opened = answer.session
    assert opened.token != first.token
    assert opened.public_id == first.public_id
    assert (opened.user_id, opened.data, opened.device_info) == (user, {"role": "admin"}, PHONE)
    assert opened.auth == first.auth
    assert opened.labels == {"app": "mail"}
    assert await store.validate(first.token) is None
    found = await store.validate(opened.token)
    assert found is not None
    assert [info.public_id for info in await store.find("app", "mail")] == [first.public_id]


async def test_an_exchange_opens_a_session_when_the_one_before_has_expired(
    timed: SessionStore, clock: ferrite_lite.ManualClock
) -> None:
    refresh = RefreshTokens(timed, RefreshConfig(session_lifetime=Lifetime(60, 60)))
    token = await refresh.issue(await timed.create("alice", {"a": 1}, lifetime=Lifetime(60, 60)))
    for _ in range(3):
        clock.advance(seconds=600)
        answer = await exchanged(refresh, token)
        token = answer.refresh_token
        assert answer.session.data == {"a": 1}
        lifetime = answer.session.expires_at - answer.session.created_at
        assert lifetime.total_seconds() == 60
        assert len(await timed.get_user_sessions("alice")) == 1


async def test_a_session_begins_with_the_data_that_was_given(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    token = await refresh.issue(await store.create(user, {"cart": 1}), {"role": "admin"})
    assert (await exchanged(refresh, token)).session.data == {"role": "admin"}


async def test_a_user_without_a_session_can_have_a_refresh_token(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    answer = await exchanged(refresh, await refresh.issue(user, {"scope": "read"}))
    assert (answer.session.user_id, answer.session.data) == (user, {"scope": "read"})
    (family,) = await refresh.families(user)
    assert family.public_id == answer.session.public_id


async def test_only_the_living_get_a_refresh_token(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    gone = await store.create(user)
    await store.destroy(gone.token)
    with pytest.raises(SessionGone):
        await refresh.issue(gone)
    with pytest.raises(ValueError, match="nobody"):
        await refresh.issue(await store.create(None))
    with pytest.raises(StaleLogin):
        await refresh.issue(user, if_generation=await store.generation(user) + 1)


async def test_a_token_is_good_for_its_own_purpose_only(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    session = await store.create(user)
    token = await refresh.issue(session)
    assert await store.validate(token) is None
    assert await refresh.exchange(session.token) is None
    assert await refresh.exchange(token) is not None


@pytest.mark.parametrize("junk", ["", "junk", "k1.aaaaaaaaaaaaa." + "A" * 49, "\x00" * 70])
async def test_junk_is_refused_before_the_store_is_asked(
    between: Between, slow_store: SessionStore, junk: str
) -> None:
    between.calls.clear()
    assert await RefreshTokens(slow_store).exchange(junk) is None
    assert not await RefreshTokens(slow_store).revoke(junk)
    assert between.calls == []


async def test_sealed_data_goes_from_session_to_session(make_store: MakeStore, user: str) -> None:
    encryptor = AesGcmEncryptor(current="a", keys={"a": b"k" * 32})
    store = await make_store()
    sealed = SessionStore(store._core.link, store.config, KEYS, encryptor=encryptor)
    refresh = RefreshTokens(sealed)
    token = await refresh.issue(await sealed.create(user, {"secret": "tea"}, PHONE))
    for _ in range(2):
        answer = await exchanged(refresh, token)
        found = await sealed.validate(answer.session.token)
        assert found is not None
        assert (found.data, found.device_info) == ({"secret": "tea"}, PHONE)
        token = answer.refresh_token
    (family,) = await refresh.families(user)
    assert family.device_info == PHONE


async def test_exchanges_are_not_logins_for_the_limit_of_logins(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(create_limit=RateLimit(1))
    refresh = RefreshTokens(store)
    token = await refresh.issue(await store.create(user))
    for _ in range(5):
        token = (await exchanged(refresh, token)).refresh_token


async def test_a_refused_session_leaves_the_token_good(make_store: MakeStore, user: str) -> None:
    store = await make_store(max_sessions_per_user=1, on_limit="reject")
    refresh = RefreshTokens(store)
    token = await refresh.issue(user)
    other = await store.create(user)
    with pytest.raises(SessionLimitReached):
        await refresh.exchange(token)
    await store.destroy(other.token)
    assert await refresh.exchange(token) is not None


# --- one use --------------------------------------------------------------------------------------


async def test_a_token_that_comes_again_ends_family_and_session(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store()
    told: list[events.SessionEvent] = []
    store.on_event(told.append, events.RefreshReuse)
    refresh = RefreshTokens(store, RefreshConfig(grace_seconds=0))
    first = await refresh.issue(await store.create(user))
    second = await exchanged(refresh, first)
    with pytest.raises(ReuseDetected):
        await refresh.exchange(first)
    assert told == [events.RefreshReuse(user, second.session.public_id)]
    assert await store.validate(second.session.token) is None
    assert await refresh.exchange(second.refresh_token) is None
    assert await refresh.families(user) == []
    assert await store.get_user_sessions(user) == []


async def test_a_token_older_than_the_one_before_is_stolen_within_the_grace_too(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    first = await refresh.issue(await store.create(user))
    second = await exchanged(refresh, first)
    third = await exchanged(refresh, second.refresh_token)
    with pytest.raises(ReuseDetected):
        await refresh.exchange(first)
    assert await refresh.exchange(third.refresh_token) is None


async def test_one_family_that_was_stolen_leaves_the_others(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store()
    refresh = RefreshTokens(store, RefreshConfig(grace_seconds=0))
    kept = await exchanged(refresh, await refresh.issue(await store.create(user)))
    stolen = await refresh.issue(await store.create(user))
    await refresh.exchange(stolen)
    with pytest.raises(ReuseDetected):
        await refresh.exchange(stolen)
    assert await store.validate(kept.session.token) is not None
    assert await refresh.exchange(kept.refresh_token) is not None


async def test_racing_exchanges_agree_on_one_successor_and_one_session(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    token = await refresh.issue(await store.create(user))
    answers = await asyncio.gather(*(exchanged(refresh, token) for _ in range(20)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert len({answer.session.token for answer in answers}) == 1
    assert await store.validate(answers[0].session.token) is not None
    assert len(await store.get_user_sessions(user)) == 1
    assert await refresh.exchange(answers[0].refresh_token) is not None


async def test_the_grace_ends_when_it_is_over(
    timed: SessionStore, clock: ferrite_lite.ManualClock
) -> None:
    refresh = RefreshTokens(timed, RefreshConfig(grace_seconds=10))
    token = await refresh.issue(await timed.create("alice"))
    answer = await exchanged(refresh, token)
    clock.advance(ms=9_999)
    again = await exchanged(refresh, token)
    assert again.refresh_token == answer.refresh_token
    assert again.session.token == answer.session.token
    clock.advance(ms=1)
    with pytest.raises(ReuseDetected):
        await refresh.exchange(token)


async def test_who_tries_again_because_the_answer_was_lost_gets_the_same(
    between: Between, slow_store: SessionStore, user: str
) -> None:
    refresh = RefreshTokens(slow_store)
    token = await refresh.issue(await slow_store.create(user))

    async def lose_the_answer() -> None:
        raise asyncio.CancelledError

    between.calls.clear()
    between.at_call(2, after=lose_the_answer)
    with pytest.raises(asyncio.CancelledError):
        await refresh.exchange(token)
    answer = await exchanged(refresh, token)
    assert await slow_store.validate(answer.session.token) is not None
    assert await refresh.exchange(answer.refresh_token) is not None


# --- ends -----------------------------------------------------------------------------------------


async def test_a_family_ends_when_it_is_not_used(
    timed: SessionStore, clock: ferrite_lite.ManualClock
) -> None:
    refresh = RefreshTokens(timed, RefreshConfig(ttl_seconds=100, absolute_seconds=1000))
    used = await refresh.issue(await timed.create("alice"))
    unused = await refresh.issue(await timed.create("alice"))
    clock.advance(seconds=99)
    used = (await exchanged(refresh, used)).refresh_token
    clock.advance(seconds=1)
    assert await refresh.exchange(unused) is None
    assert await refresh.exchange(used) is not None
    assert len(await refresh.families("alice")) == 1


async def test_a_family_ends_by_age_however_it_is_used(
    timed: SessionStore, clock: ferrite_lite.ManualClock
) -> None:
    refresh = RefreshTokens(timed, RefreshConfig(ttl_seconds=100, absolute_seconds=250))
    token = await refresh.issue(await timed.create("alice"))
    for _ in range(4):
        clock.advance(seconds=60)
        token = (await exchanged(refresh, token)).refresh_token
    (family,) = await refresh.families("alice")
    assert (family.absolute_expires_at - family.created_at).total_seconds() == 250
    assert family.expires_at == family.absolute_expires_at
    clock.advance(seconds=10)
    assert await refresh.exchange(token) is None


Ending = Callable[[SessionStore, RefreshTokens, str, Exchanged], Awaitable[Any]]


@pytest.mark.parametrize(
    "end",
    [
        lambda store, refresh, user, last: store.destroy(last.session.token),
        lambda store, refresh, user, last: store.destroy_by_id(user, last.session.public_id),
        lambda store, refresh, user, last: store.destroy_all_for_user(user),
        lambda store, refresh, user, last: store.create(user, replace=last.session.token),
        lambda store, refresh, user, last: refresh.revoke(last.refresh_token),
        lambda store, refresh, user, last: refresh.revoke_family(user, last.session.public_id),
    ],
    ids=["destroy", "destroy_by_id", "destroy_all", "replace", "revoke", "revoke_family"],
)
async def test_session_and_family_end_together(
    store: SessionStore, refresh: RefreshTokens, user: str, end: Ending
) -> None:
    last = await exchanged(refresh, await refresh.issue(await store.create(user)))
    assert await end(store, refresh, user, last)
    assert await store.validate(last.session.token) is None
    assert await refresh.exchange(last.refresh_token) is None
    assert await refresh.families(user) == []


async def test_a_rotated_session_and_its_family_still_end_together(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    last = await exchanged(refresh, await refresh.issue(await store.create(user)))
    rotated = await store.rotate(last.session.token)
    assert rotated is not None
    assert await refresh.revoke(last.refresh_token)
    assert await store.validate(rotated.token) is None
    assert await store.validate(last.session.token) is None


async def test_ending_the_others_leaves_the_family_of_the_one_that_asks(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    mine = await exchanged(refresh, await refresh.issue(await store.create(user)))
    other = await exchanged(refresh, await refresh.issue(await store.create(user)))
    assert await store.destroy_other_sessions(user, mine.session.token) == 1
    assert await refresh.exchange(other.refresh_token) is None
    assert await refresh.exchange(mine.refresh_token) is not None


async def test_ending_everybody_ends_families_without_a_session(
    timed: SessionStore, clock: ferrite_lite.ManualClock
) -> None:
    refresh = RefreshTokens(timed)
    token = await refresh.issue("alice")
    await timed.destroy_everything()
    assert await refresh.exchange(token) is None
    assert await refresh.families("alice") == []


async def test_a_session_that_makes_room_takes_its_family_along(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(max_sessions_per_user=1)
    refresh = RefreshTokens(store)
    first = await refresh.issue(await store.create(user))
    await store.create(user)
    assert await refresh.exchange(first) is None


async def test_of_too_many_families_the_one_unused_for_longest_ends(
    timed: SessionStore, clock: ferrite_lite.ManualClock
) -> None:
    refresh = RefreshTokens(timed, RefreshConfig(max_families_per_user=2))
    tokens = []
    for _ in range(2):
        tokens.append(await refresh.issue("alice"))
        clock.advance(ms=1)
    used = await exchanged(refresh, tokens[0])
    clock.advance(ms=1)
    third = await refresh.issue("alice")
    assert await refresh.exchange(tokens[1]) is None
    assert await refresh.exchange(used.refresh_token) is not None
    assert await refresh.exchange(third) is not None


async def test_nobody_ends_the_family_of_somebody_else(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    last = await exchanged(refresh, await refresh.issue(await store.create(user)))
    assert not await refresh.revoke_family(f"not {user}", last.session.public_id)
    assert await refresh.exchange(last.refresh_token) is not None


async def test_families_are_found_by_the_labels_of_their_sessions(
    store: SessionStore, refresh: RefreshTokens, user: str
) -> None:
    labelled = await refresh.issue(await store.create(user, labels={"client": user}))
    other = await refresh.issue(await store.create(user))
    assert await refresh.revoke_labelled("client", user) == 1
    assert await refresh.exchange(labelled) is None
    assert await refresh.exchange(other) is not None


async def test_a_key_that_was_dropped_takes_its_refresh_tokens_along(user: str) -> None:
    old = KeyRing(current="k1", keys={"k1": b"1" * 32}, routing_key=b"r" * 32)
    both = KeyRing(current="k2", keys={"k1": b"1" * 32, "k2": b"2" * 32}, routing_key=b"r" * 32)
    new = KeyRing(current="k2", keys={"k2": b"2" * 32}, routing_key=b"r" * 32)
    async with ferrite_lite.Ferrite() as ferrite:

        async def tokens(keys: KeyRing) -> RefreshTokens:
            client = ferrite.client()
            return RefreshTokens(await SessionStore.connect(client, without_rate(), keys=keys))

        first = await (await tokens(old)).issue(user)
        assert await (await tokens(new)).exchange(first) is None
        moved = await exchanged(await tokens(both), first)
        assert await (await tokens(new)).exchange(moved.refresh_token) is not None


# --- where it is used -----------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [BindingPolicy.REJECT, BindingPolicy.REVOKE])
async def test_a_refresh_token_is_held_to_the_policies_of_sessions(
    make_store: MakeStore, user: str, policy: BindingPolicy
) -> None:
    store = await make_store(ip_policy=policy)
    refresh = RefreshTokens(store)
    token = await refresh.issue(await store.create(user, request=HOME))
    assert await refresh.exchange(token, request=AWAY) is None
    at_home = await refresh.exchange(token, request=HOME)
    assert (at_home is not None) is (policy is BindingPolicy.REJECT)


async def test_a_session_that_is_revoked_for_where_it_is_used_takes_its_family_along(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(ip_policy=BindingPolicy.REVOKE)
    refresh = RefreshTokens(store)
    session = await store.create(user, request=HOME)
    token = await refresh.issue(session)
    assert await store.validate(session.token, request=AWAY) is None
    assert await refresh.exchange(token, request=HOME) is None


async def test_away_from_home_a_session_asks_for_more_under_step_up(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(ip_policy=BindingPolicy.STEP_UP)
    refresh = RefreshTokens(store)
    token = await refresh.issue(await store.create(user, request=HOME))
    answer = await refresh.exchange(token, request=AWAY)
    assert answer is not None
    found = await store.validate(answer.session.token, request=AWAY)
    assert found is not None
    assert found.step_up


# --- races ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(1, 4))
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_no_session_survives_an_end_of_all_that_meets_an_exchange(
    between: Between, slow_store: SessionStore, store: SessionStore, user: str, at: int, moment: str
) -> None:
    refresh = RefreshTokens(slow_store)
    token = await refresh.issue(await slow_store.create(user, labels={"a": "b"}))
    between.calls.clear()
    between.at_call(at, **{moment: lambda: store.destroy_all_for_user(user)})
    answer = await refresh.exchange(token)
    if answer is not None:
        assert await store.validate(answer.session.token) is None
        assert await refresh.exchange(answer.refresh_token) is None
    assert await store.get_user_sessions(user) == []


@pytest.mark.parametrize("at", range(1, 4))
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_exchanges_that_meet_at_any_moment_get_the_same(
    between: Between, slow_store: SessionStore, store: SessionStore, user: str, at: int, moment: str
) -> None:
    slow, quick = RefreshTokens(slow_store), RefreshTokens(store)
    token = await slow.issue(await slow_store.create(user))
    answers: list[Exchanged] = []

    async def come_in_between() -> None:
        answers.append(await exchanged(quick, token))

    between.at_call(at, **{moment: come_in_between})
    answers.append(await exchanged(slow, token))
    while len(answers) < 2:
        await come_in_between()  # there were fewer calls
    assert len({answer.refresh_token for answer in answers}) == 1
    assert len({answer.session.token for answer in answers}) == 1
    assert len(await store.get_user_sessions(user)) == 1
    assert await store.validate(answers[0].session.token) is not None


@pytest.mark.parametrize("at", range(1, 4))
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_family_that_is_revoked_during_an_exchange_stays_revoked(
    between: Between, slow_store: SessionStore, store: SessionStore, user: str, at: int, moment: str
) -> None:
    slow, quick = RefreshTokens(slow_store), RefreshTokens(store)
    token = await slow.issue(await slow_store.create(user))
    between.at_call(at, **{moment: lambda: quick.revoke(token)})
    answer = await slow.exchange(token)
    await quick.revoke(token)
    assert await store.get_user_sessions(user) == []
    if answer is not None:
        assert await store.validate(answer.session.token) is None
        assert await slow.exchange(answer.refresh_token) is None


async def test_the_store_holds_no_refresh_token(
    timed: SessionStore, clock: ferrite_lite.ManualClock
) -> None:
    refresh = RefreshTokens(timed)
    first = await refresh.issue(await timed.create("alice", {"a": 1}))
    answer = await exchanged(refresh, first)
    client = timed._core.link._client
    seen = []
    for key in await client.keys("*"):
        assert await client.pttl(key) > 0
        kind = await client.type(key)
        seen.append(key)
        seen += [await client.get(key)] if kind == b"string" else []
        seen += [*(await client.hgetall(key)).items()] if kind == b"hash" else []
    everything = repr(seen) + repr(answer) + repr(refresh)
    for token in (first, answer.refresh_token, answer.session.token):
        assert token not in everything
        assert token.rpartition(".")[2][12:43] not in everything


def test_settings_are_checked() -> None:
    for wrong in (
        {"grace_seconds": 301},
        {"grace_seconds": -1},
        {"ttl_seconds": 10, "absolute_seconds": 5},
        {"max_families_per_user": -1},
    ):
        with pytest.raises(ConfigError):
            RefreshConfig(**wrong)  # type: ignore[arg-type]  # one of them at a time
    assert SessionConfig().lifetime.absolute_ms > 0
