r"""The notation of the differential cases: a sentence, and under it the steps, one a line.

    SETRANGE pads with zero bytes
        SETRANGE k 3 x
        GET k

A step is a request in the words of redis-cli: ``"a b"`` with ``\n \r \t \" \\ \x00`` inside, and
``"ab"*300`` for what is too long to write out. Modifiers may stand before it, as in
``other unordered> KEYS *``:

``other``        on a second connection
``@other``       as a word, ``@first`` too: the id of that connection, asked for once
``raw``          the words that follow are sent as they are: ``raw> "PING\r\n"``
``replies=N``    N replies come, not one
``told``         all that was pushed is read, up to the reply: ``other told> PING``
``closes``       the server closes the connection; all until then is the reply
``after=N``      wait N ms before: for what only time does to a real server
``unordered``    the elements of the reply, or its pairs if it is a map, come in any order
``pairs``        the elements of an array, taken two by two, come in any order
``scan``         a SCAN reply, the elements in any order; ``scan pairs`` for HSCAN
``near=N``       each integer in the reply may differ from the other side's by N at most
``ids``          the id of a connection in a HELLO reply is not compared
``masked``       no number is compared
``words``        the words inside a string come in any order: command rules of ACL
``acllog``       the ages and the connections of ACL LOG are not compared
``shape``        only types and lengths of collections are compared

A line that is indented further goes on with the step; lines that start with # are comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CONTINUATION = re.compile(r"\n {8,}(?=\S)")
_STEP = re.compile(r"(?:([a-z0-9= ]+)> )?(.*)", re.DOTALL)
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\*(\d+))?(?!\S)|([^\s"]\S*)')
_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b'"': b'"', b"\\": b"\\"}

_FLAGS = frozenset(
    {
        *("other", "raw", "closes", "unordered", "pairs", "scan", "ids", "masked", "shape"),
        *("words", "acllog", "told"),
    }
)
_NUMBERS = frozenset({"replies", "after", "near"})


@dataclass(frozen=True)
class Step:
    """One request, and how its reply is read and compared."""

    line: str  # as written
    words: list[bytes]
    flags: frozenset[str]
    numbers: dict[str, int]

    @property
    def connection(self) -> str:
        return "other" if "other" in self.flags else "first"


@dataclass(frozen=True)
class Case:
    """A named behaviour: the steps that show it."""

    group: str
    name: str
    steps: list[Step]

    def __str__(self) -> str:
        return f"{self.group}: {self.name}"


def read_cases(group: str, text: str) -> list[Case]:
    """The cases of a text in the notation above. Raises ValueError for what it cannot read."""
    cases: list[Case] = []
    for line in _CONTINUATION.sub(" ", text).splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith(" "):
            cases.append(Case(group, line.strip(), []))
        elif cases:
            cases[-1].steps.append(read_step(line.strip()))
        else:
            raise ValueError(f"a step before the first name: {line!r}")
    for case in cases:
        if not case.steps:
            raise ValueError(f"{case} has no steps")
    return cases


def read_step(line: str) -> Step:
    match = _STEP.fullmatch(line)
    assert match is not None
    modifiers, request = (match[1] or "").split(), match[2]
    numbers = {}
    for modifier in modifiers:
        name, is_number, value = modifier.partition("=")
        if name not in (_NUMBERS if is_number else _FLAGS):
            raise ValueError(f"{line!r}: unknown modifier {modifier!r}")
        if is_number:
            numbers[name] = int(value)
    words = list(split_words(request))
    return Step(line, words, frozenset(modifiers) & _FLAGS, numbers)


def split_words(request: str) -> Iterator[bytes]:
    """The words of a request, unquoted. Raises ValueError for a quote that is not closed."""
    at = 0
    while at < len(request):
        if request[at] == " ":
            at += 1
            continue
        match = _WORD.match(request, at)
        if match is None:
            raise ValueError(f"unbalanced quotes: {request!r}")
        quoted, times, bare = match.groups()
        yield bare.encode() if bare is not None else unescape(quoted) * int(times or 1)
        at = match.end()


def unescape(text: str) -> bytes:
    return _ESCAPE.sub(_unescape_one, text.encode())


def _unescape_one(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if len(escape) == 3:
        return bytes.fromhex(escape[1:].decode())
    return _ESCAPED[escape]
