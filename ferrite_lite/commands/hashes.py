"""Commands on hashes: a key that holds fields, each with a value."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..data.values import Hash, pick
from ..errors import (
    HashIncrementNotFinite,
    HashValueNotAFloat,
    HashValueNotAnInteger,
    IncrementNotFinite,
    IncrementOverflow,
    NotAFloat,
    NotInRange,
    SyntaxFault,
    WrongArity,
)
from ..numeric import INT64_MAX, INT64_MIN, LongDouble, maybe_int, parse_int
from ..reply import OK, Reply
from ..words import keyword
from .choosing import choose, parse_count
from .scanning import parse_cursor, read_options, scan_names

command = CommandGroup("hash")

# --- fields and their values ----------------------------------------------------------------------


@command("HGET key field", "readonly fast", since="2.0.0")
def hget(ctx: Context, key: bytes, field: bytes) -> Reply:
    """Return the value of one field."""
    fields = ctx.db.hash(key)
    return None if fields is None else fields.get(field)


@command("HMGET key field [field ...]", "readonly fast", since="2.0.0")
def hmget(ctx: Context, key: bytes, *names: bytes) -> Reply:
    """Return the values of several fields."""
    fields = ctx.db.hash(key)
    return [None] * len(names) if fields is None else list(map(fields.get, names))


@command(
    "HSET key field value [field value ...]", "write denyoom fast", keys="RW update", since="2.0.0"
)
def hset(ctx: Context, key: bytes, *pairs: bytes) -> Reply:
    """Set fields, and return how many of them are new.

    An odd field is refused here and not by arity: Redis lets MULTI queue it.
    """
    if len(pairs) % 2:
        raise WrongArity(ctx.command.name)
    fields = ctx.db.get_or_create(key, Hash)
    if len(pairs) == 2:
        added = int(fields.assign(*pairs))
    else:
        added = sum(map(fields.assign, pairs[::2], pairs[1::2]))
    names = pairs[::2] if ctx.db.observers else ()
    ctx.db.touch(key, "hset", len(pairs) // 2, names)
    return added


@command(
    "HMSET key field value [field value ...]",
    "write denyoom fast",
    keys="RW update",
    since="2.0.0",
    deprecated="4.0.0 `HSET` with multiple field-value pairs",
)
def hmset(ctx: Context, key: bytes, *pairs: bytes) -> Reply:
    """HSET with a less telling reply."""
    hset(ctx, key, *pairs)
    return OK


@command("HSETNX key field value", "write denyoom fast", keys="RW insert", since="2.0.0")
def hsetnx(ctx: Context, key: bytes, field: bytes, value: bytes) -> Reply:
    """Set a field unless it exists, and return 1 if that was done."""
    fields = ctx.db.get_or_create(key, Hash)
    if field in fields:
        return 0
    fields.assign(field, value)
    ctx.db.touch(key, "hset", fields=(field,))
    return 1


@command("HDEL key field [field ...]", "write fast", keys="RW delete", since="2.0.0")
def hdel(ctx: Context, key: bytes, *names: bytes) -> Reply:
    """Remove fields, and return how many there were."""
    fields = ctx.db.hash(key)
    if fields is None:
        return 0
    removed = [*filter(fields.drop, names)]
    if removed:
        ctx.db.touch(key, "hdel", len(removed), removed)
    return len(removed)


@command("HEXISTS key field", "readonly fast", keys="RO", since="2.0.0")
def hexists(ctx: Context, key: bytes, field: bytes) -> Reply:
    """Return 1 if the field exists."""
    fields = ctx.db.hash(key)
    return 0 if fields is None else int(field in fields)


@command("HLEN key", "readonly fast", keys="RO", since="2.0.0")
def hlen(ctx: Context, key: bytes) -> Reply:
    """Return how many fields there are."""
    return len(ctx.db.hash(key) or ())


@command("HSTRLEN key field", "readonly fast", keys="RO", since="3.2.0")
def hstrlen(ctx: Context, key: bytes, field: bytes) -> Reply:
    """Return how many bytes the value of a field has."""
    fields = ctx.db.hash(key)
    return 0 if fields is None else len(fields.get(field, b""))


# --- the whole hash -------------------------------------------------------------------------------


@command("HGETALL key", "readonly", since="2.0.0", tips=["nondeterministic_output_order"])
def hgetall(ctx: Context, key: bytes) -> Reply:
    """Return every field and its value."""
    return ctx.db.hash(key) or {}


@command("HKEYS key", "readonly", since="2.0.0", tips=["nondeterministic_output_order"])
def hkeys(ctx: Context, key: bytes) -> Reply:
    """Return every field."""
    return list(ctx.db.hash(key) or ())


@command("HVALS key", "readonly", since="2.0.0", tips=["nondeterministic_output_order"])
def hvals(ctx: Context, key: bytes) -> Reply:
    """Return the value of every field."""
    fields = ctx.db.hash(key)
    return [] if fields is None else list(fields.values())


@command(
    "HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
    "readonly",
    since="2.8.0",
    tips=["nondeterministic_output"],
)
def hscan(ctx: Context, key: bytes, cursor: bytes, *words: bytes) -> Reply:
    """Return some fields with their values, and the cursor that leads to the next ones.

    Redis reads the options only when there is a hash to scan.
    """
    position = parse_cursor(cursor)
    fields = ctx.db.hash(key)
    if fields is None:
        return [b"0", []]
    options = read_options(words, takes_novalues=True)
    following, names = scan_names(fields, position, options)
    if options.only_names:
        return [b"%d" % following, list(names)]
    return [b"%d" % following, [word for name in names for word in (name, fields[name])]]


@command(
    "HRANDFIELD key [count [WITHVALUES]]",
    "readonly",
    since="6.2.0",
    tips=["nondeterministic_output"],
)
def hrandfield(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return a field at random, or several: different ones, or any for a negative count."""
    if not words:
        fields = ctx.db.hash(key)
        return None if fields is None else pick(fields, ctx.server.random)
    count, with_values = _read_choice(words)
    fields = ctx.db.hash(key)
    if fields is None:
        return []
    names = choose(ctx, fields, count)
    if not with_values:
        return list(names)
    pairs = [(name, fields[name]) for name in names]
    return list(pairs) if ctx.resp == 3 else [word for pair in pairs for word in pair]


