"""Commands on the server as a whole: its databases, its memory, what it says of itself."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    CommandError,
    DatabaseOutOfRange,
    InvalidDatabaseIndex,
    MonitorInsideExec,
    SyntaxFault,
)
from ..numeric import parse_int32
from ..reply import NO_REPLY, OK, Reply
from ..words import keyword

command = CommandGroup("server")


# --- databases ------------------------------------------------------------------------------------


@command(
    "DBSIZE",
    "readonly fast",
    since="1.0.0",
    also="keyspace",
    tips=["request_policy:all_shards", "response_policy:agg_sum"],
)
def dbsize(ctx: Context) -> Reply:
    """Return the number of keys in the selected database."""
    return len(ctx.db)


@command(
    "FLUSHDB [ASYNC | SYNC]",
    "write",
    since="1.0.0",
    also="keyspace dangerous",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
)
def flushdb(ctx: Context, *mode: bytes) -> Reply:
    """Remove every key of the selected database."""
    _check_flush_mode(mode)
    ctx.db.clear()
    ctx.server.tracking.flushed()
    return OK


@command(
    "FLUSHALL [ASYNC | SYNC]",
    "write",
    since="1.0.0",
    also="keyspace dangerous",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
)
def flushall(ctx: Context, *mode: bytes) -> Reply:
    """Remove every key of every database."""
    _check_flush_mode(mode)
    for db in ctx.server.databases:
        db.clear()
    ctx.server.tracking.flushed()
    return OK


def _check_flush_mode(mode: tuple[bytes, ...]) -> None:
    """Both modes do the same here: Python frees memory once nothing refers to it."""
    if len(mode) > 1 or (mode and keyword(mode[0]) not in (b"ASYNC", b"SYNC")):
        raise SyntaxFault


@command("SWAPDB index1 index2", "write fast", since="4.0.0", also="keyspace dangerous")
def swapdb(ctx: Context, index1: bytes, index2: bytes) -> Reply:
    """Exchange two databases, for every connection at once."""
    numbers = []
    for index, place in ((index1, "first"), (index2, "second")):
        try:
            numbers.append(parse_int32(index))
        except CommandError:
            raise InvalidDatabaseIndex(place) from None
    if not all(0 <= number < len(ctx.server.databases) for number in numbers):
        raise DatabaseOutOfRange
    first, second = (ctx.server.databases[number] for number in numbers)
    if first is not second:
        first.swap_contents(second)
    first.changes += 1
    return OK


# --- time ---------------------------------------------------------------------------------------


@command("TIME", "loading stale fast", since="2.6.0", tips=["nondeterministic_output"])
def time(ctx: Context) -> Reply:
    """Return Unix time: seconds, and the microseconds of the current one."""
    seconds, microseconds = divmod(ctx.server.moment.us, 1_000_000)
    return [b"%d" % seconds, b"%d" % microseconds]


# --- MONITOR --------------------------------------------------------------------------------------


@command("MONITOR", "admin noscript loading stale", since="1.0.0")
def monitor(ctx: Context) -> Reply:
    """Show every command that the server runs from now on to this connection."""
    if ctx.executing:
        raise MonitorInsideExec
    if ctx in ctx.server.monitor.watchers:
        return NO_REPLY  # as Redis does
    ctx.server.monitor.add(ctx)
    return OK
