"""MIGRATE: keys leave for another server, and stay here until it has taken them.

The engine does no I/O and waits for nothing. So the connection is held until the transfer is over,
and meanwhile others may read but not write, as under CLIENT PAUSE WRITE: no key can change between
the copy that is sent and the deletion. (Redis serves nobody at all for that time.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from ..command import CommandGroup
from ..context import Context
from ..data.keyspace import Keyspace
from ..data.values import Value
from ..errors import (
    CannotMigrate,
    CannotMigrateAtOnce,
    KeyBesideKeys,
    SyntaxFault,
)
from ..holds import Hold
from ..numeric import parse_int
from ..observing.redaction import MIGRATE_OPERANDS
from ..persistence.dump import dump
from ..reply import NO_REPLY, OK, Reply, Status
from ..transfer import Transfer
from ..words import keyword
from .options import argument_of

command = CommandGroup("generic")

NO_KEY = Status(b"NOKEY")
DEFAULT_TIMEOUT_MS = 1000
#: To Redis this is the database at which a new connection looks already.
_SELECTED = -1
#: Where the options begin, and the key is.
_OPTIONS_AT, _KEY_AT = 6, 3


@dataclass(slots=True)
class MigrateOptions:
    """The words behind the timeout."""

    copies: bool = False
    replaces: bool = False
    user: list[bytes] = field(default_factory=list)
    password: list[bytes] = field(default_factory=list)
    keys: Sequence[bytes] = ()


def _read_options(key: bytes, words: tuple[bytes, ...]) -> MigrateOptions:
    """Raises SyntaxFault and KeyBesideKeys."""
    options = MigrateOptions(keys=[key])
    remaining = iter(words)
    for word in remaining:
        match keyword(word):
            case b"COPY":
                options.copies = True
            case b"REPLACE":
                options.replaces = True
            case b"AUTH":
                options.password = [argument_of(remaining)]
            case b"AUTH2":
                options.user = [argument_of(remaining)]
                options.password = [argument_of(remaining)]
            case b"KEYS" if key:
                raise KeyBesideKeys
            case b"KEYS":
                options.keys = [*remaining]
            case _:
                raise SyntaxFault
    return options


def _find_keys(argv: list[bytes]) -> list[int]:
    """The key, or the keys behind KEYS; none if both are there."""
    at = _OPTIONS_AT
    while at < len(argv) and (option := keyword(argv[at])) != b"KEYS":
        at += 1 + MIGRATE_OPERANDS.get(option, 0)  # a password may be the word KEYS
    if at + 1 < len(argv) and not argv[_KEY_AT]:
        return [*range(at + 1, len(argv))]
    # A KEYS with nothing behind it is overlooked, unless there is another.
    names_others = b"KEYS" in map(keyword, argv[2:-1])
    return [] if at < len(argv) and names_others else [_KEY_AT]


@command(
    "MIGRATE host port key destination-db timeout [COPY] [REPLACE]"
    " [AUTH password | AUTH2 username password] [KEYS key [key ...]]",
    "write",
    keys="RW access delete | behind KEYS: RW access delete incomplete",
    find_keys=_find_keys,
    find_uses=lambda _: ["RW access delete"],
    since="2.6.0",
    also="dangerous",
    tips=["nondeterministic_output"],
)
def migrate(
    ctx: Context,
    host: bytes,
    port: bytes,
    key: bytes,
    destination_db: bytes,
    timeout: bytes,
    *words: bytes,
) -> Reply:
    """Move keys to another server: it has them, or they are here still."""
    options = _read_options(key, words)
    timeout_ms, index = parse_int(timeout), parse_int(destination_db)
    found = [*_look_up(ctx, options.keys)]
    if not found:
        return NO_KEY
    server = ctx.server
    if ctx.executing or ctx.running_script:
        raise CannotMigrateAtOnce
    if server.migrate is None or not ctx.peer.is_awaited:
        raise CannotMigrate
    transfer = Transfer(
        host=host.partition(b"\0")[0].decode("latin-1"),
        port=_port(port),
        timeout_seconds=(timeout_ms if timeout_ms > 0 else DEFAULT_TIMEOUT_MS) / 1000,
        greeting=[*_greeting(options, index)],
        requests=[_restore(ctx, *each, replaces=options.replaces) for each in found],
    )
    server.holds.begin(ctx, Hold())
    server.pause.begin_transfer()
    leaving = [] if options.copies else [each for each, _ in found]
    server.migrate(ctx, transfer, partial(_finish, ctx, ctx.db, leaving, transfer))
    return NO_REPLY


def _look_up(ctx: Context, keys: Sequence[bytes]) -> Iterator[tuple[bytes, Value]]:
    """The keys that are there, and their values; each look-up counts."""
    for key in keys:
        value = ctx.db.get(key)
        ctx.server.lookups.count(is_hit=value is not None)
        if value is not None:
            yield key, value


def _port(word: bytes) -> int:
    """As C reads one: what is no number is 0, and only 16 bits of it count."""
    digits = re.match(rb"\d{0,18}", word)
    return int(digits[0] or 0) & 0xFFFF if digits else 0


def _greeting(options: MigrateOptions, index: int) -> Iterator[list[bytes]]:
    if options.password:
        yield [b"AUTH", *options.user, *options.password]
    if index != _SELECTED:
        yield [b"SELECT", b"%d" % index]


def _restore(ctx: Context, key: bytes, value: Value, *, replaces: bool) -> list[bytes]:
    deadline_ms = ctx.db.deadline_ms(key)
    left_ms = 0 if deadline_ms is None else max(deadline_ms - ctx.server.moment.ms, 1)
    payload = dump(value, compresses=ctx.server.config.compresses_dumps)
    return [b"RESTORE", key, b"%d" % left_ms, payload, *([b"REPLACE"] if replaces else [])]


def _finish(ctx: Context, db: Keyspace, leaving: Sequence[bytes], transfer: Transfer) -> Reply:
    """The transfer is over: let go of the keys that were accepted. Raises what went wrong."""
    ctx.server.pause.end_transfer()
    for key, is_accepted in zip(leaving, transfer.accepted, strict=False):
        if is_accepted and db.remove_stored(key):
            db.touch(key, "del")
    if transfer.error is not None:
        raise transfer.error
    return OK
