"""Where events go: to a log, to memory, to a stream of the store, or wherever an application wants.

Whoever causes an event does not wait for it to be written, and does not learn that it could not be:
the queue in between is bounded, and what did not fit is counted and told to the sinks as a gap.
Events hold public ids only, so what is written here opens no session (ASVS 16.2.5, 16.3.1, 16.3.3).
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, Self

from . import events, tasks
from .errors import ConfigError, StoreRefused
from .record import moment

if TYPE_CHECKING:
    from .store import SessionStore

logger = logging.getLogger("sessions")

#: Some megabytes.
MAX_QUEUED = 10_000
_BATCH = 500
#: How long a sink may take for a batch, and all of them for the rest when they are closed.
_SINK_SECONDS = 10.0
#: What a log shows of a text that somebody else may have chosen.
_MAX_TEXT_CHARS = 512
#: What somebody should look at.
SUSPICIOUS: tuple[type[events.SessionEvent], ...] = (
    events.AuditGap,
    events.BindingMismatch,
    events.CookieConflict,
    events.CsrfRefused,
    events.FlowRefused,
    events.PasswordGuessing,
    events.RateLimited,
    events.RefreshReuse,
    events.StoreFailed,
    events.TokenGuessing,
)


class AuditSink(Protocol):
    """Keeps events, or hands them on."""

    async def write(self, batch: Sequence[events.SessionEvent]) -> None:
        """Write some, in their order. What is raised is logged, and the batch is lost to it."""
        ...


class Audit:
    """Hands the events of a store to sinks: ``async with Audit(store, LogSink()): ...``.

    They get one batch after the other, in the order in which things happened here.
    """

    def __init__(
        self, store: SessionStore[Any], *sinks: AuditSink, max_queued: int = MAX_QUEUED
    ) -> None:
        if max_queued < 1:
            raise ConfigError("the queue has room for an event at least")
        self._store = store
        self._sinks = sinks
        self._max_queued = max_queued
        self._queue: deque[events.SessionEvent] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._untold_drops = 0
        #: Events that came while the queue was full.
        self.dropped = 0
        #: Events that a sink did not take, for each of the sinks.
        self.failed = 0

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())
        self._stop = self._store.on_event(self._queue_up)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what is left, if the sinks can."""
        self._stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SINK_SECONDS):
                await self.flush()
        await tasks.end(self._task)

    async def flush(self) -> None:
        """Wait until the sinks have got all that has happened so far."""
        await self._idle.wait()

    def _queue_up(self, event: events.SessionEvent) -> None:
        """Called by whoever causes an event, perhaps in another thread."""
        if len(self._queue) >= self._max_queued:
            self.dropped += 1
            self._untold_drops += 1
            return
        self._queue.append(event)
        self._idle.clear()
        self._loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
                if self._untold_drops:
                    batch.append(events.AuditGap(self._untold_drops))
                    self._untold_drops = 0
                await asyncio.gather(*(self._write(sink, batch) for sink in self._sinks))
            self._idle.set()

    async def _write(self, sink: AuditSink, batch: Sequence[events.SessionEvent]) -> None:
        try:
            async with tasks.Deadline(_SINK_SECONDS):
                await sink.write(batch)
        except Exception:
            self.failed += len(batch)
            logger.exception("%s did not take %d events", type(sink).__name__, len(batch))


class MemorySink:
    """The last events, for a page that shows them: iterable, oldest first."""

    def __init__(self, max_events: int = 1000) -> None:
        self._events: deque[events.SessionEvent] = deque(maxlen=max_events)
        self._changed = asyncio.Event()
        #: How many there have been.
        self.total = 0

    async def write(self, batch: Sequence[events.SessionEvent]) -> None:
        self._events.extend(batch)
        self.total += len(batch)
        self._changed.set()
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[events.SessionEvent]:
        return iter(list(self._events))

    def __len__(self) -> int:
        return len(self._events)

    async def events(self) -> AsyncGenerator[events.SessionEvent, None]:
        """Those to come, as they come. Who is behind by more than are kept misses the oldest."""
        seen = self.total
        while True:
            while seen < self.total:
                seen = max(seen, self.total - len(self._events))
                event = self._events[seen - self.total]
                seen += 1
                yield event
            await self._changed.wait()


class LogSink:
    """One line of JSON for each event, in ASCII, to a logger of the standard library.

    Nothing that somebody else has chosen can begin a line or colour a terminal (ASVS 16.4.1).
    """

    def __init__(self, name: str = "sessions.audit") -> None:
        self._logger = logging.getLogger(name)

    async def write(self, batch: Sequence[events.SessionEvent]) -> None:
        for event in batch:
            is_suspicious = isinstance(event, SUSPICIOUS)
            self._logger.log(logging.WARNING if is_suspicious else logging.INFO, "%s", line(event))


class StreamSink:
    """A capped stream of the store's own server: for all processes together, for other readers.

    An entry has the fields ``event``, its name, and ``body``, the same JSON as in a log. Made by
    ``open``. An event whose writing was not confirmed may stand there twice.
    """

    def __init__(self, store: SessionStore[Any], key: str, max_events: int) -> None:
        self._atomic = store._core.atomic
        self._key = f"{store.config.prefix}{key}"
        self._max_events = max_events

    @classmethod
    async def open(
        cls, store: SessionStore[Any], key: str = "sessions:audit", max_events: int = 100_000
    ) -> Self:
        """The stream holds ``max_events``, and a few more at times.

        Raises ConfigError where the server has no streams, StoreUnavailable.
        """
        sink = cls(store, key, max_events)
        try:
            await sink._atomic.stream_length(sink._key)
        except StoreRefused as refusal:
            raise ConfigError(
                f"no stream can be kept there, take a LogSink or a MemorySink: {refusal}"
            ) from refusal
        return sink

    async def write(self, batch: Sequence[events.SessionEvent]) -> None:
        for event in batch:
            fields = {"event": type(event).__name__, "body": line(event)}
            await self._atomic.append(self._key, self._max_events, fields)


def line(event: events.SessionEvent) -> str:
    """An event as one line of JSON in ASCII; its time is UTC."""
    told = {
        field.name: _shown(getattr(event, field.name))
        for field in dataclasses.fields(event)
        if field.name != "at_ms"
    }
    if event.tenant is None:
        del told["tenant"]
    at = moment(event.at_ms).isoformat(timespec="milliseconds")
    text = json.dumps({"event": type(event).__name__, "at": at, **told})
    return text.replace("\x7f", "\\u007f")  # the one control character that JSON leaves alone


def _shown(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _MAX_TEXT_CHARS:
        return value[:_MAX_TEXT_CHARS] + "..."
    return value


__all__ = ["Audit", "AuditSink", "LogSink", "MemorySink", "StreamSink", "line"]
