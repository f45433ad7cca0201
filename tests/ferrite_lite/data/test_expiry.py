from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ferrite_lite.clock import ManualClock
from ferrite_lite.config import Config
from ferrite_lite.data.expiry import SLICE_MS, Wheel
from ferrite_lite.engine import Engine

NOW_MS = 1_700_000_000_000


def take_all(wheel: Wheel, now_ms: int, deadlines_ms: dict[bytes, int]) -> list[bytes]:
    """What is due, as a keyspace takes it: a key that was taken has no deadline any more."""
    taken = []
    while (key := wheel.take_due(now_ms, deadlines_ms.get)) is not None:
        del deadlines_ms[key]
        taken.append(key)
    return taken


def filed(**deadlines_ms: int) -> tuple[Wheel, dict[bytes, int]]:
    wheel = Wheel()
    deadlines = {name.encode(): deadline_ms for name, deadline_ms in deadlines_ms.items()}
    for key, deadline_ms in deadlines.items():
        wheel.file(key, deadline_ms)
    return wheel, deadlines


# --- one by one -----------------------------------------------------------------------------------


def test_nothing_is_due_before_its_deadline() -> None:
    wheel, deadlines = filed(a=NOW_MS + 1000)
    assert take_all(wheel, NOW_MS + 1000, deadlines) == []
    assert deadlines == {b"a": NOW_MS + 1000}


def test_a_key_is_due_a_slice_after_its_deadline_at_the_latest() -> None:
    wheel, deadlines = filed(a=NOW_MS + 1000)
    assert take_all(wheel, NOW_MS + 1000 + SLICE_MS, deadlines) == [b"a"]
    assert take_all(wheel, NOW_MS + 9999, deadlines) == []


def test_a_deadline_that_moved_later_is_kept() -> None:
    wheel, deadlines = filed(a=NOW_MS)
    deadlines[b"a"] = NOW_MS + 10 * SLICE_MS
    wheel.file(b"a", deadlines[b"a"])
    assert take_all(wheel, NOW_MS + 2 * SLICE_MS, deadlines) == []
    assert take_all(wheel, NOW_MS + 11 * SLICE_MS, deadlines) == [b"a"]


def test_a_deadline_that_moved_earlier_is_kept() -> None:
    wheel, deadlines = filed(a=NOW_MS + 100 * SLICE_MS)
    deadlines[b"a"] = NOW_MS
    wheel.file(b"a", NOW_MS)
    assert take_all(wheel, NOW_MS + SLICE_MS, deadlines) == [b"a"]


def test_a_key_without_a_deadline_any_more_is_passed_over() -> None:
    wheel, deadlines = filed(a=NOW_MS, b=NOW_MS)
    del deadlines[b"a"]
    assert take_all(wheel, NOW_MS + SLICE_MS, deadlines) == [b"b"]


def test_a_key_that_lost_its_deadline_and_got_one_again_is_due_once() -> None:
    wheel, deadlines = filed(a=NOW_MS)
    del deadlines[b"a"]
    assert take_all(wheel, NOW_MS + SLICE_MS, deadlines) == []
    deadlines[b"a"] = NOW_MS + 2 * SLICE_MS
    wheel.file(b"a", deadlines[b"a"])
    assert take_all(wheel, NOW_MS + 4 * SLICE_MS, deadlines) == [b"a"]


def test_moving_a_deadline_later_writes_nothing() -> None:
    wheel, _ = filed(a=NOW_MS)
    for more_ms in range(0, 100_000, 100):
        wheel.file(b"a", NOW_MS + more_ms)
    assert sum(map(len, wheel._slices.values())) == len(wheel._times) == 1


def test_what_is_taken_leaves_nothing_behind() -> None:
    wheel, deadlines = filed(a=NOW_MS, b=NOW_MS + 1000, c=NOW_MS + 1000)
    take_all(wheel, NOW_MS + 2000, deadlines)
    assert (wheel._slices, wheel._times, wheel._filed) == ({}, [], {})


def test_a_cleared_wheel_has_nothing_due() -> None:
    wheel, deadlines = filed(a=NOW_MS)
    wheel.clear()
    assert take_all(wheel, NOW_MS + SLICE_MS, deadlines) == []


def test_a_cleared_wheel_files_the_same_keys_again() -> None:
    wheel, deadlines = filed(a=NOW_MS)
    wheel.clear()
    wheel.file(b"a", NOW_MS)
    assert take_all(wheel, NOW_MS + SLICE_MS, deadlines) == [b"a"]


