"""Serve other clients while a script holds the thread: from inside the script.

The event loop does not turn while a script runs. Past ``busy-reply-threshold`` the script calls in
here every so many steps: requests are read straight from the sockets, and replies written straight
to them, without the loop. The engine refuses all requests but those that end the script. Clients
that connect meanwhile are accepted, and the loop takes them over when the script is over.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable, Iterable

from .listening import Client, Listener
from .transport import Transport

#: How much is read at a time from one client.
READ_BYTES = 1 << 16


class BusyDoor:
    """Reaches a server's clients without its event loop."""

    def __init__(
        self,
        clients: Callable[[], Iterable[Client]],
        listeners: Callable[[], Iterable[Listener]],
    ) -> None:
        self._clients, self._listeners = clients, listeners
        self._thread = threading.get_ident()

    def serve(self) -> bool:
        """Answer the requests that have arrived; False if that is not possible in this thread."""
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
        with contextlib.suppress(OSError):  # the loop will notice it, too
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
    """Writes to a socket directly, unless its loop's transport has something to write first."""

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
