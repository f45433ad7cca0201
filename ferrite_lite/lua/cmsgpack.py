"""The cmsgpack library: MessagePack as Redis's scripts read and write it."""

from __future__ import annotations

import struct
from collections.abc import Callable

from . import arguments as args
from .budget import BYTES_AT_ONCE, work
from .errors import LuaError
from .runtime import MAX_RESULTS, MAX_STRING_BYTES, LuaFunction, Results, Table, Value

#: A table this deep is packed as nil (``LUACMSGPACK_MAX_NESTING``).
MAX_NESTING = 16
_INT_MAX = 2**31 - 1

# --- pack -----------------------------------------------------------------------------------------


def pack(*arguments: Value) -> Results:
    if not arguments:
        raise args.bad(0, b"pack", b"MessagePack pack needs input.")
    if len(arguments) * 2 > MAX_RESULTS:
        raise args.bad(0, b"pack", b"Too many arguments for MessagePack pack.")
    writer = _Writer()
    for argument in arguments:
        writer.write(argument, 0)
    return [b"".join(writer.pieces)]


class _Writer:
    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._size = self._worked = 0

    def write(self, value: Value, level: int) -> None:
        kind = value.__class__
        if kind is bytes:
            self._add(_string_header(len(value)))
            self._add(value)
        elif kind is float:
            self._add(_number(value))
        elif kind is bool:
            self._add(b"\xc3" if value else b"\xc2")
        elif kind is Table and level < MAX_NESTING:
            self._write_table(value, level + 1)
        else:
            self._add(b"\xc0")

    def _write_table(self, table: Table, level: int) -> None:
        if not table.hash:
            self._add(_header(len(table.array), 0x90, 0xDC))
            for item in table.array:
                self.write(item, level)
            return
        pairs = list(table.items())
        self._add(_header(len(pairs), 0x80, 0xDE))
        for key, value in pairs:
            self.write(key, level)
            self.write(value, level)

    def _add(self, piece: bytes) -> None:
        if self._size > self._worked + BYTES_AT_ONCE:
            work(self._size - self._worked)
            self._worked = self._size
        """Tables that share their parts grow sixteenfold a level: the size is watched."""
        self._size += len(piece)
        if self._size > MAX_STRING_BYTES:
            raise LuaError(b"string length overflow")
        self.pieces.append(piece)


def _string_header(size: int) -> bytes:
    if size < 32:
        return b"%c" % (0xA0 | size)
    if size <= 0xFF:
        return struct.pack(">BB", 0xD9, size)
    if size <= 0xFFFF:
        return struct.pack(">BH", 0xDA, size)
    return struct.pack(">BI", 0xDB, size)


def _header(size: int, short: int, long: int) -> bytes:
    """How an array or a map begins."""
    if size <= 15:
        return b"%c" % (short | size)
    return struct.pack(">BH", long, size) if size <= 0xFFFF else struct.pack(">BI", long + 1, size)


def _number(value: float) -> bytes:
    if -(2.0**63) <= value < 2.0**63 and value.is_integer():
        return _integer(int(value))
    try:
        single = struct.pack(">Bf", 0xCA, value)
    except OverflowError:
        return struct.pack(">Bd", 0xCB, value)
    # What is no number equals nothing, itself included.
    return (
        single if struct.unpack(">f", single[1:])[0] == value else struct.pack(">Bd", 0xCB, value)
    )


def _integer(value: int) -> bytes:
    if -32 <= value <= 127:
        return struct.pack(">b", value)
    size = next(size for size in _FORMS if -(2 ** (8 * size - 1)) <= value < 2 ** (8 * size))
    unsigned, signed = _FORMS[size]
    return struct.pack(*(signed if value < 0 else unsigned), value)


#: For each size in bytes: format and mark of an unsigned integer, and of a signed one.
_FORMS = {
    1: ((">BB", 0xCC), (">Bb", 0xD0)),
    2: ((">BH", 0xCD), (">Bh", 0xD1)),
    4: ((">BI", 0xCE), (">Bi", 0xD2)),
    8: ((">BQ", 0xCF), (">Bq", 0xD3)),
}


# --- unpack ---------------------------------------------------------------------------------------


def unpack(*arguments: Value) -> Results:
    data = args.string(arguments, 1, b"unpack")
    return _unpacked(data, 0, 0)


def unpack_one(*arguments: Value) -> Results:
    offset = args.integer(arguments, 2, b"unpack_one", 0)
    return _unpacked(args.string(arguments, 1, b"unpack_one"), 1, offset)


def unpack_limit(*arguments: Value) -> Results:
    limit = args.integer(arguments, 2, b"unpack_limit")
    offset = args.integer(arguments, 3, b"unpack_limit", 0)
    return _unpacked(args.string(arguments, 1, b"unpack_limit"), limit, offset)


