from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis
import redis.asyncio

from ferrite_lite import Ferrite, InProcessClient, ManualClock


@pytest.fixture
async def ferrite(clock: ManualClock) -> AsyncIterator[Ferrite]:
    async with Ferrite(clock=clock, seed=1) as ferrite:
        yield ferrite


@pytest.fixture
async def client(ferrite: Ferrite) -> InProcessClient:
    return ferrite.client()


@pytest.fixture(params=[2, 3])
async def pair(
    request: pytest.FixtureRequest, ferrite: Ferrite
) -> AsyncIterator[tuple[redis.asyncio.Redis, redis.asyncio.Redis]]:
    """The same redis-py client in process and over TCP, on the same data."""
    server = await ferrite.listen()
    remote = redis.asyncio.Redis.from_url(server.url, protocol=request.param)
    yield ferrite.client(protocol=request.param), remote
    await remote.aclose()


async def test_a_value_comes_back(client: InProcessClient) -> None:
    await client.set("greeting", "hello")
    assert await client.get("greeting") == b"hello"


async def test_responses_are_decoded_when_asked(ferrite: Ferrite) -> None:
    client = ferrite.client(decode_responses=True)
    await client.hset("cart", mapping={"apples": "3", "pears": "é"})
    assert await client.hgetall("cart") == {"apples": "3", "pears": "é"}


async def test_clients_of_one_ferrite_share_its_data(ferrite: Ferrite) -> None:
    await ferrite.client().set("greeting", "hello")
    assert await ferrite.client().get("greeting") == b"hello"


async def test_two_ferrites_share_nothing(client: InProcessClient) -> None:
    await client.set("greeting", "hello")
    async with Ferrite() as other:
        assert await other.client().get("greeting") is None


async def test_a_database_can_be_chosen(ferrite: Ferrite) -> None:
    await ferrite.client(db=3).set("greeting", "hello")
    assert await ferrite.client().get("greeting") is None
    assert await ferrite.client(db=3).get("greeting") == b"hello"


async def test_a_client_may_keep_to_one_connection(client: InProcessClient) -> None:
    async with client.client() as one:
        ids = [await one.client_id() for _ in range(2)]
        assert ids[0] == ids[1]


async def test_an_error_is_redis_pys_own(client: InProcessClient) -> None:
    await client.set("greeting", "hello")
    with pytest.raises(redis.ResponseError, match=r"^WRONGTYPE"):
        await client.hget("greeting", "field")


async def test_the_clock_given_moves_deadlines(client: InProcessClient, clock: ManualClock) -> None:
    await client.set("greeting", "hello", px=1000)
    clock.advance(ms=1001)
    assert await client.get("greeting") is None


async def test_a_reply_is_a_copy_of_the_data(client: InProcessClient) -> None:
    await client.hset("cart", "apples", "3")
    reply = await client.hgetall("cart")
    reply[b"pears"] = b"1"
    assert await client.hgetall("cart") == {b"apples": b"3"}


async def test_a_busy_client_lets_the_loop_run(client: InProcessClient) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count_turns())
    for _ in range(1000):
        await client.get("nothing")
    counter.cancel()
    assert turns > 10


#: redis-py's pipeline and its like have no types of their own.
Untyped = Any

SETUP = (
    ("FLUSHALL",),
    ("SET", "s", "1"),
    ("SET", "f", "1.5"),
    ("HSET", "h", "a", "1", "b", "2"),
    ("SADD", "m", "x"),
)


