"""CONFIG SET port and bind: a server that goes on at another address, here as in Redis."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.support import servers
from tests.support.servers import LOOPBACK, RealServer
from tests.support.wire import ConnectionClosed, RawConnection

from .conftest import SUBJECTS

OK = b"+OK\r\n"
CANNOT_LISTEN = (
    b"-ERR CONFIG SET failed (possibly related to argument 'port')"
    b" - Unable to listen on this port. Check server logs.\r\n"
)
CANNOT_BIND = (
    b"-ERR CONFIG SET failed (possibly related to argument 'bind')"
    b" - Failed to bind to specified addresses.\r\n"
)


@pytest.fixture(params=["redis-server", "ferrite_lite"])
def server(request: pytest.FixtureRequest) -> Iterator[RealServer]:
    """A server of its own: where it is to be found changes."""
    with SUBJECTS[request.param]() as server:
        yield server


@pytest.fixture
def first(server: RealServer) -> Iterator[RawConnection]:
    """A connection from before the move."""
    with server.connect() as connection:
        yield connection


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody else listens."""
    with socket.create_server((LOOPBACK, 0)) as other:
        yield other.getsockname()[1]


def answers(port: int, host: str = LOOPBACK) -> bool:
    try:
        with RawConnection((host, port)) as connection:
            return connection.ask("PING") == b"+PONG\r\n"
    except (ConnectionRefusedError, ConnectionClosed):
        return False


def asked(connection: RawConnection, name: str) -> bytes:
    return connection.ask("CONFIG", "GET", name).split(b"\r\n")[4]


def test_it_listens_at_the_new_port_alone_and_goes_on_serving_whom_it_serves(
    server: RealServer, first: RawConnection
) -> None:
    port = servers.free_port()
    assert first.ask("CONFIG", "SET", "port", port) == OK
    assert answers(port)
    assert not answers(server.port)
    assert asked(first, "port") == b"%d" % port
    assert b"tcp_port:%d\r\n" % port in first.ask("INFO", "server")
    assert first.ask("CONFIG", "SET", "port", server.port) == OK
    assert answers(server.port)
    assert not answers(port)


def test_a_port_that_is_taken_changes_nothing(
    server: RealServer, first: RawConnection, taken: int
) -> None:
    assert first.ask("CONFIG", "SET", "timeout", "5", "port", taken) == CANNOT_LISTEN
    assert asked(first, "timeout") == b"0"
    assert asked(first, "port") == b"%d" % server.port
    assert answers(server.port)


def test_other_addresses_at_the_same_port(server: RealServer, first: RawConnection) -> None:
    assert first.ask("CONFIG", "SET", "bind", "127.0.0.2") == OK
    assert answers(server.port, "127.0.0.2")
    assert not answers(server.port)
    assert first.ask("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2 -2001:db8::1") == OK
    assert asked(first, "bind") == b"127.0.0.1 127.0.0.2 -2001:db8::1"
    assert answers(server.port)
    assert answers(server.port, "127.0.0.2")
    # What it listens on already is in the way of every address.
    assert first.ask("CONFIG", "SET", "bind", "*") == OK
    assert answers(server.port, "127.0.0.3")


def test_an_address_that_cannot_be_had_changes_nothing(
    server: RealServer, first: RawConnection
) -> None:
    for words in ("192.0.2.1", "127.0.0.1 192.0.2.1", "999.999.999.999"):
        assert first.ask("CONFIG", "SET", "bind", words) == CANNOT_BIND
        assert asked(first, "bind") == LOOPBACK.encode()
        assert answers(server.port)


def test_what_is_said_of_both_at_once_is_one_move(
    server: RealServer, first: RawConnection, taken: int
) -> None:
    port = servers.free_port()
    assert first.ask("CONFIG", "SET", "bind", "127.0.0.2", "port", port) == OK
    assert answers(port, "127.0.0.2")
    assert not answers(server.port)
    here = ("bind", LOOPBACK)
    assert first.ask("CONFIG", "SET", "port", taken, *here) == CANNOT_LISTEN
    assert first.ask("CONFIG", "SET", *here, "port", taken) == CANNOT_BIND
    assert asked(first, "bind") == b"127.0.0.2"
    assert answers(port, "127.0.0.2")


@pytest.mark.parametrize("nowhere", [("port", "0"), ("bind", "")])
def test_a_server_that_listens_nowhere_is_there_for_whom_it_serves(
    nowhere: tuple[str, str], server: RealServer, first: RawConnection
) -> None:
    assert first.ask("CONFIG", "SET", *nowhere) == OK
    assert not answers(server.port)
    assert server.ask("PING") == b"+PONG\r\n"  # on its Unix socket
    assert first.ask("CONFIG", "SET", "port", server.port, "bind", LOOPBACK) == OK
    assert answers(server.port)


def test_a_pipeline_of_moves(server: RealServer, first: RawConnection) -> None:
    ports = [servers.free_port() for _ in range(3)]
    first.send(b"".join(b"CONFIG SET port %d\r\n" % port for port in ports) + b"PING\r\n")
    assert [first.read_reply() for _ in range(4)] == [OK, OK, OK, b"+PONG\r\n"]
    assert [answers(port) for port in (server.port, *ports)] == [False, False, False, True]
