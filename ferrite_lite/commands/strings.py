"""Commands on strings."""

from __future__ import annotations

from dataclasses import dataclass

from ..command import CommandGroup
from ..context import Context
from ..data.values import String, Unread, Value
from ..errors import (
    DecrementOverflow,
    IncrementNotFinite,
    IncrementOverflow,
    InvalidNumkeys,
    LcsLengthAndIndexes,
    LcsNotStrings,
    LcsTooBig,
    LcsTooLong,
    NotAnInteger,
    OffsetOutOfRange,
    StringTooLong,
    SyntaxFault,
    WrongArity,
)
from ..numeric import INT64_MAX, INT64_MIN, LongDouble, maybe_int, parse_int
from ..reply import OK, Reply
from ..words import keyword
from . import subsequence
from .comparing import CONDITIONS, holds
from .deadlines import UNITS, positive_deadline_ms
from .options import argument_of

command = CommandGroup("string")

#: Redis's table for LCS has a 32-bit integer for each pair of bytes, and must fit a bulk string.
LCS_CELL_BYTES = 4
#: Redis counts keys with 32 bits.
MAX_NUMKEYS = 2**31 - 1
#: Redis's limit is 4 GB; this one keeps the longest LCS below half a second.
MAX_LCS_BYTES = 1024 * 1024

# --- get and set ----------------------------------------------------------------------------------


@command("GET key", "readonly fast", since="1.0.0")
def get(ctx: Context, key: bytes) -> Reply:
    """Return the string at key."""
    return ctx.db.string(key)


@dataclass(slots=True)
class Options:
    """The words behind ``SET key value`` and ``GETEX key``."""

    #: NX, XX, or a comparison with what is there.
    condition: bytes = b""
    #: What follows a comparison.
    expected: bytes = b""
    returns_old: bool = False
    #: What becomes of the deadline: EX, PX, EXAT, PXAT, KEEPTTL or PERSIST.
    expiry: bytes = b""
    #: What follows EX, PX, EXAT or PXAT.
    time: bytes = b""

    def deadline_ms(self, ctx: Context) -> int | None:
        """The deadline asked for. Raises NotAnInteger, InvalidExpireTime."""
        if self.expiry not in UNITS:
            return None
        return positive_deadline_ms(ctx, self.time, self.expiry)


_SET_WORDS = frozenset({b"NX", b"XX", b"GET", b"KEEPTTL", *UNITS, *CONDITIONS})
_MSETEX_WORDS = frozenset({b"NX", b"XX", b"KEEPTTL", *UNITS})
_GETEX_WORDS = frozenset({b"PERSIST", *UNITS})


def _read_options(words: tuple[bytes, ...], known: frozenset[bytes]) -> Options:
    """Raises SyntaxFault for what is not known, or does not go together.

    As in Redis, an option may be repeated, and the last time given counts.
    """
    options = Options()
    remaining = iter(words)
    for word in remaining:
        option = keyword(word)
        if option not in known:
            raise SyntaxFault
        if option == b"GET":
            options.returns_old = True
        elif option in (b"NX", b"XX"):
            if options.condition not in (b"", option):
                raise SyntaxFault
            options.condition = option
        elif option in CONDITIONS:
            if options.condition:
                raise SyntaxFault
            options.condition, options.expected = option, argument_of(remaining)
        else:
            if options.expiry not in (b"", option):
                raise SyntaxFault
            options.expiry = option
            if option in UNITS:
                options.time = argument_of(remaining)
    return options


def _set_use(argv: list[bytes]) -> list[str]:
    """Only with GET or a comparison does SET read what it replaces."""
    words = {keyword(word) for word in argv[3:]}
    reads = b"GET" in words or not words.isdisjoint(CONDITIONS)
    return ["RW access update"] if reads else ["OW update"]


def _set(ctx: Context, key: bytes, value: bytes) -> Reply:
    """SET without options, as it nearly always is."""
    ctx.db.store(key, value)
    return OK


@command(
    "SET key value [NX | XX | IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest |"
    " IFDNE ifdne-digest] [GET] [EX seconds | PX milliseconds |"
    " EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    "write denyoom",
    keys="RW access update variable_flags",
    find_uses=_set_use,
    bare=_set,
    since="1.0.0",
)
def set_(ctx: Context, key: bytes, value: bytes, *words: bytes) -> Reply:
    """Set the string at key."""
    if not words:
        return _set(ctx, key, value)
    db = ctx.db
    options = _read_options(words, _SET_WORDS)
    deadline_ms = options.deadline_ms(ctx)
    compares = options.condition in CONDITIONS
    if options.returns_old:
        ctx.server.lookups.count(is_hit=db.is_living(key))
    old = db.string(key) if options.returns_old or compares else None
    if compares:
        if not holds(old, options.condition, options.expected):
            return old if options.returns_old else None
    elif options.condition:
        # What GET has found, or has not, is not looked for again.
        exists = old is not None if options.returns_old else key in db
        if exists is (options.condition == b"NX"):
            if exists:
                db.look_up(key)  # to be in the way is a use
            return old
    _store(ctx, key, value, deadline_ms, keep_deadline=options.expiry == b"KEEPTTL")
    return old if options.returns_old else OK


