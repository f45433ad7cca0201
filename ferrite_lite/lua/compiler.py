"""Syntax tree to Python: each Lua function becomes a Python function.

Expressions are flattened into statements on temporary names, so that every operand is evaluated
once and in order; the frequent case of each operation is written in line, the rest is a call into
``runtime``. A captured local lives in a one-element list that the functions share; an inner
function is made by a factory that takes those cells, so each round of a loop has variables of its
own. Python's own line numbers lead back from an error to the line of the script.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from . import nodes
from .patterns import fitting
from .runtime import equal, modulo, power

#: The file name of compiled scripts, by which their frames are known in a traceback.
CODE_NAME = "<lua>"

_ARITHMETIC = {
    **{b"+": ("__add", "{} + {}"), b"-": ("__sub", "{} - {}"), b"*": ("__mul", "{} * {}")},
    **{b"/": ("__div", "divide({}, {})"), b"%": ("__mod", "modulo({}, {})")},
    b"^": ("__pow", "power({}, {})"),
}
_COMPARISONS = {b"<": "<", b"<=": "<=", b">": ">", b">=": ">="}
#: Library functions that have a form for one argument and one result, in ``World.namespace``.
_SINGLE = {"_G_tonumber": "tonumber", "math_floor": "floor"}
#: A pattern that is one class, from the beginning of the text to its end.
_ONE_CLASS = re.compile(rb"\^(%[acdlpsuwxACDLPSUWX])\+\$")
#: A loop of at most so many rounds, without another one in it, counts as one step.
_SHORT_LOOP_ROUNDS = 16
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Compiled:
    """Python code that defines ``main``, and the script's line for each of its lines."""

    code: CodeType
    lines: list[int]
    source: str


#: The tables that EVAL hands over, by the names that they have in Lua and in compiled code.
ARGUMENT_TABLES = (b"KEYS", b"ARGV")

#: The functions that a script finds under a global name, and under the names in its libraries:
#: no script can change them, so code refers to them directly.
Known = Mapping[bytes, Collection[bytes]]


def compile_function(
    main: nodes.Function, known: Known, *, is_resumable: bool = False, main_is_direct: bool = True
) -> Compiled:
    """Python for a whole script; ``known`` is what ``direct_names`` will be given for.

    ``is_resumable`` gives every function a second form, in which coroutines run. Without
    ``main_is_direct`` the main function looks up what the others know to be there.
    """
    writer = _Writer(known, is_resumable=is_resumable)
    writer.main_is_direct = writer.has_arguments = main_is_direct
    writer.write_factory(main)
    source = "\n".join(writer.text)
    return Compiled(compile(source, CODE_NAME, "exec"), writer.lines, source)


class _Writer:
    """Lines of Python, each with the script's line that it stands for."""

    def __init__(self, known: Known, *, is_resumable: bool) -> None:
        self.known = known
        #: Whether KEYS and ARGV are there.
        self.has_arguments = True
        self.text: list[str] = []
        self.lines: list[int] = [0]
        self.main_is_direct = True
        self._is_resumable = is_resumable
        #: What makes each function that is written, or begun.
        self._factories: dict[int, str] = {}

    def write_factory(self, function: nodes.Function) -> str:
        """Write ``make_1(cells) -> function`` unless it is there, and return its name."""
        name = self._factories.get(id(function))
        if name is not None:
            return name
        name = f"make_{len(self._factories)}" if function.parent else "make_main"
        self._factories[id(function)] = name
        forms = [_FunctionCompiler(self, function)]
        if self._is_resumable:
            forms.append(_ResumableCompiler(self, function))
        # Before it stand the factories of the functions inside.
        bodies = [form.compile() for form in forms]
        cells = ", ".join(_name(local) for local in function.captures)
        self.write(0, f"def {name}({cells}):", function.line)
        for body in bodies:
            for depth, text, line in body:
                self.write(depth, text, line)
        if self._is_resumable:
            self.write(1, "function.resumable = resumable", function.line)
        self.write(1, "return function", function.line)
        return name

    def write(self, depth: int, text: str, line: int) -> None:
        self.text.append(INDENT * depth + text)
        self.lines.append(line)


