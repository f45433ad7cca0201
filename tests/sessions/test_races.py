"""Races that a session must not lose, each at every point at which the other one can come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest

import ferrite_lite
from sessions import (
    AuthContext,
    BindingPolicy,
    DataTooLarge,
    Lifetime,
    RequestContext,
    SessionConfig,
    SessionStore,
    StoreUnavailable,
    events,
)
from sessions.operations import core
from sessions.servers.link import Link
from tests.sessions.conftest import KEYS, MakeStore, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts

#: More commands than any operation here sends.
POINTS = [(command, when) for command in range(4) for when in When]
HOME, ELSEWHERE = RequestContext("198.51.100.7"), RequestContext("203.0.113.1")


@pytest.fixture
async def interleaved(client: Any) -> Interleaved:
    await load_scripts(client)
    return Interleaved(client)


@pytest.fixture
async def stopped(interleaved: Interleaved) -> SessionStore:
    """A second store on the same data, whose operations can be stopped."""
    return await SessionStore.connect(interleaved, without_rate(), keys=KEYS)


async def at_every_point(
    interleaved: Interleaved,
    prepare: Callable[[], Awaitable[Any]],
    action: Callable[[Any], Awaitable[Any]],
) -> AsyncIterator[Any]:
    """What ``prepare`` made, once for every point; the action waits there until it is met."""
    for command, when in POINTS:
        made = await prepare()
        interleaved.at(command, when, partial(action, made))
        yield made


async def test_a_list_holds_a_session_that_is_rotated_meanwhile(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, user: str
) -> None:
    issued = await store.create(user)
    token = issued.token

    async def rotate(_: Any) -> None:
        nonlocal token
        rotated = await store.rotate(token)
        assert rotated is not None
        token = rotated.token

    async def nothing() -> None: ...

    async for _ in at_every_point(interleaved, nothing, rotate):
        listed = await stopped.get_user_sessions(user)
        assert [info.public_id for info in listed] == [issued.public_id]


async def test_a_session_is_ended_by_its_name_though_it_is_rotated_meanwhile(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, user: str
) -> None:
    for grace_seconds in (10, 0):

        async def rotate(issued: Any, grace_seconds: float = grace_seconds) -> None:
            await store.rotate(issued.token, grace_seconds=grace_seconds)

        async for issued in at_every_point(interleaved, lambda: store.create(user), rotate):
            assert await stopped.destroy_by_id(user, issued.public_id)
            assert await store.validate(issued.token) is None
            assert await store.get_user_sessions(user) == []


async def test_a_session_can_be_found_from_its_first_moment_on(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, user: str
) -> None:
    """Somebody who looks for it between its label and itself must not make it unfindable."""

    async def look(_: Any) -> None:
        await store.find("sid", user)

    async def nothing() -> None: ...

    async for _ in at_every_point(interleaved, nothing, look):
        issued = await stopped.create(user, labels={"sid": user})
        assert [info.public_id for info in await store.find("sid", user)] == [issued.public_id]
        await store.destroy(issued.token)


async def test_a_session_that_is_rotated_meanwhile_is_found_by_its_label(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, user: str
) -> None:
    token = (await store.create(user, labels={"sid": user})).token

    async def rotate(_: Any) -> None:
        nonlocal token
        rotated = await store.rotate(token)
        assert rotated is not None
        token = rotated.token

    async def nothing() -> None: ...

    async for _ in at_every_point(interleaved, nothing, rotate):
        assert len(await stopped.find("sid", user)) == 1


async def test_a_login_is_not_lost_to_a_rotation(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, user: str
) -> None:
    """Whoever comes second must not get the first one's session for his own."""

    async def rotate(issued: Any) -> None:
        await store.rotate(issued.token)

    async for issued in at_every_point(interleaved, lambda: store.create(user), rotate):
        elevated = await stopped.rotate(issued.token, auth=AuthContext(("otp",), level=2))
        assert elevated is not None
        assert elevated.is_fresh(60, level=2)
        assert await store.validate(issued.token) is None
        await store.destroy(elevated.token)


async def test_a_first_token_ends_its_session_after_many_rotations(
    store: SessionStore, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = last = (await store.create(user)).token
    for _ in range(8):
        rotated = await store.rotate(last)
        assert rotated is not None
        last = rotated.token
    monkeypatch.setattr(core, "MOST_MOVES", 8)
    with pytest.raises(StoreUnavailable):  # an answer would be that the session is dead
        await store.destroy(first)
    monkeypatch.undo()
    assert await store.destroy(first)
    assert await store.validate(last) is None


async def test_what_is_both_set_and_removed_is_measured(make_store: MakeStore, user: str) -> None:
    store = await make_store(max_data_bytes=100)
    issued = await store.create(user, {"a": "x" * 60})
    with pytest.raises(DataTooLarge):
        await store.patch(issued.token, {"b": "x" * 60}, remove=["b"])


# --- the policies, under a token that is exchanged ------------------------------------------------


async def test_an_old_token_from_elsewhere_is_not_renewed_but_asked_to_prove_itself(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(
        ip_policy=BindingPolicy.STEP_UP, renew_after_seconds=100
    ) as store:
        told: list[events.SessionEvent] = []
        issued = await store.create(user, request=HOME)
        clock.advance(seconds=200)
        store.on_event(told.append)
        session = await store.validate(issued.token, request=ELSEWHERE)
        assert session is not None
        assert session.step_up
        assert [type(event) for event in told] == [events.BindingMismatch]
        renewed = await store.validate(issued.token, request=HOME)
        assert renewed is not None
        assert not renewed.step_up
        assert renewed.issued_at > issued.issued_at


@pytest.mark.parametrize("policy", [BindingPolicy.LOG, BindingPolicy.STEP_UP])
async def test_a_replaced_token_from_elsewhere_is_seen_to_be(
    make_store: MakeStore, user: str, policy: BindingPolicy
) -> None:
    store = await make_store(ip_policy=policy)
    told: list[events.SessionEvent] = []
    issued = await store.create(user, request=HOME)
    await store.rotate(issued.token)
    store.on_event(told.append)
    session = await store.validate(issued.token, request=ELSEWHERE)
    assert session is not None
    assert session.step_up == (policy is BindingPolicy.STEP_UP)
    assert [type(event) for event in told] == [events.BindingMismatch]


# --- labels, in time ------------------------------------------------------------------------------


async def test_a_label_leads_to_a_user_as_long_as_his_session_may_live(
    clock: ferrite_lite.ManualClock,
) -> None:
    async with ferrite_lite.Ferrite(clock=clock) as ferrite:
        client = ferrite.client()
        link = Link(client, timeout_seconds=None)
        config = SessionConfig(ttl_seconds=100, absolute_seconds=1000, create_limit=None)
        store = SessionStore(link, config, KEYS)
        for at in range(10):
            await store.create(f"user-{at}", labels={"client": "app"})
            clock.advance(seconds=60)
        assert len(await store.find("client", "app")) == 1
        (key,) = [key async for key in client.scan_iter(match="label:*")]
        assert await client.execute_command("HLEN", key) == 10
        clock.advance(seconds=760)
        await store.find("client", "app")
        assert await client.execute_command("HLEN", key) == 4
        clock.advance(seconds=3600)
        assert await client.execute_command("EXISTS", key) == 0


async def test_a_label_of_a_session_without_an_age_limit_stays(
    store: SessionStore, user: str
) -> None:
    for lifetime in (Lifetime(1000, 1000), Lifetime(1000, None), Lifetime(1000, 2000)):
        await store.create(user, labels={"client": user}, lifetime=lifetime)
        assert await store.find("client", user)
