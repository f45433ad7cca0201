"""What concerns all sessions of a user: limits, labels, and logins that race an end of all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest

import ferrite_lite
from sessions import (
    AuthContext,
    DeviceInfo,
    FreshAuthenticationRequired,
    Lifetime,
    RateLimit,
    RateLimited,
    RequestContext,
    SessionInfo,
    SessionLimitReached,
    SessionStore,
    StaleLogin,
    events,
)
from tests.sessions.conftest import Between, MakeStore
from tests.sessions.test_defects_a import records_of

FIREFOX = {"user-agent": "Firefox on Linux", "accept-language": "en"}
HOME = RequestContext("198.51.100.7", FIREFOX)


# --- logins that race an end of all sessions ------------------------------------------------------


async def test_a_login_that_began_before_all_sessions_were_ended_stays_out(
    store: SessionStore, user: str
) -> None:
    generation = await store.generation(user)
    await store.create(user, if_generation=generation)
    assert await store.destroy_all_for_user(user) == 1
    with pytest.raises(StaleLogin):
        await store.create(user, if_generation=generation)
    assert await store.get_user_sessions(user) == []
    await store.create(user, if_generation=await store.generation(user))


async def test_a_generation_never_comes_again(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store() as store:
        seen = [await store.generation(user)]
        for _ in range(5):
            await store.destroy_all_for_user(user)
            seen.append(await store.generation(user))
        clock.advance(seconds=500 * 86_400)
        await store.destroy_all_for_user(user)
        seen.append(await store.generation(user))
    assert seen == sorted(set(seen))


# --- limits ---------------------------------------------------------------------------------------


async def test_the_application_may_choose_who_makes_room(make_store: MakeStore, user: str) -> None:
    def oldest_desktop(sessions: Sequence[SessionInfo]) -> Collection[str]:
        return [
            info.public_id
            for info in sessions
            if info.device_info and info.device_info.device_type == "desktop"
        ][:1]

    store = await make_store(max_sessions_per_user=2, on_limit=oldest_desktop)
    phone = await store.create(user, request=RequestContext("10.0.0.1", {"user-agent": "iPhone"}))
    desktop = await store.create(user, request=HOME)
    third = await store.create(user, request=RequestContext("10.0.0.2", {"user-agent": "iPhone"}))
    assert third.evicted == (desktop.public_id,)
    assert await store.validate(phone.token) is not None
    with pytest.raises(SessionLimitReached):
        await store.create(user, request=HOME)
    assert len(await store.get_user_sessions(user)) == 2


async def test_creations_from_one_network_are_counted_for_all_users_together(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(create_limit_ip=RateLimit(2, 3600))
    told: list[events.SessionEvent] = []
    store.on_event(told.append, events.RateLimited)
    # A network of its own: real servers are shared.
    network = f"10.{abs(hash(user)) % 256}.{abs(hash(user + 'x')) % 256}"
    for number in range(2):
        await store.create(f"{user}-{number}", request=RequestContext(f"{network}.{number}"))
    with pytest.raises(RateLimited) as refusal:
        await store.create(user, request=RequestContext(f"{network}.9"))
    assert 0 < refusal.value.retry_after_seconds <= 3600
    assert [type(event) for event in told] == [events.RateLimited]
    await store.create(user)  # who shows no address is not counted


# --- labels ---------------------------------------------------------------------------------------


async def test_sessions_are_found_by_their_labels_and_no_longer_than_they_live(
    store: SessionStore, user: str
) -> None:
    device = f"device-of-{user}"
    mine = await store.create(user, labels={"device": device, "client": "web"})
    other = await store.create(user + "-other", labels={"device": device})
    await store.create(user, labels={"device": "another"})
    found = await store.find("device", device)
    assert {info.public_id for info in found} == {mine.public_id, other.public_id}
    assert {info.user_id for info in found} == {user, user + "-other"}
    assert await store.find("client", "nothing") == []
    await store.destroy(mine.token)
    assert [info.public_id for info in await store.find("device", device)] == [other.public_id]


async def test_a_label_follows_its_session_through_a_rotation(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user, labels={"sid": user})
    new = await store.rotate(issued.token)
    assert new is not None
    assert new.labels == {"sid": user}
    assert [info.public_id for info in await store.find("sid", user)] == [new.public_id]


async def test_a_label_key_shows_no_value_and_has_a_deadline(
    store: SessionStore, client: Any, user: str
) -> None:
    await store.create(user, labels={"mail": f"{user}@example.org"})
    keys = [key async for key in client.scan_iter(match="label:mail:*")]
    assert keys
    for key in keys:
        assert user.encode() not in key
        assert await client.execute_command("PTTL", key) > 0
    await store.create(user, labels={"mail": "x"}, lifetime=Lifetime(60, None))


# --- how a user has shown who he is ---------------------------------------------------------------


async def test_what_matters_asks_for_a_login_of_late(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store() as store:
        issued = await store.create(user, auth=AuthContext(("pwd",), level=1))
        clock.advance(seconds=300)
        session = await store.validate(issued.token)
        assert session is not None
        session.require_fresh(300)
        assert not session.is_fresh(299)
        assert not session.is_fresh(300, level=2)
        with pytest.raises(FreshAuthenticationRequired):
            session.require_fresh(299)
        stronger = await store.rotate(issued.token, auth=AuthContext(("pwd", "otp"), level=2))
        assert stronger is not None
        stronger.require_fresh(1, level=2)
        visitor = await store.create(None)
        assert not visitor.is_fresh(1e9)


async def test_a_session_may_end_with_the_browser(store: SessionStore, user: str) -> None:
    for is_persistent in (True, False):
        lifetime = Lifetime(3600, 86_400, persistent=is_persistent)
        issued = await store.create(user, lifetime=lifetime)
        session = await store.validate(issued.token)
        assert session is not None
        assert session.is_persistent == is_persistent


# --- browsers -------------------------------------------------------------------------------------


async def test_another_browser_may_have_to_prove_itself_and_prolongs_nothing(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(fingerprint_policy="step_up", touch_interval_seconds=0)
    told: list[events.SessionEvent] = []
    issued = await store.create(user, request=HOME)
    store.on_event(told.append)
    other = RequestContext("198.51.100.9", {**FIREFOX, "user-agent": "Safari"})
    session = await store.validate(issued.token, request=other)
    assert session is not None
    assert session.step_up
    assert not session.touched
    assert not session.is_fresh(3600)
    assert [type(event) for event in told] == [events.BindingMismatch]
    same = await store.validate(issued.token, request=HOME)
    assert same is not None
    assert same.touched
    assert not same.step_up


@pytest.mark.parametrize("policy", ["reject", "revoke"])
async def test_another_browser_may_be_refused(
    make_store: MakeStore, user: str, policy: str
) -> None:
    store = await make_store(fingerprint_policy=policy)
    issued = await store.create(user, request=HOME)
    other = RequestContext("198.51.100.7", {"user-agent": "Safari"})
    assert await store.validate(issued.token, request=other) is None
    assert (await store.validate(issued.token, request=HOME) is not None) == (policy == "reject")


async def test_a_record_tells_no_browser_by_its_fingerprint(
    store: SessionStore, client: Any, user: str
) -> None:
    await store.create(user, request=HOME)
    (key,) = [key for key in await records_of(client, user) if key.startswith(b"session:")]
    assert b"Firefox" not in await client.execute_command("HGET", key, "browser")


async def test_many_unknown_tokens_from_one_network_are_told_once_a_minute(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(guesses_per_minute=3) as store:
        told: list[events.SessionEvent] = []
        store.on_event(told.append, events.TokenGuessing)
        for _ in range(10):
            await store.validate("junk", request=HOME)
        assert told == [events.TokenGuessing("198.51.100.0/24", 3)]
        clock.advance(seconds=60)
        for _ in range(3):
            await store.validate("junk", request=HOME)
        assert len(told) == 2


async def test_junk_costs_the_store_nothing(slow_store: SessionStore, between: Between) -> None:
    for token in ("", "junk", "k1.aaaaaaaaaaaaa." + "A" * 49):
        assert await slow_store.validate(token, request=HOME) is None
    assert between.calls == []


async def test_a_session_whose_device_cannot_be_read_is_listed_and_ended_all_the_same(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {}, DeviceInfo("Firefox"))
    ticket = store._core.tokens.read(issued.token)
    assert ticket is not None
    key = store._core.atomic.session_key(ticket)
    await client.execute_command("HSET", key, "device", "spoilt")
    (info,) = await store.get_user_sessions(user)
    assert (info.public_id, info.device_info) == (issued.public_id, None)
    assert await store.destroy_by_id(user, info.public_id)
