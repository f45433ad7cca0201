from __future__ import annotations

from ferrite_lite.observing.rates import INTERVAL_NS, SAMPLES, Rates


def test_a_rate_is_the_mean_of_the_last_samples() -> None:
    rates = Rates()
    for tick in range(SAMPLES + 5):
        rates.sample(tick * INTERVAL_NS, (tick * 10,))
    assert rates.per_second(0) == 100


def test_a_look_too_soon_is_no_sample() -> None:
    rates = Rates()
    rates.sample(0, (0,))
    rates.sample(1, (1_000_000,))
    assert rates.per_second(0) == 0


def test_a_counter_that_was_reset_does_not_count_backwards() -> None:
    rates = Rates()
    rates.sample(0, (1000,))
    rates.sample(INTERVAL_NS, (5,))
    assert rates.per_second(0) == 0
