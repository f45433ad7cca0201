"""The sort that Redis uses where only a part of the order is asked for: SORT with BY and LIMIT.

It is a quicksort that leaves alone what lies outside the part, and it is not stable: which of two
equal elements comes first follows from its steps. So these are the steps of Bentley and McIlroy's
"Engineering a sort function", which Redis took over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

#: Of how many items a part may be: where many are equal the steps become many, and deep.
MAX_PART_OF = 500

#: Shorter parts are sorted by insertion; of longer ones three elements are looked at to find one
#: in the middle, and nine of these.
_INSERTION_FROM, _NINE_FROM = 7, 40

Compare = Callable[[Any, Any], int]


def sort_part(items: list[T], compare: Compare, first: int, last: int) -> None:
    """Put those items in place that belong at ``first`` to ``last``, both included."""
    _sort(items, 0, len(items), compare, first, last)


def _sort(items: list[T], start: int, end: int, compare: Compare, first: int, last: int) -> None:
    while True:
        if end - start < _INSERTION_FROM:
            _insert(items, start, end, compare)
            return
        less, more = _part(items, start, end, compare)
        if less > 1 and _is_wanted(start, less, first, last):
            _sort(items, start, start + less, compare, first, last)
        if more <= 1 or not _is_wanted(end - more, more, first, last):
            return
        start = end - more


def _is_wanted(start: int, size: int, first: int, last: int) -> bool:
    return first < start + size and last >= start


def _insert(items: list[T], start: int, end: int, compare: Compare) -> None:
    for at in range(start + 1, end):
        while at > start and compare(items[at - 1], items[at]) > 0:
            items[at - 1], items[at] = items[at], items[at - 1]
            at -= 1


def _part(items: list[T], start: int, end: int, compare: Compare) -> tuple[int, int]:
    """Put what is less than some item first, and what is more last: how many there are of each.

    Equal items gather at both ends first, and are then moved to the middle.
    """
    middle = _middle(items, start, end, compare)
    items[start], items[middle] = items[middle], items[start]
    equal_left = low = start + 1
    equal_right = high = end - 1
    while True:
        while low <= high and (order := compare(items[low], items[start])) <= 0:
            if order == 0:
                items[equal_left], items[low] = items[low], items[equal_left]
                equal_left += 1
            low += 1
        while low <= high and (order := compare(items[high], items[start])) >= 0:
            if order == 0:
                items[high], items[equal_right] = items[equal_right], items[high]
                equal_right -= 1
            high -= 1
        if low > high:
            break
        items[low], items[high] = items[high], items[low]
        low += 1
        high -= 1
    less, more = low - equal_left, equal_right - high
    _exchange(items, start, low, min(equal_left - start, less))
    _exchange(items, low, end, min(more, end - equal_right - 1))
    return less, more


def _exchange(items: list[T], left: int, end: int, count: int) -> None:
    """Exchange ``count`` items from ``left`` on with as many before ``end``."""
    for at in range(count):
        one, other = left + at, end - count + at
        items[one], items[other] = items[other], items[one]


def _middle(items: list[T], start: int, end: int, compare: Compare) -> int:
    """The position of an item that is likely to divide the others well."""
    size = end - start
    left, middle, right = start, start + size // 2, end - 1
    if size == _INSERTION_FROM:
        return middle
    if size > _NINE_FROM:
        step = size // 8
        left = _median(items, left, left + step, left + 2 * step, compare)
        middle = _median(items, middle - step, middle, middle + step, compare)
        right = _median(items, right - 2 * step, right - step, right, compare)
    return _median(items, left, middle, right, compare)


def _median(items: list[T], a: int, b: int, c: int, compare: Compare) -> int:
    if compare(items[a], items[b]) < 0:
        if compare(items[b], items[c]) < 0:
            return b
        return c if compare(items[a], items[c]) < 0 else a
    if compare(items[b], items[c]) > 0:
        return b
    return a if compare(items[a], items[c]) < 0 else c
