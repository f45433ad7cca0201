"""The string library."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from . import arguments as args
from .bodies import CODE_NAME
from .budget import reserve
from .errors import LuaError
from .patterns import Matcher
from .regexes import QuickMatcher
from .regexes import matcher as matcher_for
from .runtime import (
    MAX_RESULTS,
    MAX_STRING_BYTES,
    STRING_METATABLE,
    Results,
    Table,
    Value,
    call,
    first,
    index,
    tostring,
    type_name,
)

_MAGIC = re.compile(rb"[\^$*+?.(\[%-]")
_CONVERSION = re.compile(rb"%([-+ #0]*)(\d*)(?:\.(\d*))?(.?)", re.DOTALL)

#: What Lua 5.1 writes before the code of a function, where numbers are doubles of 8 bytes.
BYTECODE_HEADER = b"\x1bLuaQ\0\1\4\x08\4\x08\0"


def _position(at: int, size: int) -> int:
    """A position that may count from the end."""
    return at if at >= 0 else max(0, at + size + 1)


def byte(*arguments: Value) -> Results:
    text = args.string(arguments, 1, b"byte")
    start = _position(args.integer(arguments, 2, b"byte", 1), len(text))
    stop = _position(args.integer(arguments, 3, b"byte", start), len(text))
    found = text[max(start, 1) - 1 : max(stop, 0)]
    if len(found) >= MAX_RESULTS:
        raise LuaError(b"stack overflow (string slice too long)")
    return [float(value) for value in found]


def _made(text: bytes) -> Results:
    """A new string, if there is room for it."""
    reserve(len(text))
    return [text]


def char(*arguments: Value) -> Results:
    codes = [args.int32(arguments, at, b"char") for at in range(1, len(arguments) + 1)]
    for at, code in enumerate(codes, start=1):
        if not 0 <= code <= 255:
            raise args.bad(at, b"char", b"invalid value")
    return [bytes(codes)]


def len_(*arguments: Value) -> Results:
    return [float(len(args.string(arguments, 1, b"len")))]


def lower(*arguments: Value) -> Results:
    return _made(args.string(arguments, 1, b"lower").lower())


def upper(*arguments: Value) -> Results:
    return _made(args.string(arguments, 1, b"upper").upper())


def reverse(*arguments: Value) -> Results:
    return _made(args.string(arguments, 1, b"reverse")[::-1])


def rep(*arguments: Value) -> Results:
    text, times = args.string(arguments, 1, b"rep"), args.int32(arguments, 2, b"rep")
    if len(text) * times > MAX_STRING_BYTES:
        raise LuaError(b"resulting string too large")
    reserve(len(text) * times)
    return [text * times]


def sub(*arguments: Value) -> Results:
    text = args.string(arguments, 1, b"sub")
    start = _position(args.integer(arguments, 2, b"sub"), len(text))
    stop = _position(args.integer(arguments, 3, b"sub", -1), len(text))
    return _made(text[max(start, 1) - 1 : stop])


# --- patterns -------------------------------------------------------------------------------------


def find(*arguments: Value) -> Results:
    return _search(arguments, b"find", wants_position=True)


def is_made_of(text: Value, fitting: bytes, pattern: bytes) -> bool:
    """Whether ``find`` finds a pattern that is one class, as ``^%d+$``, of these bytes."""
    if text.__class__ is not bytes:
        return find(text, pattern)[0] is not None
    return bool(text) and not text.lstrip(fitting)


def match(*arguments: Value) -> Results:
    return _search(arguments, b"match", wants_position=False)


def _search(arguments: args.Arguments, name: bytes, *, wants_position: bool) -> Results:
    text, pattern = args.string(arguments, 1, name), args.string(arguments, 2, name)
    start = _position(args.integer(arguments, 3, name, 1), len(text))
    at = min(max(start, 1) - 1, len(text))
    plain, pattern = pattern, args.c_string(pattern)
    is_plain = args.given(arguments, 4) not in (None, False) or not _MAGIC.search(pattern)
    if wants_position and is_plain:
        found = text.find(plain, at)
        return [None] if found < 0 else [float(found + 1), float(found + len(plain))]
    is_anchored = pattern.startswith(b"^")
    matcher = matcher_for(text, pattern)
    if isinstance(matcher, QuickMatcher) and not is_anchored:
        return _quick_search(matcher, at, wants_position=wants_position)
    while True:
        end = matcher.match(at, int(is_anchored))
        if end is not None:
            if wants_position:
                return [float(at + 1), float(end), *matcher.captures(at, end, whole=False)]
            return list(matcher.captures(at, end, whole=True))
        at += 1
        if is_anchored or at > len(text):
            return [None]


def _quick_search(matcher: QuickMatcher, at: int, *, wants_position: bool) -> Results:
    found = matcher.search(at)
    if found is None:
        return [None]
    start, end = found
    if wants_position:
        return [float(start + 1), float(end), *matcher.captures(start, end, whole=False)]
    return list(matcher.captures(start, end, whole=True))


def gmatch(*arguments: Value) -> Results:
    text, pattern = args.string(arguments, 1, b"gmatch"), args.string(arguments, 2, b"gmatch")
    pattern = args.c_string(pattern)
    # Here the sign of the anchor is one like others.
    is_literal = pattern.startswith(b"^")
    matcher = Matcher(text, pattern) if is_literal else matcher_for(text, pattern)
    at = 0

    def step(*_: Value) -> Results:
        nonlocal at
        while at <= len(text):
            start, end = at, matcher.match(at)
            if end is not None:
                at = end + 1 if end == start else end
                return list(matcher.captures(start, end, whole=True))
            at += 1
        return []

    return [step]


def gsub(*arguments: Value) -> Results:
    text, pattern = args.string(arguments, 1, b"gsub"), args.string(arguments, 2, b"gsub")
    pattern = args.c_string(pattern)
    replacement = args.given(arguments, 3)
    if replacement is None or type_name(replacement) not in (
        b"number",
        b"string",
        b"table",
        b"function",
    ):
        raise args.bad(3, b"gsub", b"string/function/table expected")
    limit = args.int32(arguments, 4, b"gsub", len(text) + 1)
    is_anchored = pattern.startswith(b"^")
    matcher = matcher_for(text, pattern)
    pieces: list[bytes] = []
    at = count = 0
    while count < limit:
        end = matcher.match(at, int(is_anchored))
        if end is not None:
            count += 1
            pieces.append(_replaced(matcher, replacement, at, end))
        if end is not None and end > at:
            at = end
        elif at < len(text):
            pieces.append(text[at : at + 1])
            at += 1
        else:
            break
        if is_anchored:
            break
    pieces.append(text[at:])
    return [*_made(b"".join(pieces)), float(count)]


def _replaced(matcher: Matcher | QuickMatcher, replacement: Value, start: int, end: int) -> bytes:
    if replacement.__class__ is Table:
        value = index(replacement, matcher.capture(0, start, end))
    elif replacement.__class__ in (bytes, float):
        return _expanded(matcher, tostring(replacement), start, end)
    else:
        captures = matcher.captures(start, end, whole=True)
        value = first(call(replacement, *captures, level=0))
    if value is None or value is False:
        return matcher.subject[start:end]
    if value.__class__ not in (bytes, float):
        raise LuaError(b"invalid replacement value (a %b)" % type_name(value))
    return tostring(value)


def _expanded(matcher: Matcher | QuickMatcher, replacement: bytes, start: int, end: int) -> bytes:
    def escape(found: re.Match[bytes]) -> bytes:
        digit = found[1]
        if digit == b"0":
            return matcher.subject[start:end]
        if digit.isdigit():
            return tostring(matcher.capture(int(digit) - 1, start, end))
        return digit or b"\0"  # the end of C's string

    return re.sub(rb"%(.?)", escape, replacement, flags=re.DOTALL)


# --- format ---------------------------------------------------------------------------------------


def format_(*arguments: Value) -> Results:
    template = args.string(arguments, 1, b"format")
    pieces: list[bytes] = []
    position = 1
    for literal, conversion in _parts(template):
        pieces.append(literal)
        if conversion is None:
            continue
        flags, width, precision, kind = conversion
        if len(width) > 2 or len(precision or b"") > 2:
            raise LuaError(b"invalid format (width or precision too long)")
        if len(flags) > 5:
            raise LuaError(b"invalid format (repeated flags)")
        position += 1
        pieces.append(_formatted(arguments, position, flags, width, precision, kind))
    return _made(b"".join(pieces))


#: Flags, width, precision and kind.
_Conversion = tuple[bytes, bytes, bytes | None, bytes]


@lru_cache(maxsize=256)
def _parts(template: bytes) -> list[tuple[bytes, _Conversion | None]]:
    """Literal text, each with the conversion behind it; behind the last one there is none."""
    parts: list[tuple[bytes, _Conversion | None]] = []
    at = 0
    for found in _CONVERSION.finditer(template):
        if found[0] == b"%%":
            parts.append((template[at : found.start() + 1], None))
        else:
            conversion = found[1], found[2], found[3], found[4]
            parts.append((template[at : found.start()], conversion))
        at = found.end()
    return [*parts, (template[at:], None)]


def _formatted(
    arguments: args.Arguments,
    position: int,
    flags: bytes,
    width: bytes,
    precision: bytes | None,
    kind: bytes,
) -> bytes:
    if position > len(arguments):
        raise args.bad(position, b"format", b"no value")
    spec = b"%" + flags + width + (b"" if precision is None else b"." + precision)
    if kind == b"c":
        code = args.integer(arguments, position, b"format")
        return args.c_string((b"%" + flags + width + b"s") % bytes([code & 0xFF]))
    if kind in (b"d", b"i"):
        whole = args.integer(arguments, position, b"format")
        digits = _precise(b"%d" % abs(whole), precision)
        return _aligned(flags, width, precision, _sign(flags, whole), digits)
    if kind in (b"u", b"o", b"x", b"X"):
        unsigned = _unsigned(args.number(arguments, position, b"format"))
        digits = _precise((b"%" + kind.replace(b"u", b"d")) % unsigned, precision)
        prefix = _base_prefix(kind, unsigned, digits) if b"#" in flags else b""
        return _aligned(flags, width, precision, prefix, digits)
    if kind in (b"e", b"E", b"f", b"g", b"G"):
        number = args.number(arguments, position, b"format")
        if not math.isfinite(number):
            return _not_finite(flags, width, kind, number)
        return (spec + kind) % number
    if kind == b"q":
        return _quoted(args.string(arguments, position, b"format"))
    if kind == b"s":
        text = args.string(arguments, position, b"format")
        # Lua hands a long string through, whatever the width.
        if precision is None and len(text) >= 100:
            return text
        return (spec + b"s") % args.c_string(text)
    shown = kind or b"\0"
    raise LuaError(b"invalid option '%%%b' to 'format'" % shown.replace(b"\0", b""))


def _sign(flags: bytes, number: float) -> bytes:
    if number < 0:
        return b"-"
    return b"+" if b"+" in flags else b" " if b" " in flags else b""


def _unsigned(number: float) -> int:
    """C's cast to an unsigned long, on an x86-64."""
    if number >= 2.0**63:
        return int(number) if number < 2.0**64 else 0
    return args.to_long(number) % 2**64


