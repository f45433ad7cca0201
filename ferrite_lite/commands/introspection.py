"""COMMAND: the commands of this server, described from their declarations."""

from __future__ import annotations

from collections.abc import Iterable

from ..command import FLAGS, Command, CommandGroup, KeySpec
from ..context import Context
from ..errors import (
    CommandWithoutKeys,
    InvalidArgumentCount,
    InvalidArgumentsSpecified,
    InvalidCommandSpecified,
    SyntaxFault,
    UnknownSubcommand,
)
from ..patterns import matcher
from ..reply import OrderedSet, Pairs, Reply, Status
from ..usage import Usage
from ..words import keyword
from .documentation import documentation_of, help_lines, key_notes

command = CommandGroup("server")

_UNORDERED = ("nondeterministic_output_order",)


@command("COMMAND", "loading stale", since="2.8.13", also="connection", tips=_UNORDERED, arity=-1)
def command_(ctx: Context) -> Reply:
    """Describe every command."""
    return [_facts(each) for each in ctx.server.table.commands()]


@command("COMMAND HELP", "loading stale", since="5.0.0", also="connection")
def command_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)


@command("COMMAND COUNT", "loading stale", since="2.8.13", also="connection")
def command_count(ctx: Context) -> Reply:
    """Return the number of commands."""
    return len(ctx.server.table.commands())


@command(
    "COMMAND INFO [command-name [command-name ...]]",
    "loading stale",
    since="2.8.13",
    also="connection",
    tips=_UNORDERED,
)
def command_info(ctx: Context, *names: bytes) -> Reply:
    """Describe some commands, or all."""
    if not names:
        return command_(ctx)
    found = [ctx.server.table.lookup(name) for name in names]
    return [None if each is None else _facts(each) for each in found]


@command(
    "COMMAND DOCS [command-name [command-name ...]]",
    "loading stale",
    since="7.0.0",
    also="connection",
    tips=_UNORDERED,
)
def command_docs(ctx: Context, *names: bytes) -> Reply:
    """Document some commands, or all."""
    table = ctx.server.table
    found = [table.lookup(name) for name in names] if names else table.commands()
    # A name that is given twice is answered twice.
    return Pairs([(each.name.encode(), documentation_of(each)) for each in found if each])


@command(
    "COMMAND LIST [FILTERBY MODULE module-name | ACLCAT category | PATTERN pattern]",
    "loading stale",
    since="7.0.0",
    also="connection",
    tips=_UNORDERED,
)
def command_list(ctx: Context, *words: bytes) -> Reply:
    """Return the names of all commands, or of those that match a filter."""
    commands = _with_subcommands(ctx.server.table.commands())
    if words:
        if len(words) != 3 or keyword(words[0]) != b"FILTERBY":
            raise SyntaxFault
        commands = _filtered(commands, keyword(words[1]), words[2])
    return [each.name.encode() for each in commands]


def _with_subcommands(commands: list[Command]) -> list[Command]:
    return [each for top in commands for each in (top, *top.subcommands.values())]


def _filtered(commands: list[Command], criterion: bytes, value: bytes) -> list[Command]:
    if criterion == b"MODULE":
        return []
    if criterion == b"ACLCAT":
        category = keyword(value).decode("latin-1").lower()
        return [each for each in commands if category in each.categories]
    if criterion == b"PATTERN":
        matches = matcher(value, ignore_case=True)
        return [each for each in commands if matches(each.name.encode())]
    raise SyntaxFault


@command(
    "COMMAND GETKEYS",
    "loading stale",
    since="2.8.13",
    also="connection",
    arity=-4,
)
def command_getkeys(ctx: Context, *argv: bytes) -> Reply:
    """Return the keys that a request names."""
    return [argv[at] for at in _key_positions(ctx, list(argv))[1]]


