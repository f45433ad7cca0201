"""Client-side caching: telling a connection that its copy of a key is out of date.

In the default mode of CLIENT TRACKING the server remembers every key that a connection reads, and
tells all its readers of the key's first change. In broadcasting mode it remembers nothing:
connections are told, at the end of a turn, of every change of keys that begin with their prefixes.
As in Redis, keys go by their names alone, whatever their database.

The databases are observed only while somebody tracks: until then nothing here is called.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from ..command import Command
from ..data.keyspace import Keyspace
from ..errors import PrefixOverlapsExisting, PrefixOverlapsProvided
from ..reply import InProtocol, Push, Reply

if TYPE_CHECKING:
    from ..context import Context
    from ..state import ServerState

#: The channel on which a RESP2 connection gets invalidations that others redirect to it.
CHANNEL = b"__redis__:invalidate"

#: Events of changes that no client makes.
OF_ITSELF = frozenset({"expired", "hexpired", "evicted"})

#: How many keys are forgotten at once when there are too many; times the number of attempts so far.
FORGOTTEN_AT_ONCE = 100


class Tracker:
    """How one connection tracks keys, and what it has yet to be told."""

    __slots__ = (
        "broadcasts",
        "has_said",
        "needs_yes",
        "owed",
        "prefixes",
        "redirect_id",
        "redirect_is_broken",
        "request",
        "skips_own",
        "takes_no",
    )

    def __init__(
        self,
        *,
        redirect_id: int = 0,
        broadcasts: bool = False,
        needs_yes: bool = False,
        takes_no: bool = False,
        skips_own: bool = False,
    ) -> None:
        #: The connection that is told in its place; 0 for none.
        self.redirect_id = redirect_id
        self.redirect_is_broken = False
        self.broadcasts = broadcasts
        #: OPTIN: only what is read right after CLIENT CACHING YES counts.
        self.needs_yes = needs_yes
        #: OPTOUT: what is read right after CLIENT CACHING NO does not count.
        self.takes_no = takes_no
        #: Whether CLIENT CACHING was called for the next request.
        self.has_said = False
        #: NOLOOP: it is not told of its own changes.
        self.skips_own = skips_own
        self.prefixes: set[bytes] = set()
        #: The running request: for a script, its declared keys count.
        self.request: tuple[Command, list[bytes]] | None = None
        #: Keys that the running request has changed; None stands for all.
        self.owed: list[bytes | None] = []

    @property
    def remembers(self) -> bool:
        """Whether what is read now is to be remembered."""
        if self.broadcasts or (self.needs_yes and not self.has_said):
            return False
        return not (self.takes_no and self.has_said)


class Prefix:
    """The connections that are told of keys with one prefix, and what they have yet to be told."""

    __slots__ = ("changed", "listeners")

    def __init__(self) -> None:
        self.listeners: dict[Context, None] = {}
        #: Keys that have changed in this turn, and who changed each last.
        self.changed: dict[bytes, Context | None] = {}


class Tracking:
    """All tracking on one server."""

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self.clients: dict[Context, None] = {}
        #: The readers of each key since its last change; keys read first come first.
        self._readers: OrderedDict[bytes, dict[Context, None]] = OrderedDict()
        #: The keys of each reader, for when its connection ends.
        self._read_by: dict[Context, set[bytes]] = {}
        self._prefixes: dict[bytes, Prefix] = {}
        #: For how many connections each other one gets invalidations (REDIRECT), by its id.
        self._told_for: Counter[int] = Counter()
        self._effort = 1
        #: Whether there is something to broadcast at the end of this turn.
        self.has_news = False

    # --- who tracks -------------------------------------------------------------------------------

    def start(self, ctx: Context, tracker: Tracker, prefixes: list[bytes]) -> None:
        """Track for a connection from now on, with the prefixes given besides those it had.

        Raises PrefixOverlapsExisting and PrefixOverlapsProvided.
        """
        if tracker.broadcasts:
            held = ctx.tracker.prefixes if ctx.tracker is not None else set()
            _check_prefixes(held, prefixes)
            added = set(prefixes or [b""])
            tracker.prefixes = held | added
            for prefix in added:
                self._prefixes.setdefault(prefix, Prefix()).listeners[ctx] = None
        if ctx.tracker is not None:
            tracker.has_said = ctx.tracker.has_said
        if not self.clients:
            for db in self._server.databases:
                db.observers.append(self)
        self.clients[ctx] = None
        before, ctx.tracker = ctx.tracker, tracker
        self._redirect(before, -1)
        self._redirect(tracker, 1)
        ctx.update_guard()

    def stop(self, ctx: Context) -> None:
        """Stop telling a connection of changes.

        As in Redis, what it has read stays remembered: it may track again.
        """
        tracker = ctx.tracker
        if tracker is None:
            return
        for prefix in tracker.prefixes:
            listeners = self._prefixes[prefix].listeners
            del listeners[ctx]
            if not listeners:
                del self._prefixes[prefix]
        ctx.tracker = None
        self._redirect(tracker, -1)
        ctx.update_guard()
        del self.clients[ctx]
        if not self.clients:
            for db in self._server.databases:
                db.observers.remove(self)

    def _redirect(self, tracker: Tracker | None, change: int) -> None:
        """Begin or stop redirecting a connection's invalidations to another."""
        if tracker is None or not tracker.redirect_id:
            return
        self._told_for[tracker.redirect_id] += change
        self._told_for += Counter()  # drops those with a count of 0
        target = self._server.clients.get(tracker.redirect_id)
        if target is not None:
            target.update_guard()

    def tells_for_others(self, ctx: Context) -> bool:
        """Whether others redirect their invalidations to this connection."""
        return self._told_for[ctx.id] > 0

    def forget(self, ctx: Context) -> None:
        """A connection has ended."""
        self.stop(ctx)
        for key in self._read_by.pop(ctx, ()):
            readers = self._readers[key]
            del readers[ctx]
            if not readers:
                del self._readers[key]

    @property
    def keys_total(self) -> int:
        return len(self._readers)

    @property
    def items_total(self) -> int:
        return sum(map(len, self._read_by.values()))

    @property
    def prefixes_total(self) -> int:
        return len(self._prefixes)

    # --- reading ----------------------------------------------------------------------------------

    def begin(self, ctx: Context, command: Command, argv: list[bytes]) -> None:
        """A connection is about to run a command, or its script is."""
        if ctx.tracker is not None and not ctx.running_script:
            ctx.tracker.request = (command, argv)

    def remember(self, ctx: Context) -> None:
        """A command that only reads has run: remember its keys, or its script's declared keys."""
        tracker = ctx.tracker
        if tracker is None or tracker.request is None or not tracker.remembers:
            return
        command, argv = tracker.request
        read_by_it = self._read_by.setdefault(ctx, set())
        for key in command.keys(argv):
            self._readers.setdefault(key, {})[ctx] = None
            read_by_it.add(key)

    def limit(self) -> None:
        """Forget keys in excess of ``tracking-table-max-keys``, as if they had changed."""
        limit = self._server.config.tracking_max_keys
        if not limit or len(self._readers) <= limit:
            self._effort = 1
            return
        current = self._current
        for _ in range(min(len(self._readers) - limit, self._effort * FORGOTTEN_AT_ONCE)):
            key, readers = self._readers.popitem(last=False)
            for reader in self._released(key, readers):
                if not (reader is current and _tracker(reader).skips_own):
                    self._tell(reader, [key])
        self._effort += 1

    # --- changing ---------------------------------------------------------------------------------

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        current = self._current
        if self._prefixes:
            # Redis broadcasts what a script changes to its own client as well, in spite of NOLOOP.
            by_client = current is not None and not current.running_script
            self._note_for_broadcast(key, current if by_client and event not in OF_ITSELF else None)
        readers = self._readers.pop(key, None)
        if readers is None:
            return
        for reader in self._released(key, readers):
            if reader is not current:
                self._tell(reader, [key])
            elif not _tracker(reader).skips_own:
                if event == "evicted":  # to make room, before the request runs
                    self._tell(reader, [key])
                else:
                    _tracker(reader).owed.append(key)

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        """SWAPDB tells nothing, since keys go by their names alone; for FLUSHDB see ``flushed``."""

    def flushed(self) -> None:
        """All keys of one database, or of all, are gone: every copy is out of date."""
        for client in list(self.clients):
            if client is self._current:
                _tracker(client).owed.append(None)
            else:
                self._tell(client, None)
        self._readers.clear()
        self._read_by.clear()

    def _note_for_broadcast(self, key: bytes, by: Context | None) -> None:
        for prefix, state in self._prefixes.items():
            if key.startswith(prefix):
                state.changed[key] = by
                self.has_news = True

    def _released(self, key: bytes, readers: dict[Context, None]) -> list[Context]:
        """Forget a key's readers, and return those that want to be told."""
        for reader in readers:
            self._read_by[reader].discard(key)
        return [r for r in readers if r.tracker is not None and not r.tracker.broadcasts]

    # --- telling ----------------------------------------------------------------------------------

    def end_request(self, ctx: Context, argv: list[bytes]) -> None:
        """Tell a connection, behind its reply, which of its copies its own request has changed."""
        tracker = ctx.tracker
        if tracker is None:
            return
        if tracker.owed:
            ctx.answer_here()
            for key in tracker.owed:
                self._tell(ctx, None if key is None else [key])
            tracker.owed.clear()
        if ctx.transaction is None and argv[0].lower() != b"client":
            tracker.has_said = False

    def end_turn(self) -> None:
        """Broadcast what has changed since the last turn: one message for each prefix."""
        self.has_news = False
        for _, prefix in sorted(self._prefixes.items()):
            changed, prefix.changed = sorted(prefix.changed.items()), {}
            keys = [key for key, _ in changed]
            for listener in list(prefix.listeners) if keys else ():
                told = keys
                if _tracker(listener).skips_own:
                    told = [key for key, by in changed if by is not listener]
                if told:
                    self._tell(listener, told)

    def _tell(self, ctx: Context, keys: list[bytes] | None) -> None:
        """Tell a connection, or the one it redirects to, that keys have changed; None for all."""
        tracker = _tracker(ctx)
        # A quirk of Redis: null is written in the tracking client's protocol, whoever is told.
        told: Reply = InProtocol(ctx.resp, None) if keys is None else list[Reply](keys)
        target = self._server.clients.get(tracker.redirect_id) if tracker.redirect_id else ctx
        if target is None or (target.closing and target is not ctx):
            tracker.redirect_is_broken = True
            if ctx.resp == 3:
                ctx.push(Push([b"tracking-redir-broken", tracker.redirect_id]))
        elif target.client_resp == 3:
            target.push(Push([b"invalidate", told]))
        elif tracker.redirect_id and target.subscriptions:
            target.push(Push([b"message", CHANNEL, told]))

    @property
    def _current(self) -> Context | None:
        """The connection whose request is running, unless that took the engine's short cut."""
        running = self._server.notifier.running
        return running if running is not None and running.is_running else None


def _tracker(ctx: Context) -> Tracker:
    assert ctx.tracker is not None  # noqa: S101  # called only for connections that track
    return ctx.tracker


def _check_prefixes(held: set[bytes], given: list[bytes]) -> None:
    """Refuse prefixes of one connection that overlap: it would be told twice of a key."""
    for at, prefix in enumerate(given):
        overlapping = [existing for existing in held if _overlap(prefix, existing)]
        if overlapping:
            raise PrefixOverlapsExisting(prefix, min(overlapping))
        for other in given[at + 1 :]:
            if _overlap(prefix, other):
                raise PrefixOverlapsProvided(prefix, other)


def _overlap(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)
