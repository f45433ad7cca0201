"""What a key can hold: a string, a hash, a set, or a list that SORT stored.

A string is ``bytes``; one that was edited in place (APPEND, SETRANGE) is a ``bytearray``, which is
Redis's "raw" encoding and makes appending cheap. ``Hash`` and ``Set`` are Python's own dict and set
plus what Redis promises beyond them: a scan order, a fair random choice, and the name of an
encoding, which Redis changes once and never changes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias, TypeVar, overload

from ..numeric import maybe_int
from ..reply import StringMap, StringSet
from .fielddeadlines import FieldDeadlines
from .roster import Roster

#: ``OBJ_ENCODING_EMBSTR_SIZE_LIMIT``: longer strings are "raw".
EMBEDDED_STRING_BYTES = 44


@dataclass(slots=True)
class EncodingLimits:
    """Up to what size a collection has its compact encoding: Redis's ``*-max-*`` settings."""

    hash_entries: int = 512
    hash_value_bytes: int = 64
    intset_entries: int = 512


class Hash(StringMap):
    """Fields and their values. Fields are added with ``assign`` and removed with ``drop``.

    When its first field gets a deadline the object turns into a ``VolatileHash``, and when the last
    deadline is gone, back into a ``Hash``: so hashes without deadlines pay nothing for them.
    """

    #: Only a VolatileHash sets ``deadlines``; the slot is here because both need the same layout.
    __slots__ = ("deadlines", "is_table", "limits", "roster")

    deadlines: FieldDeadlines

    def __init__(self, limits: EncodingLimits) -> None:
        self.limits = limits
        self.roster: Roster | None = None
        self.is_table = False
        self.written = None

    def assign(self, field: bytes, value: bytes, *, keep_deadline: bool = False) -> bool:
        """Set one field, and clear its deadline unless told to keep it; true if it is new."""
        is_new = field not in self
        if is_new and self.roster is not None:
            self.roster.add(field)
        self[field] = value
        self.written = None
        if not self.is_table:
            self._outgrow(field, value)
        return is_new

    def _outgrow(self, field: bytes, value: bytes) -> None:
        limits = self.limits
        longest = limits.hash_value_bytes
        if len(value) > longest or len(field) > longest or len(self) > limits.hash_entries:
            self.is_table = True

    def drop(self, field: bytes) -> bool:
        """Remove one field; false if there was none."""
        if self.pop(field, None) is None:
            return False
        self.written = None
        if self.roster is not None:
            self.roster.remove(field, self)
        return True

    def duplicate(self) -> Hash:
        twin = Hash(self.limits)
        twin.update(self)
        twin.is_table = self.is_table
        return twin

    @property
    def encoding(self) -> bytes:
        return b"hashtable" if self.is_table else b"listpack"

    def deadline_ms(self, field: bytes) -> int | None:
        """When a field is due, in Unix milliseconds."""
        return None

    def set_deadline(self, field: bytes, deadline_ms: int) -> None:
        """Give an existing field a deadline. Commands call ``Keyspace.set_field_deadline``.

        As in Valkey, the compact encoding has no room for deadlines, and does not come back.
        """
        self.is_table = True
        self.deadlines = FieldDeadlines()
        self.deadlines.set(field, deadline_ms)
        self._become(VolatileHash)

    def _become(self, kind: type[Hash]) -> None:
        self.__class__ = kind

    def clear_deadline(self, field: bytes) -> bool:
        """Take a field's deadline away; false if it had none."""
        return False


class VolatileHash(Hash):
    """A hash some of whose fields have deadlines.

    ``Keyspace`` removes the fields that are due before it hands a hash to anybody. A method that
    clears the last deadline turns the object back into a plain ``Hash`` while a caller may still
    hold this class's bound methods, so these call ``Hash`` by name and not ``super()``.
    """

    __slots__ = ()

    def assign(self, field: bytes, value: bytes, *, keep_deadline: bool = False) -> bool:
        is_new = Hash.assign(self, field, value)
        if not keep_deadline:
            self.clear_deadline(field)
        return is_new

    def drop(self, field: bytes) -> bool:
        dropped = Hash.drop(self, field)
        self.clear_deadline(field)
        return dropped

    def duplicate(self) -> Hash:
        twin = super().duplicate()
        for field, deadline_ms in self.deadlines.items():
            twin.set_deadline(field, deadline_ms)
        return twin

    def deadline_ms(self, field: bytes) -> int | None:
        return self.deadlines.get(field)

    def set_deadline(self, field: bytes, deadline_ms: int) -> None:
        self.deadlines.set(field, deadline_ms)

    def clear_deadline(self, field: bytes) -> bool:
        if not self.deadlines.clear(field):
            return False
        if not self.deadlines:
            del self.deadlines
            self._become(Hash)
        return True

    def drop_due(self, now_ms: int) -> list[bytes]:
        """Remove the fields that are past their deadlines, and return them."""
        dropped: list[bytes] = []
        while self.__class__ is VolatileHash:
            field = self.deadlines.next_due(now_ms)
            if field is None:
                break
            self.drop(field)
            dropped.append(field)
        return dropped


#: How many bytes an integer may have in an intset, where the widest decides for all.
INTSET_WIDTHS_BYTES = (2, 4, 8)