def _unpacked(data: bytes, limit: int, offset: int) -> Results:
    """Values one after the other; unless all are wanted, before them where the next one begins."""
    if offset < 0 or limit < 0:
        shown = b"Invalid request to unpack with offset of %d and limit of %d."
        raise LuaError(shown % (_as_int(offset), _as_int(len(data))))
    if offset > len(data):
        shown = b"Start offset %d greater than input length %d."
        raise LuaError(shown % (_as_int(offset), len(data)))
    wants_all = not limit and not offset
    reader = _Reader(data, offset)
    results: Results = []
    while reader.at < len(data) and (wants_all or len(results) < limit):
        results.append(reader.read(1 + len(results)))
    if wants_all:
        return results
    return [float(reader.at if reader.at < len(data) else -1), *results]


def _as_int(number: int) -> int:
    """What C prints of it with ``%d``."""
    return ((number & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000


class _Reader:
    """Reads one value at a time, without recursion: how deep a value is nested is the sender's."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = self._worked_at = at

    def read(self, held: int) -> Value:
        """The next value; ``held`` is how much of Lua's stack is taken. Raises LuaError."""
        #: Tables that are not complete: the table, how many items it lacks, what to add one with.
        open_tables: list[tuple[Table, int, Callable[[Value], None]]] = []
        while True:
            if self.at > self._worked_at + BYTES_AT_ONCE:
                work(self.at - self._worked_at)
                self._worked_at = self.at
            # Each table that is open holds itself and a key.
            used = held + 2 * len(open_tables)
            if used + 1 > MAX_RESULTS:
                what = b"too many return values at once; use unpack_one or unpack_limit instead."
                raise LuaError(b"stack overflow (%b)" % what)
            value, size, is_map = self._next()
            if size is not None:
                if used + 2 > MAX_RESULTS and not is_map:
                    raise LuaError(b"stack overflow (in function mp_decode_to_lua_array)")
                table = value
                add = _pairs_adder(table) if is_map else _items_adder(table)
                open_tables.append((table, size * 2 if is_map else size, add))
            while open_tables:
                table, missing, add = open_tables[-1]
                if size is None:
                    add(value)
                    missing -= 1
                    open_tables[-1] = table, missing, add
                if missing:
                    break
                open_tables.pop()
                value, size = table, None
            else:
                return value

    def _next(self) -> tuple[Value, int | None, bool]:
        """A value; for a table, an empty one, its size, and whether it is a map."""
        mark = self._take(1)[0]
        if mark < 0x80:
            return float(mark), None, False
        if mark < 0x90:
            return Table(), mark & 0xF, True
        if mark < 0xA0:
            return Table(), mark & 0xF, False
        if mark < 0xC0:
            return self._take(mark & 0x1F), None, False
        if mark >= 0xE0:
            return float(mark - 256), None, False
        if mark in _FIXED:
            return _FIXED[mark], None, False
        if mark in _NUMBERS:
            form, size = _NUMBERS[mark]
            return float(struct.unpack(form, self._take(size))[0]), None, False
        if mark in _SIZED:
            size = int.from_bytes(self._take(_SIZED[mark]), "big")
            if mark <= 0xDB:
                return self._take(size), None, False
            return Table(), size, mark >= 0xDE
        self.at -= 1
        raise LuaError(b"Bad data format in input.")

    def _take(self, size: int) -> bytes:
        piece = self._data[self.at : self.at + size]
        if len(piece) < size:
            raise LuaError(b"Missing bytes in input.")
        self.at += size
        return piece


#: A number's format and size; the greatest unsigned ones wrap, for a Lua integer has a sign.
_NUMBERS = {
    **{0xCC: (">B", 1), 0xCD: (">H", 2), 0xCE: (">I", 4), 0xCF: (">q", 8)},
    **{0xD0: (">b", 1), 0xD1: (">h", 2), 0xD2: (">i", 4), 0xD3: (">q", 8)},
    **{0xCA: (">f", 4), 0xCB: (">d", 8)},
}
#: How many bytes tell the size of a string, an array, a map.
_SIZED = {0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
_FIXED: dict[int, Value] = {0xC0: None, 0xC2: False, 0xC3: True}


def _items_adder(table: Table) -> Callable[[Value], None]:
    at = 0.0

    def add(value: Value) -> None:
        nonlocal at
        at += 1
        table.set(at, value)

    return add


def _pairs_adder(table: Table) -> Callable[[Value], None]:
    pending: list[Value] = []

    def add(value: Value) -> None:
        if not pending:
            pending.append(value)
            return
        try:
            table.set(pending.pop(), value)
        except LuaError as error:
            error.level = 0  # below the level of the language nothing has a position
            raise

    return add


FUNCTIONS: dict[bytes, LuaFunction] = {
    b"pack": pack,
    b"unpack": unpack,
    b"unpack_limit": unpack_limit,
    b"unpack_one": unpack_one,
}
FACTS = {
    b"_NAME": b"cmsgpack",
    b"_VERSION": b"lua-cmsgpack 0.4.0",
    b"_COPYRIGHT": b"Copyright (C) 2012, Salvatore Sanfilippo",
    b"_DESCRIPTION": b"MessagePack C implementation for Lua",
}
