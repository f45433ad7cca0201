"""Replication, as a primary has it that no replica follows, and that never follows another.

What Redis answers such a primary is answered here; what would make a replica of it is refused.
"""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    AppendOnlyIsOff,
    CannotFollow,
    FailoverTimeoutNotPositive,
    InvalidMasterPort,
    NoFailoverInProgress,
    NoReplicas,
    NotABinaryDigit,
    NotPositive,
    SyntaxFault,
    TimeoutOutOfRange,
)
from ..holds import Hold
from ..numeric import INT64_MAX, maybe_int, parse_int
from ..reply import NO_REPLY, OK, Reply
from ..words import keyword
from .options import read_timeout_ms

command = CommandGroup("server")
#: WAIT and WAITAOF are documented with the keys, and permitted with the connections.
waiting = CommandGroup("generic", category="connection")

MAX_PORT = 65535
#: How many words belong to each option of FAILOVER; ABORT stands alone.
_OPERANDS = {b"TO": 2, b"TIMEOUT": 1, b"FORCE": 0}
_LEAST_OF_ALL = ["request_policy:all_shards", "response_policy:agg_min"]


# --- waiting --------------------------------------------------------------------------------------


@waiting("WAIT numreplicas timeout", "noscript", since="3.0.0", tips=_LEAST_OF_ALL)
def wait(ctx: Context, numreplicas: bytes, timeout: bytes) -> Reply:
    """Return how many replicas have this connection's writes, as soon as enough have them.

    There are no replicas, so who asks for some waits in vain.
    """
    wanted, limit_ms = parse_int(numreplicas), read_timeout_ms(timeout)
    return _reached(ctx, 0, wanted, limit_ms)


@waiting("WAITAOF numlocal numreplicas timeout", "blocking", since="7.2.0", tips=_LEAST_OF_ALL)
def waitaof(ctx: Context, numlocal: bytes, numreplicas: bytes, timeout: bytes) -> Reply:
    """Return how many servers have this connection's writes on disk: this one, and its replicas.

    Neither has. As in Redis, who asks for this one is refused, because nothing is written to disk.
    """
    local = parse_int(numlocal)
    if local not in (0, 1):
        raise NotABinaryDigit
    wanted = maybe_int(numreplicas)
    if wanted is None or wanted < 0:
        raise NotPositive
    limit_ms = read_timeout_ms(timeout)
    if limit_ms > INT64_MAX - ctx.server.moment.ms:
        raise TimeoutOutOfRange
    if local:
        raise AppendOnlyIsOff
    return _reached(ctx, [0, 0], wanted, limit_ms)


def _reached(ctx: Context, reached: Reply, wanted: int, limit_ms: int) -> Reply:
    """What was reached, which is nothing: at once if nothing was wanted, or nobody may wait."""
    if wanted <= 0 or ctx.executing or ctx.running_script:
        return reached
    deadline_ms = ctx.server.moment.ms + limit_ms if limit_ms else None
    ctx.server.holds.begin(ctx, Hold(reached, deadline_ms=deadline_ms, can_time_out=True))
    return NO_REPLY


# --- roles ----------------------------------------------------------------------------------------


@command("ROLE", "noscript loading stale fast", since="2.8.12", also="admin dangerous")
def role(_: Context) -> Reply:
    """Return the replication role: a master without replicas."""
    return [b"master", 0, []]


@command("REPLICAOF host port", "admin noscript stale no_async_loading", since="5.0.0")
def replicaof(_: Context, host: bytes, port: bytes) -> Reply:
    """Follow nobody (NO ONE), as ever, or refuse to follow another server."""
    if (keyword(host), keyword(port)) == (b"NO", b"ONE"):
        return OK
    number = maybe_int(port)
    if number is None or not 0 <= number <= MAX_PORT:
        raise InvalidMasterPort
    raise CannotFollow


@command(
    "SLAVEOF host port",
    "admin noscript stale no_async_loading",
    since="1.0.0",
    deprecated="5.0.0 `REPLICAOF`",
)
def slaveof(ctx: Context, host: bytes, port: bytes) -> Reply:
    """The old name of REPLICAOF."""
    return replicaof(ctx, host, port)


@command(
    "FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]",
    "admin noscript stale",
    since="6.2.0",
)
def failover(_: Context, *words: bytes) -> Reply:
    """Refuse: there is no replica that could take over, and nothing to abort."""
    if [*map(keyword, words)] == [b"ABORT"]:
        raise NoFailoverInProgress
    seen = set()
    while words:
        option, after = keyword(words[0]), words[1:]
        operands = _OPERANDS.get(option)
        if operands is None or option in seen or len(after) < operands:
            raise SyntaxFault
        seen.add(option)
        if option == b"TO":
            parse_int(after[1])
        elif option == b"TIMEOUT" and parse_int(after[0]) < 1:
            raise FailoverTimeoutNotPositive
        words = after[operands:]
    raise NoReplicas
