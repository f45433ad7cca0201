"""Commands on keys of any kind: whether they are there, what they hold, how long they live."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..data.keyspace import Keyspace
from ..data.values import Unshared, copy_of, encoding_of, kind_of
from ..errors import (
    DatabaseOutOfRange,
    FrequencyNotTracked,
    IdleTimeNotTracked,
    NoSuchKey,
    SameObject,
    SyntaxFault,
)
from ..numeric import parse_int, parse_int32
from ..patterns import is_literal, matcher
from ..reply import OK, Reply, Status
from ..words import keyword
from .deadlines import (
    MS_PER_SECOND,
    NO_CONDITIONS,
    allows,
    deadline_ms,
    read_conditions,
    rounded_seconds,
)
from .documentation import help_lines
from .options import argument_of
from .scanning import parse_cursor, read_options

command = CommandGroup("generic")

NONE = Status(b"none")
_SUM_OVER_SHARDS = ("request_policy:multi_shard", "response_policy:agg_sum")
_NONDETERMINISTIC = ("nondeterministic_output",)


#: Redis shares one object for each of the integers below this.
SHARED_INTEGERS = 10_000
SHARED_REFERENCES = 2**31 - 1


# --- there or not ---------------------------------------------------------------------------------


@command("DEL key [key ...]", "write", keys="RM delete", since="1.0.0", tips=_SUM_OVER_SHARDS)
def del_(ctx: Context, *keys: bytes) -> Reply:
    """Delete keys, and return how many there were."""
    return sum(map(ctx.db.delete, keys))


@command(
    "UNLINK key [key ...]", "write fast", keys="RM delete", since="4.0.0", tips=_SUM_OVER_SHARDS
)
def unlink(ctx: Context, *keys: bytes) -> Reply:
    """Delete keys; Python frees their memory once nothing refers to it, as with DEL."""
    return sum(map(ctx.db.delete, keys))


@command("EXISTS key [key ...]", "readonly fast", keys="RO", since="1.0.0", tips=_SUM_OVER_SHARDS)
def exists(ctx: Context, *keys: bytes) -> Reply:
    """Return how many of the keys exist, one named twice counted twice."""
    if len(keys) == 1:
        return 0 if ctx.db.peek(keys[0]) is None else 1
    ctx.server.lookups.further += len(keys) - 1
    return sum(ctx.db.peek(key) is not None for key in keys)


@command("TOUCH key [key ...]", "readonly fast", keys="RO", since="3.2.1", tips=_SUM_OVER_SHARDS)
def touch(ctx: Context, *keys: bytes) -> Reply:
    """Use keys without reading them, and return how many there are.

    It counts as a use even under CLIENT NO-TOUCH: that is its only purpose.
    """
    ctx.server.lookups.further += len(keys) - 1
    accesses = ctx.server.accesses
    is_paused, accesses.is_paused = accesses.is_paused, False
    try:
        return sum(ctx.db.get(key) is not None for key in keys)
    finally:
        accesses.is_paused = is_paused


@command("TYPE key", "readonly fast", keys="RO", since="1.0.0")
def type_(ctx: Context, key: bytes) -> Reply:
    """Return what kind of value a key holds."""
    value = ctx.db.peek(key)
    return NONE if value is None else Status(kind_of(value))


@command(
    "KEYS pattern",
    "readonly",
    since="1.0.0",
    also="dangerous",
    tips=["request_policy:all_shards", "nondeterministic_output_order"],
)
def keys(ctx: Context, pattern: bytes) -> Reply:
    """Return every key that matches."""
    if is_literal(pattern):
        return [pattern] if ctx.db.is_living(pattern) else []
    matches = matcher(pattern)
    return [key for key in ctx.db.living_keys() if matches(key)]


@command(
    "RANDOMKEY",
    "readonly",
    since="1.0.0",
    tips=["request_policy:all_shards", "nondeterministic_output"],
)
def randomkey(ctx: Context) -> Reply:
    """Return a key, each with the same probability."""
    return ctx.db.random_key(ctx.server.random)


@command(
    "SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]",
    "readonly",
    since="2.8.0",
    tips=["nondeterministic_output", "request_policy:special"],
)
def scan(ctx: Context, cursor: bytes, *words: bytes) -> Reply:
    """Return some keys, and the cursor that leads to the next ones."""
    position = parse_cursor(cursor)
    options = read_options(words, takes_type=True)
    following, found = ctx.db.scan(position, options.count)
    return [
        b"%d" % following,
        [k for k in options.select(found) if _passes(ctx, k, options.kind)],
    ]


def _passes(ctx: Context, key: bytes, kind: bytes | None) -> bool:
    """Whether a key is there, or of the kind asked for: one that is past its deadline is "none"."""
    if kind is None:
        return key in ctx.db
    value = ctx.db.peek(key)
    ctx.server.lookups.count(is_hit=value is not None)
    return kind == (b"none" if value is None else kind_of(value))


# --- another place --------------------------------------------------------------------------------


@command("RENAME key newkey", "write", keys="RW access delete | OW update", since="1.0.0")
def rename(ctx: Context, key: bytes, newkey: bytes) -> Reply:
    """Give a key another name, in place of whatever has it."""
    if not ctx.db.look_up(key):
        raise NoSuchKey
    if key != newkey:
        _rename(ctx.db, key, newkey)
    return OK


@command("RENAMENX key newkey", "write fast", keys="RW access delete | OW insert", since="1.0.0")
def renamenx(ctx: Context, key: bytes, newkey: bytes) -> Reply:
    """Give a key another name, unless a key has it."""
    if not ctx.db.look_up(key):
        raise NoSuchKey
    if key == newkey or ctx.db.look_up(newkey):
        return 0
    _rename(ctx.db, key, newkey)
    return 1


def _rename(db: Keyspace, key: bytes, newkey: bytes) -> None:
    taken = db.take(key)
    assert taken is not None  # noqa: S101  # the callers have looked
    db.place(newkey, *taken)
    db.touch(key, "rename_from", changes=0)
    db.touch(newkey, "rename_to")


@command("MOVE key db", "write fast", since="1.0.0")
def move(ctx: Context, key: bytes, db: bytes) -> Reply:
    """Take a key to another database, unless it is there already."""
    target = _database(ctx, db)
    if target is ctx.db:
        raise SameObject
    if not ctx.db.look_up(key) or target.look_up(key):
        return 0
    taken = ctx.db.take(key)
    assert taken is not None  # noqa: S101  # it is in there
    target.place(key, *taken)
    ctx.db.touch(key, "move_from")
    target.touch(key, "move_to", changes=0)
    return 1


def _database(ctx: Context, raw: bytes) -> Keyspace:
    """Raises NotAnInteger, NotA32BitInteger, DatabaseOutOfRange."""
    number = parse_int32(raw)
    if not 0 <= number < len(ctx.server.databases):
        raise DatabaseOutOfRange
    return ctx.server.databases[number]


@command(
    "COPY source destination [DB destination-db] [REPLACE]",
    "write denyoom",
    keys="RO access | OW update",
    since="6.2.0",
)
def copy(ctx: Context, source: bytes, destination: bytes, *words: bytes) -> Reply:
    """Copy a key's value and deadline to another key."""
    target, replaces = ctx.db, False
    remaining = iter(words)
    for word in remaining:
        if keyword(word) == b"REPLACE":
            replaces = True
        elif keyword(word) == b"DB":
            target = _database(ctx, argument_of(remaining))
        else:
            raise SyntaxFault
    if target is ctx.db and source == destination:
        raise SameObject
    value = ctx.db.get(source)
    if value is None or (target.look_up(destination) and not replaces):
        return 0
    target.place(destination, copy_of(value), ctx.db.deadline_ms(source))
    target.touch(destination, "copy_to")
    return 1


