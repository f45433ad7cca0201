"""Redis's numbers: how they are read from arguments and how they are written back.

Nothing else in the package calls ``int()`` or ``float()`` on client bytes: Python accepts
``1_000``, `` 12 `` and Arabic digits, and Redis does not.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

from .errors import NotAFloat, NotAnInteger

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
UINT64_MAX = 2**64 - 1

#: The longest text of a 64-bit integer, sign included.
_INT64_TEXT_BYTES = 20

#: What C's ``strtold`` reads to the end, white space and ``nan`` apart, which Redis refuses.
_FLOAT = re.compile(
    rb"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?P<hex>0[xX][0-9a-fA-F.]+(?:[pP][+-]?\d+)?)"
    rb"|(?P<inf>inf(?:inity)?))",
    re.IGNORECASE,
)

#: An x86 long double: 64 bits of mantissa, and the largest exponent before infinity.
_MANTISSA_BITS = 64
_MAX_EXPONENT = 16384
#: Redis prints long doubles with ``%.17Lf``.
_LONG_DOUBLE_DIGITS = 17
#: Decimal exponents past this cannot fit a long double: refused before 10**exponent is computed.
_MAX_DECIMAL_EXPONENT = 5000


def parse_int(raw: bytes) -> int:
    """A signed 64-bit integer in its one canonical spelling, or NotAnInteger."""
    value = maybe_int(raw)
    if value is None:
        raise NotAnInteger
    return value


def maybe_int(raw: bytes | bytearray) -> int | None:
    """As parse_int, with None for anything else: the test Redis uses for its integer encodings."""
    if len(raw) > _INT64_TEXT_BYTES:
        return None
    try:
        value = int(raw)
    except ValueError:
        return None
    # Only the canonical spelling survives the round trip: no sign, zero, blank or underscore more.
    if b"%d" % value != raw or not INT64_MIN <= value <= INT64_MAX:
        return None
    return value


def parse_float(raw: bytes) -> float:
    """A finite or infinite double as ``strtod`` reads it, or NotAFloat."""
    if not _FLOAT.fullmatch(raw):
        raise NotAFloat
    text = raw.decode("ascii")
    value = float.fromhex(text) if "x" in text.lower() else float(text)
    if math.isinf(value) and b"inf" not in raw.lower():
        raise NotAFloat
    return value


def format_float(value: float) -> bytes:
    """A double as Redis writes one: ``%.17g``, and whole numbers without a fraction."""
    if math.isinf(value):
        return b"inf" if value > 0 else b"-inf"
    if math.isnan(value):
        return b"nan"
    if value.is_integer() and abs(value) < 2**53:
        return b"-0" if value == 0 and math.copysign(1, value) < 0 else b"%d" % int(value)
    return b"%.17g" % value


class LongDouble:
    """The 80-bit arithmetic of INCRBYFLOAT and HINCRBYFLOAT, done exactly on fractions.

    Redis adds in ``long double`` so that 10.5 + 0.1 is 10.6; doubles would answer
    10.59999999999999964. A value that overflows is kept as None ("infinite").
    """

    __slots__ = ("_value",)

    def __init__(self, value: Fraction | None) -> None:
        self._value = None if value is None else _rounded(value)

    @classmethod
    def parse(cls, raw: bytes) -> LongDouble:
        """Read an argument. Raises NotAFloat."""
        match = _FLOAT.fullmatch(raw)
        if not match:
            raise NotAFloat
        if match["inf"]:
            return cls(None)
        text = raw.decode("ascii")
        if match["hex"]:
            return cls(Fraction(float.fromhex(text)))
        number = Decimal(text)
        if number and abs(number.adjusted()) > _MAX_DECIMAL_EXPONENT:
            raise NotAFloat
        parsed = cls(Fraction(number))
        if not parsed.is_finite:
            raise NotAFloat
        return parsed

    @property
    def is_finite(self) -> bool:
        return self._value is not None

    def __add__(self, other: LongDouble) -> LongDouble:
        if self._value is None or other._value is None:
            return LongDouble(None)
        return LongDouble(self._value + other._value)

    def __bytes__(self) -> bytes:
        """``%.17Lf`` without trailing zeros: never an exponent."""
        if self._value is None:
            return b"inf"
        scaled = round(self._value * 10**_LONG_DOUBLE_DIGITS)
        sign = b"-" if scaled < 0 else b""
        whole, fraction = divmod(abs(scaled), 10**_LONG_DOUBLE_DIGITS)
        digits = (b"%017d" % fraction).rstrip(b"0")
        text = _digits(whole) + (b"." + digits if digits else b"")
        # Redis 7.0 prints "-0" for a negative number too small to show.
        return b"0" if text == b"0" and not sign else sign + text


def _digits(whole: int) -> bytes:
    """Decimal digits of a number of any size; ``str()`` stops at 4300 of them."""
    if whole < 10**4000:
        return b"%d" % whole
    high, low = divmod(whole, 10**4000)
    return _digits(high) + b"%04000d" % low


def _rounded(value: Fraction) -> Fraction | None:
    """The nearest number with 64 bits of mantissa, ties to even; None when it overflows."""
    if not value:
        return value
    numerator, denominator = abs(value.numerator), value.denominator
    shift = _MANTISSA_BITS - (numerator.bit_length() - denominator.bit_length())
    unit = Fraction(2) ** -shift
    if abs(value) / unit >= 2**_MANTISSA_BITS:
        unit *= 2
    nearest = round(value / unit) * unit
    return None if abs(nearest) >= 2**_MAX_EXPONENT else nearest
