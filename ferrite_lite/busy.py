"""Serve others while a script holds the thread: it looks at the sockets from inside the script.

The loop does not turn while a script runs. Past ``busy-reply-threshold`` the script calls in here
once in many steps: what has come is read straight from the sockets, and answered straight into
them, the event loop being none the wiser. The engine refuses all but what ends the script. Who
connects meanwhile is handed to the loop when the script is over. (Only a client that the loop is
just about to take when the script begins, out of the listener and not yet a connection, waits.)
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Protocol, cast

#: Read at a time from one client that is to be told that the server is busy.
READ_BYTES = 1 << 16
#: New connections taken at a time.
MAX_ACCEPTED = 16


class Stream(Protocol):
    """What a connection's transport does, as far as it is needed here."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def get_write_buffer_size(self) -> int: ...


class Client(Protocol):
    """A connection, as it is seen from here."""

    @property
    def fd(self) -> int: ...
    @property
    def is_waiting(self) -> bool:
        """Whether it has requests that are not answered yet: no more are read."""
        ...

    def divert(self, stream: Stream) -> Stream:
        """Write to another stream from now on; the one before is returned."""
        ...

    def data_received(self, data: bytes) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


class BusyDoor:
    """The way to a server's clients that leads past its event loop."""

    def __init__(
        self,
        clients: Callable[[], Iterable[Client]],
        listeners: Callable[[], Iterable[socket.socket]],
        welcome: Callable[[socket.socket, Stream], Client | None],
    ) -> None:
        """``welcome`` makes a connection of a socket, unless there are too many."""
        self._clients, self._listeners, self._welcome = clients, listeners, welcome
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._accepted: list[tuple[Client, _RawStream]] = []
        self._adoptions: set[asyncio.Task[None]] = set()

    def serve(self) -> bool:
        """Answer who has asked something; False where that cannot be done from this thread."""
        if threading.get_ident() != self._thread:
            return False
        self._accept()
        waiting = {client.fd: client for client in self._clients() if not client.is_waiting}
        poll = select.poll()
        for fd in waiting:
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(0):
            self._serve(waiting[fd], fd)
        return True

    def close(self) -> None:
        """The script is over: hand those who came meanwhile to the loop."""
        accepted, self._accepted = self._accepted, []
        for client, stream in accepted:
            if stream.is_closed:
                client.connection_lost(None)
            else:
                task = self._loop.create_task(self._adopt(client, stream))
                self._adoptions.add(task)
                task.add_done_callback(self._adoptions.discard)

    @staticmethod
    def _serve(client: Client, fd: int) -> None:
        with contextlib.suppress(OSError):  # the loop will find out, too
            data = os.read(fd, READ_BYTES)
            if not data:
                return
            stream = _DirectStream(fd)
            stream.behind = client.divert(stream)
            try:
                client.data_received(data)
            finally:
                client.divert(stream.behind)

    def _accept(self) -> None:
        for listener in self._listeners():
            with (
                contextlib.suppress(OSError),
                socket.socket(fileno=os.dup(listener.fileno())) as own,
            ):
                for _ in range(MAX_ACCEPTED):
                    accepted, _ = own.accept()
                    accepted.setblocking(False)
                    stream = _RawStream(accepted)
                    client = self._welcome(accepted, stream)
                    if client is None:
                        accepted.close()
                    else:
                        self._accepted.append((client, stream))

    async def _adopt(self, client: Client, stream: _RawStream) -> None:
        adopter = _Adopter(client)
        await self._loop.connect_accepted_socket(lambda: adopter, stream.socket)
        if stream.unsent:
            adopter.transport.write(bytes(stream.unsent))


class _Adopter(asyncio.Protocol):
    """Takes a socket over from the busy door, for a connection that is there already."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._client.divert(self.transport)
        self.transport.set_protocol(cast("asyncio.Protocol", self._client))


class _DirectStream:
    """A loop's transport, past which is written as long as it has nothing to write itself."""

    behind: Stream

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, data: bytes) -> None:
        sent = 0
        if not self.behind.get_write_buffer_size():
            with contextlib.suppress(OSError):
                sent = os.write(self._fd, data)
        if sent < len(data):
            self.behind.write(data[sent:])

    def close(self) -> None:
        self.behind.close()

    def abort(self) -> None:
        self.behind.abort()

    def pause_reading(self) -> None:
        self.behind.pause_reading()

    def resume_reading(self) -> None:
        self.behind.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self.behind.get_write_buffer_size()


class _RawStream:
    """A socket that no loop knows yet."""

    def __init__(self, accepted: socket.socket) -> None:
        self.socket = accepted
        self.unsent = bytearray()
        self.is_closed = False

    def write(self, data: bytes) -> None:
        sent = 0
        if not self.unsent and not self.is_closed:
            with contextlib.suppress(OSError):
                sent = self.socket.send(data)
        self.unsent += data[sent:]

    def close(self) -> None:
        self.is_closed = True
        self.socket.close()

    abort = close

    def pause_reading(self) -> None:
        """Nobody reads from it but the busy door."""

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return len(self.unsent)
