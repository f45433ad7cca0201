"""A proxy before a server that lets things go wrong on demand: one fault for each request.

What belongs to the connection (its greeting, its name) always passes; a fault meets what is asked
of the data.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from .wire import reply_end

_READ_BYTES = 1 << 16
_OF_THE_CONNECTION = (
    *(b"HELLO", b"CLIENT", b"AUTH", b"SELECT", b"PING"),
    *(b"CLUSTER", b"COMMAND", b"ASKING"),
)


class Fault:
    """What happens to one request. This one: nothing."""

    async def meet(self, exchange: Exchange) -> None:
        exchange.answer(await exchange.forward())


class ResetBefore(Fault):
    """The connection breaks before the server has heard of the request."""

    async def meet(self, exchange: Exchange) -> None:
        exchange.reset()


class ResetAfter(Fault):
    """The server does it, and its reply is lost."""

    async def meet(self, exchange: Exchange) -> None:
        await exchange.forward()
        exchange.reset()


class CutReply(Fault):
    """The server does it, and half of its reply arrives."""

    async def meet(self, exchange: Exchange) -> None:
        reply = await exchange.forward()
        exchange.answer(reply[: len(reply) // 2])
        exchange.close()


class LateReply(Fault):
    """The server does it, and its reply comes when nobody waits any more."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def meet(self, exchange: Exchange) -> None:
        reply = await exchange.forward()
        await asyncio.sleep(self._seconds)
        exchange.answer(reply)


class Refusal(Fault):
    """An error in place of an answer; the server has not heard of the request."""

    def __init__(self, error: str) -> None:
        self._reply = f"-{error}\r\n".encode()

    async def meet(self, exchange: Exchange) -> None:
        exchange.answer(self._reply)


class Exchange:
    """One request on its way."""

    def __init__(self, request: bytes, client: asyncio.StreamWriter, server: _Upstream) -> None:
        self._request, self._client, self._server = request, client, server

    async def forward(self) -> bytes:
        return await self._server.ask(self._request)

    def answer(self, reply: bytes) -> None:
        self._client.write(reply)

    def close(self) -> None:
        self._client.close()

    def reset(self) -> None:
        self._client.transport.abort()


class _Upstream:
    """A connection to the server behind the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._replies, self.writer = _Frames(reader), writer

    async def ask(self, request: bytes) -> bytes:
        self.writer.write(request)
        return await self._replies.next()


class _Frames:
    """Whole requests or replies of a stream: RESP is the same in both directions."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._buffer = bytearray()

    async def next(self) -> bytes:
        while not self._buffer or (end := reply_end(self._buffer)) is None:
            received = await self._reader.read(_READ_BYTES)
            if not received:
                raise ConnectionError("the peer has gone")
            self._buffer += received
        frame = bytes(self._buffer[:end])
        del self._buffer[:end]
        return frame


class FaultProxy:
    """Listens on loopback. ``faults`` meet the next requests, then ``always``, if there is one."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """With ``tls`` it speaks that to its clients."""
        self._target = (host, port)
        self._tls = tls
        self.faults: deque[Fault] = deque()
        self.always: Fault | None = None
        #: How often each command was asked, those of the connection apart.
        self.asked: Counter[bytes] = Counter()
        self._clients: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    @property
    def url(self) -> str:
        return f"{'rediss' if self._tls else 'redis'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.listen()
        self.port: int = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    async def listen(self, port: int = 0) -> None:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", port, ssl=self._tls)

    async def refuse(self) -> None:
        """Let nobody connect, and drop who is."""
        self._listener.close()
        clients = list(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await self._listener.wait_closed()

    @contextmanager
    def _one_under_way(self) -> Iterator[None]:
        self._under_way += 1
        self._is_idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._is_idle.set()

    async def settle(self) -> None:
        """Wait until every request that has come has met its fault."""
        await self._is_idle.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        upstream = _Upstream(*await asyncio.open_connection(*self._target))
        try:
            with suppress(ConnectionError):
                await self._serve(_Frames(reader), writer, upstream)
        except asyncio.CancelledError:
            pass  # asyncio would log it: the proxy was told to drop everybody
        finally:
            self._clients.discard(task)
            for end in (writer, upstream.writer):
                end.transport.abort()

    async def _serve(
        self, requests: _Frames, client: asyncio.StreamWriter, upstream: _Upstream
    ) -> None:
        while not client.is_closing():
            request = await requests.next()
            name = request.split(b"\r\n", 3)[2].upper()
            fault = Fault() if name in _OF_THE_CONNECTION else self._next_fault(name)
            with self._one_under_way():
                await fault.meet(Exchange(request, client, upstream))

    def _next_fault(self, name: bytes) -> Fault:
        self.asked[name] += 1
        return (self.faults.popleft() if self.faults else self.always) or Fault()
