"""What every part of the compiler writes on: the lines of one function, and their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from . import nodes
from .kinds import Kind, Kinds
from .named import NamedCommand

INDENT = " "

#: The file name of compiled scripts, by which their frames are known in a traceback.
CODE_NAME = "<lua>"

#: Begins the names of Python functions that are parts of others: see ``nodes.Lifted``.
PART = "part_"

#: What Lua calls the function that a generic ``for`` calls in each round.
FOR_GENERATOR = "local '(for generator)'"

#: The tables that EVAL hands over, by the names that they have in Lua and in compiled code.
ARGUMENT_TABLES = (b"KEYS", b"ARGV")

#: The functions that a script finds under a global name, and under the names in its libraries:
#: no script can change them, so code refers to them directly.
Known = Mapping[bytes, Collection[bytes]]


class Line(NamedTuple):
    """A line of Python."""

    #: How far in it stands.
    depth: int
    text: str
    #: The script's line.
    line: int
    #: What the script calls the function that is called there; None if it is not called by a name.
    callee: str | None = None


class Writer:
    """Lines of Python, each with the script's line that it stands for, and what holds for all."""

    def __init__(
        self,
        chunk: nodes.Chunk,
        known: Known,
        *,
        is_resumable: bool,
        main_is_direct: bool,
        is_alone: bool,
    ) -> None:
        self.known = known
        self.is_resumable = is_resumable
        self.main_is_direct = main_is_direct
        #: Whether KEYS and ARGV are there.
        self.has_arguments = main_is_direct
        #: Whether all that can run is in this chunk, and each global it uses is named there.
        self.is_alone = is_alone and _MAKES_CHUNKS.isdisjoint(chunk.globals)
        #: Whether a value of the script can have a metatable: only if somebody gives it one.
        self.has_metatables = not self.is_alone or b"setmetatable" in chunk.globals
        #: Those of KEYS and ARGV that nobody changes.
        self.constant_tables = frozenset(
            name
            for name in ARGUMENT_TABLES
            if self.has_arguments and self.is_alone and not chunk.globals.get(name)
        )
        self.kinds = Kinds(
            chunk,
            self.direct,
            has_metatables=self.has_metatables,
            words=self.constant_tables,
        )
        self.text: list[str] = []
        self.lines: list[int] = [0]
        #: What the script calls the function that a line of Python calls, by the line's number.
        self.callees: dict[int, str] = {}
        #: Those of KEYS and ARGV that are needed as tables; of the others, elements are read alone.
        self.tables = set(ARGUMENT_TABLES) if not self.is_alone else set()
        #: The commands that the script names, by their names in the code.
        self.commands: dict[str, NamedCommand] = {}

    def direct(self, value: nodes.Expression) -> str | None:
        """The name in compiled code of a function that no script can change."""
        match value:
            case nodes.GlobalName(name=name) if name in self.known.get(b"_G", ()):
                return direct_name(b"_G", name)
            case nodes.Index(
                owner=nodes.GlobalName(name=library), key=nodes.Constant(value=bytes() as name)
            ) if name in self.known.get(library, ()):
                return direct_name(library, name)
        return None

    def command(self, named: NamedCommand) -> str:
        """What compiled code calls a command that it names."""
        for code_name, command in self.commands.items():
            if command == named:
                return code_name
        code_name = f"command_{len(self.commands)}"
        self.commands[code_name] = named
        return code_name

    def write(self, written: Line) -> None:
        self.text.append(INDENT * written.depth + written.text)
        if written.callee is not None:
            self.callees[len(self.lines)] = written.callee
        self.lines.append(written.line)


#: Whoever names none of these is all the source that there is in a run.
_MAKES_CHUNKS = frozenset({b"load", b"loadstring", b"_G"})


class Position(NamedTuple):
    """Where the element stands that the variable of a loop between constants is the key of."""

    #: What it is called.
    name: str
    #: The values of the variable, which are one more.
    rounds: list[float]


class Body:
    """The lines of one function that are written so far."""

    def __init__(self, writer: Writer, function: nodes.Function) -> None:
        self._writer = writer
        self._kinds = writer.kinds
        self._function = function
        self._pending: list[Line] = []
        self._depth = 1
        self._temporaries = 0
        self._line = function.line
        #: The variables of loops between constants.
        self._positions: dict[nodes.Local, Position] = {}

    def _emit(self, text: str, callee: str | None = None) -> None:
        self._pending.append(Line(self._depth, text, self._line, callee))

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    def _named(self, text: str, callee: str | None = None) -> str:
        """A name for a value: what can be mentioned twice, and is worked out here."""
        name = self._temporary()
        self._emit(f"{name} = {text}", callee)
        return name

    def _has_array(self, local: nodes.Local) -> bool:
        """Whether the array of a local's table has a name of its own: it is one table for good."""
        is_fixed = len(local.values) == 1 and not local.is_captured and not local.counts
        return (
            is_fixed
            and local.values[0] is not None
            and local.readings > 1
            and self._kinds.of(local.values[0]) in (Kind.ANY, Kind.TABLE)
        )

    def _described(self, value: nodes.Expression) -> str:
        """What Lua calls a value in an error: by the name it has in the source."""
        match value:
            case nodes.LocalName(local=local):
                kind = "local" if local.owner.whole is self._function.whole else "upvalue"
                return f"{kind} '{text_of(local.name)}'"
            case nodes.GlobalName(name=name):
                return f"global '{text_of(name)}'"
            case nodes.Index(key=nodes.Constant(value=bytes() as key)):
                return f"field '{text_of(key)}'"
            case nodes.Index():
                return "field '?'"
            case nodes.Parenthesized(inner=inner):
                return self._described(inner)
        return ""


# --- names and constants --------------------------------------------------------------------------


def direct_name(library: bytes, name: bytes) -> str:
    """What compiled code calls a function of a library, or a global one (of ``_G``)."""
    return f"{library.decode()}_{name.decode()}"


def name_of(local: nodes.Local) -> str:
    return f"v{local.number}"


def array_of(local: nodes.Local) -> str:
    """What the array of a local's table is called, if ``Body._has_array``."""
    return f"a{local.number}"


def text_of(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def constant_text(value: Any) -> str:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"float('{value}')"
    return repr(value)