def _base_prefix(kind: bytes, number: int, digits: bytes) -> bytes:
    """What the flag ``#`` puts before the digits."""
    if kind == b"o":
        return b"" if digits.startswith(b"0") else b"0"
    return b"0" + kind if kind in (b"x", b"X") and number else b""


def _precise(digits: bytes, precision: bytes | None) -> bytes:
    """At least so many digits; of zero, there need be none."""
    return digits if precision is None else digits.lstrip(b"0").zfill(int(precision or 0))


def _aligned(
    flags: bytes, width: bytes, precision: bytes | None, prefix: bytes, digits: bytes
) -> bytes:
    """A whole number in its field, as C's ``printf`` has it."""
    text, room = prefix + digits, int(width or 0)
    if b"-" in flags:
        return text.ljust(room)
    if b"0" in flags and precision is None:
        return prefix + digits.zfill(room - len(prefix))
    return text.rjust(room)


def _not_finite(flags: bytes, width: bytes, kind: bytes, number: float) -> bytes:
    """Infinity, or what is no number, in its field."""
    text = b"nan" if number != number else b"inf"
    text = _sign(flags, math.copysign(1, number)) + (text.upper() if kind.isupper() else text)
    return _aligned(flags.replace(b"0", b""), width, None, text, b"")


def _quoted(text: bytes) -> bytes:
    escapes = {b'"': b'\\"', b"\\": b"\\\\", b"\n": b"\\\n", b"\r": b"\\r", b"\0": b"\\000"}
    inside = re.sub(rb'["\\\n\r\0]', lambda found: escapes[found[0]], text)
    return b'"%b"' % inside


def dump(*arguments: Value) -> Results:
    """No more than the beginning of what Lua gives: bytecode is nothing that this machine has.

    Redis does not load any, either.
    """
    function = args.function(arguments, 1, b"dump")
    if function.__code__.co_filename != CODE_NAME:
        raise LuaError(b"unable to dump given function")
    return [BYTECODE_HEADER]


def gfind(*_: Value) -> Results:
    raise LuaError(b"'string.gfind' was renamed to 'string.gmatch'")


FUNCTIONS = {
    b"byte": byte,
    b"char": char,
    b"dump": dump,
    b"find": find,
    b"format": format_,
    b"gfind": gfind,
    b"gmatch": gmatch,
    b"gsub": gsub,
    b"len": len_,
    b"lower": lower,
    b"match": match,
    b"rep": rep,
    b"reverse": reverse,
    b"sub": sub,
    b"upper": upper,
}

LIBRARY = Table()
LIBRARY.hash.update(FUNCTIONS)
LIBRARY.readonly = True
STRING_METATABLE.hash[b"__index"] = LIBRARY
STRING_METATABLE.readonly = True
