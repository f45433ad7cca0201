"""One deadline over all requests of an operation (ASVS 13.1.2), on a clock that the tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import copy_context
from typing import Any

import pytest
import redis

import ferrite_lite
from sessions import RateLimit, RequestContext, SessionStore, StoreUnavailable, SyncSessionStore
from sessions.blocking import BlockingLink
from sessions.servers.direct import DirectClient
from sessions.servers.link import Link
from sessions.servers.scope import Scope, current_scope
from tests.sessions.conftest import KEYS, without_rate
from tests.support.faults import Exchange, Fault, FaultProxy
from tests.support.servers import RealServer

HOME = RequestContext("198.51.100.7")
#: No test is to wait for it.
TIMEOUT_SECONDS = 3600.0


class Slow:
    """A client whose server takes its time, by a clock of its own, or answers only so often."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.now = 1000.0
        self.takes_seconds = 0.0
        self.answers = 10**9
        self.asked = 0

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        self.asked += 1
        if self.asked > self.answers:
            await asyncio.Event().wait()
        reply = await self._client.execute_command(*words, **options)
        self.now += self.takes_seconds
        return reply

    def become_slow(self, seconds: float, answers: int = 10**9) -> None:
        self.takes_seconds, self.answers, self.asked = seconds, answers, 0


CONFIG = without_rate(create_limit_ip=RateLimit(1000), max_sessions_per_user=3)


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    async with ferrite_lite.Ferrite() as ferrite:
        yield Slow(ferrite.client())


@pytest.fixture
async def store(slow: Slow) -> SessionStore:
    link = Link(slow, timeout_seconds=TIMEOUT_SECONDS, clock=lambda: slow.now)
    store: SessionStore = SessionStore(link, CONFIG, KEYS)
    await _use_everything(store)  # the scripts are known from now on
    return store


async def _use_everything(store: SessionStore) -> None:
    for act, *_ in OPERATIONS.values():
        await act(store, await _prepared(store))
    for long in LONG.values():
        await long(store)


async def _prepared(store: SessionStore) -> tuple[str, str, str]:
    """The token of a user, his public id, and the token of a visitor."""
    await store.destroy_all_for_user("alice")
    issued = await store.create("alice", {"a": 1}, labels={"client": "web"})
    return issued.token, issued.public_id, (await store.create(None, {"cart": 1})).token


Given = tuple[str, str, str]


async def edit(store: SessionStore, given: Given) -> None:
    async with store.edit(given[0]) as session:
        session.data["a"] = 2
        await store.patch(given[0], {"b": 1})


#: Each with the number of its requests.
OPERATIONS: dict[str, tuple[Callable[[SessionStore, Given], Awaitable[Any]], int]] = {
    "create": (lambda store, given: store.create("alice", request=HOME, labels={"a": "b"}), 3),
    "create in place of another": (
        lambda store, given: store.create("alice", replace=given[2]),
        2,
    ),
    "rotate": (lambda store, given: store.rotate(given[2], user_id="alice"), 3),
    "destroy_by_id": (lambda store, given: store.destroy_by_id("alice", given[1]), 2),
}

LONG: dict[str, Callable[[SessionStore], Awaitable[Any]]] = {
    "get_user_sessions": lambda store: store.get_user_sessions("alice"),
    "find": lambda store: store.find("client", "web"),
    "count": lambda store: store.count("client"),
    "show": lambda store: store.show("alice"),
    "sweep": lambda store: store.sweep(),
    "reindex": lambda store: store.reindex(),
    "doctor": lambda store: store.doctor(),
    "destroy_everything": lambda store: store.destroy_everything(),
}


@pytest.mark.parametrize("name", OPERATIONS)
async def test_the_requests_of_an_operation_have_one_deadline_together(
    store: SessionStore, slow: Slow, name: str
) -> None:
    act, requests = OPERATIONS[name]
    given = await _prepared(store)
    slow.become_slow(TIMEOUT_SECONDS / requests * 1.01)
    await act(store, given)
    assert slow.asked == requests
    given = await _prepared(store)
    slow.become_slow(TIMEOUT_SECONDS / (requests - 1))
    with pytest.raises(StoreUnavailable, match="all the time"):
        await act(store, given)
    assert slow.asked == requests - 1


@pytest.mark.parametrize("name", LONG)
async def test_operations_that_look_at_many_sessions_take_as_long_as_they_take(
    store: SessionStore, slow: Slow, name: str
) -> None:
    await _prepared(store)
    slow.become_slow(TIMEOUT_SECONDS)
    await LONG[name](store)
    assert slow.asked > 1


