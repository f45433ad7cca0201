"""What ferrite_lite says of its commands, compared with what redis-server says of the same."""

from __future__ import annotations

from typing import Any, cast

import hiredis
import pytest

from ferrite_lite.command import Command
from ferrite_lite.commands import TABLE
from tests.support import served
from tests.support.servers import REDIS_VERSION

from .runner import Target

#: Commands and subcommands.
COMMANDS = [
    each for command in TABLE.commands() for each in (command, *command.subcommands.values())
]


def answer(target: Target, *words: str) -> Any:
    """A reply in RESP3, its maps as dicts."""
    reader = hiredis.Reader(encoding="utf-8")
    with target.connect(protocol=3) as connection:
        reader.feed(connection.ask(*words))
    return reader.gets()


def facts(info: list[Any]) -> dict[str, Any]:
    """An answer of COMMAND INFO without its key specs, the unordered parts as sets."""
    name, arity, flags, first_key, last_key, key_step, categories, tips, _, _ = info
    return {
        "name": name,
        "arity": arity,
        "flags": set(flags),
        "first and last key, step": (first_key, last_key, key_step),
        "categories": set(categories),
        "tips": set(tips),
    }


def key_specs(info: list[Any]) -> list[dict[str, Any]]:
    """Where the keys stand and what happens to them; the notes are prose."""
    specs = [{**spec, "flags": set(spec["flags"])} for spec in info[8]]
    return [{name: spec[name] for name in spec if name != "notes"} for spec in specs]


def _without_notes(spec: dict[str, Any]) -> dict[str, Any]:
    """A key specification without what Redis explains in its own words."""
    kept = {name: value for name, value in spec.items() if name != "notes"}
    return {**kept, "flags": set(spec["flags"])}


def documentation(target: Target, command: Command) -> dict[str, Any] | None:
    """What COMMAND DOCS says of a command or of a subcommand."""
    container = command.name.partition("|")[0]
    docs: dict[str, Any] = answer(target, "COMMAND", "DOCS", container)
    if command.name != container:
        docs = docs.get(container, {}).get("subcommands", {})
    return docs.get(command.name)


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def information(target: Target, command: Command) -> list[Any] | None:
    """What COMMAND INFO says of a command or of a subcommand."""
    (info,) = answer(target, "COMMAND", "INFO", command.name)
    return cast("list[Any] | None", info)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_command_info_is_redis_s(command: Command, reference: Target, subject: Target) -> None:
    theirs, ours = information(reference, command), information(subject, command)
    if theirs is None:
        assert version(command.since) > version(REDIS_VERSION), "Redis has no such command yet"
    else:
        assert ours, "COMMAND INFO does not know what is declared"
        assert facts(ours) == facts(theirs)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_key_specs_are_redis_s(command: Command, reference: Target, subject: Target) -> None:
    theirs, ours = information(reference, command), information(subject, command)
    if theirs is not None:
        assert ours, "COMMAND INFO does not know what is declared"
        assert key_specs(ours) == key_specs(theirs)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_group_and_first_version_are_redis_s(command: Command, reference: Target) -> None:
    if documented := documentation(reference, command):
        assert (command.group, command.since) == (documented["group"], documented["since"])


#: Whose arguments COMMAND DOCS tells otherwise than Redis, and why.
ARGUMENTS_DIFFER = {
    "acl|cat": "Redis calls the category 'categoryname' here alone",
    "client|kill": "Redis has names of its own for the two forms, which no usage line tells",
    "client|tracking": "Redis calls ON and OFF a status here alone",
    "client|list": "Redis makes a block of ID and its values",
    "command|getkeys": "Redis 7.0 has none here; later versions have these",
    "command|getkeysandflags": "Redis 7.0 has none here; later versions have these",
    "hscan": "Redis 7.0 has no NOVALUES",
    "psubscribe": "Redis makes a block of its one pattern",
    "set": "Redis 7.0 has no IFEQ, IFNE, IFDEQ and IFDNE",
    "sort": "Redis gives patterns a key specification",
    "sort_ro": "Redis gives patterns a key specification",
}


def structure(argument: dict[str, Any]) -> dict[str, Any]:
    """An argument without what is prose or history."""
    kept = {name: argument.get(name) for name in ("name", "type", "key_spec_index", "token")}
    flags = set(argument.get("flags", ()))
    return {**kept, "flags": flags, "parts": [*map(structure, argument.get("arguments", ()))]}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_arguments_are_redis_s(command: Command, reference: Target, subject: Target) -> None:
    theirs, ours = documentation(reference, command), documentation(subject, command)
    if theirs is None:
        return
    assert ours is not None
    trees = [[*map(structure, docs.get("arguments", ()))] for docs in (ours, theirs)]
    if command.name in ARGUMENTS_DIFFER:
        assert trees[0] != trees[1], "it does not differ any more"
    else:
        assert trees[0] == trees[1]
    assert ours.get("deprecated_since") == theirs.get("deprecated_since")


@pytest.mark.parametrize("reference_name", ["reference", "newer_reference"])
def test_every_command_of_our_groups_is_served_or_has_its_reason(
    reference_name: str, request: pytest.FixtureRequest
) -> None:
    known = {command.name for command in COMMANDS}
    excused = {name.lower() for group in served.GROUPS for name in served.unserved_names(group)}
    docs: dict[str, Any] = answer(request.getfixturevalue(reference_name), "COMMAND", "DOCS")
    missing = [
        name
        for container, facts_of in docs.items()
        for name in (container, *facts_of.get("subcommands", {}))
        if facts_of["group"] in served.GROUPS
        and name not in known
        and name.replace("|", " ") not in excused
    ]
    assert missing == []
