"""Values and operations of a running script.

nil is None, a boolean a bool, a number a float, a string bytes, a table a ``Table``, a function a
Python function that takes its arguments and answers a list of results. Compiled code does the
frequent cases itself and calls the functions here for everything else: metatables, coercions and
the errors in Lua's words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType as Function
from typing import Any, NamedTuple, TypeAlias

from .budget import SPREAD_WEIGHT, call_back, current, reserve, spend
from .errors import LuaError
from .key_hashes import FALSE_KEY, TRUE_KEY
from .layout import power_of_two
from .numbers import format_number, parse_number
from .ordering import MAX_KNOWN_KEYS, MAX_ORDER_KEYS, History, order

Value: TypeAlias = Any
Results: TypeAlias = list[Any]
LuaFunction: TypeAlias = Callable[..., Results]

#: The longest string a script can build: announced sizes are refused before they are allocated.
MAX_STRING_BYTES = 64 * 1024 * 1024
#: ``unpack`` gives fewer results than this (``LUAI_MAXCSTACK``).
MAX_RESULTS = 8000
#: Elements that a table moves between its parts in the time of a step.
MOVES_A_STEP = 8
#: How far ``__index`` chains are followed, as in Lua.
MAX_META_CHAIN = 100

_INVALID_KEY = b"invalid key to 'next'"
_BOOLEANS = {TRUE_KEY: True, FALSE_KEY: False}


class Table:
    """A Lua table: ``array`` holds the keys 1 to n, ``hash`` the others; neither holds nil.

    They are not the parts of real Lua, whose sizes and order ``ordering`` works out when asked to.
    """

    __slots__ = (
        *("array", "array_size", "hash", "history", "known_order", "metatable", "node_count"),
        "readonly",
    )

    def __init__(
        self,
        array: list[Value] | None = None,
        array_size: int = 0,
        fields: dict[Any, Value] | None = None,
        node_count: int = 0,
    ) -> None:
        self.array: list[Value] = [] if array is None else array
        self.hash: dict[Any, Value] = {} if fields is None else fields
        self.metatable: Table | None = None
        #: Redis marks its libraries and the globals so: no script may change them.
        self.readonly = False
        #: The sizes that a constructor announces; of a list, the longest that it was, at least.
        self.array_size = array_size
        self.node_count = node_count
        #: What happened, if it does not follow from these sizes and the order of the dict.
        self.history: History | None = None
        #: The order in which it was traversed last, while it has no history.
        self.known_order: tuple[Value, ...] = ()

    def get(self, key: Value) -> Value:
        """The value at a key, without metamethods."""
        if key.__class__ is float:
            at = int(key) if key.is_integer() else 0
            if 0 < at <= len(self.array):
                return self.array[at - 1]
        elif key.__class__ is bool:
            key = TRUE_KEY if key else FALSE_KEY
        return self.hash.get(key)

    def set(self, key: Value, value: Value) -> None:
        """Put a value at a key, without metamethods; nil removes. Raises LuaError."""
        if self.readonly:
            raise LuaError(b"Attempt to modify a readonly table")
        if key.__class__ is float:
            if key.is_integer() and self._set_number(int(key), value):
                return
            if key != key:
                raise LuaError(b"table index is NaN")
        elif key is None:
            raise LuaError(b"table index is nil")
        elif key.__class__ is bool:
            key = TRUE_KEY if key else FALSE_KEY
        if value is not None:
            self.hash[key] = value
            return
        self._history().removed(key)

    def _set_number(self, at: int, value: Value) -> bool:
        """Whether the array part took it."""
        array = self.array
        size = len(array)
        if 0 < at <= size:
            if value is not None:
                array[at - 1] = value
            elif at == size:
                self._pop()
            else:
                self._make_hole(at)
            return True
        if value is None:
            return False
        if at == size + 1:
            if self.hash or self.history is not None:
                self._append(value)
            else:
                array.append(value)
            return True
        if at > size and (self.history is None or not self.history.is_sparse):
            self._history().is_sparse = True
        return False

    def _history(self) -> History:
        if self.history is None:
            sizes = self.array_size, self.node_count
            self.history = History(*sizes, len(self.array), self.hash)
            self.known_order = ()
        return self.history

    def _pop(self) -> None:
        size = len(self.array)
        if not self.is_list():
            self._history().removed(float(size))
        elif size > self.array_size:
            self.array_size = power_of_two(size)
        self.array.pop()

    def _make_hole(self, at: int) -> None:
        """Remove an element; those behind it move, so that the array keeps holding no nil."""
        history, array = self._history(), self.array
        history.removed(float(at))
        history.is_sparse = True
        spend((len(array) - at) // MOVES_A_STEP)
        self.hash.update(zip(map(float, range(at + 1, len(array) + 1)), array[at:], strict=True))
        del array[at - 1 :]
        history.moved()

    def _append(self, value: Value) -> None:
        """As in a list, to a table that is none; keys of the dict may follow."""
        size = len(self.array) + 1
        # What fits the sizes that were announced changes neither.
        if self.history is not None or size > self.array_size or len(self.hash) > self.node_count:
            self._history().grown(size)
        self.array.append(value)
        if self.history is not None and self.history.is_sparse:
            self._absorb(self.history)

    def _absorb(self, history: History) -> None:
        """Take keys that now follow the array from the hash part."""
        size = len(self.array)
        following = float(size + 1)
        while following in self.hash:
            self.array.append(self.hash.pop(following))
            following += 1
        history.moved()
        history.is_sparse = bool(self.hash)
        spend((len(self.array) - size) // MOVES_A_STEP)

    def fill(self, items: list[Value], begun: int = 0) -> None:
        """Elements in a constructor, behind ``begun`` others: some may be nil, or there already."""
        size = begun + len(items)
        if size > self.array_size:
            if self.history is not None or len(self.hash) > 1:
                self._history().stretched(size)
            self.array_size = size
        if len(self.array) == begun and self.history is None and None not in items:
            self.array += items
            return
        is_new = not self.array and not self.hash
        for at, item in enumerate(items, start=begun + 1):
            if item is not None or not is_new:
                self.set(float(at), item)

    def is_list(self) -> bool:
        """Whether it has no keys but 1 to n, and never had, so that they follow one another."""
        return not self.hash and not self.node_count and self.history is None

    def length(self) -> int:
        """The border that Lua finds when there are holes."""
        if self.history is None or not self.history.is_sparse:
            return len(self.array)
        return self.history.border()

    # --- traversal --------------------------------------------------------------------------------

    def keys(self) -> list[Value]:
        """Every key, in no order."""
        found: list[Value] = [float(at) for at in range(1, len(self.array) + 1)]
        found += [_BOOLEANS.get(key, key) if key.__class__ is object else key for key in self.hash]
        return found

    def items(self) -> Iterator[tuple[Value, Value]]:
        """Keys with their values, in the order of a traversal, during which it may change."""
        key: Value = None
        if self.is_list():
            at, array = 0, self.array
            while at < len(array):
                at += 1
                yield float(at), array[at - 1]
            if self.is_list():
                return
            key = float(at) if at else None
        elif self._can_know_order():
            array, hash_ = self.array, self.hash
            sizes = len(array), len(hash_)
            for key in self._order():
                yield key, hash_[key] if key.__class__ is bytes else self.get(key)
                if self.history is not None or (len(array), len(hash_)) != sizes:
                    break
            else:
                return
        try:
            for following in self._history().following(_hashable(key)):
                if following.__class__ is float:
                    yield following, self.get(following)
                elif following.__class__ is object:
                    yield _BOOLEANS[following], self.hash.get(following)
                else:
                    yield following, self.hash.get(following)
        except KeyError:
            raise LuaError(_INVALID_KEY, level=0) from None

    def _has_known_order(self) -> bool:
        size = len(self.array) + len(self.hash)
        return self.history is None and (size <= MAX_ORDER_KEYS or len(self.known_order) == size)

    def _can_know_order(self) -> bool:
        """Not so of a large table that has grown since it was traversed: it may do so again."""
        is_new = self.history is None and not self.known_order
        size = len(self.array) + len(self.hash)
        return (is_new and size <= MAX_KNOWN_KEYS) or self._has_known_order()

    def _order(self) -> tuple[Value, ...]:
        """The keys of a table that has no history."""
        if len(self.known_order) != len(self.array) + len(self.hash):
            keys = order(self.array_size, self.node_count, len(self.array), tuple(self.hash))
            if TRUE_KEY in keys or FALSE_KEY in keys:
                keys = tuple([_BOOLEANS.get(key, key) for key in keys])
            self.known_order = keys
        return self.known_order

    def after(self, key: Value) -> tuple[Value, Value] | None:
        """The pair that follows ``key`` in a traversal; None at its end. Raises LuaError."""
        if self.is_list() and (key is None or (key.__class__ is float and key.is_integer())):
            at, size = 0 if key is None else int(key) or -1, len(self.array)
            if 0 <= at <= size:
                return (float(at + 1), self.array[at]) if at < size else None
        elif key is None and self._has_known_order():
            return next(((each, self.get(each)) for each in self._order()), None)
        try:
            following = self._history().after(_hashable(key))
        except KeyError:
            raise LuaError(_INVALID_KEY, level=0) from None
        if following is None:
            return None
        following = _BOOLEANS.get(following, following)
        return following, self.get(following)


def _hashable(key: Value) -> Value:
    return (TRUE_KEY if key else FALSE_KEY) if key.__class__ is bool else key


class Userdata:
    """A value that scripts can only pass on and compare: ``cjson.null``."""

    __slots__ = ()


# --- types ----------------------------------------------------------------------------------------

_TYPE_NAMES: dict[type, bytes] = {
    type(None): b"nil",
    bool: b"boolean",
    float: b"number",
    bytes: b"string",
    Table: b"table",
    Function: b"function",
    Userdata: b"userdata",
}

#: The metatable of strings: what ``("x"):upper()`` finds. Read-only, so shared by all scripts.
STRING_METATABLE = Table()


def type_name(value: Value) -> bytes:
    # What is in no table is a coroutine, which a module above this one owns.
    return _TYPE_NAMES.get(value.__class__, b"thread")


def metamethod(value: Value, event: bytes) -> Value:
    if value.__class__ is Table:
        metatable = value.metatable
    elif value.__class__ is bytes:
        metatable = STRING_METATABLE
    else:
        return None
    return None if metatable is None else metatable.hash.get(event)


def tostring(value: Value) -> bytes:
    """As the function of that name, without metatables.

    Addresses are made up: a real one would tell of the process.
    """
    if value.__class__ is bytes:
        return bytes(value)
    if value.__class__ is float:
        return format_number(value)
    if value is None:
        return b"nil"
    if value.__class__ is bool:
        return b"true" if value else b"false"
    if value.__class__ is Userdata:
        return b"userdata: (nil)"
    address = 0x7F0000000000 | (hash(id(value)) * 0x9E3779B1 & 0xFFFFFFFFF0)
    return b"%b: 0x%012x" % (type_name(value), address)


def tonumber(value: Value) -> float | None:
    """A number, or a string that looks like one."""
    if value.__class__ is float:
        return value
    return parse_number(value) if value.__class__ is bytes else None


def first(results: Results) -> Value:
    return results[0] if results else None


# --- indexing and calling -------------------------------------------------------------------------


def index(owner: Value, key: Value, name: str = "") -> Value:
    """``owner[key]`` with metamethods. ``name`` is what the source calls the owner."""
    for _ in range(MAX_META_CHAIN):
        if owner.__class__ is Table:
            value = owner.get(key)
            if value is not None or owner.metatable is None:
                return value
            handler = owner.metatable.hash.get(b"__index")
            if handler is None:
                return None
        else:
            handler = metamethod(owner, b"__index")
            if handler is None:
                raise LuaError(_cannot("index", name, owner))
        if handler.__class__ is Function:
            return first(call_back(handler, owner, key))
        owner, name = handler, ""
    raise LuaError(b"loop in gettable")


def set_index(owner: Value, key: Value, value: Value, name: str = "") -> None:
    """``owner[key] = value`` with metamethods."""
    if owner.__class__ is Table and owner.metatable is None:
        owner.set(key, value)
        return
    for _ in range(MAX_META_CHAIN):
        if owner.__class__ is Table:
            metatable = owner.metatable
            if metatable is None or owner.get(key) is not None:
                owner.set(key, value)
                return
            handler = metatable.hash.get(b"__newindex")
            owner.set(key, value if handler is None else None)  # Lua makes room before it asks
            if handler is None:
                return
        else:
            handler = metamethod(owner, b"__newindex")
            if handler is None:
                raise LuaError(_cannot("index", name, owner))
        if handler.__class__ is Function:
            call_back(handler, owner, key, value)
            return
        owner, name = handler, ""
    raise LuaError(b"loop in settable")


def call(function: Value, *arguments: Value, level: int = 1) -> Results:
    """Call any value from a library or for an operator; ``level`` as in ``call_back``."""
    if function.__class__ is Function:
        return call_back(function, *arguments, level=level)
    return call_back(call_named, function, "", *arguments, level=level)


def call_named(function: Value, name: str, *arguments: Value) -> Results:
    """As ``call``, for an error that names what was called."""
    return spread(function, name, arguments)


def spread(function: Value, name: str, given: Sequence[Value]) -> Results:
    """As ``call_named``, with arguments in a list.

    Few are handed over one by one: then Python 3.11 needs no room on C's stack either.
    """
    if function.__class__ is not Function:
        handler = metamethod(function, b"__call")
        if handler.__class__ is not Function:
            raise LuaError(_cannot("call", name, function))
        function, given = handler, [function, *given]
    results: Results
    match given:
        case []:
            results = function()
        case [a]:
            results = function(a)
        case [a, b]:
            results = function(a, b)
        case [a, b, c]:
            results = function(a, b, c)
        case _:
            budget = current()
            budget.depth += SPREAD_WEIGHT
            results = function(*given)
            budget.depth -= SPREAD_WEIGHT
    return results


class Tail(NamedTuple):
    """What a function that is called by ``tail_call`` wants to be called in its place."""

    function: Value
    arguments: list[Value]


def tail_call(function: Value, name: str, given: list[Value]) -> Results:
    """As ``spread``; what the function returns by calling needs no room on the stack."""
    budget = current()
    budget.depth -= 1  # who calls this is not there any more, as far as Lua knows
    while True:
        form = getattr(function, "bounced", None)
        results: Results | Tail = spread(form or function, name, given)
        if results.__class__ is not Tail:
            budget.depth += 1
            return results  # type: ignore[return-value]  # as just seen
        function, given = results


def _cannot(verb: str, name: str, value: Value) -> bytes:
    named = f"{name} (a %s value)" if name else "a %s value"
    return f"attempt to {verb} {named % type_name(value).decode()}".encode()


# --- arithmetic -----------------------------------------------------------------------------------


def _power(a: float, b: float) -> float:
    try:
        return float(a**b)
    except OverflowError:
        return -math.inf if a < 0 and b.is_integer() and b % 2 else math.inf
    except ZeroDivisionError:
        return -math.inf if math.copysign(1, a) < 0 and b.is_integer() and b % 2 else math.inf
    except TypeError:
        return math.nan  # a complex number


def power(a: float, b: float) -> float:
    """C's ``pow``: a fractional power of a negative number is no number."""
    if a < 0 and not b.is_integer() and not math.isinf(b) and not math.isinf(a):
        return -math.nan
    return _power(a, b)


