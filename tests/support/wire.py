"""A raw RESP connection: sends exact bytes, and reads whole replies as the exact bytes they are.

It never interprets a reply. Client libraries hide what the tests are about: which type a reply has,
how a number is spelt, whether the connection closes.
"""

from __future__ import annotations

import socket
from typing import Self

#: Long enough for a busy machine, short enough that a hanging server fails its test.
TIMEOUT_SECONDS = 30.0
_READ_BYTES = 1 << 16

_SCALARS = b"+-:_,#("
_BLOBS = b"$!="
#: How many replies follow the header of an aggregate, for each unit it counts.
_REPLIES_PER_UNIT = {b"*": 1, b"~": 1, b">": 1, b"%": 2, b"|": 2}

Word = str | bytes | int


def encode(*words: Word) -> bytes:
    """A request: ``encode("GET", "k")``."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts)


def reply_end(buffer: bytes | bytearray, start: int = 0) -> int | None:
    """Where the reply that starts at ``start`` ends, or None if it is not all there.

    Knows RESP2 and RESP3, streamed aggregates apart: Redis sends none. An attribute belongs to the
    reply that follows it. Raises ValueError for what is no reply.
    """
    at, replies_left = start, 1
    while replies_left:
        line_end = buffer.find(b"\r\n", at)
        if line_end < 0:
            return None
        kind, count = bytes(buffer[at : at + 1]), buffer[at + 1 : line_end]
        at = line_end + 2
        replies_left -= 1
        if kind in _REPLIES_PER_UNIT:
            replies_left += max(int(count), 0) * _REPLIES_PER_UNIT[kind] + (kind == b"|")
        elif kind and kind in _BLOBS:
            if int(count) >= 0:
                at += int(count) + 2
            if at > len(buffer):
                return None
        elif not kind or kind not in _SCALARS:
            raise ValueError(f"no reply starts with {kind!r}")
    return at


class ConnectionClosed(Exception):
    """The server closed the connection; ``received`` is what had come of an unfinished reply."""

    def __init__(self, received: bytes) -> None:
        super().__init__(f"closed after {received!r}")
        self.received = received


class RawConnection:
    """One socket. A reply that takes longer than the timeout raises TimeoutError."""

    def __init__(
        self, address: tuple[str, int] | str, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """``address`` is (host, port), or the path of a Unix socket."""
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self._buffer = bytearray()
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout_seconds)
            self._socket.connect(address)
            if family == socket.AF_INET:
                # A request sent in pieces must not wait 40 ms for each acknowledgement.
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            self._socket.close()
            raise

    def ask(self, *words: Word) -> bytes:
        """Send one request, and return its whole reply."""
        self.send(encode(*words))
        return self.read_reply()

    def send(self, data: bytes) -> None:
        """Send exact bytes. A connection that is closed by now shows when it is read from."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def read_reply(self) -> bytes:
        """The next whole reply. Raises ConnectionClosed, and TimeoutError."""
        while (end := reply_end(self._buffer)) is None:
            if not self._receive():
                raise ConnectionClosed(self._take(len(self._buffer)))
        return self._take(end)

    def read_until_closed(self) -> bytes:
        """Everything until the server closes the connection. Raises TimeoutError if it does not."""
        while self._receive():
            pass
        return self._take(len(self._buffer))

    def received(self) -> bytes:
        """What has come and was not read as a reply yet."""
        return bytes(self._buffer)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self) -> bool:
        """Wait for more bytes; false when the connection is closed, politely or not."""
        try:
            data = self._socket.recv(_READ_BYTES)
        except ConnectionResetError:
            return False
        self._buffer += data
        return bool(data)

    def _take(self, end: int) -> bytes:
        taken = bytes(self._buffer[:end])
        del self._buffer[:end]
        return taken
