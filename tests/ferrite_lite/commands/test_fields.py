from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ferrite_lite import Engine
from ferrite_lite.clock import ManualClock
from ferrite_lite.data.expiry import SLICE_MS
from ferrite_lite.data.values import Hash, VolatileHash
from tests.ferrite_lite.conftest import Run, runner

#: More than any of these tests needs.
BUDGET_NS = 1_000_000_000


def fields_of(engine: Engine, key: bytes) -> Hash:
    """The hash as it is stored."""
    held = engine.state.databases[0].stored(key)
    assert isinstance(held, Hash)
    return held


def test_a_request_goes_on_behind_the_field_that_had_the_last_deadline(run: Run) -> None:
    run("HSET", "h", "a", 1, "b", 2, "c", 3)
    run("HPEXPIRE", "h", 1000, "FIELDS", 1, "a")
    assert run("HSET", "h", "a", 4, "b", 5, "d", 6) == b":1\r\n"
    assert run("HMGET", "h", "a", "b", "d") == b"*3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n"
    run("HPEXPIRE", "h", 1000, "FIELDS", 1, "a")
    assert run("HDEL", "h", "a", "b", "c") == b":3\r\n"
    assert run("HKEYS", "h") == b"*1\r\n$1\r\nd\r\n"


def test_a_field_is_gone_the_millisecond_after_its_deadline(
    run: Run, clock: ManualClock, events: list[str]
) -> None:
    run("HSET", "h", "a", 1, "b", 2)
    run("HPEXPIRE", "h", 10, "FIELDS", 1, "a")
    clock.advance(ms=10)
    assert run("HLEN", "h") == b":2\r\n"
    clock.advance(ms=1)
    assert run("HLEN", "h") == b":1\r\n"
    assert events == ["hset h", "hexpire h", "hexpired h"]


def test_the_cycle_removes_fields_that_nobody_asks_for(
    run: Run, engine: Engine, clock: ManualClock, events: list[str]
) -> None:
    run("HSETEX", "h", "PX", 10, "FIELDS", 1, "a", 1)
    run("HSETEX", "h", "PX", 1000, "FIELDS", 1, "b", 2)
    run("HSETEX", "one", "PX", 10, "FIELDS", 1, "a", 1)
    del events[:]
    clock.advance(ms=11 + 2 * SLICE_MS)
    engine.expire_due(BUDGET_NS)
    assert sorted(events) == ["del one", "hexpired h", "hexpired one"]
    assert fields_of(engine, b"h") == {b"b": b"2"}
    clock.advance(ms=1000 + 2 * SLICE_MS)
    engine.expire_due(BUDGET_NS)
    assert run("DBSIZE") == b":0\r\n"
    assert b"expired_fields:3\r\n" in run("INFO", "stats")


def test_the_events_of_a_last_field_end_with_its_key(run: Run, events: list[str]) -> None:
    run("HSETEX", "h", "EXAT", 1, "FIELDS", 2, "a", 1, "b", 2)
    assert events == ["hset h", "hexpire h", "hexpired h", "del h"]


def test_a_hash_is_a_plain_one_again_when_its_last_deadline_has_gone(
    run: Run, engine: Engine
) -> None:
    run("HSET", "h", "a", 1, "b", 2)
    assert type(fields_of(engine, b"h")) is Hash
    run("HEXPIRE", "h", 10, "FIELDS", 2, "a", "b")
    assert type(fields_of(engine, b"h")) is VolatileHash
    assert b"keys_with_volatile_items=1\r\n" in run("INFO", "keyspace")
    run("HPERSIST", "h", "FIELDS", 1, "a")
    run("HDEL", "h", "b")
    assert type(fields_of(engine, b"h")) is Hash
    assert b"avg_ttl=0\r\n" in run("INFO", "keyspace")


def test_a_field_that_expires_breaks_a_transaction_that_watches_its_hash(
    run: Run, run_other: Run, clock: ManualClock
) -> None:
    run("HSETEX", "h", "PX", 10, "FIELDS", 2, "a", 1, "b", 1)
    run("HPERSIST", "h", "FIELDS", 1, "b")
    run("WATCH", "h")
    clock.advance(ms=11)
    run_other("HGET", "h", "a")
    run("MULTI")
    run("PING")
    assert run("EXEC") == b"*-1\r\n"


def test_what_a_copy_loses_the_original_keeps(run: Run, clock: ManualClock) -> None:
    run("HSETEX", "h", "PX", 10, "FIELDS", 1, "a", 1)
    run("COPY", "h", "copied")
    run("HPERSIST", "copied", "FIELDS", 1, "a")
    clock.advance(ms=11)
    assert run("HGETALL", "h") == b"*0\r\n"
    assert run("HGET", "copied", "a") == b"$1\r\n1\r\n"


def test_debug_reload_keeps_deadlines(run: Run) -> None:
    run("HSET", "h", "a", 1, "b", 2)
    run("HPEXPIREAT", "h", 4_000_000_000_000, "FIELDS", 1, "a")
    assert run("DEBUG", "RELOAD") == b"+OK\r\n"
    assert run("HPEXPIRETIME", "h", "FIELDS", 2, "a", "b") == b"*2\r\n:4000000000000\r\n:-1\r\n"


def test_deadlines_of_fields_take_memory(run: Run) -> None:
    run("HSET", "h", "a", 1)
    before = int(run("MEMORY", "USAGE", "h")[1:])
    run("HEXPIRE", "h", 10, "FIELDS", 1, "a")
    assert int(run("MEMORY", "USAGE", "h")[1:]) > before


