from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ferrite_lite.errors import NotAFloat, NotAnInteger
from ferrite_lite.numeric import (
    INT64_MAX,
    INT64_MIN,
    LongDouble,
    format_float,
    maybe_int,
    parse_int,
)

#: What a number may be made of, and a little more.
number_like = st.text("0123456789.eExXpPaFinfINF+-_ \0\n", max_size=12).map(str.encode)


def add(a: str, b: str) -> str:
    return bytes(LongDouble.parse(a.encode()) + LongDouble.parse(b.encode())).decode()


# --- integers -------------------------------------------------------------------------------------


@given(st.integers(INT64_MIN, INT64_MAX))
@example(0)
@example(INT64_MIN)
@example(INT64_MAX)
def test_every_64_bit_integer_has_one_spelling(number: int) -> None:
    assert parse_int(str(number).encode()) == number


@given(number_like | st.binary(max_size=25))
@example(b"+1")
@example(b"-0")
@example(b"01")
@example(b" 1")
@example(b"1 ")
@example(b"1_000")
@example(b"")
@example(b"-")
@example("٣".encode())
@example(b"9223372036854775808")
@example(b"-9223372036854775809")
def test_everything_else_is_no_integer(raw: bytes) -> None:
    canonical = re.fullmatch(rb"0|-?[1-9][0-9]{0,18}", raw)
    if canonical and INT64_MIN <= int(raw) <= INT64_MAX:
        assert maybe_int(raw) == int(raw)
    else:
        assert maybe_int(raw) is None
        with pytest.raises(NotAnInteger):
            parse_int(raw)


def test_a_long_argument_is_refused_without_being_converted() -> None:
    assert maybe_int(b"1" * 100_000_000) is None


def test_a_string_edited_in_place_may_hold_an_integer() -> None:
    assert maybe_int(bytearray(b"12")) == 12
    assert maybe_int(bytearray(b"012")) is None


# --- doubles --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, b"3"),
        (1.5, b"1.5"),
        (-0.0, b"-0"),
        (0.1, b"0.10000000000000001"),
        (1e16, b"10000000000000000"),
        (1e17, b"1e+17"),
        (float("inf"), b"inf"),
        (float("-inf"), b"-inf"),
        (float("nan"), b"nan"),
    ],
)
def test_doubles_are_written_with_17_digits(value: float, text: bytes) -> None:
    assert format_float(value) == text


@given(st.floats(allow_nan=False))
def test_a_written_double_reads_as_itself(value: float) -> None:
    assert float(format_float(value)) == value


# --- long doubles ---------------------------------------------------------------------------------

#: As redis-server answers.
KNOWN_SUMS = [
    ("10.5", "0.1", "10.6"),
    ("5005.6", "0", "5005.60000000000000009"),
    ("3", "-3", "0"),
    ("3", "1.000000000000000005", "4.00000000000000001"),
    ("0", "-1e-18", "0"),
    ("-0", "-0", "0"),
    ("3000", "1e-20", "3000"),
    ("1.", ".5", "1.5"),
    ("+1", "-.5e1", "-4"),
    ("0", "0e9999999999999999999999999", "0"),
    ("0", "0x1p4", "16"),
    ("0", "0X.8", "0.5"),
    ("0", "-0x1.p0", "-1"),
    ("0", "0x0p99999999999999999999", "0"),
    ("0", "0x1.fffffffffffffffep1", "4"),
    ("0", "1e-4950", "0"),
    ("0", "1.9e-4951", "0"),
    ("1e18", "0.03125", "1000000000000000000"),
    ("1e17", "0.0078125", "100000000000000000.0078125"),
    ("0", "18446744073709551617", "18446744073709551616"),
    ("0", "18446744073709551617.00000000000000000001", "18446744073709551618"),
    ("0", "-18446744073709551617.00000000000000000001", "-18446744073709551618"),
]


@pytest.mark.parametrize(("a", "b", "total"), KNOWN_SUMS)
def test_sums_are_those_of_redis(a: str, b: str, total: str) -> None:
    assert add(a, b) == total


