"""The libraries of functions that a server holds: FUNCTION changes them, FCALL finds in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from ..clock import NS_PER_MS, stopwatch_ns
from ..config import SCRIPT_MEMORY_BYTES
from ..errors import (
    FunctionExists,
    LibraryExists,
    LibraryLoadsTooLong,
    LibraryMetadataInvalid,
    LibraryMetadataMissing,
    LibraryMetadataUnknown,
    LibraryNameInvalid,
    LibraryNameMissing,
    LibraryNameTwice,
    NoFunctionsRegistered,
    NoSuchEngine,
    NoSuchLibrary,
)
from ..lua import Library, LibraryFunction, Shared, is_name
from ..lua.redislib import raise_error
from ..reply import Reply
from ..scriptflags import SHEBANG
from ..words import split_words
from .scripts import log_message

ENGINE = b"LUA"

#: ``LOAD_TIMEOUT_MS``: a library registers its functions at once, or not at all.
LOAD_TIMEOUT_MS = 500


@dataclass(frozen=True, slots=True)
class Loaded:
    """A library, and the text that it was made of."""

    name: bytes
    code: bytes
    library: Library


class Libraries:
    """All that was loaded, as one whole: FUNCTION RESTORE makes another one and joins both."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._libraries: dict[bytes, Loaded] = {}
        #: Their functions, by name in lower case: FCALL does not mind the case.
        self._functions: dict[bytes, tuple[Loaded, LibraryFunction]] = {}

    def __iter__(self) -> Iterator[Loaded]:
        return iter(self._libraries.values())

    def __len__(self) -> int:
        return len(self._libraries)

    @property
    def function_count(self) -> int:
        return sum(len(loaded.library.functions) for loaded in self)

    @property
    def text_bytes(self) -> int:
        """What the texts of all libraries take."""
        return sum(len(loaded.code) for loaded in self)

    def find(self, name: bytes) -> tuple[Loaded, LibraryFunction] | None:
        """A function, and the library it is from."""
        return self._functions.get(name.lower())

    def load(self, code: bytes, *, replaces: bool = False) -> bytes:
        """Add a library, and return its name. Raises CommandError, nothing being changed then."""
        name, source = _read_metadata(code)
        old = self._libraries.get(name)
        if old is not None and not replaces:
            raise LibraryExists(name)
        library = Library(source, _LoadHost(), self._shared)
        if not library.functions:
            raise NoFunctionsRegistered
        self._link(Loaded(name, code, library), instead_of=[] if old is None else [old])
        return name

    def join(self, others: Libraries, *, replaces: bool) -> None:
        """Add all libraries of another whole, or none. Raises LibraryExists, FunctionExists."""
        old = [self._libraries[loaded.name] for loaded in others if loaded.name in self._libraries]
        if old and not replaces:
            raise LibraryExists(old[0].name, is_quoted=False)
        self._link(*others, instead_of=old)

    def delete(self, name: bytes) -> None:
        """Raises NoSuchLibrary."""
        loaded = self._libraries.get(name)
        if loaded is None:
            raise NoSuchLibrary
        self._unlink(loaded)

    def _link(self, *added: Loaded, instead_of: list[Loaded]) -> None:
        for loaded in added:
            for name in loaded.library.functions:
                held = self.find(name)
                if held is not None and held[0] not in instead_of:
                    raise FunctionExists(name)
        for loaded in instead_of:
            self._unlink(loaded)
        for loaded in added:
            self._libraries[loaded.name] = loaded
            for name, function in loaded.library.functions.items():
                self._functions.setdefault(name.lower(), (loaded, function))

    def _unlink(self, loaded: Loaded) -> None:
        del self._libraries[loaded.name]
        for name in loaded.library.functions:
            self._functions.pop(name.lower(), None)


def _read_metadata(code: bytes) -> tuple[bytes, bytes]:
    """The name in the first line, and what is left to compile. Raises CommandError."""
    if not code.startswith(SHEBANG):
        raise LibraryMetadataMissing
    line, newline, _ = code.partition(b"\n")
    words = split_words(line) if newline else None
    if not words:
        raise LibraryMetadataInvalid
    name = None
    for word in words[1:]:
        if word[:5].lower() != b"name=":
            raise LibraryMetadataUnknown(word)
        if name is not None:
            raise LibraryNameTwice
        name = word[5:]
    if name is None:
        raise LibraryNameMissing
    if not is_name(name):
        raise LibraryNameInvalid
    if words[0][2:].upper() != ENGINE:
        raise NoSuchEngine(words[0][2:])
    return name, code[len(line) :]


class _LoadHost:
    """What a library reaches while it registers its functions: the log, and half a second."""

    is_answered_at_once = False
    memory_bytes = SCRIPT_MEMORY_BYTES

    def __init__(self) -> None:
        self._stop_ns = stopwatch_ns() + LOAD_TIMEOUT_MS * NS_PER_MS

    def speak(self, resp: int, /) -> None:
        self._unreachable()

    def call(self, argv: list[bytes], /) -> Reply:
        self._unreachable()

    def prepare(self, name: bytes, argc: int, /) -> object:
        self._unreachable()

    def call_prepared(self, prepared: object, name: bytes, arguments: object, /) -> Reply:
        self._unreachable()

    def permits(self, argv: list[bytes], /) -> bool | None:
        self._unreachable()

    def log(self, level: int, message: bytes, /) -> None:
        log_message(level, message)

    def interrupt(self) -> None:
        if stopwatch_ns() > self._stop_ns:
            raise_error(LibraryLoadsTooLong())

    @staticmethod
    def _unreachable() -> NoReturn:
        raise AssertionError("a library that is being loaded finds no such function")