def divide(a: float, b: float) -> float:
    if b:
        return a / b
    if a == 0 or a != a:
        return -math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def modulo(a: float, b: float) -> float:
    """``a - floor(a/b)*b``, as Lua 5.1 defines it; Python's own is exact where Lua's is not."""
    quotient = divide(a, b)
    # C's floor leaves alone what is not finite, and the sign of zero.
    if quotient and math.isfinite(quotient):
        quotient = float(math.floor(quotient))
    return a - quotient * b


_ARITHMETIC: dict[bytes, Callable[[float, float], float]] = {
    b"__add": lambda a, b: a + b,
    b"__sub": lambda a, b: a - b,
    b"__mul": lambda a, b: a * b,
    b"__div": divide,
    b"__mod": modulo,
    b"__pow": power,
}


def arithmetic(event: bytes, a: Value, b: Value, name_a: str = "", name_b: str = "") -> Value:
    """Any of the six operations, on anything."""
    x = a if a.__class__ is float else parse_number(a) if a.__class__ is bytes else None
    y = b if b.__class__ is float else parse_number(b) if b.__class__ is bytes else None
    if x is not None and y is not None:
        return _ARITHMETIC[event](x, y)
    handler = metamethod(a, event)
    if handler is None:
        handler = metamethod(b, event)
    if handler is not None:
        return first(call(handler, a, b))
    # A string that is no number is blamed before what follows it.
    blamed, name = (a, name_a) if x is None else (b, name_b)
    raise LuaError(_cannot("perform arithmetic on", name, blamed))


