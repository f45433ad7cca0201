from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.persistence.packed import (
    Corrupt,
    read_intset,
    read_listpack,
    read_ziplist,
    read_zipmap,
    write_intset,
    write_listpack,
)

integers = st.integers(-(2**63), 2**63 - 1)
elements = st.one_of(
    st.binary(max_size=80),
    st.integers(0, 5000).map(lambda size: b"x" * size),
    integers.map(lambda number: b"%d" % number),
)
READERS = [read_intset, read_listpack, read_ziplist, read_zipmap]
Read = Callable[[bytes], object]


@given(st.lists(elements, max_size=30))
def test_a_listpack_gives_back_its_elements(words: list[bytes]) -> None:
    assert read_listpack(write_listpack(words)) == words


@pytest.mark.parametrize("count", [0, 1, 65_534, 65_535, 70_000])
def test_a_listpack_counts_its_elements_as_far_as_two_bytes_can(count: int) -> None:
    packed = write_listpack([b"1"] * count)
    assert int.from_bytes(packed[4:6], "little") == min(count, 65_535)
    assert len(read_listpack(packed)) == count


@pytest.mark.parametrize("size", [63, 64, 4095, 4096, 16_380, 16_383, 2_097_146, 2_097_151])
def test_a_listpack_holds_strings_of_every_size(size: int) -> None:
    assert read_listpack(write_listpack([b"x" * size, b"y"])) == [b"x" * size, b"y"]


@given(st.sets(integers, min_size=1, max_size=30))
def test_an_intset_gives_back_its_integers(numbers: set[int]) -> None:
    assert read_intset(write_intset(sorted(numbers), 8)) == (sorted(numbers), 8)


def test_an_intset_is_in_ascending_order() -> None:
    with pytest.raises(Corrupt):
        read_intset(write_intset([2, 1], 2))
    with pytest.raises(Corrupt):
        read_intset(write_intset([1, 1], 2))


def ziplist(*entries: bytes) -> bytes:
    """A ziplist of entries that lack the length of the one before."""
    body = b""
    previous = tail = 0
    for entry in entries:
        tail = 10 + len(body)
        told = bytes((previous,)) if previous < 254 else b"\xfe" + previous.to_bytes(4, "little")
        body += told + entry
        previous = len(told) + len(entry)
    size = (11 + len(body)).to_bytes(4, "little")
    count = len(entries).to_bytes(2, "little")
    return size + (tail or 10).to_bytes(4, "little") + count + body + b"\xff"


def test_a_ziplist_is_read_in_all_its_forms() -> None:
    entries = {
        b"\x03abc": b"abc",
        b"\x41\x2c" + b"m" * 300: b"m" * 300,
        b"\x80\x00\x00\x00\x02xy": b"xy",
        b"\xf1": b"0",
        b"\xfd": b"12",
        b"\xfe\x80": b"-128",
        b"\xc0\xff\x7f": b"32767",
        b"\xf0\x00\x00\x80": b"-8388608",
        b"\xd0\x00\x00\x00\x80": b"-2147483648",
        b"\xe0" + b"\xff" * 7 + b"\x7f": b"9223372036854775807",
    }
    assert read_ziplist(ziplist(*entries)) == list(entries.values())
    assert read_ziplist(ziplist()) == []


def test_a_zipmap_is_read_in_all_its_forms() -> None:
    long = b"v" * 300
    packed = b"\x02\x01a\x02\x03xy---" + b"\x01b\xfe\x2c\x01\x00\x00\x00" + long + b"\xff"
    assert read_zipmap(packed) == [b"a", b"xy", b"b", long]


GOOD: dict[Read, bytes] = {
    read_listpack: write_listpack([b"f", b"5", b"-7000", b"x" * 70, b"9" * 18]),
    read_intset: write_intset([-5, 0, 70_000], 4),
    read_ziplist: ziplist(b"\x03abc", b"\xf6", b"\xc0\xff\x7f"),
    read_zipmap: b"\x02\x01a\x02\x00xy\x01b\x00\x01-\xff",
}


@pytest.mark.parametrize("read", GOOD, ids=lambda read: read.__name__)
def test_what_is_cut_off_is_refused(read: Read) -> None:
    good = GOOD[read]
    read(good)
    for size in range(len(good)):
        with pytest.raises(Corrupt):
            read(good[:size])
    with pytest.raises(Corrupt):
        read(good + b"\xff")


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(data=st.data())
def test_any_change_is_read_or_refused(read: Read, data: st.DataObject) -> None:
    changed = bytearray(GOOD[read])
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Corrupt):
        read(bytes(changed))


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(junk=st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(read: Read, junk: bytes) -> None:
    with contextlib.suppress(Corrupt):
        read(junk)
