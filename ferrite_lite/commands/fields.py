"""Commands that name fields of a hash behind FIELDS and their number: deadlines of single fields.

Redis 7.4 and 8 and Valkey 9 have them. Where these differ, in the words of errors and in rounding,
what stands here does as Valkey 9.1; ``redisfields`` reads as Redis 8 does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ..command import CommandGroup
from ..context import Context
from ..data.values import Hash
from ..errors import FieldCountMismatch, SyntaxFault
from ..numeric import parse_int
from ..reply import Reply
from ..words import keyword
from . import redisfields
from .deadlines import (
    MS_PER_SECOND,
    UNITS,
    allows,
    future_deadline_ms,
    read_conditions,
    rounded_seconds,
)
from .options import argument_of

command = CommandGroup("hash")

#: What the commands answer for each field.
NO_FIELD, NO_DEADLINE, NOT_ALLOWED, DONE, DELETED = -2, -1, 0, 1, 2

_EXPIRY = (
    "EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | {last}"
)

Words = tuple[bytes, ...]


def _split(words: Words) -> tuple[Words, bytes, Words]:
    """What stands before FIELDS, the number behind it, and the rest. Raises FieldCountMismatch."""
    for at, word in enumerate(words[:-1]):
        if keyword(word) == b"FIELDS":
            return words[:at], words[at + 1], words[at + 2 :]
    raise FieldCountMismatch


def _check_count(raw: bytes, given: int) -> None:
    """Raises NotAnInteger, FieldCountMismatch."""
    count = parse_int(raw)
    if count <= 0 or count != given:
        raise FieldCountMismatch


# --- HEXPIRE and its kin --------------------------------------------------------------------------


@command(
    "HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    "write fast",
    keys="RW update",
    since="7.4.0",
)
def hexpire(ctx: Context, key: bytes, seconds: bytes, *words: bytes) -> Reply:
    """Let fields live for some seconds more."""
    return _expire(ctx, key, seconds, words, b"EX")


@command(
    "HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    "write fast",
    keys="RW update",
    since="7.4.0",
)
def hpexpire(ctx: Context, key: bytes, milliseconds: bytes, *words: bytes) -> Reply:
    """Let fields live for some milliseconds more."""
    return _expire(ctx, key, milliseconds, words, b"PX")


@command(
    "HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    "write fast",
    keys="RW update",
    since="7.4.0",
)
def hexpireat(ctx: Context, key: bytes, time: bytes, *words: bytes) -> Reply:
    """Let fields live until a time, in seconds."""
    return _expire(ctx, key, time, words, b"EXAT")


@command(
    "HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    "write fast",
    keys="RW update",
    since="7.4.0",
)
def hpexpireat(ctx: Context, key: bytes, time: bytes, *words: bytes) -> Reply:
    """Let fields live until a time, in milliseconds."""
    return _expire(ctx, key, time, words, b"PXAT")


def _expire(ctx: Context, key: bytes, raw: bytes, words: Words, option: bytes) -> Reply:
    if ctx.server.is_redis_8:
        _refuse_other_type(ctx, key)
        return _expire_fields(ctx, key, *redisfields.read_hexpire(ctx, raw, words, option))
    options, count, names = _split(words)
    conditions = read_conditions(options)
    _check_count(count, len(names))
    deadline_ms = future_deadline_ms(ctx, raw, option)
    return _expire_fields(ctx, key, names, conditions, deadline_ms)


def _expire_fields(
    ctx: Context, key: bytes, names: Words, conditions: frozenset[bytes], deadline_ms: int
) -> Reply:
    fields = ctx.db.hash(key)
    if fields is None:
        return [NO_FIELD] * len(names)
    setter = _Setter(ctx, key, fields, deadline_ms)
    answers: list[Reply] = []
    for name in names:
        if name not in fields:
            answers.append(NO_FIELD)
        elif not allows(conditions, fields.deadline_ms(name), deadline_ms):
            answers.append(NOT_ALLOWED)
        else:
            answers.append(setter.set(name))
    setter.finish("hexpire")
    return answers


class _Setter:
    """Gives fields a deadline; one that is here already deletes them, as it does a key."""

    def __init__(self, ctx: Context, key: bytes, fields: Hash, deadline_ms: int) -> None:
        self._db = ctx.db
        self._key = key
        self._fields = fields
        self._deadline_ms = deadline_ms
        self.is_due = deadline_ms <= ctx.server.moment.ms
        self._event_if_due = "hdel" if ctx.server.is_redis_8 else "hexpired"
        self._changed: list[bytes] = []

    def set(self, name: bytes) -> int:
        """Do it to a field that is there."""
        self._changed.append(name)
        if self.is_due:
            self._fields.drop(name)
            return DELETED
        self._db.set_field_deadline(self._key, name, self._deadline_ms)
        return DONE

    def finish(self, event: str) -> None:
        """Tell what was changed."""
        if self._changed:
            event = self._event_if_due if self.is_due else event
            self._db.touch(self._key, event, len(self._changed), self._changed)


@command(
    "HPERSIST key FIELDS numfields field [field ...]", "write fast", keys="RW update", since="7.4.0"
)
def hpersist(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Take the deadlines of fields away."""
    names = _names(ctx, key, words)
    fields = ctx.db.hash(key)
    if fields is None:
        return [NO_FIELD] * len(names)
    answers: list[Reply] = [_persist(fields, name) for name in names]
    changed = [name for name, answer in zip(names, answers, strict=True) if answer == DONE]
    if changed:
        ctx.db.touch(key, "hpersist", len(changed), changed)
    return answers


