"""How commands name a deadline: EX, PX, EXAT, PXAT, and the seconds of EXPIRE with conditions."""

from __future__ import annotations

from ..context import Context
from ..errors import (
    ExpireGtWithLt,
    ExpireNxWithOthers,
    InvalidExpireTime,
    UnsupportedExpireOption,
)
from ..numeric import INT64_MAX, INT64_MIN, parse_int
from ..words import keyword

MS_PER_SECOND = 1000

#: Option word -> milliseconds in its unit, and whether it counts from now.
UNITS: dict[bytes, tuple[int, bool]] = {
    b"EX": (MS_PER_SECOND, True),
    b"PX": (1, True),
    b"EXAT": (MS_PER_SECOND, False),
    b"PXAT": (1, False),
}


def deadline_ms(ctx: Context, raw: bytes, option: bytes) -> int:
    """The deadline, past or future, that a time in the unit of ``option`` stands for.

    Raises NotAnInteger, and InvalidExpireTime for a time that 64 bits cannot hold.
    """
    return _absolute_ms(ctx, parse_int(raw), option)


def positive_deadline_ms(ctx: Context, raw: bytes, option: bytes) -> int:
    """The same for SET and GETEX, which take no time of zero or below."""
    time = parse_int(raw)
    if time <= 0:
        raise InvalidExpireTime(ctx.command.name)
    return _absolute_ms(ctx, time, option)


def future_deadline_ms(ctx: Context, raw: bytes, option: bytes) -> int:
    """The same for a field, which takes no time below zero."""
    time = parse_int(raw)
    if time < 0:
        raise InvalidExpireTime(ctx.command.name)
    return _absolute_ms(ctx, time, option)


def _absolute_ms(ctx: Context, time: int, option: bytes) -> int:
    unit_ms, from_now = UNITS[option]
    deadline = time * unit_ms
    if not INT64_MIN <= deadline <= INT64_MAX:
        raise InvalidExpireTime(ctx.command.name)
    if from_now:
        deadline += ctx.server.moment.ms
        if deadline > INT64_MAX:
            raise InvalidExpireTime(ctx.command.name)
    return deadline


def rounded_seconds(time_ms: int) -> int:
    """Milliseconds to the nearest second, as TTL and EXPIRETIME answer."""
    return (time_ms + MS_PER_SECOND // 2) // MS_PER_SECOND


CONDITIONS = frozenset({b"NX", b"XX", b"GT", b"LT"})
NO_CONDITIONS: frozenset[bytes] = frozenset()


def read_conditions(words: tuple[bytes, ...]) -> frozenset[bytes]:
    """The conditions of EXPIRE and HEXPIRE.

    Raises UnsupportedExpireOption, ExpireNxWithOthers, ExpireGtWithLt.
    """
    conditions = set()
    for word in words:
        if keyword(word) not in CONDITIONS:
            raise UnsupportedExpireOption(word)
        conditions.add(keyword(word))
    if b"NX" in conditions and len(conditions) > 1:
        raise ExpireNxWithOthers
    if conditions >= {b"GT", b"LT"}:
        raise ExpireGtWithLt
    return frozenset(conditions)


def allows(conditions: frozenset[bytes], current: int | None, wanted: int) -> bool:
    """No deadline counts as one that is infinitely far."""
    if b"NX" in conditions and current is not None:
        return False
    if b"XX" in conditions and current is None:
        return False
    if b"GT" in conditions and (current is None or wanted <= current):
        return False
    return not (b"LT" in conditions and current is not None and wanted >= current)
