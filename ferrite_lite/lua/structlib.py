"""The struct library: numbers and strings laid out as C lays out a structure."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from . import arguments as args
from .arguments import Arguments
from .errors import LuaError
from .runtime import MAX_RESULTS, LuaFunction, Results, Value, tonumber

#: ``MAXINTSIZE``, and what ``!`` alone aligns to.
MAX_INTEGER_BYTES = 32
DEFAULT_ALIGNMENT = 8

_INT_MAX = 2**31 - 1
_WORD_MASK = 2**64 - 1
_SIZES = {
    **{b"B": 1, b"b": 1, b"H": 2, b"h": 2, b"L": 8, b"l": 8, b"T": 8},
    **{b"f": 4, b"d": 8, b"x": 1},
}
_INTEGERS = b"bBhHlLTiI"


@dataclass(slots=True)
class _Item:
    """One letter of a format: how many bytes it takes, and how many zeros stand before it."""

    option: bytes
    size: int
    padding: int


class _Format:
    """Reads a format letter by letter; the byte order and the alignment change on the way."""

    def __init__(self, text: bytes, function: bytes) -> None:
        # C's strings end at the first zero byte.
        self._text = text.partition(b"\0")[0]
        self._function = function
        self._at = 0
        self._alignment = 1
        self.is_big = False

    def items(self, start: int = 0) -> Iterator[_Item]:
        """Raises LuaError at what is no format. ``send`` the size of an item that tells it late."""
        position = start
        while self._at < len(self._text):
            option = self._text[self._at : self._at + 1]
            self._at += 1
            size = self._size(option)
            padding = self._padding(position, option, size)
            taken = yield _Item(option, size, padding)
            position += padding + (size if taken is None else taken)

    def _number(self, default: int) -> int:
        start = self._at
        while self._text[self._at : self._at + 1].isdigit():
            self._at += 1
            if int(self._text[start : self._at]) > _INT_MAX:
                raise LuaError(b"integral size overflow")
        return int(self._text[start : self._at]) if self._at > start else default

    def _size(self, option: bytes) -> int:
        if option == b"c":
            return self._number(1)
        if option in (b"i", b"I"):
            size = self._number(4)
            if size > MAX_INTEGER_BYTES:
                message = b"integral size %d is larger than limit of %d"
                raise LuaError(message % (size, MAX_INTEGER_BYTES))
            return size
        return _SIZES.get(option, 0)

    def _padding(self, position: int, option: bytes, size: int) -> int:
        if not size or option == b"c":
            return 0
        size = min(size, self._alignment)
        return (size - (position & (size - 1))) & (size - 1)

    def control(self, option: bytes) -> None:
        """What is no item: the byte order, the alignment. Raises LuaError."""
        if option == b"!":
            alignment = self._number(DEFAULT_ALIGNMENT)
            if alignment <= 0 or alignment & (alignment - 1):
                raise LuaError(b"alignment %d is not a power of 2" % alignment)
            self._alignment = alignment
        elif option in (b"<", b">"):
            self.is_big = option == b">"
        elif option != b" ":
            raise args.bad(1, self._function, b"invalid format option '%b'" % option)


# --- pack -----------------------------------------------------------------------------------------


def pack(*arguments: Value) -> Results:
    layout = _Format(args.string(arguments, 1, b"pack"), b"pack")
    arguments = (*arguments, None)  # Redis puts a nil behind them, and errors tell of it
    pieces: list[bytes] = []
    items, taken, position = layout.items(), None, 2
    while True:
        try:
            item = items.send(taken)  # type: ignore[attr-defined]  # a generator
        except StopIteration:
            return [b"".join(pieces)]
        pieces.append(bytes(item.padding))
        packed = _packed(layout, item, arguments, position)
        taken = None
        if packed is not None:
            pieces.append(packed)
            taken = len(packed)
            position += item.option != b"x"


def _packed(layout: _Format, item: _Item, arguments: Arguments, position: int) -> bytes | None:
    """The bytes of an item; None for what is none. Raises LuaError."""
    option, size = item.option, item.size
    if option in _INTEGERS:
        word = _to_word(args.number(arguments, position, b"pack"))
        packed = word.to_bytes(MAX_INTEGER_BYTES, "little")[:size]
        return packed[::-1] if layout.is_big else packed
    if option == b"x":
        return b"\0"
    if option in b"fd":
        number = args.number(arguments, position, b"pack")
        order = ">" if layout.is_big else "<"
        return struct.pack(order + option.decode(), _single(number) if option == b"f" else number)
    if option in b"cs":
        text = args.string(arguments, position, b"pack")
        if len(text) < size:
            raise args.bad(position + 1, b"pack", b"string too short")
        text = text[: size or len(text)]
        return text + b"\0" if option == b"s" else text
    layout.control(option)
    return None


def _to_word(number: float) -> int:
    """C's cast to 64 bits: what they cannot hold becomes what the processor makes of it."""
    if number != number or number < -(2.0**63):
        return 2**63
    if number >= 2.0**64:
        return 0
    return int(number) & _WORD_MASK