class _FunctionCompiler:
    """Writes one function. Nested ones are written before it, as factories."""

    #: What it is called in its factory.
    form = "function"

    def __init__(self, writer: _Writer, function: nodes.Function) -> None:
        self._writer = writer
        self._function = function
        self._pending: list[tuple[int, str, int]] = []
        self._depth = 1
        self._temporaries = 0
        self._zero: float | None = None
        self._line = function.line

    def compile(self) -> list[tuple[int, str, int]]:
        """The lines of the function: how far in, the text, the script's line."""
        function = self._function
        parameters = [f"{_name(parameter)}=None" for parameter in function.parameters]
        rest = "*rest" if function.is_vararg else "*_"
        self._emit(f"def {self.form}({', '.join([*parameters, rest])}):")
        self._depth = 2
        for parameter in function.parameters:
            if parameter.is_captured:
                self._emit(f"{_name(parameter)} = [{_name(parameter)}]")
        self._emit("tick()")
        self._block(function.body)
        self._emit("return []")
        return self._pending

    def _emit(self, text: str) -> None:
        self._pending.append((self._depth, text, self._line))

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    # --- statements -------------------------------------------------------------------------------

    def _block(self, body: Iterable[nodes.Statement]) -> None:
        written = len(self._pending)
        for statement in body:
            self._line = statement.line
            getattr(self, f"_write_{type(statement).__name__}")(statement)
        if len(self._pending) == written:
            self._emit("pass")

    def _indented(self, body: Iterable[nodes.Statement]) -> None:
        self._depth += 1
        self._block(body)
        self._depth -= 1

    def _write_LocalDeclaration(self, statement: nodes.LocalDeclaration) -> None:
        values = self._adjusted(statement.values, len(statement.locals))
        for local, value in zip(statement.locals, values, strict=True):
            self._declare(local, value)

    def _declare(self, local: nodes.Local, value: str) -> None:
        self._emit(
            f"{_name(local)} = [{value}]" if local.is_captured else f"{_name(local)} = {value}"
        )

    def _write_LocalFunction(self, statement: nodes.LocalFunction) -> None:
        if statement.local.is_captured:
            self._emit(f"{_name(statement.local)} = [None]")
        closure = self._closure(statement.function)
        place = _name(statement.local) + ("[0]" if statement.local.is_captured else "")
        self._emit(f"{place} = {closure}")

    def _write_Assignment(self, statement: nodes.Assignment) -> None:
        if len(statement.targets) == len(statement.values) == 1:
            place = self._place(statement.targets[0])
            self._store(statement.targets[0], place, self._expression(statement.values[0]))
            return
        places = [self._place(target) for target in statement.targets]
        values = self._adjusted(statement.values, len(places), own=True)
        for target, place, value in reversed(
            list(zip(statement.targets, places, values, strict=True))
        ):
            self._store(target, place, value)

    def _place(self, target: nodes.Expression) -> tuple[str, str]:
        """Owner and key of a target that is an element of a table, evaluated."""
        if not isinstance(target, nodes.Index):
            return "", ""
        return self._operand(target.owner), self._operand(target.key)

    def _store(self, target: nodes.Expression, place: tuple[str, str], value: str) -> None:
        match target:
            case nodes.LocalName(local=local):
                self._emit(
                    f"{_name(local)}[0] = {value}"
                    if local.is_captured
                    else f"{_name(local)} = {value}"
                )
            case nodes.GlobalName(name=name):
                self._emit(f"set_global({name!r}, {value})")
            case nodes.Index(owner=owner):
                self._emit(
                    f"set_index({place[0]}, {place[1]}, {value}, {self._described(owner)!r})"
                )

    def _write_CallStatement(self, statement: nodes.CallStatement) -> None:
        self._emit(self._call(statement.call))

    def _write_Do(self, statement: nodes.Do) -> None:
        self._block(statement.body)

    def _write_While(self, statement: nodes.While) -> None:
        self._emit("while True:")
        self._depth += 1
        self._emit("tick()")
        condition = self._condition(statement.condition)
        if condition != "True":
            self._emit(f"if not ({condition}): break")
        self._block(statement.body)
        self._depth -= 1

    def _write_Repeat(self, statement: nodes.Repeat) -> None:
        self._emit("while True:")
        self._depth += 1
        self._emit("tick()")
        self._block(statement.body)
        if not (statement.body and isinstance(statement.body[-1], nodes.Return | nodes.Break)):
            self._line = statement.condition.line
            self._emit(f"if {self._condition(statement.condition)}: break")
        self._depth -= 1

    def _write_If(self, statement: nodes.If) -> None:
        depth = self._depth
        for number, (condition, body) in enumerate(statement.branches):
            if number:
                self._emit("else:")
                self._depth += 1
            self._line = condition.line
            self._emit(f"if {self._condition(condition)}:")
            self._indented(body)
        if statement.otherwise:
            self._emit("else:")
            self._indented(statement.otherwise)
        self._depth = depth

    def _write_NumericFor(self, statement: nodes.NumericFor) -> None:
        rounds = _constant_rounds(statement)
        name = _name(statement.local)
        if rounds:
            self._emit(f"for {name} in {tuple(rounds)!r}:")
        else:
            start, stop = self._operand(statement.start), self._operand(statement.stop)
            step = self._operand(statement.step) if statement.step else "1.0"
            self._emit(f"for {name} in numeric_range({start}, {stop}, {step}):")
        self._depth += 1
        if not rounds or _has_loop(statement.body):
            self._emit("tick()")
        if statement.local.is_captured:
            self._emit(f"{name} = [{name}]")
        self._block(statement.body)
        self._depth -= 1

    def _write_GenericFor(self, statement: nodes.GenericFor) -> None:
        function, state, control = self._adjusted(statement.values, 3)
        names = [_name(local) for local in statement.locals]
        results = self._temporary()
        self._emit(f"for {results} in generic_for({function}, {state}, {control}):")
        self._depth += 1
        self._emit("tick()")
        if len(names) == 2:
            self._emit(
                f"{names[0]}, {names[1]} ="
                f" {results} if len({results}) == 2 else adjust({results}, 2)"
            )
        else:
            self._emit(f"{', '.join(names)}, = adjust({results}, {len(names)})")
        for local in statement.locals:
            if local.is_captured:
                self._emit(f"{_name(local)} = [{_name(local)}]")
        self._block(statement.body)
        self._depth -= 1

    def _write_Return(self, statement: nodes.Return) -> None:
        values = statement.values
        if len(values) == 1 and isinstance(values[0], nodes.Call | nodes.MethodCall):
            self._emit(f"return {self._call(values[0])}")
        else:
            self._emit(f"return {self._list(values)}")

    def _write_Break(self, _: nodes.Break) -> None:
        self._emit("break")

    # --- lists of expressions ---------------------------------------------------------------------

    def _list(self, values: list[nodes.Expression]) -> str:
        """All values as a Python list; a call or ``...`` at the end gives all it has."""
        parts = [self._operand(value) for value in values[:-1]]
        if values:
            last = values[-1]
            parts.append(f"*{self._many(last)}" if _is_many(last) else self._expression(last))
        return f"[{', '.join(parts)}]"

    def _many(self, value: nodes.Expression) -> str:
        if isinstance(value, nodes.Vararg):
            return "rest"
        assert isinstance(value, nodes.Call | nodes.MethodCall)  # noqa: S101  # see _is_many
        return self._call(value)

    def _adjusted(
        self, values: list[nodes.Expression], wanted: int, *, own: bool = False
    ) -> list[str]:
        """Exactly ``wanted`` values; ``own`` ones do not change when a variable does."""
        operand = self._owned if own or wanted > 1 else self._expression
        if (
            values
            and _is_many(values[-1])
            and not self._is_single(values[-1])
            and len(values) <= wanted
            and not (
                len(values) == wanted and not isinstance(values[-1], nodes.Vararg) and wanted == 1
            )
        ):
            given = [operand(value) for value in values[:-1]]
            missing = wanted - len(given)
            results = self._temporary()
            self._emit(f"{results} = adjust({self._many(values[-1])}, {missing})")
            return [*given, *(f"{results}[{at}]" for at in range(missing))]
        given = [operand(value) for value in values]
        return (given + ["None"] * wanted)[:wanted]

    def _constant(self, value: Any) -> str:
        """Lua keeps equal constants of a function once, and 0 equals -0: the first one stays."""
        if value.__class__ is float and value == 0.0:
            if self._zero is None:
                self._zero = value
            value = self._zero
        text = _constant(value)
        # A minus binds weaker than the dot of ``-0.0.__class__``.
        return f"({text})" if text[0] == "-" else text

    # --- expressions ------------------------------------------------------------------------------

    def _operand(self, value: nodes.Expression) -> str:
        """Something that can be mentioned twice: a constant, a name."""
        match value:
            case nodes.Constant():
                return self._constant(value.value)
            case nodes.LocalName(local=local) if not local.is_captured:
                return self._stable(local)
            case nodes.GlobalName() if self._is_argument_table(value):
                return self._expression(value)
        text = self._expression(value)
        name = self._temporary()
        self._emit(f"{name} = {text}")
        return name

    def _stable(self, local: nodes.Local) -> str:
        return _name(local)

    def _name_of(self, value: nodes.Expression) -> str:
        """As an operand; a constant gets a name, for Python warns of ``1.0()`` and its like."""
        return self._owned(value) if isinstance(value, nodes.Constant) else self._operand(value)

    def _owned(self, value: nodes.Expression) -> str:
        """A name or a constant that no later assignment changes."""
        if isinstance(value, nodes.Constant):
            return self._constant(value.value)
        name = self._temporary()
        self._emit(f"{name} = {self._expression(value)}")
        return name

    def _expression(self, value: nodes.Expression) -> str:
        """Python for a value, to be used once and at once."""
        text: str = getattr(self, f"_read_{type(value).__name__}")(value)
        return text

    def _read_Constant(self, value: nodes.Constant) -> str:
        return self._constant(value.value)

    def _read_Vararg(self, _: nodes.Vararg) -> str:
        return "(rest[0] if rest else None)"

    def _read_LocalName(self, value: nodes.LocalName) -> str:
        return _name(value.local) + ("[0]" if value.local.is_captured else "")

    def _read_GlobalName(self, value: nodes.GlobalName) -> str:
        if self._is_argument_table(value):
            return _text(value.name)
        return self._direct(value) or f"get_global({value.name!r})"

    def _is_argument_table(self, value: nodes.Expression) -> bool:
        """KEYS or ARGV: no script can put anything else in their place while it runs."""
        return (
            isinstance(value, nodes.GlobalName)
            and value.name in ARGUMENT_TABLES
            and self._writer.has_arguments
        )

    def _direct(self, value: nodes.Expression) -> str | None:
        """The name in compiled code of a function that no script can change."""
        if self._function.parent is None and not self._writer.main_is_direct:
            return None
        match value:
            case nodes.GlobalName(name=name) if name in self._writer.known.get(b"_G", ()):
                return direct_name(b"_G", name)
            case nodes.Index(
                owner=nodes.GlobalName(name=library), key=nodes.Constant(value=bytes() as name)
            ) if name in self._writer.known.get(library, ()):
                return direct_name(library, name)
        return None

    def _read_Parenthesized(self, value: nodes.Parenthesized) -> str:
        return self._expression(value.inner)

    def _read_Closure(self, value: nodes.Closure) -> str:
        return self._closure(value.function)

    def _closure(self, function: nodes.Function) -> str:
        factory = self._writer.write_factory(function)
        return f"{factory}({', '.join(_name(local) for local in function.captures)})"

    def _read_Index(self, value: nodes.Index) -> str:
        if direct := self._direct(value):
            return direct
        owner, key = self._name_of(value.owner), self._operand(value.key)
        self._line = value.line
        name = self._described(value.owner)
        slow = f"index({owner}, {key}, {name!r})" if name else f"index({owner}, {key})"
        if isinstance(value.key, nodes.Constant):
            return self._index_by_constant(value, owner, key, slow)
        return (
            f"({owner}.array[int({key}) - 1] if {owner}.__class__ is Table"
            f" and {key}.__class__ is float and 1.0 <= {key} <= len({owner}.array)"
            f" and {key} == int({key}) else {slow})"
        )

    def _index_by_constant(self, value: nodes.Index, owner: str, key: str, slow: str) -> str:
        constant = value.key.value if isinstance(value.key, nodes.Constant) else None
        is_table = f"{owner}.__class__ is Table and "
        if isinstance(constant, bytes):
            plain = f"{is_table}{owner}.metatable is None"
            return f"({owner}.hash.get({key}) if {plain} else {slow})"
        if isinstance(constant, float) and constant.is_integer() and 1 <= constant <= 64:
            if self._is_argument_table(value.owner):
                is_table = ""
            size = f"len({owner}.array) >= {int(constant)}"
            return f"({owner}.array[{int(constant) - 1}] if {is_table}{size} else {slow})"
        return slow

    def _read_Call(self, value: nodes.Call) -> str:
        return self._single(value) or self._first(self._call(value))

    def _single(self, value: nodes.Expression) -> str | None:
        """Python for a call of a library function that gives one value, and so needs no list."""
        if not isinstance(value, nodes.Call) or len(value.arguments) != 1:
            return None
        function = _SINGLE.get(self._direct(value.function) or "")
        if function is None or _is_many(value.arguments[0]):
            return None
        argument = self._expression(value.arguments[0])
        self._line = value.line
        return f"{function}({argument})"

    def _is_single(self, value: nodes.Expression) -> bool:
        return (
            isinstance(value, nodes.Call)
            and len(value.arguments) == 1
            and not _is_many(value.arguments[0])
            and (self._direct(value.function) or "") in _SINGLE
        )

    def _read_MethodCall(self, value: nodes.MethodCall) -> str:
        return self._first(self._call(value))

    def _first(self, call: str) -> str:
        results = self._temporary()
        self._emit(f"{results} = {call}")
        return f"({results}[0] if {results} else None)"

    def _call(self, value: nodes.Call | nodes.MethodCall) -> str:
        """Python for a call, which gives a list."""
        arguments: list[str] = []
        direct = self._direct(value.function) if isinstance(value, nodes.Call) else None
        if direct:
            function = name = direct
        elif isinstance(value, nodes.MethodCall):
            owner = self._name_of(value.owner)
            self._line = value.line
            function = self._temporary()
            self._emit(
                f"{function} = index({owner}, {value.name!r}, {self._described(value.owner)!r})"
            )
            arguments.append(owner)
            name = f"method '{_text(value.name)}'"
        else:
            function = self._name_of(value.function)
            name = self._described(value.function)
        arguments += [self._owned_argument(argument) for argument in value.arguments[:-1]]
        if value.arguments:
            last = value.arguments[-1]
            arguments.append(f"*{self._many(last)}" if _is_many(last) else self._expression(last))
        self._line = value.line
        if direct == "string_find" and len(value.arguments) == 2:
            pattern = value.arguments[1]
            if isinstance(pattern, nodes.Constant) and isinstance(pattern.value, bytes):
                element = _ONE_CLASS.fullmatch(pattern.value)
                if element:
                    return f"find_all_of({arguments[0]}, {fitting(element[1])!r}, {arguments[1]})"
        return self._call_of(function, name, ", ".join(arguments), is_direct=direct is not None)

    def _call_of(self, function: str, name: str, given: str, *, is_direct: bool) -> str:
        safe = f"{function}({given})"
        if is_direct:
            return safe
        if len(given) > 200:
            return f"call_named({function}, {name!r}, {given})"
        slow = f"call_named({function}, {name!r}{', ' + given if given else ''})"
        return f"({safe} if {function}.__class__ is Function else {slow})"

    def _owned_argument(self, value: nodes.Expression) -> str:
        """An argument that a call in a later argument must not change."""
        if isinstance(value, nodes.LocalName) and not value.local.is_captured:
            return _name(value.local)
        return self._owned(value)

    def _read_TableConstructor(self, value: nodes.TableConstructor) -> str:
        if not value.items and not value.pairs:
            return "Table()"
        table = self._temporary()
        if not value.pairs and all(
            isinstance(item, nodes.Constant) and item.value is not None for item in value.items
        ):
            return f"Table({self._list(value.items)})"
        pairs = [(self._owned(key), self._owned(item)) for key, item in value.pairs]
        self._emit(f"{table} = new_table({self._list(value.items)})")
        for key, item in pairs:
            self._emit(f"{table}.set({key}, {item})")
        return table

    # --- operators --------------------------------------------------------------------------------

    def _read_Unary(self, value: nodes.Unary) -> str:
        if value.operator == b"not":
            return f"(not ({self._condition(value.operand)}))"
        folded = _fold(value)
        if folded is not None:
            return self._constant(folded)
        operand, name = self._operand(value.operand), self._described(value.operand)
        self._line = value.line
        if value.operator == b"#":
            slow = f"length({operand}, {name!r})"
            return f"(float(len({operand})) if {operand}.__class__ is bytes else {slow})"
        return f"(-{operand} if {operand}.__class__ is float else negate({operand}, {name!r}))"

    def _read_Binary(self, value: nodes.Binary) -> str:
        folded = _fold(value)
        if folded is not None:
            return self._constant(folded)
        if value.operator in (b"and", b"or"):
            return self._logical(value)
        if value.operator in _COMPARISONS or value.operator in (b"==", b"~="):
            return self._comparison(value)
        left, right = self._operands(value)
        names = f"{self._described(value.left)!r}, {self._described(value.right)!r}"
        if value.operator == b"..":
            return (
                f"({left} + {right} if {left}.__class__ is {right}.__class__ is bytes"
                f" and len({left}) + len({right}) < 65536"
                f" else concat({left}, {right}, {names}))"
            )
        event, fast = _ARITHMETIC[value.operator]
        checks = [
            f"{operand}.__class__ is float"
            for operand, side in ((left, value.left), (right, value.right))
            if not _is_number(side)
        ]
        if not checks:
            return f"({fast.format(left, right)})"
        slow = f"arithmetic({event.encode()!r}, {left}, {right}, {names})"
        return f"({fast.format(left, right)} if {' and '.join(checks)} else {slow})"

    def _operands(self, value: nodes.Binary) -> tuple[str, str]:
        number = _fold(value.left)
        if number is not None and value.operator in _ARITHMETIC:
            # Lua keeps a number on the left of arithmetic after what is on its right.
            right = self._operand(value.right)
            self._line = value.line
            return self._constant(number), right
        # A call on the right may change a variable on the left after it was read.
        has_effects = not isinstance(
            value.right, nodes.Constant | nodes.LocalName | nodes.GlobalName
        )
        left = self._owned(value.left) if has_effects else self._operand(value.left)
        right = self._operand(value.right)
        self._line = value.line
        return left, right

    def _comparison(self, value: nodes.Binary) -> str:
        sides = value.left, value.right
        is_constant = all(isinstance(side, nodes.Constant) for side in sides)
        if is_constant and value.operator in (b"==", b"~="):
            is_equal = equal(*(getattr(side, "value", None) for side in sides))
            return str(is_equal is (value.operator == b"=="))
        left, right = self._operands(value)
        if value.operator in (b"==", b"~="):
            text = self._equality(value, left, right)
            return f"({text})" if value.operator == b"==" else f"(not ({text}))"
        operator = _COMPARISONS[value.operator]
        if value.operator in (b">", b">="):
            slow = f"{'less' if operator == '>' else 'less_equal'}({right}, {left})"
        else:
            slow = f"{'less' if operator == '<' else 'less_equal'}({left}, {right})"
        unsure = [
            f"{operand}.__class__"
            for operand, side in ((left, value.left), (right, value.right))
            if not _is_number(side)
        ]
        are_numbers = " is ".join([*unsure, "float"])
        return f"({left} {operator} {right} if {are_numbers} else {slow})"

    def _equality(self, value: nodes.Binary, left: str, right: str) -> str:
        for side, operand in ((value.left, right), (value.right, left)):
            if isinstance(side, nodes.Constant):
                text = self._constant(side.value)
                if side.value is None or isinstance(side.value, bool):
                    return f"{operand} is {text}"
                if isinstance(side.value, bytes):
                    return f"{operand} == {text}"
                # 1.0 == True in Python.
                return f"{operand} == {text} and {operand}.__class__ is float"
        return f"equal({left}, {right})"

    def _logical(self, value: nodes.Binary) -> str:
        """``and`` and ``or`` give an operand, and evaluate the right one only when they must."""
        if _decides_nothing(value):
            return self._expression(value.right)
        result = self._temporary()
        self._emit(f"{result} = {self._expression(value.left)}")
        truth = f"{result} is not None and {result} is not False"
        self._emit(f"if {truth}:" if value.operator == b"and" else f"if not ({truth}):")
        self._depth += 1
        self._emit(f"{result} = {self._expression(value.right)}")
        self._depth -= 1
        return result

    def _condition(self, value: nodes.Expression) -> str:
        """Python that is true where Lua's value is."""
        if _fold(value) is not None:
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
            case nodes.Binary(operator=b"and" | b"or") if not _decides_nothing(value):
                return self._decided(value)
        operand = self._operand(value)
        return f"{operand} is not None and {operand} is not False"

    def _decided(self, value: nodes.Binary) -> str:
        """As ``_logical``, where only the truth of the result is asked for."""
        number = _fold(value.left)
        if number is not None:
            self._constant(number)  # which Lua keeps, though it decides nothing
        result = self._temporary()
        self._emit(f"{result} = {self._condition(value.left)}")
        self._emit(f"if {result}:" if value.operator == b"and" else f"if not {result}:")
        self._depth += 1
        self._emit(f"{result} = {self._condition(value.right)}")
        self._depth -= 1
        return result

    def _described(self, value: nodes.Expression) -> str:
        """What Lua calls a value in an error: by the name it has in the source."""
        match value:
            case nodes.LocalName(local=local):
                kind = "local" if local.owner is self._function else "upvalue"
                return f"{kind} '{_text(local.name)}'"
            case nodes.GlobalName(name=name):
                return f"global '{_text(name)}'"
            case nodes.Index(key=nodes.Constant(value=bytes() as key)):
                return f"field '{_text(key)}'"
            case nodes.Index():
                return "field '?'"
            case nodes.Parenthesized(inner=inner):
                return self._described(inner)
            case nodes.Binary() if _decides_nothing(value):
                return self._described(value.right)
        return ""


