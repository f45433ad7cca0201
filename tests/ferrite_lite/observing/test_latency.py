from __future__ import annotations

from ferrite_lite.observing.latency import MAX_SAMPLES, Event, LatencyMonitor


def test_an_event_keeps_the_worst_of_each_second() -> None:
    event = Event()
    for second, elapsed_ms in ((1, 5), (1, 7), (1, 6), (2, 3)):
        event.add(second, elapsed_ms)
    assert list(event.samples) == [(1, 7), (2, 3)]
    assert event.worst_ms == 7


def test_an_event_keeps_as_many_seconds_as_redis_does() -> None:
    event = Event()
    for second in range(MAX_SAMPLES + 5):
        event.add(second, 1)
    assert len(event.samples) == MAX_SAMPLES
    assert event.samples[0] == (5, 1)


def test_reset_forgets_what_it_is_told_and_counts_it() -> None:
    monitor = LatencyMonitor()
    for name in (b"a", b"b", b"c"):
        monitor.add(name, unix_seconds=1, elapsed_ms=1)
    assert monitor.reset(b"a", b"nope") == 1
    assert monitor.reset() == 2
    assert monitor.events == {}
