"""Commands on strings."""

from __future__ import annotations

from dataclasses import dataclass

from ..command import CommandGroup
from ..context import Context
from ..errors import IncrementOverflow, NotAnInteger, SyntaxFault
from ..numeric import INT64_MAX, INT64_MIN, maybe_int, parse_int
from ..reply import OK, Reply
from .deadlines import UNITS, positive_deadline_ms

command = CommandGroup("string")


@command("GET key", "readonly fast", since="1.0.0")
def get(ctx: Context, key: bytes) -> Reply:
    """Return the string at key."""
    return ctx.db.string(key)


@dataclass(slots=True)
class SetOptions:
    """What stands behind ``SET key value``."""

    condition: bytes = b""  # NX or XX
    returns_old: bool = False
    keeps_deadline: bool = False
    deadline_ms: int | None = None


@command(
    "SET key value [NX | XX] [GET] [EX seconds | PX milliseconds |"
    " EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    "write denyoom",
    since="1.0.0",
)
def set_(ctx: Context, key: bytes, value: bytes, *words: bytes) -> Reply:
    """Set the string at key."""
    db = ctx.db
    if not words:
        db.put(key, value)
        db.touch(key, "set")
        return OK
    options = _read_set_options(ctx, words)
    old = db.string(key) if options.returns_old else None
    if options.condition and (key in db) is (options.condition == b"NX"):
        return old
    db.put(key, value, keep_deadline=options.keeps_deadline)
    db.touch(key, "set")
    if options.deadline_ms is not None and db.set_deadline(key, options.deadline_ms):
        db.touch(key, "expire", changes=0)
    return old if options.returns_old else OK


def _read_set_options(ctx: Context, words: tuple[bytes, ...]) -> SetOptions:
    """Raises SyntaxFault for what does not belong, or not together."""
    options = SetOptions()
    time: tuple[bytes, bytes] | None = None
    remaining = iter(words)
    for word in remaining:
        option = word.upper()
        if option in (b"NX", b"XX") and options.condition in (b"", option):
            options.condition = option
        elif option == b"GET":
            options.returns_old = True
        elif option == b"KEEPTTL" and time is None:
            options.keeps_deadline = True
        elif option in UNITS and time is None and not options.keeps_deadline:
            raw = next(remaining, None)
            if raw is None:
                raise SyntaxFault
            time = (option, raw)
        else:
            raise SyntaxFault
    if time is not None:
        options.deadline_ms = positive_deadline_ms(ctx, time[1], time[0])
    return options


@command("INCR key", "write denyoom fast", since="1.0.0")
def incr(ctx: Context, key: bytes) -> Reply:
    """Add one to the integer at key."""
    return _add(ctx, key, 1)


@command("INCRBY key increment", "write denyoom fast", since="1.0.0")
def incrby(ctx: Context, key: bytes, increment: bytes) -> Reply:
    """Add a number to the integer at key."""
    return _add(ctx, key, parse_int(increment))


def _add(ctx: Context, key: bytes, increment: int) -> int:
    """A key that is not there counts as 0. Raises NotAnInteger, IncrementOverflow."""
    held = ctx.db.string(key)
    number = 0 if held is None else maybe_int(held)
    if number is None:
        raise NotAnInteger
    number += increment
    if not INT64_MIN <= number <= INT64_MAX:
        raise IncrementOverflow
    ctx.db.put(key, b"%d" % number, keep_deadline=True)
    ctx.db.touch(key, "incrby")
    return number
