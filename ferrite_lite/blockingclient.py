"""redis-py clients for code that does not await, whose server is this process.

As in ``client.py``, only redis-py's transport is replaced, and a plain command goes straight into
the engine. Threads may share a client. A request runs in the thread that sends it; a thread waits
only for messages that another thread publishes, and while its connection is held.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any, cast

import redis
from redis.connection import AbstractConnection

from .client import CYCLE_BUDGET_NS, IN_PROCESS, Answer, Door
from .clock import NS_PER_SECOND, stopwatch_ns
from .connection import HOLD_LOOK_SECONDS, Connection
from .engine import Engine


class BlockingInProcessClient(redis.Redis):
    """A redis-py client on an engine in this process; ``Ferrite.sync_client`` makes them.

    Takes the keyword arguments of ``redis.Redis`` that do not concern a socket.
    """

    def __init__(self, engine: Engine, **options: Any) -> None:
        options = {"socket_timeout": None, "socket_connect_timeout": None, **options}
        pool = redis.ConnectionPool(
            connection_class=BlockingInProcessConnection, engine=engine, **options
        )
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self._door = Door(engine, pool)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """As redis-py's, but a command that does not depend on a connection takes the short way."""
        answer = self._door.ask(args) if self.connection is None else None
        if answer is None:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py has no types here
        return self.parse_response(_Answered(answer), args[0], **options)  # type: ignore[no-untyped-call]  # as above

    def client(self) -> redis.Redis:
        """A client that keeps one connection, as ``redis.Redis.client`` gives."""
        return redis.Redis(connection_pool=self.connection_pool, single_connection_client=True)

    def close(self) -> None:
        self._door.close()
        super().close()


class _Answered:
    """What redis-py's ``parse_response`` reads from: a connection that has its reply already."""

    __slots__ = ("_answer",)

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def read_response(self, disable_decoding: bool = False) -> Any:
        return self._answer.read()


class BlockingInProcessConnection(AbstractConnection):
    """A redis-py connection whose bytes go to the engine by a function call."""

    def __init__(self, *, engine: Engine, socket_timeout: float | None = None, **options: Any):
        super().__init__(socket_timeout=socket_timeout, **options)
        self._engine = engine
        self.socket_timeout = socket_timeout

    def repr_pieces(self) -> list[tuple[str, Any]]:
        return [("server", "in-process"), ("db", self.db)]

    def _host_error(self) -> str:
        return "the in-process server"

    def _connect(self) -> Any:
        return _EngineSocket(self._engine, self.socket_timeout)

    def can_read(self, timeout: float | None = 0) -> bool:
        """As redis-py's, which would poll a file descriptor that this socket does not have."""
        if self._sock is None:
            self.connect()  # type: ignore[no-untyped-call]  # as above
        reader = cast("Any", self._parser)._reader
        return reader.has_data() or cast("_EngineSocket", self._sock).wait(timeout)


class _EngineSocket:
    """The part of a socket that redis-py uses. Whoever touches it holds the engine's lock."""

    def __init__(self, engine: Engine, timeout_seconds: float | None) -> None:
        self._engine = engine
        self._timeout_seconds = timeout_seconds
        self._received = bytearray()
        self._has_received = threading.Condition(engine.lock)
        self._closed = False
        self._connection = Connection(engine)
        with engine.lock:
            self._connection.open(self, replace(IN_PROCESS, is_awaited=False), None)
            # What was held runs in the thread that waits for the reply.
            self._connection.ctx.go_on = self._has_received.notify_all

    # What redis-py calls.

    def settimeout(self, seconds: float | None) -> None:
        self._timeout_seconds = seconds

    def sendall(self, data: bytes) -> None:
        with self._engine.lock:
            if self._closed:
                raise ConnectionResetError("the in-process connection is closed")
            self._connection.data_received(bytes(data))

    def recv_into(self, buffer: bytearray) -> int:
        with self._engine.lock:
            if not self.wait(self._timeout_seconds):
                raise TimeoutError("nothing was received")
            part = self._received[: len(buffer)]
            buffer[: len(part)] = part
            del self._received[: len(part)]
            return len(part)

    def wait(self, timeout_seconds: float | None) -> bool:
        """Whether anything, or the end of the stream, can be received before the timeout."""
        started_ns = stopwatch_ns()
        with self._has_received:
            while not (self._received or self._closed):
                wait_seconds = HOLD_LOOK_SECONDS
                if timeout_seconds is not None:
                    waited_seconds = (stopwatch_ns() - started_ns) / NS_PER_SECOND
                    wait_seconds = min(wait_seconds, timeout_seconds - waited_seconds)
                if wait_seconds <= 0:
                    return False
                self._has_received.wait(wait_seconds)
                # A hold may be over, and nobody else there to notice.
                self._engine.expire_due(CYCLE_BUDGET_NS)
                self._connection.resume()
        return True

    def shutdown(self, how: int) -> None:
        """Closing is enough."""

    def close(self) -> None:
        with self._engine.lock:
            if not self._closed:
                self._closed = True
                self._connection.connection_lost(None)
                self._has_received.notify_all()

    # What the server's side of the connection calls.

    abort = close

    def write(self, data: bytes) -> None:
        if not self._closed:
            self._received += data
            self._has_received.notify_all()

    def pause_reading(self) -> None:
        """Nothing arrives between two calls."""

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return len(self._received)
