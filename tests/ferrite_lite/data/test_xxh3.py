"""Digests as the reference implementation computes them."""

from __future__ import annotations

import pytest

from ferrite_lite.data.xxh3 import xxh3_64

#: Made with the C library xxHash 0.8: each length that the algorithm treats in its own way, and the
#: lengths beside it.
VECTORS = {
    0: "2d06800538d394c2",
    1: "c44bdff4074eecdb",
    3: "c3abf7ae2e250b5a",
    4: "6e5c9679d43c1e41",
    8: "2c2127bbb99b325e",
    9: "8436430b381f7fd6",
    16: "bea42f62eac454d0",
    17: "c5bc95c990fc83b4",
    32: "270fc40a309c23ad",
    33: "4de9193ef7fabcc1",
    64: "d0bdb3e3c36a32e8",
    65: "60b706ea92d6e22e",
    96: "d18d44b631a73073",
    97: "a57ef0407c7afe78",
    128: "3d41caa0b80a4385",
    129: "287795aec899cb57",
    144: "b21dac5dd2934dd0",
    240: "4da2ab7921d06c5e",
    241: "179ead905bf75a05",
    256: "4a0bf471528a187b",
    512: "e44778267d71d06f",
    1024: "89afebe614a926d7",
    1025: "6d6273cffcf616f7",
    1088: "d92ad48d9c182061",
    2048: "2ef1df256302e71b",
    5000: "aef85543bf6dc334",
}


def pattern(size: int) -> bytes:
    return bytes(at * 131 % 251 for at in range(size))


@pytest.mark.parametrize("size", VECTORS)
def test_a_digest_is_that_of_the_reference_implementation(size: int) -> None:
    assert f"{xxh3_64(pattern(size)):016x}" == VECTORS[size]


def test_every_byte_matters() -> None:
    for size in (3, 8, 16, 128, 240, 1100):
        data = pattern(size)
        flipped = [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(size)]
        assert len({xxh3_64(each) for each in [data, *flipped]}) == size + 1
