"""One numbered database: keys, their values and their deadlines.

Every effect goes through here, so the change count, WATCH, keyspace events and the rule that an
empty collection does not exist are stated once. Handlers look a value up, change it, and ``touch``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..clock import Moment
from ..errors import WrongType
from .expiry import Wheel
from .roster import Roster
from .values import EncodingLimits, Hash, Held, Set, String, Unread, Unshared, Value, VolatileHash

if TYPE_CHECKING:
    from ..eviction.accesses import Accesses
    from ..messages.notifications import Notifier
    from ..pause import Pause

C = TypeVar("C", Hash, Set)


class Observer(Protocol):
    """What is told of changes: WATCH, notifications, client tracking, the memory ledger."""

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        """``event`` is Redis's name for the change, as keyspace notifications publish it.

        Of a hash, ``db.changed_fields`` names what was changed, where that is known.
        """
        ...

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        """All keys are about to go (FLUSHDB), or to be exchanged ``by`` another's (SWAPDB)."""
        ...


class LookupObserver(Protocol):
    """What counts look-ups that find nothing: see ``observing/lookups.py``."""

    def miss(self) -> None: ...
    def find_unusable(self) -> None: ...


class _NobodyCounts:
    """For a database that belongs to no server."""

    def miss(self) -> None: ...
    def find_unusable(self) -> None: ...


#: Newer Redis gives up after as many.
MAX_TRIES_FOR_A_LIVING_KEY = 100

#: What SWAPDB exchanges.
_CONTENTS = ("_values", "_deadlines_ms", "_wheel", "_field_wheel", "_roster", "_volatile_names")


