"""Lua 5.1's numbers: how text becomes a double, and a double text."""

from __future__ import annotations

import math
import re

_DECIMAL = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_HEXADECIMAL = re.compile(rb"([+-]?)0[xX]([0-9a-fA-F]+)")
_BLANK = b" \t\n\r\f\v"


def parse_number(text: bytes) -> float | None:
    """What ``tonumber`` makes of a string; None when it is no number."""
    text = text.strip(_BLANK)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if match := _HEXADECIMAL.fullmatch(text):
        value = float(int(match[2], 16))
        return -value if match[1] == b"-" else value
    return None


def format_number(value: float) -> bytes:
    """``%.14g``, as ``tostring`` and ``..`` write a number."""
    if value != value:
        return b"-nan" if math.copysign(1, value) < 0 else b"nan"
    return b"%.14g" % value
