"""Replies to Lua values and back, as Redis's documentation of EVAL tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Any

from ..errors import CommandError, ScriptReplyTooDeep
from ..numeric import format_float
from ..reply import (
    Attributed,
    BigNumber,
    DoubleText,
    FlatMap,
    NullArray,
    OrderedSet,
    Pairs,
    Reply,
    Status,
    StringMap,
    StringSet,
    Verbatim,
)
from .budget import work
from .runtime import Table, Value

#: A table within a table within a table: real Redis gives up only when its stack does.
MAX_REPLY_DEPTH = 128

#: Replies that are longer take steps and room.
FEW_ITEMS = 100

#: Marks an error of a command: it was counted when the command failed.
COUNTED = b"ignore_error_stats_update"

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


class PassedOn(CommandError):
    """The error of a command, as a script returns it."""

    is_counted = True


# --- reply to Lua ---------------------------------------------------------------------------------


def to_lua(reply: Reply, resp: int) -> Value:
    """What ``redis.call`` gives for a reply, in the protocol that the script chose."""
    kind = reply.__class__
    if kind is bytes:
        return reply
    if kind is int:
        return float(reply)  # type: ignore[arg-type]  # an int, as just seen
    if kind is list:
        items: list[Value] = reply  # type: ignore[assignment]  # as above
        if len(items) > FEW_ITEMS:
            work(len(items))
        values: list[Value] = [
            item if item.__class__ is bytes else to_lua(item, resp) for item in items
        ]
        return Table(values) if resp == 2 or None not in items else _with_holes(values)
    if reply is None or kind is NullArray:
        return False if resp == 2 else None
    return _compound_to_lua(reply, resp)


def _with_holes(values: Iterable[Value]) -> Table:
    """A table of which nil is no part: a null of RESP3 is nothing at all, as in Redis."""
    table = Table()
    for at, value in enumerate(values, 1):
        table.set(float(at), value)
    return table


def _compound_to_lua(reply: Reply, resp: int) -> Value:
    if isinstance(reply, StringMap | StringSet):
        if len(reply) > FEW_ITEMS:
            work(len(reply))
        if resp == 2 and isinstance(reply, StringMap):
            return Table(list(chain.from_iterable(reply.items())))
        if resp == 2:
            return Table(list(reply))
    elif isinstance(reply, Collection) and len(reply) > FEW_ITEMS:
        work(len(reply))
    if isinstance(reply, dict):
        return _map_to_lua(reply.items(), resp)
    match reply:
        case Status():
            return tagged(b"ok", bytes(reply))
        case DoubleText() if resp == 3:
            return tagged(b"double", float(reply))
        case Verbatim() if resp == 3:
            text = Table()
            text.hash |= {b"format": reply.format, b"string": bytes(reply)}
            return tagged(b"verbatim_string", text)
        case BigNumber() if resp == 3:
            return tagged(b"big_number", bytes(reply))
        case bytearray():
            return bytes(reply)
        case bytes():
            return bytes(reply)
        case bool():
            return reply if resp == 3 else float(reply)
        case float():
            return tagged(b"double", float(reply)) if resp == 3 else format_float(reply)
        case CommandError():
            return error_table(reply)
        case Pairs():
            return _map_to_lua(reply, resp)
        case Mapping():
            return _map_to_lua(reply.items(), resp)
        case set() | OrderedSet():
            return _set_to_lua(reply, resp)
        case Attributed():
            return to_lua(reply.reply, resp)
    assert isinstance(reply, list | tuple)  # noqa: S101  # there is no other kind of reply
    return Table([to_lua(item, resp) for item in reply])


def _map_to_lua(pairs: Iterable[tuple[Any, Reply]], resp: int) -> Value:
    if resp == 2:
        flat: list[Value] = []
        for pair in pairs:
            flat += pair
        return Table([item if item.__class__ is bytes else to_lua(item, resp) for item in flat])
    table = Table()
    for key, value in pairs:
        table.set(to_lua(key, resp), to_lua(value, resp))
    return tagged(b"map", table)


def _set_to_lua(members: Iterable[Reply], resp: int) -> Value:
    if resp == 2:
        return Table([to_lua(member, resp) for member in members])
    table = Table()
    for member in members:
        table.set(to_lua(member, resp), True)
    return tagged(b"set", table)


def tagged(tag: bytes, value: Value) -> Table:
    """``{ok=...}`` and its like: how Lua tells kinds of reply apart."""
    table = Table()
    table.hash[tag] = value
    return table


def error_table(error: CommandError) -> Table:
    """What ``redis.pcall`` gives for an error."""
    table = tagged(b"err", str(error).encode("utf-8", "surrogateescape"))
    if error.is_counted:
        table.hash[COUNTED] = True
    return table


# --- Lua to reply ---------------------------------------------------------------------------------


def to_reply(value: Value, resp: int, depth: int = 0) -> Reply:
    """What EVAL answers for the value that a script returned."""
    kind = value.__class__
    if kind is bytes:
        return bytes(value)
    if kind is float:
        return int(value) if -1e18 < value < 1e18 else to_integer(value)
    if kind is bool:
        if resp == 3:
            return bool(value)
        return 1 if value else None
    if kind is Table:
        if depth >= MAX_REPLY_DEPTH:
            raise ScriptReplyTooDeep
        return _table_to_reply(value, resp, depth + 1)
    if kind is list:
        return _array_to_reply(value, resp, depth + 1)
    # A hash that the script answers as it is; anything else has no form.
    return value if kind is FlatMap else None


def to_integer(value: float) -> int:
    """A number without its fraction; what 64 bits cannot hold becomes what C makes of it."""
    if value != value or not _INT64_MIN <= value <= _INT64_MAX:
        return _INT64_MIN
    return min(int(value), _INT64_MAX)


#: A line end in a status would end the reply.
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def _table_to_reply(table: Table, resp: int, depth: int) -> Reply:
    tags = table.hash
    if tags:
        error, status = tags.get(b"err"), tags.get(b"ok")
        if error.__class__ is bytes:
            text = error_text(error)
            return PassedOn(text) if tags.get(COUNTED) is True else CommandError(text)
        if status.__class__ is bytes:
            return Status(status.partition(b"\0")[0].translate(_ONE_LINE))
        big_number = tags.get(b"big_number")
        if big_number.__class__ is bytes:
            return BigNumber(big_number.translate(_ONE_LINE))
        verbatim = tags.get(b"verbatim_string")
        if verbatim.__class__ is Table:
            kind, shown = verbatim.hash.get(b"format"), verbatim.hash.get(b"string")
            if kind.__class__ is bytes and shown.__class__ is bytes:
                return Verbatim.of(kind, shown)
        if tags.get(b"double").__class__ is float:
            return float(tags[b"double"])
        if tags.get(b"map").__class__ is Table:
            return Pairs(
                (to_reply(key, resp, depth), to_reply(value, resp, depth))
                for key, value in tags[b"map"].items()
            )
        if tags.get(b"set").__class__ is Table:
            return OrderedSet(to_reply(key, resp, depth) for key, _ in tags[b"set"].items())
    return _array_to_reply(table.array, resp, depth)


def _array_to_reply(items: list[Value], resp: int, depth: int) -> Reply:
    """An array ends before its first nil."""
    if None in items:
        items = items[: items.index(None)]
    return [
        item
        if item.__class__ is bytes
        else int(item)
        if item.__class__ is float and -1e18 < item < 1e18
        else to_reply(item, resp, depth)
        for item in items
    ]


def error_text(message: bytes) -> str:
    """An error that a script returns, with a code or none; to Redis it is a C string."""
    return message.partition(b"\0")[0].rstrip(b"\r\n").decode("utf-8", "surrogateescape")
