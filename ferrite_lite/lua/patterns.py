"""Lua's string patterns: ``%a``, ``[^x-z]``, ``*+-?``, captures, ``%b()``, ``%f[set]``, ``%1``.

A matcher that backtracks, as Lua's own does, and spends the steps of its script: a pattern made to
explode holds up the server no more than any other loop.
"""

from __future__ import annotations

from functools import lru_cache

from .budget import spend
from .errors import LuaError

#: Steps of a match in the time of one of a script's, and how many are spent at once.
MATCHES_A_STEP, MATCHES_AT_ONCE = 8, 800
#: ``LUA_MAXCAPTURES``.
MAX_CAPTURES = 32
#: ``MAXCCALLS``: how deep a pattern may recurse.
MAX_DEPTH = 200

_POSITION = -2
_OPEN = -1

_CLASSES = {
    "a": b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "c": bytes([*range(32), 127]),
    "d": b"0123456789",
    "l": b"abcdefghijklmnopqrstuvwxyz",
    "p": b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "s": b" \t\n\r\f\v",
    "u": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "w": b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "x": b"0123456789abcdefABCDEF",
    "z": b"\0",
}
_ALL = frozenset(range(256))


@lru_cache(maxsize=64)
def _class(letter: int) -> frozenset[int] | None:
    """The bytes of ``%a`` or, for a capital, all others; None for what is no class."""
    name = chr(letter)
    if name.lower() not in _CLASSES:
        return None
    members = frozenset(_CLASSES[name.lower()])
    return members if name.islower() else _ALL - members


Capture = bytes | float


