"""The base library, as far as Redis leaves it."""

from __future__ import annotations

import resource
from types import FunctionType

from . import arguments as args
from .budget import SLOT_BYTES, STACK_OVERFLOW, current, reserve
from .errors import LuaError
from .loops import next_, next_item
from .numbers import parse_number
from .runtime import (
    MAX_RESULTS,
    Results,
    Table,
    Value,
    call,
    first,
    index,
    metamethod,
    tonumber,
    tostring,
    type_name,
)
from .tracing import located

#: How many times handlers of errors can handle their own: ``LUAI_MAXCCALLS`` and an eighth, less
#: the calls that xpcall itself takes.
MAX_HANDLERS = 222
ERROR_IN_ERROR_HANDLING = b"error in error handling"


def assert_(*arguments: Value) -> Results:
    value = args.any_value(arguments, 1, b"assert")
    if value is None or value is False:
        has_message = args.given(arguments, 2) is not None
        message = args.string(arguments, 2, b"assert") if has_message else b"assertion failed!"
        raise LuaError(message)
    return list(arguments)


def collectgarbage(*arguments: Value) -> Results:
    """Memory is the host's business: nothing is collected, and what is told is the process's."""
    is_given = args.given(arguments, 1) is not None
    option = args.string(arguments, 1, b"collectgarbage") if is_given else b"collect"
    options = (b"stop", b"restart", b"collect", b"count", b"step", b"setpause", b"setstepmul")
    if option not in options:
        raise args.bad(1, b"collectgarbage", b"invalid option '%b'" % args.c_string(option))
    if option == b"count":
        return gcinfo()
    return [False] if option == b"step" else [0.0]


def gcinfo(*_: Value) -> Results:
    """Kilobytes."""
    return [float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)]


def error(*arguments: Value) -> Results:
    level = args.int32(arguments, 2, b"error", 1)
    value = args.given(arguments, 1)
    if value.__class__ is float and level > 0:
        value = tostring(value)  # it is told with its position, as a string is
    raise LuaError(value, level=level)


def getmetatable(*arguments: Value) -> Results:
    value = args.any_value(arguments, 1, b"getmetatable")
    protected = metamethod(value, b"__metatable")
    if protected is not None:
        return [protected]
    if value.__class__ is Table:
        return [value.metatable]
    if value.__class__ is bytes:
        from .runtime import STRING_METATABLE

        return [STRING_METATABLE]
    return [None]


def setmetatable(*arguments: Value) -> Results:
    owner = args.table(arguments, 1, b"setmetatable")
    metatable = args.given(arguments, 2)
    if len(arguments) < 2 or not (metatable is None or metatable.__class__ is Table):
        raise args.bad(2, b"setmetatable", b"nil or table expected")
    if metamethod(owner, b"__metatable") is not None:
        raise LuaError(b"cannot change a protected metatable")
    _refuse_readonly(owner)
    owner.metatable = metatable
    return [owner]


def ipairs(*arguments: Value) -> Results:
    return [next_item, args.table(arguments, 1, b"ipairs"), 0.0]


def pairs(*arguments: Value) -> Results:
    return [next_, args.table(arguments, 1, b"pairs"), None]


def next_pair(*arguments: Value) -> Results:
    args.table(arguments, 1, b"next")
    return next_(*arguments)


def pcall(*arguments: Value) -> Results:
    """Errors of the script come back as values; the host's word that it must stop does not."""
    function = args.any_value(arguments, 1, b"pcall")
    budget = current()
    depth = budget.depth
    try:
        return [True, *call(function, *arguments[1:], level=0)]
    except (LuaError, RecursionError) as problem:
        budget.depth = depth
        value = thrown(problem)
    if value.__class__ is not Table:
        return [False, value]
    # Redis's pcall gives the message of a command's error, not the table it was thrown as; what is
    # no message, it leaves behind the table.
    message = index(value, b"err")
    return [False, message] if message.__class__ in (bytes, float) else [False, value, message]


def xpcall(*arguments: Value) -> Results:
    handler = args.any_value(arguments, 2, b"xpcall")
    budget = current()
    depth = budget.depth
    try:
        return [True, *call(arguments[0], level=0)]
    except (LuaError, RecursionError) as problem:
        budget.depth = depth
        value = thrown(problem)
    if handler.__class__ is not FunctionType:
        return [False, ERROR_IN_ERROR_HANDLING]
    # An error of the handler is the handler's to handle, too, as long as there is room.
    for _ in range(MAX_HANDLERS - budget.callbacks):
        try:
            return [False, first(call(handler, value, level=0))]
        except (LuaError, RecursionError) as problem:
            budget.depth = depth
            value = thrown(problem)
    return [False, ERROR_IN_ERROR_HANDLING]


