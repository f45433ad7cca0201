"""Compare two replies byte for byte, apart from what a step says may differ.

What may differ is documented: the order of unordered replies, times, ids, random choices.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.wire import reply_end

from .script import Step

_AGGREGATES = b"*~>%|"
_INTEGER = re.compile(rb":(-?\d+)\r\n")
_NUMBER = re.compile(rb"\d+")
_AGE = re.compile(rb"(?<=age-seconds\r\n)(?:\$\d+\r\n|,)[^\r]*")
_CLIENT_INFO = re.compile(rb"(?<=client-info\r\n)\$\d+\r\n[^\r]*")
_WORD = re.compile(rb"[()]|[^ ()\r\n]+")
_CONNECTION_ID = re.compile(rb"(?<=\$2\r\nid\r\n:)\d+")


@dataclass
class Frame:
    """A reply taken apart: its own bytes, and the replies inside it."""

    head: bytes
    parts: list[Frame] = field(default_factory=list)

    @property
    def kind(self) -> bytes:
        return self.head[:1]

    def joined(self) -> bytes:
        return self.head + b"".join(part.joined() for part in self.parts)


def same(step: Step, ours: bytes, theirs: bytes) -> bool:
    """Whether two replies to a step are equal, but for what the step lets differ."""
    if "near" in step.numbers and _near(ours, theirs, step.numbers["near"]):
        return True
    return normalise(ours, step.flags) == normalise(theirs, step.flags)


def _near(ours: bytes, theirs: bytes, distance: int) -> bool:
    """Whether two replies differ in their integers alone, and each of these by so much at most.

    What is negative stands for something, and may not differ.
    """
    if _INTEGER.sub(b":", ours) != _INTEGER.sub(b":", theirs):
        return False
    pairs = zip(_INTEGER.findall(ours), _INTEGER.findall(theirs), strict=True)
    return all(
        mine == other or (abs(int(mine) - int(other)) <= distance and b"-" not in mine + other)
        for mine, other in pairs
    )


def normalise(data: bytes, flags: frozenset[str]) -> bytes:
    """The reply without what may differ. Bytes that are not whole replies stay as they are."""
    if "ids" in flags:
        data = _CONNECTION_ID.sub(b"0", data)
    if "masked" in flags:
        data = _NUMBER.sub(b"0", data)
    if "acllog" in flags:
        data = _CLIENT_INFO.sub(b"", _AGE.sub(b"", data))
    if not flags & {"unordered", "pairs", "scan", "shape", "words"}:
        return data
    frames = take_apart(data)
    if frames is None:
        return data
    for frame in frames:
        if "words" in flags:
            _sort_words(frame)
        if "scan" in flags and len(frame.parts) == 2:
            _sort(frame.parts[1], by_pairs="pairs" in flags)
        elif flags & {"unordered", "pairs"}:
            _sort(frame, by_pairs="pairs" in flags)
    if "shape" in flags:
        return b"".join(map(_shape, frames))
    return b"".join(frame.joined() for frame in frames)


def take_apart(data: bytes) -> list[Frame] | None:
    """The replies that the bytes hold, or None if they do not end with a whole one."""
    frames = []
    at = 0
    while at < len(data):
        try:
            end = reply_end(data, at)
        except ValueError:
            return None
        if end is None:
            return None
        frames.append(_frame(data, at, end))
        at = end
    return frames


def _frame(data: bytes, start: int, end: int) -> Frame:
    if data[start] not in _AGGREGATES:
        return Frame(data[start:end])
    at = data.index(b"\r\n", start) + 2
    frame = Frame(data[start:at])
    while at < end:
        part_end = reply_end(data, at)
        assert part_end is not None
        frame.parts.append(_frame(data, at, part_end))
        at = part_end
    return frame


def _sort(frame: Frame, *, by_pairs: bool) -> None:
    """Put the elements of a collection in one order, its pairs if it is a map or ``by_pairs``.

    In RESP3 some replies hold their pairs as arrays of two: those are elements.
    """
    nested = bool(frame.parts) and frame.parts[0].kind == b"*"
    size = 2 if frame.kind == b"%" or (by_pairs and not nested) else 1
    groups = [frame.parts[at : at + size] for at in range(0, len(frame.parts), size)]
    groups.sort(key=_joined)
    frame.parts = [part for group in groups for part in group]


def _sort_words(frame: Frame) -> None:
    """Put the words of every string in one order."""
    if frame.kind == b"$" and b" " in frame.head:
        frame.head = b" ".join(sorted(_WORD.findall(frame.head)))
    for part in frame.parts:
        _sort_words(part)


def _joined(parts: Sequence[Frame]) -> bytes:
    return b"".join(part.joined() for part in parts)


def _shape(frame: Frame) -> bytes:
    """Types, and how many elements; an error keeps its words."""
    if frame.parts or frame.kind in (b"-", b"_") or frame.head[1:3] == b"-1":
        return frame.head + b"".join(map(_shape, frame.parts))
    return frame.head if frame.head[:1] in b"*~>%|" else frame.kind
