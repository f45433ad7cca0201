from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ferrite_lite import BlockingInProcessClient, Ferrite, ManualClock
from ferrite_lite.clock import block_seconds
from tests.ferrite_lite.test_client import SETUP

#: redis-py's pipeline and its like have no types of their own.
Untyped = Any


@pytest.fixture
async def ferrite(clock: ManualClock) -> AsyncIterator[Ferrite]:
    async with Ferrite(clock=clock, seed=1) as ferrite:
        yield ferrite


@pytest.fixture
def client(ferrite: Ferrite) -> BlockingInProcessClient:
    return ferrite.sync_client()


@contextmanager
def soon(act: Callable[[], object]) -> Iterator[None]:
    """Have another thread act while the block waits."""
    thread = threading.Timer(0.02, act)
    thread.start()
    yield
    thread.join()


def test_a_value_comes_back(client: BlockingInProcessClient) -> None:
    client.set("greeting", "hello")
    assert client.get("greeting") == b"hello"


def test_responses_are_decoded_when_asked(ferrite: Ferrite) -> None:
    client = ferrite.sync_client(decode_responses=True)
    client.hset("cart", mapping={"apples": "3", "pears": "é"})
    assert client.hgetall("cart") == {"apples": "3", "pears": "é"}


async def test_it_shares_the_data_of_the_clients_that_await(ferrite: Ferrite) -> None:
    ferrite.sync_client().set("greeting", "hello")
    assert await ferrite.client().get("greeting") == b"hello"


def test_a_database_can_be_chosen(ferrite: Ferrite) -> None:
    ferrite.sync_client(db=3).set("greeting", "hello")
    assert ferrite.sync_client().get("greeting") is None
    assert ferrite.sync_client(db=3).get("greeting") == b"hello"


def test_an_error_is_redis_pys_own(client: BlockingInProcessClient) -> None:
    client.set("greeting", "hello")
    with pytest.raises(redis.ResponseError, match=r"^WRONGTYPE"):
        client.hget("greeting", "field")


def test_the_clock_given_moves_deadlines(
    client: BlockingInProcessClient, clock: ManualClock
) -> None:
    client.set("greeting", "hello", px=1000)
    clock.advance(ms=1001)
    assert client.get("greeting") is None


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(
    "words",
    [
        ("SET", "s", "1", "NX"),
        ("GET", "s"),
        ("INCRBYFLOAT", "f", "0.1"),
        ("MGET", "s", "nothing"),
        ("HGETALL", "h"),
        ("SMISMEMBER", "m", "x", "y"),
        ("CONFIG GET", "maxclients"),
        ("EVAL", "return {1, 'two', redis.status_reply('three'), false}", "0"),
        ("NOSUCHCOMMAND",),
    ],
    ids=" ".join,
)
def test_the_short_way_answers_as_a_connection_does(
    ferrite: Ferrite, protocol: int, words: tuple[Any, ...]
) -> None:
    answers = []
    short = ferrite.sync_client(protocol=protocol)
    untyped: Untyped
    with ferrite.sync_client(protocol=protocol).client() as long:
        for untyped in (short, long):
            for words_before in SETUP:
                untyped.execute_command(*words_before)
            untyped.response_callbacks.clear()
            try:
                answers.append(untyped.execute_command(*words))
            except redis.ResponseError as error:
                answers.append((type(error), str(error)))
    assert answers[0] == answers[1]
    assert type(answers[0]) is type(answers[1])


def test_pipelines_and_transactions_work(client: BlockingInProcessClient) -> None:
    with client.pipeline(transaction=True) as pipe:
        untyped: Untyped = pipe
        untyped.set("a", "1").incr("a").get("a")
        assert pipe.execute() == [True, 2, b"2"]


def test_a_long_pipeline_is_answered_in_full(client: BlockingInProcessClient) -> None:
    with client.pipeline(transaction=False) as pipe:
        for _ in range(20_000):
            pipe.incr("a")
        assert pipe.execute() == list(range(1, 20_001))


def test_an_optimistic_transaction_is_told_of_a_change(ferrite: Ferrite) -> None:
    client, other = ferrite.sync_client(), ferrite.sync_client()
    pipe: Untyped
    with client.pipeline() as pipe:
        pipe.watch("a")
        other.set("a", "2")
        pipe.multi()
        pipe.set("a", "1")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert client.get("a") == b"2"


