"""A library of functions: Lua that runs once to register them, and whose functions are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import (
    LibraryDoesNotCompile,
    LibraryFailed,
    LibraryNameInvalid,
    NamelessError,
    RegistrationRefused,
)
from ..reply import Reply
from ..scriptflags import FLAGS
from . import runtime
from .bodies import direct_name
from .conversion import to_reply
from .errors import LuaError, LuaSyntaxError, ScriptStopped
from .host import ScriptHost
from .named import Form, NamedCommand
from .redislib import raise_error
from .runtime import LuaFunction, Results, Table, Value, type_name
from .script import error_text, fail
from .shared import Shared
from .tracing import shown_chunk
from .world import World, failure, nonexistent_global

#: What Lua calls every library.
CHUNK = b"@user_function"

_NAME_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def is_name(name: bytes) -> bool:
    """Whether a library or a function may be called so."""
    return bool(name) and _NAME_BYTES.issuperset(name)


@dataclass(frozen=True, slots=True)
class LibraryFunction:
    """One function that a library has registered."""

    name: bytes
    function: LuaFunction
    description: bytes | None
    flags: frozenset[str]


class Library:
    """A library that is loaded. What its functions keep in its locals stays there between calls."""

    def __init__(self, source: bytes, host: ScriptHost, shared: Shared) -> None:
        """Raises LibraryDoesNotCompile, LibraryFailed."""
        self.functions: dict[bytes, LibraryFunction] = {}
        self._world = _LibraryWorld(self._register, shared, is_resumable=b"coroutine" in source)
        self._world.begin(host)
        try:
            self._world.load(source, CHUNK, is_alone=False)()
        except LuaSyntaxError as error:
            raise LibraryDoesNotCompile(error.told_of(shown_chunk(CHUNK))) from None
        except (LuaError, RecursionError) as problem:
            raise LibraryFailed(error_text(failure(problem)) or NamelessError.message) from None
        finally:
            self._world.end()
        self._world.open()

    def run(
        self,
        function: LibraryFunction,
        host: ScriptHost,
        keys: Sequence[bytes],
        argv: Sequence[bytes],
    ) -> Reply:
        """Call a function once, on lists that become its own. Raises CommandError."""
        self._world.begin(host)
        try:
            results = function.function(Table(list(keys)), Table(list(argv)))
        except (LuaError, RecursionError, ScriptStopped) as error:
            fail(error, function.name.decode())
        finally:
            self._world.end()
        return to_reply(runtime.first(results), self._world.redis.resp)

    # --- redis.register_function ------------------------------------------------------------------

    def _register(self, *arguments: Value) -> Results:
        if not self._world.is_loading:
            _refuse("late")  # a function had kept it
        if len(arguments) not in (1, 2):
            _refuse("count")
        named = _named(arguments) if len(arguments) == 1 else _positional(arguments)
        if not is_name(named.name):
            raise_error(LibraryNameInvalid())
        if named.name in self.functions:
            _refuse("twice")
        self.functions[named.name] = named
        return []


class _LibraryWorld(World):
    """While a library is being loaded, its world is next to empty."""

    def __init__(self, register: LuaFunction, shared: Shared, *, is_resumable: bool) -> None:
        super().__init__(shared, is_of_functions=True, is_resumable=is_resumable)
        redis = Table()
        redis.hash.update(self.redis.facts())
        redis.hash[b"register_function"] = lambda *arguments: register(*arguments)
        redis.metatable = self.globals.metatable
        redis.readonly = True
        #: All that can be reached; None when the library is loaded.
        self._reachable: dict[bytes, Value] | None = {b"redis": redis}
        self._namespaces: list[dict[str, Any]] = []

    @property
    def is_loading(self) -> bool:
        return self._reachable is not None

    def namespace(self, lines: list[int], chunk: bytes) -> dict[str, Any]:
        names = super().namespace(lines, chunk)
        if self._reachable is not None:
            self._namespaces.append(dict(names))
            self._namespaces.append(names)
            names.update(self._closed_names())
        return names

    def commands(self, named: dict[str, NamedCommand]) -> dict[str, Callable[..., Value]]:
        commands = super().commands(named)
        if self._reachable is None:
            return commands
        self._namespaces[0].update(commands)
        return {
            key: _missing(b"pcall" if command.form is Form.SAFE_VALUE else b"call")
            for key, command in named.items()
        }

    def open(self) -> None:
        """Let the functions reach everything."""
        self._reachable = None
        before, names = self._namespaces
        names.update(before)
        self._namespaces.clear()

    def _closed_names(self) -> dict[str, Any]:
        """The functions that code refers to directly, each as one that says it is not there."""

        def get_global(name: bytes) -> Value:
            reachable = self._reachable or {}
            return reachable[name] if name in reachable else nonexistent_global(None, name)

        closed: dict[str, Any] = {"get_global": get_global}
        closed |= {short: _missing(name) for short, name in _SHORT_FORMS.items()}
        for library, members in self.known.items():
            for name in members:
                if library != b"redis" or name != b"log":
                    missing = name if library in (b"_G", b"redis") else library
                    closed[direct_name(library, name)] = _missing(missing)
        return closed


#: What compiled code calls directly for a function of a library that has a second form.
_SHORT_FORMS = {
    **{"tonumber": b"tonumber", "tostring": b"tostring", "floor": b"math"},
    **{"pairs_of": b"pairs", "items_of": b"ipairs", "is_made_of": b"string"},
}


def _missing(name: bytes) -> LuaFunction:
    return lambda *_: nonexistent_global(None, name)


def _refuse(reason: str) -> NoReturn:
    raise_error(RegistrationRefused(reason))


def _positional(arguments: tuple[Value, ...]) -> LibraryFunction:
    name, function = _text(arguments[0]), arguments[1]
    if name is None:
        _refuse("first")
    if type_name(function) != b"function":
        _refuse("second")
    return LibraryFunction(name, function, None, frozenset())


def _named(arguments: tuple[Value, ...]) -> LibraryFunction:
    """From the table of named arguments. Raises LuaError."""
    if arguments[0].__class__ is not Table:
        _refuse("table")
    given: dict[str, Any] = {}
    for key, value in arguments[0].items():
        word = _text(key)
        if word is None:
            _refuse("key")
        name = word.decode("latin-1").lower()
        if name not in _READERS:
            _refuse("argument")
        given[name] = _READERS[name](value)
        if given[name] is None:
            _refuse(name)
    if "function_name" not in given:
        _refuse("no name")
    if "callback" not in given:
        _refuse("no callback")
    flags = given.get("flags", frozenset())
    return LibraryFunction(
        given["function_name"], given["callback"], given.get("description"), flags
    )


def _text(value: Value) -> bytes | None:
    return runtime.tostring(value) if value.__class__ in (bytes, float) else None


def _function(value: Value) -> Value:
    return value if type_name(value) == b"function" else None


def _flags(value: Value) -> frozenset[str] | None:
    if value.__class__ is not Table:
        return None
    found = set()
    at = 1.0
    while (item := value.get(at)) is not None:
        flag = (_text(item) or b"").decode("latin-1").lower()
        if flag not in FLAGS:
            _refuse("flag")
        found.add(flag)
        at += 1
    return frozenset(found)


_READERS = {
    "function_name": _text,
    "description": _text,
    "callback": _function,
    "flags": _flags,
}