@command("SETNX key value", "write denyoom fast", keys="OW insert", since="1.0.0")
def setnx(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Set the string at key unless the key exists, and return 1 if that was done."""
    if ctx.db.look_up(key):
        return 0
    _store(ctx, key, value)
    return 1


@command("SETEX key seconds value", "write denyoom", keys="OW update", since="2.0.0")
def setex(ctx: Context, key: bytes, seconds: bytes, value: bytes) -> Reply:
    """Set the string at key, and its deadline in seconds from now."""
    _store(ctx, key, value, positive_deadline_ms(ctx, seconds, b"EX"))
    return OK


@command("PSETEX key milliseconds value", "write denyoom", keys="OW update", since="2.6.0")
def psetex(ctx: Context, key: bytes, milliseconds: bytes, value: bytes) -> Reply:
    """Set the string at key, and its deadline in milliseconds from now."""
    _store(ctx, key, value, positive_deadline_ms(ctx, milliseconds, b"PX"))
    return OK


def _store(
    ctx: Context,
    key: bytes,
    value: bytes,
    deadline_ms: int | None = None,
    *,
    keep_deadline: bool = False,
) -> None:
    """Put a string at key, whatever was there; with a deadline in the past it expires next."""
    db = ctx.db
    db.put(key, value, keep_deadline=keep_deadline)
    db.touch(key, "set")
    if deadline_ms is not None:
        db.impose_deadline(key, deadline_ms)
        db.touch(key, "expire", changes=0)


@command(
    "GETSET key value",
    "write denyoom fast",
    since="1.0.0",
    deprecated="6.2.0 `SET` with the `!GET` argument",
)
def getset(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Set the string at key, and return the one it replaces."""
    old = ctx.db.string(key)
    _store(ctx, key, value)
    return old


@command("GETDEL key", "write fast", keys="RW access delete", since="6.2.0")
def getdel(ctx: Context, key: bytes) -> Reply:
    """Return the string at key, and remove the key."""
    value = ctx.db.string(key)
    if value is not None:
        ctx.db.delete(key)
    return value


@command(
    "GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds |"
    " PXAT unix-time-milliseconds | PERSIST]",
    "write fast",
    since="6.2.0",
)
def getex(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return the string at key, and set or clear its deadline."""
    db = ctx.db
    options = _read_options(words, _GETEX_WORDS)
    value = db.string(key)
    if value is None:
        return None
    with ctx.server.lookups.refusing:
        deadline_ms = options.deadline_ms(ctx)
    if deadline_ms is not None:
        db.set_deadline(key, deadline_ms)
    elif options.expiry == b"PERSIST" and db.clear_deadline(key):
        db.touch(key, "persist")
    return value


# --- many at once ---------------------------------------------------------------------------------


@command("MGET key [key ...]", "readonly fast", since="1.0.0", tips=["request_policy:multi_shard"])
def mget(ctx: Context, *keys: bytes) -> Reply:
    """Return the strings at several keys; a key of another type counts as missing."""
    values = map(ctx.db.get, keys)
    ctx.server.lookups.further += len(keys) - 1
    # bytes() copies a string edited in place: EXEC copies replies, but not what is inside them.
    return [bytes(value) if isinstance(value, String) else None for value in values]


@command(
    "MSET key value [key value ...]",
    "write denyoom",
    keys="OW update",
    since="1.0.1",
    tips=["request_policy:multi_shard", "response_policy:all_succeeded"],
)
def mset(ctx: Context, *pairs: bytes) -> Reply:
    """Set the strings at several keys."""
    _store_all(ctx, _keys_and_values(ctx, pairs))
    return OK


@command(
    "MSETNX key value [key value ...]",
    "write denyoom",
    keys="OW insert",
    since="1.0.1",
    tips=["request_policy:multi_shard", "response_policy:agg_min"],
)
def msetnx(ctx: Context, *pairs: bytes) -> Reply:
    """Set the strings at several keys unless one of them exists; return 1 if that was done."""
    items = _keys_and_values(ctx, pairs)
    if any(ctx.db.look_up(key) for key, _ in items):
        return 0
    _store_all(ctx, items)
    return 1


@command(
    "MSETEX numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds |"
    " EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    "write denyoom",
    keys="OW update",
    since="8.4.0",
    tips=["request_policy:multi_shard", "response_policy:all_succeeded"],
)
def msetex(ctx: Context, numkeys: bytes, *words: bytes) -> Reply:
    """Set the strings at several keys and their deadline; return 1 if the condition let it be."""
    count = maybe_int(numkeys)
    if count is None or not 1 <= count <= MAX_NUMKEYS:
        raise InvalidNumkeys
    if 2 * count > len(words):
        raise SyntaxFault
    options = _read_options(words[2 * count :], _MSETEX_WORDS)
    deadline_ms = options.deadline_ms(ctx)
    items = _keys_and_values(ctx, words[: 2 * count])
    if options.condition and any(
        (key in ctx.db) is (options.condition == b"NX") for key, _ in items
    ):
        return 0
    for key, value in items:
        _store(ctx, key, value, deadline_ms, keep_deadline=options.expiry == b"KEEPTTL")
    return 1


def _keys_and_values(ctx: Context, pairs: tuple[bytes, ...]) -> list[tuple[bytes, bytes]]:
    """An odd key is refused here and not by arity: Redis lets MULTI queue it."""
    if len(pairs) % 2:
        raise WrongArity(ctx.command.name)
    return list(zip(pairs[::2], pairs[1::2], strict=True))


def _store_all(ctx: Context, items: list[tuple[bytes, bytes]]) -> None:
    for key, value in items:
        _store(ctx, key, value)


# --- numbers --------------------------------------------------------------------------------------


@command("INCR key", "write denyoom fast", since="1.0.0")
def incr(ctx: Context, key: bytes) -> Reply:
    """Add one to the integer at key."""
    return _add(ctx, key, 1)


@command("DECR key", "write denyoom fast", since="1.0.0")
def decr(ctx: Context, key: bytes) -> Reply:
    """Subtract one from the integer at key."""
    return _add(ctx, key, -1)


@command("INCRBY key increment", "write denyoom fast", since="1.0.0")
def incrby(ctx: Context, key: bytes, increment: bytes) -> Reply:
    """Add a number to the integer at key."""
    return _add(ctx, key, parse_int(increment))


@command("DECRBY key decrement", "write denyoom fast", since="1.0.0")
def decrby(ctx: Context, key: bytes, decrement: bytes) -> Reply:
    """Subtract a number from the integer at key."""
    number = parse_int(decrement)
    if number == INT64_MIN:
        # Redis negates the argument, and this one has no positive counterpart.
        raise DecrementOverflow
    return _add(ctx, key, -number)


def _add(ctx: Context, key: bytes, increment: int) -> int:
    """A key that is not there counts as 0. Raises NotAnInteger, IncrementOverflow."""
    held = ctx.db.string(key)
    number = 0 if held is None else maybe_int(held)
    if number is None:
        raise NotAnInteger
    number += increment
    if not INT64_MIN <= number <= INT64_MAX:
        raise IncrementOverflow
    ctx.db.rewrite(key, b"%d" % number, "incrby")
    return number


@command("INCRBYFLOAT key increment", "write denyoom fast", since="2.6.0")
def incrbyfloat(ctx: Context, key: bytes, increment: bytes) -> Reply:
    """Add a number with a fraction to the number at key."""
    held = ctx.db.string(key)
    total = LongDouble.parse(b"0" if held is None else held) + LongDouble.parse(increment)
    if not total.is_finite:
        raise IncrementNotFinite
    text = bytes(total)
    ctx.db.edit(key, Unread(text))
    ctx.db.touch(key, "incrbyfloat")
    return text


# --- parts of a string ----------------------------------------------------------------------------


@command("STRLEN key", "readonly fast", keys="RO", since="2.2.0")
def strlen(ctx: Context, key: bytes) -> Reply:
    """Return how many bytes the string at key has."""
    return len(ctx.db.string(key) or b"")


@command("GETRANGE key start end", "readonly", since="2.4.0")
def getrange(ctx: Context, key: bytes, start: bytes, end: bytes) -> Reply:
    """Return the bytes from start to end, both included; negative ones count from the end."""
    first, last = parse_int(start), parse_int(end)
    value = ctx.db.string(key) or b""
    if first < 0 and last < 0 and first > last:
        return b""
    size = len(value)
    # An end before the beginning stands for the first byte, not for nothing.
    first, last = (max(0, at + size) if at < 0 else at for at in (first, last))
    return bytes(value[first : last + 1])


@command("SUBSTR key start end", "readonly", since="1.0.0", deprecated="2.0.0 `GETRANGE`")
def substr(ctx: Context, key: bytes, start: bytes, end: bytes) -> Reply:
    """GETRANGE by its first name."""
    return getrange(ctx, key, start, end)


@command("APPEND key value", "write denyoom fast", keys="RW insert", since="2.0.0")
def append(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Append bytes to the string at key, and return its new length."""
    db = ctx.db
    held = db.string(key)
    if held is None:
        db.put(key, value)
        db.touch(key, "append")
        return len(value)
    size = _checked_size(ctx, len(held) + len(value))
    _editable(ctx, key, held).extend(value)
    db.touch(key, "append")
    return size


@command("SETRANGE key offset value", "write denyoom", keys="RW update", since="2.2.0")
def setrange(ctx: Context, key: bytes, offset: bytes, value: bytes) -> Reply:
    """Overwrite the string at key from offset on, zeros filling a gap; return its new length."""
    start = parse_int(offset)
    if start < 0:
        raise OffsetOutOfRange
    held = ctx.db.string(key)
    if not value:
        return len(held or b"")
    end = _checked_size(ctx, start + len(value))
    text = _editable(ctx, key, held or b"")
    text.extend(bytes(max(0, start - len(text))))
    text[start:end] = value
    ctx.db.touch(key, "setrange")
    return len(text)


def _checked_size(ctx: Context, size: int) -> int:
    """The size of a string to be made. Raises StringTooLong."""
    if size > ctx.server.config.max_bulk_bytes:
        raise StringTooLong
    return size


def _editable(ctx: Context, key: bytes, held: String) -> bytearray:
    """The string at key in the form that is edited in place."""
    if isinstance(held, bytearray):
        return held
    text = bytearray(held)
    ctx.db.edit(key, text)
    return text


# --- comparing ------------------------------------------------------------------------------------


@dataclass(slots=True)
class LcsOptions:
    """The words behind ``LCS key1 key2``."""

    wants_length: bool = False
    wants_runs: bool = False
    wants_run_lengths: bool = False
    min_run: int = 0


@command("LCS key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]", "readonly", since="7.0.0")
def lcs(ctx: Context, key1: bytes, key2: bytes, *words: bytes) -> Reply:
    """Return the longest common subsequence of two strings, its length, or where it stands."""
    values = ctx.db.get(key1), ctx.db.get(key2)
    ctx.server.lookups.further += 1
    with ctx.server.lookups.refusing:
        a, b = map(_lcs_string, values)
        options = _read_lcs_options(words)
        if max(len(a), len(b)) > MAX_LCS_BYTES:
            raise LcsTooLong
        if (len(a) + 1) * (len(b) + 1) * LCS_CELL_BYTES > ctx.server.config.max_bulk_bytes:
            raise LcsTooBig
    if options.wants_length:
        return subsequence.length(a, b)
    pairs = subsequence.matches(a, b)
    if not options.wants_runs:
        return bytes(a[at] for at, _ in pairs)
    found = [
        _run_reply(run, options) for run in subsequence.runs(pairs) if run.size >= options.min_run
    ]
    return {b"matches": found, b"len": len(pairs)}


def _run_reply(run: subsequence.Run, options: LcsOptions) -> Reply:
    in_a = (run.a_start, run.a_start + run.size - 1)
    in_b = (run.b_start, run.b_start + run.size - 1)
    return (in_a, in_b, run.size) if options.wants_run_lengths else (in_a, in_b)


def _lcs_string(value: Value | None) -> bytes:
    """A missing key counts as empty. Raises LcsNotStrings, not WrongType."""
    if value is None:
        return b""
    if not isinstance(value, String):
        raise LcsNotStrings
    return bytes(value)


def _read_lcs_options(words: tuple[bytes, ...]) -> LcsOptions:
    """Raises SyntaxFault, NotAnInteger, LcsLengthAndIndexes."""
    options = LcsOptions()
    remaining = iter(words)
    for word in remaining:
        option = keyword(word)
        if option == b"LEN":
            options.wants_length = True
        elif option == b"IDX":
            options.wants_runs = True
        elif option == b"WITHMATCHLEN":
            options.wants_run_lengths = True
        elif option == b"MINMATCHLEN":
            options.min_run = parse_int(argument_of(remaining))
        else:
            raise SyntaxFault
    if options.wants_length and options.wants_runs:
        raise LcsLengthAndIndexes
    return options
