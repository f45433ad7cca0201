"""The store at work: what is measured once a second, and the last minutes of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from redis.exceptions import RedisError

from sessions import Operation, SessionStore, events

from .charts import Chart, Series

logger = logging.getLogger("sessions.demo")

#: Two minutes of seconds.
MOMENTS = 120
#: Bounds what counting costs on a store that is not ours alone; what is beyond is not counted.
_MOST_KEYS = 50_000
_KEYS_A_STEP = 1000
MS_PER_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment, by a clock that only goes on. What was not measured is not a number.

    The last four count: keys from the start of the store, others from the demo's.
    """

    at_seconds: float
    sessions: float = math.nan
    users: float = math.nan
    validations_per_second: float = math.nan
    p50_ms: float = math.nan
    p99_ms: float = math.nan
    memory_mib: float = math.nan
    expired: float = math.nan
    evicted: float = math.nan
    created: float = math.nan
    ended: float = math.nan


class Telemetry:
    """Samples of one store, the oldest first."""

    def __init__(self, store: SessionStore, client: Any, every_seconds: float) -> None:
        self.samples: deque[Sample] = deque(maxlen=MOMENTS)
        #: Of the validations since the last sample.
        self._seconds: list[float] = []
        self._client = client
        self._every_seconds = every_seconds
        self._counts = {"evicted": 0, "created": 0, "ended": 0}
        self._trouble = ""
        self._is_over = asyncio.Event()
        store.on_event(self._count)
        store.on_operation(self._time)

    def stop(self) -> None:
        """Let ``run`` return. Cancelling it would not: redis-py may take that for its own."""
        self._is_over.set()

    async def run(self) -> None:
        """Measure, until stopped."""
        began = time.perf_counter()
        while not await self._ends_within(self._every_seconds):
            now = time.perf_counter()
            try:
                self.samples.append(await self.measure(now - began))
                self._tell_once("")
            except (RedisError, OSError) as error:
                self.samples.append(Sample(time.perf_counter()))
                self._tell_once(str(error))
            began = now

    def _tell_once(self, trouble: str) -> None:
        if trouble and not self._trouble:
            logger.warning("the store is not measured: %s", trouble)
        elif self._trouble and not trouble:
            logger.warning("the store is measured again")
        self._trouble = trouble

    async def _ends_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_over.wait()
        return self._is_over.is_set()

    async def measure(self, seconds: float) -> Sample:
        """One sample, so many seconds after the last one."""
        durations, self._seconds = sorted(self._seconds), []
        sessions, users = await self._census()
        info = await self._client.info()
        return Sample(
            time.perf_counter(),
            sessions=sessions,
            users=users,
            validations_per_second=len(durations) / seconds,
            p50_ms=percentile(durations, 50) * MS_PER_SECOND,
            p99_ms=percentile(durations, 99) * MS_PER_SECOND,
            memory_mib=info["used_memory"] / (1 << 20),
            expired=info["expired_keys"],
            **self._counts,
        )

    async def _census(self) -> tuple[int, int]:
        """How many sessions there are, and how many users they are of."""
        sessions, users = set(), set()
        cursor, seen = 0, 0
        while seen < _MOST_KEYS:
            cursor, keys = await self._client.scan(cursor, count=_KEYS_A_STEP)
            seen += len(keys)
            for key in keys:
                if key.startswith(b"session:{"):
                    sessions.add(key)
                elif key.startswith(b"user:{") and key.endswith(b":sessions"):
                    users.add(key)
            if not cursor:
                break
        return len(sessions), len(users)

    def _time(self, operation: Operation) -> None:
        if operation.name == "validate":
            self._seconds.append(operation.seconds)

    def _count(self, event: events.SessionEvent) -> None:
        match event:
            case events.Created():
                self._counts["created"] += 1
            case events.Evicted():
                self._counts["evicted"] += 1
            case events.Destroyed():
                self._counts["ended"] += 1
            case events.RevokedAll(public_ids=gone):
                self._counts["ended"] += len(gone)
            case events.RevokedEverything(count=count):
                self._counts["ended"] += count

    @property
    def now(self) -> Sample:
        """The last sample."""
        return self.samples[-1] if self.samples else Sample(time.perf_counter())

    def charts(self) -> list[Chart]:
        """The last minutes."""
        now = time.perf_counter()
        ages_seconds = [now - sample.at_seconds for sample in self.samples]

        def chart(title: str, unit: str, *lines: tuple[str, str, bool]) -> Chart:
            series = [
                Series(name, self._values(field), f"series-{at}", filled)
                for at, (name, field, filled) in enumerate(lines, start=1)
            ]
            return Chart(title, unit, series, ages_seconds, self._span_seconds)

        return [
            chart(
                "Sessions and users",
                "alive",
                ("sessions", "sessions", True),
                ("users", "users", False),
            ),
            chart("Validations", "per second", ("validations", "validations_per_second", True)),
            chart("Latency", "ms", ("p50", "p50_ms", False), ("p99", "p99_ms", False)),
            chart("Memory", "MiB", ("in use", "memory_mib", True)),
            chart(
                "Signed in and out",
                "per second",
                ("signed in", "created", False),
                ("signed out", "ended", False),
            ),
            chart(
                "Expired and evicted",
                "per second",
                ("expired keys", "expired", False),
                ("evicted", "evicted", False),
            ),
        ]

    def _values(self, field: str) -> list[float]:
        if field not in _COUNTERS:
            return [getattr(sample, field) for sample in self.samples]
        rates = [_rate(field, *two) for two in pairwise(self.samples)]
        return [math.nan, *rates] if self.samples else []

    @property
    def _span_seconds(self) -> float:
        return MOMENTS * self._every_seconds

    @property
    def span_text(self) -> str:
        """How far back the charts go."""
        seconds = self._span_seconds
        return f"{seconds / 60:g} min ago" if seconds >= 60 else f"{seconds:g} s ago"


_COUNTERS = ("expired", "evicted", "created", "ended")


def _rate(field: str, before: Sample, after: Sample) -> float:
    """How much a second was counted between two moments; a new server begins at 0 again."""
    more: float = getattr(after, field) - getattr(before, field)
    return 0 if more < 0 else more / (after.at_seconds - before.at_seconds)


def percentile(ascending: Sequence[float], percent: int) -> float:
    """The value that so many percent are not above (nearest rank); of nothing it is no number."""
    if not ascending:
        return math.nan
    rank = -(-len(ascending) * percent // 100)
    return ascending[max(0, rank - 1)]
