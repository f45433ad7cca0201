"""A script that does not end, on a server that goes on answering."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ferrite_lite import Config, Engine, Server
from tests.support.wire import ConnectionClosed, RawConnection, encode

Connect = Callable[[], RawConnection]

BUSY = (
    b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
)
BUSY_FUNCTION = BUSY.replace(b"SCRIPT KILL", b"FUNCTION KILL")
NEVER_ENDING = "pcall(function() while true do end end)"


class Served:
    """A server that runs in a thread of its own, and connections to it."""

    def __init__(self) -> None:
        self._server = Server(Engine(config=Config(busy_after_ms=20)), port=0)
        self._loop = asyncio.new_event_loop()
        self._connections: list[RawConnection] = []
        started = threading.Event()

        async def serve() -> None:
            await self._server.start()
            started.set()
            await self._server.closed.wait()

        self._thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(serve()), daemon=True
        )
        self._thread.start()
        assert started.wait(10)

    def connect(self) -> RawConnection:
        self._connections.append(RawConnection(("127.0.0.1", self._server.port)))
        return self._connections[-1]

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """The loop stands still, but for one turn at each call of what is given."""
        stands, may_turn = threading.Event(), threading.Semaphore(0)
        is_over = False

        def stand() -> None:
            stands.set()
            may_turn.acquire(timeout=10)
            if not is_over:
                self._loop.call_soon(stand)

        def turn() -> None:
            stands.clear()
            may_turn.release()
            assert stands.wait(10)

        self._loop.call_soon_threadsafe(stand)
        assert stands.wait(10)
        yield turn
        is_over = True
        may_turn.release()

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._server.shut_down()
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.close()


@pytest.fixture
def connect(served: Served) -> Connect:
    return served.connect


def until_busy(connection: RawConnection) -> bytes:
    """The first answer that is no PONG."""
    while (reply := connection.ask("PING")) == b"+PONG\r\n":
        pass
    return reply


def test_others_are_told_and_can_kill_it(connect: Connect) -> None:
    runner, other = connect(), connect()
    other.ask("PING")
    runner.send(encode("EVAL", NEVER_ENDING, 0))
    assert until_busy(other) == BUSY
    assert other.ask("GET", "k") == BUSY
    assert other.ask("FUNCTION", "KILL") == BUSY
    assert other.ask("FUNCTION", "STATS") == BUSY
    assert other.ask("SCRIPT", "KILL") == b"+OK\r\n"
    assert runner.read_reply().startswith(b"-ERR Script killed by user with SCRIPT KILL. script: ")
    assert other.ask("SET", "k", "v") == b"+OK\r\n"
    assert other.ask("SCRIPT", "KILL").startswith(b"-NOTBUSY ")


def test_who_connects_meanwhile_is_served_and_stays(connect: Connect) -> None:
    runner, witness = connect(), connect()
    witness.ask("PING")
    runner.send(encode("EVAL", NEVER_ENDING, 0))
    assert until_busy(witness) == BUSY
    late = connect()
    assert late.ask("PING") == BUSY
    assert late.ask("SCRIPT", "KILL") == b"+OK\r\n"
    assert runner.read_reply().startswith(b"-ERR Script killed")
    for _ in range(3):
        assert late.ask("PING") == b"+PONG\r\n"
    assert late.ask("CLIENT", "GETNAME") == b"$-1\r\n"


@pytest.mark.parametrize("turns", range(4))
def test_who_is_being_accepted_when_it_begins_is_served_and_stays(
    served: Served, turns: int
) -> None:
    runner = served.connect()
    runner.ask("PING")
    with served.held() as turn:
        early = served.connect()
        for _ in range(turns):
            turn()
        runner.send(encode("EVAL", NEVER_ENDING, 0))
    assert until_busy(early) == BUSY
    assert early.ask("SCRIPT", "KILL") == b"+OK\r\n"
    assert runner.read_reply().startswith(b"-ERR Script killed")
    for _ in range(3):
        assert early.ask("PING") == b"+PONG\r\n"


def test_a_script_that_has_written_cannot_be_killed(connect: Connect) -> None:
    runner, other = connect(), connect()
    other.ask("PING")
    runner.send(encode("EVAL", f"redis.call('SET', 'k', 1) {NEVER_ENDING}", 0))
    assert until_busy(other) == BUSY
    assert other.ask("SCRIPT", "KILL").startswith(b"-UNKILLABLE Sorry the script already executed")
    other.send(encode("SHUTDOWN", "NOSAVE"))


def test_shutdown_nosave_ends_the_server_even_if_the_script_has_written(connect: Connect) -> None:
    runner, other = connect(), connect()
    runner.send(encode("EVAL", f"redis.call('SET', 'k', 1) {NEVER_ENDING}", 0))
    assert until_busy(other) == BUSY
    assert other.ask("SHUTDOWN") == BUSY
    assert other.ask("SHUTDOWN", "SAVE") == BUSY
    other.send(encode("SHUTDOWN", "NOSAVE"))
    with pytest.raises(ConnectionClosed):
        other.read_reply()
    with pytest.raises(ConnectionRefusedError):
        connect()


def test_a_function_is_killed_as_a_function(connect: Connect) -> None:
    runner, other = connect(), connect()
    code = f"#!lua name=x\nredis.register_function('f', function() {NEVER_ENDING} end)"
    assert other.ask("FUNCTION", "LOAD", code) == b"$1\r\nx\r\n"
    runner.send(encode("FCALL", "f", 0))
    assert until_busy(other) == BUSY_FUNCTION
    assert other.ask("SCRIPT", "KILL") == BUSY_FUNCTION
    assert b"running_script\r\n*6\r\n$4\r\nname\r\n$1\r\nf\r\n" in other.ask("FUNCTION", "STATS")
    assert other.ask("FUNCTION", "KILL") == b"+OK\r\n"
    assert runner.read_reply().startswith(
        b"-ERR Script killed by user with SCRIPT KILL. script: f, on "
    )


def test_a_script_that_ends_by_itself_leaves_nothing_behind(connect: Connect) -> None:
    runner, other = connect(), connect()
    other.ask("PING")
    script = "local t = redis.call('TIME') for i = 1, 3e6 do end "
    script += "return t[2] == redis.call('TIME')[2]"
    runner.send(encode("EVAL", script, 0))
    assert until_busy(other) == BUSY
    assert runner.read_reply() == b":1\r\n"
    assert other.ask("PING") == b"+PONG\r\n"


def test_in_the_process_a_script_is_stopped() -> None:
    engine = Engine(config=Config(busy_after_ms=20))
    reply = engine.execute(engine.connect(), [b"EVAL", NEVER_ENDING.encode(), b"0"])
    assert "was stopped" in str(reply)
    assert engine.execute(engine.connect(), [b"PING"]) == b"PONG"