async def test_each_half_of_an_edit_has_a_deadline_and_its_block_has_none(
    store: SessionStore, slow: Slow
) -> None:
    given = await _prepared(store)
    slow.become_slow(TIMEOUT_SECONDS / 3 * 1.01)
    async with store.edit(given[0]) as session:
        slow.now += 10 * TIMEOUT_SECONDS
        session.data["c"] = 1
    slow.become_slow(TIMEOUT_SECONDS / 2)
    with pytest.raises(StoreUnavailable, match="all the time"):
        # It is written at the third request: the first one meets the change within the block.
        await edit(store, given)
    assert slow.asked == 1 + 1 + 2


async def test_a_request_has_what_the_ones_before_it_have_left(
    store: SessionStore, slow: Slow
) -> None:
    given = await _prepared(store)
    slow.become_slow(TIMEOUT_SECONDS - 0.01, answers=1)
    with pytest.raises(StoreUnavailable) as raised:
        await asyncio.wait_for(store.destroy_by_id("alice", given[1]), 60)
    assert slow.asked == 2
    assert raised.value.may_have_happened


async def test_what_was_not_sent_for_want_of_time_has_not_happened_and_says_nothing_of_the_server(
    slow: Slow,
) -> None:
    link = Link(slow, timeout_seconds=5, clock=lambda: slow.now, breaker_failures=1)
    with Scope():
        await link.ask("PING")
        slow.now += 5
        with pytest.raises(StoreUnavailable) as raised:
            await link.ask("PING")
    assert not raised.value.may_have_happened
    assert slow.asked == 1
    await link.ask("PING")


async def test_further_attempts_are_within_the_deadline(slow: Slow) -> None:
    class Loading(Slow):
        async def execute_command(self, *words: Any, **options: Any) -> Any:
            self.asked += 1
            self.now += 3
            raise ConnectionResetError("reset by peer")

    loading = Loading(None)
    link = Link(loading, timeout_seconds=5, clock=lambda: loading.now, retries=9)
    with pytest.raises(StoreUnavailable):
        await link.ask("PING")
    assert loading.asked == 2


def test_what_is_over_binds_nobody_who_has_taken_its_context_along() -> None:
    with Scope() as scope:
        assert scope.bound(5) == 5
        assert scope.bound(9) == 5
        context = copy_context()
    assert current_scope() is None
    left = context.run(current_scope)
    assert left is scope
    assert left.bound(9) == 9


# --- for those who do not await -------------------------------------------------------------------


class SlowLink(BlockingLink):
    """A blocking link whose every reply takes its time, by a clock of its own."""

    now = 1000.0
    takes_seconds = 0.0

    async def _send(self, *words: Any) -> Any:
        reply = await super()._send(*words)
        self.now += self.takes_seconds
        return reply


class Silence(Fault):
    """The server does it, and its reply never comes."""

    async def meet(self, exchange: Exchange) -> None:
        await exchange.forward()
        await asyncio.Event().wait()


def blocking_store(url: str) -> tuple[SyncSessionStore, SlowLink]:
    link = SlowLink.open(url, without_rate(timeout_seconds=TIMEOUT_SECONDS))
    link._clock = lambda: link.now
    return SyncSessionStore(SessionStore(link, CONFIG, KEYS)), link


def test_a_thread_waits_no_longer_than_its_operation_may_take(
    redis_server: RealServer, user: str
) -> None:
    store, link = blocking_store(redis_server.url)
    with store:
        issued = store.create(user)
        link.takes_seconds = TIMEOUT_SECONDS
        with pytest.raises(StoreUnavailable, match="all the time"):
            store.destroy_by_id(user, issued.public_id)
        assert store.get_user_sessions(user) != []


async def test_a_thread_is_given_up_on_within_what_is_left(
    redis_server: RealServer, user: str
) -> None:
    async with FaultProxy(redis_server.host, redis_server.port) as proxy:
        store, link = blocking_store(proxy.url)

        def act() -> None:
            with store:
                issued = store.create(user)
                store.destroy_by_id(user, "none")
                link.takes_seconds = TIMEOUT_SECONDS - 0.05
                proxy.faults.extend([Fault(), Silence()])
                with pytest.raises(StoreUnavailable) as raised:
                    store.destroy_by_id(user, issued.public_id)
                assert raised.value.may_have_happened
                assert not proxy.faults

        await asyncio.wait_for(asyncio.to_thread(act), 60)


def test_who_has_little_time_left_waits_no_longer_for_a_connection(
    redis_server: RealServer,
) -> None:
    pool = redis.BlockingConnectionPool.from_url(
        redis_server.url, max_connections=1, timeout=TIMEOUT_SECONDS
    )
    client = DirectClient.from_pool(pool)
    assert isinstance(client, DirectClient)
    with client._connection(), pytest.raises(redis.ConnectionError, match="became free"):
        client.execute_within(0.01, "EVAL", "return 1", 0)
    assert client.execute_within(60, "EVAL", "return 1", 0) == 1
    assert client.execute_within(60, "PING")
    client.close()
