"""Every command that an ACL rule can name, as one bit of an integer, and the categories as masks.

What a selector allows is then one integer, and a rule sets or clears bits of it. An integer with
all bits set is negative: it allows commands that are yet to come without listing them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ..command import Command, CommandTable
from .unserved import CATEGORIES_OF

#: In the order of ACL CAT, which is also the order in which Redis tries them to describe a user.
ACL_CATEGORIES = (
    *("keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap"),
    *("hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking"),
    *("dangerous", "connection", "transaction", "scripting"),
)

#: Only commands up to this version count in the decision how rules are written down.
_COUNTED_VERSION = (7, 0)


@dataclass(slots=True, eq=False)
class Named:
    """A command as ACL rules see it."""

    name: str  # ``config|get`` for a subcommand
    bit: int
    #: Its own bit, and those of its subcommands.
    reach: int
    #: Whether Redis 7.0 has it.
    is_counted: bool
    subcommands: dict[str, Named] = field(default_factory=dict)

    @property
    def is_subcommand(self) -> bool:
        return "|" in self.name


@dataclass(slots=True)
class Category:
    """The commands of one category."""

    #: The commands of Redis 7.0 in it.
    members: int = 0
    #: What a rule on the category changes: a container takes its subcommands with it.
    reach: int = 0
    names: list[str] = field(default_factory=list)


class Catalogue:
    """The commands of one table, and those of Redis that are not served."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table

    def find(self, name: bytes) -> Named | None:
        """A command by ``get`` or ``config|get``, in any case."""
        container, bar, subcommand = name.lower().decode("latin-1").partition("|")
        found = self._commands.get(container)
        if found is None or not bar:
            return found
        return found.subcommands.get(subcommand)

    def bit_of(self, command: Command) -> int:
        return self._bits[command.name]

    def category(self, name: bytes) -> Category | None:
        """A category by its name without the ``@``, in any case."""
        return self.categories.get(name.lower().decode("latin-1"))

    def __iter__(self) -> Iterator[Named]:
        """Every command, each container before its subcommands."""
        for named in self._commands.values():
            yield named
            yield from named.subcommands.values()

    # Computed when the first rule needs it: most servers have only the default user.

    @cached_property
    def _served(self) -> dict[str, Command]:
        tops = self._table.commands()
        return {each.name: each for top in tops for each in (top, *top.subcommands.values())}

    @cached_property
    def _commands(self) -> dict[str, Named]:
        """Top-level commands by name."""
        found: dict[str, Named] = {}
        for at, name in enumerate(sorted({*self._served, *CATEGORIES_OF})):
            served = self._served.get(name)
            named = Named(name, 1 << at, 1 << at, served is None or _is_counted(served))
            container, bar, subcommand = name.partition("|")
            if bar:
                found[container].subcommands[subcommand] = named
                found[container].reach |= named.bit
            else:
                found[name] = named
        return found

    @cached_property
    def _bits(self) -> dict[str, int]:
        return {named.name: named.bit for named in self}

    @cached_property
    def categories(self) -> dict[str, Category]:
        categories = {name: Category() for name in ACL_CATEGORIES}
        for named in self:
            served = self._served.get(named.name)
            of: Iterable[str] = CATEGORIES_OF[named.name] if served is None else served.categories
            for name in of:
                category = categories[name]
                category.reach |= named.reach
                if served is not None:
                    category.names.append(named.name)
                if named.is_counted:
                    category.members |= named.bit
        return categories


def _is_counted(command: Command) -> bool:
    return tuple(map(int, command.since.split(".")))[:2] <= _COUNTED_VERSION
