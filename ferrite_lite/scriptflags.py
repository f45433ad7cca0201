"""The flags by which a script or a function declares what it does, and the line they stand in."""

from __future__ import annotations

from .errors import (
    InvalidShebang,
    InvalidShebangEngine,
    UnexpectedShebangEngine,
    UnexpectedShebangFlag,
    UnknownShebangOption,
)
from .words import split_words

#: In the order in which FUNCTION LIST shows them.
FLAGS = ("no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys")

#: None for a script without a ``#!`` line, which is not the same as one that declares no flags.
Flags = frozenset[str] | None

SHEBANG = b"#!"


def read_shebang(text: bytes) -> tuple[Flags, bytes]:
    """The flags of a script, and the rest to compile, whose lines keep their numbers.

    Raises InvalidShebang, InvalidShebangEngine, UnexpectedShebangEngine, UnexpectedShebangFlag,
    UnknownShebangOption.
    """
    if not text.startswith(SHEBANG):
        return None, text
    line, newline, _ = text.partition(b"\n")
    if not newline:
        raise InvalidShebang
    words = split_words(line)
    if not words:
        raise InvalidShebangEngine
    if words[0] != b"#!lua":
        raise UnexpectedShebangEngine(words[0])
    flags: set[str] = set()
    for word in words[1:]:
        if not word.startswith(b"flags="):
            raise UnknownShebangOption(word)
        names = word.removeprefix(b"flags=")
        for name in names.split(b",") if names else []:
            flag = name.decode("latin-1")
            if flag not in FLAGS:
                raise UnexpectedShebangFlag(name)
            flags.add(flag)
    return frozenset(flags), text[len(line) :]


def command_flags(flags: frozenset[str], declared: frozenset[str]) -> frozenset[str]:
    """The flags of a command that runs a script with declared flags."""
    flags -= {"stale", "denyoom", "write", "may_replicate"}
    if "no-writes" not in declared:
        flags |= {"write"} if "allow-oom" in declared else {"write", "denyoom"}
    return flags | {"stale"} if "allow-stale" in declared else flags
