"""``Server``: listening sockets around an engine, and the clock that turns active expiry."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence

from .busy import BusyDoor
from .clock import NS_PER_MS, SystemClock
from .connection import MAX_CLIENTS_REACHED, PROTECTED, Connection, Refusal, Transport
from .context import Peer
from .engine import Engine
from .eviction.crowding import thin_out
from .sockets import peer_of_socket
from .turns import Turn

#: Redis spends at most a quarter of its time on expiry; so do we, in steps short enough for PING.
EXPIRY_BUDGET_NS = 4 * NS_PER_MS
EXPIRY_PAUSE_SECONDS = 0.012


class Server:
    """Listening sockets around an engine. ``async with`` starts and stops it."""

    def __init__(
        self,
        engine: Engine | None = None,
        *,
        host: str | Sequence[str] | None = "127.0.0.1",
        port: int = 6379,
        unixsocket: str | None = None,
    ) -> None:
        """``port`` 0 picks a free one; ``host`` None listens on the Unix socket alone.

        Of several hosts the first one is told in ``url``.
        """
        self.engine = engine or Engine()
        self._hosts = [host] if isinstance(host, str) else host
        self.host = self._hosts[0] if self._hosts else None
        self.port = port
        self.unixsocket = unixsocket
        self._listeners: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._all_gone = asyncio.Event()
        self._cycle: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        #: Of the loop in which it runs.
        self.turn: Turn | None = None
        self._end: asyncio.Task[None] | None = None
        #: Set when everything is closed.
        self.closed = asyncio.Event()

    @property
    def url(self) -> str:
        """Where redis-py finds this server."""
        if self.host is None:
            return f"unix://{self.unixsocket}"
        return f"redis://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises OSError when the address is taken."""
        loop = asyncio.get_running_loop()
        self.turn = Turn(loop)
        for host in self._hosts or ():
            listener = await loop.create_server(self._accept, host, self.port, backlog=511)
            self.port = listener.sockets[0].getsockname()[1]
            self._listeners.append(listener)
        if self.unixsocket:
            self._listeners.append(await self._listen_on_unix_socket(self.unixsocket))
        self.engine.state.config.port = self.port if self.host is not None else 0
        self._cycle = loop.create_task(self._run_cycles(), name="ferrite-lite cycle")
        self._loop, self._end = loop, None
        self.closed.clear()
        self.engine.state.shut_down = self.shut_down
        self.engine.state.busy_door = BusyDoor(
            self._answered_so_far,
            lambda: [each for listener in self._listeners for each in listener.sockets],
            self._welcome,
        )

    def _answered_so_far(self) -> list[Connection]:
        """All connections; a script that takes long holds back no reply from before it."""
        if self.turn is not None:
            self.turn.end()
        return list(self._connections)

    def _welcome(self, accepted: socket.socket, stream: Transport) -> Connection | None:
        """A connection over a socket that the loop does not know yet."""
        protocol = self._accept()
        if not isinstance(protocol, Connection):
            stream.write(MAX_CLIENTS_REACHED)
            return None
        peer = peer_of_socket(accepted)
        if self.denies(peer):
            stream.write(PROTECTED)
            return None
        protocol.open(stream, peer, asyncio.get_running_loop())
        self.register(protocol)
        return protocol

    def shut_down(self) -> None:
        """Have the server closed soon, from whatever thread; ``closed`` tells when it is.

        This is what SHUTDOWN and signals do: they come in the middle of what the loop is at.
        """
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._close_soon)

    def _close_soon(self) -> asyncio.Task[None]:
        if self._end is None:
            self._end = asyncio.create_task(self._close(), name="ferrite-lite shutdown")
        return self._end

    async def _listen_on_unix_socket(self, path: str) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        # The permissions must be right before anybody can connect (CVE-2023-45145).
        before = os.umask(0o077)
        try:
            listener = await loop.create_unix_server(self._accept, path, backlog=511)
        finally:
            os.umask(before)
        if mode := self.engine.state.config.unixsocket_mode:
            os.chmod(path, mode)
        return listener

    async def close(self) -> None:
        """Stop listening, end every connection, and let go of all tasks and sockets."""
        await asyncio.shield(self._close_soon())  # begun is done, whoever still waits for it

    async def _close(self) -> None:
        self.engine.state.shut_down = self.engine.state.busy_door = None
        for listener in self._listeners:
            listener.close()
        for connection in self._answered_so_far():
            connection.ctx.finish()
            connection.ctx.close()
        if self._cycle is not None:
            self._cycle.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._cycle
            self._cycle = None
        for listener in self._listeners:
            await listener.wait_closed()
        self._listeners.clear()
        # Aborted transports report the loss in the loop's next turn.
        if self._connections:
            await self._all_gone.wait()
        if self.unixsocket:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.unixsocket)
        self._loop = None
        self.closed.set()

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # --- connections ------------------------------------------------------------------------------

    def _accept(self) -> asyncio.Protocol:
        if len(self._connections) >= self.engine.state.config.maxclients:
            self.engine.state.statistics.rejected_connections += 1
            return Refusal(MAX_CLIENTS_REACHED)
        return Connection(self.engine, self)

    def denies(self, peer: Peer) -> bool:
        """Whether a peer is a stranger from whom no password is asked: Redis's protected mode."""
        state = self.engine.state
        if (
            not state.config.protected_mode
            or peer.is_local
            or not state.acl.default.lets_anybody_in
        ):
            return False
        state.statistics.rejected_connections += 1
        return True

    def register(self, connection: Connection) -> None:
        self._connections.add(connection)
        self._count_connections()
        self._all_gone.clear()
        if self._end is not None:  # it was accepted just before the listeners closed
            connection.ctx.close()

    def forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._count_connections()
        memory = self.engine.state.memory
        memory.buffers_bytes = max(memory.buffers_bytes - connection.counted_bytes, 0)
        if not self._connections:
            self._all_gone.set()

    def _count_connections(self) -> None:
        if self.turn is not None:
            self.turn.is_alone = len(self._connections) < 2

    # --- the cycle --------------------------------------------------------------------------------

    async def _run_cycles(self) -> None:
        """Active expiry and deadlines, ``hz`` times a second."""
        while True:
            await asyncio.sleep(1 / self.engine.state.config.hz)
            await self._expire()
            self.engine.state.sample_rates()
            now_seconds = asyncio.get_running_loop().time()
            timeout_seconds = self.engine.state.config.timeout_seconds
            for connection in list(self._connections):
                connection.check_deadlines(now_seconds, timeout_seconds)
            self.measure_buffers()
            with self.engine.lock:
                thin_out(self.engine.state)

    def measure_buffers(self) -> None:
        """Tell the memory's limit, if there is one, what the connections hold."""
        memory = self.engine.state.memory
        if memory.is_limited:
            memory.buffers_bytes = sum(each.count_bytes() for each in self._connections)

    async def _expire(self) -> None:
        """Remove what is due in short steps, between which clients are served."""
        while True:
            started_ns = SystemClock.now_ns()
            with self.engine.lock:
                self.engine.expire_due(EXPIRY_BUDGET_NS)
            self.engine.end_turn()
            if SystemClock.now_ns() - started_ns < EXPIRY_BUDGET_NS:
                return
            await asyncio.sleep(EXPIRY_PAUSE_SECONDS)
