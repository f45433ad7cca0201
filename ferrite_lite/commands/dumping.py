"""DUMP and RESTORE: taking one value out of this server, and into any other."""

from __future__ import annotations

from dataclasses import dataclass

from ..command import CommandGroup
from ..context import Context
from ..errors import BusyKey, InvalidFrequency, InvalidIdleTime, InvalidTtl, SyntaxFault
from ..eviction.accesses import MAX_FREQUENCY
from ..numeric import parse_int, wrapped_int64
from ..persistence.dump import dump, load
from ..reply import OK, Reply
from ..words import keyword
from .deadlines import MS_PER_SECOND
from .options import argument_of

command = CommandGroup("generic")
server_command = CommandGroup("server")


@command("DUMP key", "readonly", since="2.6.0", tips=["nondeterministic_output"])
def dump_(ctx: Context, key: bytes) -> Reply:
    """Return the value at key in Redis's own format, with a version and a checksum."""
    value = ctx.db.get(key)
    return None if value is None else dump(value, compresses=ctx.server.config.compresses_dumps)


@dataclass(slots=True)
class RestoreOptions:
    """The words behind ``RESTORE key ttl payload``."""

    replaces: bool = False
    ttl_is_deadline: bool = False
    idle_seconds: int | None = None
    frequency: int | None = None


def _read_options(words: tuple[bytes, ...]) -> RestoreOptions:
    """Raises SyntaxFault, NotAnInteger, InvalidIdleTime, InvalidFrequency."""
    options = RestoreOptions()
    remaining = iter(words)
    for word in remaining:
        match keyword(word):
            case b"REPLACE":
                options.replaces = True
            case b"ABSTTL":
                options.ttl_is_deadline = True
            case b"IDLETIME" if options.frequency is None:
                options.idle_seconds = parse_int(argument_of(remaining))
                if options.idle_seconds < 0:
                    raise InvalidIdleTime
            case b"FREQ" if options.idle_seconds is None:
                options.frequency = parse_int(argument_of(remaining))
                if not 0 <= options.frequency <= MAX_FREQUENCY:
                    raise InvalidFrequency
            case _:
                raise SyntaxFault
    return options


@command(
    "RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
    "write denyoom",
    keys="OW update",
    since="2.6.0",
    also="dangerous",
)
def restore(ctx: Context, key: bytes, ttl: bytes, payload: bytes, *words: bytes) -> Reply:
    """Make a key from what DUMP returned, here or elsewhere."""
    options = _read_options(words)
    db = ctx.db
    if not options.replaces and db.look_up(key):
        raise BusyKey
    deadline_ms = parse_int(ttl)
    if deadline_ms < 0:
        raise InvalidTtl
    config = ctx.server.config
    value = load(
        payload,
        config.encodings,
        config.max_bulk_bytes,
        checks_sum=not ctx.server.skips_checksums,
    )
    if deadline_ms and not options.ttl_is_deadline:
        deadline_ms = wrapped_int64(deadline_ms + ctx.server.moment.ms)
    replaced = db.remove_stored(key)
    if deadline_ms and deadline_ms <= ctx.server.moment.ms:
        if replaced:
            db.touch(key, "del")
        return OK
    db.place(key, value, deadline_ms or None)
    _restore_accesses(ctx, key, options)
    db.touch(key, "restore")
    return OK


@server_command(
    "RESTORE-ASKING key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds]"
    " [FREQ frequency]",
    "write denyoom asking",
    keys="OW update",
    since="3.0.0",
    also="keyspace dangerous",
)
def restore_asking(ctx: Context, key: bytes, ttl: bytes, payload: bytes, *words: bytes) -> Reply:
    """RESTORE for nodes of a cluster, which send it to each other."""
    return restore(ctx, key, ttl, payload, *words)


def _restore_accesses(ctx: Context, key: bytes, options: RestoreOptions) -> None:
    """Which of the two counts depends on the policy; the other is ignored."""
    accesses = ctx.server.accesses
    if ctx.server.config.is_lfu:
        if options.frequency is not None:
            accesses.set_frequency(ctx.db, key, options.frequency)
    elif options.idle_seconds is not None:
        accesses.begin()
        accesses.set_idle(ctx.db, key, options.idle_seconds * MS_PER_SECOND)
