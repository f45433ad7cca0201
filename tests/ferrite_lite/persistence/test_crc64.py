from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.persistence.crc64 import crc64

POLYNOMIAL = 0xAD93D23594C935A9


def bit_by_bit(data: bytes) -> int:
    """The definition: divide the message, each byte's lowest bit first, by the polynomial."""
    remainder = 0
    for byte in data:
        for bit in range(8):
            carry = (remainder >> 63) ^ (byte >> bit & 1)
            remainder = (remainder << 1 & (1 << 64) - 1) ^ (POLYNOMIAL if carry else 0)
    return int(f"{remainder:064b}"[::-1], 2)


def test_the_checksum_of_the_published_check_string() -> None:
    assert crc64(b"123456789") == 0xE9C6D914C4B8D9CA


@given(st.binary(max_size=1500))
def test_the_checksum_is_the_remainder(data: bytes) -> None:
    assert crc64(data) == bit_by_bit(data)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 258, 511, 512, 513, 527, 528, 529, 5000])
def test_a_message_of_any_length_is_folded_right(size: int) -> None:
    data = bytes((index * 7 + index // 256) & 0xFF for index in range(size))
    assert crc64(data) == bit_by_bit(data)
