"""Redis's numbers: how they are read from arguments and how they are written back.

Nothing else in the package calls ``int()`` or ``float()`` on client bytes: Python accepts
``1_000``, `` 12 `` and Arabic digits, and Redis does not.
"""

from __future__ import annotations

import math
import re
import sys
from decimal import Decimal

from .errors import NotA32BitInteger, NotAFloat, NotAnInteger

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
UINT64_MAX = 2**64 - 1

#: The longest text of a 64-bit integer, sign included.
_INT64_TEXT_BYTES = 20
#: Fewer digits than these always fit.
_INT64_DIGITS = 19
_ZERO = ord("0")

#: What C's ``strtold`` accepts, without the white space and the ``nan`` that Redis refuses.
_FLOAT = re.compile(
    rb"(?P<sign>[+-]?)(?:inf(?:inity)?"
    rb"|(?P<decimal>\d+\.?\d*|\.\d+)(?:e(?P<power>[+-]?\d+))?"
    rb"|0x(?P<hex>[\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p(?P<power_of_2>[+-]?\d+))?)",
    re.IGNORECASE,
)
#: ``MAX_LONG_DOUBLE_CHARS``: Redis reads and writes floats in a buffer of this size.
_MAX_FLOAT_TEXT_BYTES = 5 * 1024
#: A text within that buffer, times two or ten to a power beyond this, is zero or infinite.
_MAX_POWER = 100_000

#: An x86 long double: 64 bits of mantissa, the smallest power of two that it can represent, and the
#: first that it cannot.
_MANTISSA_BITS = 64
_MIN_EXPONENT = -16445
_MAX_EXPONENT = 16384
#: Redis prints long doubles with ``%.17Lf``.
_LONG_DOUBLE_DIGITS = 17

#: Most numbers in requests are small: counts, seconds, keys of a script.
_SMALL_INTS = {b"%d" % number: number for number in range(1024)}


def parse_int(raw: bytes) -> int:
    """A signed 64-bit integer in its one canonical spelling, or NotAnInteger."""
    value = _SMALL_INTS.get(raw)
    if value is None:
        value = maybe_int(raw)
        if value is None:
            raise NotAnInteger
    return value


def parse_int32(raw: bytes) -> int:
    """A signed 32-bit integer. Raises NotAnInteger, NotA32BitInteger."""
    value = parse_int(raw)
    if not -(2**31) <= value < 2**31:
        raise NotA32BitInteger
    return value


def maybe_int(raw: bytes | bytearray) -> int | None:
    """As parse_int, with None for anything else: the test Redis uses for its integer encodings."""
    size = len(raw)
    if size < _INT64_DIGITS and raw.isdigit() and (size == 1 or raw[0] != _ZERO):
        return int(raw)
    if size > _INT64_TEXT_BYTES:
        return None
    try:
        value = int(raw)
    except ValueError:
        return None
    # Only the canonical spelling survives the round trip: no extra sign, zero, blank, underscore.
    if b"%d" % value != raw or not INT64_MIN <= value <= INT64_MAX:
        return None
    return value


def wrapped_int64(number: int) -> int:
    """What 64 bits keep of a number: where Redis adds without a look, a large sum is negative."""
    return (number - INT64_MIN) % 2**64 + INT64_MIN


def parse_strtod(raw: bytes) -> float:
    """A double as C's ``strtod`` reads it, up to a NUL: leading white space is skipped, and an
    empty text is 0.

    SORT reads weights like this. Raises NotAFloat, also for a number that is too big, or too small
    to be told from zero.
    """
    text = raw.partition(b"\0")[0]
    match = _FLOAT.fullmatch(text.lstrip())
    if match is None:
        if text:
            raise NotAFloat
        return 0.0
    if match["hex"]:
        return _strtod_of_hex(match)
    value = float(match[0])
    is_exact_zero = not (match["decimal"] or b"").strip(b"0.")
    if match["decimal"] and not is_exact_zero and not _is_normal(value):
        raise NotAFloat
    return value


def _strtod_of_hex(match: re.Match[bytes]) -> float:
    try:
        value = float.fromhex(match[0].decode())
    except OverflowError:
        raise NotAFloat from None
    if not value and match["hex"].strip(b"0."):
        raise NotAFloat
    return value


def _is_normal(value: float) -> bool:
    return sys.float_info.min <= abs(value) <= sys.float_info.max


def format_float(value: float) -> bytes:
    """A double as Redis writes one: ``1.5``, ``3``, ``1e+17``, ``inf``, ``-nan``."""
    if value != value:
        return b"-nan" if math.copysign(1, value) < 0 else b"nan"
    return b"%.17g" % value


