"""HIMPORT: many hashes with the same fields, whose names are sent once.

From Redis 8.10; what is here was read in its source and its tests. There, such hashes share one
template, which OBJECT ENCODING names; here each is a hash like any other.
"""

from __future__ import annotations

from ..command import CommandGroup, unreachable
from ..context import Context
from ..data.fieldsets import Fieldsets
from ..data.values import Hash
from ..errors import DuplicateInFieldset, NoSuchFieldset, ValueCountMismatch
from ..reply import OK, Reply

command = CommandGroup("hash")

_EVERYWHERE = ["request_policy:all_shards"]

# Unlike other containers, it is in the category of its subcommands.
command("HIMPORT subcommand [argument ...]", since="8.10.0")(unreachable)


@command(
    "HIMPORT PREPARE fieldset-name field [field ...]", "denyoom", since="8.10.0", tips=_EVERYWHERE
)
def himport_prepare(ctx: Context, name: bytes, *fields: bytes) -> Reply:
    """Keep names of fields under a name, as long as this connection lasts."""
    if len(set(fields)) != len(fields):
        raise DuplicateInFieldset
    if ctx.fieldsets is None:
        ctx.fieldsets = Fieldsets()
    ctx.fieldsets.prepare(name, fields)
    return OK


@command(
    "HIMPORT SET key fieldset-name value [value ...]",
    "write denyoom",
    keys="OW update",
    since="8.10.0",
)
def himport_set(ctx: Context, key: bytes, name: bytes, *values: bytes) -> Reply:
    """Set a hash to the fields of a fieldset, each with its value."""
    ctx.db.hash(key)  # what is no hash is not replaced
    fieldset = None if ctx.fieldsets is None else ctx.fieldsets.get(name)
    if fieldset is None:
        raise NoSuchFieldset
    if len(values) != len(fieldset.fields):
        raise ValueCountMismatch
    imported = Hash(ctx.server.config.encodings)
    for field, place in zip(fieldset.fields, fieldset.places, strict=True):
        imported.assign(field, values[place])
    ctx.db.put(key, imported)
    ctx.db.touch(key, "hset", fields=fieldset.fields)
    return OK


@command("HIMPORT DISCARD fieldset-name", since="8.10.0", tips=_EVERYWHERE)
def himport_discard(ctx: Context, name: bytes) -> Reply:
    """Forget a fieldset, and return 1 if there was one of that name."""
    return 0 if ctx.fieldsets is None else int(ctx.fieldsets.discard(name))


@command("HIMPORT DISCARDALL", since="8.10.0", tips=_EVERYWHERE)
def himport_discardall(ctx: Context) -> Reply:
    """Forget all fieldsets, and return how many there were."""
    forgotten, ctx.fieldsets = len(ctx.fieldsets or ()), None
    return forgotten
