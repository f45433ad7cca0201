from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ferrite_lite import Ferrite
from ferrite_lite.client import InProcessClient
from ferrite_lite.clock import ManualClock
from ferrite_lite.connection import MAX_HELD_BYTES
from ferrite_lite.context import Context, ReplyMode
from ferrite_lite.engine import Engine
from ferrite_lite.server import Server
from tests.ferrite_lite.conftest import Run, runner
from tests.ferrite_lite.test_server import Dialer, Streams, comes_true

OK = b"+OK\r\n"
ONE, ZERO = b":1\r\n", b":0\r\n"
UNBLOCKED = b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"


@pytest.fixture
def waiting(engine: Engine) -> Context:
    """A connection that waits for a replica, for a second."""
    ctx = engine.connect()
    assert runner(engine, ctx)("WAIT", 1, 1000) == b""
    return ctx


def answered(engine: Engine, ctx: Context) -> list[bytes]:
    lines: list[bytes] = []
    engine.go_on(ctx, lines)
    return lines


def test_wait_holds_the_connection_to_the_end_of_its_time(
    engine: Engine, clock: ManualClock, waiting: Context
) -> None:
    clock.advance(ms=1000)
    engine.expire_due(0)
    assert waiting in engine.state.holds
    clock.advance(ms=1)
    engine.expire_due(0)
    assert waiting not in engine.state.holds
    assert answered(engine, waiting) == [b":0"]


def test_wait_without_a_time_has_no_end(engine: Engine, run: Run, clock: ManualClock) -> None:
    run("WAIT", 1, 0)
    clock.advance(seconds=10**9)
    engine.expire_due(0)
    assert len(engine.state.holds) == 1


def test_requests_behind_one_that_is_held_do_not_run(engine: Engine, run: Run) -> None:
    ctx = engine.connect()
    lines: list[bytes] = []
    requests = [[b"PING"], [b"WAIT", b"1", b"0"], [b"INCR", b"n"]]
    assert engine.run(ctx, requests, lines)[0] == 2
    assert lines == [b"+PONG"]
    assert run("EXISTS", "n") == ZERO


def test_a_held_connection_is_listed_and_counted(run: Run, waiting: Context) -> None:
    line = run("CLIENT", "LIST", "ID", waiting.id)
    for field in (b" flags=b ", b" cmd=wait ", b" argv-mem=9 "):
        assert field in line
    clients = run("INFO", "clients")
    assert b"\r\nblocked_clients:1\r\n" in clients
    assert b"\r\nclients_in_timeout_table:1\r\n" in clients
    run("CLIENT", "UNBLOCK", waiting.id)
    assert b" flags=N " in run("CLIENT", "LIST", "ID", waiting.id)
    assert b"\r\nblocked_clients:0\r\n" in run("INFO", "clients")


@pytest.mark.parametrize(
    ("reason", "reply"),
    [((), ZERO), (("TIMEOUT",), ZERO), (("timeout",), ZERO), (("ERROR",), UNBLOCKED)],
)
def test_client_unblock_ends_a_hold_once(
    engine: Engine, run: Run, waiting: Context, reason: tuple[str, ...], reply: bytes
) -> None:
    assert run("CLIENT", "UNBLOCK", waiting.id, *reason) == ONE
    assert run("CLIENT", "UNBLOCK", waiting.id, *reason) == ZERO
    assert answered(engine, waiting) == [reply.removesuffix(b"\r\n")]


def test_client_unblock_is_counted_as_redis_counts_it(run: Run, waiting: Context) -> None:
    run("CLIENT", "UNBLOCK", waiting.id, "ERROR")
    commands = run("INFO", "commandstats")
    for line in commands.split(b"\r\n"):
        if line.startswith((b"cmdstat_wait:", b"cmdstat_client|unblock:")):
            assert line.endswith(b",failed_calls=1")
    assert b"errorstat_UNBLOCKED:count=1" in run("INFO", "errorstats")


def test_client_unblock_leaves_alone_who_waits_for_the_end_of_a_pause(
    engine: Engine, run: Run
) -> None:
    other = engine.connect()
    engine.state.pause.begin(10**15, for_all=False)
    lines: list[bytes] = []
    engine.run(other, [[b"SET", b"k", b"v"]], lines)
    assert run("CLIENT", "UNBLOCK", other.id) == ZERO
    assert run("CLIENT", "UNBLOCK", other.id, "ERROR") == ZERO
    run("CLIENT", "UNPAUSE")
    assert answered(engine, other) == [b"+OK"]


def test_a_reply_that_is_to_be_skipped_is_skipped_when_it_comes(
    engine: Engine, run: Run, run_other: Run
) -> None:
    ctx = engine.connect()
    lines: list[bytes] = []
    skip, wait = [b"CLIENT", b"REPLY", b"SKIP"], [b"WAIT", b"1", b"0"]
    assert engine.run(ctx, [skip, wait], lines)[0] == 2
    run("CLIENT", "UNBLOCK", ctx.id, "ERROR")
    engine.go_on(ctx, lines)
    assert lines == []
    assert ctx.reply_mode is ReplyMode.ON


