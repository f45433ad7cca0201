"""Listening sockets, from which a client is a connection as soon as it is accepted.

An event loop that accepts by itself takes a few turns until what it has accepted is a connection,
and a script that begins within them would leave that client without an answer. So the socket is
accepted here, and made a connection at once; the loop is then asked to carry it. Who has the thread
meanwhile reads from it and writes to it directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import stat
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, cast

from .transport import Transport

logger = logging.getLogger("ferrite_lite.listening")

#: Connections that a system keeps waiting to be accepted: ``tcp-backlog``.
BACKLOG = 511
#: New connections taken at a time.
MAX_ACCEPTED = 64
#: How long nobody is accepted when the system has no more to give, as in asyncio.
EXHAUSTED_SECONDS = 1.0

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: A name stands for addresses of which this machine may lack some.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_EVERYWHERE = {"*": "0.0.0.0", "::*": "::"}  # noqa: S104  # asked for, and guarded at the start


class Client(Protocol):
    """A connection, as it is seen from here."""

    @property
    def fd(self) -> int: ...
    @property
    def is_waiting(self) -> bool:
        """Whether it has requests that are not answered yet: no more are read."""
        ...

    def divert(self, transport: Transport) -> Transport:
        """Write to another transport from now on; the one before is returned."""
        ...

    def data_received(self, data: bytes) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...


#: Makes a connection of a socket, unless it is not let in: then it is told so.
Welcome = Callable[[socket.socket, Transport], Client | None]


def hosts_of(words: Sequence[str]) -> list[str]:
    """The hosts that words of ``bind`` mean, a dash before them or not."""
    return [_EVERYWHERE.get(word, word) for word in (each.removeprefix("-") for each in words)]


def bind(words: Sequence[str], port: int) -> list[socket.socket]:
    """Listening sockets at all addresses that words of ``bind`` name. Raises OSError.

    Port 0 is any that is free, the same for all. With a dash before it, as in Redis, an address
    that this machine does not have is passed over.
    """
    bound: list[socket.socket] = []
    try:
        for word, host in zip(words, hosts_of(words), strict=True):
            try:
                bound += _bind_host(host, port)
            except OSError as error:
                if not word.startswith("-") or error.errno not in _NOT_HERE:
                    raise
            port = bound[0].getsockname()[1] if bound else port
    except OSError:
        close_all(bound)
        raise
    return bound


def _bind_host(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address that a name stands for."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                bound.append(
                    socket.create_server(
                        (address[0], port, *address[2:]), family=family, backlog=BACKLOG
                    )
                )
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error
            else:
                port = bound[-1].getsockname()[1]
        if missing is not None and not bound:
            raise missing
    except OSError:
        close_all(bound)
        raise
    return bound


def close_all(sockets: Iterable[socket.socket]) -> None:
    for each in sockets:
        each.close()


def bind_path(path: str) -> socket.socket:
    """A listening Unix socket, in the place of one that nobody listens on. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            os.unlink(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The permissions must be right before anybody can connect (CVE-2023-45145).
        before = os.umask(0o077)
        try:
            listening.bind(path)
        finally:
            os.umask(before)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


class Listener:
    """One listening socket in the running loop."""

    def __init__(self, listening: socket.socket, welcome: Welcome) -> None:
        listening.setblocking(False)
        self._socket, self._welcome = listening, welcome
        self._loop = asyncio.get_running_loop()
        #: What hands connections to the loop, and what begins again after exhaustion.
        self._adoptions: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._resume()

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self.accept)

    def close(self) -> None:
        """Accept nobody any more; those who are there stay."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def accept(self) -> None:
        """Make connections of those who wait for it, as far as there are any."""
        for _ in range(MAX_ACCEPTED):
            try:
                accepted, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._have_a_rest(error)
                return
            try:
                self._open(accepted)
            except OSError:  # it has gone already
                accepted.close()

    def _have_a_rest(self, error: OSError) -> None:
        # A socket that stays ready would have the loop turn for nothing.
        if self._loop.remove_reader(self._socket):
            logger.warning("cannot accept connections: %s", error)
            self._pause = self._loop.call_later(EXHAUSTED_SECONDS, self._resume)

    def _open(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        stream = _NewStream(accepted)
        client = self._welcome(accepted, stream)
        if client is None:
            accepted.close()
            return
        task = self._loop.create_task(self._adopt(client, stream))
        self._adoptions.add(task)
        task.add_done_callback(self._adoptions.discard)

    async def _adopt(self, client: Client, stream: _NewStream) -> None:
        """Have the loop carry a connection from now on."""
        try:
            await self._loop.connect_accepted_socket(
                lambda: _Adopter(client, stream), stream.socket
            )
        except OSError as error:
            stream.socket.close()
            client.connection_lost(error)


class _Adopter(asyncio.Protocol):
    """Takes a socket over, for a connection that is there already."""

    def __init__(self, client: Client, stream: _NewStream) -> None:
        self._client, self._stream = client, stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._client.divert(transport)
        transport.set_protocol(cast("asyncio.Protocol", self._client))
        if self._stream.unsent:
            transport.write(bytes(self._stream.unsent))
        if self._stream.is_closed:
            transport.close()


class _NewStream:
    """A socket that no loop carries yet."""

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
        """The client sees it now; the loop, which may be about to take it, ends it."""
        self.is_closed = True
        if not self.unsent:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        self.unsent.clear()
        self.close()

    def pause_reading(self) -> None:
        """Nobody reads from it but who has the thread, and sees what is waiting."""

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return len(self.unsent)
