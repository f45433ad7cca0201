"""Events in words."""

from __future__ import annotations

from typing import Any

import pytest

from sessions import SessionConfig, SessionStore, events
from sessions.demo.web.happenings import describe, told_together, why_ended
from sessions.demo.web.hub import Hub


@pytest.mark.parametrize(
    "event",
    [
        events.Destroyed("me"),
        events.Destroyed("me", events.Why.REPLACED),
        events.RevokedAll("alice", ("other", "me")),
        events.Evicted("alice", "me"),
        events.Expired("me"),
        events.RevokedEverything(3),
    ],
)
def test_whoever_is_signed_out_is_told_why(event: events.SessionEvent) -> None:
    assert why_ended(event, "me")
    if not isinstance(event, events.RevokedEverything):
        assert why_ended(event, "somebody else") is None


def test_other_events_end_no_session() -> None:
    assert why_ended(events.Rotated("me"), "me") is None
    assert why_ended(events.Created("alice", "me"), "me") is None


@pytest.mark.parametrize("kind", events.SessionEvent.__subclasses__())
def test_every_event_has_words(kind: type[events.SessionEvent]) -> None:
    samples: dict[str, Any] = {
        "public_ids": ("a",),
        "why": events.Why.ASKED,
        "count": 2,
        "well_formed": True,
    }
    names = [name for name in kind.__dataclass_fields__ if name != "at_ms"]
    happening = describe(kind(**{name: samples.get(name, "x") for name in names}))
    assert happening.what
    assert happening.tone in ("begin", "end", "warn")


def test_what_happens_many_times_within_a_second_is_one_line() -> None:
    many = [events.Created("alice", f"{at}", at_ms=5_500 - at) for at in range(4)]
    other = events.Expired("x", at_ms=5_400)
    earlier = events.Created("alice", "first", at_ms=1_000)
    latest_first = [*many[:2], other, *many[2:], earlier]
    lines = [(each.what, each.whom) for each in told_together(latest_first)]
    assert lines == [
        ("signed in", "alice · 0 and 3 more"),
        ("expired", "x"),
        ("signed in", "alice · first"),
    ]


async def test_an_open_page_hears_what_happens_and_others_wait_for_nobody() -> None:
    async with await SessionStore.connect(config=SessionConfig(create_limit=None)) as store:
        hub = Hub(store)
        with hub.listen() as listener:
            assert await listener.next(0.001) == []
            issued = await store.create("alice")
            # Nobody reads meanwhile: what is too much is forgotten.
            for _ in range(300):
                await store.rotate(issued.token, grace_seconds=0)
            heard = await listener.next(60)
            assert len(heard) <= 100
            hub.close()
            await listener.pause(60)
            assert listener.is_closed
        assert isinstance(hub.last[-1], events.Created)