class _ResumableCompiler(_FunctionCompiler):
    """Writes the second form of a function: a generator, in which a coroutine can stop."""

    form = "resumable"

    def compile(self) -> list[tuple[int, str, int]]:
        lines = super().compile()
        return [*lines, (2, "yield", self._function.line)]  # never reached: makes it a generator

    def _call_of(self, function: str, name: str, given: str, *, is_direct: bool) -> str:
        if function == direct_name(b"coroutine", b"yield"):
            return f"(yield [{given}])"
        if is_direct:
            return f"{function}({given})"
        return f"(yield from enter({function}, {name!r}, {given}))"


# --- names and constants --------------------------------------------------------------------------


def direct_name(library: bytes, name: bytes) -> str:
    """What compiled code calls a function of a library, or a global one (of ``_G``)."""
    return f"{library.decode()}_{name.decode()}"


def _name(local: nodes.Local) -> str:
    return f"v{local.number}"


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _constant(value: Any) -> str:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"float('{value}')"
    return repr(value)


def _is_many(value: nodes.Expression) -> bool:
    return isinstance(value, nodes.Call | nodes.MethodCall | nodes.Vararg)


def _constant_rounds(loop: nodes.NumericFor) -> list[float]:
    """The values of a short loop between whole constants; none for any other loop."""
    bounds = [_fold(loop.start), _fold(loop.stop), _fold(loop.step) if loop.step else 1.0]
    whole = [int(bound) for bound in bounds if bound is not None and bound.is_integer()]
    if len(whole) < 3 or not whole[2] or 0.0 in bounds[:2]:  # zero may be negative
        return []
    start, stop, step = whole
    values = range(start, stop + (1 if step > 0 else -1), step)
    return [float(value) for value in values] if len(values) <= _SHORT_LOOP_ROUNDS else []


