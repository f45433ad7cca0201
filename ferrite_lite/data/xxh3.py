"""XXH3 with 64 bits: the digest of a string that DIGEST returns and IFDEQ compares.

Written from the algorithm's specification (xxHash, doc/xxhash_spec.md), without a seed. It is not a
cryptographic hash: it is a cheap check whether a value is what a client believes it to be.
"""

from __future__ import annotations

from struct import unpack_from

_MASK = 2**64 - 1

_PRIME32_1, _PRIME32_2, _PRIME32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
_PRIME64_1, _PRIME64_2, _PRIME64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_PRIME64_4, _PRIME64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_PRIME_MX1, _PRIME_MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25

#: The specification's own.
_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8"
    "fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364ea"
    "c5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b"
    "16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)

_STRIPE_BYTES = 64
_LANES = 8
#: A stripe takes the secret eight bytes further; the last eight lanes end a block.
_BLOCK_STRIPES = (len(_SECRET) - _STRIPE_BYTES) // 8
_BLOCK_BYTES = _BLOCK_STRIPES * _STRIPE_BYTES


def xxh3_64(data: bytes) -> int:
    """The digest as a number of 64 bits; about 50 ns a byte where data is long."""
    size = len(data)
    if size <= 16:
        return _of_few_bytes(data)
    if size <= 128:
        return _of_some_bytes(data)
    if size <= 240:
        return _of_more_bytes(data)
    return _of_many_bytes(data)


# --- up to 240 bytes ------------------------------------------------------------------------------


def _of_few_bytes(data: bytes) -> int:
    size = len(data)
    if size > 8:
        return _of_9_to_16_bytes(data)
    if size > 3:
        low, high = _u32(data, 0), _u32(data, size - 4)
        mixed = (high | low << 32) ^ _secret64(8) ^ _secret64(16)
        mixed ^= _rotated(mixed, 49) ^ _rotated(mixed, 24)
        mixed = mixed * _PRIME_MX2 & _MASK
        mixed ^= (mixed >> 35) + size
        mixed = mixed * _PRIME_MX2 & _MASK
        return mixed ^ mixed >> 28
    if size:
        combined = data[size - 1] | size << 8 | data[0] << 16 | data[size >> 1] << 24
        return _avalanche64(combined ^ _u32(_SECRET, 0) ^ _u32(_SECRET, 4))
    return _avalanche64(_secret64(56) ^ _secret64(64))


def _of_9_to_16_bytes(data: bytes) -> int:
    size = len(data)
    low = _u64(data, 0) ^ _secret64(24) ^ _secret64(32)
    high = _u64(data, size - 8) ^ _secret64(40) ^ _secret64(48)
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    return _avalanche((size + swapped + high + _folded(low, high)) & _MASK)


def _of_some_bytes(data: bytes) -> int:
    size = len(data)
    total = size * _PRIME64_1
    for at in range((size - 1) // 32, -1, -1):
        total += _mix16(data, 16 * at, 32 * at)
        total += _mix16(data, size - 16 * (at + 1), 32 * at + 16)
    return _avalanche(total & _MASK)


def _of_more_bytes(data: bytes) -> int:
    size = len(data)
    total = size * _PRIME64_1
    for at in range(8):
        total += _mix16(data, 16 * at, 16 * at)
    total = _avalanche(total & _MASK)
    for at in range(8, size // 16):
        total += _mix16(data, 16 * at, 16 * (at - 8) + 3)
    total += _mix16(data, size - 16, 136 - 17)
    return _avalanche(total & _MASK)


def _mix16(data: bytes, at: int, secret_at: int) -> int:
    low, high = unpack_from("<QQ", data, at)
    key_low, key_high = unpack_from("<QQ", _SECRET, secret_at)
    return _folded(low ^ key_low, high ^ key_high)


# --- more than 240 bytes --------------------------------------------------------------------------


def _of_many_bytes(data: bytes) -> int:
    lanes = [
        *(_PRIME32_3, _PRIME64_1, _PRIME64_2, _PRIME64_3),
        *(_PRIME64_4, _PRIME32_2, _PRIME64_5, _PRIME32_1),
    ]
    last_block = (len(data) - 1) // _BLOCK_BYTES * _BLOCK_BYTES
    for block in range(0, last_block, _BLOCK_BYTES):
        for stripe in range(_BLOCK_STRIPES):
            _accumulate(lanes, data, block + stripe * _STRIPE_BYTES, stripe * 8)
        _scramble(lanes)
    for stripe in range((len(data) - 1 - last_block) // _STRIPE_BYTES):
        _accumulate(lanes, data, last_block + stripe * _STRIPE_BYTES, stripe * 8)
    _accumulate(lanes, data, len(data) - _STRIPE_BYTES, len(_SECRET) - _STRIPE_BYTES - 7)
    return _merged(lanes, len(data))


def _accumulate(lanes: list[int], data: bytes, at: int, secret_at: int) -> None:
    words = unpack_from("<8Q", data, at)
    keys = unpack_from("<8Q", _SECRET, secret_at)
    for lane in range(_LANES):
        word = words[lane]
        keyed = word ^ keys[lane]
        lanes[lane ^ 1] += word
        lanes[lane] = (lanes[lane] + (keyed & 0xFFFFFFFF) * (keyed >> 32)) & _MASK


def _scramble(lanes: list[int]) -> None:
    keys = unpack_from("<8Q", _SECRET, len(_SECRET) - _STRIPE_BYTES)
    for lane in range(_LANES):
        value = lanes[lane] & _MASK
        lanes[lane] = (value ^ value >> 47 ^ keys[lane]) * _PRIME32_1 & _MASK


def _merged(lanes: list[int], size: int) -> int:
    keys = unpack_from("<8Q", _SECRET, 11)
    total = size * _PRIME64_1
    for lane in range(0, _LANES, 2):
        low, high = lanes[lane] & _MASK, lanes[lane + 1] & _MASK
        total += _folded(low ^ keys[lane], high ^ keys[lane + 1])
    return _avalanche(total & _MASK)


# --- words ----------------------------------------------------------------------------------------


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _secret64(at: int) -> int:
    return _u64(_SECRET, at)


def _rotated(value: int, bits: int) -> int:
    return (value << bits | value >> 64 - bits) & _MASK


def _folded(a: int, b: int) -> int:
    """Both halves of a product of 128 bits as one."""
    product = a * b
    return product & _MASK ^ product >> 64


def _avalanche(value: int) -> int:
    value = (value ^ value >> 37) * _PRIME_MX1 & _MASK
    return value ^ value >> 32


def _avalanche64(value: int) -> int:
    value = (value ^ value >> 33) * _PRIME64_2 & _MASK
    value = (value ^ value >> 29) * _PRIME64_3 & _MASK
    return value ^ value >> 32
