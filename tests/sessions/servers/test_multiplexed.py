from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis.exceptions

import ferrite_lite
from sessions.servers.multiplexed import MultiplexedClient
from tests.support.servers import RealServer


@pytest.fixture(params=["redis", "ferrite"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "redis":
        server: RealServer = request.getfixturevalue("redis_server")
        yield server.url
        return
    async with ferrite_lite.Ferrite() as ferrite:
        yield (await ferrite.listen()).url


@asynccontextmanager
async def opened(url: str, timeout_seconds: float = 5) -> AsyncIterator[MultiplexedClient]:
    client = MultiplexedClient(url, timeout_seconds=timeout_seconds)
    try:
        yield client
    finally:
        await client.aclose()


async def test_everybody_gets_his_own_answer(url: str) -> None:
    async with opened(url) as client:
        words = [str(number).encode() for number in range(1000)]
        answers = await asyncio.gather(*(client.execute_command("ECHO", word) for word in words))
        assert answers == words


async def test_all_requests_of_a_turn_go_over_one_connection(url: str) -> None:
    async with opened(url) as client:
        ids = await asyncio.gather(*(client.execute_command("CLIENT", "ID") for _ in range(50)))
        assert len(set(ids)) == 1


async def test_an_error_reply_is_for_its_request_alone(url: str) -> None:
    async with opened(url) as client:
        requests = [("ECHO", "a"), ("NONSENSE",), ("ECHO", "b")]
        answers = await asyncio.gather(
            *(client.execute_command(*words) for words in requests), return_exceptions=True
        )
        assert [answers[0], answers[2]] == [b"a", b"b"]
        assert isinstance(answers[1], redis.exceptions.ResponseError)


async def test_who_gives_up_takes_nobodys_answer(url: str) -> None:
    chance = random.Random(1)
    async with opened(url) as client:

        async def ask(number: int) -> bool:
            word = str(number).encode()
            task = asyncio.ensure_future(client.execute_command("ECHO", word))
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            if chance.random() < 0.5:
                task.cancel()
            try:
                return bool(await task == word)
            except asyncio.CancelledError:
                return True

        for start in range(0, 3000, 100):
            assert all(await asyncio.gather(*map(ask, range(start, start + 100))))


async def test_a_broken_connection_fails_what_is_under_way_and_is_made_anew(
    redis_server: RealServer,
) -> None:
    async with opened(redis_server.url) as client:
        number = await client.execute_command("CLIENT", "ID")
        # CLIENT PAUSE keeps the second one waiting until its connection is gone.
        await client.execute_command("CLIENT", "PAUSE", "10000", "WRITE")
        under_way = asyncio.ensure_future(client.execute_command("SET", "multiplexed", "1"))
        await asyncio.sleep(0)
        await asyncio.to_thread(redis_server.ask, "CLIENT", "KILL", "ID", number)
        with pytest.raises(redis.exceptions.ConnectionError):
            await under_way
        await asyncio.to_thread(redis_server.ask, "CLIENT", "UNPAUSE")
        assert await client.execute_command("CLIENT", "ID") != number


async def test_a_server_that_is_away_is_named() -> None:
    async with opened("redis://127.0.0.1:1") as client:
        with pytest.raises(redis.exceptions.ConnectionError):
            await client.execute_command("PING")


async def test_a_closed_client_opens_again_when_it_is_asked(url: str) -> None:
    async with opened(url) as client:
        first = await client.execute_command("CLIENT", "ID")
        await client.disconnect()
        assert await client.execute_command("CLIENT", "ID") != first


async def test_a_silent_connection_is_given_up(redis_server: RealServer) -> None:
    async with opened(redis_server.url, timeout_seconds=0.02) as client:
        await client.execute_command("CLIENT", "PAUSE", "300", "ALL")
        line = client._line
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.execute_command("PING")
        # Whoever comes next does not queue behind it, though the pause holds for him too.
        with pytest.raises((TimeoutError, redis.exceptions.RedisError)):
            async with asyncio.timeout(0.05):
                await client.execute_command("PING")
        assert client._line is not line


def test_another_event_loop_gets_another_connection(redis_server: RealServer) -> None:
    client = MultiplexedClient(redis_server.url, timeout_seconds=5)

    async def ask() -> int:
        number: int = await client.execute_command("CLIENT", "ID")
        await client.aclose()
        return number

    assert asyncio.run(ask()) != asyncio.run(ask())


async def test_a_url_names_the_database_and_the_password(redis_server: RealServer) -> None:
    async with opened(f"{redis_server.url}/3") as client:
        await client.execute_command("SET", "multiplexed", "3")
        assert b"db=3" in await client.execute_command("CLIENT", "INFO")
        await client.execute_command("DEL", "multiplexed")
    async with opened(redis_server.url.replace("//", "//nobody:wrong@")) as client:
        with pytest.raises(redis.exceptions.AuthenticationError):
            await client.execute_command("PING")
