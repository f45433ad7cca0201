"""What ferrite_lite says of its commands, compared with what redis-server says of the same."""

from __future__ import annotations

from typing import Any

import hiredis
import pytest

from ferrite_lite.command import Command
from ferrite_lite.commands import TABLE
from tests.support import served
from tests.support.servers import REDIS_VERSION

from .runner import PROTOCOLS, Target

#: Commands and subcommands.
COMMANDS = [
    each for command in TABLE.commands() for each in (command, *command.subcommands.values())
]

#: Arguments that are newer than Redis 7.0, by the command that takes them.
NEWER_ARGUMENTS = {
    "set": {"IFEQ", "IFNE", "IFDEQ", "IFDNE"},
    "hscan": {"NOVALUES"},
    "client|kill": {"MAXAGE"},
    "bgsave": {"CANCEL"},
    "shutdown": {"SAFE", "FAILOVER"},
}


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


OF_REDIS = [each for each in COMMANDS if version(each.since) <= version(REDIS_VERSION)]
#: Containers name their subcommands in any order; these are asked for themselves.
CONTAINERS = [command for command in OF_REDIS if command.is_container]
#: Of these every byte is compared.
WHOLE = [command for command in OF_REDIS if not command.is_container]

each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


def of_each(commands: list[Command]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("command", commands, ids=lambda command: command.name)


def ask(target: Target, protocol: int, *words: str) -> bytes:
    with target.connect(protocol) as connection:
        return connection.ask(*words)


def answer(target: Target, *words: str) -> Any:
    """A reply in RESP3, its maps as dicts."""
    reader = hiredis.Reader(encoding="utf-8")
    reader.feed(ask(target, 3, *words))
    return reader.gets()


@each_protocol
@of_each(WHOLE)
def test_command_info_is_redis_s(
    command: Command, protocol: int, reference: Target, subject: Target
) -> None:
    request = ("COMMAND", "INFO", command.name)
    assert ask(subject, protocol, *request) == ask(reference, protocol, *request)


@each_protocol
@of_each([command for command in WHOLE if command.name not in NEWER_ARGUMENTS])
def test_documentation_is_redis_s(
    command: Command, protocol: int, reference: Target, subject: Target
) -> None:
    request = ("COMMAND", "DOCS", command.name)
    assert ask(subject, protocol, *request) == ask(reference, protocol, *request)


@of_each(CONTAINERS)
def test_what_is_said_of_containers_is_redis_s(
    command: Command, reference: Target, subject: Target
) -> None:
    facts, docs = [], []
    for target in (reference, subject):
        (info,) = answer(target, "COMMAND", "INFO", command.name)
        facts.append(info[:9])
        told = answer(target, "COMMAND", "DOCS", command.name)[command.name]
        docs.append({name: told[name] for name in told if name != "subcommands"})
    assert facts[1] == facts[0]
    assert docs[1] == docs[0]


def without(newer: set[str], facts: dict[str, Any]) -> dict[str, Any]:
    """The documentation of a command or an argument without the arguments that are newer."""
    if "arguments" not in facts:
        return facts
    kept = [each for each in facts["arguments"] if each.get("token") not in newer]
    return {**facts, "arguments": [without(newer, each) for each in kept]}


@pytest.mark.parametrize("name", NEWER_ARGUMENTS)
def test_documentation_is_redis_s_but_for_newer_arguments(
    name: str, reference: Target, subject: Target
) -> None:
    theirs, ours = (answer(each, "COMMAND", "DOCS", name)[name] for each in (reference, subject))
    assert ours != theirs
    assert without(NEWER_ARGUMENTS[name], ours) == theirs


def types_of(arguments: list[dict[str, Any]]) -> list[Any]:
    """Arguments by token, type and flags; what Valkey says otherwise than Redis left out."""
    return [
        (
            each.get("token"),
            "integer" if each["type"] == "unix-time" else each["type"],
            each.get("flags"),
            types_of(each.get("arguments", [])),
        )
        for each in arguments
    ]


@of_each([command for command in COMMANDS if "numfields" in command.usage.line])
def test_the_arguments_of_commands_on_fields_are_valkey_s(
    command: Command, newer_reference: Target, subject: Target
) -> None:
    theirs, ours = (
        answer(each, "COMMAND", "DOCS", command.name)[command.name]["arguments"]
        for each in (newer_reference, subject)
    )
    assert types_of(ours) == types_of(theirs)


@of_each([command for command in COMMANDS if command not in OF_REDIS])
def test_what_is_newer_is_unknown_to_redis(command: Command, reference: Target) -> None:
    assert answer(reference, "COMMAND", "INFO", command.name) == [None]


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
