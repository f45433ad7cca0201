"""Looking after a store: whether its server is fit to hold sessions, and clearing what has ended.

There is no way to make an index anew from the records: it is the truth about who is signed in, and
a record that it does not name is of a session that was ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..atomic import AtomicStore, new_attempt
from ..errors import SessionError
from ..record import text
from ..servers.link import Link
from .announcing import Announcer
from .labels import Labels

#: Under these the server never drops a key that has no deadline, and an index always has one.
SAFE_POLICIES = frozenset({"noeviction"})
#: No user has this tag: it is not in the alphabet of tags.
_NOBODY = "doctor"


async def doctor(link: Link, atomic: AtomicStore) -> list[str]:
    """What about the server would endanger sessions, in sentences; empty when nothing does."""
    return [*await _check_scripts(atomic), *await _check_eviction(link), *_check_retries(link)]


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep has found."""

    users: int
    live: int
    expired: int


async def sweep(atomic: AtomicStore, announcer: Announcer) -> SweepReport:
    """Prune the indexes of all users, and tell of the sessions that were found expired."""
    seen: set[str] = set()
    live = expired = 0
    async for tag in atomic.tags():
        if tag in seen:
            continue
        seen.add(tag)
        alive, gone = await atomic.members(tag)
        announcer.expired(gone)
        live, expired = live + len(alive), expired + len(gone)
    return SweepReport(len(seen), live, expired)


async def reindex(atomic: AtomicStore, labels: Labels) -> int:
    """Let the labels of all live sessions lead to them again; how many sessions have labels."""
    count = 0
    async for tag in atomic.tags():
        alive, _ = await atomic.members(tag)
        for member in alive:
            record = await atomic.record(tag, member)
            held = record.labels()
            hard_ms = record.number("absolute_at", default=0)
            keep_ms = hard_ms and hard_ms - record.number("created_at")
            await labels.add(tag, held, keep_ms)
            count += bool(held)
    return count


async def revoke_everything(atomic: AtomicStore, announcer: Announcer) -> int:
    """End the sessions of one user after the other; how many were alive."""
    count = 0
    async for tag in atomic.tags():
        ended = await atomic.revoke(tag, new_attempt())
        announcer.expired(ended.expired)
        count += len(ended.live)
    return count


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


def _check_retries(link: Link) -> list[str]:
    if not link.own_retries:
        return []
    return [
        "The client repeats commands by itself, unseen and beyond the deadline: make it with"
        " retry=Retry(NoBackoff(), 0). What can be repeated is repeated here."
    ]


def _policy_of(reply: Any) -> str:
    """What CONFIG GET answered for one setting: a map in RESP3, a list in RESP2."""
    values = list(reply.values()) if isinstance(reply, dict) else list(reply)[1:]
    return text(values[0]) if values else "unknown"
