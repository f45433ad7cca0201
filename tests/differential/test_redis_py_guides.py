"""More of what redis-py's guides teach: retries, listeners, locks, scripts and transactions, also
with ``await``, on redis-server and on ferrite_lite alike.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ConstantBackoff, ExponentialBackoff
from redis.cache import CacheConfig
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    LockError,
    ResponseError,
    WatchError,
)
from redis.retry import Retry

from tests.support import servers

from .runner import Target

WAIT_SECONDS = 2.0


def heard(pubsub: Any, count: int) -> list[Any]:
    """The data of the next messages that a handler has not taken."""
    found: list[Any] = []
    while len(found) < count:
        message = pubsub.get_message(timeout=WAIT_SECONDS)
        if message is not None:
            found.append(message["data"])
    return found


def with_client(target: Target, use: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    """What a coroutine makes of an asynchronous client."""

    async def run() -> Any:
        async with redis.asyncio.Redis(
            host=target.host, port=target.port, decode_responses=True, **options
        ) as client:
            try:
                return await use(client)
            finally:
                await client.flushall()

    return asyncio.run(run())


# --- connections ----------------------------------------------------------------------------------


def test_a_client_that_lost_its_connection_tries_again(target: Target, r: Any) -> None:
    retry = Retry(ExponentialBackoff(cap=0.01, base=0.001), 3)
    with redis.Redis(
        host=target.host,
        port=target.port,
        retry=retry,
        retry_on_error=[BusyLoadingError, ConnectionError],
        client_name="lost",
    ) as client:
        number = client.client_id()
        assert r.client_kill_filter(_id=number) == 1
        assert client.ping() is True
        assert client.client_id() != number
        assert client.client_getname() == "lost"


def test_an_asynchronous_client_tries_again(target: Target, r: Any) -> None:
    async def use(client: Any) -> bool:
        assert r.client_kill_filter(_id=await client.client_id()) == 1
        return bool(await client.ping())

    assert with_client(target, use, retry=AsyncRetry(ConstantBackoff(0.001), 3)) is True


def test_a_connection_by_a_unix_socket(redis_server: servers.RealServer) -> None:
    with servers.ferrite_lite() as ours:
        for path in (redis_server.unix_socket, ours.unix_socket):
            with redis.Redis.from_url(f"unix://{path}?db=2", decode_responses=True) as client:
                assert client.set("foo", "bar") is True
                assert client.client_info()["flags"] == "U"
                client.flushdb()


def test_a_pool_that_lets_threads_wait_for_a_connection(target: Target, r: Any) -> None:
    pool = redis.BlockingConnectionPool(  # type: ignore[no-untyped-call]  # it has no types
        host=target.host, port=target.port, max_connections=2, timeout=WAIT_SECONDS
    )
    with redis.Redis(connection_pool=pool) as shared:
        threads = [threading.Thread(target=shared.incr, args=("n",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    pool.disconnect()
    assert r.get("n") == "8"


def test_a_client_with_one_connection_of_its_own(target: Target) -> None:
    with redis.Redis(
        host=target.host, port=target.port, single_connection_client=True, health_check_interval=1
    ) as client:
        assert client.client_id() == client.client_id()
        assert client.client_setname("mine") is True
        assert client.client_getname() == "mine"


# --- publish and subscribe ------------------------------------------------------------------------


def test_handlers_take_the_messages_of_their_patterns(r: Any) -> None:
    taken: list[str] = []
    with r.pubsub(ignore_subscribe_messages=True) as p:
        p.psubscribe(**{"news.*": lambda message: taken.append(message["channel"])})
        p.subscribe("plain")
        # What is handled, and what is ignored, is answered with None.
        while r.pubsub_numpat() != 1 or r.pubsub_numsub("plain") != [("plain", 1)]:
            p.get_message(timeout=0.01)
        assert r.pubsub_channels("p*") == ["plain"]
        r.publish("news.art", "a")
        r.publish("plain", "b")
        assert heard(p, 1) == ["b"]
    assert taken == ["news.art"]


def test_a_listener_that_lost_its_connection_is_subscribed_again(r: Any) -> None:
    with r.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe("a")
        while not r.publish("a", "first"):
            pass
        assert heard(p, 1) == ["first"]
        assert r.client_kill_filter(_type="pubsub") == 1
        while not r.publish("a", "b"):
            p.get_message(timeout=0.01)
        assert heard(p, 1) == ["b"]


def test_an_error_in_a_handler_ends_its_thread_or_is_handled(r: Any) -> None:
    ended = threading.Event()

    def fail(message: Any) -> None:
        raise ValueError(message["data"])

    def handle(error: BaseException, pubsub: Any, thread: Any) -> None:
        assert str(error) == "oh"
        thread.stop()
        ended.set()

    p = r.pubsub(ignore_subscribe_messages=True)
    p.subscribe(**{"c": fail})
    thread = p.run_in_thread(sleep_time=0.01, exception_handler=handle)
    while not ended.is_set():
        r.publish("c", "oh")
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()


def test_an_asynchronous_reader_until_a_last_word(target: Target) -> None:
    async def use(client: Any) -> list[str]:
        async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.psubscribe("channel:*")
            reader = asyncio.create_task(read(pubsub))
            while not await client.publish("channel:1", "hello"):
                pass
            for word in ("world", "stop"):
                await client.publish("channel:1", word)
            return await asyncio.wait_for(reader, WAIT_SECONDS)

    async def read(pubsub: Any) -> list[str]:
        words: list[str] = []
        async for message in pubsub.listen():
            if message["data"] == "stop":
                break
            words.append(message["data"])
        return words

    assert with_client(target, use) == ["hello", "world"]


# --- pipelines, locks, scripts --------------------------------------------------------------------


def test_a_counter_that_watches_until_nobody_interferes(r: Any) -> None:
    interfered = False
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch("n")
                following = int(pipe.get("n") or 0) + 1
                pipe.multi()
                pipe.set("n", following)
                if not interfered:
                    interfered = True
                    r.set("n", 10)
                pipe.execute()
                break
            except WatchError:
                continue
    assert r.get("n") == "11"


def test_a_pipeline_says_which_command_failed(r: Any) -> None:
    r.set("word", "x")
    with r.pipeline() as pipe, pytest.raises(ResponseError) as caught:
        pipe.set("a", 1).incr("word").execute()
    assert "# 2 (INCRBY word 1) of pipeline caused error: value is not" in str(caught.value)
    assert r.get("a") == "1"


def test_an_asynchronous_transaction_and_script(target: Target) -> None:
    async def use(client: Any) -> list[Any]:
        async def increment(pipe: Any) -> None:
            current = int(await pipe.get("n") or 0)
            pipe.multi()
            pipe.set("n", current + 1)

        double = client.register_script("return redis.call('GET', KEYS[1]) * ARGV[1]")
        replies: list[Any] = await client.transaction(increment, "n")
        async with client.pipeline() as pipe:
            await double(keys=["n"], args=[2], client=pipe)
            replies += await pipe.execute()
        return [*replies, await double(keys=["n"], args=[3])]

    assert with_client(target, use) == [True, 2, 3]


def test_an_asynchronous_lock_is_waited_for(target: Target) -> None:
    async def use(client: Any) -> list[Any]:
        async with client.lock("l", timeout=100) as lock:
            owned = await lock.owned()
            other = client.lock("l", blocking=False)
            with pytest.raises(LockError):
                async with other:
                    pass
            waiting = asyncio.create_task(
                client.lock("l", timeout=1, sleep=0.001).acquire(blocking_timeout=WAIT_SECONDS)
            )
            await asyncio.sleep(0)
        return [owned, await waiting]

    assert with_client(target, use) == [True, True]


def test_a_lock_that_another_thread_releases(r: Any) -> None:
    lock = r.lock("l", timeout=100, thread_local=False)
    assert lock.acquire(token="mine")
    releasing = threading.Thread(target=lock.release)
    releasing.start()
    releasing.join()
    assert not lock.locked()
    with pytest.raises(LockError):
        lock.release()


def test_a_small_cache_forgets_what_was_used_longest_ago() -> None:
    with (
        servers.ferrite_lite("--redis-version", "8.0.0") as server,
        redis.Redis(
            host=server.host,
            port=server.port,
            protocol=3,
            decode_responses=True,
            cache_config=CacheConfig(max_size=2),
        ) as client,
    ):
        cached: Any = client
        cached.mset({"a": 1, "b": 2, "c": 3})
        assert [cached.get(key) for key in "abc"] == ["1", "2", "3"]
        cache = cached.get_cache()
        assert cache.size == 2
        cached.hset("h", "f", "v")
        assert cached.hgetall("h") == {"f": "v"}
        cached.hset("h", "f", "w")
        assert cached.hgetall("h") == {"f": "w"}
        cache.flush()
        assert cached.get("a") == "1"
