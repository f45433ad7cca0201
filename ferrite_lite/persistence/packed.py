"""Redis's packed collections: one string that holds many strings, or many integers.

``listpack`` and ``intset`` are what Redis writes today; ``ziplist`` and ``zipmap`` are what servers
before 7.0 and before 2.6 wrote. The bytes may come from anybody, so every length is checked before
it is used, as with ``sanitize-dump-payload yes``, and Corrupt is raised if anything does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ..data.values import INTSET_WIDTHS_BYTES
from ..numeric import maybe_int

_END = 0xFF
#: The count in a header when there are too many elements for two bytes.
_UNKNOWN_COUNT = 0xFFFF


class Corrupt(ValueError):
    """Not a packed collection, or one that no server wrote."""


def _part(data: bytes, start: int, size: int) -> bytes:
    """A part of the data, of exactly this size. Raises Corrupt."""
    part = data[start : start + size]
    if len(part) != size:
        raise Corrupt
    return part


def _unsigned(data: bytes, start: int, size: int) -> int:
    return int.from_bytes(_part(data, start, size), "little")


def _signed(data: bytes, start: int, size: int) -> int:
    return int.from_bytes(_part(data, start, size), "little", signed=True)


def _check_count(counted: int, told: int) -> None:
    if told not in (counted, _UNKNOWN_COUNT):
        raise Corrupt


# --- listpack -------------------------------------------------------------------------------------

_LISTPACK_HEADER_BYTES = 6
#: The first byte of an integer entry, and how many bytes the integer has.
_LISTPACK_INTEGERS = {0xF1: 2, 0xF2: 3, 0xF3: 4, 0xF4: 8}
_INT13_MIN, _INT13_MAX = -(2**12), 2**12 - 1


def write_listpack(elements: Iterable[bytes]) -> bytes:
    """Pack elements in order; as in Redis, those that look like integers are stored as such."""
    entries = [write_listpack_entry(element) for element in elements]
    body = b"".join(entries)
    size = _LISTPACK_HEADER_BYTES + len(body) + 1
    count = min(len(entries), _UNKNOWN_COUNT)
    return b"%b%b%b\xff" % (size.to_bytes(4, "little"), count.to_bytes(2, "little"), body)


def write_listpack_entry(element: bytes) -> bytes:
    number = maybe_int(element)
    entry = _string_entry(element) if number is None else _integer_entry(number)
    return entry + _back_length(len(entry))


def _string_entry(element: bytes) -> bytes:
    size = len(element)
    if size < 1 << 6:
        return bytes((0x80 | size,)) + element
    if size < 1 << 12:
        return bytes((0xE0 | size >> 8, size & 0xFF)) + element
    return b"\xf0" + size.to_bytes(4, "little") + element


def _integer_entry(number: int) -> bytes:
    if 0 <= number < 1 << 7:
        return bytes((number,))
    if _INT13_MIN <= number <= _INT13_MAX:
        number &= 0x1FFF
        return bytes((0xC0 | number >> 8, number & 0xFF))
    for first, size in _LISTPACK_INTEGERS.items():
        if -(1 << size * 8 - 1) <= number < 1 << size * 8 - 1:
            return bytes((first,)) + number.to_bytes(size, "little", signed=True)
    raise AssertionError("an integer of more than 64 bits")


def _back_length(size: int) -> bytes:
    """An entry's size, stored behind it for walking backwards: 7 bits a byte, the lowest last."""
    # Redis's limits: those of two, three and four bytes are one less than would fit.
    septets = 1 + (size > 127) + (size >= 16383) + (size >= 2097151) + (size >= 268435455)
    parts = [size >> 7 * at & 0x7F | 0x80 for at in reversed(range(septets))]
    parts[0] &= 0x7F
    return bytes(parts)


def read_listpack(data: bytes) -> list[bytes]:
    """The elements, integers spelt out. Raises Corrupt."""
    _check_frame(data, _LISTPACK_HEADER_BYTES)
    elements = []
    at, end = _LISTPACK_HEADER_BYTES, len(data) - 1
    while at < end:
        element, size = _listpack_entry(data, at)
        behind = _back_length(size)
        if _part(data, at + size, len(behind)) != behind:
            raise Corrupt
        at += size + len(behind)
        elements.append(element)
    if at != end:
        raise Corrupt
    _check_count(len(elements), _unsigned(data, 4, 2))
    return elements


def _check_frame(data: bytes, header_bytes: int) -> None:
    """Check the size at the beginning and the mark at the end."""
    if len(data) <= header_bytes or data[-1] != _END or _unsigned(data, 0, 4) != len(data):
        raise Corrupt


