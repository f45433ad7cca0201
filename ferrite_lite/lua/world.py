"""What compiled Lua finds around it: the globals, the libraries, the budget."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from . import arguments as args
from . import baselib, bitlib, cmsgpack, mathlib, runtime, stringlib, structlib, tablelib
from .bodies import ARGUMENT_TABLES, direct_name
from .budget import (
    SLOT_BYTES,
    SMALL_BYTES,
    STACK_OVERFLOW,
    Budget,
    current,
    reserve,
    spend,
    with_room,
)
from .cjson import Codec
from .compiler import Compiled, compile_chunk
from .coroutines import Coroutines, resume_in
from .errors import LuaError, LuaSyntaxError
from .host import ScriptHost
from .loops import NumericLoops, generic_for, items_of, pairs_of
from .named import NamedCommand
from .parser import parse
from .redislib import RedisLibrary, error_handler, word
from .runtime import LuaFunction, Results, Table, Tail, Value, call_named, spread, tail_call
from .shared import Shared
from .tracing import (
    CALLEES,
    CHUNK,
    LINES,
    SYNTAX_ID_BYTES,
    located,
    position_here,
    shown_chunk,
)

#: Elements of a table that are not counted: they are as little as a small string.
FEW_ITEMS = SMALL_BYTES // SLOT_BYTES
#: What ``load`` takes, in steps: for any source, and for how many bytes of it one more.
COMPILING_STEPS, COMPILED_A_STEP = 500, 2


class World:
    """The world of one script, or of one library of functions: they share nothing but the data."""

    def __init__(self, shared: Shared, *, is_of_functions: bool, is_resumable: bool) -> None:
        """``is_resumable`` compiles everything for coroutines."""
        self.redis = RedisLibrary(shared.version, is_of_functions=is_of_functions)
        self._is_of_functions = is_of_functions
        self._is_resumable = is_resumable
        self._randomness = shared.randomness
        self._codec = Codec()
        self._coroutines = Coroutines()
        self._budget = Budget()
        self.globals = self._make_globals()
        #: Those of KEYS and ARGV that it wants as tables.
        self.tables: frozenset[bytes] = frozenset()
        #: What forgets what an earlier run has left in the libraries that this one may reach.
        self._restarts: list[Callable[[], None]] = []
        #: The functions that compiled code refers to directly, by library.
        self.known = _functions_by_library(self.globals)

    def begin(self, host: ScriptHost) -> None:
        """Forget what an earlier run has left, before another one, which ``end`` must follow."""
        self.redis.host, self.redis.resp = host, 2
        for restart in self._restarts:
            restart()
        self._budget.begin(host)

    def end(self) -> None:
        """A run is over, however it ended."""
        self._budget.end()

    def load(
        self, source: bytes, chunk: bytes, *, is_alone: bool = True, is_first: bool = True
    ) -> LuaFunction:
        """A text as a function, which is called without arguments. Raises LuaSyntaxError.

        ``is_alone`` says that no other is loaded before it, ``is_first`` that none is running.
        """
        try:
            nested = 0 if is_first else current().callbacks
            compiled = with_room(self._compile, source, is_alone, nested)
            code = compiled.code()
        except (RecursionError, MemoryError, SyntaxError):
            raise LuaSyntaxError(1, "chunk has too many syntax levels") from None
        namespace = self.namespace(compiled.lines, chunk)
        namespace[CALLEES] = compiled.callees
        namespace.update(self.commands(compiled.commands))
        exec(code, namespace)  # noqa: S102  # our own compiler wrote it
        main: LuaFunction = namespace["make_main"]()
        self.tables = compiled.tables
        self._restarts = [
            restart
            for library, restart in (
                (b"cjson", self._codec.restart),
                (b"coroutine", self._coroutines.restart),
            )
            if compiled.libraries is None or library in compiled.libraries
        ]
        return main

    def _compile(self, source: bytes, is_alone: bool, nested: int = 0) -> Compiled:
        is_resumable = self._is_resumable or b"coroutine" in source
        return compile_chunk(
            parse(source, nested),
            self.known,
            is_resumable=is_resumable,
            main_is_direct=not self._is_of_functions,
            is_alone=is_alone,
        )

    def _make_globals(self) -> Table:
        names = Table()
        names.hash.update(baselib.FUNCTIONS)
        names.hash[b"_VERSION"] = b"Lua 5.1"
        names.hash[b"string"] = stringlib.LIBRARY
        names.hash[b"table"] = _library(tablelib.FUNCTIONS)
        math = {**mathlib.FUNCTIONS, **mathlib.CONSTANTS, **self._randomness.functions()}
        names.hash[b"math"] = _library(math)
        names.hash[b"bit"] = _library(bitlib.FUNCTIONS)
        names.hash[b"cjson"] = _library(self._codec.members())
        names.hash[b"cmsgpack"] = _library({**cmsgpack.FUNCTIONS, **cmsgpack.FACTS})
        names.hash[b"coroutine"] = _library(self._coroutines.functions())
        names.hash[b"struct"] = _library(structlib.FUNCTIONS)
        names.hash[b"redis"] = self.redis.table
        if not self._is_of_functions:
            names.hash[b"__redis__err__handler"] = error_handler
        names.hash.update(self._loaders())
        names.hash[b"_G"] = names
        guard = Table()
        guard.hash[b"__index"] = nonexistent_global
        guard.readonly = True
        names.metatable = guard
        names.readonly = True
        return names

    def namespace(self, lines: list[int], chunk: bytes) -> dict[str, Any]:
        """The names that compiled code uses."""
        names = self.globals
        known = names.hash

        def get_global(name: bytes) -> Value:
            value = known.get(name)
            return runtime.index(names, name) if value is None else value

        def set_global(name: bytes, value: Value) -> None:
            names.set(name, value)

        functions = {
            direct_name(library, name): function
            for library, members in self.known.items()
            for name, function in members.items()
        }
        operations = {name: getattr(runtime, name) for name in _OPERATIONS}
        return {
            "__builtins__": {"len": len, "float": float, "bytes": bytes, "int": int},
            CHUNK: chunk,
            LINES: lines,
            **functions,
            **operations,
            "Function": FunctionType,
            **{table.decode(): known.get(table) for table in ARGUMENT_TABLES},
            "call_named": call_named,
            "spread": spread,
            "tail_call": tail_call,
            "Tail": Tail,
            "is_made_of": stringlib.is_made_of,
            "floor": mathlib.floor,
            "tostring": baselib.shown,
            "word": word,
            "resume_in": resume_in,
            "generic_for": generic_for,
            "pairs_of": pairs_of,
            "items_of": items_of,
            "counted": NumericLoops(self._budget).counted,
            "adjust": _adjust,
            "new_table": _new_table,
            "argument_table": _argument_table,
            "get_global": get_global,
            "set_global": set_global,
            "budget": self._budget,
            "look": self._budget.look,
            "enter": self._budget.enter,
        }

    def commands(self, named: dict[str, NamedCommand]) -> dict[str, Callable[..., Value]]:
        """What compiled code calls for the commands that a source names."""
        return {key: self.redis.prepared(command) for key, command in named.items()}

    def _loaders(self) -> dict[bytes, Any]:
        """``load`` and ``loadstring``: further source, compiled in the world of this script."""

        def compiled(source: bytes, chunk: bytes) -> Results:
            spend(COMPILING_STEPS + len(source) // COMPILED_A_STEP)
            try:
                return [self.load(source, chunk, is_alone=False, is_first=False)]
            except LuaSyntaxError as error:
                return [None, error.told_of(shown_chunk(chunk, SYNTAX_ID_BYTES))]

        def loadstring(*arguments: Value) -> Results:
            source = args.string(arguments, 1, b"loadstring")
            is_named = args.given(arguments, 2) is not None
            chunk = args.string(arguments, 2, b"loadstring") if is_named else source
            return compiled(source, args.c_string(chunk))

        def load(*arguments: Value) -> Results:
            reader = args.function(arguments, 1, b"load")
            is_named = args.given(arguments, 2) is not None
            chunk = args.string(arguments, 2, b"load") if is_named else b"=(load)"
            chunk = args.c_string(chunk)
            depth = current().depth
            try:
                return compiled(_read_all(reader), chunk)
            except LuaError as error:
                current().depth = depth
                # Unlike pcall, Redis's Lua runs the handler of the whole script here.
                return [None, *error_handler(located(error))]

        return {b"load": load, b"loadstring": loadstring}


def _read_all(reader: Value) -> bytes:
    """The pieces that a function gives, until there is none. Raises LuaError."""
    pieces: list[bytes] = []
    while True:
        current().tick()
        piece = runtime.first(runtime.call(reader, level=0))
        if piece is None or piece == b"":
            return b"".join(pieces)
        if piece.__class__ is not bytes:
            position = position_here()
            prefix = b"" if position is None else position.prefix
            raise LuaError(prefix + b"reader function must return a string", level=0)
        pieces.append(piece)


_OPERATIONS = (
    "tonumber",
    *("Table", "index", "set_index", "arithmetic", "divide", "modulo", "power", "negate"),
    *("length", "concat", "equal", "less", "less_equal"),
)


def _functions_by_library(names: Table) -> dict[bytes, dict[bytes, Any]]:
    """The functions in each library, and the global ones under ``_G``."""
    libraries = {
        library: table for library, table in names.hash.items() if isinstance(table, Table)
    }
    return {
        library: {
            name: value for name, value in table.hash.items() if isinstance(value, FunctionType)
        }
        for library, table in libraries.items()
    }


def _library(members: dict[bytes, Any]) -> Table:
    table = Table()
    table.hash.update(members)
    table.readonly = True
    return table


def nonexistent_global(_: Value, name: Value) -> Results:
    shown = runtime.tostring(name)
    raise LuaError(b"Script attempted to access nonexistent global variable '%b'" % shown)


def _adjust(results: Results | tuple[Value, ...], wanted: int) -> list[Value]:
    """Exactly ``wanted`` of the values, nil for those that are missing."""
    return [*results[:wanted], *[None] * (wanted - len(results))]


def _new_table(items: list[Value], array_size: int) -> Table:
    """Of elements that may be nil, or are more than the constructor tells."""
    if len(items) > FEW_ITEMS:
        reserve(len(items) * SLOT_BYTES)
    if len(items) > array_size:
        array_size = len(items)
    if None not in items:
        return Table(items, array_size)
    table = Table(None, array_size)
    table.fill(items)
    return table


def _argument_table(rest: tuple[Value, ...]) -> Table:
    """``arg``: the values of ``...``, and how many they are."""
    table = _new_table([*rest], len(rest))
    table.node_count = 1
    table.set(b"n", float(len(rest)))
    return table


def failure(error: Exception) -> LuaError:
    """What ended a run, be it Python's recursion limit, as an error of Lua."""
    if isinstance(error, LuaError):
        return error
    overflow = LuaError(STACK_OVERFLOW)
    overflow.__traceback__ = error.__traceback__
    return overflow
