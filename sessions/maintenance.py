"""Looking after a store: whether its server is fit to hold sessions."""

from __future__ import annotations

from typing import Any

from .atomic import AtomicStore
from .errors import SessionError
from .link import Link
from .record import text

#: Under these the server never drops a key that has no deadline, and an index always has one.
SAFE_POLICIES = frozenset({"noeviction"})
#: No user has this tag: it is not in the alphabet of tags.
_NOBODY = "doctor"


async def doctor(link: Link, atomic: AtomicStore) -> list[str]:
    """What about the server would endanger sessions, in sentences; empty when nothing does."""
    return [*await _check_scripts(atomic), *await _check_eviction(link)]


async def _check_scripts(atomic: AtomicStore) -> list[str]:
    try:
        await atomic.members(_NOBODY)
    except SessionError as error:
        return [f"Scripts do not run on this server, and every operation is one: {error}"]
    return []


async def _check_eviction(link: Link) -> list[str]:
    try:
        replies = await link.ask_each_node("CONFIG GET", "maxmemory-policy")
    except SessionError as error:
        return [f"maxmemory-policy could not be asked for, and must be noeviction: {error}"]
    return [
        f"maxmemory-policy is {policy}: short of memory, the server drops the user index, and"
        " with it live sessions. Set it to noeviction."
        for policy in sorted({_policy_of(reply) for reply in replies} - SAFE_POLICIES)
    ]


def _policy_of(reply: Any) -> str:
    """What CONFIG GET answered for one setting: a map in RESP3, a list in RESP2."""
    values = list(reply.values()) if isinstance(reply, dict) else list(reply)[1:]
    return text(values[0]) if values else "unknown"
