"""Statements to Python. A local is a Python local; one that an inner function uses is a cell.

Loops and calls count steps, so that the host can look in from time to time; code without either
counts one now and then. Functions count how deep they are called into one another.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import nodes
from .bodies import FOR_GENERATOR, Position, array_of, name_of
from .calls import Calls
from .folding import constant_rounds, fold
from .kinds import TRUE, Kind
from .named import Form

#: Lines of Python that count as one step.
LINES_A_STEP = 200
#: Loops over the whole of a table, in forms that need no list for each round.
_TRAVERSALS = {"_G_pairs": "pairs_of", "_G_ipairs": "items_of"}


class Statements(Calls):
    """Writes statements."""

    #: Whether the function goes on with another one where it returns.
    has_tail_calls = False
    #: Loops that are open, in this function of Python.
    _loops = 0

    def _closure(self, function: nodes.Function) -> str:
        """Python that makes a function of Lua."""
        raise NotImplementedError

    def _block(self, body: Iterable[nodes.Statement]) -> None:
        written = len(self._pending)
        stepped = written
        for statement in body:
            self._line = statement.line
            if len(self._pending) - stepped > LINES_A_STEP:
                self._step()
                stepped = len(self._pending)
            getattr(self, f"_write_{type(statement).__name__}")(statement)
        if len(self._pending) == written:
            self._emit("pass")

    def _step(self) -> None:
        self._emit("budget.steps -= 1")
        self._emit("if budget.steps < 0: look()")

    def _indented(self, body: Iterable[nodes.Statement]) -> None:
        self._depth += 1
        self._block(body)
        self._depth -= 1

    # --- variables --------------------------------------------------------------------------------

    def _write_LocalDeclaration(self, statement: nodes.LocalDeclaration) -> None:
        values = self._adjusted(statement.values, len(statement.locals))
        for local, value in zip(statement.locals, values, strict=True):
            self._declare(local, value)

    def _declare(self, local: nodes.Local, value: str) -> None:
        name = name_of(local)
        self._emit(f"{name} = [{value}]" if local.is_captured else _put(local, value))
        if self._has_array(local):
            self._emit(f"{array_of(local)} = {name}.array if {name}.__class__ is Table else ()")

    def _write_LocalFunction(self, statement: nodes.LocalFunction) -> None:
        if statement.local.is_captured:
            self._emit(f"{name_of(statement.local)} = [None]")
        self._emit(_put(statement.local, self._closure(statement.function)))

    def _write_Assignment(self, statement: nodes.Assignment) -> None:
        if len(statement.targets) == len(statement.values) == 1:
            target, value = statement.targets[0], statement.values[0]
            place = self._late_place(target)
            if isinstance(target, nodes.Index) and self._is_plain_field(target, value):
                self._store_field(target, place, self._operand(value))
            else:
                self._store(target, place, self._expression(value))
            return
        places = [self._place(target) for target in statement.targets]
        values = self._adjusted(statement.values, len(places), own=True)
        for target, place, text in reversed(
            list(zip(statement.targets, places, values, strict=True))
        ):
            self._store(target, place, text)

    def _place(self, target: nodes.Expression) -> tuple[str, str]:
        """Owner and key of a target that is an element of a table, evaluated."""
        if not isinstance(target, nodes.Index):
            return "", ""
        return self._owner_and_key(target)

    def _late_place(self, target: nodes.Expression) -> tuple[str, str]:
        """As ``_place``, before a value; locals are read after it, for Lua does not copy them."""
        if not isinstance(target, nodes.Index):
            return "", ""
        sides = target.owner, target.key
        owner, key = (
            self._read_LocalName(side)
            if isinstance(side, nodes.LocalName) and self._is_own(side)
            else self._operand(side)
            for side in sides
        )
        return owner, key

    def _store(self, target: nodes.Expression, place: tuple[str, str], value: str) -> None:
        match target:
            case nodes.LocalName(local=local):
                self._emit(_put(local, value))
            case nodes.GlobalName(name=name):
                self._emit(f"set_global({name!r}, {value})")
            case nodes.Index():
                self._emit(self._set_index(target, place, value))

    def _set_index(self, target: nodes.Index, place: tuple[str, str], value: str) -> str:
        return f"set_index({place[0]}, {place[1]}, {value}, {self._described(target.owner)!r})"

    def _is_plain_field(self, target: nodes.Index, value: nodes.Expression) -> bool:
        """Whether it is a name of a table, or a string, and given a value other than nil."""
        is_set = self._kinds.of(value) in TRUE | {Kind.BOOLEAN}
        return is_set and self._kinds.of(target.key) is Kind.STRING

    def _store_field(self, target: nodes.Index, place: tuple[str, str], value: str) -> None:
        owner, key = place
        plain = f"{owner}.__class__ is Table and not {owner}.readonly"
        if self._writer.has_metatables:
            plain += f" and {owner}.metatable is None"
        self._emit(f"if {plain}: {owner}.hash[{key}] = {value}")
        self._emit(f"else: {self._set_index(target, place, value)}")

    # --- blocks -----------------------------------------------------------------------------------

    def _write_CallStatement(self, statement: nodes.CallStatement) -> None:
        call = statement.call
        if isinstance(call, nodes.Call) and self._is_ignorable(call):
            self._emit(self._command(call, Form.NOTHING))
        elif isinstance(call, nodes.Call) and self._is_single(call):
            self._emit(self._single(call))
        else:
            self._emit(*self._call(call))

    def _write_Lifted(self, statement: nodes.Lifted) -> None:
        """It answers with what it returns, with false where it leaves a loop, else with nil."""
        rest = "*rest" if self._function.is_vararg else ""
        results = self._named(self._lifted_call(self._closure(statement.function), rest))
        if self._loops:
            self._emit(f"if {results} is False: break")
        elif self._function.is_lifted:
            self._emit(f"if {results} is False: return False")
        self._emit(f"if {results} is not None:")
        self._depth += 1
        self._leave(results)
        self._depth -= 1

    def _lifted_call(self, function: str, rest: str) -> str:
        return f"{function}({rest})"

    def _write_Do(self, statement: nodes.Do) -> None:
        self._block(statement.body)

    def _write_While(self, statement: nodes.While) -> None:
        self._emit("while True:")
        self._depth += 1
        self._step()
        condition = self._condition(statement.condition)
        if condition != "True":
            self._emit(f"if not ({condition}): break")
        self._loop_body(statement.body)
        self._depth -= 1

    def _write_Repeat(self, statement: nodes.Repeat) -> None:
        self._emit("while True:")
        self._depth += 1
        self._step()
        self._loop_body(statement.body)
        if not (statement.body and isinstance(statement.body[-1], nodes.Return | nodes.Break)):
            self._line = statement.condition.line
            self._emit(f"if {self._condition(statement.condition)}: break")
        self._depth -= 1

    def _write_If(self, statement: nodes.If) -> None:
        depth = self._depth
        for number, (condition, body) in enumerate(statement.branches):
            self._line = condition.line
            if number and not self._elseif(condition):
                self._emit("else:")
                self._depth += 1
                self._emit(f"if {self._condition(condition)}:")
            elif not number:
                self._emit(f"if {self._condition(condition)}:")
            self._indented(body)
        if statement.otherwise:
            self._emit("else:")
            self._indented(statement.otherwise)
        self._depth = depth

    def _elseif(self, condition: nodes.Expression) -> bool:
        """Write ``elif``, if the condition needs no lines of its own: Python nests 100 deep."""
        written, temporaries = len(self._pending), self._temporaries
        text = self._condition(condition)
        if len(self._pending) > written:
            del self._pending[written:]
            self._temporaries = temporaries
            return False
        self._emit(f"elif {text}:")
        return True

    # --- loops ------------------------------------------------------------------------------------

    def _write_NumericFor(self, statement: nodes.NumericFor) -> None:
        rounds = constant_rounds(statement)
        name = name_of(statement.local)
        if rounds:
            self._kept(fold(statement.start))
            self._kept(fold(statement.stop))
        if rounds and not statement.local.values:
            position = self._temporary()
            self._positions[statement.local] = Position(position, rounds)
            numbered = tuple((value, int(value) - 1) for value in rounds)
            self._emit(f"for {name}, {position} in {numbered!r}:")
        elif rounds:
            self._emit(f"for {name} in {tuple(rounds)!r}:")
        else:
            start, stop = self._operand(statement.start), self._operand(statement.stop)
            step = self._operand(statement.step) if statement.step else "1.0"
            self._emit(f"for {name} in counted({start}, {stop}, {step}):")
        self._depth += 1
        if rounds and _has_loop(statement.body):
            self._step()
        self._write_round([statement.local], statement.body)

    def _write_GenericFor(self, statement: nodes.GenericFor) -> None:
        names = [name_of(local) for local in statement.locals]
        traversal = self._traversal(statement)
        if traversal:
            self._emit(f"for {names[0]}, {names[1] if names[1:] else '_'} in {traversal}:")
            self._depth += 1
            self._step()
        else:
            function, state, control = self._adjusted(statement.values, 3)
            results = self._temporary()
            rounds = f"generic_for({function}, {state}, {control})"
            self._emit(f"for {results} in {rounds}:", FOR_GENERATOR)
            self._depth += 1
            self._step()
            self._emit(f"{', '.join(names)}, = adjust({results}, {len(names)})")
        self._write_round(statement.locals, statement.body)

    def _write_round(self, variables: list[nodes.Local], body: list[nodes.Statement]) -> None:
        """The body of a loop, whose variables are new in each round."""
        for local in variables:
            if local.is_captured:
                self._emit(f"{name_of(local)} = [{name_of(local)}]")
        self._loop_body(body)
        self._depth -= 1

    def _loop_body(self, body: list[nodes.Statement]) -> None:
        self._loops += 1
        self._block(body)
        self._loops -= 1

    def _traversal(self, statement: nodes.GenericFor) -> str | None:
        """``pairs`` and ``ipairs`` of one table, without the iterator in between."""
        if len(statement.locals) > 2 or len(statement.values) != 1:
            return None
        call = statement.values[0]
        if not isinstance(call, nodes.Call) or len(call.arguments) != 1:
            return None
        traversal = _TRAVERSALS.get(self._direct(call.function) or "")
        if traversal is None or self._is_many(call.arguments[0]):
            return None
        return f"{traversal}({self._operand(call.arguments[0])})"

    # --- endings ----------------------------------------------------------------------------------

    def _write_Return(self, statement: nodes.Return) -> None:
        values = statement.values
        call = values[0] if len(values) == 1 else None
        if isinstance(call, nodes.Call | nodes.MethodCall) and self._is_tail(call):
            self.has_tail_calls = True
            self._leave(*self._tail_call(call))
        elif self._answers(values):
            self._leave(self._answer(values[0]))
        elif isinstance(call, nodes.Call | nodes.MethodCall):
            self._leave(*self._call(call))
        else:
            self._leave(self._list(values))

    def _answers(self, values: list[nodes.Expression]) -> bool:
        """Whether this is the whole answer of a script that nobody else gets to see."""
        return len(values) == 1 and self._function.parent is None and self._writer.is_alone

    def _answer(self, value: nodes.Expression) -> str:
        """A command's reply, which stays as it is, or elements of which no table is made first."""
        if isinstance(value, nodes.Call) and self._is_ignorable(value):
            return f"[{self._command(value, Form.ANSWER)}]"
        if isinstance(value, nodes.TableConstructor) and all(
            key is None for key, _ in value.fields
        ):
            return f"[{self._elements_of([item for _, item in value.fields])}]"
        return self._list([value])

    def _elements_of(self, items: list[nodes.Expression]) -> str:
        if items and isinstance(items[-1], nodes.Call) and self._is_ignorable(items[-1]):
            before = [self._operand(item) for item in items[:-1]]
            return f"[{', '.join([*before, self._command(items[-1], Form.ANSWER)])}]"
        return self._list(items)

    def _leave(self, results: str, callee: str | None = None) -> None:
        """Return from the function, which is then one call less deep."""
        raise NotImplementedError

    def _write_Break(self, _: nodes.Break) -> None:
        self._emit("break" if self._loops else "return False")


def _put(local: nodes.Local, value: str) -> str:
    return f"{name_of(local)}[0] = {value}" if local.is_captured else f"{name_of(local)} = {value}"


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
            case nodes.Lifted():
                return True
    return False
