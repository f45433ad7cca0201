"""COMMAND DOCS and HELP: Redis's own words on its commands, kept in ``documentation.toml``.

The summary of a command that is newer than Redis 7.0 is the first line of its docstring. Arguments
follow from the usage lines; the file has what these cannot say.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ..command import Command
from ..context import Context
from ..reply import OrderedSet, Reply, Status
from ..usagetree import Argument, read_arguments

#: The last lines of every HELP.
_LAST_LINES = ("HELP", "    Prints this help.")


@cache
def _file() -> dict[str, Any]:
    """Read when somebody asks for the first time: most servers are never asked."""
    return tomllib.loads(files(__package__).joinpath("documentation.toml").read_text("utf-8"))


def help_lines(ctx: Context) -> Reply:
    """The reply of the running HELP, which shows its container as the request named it."""
    container = ctx.command.name.partition("|")[0]
    first = b"%b <subcommand> [<arg> [value] [opt] ...]. Subcommands are:" % ctx.argv[0].upper()
    lines = (*_file()["help"][container].splitlines(), *_LAST_LINES)
    return [Status(first), *(Status(line.encode()) for line in lines)]


def key_notes(command: Command) -> list[str]:
    """A note on each key specification; empty if there is none."""
    notes: list[str] = _file().get(command.name, {}).get("key_notes", [])
    return notes or [""] * len(command.key_specs)


def documentation_of(command: Command) -> Reply:
    """A command in the form of COMMAND DOCS."""
    known = _file().get(command.name, {})
    told = {
        "summary": known.get("summary", command.summary),
        "since": command.since,
        "group": command.group,
        "complexity": known.get("complexity", "O(1)"),
        "doc_flags": _doc_flags(command, known),
        "deprecated_since": command.deprecated_since,
        "replaced_by": command.replaced_by,
        "history": known.get("history"),
        "arguments": _arguments(command, known),
    }
    reply = _encoded({name: value for name, value in told.items() if value})
    if command.subcommands:
        reply[b"subcommands"] = {
            each.name.encode(): documentation_of(each) for each in command.subcommands.values()
        }
    return reply


def _doc_flags(command: Command, known: Mapping[str, Any]) -> list[str]:
    flags = {
        "deprecated": bool(command.deprecated_since),
        "syscmd": known.get("is_internal", False),
    }
    return [flag for flag, is_set in flags.items() if is_set]


# --- arguments ------------------------------------------------------------------------------------


def _arguments(command: Command, known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The file's, where Redis has names or groups of its own; else those of the usage line."""
    if command.is_container:
        return []
    if "arguments" in known:
        told: list[dict[str, Any]] = known["arguments"]
        return told
    specs = iter(range(len(command.key_specs)))
    since = known.get("since", {})
    return [_argument(each, command, specs, since) for each in read_arguments(command.usage.line)]


def _argument(
    argument: Argument, command: Command, specs: Iterator[int], since: Mapping[str, str]
) -> dict[str, Any]:
    """One argument; ``specs`` are the numbers of the key specifications not yet spoken of.

    ``since`` tells the versions that brought arguments, by token or else by name.
    """
    told: dict[str, Any] = {"name": argument.name, "type": argument.type}
    if argument.type == "key":
        last = len(command.key_specs) - 1
        told["key_spec_index"] = last if argument.token else next(specs, last)
    if argument.token:
        told["token"] = argument.token
    if version := since.get(argument.token or argument.name):
        told["since"] = version
    if argument.flags:
        told["flags"] = argument.flags
    if argument.arguments:
        told["arguments"] = [_argument(each, command, specs, since) for each in argument.arguments]
    return told


def _encoded(facts: Mapping[str, Any]) -> dict[bytes, Reply]:
    return {name.encode(): _encode(name, value) for name, value in facts.items()}


def _encode(name: str, value: Any) -> Reply:
    """A value of the file as a reply; flags and history are sets to clients."""
    if name in ("flags", "doc_flags"):
        return OrderedSet(Status(flag.encode()) for flag in value)
    if name == "history":
        return OrderedSet([version.encode(), change.encode()] for version, change in value)
    if name == "arguments":
        return [_encoded(argument) for argument in value]
    return value if isinstance(value, int) else value.encode()