class Keyspace:
    """The keys of one database.

    A key lives through the millisecond of its deadline (``now > deadline`` is gone), yet a deadline
    that is already here when it is set deletes at once: both as in Redis.
    """

    __slots__ = (
        "_deadlines_ms",
        "_field_wheel",
        "_limits",
        "_moment",
        "_roster",
        "_values",
        "_volatile_names",
        "_wheel",
        "accesses",
        "announcer",
        "changed_fields",
        "changes",
        "expired",
        "expired_fields",
        "index",
        "lookups",
        "observers",
        "pause",
        "recorder",
    )

    def __init__(self, index: int, moment: Moment, limits: EncodingLimits) -> None:
        self.index = index
        #: Number of changes since start: Redis's ``dirty``.
        self.changes = 0
        #: Number of keys whose deadline passed.
        self.expired = 0
        #: Number of fields of hashes whose deadline passed.
        self.expired_fields = 0
        self.observers: list[Observer] = []
        #: While observers are told of a change to a hash: its fields that were changed.
        self.changed_fields: Sequence[bytes] = ()
        self._moment = moment
        self._limits = limits
        self._values: dict[bytes, Value] = {}
        self._deadlines_ms: dict[bytes, int] = {}
        self._wheel = Wheel()
        #: The hashes that have fields with deadlines, by the earliest of these.
        self._field_wheel = Wheel()
        self._roster: Roster | None = None
        #: The names that random_volatile_key draws from.
        self._volatile_names: list[bytes] = []
        #: Counts look-ups that find nothing.
        self.lookups: LookupObserver = _NobodyCounts()
        # Set by whoever interposes a subclass; see ``interpose``.
        #: When or how often keys were used, and what records it: ``eviction/accesses.py``.
        self.accesses: dict[bytes, int]
        self.recorder: Accesses
        #: Told of new and of missing keys: ``messages/notifications.py``.
        self.announcer: Notifier
        #: Whether keys past their deadlines must stay: ``pause.py``.
        self.pause: Pause

    def interpose(self, kind: type[Keyspace]) -> None:
        """Act like the subclass ``kind`` from now on, besides those interposed before.

        Few servers need what these add to every look-up (recording of uses, events for misses,
        CLIENT PAUSE), so it costs nothing until it is needed: then the object changes its class.
        """
        mine = self.__class__
        if mine is Keyspace:
            self.__class__ = kind
        elif not issubclass(mine, kind):
            self.__class__ = type(kind.__name__, (kind, mine), {"__slots__": ()})

    # --- looking up -------------------------------------------------------------------------------

    def get(self, key: bytes) -> Value | None:
        """The living value at key, of whatever type."""
        if key in self._deadlines_ms and self._is_due(key):
            self._expire(key)
        value = self._values.get(key)
        if value is None:
            self.lookups.miss()
            return None
        return self._without_due(key, value) if value.__class__ is VolatileHash else value

    #: The same, without counting as a use of the key: for TYPE, OBJECT...
    peek = get

    def stored(self, key: bytes) -> Value | None:
        """The value at key, past its deadline or not: for observers."""
        return self._values.get(key)

    def string(self, key: bytes) -> String | None:
        """The string at key, or None. Raises WrongType."""
        if key in self._deadlines_ms and self._is_due(key):
            self._expire(key)
        value = self._values.get(key)
        if value.__class__ is bytes or isinstance(value, bytearray):
            return value
        if isinstance(value, Unread | Unshared):
            return bytes(value)
        self._not_found(value)
        return None

    def collection(self, key: bytes, kind: type[Held]) -> Held | None:
        """The hash, set or list at key, or None. Raises WrongType."""
        if key in self._deadlines_ms and self._is_due(key):
            self._expire(key)
        value: Any = self._values.get(key)  # mypy cannot follow __class__
        if value.__class__ is kind:
            return value
        if value.__class__ is VolatileHash and kind is Hash:
            return self._without_due(key, value)  # type: ignore[return-value]  # a Hash
        self._not_found(value)
        return None

    def _not_found(self, instead: Value | None) -> None:
        """A look-up found nothing, or something of another type: then this raises WrongType."""
        if instead is None:
            self.lookups.miss()
            return
        self.lookups.find_unusable()
        raise WrongType

    def hash(self, key: bytes) -> Hash | None:
        """The hash at key, or None. Raises WrongType. Written out, because it is so frequent."""
        if key in self._deadlines_ms and self._is_due(key):
            self._expire(key)
        value = self._values.get(key)
        return value if value.__class__ is Hash else self.collection(key, Hash)

    def set(self, key: bytes) -> Set | None:
        return self.collection(key, Set)

    def get_or_create(self, key: bytes, kind: type[C]) -> C:
        """The collection at key, or a new one: put something in it, then ``touch``."""
        value = self.collection(key, kind)
        if value is None:
            value = kind(self._limits)
            self._insert(key, value)
        return value

    def __contains__(self, key: bytes) -> bool:
        if key in self._deadlines_ms and self._is_due(key):
            self._expire(key)
        return key in self._values

    def look_up(self, key: bytes) -> bool:
        """Whether a key is there: like ``in``, but it counts as a use of the key."""
        return key in self

    def __len__(self) -> int:
        """How many keys there are; as in Redis, one past its deadline counts until it is found."""
        return len(self._values)

    @property
    def with_deadline(self) -> int:
        """How many keys have a deadline."""
        return len(self._deadlines_ms)

    def average_ttl_ms(self) -> int:
        """The mean time left of keys with a deadline, from a sample."""
        sample = list(islice(self._deadlines_ms.values(), 64))
        now_ms = self._moment.ms
        return sum(max(0, d - now_ms) for d in sample) // len(sample) if sample else 0

    def is_living(self, key: bytes) -> bool:
        """Whether a key is there and not past its deadline. Removes none: KEYS does not, either."""
        return key in self._values and not (key in self._deadlines_ms and self._is_due(key))

    def living_keys(self) -> list[bytes]:
        """Every living key."""
        return list(filter(self.is_living, self._values))

    # --- changing ---------------------------------------------------------------------------------

    def put(self, key: bytes, value: Value, *, keep_deadline: bool = False) -> None:
        """Replace whatever is at key. The caller touches.

        A deadline that has passed is not kept: the new value would be gone like the old one.
        """
        values = self._values
        if key in self._deadlines_ms and (not keep_deadline or self._is_due(key)):
            self._drop_deadline(key)
        if key in values:
            values[key] = value
        else:
            self._insert(key, value)

    def edit(self, key: bytes, value: Value) -> None:
        """Give a key that was just read another value, keeping its deadline. The caller touches."""
        self.put(key, value, keep_deadline=True)

    def store(self, key: bytes, value: String) -> None:
        """SET: put a string without a deadline, and touch. In one step: it is frequent."""
        values = self._values
        if key in self._deadlines_ms:
            self._drop_deadline(key)
        if key in values:
            values[key] = value
        else:
            self._insert(key, value)  # which may be that of a subclass
        self.changes += 1
        if self.observers:
            self._tell("set", key)

    def rewrite(self, key: bytes, value: String, event: str) -> None:
        """INCR: replace a string, keeping its deadline, and touch. In one step, too."""
        values = self._values
        if key in values:
            values[key] = value
        else:
            self._insert(key, value)
        self.changes += 1
        if self.observers:
            self._tell(event, key)

    def _drop_deadline(self, key: bytes) -> None:
        """Before a value is replaced: drop its deadline, or the key itself if that has passed."""
        if self._is_due(key):
            self._expire(key)
        else:
            del self._deadlines_ms[key]

    def touch(self, key: bytes, event: str, changes: int = 1, fields: Sequence[bytes] = ()) -> None:
        """Record a change to the value at key, or to some fields, under its Redis event name.

        This is the one place where a collection that was left empty stops existing.
        """
        self.changes += changes
        if self.observers:
            self.changed_fields = fields
            self._tell(event, key)
            self.changed_fields = ()
        value = self._values.get(key)
        if not value and isinstance(value, Hash | Set):
            self._remove(key)
            self._tell("del", key)

    def _tell(self, event: str, key: bytes) -> None:
        for observer in self.observers:
            observer.key_changed(self, event, key)

    def delete(self, key: bytes, event: str = "del") -> bool:
        """Remove a key; false when there was none."""
        if key not in self:
            return False
        self._remove(key)
        self.touch(key, event)
        return True

    def delete_quietly(self, key: bytes) -> None:
        """Remove a key without an event, to make room for a value that takes its place."""
        if key in self:
            self._remove(key)

    def remove_stored(self, key: bytes) -> bool:
        """Remove whatever is at key, past its deadline or not. The caller touches, if it was so."""
        if key not in self._values:
            return False
        self._remove(key)
        return True

    def delete_stored(self, key: bytes) -> None:
        """``remove_stored``, and touch: for a result that is empty, and leaves no key."""
        if self.remove_stored(key):
            self.touch(key, "del")

    def take(self, key: bytes) -> tuple[Value, int | None] | None:
        """Remove a key without an event, and return its value and deadline: RENAME, MOVE."""
        if key not in self:
            return None
        value, deadline_ms = self._values[key], self._deadlines_ms.get(key)
        self._remove(key)
        return value, deadline_ms

    def place(self, key: bytes, value: Value, deadline_ms: int | None) -> None:
        """Replace whatever is at key by a value and its deadline. The caller touches.

        That deadline may be the current millisecond: a key lives through it, whatever its name.
        """
        self.put(key, value)
        if deadline_ms is not None:
            self.impose_deadline(key, deadline_ms)
        earliest_ms = self._earliest_field_ms(key)
        if earliest_ms is not None:
            self._field_wheel.file(key, earliest_ms)

    def clear(self) -> int:
        """Remove every key, and return how many there were."""
        for observer in self.observers:
            observer.keys_replaced(self, None)
        removed = len(self._values)
        self.changes += removed
        self._values, self._deadlines_ms, self._roster = {}, {}, None
        self._volatile_names = []
        self._wheel.clear()
        self._field_wheel.clear()
        return removed

    def swap_contents(self, other: Keyspace) -> None:
        """Exchange everything but the number with another database."""
        for db, by in ((self, other), (other, self)):
            for observer in db.observers:
                observer.keys_replaced(db, by)
        for name in _CONTENTS:
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, theirs)
            setattr(other, name, mine)

    # --- deadlines --------------------------------------------------------------------------------

    def deadline_ms(self, key: bytes) -> int | None:
        """The deadline of a living key, in Unix milliseconds."""
        return self._deadlines_ms.get(key) if key in self else None

    def has_deadline(self, key: bytes) -> bool:
        """Whether a key has a deadline, even one that has passed."""
        return key in self._deadlines_ms

    def set_deadline(self, key: bytes, deadline_ms: int) -> bool:
        """EXPIRE: give a key a deadline, and touch, in one step.

        False if the deadline has come already; then the key is deleted.
        """
        now_ms = self._moment.read_ms
        if deadline_ms <= (self._moment.ms if now_ms is None else now_ms):
            self.delete(key)
            return False
        self._deadlines_ms[key] = deadline_ms
        self._wheel.file(key, deadline_ms)
        self.changes += 1
        if self.observers:
            self._tell("expire", key)
        return True

    def impose_deadline(self, key: bytes, deadline_ms: int) -> None:
        """Give a key a deadline, even one that has passed: then the next look-up expires it."""
        self._deadlines_ms[key] = deadline_ms
        self._wheel.file(key, deadline_ms)

    def clear_deadline(self, key: bytes) -> bool:
        """Take a key's deadline away; false if it had none. The caller touches."""
        return self._deadlines_ms.pop(key, None) is not None

    def expire_one(self) -> bool:
        """Remove one key past its deadline, or such fields of one hash; false if there are none."""
        key = self._wheel.take_due(self._moment.ms, self._deadlines_ms.get)
        if key is not None:
            self._expire(key)
        return key is not None or self._expire_fields_of_one()

    def _is_due(self, key: bytes) -> bool:
        now_ms = self._moment.read_ms
        return self._deadlines_ms[key] < (self._moment.ms if now_ms is None else now_ms)

    def _expire(self, key: bytes) -> None:
        self._remove(key)
        self.expired += 1
        self.touch(key, "expired", changes=0)

    # --- deadlines of fields ----------------------------------------------------------------------

    def set_field_deadline(self, key: bytes, field: bytes, deadline_ms: int) -> None:
        """Give a field that is in the hash at key a deadline. The caller touches."""
        fields = self._values[key]
        assert isinstance(fields, Hash)  # noqa: S101  # whoever calls has it in hand
        fields.set_deadline(field, deadline_ms)
        self._field_wheel.file(key, deadline_ms)

    @property
    def with_field_deadlines(self) -> int:
        """How many hashes have fields with deadlines."""
        return sum(
            self._values.get(key).__class__ is VolatileHash for key in self._field_wheel.filed()
        )

    def _expire_fields_of_one(self) -> bool:
        key = self._field_wheel.take_due(self._moment.ms, self._earliest_field_ms)
        if key is None:
            return False
        self.peek(key)
        earliest_ms = self._earliest_field_ms(key)
        if earliest_ms is not None:
            self._field_wheel.file(key, earliest_ms)
        return True

    def _earliest_field_ms(self, key: bytes) -> int | None:
        fields = self._values.get(key)
        return fields.deadlines.earliest_ms() if isinstance(fields, VolatileHash) else None

    def _without_due(self, key: bytes, fields: VolatileHash) -> VolatileHash | None:
        """The hash at key without the fields that are past their deadlines, if any are left.

        Like keys they go when somebody looks. CLIENT PAUSE keeps keys, but not fields.
        """
        dropped = fields.drop_due(self._moment.ms)
        if dropped:
            self.expired_fields += len(dropped)
            self.touch(key, "hexpired", changes=len(dropped), fields=dropped)
        return fields or None

    # --- order ------------------------------------------------------------------------------------

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """Keys below a scan cursor, expired ones possibly among them; see ``roster``."""
        return self._names().scan(cursor, count, self._values)

    def random_key(self, random: Random) -> bytes | None:
        """A living key, each with the same probability.

        While CLIENT PAUSE keeps keys that are due, there may be no others. Then, after some tries,
        it is one of those, as in newer Redis and Valkey; Redis 7.0 loops for ever.
        """
        tries_left = MAX_TRIES_FOR_A_LIVING_KEY
        while self._values:
            key = self._names().choose(self._values, random)
            if key in self:
                return key
            tries_left -= key in self._values
            if not tries_left:
                return key
        return None

    def random_volatile_key(self, random: Random) -> bytes | None:
        """A living key that has a deadline.

        It is drawn from a list that is rebuilt when it has shrunk to less than half of the keys
        with deadlines. A key that got its deadline in the meantime has to wait for that.
        """
        while self._deadlines_ms:
            if 2 * len(self._volatile_names) < len(self._deadlines_ms):
                self._volatile_names = list(self._deadlines_ms)
            names = self._volatile_names
            at = int(random.random() * len(names))
            key = names[at]
            if key in self._deadlines_ms and key in self:
                return key
            names[at] = names[-1]
            names.pop()
        return None

    def _names(self) -> Roster:
        if self._roster is None:
            self._roster = Roster(self._values)
        return self._roster

    def _insert(self, key: bytes, value: Value) -> None:
        self._values[key] = value
        if self._roster is not None:
            self._roster.add(key)

    def _remove(self, key: bytes) -> None:
        del self._values[key]
        self._deadlines_ms.pop(key, None)
        if self._roster is not None:
            self._roster.remove(key, self._values)

    # --- inspection -------------------------------------------------------------------------------

    def stored_items(self, *, newest_first: bool = False) -> Iterator[tuple[bytes, Value]]:
        """Every key and its value, past its deadline or not, in the order they were added."""
        return reversed(self._values.items()) if newest_first else iter(self._values.items())

    def items(self) -> Iterator[tuple[bytes, Value]]:
        """Every living key and its value."""
        for key in self.living_keys():
            yield key, self._values[key]

    def check(self) -> None:
        """Assert what must hold after every command; for tests."""
        assert self._deadlines_ms.keys() <= self._values.keys()  # noqa: S101  # our own invariant
        assert all(v or isinstance(v, String) for v in self._values.values())  # noqa: S101  # same
