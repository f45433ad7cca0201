from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.commands.partialsort import MAX_PART_OF, sort_part


def compare(one: int, other: int) -> int:
    return one - other


@given(st.lists(st.integers(0, 30), max_size=120), st.integers(0, 120), st.integers(0, 120))
def test_the_part_asked_for_is_in_its_place(items: list[int], first: int, last: int) -> None:
    sorted_items = sorted(items)
    sort_part(items, compare, first, last)
    assert items[first : last + 1] == sorted_items[first : last + 1]
    assert sorted(items) == sorted_items


def test_the_largest_input_is_sorted_whatever_its_order() -> None:
    for items in (
        [*range(MAX_PART_OF)],
        [*range(MAX_PART_OF, 0, -1)],
        [number % 2 for number in range(MAX_PART_OF)],
        [number % (MAX_PART_OF // 2) for number in range(MAX_PART_OF)],
    ):
        expected = sorted(items)
        sort_part(items, compare, 0, MAX_PART_OF - 1)
        assert items == expected
