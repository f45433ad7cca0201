from __future__ import annotations

import doctest
import socket

import pytest

import ferrite_lite.ferrite
from ferrite_lite import Ferrite, ManualClock


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
