"""Keyspace notifications: what happens to keys, published to whoever listens.

Each event has a class, which is one letter, and is published on two channels: the event's name on
``__keyspace@0__:key``, and the key on ``__keyevent@0__:set``. ``notify-keyspace-events`` says which
classes are published. While it is empty, as it is by default, nothing here is called.

From Redis 8.8 there are four more channels, which name the fields of a hash that were changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..config import Config
from ..data.keyspace import Keyspace
from ..data.values import Hash, Held, String, Value, kind_of
from ..observing.lookups import WRITERS_THAT_READ
from ..words import keyword
from .broker import Broker

if TYPE_CHECKING:
    from ..context import Context

#: The class of each event; an event not named here is generic.
CLASSES = {
    event: letter
    for letter, events in {
        "$": "set setrange incrby incrbyfloat append",
        "h": "hset hincrby hincrbyfloat hdel hexpire hexpired hpersist",
        "s": "sadd srem spop sinterstore sunionstore sdiffstore",
        "l": "sortstore",
        "x": "expired",
        "e": "evicted",
        "n": "new",
        "m": "keymiss",
        "o": "overwritten",
        "c": "type_changed",
        # Of no class: DEBUG POPULATE changes keys and tells nobody.
        "": "populate",
    }.items()
    for event in events.split()
}
GENERIC = "g"
#: What says on which channels something is published, and not what.
CHANNELS = frozenset("KESTIV")

#: The events that Redis sends after its reply to the command; all others it sends before. Only a
#: client that listens to its own changes can tell.
TOLD_AFTER_REPLY = {
    **dict.fromkeys(("hset", "hmset", "hsetnx"), frozenset({"hset"})),
    "hincrby": frozenset({"hincrby"}),
    "hincrbyfloat": frozenset({"hincrbyfloat"}),
    **dict.fromkeys(("expire", "pexpire", "expireat", "pexpireat"), frozenset({"expire"})),
    "getdel": frozenset({"del"}),
    "getset": frozenset({"new", "set"}),
    "getex": frozenset({"expire", "persist", "del"}),
    "spop": frozenset({"del"}),
    "sinterstore": frozenset({"sinterstore"}),  # and del, if no set is missing
    "sunionstore": frozenset({"sunionstore", "del"}),
    "sdiffstore": frozenset({"sdiffstore", "del"}),
}
#: The same for SET if it replies with the old value.
TOLD_AFTER_SET_GET = frozenset({"new", "set", "expire"})

#: Events for which a value takes the place of another: Redis 8.2 tells of that before the event,
#: or behind it if it has deleted the old value first. Other events are about a value that stays.
_REPLACING = frozenset({"set", "hset", "sinterstore", "sunionstore", "sdiffstore", "sortstore"})
_REPLACING_DELETED = frozenset({"rename_to", "copy_to", "restore"})

#: Readers whose look-ups Redis does not report as misses; nor those of OBJECT and MEMORY.
_NEVER_MISS = frozenset({"keys", "randomkey", "dbsize"})


class Notifier:
    """Observes the databases while ``notify-keyspace-events`` asks for it, and publishes."""

    def __init__(self, broker: Broker, databases: Sequence[Keyspace], config: Config) -> None:
        self._broker = broker
        self._databases = databases
        self._config = config
        self._classes: frozenset[str] = frozenset()
        self._is_observing = False
        #: Whether misses are published: then every request must pass the gate, which notes that it
        #: is running.
        self.tells_misses = False
        #: The connection whose request is running, if that did not take the engine's short cut.
        self.running: Context | None = None
        #: A key whose value is being replaced, and the type of the old one.
        self.replaced: tuple[bytes, bytes] | None = None

    def configure(self) -> None:
        """Put a changed setting into effect."""
        self._classes = self._config.notified_classes
        observes = bool(self._classes & CHANNELS) and len(self._classes - CHANNELS) > 0
        self.tells_misses = observes and "m" in self._classes
        if observes and self._classes & {"n", "m", "o", "c"}:
            for db in self._databases:
                db.announcer = self
                db.interpose(AnnouncingKeyspace)
        if observes != self._is_observing:
            self._is_observing = observes
            for db in self._databases:
                (db.observers.append if observes else db.observers.remove)(self)

    # --- what is observed -------------------------------------------------------------------------

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        if CLASSES.get(event, GENERIC) not in self._classes:
            return
        running = self.running
        if running is not None and running.is_running and not running.running_script:
            self._order(running, event)
        name = event.encode()
        if "K" in self._classes:
            self._broker.publish(b"__keyspace@%d__:%b" % (db.index, key), name)
        if "E" in self._classes:
            self._broker.publish(b"__keyevent@%d__:%b" % (db.index, name), key)
        if db.changed_fields:
            self._tell_of_fields(db, name, key)

    def _tell_of_fields(self, db: Keyspace, name: bytes, key: bytes) -> None:
        """Publish which fields were changed, each with its length before it."""
        fields = db.changed_fields
        classes, publish = self._classes, self._broker.publish
        told = b",".join(b"%d:%b" % (len(field), field) for field in fields)
        if "S" in classes:
            publish(b"__subkeyspace@%d__:%b" % (db.index, key), b"%b|%b" % (name, told))
        if "T" in classes:
            message = b"%d:%b|%b" % (len(key), key, told)
            publish(b"__subkeyevent@%d__:%b" % (db.index, name), message)
        if "I" in classes and b"\n" not in key:  # else nobody could tell where the key ends
            for field in fields:
                publish(b"__subkeyspaceitem@%d__:%b\n%b" % (db.index, key, field), name)
        if "V" in classes:
            publish(b"__subkeyspaceevent@%d__:%b|%b" % (db.index, name, key), told)

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        """FLUSHDB and SWAPDB publish nothing."""

    def key_created(self, db: Keyspace, key: bytes) -> None:
        if self._is_observing:
            self.key_changed(db, "new", key)

    def value_replaced(self, db: Keyspace, key: bytes, old: bytes, new: bytes) -> None:
        """A value of one type has taken, or takes, the place of one of another, or of the same."""
        if self._is_observing:
            self.key_changed(db, "overwritten", key)
            if old != new:
                self.key_changed(db, "type_changed", key)

    def key_missed(self, db: Keyspace, key: bytes) -> None:
        """A look-up found nothing."""
        running = self.running
        if self.tells_misses and running is not None and db is running.db and _reads(running, key):
            self.key_changed(db, "keymiss", key)

    @staticmethod
    def _order(running: Context, event: str) -> None:
        """Put the reply of the running command before its event, where Redis does."""
        name = running.command.name
        late = TOLD_AFTER_REPLY.get(name, frozenset())
        if name == "set" and b"GET" in map(keyword, running.argv[3:]):
            late = TOLD_AFTER_SET_GET
        if name == "sinterstore" and event == "del" and _has_all_sources(running):
            late = frozenset({"del"})
        if event in late:
            running.answer_here()


def _has_all_sources(running: Context) -> bool:
    """Whether all of SINTERSTORE's sets exist: only then does Redis reply before the event."""
    destination, *sources = running.argv[1:]
    return all(key == destination or running.db.stored(key) for key in sources)