def test_the_largest_number_is_written_in_full() -> None:
    text = add("1.18973149535723176502e+4932", "0")
    assert len(text) == 4933
    assert text == str(Decimal((2**64 - 1) * 2**16320))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "+",
        "--1",
        "1e",
        "1e+",
        "0x",
        "0x.",
        "0x1p",
        "0x1.8.8",
        "1.2.3",
        " 1",
        "1 ",
        "\n1",
        "1\0",
        "1_000",
        "1,5",
        "1L",
        "nan",
        "infi",
        "٣",
        # Past the largest and below the smallest long double.
        "1.18973149535723176508e+4932",
        "1e5000",
        "-1e5000",
        "1e99999999999999999999",
        "0x1p16384",
        "0x1p99999999999999999999",
        "1.8e-4951",
        "1e-5000",
        "1e-99999999999999999999",
        "0x1p-17000",
        # Longer than the buffer Redis reads numbers into.
        "1" + 5119 * "0",
        5119 * "0" + "1",
    ],
)
def test_what_redis_reads_as_no_float_is_refused(text: str) -> None:
    with pytest.raises(NotAFloat):
        LongDouble.parse(text.encode())


def test_leading_zeros_are_welcome_as_far_as_the_buffer_reaches() -> None:
    assert add(5118 * "0" + "1", "0") == "1"
    assert add("0." + 4000 * "0" + "5e4001", "0") == "5"


@pytest.mark.parametrize("text", ["inf", "-inf", "+Infinity", "INF"])
def test_infinity_is_a_float_that_makes_every_sum_infinite(text: str) -> None:
    infinite = LongDouble.parse(text.encode())
    assert not infinite.is_finite
    assert not (infinite + LongDouble.parse(b"1")).is_finite
    assert not (LongDouble.parse(b"-inf") + infinite).is_finite


def test_a_sum_past_the_largest_number_is_infinite() -> None:
    most = LongDouble.parse(b"0x1.fffffffffffffffep16383")
    assert most.is_finite
    assert (most + LongDouble.parse(b"1")).is_finite
    assert not (most + most).is_finite


@given(number_like)
@example(b"0x1p99999")
@example(b"1e-9999999999")
def test_reading_fails_in_one_way_only(raw: bytes) -> None:
    try:
        number = LongDouble.parse(raw)
    except NotAFloat:
        return
    if number.is_finite:
        assert re.fullmatch(rb"-?(0|[1-9]\d*)(\.\d*[1-9])?", bytes(number))


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_sums_of_money_are_exact(a: int, b: int) -> None:
    total = Decimal(add(str(Decimal(a) / 100), str(Decimal(b) / 100)))
    assert round(total, 6) == (Decimal(a) + Decimal(b)) / 100


def nearest(value: Fraction) -> Fraction:
    """The nearest number with 64 bits of mantissa, found step by step; ties to even."""
    unit = Fraction(1)
    while abs(value) / unit >= 2**64:
        unit *= 2
    while value and abs(value) / unit < 2**63:
        unit /= 2
    return round(value / unit) * unit


fractions = st.builds(
    Fraction, st.integers(-(10**40), 10**40), st.sampled_from([1, 10, 10**9, 10**25])
)


@given(fractions, fractions)
@example(Fraction(2**64 + 1), Fraction(0))
@example(Fraction(2**64 + 3), Fraction(0))
@example(Fraction(-(2**64) - 1), Fraction(0))
@example(Fraction(2**63), Fraction(1, 2))
@example(Fraction(2**63 + 1), Fraction(1, 2))
def test_sums_round_as_the_hardware_does(a: Fraction, b: Fraction) -> None:
    text = [f"{f.numerator * (10**25 // f.denominator)}e-25" for f in (a, b)]
    exact = nearest(nearest(a) + nearest(b))
    assert add(*text) == decimal_text(round(exact * 10**17))


def decimal_text(scaled: int) -> str:
    sign, digits = "-" if scaled < 0 else "", f"{abs(scaled):018d}"
    return (sign + digits[:-17] + "." + digits[-17:]).rstrip("0").rstrip(".")
