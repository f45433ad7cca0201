"""Commands on hashes: a key that holds fields, each with a value."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import WrongArity
from ..reply import Reply
from ..values import Hash

command = CommandGroup("hash")


@command("HGET key field", "readonly fast", since="2.0.0")
def hget(ctx: Context, key: bytes, field: bytes) -> Reply:
    """Return the value of one field."""
    fields = ctx.db.hash(key)
    return None if fields is None else fields.get(field)


@command(
    "HSET key field value [field value ...]",
    "write denyoom fast",
    since="2.0.0",
    complexity="O(N) where N is the number of fields",
)
def hset(ctx: Context, key: bytes, *pairs: bytes) -> Reply:
    """Set fields, and return how many of them are new.

    An odd field is refused here and not by arity: Redis lets MULTI queue it.
    """
    if len(pairs) % 2:
        raise WrongArity(ctx.command.name)
    fields = ctx.db.get_or_create(key, Hash)
    added = sum(map(fields.assign, pairs[::2], pairs[1::2]))
    ctx.db.touch(key, "hset", changes=len(pairs) // 2)
    return added


@command("HDEL key field [field ...]", "write fast", since="2.0.0", complexity="O(N)")
def hdel(ctx: Context, key: bytes, *names: bytes) -> Reply:
    """Remove fields, and return how many there were."""
    fields = ctx.db.hash(key)
    if fields is None:
        return 0
    removed = sum(map(fields.drop, names))
    if removed:
        ctx.db.touch(key, "hdel", changes=removed)
    return removed


@command(
    "HGETALL key",
    "readonly",
    since="2.0.0",
    complexity="O(N)",
    tips=["nondeterministic_output_order"],
)
def hgetall(ctx: Context, key: bytes) -> Reply:
    """Return every field and its value."""
    return ctx.db.hash(key) or {}
