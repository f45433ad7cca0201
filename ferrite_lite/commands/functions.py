"""FUNCTION and FCALL: libraries of functions that stay with the data."""

from __future__ import annotations

from functools import partial

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    BadNumberOfKeys,
    BusyScript,
    FunctionCodeMissing,
    InvalidFunctionFlushMode,
    LibraryPatternMissing,
    NegativeKeyCount,
    NoSuchFunction,
    RestorePolicyUnknown,
    SubcommandSyntax,
    TooManyKeys,
    UnknownListOption,
    UnknownLoadOption,
)
from ..lua import LibraryFunction
from ..numeric import maybe_int
from ..patterns import matcher
from ..persistence.dump import dump_libraries, load_libraries
from ..reply import OK, OrderedSet, Reply, Status
from ..scriptflags import FLAGS
from ..scripting.functions import ENGINE, Libraries, Loaded
from ..scripting.scripts import kill, run_lua
from ..words import keyword
from .documentation import help_lines

command = CommandGroup("scripting")

_ALL_SHARDS = ["request_policy:all_shards", "response_policy:all_succeeded"]


@command(
    "FCALL function numkeys [key [key ...]] [arg [arg ...]]",
    "noscript stale skip_monitor may_replicate no_mandatory_keys",
    since="7.0.0",
)
def fcall(ctx: Context, name: bytes, numkeys: bytes, *words: bytes) -> Reply:
    """Call a function."""
    return _call(ctx, name, numkeys, words, readonly=False)


@command(
    "FCALL_RO function numkeys [key [key ...]] [arg [arg ...]]",
    "readonly noscript stale skip_monitor no_mandatory_keys",
    since="7.0.0",
)
def fcall_ro(ctx: Context, name: bytes, numkeys: bytes, *words: bytes) -> Reply:
    """Call a function that must not write."""
    return _call(ctx, name, numkeys, words, readonly=True)


def _call(
    ctx: Context, name: bytes, numkeys: bytes, words: tuple[bytes, ...], *, readonly: bool
) -> Reply:
    found = ctx.server.functions.find(name)
    if found is None:
        raise NoSuchFunction
    count = maybe_int(numkeys)
    if count is None:
        raise BadNumberOfKeys
    if count > len(words):
        raise TooManyKeys
    if count < 0:
        raise NegativeKeyCount
    loaded, function = found
    run = partial(loaded.library.run, function)
    keys, argv = words[:count], words[count:]
    return run_lua(ctx, run, keys, argv, function.flags, readonly=readonly, is_function=True)


@command(
    "FUNCTION LOAD [REPLACE] function-code",
    "write denyoom noscript",
    since="7.0.0",
    tips=_ALL_SHARDS,
)
def function_load(ctx: Context, *words: bytes) -> Reply:
    """Make a library of functions, and return its name."""
    replaces = False
    for word in words[:-1]:
        if keyword(word) != b"REPLACE":
            raise UnknownLoadOption(word)
        replaces = True
    if not words:
        raise FunctionCodeMissing
    return ctx.server.functions.load(words[-1], replaces=replaces)


@command("FUNCTION DELETE library-name", "write noscript", since="7.0.0", tips=_ALL_SHARDS)
def function_delete(ctx: Context, name: bytes) -> Reply:
    """Forget a library and its functions."""
    ctx.server.functions.delete(name)
    return OK


@command("FUNCTION FLUSH [ASYNC | SYNC]", "write noscript", since="7.0.0", tips=_ALL_SHARDS)
def function_flush(ctx: Context, *mode: bytes) -> Reply:
    """Forget every library."""
    if len(mode) > 1:
        raise SubcommandSyntax("function", ctx.argv[1])
    if mode and keyword(mode[0]) not in (b"SYNC", b"ASYNC"):
        raise InvalidFunctionFlushMode
    ctx.server.functions = Libraries(ctx.server.scripts.shared)
    return OK


