"""A session under another token: when it is asked for, when it is due, and when requests race."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis.exceptions

import ferrite_lite
from sessions import (
    AuthContext,
    DeviceInfo,
    IssuedSession,
    KeyRing,
    Session,
    SessionConfig,
    SessionStore,
    events,
)
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.sessions.test_defects_a import records_of

PHONE = DeviceInfo("Safari on iOS", "198.51.100.7", "phone")


async def issued_by(session: Session | None) -> str:
    assert isinstance(session, IssuedSession)
    return session.token


async def test_a_rotated_session_keeps_all_but_its_token(store: SessionStore, user: str) -> None:
    old = await store.create(user, {"cart": ["tea"]}, PHONE)
    new = await store.rotate(old.token)
    assert new is not None
    assert new.token != old.token
    assert new.public_id == old.public_id
    assert (new.user_id, new.data, new.device_info) == (user, {"cart": ["tea"]}, PHONE)
    assert new.created_at == old.created_at
    assert new.absolute_expires_at == old.absolute_expires_at
    (listed,) = await store.get_user_sessions(user, new.token)
    assert listed.is_current


async def test_within_the_grace_the_old_token_answers_with_the_new_one(
    store: SessionStore, user: str
) -> None:
    old = await store.create(user, {"a": 1})
    new = await store.rotate(old.token)
    assert new is not None
    found = await store.validate(old.token)
    assert await issued_by(found) == new.token
    assert not isinstance(await store.validate(new.token), IssuedSession)


async def test_after_the_grace_the_old_token_is_nobody(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(rotation_grace_seconds=10) as store:
        old = await store.create(user)
        new = await store.rotate(old.token)
        assert new is not None
        clock.advance(seconds=10)
        assert await store.validate(old.token) is not None
        clock.advance(ms=1)
        assert await store.validate(old.token) is None
        assert await store.validate(new.token) is not None


async def test_a_new_login_of_the_same_session_leaves_no_grace(
    store: SessionStore, user: str
) -> None:
    old = await store.create(user)
    new = await store.rotate(old.token, auth=AuthContext(("pwd", "otp"), level=2))
    assert new is not None
    assert await store.validate(old.token) is None
    found = await store.validate(new.token)
    assert found is not None
    assert found.auth is not None
    assert (found.auth.methods, found.auth.level) == (("pwd", "otp"), 2)


@pytest.mark.parametrize("racers", [2, 8])
async def test_all_who_rotate_at_once_get_one_successor(
    store: SessionStore, user: str, racers: int
) -> None:
    old = await store.create(user, {"a": 1})
    rotated = await asyncio.gather(*(store.rotate(old.token) for _ in range(racers)))
    assert len({each.token for each in rotated if each}) == 1
    assert None not in rotated
    assert len(await store.get_user_sessions(user)) == 1


async def test_a_chain_of_rotations_is_followed(store: SessionStore, user: str) -> None:
    first = await store.create(user)
    token = first.token
    for _ in range(3):
        rotated = await store.rotate(token)
        assert rotated is not None
        token = rotated.token
    assert await issued_by(await store.validate(first.token)) == token


async def test_writes_under_the_old_token_reach_the_session(store: SessionStore, user: str) -> None:
    old = await store.create(user, {"a": 1})
    new = await store.rotate(old.token)
    assert new is not None
    assert await store.patch(old.token, {"b": 2}) == 2
    session = await store.validate(new.token)
    assert session is not None
    assert session.data == {"a": 1, "b": 2}


async def test_a_logout_under_the_old_token_ends_the_session(
    store: SessionStore, user: str
) -> None:
    old = await store.create(user)
    new = await store.rotate(old.token)
    assert new is not None
    assert await store.destroy(old.token)
    assert await store.validate(new.token) is None
    assert await store.validate(old.token) is None


async def test_a_login_with_the_old_token_ends_the_session(store: SessionStore, user: str) -> None:
    old = await store.create(user)
    new = await store.rotate(old.token)
    assert new is not None
    await store.create(user, replace=old.token)
    assert await store.validate(new.token) is None
    assert len(await store.get_user_sessions(user)) == 1


async def test_who_asks_with_the_old_token_ends_the_others_and_not_himself(
    store: SessionStore, user: str
) -> None:
    old, other = await store.create(user), await store.create(user)
    new = await store.rotate(old.token)
    assert new is not None
    assert await store.destroy_other_sessions(user, old.token) == 1
    assert await store.validate(new.token) is not None
    assert await store.validate(other.token) is None


async def test_an_end_of_all_sessions_ends_the_rotated_one(store: SessionStore, user: str) -> None:
    old = await store.create(user)
    new = await store.rotate(old.token)
    assert new is not None
    assert await store.destroy_all_for_user(user) == 1
    for token in (old.token, new.token):
        assert await store.validate(token) is None


async def test_a_dead_session_is_not_rotated(store: SessionStore, user: str) -> None:
    issued = await store.create(user)
    await store.destroy(issued.token)
    assert await store.rotate(issued.token) is None
    assert await store.rotate("junk") is None
    assert await store.get_user_sessions(user) == []


async def test_a_device_is_ended_by_the_name_it_had_before_its_token_changed(
    store: SessionStore, slow_store: SessionStore, between: Between, user: str
) -> None:
    issued = await store.create(user)
    await store.rotate(issued.token)
    assert await store.destroy_by_id(user, issued.public_id)
    assert await store.validate(issued.token) is None
    racing = await store.create(user)
    await slow_store.get_user_sessions(user)
    between.after = lambda: store.rotate(racing.token)  # between looking up and ending
    assert await slow_store.destroy_by_id(user, racing.public_id)
    assert await store.get_user_sessions(user) == []


async def test_a_logout_that_overtakes_a_rotation_wins(
    store: SessionStore, slow_store: SessionStore, between: Between, user: str
) -> None:
    issued = await store.create(user)
    between.before = lambda: store.destroy(issued.token)
    assert await slow_store.rotate(issued.token) is None
    assert await store.get_user_sessions(user) == []


async def test_a_rotation_whose_answer_was_lost_is_tried_again(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user)

    class LosesOne:
        has_lost = False

        async def execute_command(self, *words: Any, **options: Any) -> Any:
            reply = await client.execute_command(*words, **options)
            if not self.has_lost:
                self.has_lost = True
                raise redis.exceptions.ConnectionError
            return reply

    await store.rotate(issued.token)  # the script is known from now on
    for grace_seconds in (0, 10):
        issued = await store.create(user)
        flaky = await SessionStore.connect(LosesOne(), without_rate(), keys=KEYS)
        rotated = await flaky.rotate(issued.token, grace_seconds=grace_seconds)
        assert rotated is not None
        assert await store.validate(rotated.token) is not None
    assert len(await store.get_user_sessions(user)) == 3


async def test_a_token_that_is_old_is_renewed_when_it_is_used(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(renew_after_seconds=3600) as store:
        issued = await store.create(user)
        clock.advance(seconds=3599)
        assert not isinstance(await store.validate(issued.token), IssuedSession)
        clock.advance(seconds=1)
        renewed = await issued_by(await store.validate(issued.token))
        assert renewed != issued.token
        assert await issued_by(await store.validate(issued.token)) == renewed
        assert not isinstance(await store.validate(renewed), IssuedSession)


async def test_keys_rotate_with_the_tokens(client: Any, user: str) -> None:
    newer = KeyRing("k2", {**KEYS.keys, "k2": bytes(range(32))}, KEYS.routing_key)
    old_store = await SessionStore.connect(client, without_rate(), keys=KEYS)
    new_store = await SessionStore.connect(client, without_rate(), keys=newer)
    issued = await old_store.create(user)
    rotated = await new_store.rotate(issued.token)
    assert rotated is not None
    assert rotated.token.startswith("k2.")
    assert await new_store.validate(rotated.token) is not None
    # Without the key of the successor nothing leads there.
    assert await old_store.validate(issued.token) is None


# --- visitors who become users --------------------------------------------------------------------


async def test_a_visitor_becomes_a_user_and_takes_his_data_along(
    store: SessionStore, user: str
) -> None:
    visitor = await store.create(None, {"cart": ["tea"]}, PHONE)
    assert visitor.user_id is None
    assert visitor.auth is None
    signed_in = await store.rotate(visitor.token, user_id=user)
    assert signed_in is not None
    assert (signed_in.user_id, signed_in.data) == (user, {"cart": ["tea"]})
    assert signed_in.device_info == PHONE
    assert await store.validate(visitor.token) is None
    assert len(await store.get_user_sessions(user)) == 1


@pytest.mark.parametrize("at_call", [1, 2], ids=["once read", "once the new one is there"])
async def test_what_a_visitor_keeps_while_he_signs_in_is_not_lost(
    store: SessionStore, slow_store: SessionStore, between: Between, user: str, at_call: int
) -> None:
    await slow_store.rotate((await store.create(None)).token, user_id=user)  # known from now on
    visitor = await store.create(None, {"cart": ["tea"], "gone": 1})

    async def patch() -> None:
        await store.patch(visitor.token, {"cart": ["tea", "milk"]}, remove=["gone"])

    async def patch_later() -> None:
        between.after = patch

    between.after = patch if at_call == 1 else patch_later
    signed_in = await slow_store.rotate(visitor.token, user_id=user)
    assert signed_in is not None
    assert signed_in.data == {"cart": ["tea", "milk"]}
    assert await store.validate(visitor.token) is None


async def test_a_session_does_not_change_from_one_user_to_another(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user, {"secret": 1})
    with pytest.raises(ValueError, match="another user"):
        await store.rotate(issued.token, user_id=user + "-other")
    assert await store.validate(issued.token) is not None
    assert await store.get_user_sessions(user + "-other") == []


async def test_visitors_have_nothing_in_common(store: SessionStore, client: Any) -> None:
    first, second = await store.create(None), await store.create(None)
    assert first.token.split(".")[1] != second.token.split(".")[1]
    assert await store.destroy(first.token)
    assert await store.validate(second.token) is not None
    await store.destroy(second.token)


async def test_a_rotation_is_told_and_shows_no_token(store: SessionStore, user: str) -> None:
    told: list[events.SessionEvent] = []
    issued = await store.create(user)
    store.on_event(told.append, events.Rotated)
    new = await store.rotate(issued.token)
    assert new is not None
    assert told == [events.Rotated(issued.public_id)]
    assert new.token.split(".")[2] not in repr(new) + repr(told)


async def test_what_leads_on_is_no_session_and_holds_no_token(
    store: SessionStore, client: Any, user: str
) -> None:
    old = await store.create(user)
    new = await store.rotate(old.token)
    assert new is not None
    keys = [key for key in await records_of(client, user) if key.startswith(b"session:")]
    assert len(keys) == 2
    for key in keys:
        held = await client.execute_command("HGETALL", key)
        assert not any(new.token.split(".")[2].encode() in value for value in held.values())
        assert await client.execute_command("PTTL", key) > 0


def test_from_the_lead_alone_nobody_finds_the_successor() -> None:
    mine, theirs = Tokens(KEYS), Tokens(KeyRing.generate())
    token, _ = mine.issue("alice")
    lead = mine.new_lead()
    assert mine.successor(token, lead) == mine.successor(token, lead)
    assert mine.successor(mine.issue("alice")[0], lead) != mine.successor(token, lead)
    assert theirs.successor(token, lead) is None
    assert mine.successor(token, "nonsense") is None
    assert SessionConfig().rotation_grace_seconds == 10
