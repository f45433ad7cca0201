"""Words: those of a line, as redis.conf, redis-cli and ACL selectors write them, and options."""

from __future__ import annotations

import re

_SPACES = re.compile(rb"[ \t\n\v\f\r]*+")
_WORD = re.compile(
    rb"""([^ \t\n\r"']*+)  # what needs no quotes, up to the first one
    (?: "((?:\\.|[^"])*+)"
      | '((?:\\'|[^'])*+)'
    )?
    (?= [ \t\n\v\f\r] | \Z )""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}

#: How each byte is written between quotes.
_QUOTED = [bytes([byte]) if 32 <= byte < 127 else b"\\x%02x" % byte for byte in range(256)]
_QUOTED[ord('"')], _QUOTED[ord("\\")] = b'\\"', b"\\\\"
for _letter, _byte in _ESCAPED.items():
    _QUOTED[ord(_byte)] = b"\\" + _letter


def keyword(word: bytes) -> bytes:
    """A word of the syntax, in capitals. C reads one up to a NUL: to Redis ``nx\\0y`` is NX."""
    return word.partition(b"\0")[0].upper()


def split_words(line: bytes) -> list[bytes] | None:
    r"""The words of a line; None where a quote is not closed, or closes inside a word.

    ``"two words"`` may hold ``\n`` and ``\x00``; ``'two words'`` is taken as it stands.
    """
    line = line.partition(b"\0")[0]
    words = []
    at = _end_of_spaces(line, 0)
    while at < len(line):
        match = _WORD.match(line, at)
        if match is None:
            return None
        bare, double, single = match.groups()
        words.append(bare + _unescape(double or b"") + (single or b"").replace(b"\\'", b"'"))
        at = _end_of_spaces(line, match.end())
    return words


def _end_of_spaces(line: bytes, at: int) -> int:
    match = _SPACES.match(line, at)
    return at if match is None else match.end()


def _unescape(text: bytes) -> bytes:
    return _ESCAPE.sub(_unescape_one, text)


def _unescape_one(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if len(escape) == 3:
        return bytes.fromhex(escape[1:].decode())
    return _ESCAPED.get(escape, escape)


def quoted(word: bytes) -> bytes:
    """A word in quotes, in printable characters only, as ``split_words`` would read it."""
    return b'"%b"' % b"".join(map(_QUOTED.__getitem__, word))
