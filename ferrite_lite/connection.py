"""One client's byte stream, whatever carries it: TCP, a Unix socket, or the memory of this process.

Requests run in order and in bounded time slices; replies leave in order and in bounded memory. This
module knows no command.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .clock import stopwatch_ns
from .config import OutputLimit
from .context import Buffers, Peer
from .engine import FLUSH_LINES, SLICE_NS, Engine
from .errors import CommandError, InProtectedMode, ProtocolError, TooManyClients
from .eviction.crowding import fieldsets_bytes, thin_out
from .inbox import STEP_REQUESTS, Inbox
from .network.transport import Transport
from .reply import Reply
from .resp import CRLF, ENCODERS, ParserLimits, RequestTooBig

if TYPE_CHECKING:
    from .server import Server

logger = logging.getLogger("ferrite_lite")

#: How much a client may send ahead while it is held.
MAX_HELD_BYTES = 1024 * 1024
#: How often a held connection without a server looks whether its time is over.
HOLD_LOOK_SECONDS = 0.1

#: Redis has no limit here by default (``client-output-buffer-limit normal 0 0 0``), so one client
#: that sends HGETALL again and again, and does not read, can take all memory.
MAX_OUTPUT_BYTES = 256 * 1024 * 1024
#: ``PROTO_REPLY_CHUNK_BYTES``: replies up to this size do not reach the buffers that Redis limits.
FREE_REPLY_BYTES = 16 * 1024
#: The cycle measures connections often enough for requests and messages up to this size; a larger
#: one is measured at once.
LIGHT_BYTES = 64 * 1024
#: How much a client that has not authenticated may leave unread.
MAX_UNAUTHENTICATED_OUTPUT_BYTES = 1024

#: When a request must be complete: ``timeout`` does not stop a client that drips bytes.
REQUEST_DEADLINE_SECONDS = 60
UNAUTHENTICATED_DEADLINE_SECONDS = 10

MAX_CLIENTS_REACHED = ENCODERS[2].encode(TooManyClients())
PROTECTED = ENCODERS[2].encode(InProtectedMode())


class Outbox:
    """Pushes for one client: pub/sub messages, invalidations, what MONITOR shows.

    They are added while another connection's requests run, in whatever thread, and sent together in
    the next turn of this client's own loop. The outbox is used under the engine's lock, and nothing
    in it raises: a publisher must not suffer from a subscriber.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._messages: list[bytes] = []
        self.waiting_bytes = 0
        self._too_much_since_seconds: float | None = None

    def add(self, message: Reply) -> None:
        """Send a message soon. If too much is waiting already, the connection is closed instead."""
        ctx = self._connection.ctx
        data = ENCODERS[ctx.resp].encode(message)
        is_first = not self._messages
        self._messages.append(data)
        self.waiting_bytes += len(data)
        # A connection without a loop sends it here and now.
        if is_first:
            self._connection.at_home(self._flush_at_home, later=True)
        # The publisher goes through its listeners: none may leave now.
        self.close_if_over_limit(self.waiting_bytes, later=True)

    def flush(self) -> None:
        """Send what has gathered; call it in the connection's own thread."""
        if not self._messages:
            return
        data = b"".join(self._messages)
        self._clear()
        if self._connection.ctx.closing:
            return
        self._connection.write(data)
        self.close_if_over_limit(self._connection.unread_bytes)

    def close_if_over_limit(self, unread_bytes: int, *, later: bool = False) -> bool:
        """Close a client that leaves more unread than the hard limit; true if so."""
        if unread_bytes > self._limit.hard_bytes > 0:
            self._overflow(unread_bytes, later=later)
            return True
        return False

    def check_soft_limit(self, now_seconds: float) -> None:
        """Close a client that has left too much unread for too long."""
        unread_bytes = self._connection.unread_bytes
        if not unread_bytes > self._limit.soft_bytes > 0:
            self._too_much_since_seconds = None
        elif self._too_much_since_seconds is None:
            self._too_much_since_seconds = now_seconds
        elif now_seconds - self._too_much_since_seconds > self._limit.soft_seconds:
            self._overflow(unread_bytes)

    def _flush_at_home(self) -> None:
        with self._connection.engine.lock:
            self.flush()

    @property
    def _limit(self) -> OutputLimit:
        ctx = self._connection.ctx
        return ctx.server.config.output_limits[ctx.kind]

    def _overflow(self, unread_bytes: int, *, later: bool = False) -> None:
        ctx = self._connection.ctx
        logger.warning("closing %s: %d bytes unread", ctx.peer.address, unread_bytes)
        self._clear()
        ctx.finish()
        self._connection.at_home(self._drop, later=later)

    def _drop(self) -> None:
        with self._connection.engine.lock:
            self._connection.ctx.drop()

    def _clear(self) -> None:
        self._messages.clear()
        self.waiting_bytes = 0


