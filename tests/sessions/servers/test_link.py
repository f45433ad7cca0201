from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import redis.asyncio
import redis.exceptions as redis_errors
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from sessions import ConfigError, SessionStore, StoreRefused, StoreUnavailable, events, tasks
from sessions.servers.link import Link
from tests.sessions.conftest import KEYS, without_rate
from tests.support import servers
from tests.support.servers import RealCluster, RealServer


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


class WaitsByClock(Link):
    """A link that pauses on a clock of its own, and lets nobody wait."""

    now = 1000.0

    def __init__(self, client: Any, **settings: Any) -> None:
        super().__init__(client, clock=lambda: self.now, **settings)

    async def _pause(self, seconds: float) -> None:
        self.now += seconds


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


LATER = [
    redis_errors.BusyLoadingError("Redis is loading the dataset in memory"),
    redis_errors.ClusterDownError("The cluster is down"),
    redis_errors.MasterDownError("Link with MASTER is down"),
    redis_errors.TryAgainError("Multiple keys request during rehashing of slot"),
    redis_errors.ResponseError("BUSY Redis is busy running a script."),
    redis_errors.ClusterError("TTL exhausted."),
]
AT_ONCE = [
    redis_errors.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
    redis_errors.ResponseError("MISCONF Errors writing to the AOF file: No space left"),
    redis_errors.ResponseError("NOREPLICAS Not enough good replicas to write."),
]
GIVEN_UP = [
    redis_errors.TimeoutError("Timeout reading from socket"),
    redis_errors.ClusterError("Cluster does not answer"),
    redis_errors.RedisClusterException("Redis Cluster cannot be connected."),
    redis_errors.SlotNotCoveredError("Slot not covered"),
]
BROKEN = [
    redis_errors.ConnectionError("Connection closed by server."),
    OSError("no route to host"),
    ConnectionResetError("reset by peer"),
]
UNREACHED = [
    redis_errors.ConnectionError("Error 111 connecting to 127.0.0.1:1. Connection refused."),
    redis_errors.ConnectionError("max number of clients reached"),
    redis_errors.MaxConnectionsError("Too many connections"),
    ConnectionRefusedError("refused"),
]


def named(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:30]}"


@pytest.mark.parametrize(
    "error", [*BROKEN, *UNREACHED, redis_errors.ReadOnlyError("a read only replica")], ids=named
)
async def test_another_connection_is_tried_as_often_as_configured(error: Exception) -> None:
    assert await link_to(Answers(error)).ask("PING") == "OK"
    twice = Answers(error, error)
    with pytest.raises(StoreUnavailable) as raised:
        await link_to(twice).ask("PING")
    assert twice.asked == 2
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", LATER, ids=named)
async def test_what_passes_is_waited_for_within_the_deadline(error: Exception) -> None:
    assert await link_to(Answers(error, error, error), retries=0).ask("PING") == "OK"
    forever = Answers(*[error] * 1000)
    with pytest.raises(StoreUnavailable) as raised:
        await WaitsByClock(forever, retries=0, timeout_seconds=1).ask("PING")
    assert not raised.value.may_have_happened
    assert 3 < forever.asked < 30


async def test_what_passes_costs_no_attempt_that_a_broken_connection_has() -> None:
    client = Answers(*LATER, BROKEN[0], *LATER)
    assert await link_to(client, retries=1).ask("PING") == "OK"


@pytest.mark.parametrize("error", [*AT_ONCE, *GIVEN_UP], ids=named)
async def test_what_asking_again_does_not_help_is_told_at_once(error: Exception) -> None:
    client = Answers(error)
    with pytest.raises(StoreUnavailable) as raised:
        await link_to(client).ask("PING")
    assert raised.value.__cause__ is error
    assert client.asked == 1


@pytest.mark.parametrize("error", [*UNREACHED, *LATER, *AT_ONCE], ids=named)
async def test_what_the_server_has_not_done_is_told_so(error: Exception) -> None:
    with pytest.raises(StoreUnavailable) as raised:
        await link_to(Answers(error), retries=0, timeout_seconds=0.001).ask("PING")
    assert not raised.value.may_have_happened


@pytest.mark.parametrize("error", [*BROKEN, *GIVEN_UP], ids=named)
async def test_what_the_server_may_have_done_is_told_so(error: Exception) -> None:
    with pytest.raises(StoreUnavailable) as raised:
        await link_to(Answers(error), retries=0).ask("PING")
    assert raised.value.may_have_happened


async def test_what_may_have_been_done_stays_so_whatever_comes_after() -> None:
    client = Answers(BROKEN[0], AT_ONCE[0])
    with pytest.raises(StoreUnavailable) as raised:
        await link_to(client).ask("PING")
    assert raised.value.__cause__ is AT_ONCE[0]
    assert raised.value.may_have_happened


async def test_of_a_client_that_repeats_by_itself_nothing_is_certain() -> None:
    async with redis.asyncio.Redis(port=servers.free_port(), retry=Retry(NoBackoff(), 1)) as client:
        with pytest.raises(StoreUnavailable) as raised:
            await link_to(client).ask("PING")
    assert raised.value.may_have_happened


async def test_a_server_that_is_not_there_has_done_nothing() -> None:
    url = f"redis://127.0.0.1:{servers.free_port()}"
    async with await SessionStore.connect(url, without_rate(), keys=KEYS) as store:
        with pytest.raises(StoreUnavailable) as raised:
            await store.create("alice")
    assert not raised.value.may_have_happened


