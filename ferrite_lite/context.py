"""What a command handler sees of the connection that asked."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .acl import Denial, Entry, Place, User
from .clock import NS_PER_MS
from .command import Command
from .data.fieldsets import Fieldsets
from .data.keyspace import Keyspace
from .errors import CommandError
from .holds import Hold
from .messages.broker import Subscriptions
from .messages.watches import Watch
from .observing.metrics import Routes
from .reply import Reply, Several

if TYPE_CHECKING:
    from .messages.tracking import Tracker
    from .state import ServerState


class ReplyMode(enum.Enum):
    """CLIENT REPLY: whether this client wants answers."""

    ON = "on"
    OFF = "off"
    #: No answer to the next command, as the current one (CLIENT REPLY SKIP) asks.
    SKIP_NEXT = "skip next"
    SKIP_THIS = "skip this"


@dataclass(slots=True)
class Transaction:
    """What MULTI has gathered: commands to run at EXEC, or why EXEC must refuse them."""

    queue: list[list[bytes]] = field(default_factory=list)
    spoiled_by: CommandError | None = None


@dataclass(slots=True)
class Peer:
    """The two ends of a connection, as CLIENT LIST shows them."""

    address: str = "?:0"
    local_address: str = "?:0"
    fd: int = -1
    is_unix: bool = False
    #: Whether its thread can do something else while it waits.
    is_awaited: bool = True

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine: in this process, on a Unix socket, or on loopback."""
        host = self.address.rpartition(":")[0].strip("[]")
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return True


class Buffers(NamedTuple):
    """What a connection holds at this moment."""

    #: Bytes of requests that have not run to their end, the running one included.
    query_bytes: int = 0
    #: Bytes of replies and pushes that the client has not read.
    output_bytes: int = 0


