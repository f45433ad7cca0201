from __future__ import annotations

import time

from ferrite_lite.clock import ManualClock, SystemClock


def test_the_system_clock_tells_unix_time() -> None:
    assert abs(SystemClock().now_ns() - time.time_ns()) < 10**9


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(start_ms=1000)
    assert clock.now_ms() == clock.now_ms() == 1000
    clock.advance(ms=5, seconds=1.5)
    assert clock.now_ms() == 2505
    clock.set_time(ms=7)
    assert clock.now_ns() == 7_000_000
