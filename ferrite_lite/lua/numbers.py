"""Lua 5.1's numbers: how text becomes a double, and a double text."""

from __future__ import annotations

import math
import re

from ..numeric import format_float

_DECIMAL = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_HEXADECIMAL = re.compile(
    rb"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?"
)
_SPECIAL = re.compile(rb"[+-]?(?:inf(?:inity)?|nan)", re.IGNORECASE)
_BLANK = b" \t\n\r\f\v"


def parse_number(text: bytes) -> float | None:
    """What ``tonumber`` makes of a string; None when it is no number."""
    if text.isdigit():
        return float(text)
    text = text.partition(b"\0")[0].strip(_BLANK)  # a string of C's
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text.decode())
        except OverflowError:
            return -math.inf if text.startswith(b"-") else math.inf
    # C's strtod, which Lua 5.1 relies on, knows these too.
    return float(text) if _SPECIAL.fullmatch(text) else None


def argument_text(value: float) -> bytes:
    """How a command is given a number: with all its digits, unlike in ``tostring``."""
    if -1e17 < value < 1e17 and value.is_integer():
        return b"%d" % value if value or str(value) == "0.0" else b"-0"
    return format_float(value)


def format_number(value: float) -> bytes:
    """``%.14g``, as ``tostring`` and ``..`` write a number."""
    if value != value:
        return format_float(value)
    return b"%.14g" % value