class Connection(asyncio.Protocol):
    """One client: bytes in, requests run, replies out, in order and in bounded time slices."""

    def __init__(self, engine: Engine, server: Server | None = None) -> None:
        self.engine = engine
        self._server = server
        self._turn = None if server is None else server.turn
        self._tracking = engine.state.tracking
        self._statistics = engine.state.statistics
        self._now_ns = engine.state.clock.now_ns
        #: Calling these takes half the time of ``with``, which every single request would pay.
        self._lock, self._unlock = engine.lock.acquire, engine.lock.release
        self._limits = ParserLimits(max_bulk_bytes=engine.state.config.max_bulk_bytes)
        self._inbox = Inbox(self._limits)
        self._outbox = Outbox(self)
        #: What ``maxmemory`` counts for this connection.
        self.counted_bytes = 0
        self._can_write = True
        #: Replies to be sent at the end of the loop's turn.
        self._unsent = b""
        self._is_paused = False
        #: What the stopwatch showed after the last step.
        self._ended_ns = 0

    # --- the transport's side ---------------------------------------------------------------------

    def open(
        self, transport: Transport, peer: Peer, home: asyncio.AbstractEventLoop | None
    ) -> None:
        """Begin: from here on bytes may arrive.

        ``home`` is the loop of this thread, the only one that may use the transport; None if any
        thread may.
        """
        self._transport = transport
        self._home, self._thread = home, threading.get_ident()
        self.ctx = self.engine.connect(peer)
        self.ctx.close = partial(self.at_home, self._abort)
        self.ctx.send = self._outbox.add
        self.ctx.measure = self.measure
        self.ctx.go_on = partial(self.at_home, self.resume, later=True)
        self._limits.authenticated = self.ctx.authenticated

    @property
    def fd(self) -> int:
        return self.ctx.peer.fd

    @property
    def is_waiting(self) -> bool:
        """Whether some of its requests are not answered yet."""
        return self._inbox.is_waiting

    def divert(self, transport: Transport) -> Transport:
        """Use another transport from now on; the one before is returned."""
        self.hand_over()
        before, self._transport = self._transport, transport
        return before

    def _abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        inbox, statistics = self._inbox, self._statistics
        statistics.input_bytes += len(data)
        statistics.reads += 1
        if inbox.is_waiting:
            self._put_behind(data)
            return
        inbox.take(data)
        if inbox.taken_bytes <= LIGHT_BYTES:
            self._work()
        elif not self._is_thinned_out():
            self._work()
            self._count_at_once()

    def _put_behind(self, data: bytes) -> None:
        """Keep bytes for later, unless nothing is going to run any more."""
        if self.ctx.lingers:
            return
        behind_bytes = self._inbox.put_behind(data)
        if self.ctx.hold is not None and behind_bytes > MAX_HELD_BYTES:
            self._stop_reading()

    def eof_received(self) -> bool:
        """The client will send no more. Unlike Redis, we still answer what it asked for."""
        self.hand_over()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._inbox.close()
        self._unsent = b""
        self.engine.disconnect(self.ctx)
        if self._server is not None:
            self._server.forget(self)

    def pause_writing(self) -> None:
        self._can_write = False

    def resume_writing(self) -> None:
        self._can_write = True
        if self._inbox.is_waiting:
            self._work()

    # --- running requests -------------------------------------------------------------------------

    def _is_thinned_out(self) -> bool:
        """Enforce ``maxmemory-clients``; true if that closes this connection."""
        self._count_at_once()
        with self.engine.lock:
            thin_out(self.engine.state)
        return self.ctx.closing

    def _work(self) -> None:
        """Run waiting requests for one time slice; the rest follow in the loop's next turns."""
        inbox = self._inbox
        while inbox.is_waiting:
            is_done = self._run_slice()
            if self._tracking.has_news:
                self.engine.end_turn()
            if is_done:
                inbox.end_read()
            elif self._let_others_run():
                return
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _let_others_run(self) -> bool:
        """Stop for now, with requests left; false if there are no others to serve."""
        if self.ctx.lingers:
            return True
        if self.ctx.hold is not None:
            if self._server is None and self._home is not None:
                self._home.call_later(HOLD_LOOK_SECONDS, self._look)
            return True  # and go on reading: the client may leave before its turn comes
        if self._server is None or self._home is None:
            return False  # an in-process client has nobody to wait for
        self._stop_reading()
        if self._can_write:
            self._home.call_soon(self.resume)
        return True

    def _stop_reading(self) -> None:
        self._is_paused = True
        self._transport.pause_reading()

    def _look(self) -> None:
        """Without a server there is no cycle that notices the end of a hold."""
        with self.engine.lock:
            self.engine.end_holds()
        self.resume()

    def resume(self) -> None:
        """Go on with requests that wait, unless the connection is held still."""
        if self._inbox.is_waiting and self._can_write:
            self._work()

    def _run_slice(self) -> bool:
        """Run requests for one slice, and send their replies together; true if none is left."""
        ctx, inbox, is_done = self.ctx, self._inbox, False
        lines: list[bytes] = []
        try:
            self._lock()
            try:
                if self._outbox.waiting_bytes:
                    self._outbox.flush()
                requests = inbox.whole
                if requests is not None and self._can_write:
                    inbox.whole = None
                    ran, self._ended_ns = self.engine.run(ctx, requests, lines)
                    is_done = ran == len(requests) and ctx.hold is None
                    if not is_done:
                        inbox.advance(ran)
                else:
                    is_done = self._run_steps(lines)
            finally:
                self._unlock()
        except ProtocolError as error:
            if ctx.wants_replies:
                ENCODERS[2].write(lines, CommandError(str(error)))
            ctx.finish()
        except RequestTooBig:
            logger.warning("closing %s: its request is too big", ctx.peer.address)
            self._close(lines)
            return True
        except Exception:
            # A bug of ours costs this client its connection, and the others nothing.
            logger.exception("closing %s: a command failed in an unexpected way", ctx.name)
            self._close(lines)
            return True
        if ctx.closing:
            return self._end(lines)
        self._limits.authenticated = ctx.authenticated
        ctx.last_request_ns = self._now_ns()
        if lines:
            self._answer(lines)
        return is_done

    def _run_steps(self, lines: list[bytes]) -> bool:
        """Run requests step by step; true if none is left.

        A step is the requests of one batch that the engine runs without stopping. Time, the
        transport, or a hold may say stop.
        """
        ctx, inbox, limits = self.ctx, self._inbox, self._limits
        stop_ns = stopwatch_ns() + SLICE_NS
        if ctx.hold is not None and ctx.hold.is_over:
            self.engine.go_on(ctx, lines)
        while self._can_write and ctx.hold is None:
            requests = inbox.step(STEP_REQUESTS if limits.authenticated else 1)
            if requests is None:
                return True
            ran, self._ended_ns = self.engine.run(ctx, requests, lines)
            inbox.advance(ran)
            limits.authenticated = ctx.authenticated
            if len(lines) >= FLUSH_LINES:
                self._send(lines)
            if self._ended_ns > stop_ns:
                return False
        return False

    def _answer(self, lines: list[bytes]) -> None:
        """Send replies at the end of the turn, together with others'; at once if they are long."""
        lines.append(b"")
        data = CRLF.join(lines)
        if self._turn is None or len(data) > FREE_REPLY_BYTES:
            self.write(data)
            return
        if self._unsent:
            self._unsent += data
        else:
            self._unsent = data
            self._turn.add(self, self._ended_ns)

    def hand_over(self) -> None:
        """Give the transport what was held back, and close the client if it does not read."""
        data, self._unsent = self._unsent, b""
        if not data:
            return
        self._transport.write(data)
        statistics = self._statistics
        statistics.output_bytes += len(data)
        statistics.writes += 1
        # A loop's transport calls pause_writing long before an authenticated client has left too
        # much unread.
        if self._turn is None or not self._can_write or not self._limits.authenticated:
            self._check_unread()

    def _send(self, lines: list[bytes]) -> None:
        """Send replies at once."""
        if lines:
            lines.append(b"")
            self.write(CRLF.join(lines))
            lines.clear()

    def write(self, data: bytes) -> None:
        """Send bytes at once, behind what is held back.

        If that would exceed ``client-output-buffer-limit`` nothing is sent and the client is
        closed: Redis builds the whole reply in its buffers, and drops both.
        """
        if len(data) > FREE_REPLY_BYTES and self._outbox.close_if_over_limit(
            self.unread_bytes + len(data)
        ):
            return
        self._unsent += data
        self.hand_over()
        if len(data) > LIGHT_BYTES and not self.ctx.closing:
            self._is_thinned_out()

    def _check_unread(self) -> None:
        unread = self.unread_bytes
        limit = MAX_OUTPUT_BYTES if self._limits.authenticated else MAX_UNAUTHENTICATED_OUTPUT_BYTES
        if unread > limit:
            logger.warning("closing %s: %d bytes unread", self.ctx.peer.address, unread)
            self._transport.abort()

    @property
    def unread_bytes(self) -> int:
        return self._transport.get_write_buffer_size() + len(self._unsent)

    def measure(self) -> Buffers:
        """How many bytes wait to become requests, and how many for the client to read them."""
        return Buffers(self._inbox.size_bytes, self.unread_bytes + self._outbox.waiting_bytes)

    @property
    def buffered_bytes(self) -> int:
        return sum(self.measure())

    def count_bytes(self) -> int:
        """Measure buffers and fieldsets; that counts for this connection until the next time."""
        self.counted_bytes = self.buffered_bytes + fieldsets_bytes(self.ctx)
        return self.counted_bytes

    def _count_at_once(self) -> None:
        """Count what it holds towards ``maxmemory``: the cycle would be late."""
        memory = self.engine.state.memory
        if memory.is_limited and self._server is not None:
            with self.engine.lock:
                before = self.counted_bytes
                memory.buffers_bytes += self.count_bytes() - before
                memory.update_tightness()

    def at_home(self, call: Callable[[], object], *, later: bool = False) -> None:
        """Call something in this connection's thread; if ``later``, in its loop's next turn."""
        is_home = threading.get_ident() == self._thread
        if self._home is None or (is_home and not later):
            call()
            return
        # A closed loop has no connections left.
        with contextlib.suppress(RuntimeError):
            (self._home.call_soon if is_home else self._home.call_soon_threadsafe)(call)

    def _end(self, lines: list[bytes]) -> bool:
        """Close with the last reply; false if there is none, because none is wanted.

        Then the connection stays, and runs nothing more, until the client leaves, or anything is
        pushed to it: so it does in Redis, which closes when it has written.
        """
        if lines or self.unread_bytes:
            self._close(lines)
            return True
        self.ctx.lingers, self.ctx.send = True, self._close_at_push
        return False

    def _close_at_push(self, _: Reply) -> None:
        self.at_home(self._transport.close, later=True)

    def _close(self, lines: list[bytes]) -> None:
        """Send what is left to send, and close; requests behind it are not run."""
        self.ctx.finish()
        self._send(lines)
        self.hand_over()
        self._transport.close()

    # --- deadlines --------------------------------------------------------------------------------

    def check_deadlines(self, now_seconds: float, idle_timeout_seconds: int) -> None:
        """Close a client that for too long idles, drips a request, or leaves much unread."""
        self._outbox.check_soft_limit(now_seconds)
        if self.ctx.hold is not None:
            return
        stalled_seconds = self._inbox.stalled_since(now_seconds)
        if stalled_seconds is None:
            idle_ms = self.engine.state.moment.ms - self.ctx.last_request_ms
            # A subscriber has every reason to be silent.
            may_idle = not idle_timeout_seconds or self.ctx.subscriptions
            if not may_idle and idle_ms > idle_timeout_seconds * 1000:
                self._transport.close()
            return
        limit = (
            REQUEST_DEADLINE_SECONDS
            if self._limits.authenticated
            else UNAUTHENTICATED_DEADLINE_SECONDS
        )
        if now_seconds - stalled_seconds > limit:
            logger.warning("closing %s: its request did not get complete", self.ctx.peer.address)
            self._transport.abort()
