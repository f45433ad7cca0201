"""The cjson library: JSON as Redis's scripts read and write it."""

from __future__ import annotations

import math
import re

from . import arguments as args
from .errors import LuaError
from .numbers import format_number
from .runtime import MAX_STRING_BYTES, Results, Table, Userdata, Value, type_name

#: ``DEFAULT_ENCODE_MAX_DEPTH`` and ``DEFAULT_DECODE_MAX_DEPTH``.
MAX_DEPTH = 1000
#: ``DEFAULT_SPARSE_RATIO`` and ``DEFAULT_SPARSE_SAFE``: when an array with holes is refused.
SPARSE_RATIO = 2
SPARSE_SAFE = 10


#: cjson.null: JSON's null, which no table can hold as nil.
NULL = Userdata()

_ESCAPES = {
    **{b"\\": b"\\\\", b'"': b'\\"', b"/": b"\\/", b"\b": b"\\b", b"\f": b"\\f"},
    **{b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b"\x7f": b"\\u007f"},
}
_TO_ESCAPE = re.compile(rb'[\x00-\x1f"\\/\x7f]')


# --- encode ---------------------------------------------------------------------------------------


def encode(*arguments: Value) -> Results:
    if len(arguments) != 1:
        raise args.bad(1, b"encode", b"expected 1 argument")
    pieces: list[bytes] = []
    _encode(arguments[0], 0, pieces)
    text = b"".join(pieces)
    if len(text) > MAX_STRING_BYTES:
        raise LuaError(b"string length overflow")
    return [text]


def _encode(value: Value, depth: int, pieces: list[bytes]) -> None:
    if value.__class__ is bytes:
        pieces.append(_quoted(value))
    elif value.__class__ is float:
        if math.isnan(value) or math.isinf(value):
            raise LuaError(b"Cannot serialise number: must not be NaN or Inf")
        pieces.append(format_number(value))
    elif value.__class__ is bool:
        pieces.append(b"true" if value else b"false")
    elif value is None or value is NULL:
        pieces.append(b"null")
    elif value.__class__ is Table:
        _encode_table(value, depth + 1, pieces)
    else:
        raise LuaError(b"Cannot serialise %b: type not supported" % type_name(value))


def _quoted(text: bytes) -> bytes:
    def escape(found: re.Match[bytes]) -> bytes:
        return _ESCAPES.get(found[0]) or b"\\u%04x" % found[0][0]

    return b'"%b"' % _TO_ESCAPE.sub(escape, text)


def _encode_table(table: Table, depth: int, pieces: list[bytes]) -> None:
    if depth > MAX_DEPTH:
        raise LuaError(b"Cannot serialise, excessive depth (%d)" % depth)
    size = _array_size(table)
    if size > 0:
        for at in range(1, size + 1):
            pieces.append(b"," if at > 1 else b"[")
            _encode(table.get(float(at)), depth, pieces)
        pieces.append(b"]")
        return
    pieces.append(b"{")
    is_first = True
    for key, value in table.items():
        if key.__class__ is not bytes and key.__class__ is not float:
            raise LuaError(b"Cannot serialise table: table key must be a number or string")
        pieces.append(b"" if is_first else b",")
        is_first = False
        pieces.append((_quoted(key) if isinstance(key, bytes) else _number_key(key)) + b":")
        _encode(value, depth, pieces)
    pieces.append(b"}")


def _number_key(key: float) -> bytes:
    return b'"%b"' % format_number(key)


def _array_size(table: Table) -> int:
    """The length of a table that is an array; -1 for one that is not. Raises LuaError."""
    if not table.hash:
        return len(table.array) or -1
    highest = count = 0
    for key in table.keys():  # noqa: SIM118  # a Table is no dict
        if key.__class__ is not float or key < 1 or not key.is_integer():
            return -1
        highest, count = max(highest, int(key)), count + 1
    if highest > count * SPARSE_RATIO and highest > SPARSE_SAFE:
        raise LuaError(b"Cannot serialise table: excessively sparse array")
    return highest


# --- decode ---------------------------------------------------------------------------------------

