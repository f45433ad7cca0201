"""Lua's hash of a key, which decides where it stands in its table, and so when its turn comes.

A hash is kept as one number that also tells how a place follows from it: strings and booleans take
its lowest bits; numbers, and what Lua hashes by its address, take a remainder, and are kept as the
complement of theirs, which is negative.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import groupby
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
#: Fewer strings of one length are hashed one by one.
_MANY = 4
#: What each hash takes where many stand in one number: as many bits as its shift to the left has.
_LANE_BYTES = 5
_HALVES = struct.Struct("<II")
_DOUBLE = struct.Struct("<d")
_32_BITS = 0xFFFFFFFF
#: Is no hash: it is beyond 32 bits.
NO_HASH = -1 << 40

_known: dict[bytes, int] = {}


def hash_of(key: Any) -> int:
    """The hash of a key; ``NO_HASH`` for one that Lua hashes by its address, or too long a one."""
    if key.__class__ is bytes:
        return _known.get(key) or _hashes_of_strings((key,))[0]
    if key.__class__ is float:
        return _hash_of_number(key)
    if key is TRUE_KEY:
        return 1
    return 0 if key is FALSE_KEY else NO_HASH


def hashes_of(keys: Sequence[Any]) -> list[int]:
    """The same of many keys, in less time if all are strings."""
    if set(map(type, keys)) == {bytes}:
        return _hashes_of_strings(keys)
    return [hash_of(key) for key in keys]


def _hash_of_number(number: float) -> int:
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


def places_of(hashes: Sequence[int], size: int) -> list[int]:
    """The same of many hashes."""
    mask = size - 1
    return [hash_ & mask if hash_ >= 0 else ~hash_ % (mask | 1) for hash_ in hashes]


# --- strings --------------------------------------------------------------------------------------


def _hashes_of_strings(texts: Sequence[bytes]) -> list[int]:
    known = [_known.get(text, NO_HASH) for text in texts]
    if NO_HASH not in known:
        return known
    found: dict[bytes, int] = {}
    new = [text for text, hash_ in zip(texts, known, strict=True) if hash_ == NO_HASH]
    for length, alike in groupby(sorted(new, key=len), len):
        if length > MAX_HASHED_BYTES:
            break
        made = _hashes_of_alike(list(alike), length)
        found.update(made)
        if length <= _REMEMBERED_BYTES:
            _remember(made)
    return [
        found.get(text, NO_HASH) if hash_ == NO_HASH else hash_
        for text, hash_ in zip(texts, known, strict=True)
    ]


def _remember(found: dict[bytes, int]) -> None:
    if len(_known) + len(found) > _REMEMBERED_NAMES:
        _known.clear()
    if len(found) <= _REMEMBERED_NAMES:
        _known.update(found)


def _hashes_of_alike(texts: list[bytes], length: int) -> dict[bytes, int]:
    """The hashes of strings of one length."""
    if length > _BYTES_A_STEP:
        spend(length * len(texts) // _BYTES_A_STEP)
    if len(texts) < _MANY:
        return {text: _hash_of_string(text) for text in texts}
    return dict(zip(texts, _hashes_at_once(texts, length), strict=True))


def _hash_of_string(text: bytes) -> int:
    """All of it, from its end to its beginning. Lua itself leaves out bytes of a long one."""
    found = len(text)
    for byte in reversed(text):
        found ^= ((found << 5) + (found >> 2) + byte) & _32_BITS
    return found


def _hashes_at_once(texts: list[bytes], length: int) -> Sequence[int]:
    """The same of many strings: their hashes stand side by side in one long number.

    A shift to the left stays within the five bytes that each of them has; one to the right takes
    bits of its neighbour along, which come to stand above what is kept.
    """
    count = len(texts)
    kept = int.from_bytes((b"\xff" * 4 + bytes(_LANE_BYTES - 4)) * count, "little")
    found = int.from_bytes(length.to_bytes(_LANE_BYTES, "little") * count, "little")
    joined, lane = b"".join(texts), bytearray(_LANE_BYTES * count)
    for at in reversed(range(length)):
        lane[::_LANE_BYTES] = joined[at::length]
        found ^= ((found << 5) + (found >> 2) + int.from_bytes(lane, "little")) & kept
    hashes = found.to_bytes(len(lane), "little")
    wide = bytearray(8 * count)
    for at in range(4):
        wide[at::8] = hashes[at::_LANE_BYTES]
    return struct.unpack(f"<{count}q", wide)