async def test_a_request_that_lost_its_cancellation_is_given_up_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Deaf(Answers):
        """As redis-py is under Python 3.11, in the turn in which it has sent something."""

        async def execute_command(self, *_: Any, **__: Any) -> str:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

    monkeypatch.setattr(tasks, "_LAST_WORDS_SECONDS", 0.01)
    asking = asyncio.create_task(link_to(Deaf(), timeout_seconds=0.01).ask("PING"))
    ended, _ = await asyncio.wait((asking,), timeout=30)
    if not ended:
        await tasks.end(asking)
    with pytest.raises(StoreUnavailable):
        await asking


async def test_whoever_still_waits_for_his_turn_has_sent_nothing() -> None:
    class Silent(Answers):
        async def execute_command(self, *_: Any, **__: Any) -> str:
            self.asked += 1
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

    client = Silent()
    link = link_to(client, timeout_seconds=0.05, max_at_once=1)
    outcomes = await asyncio.gather(*(link.ask("PING") for _ in range(5)), return_exceptions=True)
    flags = [
        outcome.may_have_happened for outcome in outcomes if isinstance(outcome, StoreUnavailable)
    ]
    assert len(flags) == 5
    assert sum(flags) == client.asked < 5


async def test_a_store_that_is_down_is_not_asked_by_everybody() -> None:
    client = Answers(*[BROKEN[0]] * 100)
    config = without_rate(retries=0, breaker_failures=3, breaker_seconds=60)
    told: list[events.SessionEvent] = []
    async with await SessionStore.connect(client, config, keys=KEYS) as store:
        store.on_event(told.append, events.StoreFailed, events.StoreRecovered)
        for _ in range(10):
            with pytest.raises(StoreUnavailable) as raised:
                await store.create("alice")
    assert client.asked == 3
    assert not raised.value.may_have_happened
    assert [type(event) for event in told] == [events.StoreFailed]


async def test_a_store_that_answers_again_is_told_so() -> None:
    client = Answers(BROKEN[0])
    link = link_to(client, retries=0, breaker_failures=1, breaker_seconds=1e-9)
    changes: list[bool] = []
    link.on_change = changes.append
    with pytest.raises(StoreUnavailable):
        await link.ask("PING")
    assert await link.ask("PING") == "OK"
    assert changes == [True, False]


@pytest.mark.parametrize("error", [*AT_ONCE, LATER[3], redis_errors.ResponseError("no")], ids=named)
async def test_a_server_that_replies_is_not_down(error: Exception) -> None:
    client = Answers(*[error] * 5)
    link = link_to(client, retries=0, timeout_seconds=0.001, breaker_failures=1, breaker_seconds=60)
    for _ in range(5):
        with pytest.raises((StoreUnavailable, StoreRefused)):
            await link.ask("PING")
    assert await link.ask("PING") == "OK"


async def test_a_server_that_became_a_replica_is_looked_for_again(redis_server: RealServer) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        ids = [await client.client_id()]

        class Demoted(Answers):
            connection_pool = client.connection_pool

        await link_to(Demoted(redis_errors.ReadOnlyError("a read only replica"))).ask("PING")
        ids.append(await client.client_id())
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    "error",
    [
        redis_errors.AuthenticationError("WRONGPASS invalid username-password pair"),
        redis_errors.AuthorizationError("not allowed"),
        redis_errors.NoPermissionError("NOPERM this user has no permissions"),
        redis_errors.ResponseError("unknown command 'EVALSHA'"),
        redis_errors.ResponseError("WRONGTYPE Operation against a key"),
        redis_errors.ClusterCrossSlotError("Keys in request don't hash to the same slot"),
    ],
    ids=named,
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


class FailsAfter:
    """A client that loses its server after so many requests."""

    def __init__(self, client: Any, requests: int) -> None:
        self._client = client
        self._left = requests

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        if not self._left:
            raise UNREACHED[0]
        self._left -= 1
        return await self._client.execute_command(*words, **options)


async def test_a_login_whose_old_session_could_not_be_ended_may_have_happened(
    redis_server: RealServer,
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        sound = await SessionStore.connect(client, without_rate(), keys=KEYS)
        await sound.create("link-warm")  # the scripts are known from now on
        before = await sound.create("link-before")
        failing = await SessionStore.connect(FailsAfter(client, 1), without_rate(), keys=KEYS)
        with pytest.raises(StoreUnavailable) as raised:
            await failing.create("link-after", replace=before.token)
        assert raised.value.may_have_happened
        assert len(await sound.get_user_sessions("link-after")) == 1


async def test_a_visitor_whose_session_could_not_be_ended_may_have_signed_in(
    redis_server: RealServer,
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        sound = await SessionStore.connect(client, without_rate(), keys=KEYS)
        visitor = await sound.create(None)
        await sound.validate(visitor.token)  # the scripts are known from now on
        failing = await SessionStore.connect(FailsAfter(client, 2), without_rate(), keys=KEYS)
        with pytest.raises(StoreUnavailable) as raised:
            await failing.rotate(visitor.token, user_id="link-promoted")
        assert raised.value.may_have_happened
        assert len(await sound.get_user_sessions("link-promoted")) == 1


async def test_what_another_task_of_a_cluster_client_breaks_is_asked_again(
    redis_cluster: RealCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[Exception] = [
        AttributeError("'NoneType' object has no attribute 'writelines'"),
        *BROKEN,
        *BROKEN,
    ]
    async with RedisCluster(host=redis_cluster.host, port=redis_cluster.port) as client:
        store = await SessionStore.connect(client, without_rate(retries=0), keys=KEYS)
        ask = client.execute_command

        async def stumble(*words: Any, **options: Any) -> Any:
            if broken:
                raise broken.pop()
            return await ask(*words, **options)

        monkeypatch.setattr(client, "execute_command", stumble)
        issued = await store.create("link-cluster")
        assert await store.validate(issued.token) is not None
    assert not broken
