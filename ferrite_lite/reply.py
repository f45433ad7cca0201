"""Replies as plain Python values: what a command handler returns.

``int`` ``bytes`` ``None`` ``float`` ``list`` ``dict`` ``set`` and ``CommandError`` mean themselves;
the classes here stand for what Python has no value for. How a reply looks on the wire, in RESP2 or
RESP3, is decided in ``resp.py`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

from .errors import CommandError


class Status(bytes):
    """A simple string, such as ``+OK``. Never holds client data that could contain a line end."""

    __slots__ = ()


class Double(float):
    """A number whose RESP2 form is a bulk string and whose RESP3 form is ``,1.5``."""

    __slots__ = ()


class DoubleText(bytes):
    """The digits of a number that no double may hold: ``,1.5`` in RESP3, else a bulk string."""

    __slots__ = ()


class Verbatim(bytes):
    """Text for people: ``=15\\r\\ntxt:...`` in RESP3, a bulk string in RESP2."""

    #: What kind of text it is, in three letters; a script may choose another.
    format = b"txt"

    @classmethod
    def of(cls, kind: bytes, text: bytes) -> Verbatim:
        verbatim = cls(text)
        verbatim.format = kind[:3].ljust(3)
        return verbatim


class BigNumber(bytes):
    """The digits of a number of any size: ``(123`` in RESP3, a bulk string in RESP2."""

    __slots__ = ()


class Written:
    """The names and values of a map as they are sent; None once they had to make room."""

    __slots__ = ("body",)

    def __init__(self, body: bytes | None) -> None:
        self.body = body


class StringMap(dict[bytes, bytes]):
    """A map that holds only strings, so the encoder need not look at each value's type.

    A map that is read again and again between two changes, as sessions are, is kept in the form in
    which it is sent: whoever changes it must set ``written`` to None.
    """

    __slots__ = ("written",)

    written: Written | None


class FlatMap:
    """A map as scripts answer it: names and values in turn, an array in RESP3 too."""

    __slots__ = ("mapping",)

    def __init__(self, mapping: StringMap) -> None:
        self.mapping = mapping


class StringSet(set[bytes]):
    """A set that holds strings and nothing else."""

    __slots__ = ()


class Pairs(list[tuple[Any, Any]]):
    """A map whose order, or whose repeated keys, matter: a flat array in RESP2."""

    __slots__ = ()


class OrderedSet(list[Any]):
    """A set whose order is ours to choose: ``~`` in RESP3, an ordinary array in RESP2."""

    __slots__ = ()


class Push(list[Any]):
    """An out-of-band message: ``>`` in RESP3, an ordinary array in RESP2."""

    __slots__ = ()


class Several(list[Any]):
    """What one request writes, one after the other: its reply, and the pushes around it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InProtocol:
    """A reply in the protocol of its time: a transaction may have changed that since (HELLO)."""

    resp: int
    reply: Reply


@dataclass(frozen=True, slots=True)
class Attributed:
    """A reply with attributes, which RESP2 leaves out."""

    attributes: Mapping[Any, Reply]
    reply: Reply


@dataclass(frozen=True, slots=True)
class Piecemeal:
    """The array of an EXEC whose commands used CLIENT REPLY: it is held back no more as a whole.

    What was held back of it is NO_REPLY; that may be its announcement, too.
    """

    items: list[Reply]
    is_announced: bool


class NullArray:
    """The reply of an EXEC whose watched key changed: ``*-1`` in RESP2, ``_`` in RESP3."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NULL_ARRAY"


class NoReply:
    """Nothing is sent: CLIENT REPLY OFF, or a command that writes its own messages."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NO_REPLY"


OK = Status(b"OK")
QUEUED = Status(b"QUEUED")
PONG = Status(b"PONG")
NULL_ARRAY = NullArray()
NO_REPLY = NoReply()

Reply: TypeAlias = Union[
    bool,
    int,
    float,
    bytes,
    bytearray,
    CommandError,
    list["Reply"],
    "tuple[Reply, ...]",
    Mapping[Any, "Reply"],
    set[bytes],
    Pairs,
    OrderedSet,
    Push,
    Several,
    FlatMap,
    InProtocol,
    Piecemeal,
    Attributed,
    NullArray,
    NoReply,
    None,
]
