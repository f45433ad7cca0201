"""The near cache while nodes come and go: whoever cannot be heard is asked."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot

from sessions import NearCache, SessionStore, StoreUnavailable
from sessions.servers import listening
from sessions.servers.hearing import Hearing
from sessions.servers.listening import Listener
from sessions.tasks import Deadline
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.test_failover import Slot, has_replicated, id_of
from tests.sessions.test_near import Pair, deafened, sentinel_of, until
from tests.support import servers
from tests.support.servers import RealCluster, RealSentinel, RealServer


@pytest.fixture(autouse=True)
def nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(listening, "_SILENCE_SECONDS", 0.1)


def slot_of(user: str) -> int:
    return int(key_slot(b"{%s}" % Tokens(KEYS).tag(user).encode()))


# --- a cluster ------------------------------------------------------------------------------------


@asynccontextmanager
async def pair_on(cluster: RealCluster, **settings: Any) -> AsyncIterator[Pair]:
    async with (
        RedisCluster(host=cluster.host, port=cluster.port) as client,
        RedisCluster(host=cluster.host, port=cluster.port) as other,
        await SessionStore.connect(
            client, without_rate(**settings), keys=KEYS, near_cache=NearCache(max_seconds=60)
        ) as near,
    ):
        yield Pair(near, await SessionStore.connect(other, without_rate(**settings), keys=KEYS))


def move(slot: Slot) -> None:
    slot.begin()
    for _ in slot.move():
        pass
    slot.end()


def listener_at(pair: Pair, node: RealServer) -> Listener:
    assert pair.near._core.near is not None
    assert isinstance(pair.near._core.near._hearing, Hearing)
    return pair.near._core.near._hearing._listeners[f"{node.host}:{node.port}"]


async def ends_when_heard(pair: Pair, token: str) -> bool:
    """Whether what another process ends is refused here as soon as that is heard."""
    await pair.settle(token)
    await pair.far.destroy(token)
    await pair.hear(token)
    return await pair.near.validate(token) is None


async def test_of_a_node_that_is_not_heard_nothing_is_at_hand_and_of_the_others_it_is(
    redis_cluster: RealCluster,
) -> None:
    async with pair_on(redis_cluster) as pair:
        node_of, tag = pair.near._core.link.client.get_node_from_key, Tokens(KEYS).tag
        users = {
            node_of(f"{{{tag(name)}}}").port: name for name in map("deaf-{}".format, range(50))
        }
        tokens = {port: (await pair.near.create(user)).token for port, user in users.items()}
        for token in tokens.values():
            await pair.settle(token)
        ports = [node.port for node in redis_cluster.nodes]
        async with deafened(redis_cluster.nodes[1]):
            await until(lambda: pair.ear(tokens[ports[1]]) is None)
            for _ in range(3):
                asked = [(await pair.is_asked(tokens[port]))[0] for port in ports]
                assert asked == [False, True, False]
        await pair.settle(tokens[ports[1]])


async def test_changes_are_heard_while_their_slot_moves_and_where_it_has_gone(
    redis_cluster: RealCluster, user: str
) -> None:
    async with pair_on(redis_cluster) as pair:
        session, other = [await pair.near.create(user, {}) for _ in range(2)]
        slot = Slot(redis_cluster, slot_of(user))
        await pair.settle(session.token)
        before = pair.ear(session.token)
        slot.begin()
        for _ in slot.move():
            pass
        await pair.hear(session.token)  # it has left its node: that is a change
        await pair.settle(session.token)
        # Most writes wait for the end of the move, for they have a key that is not there yet.
        async with pair.far.lock(session.token):
            await pair.hear(session.token)
        assert await pair.near.validate(session.token) is not None
        slot.end()
        assert await ends_when_heard(pair, session.token)
        assert pair.ear(session.token) is not before
        assert await ends_when_heard(pair, other.token)


async def test_a_node_that_joins_is_listened_to_and_one_that_has_left_is_not(user: str) -> None:
    with servers.redis_cluster() as cluster:
        async with pair_on(cluster) as pair:
            tokens = [(await pair.near.create(user)).token for _ in range(3)]
            assert await ends_when_heard(pair, tokens[0])
            with servers.joining(cluster) as node:
                everyone = [node, *cluster.nodes]
                move(Slot(RealCluster(everyone), slot_of(user)))
                assert await ends_when_heard(pair, tokens[1])
                listener = listener_at(pair, node)
                assert listener.ear is pair.ear(tokens[1])
                move(Slot(RealCluster(everyone[::-1]), slot_of(user)))
                name = id_of(node)
                for each in cluster.nodes:
                    each.ask("CLUSTER", "FORGET", name)
            assert await ends_when_heard(pair, tokens[2])
            await until(lambda: listener.is_over)


# --- a Sentinel -----------------------------------------------------------------------------------


@asynccontextmanager
async def pair_behind(running: RealSentinel, **settings: Any) -> AsyncIterator[Pair]:
    options = {"socket_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}
    config = without_rate(timeout_seconds=0.5, breaker_seconds=0.1)
    async with (
        sentinel_of(running, sentinel_kwargs={"socket_timeout": 0.5}) as sentinel,
        sentinel.master_for(running.service, **options) as client,
        sentinel.master_for(running.service, **options) as other,
        await SessionStore.connect(
            client, config, keys=KEYS, near_cache=NearCache(max_seconds=60)
        ) as near,
    ):
        yield Pair(near, await SessionStore.connect(other, config, keys=KEYS))


async def reach(store: SessionStore) -> None:
    """Ask until there is an answer."""
    async with Deadline(20):
        while True:
            with suppress(StoreUnavailable):
                await store.create("somebody else")
                return
            await asyncio.sleep(0.01)


@pytest.fixture
async def failing_over() -> AsyncIterator[tuple[Pair, str]]:
    """A session at hand, whose master has fallen silent, and the store has found the next one.

    The connections to the former one are whole: nobody has said that they lead nowhere.
    """
    with servers.redis_sentinel() as running:
        async with pair_behind(running) as pair:
            token = (await pair.near.create("alice")).token
            await pair.settle(token)
            assert has_replicated(running.primary)
            running.primary.process.send_signal(signal.SIGSTOP)
            await reach(pair.near)
            yield pair, token


@pytest.fixture
def silence_is_no_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_SILENCE_SECONDS", 60)


async def test_until_the_new_master_is_heard_nothing_is_at_hand(
    silence_is_no_sign: None, failing_over: tuple[Pair, str]
) -> None:
    pair, token = failing_over
    for _ in range(3):
        asked, found = await pair.is_asked(token)
        assert asked
        assert found is not None
        assert pair.ear(token) is None


async def test_the_new_master_is_listened_to(failing_over: tuple[Pair, str]) -> None:
    pair, token = failing_over
    await reach(pair.far)
    assert await ends_when_heard(pair, token)
    assert pair.ear(token).port == pair.near._core.link.client.connection_pool.master_address[1]


async def test_a_server_that_falls_silent_is_heard_no_more(user: str) -> None:
    with servers.redis_server() as server:
        async with Redis.from_url(server.url) as client:
            near = await SessionStore.connect(
                client, without_rate(), keys=KEYS, near_cache=NearCache(max_seconds=60)
            )
            pair = Pair(near, near)
            token = (await pair.near.create(user)).token
            await pair.settle(token)
            server.process.send_signal(signal.SIGSTOP)
            await until(lambda: pair.ear(token) is None)
            server.process.send_signal(signal.SIGCONT)
            await pair.settle(token)
            await pair.near.aclose()


async def test_a_user_who_may_not_ask_whether_a_server_is_there_hears_all_the_same(
    user: str,
) -> None:
    with servers.redis_server() as server:
        server.ask("ACL", "SETUSER", "quiet", "on", "nopass", "~*", "&*", "+@all", "-ping")
        url = server.url.replace("redis://", "redis://quiet:any@")
        async with await SessionStore.connect(
            url, without_rate(), keys=KEYS, near_cache=NearCache(max_seconds=60)
        ) as near:
            pair = Pair(near, near)
            token = (await near.create(user)).token
            before = pair.ear(token)
            assert before is not None
            await until(lambda: refusals_of(server) > 2)
            assert pair.ear(token) is before


def refusals_of(server: RealServer) -> int:
    """How often somebody was not allowed to PING."""
    found = re.search(rb"cmdstat_ping:.*rejected_calls=(\d+)", server.ask("INFO", "commandstats"))
    return int(found[1]) if found else 0
