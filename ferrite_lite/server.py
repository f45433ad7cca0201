"""``Server``: listening sockets around an engine, and the cycle that runs active expiry."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial

from .clock import NS_PER_MS, stopwatch_ns
from .connection import MAX_CLIENTS_REACHED, PROTECTED, Connection
from .context import Context, Peer
from .engine import Engine
from .eviction.crowding import thin_out
from .network.busy import BusyDoor
from .network.listening import Listener, bind, bind_path, close_all, hosts_of
from .network.sending import Sender
from .network.sockets import keep_alive, peer_of
from .network.transport import Transport
from .network.turns import Turn
from .reply import Reply
from .transfer import Transfer

#: Redis spends at most a quarter of its time on expiry; so do we, in steps that a PING hardly sees.
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

        Hosts are named as in ``bind``. Of several the first one is told in ``url``.
        """
        self.engine = engine or Engine()
        self._hosts = [host] if isinstance(host, str) else list(host or ())
        self.port = port
        self.unixsocket = unixsocket
        self._listeners: list[Listener] = []
        self._unix_listener: Listener | None = None
        #: The thread of its loop.
        self._thread = 0
        self._connections: set[Connection] = set()
        self._sender = Sender()
        self._all_gone = asyncio.Event()
        self._cycle: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        #: The turn of the loop in which it runs; None until it starts.
        self.turn: Turn | None = None
        self._end: asyncio.Task[None] | None = None
        #: Set when everything is closed.
        self.closed = asyncio.Event()

    @property
    def host(self) -> str | None:
        """The first host; None on a Unix socket alone."""
        return hosts_of(self._hosts)[0] if self._hosts else None

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
        self._thread = threading.get_ident()
        bound = bind(self._hosts, self.port)
        try:
            self._unix_listener = self._listen_on_path()
        except OSError:
            close_all(bound)
            raise
        self._listen(self._hosts, bound)
        self._cycle = loop.create_task(self._run_cycles(), name="ferrite-lite cycle")
        self._loop, self._end = loop, None
        self.closed.clear()
        self.engine.state.shut_down = self.shut_down
        self.engine.state.move = self.move
        self.engine.state.migrate = self.migrate
        self.engine.state.busy_door = BusyDoor(self._answered_so_far, self._all_listeners)

    def _listen(self, hosts: Sequence[str], bound: Sequence[socket.socket]) -> None:
        """Accept clients on these sockets, which are those of the hosts."""
        self._hosts = list(hosts)
        self.port = bound[0].getsockname()[1] if bound else 0
        self._listeners = [Listener(each, self._welcome) for each in bound]
        config = self.engine.state.config
        config.port, config.bind = self.port, " ".join(hosts) or config.bind

    def _listen_on_path(self) -> Listener | None:
        if not self.unixsocket:
            return None
        try:
            listener = Listener(bind_path(self.unixsocket), self._welcome)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.unixsocket) from None
        if mode := self.engine.state.config.unixsocket_mode:
            os.chmod(self.unixsocket, mode)
        return listener

    def move(self, hosts: Sequence[str], port: int) -> None:
        """Listen elsewhere, and only there; port 0 is nowhere. Connections stay as they are.

        The new sockets listen before the old ones close, but where these are in their way. Raises
        OSError, and all is as it was then; always when called from another thread.
        """
        if threading.get_ident() != self._thread:
            raise OSError(errno.EBUSY, "a server moves in its own thread alone")
        wanted, before = hosts if port else [], (self._hosts, self.port)
        try:
            bound = bind(wanted, port)
        except OSError:
            if port != self.port:
                raise
            self._stop_listening()
            try:
                bound = bind(wanted, port)
            except OSError:
                self._listen(before[0], bind(*before))
                raise
        self._stop_listening()
        self._listen(hosts, bound)

    def migrate(self, ctx: Context, transfer: Transfer, finish: Callable[[], Reply]) -> None:
        """Carry out a transfer for a connection that is held, and have the engine finish it."""
        assert self._loop is not None  # noqa: S101  # a closed server takes this method away
        done = partial(self.engine.conclude, ctx, finish)
        self._loop.call_soon_threadsafe(self._sender.start, transfer, done)

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners = []

    def _all_listeners(self) -> list[Listener]:
        return [*self._listeners, *filter(None, [self._unix_listener])]

    def _answered_so_far(self) -> list[Connection]:
        """All connections, after sending their replies: a long script must not hold these back."""
        if self.turn is not None:
            self.turn.end()
        return list(self._connections)

    def shut_down(self) -> None:
        """Have the server closed soon, from whatever thread; ``closed`` is set when it is.

        SHUTDOWN and signals use this, because they arrive while the loop is doing something else.
        """
        if self._loop is None:
            return
        if threading.get_ident() == self._thread:
            # At once: a client that asked for the shutdown must not be accepted again.
            self._close_listeners()
        self._loop.call_soon_threadsafe(self._close_soon)

    def _close_listeners(self) -> None:
        self._stop_listening()
        if self._unix_listener is not None:
            self._unix_listener.close()
            self._unix_listener = None

    def _close_soon(self) -> asyncio.Task[None]:
        if self._end is None:
            self._end = asyncio.create_task(self._close(), name="ferrite-lite shutdown")
        return self._end

    async def close(self) -> None:
        """Stop listening, end every connection, and let go of all tasks and sockets."""
        await asyncio.shield(self._close_soon())  # even if the caller is cancelled

    async def _close(self) -> None:
        state = self.engine.state
        state.shut_down = state.move = state.migrate = state.busy_door = None
        self._close_listeners()
        for connection in self._answered_so_far():
            connection.ctx.finish()
            connection.ctx.close()
        if self._cycle is not None:
            self._cycle.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._cycle
            self._cycle = None
        await self._sender.close()
        # Aborted transports report the loss in one of the loop's next turns.
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

    def _welcome(self, accepted: socket.socket, stream: Transport) -> Connection | None:
        """A connection over an accepted socket; None if it is refused."""
        state = self.engine.state
        if len(self._connections) >= state.config.maxclients:
            state.statistics.rejected_connections += 1
            stream.write(MAX_CLIENTS_REACHED)
            return None
        peer = peer_of(accepted)
        if self._denies(peer):
            state.statistics.rejected_connections += 1
            stream.write(PROTECTED)
            return None
        if state.config.tcp_keepalive_seconds:
            keep_alive(accepted, state.config.tcp_keepalive_seconds)
        connection = Connection(self.engine, self)
        connection.open(stream, peer, asyncio.get_running_loop())
        self.register(connection)
        return connection

    def _denies(self, peer: Peer) -> bool:
        """Redis's protected mode: whether to refuse a remote peer because there is no password."""
        state = self.engine.state
        return (
            state.config.protected_mode and not peer.is_local and state.acl.default.lets_anybody_in
        )

    def register(self, connection: Connection) -> None:
        self._connections.add(connection)
        self._count_connections()
        self._all_gone.clear()

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
        """Count what the connections hold towards ``maxmemory``, if it is set."""
        memory = self.engine.state.memory
        if memory.is_limited:
            memory.buffers_bytes = sum(each.count_bytes() for each in self._connections)

    async def _expire(self) -> None:
        """Remove what is due, in short steps between which clients are served."""
        while True:
            started_ns = stopwatch_ns()
            with self.engine.lock:
                self.engine.expire_due(EXPIRY_BUDGET_NS)
            self.engine.end_turn()
            if stopwatch_ns() - started_ns < EXPIRY_BUDGET_NS:
                return
            await asyncio.sleep(EXPIRY_PAUSE_SECONDS)