@command(
    "FUNCTION LIST [LIBRARYNAME library-name-pattern] [WITHCODE]",
    "noscript",
    since="7.0.0",
    tips=["nondeterministic_output_order"],
)
def function_list(ctx: Context, *words: bytes) -> Reply:
    """Return the libraries, and what functions they have."""
    with_code, pattern = False, None
    remaining = iter(words)
    for word in remaining:
        if not with_code and keyword(word) == b"WITHCODE":
            with_code = True
        elif pattern is None and keyword(word) == b"LIBRARYNAME":
            pattern = next(remaining, None)
            if pattern is None:
                raise LibraryPatternMissing
        else:
            raise UnknownListOption(word)
    matches = matcher(pattern or b"*", ignore_case=True)
    return [
        _described(loaded, with_code=with_code)
        for loaded in ctx.server.functions
        if pattern is None or matches(loaded.name)
    ]


def _described(loaded: Loaded, *, with_code: bool) -> Reply:
    functions: list[Reply] = [_function(each) for each in loaded.library.functions.values()]
    described: dict[bytes, Reply] = {
        b"library_name": loaded.name,
        b"engine": ENGINE,
        b"functions": functions,
    }
    if with_code:
        described[b"library_code"] = loaded.code
    return described


def _function(function: LibraryFunction) -> Reply:
    return {
        b"name": function.name,
        b"description": function.description,
        b"flags": OrderedSet(Status(flag.encode()) for flag in FLAGS if flag in function.flags),
    }


@command(
    "FUNCTION STATS",
    "noscript allow_busy",
    since="7.0.0",
    tips=["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
)
def function_stats(ctx: Context) -> Reply:
    """Return the function that is running, and how many there are."""
    functions, run = ctx.server.functions, ctx.server.running_script
    if run is not None and not run.is_function:
        raise BusyScript
    return {
        b"running_script": None if run is None else run.described(),
        b"engines": {
            ENGINE: {
                b"libraries_count": len(functions),
                b"functions_count": functions.function_count,
            }
        },
    }


@command(
    "FUNCTION KILL",
    "noscript allow_busy",
    since="7.0.0",
    tips=["request_policy:all_shards", "response_policy:one_succeeded"],
)
def function_kill(ctx: Context) -> Reply:
    """Stop the function that is running, if it has not written yet."""
    kill(ctx, is_function=True)
    return OK


@command("FUNCTION DUMP", "noscript", since="7.0.0")
def function_dump(ctx: Context) -> Reply:
    """Return all libraries as FUNCTION RESTORE takes them."""
    codes = (loaded.code for loaded in ctx.server.functions)
    return dump_libraries(codes, compresses=ctx.server.config.compresses_dumps)


@command(
    "FUNCTION RESTORE serialized-value [FLUSH | APPEND | REPLACE]",
    "write denyoom noscript",
    since="7.0.0",
    tips=_ALL_SHARDS,
)
def function_restore(ctx: Context, payload: bytes, *words: bytes) -> Reply:
    """Add the libraries that FUNCTION DUMP returned, here or elsewhere."""
    if len(words) > 1:
        raise SubcommandSyntax("function", ctx.argv[1])
    policy = keyword(words[0]) if words else b"APPEND"
    if policy not in (b"FLUSH", b"APPEND", b"REPLACE"):
        raise RestorePolicyUnknown
    server = ctx.server
    restored = Libraries(ctx.server.scripts.shared)
    limits = server.config.encodings
    for code in load_libraries(payload, limits, server.config.max_bulk_bytes):
        restored.load(code)
    if policy == b"FLUSH":
        server.functions = restored
    else:
        server.functions.join(restored, replaces=policy == b"REPLACE")
    return OK


@command("FUNCTION HELP", "loading stale", since="7.0.0")
def function_help(ctx: Context) -> Reply:
    """Return what the subcommands are."""
    return help_lines(ctx)
