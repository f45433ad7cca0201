"""One script, compiled once and run many times."""

from __future__ import annotations

import hashlib
from types import FunctionType
from typing import Any, NoReturn

from ..errors import CommandError, ScriptFailed
from ..reply import Reply
from . import arguments as args
from . import baselib, bitlib, cmsgpack, mathlib, runtime, stringlib, structlib, tablelib
from .baselib import STACK_OVERFLOW
from .cjson import Codec
from .compiler import Compiled, compile_function, direct_name
from .conversion import to_reply
from .coroutines import Coroutines, enter
from .errors import LuaError, LuaSyntaxError
from .host import ScriptHost
from .parser import parse
from .redislib import RedisLibrary, error_handler
from .runtime import Results, Table, Value, call_named
from .tracing import LINES, lines_of, located

#: Loop rounds and calls between two looks at the host.
STEPS_BETWEEN_INTERRUPTS = 10_000


def compile_script(source: bytes) -> Script:
    """Compile a script. Raises LuaSyntaxError with Lua's message."""
    return Script(source)


class Script:
    """A compiled script. Runs of it share nothing but the code."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        #: SHA-1 of the text, in hexadecimal: the name under which EVALSHA finds it.
        self.sha = hashlib.sha1(source, usedforsecurity=False).hexdigest()
        self._redis = RedisLibrary()
        self._randomness = mathlib.Randomness()
        self._codec = Codec()
        self._coroutines = Coroutines()
        self._steps_left = STEPS_BETWEEN_INTERRUPTS
        self._globals = self._make_globals()
        self._known = _functions_by_library(self._globals)
        try:
            compiled = self._compile(source)
        except (RecursionError, MemoryError, SyntaxError):
            raise LuaSyntaxError("user_script:1: chunk has too many syntax levels") from None
        namespace = self._namespace(compiled.lines)
        exec(compiled.code, namespace)  # noqa: S102  # our own compiler wrote it
        self._main = namespace["make_main"]()

    def run(self, host: ScriptHost, keys: list[bytes], argv: list[bytes]) -> Reply:
        """Run the script once. Raises CommandError, as EVAL answers it."""
        self._redis.host, self._redis.resp = host, 2
        self._randomness.restart()
        self._codec.restart()
        self._coroutines.restart()
        self._steps_left = STEPS_BETWEEN_INTERRUPTS
        names = self._globals.hash
        names[b"KEYS"], names[b"ARGV"] = Table(list(keys)), Table(list(argv))
        try:
            results = self._main()
        except LuaError as error:
            self._fail(error)
        except RecursionError as error:
            overflow = LuaError(STACK_OVERFLOW)
            overflow.__traceback__ = error.__traceback__
            self._fail(overflow)
        return to_reply(results[0] if results else None, self._redis.resp)

    def _fail(self, error: LuaError) -> NoReturn:
        lines = lines_of(error.__traceback__)
        value = located(error)
        if value.__class__ is Table:
            message = value.hash.get(b"err")
            if message.__class__ is not bytes:
                raise CommandError("ERR unknown error") from None
        else:
            message = b"ERR " + runtime.tostring(value)
        text = message.removeprefix(b"-").decode("utf-8", "surrogateescape")
        raise ScriptFailed(text, self.sha, lines[-1] if lines else None) from None

    def _compile(self, source: bytes) -> Compiled:
        """Raises LuaSyntaxError."""
        is_resumable = b"coroutine" in self.source or b"coroutine" in source
        return compile_function(parse(source), self._known, is_resumable=is_resumable)

    # --- the world of the script ------------------------------------------------------------------

    def _tick(self) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            self._steps_left = STEPS_BETWEEN_INTERRUPTS
            self._redis.host.interrupt()

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
        names.hash[b"redis"] = self._redis.table
        names.hash[b"__redis__err__handler"] = error_handler
        names.hash.update(self._loaders())
        names.hash[b"_G"] = names
        guard = Table()
        guard.hash[b"__index"] = _refuse_unknown_global
        guard.readonly = True
        names.metatable = guard
        names.readonly = True
        return names

    def _namespace(self, lines: list[int]) -> dict[str, Any]:
        """The names that compiled code uses."""
        names = self._globals
        known = names.hash

        def get_global(name: bytes) -> Value:
            value = known.get(name)
            return runtime.index(names, name) if value is None else value

        def set_global(name: bytes, value: Value) -> None:
            names.set(name, value)

        functions = {
            direct_name(library, name): function
            for library, members in self._known.items()
            for name, function in members.items()
        }
        operations = {name: getattr(runtime, name) for name in _OPERATIONS}
        return {
            "__builtins__": {"len": len, "float": float, "bytes": bytes},
            LINES: lines,
            **functions,
            **operations,
            "Function": FunctionType,
            "call_named": call_named,
            "enter": enter,
            "adjust": _adjust,
            "new_table": _new_table,
            "get_global": get_global,
            "set_global": set_global,
            "tick": self._tick,
        }

    def _loaders(self) -> dict[bytes, Any]:
        """``load`` and ``loadstring``: further source, compiled in the world of this script."""

        def compiled(source: bytes) -> Results:
            try:
                code = self._compile(source)
            except LuaSyntaxError as error:
                return [None, str(error).encode("utf-8", "surrogateescape")]
            namespace = self._namespace(code.lines)
            exec(code.code, namespace)  # noqa: S102  # our own compiler wrote it
            return [namespace["make_main"]()]

        def loadstring(*arguments: Value) -> Results:
            return compiled(args.string(arguments, 1, b"loadstring"))

        def load(*arguments: Value) -> Results:
            reader = args.function(arguments, 1, b"load")
            pieces: list[bytes] = []
            while True:
                piece = runtime.first(runtime.call(reader))
                if piece is None or piece == b"":
                    return compiled(b"".join(pieces))
                if piece.__class__ is not bytes:
                    raise LuaError(b"reader function must return a string")
                pieces.append(piece)

        return {b"load": load, b"loadstring": loadstring}


_OPERATIONS = (
    *("Table", "index", "set_index", "arithmetic", "divide", "modulo", "power", "negate"),
    *("length", "concat", "equal", "less", "less_equal", "numeric_range", "generic_for"),
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


def _refuse_unknown_global(_: Value, name: Value) -> Results:
    shown = runtime.tostring(name)
    raise LuaError(b"Script attempted to access nonexistent global variable '%b'" % shown)


def _adjust(results: Results | tuple[Value, ...], wanted: int) -> list[Value]:
    """Exactly ``wanted`` of the values, nil for those that are missing."""
    return [*results[:wanted], *[None] * (wanted - len(results))]


def _new_table(items: list[Value]) -> Table:
    if None not in items:
        return Table(items)
    table = Table()
    for at, item in enumerate(items, start=1):
        if item is not None:
            table.set(float(at), item)
    table.written_size = len(items) if items[-1] is not None else 0
    return table
