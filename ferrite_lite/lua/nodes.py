"""The syntax tree of a script. Names are resolved: a variable is a ``Local`` or a global."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(eq=False, slots=True)
class Local:
    """One local variable or parameter: each declaration is its own, whatever it is called."""

    name: bytes
    owner: Function
    number: int
    #: Whether an inner function uses it: it then lives in a cell that both share.
    is_captured: bool = False
    #: All that is ever put into it; None for what no expression tells.
    values: list[Expression | None] = field(default_factory=list)
    #: The function that ``local function`` puts into it first.
    function: Function | None = None
    #: How often an element of it is read.
    readings: int = 0
    #: Where a numeric loop begins, and its step, if it is the variable of one.
    counts: list[Expression] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Function:
    """A function body. The whole script is one, with the parameter ``...``."""

    line: int
    parent: Function | None
    name: bytes = b""
    parameters: list[Local] = field(default_factory=list)
    is_vararg: bool = False
    #: Whether ``...`` stands in it anywhere.
    uses_rest: bool = False
    body: list[Statement] = field(default_factory=list)
    #: Locals of outer functions that this one, or one inside it, uses.
    captures: list[Local] = field(default_factory=list)
    #: Whether it is no function in Lua, but a part of its parent: see ``Lifted``.
    is_lifted: bool = False

    @property
    def whole(self) -> Function:
        """The function of Lua that this one is, or is a part of."""
        return self.parent.whole if self.is_lifted and self.parent else self


@dataclass(eq=False, slots=True)
class Chunk:
    """A whole source: its main function, and what is true of all of it."""

    main: Function
    #: Every local of every function.
    locals: list[Local]
    #: Each global name, and whether it is used as anything but a table whose elements are read.
    globals: dict[bytes, bool]


# --- expressions ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Constant:
    """nil, true, false, a number or a string."""

    value: float | bytes | bool | None
    line: int


@dataclass(slots=True)
class Vararg:
    line: int


@dataclass(slots=True)
class ArgumentTable:
    """What ``arg`` is in a function that has ``...`` and does not use it: as in Lua 5.0."""

    line: int


@dataclass(slots=True)
class LocalName:
    local: Local
    line: int


@dataclass(slots=True)
class GlobalName:
    name: bytes
    line: int


@dataclass(slots=True)
class Index:
    owner: Expression
    key: Expression
    line: int


@dataclass(slots=True)
class Call:
    function: Expression
    arguments: list[Expression]
    line: int


@dataclass(slots=True)
class MethodCall:
    owner: Expression
    name: bytes
    arguments: list[Expression]
    line: int


@dataclass(slots=True)
class Closure:
    function: Function
    line: int


@dataclass(slots=True)
class Unary:
    operator: bytes
    operand: Expression
    line: int


@dataclass(slots=True)
class Binary:
    operator: bytes
    left: Expression
    right: Expression
    line: int


@dataclass(slots=True)
class Parenthesized:
    """``(f())``: one value, whatever the inside gives."""

    inner: Expression
    line: int


@dataclass(slots=True)
class TableConstructor:
    #: In order; those without a key are the elements 1, 2, 3...
    fields: list[tuple[Expression | None, Expression]]
    line: int


Expression: TypeAlias = (
    Constant
    | Vararg
    | ArgumentTable
    | LocalName
    | GlobalName
    | Index
    | Call
    | MethodCall
    | Closure
    | Unary
    | Binary
    | Parenthesized
    | TableConstructor
)

# --- statements -----------------------------------------------------------------------------------


@dataclass(slots=True)
class LocalDeclaration:
    locals: list[Local]
    values: list[Expression]
    line: int


@dataclass(slots=True)
class LocalFunction:
    local: Local
    function: Function
    line: int


@dataclass(slots=True)
class Assignment:
    targets: list[LocalName | GlobalName | Index]
    values: list[Expression]
    line: int


@dataclass(slots=True)
class CallStatement:
    call: Call | MethodCall
    line: int


@dataclass(slots=True)
class Lifted:
    """A statement that stands so deep that it is made a function of its own: Python nests less."""

    function: Function
    line: int


@dataclass(slots=True)
class Do:
    body: list[Statement]
    line: int


@dataclass(slots=True)
class While:
    condition: Expression
    body: list[Statement]
    line: int


@dataclass(slots=True)
class Repeat:
    body: list[Statement]
    condition: Expression
    line: int


@dataclass(slots=True)
class If:
    branches: list[tuple[Expression, list[Statement]]]
    otherwise: list[Statement]
    line: int


@dataclass(slots=True)
class NumericFor:
    local: Local
    start: Expression
    stop: Expression
    step: Expression | None
    body: list[Statement]
    line: int


@dataclass(slots=True)
class GenericFor:
    locals: list[Local]
    values: list[Expression]
    body: list[Statement]
    line: int


@dataclass(slots=True)
class Return:
    values: list[Expression]
    line: int


@dataclass(slots=True)
class Break:
    line: int


Statement: TypeAlias = (
    LocalDeclaration
    | LocalFunction
    | Assignment
    | CallStatement
    | Lifted
    | Do
    | While
    | Repeat
    | If
    | NumericFor
    | GenericFor
    | Return
    | Break
)
