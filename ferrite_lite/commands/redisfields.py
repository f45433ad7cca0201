"""How Redis 8 reads the words of commands on fields: it refuses in other words than Valkey 9 does.

They are read so on a server that tells its clients that it is Redis 8. What is here was seen in
replies of redis-server 8.2.3.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..context import Context
from ..errors import (
    FieldConditionTwice,
    FieldCountNotPositive,
    FieldCountNotThatOfWords,
    FieldCountZero,
    FieldExpiryTwice,
    FieldsNotInPlace,
    InvalidExpireTime,
    InvalidFieldCount,
    NegativeExpireTime,
    UnknownFieldArgument,
    WrongArity,
)
from ..numeric import maybe_int, parse_int
from ..words import keyword
from .deadlines import CONDITIONS, NO_CONDITIONS, UNITS, future_deadline_ms
from .options import argument_of

#: ``EB_EXPIRE_TIME_MAX``: a deadline of a field has 46 bits.
MAX_DEADLINE_MS = 2**46 - 1

Words = tuple[bytes, ...]
CountFault = type[FieldCountNotPositive] | type[FieldCountZero]


@dataclass(slots=True)
class FieldWords:
    """What the words behind a key ask for."""

    #: The fields; of HSETEX, each with its value.
    fields: Words = ()
    deadline_ms: int | None = None
    #: PERSIST or KEEPTTL.
    is_last_option: bool = False
    #: FNX or FXX.
    conditions: frozenset[bytes] = NO_CONDITIONS


def read_fields(words: Words, fault: CountFault = FieldCountNotPositive) -> Words:
    """The fields behind a FIELDS that must come first, and their number.

    Raises FieldsNotInPlace, ``fault``, FieldCountNotThatOfWords.
    """
    if keyword(words[0]) != b"FIELDS":
        raise FieldsNotInPlace
    count = maybe_int(words[1])
    if count is None or count < 1:
        raise fault
    if count != len(words) - 2:
        raise FieldCountNotThatOfWords
    return words[2:]


def read_hexpire(
    ctx: Context, raw: bytes, words: Words, option: bytes
) -> tuple[Words, frozenset[bytes], int]:
    """Of HEXPIRE and its kin the fields, the conditions and the deadline in Unix milliseconds.

    Raises NotAnInteger, and what its parts do.
    """
    deadline_ms = _deadline_ms(ctx, raw, option)
    conditions = NO_CONDITIONS
    if keyword(words[0]) in CONDITIONS:
        conditions, words = frozenset({keyword(words[0])}), words[1:]
    return read_fields(words, FieldCountZero), conditions, deadline_ms


def read_hgetex(ctx: Context, words: Words) -> FieldWords:
    """One option at most. Raises WrongArity, NotAnInteger, and what its parts do."""
    read = FieldWords()
    option = keyword(words[0])
    if option in UNITS:
        read.deadline_ms, words = _deadline_ms(ctx, words[1], option), words[2:]
    elif option == b"PERSIST":
        read.is_last_option, words = True, words[1:]
    if len(words) < 2:
        raise WrongArity(ctx.command.name)
    read.fields = read_fields(words)
    return read


def read_hsetex(ctx: Context, words: Words) -> FieldWords:
    """Options in any order, and FIELDS with all that is behind it.

    Raises FieldConditionTwice, FieldExpiryTwice, UnknownFieldArgument, InvalidFieldCount,
    WrongArity, SyntaxFault, NotAnInteger, and what its parts do.
    """
    read = FieldWords()
    remaining = iter(words)
    for word in remaining:
        option = keyword(word)
        if option in (b"FNX", b"FXX"):
            if read.conditions:
                raise FieldConditionTwice
            read.conditions = frozenset({option})
        elif option in UNITS or option == b"KEEPTTL":
            if read.deadline_ms is not None or read.is_last_option:
                raise FieldExpiryTwice
            read.is_last_option = option not in UNITS
            if option in UNITS:
                read.deadline_ms = _deadline_ms(ctx, argument_of(remaining), option)
        elif option == b"FIELDS":
            read.fields = _pairs(ctx, tuple(remaining))
        else:
            raise UnknownFieldArgument(word)
    if not read.fields:
        raise WrongArity(ctx.command.name)
    return read


def _pairs(ctx: Context, words: Words) -> Words:
    if len(words) < 3:
        raise WrongArity(ctx.command.name)
    count, pairs = maybe_int(words[0]), words[1:]
    if count is None or not 1 <= count < 2**31:
        raise InvalidFieldCount
    if 2 * count != len(pairs):
        raise WrongArity(ctx.command.name)
    return pairs


def _deadline_ms(ctx: Context, raw: bytes, option: bytes) -> int:
    """Raises NotAnInteger, NegativeExpireTime, InvalidExpireTime."""
    if parse_int(raw) < 0:
        raise NegativeExpireTime
    deadline_ms = future_deadline_ms(ctx, raw, option)
    if deadline_ms > MAX_DEADLINE_MS:
        raise InvalidExpireTime(ctx.command.name)
    return deadline_ms