def _has_loop(body: list[nodes.Statement]) -> bool:
    for statement in body:
        match statement:
            case nodes.While() | nodes.Repeat() | nodes.NumericFor() | nodes.GenericFor():
                return True
            case nodes.Do(body=inner) if _has_loop(inner):
                return True
            case nodes.If(branches=branches, otherwise=otherwise):
                if any(map(_has_loop, [*(inner for _, inner in branches), otherwise])):
                    return True
    return False


def _is_number(value: nodes.Expression) -> bool:
    return isinstance(value, nodes.Constant) and isinstance(value.value, float)


def _decides_nothing(value: nodes.Binary) -> bool:
    """Whether the left side of an ``and`` or ``or`` is a constant that Lua leaves out."""
    return value.operator in (b"and", b"or") and _truth(value.left) is (value.operator == b"and")


def _truth(value: nodes.Expression) -> bool | None:
    """Whether a value is true, where Lua knows it when it compiles."""
    match value:
        case nodes.Constant():
            return value.value is not None and value.value is not False
        case nodes.Parenthesized(inner=inner):
            return _truth(inner)
        case nodes.Unary(operator=b"not"):
            truth = _truth(value.operand)
            return None if truth is None else not truth
        case nodes.Binary() if _decides_nothing(value):
            return _truth(value.right)
    return None if _fold(value) is None else True


def _fold(value: nodes.Expression) -> float | None:
    """The number that an expression of constants amounts to, if it is one that Lua folds."""
    match value:
        case nodes.Constant(value=float() as number):
            return number
        case nodes.Parenthesized(inner=inner):
            return _fold(inner)
        case nodes.Unary(operator=b"-", operand=operand):
            negated = _fold(operand)
            return None if negated is None else -negated
        case nodes.Binary(operator=b"and"):
            return None if _fold(value.left) is None else _fold(value.right)
        case nodes.Binary(operator=b"+" | b"-" | b"*" | b"/" | b"%" | b"^" as operator):
            left, right = _fold(value.left), _fold(value.right)
            if left is None or right is None:
                return None
            result = _folded(operator, left, right)
            # Lua, too, leaves what is no number to the run: a constant has no sign of NaN.
            return None if result is None or result != result else result
    return None


def _folded(operator: bytes, a: float, b: float) -> float | None:
    if operator == b"/":
        return a / b if b else None
    if operator == b"%":
        return modulo(a, b) if b else None
    if operator == b"^":
        return power(a, b)
    return {b"+": a + b, b"-": a - b, b"*": a * b}[operator]