def _listpack_entry(data: bytes, at: int) -> tuple[bytes, int]:
    """An element, and the size of its entry without the length behind it."""
    first = data[at]
    if first < 0x80:
        return b"%d" % first, 1
    if first < 0xC0:
        return _part(data, at + 1, first & 0x3F), 1 + (first & 0x3F)
    if first < 0xE0:
        number = (first & 0x1F) << 8 | _unsigned(data, at + 1, 1)
        return b"%d" % (number - 0x2000 if number > _INT13_MAX else number), 2
    if first < 0xF0:
        size = (first & 0x0F) << 8 | _unsigned(data, at + 1, 1)
        return _part(data, at + 2, size), 2 + size
    if first == 0xF0:
        size = _unsigned(data, at + 1, 4)
        return _part(data, at + 5, size), 5 + size
    if first not in _LISTPACK_INTEGERS:
        raise Corrupt
    size = _LISTPACK_INTEGERS[first]
    return b"%d" % _signed(data, at + 1, size), 1 + size


# --- intset ---------------------------------------------------------------------------------------

_INTSET_HEADER_BYTES = 8


def write_intset(numbers: Sequence[int], width: int) -> bytes:
    """Integers in ascending order, each in ``width`` bytes."""
    header = width.to_bytes(4, "little") + len(numbers).to_bytes(4, "little")
    return header + b"".join(n.to_bytes(width, "little", signed=True) for n in numbers)


def read_intset(data: bytes) -> tuple[list[int], int]:
    """Integers in ascending order, and their width in bytes. Raises Corrupt."""
    width, count = _unsigned(data, 0, 4), _unsigned(data, 4, 4)
    if (
        width not in INTSET_WIDTHS_BYTES
        or not count
        or len(data) != _INTSET_HEADER_BYTES + width * count
    ):
        raise Corrupt
    numbers = [
        int.from_bytes(data[at : at + width], "little", signed=True)
        for at in range(_INTSET_HEADER_BYTES, len(data), width)
    ]
    if any(left >= right for left, right in pairwise(numbers)):
        raise Corrupt
    return numbers, width


# --- what older servers wrote ---------------------------------------------------------------------

_ZIPLIST_HEADER_BYTES = 10
#: Marks that the previous entry's length does not fit in one byte: four bytes follow.
_ZIPLIST_LONG = 0xFE
_ZIPLIST_INTEGERS = {0xC0: 2, 0xD0: 4, 0xE0: 8, 0xF0: 3, 0xFE: 1}
_ZIPMAP_LONG = 0xFE


def read_ziplist(data: bytes) -> list[bytes]:
    """The elements of a ziplist, integers spelt out. Raises Corrupt."""
    _check_frame(data, _ZIPLIST_HEADER_BYTES)
    elements = []
    at, end, previous_size = _ZIPLIST_HEADER_BYTES, len(data) - 1, 0
    last = at
    while at < end:
        last = at
        told_size, header = _previous_size(data, at)
        if told_size != previous_size:
            raise Corrupt
        element, size = _ziplist_entry(data, at + header)
        previous_size = header + size
        at += previous_size
        elements.append(element)
    if at != end or (elements and _unsigned(data, 4, 4) != last) or _unsigned(data, 4, 4) > end:
        raise Corrupt
    _check_count(len(elements), _unsigned(data, 8, 2))
    return elements


def _previous_size(data: bytes, at: int) -> tuple[int, int]:
    """The previous entry's size, and how many bytes it is written in."""
    if data[at] < _ZIPLIST_LONG:
        return data[at], 1
    return _unsigned(data, at + 1, 4), 5


def _ziplist_entry(data: bytes, at: int) -> tuple[bytes, int]:
    """An element, and the size of its entry without the length of the one before."""
    first = _unsigned(data, at, 1)
    if first < 0x40:
        return _part(data, at + 1, first), 1 + first
    if first < 0x80:
        size = (first & 0x3F) << 8 | _unsigned(data, at + 1, 1)
        return _part(data, at + 2, size), 2 + size
    if first == 0x80:
        size = int.from_bytes(_part(data, at + 1, 4), "big")
        return _part(data, at + 5, size), 5 + size
    if 0xF1 <= first <= 0xFD:
        return b"%d" % (first - 0xF1), 1
    if first not in _ZIPLIST_INTEGERS:
        raise Corrupt
    size = _ZIPLIST_INTEGERS[first]
    return b"%d" % _signed(data, at + 1, size), 1 + size


def read_zipmap(data: bytes) -> list[bytes]:
    """Fields and values in turn, from a hash that Redis 2.4 wrote. Raises Corrupt."""
    if len(data) < 2 or data[-1] != _END:
        raise Corrupt
    elements = []
    at, end = 1, len(data) - 1
    while at < end and data[at] != _END:
        field, at = _zipmap_string(data, at)
        # A value may be followed by unused bytes, whose number stands before it.
        value, at = _zipmap_string(data, at, has_room=True)
        elements += [field, value]
    if at != end or (data[0] < _ZIPMAP_LONG and data[0] != len(elements) // 2):
        raise Corrupt
    return elements


def _zipmap_string(data: bytes, at: int, *, has_room: bool = False) -> tuple[bytes, int]:
    size, header = _unsigned(data, at, 1), 1
    if size == _END:
        raise Corrupt
    if size == _ZIPMAP_LONG:
        size, header = _unsigned(data, at + 1, 4), 5
    at += header
    room = _unsigned(data, at, 1) if has_room else 0
    at += has_room
    return _part(data, at, size), at + size + room
