"""SORT: the members of a set, or of a list, in order: by themselves or by what other keys say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from ..acl import READ
from ..command import CommandGroup
from ..context import Context
from ..data.values import Hash, List, Set, String, Value
from ..errors import (
    NotAFloat,
    SortOptionDenied,
    SortScoreNotAFloat,
    SyntaxFault,
    WrongType,
)
from ..numeric import parse_int, parse_strtod
from ..reply import Reply
from ..words import keyword
from .options import argument_of
from .partialsort import MAX_PART_OF, sort_part

command = CommandGroup("generic", category="")


@dataclass(slots=True)
class SortOptions:
    """The words behind the key."""

    by: bytes | None = None
    #: A BY without a star, such as ``BY nosort``; a later one with a star does not take it back.
    is_unsorted: bool = False
    offset: int = 0
    count: int = -1
    gets: list[bytes] = field(default_factory=list)
    descending: bool = False
    alphabetic: bool = False
    destination: bytes | None = None


def _find_keys(argv: list[bytes]) -> list[int]:
    """The keys of a SORT: its first, and the last one that STORE names."""
    positions, at = [1], 2
    while at < len(argv):
        option = keyword(argv[at])
        if option == b"STORE" and at + 1 < len(argv):
            positions[1:] = [at + 1]
        # What BY, GET and LIMIT are given may be the word STORE.
        at += {b"BY": 2, b"GET": 2, b"LIMIT": 3}.get(option, 1)
    return positions


@command(
    "SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC]"
    " [ALPHA] [STORE destination]",
    "write denyoom",
    since="1.0.0",
    also="set sortedset list dangerous",
    keys="RO access | ? RO access | ? OW update",
    find_keys=_find_keys,
    find_uses=lambda _: ["RO access", "OW update"],
)
def sort(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return the elements of a set or a list in order, or store them as a list."""
    options = _read_options(ctx, key, words, may_store=True)
    rows = _sorted_rows(ctx, key, options)
    if options.destination is None:
        return list(rows)
    if not rows:
        ctx.db.delete_stored(options.destination)
        return 0
    ctx.db.put(options.destination, List(row or b"" for row in rows))
    ctx.db.touch(options.destination, "sortstore", changes=len(rows))
    return len(rows)


@command(
    "SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC]"
    " [ALPHA]",
    "readonly",
    since="7.0.0",
    also="set sortedset list dangerous",
    keys="RO access | ? RO access",
    find_keys=lambda _: [1],
)
def sort_ro(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return the elements of a set or a list in order; SORT without STORE."""
    return list(_sorted_rows(ctx, key, _read_options(ctx, key, words, may_store=False)))


def _read_options(
    ctx: Context, key: bytes, words: tuple[bytes, ...], *, may_store: bool
) -> SortOptions:
    """Raises SyntaxFault, and SortOptionDenied to a user for whom some keys are out of reach."""
    options = SortOptions()
    may_look_up = ctx.user.is_unrestricted or ctx.user.may_access_every_key(
        ctx.command, [ctx.command.name.encode(), key, *words], READ
    )
    remaining = iter(words)
    for word in remaining:
        match keyword(word):
            case b"ASC":
                options.descending = False
            case b"DESC":
                options.descending = True
            case b"ALPHA":
                options.alphabetic = True
            case b"LIMIT":
                offset, count = argument_of(remaining), argument_of(remaining)
                options.offset, options.count = parse_int(offset), parse_int(count)
            case b"BY":
                options.by = argument_of(remaining)
                options.is_unsorted |= b"*" not in options.by
                if b"*" in options.by and not may_look_up:
                    raise SortOptionDenied("BY")
            case b"GET":
                pattern = argument_of(remaining)
                if not may_look_up:
                    raise SortOptionDenied("GET")
                options.gets.append(pattern)
            case b"STORE" if may_store:
                options.destination = argument_of(remaining)
            case _:
                raise SyntaxFault
    return options


def _sorted_rows(ctx: Context, key: bytes, options: SortOptions) -> list[bytes | None]:
    value = ctx.db.get(key)
    with ctx.server.lookups.refusing:
        return _rows(ctx, value, options)


def _rows(ctx: Context, value: Value | None, options: SortOptions) -> list[bytes | None]:
    if value is None or isinstance(value, List):
        members = list(value or ())
    elif isinstance(value, Set):
        members = value.in_order()
        if options.is_unsorted and (options.destination is not None or ctx.running_script):
            # A set has no order of its own: neither what is stored nor a script may depend on it.
            options.by, options.alphabetic, options.is_unsorted = None, True, False
    else:
        raise WrongType
    start = max(options.offset, 0)
    stop = len(members) if options.count < 0 else min(start + options.count, len(members))
    if not options.is_unsorted:
        members = _sorted(ctx, members, options, start, stop)
    elif options.descending and isinstance(value, List):
        members.reverse()
    chosen = members[start:stop]
    if not options.gets:
        return list(chosen)
    return [_looked_up(ctx, pattern, member) for member in chosen for pattern in options.gets]


def _sorted(
    ctx: Context, members: list[bytes], options: SortOptions, start: int, stop: int
) -> list[bytes]:
    """The members in order; with a LIMIT only those from ``start`` to ``stop`` must be."""
    weight = _weight(ctx, options)
    rows = [(weight(member), member) for member in members]
    is_part = start > 0 or stop < len(rows)
    # Numbers do not tie, and without ties every sort gives the same.
    if options.by is not None and options.alphabetic and is_part and len(rows) <= MAX_PART_OF:
        sort_part(rows, _compare_backwards if options.descending else _compare, start, stop - 1)
    else:
        rows.sort(key=itemgetter(0), reverse=options.descending)
    return [member for _, member in rows]


def _compare(one: tuple[Any, bytes], other: tuple[Any, bytes]) -> int:
    return int(one[0] > other[0]) - int(one[0] < other[0])


def _compare_backwards(one: tuple[Any, bytes], other: tuple[Any, bytes]) -> int:
    return _compare(other, one)


def _weight(ctx: Context, options: SortOptions) -> Callable[[bytes], Any]:
    """What a member is compared by.

    Among equal numbers the member itself decides; among equal texts that BY led to, the order in
    which they stand already. Texts that are not for a list are compared as C does, up to a NUL.
    """
    is_for_list = options.destination is not None

    def weight(member: bytes) -> Any:
        text = member if options.by is None else _looked_up(ctx, options.by, member)
        if options.alphabetic:
            if text is None:
                return (False, b"")
            return (True, text if is_for_list else text.partition(b"\0")[0])
        return (_score(text), member)

    return weight


def _score(text: bytes | None) -> float:
    """The number that a member is compared by; without one it is 0. Raises SortScoreNotAFloat."""
    try:
        return parse_strtod(text or b"")
    except NotAFloat:
        raise SortScoreNotAFloat from None


def _looked_up(ctx: Context, pattern: bytes, member: bytes) -> bytes | None:
    """What a pattern leads to: ``weight_*``, ``user_*->name``, or ``#`` for the member."""
    if pattern == b"#":
        return member
    before, star, after = pattern.partition(b"*")
    if not star:
        return None
    ctx.server.lookups.further += 1
    name, arrow, hash_field = after.partition(b"->")
    if arrow and hash_field:
        fields = ctx.db.get(before + member + name)
        return fields.get(hash_field) if isinstance(fields, Hash) else None
    value = ctx.db.get(before + member + after)
    return bytes(value) if isinstance(value, String) else None