# --- deadlines ------------------------------------------------------------------------------------


@command("EXPIRE key seconds [NX | XX | GT | LT]", "write fast", keys="RW update", since="1.0.0")
def expire(ctx: Context, key: bytes, seconds: bytes, *words: bytes) -> Reply:
    """Let a key live for some seconds more."""
    return _expire(ctx, key, seconds, words, b"EX")


@command(
    "PEXPIRE key milliseconds [NX | XX | GT | LT]", "write fast", keys="RW update", since="2.6.0"
)
def pexpire(ctx: Context, key: bytes, milliseconds: bytes, *words: bytes) -> Reply:
    """Let a key live for some milliseconds more."""
    return _expire(ctx, key, milliseconds, words, b"PX")


@command(
    "EXPIREAT key unix-time-seconds [NX | XX | GT | LT]",
    "write fast",
    keys="RW update",
    since="1.2.0",
)
def expireat(ctx: Context, key: bytes, time: bytes, *words: bytes) -> Reply:
    """Let a key live until a time, in seconds."""
    return _expire(ctx, key, time, words, b"EXAT")


@command(
    "PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]",
    "write fast",
    keys="RW update",
    since="2.6.0",
)
def pexpireat(ctx: Context, key: bytes, time: bytes, *words: bytes) -> Reply:
    """Let a key live until a time, in milliseconds."""
    return _expire(ctx, key, time, words, b"PXAT")


