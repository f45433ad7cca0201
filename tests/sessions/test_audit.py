"""Events on their way to where they are kept: nobody waits for them, and nothing is forged."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import (
    Audit,
    ConfigError,
    LogSink,
    MemorySink,
    SessionStore,
    StreamSink,
    audit,
    events,
    tasks,
)
from sessions.audit import line
from tests.sessions.conftest import KEYS, MakeStore, without_rate
from tests.support.servers import RealServer


@pytest.fixture
async def store(make_timed_store: MakeStore) -> Any:
    async with await make_timed_store() as store:
        yield store


def names(told: Any) -> list[str]:
    return [type(event).__name__ for event in told]


class Slow:
    """A sink that takes nothing until it is let."""

    def __init__(self) -> None:
        self.may_go = asyncio.Event()
        self.batches: list[list[events.SessionEvent]] = []

    async def write(self, batch: Sequence[events.SessionEvent]) -> None:
        await self.may_go.wait()
        self.batches.append(list(batch))


class Broken:
    async def write(self, batch: Sequence[events.SessionEvent]) -> None:
        raise OSError("disk full")


# --- delivery -------------------------------------------------------------------------------------


async def test_sinks_get_what_happens_in_its_order(store: SessionStore) -> None:
    first, second = MemorySink(), MemorySink()
    async with Audit(store, first, second):
        session = await store.create("alice")
        await store.rotate(session.token)
        await store.destroy_all_for_user("alice")
    assert names(first) == names(second) == ["Created", "Rotated", "RevokedAll"]


async def test_when_it_is_closed_nothing_more_is_told(store: SessionStore) -> None:
    sink = MemorySink()
    async with Audit(store, sink):
        await store.create("alice")
    await store.create("alice")
    assert names(sink) == ["Created"]


async def test_a_sink_that_hangs_delays_nobody_and_what_it_misses_is_counted(
    store: SessionStore,
) -> None:
    slow = Slow()
    async with Audit(store, slow, max_queued=3) as audit:
        await store.create("alice")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for _ in range(5):
            await store.create("bob")
        assert audit.dropped == 2
        slow.may_go.set()
        await audit.flush()
    told = [event for batch in slow.batches for event in batch]
    assert names(told) == ["Created"] * 4 + ["AuditGap"]
    assert told[-1] == events.AuditGap(2)


async def test_a_sink_that_does_not_hear_that_its_time_is_over_is_given_up_all_the_same(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf:
        async def write(self, batch: Sequence[events.SessionEvent]) -> None:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.Event().wait()

    monkeypatch.setattr(audit, "_SINK_SECONDS", 0.01)
    monkeypatch.setattr(tasks, "_LAST_WORDS_SECONDS", 0.01)
    async with Audit(store, Deaf()) as watched:
        await store.create("alice")
        flushing = asyncio.create_task(watched.flush())
        await asyncio.wait((flushing,), timeout=30)
        assert flushing.done()
    assert watched.failed == 1


async def test_a_sink_that_breaks_spoils_neither_the_operation_nor_the_others(
    store: SessionStore, caplog: pytest.LogCaptureFixture
) -> None:
    sink = MemorySink()
    async with Audit(store, Broken(), sink) as audit:
        assert await store.create("alice")
        await audit.flush()
    assert names(sink) == ["Created"]
    assert audit.failed == 1
    assert "Broken did not take 1 events" in caplog.text


async def test_events_come_from_other_threads_too(store: SessionStore) -> None:
    sink = MemorySink()
    async with Audit(store, sink) as audit:
        await asyncio.to_thread(store.tell, events.Expired("x"))
        await asyncio.sleep(0)
        await audit.flush()
    assert names(sink) == ["Expired"]


# --- in memory ------------------------------------------------------------------------------------


async def test_memory_holds_the_last_events(store: SessionStore) -> None:
    sink = MemorySink(max_events=2)
    async with Audit(store, sink):
        for user in ("a", "b", "c"):
            await store.create(user)
    assert [getattr(event, "user_id", None) for event in sink] == ["b", "c"]
    assert (len(sink), sink.total) == (2, 3)


async def test_who_reads_along_gets_what_comes_and_misses_what_is_gone() -> None:
    sink = MemorySink(max_events=3)
    await sink.write([events.Expired("before")])
    reader = sink.events()
    first = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    await sink.write([events.Expired("1")])
    assert await first == events.Expired("1")
    await sink.write([events.Expired(str(number)) for number in range(2, 7)])
    assert [await anext(reader) for _ in range(3)] == [events.Expired(n) for n in "456"]
    await reader.aclose()


async def test_a_store_is_watched_as_an_iterator(store: SessionStore) -> None:
    async with store.events(events.Created, max_queued=2) as told:
        session = await store.create("alice")
        await store.destroy(session.token)
        bob = [await store.create("bob") for _ in range(3)]
        assert await anext(told) == events.Created("alice", session.public_id)
        assert await anext(told) == events.Created("bob", bob[0].public_id)
        assert told.missed == 2
        waiting = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)
        await store.create("carol")
        last = await waiting
        assert isinstance(last, events.Created)
        assert last.user_id == "carol"
    await store.create("dave")
    assert not told._queue


# --- in a log -------------------------------------------------------------------------------------


async def test_a_log_has_one_line_of_json_for_each_event(
    store: SessionStore, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sessions.audit"):
        async with Audit(store, LogSink()):
            session = await store.create("alice")
            store.tell(events.RefreshReuse("alice", "x"))
    created, reuse = caplog.records
    told = json.loads(created.getMessage())
    assert told.pop("at").endswith("+00:00")
    assert told == {"event": "Created", "user_id": "alice", "public_id": session.public_id}
    assert (created.levelno, reuse.levelno) == (logging.INFO, logging.WARNING)
    assert session.token not in caplog.text


def test_a_line_names_the_tenant_if_it_is_about_one() -> None:
    assert json.loads(line(events.Created("alice", "x", tenant="acme")))["tenant"] == "acme"
    assert "tenant" not in line(events.Created("alice", "x"))


@given(st.text() | st.sampled_from(["\r\nINFO forged", "\x1b[2J", "\x7f", "\u2028", "\ud800"]))
def test_nothing_that_somebody_chose_can_forge_a_line(chosen: str) -> None:
    text = line(events.Created(chosen, "x"))
    assert text.isascii()
    assert text.isprintable()
    shown = json.loads(text)["user_id"]
    assert shown == (chosen if len(chosen) <= 512 else chosen[:512] + "...")


def test_what_a_line_shows_is_bounded() -> None:
    assert len(line(events.Created("a" * 100_000, "x"))) < 1000


# --- in a stream ----------------------------------------------------------------------------------


async def test_a_stream_holds_the_last_events_for_all(redis_server: RealServer, user: str) -> None:
    async with await SessionStore.connect(redis_server.url, without_rate(), keys=KEYS) as store:
        sink = await StreamSink.open(store, f"audit {user}", max_events=100)
        async with Audit(store, sink):
            session = await store.create(user)
        ((_, fields),) = await store._core.link.ask("XRANGE", f"audit {user}", "-", "+")
        assert fields[:2] == [b"event", b"Created"]
        assert json.loads(fields[3])["public_id"] == session.public_id
        await sink.write([events.Expired("x")] * 1000)
        assert 100 <= await store._core.link.ask("XLEN", f"audit {user}") < 400


async def test_a_server_without_streams_says_so(store: SessionStore) -> None:
    with pytest.raises(ConfigError, match="LogSink"):
        await StreamSink.open(store)


async def test_a_stream_that_cannot_be_written_costs_events_and_no_operation(
    redis_server: RealServer, user: str
) -> None:
    async with await SessionStore.connect(redis_server.url, without_rate(), keys=KEYS) as store:
        sink = await StreamSink.open(store, f"audit {user}")

        # Somebody has put something else in its place.
        await store._core.link.ask("SET", f"audit {user}", "x", "PX", 60_000)
        async with Audit(store, sink) as audit:
            await store.create(user)
        assert audit.failed == 1