def intset_width_bytes(member: bytes) -> int:
    """How many bytes a member that is an integer needs."""
    number = int(member)
    # The complement of a negative number has the bits that its own form takes besides the sign.
    bits = (number if number >= 0 else ~number).bit_length() + 1
    return next(width for width in INTSET_WIDTHS_BYTES if bits <= width * 8)


class Set(StringSet):
    """Members. They are added with ``insert`` and removed with ``drop``."""

    __slots__ = ("is_table", "limits", "roster", "width_bytes")

    def __init__(self, limits: EncodingLimits) -> None:
        self.limits = limits
        self.roster: Roster | None = None
        self.is_table = False
        #: At least the width of integers that were removed: Redis's intset never becomes narrower,
        #: and DUMP shows its width.
        self.width_bytes = INTSET_WIDTHS_BYTES[0]

    def insert(self, members: Sequence[bytes]) -> int:
        """Add members, and return how many of them are new."""
        held = len(self)
        if self.roster is None:
            self.update(members)
        else:
            for member in members:
                if member not in self:
                    self.add(member)
                    self.roster.add(member)
        if not self.is_table:
            self._outgrow(members)
        return len(self) - held

    def _outgrow(self, members: Iterable[bytes]) -> None:
        if len(self) > self.limits.intset_entries or any(maybe_int(m) is None for m in members):
            self.is_table = True

    def drop(self, member: bytes) -> bool:
        """Remove one member; false if there was none."""
        if member not in self:
            return False
        self.discard(member)
        if not self.is_table:
            self.width_bytes = max(self.width_bytes, intset_width_bytes(member))
        if self.roster is not None:
            self.roster.remove(member, self)
        return True

    def in_order(self) -> list[bytes]:
        """The members in Redis's order: by value as long as all are integers."""
        return list(self) if self.is_table else sorted(self, key=int)

    def duplicate(self) -> Set:
        twin = Set(self.limits)
        twin.update(self)
        twin.is_table = self.is_table
        twin.width_bytes = self.width_bytes
        return twin

    @property
    def encoding(self) -> bytes:
        return b"hashtable" if self.is_table else b"intset"


class List(list[bytes]):
    """A list that SORT ... STORE or RESTORE made. No command changes one."""

    __slots__ = ()

    encoding = b"quicklist"

    def duplicate(self) -> List:
        return List(self)


class Unread(bytes):
    """A string that INCRBYFLOAT stored: its encoding is never "int", even if it looks like one.

    Redis looks for integers in what clients send, and not in what it writes itself.
    """

    __slots__ = ()


class Unshared(bytes):
    """An integer that COPY made: Redis, which shares the small ones, makes a new one of it."""

    __slots__ = ()


String: TypeAlias = bytes | bytearray
Collection: TypeAlias = Hash | Set
Value: TypeAlias = String | Collection | List

#: A class of values that can be asked for in a look-up.
Held = TypeVar("Held", bound=Hash | Set | List)


def kind_of(value: Value) -> bytes:
    """The type's name, as TYPE answers it."""
    if isinstance(value, Hash):
        return b"hash"
    if isinstance(value, List):
        return b"list"
    return b"set" if isinstance(value, Set) else b"string"


def encoding_of(value: Value) -> bytes:
    """The encoding's name, as OBJECT ENCODING answers it in Redis 7.0."""
    if isinstance(value, Collection | List):
        return value.encoding
    if isinstance(value, bytearray):
        return b"raw"
    if not isinstance(value, Unread) and maybe_int(value) is not None:
        return b"int"
    return b"embstr" if len(value) <= EMBEDDED_STRING_BYTES else b"raw"


@overload
def copy_of(value: Collection) -> Collection: ...
@overload
def copy_of(value: bytearray) -> bytearray: ...
@overload
def copy_of(value: Collection | bytearray) -> Collection | bytearray: ...
@overload
def copy_of(value: Value) -> Value: ...
def copy_of(value: Value) -> Value:
    """A copy that shares nothing with the original."""
    if isinstance(value, bytes):
        return Unshared(value) if encoding_of(value) == b"int" else value
    if isinstance(value, bytearray):
        return bytearray(value)
    return value.duplicate()


def names_in(owner: Collection) -> Roster:
    """The collection's roster, built on first use and maintained from then on."""
    if owner.roster is None:
        owner.roster = Roster(owner)
    return owner.roster


def pick(owner: Collection, random: Random) -> bytes:
    """One field or member, each with the same probability."""
    return names_in(owner).choose(owner, random)


def pick_distinct(owner: Collection, count: int, random: Random) -> list[bytes]:
    """Up to ``count`` different fields or members, in random order.

    As in Redis, all that there are come as they stand, and so do the fields of a small hash.
    """
    if count >= len(owner):
        return owner.in_order() if isinstance(owner, Set) else list(owner)
    if isinstance(owner, Hash) and not owner.is_table:
        places = sorted(random.sample(range(len(owner)), count))
        names = list(owner)
        return [names[at] for at in places]
    if count * 3 > len(owner):
        return random.sample(list(owner), count)
    chosen: dict[bytes, None] = {}
    while len(chosen) < count:
        chosen[pick(owner, random)] = None
    return list(chosen)


def pick_repeatedly(owner: Collection, count: int, random: Random) -> Iterator[bytes]:
    """``count`` fields or members, repeats allowed."""
    roster = names_in(owner)
    return (roster.choose(owner, random) for _ in range(count))
