"""Sessions that expire are told of, once, and no others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

import ferrite_lite
from sessions import (
    ConfigError,
    Lifetime,
    SessionStore,
    SyncSessionStore,
    events,
    sync_watch_expiry,
    watch_expiry,
)
from sessions.tasks import Deadline
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.support.servers import RealServer

SHORT = Lifetime(0.2, 0.2)


def listen(store: SessionStore) -> list[events.SessionEvent]:
    told: list[events.SessionEvent] = []
    store.on_event(told.append, events.Expired)
    return told


async def until(store: SessionStore, is_true: Callable[[], bool]) -> None:
    """Wait for a server, which drops keys by and by, or as it is asked things."""
    async with Deadline(10):
        while not is_true():
            await store._core.link.ask("EXISTS", "nothing")
            await asyncio.sleep(0.001)


@pytest.fixture
async def noticing_store(client: Any, make_store: MakeStore) -> AsyncIterator[SessionStore]:
    """A store whose server tells of what expires."""
    nodes = {"target_nodes": RedisCluster.ALL_NODES} if isinstance(client, RedisCluster) else {}
    await client.execute_command("CONFIG SET", "notify-keyspace-events", "Ex", **nodes)
    yield await make_store()
    await client.execute_command("CONFIG SET", "notify-keyspace-events", "", **nodes)


async def test_a_session_that_expires_is_told_of(noticing_store: SessionStore, user: str) -> None:
    told = listen(noticing_store)
    async with watch_expiry(noticing_store):
        session = await noticing_store.create(user, lifetime=SHORT)
        await until(noticing_store, lambda: bool(told))
        assert await noticing_store.validate(session.token) is None
    assert told == [events.Expired(session.public_id)]


async def test_two_watch_and_one_tells(
    noticing_store: SessionStore, make_store: MakeStore, user: str
) -> None:
    other = await make_store()
    told, told_elsewhere = listen(noticing_store), listen(other)
    async with watch_expiry(noticing_store), watch_expiry(other):
        lifetimes = [Lifetime(seconds, seconds) for seconds in (0.1, 0.15, 0.2)]
        sessions = [await noticing_store.create(user, lifetime=each) for each in lifetimes]
        await until(noticing_store, lambda: len(told) + len(told_elsewhere) == len(sessions))
    everything = {event.public_id for event in (*told, *told_elsewhere)}  # type: ignore[attr-defined]  # Expired
    assert everything == {session.public_id for session in sessions}


async def test_neither_a_replaced_token_nor_an_ended_session_is_told_of(
    noticing_store: SessionStore, user: str
) -> None:
    told = listen(noticing_store)
    async with watch_expiry(noticing_store):
        rotated = await noticing_store.create(user)
        await noticing_store.rotate(rotated.token, grace_seconds=0.1)
        ended = await noticing_store.create(user, lifetime=SHORT)
        # Its record stays, as if the one who ended it had no time to free it.
        ticket = noticing_store._core.tokens.read(ended.token)
        assert ticket is not None
        index = noticing_store._core.atomic.index_key(ticket.tag)
        await noticing_store._core.link.ask("HDEL", index, ticket.sid)
        last = await noticing_store.create(user, lifetime=Lifetime(0.3, 0.3))
        await until(noticing_store, lambda: bool(told))
    assert told == [events.Expired(last.public_id)]


async def test_a_server_that_does_not_tell_is_named(make_store: MakeStore) -> None:
    store = await make_store()
    with pytest.raises(ConfigError, match="notify-keyspace-events"):
        async with watch_expiry(store):
            raise AssertionError("it never begins")


async def test_a_client_that_makes_no_connections_cannot_watch(
    noticing_store: SessionStore, between: Between
) -> None:
    store = await SessionStore.connect(between, without_rate(), keys=KEYS)
    with pytest.raises(ConfigError):
        async with watch_expiry(store):
            raise AssertionError("it never begins")


@pytest.fixture(params=["redis_server", "ferrite_process"])
def noticing_server(request: pytest.FixtureRequest) -> Iterator[RealServer]:
    server: RealServer = request.getfixturevalue(request.param)
    server.ask("CONFIG", "SET", "notify-keyspace-events", "Ex")
    yield server
    server.ask("CONFIG", "SET", "notify-keyspace-events", "")


@pytest.mark.parametrize("tenant", [None, "acme"])
def test_a_session_that_expires_is_told_of_to_code_that_does_not_await(
    noticing_server: RealServer, user: str, tenant: str | None
) -> None:
    told, is_told = list[events.SessionEvent](), threading.Event()
    with SyncSessionStore.connect(noticing_server.url, without_rate(), keys=KEYS) as parent:
        store = parent if tenant is None else parent.for_tenant(tenant)
        store.on_event(told.append, events.Expired)
        store.on_event(lambda _: is_told.set(), events.Expired)
        with sync_watch_expiry(store):
            session = store.create(user, lifetime=SHORT)
            assert is_told.wait(30)
        (event,) = told
        assert isinstance(event, events.Expired)
        assert event.public_id == session.public_id
    assert not [each for each in threading.enumerate() if each.name == "sessions expiry"]


def test_code_that_does_not_await_watches_where_there_is_a_url_and_the_server_tells(
    redis_server: RealServer,
) -> None:
    with (
        SyncSessionStore.connect(redis_server.url, without_rate(), keys=KEYS) as store,
        pytest.raises(ConfigError, match="notify-keyspace-events"),
        sync_watch_expiry(store),
    ):
        raise AssertionError("it never begins")
    with (
        SyncSessionStore.connect() as embedded,
        pytest.raises(ConfigError, match="URL"),
        sync_watch_expiry(embedded),
    ):
        raise AssertionError("it never begins")
    assert not [each for each in threading.enumerate() if each.name == "sessions expiry"]


# --- noticed by others ----------------------------------------------------------------------------


@pytest.mark.parametrize("absolute_seconds", [None, 10])
@pytest.mark.parametrize("notice", ["sweep", "list", "create"])
async def test_whoever_finds_an_expired_session_tells(
    make_timed_store: MakeStore,
    clock: ferrite_lite.ManualClock,
    notice: str,
    absolute_seconds: float | None,
) -> None:
    store = await make_timed_store(ttl_seconds=10, absolute_seconds=absolute_seconds)
    async with AsyncExitStack() as stack:
        stack.push_async_exit(store)
        told = listen(store)
        session = await store.create("alice")
        clock.advance(seconds=1)
        await store.validate(session.token)
        clock.advance(seconds=10 * 60 * 60)
        match notice:
            case "sweep":
                await store.sweep()
            case "list":
                assert await store.get_user_sessions("alice") == []
            case "create":
                await store.create("alice")
        assert told == [events.Expired(session.public_id)]
        await store.sweep()
        assert len(told) == 1


async def test_what_nobody_notices_is_gone_in_time(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    async with await make_timed_store(ttl_seconds=10, absolute_seconds=10) as store:
        await store.create("alice", {"a": 1})
        clock.advance(seconds=2 * 86_400)
        await asyncio.sleep(0)
        assert await store._core.link.ask("KEYS", "*") == []
