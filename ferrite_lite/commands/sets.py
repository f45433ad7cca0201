"""Commands on sets: a key that holds members, each of them once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TypeAlias

from ..command import CommandGroup
from ..context import Context
from ..data.values import Set, pick, pick_distinct
from ..errors import (
    NegativeLimit,
    NoKeysCounted,
    NotPositive,
    SyntaxFault,
    TooManyKeys,
    WrongType,
)
from ..numeric import maybe_int
from ..reply import OrderedSet, Reply
from ..words import keyword
from .choosing import choose, parse_count
from .scanning import parse_cursor, read_options, scan_names

command = CommandGroup("set")

#: The sets at several keys: None for a missing one, which counts as empty.
Sources: TypeAlias = list[Set | None]
Members: TypeAlias = set[bytes]

# --- members --------------------------------------------------------------------------------------


@command("SADD key member [member ...]", "write denyoom fast", keys="RW insert", since="1.0.0")
def sadd(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Add members, and return how many of them are new."""
    added = ctx.db.get_or_create(key, Set).insert(members)
    if added:
        ctx.db.touch(key, "sadd", changes=added)
    return added


@command("SREM key member [member ...]", "write fast", keys="RW delete", since="1.0.0")
def srem(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Remove members, and return how many there were."""
    held = ctx.db.set(key)
    if held is None:
        return 0
    removed = sum(map(held.drop, members))
    if removed:
        ctx.db.touch(key, "srem", changes=removed)
    return removed


@command("SISMEMBER key member", "readonly fast", keys="RO", since="1.0.0")
def sismember(ctx: Context, key: bytes, member: bytes) -> Reply:
    """Return 1 if the member is in the set."""
    members = ctx.db.set(key)
    return 0 if members is None else int(member in members)


@command("SMISMEMBER key member [member ...]", "readonly fast", since="6.2.0")
def smismember(ctx: Context, key: bytes, *members: bytes) -> Reply:
    """Return 1 for each of the members that is in the set."""
    held = ctx.db.set(key) or ()
    return [int(member in held) for member in members]


@command(
    "SMOVE source destination member",
    "write fast",
    keys="RW access delete | RW insert",
    since="1.0.0",
)
def smove(ctx: Context, source: bytes, destination: bytes, member: bytes) -> Reply:
    """Move a member from one set to another, and return 1 if it was there."""
    db = ctx.db
    members, target = db.get(source), db.get(destination)  # first both, then their types
    if members is None:
        return 0
    if not isinstance(members, Set) or not isinstance(target, Set | None):
        raise WrongType
    if member not in members:
        return 0
    if source == destination:
        return 1
    members.drop(member)
    db.touch(source, "srem")
    if target is None:
        target = db.get_or_create(destination, Set)
    if target.insert([member]):
        db.touch(destination, "sadd")
    return 1


# --- the whole set --------------------------------------------------------------------------------


@command("SCARD key", "readonly fast", keys="RO", since="1.0.0")
def scard(ctx: Context, key: bytes) -> Reply:
    """Return how many members there are."""
    return len(ctx.db.set(key) or ())


@command("SMEMBERS key", "readonly", since="1.0.0", tips=["nondeterministic_output_order"])
def smembers(ctx: Context, key: bytes) -> Reply:
    """Return every member."""
    members = ctx.db.set(key)
    return set() if members is None else _in_order(members)


def _in_order(members: Set) -> Reply:
    """Integers come by value, while they are all integers."""
    return members if members.is_table else OrderedSet(members.in_order())


@command(
    "SSCAN key cursor [MATCH pattern] [COUNT count]",
    "readonly",
    since="2.8.0",
    tips=["nondeterministic_output"],
)
def sscan(ctx: Context, key: bytes, cursor: bytes, *words: bytes) -> Reply:
    """Return some members, and the cursor that leads to the next ones.

    Redis reads the options only when there is a set to scan.
    """
    position = parse_cursor(cursor)
    members = ctx.db.set(key)
    if members is None:
        return [b"0", []]
    following, found = scan_names(members, position, read_options(words))
    return [b"%d" % following, list(found)]


# --- at random ------------------------------------------------------------------------------------


@command(
    "SPOP key [count]",
    "write fast",
    keys="RW access delete",
    since="1.0.0",
    tips=["nondeterministic_output"],
)
def spop(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Remove a member at random, or several, and return what was removed."""
    if words:
        return _pop_several(ctx, key, words)
    members = ctx.db.set(key)
    if members is None:
        return None
    member = pick(members, ctx.server.random)
    members.drop(member)
    ctx.db.touch(key, "spop")
    return member


def _pop_several(ctx: Context, key: bytes, words: tuple[bytes, ...]) -> Reply:
    """Raises NotPositive, SyntaxFault."""
    if len(words) > 1:
        raise SyntaxFault
    count = maybe_int(words[0])
    if count is None or count < 0:
        raise NotPositive
    members = ctx.db.set(key)
    if members is None or not count:
        return set()
    popped = pick_distinct(members, count, ctx.server.random)
    for member in popped:
        members.drop(member)
    ctx.db.touch(key, "spop", changes=len(popped))
    return OrderedSet(popped)


@command("SRANDMEMBER key [count]", "readonly", since="1.0.0", tips=["nondeterministic_output"])
def srandmember(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return a member at random, or several: different ones, or any for a negative count."""
    if not words:
        members = ctx.db.set(key)
        return None if members is None else pick(members, ctx.server.random)
    if len(words) > 1:
        raise SyntaxFault
    count = parse_count(words[0])
    members = ctx.db.set(key)
    return [] if members is None else list(choose(ctx, members, count))


# --- several sets ---------------------------------------------------------------------------------


def _sources(ctx: Context, keys: tuple[bytes, ...]) -> Sources:
    """Every key is looked at before any is used: one of another type is refused wherever it is."""
    found: Sources = []
    try:
        for key in keys:
            found.append(ctx.db.set(key))
    finally:  # those before a refused one count, too
        ctx.server.lookups.further += min(len(found), len(keys) - 1)
    return found


# The results below are built from set() and not with the operators of Set, which would make a Set
# that no __init__ has seen.


def _intersection(sources: Sources) -> Members:
    present = [members for members in sources if members is not None]
    if len(present) < len(sources):
        return set()
    smallest, *others = sorted(present, key=len)
    return set(smallest).intersection(*others)


def _union(sources: Sources) -> Members:
    return set().union(*(members or () for members in sources))


def _difference(sources: Sources) -> Members:
    result = set(sources[0] or ())
    for members in sources[1:]:
        # Not difference_update: that walks the whole other set, however little is left of this.
        result = result.difference(members or ())
    return result


@command("SINTER key [key ...]", "readonly", since="1.0.0", tips=["nondeterministic_output_order"])
def sinter(ctx: Context, *keys: bytes) -> Reply:
    """Return the members that all sets have."""
    return _told(ctx, _intersection(_sources(ctx, keys)))


@command("SUNION key [key ...]", "readonly", since="1.0.0", tips=["nondeterministic_output_order"])
def sunion(ctx: Context, *keys: bytes) -> Reply:
    """Return the members that any of the sets has."""
    return _told(ctx, _union(_sources(ctx, keys)))


@command("SDIFF key [key ...]", "readonly", since="1.0.0", tips=["nondeterministic_output_order"])
def sdiff(ctx: Context, *keys: bytes) -> Reply:
    """Return the members that only the first of the sets has."""
    return _told(ctx, _difference(_sources(ctx, keys)))


@command(
    "SINTERSTORE destination key [key ...]",
    "write denyoom",
    keys="RW update | RO access",
    since="1.0.0",
)
def sinterstore(ctx: Context, destination: bytes, *keys: bytes) -> Reply:
    """Store what SINTER returns, and return its size."""
    return _store(ctx, destination, keys, _intersection, "sinterstore")


@command(
    "SUNIONSTORE destination key [key ...]",
    "write denyoom",
    keys="OW update | RO access",
    since="1.0.0",
)
def sunionstore(ctx: Context, destination: bytes, *keys: bytes) -> Reply:
    """Store what SUNION returns, and return its size."""
    return _store(ctx, destination, keys, _union, "sunionstore")


@command(
    "SDIFFSTORE destination key [key ...]",
    "write denyoom",
    keys="OW update | RO access",
    since="1.0.0",
)
def sdiffstore(ctx: Context, destination: bytes, *keys: bytes) -> Reply:
    """Store what SDIFF returns, and return its size."""
    return _store(ctx, destination, keys, _difference, "sdiffstore")


def _told(ctx: Context, result: Members) -> Reply:
    """A result that Redis would keep as integers comes by value, too."""
    limits = ctx.server.config.encodings
    if len(result) > limits.intset_entries:
        return result
    made = Set(limits)
    made.insert(list(result))
    return _in_order(made)


def _store(
    ctx: Context,
    destination: bytes,
    keys: tuple[bytes, ...],
    combine: Callable[[Sources], Members],
    event: str,
) -> int:
    """Put a result at destination, whatever was there; an empty one leaves no key."""
    result = combine(_sources(ctx, keys))
    if not result:
        ctx.db.delete_stored(destination)
        return 0
    stored = Set(ctx.server.config.encodings)
    stored.insert(list(result))
    ctx.db.put(destination, stored)
    ctx.db.touch(destination, event)
    return len(stored)


@command("SINTERCARD numkeys key [key ...] [LIMIT limit]", "readonly", since="7.0.0")
def sintercard(ctx: Context, numkeys: bytes, *words: bytes) -> Reply:
    """Return how many members all sets have, counting up to a limit."""
    keys, limit = _read_counted_keys(numkeys, words)
    sources = _sources(ctx, keys)
    if not limit:
        return len(_intersection(sources))
    present = [members or set[bytes]() for members in sources]
    smallest, *others = sorted(present, key=len)
    shared = (member for member in smallest if all(member in other for other in others))
    return sum(1 for _ in islice(shared, limit))


@command("SUNIONCARD numkeys key [key ...] [APPROX] [LIMIT limit]", "readonly", since="8.10.0")
def sunioncard(ctx: Context, numkeys: bytes, *words: bytes) -> Reply:
    """Return how many members the sets have together, counting up to a limit.

    APPROX lets Redis estimate, to save memory; the exact count is as good as any estimate.
    """
    keys, limit = _read_counted_keys(numkeys, words, may_estimate=True)
    return _limited(_union(_sources(ctx, keys)), limit)


@command("SDIFFCARD numkeys key [key ...] [LIMIT limit]", "readonly", since="8.10.0")
def sdiffcard(ctx: Context, numkeys: bytes, *words: bytes) -> Reply:
    """Return how many members only the first of the sets has, counting up to a limit."""
    keys, limit = _read_counted_keys(numkeys, words)
    return _limited(_difference(_sources(ctx, keys)), limit)


def _limited(members: Members, limit: int) -> int:
    return min(len(members), limit) if limit else len(members)


def _read_counted_keys(
    numkeys: bytes, words: tuple[bytes, ...], *, may_estimate: bool = False
) -> tuple[tuple[bytes, ...], int]:
    """The keys, and how far to count.

    Raises NoKeysCounted, TooManyKeys, NegativeLimit, SyntaxFault.

    As in Redis, a limit of 0 is none, and the last one given counts.
    """
    count = maybe_int(numkeys)
    if count is None or count < 1:
        raise NoKeysCounted
    if count > len(words):
        raise TooManyKeys
    limit = 0
    options = words[count:]
    if may_estimate:
        options = tuple(word for word in options if keyword(word) != b"APPROX")
    for option, value in zip(options[::2], options[1::2], strict=False):
        if keyword(option) != b"LIMIT":
            raise SyntaxFault
        number = maybe_int(value)
        if number is None or number < 0:
            raise NegativeLimit
        limit = number
    if len(options) % 2:
        raise SyntaxFault
    return words[:count], limit