def negate(a: Value, name: str = "") -> Value:
    x = tonumber(a)
    if x is not None:
        return -x
    handler = metamethod(a, b"__unm")
    if handler is not None:
        return first(call(handler, a, a))
    raise LuaError(_cannot("perform arithmetic on", name, a))


def length(a: Value, name: str = "") -> float:
    """``#a``; in Lua 5.1 no metamethod can change a table's."""
    if a.__class__ is Table:
        return float(a.length())
    if a.__class__ is bytes:
        return float(len(a))
    raise LuaError(_cannot("get length of", name, a))


def concat(a: Value, b: Value, name_a: str = "", name_b: str = "") -> Value:
    if a.__class__ in (bytes, float) and b.__class__ in (bytes, float):
        x, y = tostring(a), tostring(b)
        if len(x) + len(y) > MAX_STRING_BYTES:
            raise LuaError(b"string length overflow")
        reserve(len(x) + len(y))
        return x + y
    handler = metamethod(a, b"__concat")
    if handler is None:
        handler = metamethod(b, b"__concat")
    if handler is not None:
        return first(call(handler, a, b))
    blamed, name = (a, name_a) if a.__class__ not in (bytes, float) else (b, name_b)
    raise LuaError(_cannot("concatenate", name, blamed))


# --- comparison -----------------------------------------------------------------------------------


