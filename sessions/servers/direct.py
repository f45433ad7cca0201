"""The client of a store that does not await and was given a URL: scripts go straight to a socket.

What redis-py's client does around a command takes longer than a server takes for a script. Its
connections do the work: they connect, sign in, encrypt, and make themselves anew after an error.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any
from weakref import WeakSet

import redis

from .packing import SCRIPTS, packed

_clients: WeakSet[DirectClient] = WeakSet()


class DirectClient(redis.Redis):
    """``redis.Redis`` whose scripts have connections of their own; threads may share it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pool = self.connection_pool
        self._most, self._patience_seconds = pool.max_connections, getattr(pool, "timeout", None)
        self._forget()
        _clients.add(self)

    def execute_command(self, *words: Any, **options: Any) -> Any:
        """The reply. Raises what redis-py raises."""
        if words[0] not in SCRIPTS or options:
            return super().execute_command(*words, **options)  # type: ignore[no-untyped-call]  # redis-py's
        return self._execute(words, None)

    def execute_within(self, seconds: float, *words: Any) -> Any:
        """The same for what has less time than others: for its turn, and for its reply to begin."""
        if words[0] not in SCRIPTS:
            return self.execute_command(*words)
        return self._execute(words, monotonic() + seconds)

    def _execute(self, words: tuple[Any, ...], deadline: float | None) -> Any:
        with self._connection(deadline) as connection:
            connection.send_packed_command(packed(connection, words), check_health=False)
            if deadline is not None and not connection.can_read(max(deadline - monotonic(), 0)):
                raise redis.TimeoutError("no reply has begun in time")
            return connection.read_response()

    @contextmanager
    def _connection(self, deadline: float | None = None) -> Iterator[Any]:
        """One for a request. One that was closed opens again for the next request."""
        turn, idle = self._turn, self._idle
        patience_seconds = self._patience_seconds
        if deadline is not None:
            patience_seconds = max(deadline - monotonic(), 0)
        if not turn.acquire(timeout=patience_seconds):
            raise redis.ConnectionError("no connection became free in time")
        try:
            connection = self._taken(idle)
            try:
                yield connection
            except redis.ResponseError:
                raise
            except BaseException:
                # Its reply may still be to come, and would be taken for that of the next request.
                connection.disconnect()
                raise
            finally:
                idle.append(connection)
        finally:
            turn.release()

    def _taken(self, idle: list[Any]) -> Any:
        try:
            return idle.pop()
        except IndexError:
            return self.connection_pool.make_connection()

    def drop_idle_connections(self) -> None:
        """Close what no request uses; the next ones connect anew."""
        self.connection_pool.disconnect(inuse_connections=False)
        for connection in self._idle:
            connection.disconnect()

    def close(self) -> None:
        """Close all connections that no request uses."""
        for connection in self._idle:
            connection.disconnect()
        super().close()

    def _forget(self) -> None:
        self._idle: list[Any] = []
        self._turn = threading.BoundedSemaphore(self._most)


def _forget_connections() -> None:
    """A process that was forked must not speak on the sockets of its parent."""
    for client in list(_clients):
        client._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connections)
