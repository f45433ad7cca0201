"""The arguments of a usage line as the tree that COMMAND DOCS shows.

``[NX | XX]`` is a choice, ``[COUNT count]`` an argument behind its token, ``[key ...]`` after
``key`` a repetition. What the line cannot say, such as the name that Redis gives a choice, follows
from a few tables here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from .usage import KEY_WORDS

#: A number, by the words that stand for one. Anything that is nothing else is a string.
_INTEGERS = frozenset(
    {
        *("seconds", "milliseconds", "offset", "start", "end", "stop", "count", "limit", "len"),
        *("cursor", "increment", "decrement", "numkeys", "numfields", "numreplicas", "timeout"),
        *("db", "destination-db", "index", "index1", "index2", "ttl", "frequency", "bits"),
        *("protover", "client-id", "numlocal", "port", "version", "threshold"),
    }
)
_PATTERNS = frozenset({"pattern", "shardpattern"})

#: What Redis calls a choice or a block, where it is not the names of its parts.
_NAMES = {
    "nx_xx": "condition",
    "nx_xx_gt_lt": "condition",
    "async_sync": "async",
    "asc_desc": "order",
    "on_off": "enabled",
    "yes_no": "mode",
    "yes_sync_no": "mode",
    "flush_append_replace": "policy",
    "write_all": "mode",
    "count_reset": "operation",
    "libname_libver": "attr",
    "count_withvalues": "options",
    "protover_username_password_clientname": "arguments",
    "alpha": "sorting",
}

_EXPIRY_TOKENS = frozenset({"EX", "PX"})

_LEXEMES = re.compile(r"[\[\]<>|]|\.\.\.|[^\s\[\]<>|]+")
_CLOSING = {"[": "]", "<": ">"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One node of the tree."""

    name: str
    #: ``key``, ``string``, ``integer``, ``double``, ``pattern``, ``unix-time``, ``pure-token``,
    #: ``oneof`` or ``block``.
    type: str
    #: The word that stands before the value, or that is the argument itself.
    token: str = ""
    is_optional: bool = False
    is_multiple: bool = False
    #: Whether the token is repeated with each value.
    repeats_token: bool = False
    arguments: tuple[Argument, ...] = ()

    @property
    def flags(self) -> list[str]:
        flags = {
            "optional": self.is_optional,
            "multiple": self.is_multiple,
            "multiple_token": self.repeats_token,
        }
        return [flag for flag, is_set in flags.items() if is_set]


@dataclass(slots=True)
class _Group:
    """What stands in brackets: alternatives, each a row of words and groups."""

    is_optional: bool
    branches: list[_Row] = field(default_factory=lambda: [[]])
    is_repeated: bool = False


_Row: TypeAlias = list[str | _Group]


def read_arguments(line: str) -> list[Argument]:
    """The arguments of a usage line, whose leading words in capitals are the command's name."""
    words = _LEXEMES.findall(line)
    name = list(itertools.takewhile(_is_token, words))
    (row,) = _parse(iter(words[len(name) :]), "").branches
    number = "double" if name[-1].endswith("FLOAT") else "integer"
    return [replace(each, type=number) if each.name == "increment" else each for each in _row(row)]


def _is_token(word: str) -> bool:
    return word.replace("_", "").replace("-", "").isalpha() and word.isupper()


def _parse(words: Iterator[str], closing: str) -> _Group:
    """What stands before ``closing``, or before the end."""
    group = _Group(is_optional=closing == "]")
    for word in words:
        if word == closing:
            break
        if word in _CLOSING:
            group.branches[-1].append(_parse(words, _CLOSING[word]))
        elif word == "|":
            group.branches.append([])
        elif word == "...":
            last = group.branches[-1][-1]
            (last if isinstance(last, _Group) else group).is_repeated = True
        else:
            group.branches[-1].append(word)
    return group


def _row(row: _Row) -> list[Argument]:
    """The arguments of one alternative."""
    found: list[Argument] = []
    words: list[str] = []
    for item in row:
        if isinstance(item, str):
            words.append(item)
            continue
        repeated = item.branches[0] if item.is_repeated else []
        if repeated and words[-len(repeated) :] == repeated:
            found += _plain(words[: -len(repeated)])
            found.append(_repeated(words[-len(repeated) :], found))
        else:
            found += _plain(words)
            found.append(_group(item))
        words = []
    return _counted(found + _plain(words))


def _counted(parts: list[Argument]) -> list[Argument]:
    """Behind ``FIELDS`` stands a number and what it counts: one block."""
    for at, part in enumerate(parts):
        if part.name == "numfields" and part.token:
            block = replace(_block(parts[at : at + 2]), name=part.token.lower())
            return [*parts[:at], block, *parts[at + 2 :]]
    return parts


def _plain(words: list[str]) -> list[Argument]:
    """Words one after the other; a token belongs to the value behind it."""
    found = []
    token = ""
    for word in words:
        if not _is_token(word):
            found.append(Argument(word, _type_of(word), token))
            token = ""
            continue
        if token:
            found.append(_pure(token))
        token = word
    return [*found, _pure(token)] if token else found


def _pure(token: str) -> Argument:
    name = token.lower()
    return Argument(_NAMES.get(name, name), "pure-token", token)


def _repeated(words: list[str], before: list[Argument]) -> Argument:
    """Words that may come again: with the token each time if it is among them."""
    parts = _plain(words)
    if len(parts) > 1 or words == ["parameter"]:
        return Argument(_joined(parts), "block", is_multiple=True, arguments=tuple(parts))
    token = before.pop().token if before and before[-1].type == "pure-token" else parts[0].token
    return replace(parts[0], token=token, is_multiple=True, repeats_token=bool(parts[0].token))


def _group(group: _Group) -> Argument:
    """What stands in brackets."""
    if len(group.branches) > 1:
        found = _choice(group.branches)
    else:
        parts = _row(group.branches[0])
        found = parts[0] if len(parts) == 1 else _block(parts)
    is_multiple = found.is_multiple or group.is_repeated
    return replace(found, is_optional=group.is_optional, is_multiple=is_multiple)


def _choice(branches: list[_Row]) -> Argument:
    """One of several; the token of all stands before the first."""
    token = ""
    (first, *more), others = branches[0], branches[1:]
    if isinstance(first, str) and _is_token(first) and more and _is_token(str(more[0])):
        token, branches = first, [more, *others]
    rows = [_row(branch) for branch in branches]
    parts = [row[0] if len(row) == 1 else _block(row) for row in rows]
    name = _joined(parts)
    if token and any(part.type != "pure-token" for part in parts):
        name = token.lower()
    elif any(part.token in _EXPIRY_TOKENS for part in parts):
        name = "expiration"
    return Argument(name, "oneof", token, arguments=tuple(parts))


def _block(parts: list[Argument]) -> Argument:
    """Several that belong together; the token of the first is that of all."""
    token = "" if parts[0].type == "pure-token" else parts[0].token
    arguments = (replace(parts[0], token="") if token else parts[0], *parts[1:])
    return Argument(_joined(arguments), "block", token, arguments=arguments)


def _joined(parts: Iterable[Argument]) -> str:
    name = "_".join(part.name for part in parts)
    return _NAMES.get(name, name)


def _type_of(word: str) -> str:
    if word in KEY_WORDS:
        return "key"
    if word.startswith("unix-time"):
        return "unix-time"
    if word in _PATTERNS:
        return "pattern"
    return "integer" if word in _INTEGERS else "string"
