"""COMMANDLOG: Valkey's name for the slow log, and for two logs of what was large.

Requests and replies are measured only if ``commandlog-request-larger-than`` or its counterpart for
replies is set, because that takes every request off the engine's short cut. Valkey measures all.
A request counts as it would in RESP, however it came; what is pushed to a client does not count.
"""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import SlowlogCountTooSmall, UnknownLog
from ..numeric import maybe_int
from ..observing.slowlog import RequestLog
from ..reply import OK, Reply
from ..words import keyword
from .documentation import help_lines
from .slowlog import shown

command = CommandGroup("server")

_FLAGS = "admin loading stale"
_TYPE = "<SLOW | LARGE-REQUEST | LARGE-REPLY>"


@command(
    f"COMMANDLOG GET count {_TYPE}",
    _FLAGS,
    since="8.1.0",
    tips=["request_policy:all_nodes", "nondeterministic_output"],
)
def commandlog_get(ctx: Context, count: bytes, type_: bytes) -> Reply:
    """Return the newest entries of a log, or all for -1."""
    number = maybe_int(count)
    if number is None or number < -1:
        raise SlowlogCountTooSmall
    return [shown(entry) for entry in _log(ctx, type_).latest(number)]


@command(
    f"COMMANDLOG LEN {_TYPE}",
    _FLAGS,
    since="8.1.0",
    tips=["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
)
def commandlog_len(ctx: Context, type_: bytes) -> Reply:
    """Return how many entries a log has."""
    return len(_log(ctx, type_))


@command(
    f"COMMANDLOG RESET {_TYPE}",
    _FLAGS,
    since="8.1.0",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def commandlog_reset(ctx: Context, type_: bytes) -> Reply:
    """Forget all entries of a log."""
    _log(ctx, type_).reset()
    return OK


def _log(ctx: Context, type_: bytes) -> RequestLog:
    """Raises UnknownLog."""
    logs = {
        b"SLOW": ctx.server.slowlog,
        b"LARGE-REQUEST": ctx.server.large_requests,
        b"LARGE-REPLY": ctx.server.large_replies,
    }
    log = logs.get(keyword(type_))
    if log is None:
        raise UnknownLog
    return log


@command("COMMANDLOG HELP", "loading stale", since="8.1.0")
def commandlog_help(ctx: Context) -> Reply:
    """Return what the subcommands are."""
    return help_lines(ctx)
