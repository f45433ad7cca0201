from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.persistence.lzf import Compressor, CorruptLzf, expand

#: Data in which something repeats.
repetitive = st.lists(st.sampled_from([b"a", b"bc", b"def", b"0123456789", b"x" * 40])).map(
    b"".join
)


def compress(data: bytes, limit: int) -> bytes | None:
    return Compressor().compress(data, limit)


@given(st.one_of(repetitive, st.binary()))
def test_what_was_compressed_expands_to_the_original(data: bytes) -> None:
    compressed = compress(data, len(data))
    if compressed is not None:
        assert len(compressed) <= len(data)
        assert expand(compressed, len(data)) == data


@given(repetitive, st.integers(0, 200))
def test_the_compressed_form_fits_into_the_limit(data: bytes, limit: int) -> None:
    compressed = compress(data, limit)
    assert compressed is None or len(compressed) <= limit


def test_a_run_of_one_byte_takes_three_bytes_for_264() -> None:
    assert compress(b"a" * 30, 26) == b"\x01aa\xe0\x11\x00\x01aa"
    assert len(compress(b"a" * 100_000, 99_996) or b"") < 100_000 // 80


def test_what_does_not_repeat_does_not_compress() -> None:
    assert compress(bytes(range(256)), 252) is None


def test_a_long_search_without_success_is_given_up() -> None:
    data = random.Random(1).randbytes(500) + b"a" * 5000
    assert Compressor(steps=600).compress(data, len(data) - 4) is not None
    assert Compressor(steps=400).compress(data, len(data) - 4) is None


def test_steps_are_shared_by_all_strings_of_a_compressor() -> None:
    compressor, data = Compressor(steps=25), b"abcdefgh" * 10
    assert compressor.compress(data, 80) is not None
    assert compressor.compress(data, 80) is not None
    assert compressor.compress(data, 80) is None


@given(st.binary(max_size=60), st.integers(0, 400))
def test_any_bytes_expand_to_the_size_told_or_are_corrupt(data: bytes, size: int) -> None:
    with contextlib.suppress(CorruptLzf):
        assert len(expand(data, size)) == size


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"\x20\x00", 3),  # looks back, and there is nothing yet
        (b"\x00a\x20\x05", 4),  # looks back too far
        (b"\x00a\x20", 4),  # half a look back
        (b"\x00a\xe0", 10),  # half a long one
        (b"\x05ab", 6),  # fewer literals than told
        (b"\x00a", 2),  # shorter than told
        (b"\x01ab", 1),  # longer than told
        (b"\x00a", 10**12),  # no two bytes stand for that much
    ],
)
def test_corrupt_data_is_refused(data: bytes, size: int) -> None:
    with pytest.raises(CorruptLzf):
        expand(data, size)


def test_a_bomb_stops_at_the_size_told() -> None:
    bomb = b"\x00a" + b"\xe0\xff\x00" * 1000
    with pytest.raises(CorruptLzf):
        expand(bomb, 5)
    assert expand(bomb, 264_001) == b"a" * 264_001
