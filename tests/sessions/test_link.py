from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis.asyncio
import redis.exceptions as redis_errors
from redis.asyncio.cluster import RedisCluster

from sessions import ConfigError, SessionStore, StoreRefused, StoreUnavailable
from sessions.link import Link
from tests.sessions.conftest import KEYS, without_rate
from tests.support import servers
from tests.support.servers import RealServer


class Answers:
    """A client that answers with the given errors in turn, then with OK."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.asked = 0

    async def execute_command(self, *_: Any, **__: Any) -> str:
        self.asked += 1
        if self._errors:
            raise self._errors.pop(0)
        return "OK"


def link_to(client: Any, **settings: Any) -> Link:
    return Link(client, **{"timeout_seconds": 5, "retries": 1, **settings})


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Accepts, and never answers; gives its port."""
    done = asyncio.Event()

    async def wait(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        done.set()


@pytest.mark.parametrize(
    "error",
    [
        redis_errors.ConnectionError("reset"),
        redis_errors.BusyLoadingError("loading"),
        redis_errors.MaxConnectionsError("Too many connections"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_broken_connection_is_tried_again_once(error: Exception) -> None:
    assert await link_to(Answers(error)).ask("PING") == "OK"
    twice = Answers(error, error)
    with pytest.raises(StoreUnavailable):
        await link_to(twice).ask("PING")
    assert twice.asked == 2


@pytest.mark.parametrize(
    "error",
    [
        redis_errors.TimeoutError("late"),
        redis_errors.ReadOnlyError("You can't write against a read only replica."),
        redis_errors.ClusterDownError("CLUSTERDOWN The cluster is down"),
        redis_errors.MasterDownError("MASTERDOWN Link with MASTER is down"),
        redis_errors.ClusterError("TTL exhausted."),
        redis_errors.TryAgainError("TRYAGAIN Multiple keys request during rehashing of slot"),
        redis_errors.OutOfMemoryError("command not allowed when used memory > 'maxmemory'"),
        redis_errors.RedisClusterException("Redis Cluster cannot be connected."),
        redis_errors.SlotNotCoveredError("Slot not covered"),
        redis_errors.ResponseError("MISCONF Errors writing to the AOF file: No space left"),
        redis_errors.ResponseError("NOREPLICAS Not enough good replicas to write."),
        redis_errors.ResponseError("BUSY Redis is busy running a script."),
        OSError("no route to host"),
    ],
    ids=lambda error: str(error)[:20],
)
async def test_no_answer_is_told_apart_from_a_refusal(error: Exception) -> None:
    client = Answers(error)
    with pytest.raises(StoreUnavailable) as raised:
        await link_to(client).ask("PING")
    assert raised.value.__cause__ is error
    assert client.asked == 1


@pytest.mark.parametrize(
    "error",
    [
        redis_errors.AuthenticationError("WRONGPASS invalid username-password pair"),
        redis_errors.AuthorizationError("not allowed"),
        redis_errors.NoPermissionError("NOPERM this user has no permissions"),
        redis_errors.ResponseError("unknown command 'EVALSHA'"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_refusal_is_not_tried_again(error: Exception) -> None:
    client = Answers(error)
    with pytest.raises(StoreRefused):
        await link_to(client).ask("PING")
    assert client.asked == 1


@pytest.mark.parametrize("error", [redis_errors.MovedError, redis_errors.AskError])
async def test_a_node_that_sends_elsewhere_asks_for_another_client(
    error: type[redis_errors.AskError],
) -> None:
    client = Answers(error("866 127.0.0.1:7001"))
    with pytest.raises(ConfigError, match="RedisCluster"):
        await link_to(client).ask("PING")
    assert client.asked == 1


CLIENTS: dict[str, Callable[[int], Any]] = {
    "url": lambda port: f"redis://127.0.0.1:{port}",
    "client": lambda port: redis.asyncio.Redis(port=port),
    "cluster": lambda port: RedisCluster(host="127.0.0.1", port=port),
}


@pytest.mark.parametrize("kind", CLIENTS)
async def test_every_client_is_given_up_in_time(kind: str) -> None:
    async with silent_server() as port:
        server = CLIENTS[kind](port)
        store = await SessionStore.connect(server, without_rate(timeout_seconds=0.1), keys=KEYS)
        began = asyncio.get_running_loop().time()
        with pytest.raises(StoreUnavailable):
            await store.create("alice")
        assert asyncio.get_running_loop().time() - began < 2
        await store.aclose()
        if kind != "url":
            await server.aclose()


async def test_a_cluster_that_has_gone_is_unavailable() -> None:
    with servers.redis_cluster() as cluster:
        async with RedisCluster(host=cluster.host, port=cluster.port) as client:
            store = await SessionStore.connect(client, without_rate(), keys=KEYS)
            issued = await store.create("alice")
            for node in cluster.nodes:
                node.process.kill()
                node.process.wait()
            with pytest.raises(StoreUnavailable):
                await store.validate(issued.token)


async def test_more_requests_than_connections_wait_for_one(redis_server: RealServer) -> None:
    config = without_rate(max_connections=3)
    async with await SessionStore.connect(redis_server.url, config, keys=KEYS) as store:
        issued = await store.create("link-many")
        sessions = await asyncio.gather(*(store.validate(issued.token) for _ in range(300)))
        assert all(session is not None for session in sessions)
        names = redis_server.ask("CLIENT", "LIST").count(b"cmd=evalsha")
        assert names <= 3


async def test_waiting_for_a_connection_counts_as_waiting_for_an_answer() -> None:
    async with silent_server() as port:
        config = without_rate(max_connections=1, timeout_seconds=0.1)
        url = f"redis://127.0.0.1:{port}"
        async with await SessionStore.connect(url, config, keys=KEYS) as store:
            outcomes = await asyncio.gather(
                *(store.create("alice") for _ in range(20)), return_exceptions=True
            )
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}


async def test_a_cancelled_request_costs_the_next_one_nothing(redis_server: RealServer) -> None:
    config = without_rate(max_connections=1)
    async with await SessionStore.connect(redis_server.url, config, keys=KEYS) as store:
        mine, other = await store.create("link-mine"), await store.create("link-other")
        for pause in range(12):
            task = asyncio.create_task(store.validate(other.token))
            for _ in range(pause):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            session = await store.validate(mine.token)
            assert session is not None
            assert session.user_id == "link-mine"
