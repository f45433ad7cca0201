from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config, OutputLimit
from ferrite_lite.connection import (
    REQUEST_DEADLINE_SECONDS,
    UNAUTHENTICATED_DEADLINE_SECONDS,
    Connection,
)
from ferrite_lite.context import Context, Peer
from ferrite_lite.engine import Engine
from ferrite_lite.reply import OK, Push
from ferrite_lite.resp import MAX_UNAUTHENTICATED_BULK_BYTES
from ferrite_lite.server import Server

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def comes_true(condition: Callable[[], bool]) -> bool:
    """Let the server's loop turn until something has happened; false if it takes too long."""
    for _ in range(1000):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the server closes without another byte."""
    with contextlib.suppress(ConnectionResetError):
        return await reader.read() == b""
    return True


class Dialer:
    """Opens connections to one server and closes what a test leaves open."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._writers: list[asyncio.StreamWriter] = []

    async def __call__(self) -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self._writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def server(engine: Engine) -> AsyncIterator[Server]:
    async with Server(engine, port=0) as server:
        yield server


@pytest.fixture
async def dial(server: Server) -> AsyncIterator[Dialer]:
    dialer = Dialer(server)
    yield dialer
    await dialer.close()


@pytest.mark.parametrize("length", [1, 16, 17, 100, 1000])
async def test_each_request_of_a_pipeline_runs_once_and_in_order(dial: Dialer, length: int) -> None:
    reader, writer = await dial()
    writer.write(b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n" * length)
    expected = b"".join(b":%d\r\n" % (n + 1) for n in range(length))
    assert await reader.readexactly(len(expected)) == expected
    writer.write(b"PING\r\n")
    assert await reader.readline() == b"+PONG\r\n"


async def test_a_pipeline_is_answered_in_order(dial: Dialer) -> None:
    reader, writer = await dial()
    writer.write(b"SET a 1\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nGET nothing\r\n")
    assert await reader.readexactly(17) == b"+OK\r\n$1\r\n1\r\n$-1\r\n"


async def test_a_request_may_arrive_byte_by_byte(dial: Dialer) -> None:
    reader, writer = await dial()
    for byte in b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\nhi\r\n":
        writer.write(bytes([byte]))
        await writer.drain()
    assert await reader.readline() == b"+OK\r\n"


async def test_an_error_reply_does_not_cost_the_connection(dial: Dialer) -> None:
    reader, writer = await dial()
    writer.write(b"NOPE\r\nGET\r\nGET a\r\n")
    assert (await reader.readline()).startswith(b"-ERR unknown command 'NOPE'")
    assert await reader.readline() == b"-ERR wrong number of arguments for 'get' command\r\n"
    assert await reader.readline() == b"$-1\r\n"


async def test_a_protocol_error_is_answered_and_closes(dial: Dialer) -> None:
    reader, writer = await dial()
    writer.write(b"SET a 1\r\n*2\r\n$3\r\nGET\r\n:5\r\n")
    assert await reader.read() == b"+OK\r\n-ERR Protocol error: expected '$', got ':'\r\n"


async def test_a_long_pipeline_leaves_room_for_other_clients(dial: Dialer) -> None:
    greedy_reader, greedy_writer = await dial()
    other_reader, other_writer = await dial()
    requests = 200_000
    greedy_writer.write(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n" * requests)
    other_writer.write(b"GET a\r\n")
    await other_reader.readline()
    answered_before_other = len(greedy_reader._buffer)  # type: ignore[attr-defined]  # a measure
    assert answered_before_other < requests * len(b"+OK\r\n")
    assert await greedy_reader.readexactly(requests * 5) == b"+OK\r\n" * requests


async def test_a_client_that_does_not_read_does_not_grow_the_server(dial: Dialer) -> None:
    reader, writer = await dial()
    size = 1_000_000
    writer.write(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n%b\r\n" % (size, b"x" * size))
    assert await reader.readline() == b"+OK\r\n"
    writer.write(b"GET a\r\n" * 100)
    await writer.drain()
    for _ in range(100):
        assert await reader.readexactly(len(b"$1000000\r\n") + size + 2)


async def test_a_big_value_survives_the_way_there_and_back(dial: Dialer) -> None:
    reader, writer = await dial()
    value = os.urandom(3_000_001)
    writer.write(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n%b\r\nGET a\r\n" % (len(value), value))
    assert await reader.readline() == b"+OK\r\n"
    assert await reader.readexactly(len(value) + 12) == b"$3000001\r\n%b\r\n" % value


async def test_a_failing_handler_costs_only_its_own_connection(
    dial: Dialer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = engine.state.table.lookup(b"hget")
    assert command is not None

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(engine.state.metrics[command], "handler", broken)
    reader, writer = await dial()
    other_reader, other_writer = await dial()
    writer.write(b"SET a 1\r\nHGET a b\r\nGET a\r\n")
    assert await reader.read() == b"+OK\r\n"
    other_writer.write(b"GET a\r\n")
    assert await other_reader.readline() == b"$1\r\n"


async def test_keys_past_their_deadline_leave_without_being_asked_for(
    dial: Dialer, engine: Engine, clock: ManualClock
) -> None:
    reader, writer = await dial()
    writer.write(b"".join(b"SET key:%d v PX 100\r\n" % n for n in range(1000)))
    await reader.readexactly(5 * 1000)
    clock.advance(ms=200)
    assert await comes_true(lambda: not len(engine.state.databases[0]))


async def test_one_client_too_many_is_told_so() -> None:
    engine = Engine(config=Config(maxclients=1))
    async with Server(engine, port=0) as server:
        dial = Dialer(server)
        _, first = await dial()
        reader, _ = await dial()
        assert await reader.read() == b"-ERR max number of clients reached\r\n"
        first.write(b"GET a\r\n")
        await dial.close()


async def test_strangers_are_let_in_when_they_must_authenticate_or_protection_is_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ferrite_lite.server.peer_of", lambda _: Peer("203.0.113.5:4000"))
    engine = Engine()
    friend = engine.connect()
    refusals = 0
    async with Server(engine, port=0) as server:
        dial = Dialer(server)
        for setting, value, is_let_in in (
            (b"protected-mode", b"yes", False),
            (b"protected-mode", b"no", True),
            (b"protected-mode", b"yes", False),
            (b"requirepass", b"secret", True),
            (b"requirepass", b"", False),
        ):
            assert engine.execute(friend, [b"CONFIG", b"SET", setting, value]) is OK
            reader, writer = await dial()
            if is_let_in:
                writer.write(b"QUIT\r\n")
                assert await reader.read() == b"+OK\r\n"
            else:
                refusals += 1
                assert (await reader.read()).startswith(b"-DENIED Redis is running in protected")
        assert engine.state.statistics.rejected_connections == refusals
        await dial.close()


async def test_before_a_password_is_given_requests_are_kept_small() -> None:
    engine = Engine(config=Config(requirepass=b"secret"))
    async with Server(engine, port=0) as server:
        dial = Dialer(server)
        reader, writer = await dial()
        writer.write(b"*11\r\n")
        assert (await reader.read()).endswith(b"unauthenticated multibulk length\r\n")
        reader, writer = await dial()
        writer.write(b"*2\r\n$3\r\nGET\r\n$%d\r\n" % (MAX_UNAUTHENTICATED_BULK_BYTES + 1))
        assert (await reader.read()).endswith(b"unauthenticated bulk length\r\n")
        await dial.close()


async def test_a_client_that_never_completes_its_request_is_closed(
    server: Server, dial: Dialer
) -> None:
    reader, writer = await dial()
    writer.write(b"*2\r\n$3\r\nGET\r\n")
    await writer.drain()
    (connection,) = server._connections
    assert await comes_true(lambda: connection._inbox.size_bytes > 0)
    connection.check_deadlines(0.0, 0)
    connection.check_deadlines(REQUEST_DEADLINE_SECONDS, 0)
    writer.write(b"$1\r")  # alive, yet no more complete
    connection.check_deadlines(REQUEST_DEADLINE_SECONDS + 0.1, 0)
    assert await ended(reader)


async def test_under_a_limit_on_memory_what_connections_hold_is_counted(
    server: Server, dial: Dialer
) -> None:
    memory = server.engine.state.memory
    server.engine.state.config.maxmemory_bytes = 10**9
    memory.configure()
    _, writer = await dial()
    (connection,) = server._connections
    server.measure_buffers()
    before = memory.used_bytes()
    writer.write(b"*2\r\n$4\r\nECHO\r\n$500000\r\n" + b"x" * 400_000)
    assert await comes_true(lambda: connection.buffered_bytes >= 400_000)
    server.measure_buffers()
    assert before + 400_000 <= memory.used_bytes() <= before + 500_000


async def test_fieldsets_count_under_a_limit_on_memory(server: Server, dial: Dialer) -> None:
    memory = server.engine.state.memory
    server.engine.state.config.maxmemory_bytes = 10**9
    memory.configure()
    reader, writer = await dial()
    server.measure_buffers()
    before = memory.used_bytes()
    writer.write(b"HIMPORT PREPARE f %b\r\n" % (b"x" * 50_000))
    assert await reader.readline() == b"+OK\r\n"
    server.measure_buffers()
    assert memory.used_bytes() >= before + 50_000


async def test_a_large_request_counts_against_the_limit_while_it_arrives_and_no_longer(
    server: Server, dial: Dialer
) -> None:
    memory = server.engine.state.memory
    server.engine.state.config.maxmemory_bytes = 10**9
    memory.configure()
    reader, writer = await dial()
    assert server._cycle is not None
    server._cycle.cancel()  # which would count it, too
    assert await comes_true(lambda: bool(server._connections))
    before = memory.used_bytes()
    writer.write(b"*2\r\n$4\r\nECHO\r\n$500000\r\n" + b"x" * 400_000)
    assert await comes_true(lambda: memory.used_bytes() >= before + 400_000)
    writer.write(b"x" * 100_000 + b"\r\n")
    await reader.readexactly(500_000)
    assert memory.used_bytes() < before + 100_000


async def test_who_leaves_too_much_unread_for_all_to_bear_is_closed_at_once(
    server: Server, dial: Dialer
) -> None:
    state = server.engine.state
    state.config.maxmemory_clients = "150000"
    assert server._cycle is not None
    server._cycle.cancel()  # which would notice, too
    _, writer = await dial()
    writer.write(b"*4\r\n$8\r\nSETRANGE\r\n$1\r\nk\r\n$6\r\n200000\r\n$1\r\nx\r\n")
    writer.write(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" * 100)
    assert await comes_true(lambda: state.statistics.evicted_clients == 1)
    assert not state.clients


async def test_what_a_connection_held_is_free_when_it_has_gone(
    server: Server, dial: Dialer
) -> None:
    memory = server.engine.state.memory
    server.engine.state.config.maxmemory_bytes = 10**9
    memory.configure()
    before = memory.used_bytes()
    _, writer = await dial()
    assert await comes_true(lambda: bool(server._connections))
    (connection,) = server._connections
    writer.write(b"*2\r\n$4\r\nECHO\r\n$500000\r\n" + b"x" * 400_000)
    assert await comes_true(lambda: connection.buffered_bytes >= 400_000)
    server.measure_buffers()
    assert memory.used_bytes() >= before + 400_000
    connection.connection_lost(None)
    assert memory.used_bytes() == before


async def test_a_request_too_large_for_all_connections_is_not_run(
    server: Server, dial: Dialer
) -> None:
    server.engine.state.config.maxmemory_clients = "1000000"
    reader, writer = await dial()
    writer.write(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
    assert await reader.readline() == b"$-1\r\n"
    (connection,) = server._connections
    connection.data_received(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n" + b"x" * 900_000)
    assert server.engine.state.statistics.evicted_clients == 0
    connection.data_received(b"x" * 100_000 + b"\r\n")
    assert connection.ctx.closing
    assert b"k" not in server.engine.state.databases[0]
    assert await ended(reader)


async def test_a_message_too_large_for_all_connections_costs_one_at_once(
    server: Server, dial: Dialer
) -> None:
    server.engine.state.config.maxmemory_clients = "1000000"
    await dial()
    assert await comes_true(lambda: bool(server._connections))
    (connection,) = server._connections
    with server.engine.lock:
        connection.ctx.send(b"x" * 30_000_000)
        connection._outbox.flush()
    assert connection.ctx.closing


async def test_before_authentication_the_deadline_is_shorter() -> None:
    assert UNAUTHENTICATED_DEADLINE_SECONDS < REQUEST_DEADLINE_SECONDS


async def test_a_unix_socket_is_for_its_owner_alone_and_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "ferrite.sock"
    async with Server(host=None, unixsocket=str(path)) as server:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert server.url == f"unix://{path}"
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"SET a 1\r\n")
        assert await reader.readline() == b"+OK\r\n"
        writer.close()
        await writer.wait_closed()
    assert not path.exists()


async def test_closing_the_server_ends_every_connection_and_frees_the_port(
    engine: Engine,
) -> None:
    server = Server(engine, port=0)
    await server.start()
    dial = Dialer(server)
    reader, writer = await dial()
    writer.write(b"SET a 1\r\n")
    await reader.readline()
    await server.close()
    assert await ended(reader)
    assert not engine.state.clients
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))
    await dial.close()


async def test_a_server_can_be_started_and_stopped_many_times() -> None:
    engine = Engine()
    tasks_before = len(asyncio.all_tasks())
    for _ in range(100):
        async with Server(engine, port=0):
            pass
    assert len(asyncio.all_tasks()) == tasks_before


async def test_shutting_down_from_another_thread_is_done_when_closed_is_set(
    engine: Engine,
) -> None:
    server = Server(engine, port=0)
    await server.start()
    dial = Dialer(server)
    reader, _ = await dial()
    await asyncio.to_thread(server.shut_down)
    await asyncio.wait_for(server.closed.wait(), timeout=60)
    assert not server._connections
    assert await ended(reader)
    await dial.close()


async def test_a_server_that_was_shut_down_can_be_started_and_shut_down_again() -> None:
    server = Server(Engine(), port=0)
    for _ in range(2):
        server.port = 0
        await server.start()
        assert not server.closed.is_set()
        server.shut_down()
        server.shut_down()
        await asyncio.wait_for(server.closed.wait(), timeout=60)
        server.shut_down()
        assert server.closed.is_set()


async def test_leaving_a_server_that_is_being_shut_down_waits_for_its_end() -> None:
    tasks_before = asyncio.all_tasks()
    async with Server(Engine(), port=0) as server:
        server.shut_down()
    assert server.closed.is_set()
    assert asyncio.all_tasks() == tasks_before


async def test_a_connection_that_was_just_accepted_ends_with_the_server() -> None:
    async with Server(Engine(), port=0) as server:
        [listener] = server._listeners
        here = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        listener.accept()  # and the loop does not turn before the server closes
    with here:
        assert not server._connections
        assert here.recv(1) == b""


async def test_shutting_down_what_was_never_started_does_nothing() -> None:
    server = Server(Engine(), port=0)
    server.shut_down()
    assert not server.closed.is_set()


# --- what a client did not ask for ----------------------------------------------------------------

NEWS = Push([b"message", b"news", b"hello"])
NEWS_BYTES = b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n"


async def connected(engine: Engine, streams: Streams) -> Context:
    """The context of a connection that has just been made."""
    reader, writer = streams
    writer.write(b"CLIENT ID\r\n")
    return engine.state.clients[int((await reader.readline())[1:])]


async def test_a_push_reaches_a_client_that_asks_for_nothing(dial: Dialer, engine: Engine) -> None:
    streams = await dial()
    (await connected(engine, streams)).push(NEWS)
    assert await streams[0].readexactly(len(NEWS_BYTES)) == NEWS_BYTES


async def test_a_push_from_another_thread_arrives(dial: Dialer, engine: Engine) -> None:
    streams = await dial()
    ctx = await connected(engine, streams)

    def publish() -> None:
        with engine.lock:
            ctx.push(NEWS)

    thread = threading.Thread(target=publish)
    thread.start()
    assert await streams[0].readexactly(len(NEWS_BYTES)) == NEWS_BYTES
    thread.join()


async def test_what_was_pushed_before_a_request_is_read_before_its_reply(
    dial: Dialer, engine: Engine, server: Server
) -> None:
    streams = await dial()
    ctx = await connected(engine, streams)
    (connection,) = server._connections
    ctx.push(NEWS)
    connection.data_received(b"PING\r\n")  # in the same turn of the loop
    expected = NEWS_BYTES + b"+PONG\r\n"
    assert await streams[0].readexactly(len(expected)) == expected


async def test_pushes_that_nobody_reads_end_the_connection_and_not_the_publisher(
    dial: Dialer, engine: Engine
) -> None:
    engine.state.config.output_limits["normal"] = OutputLimit(1000, 0, 0)
    streams = await dial()
    ctx = await connected(engine, streams)
    for _ in range(1000):
        ctx.push(NEWS)
    assert ctx.closing
    assert await ended(streams[0])
    assert await comes_true(lambda: not engine.state.clients)


async def test_a_reply_over_the_limit_is_not_sent_and_neither_is_what_stands_before_it(
    dial: Dialer, engine: Engine
) -> None:
    engine.state.config.output_limits["normal"] = OutputLimit(100_000, 0, 0)
    for size in (99_000, 101_000):
        reader, writer = await dial()
        writer.write(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n%b\r\n" % (size, b"x" * size))
        assert await reader.readline() == b"+OK\r\n"
        writer.write(b"PING\r\nGET a\r\n")
        if size > 100_000:
            assert await ended(reader)
        else:
            assert await reader.readexactly(len(b"+PONG\r\n$99000\r\n") + size + 2)


async def test_output_over_the_soft_limit_is_borne_for_its_seconds(
    dial: Dialer, engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.state.config.output_limits["normal"] = OutputLimit(0, 10, 60)
    streams = await dial()
    ctx = await connected(engine, streams)
    (connection,) = server._connections
    unread = 11
    monkeypatch.setattr(connection._transport, "get_write_buffer_size", lambda: unread)
    connection.check_deadlines(0.0, 0)
    connection.check_deadlines(60.0, 0)
    unread = 10
    connection.check_deadlines(61.0, 0)
    unread = 11
    connection.check_deadlines(62.0, 0)
    connection.check_deadlines(122.0, 0)
    assert not ctx.closing
    connection.check_deadlines(122.1, 0)
    assert await ended(streams[0])


def test_a_push_to_a_loop_that_has_ended_is_dropped(engine: Engine) -> None:
    connection = Connection(engine)
    loop = asyncio.new_event_loop()
    connection.open(asyncio.Transport(), Peer(), loop)
    loop.close()
    connection.ctx.push(NEWS)


async def test_bytes_are_counted_both_ways(dial: Dialer, server: Server) -> None:
    reader, writer = await dial()
    before = server.engine.state.statistics.output_bytes
    writer.write(b"*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n")
    assert await reader.readexactly(11) == b"$5\r\nhello\r\n"
    statistics = server.engine.state.statistics
    assert (statistics.input_bytes, statistics.output_bytes - before) == (25, 11)
    writer.write(b"INFO stats\r\n")
    assert b"total_net_input_bytes:37\r\n" in await reader.readuntil(b"total_net_output_bytes")


async def test_it_moves_to_another_port_while_it_serves(server: Server, dial: Dialer) -> None:
    reader, writer = await dial()
    before = server.port
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    writer.write(b"CONFIG SET port %d\r\n" % port)
    assert await reader.readline() == b"+OK\r\n"
    assert server.url == f"redis://127.0.0.1:{port}"
    other_reader, other_writer = await dial()
    other_writer.write(b"CONFIG SET bind *\r\n")
    assert await other_reader.readline() == b"+OK\r\n"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", before)
    writer.write(b"PING\r\n")
    assert await reader.readline() == b"+PONG\r\n"


async def test_it_moves_for_nobody_in_another_thread(server: Server) -> None:
    with pytest.raises(OSError, match="thread"):
        await asyncio.to_thread(server.move, ["127.0.0.1"], 0)


async def test_an_engine_that_listens_nowhere_cannot_move(engine: Engine) -> None:
    connection = engine.connect(Peer())
    reply = engine.execute(connection, [b"CONFIG", b"SET", b"port", b"1"])
    assert "Unable to listen on this port" in str(reply)


# --- an end without a reply -----------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"QUIT\r\n", b"*x\r\n", b"CLIENT KILL TYPE normal SKIPME no\r\n"])
async def test_who_wants_no_reply_leaves_when_it_likes_and_is_deaf_until_then(
    dial: Dialer, engine: Engine, end: bytes
) -> None:
    reader, writer = await dial()
    writer.write(b"CLIENT REPLY OFF\r\n" + end + b"INCR n\r\n")
    assert await comes_true(lambda: any(ctx.lingers for ctx in engine.state.clients.values()))
    writer.write(b"CLIENT REPLY ON\r\nINCR n\r\n")
    other_reader, other_writer = await dial()
    other_writer.write(b"GET n\r\n")
    assert await other_reader.readline() == b"$-1\r\n"
    writer.write_eof()
    assert await reader.read() == b""
    assert await comes_true(lambda: len(engine.state.clients) == 1)


async def test_who_lingers_is_closed_by_what_is_pushed(dial: Dialer, engine: Engine) -> None:
    reader, writer = await dial()
    writer.write(b"HELLO 3\r\nSUBSCRIBE news\r\nCLIENT REPLY OFF\r\n")
    await reader.readuntil(b"news\r\n:1\r\n")
    writer.write(b"QUIT\r\n")
    assert await comes_true(lambda: any(ctx.lingers for ctx in engine.state.clients.values()))
    assert engine.state.broker.publish(b"news", b"hello") == 1
    assert await ended(reader)


async def test_who_lingers_is_closed_when_idle(
    dial: Dialer, engine: Engine, clock: ManualClock
) -> None:
    reader, writer = await dial()
    writer.write(b"CLIENT REPLY OFF\r\nQUIT\r\n")
    assert await comes_true(lambda: any(ctx.lingers for ctx in engine.state.clients.values()))
    engine.state.config.timeout_seconds = 1
    clock.advance(ms=1001)
    assert await ended(reader)