class Context:
    """One connection: its database, its protocol, who it is, and what it has begun.

    ``call`` runs another command at the same instant: EXEC and scripts use it, so a command is
    written once however it is reached.
    """

    __slots__ = (
        "answered_at",
        "argv",
        "authenticated",
        "call",
        "capabilities",
        "close",
        "closing",
        "command",
        "created_ms",
        "db",
        "executing",
        "fieldsets",
        "go_on",
        "guarded",
        "has_authenticated",
        "hold",
        "id",
        "is_running",
        "last_request_ns",
        "library",
        "library_version",
        "lingers",
        "measure",
        "name",
        "no_evict",
        "no_touch",
        "peer",
        "pushed",
        "reply_mode",
        "resp",
        "running_script",
        "send",
        "server",
        "short_cuts",
        "subscriptions",
        "tracker",
        "transaction",
        "user",
        "watch",
    )

    def __init__(
        self,
        server: ServerState,
        call: Callable[[Context, list[bytes]], Reply],
        peer: Peer,
    ) -> None:
        self.server = server
        self.call = call
        self.peer = peer
        self.db: Keyspace = server.databases[0]
        self.resp = 2
        server.last_client_id += 1
        self.id = server.last_client_id
        self.created_ms = server.moment.ms
        #: When it was last served, as noted by its transport.
        self.last_request_ns = server.moment.ns
        #: The default user until AUTH. Changes of its rules take effect at once.
        self.user: User
        #: Whether it has authenticated, or had no need to when it connected.
        self.has_authenticated: bool
        #: Whether it may run commands now: also if the default user no longer needs a password.
        self.authenticated: bool
        self.name = b""
        self.library = b""
        self.library_version = b""
        self.no_evict = False
        #: CLIENT NO-TOUCH: what this client reads does not count as used.
        self.no_touch = False
        #: One letter for each capability that CLIENT CAPA has named.
        self.capabilities = ""
        self.reply_mode = ReplyMode.ON
        self.transaction: Transaction | None = None
        self.watch = Watch()
        self.subscriptions = Subscriptions()
        #: How it tracks what it has read; None if it does not.
        self.tracker: Tracker | None = None
        #: What HIMPORT PREPARE has it keep, if anything; a script keeps its own until it ends.
        self.fieldsets: Fieldsets | None = None
        #: The transaction whose commands run.
        self.executing: Transaction | None = None
        self.running_script = False
        #: The command that is running: for errors that name it.
        self.command: Command
        #: The running request as it was sent, for whatever quotes it. Requests that take the
        #: engine's short cut are not stored here.
        self.argv: list[bytes] = []
        #: Set by QUIT and CLIENT KILL: nothing that comes after is run.
        self.closing = False
        #: Whether it is open still, because it had no last reply to close with.
        self.lingers = False
        #: Ends the connection at once; the transport puts its own function here.
        self.close: Callable[[], None] = _nothing
        #: Writes a push to the client; the transport puts its own function here. It may be called
        #: in any thread that holds the engine's lock, and raises nothing.
        self.send: Callable[[Reply], None] = _unheard
        #: The sizes of its transport's buffers; the transport puts its own function here.
        self.measure: Callable[[], Buffers] = Buffers
        #: Why it runs nothing for now; set until it has gone on.
        self.hold: Hold | None = None
        #: Has it go on soon, its hold being over; the transport puts its own function here.
        self.go_on: Callable[[], None] = _nothing
        self.is_running = False
        #: What was pushed to it while its own request is running.
        self.pushed: list[Reply] = []
        #: How many of these go before the reply; None means all of them.
        self.answered_at: int | None = None
        #: Whether its requests need more than a table look-up.
        self.guarded: bool
        #: The commands that the engine may run for it past the gate, by number of words: none if
        #: guarded.
        self.short_cuts: list[Routes]
        self.become_default_user()

    def become(self, user: User) -> None:
        """Act as this user from now on: it has authenticated."""
        self.user = user
        self.has_authenticated = True
        self.update_guard()

    def become_default_user(self) -> None:
        """Act as the default user, as every connection does at first."""
        self.user = self.server.acl.default
        self.has_authenticated = self.user.lets_anybody_in
        self.update_guard()

    def lose_user(self) -> None:
        """Act as nobody: its user was removed."""
        self.user = self.server.acl.default
        self.has_authenticated = False
        self.update_guard()

    def denial(self, command: Command, argv: list[bytes], place: Place) -> Denial | None:
        """Why its user may not make a request, noted in ACL LOG; None if it may."""
        denial = self.user.denial(command, argv)
        if denial is not None:
            name = command.name.encode() if denial.reason == "command" else argv[denial.at]
            self.log_denial(denial.reason, place, name, self.user.name)
        return denial

    def log_denial(self, reason: str, place: Place, name: bytes, user: bytes) -> None:
        """Note in ACL LOG that ``user`` was refused ``name``: a command, a key or a channel."""
        client = self.server.describe_client(self)
        entry = Entry(reason, place, name, user, client, self.server.moment.ms)
        self.server.acl.log.add(entry, self.server.config.acllog_max_len)

    def update_guard(self) -> None:
        """Decide which requests need the gate; call it after changing anything read here."""
        self.authenticated = self.has_authenticated or self.server.acl.default.lets_anybody_in
        self.guarded = (
            not self.authenticated
            or not self.user.is_unrestricted
            or self.closing
            or self.transaction is not None
            or bool(self.subscriptions)
            or self.tracker is not None
            or self.server.tracking.tells_for_others(self)
            or self.no_touch
            or self.server.guards_everybody
            or self.reply_mode is not ReplyMode.ON
        )
        metrics = self.server.metrics
        self.short_cuts = metrics.no_short_cuts if self.guarded else metrics.short_cuts

    @property
    def last_command(self) -> Command | None:
        """The command that it asked for last; None before the first, and if there is no such."""
        return getattr(self, "command", None)

    @last_command.setter
    def last_command(self, command: Command | None) -> None:
        if command is not None:
            self.command = command
        elif hasattr(self, "command"):
            del self.command

    @property
    def last_request_ms(self) -> int:
        return self.last_request_ns // NS_PER_MS

    @property
    def shown_transaction(self) -> Transaction | None:
        """The one that CLIENT LIST shows: it is being queued, or its commands run."""
        return self.transaction or self.executing

    @property
    def client_resp(self) -> int:
        """The protocol that the client speaks, whatever its script has commands speak."""
        script = self.server.running_script
        return script.client_resp if script is not None and self.running_script else self.resp

    @property
    def is_observed(self) -> bool:
        """Whether anybody is told of the commands that its requests and scripts run."""
        return self.tracker is not None or bool(self.server.monitor.watchers)

    @property
    def wants_replies(self) -> bool:
        """Whether CLIENT REPLY lets replies through; pushes it always does."""
        return self.reply_mode in (ReplyMode.ON, ReplyMode.SKIP_NEXT)

    @property
    def kind(self) -> str:
        """What ``client-output-buffer-limit`` and CLIENT LIST TYPE call such a connection."""
        return "pubsub" if self.subscriptions else "normal"

    # --- pushes -----------------------------------------------------------------------------------

    def push(self, message: Reply) -> None:
        """Send a message to this connection, whoever is being served, whatever CLIENT REPLY says.

        If this connection's own request caused the message, it goes before that request's reply, as
        in Redis, which writes the reply last. A connection to which that can happen must be
        ``guarded``: the engine's short cut does not look for pushes.
        """
        if self.is_running:
            self.pushed.append(message)
        elif not self.closing or self.lingers:
            self.send(message)

    def answer_here(self) -> None:
        """Put the reply to the running request before whatever is pushed from now on."""
        if self.answered_at is None:
            self.answered_at = len(self.pushed)

    def with_pushed(self, reply: Reply) -> Reply:
        """The reply together with what was pushed meanwhile, which is then forgotten."""
        if self.pushed:
            at = len(self.pushed) if self.answered_at is None else self.answered_at
            reply = Several([*self.pushed[:at], reply, *self.pushed[at:]])
            self.pushed.clear()
        self.answered_at = None
        return reply

    # --- endings ----------------------------------------------------------------------------------

    def end_transaction(self) -> None:
        """Back to ordinary commands: after EXEC, DISCARD, RESET."""
        self.transaction = None
        self.server.watches.release(self.watch)
        self.update_guard()

    def finish(self) -> None:
        """Run the current request to its end, and nothing after it."""
        self.closing = True
        self.update_guard()

    def drop(self) -> None:
        """End the connection at once: whoever is served next does not see it any more."""
        self.server.forget(self)
        self.close()


def _nothing() -> None:
    """No transport to close, or to go on."""


def _unheard(_: Reply) -> None:
    """No transport to write to."""
