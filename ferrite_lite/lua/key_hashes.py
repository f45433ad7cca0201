"""Lua's hash of a key, which decides where it stands in its table, and so when its turn comes.

A hash is kept as one number that also tells how a place follows from it: strings and booleans take
its lowest bits; numbers, and what Lua hashes by its address, take a remainder, and are kept as the
complement of theirs, which is negative.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any

from .budget import spend

#: Stand for true and false among the keys of a table: in Python, True equals 1.0.
TRUE_KEY, FALSE_KEY = object(), object()

#: Names of fields come again and again; longer strings are seldom keys twice.
_REMEMBERED_BYTES, _REMEMBERED_NAMES = 40, 4096
#: Nobody has seen a longer key, and a script could keep the server busy with a few of a megabyte.
MAX_HASHED_BYTES = 4096
#: Bytes that are hashed in the time of a step.
_BYTES_A_STEP = 16
_HALVES = struct.Struct("<II")
_DOUBLE = struct.Struct("<d")
_32_BITS = 0xFFFFFFFF


def hash_of(key: Any) -> int | None:
    """The hash of a key; None for one that Lua hashes by its address, and for too long a string."""
    if key.__class__ is bytes:
        if len(key) <= _REMEMBERED_BYTES:
            return _hash_of_name(key)
        return hash_of_string(key) if len(key) <= MAX_HASHED_BYTES else None
    if key.__class__ is float:
        return hash_of_number(key)
    if key is TRUE_KEY:
        return 1
    return 0 if key is FALSE_KEY else None


def hash_of_string(text: bytes) -> int:
    """All of it, from its end to its beginning. Lua itself leaves out bytes of a long one."""
    if len(text) > _BYTES_A_STEP:
        spend(len(text) // _BYTES_A_STEP)
    found = len(text)
    for byte in reversed(text):
        found ^= ((found << 5) + (found >> 2) + byte) & _32_BITS
    return found


_hash_of_name = lru_cache(_REMEMBERED_NAMES)(hash_of_string)


def hashes_of_names(keys: list[Any]) -> list[int]:
    """The hashes of many keys, if each is a name of a field; otherwise none at all."""
    if set(map(type, keys)) != {bytes} or max(map(len, keys)) > _REMEMBERED_BYTES:
        return []
    return list(map(_hash_of_name, keys))


def hash_of_number(number: float) -> int:
    """The sum of the halves of its eight bytes; zero stands first, whatever its sign."""
    if not number:
        return 0
    low: int
    high: int
    low, high = _HALVES.unpack(_DOUBLE.pack(number))
    return ~((low + high) & _32_BITS)


def place_of(hash_: int, size: int) -> int:
    """The main place of a hash among ``size`` places, a power of two."""
    return hash_ & (size - 1) if hash_ >= 0 else ~hash_ % ((size - 1) | 1)