class Matcher:
    """One subject and one pattern; ``match`` tries one position."""

    def __init__(self, subject: bytes, pattern: bytes) -> None:
        self.subject = subject
        self.pattern = pattern
        self._starts: list[int] = []
        self._lengths: list[int] = []
        self._steps = 0

    def match(self, at: int, pattern_at: int = 0) -> int | None:
        """Where a match that begins at ``at`` ends, or None."""
        self._starts, self._lengths = [], []
        return self._match(at, pattern_at, 0)

    def captures(self, start: int, end: int, *, whole: bool) -> list[Capture]:
        """What the parentheses caught; the whole match when there are none and ``whole`` is set."""
        if not self._starts:
            return [self.subject[start:end]] if whole else []
        return [self._capture(number) for number in range(len(self._starts))]

    def capture(self, number: int, start: int, end: int) -> Capture:
        """``%1`` to ``%9`` of a replacement; without captures, ``%1`` is the whole match."""
        if number >= len(self._starts):
            if number == 0:
                return self.subject[start:end]
            raise LuaError(b"invalid capture index")
        return self._capture(number)

    def _capture(self, number: int) -> Capture:
        start, size = self._starts[number], self._lengths[number]
        if size == _OPEN:
            raise LuaError(b"unfinished capture")
        return float(start + 1) if size == _POSITION else self.subject[start : start + size]

    # --- one element after another ----------------------------------------------------------------

    def _match(self, at: int, p: int, depth: int) -> int | None:
        if depth > MAX_DEPTH:
            raise LuaError(b"pattern too complex")
        pattern = self.pattern
        while True:
            self._steps += 1
            if self._steps > MATCHES_AT_ONCE:
                spend(self._steps // MATCHES_A_STEP)
                self._steps = 0
            if p == len(pattern):
                return at
            byte = pattern[p : p + 1]
            if byte == b"(":
                if pattern[p + 1 : p + 2] == b")":
                    return self._open(at, p + 2, _POSITION, depth)
                return self._open(at, p + 1, _OPEN, depth)
            if byte == b")":
                return self._close(at, p + 1, depth)
            if byte == b"$" and p + 1 == len(pattern):
                return at if at == len(self.subject) else None
            if byte == b"%":
                following = pattern[p + 1 : p + 2]
                if following == b"b":
                    balanced = self._balance(at, p + 2)
                    if balanced is None:
                        return None
                    at, p = balanced, p + 4
                    continue
                if following == b"f":
                    end = self._frontier(at, p + 2)
                    if end is None:
                        return None
                    p = end
                    continue
                if following.isdigit():
                    end = self._back_reference(at, following)
                    if end is None:
                        return None
                    at, p = end, p + 2
                    continue
            end = self._element_end(p)
            suffix = pattern[end : end + 1]
            if suffix == b"?":
                if self._fits(at, p, end):
                    found = self._match(at + 1, end + 1, depth + 1)
                    if found is not None:
                        return found
                p = end + 1
            elif suffix == b"*":
                return self._longest(at, p, end, depth)
            elif suffix == b"+":
                return self._longest(at + 1, p, end, depth) if self._fits(at, p, end) else None
            elif suffix == b"-":
                return self._shortest(at, p, end, depth)
            elif self._fits(at, p, end):
                at, p = at + 1, end
            else:
                return None

    def _longest(self, at: int, p: int, end: int, depth: int) -> int | None:
        stripped, reach, run = fitting(self.pattern[p:end]), at, _WINDOW_BYTES
        # The bytes that fit are told apart in C, a window at a time.
        while run == _WINDOW_BYTES:
            window = self.subject[reach : reach + _WINDOW_BYTES]
            run = len(window) - len(window.lstrip(stripped))
            reach += run
        self._steps += reach - at
        while reach >= at:
            found = self._match(reach, end + 1, depth + 1)
            if found is not None:
                return found
            reach -= 1
        return None

    def _shortest(self, at: int, p: int, end: int, depth: int) -> int | None:
        while True:
            found = self._match(at, end + 1, depth + 1)
            if found is not None:
                return found
            if not self._fits(at, p, end):
                return None
            at += 1

    def _open(self, at: int, p: int, kind: int, depth: int) -> int | None:
        if len(self._starts) >= MAX_CAPTURES:
            raise LuaError(b"too many captures")
        self._starts.append(at)
        self._lengths.append(kind)
        found = self._match(at, p, depth + 1)
        if found is None:
            self._starts.pop()
            self._lengths.pop()
        return found

    def _close(self, at: int, p: int, depth: int) -> int | None:
        number = len(self._lengths) - 1
        while number >= 0 and self._lengths[number] != _OPEN:
            number -= 1
        if number < 0:
            raise LuaError(b"invalid pattern capture")
        self._lengths[number] = at - self._starts[number]
        found = self._match(at, p, depth + 1)
        if found is None:
            self._lengths[number] = _OPEN
        return found

    def _balance(self, at: int, p: int) -> int | None:
        if p + 1 >= len(self.pattern):
            raise LuaError(b"unbalanced pattern")
        opening, closing = self.pattern[p], self.pattern[p + 1]
        subject = self.subject
        if at >= len(subject) or subject[at] != opening:
            return None
        level = 1
        for position in range(at + 1, len(subject)):
            if not position % MATCHES_AT_ONCE:
                spend(MATCHES_AT_ONCE // MATCHES_A_STEP)
            if subject[position] == closing:
                level -= 1
                if not level:
                    return position + 1
            elif subject[position] == opening:
                level += 1
        return None

    def _frontier(self, at: int, p: int) -> int | None:
        if self.pattern[p : p + 1] != b"[":
            raise LuaError(b"missing '[' after '%f' in pattern")
        end = self._element_end(p)
        before = self.subject[at - 1] if at else 0
        here = self.subject[at] if at < len(self.subject) else 0
        members = self._set(p, end)
        return end if before not in members and here in members else None

    def _back_reference(self, at: int, digit: bytes) -> int | None:
        number = digit[0] - ord("1")
        if not 0 <= number < len(self._lengths) or self._lengths[number] == _OPEN:
            raise LuaError(b"invalid capture index")
        if self._lengths[number] == _POSITION:
            return None  # a position is no text
        start = self._starts[number]
        text = self.subject[start : start + self._lengths[number]]
        return at + len(text) if self.subject.startswith(text, at) else None

    # --- one element ------------------------------------------------------------------------------

    def _element_end(self, p: int) -> int:
        pattern = self.pattern
        byte = pattern[p : p + 1]
        if byte == b"%":
            if p + 1 >= len(pattern):
                raise LuaError(b"malformed pattern (ends with '%')")
            return p + 2
        if byte != b"[":
            return p + 1
        p += 1
        if pattern[p : p + 1] == b"^":
            p += 1
        is_first = True
        while is_first or pattern[p : p + 1] != b"]":
            if p >= len(pattern):
                raise LuaError(b"malformed pattern (missing ']')")
            p += 2 if pattern[p : p + 1] == b"%" else 1
            is_first = False
        if p >= len(pattern):
            raise LuaError(b"malformed pattern (missing ']')")
        return p + 1

    def _fits(self, at: int, p: int, end: int) -> bool:
        if at >= len(self.subject):
            return False
        byte, element = self.subject[at], self.pattern[p]
        if element == ord("."):
            return True
        if element == ord("%"):
            letter = self.pattern[p + 1]
            members = _class(letter)
            return byte == letter if members is None else byte in members
        if element == ord("["):
            return byte in self._set(p, end)
        return byte == element

    def _set(self, p: int, end: int) -> frozenset[int]:
        return _members(self.pattern[p + 1 : end - 1])


#: Numbers and names fit in one.
_WINDOW_BYTES = 32


@lru_cache(maxsize=512)
def fitting(element: bytes) -> bytes:
    """All bytes that one element of a pattern stands for."""
    if element == b".":
        return bytes(_ALL)
    if element.startswith(b"["):
        return bytes(_members(element[1:-1]))
    members = _class(element[1]) if element.startswith(b"%") else None
    return element[-1:] if members is None else bytes(members)


@lru_cache(maxsize=512)
def _members(inside: bytes) -> frozenset[int]:
    """The bytes of a set, given what stands between its brackets."""
    negated = inside.startswith(b"^")
    at = 1 if negated else 0
    members: set[int] = set()
    while at < len(inside):
        if inside[at] == ord("%") and at + 1 < len(inside):
            found = _class(inside[at + 1])
            members |= {inside[at + 1]} if found is None else found
            at += 2
        elif at + 2 < len(inside) and inside[at + 1] == ord("-"):
            members |= set(range(inside[at], inside[at + 2] + 1))
            at += 3
        else:
            members.add(inside[at])
            at += 1
    return _ALL - members if negated else frozenset(members)