def test_scripts_and_locks_of_redis_py_work(client: BlockingInProcessClient) -> None:
    double = client.register_script("return ARGV[1] * 2")
    assert double(args=[21]) == 42
    with client.lock("door", timeout=5):
        assert client.exists("door") == 1
    assert client.exists("door") == 0


def test_threads_share_one_client(client: BlockingInProcessClient) -> None:
    def count(_: int) -> None:
        for _ in range(500):
            client.incr("a")
        with client.pipeline() as pipe:
            pipe.incr("b")
            pipe.execute()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(8)))
    assert client.mget("a", "b") == [b"4000", b"8"]


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_client_listens_to_another_thread(ferrite: Ferrite, protocol: int) -> None:
    client = ferrite.sync_client(protocol=protocol)
    untyped: Untyped = client
    with untyped.pubsub() as pubsub:
        pubsub.subscribe("news")
        assert pubsub.get_message(timeout=30)["type"] == "subscribe"
        assert pubsub.get_message(timeout=0) is None
        assert pubsub.get_message(timeout=0.01) is None
        with soon(lambda: client.publish("news", "hello")):
            assert pubsub.get_message(timeout=30)["data"] == b"hello"
        client.publish("news", "again")
        assert pubsub.get_message(timeout=0)["data"] == b"again"


async def test_a_client_that_does_not_await_hears_those_that_do(ferrite: Ferrite) -> None:
    listener: Untyped = ferrite.sync_client()
    with listener.pubsub() as pubsub:
        pubsub.subscribe("news")
        pubsub.get_message(timeout=30)
        await ferrite.client().publish("news", "hello")
        assert pubsub.get_message(timeout=30)["data"] == b"hello"


def test_a_connection_that_was_killed_is_told_so(ferrite: Ferrite) -> None:
    killer: Untyped = ferrite.sync_client()
    listener: Untyped = ferrite.sync_client()
    with listener.pubsub() as pubsub:
        pubsub.subscribe("news")
        pubsub.get_message(timeout=30)
        with (
            soon(lambda: killer.client_kill_filter(_type="pubsub")),
            pytest.raises(redis.ConnectionError),
        ):
            pubsub.get_message(timeout=30)


@pytest.mark.parametrize("is_short", [True, False])
def test_a_paused_client_goes_on_when_the_pause_is_over(
    client: BlockingInProcessClient, clock: ManualClock, is_short: bool
) -> None:
    untyped: Untyped = client
    untyped.client_pause(1000)
    with soon(lambda: clock.advance(ms=1001)):
        if is_short:
            client.set("a", "1")
        else:
            with client.pipeline() as pipe:
                pipe.set("a", "1")
                pipe.execute()
    assert client.get("a") == b"1"


def test_what_is_sent_on_a_closed_connection_is_an_error(ferrite: Ferrite) -> None:
    with ferrite.sync_client().client() as client:
        connection: Untyped = client.connection
        connection._sock.close()
        with pytest.raises(redis.ConnectionError):
            connection.send_command("PING")


def test_a_client_waits_for_replicas_until_its_time_is_over(
    client: BlockingInProcessClient, clock: ManualClock
) -> None:
    with soon(lambda: clock.advance(ms=1001)):
        assert client.wait(1, 1000) == 0


def test_a_client_with_a_timeout_does_not_wait_for_ever(ferrite: Ferrite) -> None:
    client = ferrite.sync_client(socket_timeout=0.05, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.TimeoutError):
        client.wait(1, 0)


def test_a_client_that_waits_goes_on_behind_the_transaction_that_releases_it(
    ferrite: Ferrite, client: BlockingInProcessClient
) -> None:
    state = ferrite.engine.state
    pipeline: Untyped = ferrite.sync_client().pipeline(transaction=False)
    pipeline.execute_command("WAIT", 1, 0)
    pipeline.incr("n")
    with ThreadPoolExecutor(1) as pool:
        replies = pool.submit(pipeline.execute)
        while not state.holds:
            block_seconds(0.001)
        transaction: Untyped = client.pipeline()
        transaction.client_unblock(next(each.id for each in state.clients.values() if each.hold))
        transaction.incr("n").incr("n")
        assert transaction.execute() == [True, 1, 2]
        assert replies.result(10) == [0, 3]