def _single(number: float) -> float:
    """What ``float`` cannot hold is infinite in C, and an error in Python."""
    try:
        struct.pack("<f", number)
    except OverflowError:
        return math.copysign(math.inf, number)
    return number


# --- unpack ---------------------------------------------------------------------------------------


def unpack(*arguments: Value) -> Results:
    layout = _Format(args.string(arguments, 1, b"unpack"), b"unpack")
    data = args.string(arguments, 2, b"unpack")
    at = args.integer(arguments, 3, b"unpack", 1)
    if not at:
        raise args.bad(3, b"unpack", b"offset must be 1 or greater")
    at = (at & _WORD_MASK) - 1
    results: Results = []
    items, taken = layout.items(at), None
    while True:
        try:
            item = items.send(taken)  # type: ignore[attr-defined]  # a generator
        except StopIteration:
            return [*results, float(at + 1)]
        at += item.padding
        if at + item.size > len(data):
            raise args.bad(2, b"unpack", b"data string too short")
        if len(arguments) + len(results) + 2 > MAX_RESULTS:
            raise LuaError(b"stack overflow (too many results)")
        taken = _unpacked(layout, item, data, at, results)
        at += taken


def _unpacked(layout: _Format, item: _Item, data: bytes, at: int, results: Results) -> int:
    """Append an item, if it is one, and return how many bytes it took. Raises LuaError."""
    option, size = item.option, item.size
    if option in _INTEGERS:
        piece = data[at : at + size]
        results.append(_from_bytes(piece[::-1] if layout.is_big else piece, option.islower()))
    elif option in b"fd":
        order = ">" if layout.is_big else "<"
        results.append(struct.unpack_from(order + option.decode(), data, at)[0])
    elif option == b"c":
        size = size or _announced_size(results, len(data) - at)
        results.append(data[at : at + size])
    elif option == b"s":
        end = data.find(b"\0", at)
        if end < 0:
            raise LuaError(b"unfinished string in data")
        results.append(data[at:end])
        return end - at + 1
    elif option != b"x":
        layout.control(option)
    return size


def _announced_size(results: Results, left: int) -> int:
    """``c0`` has as many bytes as the number before it says."""
    size = tonumber(results[-1]) if results else None
    if size is None:
        raise LuaError(b"format 'c0' needs a previous size")
    results.pop()
    if not -1 < size < left + 1:
        raise args.bad(2, b"unpack", b"data string too short")
    return int(size)


def _from_bytes(piece: bytes, is_signed: bool) -> float:
    word = int.from_bytes(piece, "little") & _WORD_MASK
    if is_signed:
        # Of the shift by the size, too, the processor looks at six bits only.
        mask = _WORD_MASK << ((len(piece) * 8 - 1) % 64) & _WORD_MASK
        if word & mask:
            word |= mask
        word = (word ^ 2**63) - 2**63
    return float(word)


def size(*arguments: Value) -> Results:
    layout = _Format(args.string(arguments, 1, b"size"), b"size")
    total = 0
    for item in layout.items():
        total += item.padding
        if item.option == b"s":
            raise args.bad(1, b"size", b"option 's' has no fixed size")
        if item.option == b"c" and not item.size:
            raise args.bad(1, b"size", b"option 'c0' has no fixed size")
        if not item.option.isalnum():
            layout.control(item.option)
        total += item.size
    return [float(total)]


FUNCTIONS: dict[bytes, LuaFunction] = {b"pack": pack, b"size": size, b"unpack": unpack}
