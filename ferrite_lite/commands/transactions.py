"""MULTI, EXEC and WATCH: several commands at one instant, if nobody interferes.

The engine's gate does the queueing, because any command can be queued. Here are only the commands
that open and end a transaction.
"""

from __future__ import annotations

from ..acl import Place
from ..command import CommandGroup
from ..context import Context, ReplyMode, Transaction
from ..data.values import Collection, copy_of
from ..errors import (
    CommandError,
    DiscardWithoutMulti,
    ExecWithoutMulti,
    NestedMulti,
    NoPermissionAnyMore,
    NoSubscriptionToShards,
    TransactionAborted,
    WatchInsideMulti,
)
from ..reply import NO_REPLY, NULL_ARRAY, OK, InProtocol, Piecemeal, Reply

command = CommandGroup("transactions")


@command("MULTI", "noscript loading stale fast allow_busy", since="1.2.0")
def multi(ctx: Context) -> Reply:
    """Begin to queue commands."""
    if ctx.transaction is not None:
        raise NestedMulti
    ctx.transaction = Transaction()
    ctx.update_guard()
    return OK


@command("EXEC", "noscript loading stale skip_slowlog", since="1.2.0")
def exec_(ctx: Context) -> Reply:
    """Run the queued commands, unless a watched key was touched."""
    if ctx.transaction is None:
        raise ExecWithoutMulti
    transaction, interfered = ctx.transaction, ctx.watch.broken or ctx.watch.has_expired()
    ctx.end_transaction()
    if transaction.spoiled_by is not None:
        raise TransactionAborted
    if interfered:
        return NULL_ARRAY
    ctx.executing = transaction
    is_announced, given = ctx.wants_replies, []
    try:
        # Redis writes each reply at once: what came before a HELLO keeps its protocol, and CLIENT
        # REPLY or CLIENT KILL holds back what comes from then on.
        for argv in transaction.queue:
            is_over = ctx.closing
            reply = _run(ctx, argv)
            if is_over or not ctx.wants_replies:
                reply = NO_REPLY
            # Pushes stand among them.
            given.append((ctx.with_pushed(reply) if ctx.pushed else reply, ctx.resp))
    finally:
        ctx.executing = None
    replies = [reply if resp == ctx.resp else InProtocol(resp, reply) for reply, resp in given]
    if is_announced and ctx.reply_mode is ReplyMode.ON:
        return replies
    return Piecemeal(replies, is_announced)


def _run(ctx: Context, argv: list[bytes]) -> Reply:
    """Run one queued command. An error is a reply like any other, and does not end EXEC."""
    try:
        if not ctx.user.is_unrestricted:
            _require_permission(ctx, argv)
        if argv[0].lower() == b"ssubscribe":
            raise NoSubscriptionToShards
        reply = ctx.call(ctx, argv)
    except CommandError as error:
        ctx.server.metrics.count_error(error)
        reply = error
    # The commands after it may still change what the reply shows.
    if isinstance(reply, Collection | bytearray):
        reply = copy_of(reply)
    return reply


def _require_permission(ctx: Context, argv: list[bytes]) -> None:
    """Raises NoPermissionAnyMore: the user, or its rules, may have changed since MULTI."""
    command = ctx.server.table[argv[0]]
    assert command is not None  # noqa: S101  # only commands that are there are queued
    denial = ctx.denial(command.resolve(argv), argv, Place.MULTI)
    if denial is not None:
        # Counted for EXEC itself, because the queued command never ran.
        ctx.server.metrics[ctx.command].failed += 1
        raise NoPermissionAnyMore(denial.reason)


@command("DISCARD", "noscript loading stale fast allow_busy", since="2.0.0")
def discard(ctx: Context) -> Reply:
    """Forget the queued commands and what is watched."""
    if ctx.transaction is None:
        raise DiscardWithoutMulti
    ctx.end_transaction()
    return OK


@command("WATCH key [key ...]", "noscript loading stale fast allow_busy", keys="RO", since="2.2.0")
def watch(ctx: Context, *keys: bytes) -> Reply:
    """Make EXEC fail if one of these keys is touched before it."""
    if ctx.transaction is not None:
        raise WatchInsideMulti
    for key in keys:
        ctx.server.watches.add(ctx.watch, ctx.db, key)
    return OK


@command(
    "UNWATCH",
    "noscript loading stale fast allow_busy",
    since="2.2.0",
)
def unwatch(ctx: Context) -> Reply:
    """Watch nothing any more."""
    ctx.server.watches.release(ctx.watch)
    return OK
