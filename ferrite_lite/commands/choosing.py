"""The count of HRANDFIELD and SRANDMEMBER, and the random choice it asks for."""

from __future__ import annotations

from ..context import Context
from ..data.values import Collection, pick_distinct, pick_repeatedly
from ..errors import NotAMagnitude, NotInRange, ReplyOverLimit
from ..numeric import INT64_MIN, parse_int

#: How many repeated choices one reply may hold. Redis has no such limit, and gathers a reply until
#: the client's output buffer is full; it is the most words that a request may have here.
MAX_REPEATED_CHOICES = 1_048_576

#: An empty name in a reply.
MIN_NAME_BYTES = len(b"$0\r\n\r\n")


def parse_count(raw: bytes) -> int:
    """Raises NotAnInteger, NotAMagnitude."""
    count = parse_int(raw)
    if count == INT64_MIN:
        raise NotAMagnitude
    return count


def choose(ctx: Context, owner: Collection, count: int) -> list[bytes]:
    """``count`` different names, or all there are; for a negative count, as many with repeats.

    For more than MAX_REPEATED_CHOICES with repeats it raises ReplyOverLimit, if there is a limit
    that they must exceed, and else NotInRange.
    """
    if count >= 0:
        return pick_distinct(owner, count, ctx.server.random)
    if -count > MAX_REPEATED_CHOICES:
        limit_bytes = ctx.server.config.output_limits[ctx.kind].hard_bytes
        # No limit holds for what a script is answered.
        if 0 < limit_bytes < -count * MIN_NAME_BYTES and not ctx.running_script:
            raise ReplyOverLimit
        raise NotInRange
    return list(pick_repeatedly(owner, -count, ctx.server.random))
