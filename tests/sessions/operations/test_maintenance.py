from __future__ import annotations

from typing import Any

import pytest

import ferrite_lite
from sessions import Lifetime, RequestContext, SessionStore, events
from sessions.operations.maintenance import SweepReport
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate


@pytest.fixture
def prefix(user: str) -> str:
    return f"[{user}*]?:"


async def test_a_sweep_prunes_every_index_and_tells_of_what_has_run_out(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, prefix: str
) -> None:
    async with await make_timed_store(prefix=prefix, ttl_seconds=60) as store:
        told: list[events.SessionEvent] = []
        store.on_event(told.append, events.Expired)
        short = await store.create("alice")
        clock.advance(seconds=30)
        long = await store.create("alice")
        await store.create("bob")
        clock.advance(seconds=30)
        assert await store.sweep() == SweepReport(users=2, live=2, expired=1)
        assert told == [events.Expired(short.public_id)]
        assert await store.validate(long.token) is not None
        assert await store.sweep() == SweepReport(users=2, live=2, expired=0)


async def test_an_end_of_everything_ends_all_sessions_of_all_users_on_every_node(
    make_store: MakeStore, prefix: str
) -> None:
    store = await make_store(prefix=prefix)
    stranger = await make_store(prefix=prefix + "other:")
    issued = [await store.create(f"user-{number}") for number in range(20)]
    spared = await stranger.create("user-1")
    told: list[events.SessionEvent] = []
    store.on_event(told.append)
    assert await store.destroy_everything() == 20
    assert told == [events.RevokedEverything(20)]
    for each in issued:
        assert await store.validate(each.token) is None
    assert await stranger.validate(spared.token) is not None
    assert await stranger.destroy_everything() == 1


async def test_other_stores_learn_of_an_epoch_in_the_time_they_were_given(
    clock: ferrite_lite.ManualClock, prefix: str, client: Any
) -> None:
    async def connect(**settings: Any) -> SessionStore:
        config = without_rate(prefix=prefix, **settings)
        return await SessionStore.connect(client, config, keys=KEYS, clock=clock)

    eager, lazy = await connect(epoch_seconds=5), await connect()
    issued = await lazy.create("alice")
    assert await eager.validate(issued.token) is not None
    await lazy._core.epoch.begin()  # the first half of an end of everything
    assert await eager.validate(issued.token) is not None
    clock.advance(seconds=5)
    assert await eager.validate(issued.token) is None
    assert await lazy.validate(issued.token) is None


async def test_a_store_that_was_not_told_to_asks_for_no_epoch(
    slow_store: SessionStore, between: Between, user: str
) -> None:
    issued = await slow_store.create(user)
    await slow_store.validate(issued.token)
    between.calls.clear()
    await slow_store.validate(issued.token, request=RequestContext("10.0.0.1"))
    assert len(between.calls) == 1


async def test_labels_that_were_lost_lead_to_their_sessions_again(
    make_store: MakeStore, client: Any, prefix: str
) -> None:
    store = await make_store(prefix=prefix)
    lasting = Lifetime(60, None)
    first = await store.create("alice", labels={"device": "d-1", "client": "web"})
    second = await store.create("bob", labels={"device": "d-1"}, lifetime=lasting)
    await store.create("bob")
    for name in ("device", "client"):
        for key in [key async for key in client.scan_iter(match=f"*label:{name}:*")]:
            if key.startswith(prefix.encode()):
                await client.execute_command("DEL", key)
    assert await store.find("device", "d-1") == []
    assert await store.reindex() == 2
    found = {info.public_id for info in await store.find("device", "d-1")}
    assert found == {first.public_id, second.public_id}
    assert [info.public_id for info in await store.find("client", "web")] == [first.public_id]