def _read_choice(words: tuple[bytes, ...]) -> tuple[int, bool]:
    """The count, and whether values are wanted. Raises what parse_count does, SyntaxFault and
    NotInRange.
    """
    count = parse_count(words[0])
    options = [keyword(word) for word in words[1:]]
    if options not in ([], [b"WITHVALUES"]):
        raise SyntaxFault
    if options and abs(count) > INT64_MAX // 2:
        # Redis doubles the count for the length of the reply.
        raise NotInRange
    return count, bool(options)


# --- numbers --------------------------------------------------------------------------------------


@command("HINCRBY key field increment", "write denyoom fast", since="2.0.0")
def hincrby(ctx: Context, key: bytes, field: bytes, increment: bytes) -> Reply:
    """Add a number to the integer in a field."""
    number = parse_int(increment)
    fields = ctx.db.get_or_create(key, Hash)
    held = fields.get(field)
    if held is not None:
        old = maybe_int(held)
        if old is None:
            raise HashValueNotAnInteger
        number += old
    if not INT64_MIN <= number <= INT64_MAX:
        raise IncrementOverflow
    fields.assign(field, b"%d" % number, keep_deadline=True)
    ctx.db.touch(key, "hincrby", fields=(field,))
    return number


@command("HINCRBYFLOAT key field increment", "write denyoom fast", since="2.6.0")
def hincrbyfloat(ctx: Context, key: bytes, field: bytes, increment: bytes) -> Reply:
    """Add a number with a fraction to the number in a field."""
    total = LongDouble.parse(increment)
    if not total.is_finite:
        raise HashIncrementNotFinite
    fields = ctx.db.get_or_create(key, Hash)
    held = fields.get(field)
    if held is not None:
        try:
            total += LongDouble.parse(held)
        except NotAFloat:
            raise HashValueNotAFloat from None
    if not total.is_finite:
        raise IncrementNotFinite
    text = bytes(total)
    fields.assign(field, text, keep_deadline=True)
    ctx.db.touch(key, "hincrbyfloat", fields=(field,))
    return text
