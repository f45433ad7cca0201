"""The checker itself, on a register: what it must accept, and what it must refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.linearizability import UNKNOWN, Operation, violation

Written = tuple[str, int, Any, int, int]


def register(state: int, call: tuple[str, int], outcome: Any) -> Iterator[int]:
    """A number that can be read and written, and swapped for another if it is as expected."""
    kind, value = call
    if kind == "read" and outcome in (state, UNKNOWN):
        yield state
    if kind == "write":
        yield value
    if kind == "add" and outcome in (state + value, UNKNOWN):
        yield state + value


def history(*operations: Written) -> list[Operation]:
    return [
        Operation((kind, value), outcome, began, ended)
        for kind, value, outcome, began, ended in operations
    ]


def is_explained(*operations: Written) -> bool:
    return violation(history(*operations), register, 0, lambda call, _: call[0] == "read") is None


def test_what_happened_in_turn_is_explained_in_this_order_only() -> None:
    assert is_explained(("write", 1, None, 0, 1), ("read", 0, 1, 2, 3))
    assert not is_explained(("write", 1, None, 0, 1), ("read", 0, 0, 2, 3))


def test_what_overlaps_may_have_happened_in_either_order() -> None:
    for seen in (0, 1):
        assert is_explained(("write", 1, None, 0, 2), ("read", 0, seen, 1, 3))
    assert not is_explained(("write", 1, None, 0, 2), ("read", 0, 2, 1, 3))


def test_two_readers_agree_on_the_order_of_two_writes() -> None:
    writes: list[Written] = [("write", 1, None, 0, 9), ("write", 2, None, 0, 9)]
    one: list[Written] = [("read", 0, 1, 1, 2), ("read", 0, 2, 3, 4)]
    other: list[Written] = [("read", 0, 2, 1, 2), ("read", 0, 1, 3, 4)]
    assert is_explained(*writes, *one)
    assert is_explained(*writes, *other)
    assert not is_explained(*writes, *one, *other)


def test_a_lost_update_is_found() -> None:
    assert is_explained(("add", 1, 1, 0, 2), ("add", 1, 2, 1, 3))
    assert not is_explained(("add", 1, 1, 0, 2), ("add", 1, 1, 1, 3))


@pytest.mark.parametrize("seen", [0, 1])
def test_what_nobody_knows_of_may_have_happened_late_or_never(seen: int) -> None:
    lost: Written = ("write", 1, UNKNOWN, 0, 1)
    assert is_explained(lost, ("read", 0, 0, 2, 3), ("read", 0, seen, 4, 5))
    assert not is_explained(lost, ("read", 0, 1, 2, 3), ("read", 0, 0, 4, 5))


def test_a_violation_shows_how_far_an_order_goes() -> None:
    found = violation(
        history(("write", 1, None, 0, 1), ("write", 2, None, 2, 3), ("read", 0, 1, 4, 5)),
        register,
        0,
    )
    assert found is not None
    assert found.state == 2
    assert [each.call for each in found.unexplained] == [("read", 0)]
    assert "read" in str(found)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_operations_that_took_their_turn_at_some_moment_are_explained(
    added: list[tuple[int, int, int]],
) -> None:
    """The moments are 10, 20, 30...; each operation began somewhat before and ended after."""
    total, operations = 0, []
    for turn, (value, before, after) in enumerate(added):
        total += value
        operations.append(("add", value, total, turn * 10 - before * 7, turn * 10 + after * 7))
    assert is_explained(*operations)
