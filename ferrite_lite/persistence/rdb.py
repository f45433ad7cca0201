"""One value in Redis's RDB format: a type byte, and bytes whose form depends on that type.

Values are written as Redis 7.0 writes them; a hash with field deadlines, as Valkey 9 does. What any
server from Redis 2.6 to Redis 8 or Valkey 9 may have written for a string, a hash, a set or a list
can be read. The bytes come from anybody who may call RESTORE, so every count is checked against
what is left, and ``max_bytes`` bounds what compressed parts expand to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..data.values import (
    EncodingLimits,
    Hash,
    List,
    Set,
    String,
    Value,
    VolatileHash,
    intset_width_bytes,
)
from ..errors import NotAFunctionPayload
from ..numeric import INT64_MAX, maybe_int
from . import lzf, packed
from .packed import Corrupt

STRING, LIST, SET, HASH = 0, 1, 2, 4
HASH_ZIPMAP, LIST_ZIPLIST, SET_INTSET, HASH_ZIPLIST = 9, 10, 11, 13
LIST_QUICKLIST, HASH_LISTPACK, LIST_QUICKLIST_2, SET_LISTPACK = 14, 16, 18, 20
#: Hashes whose fields may have deadlines: Redis 7.4's two forms, and Valkey 9's.
HASH_METADATA, HASH_LISTPACK_EX, HASH_2 = 24, 25, 22
#: Valkey's form of no deadline.
NO_DEADLINE_MS = -1

#: A library of functions.
FUNCTION_2 = 245

#: First bytes of strings that are written as integers, and how many bytes follow.
_INTEGERS = {0xC0: 1, 0xC1: 2, 0xC2: 4}
_COMPRESSED = 0xC3
#: First bytes of longer lengths.
_LENGTH_BYTES = {0x80: 4, 0x81: 8}
#: Only strings this short may be written as integers: the longest text of 32 bits.
_INTEGER_TEXT_BYTES = 11
#: Redis tries to compress strings that are longer than this, and wants to save four bytes.
_COMPRESS_OVER_BYTES = 20
_WORTH_BYTES = 4

#: Nodes of a quicklist: one long element by itself, or a listpack.
_PLAIN_NODE, _PACKED_NODE = 1, 2
#: ``list-max-listpack-size -2``: a node is full at 8 kB, counting 8 bytes for each element's frame.
_NODE_BYTES = 8192
_NODE_ENTRY_OVERHEAD_BYTES = 8
_EMPTY_LISTPACK_BYTES = 7


# --- writing --------------------------------------------------------------------------------------


class Writer:
    """Gathers the parts of a value's form. ``compresses`` is the setting ``rdbcompression``."""

    def __init__(self, *, compresses: bool = True) -> None:
        self._compressor = lzf.Compressor() if compresses else None
        self._parts: list[bytes] = []

    def value(self, value: Value) -> bytes:
        """The form of a value, type byte first."""
        if isinstance(value, Hash):
            self._hash(value)
        elif isinstance(value, Set):
            self._set(value)
        elif isinstance(value, List):
            self._list(value)
        else:
            self._type(STRING)
            self.string(bytes(value))
        return b"".join(self._parts)

    def libraries(self, codes: Iterable[bytes]) -> bytes:
        """The form of libraries of functions, given by their texts."""
        for code in codes:
            self._type(FUNCTION_2)
            self.string(code)
        return b"".join(self._parts)

    def _type(self, number: int) -> None:
        self._parts.append(bytes((number,)))

    def _hash(self, value: Hash) -> None:
        if isinstance(value, VolatileHash):
            self._hash_with_deadlines(value)
            return
        words = (word for pair in value.items() for word in pair)
        if value.is_table:
            self._type(HASH)
            self._strings(len(value), words)
        else:
            self._type(HASH_LISTPACK)
            self.string(packed.write_listpack(words))

    def _hash_with_deadlines(self, value: VolatileHash) -> None:
        """Valkey's form: field, value and deadline in turn."""
        self._type(HASH_2)
        self.length(len(value))
        for field, held in value.items():
            self.string(field)
            self.string(held)
            deadline_ms = value.deadline_ms(field)
            self._time_ms(NO_DEADLINE_MS if deadline_ms is None else deadline_ms)

    def _time_ms(self, time_ms: int) -> None:
        self._parts.append(time_ms.to_bytes(8, "little", signed=True))

    def _set(self, value: Set) -> None:
        if value.is_table:
            self._type(SET)
            self._strings(len(value), value)
        else:
            self._type(SET_INTSET)
            width_bytes = max(value.width_bytes, *map(intset_width_bytes, value))
            self.string(packed.write_intset(sorted(map(int, value)), width_bytes))

    def _strings(self, count: int, strings: Iterable[bytes]) -> None:
        self.length(count)
        for each in strings:
            self.string(each)

    def _list(self, value: List) -> None:
        nodes = list(_nodes(value))
        self._type(LIST_QUICKLIST_2)
        self.length(len(nodes))
        for elements in nodes:
            self.length(_PACKED_NODE)
            self.string(packed.write_listpack(elements))

    def length(self, number: int) -> None:
        if number < 1 << 6:
            self._parts.append(bytes((number,)))
        elif number < 1 << 14:
            self._parts.append((0x4000 | number).to_bytes(2, "big"))
        elif number < 1 << 32:
            self._parts.append(b"\x80" + number.to_bytes(4, "big"))
        else:
            self._parts.append(b"\x81" + number.to_bytes(8, "big"))

    def string(self, text: bytes) -> None:
        """As an integer, compressed, or as it is: Redis's choice."""
        size = len(text)
        if size <= _INTEGER_TEXT_BYTES and (short := _as_integer(text)):
            self._parts.append(short)
            return
        if self._compressor is not None and size > _COMPRESS_OVER_BYTES:
            compressed = self._compressor.compress(text, size - _WORTH_BYTES)
            if compressed is not None:
                self._parts.append(bytes((_COMPRESSED,)))
                self.length(len(compressed))
                self.length(size)
                self._parts.append(compressed)
                return
        self.length(size)
        self._parts.append(text)


