"""Expressions to Python.

Expressions are flattened into statements on temporary names, so that every operand is evaluated
once and in order; the frequent case of each operation is written in line, the rest is a call into
``runtime``. Where the kinds of the operands are known, nothing but the operation is left.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from . import nodes
from .bodies import ARGUMENT_TABLES, Body, array_of, constant_text, name_of, text_of
from .folding import decides_nothing, fold, is_sure, linear
from .kinds import NUMBERS, TRUE, Kind
from .layout import rounded
from .runtime import equal

_ARITHMETIC = {
    **{b"+": ("__add", "{} + {}"), b"-": ("__sub", "{} - {}"), b"*": ("__mul", "{} * {}")},
    **{b"/": ("__div", "divide({}, {})"), b"%": ("__mod", "modulo({}, {})")},
    b"^": ("__pow", "power({}, {})"),
}
_COMPARISONS = {b"<": "<", b"<=": "<=", b">": ">", b">=": ">="}
_EQUALITIES = (b"==", b"~=")
_STRINGS = frozenset({Kind.STRING})
#: Strings up to this size are joined without a look at the budget.
SMALL_STRING_BYTES = 256
#: How deep operations are written into one another: Python nests parentheses 200 deep.
_MAX_INLINE_DEPTH = 16
#: The same of tables, and of calls that give all they have.
MAX_INLINE = 32
#: Elements that a constructor sets together, after the fields among them (``LFIELDS_PER_FLUSH``).
ITEMS_AT_ONCE = 50


class Expressions(Body):
    """Writes the value of an expression."""

    def _init_constants(self) -> None:
        self._nested_tables = self._nested_calls = 0
        self._zero: float | None = None
        #: The names of elements of KEYS and ARGV that are read when the script begins.
        self._elements: dict[tuple[bytes, int], str] = {}

    def _kept(self, value: Any) -> Any:
        """Lua keeps equal constants of a function once, and 0 equals -0: the first one stays."""
        if value.__class__ is float and value == 0.0:
            if self._zero is None:
                self._zero = value
            return self._zero
        return value

    def _constant(self, value: Any) -> str:
        text = constant_text(self._kept(value))
        # A minus binds weaker than the dot of ``-0.0.__class__``.
        return f"({text})" if text[0] == "-" else text

    # --- operands ---------------------------------------------------------------------------------

    def _operand(self, value: nodes.Expression) -> str:
        """Something that can be mentioned twice: a constant, a name."""
        match value:
            case nodes.Constant():
                return self._constant(value.value)
            case nodes.LocalName(local=local) if not local.is_captured:
                return name_of(local)
            case nodes.GlobalName() if self._is_argument_table(value):
                return text_of(value.name)
            case nodes.Index() if element := self._element(value):
                return element
            case nodes.Parenthesized(inner=nodes.LocalName() as inner):
                return self._operand(inner)
        return self._named(self._expression(value))

    def _name_of(self, value: nodes.Expression) -> str:
        """As an operand; a constant gets a name, for Python warns of ``1.0()`` and its like."""
        return self._owned(value) if isinstance(value, nodes.Constant) else self._operand(value)

    def _owned(self, value: nodes.Expression) -> str:
        """A name or a constant that no later assignment changes."""
        if isinstance(value, nodes.Constant):
            return self._constant(value.value)
        if isinstance(value, nodes.Index) and (element := self._element(value)):
            return element
        return self._named(self._expression(value))

    def _expression(self, value: nodes.Expression) -> str:
        """Python for a value, to be used once and at once."""
        text: str = getattr(self, f"_read_{type(value).__name__}")(value)
        return text

    # --- simple values ----------------------------------------------------------------------------

    def _read_Constant(self, value: nodes.Constant) -> str:
        return self._constant(value.value)

    def _read_Vararg(self, _: nodes.Vararg) -> str:
        return "(rest[0] if rest else None)"

    def _read_ArgumentTable(self, _: nodes.ArgumentTable) -> str:
        return "argument_table(rest)"

    def _read_LocalName(self, value: nodes.LocalName) -> str:
        return name_of(value.local) + ("[0]" if value.local.is_captured else "")

    def _read_GlobalName(self, value: nodes.GlobalName) -> str:
        if self._is_argument_table(value):
            return text_of(value.name)
        return self._direct(value) or f"get_global({value.name!r})"

    def _is_argument_table(self, value: nodes.Expression) -> bool:
        """KEYS or ARGV: no script can put anything else in their place while it runs."""
        if (
            isinstance(value, nodes.GlobalName)
            and value.name in ARGUMENT_TABLES
            and self._writer.has_arguments
        ):
            self._writer.tables.add(value.name)
            return True
        return False

    def _direct(self, value: nodes.Expression) -> str | None:
        """The name of a library's function, where it is sure to be there."""
        if self._function.parent is None and not self._writer.main_is_direct:
            return None
        return self._writer.direct(value)

    def _read_Parenthesized(self, value: nodes.Parenthesized) -> str:
        return self._expression(value.inner)

    # --- tables -----------------------------------------------------------------------------------

    def _element(self, value: nodes.Index) -> str | None:
        """The name of ``KEYS[1]`` and its like, where nothing changes them."""
        match value:
            case nodes.Index(
                owner=nodes.GlobalName(name=table), key=nodes.Constant(value=float() as at)
            ) if (
                table in self._writer.constant_tables
                and self._function.parent is None
                and at.is_integer()
                and 1 <= at <= 64
            ):
                name = f"{text_of(table)}_{int(at)}"
                self._elements[table, int(at)] = name
                return name
        return None

    def _read_Index(self, value: nodes.Index) -> str:
        if found := self._direct(value) or self._element(value) or self._element_of_round(value):
            return found
        owner, key = self._owner_and_key(value)
        self._line = value.line
        name = self._described(value.owner)
        slow = f"index({owner}, {key}, {name!r})" if name else f"index({owner}, {key})"
        if isinstance(value.key, nodes.Constant):
            return self._index_by_constant(value, owner, key, slow)
        kind = self._kinds.of(value.key)
        if kind is Kind.STRING:
            return self._index_by_string(owner, key, slow)
        array, is_table = self._array(value.owner, owner)
        checks = f"1.0 <= {key} <= len({array})"
        if kind not in NUMBERS:
            checks = f"{key}.__class__ is float and {checks}"
        if kind is not Kind.WHOLE:
            checks = f"{checks} and {key} == int({key})"
        return f"({array}[int({key}) - 1] if {is_table}{checks} else {slow})"

    def _element_of_round(self, value: nodes.Index) -> str | None:
        """An element whose place follows from the variable of a loop between constants."""
        sum_ = linear(value.key)
        if sum_ is None or sum_.local not in self._positions:
            return None
        name, rounds = self._positions[sum_.local]
        if min(sum_.factor * at + sum_.offset for at in rounds) < 1:
            return None
        owner = self._name_of(value.owner)
        self._line = value.line
        array, is_table = self._array(value.owner, owner)
        slow = f"index({owner}, {self._pure(value.key)}, {self._described(value.owner)!r})"
        at = f"{sum_.factor} * {name}" if sum_.factor != 1 else name
        offset = sum_.factor + sum_.offset - 1  # positions are one less than keys
        at = f"{at} + {offset}" if offset else at
        return f"({array}[{at}] if {is_table}{at} < len({array}) else {slow})"

    def _owner_and_key(self, value: nodes.Index) -> tuple[str, str]:
        """Evaluated; a local that holds the table is read last, as in ``_operands``."""
        if self._is_own(value.owner):
            key = self._operand(value.key)
            return self._name_of(value.owner), key
        return self._name_of(value.owner), self._operand(value.key)

    def _array(self, value: nodes.Expression, owner: str) -> tuple[str, str]:
        """The array of a table, and the check that it is one, unless that is known."""
        if isinstance(value, nodes.LocalName) and self._has_array(value.local):
            return array_of(value.local), ""
        is_table = self._is_argument_table(value) or self._kinds.of(value) is Kind.TABLE
        return f"{owner}.array", "" if is_table else f"{owner}.__class__ is Table and "

    def _index_by_string(self, owner: str, key: str, slow: str) -> str:
        plain = f"{owner}.__class__ is Table"
        if self._writer.has_metatables:
            plain += f" and {owner}.metatable is None"
        return f"({owner}.hash.get({key}) if {plain} else {slow})"

    def _index_by_constant(self, value: nodes.Index, owner: str, key: str, slow: str) -> str:
        constant = value.key.value if isinstance(value.key, nodes.Constant) else None
        if isinstance(constant, bytes):
            return self._index_by_string(owner, key, slow)
        if isinstance(constant, float) and constant.is_integer() and 1 <= constant <= 64:
            array, is_table = self._array(value.owner, owner)
            size = f"len({array}) >= {int(constant)}"
            return f"({array}[{int(constant) - 1}] if {is_table}{size} else {slow})"
        return slow

    def _list(self, values: list[nodes.Expression]) -> str:
        """All values as a Python list; a call or ``...`` at the end gives all it has."""
        raise NotImplementedError

    def _read_TableConstructor(self, value: nodes.TableConstructor) -> str:
        self._nested_tables += 1
        text = self._constructed(value)
        self._nested_tables -= 1
        is_deep = (self._nested_tables + 1) % MAX_INLINE == 0
        return self._named(text) if is_deep else text

    def _constructed(self, value: nodes.TableConstructor) -> str:
        items = [item for key, item in value.fields if key is None]
        pairs = [(key, item) for key, item in value.fields if key is not None]
        array_size, node_count = self._announced(value)
        if not pairs:
            if not items:
                return "Table()"
            is_plain = all(self._kinds.of(item) in TRUE for item in items)
            is_plain = is_plain and not self._is_many(items[-1])
            return f"{'Table' if is_plain else 'new_table'}({self._list(items)}, {array_size})"
        if not items and all(self._is_plain_pair(key, item) for key, item in pairs):
            inside = ", ".join(f"{self._owned(key)}: {self._owned(item)}" for key, item in pairs)
            return f"Table(None, 0, {{{inside}}}, {node_count})"
        return self._mixed_table(value, f"Table(None, {array_size}, None, {node_count})")

    def _announced(self, value: nodes.TableConstructor) -> tuple[int, int]:
        """The sizes that Lua gives the parts of a new table: results in a list are not counted."""
        elements = sum(key is None for key, _ in value.fields)
        node_count = len(value.fields) - elements
        if elements and value.fields[-1][0] is None and self._is_many(value.fields[-1][1]):
            elements -= 1
        return rounded(elements), rounded(node_count)

    def _is_plain_pair(self, key: nodes.Expression, item: nodes.Expression) -> bool:
        is_set = self._kinds.of(item) in TRUE | {Kind.BOOLEAN}
        is_name = isinstance(key, nodes.Constant) and self._kinds.of(key) is Kind.STRING
        return is_set and is_name

    def _mixed_table(self, value: nodes.TableConstructor, empty: str) -> str:
        """Fields in the order in which Lua sets them; elements without keys, when they are many."""
        table = self._named(empty)
        items: list[str] = []
        begun = 0
        for at, (key, item) in enumerate(value.fields, start=1):
            if len(items) == ITEMS_AT_ONCE:
                self._emit(f"{table}.fill([{', '.join(items)}], {begun})")
                begun += ITEMS_AT_ONCE
                items = []
            if key is not None:
                owned_key = self._owned(key)
                self._emit(f"{table}.set({owned_key}, {self._expression(item)})")
            elif at == len(value.fields):
                items.append(self._last(item))
            else:
                items.append(self._owned(item))
        if items:
            self._emit(f"{table}.fill([{', '.join(items)}], {begun})")
        return table

    def _last(self, value: nodes.Expression) -> str:
        """The last of a list: every value that it gives."""
        raise NotImplementedError

    def _is_many(self, value: nodes.Expression) -> bool:
        """Whether it gives as many values as it likes."""
        raise NotImplementedError

    # --- operators --------------------------------------------------------------------------------

    def _read_Unary(self, value: nodes.Unary) -> str:
        if value.operator == b"not":
            return f"(not ({self._condition(value.operand)}))"
        folded = fold(value)
        if folded is not None:
            return self._constant(folded)
        operand, name = self._operand(value.operand), self._described(value.operand)
        self._line = value.line
        kind = self._kinds.of(value.operand)
        if value.operator == b"#":
            if kind is Kind.STRING:
                return f"float(len({operand}))"
            slow = f"length({operand}, {name!r})"
            return f"(float(len({operand})) if {operand}.__class__ is bytes else {slow})"
        if kind in NUMBERS:
            return f"(-{operand})"
        return f"(-{operand} if {operand}.__class__ is float else negate({operand}, {name!r}))"

    def _read_Binary(self, value: nodes.Binary) -> str:
        folded = fold(value)
        if folded is not None:
            return self._constant(folded)
        if value.operator in (b"and", b"or"):
            return self._logical(value)
        if value.operator in _COMPARISONS or value.operator in _EQUALITIES:
            return self._comparison(value)
        if self._is_pure(value):
            return self._pure(value)
        left, right = self._operands(value)
        names = f"{self._described(value.left)!r}, {self._described(value.right)!r}"
        if value.operator == b"..":
            return self._concatenation(value, left, right, names)
        event, fast = _ARITHMETIC[value.operator]
        checks = self._unless_kind(value, left, right, "float", NUMBERS)
        if not checks:
            return f"({_simplified(value, fast).format(left, right)})"
        slow = f"arithmetic({event.encode()!r}, {left}, {right}, {names})"
        return f"({_simplified(value, fast).format(left, right)} if {checks} else {slow})"

    def _unless_kind(
        self, value: nodes.Binary, left: str, right: str, wanted: str, kinds: frozenset[Kind]
    ) -> str:
        """The check that both operands are of a class, as far as it is not known."""
        unsure = [
            f"{operand}.__class__"
            for operand, side in ((left, value.left), (right, value.right))
            if self._kinds.of(side) not in kinds
        ]
        return " is ".join([*unsure, wanted]) if unsure else ""

    def _concatenation(self, value: nodes.Binary, left: str, right: str, names: str) -> str:
        checks = self._unless_kind(value, left, right, "bytes", _STRINGS)
        is_small = f"len({left}) + len({right}) < {SMALL_STRING_BYTES}"
        checks = f"{checks} and {is_small}" if checks else is_small
        return f"({left} + {right} if {checks} else concat({left}, {right}, {names}))"

    # --- arithmetic without effects ---------------------------------------------------------------

    def _is_pure(self, value: nodes.Expression, depth: int = 0) -> bool:
        """Arithmetic of numbers that are at hand: it cannot fail, nor be seen."""
        match value:
            case nodes.Constant(value=float()):
                return True
            case nodes.LocalName(local=local):
                return not local.is_captured and self._kinds.is_number(value)
            case nodes.Parenthesized(inner=inner):
                return depth < _MAX_INLINE_DEPTH and self._is_pure(inner, depth + 1)
            case nodes.Binary() if value.operator in _ARITHMETIC and depth < _MAX_INLINE_DEPTH:
                return self._is_pure(value.right, depth + 1) and self._is_pure(
                    value.left, depth + 1
                )
        return False

    def _pure(self, value: nodes.Expression) -> str:
        folded = fold(value)
        if folded is not None:
            return self._constant(folded)
        match value:
            case nodes.Parenthesized(inner=inner):
                return self._pure(inner)
            case nodes.Binary():
                operation = _simplified(value, _ARITHMETIC[value.operator][1])
                if fold(value.left) is None:
                    left, right = self._pure(value.left), self._pure(value.right)
                else:
                    # Lua keeps a number on the left of arithmetic after what is on its right.
                    right, left = self._pure(value.right), self._pure(value.left)
                return f"({operation.format(left, right)})"
        return self._operand(value)

    def _operands(self, value: nodes.Binary) -> tuple[str, str]:
        number = fold(value.left)
        if number is not None and value.operator in _ARITHMETIC:
            # Lua keeps a number on the left of arithmetic after what is on its right.
            right = self._operand(value.right)
            self._line = value.line
            return self._constant(number), right
        if self._is_own(value.left) and value.operator != b"..":
            # Lua does not copy a local, and finds in it what a call on the right has put there.
            right = self._operand(value.right)
            left = self._operand(value.left)
            self._line = value.line
            return left, right
        # A call on the right may change a variable on the left after it was read.
        has_effects = not isinstance(
            value.right, nodes.Constant | nodes.LocalName | nodes.GlobalName
        )
        left = self._owned(value.left) if has_effects else self._operand(value.left)
        right = self._operand(value.right)
        self._line = value.line
        return left, right

    def _is_own(self, value: nodes.Expression) -> bool:
        """Whether it is a local of this function, not of one outside."""
        if isinstance(value, nodes.Parenthesized):
            return self._is_own(value.inner)
        return (
            isinstance(value, nodes.LocalName) and value.local.owner.whole is self._function.whole
        )

    # --- comparisons ------------------------------------------------------------------------------

    def _comparison(self, value: nodes.Binary) -> str:
        sides = value.left, value.right
        is_constant = all(isinstance(side, nodes.Constant) for side in sides)
        if is_constant and value.operator in _EQUALITIES:
            is_equal = equal(*(getattr(side, "value", None) for side in sides))
            return str(is_equal is (value.operator == b"=="))
        left, right = self._operands(value)
        if value.operator in _EQUALITIES:
            text = self._equality(value, left, right)
            return f"({text})" if value.operator == b"==" else f"(not ({text}))"
        operator = _COMPARISONS[value.operator]
        checks = [self._unless_kind(value, left, right, "float", NUMBERS)]
        if not any(self._kinds.is_number(side) for side in sides):
            checks.append(self._unless_kind(value, left, right, "bytes", _STRINGS))
        if "" in checks:
            return f"({left} {operator} {right})"
        function = "less" if operator in "<>" else "less_equal"
        turned = f"{right}, {left}" if operator[0] == ">" else f"{left}, {right}"
        return f"({left} {operator} {right} if {' or '.join(checks)} else {function}({turned}))"

    def _equality(self, value: nodes.Binary, left: str, right: str) -> str:
        for side, operand in ((value.left, right), (value.right, left)):
            if isinstance(side, nodes.Constant):
                text = self._constant(side.value)
                if side.value is None or isinstance(side.value, bool):
                    return f"{operand} is {text}"
                other = value.right if side is value.left else value.left
                if isinstance(side.value, bytes) or self._kinds.is_number(other):
                    return f"{operand} == {text}"
                # 1.0 == True in Python.
                return f"{operand} == {text} and {operand}.__class__ is float"
        if self._writer.has_metatables:
            return f"equal({left}, {right})"
        if {self._kinds.of(value.left), self._kinds.of(value.right)} <= NUMBERS | {Kind.STRING}:
            return f"{left} == {right}"
        return f"{left} == {right} and {left}.__class__ is {right}.__class__"

    # --- and, or, not -----------------------------------------------------------------------------

    def _truth_of(self, value: nodes.Expression, operand: str) -> str:
        """Python that is true where the value of a name is, in Lua."""
        kind = self._kinds.of(value)
        if kind in TRUE:
            return "True"
        if kind is Kind.WORD:
            return f"{operand} is not None"
        if kind is Kind.BOOLEAN:
            return operand
        return f"{operand} is not None and {operand} is not False"

    def _logical(self, value: nodes.Binary) -> str:
        """``and`` and ``or`` give an operand, and evaluate the right one only when they must."""
        if decides_nothing(value):
            return self._expression(value.right)
        result = self._named(self._expression(value.left))
        truth = self._truth_of(value.left, result)
        self._emit(f"if {truth}:" if value.operator == b"and" else f"if not ({truth}):")
        self._depth += 1
        self._emit(f"{result} = {self._expression(value.right)}")
        self._depth -= 1
        return result

    def _condition(self, value: nodes.Expression) -> str:
        """Python that is true where Lua's value is."""
        if fold(value) is not None:
            return "True"
        match value:
            case nodes.Constant():
                return str(value.value is not None and value.value is not False)
            case nodes.Unary(operator=b"not"):
                return f"not ({self._condition(value.operand)})"
            case nodes.Binary(operator=b"==" | b"~=" | b"<" | b">" | b"<=" | b">="):
                return self._expression(value)
            case nodes.Parenthesized():
                return self._condition(value.inner)
            case nodes.Binary(operator=b"and" | b"or") if not decides_nothing(value):
                return self._decided(value)
            case nodes.Call() if (test := self._test(value)) is not None:
                return test
        return self._truth_of(value, self._operand(value))

    def _test(self, value: nodes.Call) -> str | None:
        """Python for a call of which only the truth is wanted, if there is a form for that."""
        raise NotImplementedError

    def _decided(self, value: nodes.Binary) -> str:
        """As ``_logical``, where only the truth of the result is asked for."""
        number = fold(value.left)
        if number is not None:
            self._constant(number)  # which Lua keeps, though it decides nothing
        result = self._named(self._condition(value.left))
        self._emit(f"if {result}:" if value.operator == b"and" else f"if not {result}:")
        self._depth += 1
        self._emit(f"{result} = {self._condition(value.right)}")
        self._depth -= 1
        return result

    def _described(self, value: nodes.Expression) -> str:
        if isinstance(value, nodes.Binary) and value.operator in (b"and", b"or"):
            last = _last_put(value, None, _nowhere, _nowhere)
            return self._described(last) if last is not None else ""
        return super()._described(value)


