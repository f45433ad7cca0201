"""The table library."""

from __future__ import annotations

from collections.abc import Callable

from . import arguments as args
from .budget import reserve, spend
from .errors import LuaError
from .runtime import (
    MAX_STRING_BYTES,
    Results,
    Table,
    Value,
    call,
    first,
    is_true,
    less,
    tostring,
    type_name,
)


def _writable(table: Table) -> Table:
    if table.readonly:
        raise LuaError(b"Attempt to modify a readonly table")
    return table


def concat(*arguments: Value) -> Results:
    table = args.table(arguments, 1, b"concat")
    given = args.given(arguments, 2)
    separator = b"" if given is None else args.string(arguments, 2, b"concat")
    start = args.int32(arguments, 3, b"concat", 1)
    stop = args.int32(arguments, 4, b"concat", table.length())
    pieces = []
    size = 0
    for at in range(start, stop + 1):
        value = table.get(float(at))
        if value.__class__ not in (bytes, float):
            raise LuaError(
                b"invalid value (%b) at index %d in table for 'concat'" % (type_name(value), at)
            )
        pieces.append(tostring(value))
        size += len(pieces[-1]) + len(separator)
        if size > MAX_STRING_BYTES:
            raise LuaError(b"string length overflow")
    reserve(size)
    return [separator.join(pieces)]


def insert(*arguments: Value) -> Results:
    table = _writable(args.table(arguments, 1, b"insert"))
    end = table.length() + 1
    if len(arguments) == 2:
        table.set(float(end), arguments[1])
        return []
    if len(arguments) != 3:
        raise LuaError(b"wrong number of arguments to 'insert'")
    at = args.int32(arguments, 2, b"insert")
    if 1 <= at <= len(table.array) and end == len(table.array) + 1 and arguments[2] is not None:
        table.set(float(end), table.array[-1])
        table.array.insert(at - 1, arguments[2])
        del table.array[end]  # the last one, which moved as well
        return []
    for position in range(max(end, at), at, -1):
        spend(1)
        table.set(float(position), table.get(float(position - 1)))
    table.set(float(at), arguments[2])
    return []


def remove(*arguments: Value) -> Results:
    table = _writable(args.table(arguments, 1, b"remove"))
    end = table.length()
    at = args.int32(arguments, 2, b"remove", end)
    if not 1 <= at <= end:
        return []
    if at <= len(table.array) == end:
        value = table.array.pop(at - 1)
        table.array.append(value)
        table.set(float(end), None)
        return [value]
    value = table.get(float(at))
    for position in range(at, end):
        spend(1)
        table.set(float(position), table.get(float(position + 1)))
    table.set(float(end), None)
    return [value]


def sort(*arguments: Value) -> Results:
    table = _writable(args.table(arguments, 1, b"sort"))
    order = args.given(arguments, 2)
    if order is not None and type_name(order) != b"function":
        raise args.bad(2, b"sort", b"function expected, got %b" % type_name(order))
    size = table.length()
    # One more at each end: with an invalid order, Lua looks at what is beside the list.
    cells = [table.get(float(at)) for at in range(size + 2)]
    inside = cells[1:-1]
    if order is None and {value.__class__ for value in inside} in ({float}, {bytes}):
        cells[1:-1] = sorted(inside)
        _put_back(table, cells)
        return []
    try:
        _quicksort(cells, _natural if order is None else _by(order))
    finally:
        _put_back(table, cells)
    return []


def _put_back(table: Table, cells: list[Value]) -> None:
    for at, value in enumerate(cells):
        if value is not table.get(float(at)):  # a hole that stays is not touched
            table.set(float(at), value)


def _natural(a: Value, b: Value) -> bool:
    try:
        return less(a, b)
    except LuaError as error:
        error.level = 0  # below the level of the language nothing has a position
        raise


def _by(order: Value) -> Callable[[Value, Value], bool]:
    return lambda a, b: is_true(first(call(order, a, b, level=0)))


def _quicksort(cells: list[Value], is_less: Callable[[Value, Value], bool]) -> None:
    """Ask in the order in which Lua 5.1 asks: a script's function can tell, and so can errors."""
    spans = [(1, len(cells) - 2)]
    while spans:
        low, high = spans.pop()
        if low >= high:
            continue
        if is_less(cells[high], cells[low]):
            _swap(cells, low, high)
        middle = (low + high) // 2
        if high - low > 1:
            if is_less(cells[middle], cells[low]):
                _swap(cells, middle, low)
            elif is_less(cells[high], cells[middle]):
                _swap(cells, middle, high)
        if high - low > 2:
            border = _partition(cells, low, high, is_less)
            # The smaller part comes first.
            parts = [(low, border - 1), (border + 1, high)]
            if border - low < high - border:
                parts.reverse()
            spans += parts


def _partition(
    cells: list[Value], low: int, high: int, is_less: Callable[[Value, Value], bool]
) -> int:
    """Put what is less than the middle value before it; returns where that then is."""
    middle = (low + high) // 2
    pivot = cells[middle]
    _swap(cells, middle, high - 1)
    left, right = low, high - 1
    while True:
        left += 1
        while is_less(cells[left], pivot):
            if left > high:
                raise LuaError(b"invalid order function for sorting")
            left += 1
        right -= 1
        while is_less(pivot, cells[right]):
            if right < low:
                raise LuaError(b"invalid order function for sorting")
            right -= 1
        if right < left:
            _swap(cells, high - 1, left)
            return left
        _swap(cells, left, right)


def _swap(cells: list[Value], a: int, b: int) -> None:
    cells[a], cells[b] = cells[b], cells[a]


def getn(*arguments: Value) -> Results:
    return [float(args.table(arguments, 1, b"getn").length())]


def setn(*_: Value) -> Results:
    raise LuaError(b"'setn' is obsolete")


def maxn(*arguments: Value) -> Results:
    keys = args.table(arguments, 1, b"maxn").keys()
    return [max([0.0, *(key for key in keys if key.__class__ is float)])]


def foreach(*arguments: Value) -> Results:
    table, function = args.table(arguments, 1, b"foreach"), args.function(arguments, 2, b"foreach")
    for key, value in table.items():
        results = call(function, key, value, level=0)
        if first(results) is not None:
            return results[:1]
    return []


def foreachi(*arguments: Value) -> Results:
    table = args.table(arguments, 1, b"foreachi")
    function = args.function(arguments, 2, b"foreachi")
    for at in range(1, table.length() + 1):
        results = call(function, float(at), table.get(float(at)), level=0)
        if first(results) is not None:
            return results[:1]
    return []


FUNCTIONS = {
    b"concat": concat,
    b"foreach": foreach,
    b"foreachi": foreachi,
    b"getn": getn,
    b"insert": insert,
    b"maxn": maxn,
    b"remove": remove,
    b"setn": setn,
    b"sort": sort,
}
