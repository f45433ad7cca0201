"""EVAL and its family: whole scripts at one instant."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    CommandError,
    InvalidFlushMode,
    NegativeKeyCount,
    NoScriptDebugger,
    NoScriptToShow,
    NoSuchScript,
    ScriptDebugMode,
    TooManyKeys,
)
from ..numeric import parse_int
from ..reply import OK, Reply
from ..scripting.scripts import kill
from ..words import keyword
from .documentation import help_lines

command = CommandGroup("scripting")

_SHA1_HEX_BYTES = 40


@command(
    "EVAL script numkeys [key [key ...]] [arg [arg ...]]",
    "noscript stale skip_monitor may_replicate no_mandatory_keys",
    since="2.6.0",
)
def eval_(
    ctx: Context, text: bytes, numkeys: bytes, *words: bytes, readonly: bool = False
) -> Reply:
    """Run a script, and keep it for EVALSHA."""
    count = parse_int(numkeys)
    if not 0 <= count <= len(words):
        raise _wrong_count(count)
    _, script = ctx.server.scripts.load(text, stays=False)
    return script.run(ctx, words[:count], words[count:], readonly=readonly)


@command(
    "EVALSHA sha1 numkeys [key [key ...]] [arg [arg ...]]",
    "noscript stale skip_monitor may_replicate no_mandatory_keys",
    since="2.6.0",
)
def evalsha(
    ctx: Context, sha: bytes, numkeys: bytes, *words: bytes, readonly: bool = False
) -> Reply:
    """Run a script that was loaded before."""
    # As in Redis, what cannot be a SHA-1 is refused before the number of keys, else after.
    if len(sha) != _SHA1_HEX_BYTES:
        raise NoSuchScript
    count = parse_int(numkeys)
    if not 0 <= count <= len(words):
        raise _wrong_count(count)
    script = ctx.server.scripts.find(sha)
    if script is None:
        raise NoSuchScript
    return script.run(ctx, words[:count], words[count:], readonly=readonly)


@command(
    "EVAL_RO script numkeys [key [key ...]] [arg [arg ...]]",
    "readonly noscript stale skip_monitor no_mandatory_keys",
    since="7.0.0",
)
def eval_ro(ctx: Context, text: bytes, numkeys: bytes, *words: bytes) -> Reply:
    """Run a script that must not write."""
    return eval_(ctx, text, numkeys, *words, readonly=True)


@command(
    "EVALSHA_RO sha1 numkeys [key [key ...]] [arg [arg ...]]",
    "readonly noscript stale skip_monitor no_mandatory_keys",
    since="7.0.0",
)
def evalsha_ro(ctx: Context, sha: bytes, numkeys: bytes, *words: bytes) -> Reply:
    """Run a script that was loaded before and must not write."""
    return evalsha(ctx, sha, numkeys, *words, readonly=True)


def _wrong_count(count: int) -> CommandError:
    return NegativeKeyCount() if count < 0 else TooManyKeys()


@command(
    "SCRIPT LOAD script",
    "noscript stale",
    since="2.6.0",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def script_load(ctx: Context, text: bytes) -> Reply:
    """Compile a script for EVALSHA, and return its SHA-1."""
    return ctx.server.scripts.load(text)[0]


@command("SCRIPT HELP", "loading stale", since="5.0.0")
def script_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)


@command(
    "SCRIPT EXISTS sha1 [sha1 ...]",
    "noscript",
    since="2.6.0",
    tips=["request_policy:all_shards", "response_policy:agg_logical_and"],
)
def script_exists(ctx: Context, *shas: bytes) -> Reply:
    """Return for each SHA-1 whether its script is loaded."""
    return [int(ctx.server.scripts.find(sha) is not None) for sha in shas]


@command("SCRIPT SHOW sha1", "noscript stale", since="8.0.0")
def script_show(ctx: Context, sha: bytes) -> Reply:
    """Return the text of a script that is loaded. Valkey's."""
    script = ctx.server.scripts.find(sha)
    if script is None:
        raise NoScriptToShow
    return script.text


@command(
    "SCRIPT FLUSH [ASYNC | SYNC]",
    "noscript",
    since="2.6.0",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def script_flush(ctx: Context, *mode: bytes) -> Reply:
    """Forget every script."""
    if len(mode) > 1 or (mode and keyword(mode[0]) not in (b"SYNC", b"ASYNC")):
        raise InvalidFlushMode
    ctx.server.scripts.clear()
    return OK


@command(
    "SCRIPT KILL",
    "noscript allow_busy",
    since="2.6.0",
    tips=["request_policy:all_shards", "response_policy:one_succeeded"],
)
def script_kill(ctx: Context) -> Reply:
    """Stop the script that is running, if it has not written yet."""
    kill(ctx, is_function=False)
    return OK


@command("SCRIPT DEBUG <YES | SYNC | NO>", "noscript", since="3.2.0")
def script_debug(ctx: Context, mode: bytes) -> Reply:
    """Answer as for a debugger that is switched off: there is none."""
    if keyword(mode) in (b"YES", b"SYNC"):
        raise NoScriptDebugger
    if keyword(mode) != b"NO":
        raise ScriptDebugMode
    return OK