def _persist(fields: Hash, name: bytes) -> int:
    if name not in fields:
        return NO_FIELD
    return DONE if fields.clear_deadline(name) else NO_DEADLINE


def _refuse_other_type(ctx: Context, key: bytes) -> None:
    """Redis looks at the type before it reads the words. Raises WrongType."""
    if ctx.db.is_living(key) and not isinstance(ctx.db.stored(key), Hash):
        ctx.db.hash(key)


def _names(ctx: Context, key: bytes, words: Words) -> Words:
    """The fields behind a FIELDS that must come first.

    Raises SyntaxFault, NotAnInteger, FieldCountMismatch; and what Redis 8 says instead.
    """
    if ctx.server.is_redis_8:
        _refuse_other_type(ctx, key)
        return redisfields.read_fields(words)
    if keyword(words[0]) != b"FIELDS":
        raise SyntaxFault
    _check_count(words[1], len(words) - 2)
    return words[2:]


# --- how long fields still live -------------------------------------------------------------------


@command("HTTL key FIELDS numfields field [field ...]", "readonly fast", since="7.4.0")
def httl(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return for how many seconds fields still live: -1 without deadline, -2 without field."""
    now_ms = ctx.server.moment.ms
    return _tell(ctx, key, words, lambda deadline_ms: _seconds(ctx, deadline_ms - now_ms))


@command("HPTTL key FIELDS numfields field [field ...]", "readonly fast", since="7.4.0")
def hpttl(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return for how many milliseconds fields still live: -1 without deadline, -2 without field."""
    now_ms = ctx.server.moment.ms
    return _tell(ctx, key, words, lambda deadline_ms: deadline_ms - now_ms)


@command("HEXPIRETIME key FIELDS numfields field [field ...]", "readonly fast", since="7.4.0")
def hexpiretime(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return the deadlines of fields in Unix seconds: -1 without one, -2 without the field."""
    return _tell(ctx, key, words, lambda deadline_ms: _seconds(ctx, deadline_ms))


@command("HPEXPIRETIME key FIELDS numfields field [field ...]", "readonly fast", since="7.4.0")
def hpexpiretime(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return the deadlines of fields in Unix milliseconds: -1 without one, -2 without the field."""
    return _tell(ctx, key, words, lambda deadline_ms: deadline_ms)


def _seconds(ctx: Context, time_ms: int) -> int:
    return -(-time_ms // MS_PER_SECOND) if ctx.server.is_redis_8 else rounded_seconds(time_ms)


def _tell(ctx: Context, key: bytes, words: Words, form: Callable[[int], int]) -> Reply:
    try:
        names = _names(ctx, key, words)
    except FieldCountMismatch:
        raise SyntaxFault from None
    fields = ctx.db.hash(key)
    if fields is None:
        return [NO_FIELD] * len(names)
    answers: list[Reply] = []
    for name in names:
        deadline_ms = fields.deadline_ms(name)
        if deadline_ms is not None:
            answers.append(form(deadline_ms))
        else:
            answers.append(NO_DEADLINE if name in fields else NO_FIELD)
    return answers


# --- values together with their deadlines ---------------------------------------------------------


@dataclass(slots=True)
class _Options:
    """The words between the key and FIELDS of HGETEX and HSETEX."""

    #: EX, PX, EXAT or PXAT with its time; or PERSIST, or KEEPTTL, without one.
    expiry: bytes | None = None
    time: bytes = b""
    conditions: set[bytes] = field(default_factory=set)

    def deadline_ms(self, ctx: Context) -> int | None:
        """Raises NotAnInteger, InvalidExpireTime."""
        if self.expiry not in UNITS:
            return None
        return future_deadline_ms(ctx, self.time, self.expiry)


def _read_options(
    words: Words, last: bytes, conditions: Collection[frozenset[bytes]] = ()
) -> _Options:
    """Every option may come again, and none beside what it excludes. Raises SyntaxFault."""
    options = _Options()
    remaining = iter(words)
    for word in remaining:
        option = keyword(word)
        if option in UNITS or option == last:
            if options.expiry not in (None, option):
                raise SyntaxFault
            options.expiry = option
            if option in UNITS:
                options.time = argument_of(remaining)
        elif any(option in choice for choice in conditions):
            options.conditions.add(option)
        else:
            raise SyntaxFault
    if any(choice <= options.conditions for choice in conditions):
        raise SyntaxFault
    return options


@command(
    f"HGETEX key [{_EXPIRY.format(last='PERSIST')}] FIELDS numfields field [field ...]",
    "write fast",
    keys="RW access update",
    since="8.0.0",
)
def hgetex(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return the values of fields, and set or take away their deadlines."""
    if ctx.server.is_redis_8:
        _refuse_other_type(ctx, key)
        read = redisfields.read_hgetex(ctx, words)
        return _get_with_deadline(ctx, key, read.fields, read.deadline_ms, read.is_last_option)
    before, count, names = _split(words)
    options = _read_options(before, b"PERSIST")
    _check_count(count, len(names))
    ctx.db.hash(key)  # another type is refused before the time is read
    deadline_ms = options.deadline_ms(ctx)
    return _get_with_deadline(ctx, key, names, deadline_ms, options.expiry is not None)


def _get_with_deadline(
    ctx: Context, key: bytes, names: Words, deadline_ms: int | None, persists: bool
) -> Reply:
    fields = ctx.db.hash(key)
    if fields is None:
        return [None] * len(names)
    if deadline_ms is not None:
        return _get_and_expire(_Setter(ctx, key, fields, deadline_ms), fields, names)
    values: list[Reply] = [fields.get(name) for name in names]
    if persists:
        # The last one to lose its deadline changes the class of the hash, and with it this method.
        changed = [name for name in names if fields.clear_deadline(name)]
        if changed:
            ctx.db.touch(key, "hpersist", len(changed), changed)
    return values


def _get_and_expire(setter: _Setter, fields: Hash, names: Words) -> Reply:
    values: list[Reply] = []
    for name in names:
        value = fields.get(name)
        values.append(value)
        if value is not None:
            setter.set(name)
    setter.finish("hexpire")
    return values


_ON_KEY = frozenset({b"NX", b"XX"})
_ON_FIELDS = frozenset({b"FNX", b"FXX"})


@command(
    f"HSETEX key [NX | XX] [FNX | FXX] [{_EXPIRY.format(last='KEEPTTL')}]"
    " FIELDS numfields field value [field value ...]",
    "write denyoom fast",
    keys="RW insert",
    since="8.0.0",
)
def hsetex(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Set fields and their deadlines, all of them or none, and return 1 if that was done.

    NX and XX are about the key, and Valkey's; FNX and FXX are about all of the fields.
    """
    if ctx.server.is_redis_8:
        return _set_as_redis(ctx, key, redisfields.read_hsetex(ctx, words))
    before, count, pairs = _split(words)
    options = _read_options(before, b"KEEPTTL", (_ON_KEY, _ON_FIELDS))
    _check_count(count, len(pairs) // 2 if len(pairs) % 2 == 0 else 0)
    fields = ctx.db.hash(key)
    if not _may_be_set(fields, options.conditions & _ON_KEY):
        return 0
    deadline_ms = options.deadline_ms(ctx)
    if not _fields_may_be_set(fields, pairs[::2], options.conditions & _ON_FIELDS):
        return 0
    _set(ctx, key, pairs, deadline_ms, keep_deadlines=options.expiry == b"KEEPTTL")
    return 1


def _set_as_redis(ctx: Context, key: bytes, read: redisfields.FieldWords) -> Reply:
    if not _fields_may_be_set(ctx.db.hash(key), read.fields[::2], read.conditions):
        return 0
    _set(ctx, key, read.fields, read.deadline_ms, keep_deadlines=read.is_last_option)
    return 1


def _fields_may_be_set(fields: Hash | None, names: Words, conditions: Collection[bytes]) -> bool:
    """FNX and FXX are about all of the fields."""
    on_each = {condition[1:] for condition in conditions}
    held = ((None if fields is None else fields.get(name)) for name in names)
    return not on_each or all(_may_be_set(value, on_each) for value in held)


def _may_be_set(held: object | None, conditions: set[bytes]) -> bool:
    return not conditions or (b"NX" if held is None else b"XX") in conditions


def _set(
    ctx: Context, key: bytes, pairs: Words, deadline_ms: int | None, *, keep_deadlines: bool
) -> None:
    fields = ctx.db.get_or_create(key, Hash)
    names = pairs[::2]
    for name, value in zip(names, pairs[1::2], strict=True):
        fields.assign(name, value, keep_deadline=keep_deadlines)
    ctx.db.touch(key, "hset", len(names), names)
    if deadline_ms is None:
        return
    setter = _Setter(ctx, key, fields, deadline_ms)
    if not (setter.is_due and ctx.server.is_redis_8):
        ctx.db.touch(key, "hexpire", 0, names)
    for name in names:
        setter.set(name)
    if setter.is_due:
        setter.finish("hexpire")


@command(
    "HGETDEL key FIELDS numfields field [field ...]",
    "write fast",
    keys="RW access delete",
    since="8.0.0",
)
def hgetdel(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Remove fields, and return the values they had."""
    names = _names(ctx, key, words)
    fields = ctx.db.hash(key)
    if fields is None:
        return [None] * len(names)
    values: list[Reply] = []
    removed: list[bytes] = []
    for name in names:
        values.append(fields.get(name))
        if fields.drop(name):
            removed.append(name)
    if removed:
        ctx.db.touch(key, "hdel", len(removed), removed)
    return values
