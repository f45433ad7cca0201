"""Redis's glob patterns, matched in time that a hostile pattern cannot blow up.

A pattern is translated into one regular expression. Every part between two stars stands in an
atomic group: as each element takes exactly one byte, the leftmost place where a part fits is always
as good as a later one, so the matcher never has to come back. ``fnmatch`` would not do: Redis
escapes with a backslash, negates with ``^`` and accepts an unclosed class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

ANY_BYTE = rb"[\x00-\xff]"
NO_BYTE = rb"(?!)"

#: A pattern with more stars than this (those with something behind them) matches nothing. Redis
#: added the limit because its matcher recurses for each of them and could exhaust the stack.
MAX_STARS = 1000

Matcher = Callable[[bytes], object]


@lru_cache(maxsize=512)
def matcher(pattern: bytes, *, ignore_case: bool = False) -> Matcher:
    """A function that is true for the names that the pattern matches, from end to end."""
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.compile(_translate(pattern), flags).fullmatch


def is_literal(pattern: bytes) -> bool:
    """Whether only one name can match: the name itself."""
    return not any(special in pattern for special in (b"*", b"?", b"[", b"\\"))


def _translate(pattern: bytes) -> bytes:
    if len(pattern) > 1 and not pattern.strip(b"*"):
        # A quirk of Redis: an empty name matches "*", for which it has a short cut, but not "**".
        return b".+"
    first, *others = _parts_between_stars(pattern)
    if not others:
        return first
    if sum(map(bool, others)) > MAX_STARS:
        return NO_BYTE
    *middle, last = others
    return first + b"".join(b"(?>.*?%b)" % part for part in middle if part) + b".*" + last


def _parts_between_stars(pattern: bytes) -> list[bytes]:
    parts = [b""]
    at = 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        if byte == b"*":
            parts.append(b"")
            at += 1
            continue
        if byte == b"?":
            element, at = ANY_BYTE, at + 1
        elif byte == b"[":
            element, at = _byte_class(pattern, at + 1)
        else:
            if byte == b"\\" and at + 1 < len(pattern):
                at += 1
            element, at = re.escape(pattern[at : at + 1]), at + 1
        parts[-1] += element
    return parts


def _byte_class(pattern: bytes, at: int) -> tuple[bytes, int]:
    """Translate what follows ``[``; an unclosed class ends with the pattern."""
    negated = pattern[at : at + 1] == b"^"
    at += negated
    ranges = b""
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        low = high = pattern[at]
        if low == ord("\\") and at + 1 < len(pattern):
            at += 1
            low = high = pattern[at]
        elif at + 2 < len(pattern) and pattern[at + 1] == ord("-"):
            low, high = sorted((_signed(low), _signed(pattern[at + 2])))
            at += 2
        ranges += _range(low, high)
        at += 1
    if not ranges:
        return (ANY_BYTE if negated else NO_BYTE), at + 1
    return b"[%b%b]" % (b"^" if negated else b"", ranges), at + 1


def _signed(byte: int) -> int:
    """A byte as C's ``char`` on the machines that Redis runs on: ranges compare those."""
    return byte - 256 if byte > 127 else byte


def _range(low: int, high: int) -> bytes:
    """The bytes from one to another, either of which may be signed."""
    if low < 0 <= high:
        return _range(low + 256, 255) + _range(0, high)
    return b"\\x%02x-\\x%02x" % (low & 0xFF, high & 0xFF)
