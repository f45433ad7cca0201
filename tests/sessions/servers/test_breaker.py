from __future__ import annotations

import pytest

from sessions.servers.breaker import CircuitBreaker


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> list[bool]:
    return []


@pytest.fixture
def breaker(clock: Clock, changes: list[bool]) -> CircuitBreaker:
    return CircuitBreaker(3, 2.0, changes.append, clock=clock)


def fail(breaker: CircuitBreaker, times: int = 3) -> None:
    for _ in range(times):
        assert breaker.admits()
        breaker.failed()


def test_it_opens_after_failures_in_a_row(breaker: CircuitBreaker, changes: list[bool]) -> None:
    fail(breaker)
    assert not breaker.admits()
    assert breaker.is_open
    assert changes == [True]


def test_an_answer_between_them_begins_the_row_anew(
    breaker: CircuitBreaker, changes: list[bool]
) -> None:
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.admits()
    assert changes == []


def test_one_request_at_a_time_goes_through_to_see(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += 1.9
    assert not breaker.admits()
    clock.now += 0.2
    assert [breaker.admits() for _ in range(3)] == [True, False, False]


def test_an_answer_to_it_closes_the_circuit(
    breaker: CircuitBreaker, clock: Clock, changes: list[bool]
) -> None:
    fail(breaker)
    clock.now += 2
    assert breaker.admits()
    breaker.succeeded()
    assert [breaker.admits() for _ in range(3)] == [True, True, True]
    assert changes == [True, False]


def test_its_failure_leaves_the_circuit_open_and_is_not_told_again(
    breaker: CircuitBreaker, clock: Clock, changes: list[bool]
) -> None:
    fail(breaker)
    clock.now += 2
    assert breaker.admits()
    breaker.failed()
    clock.now += 1.9
    assert not breaker.admits()
    clock.now += 0.2
    assert breaker.admits()
    assert changes == [True]


def test_one_that_never_says_how_it_went_does_not_keep_it_open(
    breaker: CircuitBreaker, clock: Clock
) -> None:
    fail(breaker)
    clock.now += 2
    assert breaker.admits()  # and is cancelled
    clock.now += 2
    assert breaker.admits()


def test_the_late_answer_to_an_earlier_request_closes_it_too(
    breaker: CircuitBreaker, changes: list[bool]
) -> None:
    fail(breaker)
    breaker.succeeded()
    assert breaker.admits()
    assert changes == [True, False]