@pytest.mark.parametrize(
    "words",
    [
        ("SET", "s", "1"),
        ("SET", "s", "1", "NX"),
        ("GET", "s"),
        ("GET", "nothing"),
        ("INCR", "s"),
        ("INCRBYFLOAT", "f", "0.1"),
        ("MGET", "s", "nothing"),
        ("HSET", "h", "a", "1", "c", "2"),
        ("HGETALL", "h"),
        ("HGETALL", "nothing"),
        ("HMGET", "h", "a", "z"),
        ("HRANDFIELD", "h", "-3", "WITHVALUES"),
        ("HSCAN", "h", "0"),
        ("SMEMBERS", "m"),
        ("SMISMEMBER", "m", "x", "y"),
        ("SPOP", "m", "1"),
        ("EXISTS", "s", "h", "nothing"),
        ("TYPE", "h"),
        ("TTL", "s"),
        ("SCAN", "0", "MATCH", "s*"),
        ("OBJECT ENCODING", "s"),
        ("CONFIG GET", "maxclients"),
        ("COMMAND INFO", "get", "nothing"),
        ("DBSIZE",),
        ("EVAL", "return {1, 'two', redis.status_reply('three'), false}", "0"),
        ("EVAL", "return redis.error_reply('MY mistake')", "0"),
        ("NOSUCHCOMMAND",),
        ("GET",),
    ],
    ids=" ".join,
)
async def test_the_short_way_answers_as_the_wire_does(
    pair: tuple[Untyped, Untyped], words: tuple[Any, ...]
) -> None:
    answers = []
    for client in pair:
        for words_before in SETUP:
            await client.execute_command(*words_before)
        client.response_callbacks.clear()
        try:
            answers.append(await client.execute_command(*words))
        except redis.ResponseError as error:
            answers.append((type(error), str(error)))
    local, remote = answers
    if "RAND" not in words[0]:
        assert local == remote
    assert type(local) is type(remote)


async def test_pipelines_and_transactions_work(client: InProcessClient) -> None:
    async with client.pipeline(transaction=True) as pipe:
        untyped: Untyped = pipe
        untyped.set("a", "1").incr("a").get("a")
        assert await pipe.execute() == [True, 2, b"2"]


async def test_an_optimistic_transaction_is_told_of_a_change(ferrite: Ferrite) -> None:
    client, other = ferrite.client(), ferrite.client()
    pipe: Untyped
    async with client.pipeline() as pipe:
        await pipe.watch("a")
        await other.set("a", "2")
        pipe.multi()
        pipe.set("a", "1")
        with pytest.raises(redis.WatchError):
            await pipe.execute()
    assert await client.get("a") == b"2"


async def test_scripts_and_locks_of_redis_py_work(client: InProcessClient) -> None:
    double = client.register_script("return ARGV[1] * 2")
    assert await double(args=[21]) == 42
    async with client.lock("door", timeout=5):
        assert await client.exists("door") == 1
    assert await client.exists("door") == 0


async def heard(pubsub: Any) -> Any:
    """The next message, confirmations apart."""
    async with asyncio.timeout(30):
        return await anext(aiter(pubsub.listen()))


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_client_listens_in_process(ferrite: Ferrite, protocol: int) -> None:
    client = ferrite.client(protocol=protocol)
    async with client.pubsub() as pubsub:
        await pubsub.subscribe("news")
        await pubsub.psubscribe("n*")
        assert [(await heard(pubsub))["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
        assert await client.publish("news", "hello") == 2
        messages = [await heard(pubsub) for _ in range(2)]
    assert [message["type"] for message in messages] == ["message", "pmessage"]
    assert [message["data"] for message in messages] == [b"hello"] * 2
    assert await client.publish("news", "hello") == 0


async def test_a_message_wakes_a_client_that_waits_in_process(ferrite: Ferrite) -> None:
    client = ferrite.client()
    async with client.pubsub() as pubsub:
        await pubsub.subscribe("news")
        await heard(pubsub)
        waiting = asyncio.create_task(heard(pubsub))
        await asyncio.sleep(0)
        await client.publish("news", "hello")
        assert (await waiting)["data"] == b"hello"


async def test_clients_in_process_and_over_tcp_hear_each_other(
    pair: tuple[redis.asyncio.Redis, redis.asyncio.Redis],
) -> None:
    for listening, publishing in (pair, pair[::-1]):
        async with listening.pubsub() as pubsub:
            await pubsub.subscribe("news")
            await heard(pubsub)
            assert await publishing.publish("news", "hello") == 1
            assert (await heard(pubsub))["data"] == b"hello"