def test_who_leaves_is_held_no_more(engine: Engine, run: Run, waiting: Context) -> None:
    engine.disconnect(waiting)
    assert not engine.state.holds
    assert run("CLIENT", "UNBLOCK", waiting.id) == ZERO


# --- behind a socket ------------------------------------------------------------------------------


@pytest.fixture
async def dial(engine: Engine) -> AsyncIterator[Dialer]:
    async with Server(engine, port=0) as server:
        dialer = Dialer(server)
        yield dialer
        await dialer.close()


async def hold(dial: Dialer, behind: bytes = b"") -> Streams:
    """A client that waits for a replica, with more requests behind."""
    reader, writer = await dial()
    writer.write(b"WAIT 1 1000\r\n" + behind)
    assert await comes_true(lambda: len(dial.server.engine.state.holds) == 1)
    return reader, writer


async def test_the_cycle_ends_a_hold_and_the_requests_behind_it_run(
    dial: Dialer, clock: ManualClock
) -> None:
    reader, writer = await hold(dial, b"PING\r\nWAIT 1 1000\r\n")
    writer.write(b"PING\r\n")
    clock.advance(ms=1001)
    assert await reader.readexactly(11) == b":0\r\n+PONG\r\n"
    assert await comes_true(lambda: len(dial.server.engine.state.holds) == 1)
    clock.advance(ms=1001)
    assert await reader.readexactly(11) == b":0\r\n+PONG\r\n"


async def test_a_client_that_is_held_and_leaves_is_forgotten(dial: Dialer, engine: Engine) -> None:
    _, writer = await hold(dial, b"INCR n\r\n")
    writer.close()
    assert await comes_true(lambda: not engine.state.clients)
    assert not engine.state.holds
    assert len(engine.state.databases[0]) == 0


async def test_a_client_that_is_held_can_be_killed(dial: Dialer, engine: Engine) -> None:
    reader, _ = await hold(dial, b"INCR n\r\n")
    other_reader, other_writer = await dial()
    other_writer.write(b"CLIENT KILL TYPE normal\r\n")
    assert await other_reader.readline() == ONE
    assert await reader.read() == b""
    assert not engine.state.holds
    assert len(engine.state.databases[0]) == 0


async def test_a_held_client_may_idle(dial: Dialer, engine: Engine, clock: ManualClock) -> None:
    reader, _ = await hold(dial)
    engine.state.config.timeout_seconds = 1
    clock.advance(ms=1000)
    (connection,) = dial.server._connections
    connection.check_deadlines(10**9, 1)
    clock.advance(ms=1)
    assert await reader.readline() == ZERO


async def test_who_sends_much_ahead_while_held_is_read_no_more(
    dial: Dialer, clock: ManualClock
) -> None:
    reader, writer = await hold(dial)
    request = b"*2\r\n$4\r\nECHO\r\n$60000\r\n%b\r\n" % (b"x" * 60_000)
    writer.write(request * 400)
    (connection,) = dial.server._connections
    assert await comes_true(lambda: connection._is_paused)
    assert connection.buffered_bytes < 3 * MAX_HELD_BYTES
    clock.advance(ms=1001)
    assert await reader.readline() == ZERO
    reply = b"$60000\r\n%b\r\n" % (b"x" * 60_000)
    assert await reader.readexactly(len(reply) * 400) == reply * 400


async def test_a_reply_waits_for_a_transport_that_is_full(dial: Dialer, clock: ManualClock) -> None:
    reader, _ = await hold(dial, b"PING\r\n")
    (connection,) = dial.server._connections
    connection.pause_writing()
    clock.advance(ms=1001)
    assert await comes_true(lambda: not dial.server.engine.state.holds)
    connection.resume_writing()
    assert await reader.readexactly(11) == b":0\r\n+PONG\r\n"


# --- inside the process ---------------------------------------------------------------------------


async def test_the_clients_of_a_process_wait_without_holding_each_other(
    engine: Engine, clock: ManualClock
) -> None:
    client = InProcessClient(engine)
    waiting = asyncio.ensure_future(client.wait(1, 1000))
    assert await comes_true(lambda: len(engine.state.holds) == 1)
    await client.set("k", "v")
    assert not waiting.done()
    clock.advance(ms=1001)
    assert await waiting == 0
    await client.aclose()


async def test_a_client_of_the_process_is_unblocked(engine: Engine) -> None:
    client = InProcessClient(engine)
    async with client.client() as other:
        number = await other.client_id()
        waiting = asyncio.ensure_future(other.wait(1, 0))
        assert await comes_true(lambda: len(engine.state.holds) == 1)
        assert await client.client_unblock(number)
        assert await waiting == 0
    await client.aclose()


async def test_a_socket_and_the_process_end_each_others_holds(clock: ManualClock) -> None:
    async with Ferrite(clock=clock) as ferrite:
        dialer = Dialer(await ferrite.listen())
        reader, _ = await hold(dialer)
        (number,) = [ctx.id for ctx in ferrite.engine.state.clients.values() if ctx.hold]
        assert await ferrite.client().client_unblock(number)
        assert await reader.readline() == ZERO
        await dialer.close()
