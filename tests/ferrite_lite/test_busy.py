"""A script that does not end, on a server that goes on answering."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from ferrite_lite import Config, Engine, Server
from tests.support.wire import RawConnection, encode

Connect = Callable[[], RawConnection]

BUSY = (
    b"-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
)
BUSY_FUNCTION = BUSY.replace(b"SCRIPT KILL", b"FUNCTION KILL")
NEVER_ENDING = "pcall(function() while true do end end)"


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connections to a server that runs in a thread of its own."""
    server = Server(Engine(config=Config(busy_after_ms=20)), port=0)
    started, loop = threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        await server.start()
        started.set()
        await server.closed.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    connections: list[RawConnection] = []

    def connected() -> RawConnection:
        connections.append(RawConnection(("127.0.0.1", server.port)))
        return connections[-1]

    yield connected
    for connection in connections:
        connection.close()
    server.shut_down()
    thread.join(10)
    loop.close()


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


def test_a_script_that_has_written_cannot_be_killed(connect: Connect) -> None:
    runner, other = connect(), connect()
    other.ask("PING")
    runner.send(encode("EVAL", f"redis.call('SET', 'k', 1) {NEVER_ENDING}", 0))
    assert until_busy(other) == BUSY
    assert other.ask("SCRIPT", "KILL").startswith(b"-UNKILLABLE Sorry the script already executed")
    other.send(encode("SHUTDOWN", "NOSAVE"))


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
