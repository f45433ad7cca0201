"""Listening sockets that turn a client into a connection the moment it is accepted.

When an event loop accepts a socket itself, a few of its turns pass before there is a connection,
and a script that begins meanwhile would leave that client without an answer. So sockets are
accepted here and made connections at once; then the loop is asked to carry them. Until it does,
whoever has the thread (``busy``) can read from them and write to them directly.
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

#: How many connections may wait to be accepted: the default of ``tcp-backlog``.
BACKLOG = 511
#: New connections taken at a time.
MAX_ACCEPTED = 64
#: How long to accept nobody when the system is out of file descriptors or memory, as asyncio does.
EXHAUSTED_SECONDS = 1.0

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: A name may stand for addresses that this machine does not have.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_EVERYWHERE = {"*": "0.0.0.0", "::*": "::"}  # noqa: S104  # asked for, and guarded at the start


class Client(Protocol):
    """What is asked of a connection here and in ``busy``."""

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


#: Makes a connection of a socket; None if the client was refused, and told so.
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
    """A listening Unix socket, in place of any socket file that is there. Raises OSError."""
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
        #: Tasks that hand connections to the loop; the timer that resumes after exhaustion.
        self._adoptions: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._resume()

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self.accept)

    def close(self) -> None:
        """Accept nobody any more; connections that exist stay."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def accept(self) -> None:
        """Make connections of all clients that wait to be accepted."""
        for _ in range(MAX_ACCEPTED):
            try:
                accepted, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._pause_accepting(error)
                return
            try:
                self._open(accepted)
            except OSError:  # the client has gone already
                accepted.close()

    def _pause_accepting(self, error: OSError) -> None:
        # While nothing can be accepted the socket stays ready, and the loop would spin.
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
        """Let the loop carry a connection from now on."""
        try:
            await self._loop.connect_accepted_socket(
                lambda: _Adopter(client, stream), stream.socket
            )
        except OSError as error:
            stream.socket.close()
            client.connection_lost(error)


class _Adopter(asyncio.Protocol):
    """Takes a socket over for a connection that exists already."""

    def __init__(self, client: Client, stream: _NewStream) -> None:
        self._client, self._stream = client, stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is not of that class
        self._client.divert(transport)
        transport.set_protocol(cast("asyncio.Protocol", self._client))
        if self._stream.unsent:
            transport.write(bytes(self._stream.unsent))
        if self._stream.is_closed:
            transport.close()


class _NewStream:
    """A transport on a socket that no loop carries yet."""

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
        """The client sees the end now; the loop closes the socket when it takes it over."""
        self.is_closed = True
        if not self.unsent:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        self.unsent.clear()
        self.close()

    def pause_reading(self) -> None:
        """Nothing to do: only ``busy`` reads from it, and knows which clients are waiting."""

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return len(self.unsent)
