"""One connection for all requests of an event loop: the client of a store that was given a URL.

A request is written with all others of the same turn of the loop, and its answer is the next one
that nobody has had yet. So many requests cost one system call, and no request waits for another
connection to be free. Answers cannot be mixed up: whoever gives up waiting keeps his place, and the
answer that comes for him is dropped. (A pool hands a connection on to the next one, and has to be
right about what is still in it.)
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

import redis.exceptions as redis_errors
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .. import tasks
from .packing import packed

#: Replies for which redis-py raises what looks like a broken connection, and those that are errors.
_REFUSALS = (
    redis_errors.ResponseError,
    redis_errors.BusyLoadingError,
    redis_errors.AuthenticationError,
    redis_errors.AuthorizationError,
)
_CLOSED = "the connection was closed"
_SILENT = "the server has answered nothing for too long"


class _Line:
    """A connection in use: what is to be written, and who waits for what comes."""

    def __init__(self, connection: AbstractConnection) -> None:
        self.connection = connection
        self.is_open = True
        self._outgoing: list[bytes] = []
        #: In the order in which they were written, with the time of it.
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._loop = asyncio.get_running_loop()
        self._writing: asyncio.Task[None] | None = None
        self._reading = self._loop.create_task(self._read())

    def belongs_to(self, loop: asyncio.AbstractEventLoop) -> bool:
        return self._loop is loop

    def is_silent(self, limit_seconds: float) -> bool:
        """Whether the oldest request has waited for longer than that."""
        return bool(self._waiting) and self._loop.time() - self._waiting[0][1] > limit_seconds

    def ask(self, words: tuple[Any, ...]) -> asyncio.Future[Any]:
        """The answer to come. What is asked in one turn of the loop is written at its end."""
        parts = packed(self.connection, words)
        answer = self._loop.create_future()
        self._waiting.append((answer, self._loop.time()))
        self._outgoing.extend(parts)
        if self._writing is None:
            self._writing = self._loop.create_task(self._write())
        return answer

    async def _write(self) -> None:
        try:
            while self._outgoing:
                together = b"".join(self._outgoing)
                self._outgoing.clear()
                await self.connection.send_packed_command(together, check_health=False)
        except (redis_errors.RedisError, OSError) as error:
            self._fail(error)
        finally:
            self._writing = None

    async def _read(self) -> None:
        try:
            while True:
                reply, refusal = await self._next_reply()
                answer, _ = self._waiting.popleft()
                if answer.done():
                    continue  # whoever asked has given up
                if refusal is None:
                    answer.set_result(reply)
                else:
                    answer.set_exception(refusal)
        except Exception as error:
            # A reply that nobody has asked for, too: what comes after it belongs to nobody.
            self._fail(error)

    async def _next_reply(self) -> tuple[Any, Exception | None]:
        try:
            reply = await self.connection.read_response(
                disable_decoding=True, disconnect_on_error=False
            )
        except _REFUSALS as refusal:
            return None, refusal
        return reply, None

    def _fail(self, error: Exception) -> None:
        """Nothing more will come: say so to all who wait."""
        self.is_open = False
        while self._waiting:
            answer, _ = self._waiting.popleft()
            if not answer.done():
                answer.set_exception(redis_errors.ConnectionError(str(error) or _CLOSED))

    async def close(self, why: str = _CLOSED) -> None:
        self._fail(redis_errors.ConnectionError(why))
        for task in (self._reading, self._writing):
            if task is not None:
                with suppress(Exception):
                    await tasks.end(task)
        with suppress(redis_errors.RedisError, OSError):
            await self.connection.disconnect(nowait=True)


class MultiplexedClient:
    """A client of one server, for the tasks of one event loop at a time.

    The connection is made when it is needed, and made anew when it broke; nothing is asked twice.
    """

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        """``timeout_seconds`` is for making the connection, and for a server that is silent."""
        self._url, self._timeout_seconds = url, timeout_seconds
        self._aside: MultiplexedClient | None = None
        self._pool = ConnectionPool.from_url(
            url,
            # Whoever asks has a deadline of his own; the connection has none.
            socket_timeout=None,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._line: _Line | None = None
        self._opening = asyncio.Lock()

    @property
    def connection_class(self) -> type[AbstractConnection]:
        """With ``connection_kwargs``: how to connect to the same server once more."""
        return self._pool.connection_class

    @property
    def connection_kwargs(self) -> dict[str, Any]:
        return self._pool.connection_kwargs

    async def execute_command(self, *words: Any, **_: Any) -> Any:
        """The reply, as the server gave it. Raises what redis-py raises."""
        line = await self._usable_line()
        return await line.ask(words)

    async def execute_aside(self, *commands: tuple[Any, ...]) -> list[Any]:
        """The replies to commands that may keep a connection waiting, errors among them.

        They have a connection of their own, so that nobody else waits with them.
        """
        if self._aside is None:
            self._aside = type(self)(self._url, timeout_seconds=self._timeout_seconds)
        line = await self._aside._usable_line()
        answers = [line.ask(words) for words in commands]
        return await asyncio.gather(*answers, return_exceptions=True)

    async def disconnect(self) -> None:
        """Close the connection; the next request makes another one."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()
        if self._aside is not None:
            await self._aside.disconnect()

    async def aclose(self) -> None:
        """Close the connection."""
        await self.disconnect()

    async def _usable_line(self) -> _Line:
        line = self._line
        return line if line is not None and self._is_usable(line) else await self._open()

    def _is_usable(self, line: _Line) -> bool:
        return (
            line.is_open
            and line.belongs_to(asyncio.get_running_loop())
            and not line.is_silent(self._timeout_seconds)
        )

    async def _open(self) -> _Line:
        async with self._opening:
            line = self._line
            if line is not None and self._is_usable(line):
                return line  # somebody else has made it meanwhile
            if line is not None:
                self._line = None
                if line.belongs_to(asyncio.get_running_loop()):
                    await line.close(_SILENT)
            connection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py
            try:
                await connection.connect()
            except BaseException:
                await connection.disconnect(nowait=True)
                raise
            self._line = _Line(connection)
            return self._line
