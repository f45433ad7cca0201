"""CRC-64 in the variant of Redis (Jones): the checksum at the end of DUMP payloads and RDB files.

Computing it byte by byte is slow in Python, so a long message is folded first. A CRC is a remainder
of polynomials over GF(2): the front of the message can be multiplied by ``x**k mod P``, a number of
64 bits, and added to the rest without changing the remainder. Python's big integers do that at
memory speed.
"""

from __future__ import annotations

#: The polynomial, its bits reversed like everything here: bit 0 has the highest power.
_POLYNOMIAL = 0x95AC9329AC4BC9B5
_BITS = 64
#: Up to this size, looking up byte by byte is faster than folding.
_FOLD_FROM_BYTES = 256


def _table() -> tuple[int, ...]:
    entries = []
    for entry in range(256):
        for _ in range(8):
            entry = entry >> 1 ^ (_POLYNOMIAL if entry & 1 else 0)
        entries.append(entry)
    return tuple(entries)


_TABLE = _table()


def crc64(data: bytes) -> int:
    """The checksum of data."""
    if len(data) > _FOLD_FROM_BYTES:
        data = _folded(data)
    crc = 0
    for byte in data:
        crc = _TABLE[crc & 0xFF ^ byte] ^ crc >> 8
    return crc


def _folded(data: bytes) -> bytes:
    """A short message with the same checksum."""
    message, size = int.from_bytes(data, "little"), len(data) * 8
    while size > _FOLD_FROM_BYTES * 8:
        # The rest is 64 bits longer than the front: a product with 64 bits fits exactly into it.
        front_size = (size - _BITS) // 16 * 8
        front = message & (1 << front_size) - 1
        message >>= front_size
        size -= front_size
        factor = _power_of_x(size)
        for power in range(_BITS):
            if factor >> (_BITS - 1 - power) & 1:
                message ^= front << (size - front_size - power)
    return message.to_bytes(size // 8, "little")


def _power_of_x(exponent: int) -> int:
    """``x**exponent mod P``, by squaring."""
    result, base = 1 << _BITS - 1, 1 << _BITS - 2
    while exponent:
        if exponent & 1:
            result = _product(result, base)
        base = _product(base, base)
        exponent >>= 1
    return result


def _product(a: int, b: int) -> int:
    """``a * b mod P``."""
    product = 0
    for power in range(_BITS):
        if a >> (_BITS - 1 - power) & 1:
            product ^= b
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product
