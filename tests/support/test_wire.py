from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.servers import redis_server
from tests.support.wire import ConnectionClosed, RawConnection, encode, reply_end

_LINE = st.binary(max_size=12).filter(lambda line: b"\r" not in line and b"\n" not in line)
_BLOB = st.binary(max_size=12) | st.sampled_from([b"\r\n", b"$1\r\nx\r\n", b"-ERR\r\n"])


def _blob(kind: bytes, content: bytes) -> bytes:
    return kind + b"%d\r\n%b\r\n" % (len(content), content)


def _aggregate(kind: bytes, units: int, replies: list[bytes]) -> bytes:
    return kind + b"%d\r\n" % units + b"".join(replies)


def _aggregates(replies: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    lists = st.lists(replies, max_size=4)
    even = st.lists(st.tuples(replies, replies).map(b"".join), max_size=3)
    return st.one_of(
        st.builds(
            lambda kind, parts: _aggregate(kind, len(parts), parts),
            st.sampled_from([b"*", b"~", b">"]),
            lists,
        ),
        even.map(lambda pairs: _aggregate(b"%", len(pairs), pairs)),
        st.builds(lambda pairs, of: _aggregate(b"|", len(pairs), pairs) + of, even, replies),
    )


_LINES = st.builds(
    lambda kind, line: kind + line + b"\r\n",
    st.sampled_from([b"+", b"-", b":", b"_", b",", b"#", b"("]),
    _LINE,
)
_BLOBS = st.builds(_blob, st.sampled_from([b"$", b"=", b"!"]), _BLOB)
_NULLS = st.sampled_from([b"$-1\r\n", b"*-1\r\n", b"_\r\n"])
REPLIES = st.recursive(_LINES | _BLOBS | _NULLS, _aggregates, max_leaves=12)


@given(replies=st.lists(REPLIES, min_size=1, max_size=4))
def test_replies_that_follow_one_another_are_told_apart(replies: list[bytes]) -> None:
    stream = b"".join(replies)
    at = 0
    for reply in replies:
        end = reply_end(stream, at)
        assert end == at + len(reply)
        at = end


@given(reply=REPLIES, after=_BLOB)
def test_a_reply_is_whole_only_with_its_last_byte(reply: bytes, after: bytes) -> None:
    assert all(reply_end(reply[:cut]) is None for cut in range(len(reply)))
    assert reply_end(reply + after) == len(reply)


@pytest.mark.parametrize("data", [b"\r\n", b"PONG\r\n", b"*1\r\n\r\n"])
def test_what_is_no_reply_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no reply starts with"):
        reply_end(data)


def test_a_request_holds_its_words_as_bulk_strings() -> None:
    assert encode("SET", b"\x00", -1) == b"*3\r\n$3\r\nSET\r\n$1\r\n\x00\r\n$2\r\n-1\r\n"


@pytest.fixture
def server_and_client(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[socket.socket, RawConnection]]:
    """The server's end of a connection, and a raw connection with a short patience."""
    path = str(tmp_path_factory.mktemp("wire") / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with RawConnection(path, timeout_seconds=0.01) as client:
            server, _ = listener.accept()
            with server:
                yield server, client


def test_a_reply_is_read_without_what_follows_it(
    server_and_client: tuple[socket.socket, RawConnection],
) -> None:
    server, client = server_and_client
    server.sendall(b"+one\r\n$3\r\ntwo\r\n:3")
    assert client.read_reply() == b"+one\r\n"
    assert client.read_reply() == b"$3\r\ntwo\r\n"
    with pytest.raises(TimeoutError):
        client.read_reply()
    assert client.received() == b":3"


def test_a_close_inside_a_reply_keeps_what_came(
    server_and_client: tuple[socket.socket, RawConnection],
) -> None:
    server, client = server_and_client
    server.sendall(b"*2\r\n:1\r\n")
    server.close()
    with pytest.raises(ConnectionClosed) as caught:
        client.read_reply()
    assert caught.value.received == b"*2\r\n:1\r\n"


def test_reading_until_closed_needs_the_close(
    server_and_client: tuple[socket.socket, RawConnection],
) -> None:
    server, client = server_and_client
    server.sendall(b"+OK\r\n+OK\r\n")
    with pytest.raises(TimeoutError):
        client.read_until_closed()
    server.close()
    assert client.read_until_closed() == b"+OK\r\n+OK\r\n"


@pytest.mark.usefixtures("redis_server")
def test_a_real_server_is_understood_in_both_protocols() -> None:
    with (
        redis_server("--enable-debug-command", "yes") as server,
        server.connect() as connection,
    ):
        connection.ask("HSET", "h", "f", "v")
        assert connection.ask("HGETALL", "h") == b"*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
        assert connection.ask("HELLO", 3).startswith(b"%7\r\n")
        assert connection.ask("HGETALL", "h") == b"%1\r\n$1\r\nf\r\n$1\r\nv\r\n"
        assert connection.ask("DEBUG", "PROTOCOL", "attrib").startswith(b"|1\r\n")
        assert connection.ask("PING") == b"+PONG\r\n"
        connection.send(encode("QUIT"))
        assert connection.read_until_closed() == b"+OK\r\n"
