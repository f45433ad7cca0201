"""Run one request against the data. Synchronous: what it does, it does atomically.

The core does no I/O and awaits nothing, so a command, a transaction and a script each happen at one
instant for every observer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from operator import length_hint

from .acl import Place
from .clock import NS_PER_MS, Clock, SystemClock, stopwatch_ns
from .command import MANY_WORDS, Command
from .commands import TABLE
from .commands.clients import client_line
from .config import Config
from .context import Context, Peer, ReplyMode
from .errors import (
    CommandError,
    CrossProtocolRequest,
    NoKeysForReplicas,
    NoPermission,
    NotAuthenticated,
    NotEnoughReplicas,
    NotInTransaction,
    NotWhileSubscribed,
    OutOfMemory,
    TransactionRefused,
    Unanswered,
    UnknownCommand,
)
from .holds import Hold
from .observing.metrics import Meter
from .pause import Postponed
from .reply import NO_REPLY, OK, QUEUED, Piecemeal, Reply
from .resp import BULK_HEADERS, ENCODERS, INTEGER_LINES, Request
from .scripting.scripts import NativeScript, busy_error, flags_of
from .state import ServerState

#: How long ``Engine.run`` goes on, plus one command. Other clients may wait twice as long for one
#: client's pipeline: its last step begins before this time is over.
SLICE_NS = 5 * NS_PER_MS
#: Reply lines gathered before they go to the transport: a long pipeline must not hold them all.
FLUSH_LINES = 4096

#: Commands that end or inspect a transaction instead of being queued in it.
NEVER_QUEUED = frozenset({"exec", "discard", "multi", "watch", "quit", "reset"})

#: Those of them that also need no memory.
OUT_OF_TRANSACTION = frozenset({"exec", "discard", "quit", "reset"})

#: What a RESP2 connection with subscriptions may still call: other replies would look like pushes.
WHILE_SUBSCRIBED = frozenset(
    {
        *("subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"),
        *("ping", "quit", "reset"),
    }
)

#: Flags of commands that may write something that replicas must hear of.
WRITING = frozenset({"write", "may_replicate"})
TOUCHING_KEYS = WRITING | {"readonly"}

#: How an HTTP request, or one of its headers, begins: Redis closes the connection at either.
HTTP_WORDS = frozenset({b"post", b"host:"})


class Engine:
    """One server's data and the commands on it: the same behind a socket and in the process."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        config: Config | None = None,
        seed: int | None = None,
    ) -> None:
        config = config or Config()
        self._table = TABLE.renamed(config.renamed_commands) if config.renamed_commands else TABLE
        self.state = ServerState(clock or SystemClock(), config, self._table, seed)
        self.state.describe_client = client_line
        #: Held by every transport while it runs requests: threads may share an engine.
        self.lock = threading.RLock()
        self._moment = self.state.moment
        self._metrics = self.state.metrics
        self._lookups = self.state.lookups

    def connect(self, peer: Peer | None = None) -> Context:
        """A new connection's context, known to CLIENT LIST until it is handed to disconnect()."""
        with self.lock:
            self._moment.read_ms = None
            ctx = Context(self.state, self.call, peer or Peer())
            self.state.clients[ctx.id] = ctx
            self.state.statistics.connections += 1
            return ctx

    def disconnect(self, ctx: Context) -> None:
        """Forget a connection and what it watched."""
        with self.lock:
            self.state.forget(ctx)

    def register_native(self, twin: NativeScript) -> None:
        """Run a Python function wherever this exact Lua text is loaded from now on."""
        self.state.scripts.register(twin)

    def execute(self, ctx: Context, argv: list[bytes]) -> Reply:
        """Run argv as a client's request. A CommandError comes back as the reply.

        Raises Postponed for a request that must wait until CLIENT PAUSE ends. Afterwards the
        connection may be held: then the reply comes from ``go_on``. Any other exception is a bug in
        a handler, and is let through. A reply may hold the live value: encode or copy it before the
        next call.
        """
        self._moment.read_ms = None
        if ctx.closing:
            return NO_REPLY
        ctx.is_running = True
        self.state.notifier.running = self.state.lookups.running = ctx
        try:
            reply = self._answer(ctx, argv)
        except Unanswered:
            ctx.finish()
            ctx.close()
            return NO_REPLY
        finally:
            ctx.is_running = False
        if ctx.reply_mode is not ReplyMode.ON and ctx.hold is None:
            reply = self._withheld(ctx, reply)
        return ctx.with_pushed(reply) if ctx.pushed else reply

    def _answer(self, ctx: Context, argv: list[bytes]) -> Reply:
        try:
            reply = self._admit_and_run(ctx, argv)
        except CommandError as error:
            self._metrics.count_error(error)
            reply = error
        if ctx.tracker is not None:
            self.state.tracking.end_request(ctx, argv)
        return reply

    def conclude(self, ctx: Context, finish: Callable[[], Reply]) -> None:
        """Do the rest of a request for which a connection is held, and answer it.

        Something that takes time has ended outside. The connection may be gone by now; the rest is
        done all the same.
        """
        with self.lock:
            self._moment.read_ms = None
            ctx.is_running = True
            self.state.notifier.running = self.state.lookups.running = ctx
            try:
                reply = finish()
            except CommandError as error:
                self._metrics.count_failure(ctx.command, error)
                reply = error
            finally:
                self.state.tracking.end_request(ctx, ctx.argv)
                ctx.is_running = False
            if ctx.hold is not None:
                elapsed_ns = stopwatch_ns() - ctx.hold.began_ns
                self._metrics[ctx.command].end_hold(elapsed_ns)
                if elapsed_ns >= self._metrics.noted_from_ns:
                    self.state.note_slow(ctx, ctx.command, ctx.argv, elapsed_ns)
            if ctx in self.state.holds:
                self.state.holds.answer(ctx, reply)
            self.end_turn()

    def go_on(self, ctx: Context, lines: list[bytes]) -> None:
        """The hold of a connection is over: append the reply to the request it was held for.

        A request that has not run runs now. It may be that the connection is held again.
        """
        hold, ctx.hold = ctx.hold, None
        assert hold is not None  # noqa: S101  # only who is held can go on
        if hold.postponed is not None:
            self.run(ctx, [hold.postponed], lines)
            return
        reply = hold.reply if ctx.reply_mode is ReplyMode.ON else self._withheld(ctx, hold.reply)
        ENCODERS[ctx.resp].write(lines, ctx.with_pushed(reply))

    def run(self, ctx: Context, requests: list[Request], lines: list[bytes]) -> tuple[int, int]:
        """Execute requests in turn and append the lines of their replies, which CRLF will join.

        Stops short once SLICE_NS have passed (looking only after a command that is not quick), or
        once there are FLUSH_LINES (looking only after a long reply of a quick one), and behind a
        request for which the connection is held. Returns how many requests were run, and what the
        stopwatch shows at the end.

        This is the server's innermost loop, so it is long and repeats what is written better
        elsewhere. Nearly every request is a quick command on a connection in no special state: it
        takes a short cut past ``execute``, and nearly every kind of reply is written right here.
        Quick commands in a row see one moment, because they are over before the clock has moved by
        anything that matters to a deadline.
        """
        moment, append = self._moment, lines.append
        headers, numbers, only_quick = BULK_HEADERS, INTEGER_LINES, True
        meter: Meter
        short_cuts, last_name, last_argc = ctx.short_cuts, b"", 0
        self._lookups.running = ctx
        moment.read_ms = None
        remaining = iter(requests)
        began_ns = stopwatch_ns()
        stop_ns = began_ns + SLICE_NS
        while True:
            try:
                for argv in remaining:
                    argc = len(argv)
                    # In most pipelines it is the same again, unless that has ended its own right.
                    if (
                        argc != last_argc
                        or argv[0] != last_name
                        or ctx.short_cuts is not short_cuts
                    ):
                        short_cuts = ctx.short_cuts
                        found = short_cuts[argc if argc < MANY_WORDS else MANY_WORDS].get(argv[0])
                        if found is None:
                            reply = self._run_timed(ctx, argv)
                            ENCODERS[ctx.resp].write(lines, reply)
                            only_quick, moment.read_ms, last_argc = False, None, 0
                            if stopwatch_ns() > stop_ns or ctx.hold is not None:
                                break
                            continue
                        last_name, last_argc = argv[0], argc
                        meter, ctx.command = found, found.command
                        handler = found.bare if argc == found.bare_words else found.handler
                    meter.calls += 1
                    if argc == 2:
                        reply = handler(ctx, argv[1])
                    elif argc == 3:
                        reply = handler(ctx, argv[1], argv[2])
                    else:
                        reply = handler(ctx, *argv[1:])
                    if reply is OK:
                        append(b"+OK")
                    elif type(reply) is bytes:
                        size = len(reply)
                        append(headers[size] if size < 1024 else b"$%d" % size)
                        append(reply)
                    elif type(reply) is int:
                        append(numbers[reply] if 0 <= reply < 1024 else b":%d" % reply)
                    elif reply is None:
                        append(ENCODERS[ctx.resp].null)
                    else:
                        ENCODERS[ctx.resp].writers[reply.__class__](lines, reply)
                        if len(lines) >= FLUSH_LINES:
                            break
                break
            except CommandError as error:
                # Only a quick command raises: the others answer with the error.
                self._metrics.count_failure(ctx.command, error)
                ENCODERS[ctx.resp].write(lines, error)
            except Postponed:
                ctx.argv, only_quick = argv, False
                self.state.holds.begin(ctx, Hold(postponed=argv))
                break
        ended_ns = stopwatch_ns()
        count = len(requests) - length_hint(remaining)
        if only_quick and count:
            if count == 1:
                meter.record(ended_ns - began_ns)
            else:
                self._metrics.share(count, ended_ns - began_ns)
        return count, ended_ns

    def _run_timed(self, ctx: Context, argv: list[bytes]) -> Reply:
        """A request whose command may take its time, or that needs the gate."""
        metrics, argc = self._metrics, len(argv)
        meter = metrics.plain[argc if argc < MANY_WORDS else MANY_WORDS].get(argv[0])
        if meter is None or ctx.guarded:
            return self.execute(ctx, argv)
        self._moment.read_ms = None
        ctx.command, ctx.argv = meter.command, argv
        started_ns = stopwatch_ns()
        try:
            reply = meter.handler(ctx, *argv[1:])
        except CommandError as error:
            reply = error
            metrics.count_error(error)
        self._note_time(ctx, meter, argv, reply, stopwatch_ns() - started_ns)
        return reply

    def call(self, ctx: Context, argv: list[bytes]) -> Reply:
        """Run a command inside a request: from a script. Raises CommandError."""
        command = self._resolve(argv)
        outer, ctx.command = ctx.command, command
        try:
            return self._run(ctx, command, argv)
        finally:
            ctx.command = outer

    def expire_due(self, budget_ns: int) -> int:
        """One turn of the cycle: whatever time changes without a command.

        Ends holds, measures memory, limits the tracking table. Then, as Redis's active expire
        cycle, removes keys that are past their deadline for about ``budget_ns`` of real time, and
        returns how many.
        """
        self.end_holds()
        self.state.hot_keys.end_if_over()
        self.state.accesses.tick()
        if self.state.memory.is_limited:
            self.state.memory.run_cycle()
        self.state.tracking.limit()
        if not self.state.expires_actively or self.state.pause.is_on:
            return 0
        statistics, started_ns = self.state.statistics, stopwatch_ns()
        removed = self._expire_until(started_ns + budget_ns)
        elapsed_ns = stopwatch_ns() - started_ns
        statistics.expiry_ns += elapsed_ns
        self.state.note_latency(b"expire-cycle", elapsed_ns)
        statistics.unfinished_expiries += elapsed_ns > budget_ns
        return removed

    def end_holds(self) -> None:
        """Let connections go on that are held no longer than until now."""
        self._moment.read_ms = None
        self.state.pause.end_if_over()
        self.state.holds.end_due(self._moment.ms)

    def _expire_until(self, stop_ns: int) -> int:
        removed = 0
        for db in self.state.databases:
            while db.expire_one():
                removed += 1
                if not removed % 32 and stopwatch_ns() > stop_ns:
                    return removed
        return removed

    def end_turn(self) -> None:
        """Send broadcast invalidations: all requests that had arrived are answered."""
        if self.state.tracking.has_news:
            with self.lock:
                self.state.tracking.end_turn()

    # --- the gate ---------------------------------------------------------------------------------

    def _admit_and_run(self, ctx: Context, argv: list[bytes]) -> Reply:
        """Run or queue. Raises CommandError."""
        command = self._admit(ctx, argv)
        transaction = ctx.transaction
        if transaction is not None and command.name not in NEVER_QUEUED:
            # What EXEC is going to refuse need not be kept.
            if transaction.spoiled_by is None and not ctx.watch.broken:
                transaction.queue.append(argv)
            return QUEUED
        return self._run(ctx, command, argv)

    def _run(self, ctx: Context, command: Command, argv: list[bytes]) -> Reply:
        """Run an admitted command, and tell MONITOR and client tracking. Raises CommandError."""
        if not ctx.is_observed:
            return self._measure(ctx, self._metrics[command], argv)
        monitor, tracking = self.state.monitor, self.state.tracking
        # A script is shown before what it calls.
        is_shown_first = "skip_monitor" in command.flags
        if is_shown_first:
            monitor.show(ctx, command, argv)
        tracking.begin(ctx, command, argv)
        try:
            return self._measure(ctx, self._metrics[command], argv)
        finally:
            if not is_shown_first:
                monitor.show(ctx, command, argv)
            if "readonly" in command.flags and command.group != "scripting":
                tracking.remember(ctx)

    def _measure(self, ctx: Context, meter: Meter, argv: list[bytes]) -> Reply:
        """Run an admitted command, and note how long it took. Raises CommandError."""
        ctx.argv = argv
        accesses = self.state.accesses
        was_paused, accesses.is_paused = accesses.is_paused, ctx.no_touch
        reply: Reply = None
        started_ns = stopwatch_ns()
        try:
            reply = meter.handler(ctx, *_arguments(meter.command, argv))
            return reply
        except CommandError as error:
            reply = error
            raise
        finally:
            elapsed_ns = stopwatch_ns() - started_ns
            accesses.is_paused = was_paused
            self._note_time(ctx, meter, argv, reply, elapsed_ns)

    def _note_time(
        self, ctx: Context, meter: Meter, argv: list[bytes], reply: Reply, elapsed_ns: int
    ) -> None:
        """Note how long a call took, unless its reply comes later; and its size, if asked to."""
        if self.state.weighs and not ctx.running_script:  # what a script calls counts as its own
            self.state.weigh(ctx, meter.command, argv, reply, elapsed_ns)
        if ctx.hold is not None:
            meter.hold_call(elapsed_ns)
            return
        meter.end_call(reply, elapsed_ns)
        if elapsed_ns >= self._metrics.noted_from_ns:
            self.state.note_slow(ctx, meter.command, argv, elapsed_ns)

    def _admit(self, ctx: Context, argv: list[bytes]) -> Command:
        """Refuse what must not run, in the order in which Redis decides.

        A refusal spoils the transaction that is being queued; a refused EXEC ends it.
        """
        try:
            command = ctx.command = self._resolve(argv)
            if command.gate is not None:
                command.gate(ctx)
            if not ctx.authenticated and "no_auth" not in command.flags:
                raise NotAuthenticated
            if ctx.transaction is not None and "no_multi" in command.flags:
                raise NotInTransaction
            if not ctx.user.is_unrestricted:
                self._require_permission(ctx, command, argv)
            if self.state.memory.is_tight:
                self._make_room(ctx, command, argv)
            if ctx.tracker is not None:
                self.state.tracking.limit()
            if self.state.config.lacks_replicas:
                self._refuse_write(ctx, command, argv)
            if ctx.subscriptions and ctx.resp == 2 and command.name not in WHILE_SUBSCRIBED:
                raise NotWhileSubscribed(command.name)
            if self.state.is_busy and "allow_busy" not in command.flags:
                raise busy_error(self.state.running_script)
            if ctx in self.state.monitor.watchers:
                self._keep_from_keys(ctx, command, argv)
            elif self.state.pause.is_on:
                self._postpone(ctx, command, argv)
        except CommandError as error:
            ctx.last_command = self._metrics.count_refusal(argv)
            if ctx.transaction is not None:
                ctx.transaction.spoiled_by = error
            if argv[0].lower() == b"exec":
                ctx.end_transaction()
                self.state.monitor.tell(ctx, argv)
                raise TransactionRefused(error) from None
            raise
        return command

    def _make_room(self, ctx: Context, command: Command, argv: list[bytes]) -> None:
        """Evict keys before a command. Raises OutOfMemory if that is not enough for it.

        In a transaction every command is refused, not only those that need memory.
        """
        if self.state.memory.make_room():
            return
        transaction = ctx.transaction
        if "denyoom" in self._flags(ctx, command, argv) or (
            transaction is not None and command.name not in OUT_OF_TRANSACTION
        ):
            raise OutOfMemory

    def _keep_from_keys(self, ctx: Context, command: Command, argv: list[bytes]) -> None:
        """Raises NoKeysForReplicas: a MONITOR client is a replica, and may not touch keys."""
        if self._flags(ctx, command, argv) & TOUCHING_KEYS:
            raise NoKeysForReplicas

    def _postpone(self, ctx: Context, command: Command, argv: list[bytes]) -> None:
        """Raises Postponed for requests that CLIENT PAUSE holds back."""
        pause = self.state.pause
        pause.end_if_over()
        if not pause.is_on:
            return
        if pause.is_for_all or self._flags(ctx, command, argv) & WRITING:
            raise Postponed

    def _refuse_write(self, ctx: Context, command: Command, argv: list[bytes]) -> None:
        """``min-replicas-to-write``: raises NotEnoughReplicas for a write, in EXEC too."""
        if "write" in self._flags(ctx, command, argv):
            raise NotEnoughReplicas

    def _flags(self, ctx: Context, command: Command, argv: list[bytes]) -> frozenset[str]:
        """The flags of what a request is going to do; EXEC does what its queued commands do."""
        if command.name != "exec" or ctx.transaction is None:
            return flags_of(self.state, command, argv)
        queue = ctx.transaction.queue
        return command.flags.union(*(flags_of(self.state, self._resolve(q), q) for q in queue))

    @staticmethod
    def _require_permission(ctx: Context, command: Command, argv: list[bytes]) -> None:
        """Raises NoPermission."""
        place = Place.TOPLEVEL if ctx.transaction is None else Place.MULTI
        denial = ctx.denial(command, argv, place)
        if denial is not None:
            raise NoPermission(denial.reason, command.name)

    def _resolve(self, argv: list[bytes]) -> Command:
        command = self._table[argv[0]]
        if command is None:
            if argv[0].lower() in HTTP_WORDS:
                raise CrossProtocolRequest
            raise UnknownCommand(argv)
        return command.resolve(argv)

    @staticmethod
    def _withheld(ctx: Context, reply: Reply) -> Reply:
        """What CLIENT REPLY OFF and SKIP leave of a reply: nothing, but what EXEC has let out."""
        if ctx.reply_mode is ReplyMode.SKIP_THIS:
            ctx.reply_mode = ReplyMode.ON
            ctx.update_guard()
        elif ctx.reply_mode is ReplyMode.SKIP_NEXT:
            ctx.reply_mode = ReplyMode.SKIP_THIS
        return reply if isinstance(reply, Piecemeal) else NO_REPLY


def _arguments(command: Command, argv: list[bytes]) -> list[bytes]:
    """The words behind the command's name, which has two words for a subcommand."""
    return argv[1 + ("|" in command.name) :]
