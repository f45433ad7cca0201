from __future__ import annotations

import asyncio

import pytest

from ferrite_lite.client import InProcessClient
from ferrite_lite.clock import ManualClock
from ferrite_lite.connection import MAX_HELD_BYTES
from ferrite_lite.engine import Engine
from ferrite_lite.pause import Postponed
from ferrite_lite.server import Server
from tests.ferrite_lite.conftest import Run
from tests.ferrite_lite.test_server import comes_true

OK = b"+OK\r\n"

FUNCTIONS = """#!lua name=lib
redis.register_function('f', function() return 1 end)
redis.register_function('g', function() return 1 end)
redis.register_function{
    function_name='f_ro', callback=function() return 1 end, flags={'no-writes'}
}
"""


@pytest.mark.parametrize(
    "request_",
    [
        ("SET", "k", 1),
        ("PUBLISH", "c", "m"),
        ("EVAL", "return 1", 0),
        ("EVAL", "#!lua\nreturn 1", 0),
        ("FCALL", "f", 0),
        ("FCALL_RO", "g", 0),
        ("DEL", "k"),
        ("FLUSHALL",),
    ],
)
def test_what_may_write_waits_while_writes_are_paused(
    run: Run, run_other: Run, request_: tuple[str, ...]
) -> None:
    run("FUNCTION", "LOAD", FUNCTIONS)
    run("CLIENT", "PAUSE", 1000, "WRITE")
    with pytest.raises(Postponed):
        run_other(*request_)
    assert run("CLIENT", "UNPAUSE") == OK
    run_other(*request_)


@pytest.mark.parametrize(
    "request_",
    [
        *(("GET", "k"), ("PING",), ("MULTI",), ("INFO",), ("EXEC",)),
        ("EVAL_RO", "return 1", 0),
        ("EVAL", "#!lua flags=no-writes\nreturn 1", 0),
        ("EVALSHA", "ae33f9227913b24d053a555637f98260b23bd3a3", 0),
        ("FCALL", "f_ro", 0),
    ],
)
def test_what_does_not_write_goes_on(run: Run, request_: tuple[str, ...]) -> None:
    run("SCRIPT", "LOAD", "#!lua flags=no-writes\nreturn 2")
    run("FUNCTION", "LOAD", FUNCTIONS)
    run("CLIENT", "PAUSE", 1000, "WRITE")
    run(*request_)


def test_a_mistake_is_answered_at_once(run: Run) -> None:
    run("CLIENT", "PAUSE", 1000)
    assert run("SET", "k").startswith(b"-ERR wrong number of arguments")
    with pytest.raises(Postponed):
        run("PING")


def test_a_pause_becomes_longer_and_stricter_only(
    run: Run, run_other: Run, clock: ManualClock
) -> None:
    run("CLIENT", "PAUSE", 1000, "WRITE")
    run("CLIENT", "PAUSE", 100, "WRITE")
    clock.advance(ms=1000)
    with pytest.raises(Postponed):
        run("SET", "k", 1)
    run("CLIENT", "PAUSE", 10, "ALL")
    with pytest.raises(Postponed):
        run("CLIENT", "PAUSE", 10, "WRITE")
    clock.advance(ms=11)
    assert run("SET", "k", 1) == OK


def test_a_transaction_waits_if_it_holds_a_write(run: Run, run_other: Run) -> None:
    run("MULTI")
    run("SET", "k", 1)
    run_other("CLIENT", "PAUSE", 1000, "WRITE")
    with pytest.raises(Postponed):
        run("EXEC")
    run_other("CLIENT", "UNPAUSE")
    assert run("EXEC") == b"*1\r\n+OK\r\n"


def test_a_transaction_that_pauses_the_others_goes_on_itself(run: Run) -> None:
    run("MULTI")
    run("CLIENT", "PAUSE", 1000)
    run("SET", "k", 1)
    assert run("EXEC") == b"*2\r\n+OK\r\n+OK\r\n"


def test_what_is_past_its_deadline_is_not_there_and_stays(
    run: Run, engine: Engine, clock: ManualClock
) -> None:
    db = engine.state.databases[0]
    run("SET", "k", 1, "PX", 10)
    run("HSET", "h", "f", 1)
    run("PEXPIRE", "h", 10)
    run("CLIENT", "PAUSE", 1000, "WRITE")
    clock.advance(ms=100)
    assert run("GET", "k") == b"$-1\r\n"
    assert run("HGET", "h", "f") == b"$-1\r\n"
    assert run("EXISTS", "k", "h") == b":0\r\n"
    assert run("TYPE", "k") == b"+none\r\n"
    assert engine.expire_due(10**9) == 0
    assert (len(db), db.expired) == (2, 0)
    run("CLIENT", "UNPAUSE")
    assert run("GET", "k") == b"$-1\r\n"
    assert db.expired == 1


