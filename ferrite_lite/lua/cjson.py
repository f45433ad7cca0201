"""The cjson library: JSON as Redis's scripts read and write it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from . import arguments as args
from .arguments import Arguments
from .budget import BYTES_AT_ONCE, work
from .errors import LuaError
from .runtime import MAX_STRING_BYTES, LuaFunction, Results, Table, Userdata, Value, type_name

#: However deep a script lets itself nest: there, Lua's stack ends (``LUAI_MAXCSTACK`` / 2).
MAX_DEPTH = 3990
MAX_PRECISION = 14
_INT_MAX = 2**31 - 1

#: cjson.null: JSON's null, which no table can hold as nil.
NULL = Userdata()
FACTS = {b"_NAME": b"cjson", b"_VERSION": b"2.1.0", b"null": NULL}


@dataclass(frozen=True, slots=True)
class Options:
    """What a script can choose; in Redis the choice outlives the script, here it does not."""

    #: Whether an array with many holes becomes an object, instead of an error.
    convert_sparse: bool = False
    #: An array is sparse when it has this many times more places than items; 0 for never,
    sparse_ratio: int = 2
    #: and more places than this.
    sparse_safe: int = 10
    encode_depth: int = 1000
    decode_depth: int = 1000
    precision: int = MAX_PRECISION
    keep_buffer: int = 1
    #: ``on``, ``off`` or ``null``, by their number.
    encode_invalid: int = 0
    decode_invalid: int = 1


DEFAULTS = Options()


class Codec:
    """The functions of one ``cjson`` table, and their options."""

    def __init__(self) -> None:
        self.options = DEFAULTS

    def restart(self) -> None:
        """Forget what a script has chosen."""
        self.options = DEFAULTS

    def members(self) -> dict[bytes, Value]:
        """The library: its functions and facts."""
        return {
            b"decode": lambda *arguments: self._decode(arguments),
            b"encode": lambda *arguments: self._encode(arguments),
            b"new": lambda *_: [_new_library()],
            **self._settings(),
            **FACTS,
        }

    def _encode(self, arguments: Arguments) -> Results:
        if len(arguments) != 1:
            raise args.bad(1, b"encode", b"expected 1 argument")
        return [_Encoder(self.options).encode(arguments[0])]

    def _decode(self, arguments: Arguments) -> Results:
        if len(arguments) != 1:
            raise args.bad(1, b"decode", b"expected 1 argument")
        text = args.string(arguments, 1, b"decode")
        if len(text) > 1 and b"\0" in text[:2]:
            raise LuaError(b"JSON parser does not support UTF-16 or UTF-32")
        return [_Decoder(text, self.options).read_document()]

    # --- options ----------------------------------------------------------------------------------

    def _settings(self) -> dict[bytes, LuaFunction]:
        def sparse_array(*arguments: Value) -> Results:
            name = b"encode_sparse_array"
            _refuse_more(arguments, 3, name)
            return [
                self._choose(arguments, 1, name, "convert_sparse", _SWITCH),
                self._number(arguments, 2, name, "sparse_ratio", 0, _INT_MAX),
                self._number(arguments, 3, name, "sparse_safe", 0, _INT_MAX),
            ]

        return {
            b"encode_sparse_array": sparse_array,
            b"encode_max_depth": self._number_option("encode_max_depth", "encode_depth", _INT_MAX),
            b"decode_max_depth": self._number_option("decode_max_depth", "decode_depth", _INT_MAX),
            b"encode_number_precision": self._number_option(
                "encode_number_precision", "precision", MAX_PRECISION
            ),
            b"encode_keep_buffer": self._choice_option(
                "encode_keep_buffer", "keep_buffer", _SWITCH
            ),
            b"encode_invalid_numbers": self._choice_option(
                "encode_invalid_numbers", "encode_invalid", (*_SWITCH, b"null")
            ),
            b"decode_invalid_numbers": self._choice_option(
                "decode_invalid_numbers", "decode_invalid", _SWITCH
            ),
        }

    def _number_option(self, function: str, option: str, highest: int) -> LuaFunction:
        name = function.encode()

        def setting(*arguments: Value) -> Results:
            _refuse_more(arguments, 1, name)
            return [self._number(arguments, 1, name, option, 1, highest)]

        return setting

    def _choice_option(self, function: str, option: str, words: tuple[bytes, ...]) -> LuaFunction:
        name = function.encode()

        def setting(*arguments: Value) -> Results:
            _refuse_more(arguments, 1, name)
            return [self._choose(arguments, 1, name, option, words)]

        return setting

    def _number(
        self, arguments: Arguments, at: int, name: bytes, option: str, lowest: int, highest: int
    ) -> float:
        """The option, after setting it if a number is given."""
        if args.given(arguments, at) is not None:
            value = args.int32(arguments, at, name)
            if not lowest <= value <= highest:
                reason = b"expected integer between %d and %d" % (lowest, highest)
                raise args.bad(1, name, reason)
            self._set(option, value)
        return float(getattr(self.options, option))

    def _set(self, option: str, value: int) -> None:
        # Each option is a number or a truth value, which is one.
        self.options = replace(self.options, **{option: value})  # type: ignore[arg-type]  # by name

    def _choose(
        self, arguments: Arguments, at: int, name: bytes, option: str, words: tuple[bytes, ...]
    ) -> bool | bytes:
        """The option, after setting it if a word or a boolean is given."""
        given = args.given(arguments, at)
        if given.__class__ is bool:
            self._set(option, int(given))
        elif given is not None:
            word = args.string(arguments, at, name)
            if word not in words:
                raise args.bad(at, name, b"invalid option '%b'" % args.c_string(word))
            self._set(option, words.index(word))
        number = int(getattr(self.options, option))
        return bool(number) if number < 2 else words[number]


_SWITCH = (b"off", b"on")


def _refuse_more(arguments: Arguments, most: int, name: bytes) -> None:
    if len(arguments) > most:
        raise args.bad(most + 1, name, b"found too many arguments")


def _new_library() -> Table:
    table = Table()
    table.hash.update(Codec().members())
    return table


# --- encode ---------------------------------------------------------------------------------------

_ESCAPES = {
    **{b"\\": b"\\\\", b'"': b'\\"', b"/": b"\\/", b"\b": b"\\b", b"\f": b"\\f"},
    **{b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b"\x7f": b"\\u007f"},
}
_TO_ESCAPE = re.compile(rb'[\x00-\x1f"\\/\x7f]')


def _escape(found: re.Match[bytes]) -> bytes:
    return _ESCAPES.get(found[0]) or b"\\u%04x" % found[0][0]


def _quoted(text: bytes) -> bytes:
    return b'"%b"' % _TO_ESCAPE.sub(_escape, text)


def _cannot(value: Value, reason: bytes) -> LuaError:
    return LuaError(b"Cannot serialise %b: %b" % (type_name(value), reason))


class _Encoder:
    """Writes one value, without recursion: how deep it is nested is the script's choice."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._pieces: list[bytes] = []
        self._size = 0

    def encode(self, value: Value) -> bytes:
        #: The tables that are open: what is left of them.
        rest = [self._opened(value, 1)] if value.__class__ is Table else []
        if not rest:
            self._pieces.append(self._scalar(value))
        worked = 0
        while rest:
            for child in rest[-1]:
                if child.__class__ is Table:
                    rest.append(self._opened(child, len(rest) + 1))
                    break
                piece = self._scalar(child)
                self._pieces.append(piece)
                self._size += len(piece) + 1
                if self._size > worked + BYTES_AT_ONCE:
                    work(self._size - worked)
                    worked = self._size
            else:
                rest.pop()
            if self._size > MAX_STRING_BYTES:
                raise LuaError(b"string length overflow")
        return b"".join(self._pieces)

    def _scalar(self, value: Value) -> bytes:
        kind = value.__class__
        if kind is bytes:
            return _quoted(value)
        if kind is float:
            return self._number(value)
        if kind is bool:
            return b"true" if value else b"false"
        if value is None or value is NULL:
            return b"null"
        raise _cannot(value, b"type not supported")

    def _number(self, value: float) -> bytes:
        if not math.isfinite(value):
            if not self._options.encode_invalid:
                raise _cannot(value, b"must not be NaN or Inf")
            if self._options.encode_invalid == 2:
                return b"null"
            if value != value:
                return b"nan"
        return b"%.*g" % (self._options.precision, value)

    def _opened(self, table: Table, depth: int) -> Iterator[Value]:
        """Begin a table: its values in turn, what stands around them being written on the way."""
        if depth > min(self._options.encode_depth, MAX_DEPTH):
            raise LuaError(b"Cannot serialise, excessive nesting (%d)" % depth)
        size = self._array_size(table)
        return self._array(table, size) if size > 0 else self._object(table)

    def _array(self, table: Table, size: int) -> Iterator[Value]:
        before = b"["
        for at in range(1, size + 1):
            self._pieces.append(before)
            yield table.get(float(at))
            before = b","
        self._pieces.append(b"]")

    def _object(self, table: Table) -> Iterator[Value]:
        before = b"{"
        for key, value in table.items():
            if key.__class__ is bytes:
                name = _quoted(key)
            elif key.__class__ is float:
                name = b'"%b"' % self._number(key)
            else:
                raise _cannot(key, b"table key must be a number or string")
            self._pieces.append(before + name + b":")
            self._size += len(name) + 2
            yield value
            before = b","
        self._pieces.append(b"{}" if before == b"{" else b"}")

    def _array_size(self, table: Table) -> int:
        """The length of a table that is an array; -1 for one that is not. Raises LuaError."""
        if not table.hash:
            return len(table.array) or -1
        highest, count = 0.0, 0
        for key in table.keys():  # noqa: SIM118  # a Table is no dict
            if key.__class__ is not float or key < 1 or key % 1 > 0:  # infinity is whole, to C
                return -1
            highest, count = max(highest, key), count + 1
        if highest > _INT_MAX:
            highest = _highest_int(table)
        options = self._options
        is_sparse = 0 < options.sparse_ratio * count < highest
        if is_sparse and highest > options.sparse_safe:
            if not options.convert_sparse:
                raise _cannot(table, b"excessively sparse array")
            return -1
        if highest > MAX_STRING_BYTES:
            raise LuaError(b"string length overflow")
        return int(highest)


