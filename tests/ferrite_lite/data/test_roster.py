from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ferrite_lite.data.roster import Roster

names = st.integers(0, 40).map(lambda number: b"n%d" % number)


class Collection:
    """A set of names and its roster, told of each change as values and keyspace tell theirs."""

    def __init__(self, *members: bytes) -> None:
        self.living = dict.fromkeys(members)
        self.roster = Roster(self.living)

    def add(self, name: bytes) -> None:
        if name not in self.living:
            self.living[name] = None
            self.roster.add(name)

    def remove(self, name: bytes) -> None:
        if name in self.living:
            del self.living[name]
            self.roster.remove(name, self.living)

    def scan(self, cursor: int, count: int = 10) -> tuple[int, list[bytes]]:
        return self.roster.scan(cursor, count, self.living)

    def scan_all(self, count: int = 10) -> list[bytes]:
        found: list[bytes] = []
        cursor = 0
        while True:
            cursor, more = self.scan(cursor, count)
            found += more
            if not cursor:
                return found


def numbered(count: int) -> list[bytes]:
    return [b"n%d" % number for number in range(count)]


class Scan:
    """One scan under way: what it must still return for Redis's promise to hold."""

    def __init__(self, living: dict[bytes, None]) -> None:
        self.cursor = 0
        self.owed = set(living)
        self.seen: set[bytes] = set()
        self.possible = set(living)


class ScanMachine(RuleBasedStateMachine):
    """Names come and go in any way while two scans are under way."""

    def __init__(self) -> None:
        super().__init__()
        self.collection = Collection(*numbered(20))
        self.scans = [Scan(self.collection.living), Scan(self.collection.living)]

    @rule(name=names)
    def add(self, name: bytes) -> None:
        self.collection.add(name)
        for scan in self.scans:
            scan.possible.add(name)

    @rule(name=names)
    def remove(self, name: bytes) -> None:
        self.collection.remove(name)
        for scan in self.scans:
            scan.owed.discard(name)

    @rule(name=names, times=st.integers(1, 150))
    def flicker(self, name: bytes, times: int) -> None:
        """Come and go so often that the roster is compacted."""
        for _ in range(times):
            self.remove(name)
            self.add(name)

    @precondition(lambda self: len(self.collection.living) > 3)
    @rule()
    def remove_most(self) -> None:
        for name in list(self.collection.living)[3:]:
            self.remove(name)

    @rule(which=st.integers(0, 1), count=st.integers(1, 15))
    def step(self, which: int, count: int) -> None:
        scan = self.scans[which]
        scan.cursor, found = self.collection.scan(scan.cursor, count)
        assert len(found) <= count
        assert set(found) <= self.collection.living.keys() & scan.possible
        scan.seen.update(found)
        if not scan.cursor:
            assert scan.owed <= scan.seen
            self.scans[which] = Scan(self.collection.living)

    @invariant()
    def dead_entries_are_bounded(self) -> None:
        entries = len(self.collection.roster._names)
        assert entries <= 2 * len(self.collection.living) + 66

    def teardown(self) -> None:
        """Both scans come to their end, and have returned what they owe."""
        for which in (0, 1):
            scan = self.scans[which]
            while scan is self.scans[which]:
                self.step(which, 10)


TestScan = ScanMachine.TestCase
TestScan.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.integers(0, 300), st.integers(1, 50))
def test_a_scan_returns_every_name_once_when_nothing_changes(size: int, count: int) -> None:
    collection = Collection(*numbered(size))
    assert sorted(collection.scan_all(count)) == sorted(numbered(size))


@given(st.lists(st.tuples(st.booleans(), names), max_size=60), st.integers(1, 9))
def test_a_scan_returns_every_name_once_whatever_came_and_went_before(
    changes: list[tuple[bool, bytes]], count: int
) -> None:
    collection = Collection(*numbered(9))
    for comes, name in changes:
        (collection.add if comes else collection.remove)(name)
    assert sorted(collection.scan_all(count)) == sorted(collection.living)


def test_a_scan_ends_although_names_keep_coming() -> None:
    collection = Collection(*numbered(100))
    cursor, steps = 0, 0
    while True:
        steps += 1
        cursor, _ = collection.scan(cursor, 10)
        if not cursor:
            break
        for number in range(20):
            collection.add(b"late-%d-%d" % (steps, number))
    assert steps <= 11


def test_a_step_over_dead_names_is_short_and_may_find_nothing() -> None:
    collection = Collection(*numbered(2000))
    for name in numbered(2000)[1001:]:
        collection.remove(name)
    cursor, found = collection.scan(0, count=5)
    assert cursor
    assert found == []


@pytest.mark.parametrize("cursor", [1, 7, 2**63, 2**64 - 1, 2**64])
def test_a_cursor_that_no_scan_gave_is_harmless(cursor: int) -> None:
    collection = Collection(*numbered(5))
    following, found = collection.scan(cursor)
    assert following == 0
    assert set(found) <= collection.living.keys()


def test_a_cursor_outlives_a_compaction() -> None:
    collection = Collection(*numbered(500))
    cursor, found = collection.scan(0, count=250)
    for name in found:
        collection.remove(name)
    for name in numbered(240):
        collection.remove(name)
    _, rest = collection.scan(cursor, count=250)
    assert sorted(rest) == sorted(collection.living)


def test_an_empty_roster_scans_to_nothing() -> None:
    assert Collection().scan(0) == (0, [])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=60), st.integers())
@settings(max_examples=25, deadline=None)
def test_choices_are_fair_whatever_came_and_went(
    changes: list[tuple[bool, int]], seed: int
) -> None:
    collection = Collection(*numbered(4))
    for comes, number in changes:
        if comes:
            collection.add(b"n%d" % number)
        else:
            collection.remove(b"n%d" % number)
    if collection.living:
        assert_fair(collection, Random(seed))


def test_choices_are_fair_after_a_compaction() -> None:
    collection = Collection(*numbered(4))
    collection.remove(b"n0")
    for _ in range(200):
        collection.remove(b"n1")
        collection.add(b"n1")
    collection.add(b"n0")
    assert_fair(collection, Random(1))


def assert_fair(collection: Collection, random: Random) -> None:
    draws = 1500
    drawn = Counter(collection.roster.choose(collection.living, random) for _ in range(draws))
    assert drawn.keys() <= collection.living.keys()
    expected = draws / len(collection.living)
    # Six standard deviations: an honest choice fails once in a thousand million.
    slack = 6 * (expected * (1 - 1 / len(collection.living))) ** 0.5
    for name in collection.living:
        assert abs(drawn[name] - expected) <= slack


def test_a_choice_among_mostly_dead_entries_is_found() -> None:
    collection = Collection(*numbered(1000))
    for name in numbered(1000)[1:]:
        collection.remove(name)
    assert collection.roster.choose(collection.living, Random(1)) == b"n0"
