"""Names in the order in which they were added: what SCAN walks, and random choices draw from.

A Python dict can neither be entered in the middle nor asked for its n-th key. A roster adds both,
and is built only when the first SCAN or random choice needs it. It is a log: names are appended and
never moved, and each entry has a serial number that survives compaction.

A scan walks from the newest entry to the oldest, and its cursor is a serial number: continue below
it. So a cursor needs no memory on the server, never goes stale, and a scan ends however many names
are added meanwhile; a name that is there during the whole scan keeps its entry and is returned.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Container, Iterable, Sized
from random import Random
from typing import Protocol

#: With fewer dead entries than this, compaction is not worth a pass.
_COMPACT_FROM = 64
#: Redis, too, stops after this many steps for each element asked for.
_STEPS_PER_ELEMENT = 10


class Names(Container[bytes], Sized, Protocol):
    """The living names: the dict or set that the roster belongs to."""


class Roster:
    """The entries of one collection. The collection tells it of every name added and removed."""

    __slots__ = ("_names", "_newest", "_next_serial", "_removed", "_serials")

    def __init__(self, names: Iterable[bytes]) -> None:
        self._names = list(names)
        self._next_serial = len(self._names) + 1
        self._serials = array("Q", range(1, self._next_serial))
        #: Names that were removed and still have an entry.
        self._removed: set[bytes] = set()
        #: Of a name that came back before its old entry was compacted away, the serial that counts.
        self._newest: dict[bytes, int] = {}

    def add(self, name: bytes) -> None:
        if name in self._removed:
            self._removed.remove(name)
            self._newest[name] = self._next_serial
        self._names.append(name)
        self._serials.append(self._next_serial)
        self._next_serial += 1

    def remove(self, name: bytes, living: Names) -> None:
        """Forget a name that has just left the living ones."""
        self._removed.add(name)
        dead = len(self._names) - len(living)
        if dead > _COMPACT_FROM and dead > len(living):
            self._compact(living)

    def scan(self, cursor: int, count: int, living: Names) -> tuple[int, list[bytes]]:
        """The next ``count`` living names below the cursor, and the cursor to go on with.

        Cursor 0 starts a scan, and is returned when there is no more.
        """
        names = self._names
        found: list[bytes] = []
        at = bisect_left(self._serials, cursor) if cursor else len(names)
        stop = max(0, at - count * _STEPS_PER_ELEMENT)
        while at > stop and len(found) < count:
            at -= 1
            if names[at] in living and self._counts(at):
                found.append(names[at])
        return (self._serials[at] if at else 0), found

    def choose(self, living: Names, random: Random) -> bytes:
        """A living name, each with the same probability. There must be one."""
        names = self._names
        while True:
            at = int(random.random() * len(names))
            if names[at] in living and self._counts(at):
                return names[at]

    def _counts(self, at: int) -> bool:
        """Whether an entry is the one that its name has, and not left from an earlier stay."""
        serial = self._serials[at]
        return self._newest.get(self._names[at], serial) == serial

    def _compact(self, living: Names) -> None:
        """Keep the newest entry of every living name, in order, with its serial."""
        kept: dict[bytes, int] = {}
        for name, serial in zip(reversed(self._names), reversed(self._serials), strict=True):
            if name in living:
                kept.setdefault(name, serial)
        self._names = list(reversed(kept))
        self._serials = array("Q", reversed(kept.values()))
        self._removed.clear()
        self._newest.clear()