#: How the search for what was put into a register goes on: it answers with what it finds.
_Search = Callable[[], nodes.Expression | None]


def _nowhere() -> None:
    """A jump to the end: Lua has no name for what it has tested."""


def _last_put(
    value: nodes.Expression, tested_by: bytes | None, if_true: _Search, if_false: _Search
) -> nodes.Expression | None:
    """The operand of which Lua thinks that an ``and`` or ``or`` has given it, if it knows one.

    It looks for what was put into a register last, and takes each jump on the way, whatever the
    values are: behind the left side of an ``and`` the jump for what is false, of an ``or`` the one
    for what is true.
    """
    match value:
        case nodes.Parenthesized(inner=inner):
            return _last_put(inner, tested_by, if_true, if_false)
        case nodes.Unary(operator=b"not", operand=operand):
            turned = _TURNED[tested_by]
            return None if turned is None else _last_put(operand, turned, if_false, if_true)
        case nodes.Binary(operator=(b"and" | b"or") as operator):
            right = partial(_last_put, value.right, tested_by, if_true, if_false)
            ways = (right, if_false) if operator == b"and" else (if_true, right)
            return _last_put(value.left, operator, *ways)
    if tested_by is None:
        return value
    passes = tested_by == b"and"
    # A constant that is sure to pass is not tested.
    return if_true() if passes is is_sure(value, passes) else if_false()


#: By what the operand of a ``not`` is tested.
_TURNED = {b"and": b"or", b"or": b"and", None: None}


def _simplified(value: nodes.Binary, operation: str) -> str:
    """A division by a number that is not zero needs no care."""
    return "{} / {}" if value.operator == b"/" and fold(value.right) else operation