@pytest.mark.timeout(30)
def test_looking_for_a_random_key_ends_where_all_are_held(
    run: Run, run_other: Run, clock: ManualClock
) -> None:
    """The timeout is the assertion: none of the keys is alive, and none may go."""
    run("SET", "k", "v", "PX", 3)
    run_other("CLIENT", "PAUSE", 1000, "WRITE")
    clock.advance(ms=5)
    assert run("RANDOMKEY") == b"$1\r\nk\r\n"
    assert run("DBSIZE") == b":1\r\n"
    run_other("CLIENT", "UNPAUSE")
    assert run("RANDOMKEY") == b"$-1\r\n"


def test_a_transaction_may_write_over_what_is_held(run: Run, clock: ManualClock) -> None:
    run("HSET", "h", "f", 1)
    run("PEXPIRE", "h", 10)
    run("CLIENT", "PAUSE", 1000, "WRITE")
    clock.advance(ms=1001)
    run("MULTI")
    run("CLIENT", "PAUSE", 1000, "WRITE")
    run("HSET", "h", "g", 2)
    run("EXEC")
    assert run("HGETALL", "h") == b"*2\r\n$1\r\ng\r\n$1\r\n2\r\n"


def test_what_was_said_of_the_next_request_holds_for_it_after_a_pause(
    run: Run, run_other: Run, engine: Engine
) -> None:
    run("CLIENT", "TRACKING", "ON", "OPTIN")
    run("CLIENT", "CACHING", "YES")
    run_other("CLIENT", "PAUSE", 1000)
    with pytest.raises(Postponed):
        run("GET", "k")
    engine.state.pause.end()
    run("GET", "k")
    assert engine.state.tracking.keys_total == 1


# --- behind a socket ------------------------------------------------------------------------------


async def test_requests_that_waited_are_answered_once_and_in_order(engine: Engine) -> None:
    async with Server(engine, port=0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"CLIENT PAUSE 100000 WRITE\r\nINCR n\r\nGET n\r\nINCR n\r\n")
        assert await reader.readline() == OK
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", server.port)
        other_writer.write(b"GET n\r\nCLIENT LIST TYPE normal\r\nCLIENT UNPAUSE\r\n")
        assert await other_reader.readline() == b"$-1\r\n"
        assert b"flags=b" in await other_reader.readuntil(OK)
        assert await reader.readexactly(15) == b":1\r\n$1\r\n1\r\n:2\r\n"
        for each in (writer, other_writer):
            each.close()


async def test_the_cycle_ends_a_pause(engine: Engine, clock: ManualClock) -> None:
    async with Server(engine, port=0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"CLIENT PAUSE 1000\r\nPING\r\n")
        assert await reader.readline() == OK
        clock.advance(ms=1001)
        assert await reader.readline() == b"+PONG\r\n"
        writer.close()


async def test_who_leaves_while_waiting_is_never_served(engine: Engine) -> None:
    async with Server(engine, port=0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"CLIENT PAUSE 100000\r\nINCR n\r\n")
        assert await reader.readline() == OK
        writer.close()
        assert await comes_true(lambda: not engine.state.clients)
        assert not engine.state.holds
        engine.state.pause.end()
        assert len(engine.state.databases[0]) == 0


async def test_who_sends_much_ahead_while_waiting_is_read_no_more(engine: Engine) -> None:
    async with Server(engine, port=0) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"CLIENT PAUSE 100000\r\n")
        await reader.readline()
        size, requests = 60_000, 400
        writer.write(b"*2\r\n$4\r\nECHO\r\n$%d\r\n%b\r\n" % (size, b"x" * size) * requests)
        (connection,) = server._connections
        assert await comes_true(lambda: connection._is_paused)
        assert connection.buffered_bytes < 3 * MAX_HELD_BYTES
        engine.state.pause.end()
        reply = b"$%d\r\n%b\r\n" % (size, b"x" * size)
        assert await reader.readexactly(len(reply) * requests) == reply * requests
        writer.close()


async def test_clients_inside_the_process_wait_too(engine: Engine, clock: ManualClock) -> None:
    client = InProcessClient(engine)
    await client.client_pause(1000)
    pipeline = client.pipeline()
    pipeline.get("k")
    waiting = asyncio.gather(client.set("k", 1), pipeline.execute())
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(ms=1001)
    assert (await waiting)[0] is True
    await client.aclose()