def thrown(problem: LuaError | RecursionError) -> Value:
    """The value that an error throws. Where Python's stack ends first, it is told as Lua's."""
    return located(problem) if isinstance(problem, LuaError) else STACK_OVERFLOW


def rawequal(*arguments: Value) -> Results:
    a = args.any_value(arguments, 1, b"rawequal")
    b = args.any_value(arguments, 2, b"rawequal")
    return [a.__class__ is b.__class__ and (a is b or (a.__class__ is not Table and a == b))]


def rawget(*arguments: Value) -> Results:
    owner = args.table(arguments, 1, b"rawget")
    return [owner.get(args.any_value(arguments, 2, b"rawget"))]


def rawset(*arguments: Value) -> Results:
    owner = args.table(arguments, 1, b"rawset")
    key = args.any_value(arguments, 2, b"rawset")
    value = args.any_value(arguments, 3, b"rawset")
    _refuse_readonly(owner)
    try:
        owner.set(key, value)
    except LuaError as error:
        raise LuaError(error.value, level=0) from None
    return [owner]


def _refuse_readonly(table: Table) -> None:
    """As Redis's Lua does below the level of the language: without a position."""
    if table.readonly:
        raise LuaError(b"Attempt to modify a readonly table", level=0)


def select(*arguments: Value) -> Results:
    if args.given(arguments, 1) == b"#":
        return [float(len(arguments) - 1)]
    at = args.int32(arguments, 1, b"select")
    if at < 0:
        at += len(arguments)
    if at < 1:
        raise args.bad(1, b"select", b"index out of range")
    return list(arguments[at:])


def tonumber_(*arguments: Value) -> Results:
    if len(arguments) == 1:
        return [tonumber(arguments[0])]
    base = args.int32(arguments, 2, b"tonumber", 10)
    if base == 10:
        return [tonumber(args.any_value(arguments, 1, b"tonumber"))]
    text = args.c_string(args.string(arguments, 1, b"tonumber"))
    if not 2 <= base <= 36:
        raise args.bad(2, b"tonumber", b"base out of range")
    return [_in_base(text.strip(b" \t\n\r\f\v").lower(), base)]


def _in_base(text: bytes, base: int) -> float | None:
    if base == 16 and text.startswith((b"0x", b"-0x")):
        return parse_number(text)
    digits = b"0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    unsigned = text.removeprefix(b"-")
    if not unsigned or any(byte not in digits for byte in unsigned):
        return None
    # C's strtoul: an unsigned number, which a sign wraps around.
    value = min(int(unsigned, base), 2**64 - 1)
    return float(2**64 - value if text.startswith(b"-") and value else value)


def tostring_(*arguments: Value) -> Results:
    return [shown(args.any_value(arguments, 1, b"tostring"))]


def shown(value: Value) -> Value:
    """``tostring`` of one value: a string, or whatever its metatable gives."""
    handler = metamethod(value, b"__tostring")
    return tostring(value) if handler is None else first(call(handler, value))


def type_(*arguments: Value) -> Results:
    return [type_name(args.any_value(arguments, 1, b"type"))]


def unpack(*arguments: Value) -> Results:
    owner = args.table(arguments, 1, b"unpack")
    start = args.int32(arguments, 2, b"unpack", 1)
    stop = args.int32(arguments, 3, b"unpack", owner.length())
    if stop - start + 1 >= MAX_RESULTS:
        raise LuaError(b"too many results to unpack")
    reserve((stop - start) * SLOT_BYTES)
    if start == 1 and stop == len(owner.array):
        return list(owner.array)
    return [owner.get(float(at)) for at in range(start, stop + 1)]


FUNCTIONS = {
    b"assert": assert_,
    b"collectgarbage": collectgarbage,
    b"error": error,
    b"gcinfo": gcinfo,
    b"getmetatable": getmetatable,
    b"ipairs": ipairs,
    b"next": next_pair,
    b"pairs": pairs,
    b"pcall": pcall,
    b"rawequal": rawequal,
    b"rawget": rawget,
    b"rawset": rawset,
    b"select": select,
    b"setmetatable": setmetatable,
    b"tonumber": tonumber_,
    b"tostring": tostring_,
    b"type": type_,
    b"unpack": unpack,
    b"xpcall": xpcall,
}