def test_a_key_lives_through_the_millisecond_of_a_deadline_that_moved_later() -> None:
    wheel, deadlines = filed(a=NOW_MS)
    deadlines[b"a"] = NOW_MS + 10 * SLICE_MS
    assert take_all(wheel, NOW_MS + 10 * SLICE_MS, deadlines) == []


# --- all of them ----------------------------------------------------------------------------------

keys = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"])
#: Around now: within a slice, some slices away, and past.
spans_ms = st.integers(-3 * SLICE_MS, 6 * SLICE_MS)


@given(st.dictionaries(keys, spans_ms), st.lists(spans_ms, max_size=6))
def test_every_key_is_taken_once_and_none_too_early(
    spans: dict[bytes, int], steps_ms: list[int]
) -> None:
    wheel, deadlines = Wheel(), {key: NOW_MS + span for key, span in spans.items()}
    for key, deadline_ms in deadlines.items():
        wheel.file(key, deadline_ms)
    promised, taken = dict(deadlines), []
    for now_ms in sorted(NOW_MS + step for step in steps_ms):
        due = take_all(wheel, now_ms, deadlines)
        assert all(promised[key] < now_ms for key in due)
        taken += due
    taken += take_all(wheel, NOW_MS + 10 * SLICE_MS, deadlines)
    assert sorted(taken) == sorted(spans)


class WheelMachine(RuleBasedStateMachine):
    """Deadlines come, move and go, while time goes on and, as wall clocks do, now and then back."""

    def __init__(self) -> None:
        super().__init__()
        self.wheel = Wheel()
        self.deadlines: dict[bytes, int] = {}
        self.now_ms = NOW_MS

    @rule(key=keys, span_ms=spans_ms)
    def set_deadline(self, key: bytes, span_ms: int) -> None:
        self.deadlines[key] = self.now_ms + span_ms
        self.wheel.file(key, self.deadlines[key])

    @rule(key=keys)
    def clear_deadline(self, key: bytes) -> None:
        self.deadlines.pop(key, None)

    @rule(step_ms=st.integers(-2 * SLICE_MS, 5 * SLICE_MS))
    def let_time_pass(self, step_ms: int) -> None:
        self.now_ms += step_ms

    @rule()
    def take_one(self) -> None:
        key = self.wheel.take_due(self.now_ms, self.deadlines.get)
        if key is not None:
            assert self.deadlines.pop(key) < self.now_ms

    @rule()
    def take_everything(self) -> None:
        before = dict(self.deadlines)
        for key in take_all(self.wheel, self.now_ms, self.deadlines):
            assert before[key] < self.now_ms
        late_ms = self.now_ms - SLICE_MS
        assert [key for key, deadline in self.deadlines.items() if deadline < late_ms] == []

    @invariant()
    def nothing_is_lost(self) -> None:
        """Each key is filed no later than its deadline, in a slice that comes up."""
        for key, deadline_ms in self.deadlines.items():
            time = self.wheel._filed[key]
            assert time <= deadline_ms // SLICE_MS
            assert key in self.wheel._slices[time]
        assert sorted(self.wheel._slices) == sorted(self.wheel._times)


TestWheelMachine = WheelMachine.TestCase


# --- the expiry cycle of the engine ---------------------------------------------------------------


def test_the_cycle_removes_what_is_due_in_every_database() -> None:
    clock = ManualClock()
    engine = Engine(clock=clock, config=Config(databases=2))
    for db in engine.state.databases:
        for number in range(100):
            db.put(b"k%d" % number, b"v")
            db.set_deadline(b"k%d" % number, clock.now_ms() + 1 + number)
        db.put(b"for ever", b"v")
    clock.advance(ms=50 + SLICE_MS)
    removed = engine.expire_due(budget_ns=10**9)
    assert removed == sum(db.expired for db in engine.state.databases)
    assert 100 <= removed <= 200
    clock.advance(ms=1000)
    assert removed + engine.expire_due(budget_ns=10**9) == 200
    assert [db.living_keys() for db in engine.state.databases] == [[b"for ever"]] * 2


def test_the_cycle_stops_when_its_time_is_up_and_goes_on_later() -> None:
    clock = ManualClock()
    engine = Engine(clock=clock)
    db = engine.state.databases[0]
    for number in range(1000):
        db.put(b"k%d" % number, b"v")
        db.set_deadline(b"k%d" % number, clock.now_ms() + 1)
    clock.advance(seconds=1)
    assert engine.expire_due(budget_ns=-1) < 1000
    while engine.expire_due(budget_ns=-1):
        pass
    assert len(db) == 0
