"""Serve others while a script holds the thread: it looks at the sockets from inside the script.

The loop does not turn while a script runs. Past ``busy-reply-threshold`` the script calls in here
once in many steps: what has come is read straight from the sockets, and answered straight into
them, the event loop being none the wiser. The engine refuses all but what ends the script. Who
connects meanwhile is accepted, and the loop takes it over when the script is over.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable, Iterable

from .listening import Client, Listener
from .transport import Transport

#: Read at a time from one client that is to be told that the server is busy.
READ_BYTES = 1 << 16


class BusyDoor:
    """The way to a server's clients that leads past its event loop."""

    def __init__(
        self,
        clients: Callable[[], Iterable[Client]],
        listeners: Callable[[], Iterable[Listener]],
    ) -> None:
        self._clients, self._listeners = clients, listeners
        self._thread = threading.get_ident()

    def serve(self) -> bool:
        """Answer who has asked something; False where that cannot be done from this thread."""
        if threading.get_ident() != self._thread:
            return False
        for listener in self._listeners():
            listener.accept()
        waiting = {client.fd: client for client in self._clients() if not client.is_waiting}
        poll = select.poll()
        for fd in waiting:
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(0):
            self._serve(waiting[fd], fd)
        return True

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


class _DirectStream:
    """A loop's transport, past which is written as long as it has nothing to write itself."""

    behind: Transport

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