def _expire(ctx: Context, key: bytes, raw: bytes, words: tuple[bytes, ...], option: bytes) -> int:
    conditions = read_conditions(words) if words else NO_CONDITIONS
    deadline = deadline_ms(ctx, raw, option)
    db = ctx.db
    if db.get(key) is None:
        return 0
    if conditions and not allows(conditions, db.deadline_ms(key), deadline):
        return 0
    db.set_deadline(key, deadline)
    return 1


@command("PERSIST key", "write fast", keys="RW update", since="2.2.0")
def persist(ctx: Context, key: bytes) -> Reply:
    """Take a key's deadline away."""
    if ctx.db.get(key) is None or not ctx.db.clear_deadline(key):
        return 0
    ctx.db.touch(key, "persist")
    return 1


@command("TTL key", "readonly fast", since="1.0.0", tips=_NONDETERMINISTIC)
def ttl(ctx: Context, key: bytes) -> Reply:
    """Return how many seconds a key has left: -1 without a deadline, -2 without the key."""
    left_ms = _left_ms(ctx, key)
    return left_ms if left_ms < 0 else rounded_seconds(left_ms)


@command("PTTL key", "readonly fast", since="2.6.0", tips=_NONDETERMINISTIC)
def pttl(ctx: Context, key: bytes) -> Reply:
    """Return how many milliseconds a key has left: -1 without a deadline, -2 without the key."""
    return _left_ms(ctx, key)


def _left_ms(ctx: Context, key: bytes) -> int:
    deadline = _deadline(ctx, key)
    return deadline if deadline < 0 else max(0, deadline - ctx.server.moment.ms)


def _deadline(ctx: Context, key: bytes) -> int:
    if ctx.db.peek(key) is None:
        return -2
    deadline = ctx.db.deadline_ms(key)
    return -1 if deadline is None else deadline


@command("EXPIRETIME key", "readonly fast", since="7.0.0")
def expiretime(ctx: Context, key: bytes) -> Reply:
    """Return a key's deadline in Unix seconds: -1 without one, -2 without the key."""
    deadline = _deadline(ctx, key)
    return deadline if deadline < 0 else rounded_seconds(deadline)


@command("PEXPIRETIME key", "readonly fast", since="7.0.0")
def pexpiretime(ctx: Context, key: bytes) -> Reply:
    """Return a key's deadline in Unix milliseconds: -1 without one, -2 without the key."""
    return _deadline(ctx, key)


# --- inside ---------------------------------------------------------------------------------------


@command("OBJECT ENCODING key", "readonly", keys="RO", since="2.2.3", tips=_NONDETERMINISTIC)
def object_encoding(ctx: Context, key: bytes) -> Reply:
    """Return how a value would be laid out in Redis's memory."""
    value = ctx.db.peek(key)
    return None if value is None else encoding_of(value)


@command("OBJECT REFCOUNT key", "readonly", keys="RO", since="2.2.3", tips=_NONDETERMINISTIC)
def object_refcount(ctx: Context, key: bytes) -> Reply:
    """Return how often a value is referred to; Redis shares the small integers.

    It does not where eviction needs to know of each of them when it was used.
    """
    value = ctx.db.peek(key)
    if value is None:
        return None
    config = ctx.server.config
    if config.maxmemory_bytes and (config.is_lru or config.is_lfu):
        return 1
    if isinstance(value, Unshared) or encoding_of(value) != b"int":
        return 1
    number = parse_int(value)  # type: ignore[arg-type]  # only strings have that encoding
    return SHARED_REFERENCES if 0 <= number < SHARED_INTEGERS else 1


@command("OBJECT IDLETIME key", "readonly", keys="RO", since="2.2.3", tips=_NONDETERMINISTIC)
def object_idletime(ctx: Context, key: bytes) -> Reply:
    """Return for how many seconds nobody used a key."""
    if ctx.db.peek(key) is None:
        return None
    with ctx.server.lookups.refusing:
        if ctx.server.config.is_lfu:
            raise IdleTimeNotTracked
    ctx.server.accesses.begin()
    return ctx.server.accesses.idle_ms(ctx.db, key) // MS_PER_SECOND


@command("OBJECT FREQ key", "readonly", keys="RO", since="4.0.0", tips=_NONDETERMINISTIC)
def object_freq(ctx: Context, key: bytes) -> Reply:
    """Return how often a key is used, on a logarithmic scale: under an LFU policy only."""
    if ctx.db.peek(key) is None:
        return None
    with ctx.server.lookups.refusing:
        if not ctx.server.config.is_lfu:
            raise FrequencyNotTracked
    return ctx.server.accesses.frequency(ctx.db, key)


@command("OBJECT HELP", "loading stale", since="6.2.0")
def object_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)
