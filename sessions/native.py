"""The hot script in Python, for a store inside this process.

``validate`` runs for every request. On ferrite_lite this function stands in for the text of
``scripts/validate.lua``, and does the same to the data; a test runs both beside a real server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ferrite_lite
from ferrite_lite import FlatMap

from .atomic import VALIDATE
from .policies import must_act

_MAX_DIGITS = 15
#: More arguments than these are there if a policy is to be held to.
_MOST_PLAIN = 2
#: More keys, if a policy may end the session.
_KEYS = 2
_HALF_A_DAY_MS = 43_200_000


def register(engine: ferrite_lite.Engine) -> None:
    """Let an engine run the twins of this package's scripts."""
    engine.register_native(ferrite_lite.NativeScript(VALIDATE.text, validate))


def embedded(clock: ferrite_lite.Clock | None) -> ferrite_lite.Ferrite:
    """A server in this process that runs the twins."""
    ferrite = ferrite_lite.Ferrite(clock=clock)
    register(ferrite.engine)
    return ferrite


def validate(ctx: Any, keys: Sequence[bytes], argv: Sequence[bytes]) -> Any:
    """The twin of ``scripts/validate.lua``; its comments say why."""
    record = ctx.db.hash(keys[0])
    if record is None:
        return _missing(ctx, keys)
    field = record.get
    lead, public_id = field(b"successor"), field(b"public_id")
    if lead is not None:
        return [b"ROTATED", lead]
    created_at, last_access = field(b"created_at"), field(b"last_access")
    expires_at, absolute_at = field(b"expires_at"), field(b"absolute_at")
    times = (created_at, last_access, expires_at, absolute_at, field(b"idle_ms"))
    if None in times or public_id is None or b"user_id" not in record:
        return _missing(ctx, keys)
    index = ctx.db.hash(keys[1])
    if index is None or argv[0] not in index:
        return [b"REVOKED"]
    for value in times:
        if len(value) > _MAX_DIGITS or not value.isdigit():
            return [b"UNREADABLE"]
    accessed, expires, now = int(last_access), int(expires_at), ctx.server.moment.ms
    if now >= expires:
        return [b"EXPIRED"]
    interval = int(argv[1])
    if len(argv) > _MOST_PLAIN and (
        (argv[3] and field(b"network") != argv[2]) or (argv[5] and field(b"browser") != argv[4])
    ):
        for name in _mismatches(record, argv[2:8]):
            policy, expected = argv[3 if name == b"network" else 5], record[name]
            if policy == b"revoke":
                ctx.call(ctx, [b"DEL", keys[0]])
                ctx.call(ctx, [b"HDEL", keys[1], argv[0]])
                answer = b" ".join([name, public_id, expected])
                ctx.call(ctx, [b"SET", keys[2], answer, b"PX", argv[8]])
            if policy != b"step_up":
                return [b"BINDING", name, expected, public_id]
            interval = -1
    touched = 0
    if 0 <= interval <= now - accessed:
        expires, hard = now + int(times[-1]), int(absolute_at)
        if 0 < hard < expires:
            expires = hard
        _slide(ctx, keys, argv[0], public_id, int(created_at), now, expires)
        touched = 1
    return [b"OK", accessed, expires, touched, now, FlatMap(record)]


def _missing(ctx: Any, keys: Sequence[bytes]) -> list[bytes]:
    said = ctx.call(ctx, [b"GET", keys[2]]) if len(keys) > _KEYS else None
    if said is None:
        return [b"MISSING"]
    binding, public_id, expected = said.split(b" ", 2)
    return [b"BINDING", binding, expected, public_id]


def _mismatches(record: Any, arguments: Sequence[bytes]) -> list[bytes]:
    held = (record.get(b"network"), record.get(b"browser"))
    network, browser = (each if each is None else each.decode("latin-1") for each in held)
    found = must_act(network, browser, [each.decode("latin-1") for each in arguments])
    return [name.encode() for name in found]


def _slide(
    ctx: Any,
    keys: Sequence[bytes],
    sid: bytes,
    public_id: bytes,
    created: int,
    now: int,
    expires: int,
) -> None:
    call, deadline = ctx.call, b"%d" % expires
    call(ctx, [b"PEXPIREAT", keys[0], deadline])
    call(ctx, [b"HSET", keys[0], b"last_access", b"%d" % now, b"expires_at", deadline])
    call(ctx, [b"HSET", keys[1], sid, b"%d:%d:%d:%s" % (created, now, expires, public_id)])
    left = call(ctx, [b"PTTL", keys[1]])
    if left < expires + _HALF_A_DAY_MS - now:
        call(ctx, [b"PEXPIREAT", keys[1], b"%d" % (expires + 2 * _HALF_A_DAY_MS)])
