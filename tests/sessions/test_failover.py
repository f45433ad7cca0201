"""What is left of sessions when a primary dies, and when a slot moves, while they are in use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis.asyncio
import redis.sentinel
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.crc import key_slot

from sessions import (
    ConfigError,
    IssuedSession,
    SessionStore,
    StoreUnavailable,
    SyncSessionStore,
    events,
)
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, without_rate
from tests.support import servers
from tests.support.servers import LOOPBACK, RealCluster, RealSentinel, RealServer

TASKS = 8


# --- a primary that dies --------------------------------------------------------------------------


@asynccontextmanager
async def store_behind(running: RealSentinel, **settings: Any) -> AsyncIterator[SessionStore]:
    ask_sentinel: Any = Sentinel  # redis-py has no types here
    options = {"socket_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}
    sentinel = ask_sentinel([running.address], sentinel_kwargs={"socket_timeout": 0.5})
    try:
        async with sentinel.master_for(running.service, **options) as client:
            yield await SessionStore.connect(client, without_rate(**settings), keys=KEYS)
    finally:
        for asked in sentinel.sentinels:
            await asked.aclose()


def has_replicated(primary: RealServer) -> bool:
    """Wait until a replica has all that the primary has by now."""
    with primary.connect() as connection:
        connection.ask("PUBLISH", "marker", "")  # goes to replicas, and leaves no data
        return connection.ask("WAIT", 1, 5000) == b":1\r\n"


class Watcher:
    """Validates one session over and over, and keeps what it is told."""

    def __init__(self, store: SessionStore, issued: IssuedSession) -> None:
        self._store, self._issued = store, issued
        self.answered = self.unavailable = 0
        #: Whether the last answer was one.
        self.is_well = True

    async def watch(self, until: asyncio.Event) -> None:
        while not until.is_set():
            try:
                session = await self._store.validate(self._issued.token)
            except StoreUnavailable:
                self.unavailable += 1
                self.is_well = False
                await asyncio.sleep(0.01)
            else:
                # Never "there is no such session" because a server is away.
                assert session is not None
                assert session.user_id == self._issued.user_id
                self.answered += 1
                self.is_well = True
                await asyncio.sleep(0)


async def test_a_failover_costs_seconds_and_no_session_that_was_replicated() -> None:
    told: list[events.SessionEvent] = []
    settings = {"timeout_seconds": 0.5, "breaker_seconds": 0.2, "touch_interval_seconds": 0}
    with servers.redis_sentinel() as running:
        async with store_behind(running, **settings) as store:
            store.on_event(told.append, events.StoreFailed, events.StoreRecovered)
            opened = [await store.create(f"user-{number}", {"a": 1}) for number in range(TASKS)]
            assert has_replicated(running.primary)
            over = asyncio.Event()
            watchers = [Watcher(store, issued) for issued in opened]
            tasks = [asyncio.create_task(watcher.watch(over)) for watcher in watchers]
            await asyncio.sleep(0.1)
            running.primary.process.kill()
            assert await happens(lambda: any(watcher.unavailable for watcher in watchers))
            assert await happens(lambda: all(watcher.is_well for watcher in watchers))
            over.set()
            await asyncio.gather(*tasks)
            assert b"role:master" in running.replica.ask("INFO", "replication")
            assert await store.validate((await store.create("user-new")).token) is not None
            for issued in opened:
                assert await store.patch(issued.token, {"b": 2}) == 2
    assert {type(event) for event in told} == {events.StoreFailed, events.StoreRecovered}


async def happens(is_true: Callable[[], bool]) -> bool:
    """Whether it is true before long."""
    return await asyncio.to_thread(servers.wait_until, is_true)


# --- a logout that the replica has not heard of ---------------------------------------------------


@pytest.fixture
async def replica(redis_server: RealServer) -> AsyncIterator[RealServer]:
    """A replica of the shared server that has caught up."""
    redis_server.ask("CONFIG", "SET", "repl-diskless-sync-delay", "0")
    of_primary = ("--replicaof", f"{redis_server.host} {redis_server.port}")
    with servers.redis_server(*of_primary) as replica:
        assert servers.wait_until(
            lambda: b"state=online" in redis_server.ask("INFO", "replication")
        )
        assert has_replicated(redis_server)
        yield replica


def cut_off(replica: RealServer) -> None:
    """Leave the replica with what it has."""
    replica.ask("REPLICAOF", "NO", "ONE")


async def test_a_logout_that_was_not_replicated_is_lost_with_the_primary(
    redis_server: RealServer, replica: RealServer, user: str
) -> None:
    """No promise can be made here without waiting: replication is asynchronous."""
    async with await SessionStore.connect(redis_server.url, without_rate(), keys=KEYS) as store:
        issued = await store.create(user)
        assert has_replicated(redis_server)
        cut_off(replica)
        assert await store.destroy(issued.token)
        assert await store.validate(issued.token) is None
    async with await SessionStore.connect(replica.url, without_rate(), keys=KEYS) as promoted:
        assert await promoted.validate(issued.token) is not None


@pytest.mark.parametrize("kind", ["url", "pool", "blocking"])
async def test_a_logout_that_waits_for_a_replica_is_not_lost(
    redis_server: RealServer, replica: RealServer, user: str, kind: str
) -> None:
    config = without_rate(wait_replicas=1, wait_seconds=0.2)
    store: Any
    client = redis.asyncio.Redis.from_url(redis_server.url, retry=Retry(NoBackoff(), 0))
    if kind == "blocking":
        store = SyncSessionStore.connect(redis_server.url, config, keys=KEYS).awaited
    else:
        server = redis_server.url if kind == "url" else client
        store = await SessionStore.connect(server, config, keys=KEYS)
    async with client, store:
        tokens = [(await store.create(user)).token for _ in range(3)]
        assert await store.destroy(tokens[0])
        assert await store.destroy_other_sessions(user, tokens[1]) == 1
        cut_off(replica)
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas") as raised:
            await store.destroy(tokens[1])
        assert raised.value.may_have_happened
        assert await store.validate(tokens[1]) is None
    async with await SessionStore.connect(replica.url, without_rate(), keys=KEYS) as promoted:
        lives = [await promoted.validate(token) is not None for token in tokens]
        assert lives == [False, True, False]


async def test_others_do_not_wait_with_a_logout_that_waits(
    redis_server: RealServer, user: str
) -> None:
    config = without_rate(wait_replicas=1, wait_seconds=4)
    async with await SessionStore.connect(redis_server.url, config, keys=KEYS) as store:
        ending, other = await store.create(user), await store.create(user)
        logout = asyncio.create_task(store.destroy(ending.token))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(2):
            assert await store.validate(other.token) is not None
        logout.cancel()
        await asyncio.gather(logout, return_exceptions=True)


async def test_a_cluster_without_replicas_confirms_no_logout(
    redis_cluster: RealCluster, user: str
) -> None:
    config = without_rate(wait_replicas=1, wait_seconds=0.05)
    async with RedisCluster(host=redis_cluster.host, port=redis_cluster.port) as client:
        store = await SessionStore.connect(client, config, keys=KEYS)
        issued = await store.create(user)
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
            await store.destroy(issued.token)
        assert await store.validate(issued.token) is None


async def test_there_is_no_replica_to_wait_for_in_the_process() -> None:
    with pytest.raises(ConfigError, match="replicas"):
        await SessionStore.connect(config=without_rate(wait_replicas=1))


# --- a slot that moves ----------------------------------------------------------------------------


class Slot:
    """One slot of a cluster, and two of its nodes: who has it and who is to get it."""

    def __init__(self, cluster: RealCluster, number: int) -> None:
        self._nodes = cluster.nodes
        self.number = number
        self.source = next(node for node in cluster.nodes if self._is_at(node))
        self.target = next(node for node in cluster.nodes if node is not self.source)

    def _is_at(self, node: RealServer) -> bool:
        return node.ask("CLUSTER", "GETKEYSINSLOT", self.number, 1) != b"*0\r\n"

    def begin(self) -> None:
        self.target.ask("CLUSTER", "SETSLOT", self.number, "IMPORTING", id_of(self.source))
        self.source.ask("CLUSTER", "SETSLOT", self.number, "MIGRATING", id_of(self.target))

    def move(self) -> Iterator[bytes]:
        """Move one key after the other."""
        while (reply := self.source.ask("CLUSTER", "GETKEYSINSLOT", self.number, 1)) != b"*0\r\n":
            key = reply.split(b"\r\n")[2]
            self.source.ask("MIGRATE", LOOPBACK, self.target.port, key, 0, 5000)
            yield key

    def end(self) -> None:
        for node in (self.target, self.source, *self._nodes):
            node.ask("CLUSTER", "SETSLOT", self.number, "NODE", id_of(self.target))


def id_of(node: RealServer) -> bytes:
    return node.ask("CLUSTER", "MYID").split(b"\r\n")[1]


async def test_a_slot_that_moves_under_load_loses_no_write_and_answers_nothing_wrong(
    redis_cluster: RealCluster, user: str
) -> None:
    async with RedisCluster(host=redis_cluster.host, port=redis_cluster.port) as client:
        store = await SessionStore.connect(client, without_rate(), keys=KEYS)
        shared = await store.create(user, {})
        others = [(await store.create(user)).token for _ in range(5)]
        slot = Slot(redis_cluster, key_slot(b"{%s}" % Tokens(KEYS).tag(user).encode()))
        over = asyncio.Event()
        written = dict.fromkeys((f"t{number}" for number in range(TASKS)), 0)

        async def use(name: str) -> None:
            while not over.is_set():
                session = await store.validate(shared.token)
                assert session is not None
                assert session.data.get(name, 0) == written[name]
                assert await store.patch(shared.token, {name: written[name] + 1}) is not None
                written[name] += 1

        tasks = [asyncio.create_task(use(name)) for name in written]
        await asyncio.sleep(0.1)
        slot.begin()
        await asyncio.sleep(0.1)
        for _ in slot.move():
            await asyncio.sleep(0.05)
        # New keys of a slot that is on its way are nowhere: this one waits for the end.
        creating = asyncio.create_task(store.create(user))
        await asyncio.sleep(0.1)
        assert not creating.done()
        slot.end()
        created_meanwhile = await creating
        await asyncio.sleep(0.1)
        over.set()
        await asyncio.gather(*tasks)
        session = await store.validate(shared.token)
        assert session is not None
        assert session.data == written
        assert session.version == sum(written.values()) + 1
        assert min(written.values()) > 0
        for token in (*others, created_meanwhile.token):
            assert await store.validate(token) is not None
        assert slot.target.ask("CLUSTER", "COUNTKEYSINSLOT", slot.number) != b":0\r\n"
        assert await store.destroy_all_for_user(user) == 7