def _highest_int(table: Table) -> float:
    """In C, what is too great for an int becomes the least one, and what comes then is greater."""
    highest = 0.0
    for key, _ in table.items():  # noqa: PERF102  # a Table is no dict: they come in order
        if key > highest:
            highest = key if key <= _INT_MAX else -_INT_MAX - 1.0
    return highest


# --- decode ---------------------------------------------------------------------------------------

#: What nearly every token is: a mark, a plain string, a strict number, a word.
_TOKEN = re.compile(
    rb"[ \t\r\n]*(?:(?P<mark>[][{}:,])"
    rb'|"(?P<text>[^"\\]*)"'
    rb"|(?P<number>-?(?:[1-9]\d*|0)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\d.eExX])"
    rb"|(?P<word>true|false|null))"
)
_BLANK = re.compile(rb"[ \t\r\n]*")
#: What C's strtod reads, which is more than JSON allows.
_NUMBER = re.compile(
    rb"[+-]?(?:inf(?:inity)?|nan(?:\(\w*\))?"
    rb"|0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?"
    rb"|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)",
    re.IGNORECASE,
)
_NOT_JSON = re.compile(rb"\+|-?(?:0[x\d]|inf|nan)", re.IGNORECASE)
_TEXT = re.compile(rb'[^"\\]+')
_UNICODE = re.compile(rb"\\u([0-9a-fA-F]{4})")
_UNESCAPES = {
    **{b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f"},
    **{b"n": b"\n", b"r": b"\r", b"t": b"\t"},
}
_WORDS: dict[bytes, Value] = {b"true": True, b"false": False, b"null": NULL}
_MARKS = {
    **{b"{": "T_OBJ_BEGIN", b"}": "T_OBJ_END", b"[": "T_ARR_BEGIN", b"]": "T_ARR_END"},
    **{b":": "T_COLON", b",": "T_COMMA"},
}
_VALUES = ("T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL")


class _Decoder:
    """Reads one text, without recursion: how deep it is nested is its sender's choice."""

    def __init__(self, text: bytes, options: Options) -> None:
        # C's strings end at the first zero byte.
        self._text = text.partition(b"\0")[0]
        self._options = options
        self._at = self._worked_at = 0
        #: The latest token: its kind, or what is wrong with it; its value; where it begins.
        self._kind = ""
        self._value: Value = None
        self._began_at = 0

    def read_document(self) -> Value:
        self._advance()
        value = self._read_value()
        self._advance()
        if self._kind != "T_END":
            raise self._expected("the end")
        return value

    def _read_value(self) -> Value:
        """The value that begins with the latest token. Raises LuaError."""
        #: The tables that are open, and the key of the next item of each that is no array.
        open_tables: list[tuple[Table, bytes | None]] = []
        while True:
            if self._kind in _VALUES:
                value = self._value
            elif self._kind in ("T_OBJ_BEGIN", "T_ARR_BEGIN"):
                value = self._opened(open_tables)
                if value is None:
                    continue
            else:
                raise self._expected("value")
            while open_tables:
                table, key = open_tables.pop()
                if key is None:
                    table.array.append(value)
                else:
                    table.hash[key] = value
                if not self._is_complete(key is None):
                    open_tables.append((table, None if key is None else self._key()))
                    break
                value = table
            else:
                return value
            if open_tables[-1][1] is not None:
                self._advance()

    def _opened(self, open_tables: list[tuple[Table, bytes | None]]) -> Table | None:
        """A table that is empty; else None, the latest token being that of its first value."""
        depth = len(open_tables) + 1
        if depth > min(self._options.decode_depth, MAX_DEPTH):
            message = b"Found too many nested data structures (%d) at character %d"
            raise LuaError(message % (depth, self._at))
        is_array, table = self._kind == "T_ARR_BEGIN", Table()
        self._advance()
        if self._kind == ("T_ARR_END" if is_array else "T_OBJ_END"):
            return table
        open_tables.append((table, None if is_array else self._key()))
        if not is_array:
            self._advance()
        return None

    def _key(self) -> bytes:
        """The latest token as a key, and the colon behind it."""
        if self._kind != "T_STRING":
            raise self._expected("object key string")
        key: bytes = self._value
        self._advance()
        if self._kind != "T_COLON":
            raise self._expected("colon")
        return key

    def _is_complete(self, is_array: bool) -> bool:
        """Whether a table ends here; else the latest token is that behind the comma."""
        self._advance()
        if self._kind == ("T_ARR_END" if is_array else "T_OBJ_END"):
            return True
        if self._kind != "T_COMMA":
            raise self._expected(f"comma or {'array' if is_array else 'object'} end")
        self._advance()
        return False

    def _expected(self, wanted: str) -> LuaError:
        message = f"Expected {wanted} but found {self._kind} at character {self._began_at + 1}"
        return LuaError(message.encode())

    # --- tokens -----------------------------------------------------------------------------------

    def _advance(self) -> None:
        if self._at > self._worked_at + BYTES_AT_ONCE:
            work(self._at - self._worked_at)
            self._worked_at = self._at
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            self._advance_slowly()
            return
        kind = found.lastgroup
        assert kind is not None  # noqa: S101  # each alternative has a name
        self._at, self._began_at = found.end(), found.start(kind) - (kind == "text")
        if kind == "mark":
            self._kind = _MARKS[found[kind]]
        elif kind == "text":
            self._kind, self._value = "T_STRING", found[kind]
        elif kind == "number":
            self._kind, self._value = "T_NUMBER", float(found[kind])
        else:
            self._value = _WORDS[found[kind]]
            self._kind = "T_NULL" if self._value is NULL else "T_BOOLEAN"

    def _advance_slowly(self) -> None:
        """A string with escapes, what only C takes for a number, an error or the end."""
        blank = _BLANK.match(self._text, self._at)
        self._at = self._began_at = blank.end() if blank else self._at
        first = self._text[self._at : self._at + 1]
        if not first:
            self._kind = "T_END"
        elif first == b'"':
            self._read_string()
        elif first == b"-" or first.isdigit():
            is_refused = not self._options.decode_invalid
            self._read_number(is_refused=is_refused and self._is_not_json())
        elif first in b"+iInN" and self._options.decode_invalid and self._is_not_json():
            self._read_number(is_refused=False)
        else:
            self._kind = "invalid token"

    def _is_not_json(self) -> bool:
        return _NOT_JSON.match(self._text, self._at) is not None

    def _read_number(self, *, is_refused: bool) -> None:
        found = _NUMBER.match(self._text, self._at)
        if found is None or is_refused:
            self._kind = "invalid number"
            return
        self._kind, self._value, self._at = "T_NUMBER", _number(found[0].lower()), found.end()

    def _read_string(self) -> None:
        pieces: list[bytes] = []
        self._at += 1
        while True:
            plain = _TEXT.match(self._text, self._at)
            if plain:
                pieces.append(plain[0])
                self._at = plain.end()
            byte = self._text[self._at : self._at + 1]
            if byte == b'"':
                self._at += 1
                self._kind, self._value = "T_STRING", b"".join(pieces)
                return
            problem = self._unescape(pieces) if byte else "unexpected end of string"
            if problem:
                self._kind, self._began_at = problem, self._at
                return

    def _unescape(self, pieces: list[bytes]) -> str | None:
        """Read an escape, or tell what is wrong with it."""
        byte = self._text[self._at + 1 : self._at + 2]
        if byte in _UNESCAPES:
            pieces.append(_UNESCAPES[byte])
            self._at += 2
            return None
        if byte != b"u":
            return "invalid escape code"
        unit = self._unit(self._at)
        size = 6
        if unit is not None and unit & 0xF800 == 0xD800:
            low = self._unit(self._at + 6)
            if unit & 0x400 or low is None or low & 0xFC00 != 0xDC00:
                unit = None
            else:
                unit, size = 0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF), 12
        if unit is None:
            return "invalid unicode escape code"
        pieces.append(chr(unit).encode())
        self._at += size
        return None

    def _unit(self, at: int) -> int | None:
        """The number of a ``\\uXXXX``."""
        found = _UNICODE.match(self._text, at)
        return None if found is None else int(found[1], 16)


def _number(text: bytes) -> float:
    if b"x" in text:
        try:
            return float.fromhex(text.decode())
        except OverflowError:
            return -math.inf if text.startswith(b"-") else math.inf
    if b"nan" in text:
        return -math.nan if text.startswith(b"-") else math.nan
    return float(text)