@command(
    "COMMAND GETKEYSANDFLAGS",
    "loading stale",
    since="7.0.0",
    also="connection",
    arity=-4,
)
def command_getkeysandflags(ctx: Context, *argv: bytes) -> Reply:
    """Return the keys that a request names, and what it does to them."""
    asked, _ = _key_positions(ctx, list(argv))
    return [[argv[at], _words(flags)] for at, flags in asked.key_uses(list(argv))]


def _key_positions(ctx: Context, argv: list[bytes]) -> tuple[Command, list[int]]:
    top = ctx.server.table.lookup(argv[0])
    if top is None:
        raise InvalidCommandSpecified
    try:
        asked = top.meant_by(argv)
    except UnknownSubcommand:
        raise InvalidCommandSpecified from None
    if not asked.has_keys:
        raise CommandWithoutKeys
    if not asked.accepts(len(argv)):
        raise InvalidArgumentCount
    positions = asked.key_positions(argv)
    if not positions and "no_mandatory_keys" not in asked.flags:
        raise InvalidArgumentsSpecified
    return asked, positions or []


# --- what is told of a command --------------------------------------------------------------------


def _facts(each: Command) -> Reply:
    """The ten elements of COMMAND INFO."""
    usage = each.usage
    return [
        each.name.encode(),
        usage.arity,
        _words(flag for flag in FLAGS if flag in each.all_flags),
        usage.first_key,
        usage.last_key,
        usage.key_step,
        _words(f"@{category}" for category in each.categories),
        OrderedSet(tip.encode() for tip in each.tips),
        OrderedSet(_key_specs(each)),
        OrderedSet(_facts(subcommand) for subcommand in each.subcommands.values()),
    ]


def _words(words: Iterable[str]) -> Reply:
    return OrderedSet(Status(word.encode()) for word in words)


def _key_specs(each: Command) -> list[Reply]:
    """A key specification; if there is a note on it, that comes first."""
    specs = zip(key_notes(each), _places(each), strict=True)
    return [{b"notes": note.encode(), **place} if note else place for note, place in specs]


def _places(each: Command) -> list[dict[bytes, Reply]]:
    """Where the keys stand, in Redis's two steps: where to begin, and how to continue."""
    usage = each.usage
    specs = each.key_specs
    found: list[dict[bytes, Reply]] = []
    for number, spec in enumerate(specs):
        if spec.is_movable:
            found.append(_key_spec(spec, _UNKNOWN, _UNKNOWN))
        elif spec.behind:
            found.append(_key_spec(spec, _behind(spec.behind), _range_spec(-1, 1)))
        elif usage.numkeys_at:
            found.append(_key_spec(spec, _at(usage.numkeys_at), _keynum_spec(usage.numkeys_step)))
        else:
            first = usage.first_key + number
            is_last = number + 1 == len(specs)
            last = _last_of(usage, first) if is_last else 0
            found.append(_key_spec(spec, _at(first), _range_spec(last, usage.key_step)))
    return found


def _last_of(usage: Usage, first: int) -> int:
    """Negative counts from the end, as in COMMAND INFO; else from the first key."""
    return usage.last_key if usage.last_key < 0 else usage.last_key - first


_UNKNOWN: Reply = {b"type": b"unknown", b"spec": {}}


def _at(index: int) -> Reply:
    return {b"type": b"index", b"spec": {b"index": index}}


def _behind(word: str) -> Reply:
    """A word that is sought backwards, from the last place where something can follow it."""
    return {b"type": b"keyword", b"spec": {b"keyword": word.encode(), b"startfrom": -2}}


def _key_spec(spec: KeySpec, begin_search: Reply, find_keys: Reply) -> dict[bytes, Reply]:
    return {
        b"flags": _words(spec.flags),
        b"begin_search": begin_search,
        b"find_keys": find_keys,
    }


def _range_spec(last: int, step: int) -> Reply:
    return {b"type": b"range", b"spec": {b"lastkey": last, b"keystep": step, b"limit": 0}}


def _keynum_spec(step: int) -> Reply:
    return {b"type": b"keynum", b"spec": {b"keynumidx": 0, b"firstkey": 1, b"keystep": step}}
