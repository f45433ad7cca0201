"""What the operator's page shows was measured."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

import ferrite_lite
from sessions import KeyRing, SessionStore, native
from sessions.demo.web.settings import Settings
from sessions.demo.web.telemetry import Sample, Telemetry, _rate, percentile

SETTINGS = Settings(most_devices=2)


@dataclass(frozen=True, slots=True)
class Measured:
    """A store, and its telemetry."""

    store: SessionStore
    telemetry: Telemetry

    async def sample(self) -> Sample:
        return await self.telemetry.measure(1)


@pytest.fixture
async def measured(clock: ferrite_lite.ManualClock) -> AsyncIterator[Measured]:
    async with contextlib.AsyncExitStack() as stack:
        ferrite = await stack.enter_async_context(ferrite_lite.Ferrite(clock=clock))
        native.register(ferrite.engine)
        client = ferrite.client()
        store = await SessionStore.connect(client, SETTINGS.sessions, keys=KeyRing.generate())
        yield Measured(store, Telemetry(store, client, 0.01))


async def test_every_validation_is_measured_once(measured: Measured) -> None:
    issued = await measured.store.create("alice")
    for token in (issued.token, issued.token, "junk"):
        await measured.store.validate(token)
    sample = await measured.sample()
    assert sample.validations_per_second == 3
    assert 0 < sample.p50_ms <= sample.p99_ms
    assert (await measured.sample()).validations_per_second == 0


async def test_a_sample_counts_what_is_there_and_what_has_happened(
    measured: Measured, clock: ferrite_lite.ManualClock
) -> None:
    alice = await measured.store.create("alice")
    for _ in range(SETTINGS.most_devices + 1):
        clock.advance(seconds=1)
        await measured.store.create("bob")
    sample = await measured.sample()
    assert (sample.sessions, sample.users) == (3, 2)
    assert (sample.created, sample.evicted, sample.ended) == (4, 1, 0)
    assert sample.memory_mib > 0
    await measured.store.destroy(alice.token)
    await measured.store.destroy_all_for_user("bob")
    sample = await measured.sample()
    assert (sample.sessions, sample.ended) == (0, 3)


async def test_sessions_that_expire_are_counted(
    measured: Measured, clock: ferrite_lite.ManualClock
) -> None:
    await measured.store.create("alice")
    before = await measured.sample()
    assert before.sessions == 1
    clock.advance(seconds=SETTINGS.idle_seconds + 1)
    after = await measured.sample()
    assert after.sessions == 0
    assert after.expired > before.expired


def test_percentiles_are_values_that_were_measured() -> None:
    values = list(range(1, 101))
    assert percentile(values, 50) == 50
    assert percentile(values, 99) == 99
    assert percentile([7], 99) == 7
    assert math.isnan(percentile([], 99))


def test_rates_are_over_the_time_that_went_by() -> None:
    counts = [Sample(10, created=4), Sample(12, created=10), Sample(13), Sample(14, created=2)]
    rates = [_rate("created", *two) for two in pairwise([*counts, Sample(15, created=1)])]
    assert rates[0] == 3
    assert math.isnan(rates[1])
    assert math.isnan(rates[2])
    # Counted anew by a server that was started anew.
    assert rates[3] == 0


async def test_a_store_that_does_not_answer_leaves_a_gap_and_is_told_once(
    measured: Measured, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry = measured.telemetry
    answers = iter(["well", "away", "away", "well"])

    async def measure(seconds: float) -> Sample:
        if next(answers) == "away":
            raise ConnectionError("gone")
        if len(telemetry.samples) == 3:
            telemetry.stop()
        return Sample(time.perf_counter(), sessions=7)

    monkeypatch.setattr(telemetry, "measure", measure)
    await telemetry.run()
    assert [each.sessions for each in telemetry.samples] == pytest.approx(
        [7, math.nan, math.nan, 7], nan_ok=True
    )
    assert [line.getMessage() for line in caplog.records] == [
        "the store is not measured: gone",
        "the store is measured again",
    ]
