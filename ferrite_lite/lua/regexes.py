"""The ordinary patterns of Lua as regular expressions, which run in C.

Only what takes time in proportion to the text, or to its square in a text that is short: each
repetition ends where its class ends, at the pattern's own end or before another class, so that it
never has to give anything back. Everything else, errors among it, is left to ``patterns``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from .errors import LuaError
from .patterns import Capture, Matcher, fitting

#: Longer texts and patterns are matched under the budget.
MAX_TEXT_BYTES, MAX_PATTERN_BYTES = 4096, 128
#: A pattern that was seen so often is worth being compiled.
WORTH_COMPILING = 3
#: Each optional byte may double the time.
MAX_OPTIONAL = 4

_ITEM = re.compile(
    rb"(?P<open>\((?P<position>\))?)|(?P<close>\))|(?P<end>\$\Z)"
    rb"|(?P<element>%[^bf0-9a-zA-Z]|%[acdlpsuwxzACDLPSUWXZ]"
    rb"|\[\^?+(?:%[^a-zA-Z]|%[acdlpsuwxzACDLPSUWXZ]|[^\]%])+\]|[^%\[()])"
    rb"(?P<suffix>[*+?-]?)",
    re.DOTALL,
)


@dataclass(slots=True)
class _Item:
    """One class of bytes, and how often it may come."""

    members: frozenset[int]
    suffix: bytes


@dataclass(frozen=True, slots=True)
class Regex:
    """A pattern that was translated."""

    compiled: re.Pattern[bytes]
    #: The captures that stand for a position, from 0.
    positions: frozenset[int]


@lru_cache(maxsize=512)
def _seen(_: bytes) -> list[int]:
    """How often a pattern was asked for."""
    return [0]


def regex_of(pattern: bytes) -> Regex | None:
    """A regular expression that matches as ``pattern`` does, if it is an ordinary one, and used."""
    if len(pattern) > MAX_PATTERN_BYTES:
        return None
    seen = _seen(pattern)
    seen[0] += 1
    return translate(pattern) if seen[0] >= WORTH_COMPILING else None


@lru_cache(maxsize=512)
def translate(pattern: bytes) -> Regex | None:
    """Without its anchor, which is for the caller; None for what is not ordinary."""
    pieces = _pieces(pattern.removeprefix(b"^"))
    if pieces is None or not _is_ordinary([each for each in pieces if isinstance(each, _Item)]):
        return None
    text, positions, opened, groups = b"", set[int](), 0, 0
    for piece in pieces:
        if isinstance(piece, _Item):
            text += _class_text(piece.members) + _suffix_text(piece)
        elif piece == b")":
            if not opened:
                return None
            opened -= 1
            text += piece
        elif piece == b"\\Z":
            text += piece
        else:
            if piece == b"()":
                positions.add(groups)
            else:
                opened += 1
            groups += 1
            text += piece
    return None if opened else Regex(re.compile(text, re.DOTALL), frozenset(positions))


def _pieces(pattern: bytes) -> list[_Item | bytes] | None:
    pieces: list[_Item | bytes] = []
    at = 0
    while at < len(pattern):
        found = _ITEM.match(pattern, at)
        if found is None:
            return None
        at = found.end()
        if found["element"] is not None:
            pieces.append(_Item(frozenset(fitting(found["element"])), found["suffix"]))
        elif found["end"] is not None:
            pieces.append(b"\\Z")
        elif found["close"] is not None:
            pieces.append(b")")
        else:
            pieces.append(b"()" if found["position"] else b"(")
    return pieces


def _is_ordinary(items: list[_Item]) -> bool:
    """Whether each repetition ends where its class ends."""
    for item, following in pairwise(items):
        if item.suffix in (b"*", b"+") and (
            following.suffix not in (b"", b"+") or item.members & following.members
        ):
            return False
    suffixes = [item.suffix for item in items]
    return b"-" not in suffixes and suffixes.count(b"?") <= MAX_OPTIONAL


def _class_text(members: frozenset[int]) -> bytes:
    if len(members) == 256:
        return b"."
    if not members:
        return b"(?!)"
    return b"[" + b"".join(b"\\x%02x" % byte for byte in sorted(members)) + b"]"


def _suffix_text(item: _Item) -> bytes:
    """A repetition is possessive: what it has, it keeps."""
    return item.suffix + b"+" if item.suffix in (b"*", b"+") else item.suffix


class QuickMatcher:
    """As ``Matcher``, for an ordinary pattern and a text that is not long."""

    def __init__(self, subject: bytes, regex: Regex) -> None:
        self.subject = subject
        self._regex = regex
        self._found: re.Match[bytes] | None = None

    def match(self, at: int, _: int = 0) -> int | None:
        """Where a match that begins at ``at`` ends, or None."""
        self._found = self._regex.compiled.match(self.subject, at)
        return None if self._found is None else self._found.end()

    def search(self, at: int) -> tuple[int, int] | None:
        """Where the first match from ``at`` on begins and ends."""
        self._found = self._regex.compiled.search(self.subject, at)
        return None if self._found is None else self._found.span()

    def captures(self, start: int, end: int, *, whole: bool) -> list[Capture]:
        """What the parentheses caught; the whole match when there are none and ``whole`` is set."""
        assert self._found is not None  # noqa: S101  # asked after a match
        groups: list[Capture] = list(self._found.groups())
        for number in self._regex.positions:
            groups[number] = float(self._found.start(number + 1) + 1)
        return groups if groups or not whole else [self.subject[start:end]]

    def capture(self, number: int, start: int, end: int) -> Capture:
        """``%1`` to ``%9`` of a replacement. Raises LuaError."""
        groups = self.captures(start, end, whole=True)
        if number >= len(groups):
            raise LuaError(b"invalid capture index")
        return groups[number]


def matcher(subject: bytes, pattern: bytes) -> Matcher | QuickMatcher:
    """What finds a pattern in a text."""
    regex = regex_of(pattern) if len(subject) <= MAX_TEXT_BYTES else None
    return Matcher(subject, pattern) if regex is None else QuickMatcher(subject, regex)
