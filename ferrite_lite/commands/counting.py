"""INCREX: a counter with bounds and a deadline, which is a rate limiter in one command.

From Redis 8.8. A result out of bounds leaves everything as it is, unless SATURATE lets the counter
stop at the bound. The range of the number's type is a bound as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..command import CommandGroup
from ..context import Context
from ..data.values import String
from ..errors import (
    AppliedNotFinite,
    AppliedOverflow,
    BoundsCrossed,
    CounterNotFinite,
    EnxWithoutExpiry,
    IncrementIsNotFinite,
    NamedNotAFloat,
    NamedNotAnInteger,
    NotAFloat,
    NotAnInteger,
    SyntaxFault,
)
from ..numeric import INT64_MAX, INT64_MIN, LARGEST, LongDouble, maybe_int
from ..reply import DoubleText, Reply
from ..words import keyword
from .deadlines import UNITS, positive_deadline_ms
from .options import argument_of

command = CommandGroup("string")

_WITH_ARGUMENT = frozenset({b"BYINT", b"BYFLOAT", b"LBOUND", b"UBOUND", *UNITS})
_WITHOUT_ARGUMENT = frozenset({b"SATURATE", b"PERSIST", b"ENX"})
#: A request may have at most one option of each of these.
_EXCLUSIVE = ({b"BYINT", b"BYFLOAT"}, {b"PERSIST", *UNITS}, {b"PERSIST", b"ENX"})


@command(
    "INCREX key [BYINT integer | BYFLOAT float] [LBOUND lowerbound] [UBOUND upperbound] [SATURATE]"
    " [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds"
    " | PERSIST] [ENX]",
    "write denyoom fast",
    keys="RW access update",
    since="8.8.0",
)
def increx(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Add to the number at key within bounds; return the new number and what was added.

    ENX gives a deadline only to a key that has none.
    """
    options = _read_options(words)
    counter = _Floats(options) if b"BYFLOAT" in options else _Integers(options)
    expiry = next(iter(options.keys() & UNITS.keys()), None)
    deadline_ms = None if expiry is None else positive_deadline_ms(ctx, options[expiry], expiry)
    outcome = counter.add_to(ctx.db.string(key), saturates=b"SATURATE" in options)
    if outcome.stored is not None:
        _store(ctx, key, outcome.stored, counter.event, options, deadline_ms)
    return [outcome.value, outcome.applied]


def _read_options(words: tuple[bytes, ...]) -> dict[bytes, bytes]:
    """The options and their arguments. Raises SyntaxFault, EnxWithoutExpiry."""
    options: dict[bytes, bytes] = {}
    remaining = iter(words)
    for word in remaining:
        option = keyword(word)
        if option in options or option not in _WITH_ARGUMENT | _WITHOUT_ARGUMENT:
            raise SyntaxFault
        options[option] = argument_of(remaining) if option in _WITH_ARGUMENT else b""
    if any(len(options.keys() & choice) > 1 for choice in _EXCLUSIVE):
        raise SyntaxFault
    if b"ENX" in options and not options.keys() & UNITS.keys():
        raise EnxWithoutExpiry
    return options


def _store(
    ctx: Context,
    key: bytes,
    text: bytes,
    event: str,
    options: dict[bytes, bytes],
    deadline_ms: int | None,
) -> None:
    db = ctx.db
    if b"ENX" in options and db.deadline_ms(key) is not None:
        deadline_ms = None
    if deadline_ms is not None and deadline_ms <= ctx.server.moment.ms:
        db.delete(key)
        return
    db.put(key, text, keep_deadline=True)
    db.touch(key, event)
    if deadline_ms is not None:
        db.impose_deadline(key, deadline_ms)
        db.touch(key, "expire", changes=0)
    elif b"PERSIST" in options and db.clear_deadline(key):
        db.touch(key, "persist", changes=0)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The number there is now, what was added, and the text to store, if any."""

    value: Reply
    applied: Reply
    stored: bytes | None


class _Integers:
    """Counting in 64 bits."""

    event = "incrby"

    def __init__(self, options: dict[bytes, bytes]) -> None:
        """Raises NamedNotAnInteger, BoundsCrossed."""
        self._by = _integer("Increment", options.get(b"BYINT", b"1"))
        self._lower = _integer("LBOUND", options.get(b"LBOUND", b"%d" % INT64_MIN))
        self._upper = _integer("UBOUND", options.get(b"UBOUND", b"%d" % INT64_MAX))
        if self._lower > self._upper:
            raise BoundsCrossed

    def add_to(self, held: String | None, *, saturates: bool) -> _Outcome:
        """Raises NotAnInteger, AppliedOverflow."""
        number = 0 if held is None else maybe_int(held)
        if number is None:
            raise NotAnInteger
        total = min(max(number + self._by, self._lower), self._upper)
        if total != number + self._by and not saturates:
            return _Outcome(number, 0, None)
        if not INT64_MIN <= total - number <= INT64_MAX:
            raise AppliedOverflow
        return _Outcome(total, total - number, b"%d" % total)


def _integer(name: str, raw: bytes) -> int:
    number = maybe_int(raw)
    if number is None:
        raise NamedNotAnInteger(name)
    return number


class _Floats:
    """Counting in long doubles, as INCRBYFLOAT does."""

    event = "incrbyfloat"

    def __init__(self, options: dict[bytes, bytes]) -> None:
        """Raises NamedNotAFloat, IncrementIsNotFinite, BoundsCrossed."""
        self._by = _float("Increment", options[b"BYFLOAT"])
        if not self._by.is_finite:
            raise IncrementIsNotFinite
        lower = upper = None
        if b"LBOUND" in options:
            lower = _float("LBOUND", options[b"LBOUND"])
        if b"UBOUND" in options:
            upper = _float("UBOUND", options[b"UBOUND"])
        if (upper or LARGEST) < (lower or -LARGEST):
            raise BoundsCrossed
        # An infinite bound restricts nothing, or everything.
        self._lower = max(lower or -LARGEST, -LARGEST)
        self._upper = min(upper or LARGEST, LARGEST)

    def add_to(self, held: String | None, *, saturates: bool) -> _Outcome:
        """Raises NotAFloat, CounterNotFinite, AppliedNotFinite."""
        number = LongDouble.parse(b"0" if held is None else held)
        if not number.is_finite:
            raise CounterNotFinite
        wanted = total = number + self._by
        if wanted < self._lower:
            total = self._lower
        elif self._upper < wanted:
            total = self._upper
        if total is not wanted and not saturates:
            return _Outcome(DoubleText(bytes(number)), DoubleText(b"0"), None)
        applied = total + -number
        if not applied.is_finite:
            raise AppliedNotFinite
        return _Outcome(DoubleText(bytes(total)), DoubleText(bytes(applied)), bytes(total))


def _float(name: str, raw: bytes) -> LongDouble:
    try:
        return LongDouble.parse(raw)
    except NotAFloat:
        raise NamedNotAFloat(name) from None
