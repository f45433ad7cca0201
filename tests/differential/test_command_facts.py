"""What ferrite_lite says of its commands, compared with what redis-server says of the same."""

from __future__ import annotations

from typing import Any

import hiredis
import pytest

from ferrite_lite.command import Command
from ferrite_lite.commands import TABLE
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
    """An answer of COMMAND INFO, its unordered parts as sets."""
    name, arity, flags, first_key, last_key, key_step, categories, tips, key_specs, _ = info
    return {
        "name": name,
        "arity": arity,
        "flags": set(flags),
        "first and last key, step": (first_key, last_key, key_step),
        "categories": set(categories),
        "tips": set(tips),
        "key specs": [{**spec, "flags": set(spec["flags"])} for spec in key_specs],
    }


def documentation(target: Target, command: Command) -> dict[str, Any] | None:
    """What COMMAND DOCS says of a command or of a subcommand."""
    container = command.name.partition("|")[0]
    docs: dict[str, Any] = answer(target, "COMMAND", "DOCS", container)
    if command.name != container:
        docs = docs.get(container, {}).get("subcommands", {})
    return docs.get(command.name)


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_command_info_is_redis_s(command: Command, reference: Target, subject: Target) -> None:
    (theirs,) = answer(reference, "COMMAND", "INFO", command.name)
    (ours,) = answer(subject, "COMMAND", "INFO", command.name)
    if theirs is None:
        assert version(command.since) > version(REDIS_VERSION), "Redis has no such command yet"
    else:
        assert ours, "COMMAND INFO does not know what is declared"
        assert facts(ours) == facts(theirs)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_group_and_first_version_are_redis_s(command: Command, reference: Target) -> None:
    if documented := documentation(reference, command):
        assert (command.group, command.since) == (documented["group"], documented["since"])
