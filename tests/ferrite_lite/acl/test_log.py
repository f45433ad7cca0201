from __future__ import annotations

from ferrite_lite.acl import AclLog, Entry, Place
from ferrite_lite.acl.log import MAX_NAME_BYTES, MERGED_WITHIN_MS


def entry(name: bytes = b"get", ms: int = 0, place: Place = Place.TOPLEVEL) -> Entry:
    return Entry("command", place, name, b"alice", b"id=1", ms)


def names(log: AclLog) -> list[tuple[bytes, int]]:
    return [(each.object, each.count) for each in log.newest(100)]


def test_the_newest_entry_comes_first() -> None:
    log = AclLog()
    for name in (b"get", b"set"):
        log.add(entry(name), 10)
    assert names(log) == [(b"set", 1), (b"get", 1)]
    assert [each.object for each in log.newest(1)] == [b"set"]


def test_like_entries_are_counted_and_come_to_the_front() -> None:
    log = AclLog()
    for name in (b"get", b"set", b"get"):
        log.add(entry(name), 10)
    assert names(log) == [(b"get", 2), (b"set", 1)]


def test_entries_far_apart_or_from_elsewhere_are_not_like() -> None:
    log = AclLog()
    log.add(entry(), 10)
    log.add(entry(place=Place.LUA), 10)
    log.add(entry(ms=MERGED_WITHIN_MS + 1), 10)
    assert names(log) == [(b"get", 1)] * 3
    log.add(entry(ms=MERGED_WITHIN_MS), 10)
    assert names(log) == [(b"get", 2), (b"get", 1), (b"get", 1)]


def test_only_the_newest_ten_are_looked_at() -> None:
    log = AclLog()
    for number in range(11):
        log.add(entry(b"%d" % number), 100)
    log.add(entry(b"1"), 100)
    log.add(entry(b"0"), 100)
    counts = dict(names(log))
    assert counts[b"1"] == 2
    assert counts[b"0"] == 1


def test_the_log_keeps_as_many_as_it_may() -> None:
    log = AclLog()
    for number in range(5):
        log.add(entry(b"%d" % number), 2)
    assert names(log) == [(b"4", 1), (b"3", 1)]
    log.add(entry(b"5"), 0)
    assert names(log) == []


def test_a_name_that_a_client_chose_does_not_fill_the_memory() -> None:
    log = AclLog()
    log.add(entry(b"x" * 1_000_000), 10)
    assert len(log.newest(1)[0].object) == MAX_NAME_BYTES


def test_a_cleared_log_is_empty() -> None:
    log = AclLog()
    log.add(entry(), 10)
    log.clear()
    assert names(log) == []
