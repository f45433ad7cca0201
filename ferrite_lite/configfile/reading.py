"""redis.conf: one setting a line, as CONFIG SET takes it, and a few directives only for files."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

from ..command import CommandTable
from ..config import Config
from ..errors import UnknownRenamed
from ..words import split_words
from .directives import ConfigFileFault, Directive, apply
from .ferritetoml import toml_directives

#: Stops files that include each other. Redis has no such limit; nobody needs so many levels.
MAX_INCLUDES_DEEP = 16


def read_config_file(path: str, config: Config, table: CommandTable) -> list[Directive]:
    """Read a file into ``config``: one that ends in ``.toml`` is Ferrite's, any other Redis's.

    ``table`` is what ``rename-command`` may name. Returns the lines that define users, whom only a
    server has. Raises ConfigFileFault, or OSError if the file cannot be read; ``config`` must not
    be used then.
    """
    config.file = str(Path(path).resolve())
    users = []
    for directive in _directives(path, 0):
        if directive.name == "user":
            users.append(directive)
        elif directive.name == "rename-command":
            _rename(directive, config, table)
        elif directive.name == "loadmodule":
            raise ConfigFileFault.at(directive, "modules cannot be loaded: remove the line")
        else:
            apply(directive, config)
    return users


def _directives(path: str, depth: int) -> Iterator[Directive]:
    """The directives of a file and of the files it includes, in order."""
    content = Path(path).read_bytes()
    lines = toml_directives(path, content) if path.endswith(".toml") else _lines(path, content)
    for directive in lines:
        if directive.name == "include":
            yield from _included(directive, depth)
        else:
            yield directive


def _lines(path: str, content: bytes) -> Iterator[Directive]:
    for number, line in enumerate(content.split(b"\n"), 1):
        text = line.strip(b" \t\r")
        if not text or text.startswith(b"#"):
            continue
        words = split_words(text)
        if words is None:
            raise ConfigFileFault(path, number, text, "unbalanced quotes")
        if words:
            yield Directive(path, number, text, [words[0].lower(), *words[1:]])


def _included(directive: Directive, depth: int) -> Iterator[Directive]:
    """The files that an ``include`` names; a pattern may name none, as in Redis."""
    if len(directive.words) != 2:
        raise ConfigFileFault.at(directive, "wrong number of arguments")
    if depth >= MAX_INCLUDES_DEEP:
        raise ConfigFileFault.at(directive, f"files are included {MAX_INCLUDES_DEEP} deep at most")
    name = directive.words[1].decode("utf-8", "surrogateescape")
    for path in sorted(glob.glob(name)) if glob.has_magic(name) else [name]:
        try:
            yield from _directives(path, depth + 1)
        except OSError as error:
            raise ConfigFileFault.at(directive, f"cannot read it: {error.strerror}") from None


def _rename(directive: Directive, config: Config, table: CommandTable) -> None:
    if len(directive.words) != 3:
        raise ConfigFileFault.at(directive, "wrong number of arguments")
    _, old, new = directive.words
    renamed = [*config.renamed_commands, (old, new)]
    try:
        table.renamed(renamed)
    except UnknownRenamed as error:
        raise ConfigFileFault.at(directive, str(error)) from None
    config.renamed_commands = renamed
