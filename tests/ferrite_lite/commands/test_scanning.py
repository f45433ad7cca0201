from __future__ import annotations

import pytest

from ferrite_lite.commands.scanning import ScanOptions, parse_cursor, read_options
from ferrite_lite.errors import InvalidCursor, SyntaxFault


@pytest.mark.parametrize(
    ("raw", "cursor"),
    [
        (b"0", 0),
        (b"", 0),
        (b"12", 12),
        (b"+12", 12),
        (b"0" * 5000 + b"12", 12),
        (b"18446744073709551615", 2**64 - 1),
        (b"-1", 2**64 - 1),
        (b"-18446744073709551615", 1),
        (b"-0", 0),
        (b"12\0abc", 12),
        (b"\0", 0),
    ],
)
def test_cursors_are_read_as_c_reads_them(raw: bytes, cursor: int) -> None:
    assert parse_cursor(raw) == cursor


@pytest.mark.parametrize(
    "raw",
    [
        b"abc",
        b"12abc",
        b" 12",
        b"12 ",
        b"\n",
        b"+",
        b"-",
        b"+-1",
        b"0x1",
        b"1_0",
        b"18446744073709551616",
        b"-18446744073709551616",
        b"9" * 5000,
    ],
)
def test_what_is_no_cursor_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidCursor):
        parse_cursor(raw)


def test_options_stand_in_any_order_and_the_last_one_counts() -> None:
    words = (b"count", b"5", b"MATCH", b"a*", b"TYPE", b"HASH", b"COUNT", b"7")
    options = read_options(words, takes_type=True)
    assert (options.count, options.kind) == (7, b"hash")
    assert options.select([b"apples", b"pears"]) == [b"apples"]


def test_without_options_everything_is_let_through() -> None:
    assert read_options(()) == ScanOptions(count=10, matches=None, kind=None)
    assert ScanOptions().select({b"a"}) == [b"a"]


def test_only_scan_knows_types() -> None:
    with pytest.raises(SyntaxFault):
        read_options((b"TYPE", b"hash"))
    with pytest.raises(SyntaxFault):
        read_options((b"TYPE",), takes_type=True)