class LongDouble:
    """The 80-bit arithmetic of INCRBYFLOAT and HINCRBYFLOAT, done on integers.

    Redis adds in ``long double`` so that 10.5 + 0.1 is 10.6; doubles would answer
    10.59999999999999964. The value is ``mantissa * 2**exponent``, rounded as the hardware rounds.
    """

    __slots__ = ("_exponent", "_mantissa", "is_finite")

    def __init__(self, mantissa: int, exponent: int, *, is_finite: bool = True) -> None:
        surplus = max(mantissa.bit_length() - _MANTISSA_BITS, _MIN_EXPONENT - exponent)
        if surplus > 0:
            mantissa, exponent = _times_power_of_2(mantissa, -surplus), exponent + surplus
        self._mantissa = mantissa
        self._exponent = exponent
        #: False for infinities, and for sums with one.
        self.is_finite = is_finite and mantissa.bit_length() + exponent <= _MAX_EXPONENT

    @classmethod
    def parse(cls, raw: bytes | bytearray) -> LongDouble:
        """Read an argument or a stored value. Raises NotAFloat."""
        match = _FLOAT.fullmatch(raw) if len(raw) < _MAX_FLOAT_TEXT_BYTES else None
        if match is None:
            raise NotAFloat
        minus = match["sign"] == b"-"
        if match["decimal"]:
            return cls._of_decimal(match["decimal"].decode(), match["power"], minus)
        if match["hex"]:
            return cls._of_hex(match["hex"], match["power_of_2"], minus)
        return cls(-1 if minus else 1, 0, is_finite=False)

    @classmethod
    def _of_decimal(cls, text: str, power_text: bytes | None, minus: bool) -> LongDouble:
        numerator, denominator = Decimal(text).as_integer_ratio()
        power = _power(power_text) if numerator else 0
        if power < 0:
            denominator *= 10**-power
        else:
            numerator *= 10**power
        return cls._quotient(-numerator if minus else numerator, denominator)

    @classmethod
    def _of_hex(cls, text: bytes, power_text: bytes | None, minus: bool) -> LongDouble:
        whole, _, fraction = text.partition(b".")
        mantissa = int(whole + fraction, 16)
        power = _power(power_text) if mantissa else 0
        return cls(-mantissa if minus else mantissa, power - 4 * len(fraction))._in_range(mantissa)

    @classmethod
    def _quotient(cls, numerator: int, denominator: int) -> LongDouble:
        """Two bits more than the mantissa holds, and one that stands for the rest, round right."""
        exponent = numerator.bit_length() - denominator.bit_length() - _MANTISSA_BITS - 2
        numerator <<= max(0, -exponent)
        denominator <<= max(0, exponent)
        quotient, rest = divmod(numerator, denominator)
        return cls(quotient << 1 | (rest > 0), exponent - 1)._in_range(numerator)

    def _in_range(self, exact: int) -> LongDouble:
        """This number. Raises NotAFloat where ``strtold`` reports an overflow or underflow."""
        if not self.is_finite or (exact and not self._mantissa):
            raise NotAFloat
        return self

    def __add__(self, other: LongDouble) -> LongDouble:
        if not (self.is_finite and other.is_finite):
            return LongDouble(0, 0, is_finite=False)
        exponent = min(self._exponent, other._exponent)
        return LongDouble(
            (self._mantissa << (self._exponent - exponent))
            + (other._mantissa << (other._exponent - exponent)),
            exponent,
        )

    def __neg__(self) -> LongDouble:
        return LongDouble(-self._mantissa, self._exponent, is_finite=self.is_finite)

    def __lt__(self, other: LongDouble) -> bool:
        if not (self.is_finite and other.is_finite):
            return self._infinity() < other._infinity()
        exponent = min(self._exponent, other._exponent)
        mine = self._mantissa << (self._exponent - exponent)
        return mine < other._mantissa << (other._exponent - exponent)

    def _infinity(self) -> int:
        """On which side of all finite values this is; 0 if it is one of these."""
        return 0 if self.is_finite else 1 if self._mantissa > 0 else -1

    def __bytes__(self) -> bytes:
        """A finite value as ``%.17Lf`` writes it, less trailing zeros: no exponent, and no "-0"."""
        scaled = _times_power_of_2(self._mantissa * 10**_LONG_DOUBLE_DIGITS, self._exponent)
        whole, fraction = divmod(abs(scaled), 10**_LONG_DOUBLE_DIGITS)
        # Through Decimal, because an int of more than 4300 digits has no str().
        digits = f"{Decimal(whole)}.{fraction:017d}".rstrip("0").rstrip(".")
        return ("-" + digits if scaled < 0 else digits).encode()


def _times_power_of_2(number: int, power: int) -> int:
    """``number * 2**power`` to the nearest integer, ties to even."""
    if power >= 0:
        return number << power
    half = 1 << (-power - 1)
    quotient, rest = number >> -power, number & (2 * half - 1)
    return quotient + (rest > half or (rest == half and quotient & 1))


def _power(text: bytes | None) -> int:
    """The exponent written in a number. Raises NotAFloat for one that is absurdly large."""
    power = Decimal((text or b"0").decode())
    if power.copy_abs() > _MAX_POWER:
        raise NotAFloat
    return int(power)


#: ``LDBL_MAX``
LARGEST = LongDouble((1 << _MANTISSA_BITS) - 1, _MAX_EXPONENT - _MANTISSA_BITS)
