"""The README's table of what is served: ``python -m tests.support.served`` writes it anew.

It is made of the commands' declarations, and of the reasons below why others are not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ferrite_lite.command import Command
from ferrite_lite.commands import TABLE

README = Path(__file__).parent.parent.parent / "README.md"
BEGIN, END = "<!-- what is served -->", "<!-- end of what is served -->"

#: Redis's groups in the order of the table, and what the table calls them.
GROUPS = {
    "string": "strings",
    "hash": "hashes",
    "set": "sets",
    "generic": "keys and TTL",
    "transactions": "transactions",
    "scripting": "scripting",
    "pubsub": "pub/sub",
    "connection": "connection",
    "server": "server",
}

#: Why what Redis 8.10 or Valkey 9.1 has in these groups is not here.
UNSERVED = {
    "generic": {},
    "server": {
        "what replicas say to their primary": "PSYNC, REPLCONF, SYNC",
        "for the operation of large servers": (
            "BACKUP ABORT, BACKUP CLEANUP, BACKUP HELP, BACKUP LIST,"
            " BACKUP SEAL, BACKUP START, BACKUP STATUS, TRIMSLOTS"
        ),
    },
}

_LAST_OF_REDIS_7_0 = (7, 0)


def unserved_names(group: str) -> list[str]:
    """The names of a group, as a user writes them, that are not served."""
    return [name for names in UNSERVED.get(group, {}).values() for name in names.split(", ")]


def served(group: str) -> list[Command]:
    """The commands of a group, subcommands too; what only leads to subcommands is none."""
    return sorted(
        (command for command in _all() if command.group == group and not command.is_container),
        key=lambda command: command.name,
    )


def _all() -> Iterator[Command]:
    for command in TABLE.commands():
        yield command
        yield from command.subcommands.values()


def render() -> str:
    """The table, between its marks."""
    rows = [
        "| group | commands | newer than Redis 7.0 | not served, and why |",
        "|---|---:|---|---|",
    ]
    rows += [_row(group, title) for group, title in GROUPS.items()]
    return "\n".join([BEGIN, *rows, END])


def _row(group: str, title: str) -> str:
    commands = served(group)
    newer = ", ".join(_shown(command) for command in commands if _is_newer(command))
    why = "; ".join(f"{names}: {reason}" for reason, names in UNSERVED.get(group, {}).items())
    of = len(commands) + len(unserved_names(group))
    return f"| {title} | {len(commands)} of {of} | {newer} | {why} |"


def _shown(command: Command) -> str:
    return command.name.replace("|", " ").upper()


def _is_newer(command: Command) -> bool:
    version = tuple(int(part) for part in command.since.split(".")[:2])
    return version > _LAST_OF_REDIS_7_0


def in_readme(table: str, readme: str) -> str:
    """The README with the table in the place of the one that it has."""
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: table, readme, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(in_readme(render(), README.read_text()))
