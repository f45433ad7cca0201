"""Syntax tree to Python: each Lua function becomes a Python function.

``expressions``, ``calls`` and ``statements`` write the lines of one function; here they are put
together. A captured local lives in a one-element list that the functions share; an inner function
is made by a factory that takes those cells, so each round of a loop has variables of its own.
Python's own line numbers lead back from an error to the line of the script.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from types import CodeType

from . import nodes
from .bodies import CODE_NAME, PART, Known, Line, Writer, name_of, text_of
from .budget import GENERATOR_WEIGHT
from .calls import YIELD
from .named import NamedCommand
from .statements import Statements


@dataclass(frozen=True, slots=True)
class Compiled:
    """Python that defines ``make_main``, and the script's line for each of its lines."""

    source: str
    lines: list[int]
    #: For some of its lines, what the script calls the function that is called there.
    callees: dict[int, str]
    #: The commands that it calls, by the names it gives them here.
    commands: dict[str, NamedCommand]
    #: The libraries that it may reach; None for any of them.
    libraries: frozenset[bytes] | None
    #: Those of KEYS and ARGV that must be there as tables; the others may be sequences.
    tables: frozenset[bytes]

    def code(self) -> CodeType:
        """Raises SyntaxError, MemoryError or RecursionError where Python nests less than Lua."""
        return compile(self.source, CODE_NAME, "exec")


def compile_chunk(
    chunk: nodes.Chunk,
    known: Known,
    *,
    is_resumable: bool = False,
    main_is_direct: bool = True,
    is_alone: bool = True,
) -> Compiled:
    """Python for a whole source; ``known`` is what ``direct_name`` will be given for.

    ``is_resumable`` gives every function a second form, in which coroutines run. Without
    ``main_is_direct`` the main function looks up what the others know to be there. ``is_alone``
    says that no other chunk has handed, or will hand, anything to this one.
    """
    writer = Writer(
        chunk,
        known,
        is_resumable=is_resumable,
        main_is_direct=main_is_direct,
        is_alone=is_alone,
    )
    factories = _Factories(writer)
    factories.write(chunk.main)
    libraries = frozenset(chunk.globals) if writer.is_alone else None
    return Compiled(
        "\n".join(writer.text),
        writer.lines,
        writer.callees,
        writer.commands,
        libraries,
        frozenset(writer.tables),
    )


class _Factories:
    """Writes what makes each function: ``make_1(cells) -> function``."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._names: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._names)

    def write(self, function: nodes.Function) -> str:
        """Write a factory unless it is there, or begun, and return its name."""
        name = self._names.get(id(function))
        if name is not None:
            return name
        name = f"make_{len(self._names)}" if function.parent else "make_main"
        self._names[id(function)] = name
        # Before it stand the factories of the functions inside.
        form = _FunctionCompiler(self, self._writer, function)
        part, at = PART if function.is_lifted else "", function.line
        bodies = {form.form: form.compile()}
        others: list[type[_FunctionCompiler]] = []
        if form.has_tail_calls and function.parent is not None and not function.is_lifted:
            others.append(_BouncedCompiler)
        if self._writer.is_resumable:
            others.append(_ResumableCompiler)
        for other in others:
            bodies[other.form] = other(self, self._writer, function).compile()
        lines = [Line(0, f"def {name}({', '.join(map(name_of, function.captures))}):", at)]
        lines += chain.from_iterable(bodies.values())
        lines += [Line(1, f"{form.name}.{each.form} = {part}{each.form}", at) for each in others]
        for line in [*lines, Line(1, f"return {form.name}", at)]:
            self._writer.write(line)
        return name


class _FunctionCompiler(Statements):
    """Writes one function. Nested ones are written before it, as factories."""

    #: What it is called in its factory, and how many calls deep one of it counts.
    form, weight = "function", 1

    def __init__(self, factories: _Factories, writer: Writer, function: nodes.Function) -> None:
        super().__init__(writer, function)
        self._init_constants()
        self._factories = factories
        self.name = (PART if function.is_lifted else "") + self.form

    def compile(self) -> list[Line]:
        """The lines of the function."""
        function = self._function
        parameters = [f"{name_of(parameter)}=None" for parameter in function.parameters]
        rest = "*rest" if function.is_vararg else "*_"
        self._emit(f"def {self.name}({', '.join([*parameters, rest])}):")
        self._depth = 2
        for parameter in function.parameters:
            if parameter.is_captured:
                self._emit(f"{name_of(parameter)} = [{name_of(parameter)}]")
        if function.whole.parent is not None and not function.is_lifted:
            self._emit(f"enter({self.weight})")
        begun = len(self._pending)
        self._block(function.body)
        if not (function.body and isinstance(function.body[-1], nodes.Return)):
            self._leave("None" if function.is_lifted else "[]")
        self._pending[begun:begun] = self._element_lines()
        return self._pending

    def _element_lines(self) -> list[Line]:
        """What reads the elements of KEYS and ARGV that nobody changes, once.

        It is written last: then it is known whether anything needs the whole tables.
        """
        lines = []
        for (table, at), name in self._elements.items():
            is_table = table in self._writer.tables
            items = text_of(table) + (".array" if is_table else "")
            text = f"{name} = {items}[{at - 1}] if len({items}) >= {at} else None"
            lines.append(Line(2, text, self._function.line))
        return lines

    def _leave(self, results: str, callee: str | None = None) -> None:
        if self._function.parent is not None and not self._function.is_lifted:
            if results != "[]":
                results, callee = self._named(results, callee), None
            self._emit(f"budget.depth -= {self.weight}")
        self._emit(f"return {results}", callee)

    def _closure(self, function: nodes.Function) -> str:
        factory = self._factories.write(function)
        return f"{factory}({', '.join(map(name_of, function.captures))})"

    def _read_Closure(self, value: nodes.Closure) -> str:
        return self._closure(value.function)


class _BouncedCompiler(_FunctionCompiler):
    """Writes the form that ``tail_call`` runs: it gives back what is to be called in its place."""

    form = "bounced"

    def _tail_call_of(self, function: str, name: str, given: list[str]) -> str:
        slow = self._named_call(function, name, given)
        return f"({_tail(function, given)} if {function}.__class__ is Function else {slow})"


class _ResumableCompiler(_FunctionCompiler):
    """Writes the second form of a function: a generator, in which a coroutine can stop."""

    form, weight = "resumable", GENERATOR_WEIGHT

    def compile(self) -> list[Line]:
        lines = super().compile()
        return [
            *lines,
            Line(2, "yield", self._function.line),
        ]  # never reached: makes it a generator

    def _lifted_call(self, function: str, rest: str) -> str:
        return f"(yield from {function}.resumable({rest}))"

    def _deep_tail_call(self, function: str, name: str, given: list[str]) -> str:
        return _tail(function, given)  # for resume_in

    def _call_of(self, function: str, name: str, given: list[str], *, is_direct: bool) -> str:
        if function == YIELD:
            return f"(yield [{', '.join(given)}])"
        if is_direct:
            return f"{function}({', '.join(given)})"
        return f"(yield from {self._named_call(function, name, given, caller='resume_in')})"


def _tail(function: str, given: list[str]) -> str:
    """Python for what is to be called in the place of a function that gives this back."""
    return f"Tail({function}, [{', '.join(given)}])"
