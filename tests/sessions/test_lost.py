"""An answer that is lost on its way: who asks again is told what the first attempt has done.

Each answer of each operation is lost in turn, at once or after others have done something between
the attempts. What is told then, answers and events, is what would have been told without the loss.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis.exceptions

import ferrite_lite
from sessions import (
    Invalid,
    IssuedSession,
    Reason,
    RefreshConfig,
    RefreshTokens,
    RequestContext,
    ReuseDetected,
    SessionStore,
    VersionConflict,
    events,
)
from sessions.servers.link import Link
from tests.sessions.conftest import KEYS, MakeStore, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts

#: No operation here sends more commands.
MOST_COMMANDS = 4

Meanwhile = Callable[[], Awaitable[Any]]


@pytest.fixture
async def interleaved(client: Any) -> Interleaved:
    await load_scripts(client)
    return Interleaved(client)


@pytest.fixture
async def lossy(interleaved: Interleaved) -> SessionStore:
    """A second store on the same data, whose answers can be lost."""
    config = without_rate(retries=1, max_sessions_per_user=3)
    return await SessionStore.connect(interleaved, config, keys=KEYS)


def lose(interleaved: Interleaved, command: int, meanwhile: Meanwhile | None = None) -> None:
    """Lose the answer to one command; something may happen before it is asked again."""

    async def break_off() -> None:
        if meanwhile is not None:
            await meanwhile()
        raise redis.exceptions.ConnectionError("the answer was lost")

    interleaved.at(command, When.AFTER, break_off)


def heard(store: SessionStore, *types: type[events.SessionEvent]) -> list[events.SessionEvent]:
    told: list[events.SessionEvent] = []
    store.on_event(told.append, *types)
    return told


# --- the ends -------------------------------------------------------------------------------------

End = Callable[[SessionStore, str, IssuedSession, IssuedSession], Awaitable[Any]]

#: What ends sessions, and its answer when there are two of them.
ENDS: dict[str, tuple[End, Any]] = {
    "destroy": (lambda store, _, mine, other: store.destroy(other.token), True),
    "destroy_by_id": (lambda store, user, _, other: store.destroy_by_id(user, other.public_id), 1),
    "destroy_other_sessions": (
        lambda store, user, mine, _: store.destroy_other_sessions(user, mine.token),
        1,
    ),
    "destroy_all_for_user": (lambda store, user, *_: store.destroy_all_for_user(user), 2),
}


@pytest.mark.parametrize("name", ENDS)
async def test_an_end_whose_answer_was_lost_is_told_as_what_it_was(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str, name: str
) -> None:
    end, answer = ENDS[name]
    told = heard(lossy, events.Destroyed, events.RevokedAll)
    for command in range(MOST_COMMANDS):
        mine, other = await store.create(user), await store.create(user)
        told.clear()
        lose(interleaved, command)
        assert await end(lossy, user, mine, other) == answer
        ended = {mine.public_id, other.public_id} if answer == 2 else {other.public_id}
        (event,) = told
        assert set(getattr(event, "public_ids", ())) | {getattr(event, "public_id", None)} >= ended
        assert await store.validate(other.token) is None
        await store.destroy_all_for_user(user)


@pytest.mark.parametrize("name", ["destroy", "destroy_by_id"])
async def test_of_an_end_by_somebody_else_it_is_not_told(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str, name: str
) -> None:
    end, _ = ENDS[name]
    told = heard(lossy, events.Destroyed)
    mine, other = await store.create(user), await store.create(user)
    assert await store.destroy(other.token)
    assert not await end(lossy, user, mine, other)
    assert not await end(lossy, user, mine, other)
    assert told == []


async def test_who_ends_the_others_is_told_how_many_though_his_token_was_replaced_meanwhile(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    mine, _ = await store.create(user), await store.create(user)
    lose(interleaved, 0, lambda: store.rotate(mine.token))
    assert await lossy.destroy_other_sessions(user, mine.token) == 1
    assert len(await store.get_user_sessions(user)) == 1


async def test_a_login_between_two_attempts_to_end_all_sessions_stays(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    later: list[IssuedSession] = []

    async def sign_in() -> None:
        generation = await store.generation(user)
        later.append(await store.create(user, if_generation=generation))

    await store.create(user)
    lose(interleaved, 0, sign_in)
    assert await lossy.destroy_all_for_user(user) == 1
    assert await store.validate(later[0].token) is not None


async def test_a_login_that_replaces_a_session_takes_nobody_the_answer_to_its_end(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    issued = await store.create(user)
    lose(interleaved, 0, lambda: store.create(user, replace=issued.token))
    assert await lossy.destroy(issued.token)


async def test_an_answer_is_kept_for_a_while_and_without_a_token(
    clock: ferrite_lite.ManualClock, user: str
) -> None:
    client = ferrite_lite.Ferrite(clock=clock).client()
    store = SessionStore(Link(client, timeout_seconds=None), without_rate(), KEYS)
    issued = await store.create(user)
    await store.destroy(issued.token)
    (key,) = [key async for key in client.scan_iter(match="user:*:answer:*")]
    shown = repr((key, await client.get(key)))
    assert issued.public_id in shown
    assert issued.token.rpartition(".")[2][:10] not in shown
    left_ms = await client.pttl(key)
    assert without_rate().timeout_seconds * 1000 < left_ms <= 200_000
    clock.advance(ms=left_ms + 1)
    assert [key async for key in client.scan_iter(match="user:*:answer:*")] == []


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["ip_policy", "fingerprint_policy"])
async def test_an_end_by_a_policy_whose_answer_was_lost_is_told_as_what_it_was(
    store: SessionStore, interleaved: Interleaved, user: str, policy: str
) -> None:
    config = without_rate(retries=1, **{policy: "revoke"})
    lossy = await SessionStore.connect(interleaved, config, keys=KEYS)
    home = RequestContext("198.51.100.7", {"user-agent": "A", "accept-language": "en"})
    elsewhere = RequestContext("203.0.113.7", {"user-agent": "B", "accept-language": "de"})
    issued = await lossy.create(user, request=home)
    told = heard(lossy)
    lose(interleaved, 0)
    answer = await lossy.validate_result(issued.token, request=elsewhere)
    assert answer == Invalid(Reason.BINDING)
    mismatch, destroyed = (event for event in told if not isinstance(event, events.UnknownToken))
    assert isinstance(mismatch, events.BindingMismatch)
    assert destroyed == events.Destroyed(issued.public_id, events.Why.BINDING)
    again = await lossy.validate_result(issued.token, request=elsewhere)
    assert again == Invalid(Reason.UNKNOWN)


# --- logins ---------------------------------------------------------------------------------------


async def test_a_login_whose_answer_was_lost_tells_who_had_to_make_room(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    before = {(await store.create(user)).public_id for _ in range(3)}
    told = heard(lossy, events.Evicted, events.Destroyed)
    lose(interleaved, 0)
    issued = await lossy.create(user)
    (evicted,) = issued.evicted
    assert evicted in before
    lose(interleaved, 0)
    await lossy.create(user, replace=issued.token)
    assert told == [
        events.Evicted(user, evicted),
        events.Destroyed(issued.public_id, events.Why.REPLACED),
    ]
    assert len(await store.get_user_sessions(user)) == 3


# --- changes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotates", [False, True], ids=["at once", "after a rotation"])
async def test_a_change_whose_answer_was_lost_is_no_conflict_with_itself(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str, rotates: bool
) -> None:
    issued = await store.create(user, {"a": 1})
    meanwhile = (lambda: store.rotate(issued.token)) if rotates else None
    lose(interleaved, 0, meanwhile)
    assert await lossy.patch(issued.token, {"b": 2}, if_version=1) == 2
    lose(interleaved, 0)
    assert await lossy.update_data(issued.token, {"c": 3}, if_version=2)
    with pytest.raises(VersionConflict):
        await lossy.patch(issued.token, {"d": 4}, if_version=2)
    found = await store.validate(issued.token)
    assert found is not None
    assert (found.data, found.version) == ({"c": 3}, 3)


async def test_a_change_that_is_asked_for_again_undoes_nothing_that_came_after_it(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    issued = await store.create(user, {"a": 0})

    async def others() -> None:
        for value in range(20):
            await store.patch(issued.token, {"a": value})

    lose(interleaved, 0, others)
    assert await lossy.patch(issued.token, {"a": "mine"}) == 2
    session = await store.validate(issued.token)
    assert session is not None
    assert (session.data, session.version) == ({"a": 19}, 22)


async def test_a_change_whose_answer_was_lost_is_told_though_the_session_has_ended_since(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    issued = await store.create(user, {"a": 0})
    lose(interleaved, 0, lambda: store.destroy(issued.token))
    assert await lossy.patch(issued.token, {"a": 1}) == 2
    assert await store.validate(issued.token) is None


@pytest.mark.parametrize("grace_seconds", [0, 10])
async def test_a_rotation_whose_answer_was_lost_has_one_successor(
    store: SessionStore,
    lossy: SessionStore,
    interleaved: Interleaved,
    user: str,
    grace_seconds: int,
) -> None:
    issued = await store.create(user)
    told = heard(lossy, events.Rotated)
    lose(interleaved, 0)
    rotated = await lossy.rotate(issued.token, grace_seconds=grace_seconds)
    assert rotated is not None
    assert await store.validate(rotated.token) is not None
    assert told == [events.Rotated(issued.public_id)]
    found = await store.validate(issued.token)
    assert (found is None) == (grace_seconds == 0)
    assert not isinstance(found, IssuedSession) or found.token == rotated.token


async def test_a_rotation_whose_answer_was_lost_leads_to_what_took_its_place_meanwhile(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    issued = await store.create(user)

    async def follow_and_rotate() -> None:
        followed = await store.validate(issued.token)
        assert isinstance(followed, IssuedSession)
        await store.rotate(followed.token)

    lose(interleaved, 0, follow_and_rotate)
    rotated = await lossy.rotate(issued.token)
    assert rotated is not None
    assert type(await store.validate(rotated.token)) is not IssuedSession
    assert len(await store.get_user_sessions(user)) == 1


# --- refresh tokens -------------------------------------------------------------------------------


@pytest.mark.parametrize("grace_seconds", [0, 10])
async def test_an_exchange_whose_answer_was_lost_is_no_theft(
    store: SessionStore,
    lossy: SessionStore,
    interleaved: Interleaved,
    user: str,
    grace_seconds: int,
) -> None:
    refresh = RefreshTokens(lossy, RefreshConfig(grace_seconds=grace_seconds))
    before = {(await store.create(user)).public_id for _ in range(3)}
    token = await refresh.issue(user)
    told = heard(lossy, events.Evicted, events.Refreshed)
    lose(interleaved, 1)
    exchanged = await refresh.exchange(token)
    assert exchanged is not None
    assert await store.validate(exchanged.session.token) is not None
    (evicted,) = exchanged.session.evicted
    assert evicted in before
    assert told == [
        events.Evicted(user, evicted),
        events.Refreshed(user, exchanged.session.public_id),
    ]
    assert await refresh.exchange(exchanged.refresh_token) is not None


async def test_a_theft_whose_answer_was_lost_is_told(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    refresh = RefreshTokens(lossy, RefreshConfig(grace_seconds=0))
    token = await refresh.issue(user)
    await refresh.exchange(token)
    told = heard(lossy, events.RefreshReuse)
    lose(interleaved, 1)
    with pytest.raises(ReuseDetected):
        await refresh.exchange(token)
    assert len(told) == 1
    assert await refresh.exchange(token) is None


async def test_the_end_of_a_family_whose_answer_was_lost_is_told(
    store: SessionStore, lossy: SessionStore, interleaved: Interleaved, user: str
) -> None:
    refresh = RefreshTokens(lossy)
    issued = await store.create(user)
    token = await refresh.issue(issued)
    told = heard(lossy, events.RefreshEnded)
    lose(interleaved, 0)
    assert await refresh.revoke(token)
    assert told == [events.RefreshEnded(issued.public_id)]
    assert not await refresh.revoke(token)


# --- what has expired -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [*ENDS, "revoke_family", "destroy_everything", "create", "get_user_sessions"]
)
async def test_whoever_finds_a_session_expired_tells_of_it_once(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str, name: str
) -> None:
    async with await make_timed_store(ttl_seconds=100) as store:
        expired = await store.create(user)
        refresh = RefreshTokens(store)
        await refresh.issue(expired)
        clock.advance(seconds=60)
        mine = await store.create(user)
        clock.advance(seconds=60)
        told = heard(store, events.Expired, events.Destroyed, events.RevokedAll)
        if name in ENDS:
            other = mine if name == "destroy_all_for_user" else expired
            answer = await ENDS[name][0](store, user, mine, expired if other is expired else mine)
            assert answer == (name == "destroy_all_for_user")
        elif name == "revoke_family":
            assert await refresh.revoke_family(user, expired.public_id)
        elif name == "destroy_everything":
            assert await store.destroy_everything() == 1
        else:
            await getattr(store, name)(user)
        assert told.count(events.Expired(expired.public_id)) == 1
        assert not [event for event in told if isinstance(event, events.Destroyed)]
        told.clear()
        await store.sweep()
        await store.destroy_all_for_user(user)
        assert not [event for event in told if isinstance(event, events.Expired)]


@pytest.mark.parametrize("name", ["get_user_sessions", "sweep"])
async def test_who_found_a_session_expired_tells_of_it_though_the_answer_was_lost(
    clock: ferrite_lite.ManualClock, name: str
) -> None:
    ferrite = ferrite_lite.Ferrite(clock=clock)
    interleaved = Interleaved(ferrite.client())
    await load_scripts(ferrite.client())
    config = without_rate(retries=1, ttl_seconds=100)
    store = await SessionStore.connect(interleaved, config, keys=KEYS, clock=clock)
    told = heard(store, events.Expired)
    expired = await store.create("alice")
    clock.advance(seconds=60)
    mine = await store.create("alice")
    clock.advance(seconds=60)
    ask = {
        "get_user_sessions": lambda: store.get_user_sessions("alice"),
        "sweep": store.sweep,
    }[name]
    for command in range(MOST_COMMANDS):
        lose(interleaved, command)
        await ask()
        assert told == [events.Expired(expired.public_id)]
    (listed,) = await store.get_user_sessions("alice")
    assert listed.public_id == mine.public_id
    clock.advance(seconds=100)
    lose(interleaved, 0, lambda: store.create("alice"))
    assert len(await store.get_user_sessions("alice")) == 1
    assert told == [events.Expired(each.public_id) for each in (expired, mine)]
    client = ferrite.client()
    kept = [await client.pttl(key) async for key in client.scan_iter(match="user:*:answer:*")]
    assert kept
    assert all(0 < left_ms <= 200_000 for left_ms in kept)


async def test_a_session_in_its_last_millisecond_is_found_expired_and_not_ended(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=100) as store:
        issued = await store.create(user)
        told = heard(store, events.Expired, events.Destroyed)
        clock.advance(seconds=100)
        assert not await store.destroy(issued.token)
        assert told == [events.Expired(issued.public_id)]
