"""Events in words: for whose session has ended, and for the operator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

from sessions import events

SIGNED_OUT_ELSEWHERE = "It was signed out from another of your devices."


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the operator's list; ``tone``: begin, end or warn."""

    at: datetime
    tone: str
    what: str
    whom: str


def why_ended(event: events.SessionEvent, public_id: str) -> str | None:
    """What to tell the person whose session an event has ended; None if it has not."""
    match event:
        case events.Destroyed(public_id=gone, why=events.Why.REPLACED) if gone == public_id:
            return "Somebody has signed in again in this browser."
        case events.Destroyed(public_id=gone) if gone == public_id:
            return SIGNED_OUT_ELSEWHERE
        case events.RevokedAll(public_ids=gone_ids) if public_id in gone_ids:
            return SIGNED_OUT_ELSEWHERE
        case events.Evicted(public_id=gone) if gone == public_id:
            return "You signed in on one more device than is allowed, and this one was the oldest."
        case events.Expired(public_id=gone) if gone == public_id:
            return "Its time has run out."
        case events.RevokedEverything():
            return "The operator has ended all sessions."
    return None


def describe(event: events.SessionEvent) -> Happening:
    """An event, for the operator."""
    tone, what, whom = _words(event)
    return Happening(datetime.fromtimestamp(event.at_ms / 1000, UTC), tone, what, whom)


def told_together(latest_first: Iterable[events.SessionEvent]) -> Iterator[Happening]:
    """Events for the operator; what happens many times within a second is one line."""
    happenings = map(describe, latest_first)
    for _, within in groupby(happenings, key=lambda each: each.at.replace(microsecond=0)):
        alike: dict[str, list[Happening]] = {}
        for each in within:
            alike.setdefault(each.what, []).append(each)
        for first, *others in alike.values():
            more = f" and {len(others)} more" if others else ""
            yield replace(first, whom=first.whom + more)


def _words(event: events.SessionEvent) -> tuple[str, str, str]:
    match event:
        case events.Created(user_id=user_id, public_id=public_id):
            return "begin", "signed in", f"{user_id or 'a visitor'} · {public_id}"
        case events.Evicted(user_id=user_id, public_id=public_id):
            return "warn", "evicted: one device too many", f"{user_id} · {public_id}"
        case events.Destroyed(public_id=public_id, why=why):
            return "end", "ended" if why is events.Why.ASKED else f"ended: {why}", public_id
        case events.Expired(public_id=public_id):
            return "end", "expired", public_id
        case events.RevokedAll(user_id=user_id, public_ids=gone):
            return "end", f"ended {len(gone)} sessions", user_id
        case events.RevokedEverything(count=count):
            return "end", f"ended all {count} sessions", "everybody"
        case events.UnknownToken(network=network):
            return "warn", "unknown token", network or "no address"
        case events.TokenGuessing(network=network, count=count):
            return "warn", f"guesses tokens: {count} in a minute", network
        case events.PasswordGuessing(network=network):
            return "warn", "guesses passwords", network
        case events.CsrfRefused(ip_address=address, reason=reason):
            return "warn", f"refused: {reason}", address or "no address"
        case events.RateLimited(user_id=user_id):
            return "warn", "signs in too often", user_id or "a visitor"
    return "warn", type(event).__name__, getattr(event, "public_id", "")
