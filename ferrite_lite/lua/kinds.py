"""What is known of values before a script runs: the kind of each expression and each local.

Only what no run can contradict is used: a local is a number if all that the source ever puts into
it is a number. Operators give what they are made for, unless the script can have metatables.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from . import nodes
from .folding import decides_nothing

#: Passes over the locals of a script; what is not settled then is taken to be anything.
MAX_PASSES = 10


class Kind(enum.Enum):
    """Kinds of values; ANY is every kind."""

    #: A number without a fraction, be it infinite.
    WHOLE = enum.auto()
    NUMBER = enum.auto()
    STRING = enum.auto()
    #: A string or nil: an element of KEYS or ARGV.
    WORD = enum.auto()
    BOOLEAN = enum.auto()
    NIL = enum.auto()
    TABLE = enum.auto()
    ANY = enum.auto()
    #: Of a local into which nothing was put yet.
    UNSEEN = enum.auto()


NUMBERS = frozenset({Kind.WHOLE, Kind.NUMBER})
#: What is neither nil nor false.
TRUE = NUMBERS | {Kind.STRING, Kind.TABLE}

#: What functions of the libraries give, first or alone.
RESULTS = {
    "_G_type": Kind.STRING,
    **dict.fromkeys(("string_len", "table_getn", "math_floor", "math_ceil"), Kind.WHOLE),
    **dict.fromkeys(("math_abs", "math_fmod", "math_sqrt", "math_random"), Kind.NUMBER),
    **dict.fromkeys(("math_max", "math_min", "math_pow"), Kind.NUMBER),
    **dict.fromkeys(("string_format", "string_gsub", "string_lower", "string_rep"), Kind.STRING),
    **dict.fromkeys(("string_reverse", "string_sub", "string_upper", "string_char"), Kind.STRING),
    **dict.fromkeys(("cjson_encode", "table_concat", "redis_sha1hex"), Kind.STRING),
}

_WHOLE_RESULT = (b"+", b"-", b"*")
_ARITHMETIC = (*_WHOLE_RESULT, b"/", b"%", b"^")


class Kinds:
    """The kinds of one script's expressions."""

    def __init__(
        self,
        chunk: nodes.Chunk,
        name_of: Callable[[nodes.Expression], str | None],
        *,
        has_metatables: bool,
        words: frozenset[bytes],
    ) -> None:
        """``name_of`` names library functions, ``words`` the tables that only hold strings."""
        self._name_of = name_of
        self._has_metatables = has_metatables
        self._words = words
        self._locals = dict.fromkeys(chunk.locals, Kind.UNSEEN)
        self._known: dict[int, Kind] = {}
        self._settle()

    def _settle(self) -> None:
        for _ in range(MAX_PASSES):
            self._known.clear()
            before = dict(self._locals)
            for local in self._locals:
                self._locals[local] = self._kind_of_local(local)
            if self._locals == before:
                break
        else:
            self._locals = dict.fromkeys(self._locals, Kind.ANY)
        self._known.clear()

    def _kind_of_local(self, local: nodes.Local) -> Kind:
        kind = Kind.UNSEEN
        if local.counts:
            is_whole = all(self.of(value) is Kind.WHOLE for value in local.counts)
            kind = Kind.WHOLE if is_whole else Kind.NUMBER
        for value in local.values:
            kind = _either(kind, Kind.ANY if value is None else self.of(value))
        return kind

    def of(self, value: nodes.Expression) -> Kind:
        """The kind of an expression's first value."""
        kind = self._known.get(id(value))
        if kind is None:
            kind = self._known[id(value)] = self._find(value)
        return kind

    def is_number(self, value: nodes.Expression) -> bool:
        return self.of(value) in NUMBERS

    def _find(self, value: nodes.Expression) -> Kind:
        match value:
            case nodes.Constant():
                return _of_constant(value.value)
            case nodes.LocalName(local=local):
                return self._locals[local]
            case nodes.Index(owner=nodes.GlobalName(name=name), key=nodes.Constant(value=float())):
                return Kind.WORD if name in self._words else Kind.ANY
            case nodes.Call():
                return self._of_call(self._name_of(value.function) or "")
            case nodes.Parenthesized(inner=inner):
                return self.of(inner)
            case nodes.TableConstructor() | nodes.ArgumentTable():
                return Kind.TABLE
            case nodes.Unary():
                return self._of_unary(value)
            case nodes.Binary():
                return self._of_binary(value)
        return Kind.ANY

    def _of_call(self, function: str) -> Kind:
        if function == "_G_tostring" and not self._has_metatables:
            return Kind.STRING  # __tostring may answer what it likes
        return RESULTS.get(function, Kind.ANY)

    def _of_unary(self, value: nodes.Unary) -> Kind:
        if value.operator == b"not":
            return Kind.BOOLEAN
        if value.operator == b"#":
            return Kind.WHOLE
        operand = self.of(value.operand)
        if operand in NUMBERS or operand is Kind.UNSEEN:
            return operand
        return Kind.ANY if self._has_metatables else Kind.NUMBER

    def _of_binary(self, value: nodes.Binary) -> Kind:
        if value.operator in (b"and", b"or"):
            return self._of_choice(value)
        if value.operator == b"..":
            return self._of_concatenation(value)
        if value.operator not in _ARITHMETIC:
            return Kind.BOOLEAN
        sides = {self.of(value.right), self.of(value.left)}
        if Kind.UNSEEN in sides:
            return Kind.UNSEEN
        if value.operator in _WHOLE_RESULT and sides == {Kind.WHOLE}:
            return Kind.WHOLE
        return Kind.NUMBER if sides <= NUMBERS or not self._has_metatables else Kind.ANY

    def _of_concatenation(self, value: nodes.Binary) -> Kind:
        sides = {self.of(value.right), self.of(value.left)}
        if Kind.UNSEEN in sides:
            return Kind.UNSEEN
        is_plain = sides <= NUMBERS | {Kind.STRING}
        return Kind.STRING if is_plain or not self._has_metatables else Kind.ANY

    def _of_choice(self, value: nodes.Binary) -> Kind:
        left, right = self.of(value.left), self.of(value.right)
        if decides_nothing(value):
            return right
        if left in TRUE:
            return right if value.operator == b"and" else left
        if value.operator == b"or":
            left = {Kind.WORD: Kind.STRING, Kind.NIL: Kind.UNSEEN}.get(left, left)
        return _either(left, right)


def _of_constant(value: float | bytes | bool | None) -> Kind:
    if value is None:
        return Kind.NIL
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, bytes):
        return Kind.STRING
    return Kind.WHOLE if value.is_integer() else Kind.NUMBER


def _either(a: Kind, b: Kind) -> Kind:
    """The kind of what may be of the one or the other."""
    if a is b or b is Kind.UNSEEN:
        return a
    if a is Kind.UNSEEN:
        return b
    if {a, b} <= NUMBERS:
        return Kind.NUMBER
    return Kind.WORD if {a, b} <= {Kind.STRING, Kind.WORD, Kind.NIL} else Kind.ANY
