"""LZF, the compression inside Redis's formats: a run of literal bytes, or a look back.

A ``Compressor`` makes the same choices as Redis, so that its output is equal to the byte.
"""

from __future__ import annotations

MAX_LITERALS = 32
MAX_DISTANCE = 1 << 13
MAX_MATCH_BYTES = 264
_MIN_MATCH_BYTES = 3
#: How far a match is compared before the end of the input is looked at.
_UNCHECKED_MATCH_BYTES = 19
_HASH_MASK = (1 << 16) - 1

#: How many positions a Compressor looks at: about 0.1 s. Redis has no such limit. Strings that are
#: left then stay uncompressed, and every server reads those just as well.
MAX_STEPS = 250_000
#: Compressed bytes expand by no more than this factor.
MAX_EXPANSION = MAX_MATCH_BYTES // 3


class CorruptLzf(ValueError):
    """Not LZF, or not of a string with the size that was given."""


class Compressor:
    """Compresses strings until it has no steps left."""

    __slots__ = ("_steps",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._steps = steps

    def compress(self, data: bytes, limit: int) -> bytes | None:
        """The compressed form, or None when it would not fit into ``limit`` bytes."""
        compressed, taken = _compress(data, limit, self._steps)
        self._steps -= taken
        return compressed


def _compress(data: bytes, limit: int, max_steps: int) -> tuple[bytes | None, int]:
    """The compressed form, if it fits, and how many steps were taken."""
    size = len(data)
    out = bytearray()
    seen: dict[int, int] = {}
    at = run_start = steps = 0
    while at < size - 2:
        if steps == max_steps:
            return None, steps
        steps += 1
        slot = _slot(data, at)
        # A match at the very beginning is never found: Redis takes position 0 for "nothing".
        earlier = seen.get(slot, 0)
        seen[slot] = at
        is_match = (
            earlier
            and at - earlier <= MAX_DISTANCE
            and data[earlier : earlier + 3] == data[at : at + 3]
        )
        if not is_match:
            if len(out) + 1 + at - run_start >= limit:
                return None, steps
            at += 1
            if at - run_start == MAX_LITERALS:
                _write_literals(out, data[run_start:at])
                run_start = at
            continue
        # Redis has reserved a byte for the length of a run, even of one that stays empty.
        if len(out) + (at > run_start) + at - run_start + 4 >= limit:
            return None, steps
        _write_literals(out, data[run_start:at])
        length = _match_length(data, earlier, at)
        _write_match(out, at - earlier - 1, length)
        at += length
        run_start = at
        if at < size - 2:
            for passed in (at - 2, at - 1):
                seen[_slot(data, passed)] = passed
    if len(out) + 1 + at - run_start + 3 > limit:
        return None, steps
    for start in range(run_start, size, MAX_LITERALS):
        _write_literals(out, data[start : start + MAX_LITERALS])
    return bytes(out), steps


def _slot(data: bytes, at: int) -> int:
    """Where Redis's hash table files the three bytes at a position."""
    three = data[at] << 16 | data[at + 1] << 8 | data[at + 2]
    return (three >> 8) - three * 5 & _HASH_MASK


def _match_length(data: bytes, earlier: int, at: int) -> int:
    bound = min(len(data) - at - 2, MAX_MATCH_BYTES)
    bound = max(bound, _UNCHECKED_MATCH_BYTES if bound > 16 else _MIN_MATCH_BYTES)
    if data[earlier : earlier + bound] == data[at : at + bound]:
        return bound
    length = _MIN_MATCH_BYTES
    while data[earlier + length] == data[at + length]:
        length += 1
    return length


def _write_literals(out: bytearray, literals: bytes) -> None:
    if literals:
        out.append(len(literals) - 1)
        out += literals


def _write_match(out: bytearray, distance: int, length: int) -> None:
    length -= 2
    if length < 7:
        out.append(distance >> 8 | length << 5)
    else:
        out += bytes((distance >> 8 | 7 << 5, length - 7))
    out.append(distance & 0xFF)


def expand(data: bytes, size: int) -> bytes:
    """The original, which must have ``size`` bytes. Raises CorruptLzf."""
    if size > len(data) * MAX_EXPANSION:
        raise CorruptLzf
    out = bytearray()
    at = 0
    try:
        while at < len(data) and len(out) <= size:
            control = data[at]
            if control < MAX_LITERALS:
                out += data[at + 1 : at + 2 + control]
                at += 2 + control
                continue
            length = control >> 5
            at += 1
            if length == 7:
                length += data[at]
                at += 1
            distance = (control & 0x1F) << 8 | data[at]
            at += 1
            _copy(out, distance + 1, length + 2)
    except IndexError:
        raise CorruptLzf from None
    if at != len(data) or len(out) != size:
        raise CorruptLzf
    return bytes(out)


def _copy(out: bytearray, distance: int, length: int) -> None:
    """Append what stands ``distance`` before the end; it may reach into what is being appended."""
    start = len(out) - distance
    if start < 0:
        raise CorruptLzf
    piece = out[start : start + length]
    out += (piece * (length // len(piece) + 1))[:length]
