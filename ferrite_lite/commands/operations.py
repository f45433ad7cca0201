"""The operator's commands: the server's shutdown, and saving, which it never does."""

from __future__ import annotations

from ..clock import NS_PER_SECOND
from ..command import CommandGroup
from ..context import Context
from ..errors import (
    CannotShutDown,
    NoFailoverOutsideCluster,
    NoShutdownInProgress,
    NothingIsBeingSaved,
    NothingIsSaved,
    SyntaxFault,
)
from ..numeric import parse_int
from ..reply import NO_REPLY, Reply, Verbatim
from ..scripting.scripts import busy_error
from ..words import keyword

command = CommandGroup("server")

#: The last two are Valkey's, and about clusters.
_SHUTDOWN_WORDS = frozenset({b"NOSAVE", b"SAVE", b"NOW", b"FORCE", b"ABORT", b"SAFE", b"FAILOVER"})


@command(
    "LASTSAVE",
    "loading stale fast",
    since="1.0.0",
    also="admin dangerous",
    tips=["nondeterministic_output"],
)
def lastsave(ctx: Context) -> Reply:
    """Return when the server started, as Redis does until the first save."""
    return ctx.server.started_ns // NS_PER_SECOND


@command("SAVE", "admin noscript no_async_loading no_multi", since="1.0.0")
def save(_: Context) -> Reply:
    """Refuse: nothing is written to disk, and nobody must believe it is."""
    raise NothingIsSaved


@command("BGSAVE [SCHEDULE] [CANCEL]", "admin noscript no_async_loading", since="1.0.0")
def bgsave(_: Context, *words: bytes) -> Reply:
    """Refuse, as SAVE does. There is nothing to cancel, either: that word is Valkey's."""
    options = [keyword(word) for word in words]
    if options not in ([], [b"SCHEDULE"], [b"CANCEL"]):
        raise SyntaxFault
    raise NothingIsBeingSaved if options == [b"CANCEL"] else NothingIsSaved


@command("BGREWRITEAOF", "admin noscript no_async_loading", since="1.0.0")
def bgrewriteaof(_: Context) -> Reply:
    """Refuse, as SAVE does."""
    raise NothingIsSaved


@command(
    "SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT] [SAFE] [FAILOVER]",
    "admin noscript loading stale no_multi allow_busy",
    since="1.0.0",
)
def shutdown(ctx: Context, *words: bytes) -> Reply:
    """End the server, and every connection, without an answer."""
    options = [keyword(word) for word in words]
    asks_both = b"SAVE" in options and b"NOSAVE" in options
    aborts_more = b"ABORT" in options and len(options) > 1
    if not _SHUTDOWN_WORDS.issuperset(options) or asks_both or aborts_more:
        raise SyntaxFault
    if b"ABORT" in options:
        raise NoShutdownInProgress
    if b"FAILOVER" in options:
        raise NoFailoverOutsideCluster
    script = ctx.server.running_script
    if script is not None and b"NOSAVE" not in options:
        raise busy_error(script)
    if ctx.server.shut_down is None:
        raise CannotShutDown
    if b"SAVE" in options:
        raise NothingIsSaved
    ctx.server.shut_down()
    if script is not None:
        script.is_killed = True  # the loop must turn for the server to end
    ctx.finish()
    return NO_REPLY


#: The versions of Redis that have a picture, and how many sizes it takes; ours has one size.
_SIZES_OF_PICTURE = {5: 3, 6: 2}


@command(
    "LOLWUT [VERSION version]",
    "readonly fast",
    since="5.0.0",
)
def lolwut(ctx: Context, *words: bytes) -> Reply:
    """Return the Redis version whose behaviour this is, and a picture if asked for one."""
    version = int(ctx.server.redis_version.partition(b".")[0])
    if len(words) > 1 and keyword(words[0]) == b"VERSION":
        version, words = parse_int(words[1]), words[2:]
    lines = []
    if version in _SIZES_OF_PICTURE:
        for size in words[: _SIZES_OF_PICTURE[version]]:
            parse_int(size)
        lines = [*(_drawn(ctx.server.random.getrandbits(24)) for _ in range(6)), ""]
        lines.append("Iron, as it grows.")
    lines.append(f"Redis ver. {ctx.server.redis_version.decode()}\n")
    return Verbatim("\n".join(lines).encode())


def _drawn(bits: int) -> str:
    """Twenty-four grains, each lying one way or the other."""
    return "".join("\u2571\u2572"[bits >> at & 1] for at in range(24))
