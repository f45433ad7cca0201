"""The fieldsets of one connection: names of fields that HIMPORT SET makes hashes of.

They last as long as their connection, so what they take counts as its memory.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

#: What a fieldset takes besides its name and its fields.
FIELDSET_BYTES = 256
#: What a field takes besides its own bytes: two pointers and a number.
FIELD_BYTES = 48


@dataclass(frozen=True, slots=True)
class Fieldset:
    """Which fields a hash gets, and which value each of them."""

    #: In Redis's order, the shorter first: HGETALL and others show it.
    fields: tuple[bytes, ...]
    #: For each field, the place of its value among the values of a request.
    places: tuple[int, ...]

    @classmethod
    def of(cls, fields: Sequence[bytes]) -> Fieldset:
        places = sorted(range(len(fields)), key=lambda at: (len(fields[at]), fields[at]))
        return cls(tuple(fields[at] for at in places), tuple(places))

    @property
    def held_bytes(self) -> int:
        return (
            FIELDSET_BYTES + FIELD_BYTES * len(self.fields) + sum(map(sys.getsizeof, self.fields))
        )


class Fieldsets:
    """Fieldsets by name, and the sum of what they take."""

    __slots__ = ("_by_name", "held_bytes")

    def __init__(self) -> None:
        self._by_name: dict[bytes, Fieldset] = {}
        self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._by_name)

    def get(self, name: bytes) -> Fieldset | None:
        return self._by_name.get(name)

    def prepare(self, name: bytes, fields: Sequence[bytes]) -> None:
        """Keep a fieldset, in place of one of the same name."""
        self.discard(name)
        self._by_name[name] = fieldset = Fieldset.of(fields)
        self.held_bytes += sys.getsizeof(name) + fieldset.held_bytes

    def discard(self, name: bytes) -> bool:
        """Forget a fieldset; false if there was none."""
        fieldset = self._by_name.pop(name, None)
        if fieldset is None:
            return False
        self.held_bytes -= sys.getsizeof(name) + fieldset.held_bytes
        return True