_BLANK = re.compile(rb"[ \t\r\n]*")
_NUMBER = re.compile(
    rb"-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|[Ii]nf\w*|[Nn]a[Nn])"
)
_WORD = re.compile(rb"true|false|null")
_TEXT = re.compile(rb'[^"\\\x00-\x1f]+')
_UNESCAPES = {
    **{b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f"},
    **{b"n": b"\n", b"r": b"\r", b"t": b"\t"},
}
_WORDS: dict[bytes, Value] = {b"true": True, b"false": False, b"null": NULL}


def decode(*arguments: Value) -> Results:
    if len(arguments) != 1:
        raise args.bad(1, b"decode", b"expected 1 argument")
    text = args.string(arguments, 1, b"decode")
    if text[:1] == b"\0" or text[1:2] == b"\0":
        raise LuaError(b"JSON parser does not support UTF-16 or UTF-32")
    decoder = _Decoder(text)
    return [decoder.read_document()]


class _Decoder:
    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0

    def read_document(self) -> Value:
        value = self._value(0)
        kind, at = self._peek()
        if kind != "the end":
            raise self._expected("the end", kind, at)
        return value

    def _peek(self) -> tuple[str, int]:
        """What comes next, in cjson's words, and where."""
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        text, at = self._text, self._at
        if at == len(text):
            return "the end", at
        byte = text[at : at + 1]
        simple = {
            **{b"{": "object begin", b"}": "object end", b"[": "array begin", b"]": "array end"},
            **{b":": "colon", b",": "comma", b'"': "string"},
        }
        if byte in simple:
            return f"T_{simple[byte].upper().replace(' ', '_')}" if byte != b'"' else "T_STRING", at
        if _NUMBER.match(text, at):
            return "T_NUMBER", at
        word = _WORD.match(text, at)
        if word:
            return {b"true": "T_BOOLEAN", b"false": "T_BOOLEAN", b"null": "T_NULL"}[word[0]], at
        return "invalid token", at

    def _expected(self, wanted: str, found: str, at: int) -> LuaError:
        shown = found.removeprefix("the ") if found == "the end" else found
        shown = {"end": "T_END"}.get(shown, shown)
        wanted = {"the end": "the end"}.get(wanted, wanted)
        message = f"Expected {wanted} but found {shown} at character {at + 1}"
        return LuaError(message.encode())

    def _value(self, depth: int) -> Value:
        kind, at = self._peek()
        text = self._text
        if kind == "T_STRING":
            return self._string()
        if kind == "T_NUMBER":
            match = _NUMBER.match(text, at)
            assert match is not None  # noqa: S101  # _peek saw it
            self._at = match.end()
            return _number(match[0])
        if kind in ("T_BOOLEAN", "T_NULL"):
            word = _WORD.match(text, at)
            assert word is not None  # noqa: S101  # _peek saw it
            self._at = word.end()
            return _WORDS[word[0]]
        if kind not in ("T_OBJECT_BEGIN", "T_ARRAY_BEGIN"):
            raise self._expected("value", kind, at)
        if depth >= MAX_DEPTH:
            raise LuaError(
                b"Found too many nested data structures (%d) at character %d" % (depth + 1, at + 1)
            )
        self._at += 1
        return self._object(depth + 1) if kind == "T_OBJECT_BEGIN" else self._array(depth + 1)

    def _object(self, depth: int) -> Table:
        table = Table()
        kind, at = self._peek()
        if kind == "T_OBJECT_END":
            self._at += 1
            return table
        while True:
            kind, at = self._peek()
            if kind != "T_STRING":
                raise self._expected("object key string", kind, at)
            key = self._string()
            kind, at = self._peek()
            if kind != "T_COLON":
                raise self._expected("colon", kind, at)
            self._at += 1
            table.set(key, self._value(depth))
            kind, at = self._peek()
            self._at += 1
            if kind == "T_OBJECT_END":
                return table
            if kind != "T_COMMA":
                raise self._expected("comma or object end", kind, at)

    def _array(self, depth: int) -> Table:
        table = Table()
        if self._peek()[0] == "T_ARRAY_END":
            self._at += 1
            return table
        while True:
            table.set(float(len(table.array) + 1), self._value(depth))
            kind, at = self._peek()
            self._at += 1
            if kind == "T_ARRAY_END":
                return table
            if kind != "T_COMMA":
                raise self._expected("comma or array end", kind, at)

    def _string(self) -> bytes:
        start = self._at
        self._at += 1
        pieces: list[bytes] = []
        while True:
            plain = _TEXT.match(self._text, self._at)
            if plain:
                pieces.append(plain[0])
                self._at = plain.end()
            byte = self._text[self._at : self._at + 1]
            if byte == b'"':
                self._at += 1
                return b"".join(pieces)
            if byte != b"\\":
                what = "unexpected end of string" if not byte else "invalid token"
                at = len(self._text) if not byte else start
                raise self._expected("value", what, at)
            pieces.append(self._unescaped())

    def _unescaped(self) -> bytes:
        byte = self._text[self._at + 1 : self._at + 2]
        if byte == b"u":
            return self._unicode()
        if byte not in _UNESCAPES:
            raise self._expected("value", "invalid escape code", self._at)
        self._at += 2
        return _UNESCAPES[byte]

    def _unicode(self) -> bytes:
        units = re.compile(rb"\\u([dD][89abAB]..)\\u([dD][c-fC-F]..)|\\u([0-9a-fA-F]{4})")
        match = units.match(self._text, self._at)
        if match is None:
            raise self._expected("value", "invalid unicode escape code", self._at)
        self._at = match.end()
        if match[3] is not None:
            return chr(int(match[3], 16)).encode("utf-8", "surrogatepass")
        high, low = int(match[1], 16), int(match[2], 16)
        return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)).encode()


def _number(text: bytes) -> float:
    lowered = text.lower()
    if b"x" in lowered:
        return float(int(lowered, 16))
    if b"n" in lowered:
        value = math.nan if b"nan" in lowered else math.inf
        return -value if lowered.startswith(b"-") else value
    return float(text)


FUNCTIONS = {b"decode": decode, b"encode": encode}
