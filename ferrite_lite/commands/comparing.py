"""Is a string what a client believes it to be? The conditions of SET and DELEX, and DIGEST.

IFEQ and IFNE compare the bytes, IFDEQ and IFDNE the digest that DIGEST tells. Where there is no
key, nothing is equal. From Redis 8.4; DELIFEQ is Valkey's, from 9.0.
"""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..data.values import String
from ..data.xxh3 import xxh3_64
from ..errors import ConditionOnNoString, InvalidCondition, NoDigest, TooLongToDigest, WrongArity
from ..reply import Reply
from ..words import keyword

command = CommandGroup("string")

CONDITIONS = frozenset({b"IFEQ", b"IFNE", b"IFDEQ", b"IFDNE"})
_OF_EQUALS = frozenset({b"IFEQ", b"IFDEQ"})
_OF_DIGESTS = frozenset({b"IFDEQ", b"IFDNE"})

DIGEST_DIGITS = 16
#: A digest is computed in Python: longer strings would hold up everybody for more than a second.
MAX_DIGESTED_BYTES = 16 * 1024 * 1024


def holds(value: String | None, condition: bytes, expected: bytes) -> bool:
    """Whether a condition is true of the string at a key.

    Raises TooLongToDigest and NoDigest: Redis looks at a digest only if there is a string.
    """
    if value is None:
        return condition not in _OF_EQUALS
    if condition in _OF_DIGESTS:
        if len(expected) != DIGEST_DIGITS:
            raise NoDigest
        is_equal = digest_of(value) == expected.lower()
    else:
        is_equal = value == expected
    return is_equal is (condition in _OF_EQUALS)


def digest_of(value: String) -> bytes:
    """Sixteen hexadecimal digits. Raises TooLongToDigest."""
    if len(value) > MAX_DIGESTED_BYTES:
        raise TooLongToDigest
    return b"%016x" % xxh3_64(bytes(value))


@command("DIGEST key", "readonly fast", since="8.4.0")
def digest(ctx: Context, key: bytes) -> Reply:
    """Return the XXH3 digest of the string at key."""
    value = ctx.db.string(key)
    return None if value is None else digest_of(value)


@command(
    "DELEX key [IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest]",
    "write fast",
    keys="RW delete variable_flags",
    since="8.4.0",
)
def delex(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Remove a key, with a condition only a string that meets it."""
    if not words:
        return int(ctx.db.delete(key))
    if len(words) != 2:
        raise WrongArity(ctx.command.name)
    value = ctx.db.get(key)
    if value is None:
        return 0
    if not isinstance(value, bytes | bytearray):
        raise ConditionOnNoString
    condition, expected = keyword(words[0]), words[1]
    if condition not in CONDITIONS:
        raise InvalidCondition
    return int(holds(value, condition, expected) and ctx.db.delete(key))


@command("DELIFEQ key value", "write fast", keys="RM delete", since="9.0.0")
def delifeq(ctx: Context, key: bytes, value: bytes) -> Reply:
    """Remove a key if the string there is the given one."""
    return int(holds(ctx.db.string(key), b"IFEQ", value) and ctx.db.delete(key))