def _reads(running: Context, key: bytes) -> bool:
    """Whether the running command looks a key up in order to read it."""
    command, argv = running.command, running.argv
    if "readonly" in command.flags:
        if command.name == "scan":  # what it walks over it looks up only to learn its type
            return b"TYPE" in map(keyword, argv[2:])
        return command.name not in _NEVER_MISS and "|" not in command.name
    if command.name in ("sort", "migrate"):  # BY and GET read keys that no word names
        return True
    if command.name == "set":
        return b"GET" in map(keyword, argv[3:])
    read = WRITERS_THAT_READ.get(command.name)
    return read is not None and key in argv[read]


class AnnouncingKeyspace(Keyspace):
    """A keyspace that also reports new and replaced keys, and look-ups that find nothing."""

    __slots__ = ()

    def _insert(self, key: bytes, value: Value) -> None:
        super()._insert(key, value)
        self.announcer.key_created(self, key)

    def _kind(self, key: bytes) -> bytes | None:
        return kind_of(self._values[key]) if self.is_living(key) else None

    def _note_replaced(self, key: bytes) -> None:
        """Before the value at key goes, or another one takes its place: the next touch tells."""
        old = self._kind(key)
        self.announcer.replaced = None if old is None else (key, old)

    def put(self, key: bytes, value: Value, *, keep_deadline: bool = False) -> None:
        self._note_replaced(key)
        super().put(key, value, keep_deadline=keep_deadline)

    def remove_stored(self, key: bytes) -> bool:
        self._note_replaced(key)
        return super().remove_stored(key)

    def store(self, key: bytes, value: String) -> None:
        old = self._kind(key)
        if old is not None:
            self.announcer.value_replaced(self, key, old, kind_of(value))
        super().store(key, value)

    def place(self, key: bytes, value: Value, deadline_ms: int | None) -> None:
        """A placed key is always new: Redis deletes what was there first."""
        if key in self._values:
            self._note_replaced(key)
        replaced = self.announcer.replaced  # or removed just before
        self.delete_quietly(key)
        super().place(key, value, deadline_ms)
        self.announcer.replaced = replaced

    def touch(self, key: bytes, event: str, changes: int = 1, fields: Sequence[bytes] = ()) -> None:
        replaced = self.announcer.replaced
        if replaced is None or replaced[0] != key:
            super().touch(key, event, changes, fields)
            return
        self.announcer.replaced = None
        if event in _REPLACING:
            self.announcer.value_replaced(self, key, replaced[1], kind_of(self._values[key]))
        super().touch(key, event, changes, fields)
        if event in _REPLACING_DELETED:
            self.announcer.value_replaced(self, key, replaced[1], kind_of(self._values[key]))

    def get(self, key: bytes) -> Value | None:
        value = super().get(key)
        if value is None:
            self.announcer.key_missed(self, key)
        return value

    def peek(self, key: bytes) -> Value | None:
        value = super().peek(key)
        if value is None:
            self.announcer.key_missed(self, key)
        return value

    def string(self, key: bytes) -> String | None:
        value = super().string(key)
        if value is None:
            self.announcer.key_missed(self, key)
        return value

    def hash(self, key: bytes) -> Hash | None:
        return self.collection(key, Hash)

    def collection(self, key: bytes, kind: type[Held]) -> Held | None:
        value = super().collection(key, kind)
        if value is None:
            self.announcer.key_missed(self, key)
        return value

    def __contains__(self, key: bytes) -> bool:
        is_there = super().__contains__(key)
        if not is_there:
            self.announcer.key_missed(self, key)
        return is_there
