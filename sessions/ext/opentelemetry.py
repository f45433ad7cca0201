"""OpenTelemetry: a duration, a number of round trips and a span for each operation of a store.

Taken from the semantic conventions for database clients: a duration is in seconds, in the buckets
of ``db.client.operation.duration``; a span is named after the operation and nothing that varies;
``error.type`` is there only if it failed. Not taken: their names, and the kind CLIENT. Those are of
requests, of which an operation has any number. Where the store was given a client of redis-py, an
instrumentation of that tells of each in a span within that of the operation; what goes over a URL
it does not see.

No attribute says whose session it was, and no exception is kept: its text might.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry import context, metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, Status, StatusCode, Tracer, TracerProvider

from ..blocking import SyncSessionStore
from ..operations.measuring import OnOperation, Operation
from ..store import SessionStore

_SCOPE = "sessions"
_SECONDS_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
_ROUND_TRIPS_BUCKETS = (0, 1, 2, 3, 4, 5, 10, 100, 1000)

_NAME, _OUTCOME, _ROUND_TRIPS = "sessions.operation", "sessions.outcome", "sessions.round_trips"


def instrument(
    store: SessionStore[Any] | SyncSessionStore[Any],
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
) -> Callable[[], None]:
    """Measure the operations of a store, and of its tenants, until what is returned is called.

    ``sessions.operation.duration`` and ``sessions.operation.round_trips`` are histograms of the
    global meter provider, or of the one that is given. Spans are made only with a tracer provider:
    ``trace.get_tracer_provider()`` is the global one.
    """
    observers = (store.awaited if isinstance(store, SyncSessionStore) else store)._core.observers
    stops = []
    if tracer_provider is not None:
        stops.append(observers.add(_trace(tracer_provider.get_tracer(_SCOPE))))
    # Last come first told: what is measured is still measured within the span.
    stops.append(observers.add(_measure(meter_provider)))

    def stop() -> None:
        for each in stops:
            each()

    return stop


def _measure(provider: MeterProvider | None) -> Callable[[str], OnOperation]:
    meter = metrics.get_meter(_SCOPE, meter_provider=provider)
    durations = meter.create_histogram(
        "sessions.operation.duration",
        unit="s",
        description="Duration of operations of the session store.",
        explicit_bucket_boundaries_advisory=_SECONDS_BUCKETS,
    )
    round_trips = meter.create_histogram(
        "sessions.operation.round_trips",
        unit="{request}",
        description="Requests that operations have sent to the server.",
        explicit_bucket_boundaries_advisory=_ROUND_TRIPS_BUCKETS,
    )

    def ended(operation: Operation) -> None:
        attributes = _attributes(operation)
        durations.record(operation.seconds, attributes)
        round_trips.record(operation.round_trips, attributes)

    return lambda name: ended


def _trace(tracer: Tracer) -> Callable[[str], OnOperation]:
    def begun(name: str) -> OnOperation:
        span = tracer.start_span(f"{_SCOPE}.{name}", attributes={_NAME: name})
        token = context.attach(trace.set_span_in_context(span))

        def ended(operation: Operation) -> None:
            context.detach(token)
            _end(span, operation)

        return ended

    return begun


def _end(span: Span, operation: Operation) -> None:
    span.set_attributes(_attributes(operation) | {_ROUND_TRIPS: operation.round_trips})
    if operation.outcome.is_failure:
        span.set_status(Status(StatusCode.ERROR))
    span.end()


def _attributes(operation: Operation) -> dict[str, str | int]:
    outcome = operation.outcome.value
    found: dict[str, str | int] = {_NAME: operation.name, _OUTCOME: outcome}
    return {**found, "error.type": outcome} if operation.outcome.is_failure else found


__all__ = ["instrument"]
