from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from ferrite_lite.config import Config
from ferrite_lite.connection import Connection
from ferrite_lite.engine import Engine
from ferrite_lite.network.turns import HOLD_NS, Turn
from ferrite_lite.scripting.scripts import Door
from ferrite_lite.server import Server
from ferrite_lite.state import ServerState
from tests.ferrite_lite.network.test_busy import NEVER_ENDING
from tests.support.wire import encode


class Client:
    """The near end of a connection, which writes down who was sent something, in order."""

    def __init__(self, name: str, told: list[str]) -> None:
        self._name, self._told = name, told

    def hand_over(self) -> None:
        self._told.append(self._name)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def turn_over(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_all_are_answered_at_the_end_of_the_turn_in_their_order(
    loop: asyncio.AbstractEventLoop,
) -> None:
    told: list[str] = []
    turn = Turn(loop)
    turn.is_alone = False
    for name in "abc":
        turn.add(Client(name, told), 0)
    assert told == []
    turn_over(loop)
    assert told == ["a", "b", "c"]
    turn_over(loop)
    turn.add(Client("d", told), 1)
    turn_over(loop)
    assert told == ["a", "b", "c", "d"]


def test_who_is_alone_is_answered_at_once(loop: asyncio.AbstractEventLoop) -> None:
    told: list[str] = []
    Turn(loop).add(Client("a", told), 0)
    assert told == ["a"]


def test_in_a_long_turn_nobody_waits_for_its_end(loop: asyncio.AbstractEventLoop) -> None:
    told: list[str] = []
    turn = Turn(loop)
    turn.is_alone = False
    turn.add(Client("a", told), 5)
    turn.add(Client("b", told), 5 + HOLD_NS)
    assert told == []
    turn.add(Client("c", told), 6 + HOLD_NS)
    assert told == ["a", "b", "c"]
    turn.add(Client("d", told), 7 + HOLD_NS)
    assert told == ["a", "b", "c"]
    turn_over(loop)
    assert told == ["a", "b", "c", "d"]


# --- on a server ----------------------------------------------------------------------------------


class Stream(asyncio.Transport):
    """A transport whose other end is the test."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""

    def get_extra_info(self, name: str, default: object = None) -> object:
        return default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.sent += b"(closed)"

    abort = close


def opened(server: Server) -> tuple[Connection, Stream]:
    connection, stream = Connection(server.engine, server), Stream()
    connection.open(stream, server.engine.connect().peer, asyncio.get_running_loop())
    server.register(connection)
    return connection, stream


async def test_a_reply_waits_for_the_end_of_the_turn(engine: Engine) -> None:
    async with Server(engine, port=0) as server:
        (one, first), (other, second) = opened(server), opened(server)
        one.data_received(encode("PING"))
        other.data_received(encode("PING"))
        one.data_received(encode("ECHO", "a"))
        assert (first.sent, second.sent) == (b"", b"")
        assert one.unread_bytes == len(b"+PONG\r\n$1\r\na\r\n")
        await asyncio.sleep(0)
        assert (first.sent, second.sent) == (b"+PONG\r\n$1\r\na\r\n", b"+PONG\r\n")
        assert one.unread_bytes == 0
        other.connection_lost(None)
        one.data_received(encode("PING"))  # there is nobody else any more
        assert first.sent.endswith(b"a\r\n+PONG\r\n")
        one.connection_lost(None)


async def test_no_reply_is_left_behind_where_a_connection_ends(engine: Engine) -> None:
    async with Server(engine, port=0) as server:
        connections = [opened(server) for _ in range(3)]
        for connection, _ in connections:
            connection.data_received(encode("PING"))
        (half, at_eof), (done, at_quit), (lost, at_loss) = connections
        half.eof_received()
        assert at_eof.sent == b"+PONG\r\n"
        done.data_received(encode("QUIT"))
        assert at_quit.sent == b"+PONG\r\n+OK\r\n(closed)"
        lost.connection_lost(None)
        await asyncio.sleep(0)
        assert at_loss.sent == b""
        assert at_eof.sent == b"+PONG\r\n"
        half.connection_lost(None)
        done.connection_lost(None)


async def test_a_large_reply_goes_at_once_behind_what_waits(engine: Engine) -> None:
    async with Server(engine, port=0) as server:
        (connection, stream), (other, _) = opened(server), opened(server)
        connection.data_received(encode("PING"))
        connection.data_received(encode("ECHO", "x" * 20_000))
        assert stream.sent.startswith(b"+PONG\r\n$20000\r\nxxx")
        connection.data_received(encode("PING"))
        connection.ctx.push([b"news"])
        await asyncio.sleep(0.01)
        assert stream.sent.endswith(b"x\r\n+PONG\r\n*1\r\n$4\r\nnews\r\n")
        connection.connection_lost(None)
        other.connection_lost(None)


class _Witness:
    """A busy door that takes note of what has been sent, and ends the script."""

    def __init__(self, door: Door, note: Callable[[], None], state: ServerState) -> None:
        self._door, self._note, self._state = door, note, state

    def serve(self) -> bool:
        is_served = self._door.serve()
        self._note()
        assert self._state.running_script is not None
        self._state.running_script.is_killed = True
        return is_served


async def test_a_script_that_does_not_end_holds_back_no_reply_from_before_it() -> None:
    async with Server(Engine(config=Config(busy_after_ms=20)), port=0) as server:
        (waiter, stream), (runner, _) = opened(server), opened(server)
        told: list[bytes] = []
        waiter.data_received(encode("PING"))
        state = server.engine.state
        door = state.busy_door
        assert door is not None
        state.busy_door = _Witness(door, lambda: told.append(stream.sent), state)
        runner.data_received(encode("EVAL", NEVER_ENDING, 0))
        assert told[0] == b"+PONG\r\n"
        waiter.connection_lost(None)
        runner.connection_lost(None)


async def test_closing_a_server_sends_what_has_been_answered(engine: Engine) -> None:
    server = Server(engine, port=0)
    await server.start()
    (connection, stream), (other, _) = opened(server), opened(server)
    for each in (connection, other):
        each.ctx.close = partial(each.connection_lost, None)
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0)  # the end is about to begin
    connection.data_received(encode("PING"))
    await closing
    assert stream.sent == b"+PONG\r\n"