def _as_integer(text: bytes) -> bytes | None:
    number = maybe_int(text)
    if number is None:
        return None
    for first, size in _INTEGERS.items():
        if -(1 << size * 8 - 1) <= number < 1 << size * 8 - 1:
            return bytes((first,)) + number.to_bytes(size, "little", signed=True)
    return None


def _nodes(elements: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The elements in the nodes of a quicklist that was filled from left to right."""
    node: list[bytes] = []
    size = _EMPTY_LISTPACK_BYTES
    for element in elements:
        if node and size + len(element) + _NODE_ENTRY_OVERHEAD_BYTES > _NODE_BYTES:
            yield node
            node, size = [], _EMPTY_LISTPACK_BYTES
        node.append(element)
        size += len(packed.write_listpack_entry(element))
    yield node


# --- reading --------------------------------------------------------------------------------------


class Reader:
    """Takes a value's form apart. Every method raises Corrupt for what is not one."""

    def __init__(self, data: bytes, limits: EncodingLimits, max_bytes: int) -> None:
        self._data = data
        self._at = 0
        self._limits = limits
        #: How much compressed strings may still expand to.
        self._room_bytes = max_bytes
        self._readers: dict[int, Callable[[], Value]] = {
            STRING: self._string_value,
            LIST: lambda: self._list(self._strings()),
            SET: lambda: self._set(self._strings()),
            HASH: lambda: self._hash(self._strings(words_each=2)),
            HASH_ZIPMAP: lambda: self._small_hash(packed.read_zipmap(self.string())),
            LIST_ZIPLIST: lambda: self._list(packed.read_ziplist(self.string())),
            SET_INTSET: self._intset,
            HASH_ZIPLIST: lambda: self._small_hash(packed.read_ziplist(self.string())),
            LIST_QUICKLIST: self._quicklist_of_ziplists,
            HASH_LISTPACK: lambda: self._small_hash(packed.read_listpack(self.string())),
            LIST_QUICKLIST_2: self._quicklist,
            SET_LISTPACK: lambda: self._set(packed.read_listpack(self.string())),
            HASH_METADATA: self._hash_with_spans,
            HASH_LISTPACK_EX: self._packed_hash_with_deadlines,
            HASH_2: self._hash_with_deadlines,
        }

    def value(self) -> Value:
        """The value. What stands behind it is not looked at, as in Redis."""
        read = self._readers.get(self._take(1)[0])
        if read is None:
            raise Corrupt
        try:
            return read()
        except lzf.CorruptLzf:
            raise Corrupt from None

    def libraries(self) -> Iterator[bytes]:
        """The texts of libraries, to the end. Raises NotAFunctionPayload."""
        while self._left_bytes():
            if self._take(1)[0] != FUNCTION_2:
                raise NotAFunctionPayload
            try:
                yield self.string()
            except lzf.CorruptLzf:
                raise Corrupt from None

    def _take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) != size:
            raise Corrupt
        self._at += size
        return part

    def _left_bytes(self) -> int:
        return len(self._data) - self._at

    def length(self) -> int:
        """A length or a count; a string's encoding passes for a number, as in Redis."""
        first = self._take(1)[0]
        if first < 0x40:
            return first
        if first < 0x80:
            return (first & 0x3F) << 8 | self._take(1)[0]
        if first >= min(_INTEGERS):
            return first & 0x3F
        if first not in _LENGTH_BYTES:
            raise Corrupt
        return int.from_bytes(self._take(_LENGTH_BYTES[first]), "big")

    def string(self) -> bytes:
        first = self._data[self._at] if self._left_bytes() else 0
        if first in _INTEGERS:
            self._at += 1
            return b"%d" % int.from_bytes(self._take(_INTEGERS[first]), "little", signed=True)
        if first == _COMPRESSED:
            self._at += 1
            return self._compressed_string()
        if first > _COMPRESSED:
            raise Corrupt
        return self._take(self.length())

    def _compressed_string(self) -> bytes:
        compressed_size, size = self.length(), self.length()
        compressed = self._take(compressed_size)
        if size > self._room_bytes:
            raise Corrupt
        self._room_bytes -= size
        if not size:
            return b""  # Redis's LZF fails with a 0, which is what it was to expand to
        return lzf.expand(compressed, size)

    def _strings(self, words_each: int = 1) -> list[bytes]:
        """A count, and as many strings; of a hash, twice as many."""
        count = self.length() * words_each
        if not 0 < count <= self._left_bytes():
            raise Corrupt
        return [self.string() for _ in range(count)]

    def _string_value(self) -> String:
        return self.string()

    def _hash(self, words: list[bytes]) -> Hash:
        fields, values = words[::2], words[1::2]
        if not words or len(words) % 2 or len(set(fields)) != len(fields):
            raise Corrupt
        read = Hash(self._limits)
        for field, value in zip(fields, values, strict=True):
            read.assign(field, value)
        return read

    def _small_hash(self, words: list[bytes]) -> Hash:
        """One that was packed stays so, however long its values: Redis looks at the count only."""
        read = self._hash(words)
        read.is_table = len(read) > self._limits.hash_entries
        return read

    def _hash_with_spans(self) -> Hash:
        """Redis's form: the earliest deadline, and how much later each field's is, plus one."""
        earliest_ms = self._time_ms()
        rows = []
        for _ in range(self._row_count()):
            span_ms = self.length()
            deadline_ms = earliest_ms + span_ms - 1 if span_ms else None
            rows.append((self.string(), self.string(), deadline_ms))
        return self._hash_of_rows(rows)

    def _packed_hash_with_deadlines(self) -> Hash:
        """Redis's form for small ones: field, value and deadline in turn; 0 is none."""
        self._time_ms()
        words = packed.read_listpack(self.string())
        if len(words) % 3:
            raise Corrupt
        return self._hash_of_rows(
            [
                (field, value, _deadline(raw))
                for field, value, raw in zip(words[::3], words[1::3], words[2::3], strict=True)
            ]
        )

    def _hash_with_deadlines(self) -> Hash:
        """Valkey's form: field, value and deadline in turn; -1 is none."""
        rows = []
        for _ in range(self._row_count()):
            field, value, deadline_ms = self.string(), self.string(), self._time_ms()
            rows.append((field, value, None if deadline_ms == NO_DEADLINE_MS else deadline_ms))
        return self._hash_of_rows(rows)

    def _hash_of_rows(self, rows: list[tuple[bytes, bytes, int | None]]) -> Hash:
        if not all(
            deadline_ms is None or 0 <= deadline_ms <= INT64_MAX for _, _, deadline_ms in rows
        ):
            raise Corrupt
        read = self._hash([word for field, value, _ in rows for word in (field, value)])
        for field, _, deadline_ms in rows:
            if deadline_ms is not None:
                read.set_deadline(field, deadline_ms)
        return read

    def _time_ms(self) -> int:
        return int.from_bytes(self._take(8), "little", signed=True)

    def _set(self, members: list[bytes]) -> Set:
        if not members or len(set(members)) != len(members):
            raise Corrupt
        read = Set(self._limits)
        read.insert(members)
        return read

    def _intset(self) -> Set:
        numbers, width_bytes = packed.read_intset(self.string())
        read = self._set([b"%d" % number for number in numbers])
        read.width_bytes = width_bytes
        return read

    def _list(self, elements: list[bytes]) -> List:
        if not elements:
            raise Corrupt
        return List(elements)

    def _quicklist_of_ziplists(self) -> List:
        return self._list(
            [each for _ in range(self._row_count()) for each in packed.read_ziplist(self.string())]
        )

    def _quicklist(self) -> List:
        elements: list[bytes] = []
        for _ in range(self._row_count()):
            kind, node = self.length(), self.string()
            if kind == _PLAIN_NODE and node:
                elements.append(node)
            elif kind == _PACKED_NODE:
                elements += packed.read_listpack(node)
            else:
                raise Corrupt
        return self._list(elements)

    def _row_count(self) -> int:
        """A count of things that take a byte each at least."""
        count = self.length()
        if count > self._left_bytes():
            raise Corrupt
        return count


def _deadline(raw: bytes) -> int | None:
    """A deadline that is written as an element of a listpack."""
    deadline_ms = maybe_int(raw)
    if deadline_ms is None or deadline_ms < 0:
        raise Corrupt
    return deadline_ms or None
