from __future__ import annotations

from ferrite_lite.observing.slowlog import RequestLog, trim


def note(log: RequestLog, name: bytes, max_entries: int = 128) -> None:
    log.add(
        [name],
        unix_seconds=1,
        measured=2,
        address=b"here:1",
        client_name=b"me",
        max_entries=max_entries,
    )


def test_the_newest_entries_come_first_and_only_so_many_stay() -> None:
    log = RequestLog()
    for name in (b"a", b"b", b"c"):
        note(log, name, max_entries=2)
    assert [entry.argv for entry in log.latest(-1)] == [[b"c"], [b"b"]]
    assert [entry.argv for entry in log.latest(1)] == [[b"c"]]
    assert log.latest(0) == []
    assert len(log) == 2


def test_ids_go_on_after_a_reset() -> None:
    log = RequestLog()
    note(log, b"a")
    log.reset()
    note(log, b"b")
    assert [entry.id for entry in log.latest(-1)] == [1]


def test_a_request_is_cut_to_32_words_and_the_rest_counted() -> None:
    assert trim([b"x"] * 32) == [b"x"] * 32
    assert trim([b"x"] * 33) == [b"x"] * 31 + [b"... (2 more arguments)"]


def test_a_word_is_cut_to_128_bytes_and_the_rest_counted() -> None:
    assert trim([b"x" * 128]) == [b"x" * 128]
    assert trim([b"x" * 130]) == [b"x" * 128 + b"... (2 more bytes)"]
