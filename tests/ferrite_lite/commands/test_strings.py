from __future__ import annotations

from ferrite_lite.clock import ManualClock
from tests.ferrite_lite.conftest import Run


def test_set_replaces_a_value_and_forgets_its_deadline(run: Run) -> None:
    run("SET", "greeting", "hello", "EX", 10)
    assert run("SET", "greeting", "goodbye") == b"+OK\r\n"
    assert run("GET", "greeting") == b"$7\r\ngoodbye\r\n"


def test_a_key_lives_through_the_millisecond_of_its_deadline(run: Run, clock: ManualClock) -> None:
    run("SET", "greeting", "hello", "PX", 1000)
    clock.advance(ms=1000)
    assert run("GET", "greeting") == b"$5\r\nhello\r\n"
    clock.advance(ms=1)
    assert run("GET", "greeting") == b"$-1\r\n"
