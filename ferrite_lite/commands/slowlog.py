"""SLOWLOG: the requests that took long."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import SlowlogCountTooSmall, SubcommandSyntax
from ..numeric import maybe_int
from ..observing.slowlog import LoggedRequest
from ..reply import OK, Reply
from .documentation import help_lines

command = CommandGroup("server")

DEFAULT_COUNT = 10
_NODES = ["request_policy:all_nodes", "nondeterministic_output"]


@command("SLOWLOG GET [count]", "admin loading stale", since="2.2.12", tips=_NODES)
def slowlog_get(ctx: Context, *words: bytes) -> Reply:
    """Return the newest entries: ten of them, or as many as asked for, or all for -1."""
    count = DEFAULT_COUNT
    if len(words) > 1:
        raise SubcommandSyntax("slowlog", ctx.argv[1])
    if words:
        given = maybe_int(words[0])
        if given is None or given < -1:
            raise SlowlogCountTooSmall
        count = given
    return [shown(entry) for entry in ctx.server.slowlog.latest(count)]


def shown(entry: LoggedRequest) -> Reply:
    """An entry in the form of SLOWLOG GET."""
    numbers = [entry.id, entry.unix_seconds, entry.measured]
    return [*numbers, list[Reply](entry.argv), entry.address, entry.client_name]


@command(
    "SLOWLOG LEN",
    "admin loading stale",
    since="2.2.12",
    tips=["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
)
def slowlog_len(ctx: Context) -> Reply:
    """Return how many entries there are."""
    return len(ctx.server.slowlog)


@command(
    "SLOWLOG RESET",
    "admin loading stale",
    since="2.2.12",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def slowlog_reset(ctx: Context) -> Reply:
    """Forget all entries."""
    ctx.server.slowlog.reset()
    return OK


@command("SLOWLOG HELP", "loading stale", since="6.2.0")
def slowlog_help(ctx: Context) -> Reply:
    """Return what the subcommands are."""
    return help_lines(ctx)
