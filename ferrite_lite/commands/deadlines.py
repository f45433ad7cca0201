"""How commands name a deadline: EX, PX, EXAT, PXAT, and the seconds of EXPIRE."""

from __future__ import annotations

from ..context import Context
from ..errors import InvalidExpireTime
from ..numeric import INT64_MAX, INT64_MIN, parse_int

MS_PER_SECOND = 1000

#: Option word -> milliseconds in its unit, and whether it counts from now.
UNITS: dict[bytes, tuple[int, bool]] = {
    b"EX": (MS_PER_SECOND, True),
    b"PX": (1, True),
    b"EXAT": (MS_PER_SECOND, False),
    b"PXAT": (1, False),
}


def deadline_ms(ctx: Context, raw: bytes, unit_ms: int, *, from_now: bool) -> int:
    """An absolute deadline in Unix milliseconds, past or future.

    Raises NotAnInteger, and InvalidExpireTime for a time that 64 bits cannot hold.
    """
    time = parse_int(raw)
    if not INT64_MIN // unit_ms <= time <= INT64_MAX // unit_ms:
        raise InvalidExpireTime(ctx.command.name)
    deadline = time * unit_ms + (ctx.server.moment.ms if from_now else 0)
    if deadline > INT64_MAX:
        raise InvalidExpireTime(ctx.command.name)
    return deadline


def positive_deadline_ms(ctx: Context, raw: bytes, option: bytes) -> int:
    """The deadline of an option such as ``EX 10``; SET and GETEX refuse zero and below."""
    unit_ms, from_now = UNITS[option]
    if parse_int(raw) <= 0:
        raise InvalidExpireTime(ctx.command.name)
    return deadline_ms(ctx, raw, unit_ms, from_now=from_now)
