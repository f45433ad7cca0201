"""How a command is declared, and everything that follows from a declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from .errors import UnknownRenamed, UnknownSubcommand, WrongArity
from .reply import Reply
from .usage import KEY_WORDS, NOT_KEY_WORDS, Usage, read_usage

#: No command of fixed arity has this many words.
MANY_WORDS = 8

Handler = Callable[..., Reply]
Declared = Callable[[Handler], Handler]
#: Finds the keys of a request where the usage line cannot say where they stand (SORT's STORE).
KeyFinder = Callable[[list[bytes]], list[int]]
#: Says what a request does to each of its keys, in the words of ``KeySpec``, where that depends on
#: its options.
UseFinder = Callable[[list[bytes]], list[str]]
#: Raises CommandError for a connection that may not run the command, whoever its user is.
Gate = Callable[..., None]

#: Flags in the order in which COMMAND INFO lists them. One more, ``may_replicate``, is not shown
#: there: it marks commands that replicas must hear of although they write no key themselves.
FLAGS = (
    "write",
    "readonly",
    "denyoom",
    "module",
    "admin",
    "pubsub",
    "noscript",
    "blocking",
    "loading",
    "stale",
    "skip_monitor",
    "skip_slowlog",
    "asking",
    "fast",
    "no_auth",
    "no_mandatory_keys",
    "protected",
    "no_async_loading",
    "no_multi",
    "movablekeys",
    "allow_busy",
)

#: ACL categories in the order in which COMMAND INFO lists them.
CATEGORIES = (
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
)

#: The category that a documentation group stands for; the server group has none.
_CATEGORY_OF_GROUP = {"generic": "keyspace", "transactions": "transaction", "server": ""}


@dataclass(frozen=True, slots=True)
class KeySpec:
    """What a command does to the keys at one place: ``RO access``, ``OW update``...

    Written with a leading ``?``, it stands for keys whose place depends on the options; as in
    ``behind KEYS: RW``, for all keys behind a word that is sought from the end.
    """

    flags: tuple[str, ...]
    is_movable: bool = False
    behind: str = ""

    @classmethod
    def read(cls, text: str) -> KeySpec:
        place, colon, flags = text.rpartition(": ")
        if colon:
            return cls(tuple(flags.split()), behind=place.removeprefix("behind "))
        flags = text.removeprefix("? ")
        return cls(tuple(flags.split()), is_movable=flags != text)


@dataclass(slots=True, eq=False)
class Command:
    """One command: its usage line, its flags, its handler, and what follows from them."""

    usage: Usage
    flags: frozenset[str]
    group: str
    since: str
    handler: Handler
    #: The ACL category that the command's group stands for, if any.
    category: str = ""
    #: Further ACL categories, which follow from neither the group nor the flags.
    also: frozenset[str] = frozenset()
    tips: tuple[str, ...] = ()
    #: What the command does to its keys, in Redis's words; see ``KeySpec``.
    keys_used: str = ""
    find_keys: KeyFinder | None = None
    find_uses: UseFinder | None = None
    gate: Gate | None = None
    #: Handles requests without options, if that is worth a function of its own.
    bare: Handler | None = None
    #: What a request names besides keys: ``channels``, or ``patterns`` of them.
    channels: str = ""
    #: Empty for a command that is not deprecated.
    deprecated_since: str = ""
    #: What to use instead.
    replaced_by: str = ""
    subcommands: dict[bytes, Command] = field(default_factory=dict)
    #: Lower case, a subcommand with a bar: ``config|get``.
    name: str = field(init=False)
    #: One for each place where keys stand; empty for a command without keys.
    key_specs: list[KeySpec] = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.usage.name.replace(" ", "|")
        self.key_specs = self._read_key_specs() if self.has_keys or self.keys_used else []

    def _read_key_specs(self) -> list[KeySpec]:
        default = "RO access" if "readonly" in self.flags else "RW access update"
        return [KeySpec.read(each) for each in (self.keys_used or default).split(" | ")]

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").partition("\n")[0]

    @property
    def all_flags(self) -> frozenset[str]:
        """The flags as declared, and those that follow from the usage line."""
        is_movable = self.usage.numkeys_at or self.find_keys is not None
        return self.flags | {"movablekeys"} if is_movable else self.flags

    @property
    def has_keys(self) -> bool:
        if self.keys_used == "not_key":
            return False
        return bool(self.usage.first_key or self.usage.numkeys_at or self.find_keys)

    @property
    def is_container(self) -> bool:
        return bool(self.subcommands)

    @property
    def is_plain(self) -> bool:
        """Whether the engine may run it by its short cut, past the gate.

        Not if it changes what its connection may do next (MULTI, AUTH, SUBSCRIBE). Scripts may not
        call such commands either, so the flag ``noscript`` marks them. EVAL and its kin have the
        flag too, but change nothing of the connection. Nor if it may let its connection wait.
        """
        if self.is_container or "blocking" in self.flags:
            return False
        return "noscript" not in self.flags or self.group == "scripting"

    @property
    def categories(self) -> list[str]:
        """ACL categories, without the ``@``."""
        named = {self.category, *self.also}
        named |= self.flags & {"write", "admin", "pubsub", "blocking"}
        if "readonly" in self.flags and "scripting" not in named:
            named.add("read")
        if "admin" in self.flags:
            named.add("dangerous")
        named.add("fast" if "fast" in self.flags else "slow")
        return [category for category in CATEGORIES if category in named]

    def accepts(self, argc: int) -> bool:
        arity = self.usage.arity
        return argc == arity if arity > 0 else argc >= -arity

    def key_positions(self, argv: list[bytes]) -> list[int] | None:
        """Where a request names its keys; None if its count of keys does not fit."""
        if len(argv) < abs(self.usage.arity) and (self.find_keys or self.usage.numkeys_at):
            return None  # redis.acl_check_cmd asks about unfinished requests
        if self.keys_used == "not_key":
            return []
        if self.find_keys is not None:
            return self.find_keys(argv)
        positions = self.usage.key_positions(argv)
        return None if positions is None or positions.stop > len(argv) else list(positions)

    def keys(self, argv: list[bytes]) -> list[bytes]:
        """The keys a request names: for ACL rules, the journal and cluster slots."""
        return [argv[at] for at in self.key_positions(argv) or ()]

    def key_uses(self, argv: list[bytes]) -> list[tuple[int, tuple[str, ...]]]:
        """Where a request names its keys, and what it does to each: ``("RO", "access")``."""
        positions = self.key_positions(argv)
        if not positions:
            return []
        specs = self.key_specs
        if self.find_uses is not None:
            specs = [KeySpec.read(use) for use in self.find_uses(argv)]
        elif len(specs) == 1:
            flags = specs[0].flags
            return [(at, flags) for at in positions]
        uses = [spec.flags for spec in specs]
        # With several uses, each but the last is that of one key.
        return [(at, uses[min(number, len(uses) - 1)]) for number, at in enumerate(positions)]

    def channel_positions(self, argv: list[bytes]) -> range:
        """Where a request names its channels or patterns."""
        if not self.channels:
            return range(0)
        return range(1, len(argv) if "..." in self.usage.line else 2)

    def meant_by(self, argv: list[bytes]) -> Command:
        """The command itself, or the subcommand that a request to a container means.

        Raises UnknownSubcommand.
        """
        if self.is_container and len(argv) > 1:
            return self.subcommands.get(argv[1].lower()) or self._refuse(argv)
        return self

    def resolve(self, argv: list[bytes]) -> Command:
        """The command that a request means, if it may have so many words.

        Raises UnknownSubcommand and WrongArity.
        """
        command = self.meant_by(argv)
        if not command.accepts(len(argv)):
            raise WrongArity(command.name)
        return command

    def _refuse(self, argv: list[bytes]) -> Command:
        raise UnknownSubcommand(argv[0], argv[1])


class CommandGroup:
    """The commands of one module. A name can be declared once."""

    def __init__(self, name: str, *, category: str | None = None) -> None:
        """``category`` is for commands whose ACL category is not that of their group."""
        #: The documentation group: ``string``, ``generic``, ``connection``...
        self.name = name
        #: The ACL category of its commands; none if empty.
        self.category = _CATEGORY_OF_GROUP.get(name, name) if category is None else category
        self._commands: dict[str, Command] = {}

    def __call__(
        self,
        usage: str,
        flags: str = "",
        *,
        since: str,
        also: str = "",
        tips: Iterable[str] = (),
        keys: str = "",
        find_keys: KeyFinder | None = None,
        find_uses: UseFinder | None = None,
        gate: Gate | None = None,
        bare: Handler | None = None,
        channels: str = "",
        deprecated: str = "",
        arity: int | None = None,
    ) -> Declared:
        """Declare the decorated function as the handler of ``usage``.

        ``keys`` says what it does to its keys if not "RO access" or "RW access update".
        ``bare`` does the same for requests of the fewest words: Python calls a function that takes
        no options faster.
        ``deprecated`` says since when, and what to use instead: ``2.0.0 `GETRANGE` ``.
        ``arity`` is for the few commands that accept more than their documentation says.
        """

        def declare(handler: Handler) -> Handler:
            facts = read_usage(usage, NOT_KEY_WORDS if keys == "not_key" else KEY_WORDS)
            command = Command(
                usage=facts if arity is None else replace(facts, arity=arity),
                flags=frozenset(flags.split()),
                group=self.name,
                since=since,
                handler=handler,
                category=self.category,
                also=frozenset(also.split()),
                tips=tuple(tips),
                keys_used=keys,
                find_keys=find_keys,
                find_uses=find_uses,
                gate=gate,
                bare=bare,
                channels=channels,
                deprecated_since=deprecated.partition(" ")[0],
                replaced_by=deprecated.partition(" ")[2],
            )
            if command.usage.name in self._commands:
                raise ValueError(f"{command.usage.name} is declared twice")
            self._commands[command.usage.name] = command
            return handler

        return declare

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())


class CommandTable(dict[bytes, Command | None]):
    """Every command by its name, in any mix of upper and lower case; None for an unknown one."""

    def __init__(self, groups: Iterable[CommandGroup]) -> None:
        super().__init__()
        every = [command for group in groups for command in group]
        for command in every:
            if " " not in command.usage.name:
                self._add(command)
        for command in every:
            container, _, subcommand = command.usage.name.partition(" ")
            if subcommand:
                top = self._container(container, command)
                top.subcommands[subcommand.encode()] = command
                if _version(command.since) < _version(top.since):
                    top.since = command.since
        #: The table in which every command has its own name: ACL rules go by that.
        self.original = self
        self.short_cuts = self._short_cuts()

    def _short_cuts(self) -> list[dict[bytes, Command]]:
        """The plain commands that accept a request of so many words, by that number.

        The last entry stands for MANY_WORDS and more. To find a command here is to check its arity.
        """
        return [
            {
                name: c
                for name, c in self.items()
                if c is not None and c.is_plain and c.accepts(argc)
            }
            for argc in range(MANY_WORDS + 1)
        ]

    def renamed(self, names: Iterable[tuple[bytes, bytes]]) -> CommandTable:
        """The table after ``rename-command`` with pairs of old and new names; ``b""`` removes one.

        Errors, statistics and ACL rules still know a command by its original name. Raises
        UnknownRenamed.
        """
        table = CommandTable([])
        table.original = self.original
        table.update(self)
        for old, new in names:
            command = table.pop(old.lower(), None)
            if command is None:
                raise UnknownRenamed("No such command in rename-command")
            table.pop(old.upper(), None)
            if new:
                if table[new] is not None:
                    raise UnknownRenamed("Target command name already exists")
                table[new.lower()] = table[new.upper()] = command
        table.short_cuts = table._short_cuts()
        return table

    def _container(self, name: str, first: Command) -> Command:
        """The container of a subcommand. As a rule it is not declared: it follows from them."""
        container = self.get(name.encode())
        if container is None:
            container = Command(
                usage=read_usage(f"{name.upper()} subcommand [argument ...]"),
                flags=frozenset(),
                group=first.group,
                since=first.since,
                handler=unreachable,
            )
            self._add(container)
        return container

    def _add(self, command: Command) -> None:
        name = command.usage.name.encode()
        self[name] = self[name.upper()] = command

    def __missing__(self, name: bytes) -> Command | None:
        return self.get(name.lower())

    def commands(self) -> list[Command]:
        """Every top-level command, once."""
        return [c for name, c in self.items() if c is not None and name == name.lower()]

    def lookup(self, name: bytes) -> Command | None:
        """By ``get`` or ``config|get``, in any case."""
        container, _, subcommand = name.lower().partition(b"|")
        command = self.get(container)
        if command is None or not subcommand:
            return command
        return command.subcommands.get(subcommand)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def unreachable(*_: object) -> Reply:
    raise AssertionError("a container has no handler of its own")