def equal(a: Value, b: Value) -> bool:
    if a.__class__ is not b.__class__:
        return False
    if a is b:
        return bool(a == a)  # not so for NaN
    if a.__class__ is Table:
        handler = metamethod(a, b"__eq")
        if handler is None or handler is not metamethod(b, b"__eq"):
            return False
        return is_true(first(call(handler, a, b)))
    return bool(a == b)


def less(a: Value, b: Value) -> bool:
    if a.__class__ is b.__class__ and a.__class__ in (float, bytes):
        return bool(a < b)
    return _compare(b"__lt", a, b)


def less_equal(a: Value, b: Value) -> bool:
    if a.__class__ is b.__class__ and a.__class__ in (float, bytes):
        return bool(a <= b)
    handler = metamethod(a, b"__le")
    if handler is None and metamethod(a, b"__lt") is not None:
        return not _compare(b"__lt", b, a)
    return _compare(b"__le", a, b)


def _compare(event: bytes, a: Value, b: Value) -> bool:
    handler = metamethod(a, event)
    if handler is not None and handler is metamethod(b, event):
        return is_true(first(call(handler, a, b)))
    one, other = type_name(a), type_name(b)
    if one == other:
        raise LuaError(b"attempt to compare two %b values" % one)
    raise LuaError(b"attempt to compare %b with %b" % (one, other))


def is_true(value: Value) -> bool:
    return value is not None and value is not False
