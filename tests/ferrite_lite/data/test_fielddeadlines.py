from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.data.fielddeadlines import FieldDeadlines


def test_the_earliest_deadline_is_known_whatever_was_set_before() -> None:
    deadlines = FieldDeadlines()
    assert deadlines.earliest_ms() is None
    deadlines.set(b"a", 30)
    deadlines.set(b"b", 20)
    assert deadlines.earliest_ms() == 20
    deadlines.set(b"b", 40)
    assert deadlines.earliest_ms() == 30
    assert deadlines.clear(b"a")
    assert not deadlines.clear(b"a")
    assert deadlines.earliest_ms() == 40


def test_a_field_lives_through_the_millisecond_of_its_deadline() -> None:
    deadlines = FieldDeadlines()
    deadlines.set(b"", 20)
    assert deadlines.next_due(20) is None
    assert deadlines.next_due(21) == b""


def test_a_deadline_that_is_moved_for_ever_takes_no_more_room() -> None:
    deadlines = FieldDeadlines()
    for deadline_ms in range(10_000):
        deadlines.set(b"a", deadline_ms)
    assert len(deadlines) == 1
    assert len(deadlines._queue) < 100
    assert deadlines.earliest_ms() == 9999


@given(
    st.lists(st.tuples(st.sampled_from([b"", b"a", b"b", b"c"]), st.none() | st.integers(0, 9))),
    st.integers(0, 10),
)
def test_what_is_due_is_what_a_plain_search_finds(
    changes: list[tuple[bytes, int | None]], now_ms: int
) -> None:
    deadlines, plain = FieldDeadlines(), dict[bytes, int]()
    for field, deadline_ms in changes:
        if deadline_ms is None:
            assert deadlines.clear(field) == (plain.pop(field, None) is not None)
        else:
            deadlines.set(field, deadline_ms)
            plain[field] = deadline_ms
    assert dict(deadlines.items()) == plain
    found = set()
    while (due := deadlines.next_due(now_ms)) is not None:
        found.add(due)
        deadlines.clear(due)
    assert found == {field for field, deadline_ms in plain.items() if deadline_ms < now_ms}
