"""What an OpenTelemetry SDK gets to see of a store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.exceptions as redis_errors
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    Metric,
    MetricsData,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import ferrite_lite
from sessions import RequestContext, SessionStore, StoreUnavailable, SyncSessionStore, events
from sessions.ext.opentelemetry import instrument
from tests.sessions.conftest import KEYS, without_rate


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def meters(reader: InMemoryMetricReader) -> MeterProvider:
    return MeterProvider([reader])


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracers(exporter: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


class Traced:
    """A client with a span for each command, as an instrumentation of redis-py makes them."""

    def __init__(self, client: Any, provider: TracerProvider) -> None:
        self._client = client
        self._tracer = provider.get_tracer("redis")
        self.error: Exception | None = None

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        with self._tracer.start_as_current_span(words[0]):
            if self.error is not None:
                raise self.error
            return await self._client.execute_command(*words, **options)


@pytest.fixture
async def client(tracers: TracerProvider) -> AsyncIterator[Traced]:
    async with ferrite_lite.Ferrite() as ferrite:
        yield Traced(ferrite.client(), tracers)


@pytest.fixture
async def store(client: Traced, exporter: InMemorySpanExporter) -> SessionStore:
    store = await SessionStore.connect(client, without_rate(retries=0), keys=KEYS)
    issued = await store.create("warm")
    async with store.edit(issued.token) as session:
        session.data["a"] = 1
    await store.destroy_by_id("warm", issued.public_id)  # the scripts are known from now on
    exporter.clear()
    return store


def points(reader: InMemoryMetricReader, name: str) -> dict[tuple[str, str], HistogramDataPoint]:
    """What a histogram holds, by operation and outcome."""
    data = reader.get_metrics_data()
    found: dict[tuple[str, str], HistogramDataPoint] = {}
    for metric in metrics_of(data) if data else []:
        if metric.name == name:
            for point in metric.data.data_points:
                assert isinstance(point, HistogramDataPoint)
                attributes = dict(point.attributes or {})
                key = str(attributes["sessions.operation"]), str(attributes["sessions.outcome"])
                found[key] = point
    return found


def metrics_of(data: MetricsData) -> list[Metric]:
    (resource,) = data.resource_metrics
    (scope,) = resource.scope_metrics
    return list(scope.metrics)


def names(spans: tuple[ReadableSpan, ...]) -> list[str]:
    return [span.name for span in spans]


async def test_each_operation_is_a_duration_in_seconds_and_a_number_of_round_trips(
    store: SessionStore, meters: MeterProvider, reader: InMemoryMetricReader
) -> None:
    now = [5.0]

    def clock() -> float:
        now[0] += 0.25
        return now[0]

    store._core.observers.clock = clock
    instrument(store, meters)
    issued = await store.create("alice")
    await store.destroy_by_id("alice", issued.public_id)
    for _ in range(2):
        await store.validate("junk")
    durations = points(reader, "sessions.operation.duration")
    assert durations.keys() == {
        ("create", "ok"),
        ("destroy_by_id", "ok"),
        ("validate", "invalid:malformed"),
    }
    junk = durations["validate", "invalid:malformed"]
    assert (junk.count, junk.sum) == (2, 0.5)
    assert junk.explicit_bounds[0] == 0.001
    round_trips = points(reader, "sessions.operation.round_trips")
    assert round_trips["destroy_by_id", "ok"].sum == 2
    assert round_trips["validate", "invalid:malformed"].sum == 0


async def test_units_are_those_of_the_conventions(
    store: SessionStore, meters: MeterProvider, reader: InMemoryMetricReader
) -> None:
    instrument(store, meters)
    await store.create("alice")
    data = reader.get_metrics_data()
    assert data is not None
    assert {metric.name: metric.unit for metric in metrics_of(data)} == {
        "sessions.operation.duration": "s",
        "sessions.operation.round_trips": "{request}",
    }


async def test_what_is_done_for_an_operation_is_within_its_span(
    store: SessionStore, tracers: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    instrument(store, tracer_provider=tracers)
    issued = await store.create("alice")
    exporter.clear()
    with tracers.get_tracer("web").start_as_current_span("POST /sessions"):
        await store.destroy_by_id("alice", issued.public_id)
        outside = trace.get_current_span()
    first, second, operation, request = exporter.get_finished_spans()
    assert [first.name, second.name] == ["EVALSHA", "EVALSHA"]
    assert operation.name == "sessions.destroy_by_id"
    assert [span.parent for span in (first, second)] == [operation.context] * 2
    assert operation.parent == request.context == outside.get_span_context()
    assert dict(operation.attributes or {}) == {
        "sessions.operation": "destroy_by_id",
        "sessions.outcome": "ok",
        "sessions.round_trips": 2,
    }
    assert operation.status.status_code is StatusCode.UNSET


async def test_the_block_of_an_edit_is_within_no_span_of_it(
    store: SessionStore, tracers: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    issued = await store.create("alice")
    instrument(store, tracer_provider=tracers)
    exporter.clear()
    async with store.edit(issued.token) as session:
        assert not trace.get_current_span().is_recording()
        session.data["a"] = 1
    spans = exporter.get_finished_spans()
    assert names(spans) == ["EVALSHA", "sessions.edit", "EVALSHA", "sessions.edit_write"]


async def test_only_what_fails_is_an_error(
    store: SessionStore,
    client: Traced,
    meters: MeterProvider,
    reader: InMemoryMetricReader,
    tracers: TracerProvider,
    exporter: InMemorySpanExporter,
) -> None:
    instrument(store, meters, tracers)
    await store.validate("junk")
    client.error = redis_errors.OutOfMemoryError("command not allowed")
    with pytest.raises(StoreUnavailable):
        await store.create("alice")
    invalid, _, failed = exporter.get_finished_spans()
    assert invalid.status.status_code is StatusCode.UNSET
    assert "error.type" not in (invalid.attributes or {})
    assert failed.status.status_code is StatusCode.ERROR
    assert (failed.attributes or {})["error.type"] == "unavailable"
    durations = points(reader, "sessions.operation.duration")
    assert (durations["create", "unavailable"].attributes or {})["error.type"] == "unavailable"


async def test_nothing_personal_is_told(
    store: SessionStore,
    meters: MeterProvider,
    reader: InMemoryMetricReader,
    tracers: TracerProvider,
    exporter: InMemorySpanExporter,
) -> None:
    instrument(store, meters, tracers)
    request = RequestContext("198.51.100.7", {"user-agent": "Firefox"})
    issued = await store.create("alice-in-wonderland", {"theme": "dark"}, request=request)
    await store.validate(issued.token, request=request)
    with pytest.raises(ValueError, match="bytes"):
        await store.create("alice-in-wonderland" * 99)
    told = str(reader.get_metrics_data())
    told += "".join(span.to_json() for span in exporter.get_finished_spans())
    assert "sessions.create" in told
    personal = ["alice", "198.51.100", "Firefox", "dark", issued.token, issued.public_id]
    assert [word for word in personal if word in told] == []


async def test_it_can_be_undone(
    store: SessionStore,
    meters: MeterProvider,
    reader: InMemoryMetricReader,
    tracers: TracerProvider,
    exporter: InMemorySpanExporter,
) -> None:
    undo = instrument(store, meters, tracers)
    undo()
    undo()
    await store.create("alice")
    assert points(reader, "sessions.operation.duration") == {}
    assert not any(name.startswith("sessions.") for name in names(exporter.get_finished_spans()))


def test_a_store_that_blocks_is_measured_too_and_so_is_what_its_listeners_do(
    meters: MeterProvider,
    reader: InMemoryMetricReader,
    tracers: TracerProvider,
    exporter: InMemorySpanExporter,
) -> None:
    with SyncSessionStore.connect() as store:
        instrument(store, meters, tracers)

        def ask(_: events.SessionEvent) -> None:
            store.generation("alice")

        store.on_event(ask, events.Created)
        store.create("alice")
    inner, outer = exporter.get_finished_spans()
    assert [inner.name, outer.name] == ["sessions.generation", "sessions.create"]
    assert inner.parent == outer.context
    assert points(reader, "sessions.operation.duration").keys() == {
        ("create", "ok"),
        ("generation", "ok"),
    }
    assert not trace.get_current_span().is_recording()


async def test_without_providers_it_measures_for_the_global_one_and_makes_no_span(
    store: SessionStore,
    meters: MeterProvider,
    reader: InMemoryMetricReader,
    exporter: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: meters)
    monkeypatch.setattr("opentelemetry.metrics._internal.get_meter_provider", lambda: meters)
    instrument(store)
    await store.create("alice")
    assert ("create", "ok") in points(reader, "sessions.operation.duration")
    assert names(exporter.get_finished_spans()) == ["EVALSHA"]
