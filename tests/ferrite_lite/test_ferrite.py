from __future__ import annotations

import asyncio
import doctest
import socket

import pytest
import redis.asyncio
from redis import ResponseError

import ferrite_lite.ferrite
from ferrite_lite import Ferrite, ManualClock
from tests.ferrite_lite.test_server import comes_true


def test_the_example_of_the_class_runs() -> None:
    failed, tried = doctest.testmod(ferrite_lite.ferrite)
    assert (failed, tried > 0) == (0, True)


def test_code_that_does_not_await_has_a_store_of_its_own() -> None:
    clock = ManualClock()
    with Ferrite(clock=clock) as ferrite, Ferrite() as other:
        client = ferrite.sync_client(decode_responses=True)
        client.set("greeting", "hello", ex=60)
        assert client.get("greeting") == "hello"
        assert other.sync_client().get("greeting") is None
        clock.advance(seconds=61)
        assert client.get("greeting") is None


async def test_all_clients_are_one_store_and_a_socket_is_a_door_to_it() -> None:
    async with Ferrite() as ferrite:
        await ferrite.client().set("greeting", "hello")
        assert ferrite.sync_client().get("greeting") == b"hello"
        server = await ferrite.listen()
        assert server.url == f"redis://127.0.0.1:{server.port}"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0


async def test_what_must_be_awaited_is_not_closed_without() -> None:
    ferrite = Ferrite()
    client = ferrite.client()
    with pytest.raises(RuntimeError, match="await aclose"):
        ferrite.close()
    await client.set("greeting", "hello")
    await ferrite.aclose()
    ferrite.close()


def test_a_seed_makes_random_choices_repeatable() -> None:
    def choices() -> object:
        with Ferrite(seed=7) as ferrite:
            client = ferrite.sync_client()
            client.sadd("s", *range(100))
            return client.srandmember("s", 20)

    assert choices() == choices()


# --- MIGRATE from and to this process -------------------------------------------------------------


async def test_keys_move_between_stores_that_listen() -> None:
    async with Ferrite() as here, Ferrite() as there:
        await here.listen()
        target, client = await there.listen(), here.client()
        await client.hset("cart", "apples", "3")
        assert await client.migrate("127.0.0.1", target.port, "cart", 0, 5000) == b"OK"
        assert await client.exists("cart") == 0
        assert await there.client().hgetall("cart") == {b"apples": b"3"}


async def test_a_store_that_does_not_listen_sends_no_keys() -> None:
    async with Ferrite() as here:
        client = here.client()
        await client.set("greeting", "hello")
        with pytest.raises(ResponseError, match="a server that listens"):
            await client.migrate("127.0.0.1", 1, "greeting", 0, 5000)


async def test_a_client_that_does_not_await_sends_no_keys() -> None:
    """It may hold up the very loop that has to send them."""
    async with Ferrite() as here:
        server, client = await here.listen(), here.sync_client()
        client.set("greeting", "hello")
        with pytest.raises(ResponseError, match="a client that awaits"):
            client.migrate("127.0.0.1", server.port, "greeting", 0, 5000)


async def test_no_change_is_lost_while_keys_move() -> None:
    async with Ferrite() as here, Ferrite() as there:
        source, target = await here.listen(), await there.listen()
        client, counted = here.client(), there.client()
        is_over = False

        async def count() -> int:
            added = 0
            async with redis.asyncio.Redis.from_url(source.url) as writer:
                while not is_over:
                    added += await writer.incr("n") > 0
            return added

        counting = [asyncio.ensure_future(count()) for _ in range(3)]
        moved = 0
        for _ in range(50):
            await client.migrate("127.0.0.1", target.port, "n", 0, 5000)
            moved += int(await counted.getdel("n") or 0)
        is_over = True
        assert sum(await asyncio.gather(*counting)) == moved + int(await client.get("n") or 0)
        assert moved > 0


async def test_writers_wait_for_a_target_that_is_slow_and_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with Ferrite() as here:
            await here.listen()
            client = here.client()
            await client.set("greeting", "hello")
            moving = asyncio.ensure_future(client.migrate("127.0.0.1", port, "greeting", 0, 200))
            assert await comes_true(lambda: here.engine.state.pause.is_on)
            assert await client.get("greeting") == b"hello"
            await client.set("greeting", "bye")
            with pytest.raises(ResponseError, match="IOERR error or timeout reading"):
                await moving
            assert await client.get("greeting") == b"bye"


async def test_a_server_that_closes_breaks_off_what_it_sends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with Ferrite() as here:
            server, client = await here.listen(), here.client()
            await client.set("greeting", "hello")
            moving = asyncio.ensure_future(client.migrate("127.0.0.1", port, "greeting", 0, 60_000))
            assert await comes_true(lambda: here.engine.state.pause.is_on)
            await server.close()
            with pytest.raises(ResponseError, match="IOERR"):
                await moving
            assert await client.set("greeting", "bye")
