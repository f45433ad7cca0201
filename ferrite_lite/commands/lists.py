"""The two commands that read a list.

Lists are not served. Yet SORT stores one, as in Redis, and RESTORE may bring one, and a client must
be able to read it. Commands that would change a list are unknown.
"""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..data.values import List
from ..numeric import parse_int
from ..reply import Reply

command = CommandGroup("list")


@command("LLEN key", "readonly fast", keys="RO", since="1.0.0")
def llen(ctx: Context, key: bytes) -> Reply:
    """Return how many elements there are."""
    return len(ctx.db.collection(key, List) or ())


@command("LRANGE key start stop", "readonly", since="1.0.0")
def lrange(ctx: Context, key: bytes, start: bytes, stop: bytes) -> Reply:
    """Return the elements from start to stop, both included; negative ones count from the end."""
    first, last = parse_int(start), parse_int(stop)
    elements = ctx.db.collection(key, List) or List()
    size = len(elements)
    first, last = (at + size if at < 0 else at for at in (first, last))
    return list(elements[max(0, first) : max(0, last + 1)])