@pytest.mark.parametrize("command", ["HGETALL", "HKEYS", "HVALS", "HSCAN"])
def test_scripts_see_no_field_that_is_due(run: Run, clock: ManualClock, command: str) -> None:
    run("HSETEX", "h", "PX", 10, "FIELDS", 1, "a", 1)
    clock.advance(ms=11)
    more = ", 0" if command == "HSCAN" else ""
    reply = run("EVAL", f"return redis.call('{command}', KEYS[1]{more})", 1, "h")
    assert reply == (b"*2\r\n$1\r\n0\r\n*0\r\n" if more else b"*0\r\n")


NAMES = st.sampled_from(["a", "b", "c"])
KEYS = st.sampled_from(["h", "i"])
SPANS_MS = st.integers(1, 3 * SLICE_MS)


class FieldsAgainstAModel(RuleBasedStateMachine):
    """Any order of commands on fields, with time passing, beside two plain dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.engine = Engine(clock=self.clock, seed=1)
        self.run = runner(self.engine, self.engine.connect())
        #: key -> field -> deadline in milliseconds, or None.
        self.model: dict[str, dict[str, int | None]] = {}

    def held(self, key: str) -> dict[str, int | None]:
        now_ms = self.clock.now_ns() // 1_000_000
        fields = self.model.get(key, {})
        for name, deadline_ms in list(fields.items()):
            if deadline_ms is not None and deadline_ms < now_ms:
                del fields[name]
        return fields

    def due_ms(self, span_ms: int) -> int:
        return self.clock.now_ns() // 1_000_000 + span_ms

    @rule(key=KEYS, name=NAMES)
    def hset(self, key: str, name: str) -> None:
        self.run("HSET", key, name, 1)
        self.model.setdefault(key, {})[name] = None

    @rule(key=KEYS, names=st.lists(NAMES, min_size=2, max_size=3))
    def hset_several(self, key: str, names: list[str]) -> None:
        self.run("HSET", key, *(word for name in names for word in (name, 1)))
        self.model.setdefault(key, {}).update(dict.fromkeys(names))

    @rule(key=KEYS, names=st.lists(NAMES, min_size=2, max_size=3))
    def hdel_several(self, key: str, names: list[str]) -> None:
        self.run("HDEL", key, *names)
        for name in names:
            self.held(key).pop(name, None)

    @rule(key=KEYS, name=NAMES, span_ms=SPANS_MS)
    def hsetex(self, key: str, name: str, span_ms: int) -> None:
        self.run("HSETEX", key, "PX", span_ms, "FIELDS", 1, name, 1)
        self.model.setdefault(key, {})[name] = self.due_ms(span_ms)

    @rule(key=KEYS, name=NAMES, span_ms=SPANS_MS)
    def hpexpire(self, key: str, name: str, span_ms: int) -> None:
        fields = self.held(key)
        done = self.run("HPEXPIRE", key, span_ms, "FIELDS", 1, name)
        assert done == (b"*1\r\n:1\r\n" if name in fields else b"*1\r\n:-2\r\n")
        if name in fields:
            fields[name] = self.due_ms(span_ms)

    @rule(key=KEYS, name=NAMES)
    def hincrby(self, key: str, name: str) -> None:
        self.run("HINCRBY", key, name, 1)
        fields = self.held(key)
        self.model.setdefault(key, fields).setdefault(name, None)

    @rule(key=KEYS, name=NAMES)
    def hpersist(self, key: str, name: str) -> None:
        self.run("HPERSIST", key, "FIELDS", 1, name)
        if name in self.held(key):
            self.model[key][name] = None

    @rule(key=KEYS, name=NAMES)
    def hgetdel(self, key: str, name: str) -> None:
        self.run("HGETDEL", key, "FIELDS", 1, name)
        self.held(key).pop(name, None)

    @rule(key=KEYS, other=KEYS, copies=st.booleans())
    def rename_or_copy(self, key: str, other: str, copies: bool) -> None:
        if key == other or not self.held(key):
            return
        if copies:
            self.run("COPY", key, other, "REPLACE")
            self.model[other] = dict(self.model[key])
        else:
            self.run("RENAME", key, other)
            self.model[other] = self.model.pop(key)

    @rule(key=KEYS)
    def dump_and_restore(self, key: str) -> None:
        if self.held(key):
            payload = self.run("DUMP", key).partition(b"\r\n")[2][:-2]
            assert self.run("RESTORE", key, 0, payload, "REPLACE") == b"+OK\r\n"

    @rule(ms=st.integers(0, 2 * SLICE_MS))
    def let_time_pass(self, ms: int) -> None:
        self.clock.advance(ms=ms)

    @rule()
    def run_the_cycle(self) -> None:
        self.engine.expire_due(BUDGET_NS)
        now_ms = self.clock.now_ns() // 1_000_000
        for key in (b"h", b"i"):
            held = self.engine.state.databases[0].stored(key)
            if isinstance(held, VolatileHash):
                earliest_ms = held.deadlines.earliest_ms()
                assert earliest_ms is not None
                assert earliest_ms >= now_ms - SLICE_MS

    @invariant()
    def every_field_and_deadline_is_as_in_the_model(self) -> None:
        for key in ("h", "i"):
            fields = self.held(key)
            names = self.run("HKEYS", key).split(b"\r\n")[2:-1:2]
            assert sorted(names) == sorted(name.encode() for name in fields)
            for name, deadline_ms in fields.items():
                told = self.run("HPEXPIRETIME", key, "FIELDS", 1, name)
                assert told == b"*1\r\n:%d\r\n" % (-1 if deadline_ms is None else deadline_ms)


TestFieldsAgainstAModel = FieldsAgainstAModel.TestCase
