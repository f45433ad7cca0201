from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ferrite_lite.clock import ManualClock, Moment
from ferrite_lite.data.expiry import SLICE_MS
from ferrite_lite.data.keyspace import Keyspace
from ferrite_lite.data.values import EncodingLimits, Hash, List, Set, Value, copy_of
from ferrite_lite.errors import WrongType

LIMITS = EncodingLimits(hash_entries=3, hash_value_bytes=8, intset_entries=3)


class Recorder:
    """An observer that writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        self.events.append(f"{event} {key.decode()}")

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        self.events.append(f"{db.index} replaced by {None if by is None else by.index}")


class Desk:
    """A clock and the databases that live by it."""

    def __init__(self, databases: int = 1) -> None:
        self.clock = ManualClock()
        self.moment = Moment(self.clock)
        self.dbs = [Keyspace(index, self.moment, LIMITS) for index in range(databases)]

    def advance(self, ms: int) -> None:
        """Let time pass, and begin another request."""
        self.clock.advance(ms=ms)
        self.moment.read_ms = None


@pytest.fixture
def desk() -> Desk:
    return Desk(databases=2)


@pytest.fixture
def db(desk: Desk) -> Keyspace:
    return desk.dbs[0]


@pytest.fixture
def events(db: Keyspace) -> list[str]:
    recorder = Recorder()
    db.observers.append(recorder)
    return recorder.events


def put_set(db: Keyspace, key: bytes, *members: bytes) -> None:
    db.get_or_create(key, Set).insert(members)
    db.touch(key, "sadd")


# --- the moment -----------------------------------------------------------------------------------


def test_a_request_sees_one_moment() -> None:
    clock = ManualClock(start_ms=1234)
    moment = Moment(clock)
    assert (moment.ms, moment.us) == (1234, 1_234_000)
    clock.advance(ms=5)
    assert moment.ms == 1234
    moment.read_ms = None
    assert moment.ms == 1239


def test_no_clock_is_read_where_no_key_has_a_deadline() -> None:
    reads = []

    class CountingClock:
        def now_ns(self) -> int:
            reads.append(1)
            return 0

    db = Keyspace(0, Moment(CountingClock()), LIMITS)
    db.put(b"a", b"1")
    assert db.string(b"a") == b"1"
    assert b"b" not in db
    assert not reads


# --- types ----------------------------------------------------------------------------------------


def test_a_value_of_another_type_is_refused(db: Keyspace) -> None:
    db.put(b"text", b"v")
    put_set(db, b"tags", b"a")
    for look in (db.hash, db.set):
        with pytest.raises(WrongType):
            look(b"text")
    for refused in (db.string, db.hash):
        with pytest.raises(WrongType):
            refused(b"tags")
    with pytest.raises(WrongType):
        db.get_or_create(b"tags", Hash)
    assert (db.string(b"text"), db.set(b"tags")) == (b"v", {b"a"})
    assert (db.string(b"no"), db.hash(b"no"), db.set(b"no"), db.get(b"no")) == (None,) * 4


def test_a_string_may_be_edited_in_place(db: Keyspace) -> None:
    db.put(b"text", bytearray(b"v"))
    assert db.string(b"text") == b"v"


# --- changes --------------------------------------------------------------------------------------


def test_touch_counts_changes_and_tells_observers(db: Keyspace, events: list[str]) -> None:
    db.put(b"a", b"1")
    db.touch(b"a", "set")
    db.touch(b"a", "incrby", changes=3)
    assert db.changes == 4
    assert events == ["set a", "incrby a"]


def test_a_collection_that_was_left_empty_is_gone(db: Keyspace, events: list[str]) -> None:
    put_set(db, b"tags", b"a")
    tags = db.set(b"tags")
    assert tags is not None
    tags.drop(b"a")
    db.touch(b"tags", "srem")
    assert b"tags" not in db
    assert events == ["sadd tags", "srem tags", "del tags"]
    assert db.changes == 2


def test_an_empty_string_is_a_value(db: Keyspace) -> None:
    db.put(b"a", b"")
    db.put(b"b", bytearray())
    db.touch(b"a", "set")
    db.touch(b"b", "set")
    db.check()
    assert db.living_keys() == [b"a", b"b"]


def test_delete_tells_whether_there_was_a_key(db: Keyspace, events: list[str]) -> None:
    db.put(b"a", b"1")
    assert db.delete(b"a")
    assert not db.delete(b"a")
    assert (events, db.changes) == (["del a"], 1)


def test_put_drops_the_deadline_unless_told_to_keep_it(desk: Desk, db: Keyspace) -> None:
    deadline_ms = desk.moment.ms + 100
    db.put(b"a", b"1")
    db.set_deadline(b"a", deadline_ms)
    db.put(b"a", b"2", keep_deadline=True)
    assert db.deadline_ms(b"a") == deadline_ms
    db.put(b"a", b"3")
    assert db.deadline_ms(b"a") is None


def test_clear_removes_every_key_and_tells_first(desk: Desk, db: Keyspace) -> None:
    seen: list[int] = []

    class Counter(Recorder):
        def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
            seen.append(len(db))

    db.observers.append(Counter())
    db.put(b"a", b"1")
    db.put(b"b", b"1")
    db.impose_deadline(b"b", desk.moment.ms + 1)
    assert db.clear() == 2
    assert (seen, len(db), db.with_deadline, db.changes) == ([2], 0, 0, 2)
    desk.advance(1000)
    assert not db.expire_one()


def test_databases_that_are_swapped_each_tell_their_own_observers(
    desk: Desk, events: list[str]
) -> None:
    first, second = desk.dbs
    other = Recorder()
    second.observers.append(other)
    first.put(b"a", b"1")
    second.put(b"b", b"2")
    second.impose_deadline(b"b", desk.moment.ms + 10)
    first.swap_contents(second)
    assert (first.living_keys(), second.living_keys()) == ([b"b"], [b"a"])
    assert (first.index, second.index) == (0, 1)
    assert (events, other.events) == (["0 replaced by 1"], ["1 replaced by 0"])
    desk.advance(11)
    assert b"b" not in first


def test_databases_that_are_swapped_take_their_order_and_their_expiry_along(desk: Desk) -> None:
    first, second = desk.dbs
    for db, name in ((first, b"a"), (second, b"b")):
        db.put(name, b"1")
        db.set_deadline(name, desk.moment.ms + 10)
        assert db.scan(0, 10) == (0, [name])
    first.swap_contents(second)
    assert (first.scan(0, 10), second.scan(0, 10)) == ((0, [b"b"]), (0, [b"a"]))
    desk.advance(11 + SLICE_MS)
    assert first.expire_one()
    assert second.expire_one()
    assert (len(first), len(second)) == (0, 0)


def test_a_cleared_database_starts_anew(desk: Desk, db: Keyspace) -> None:
    for name in (b"a", b"b"):
        db.put(name, b"1")
        db.set_deadline(name, desk.moment.ms + 10)
    assert db.random_key(Random(1)) is not None
    db.clear()
    db.put(b"b", b"2")
    db.set_deadline(b"b", desk.moment.ms + 20)
    assert db.scan(0, 10) == (0, [b"b"])
    desk.advance(21 + SLICE_MS)
    assert db.expire_one()
    assert not db.expire_one()


# --- deadlines ------------------------------------------------------------------------------------


def test_a_key_lives_through_the_millisecond_of_its_deadline(
    desk: Desk, db: Keyspace, events: list[str]
) -> None:
    db.put(b"a", b"1")
    db.impose_deadline(b"a", desk.moment.ms + 10)
    desk.advance(10)
    assert db.string(b"a") == b"1"
    desk.advance(1)
    assert len(db) == 1
    assert db.string(b"a") is None
    assert len(db) == 0
    assert (db.expired, events) == (1, ["expired a"])


@pytest.mark.parametrize(
    "look",
    [
        lambda db: db.get(b"a"),
        lambda db: db.string(b"a"),
        lambda db: b"a" in db or None,
        lambda db: db.deadline_ms(b"a"),
        lambda db: db.take(b"a"),
        lambda db: db.delete(b"a") or None,
        lambda db: db.random_key(Random(1)),
        lambda db: db.living_keys() or None,
        lambda db: list(db.items()) or None,
    ],
    ids=["get", "string", "in", "deadline_ms", "take", "delete", "random_key", "keys", "items"],
)
def test_no_way_of_looking_finds_a_key_past_its_deadline(
    desk: Desk, db: Keyspace, look: Callable[[Keyspace], object]
) -> None:
    db.put(b"a", b"1")
    db.set_deadline(b"a", desk.moment.ms + 10)
    desk.advance(11)
    assert look(db) is None
    db.check()


def test_a_collection_past_its_deadline_is_made_anew(desk: Desk, db: Keyspace) -> None:
    put_set(db, b"tags", b"old")
    db.set_deadline(b"tags", desk.moment.ms + 10)
    desk.advance(11)
    put_set(db, b"tags", b"new")
    assert db.set(b"tags") == {b"new"}
    assert db.deadline_ms(b"tags") is None


def test_a_deadline_that_is_set_is_told(desk: Desk, db: Keyspace, events: list[str]) -> None:
    db.put(b"a", b"1")
    assert db.set_deadline(b"a", desk.moment.ms + 1)
    assert (events, db.changes, db.with_deadline) == (["expire a"], 1, 1)


@pytest.mark.parametrize("span_ms", [0, -1, -(2**62)])
def test_a_deadline_that_is_here_removes_the_key_at_once(
    desk: Desk, db: Keyspace, events: list[str], span_ms: int
) -> None:
    db.put(b"a", b"1")
    assert not db.set_deadline(b"a", desk.moment.ms + span_ms)
    assert b"a" not in db
    assert (events, db.changes, db.expired) == (["del a"], 1, 0)


def test_a_cleared_deadline_does_not_come_back(desk: Desk, db: Keyspace) -> None:
    db.put(b"a", b"1")
    db.set_deadline(b"a", desk.moment.ms + 10)
    assert db.clear_deadline(b"a")
    assert not db.clear_deadline(b"a")
    desk.advance(1000)
    assert not db.expire_one()
    assert db.string(b"a") == b"1"


def test_the_mean_time_left_is_that_of_keys_with_a_deadline(desk: Desk, db: Keyspace) -> None:
    assert db.average_ttl_ms() == 0
    for name, span_ms in ((b"a", 100), (b"b", 300)):
        db.put(name, b"1")
        db.set_deadline(name, desk.moment.ms + span_ms)
    db.put(b"c", b"1")
    assert (db.average_ttl_ms(), db.with_deadline) == (200, 2)


# --- another place --------------------------------------------------------------------------------


def test_what_is_taken_is_gone_without_a_word(desk: Desk, db: Keyspace, events: list[str]) -> None:
    deadline_ms = desk.moment.ms + 10
    db.put(b"a", b"1")
    db.impose_deadline(b"a", deadline_ms)
    assert db.take(b"a") == (b"1", deadline_ms)
    assert db.take(b"a") is None
    assert (events, db.changes) == ([], 0)


def test_what_is_placed_replaces_value_and_deadline(desk: Desk, db: Keyspace) -> None:
    db.put(b"b", b"old")
    db.set_deadline(b"b", desk.moment.ms + 500)
    db.place(b"b", b"new", None)
    assert (db.string(b"b"), db.deadline_ms(b"b")) == (b"new", None)
    db.place(b"b", b"newer", desk.moment.ms + 10)
    assert db.deadline_ms(b"b") == desk.moment.ms + 10


def test_a_key_that_is_placed_in_its_last_millisecond_lives_through_it(
    desk: Desk, db: Keyspace
) -> None:
    db.place(b"a", b"1", desk.moment.ms)
    assert db.string(b"a") == b"1"
    desk.advance(1)
    assert b"a" not in db


def test_a_key_that_is_placed_is_expired_though_nobody_looks(desk: Desk, db: Keyspace) -> None:
    db.place(b"a", b"1", desk.moment.ms + 10)
    desk.advance(11 + SLICE_MS)
    assert db.expire_one()
    assert not db.expire_one()
    assert len(db) == 0


# --- order ----------------------------------------------------------------------------------------


def test_a_random_key_is_a_living_one(desk: Desk, db: Keyspace) -> None:
    random = Random(1)
    assert db.random_key(random) is None
    for number in range(50):
        db.put(b"%d" % number, b"v")
        if number:
            db.set_deadline(b"%d" % number, desk.moment.ms + 1)
    desk.advance(2)
    assert db.random_key(random) == b"0"


def test_a_scan_takes_keys_that_come_and_go(db: Keyspace) -> None:
    for number in range(100):
        db.put(b"%d" % number, b"v")
    cursor, found = db.scan(0, 30)
    for number in range(50, 90):
        db.delete(b"%d" % number)
        db.put(b"new %d" % number, b"v")
    while cursor:
        cursor, more = db.scan(cursor, 30)
        found += more
    assert {b"%d" % number for number in (*range(50), *range(90, 100))} <= set(found)


def test_keys_that_come_and_go_leave_nothing_behind(db: Keyspace) -> None:
    db.put(b"stays", b"v")
    db.scan(0, 1)
    for _ in range(1000):
        db.put(b"flickers", b"v")
        db.delete(b"flickers")
    assert len(db._names()._names) < 200


def test_check_finds_what_must_not_be(desk: Desk, db: Keyspace) -> None:
    db.get_or_create(b"empty", Hash)
    with pytest.raises(AssertionError):
        db.check()
    db.touch(b"empty", "hset")
    db.check()
    db.set_deadline(b"missing", desk.moment.ms + 1)
    with pytest.raises(AssertionError):
        db.check()


# --- against a model ------------------------------------------------------------------------------


@dataclass
class Entry:
    value: bytes | dict[bytes, bytes] | set[bytes]
    deadline_ms: int | None = None


keys = st.sampled_from([b"a", b"b", b"c", b"d"])
names = st.sampled_from([b"1", b"2", b"3", b"x", b"a longer name"])
dbs = st.integers(0, 1)
spans_ms = st.integers(-5, 4 * SLICE_MS)


class KeyspaceMachine(RuleBasedStateMachine):
    """Two databases and two plain dicts, changed alike while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(databases=2)
        self.models: list[dict[bytes, Entry]] = [{}, {}]

    def both(self, which: int) -> tuple[Keyspace, dict[bytes, Entry]]:
        return self.desk.dbs[which], self.models[which]

    @rule(which=dbs, key=keys, value=names, keeps=st.booleans())
    def put_a_string(self, which: int, key: bytes, value: bytes, keeps: bool) -> None:
        db, model = self.both(which)
        _ = key in db  # KEEPTTL keeps the deadline of a living key: a handler looks first
        db.put(key, value, keep_deadline=keeps)
        db.touch(key, "set")
        old = model.get(key)
        model[key] = Entry(value, old.deadline_ms if old and keeps else None)

    @rule(which=dbs, key=keys, name=names, comes=st.booleans())
    def change_a_set(self, which: int, key: bytes, name: bytes, comes: bool) -> None:
        db, model = self.both(which)
        held = model[key].value if key in model else set[bytes]()
        if not isinstance(held, set):
            with pytest.raises(WrongType):
                db.set(key)
        elif comes:
            assert db.get_or_create(key, Set).insert([name]) == (name not in held)
            db.touch(key, "sadd")
            held.add(name)
            model.setdefault(key, Entry(held))
        elif (members := db.set(key)) is not None:
            assert members.drop(name) == (name in held)
            db.touch(key, "srem")
            held.discard(name)
            if not held:
                del model[key]

    @rule(which=dbs, key=keys, name=names, comes=st.booleans())
    def change_a_hash(self, which: int, key: bytes, name: bytes, comes: bool) -> None:
        db, model = self.both(which)
        held = model[key].value if key in model else dict[bytes, bytes]()
        if not isinstance(held, dict):
            with pytest.raises(WrongType):
                db.hash(key)
        elif comes:
            assert db.get_or_create(key, Hash).assign(name, b"v") == (name not in held)
            db.touch(key, "hset")
            held[name] = b"v"
            model.setdefault(key, Entry(held))
        elif (fields := db.hash(key)) is not None:
            assert fields.drop(name) == (held.pop(name, None) is not None)
            db.touch(key, "hdel")
            if not held:
                del model[key]

    @rule(which=dbs, key=keys)
    def delete(self, which: int, key: bytes) -> None:
        db, model = self.both(which)
        assert db.delete(key) == (model.pop(key, None) is not None)

    @rule(which=dbs, key=keys, span_ms=spans_ms)
    def set_deadline(self, which: int, key: bytes, span_ms: int) -> None:
        db, model = self.both(which)
        assert (key in db) == (key in model)
        if key not in model:
            return
        deadline_ms = self.desk.moment.ms + span_ms
        assert db.set_deadline(key, deadline_ms) == (span_ms > 0)
        if span_ms > 0:
            model[key].deadline_ms = deadline_ms
        else:
            del model[key]

    @rule(which=dbs, key=keys)
    def clear_deadline(self, which: int, key: bytes) -> None:
        db, model = self.both(which)
        entry = model.get(key)
        if key in db:
            assert entry is not None
            assert db.clear_deadline(key) == (entry.deadline_ms is not None)
            entry.deadline_ms = None

    @rule(here=dbs, key=keys, there=dbs, newkey=keys, copies=st.booleans())
    def carry(self, here: int, key: bytes, there: int, newkey: bytes, copies: bool) -> None:
        """RENAME, MOVE and COPY, over whatever is there."""
        (db, model), (target, target_model) = self.both(here), self.both(there)
        assert (key in db) == (key in model)
        if key not in model:
            return
        if copies:
            target.place(newkey, copy_of(db._values[key]), db.deadline_ms(key))
            target_model[newkey] = deepcopy(model[key])
        else:
            taken = db.take(key)
            assert taken is not None
            target.place(newkey, *taken)
            target_model[newkey] = model.pop(key)

    @rule(which=dbs)
    def clear(self, which: int) -> None:
        db, model = self.both(which)
        db.clear()
        model.clear()

    @rule()
    def swap(self) -> None:
        self.desk.dbs[0].swap_contents(self.desk.dbs[1])
        self.models.reverse()

    @rule(ms=st.integers(0, 3 * SLICE_MS))
    def let_time_pass(self, ms: int) -> None:
        self.desk.advance(ms)
        now_ms = self.desk.moment.ms
        for model in self.models:
            for key, entry in list(model.items()):
                if entry.deadline_ms is not None and entry.deadline_ms < now_ms:
                    del model[key]

    @rule(which=dbs)
    def run_the_expiry_cycle(self, which: int) -> None:
        db, model = self.both(which)
        while db.expire_one():
            pass
        now_ms = self.desk.moment.ms
        late = [at for at in db._deadlines_ms.values() if at < now_ms - SLICE_MS]
        assert late == []
        assert len(model) <= len(db)

    @rule(which=dbs, key=keys)
    def look_at_one_key(self, which: int, key: bytes) -> None:
        db, model = self.both(which)
        entry = model.get(key)
        assert (key in db) == (entry is not None)
        assert plain(db.get(key)) == (None if entry is None else entry.value)
        assert db.deadline_ms(key) == (None if entry is None else entry.deadline_ms)

    @rule(which=dbs, count=st.integers(1, 3))
    def scan(self, which: int, count: int) -> None:
        db, model = self.both(which)
        cursor, found = db.scan(0, count)
        while cursor:
            cursor, more = db.scan(cursor, count)
            found += more
        assert {key for key in found if key in db} == set(model)

    @rule(which=dbs, seed=st.integers(0, 9))
    def choose(self, which: int, seed: int) -> None:
        db, model = self.both(which)
        key = db.random_key(Random(seed))
        assert (key in model) if model else key is None

    @rule(which=dbs)
    def look_at_everything(self, which: int) -> None:
        db, model = self.both(which)
        held = {key: plain(value) for key, value in db.items()}
        assert held == {key: entry.value for key, entry in model.items()}

    @invariant()
    def what_must_hold_holds(self) -> None:
        for db, model in zip(self.desk.dbs, self.models, strict=True):
            db.check()
            # Nobody has looked: a key may be past its deadline, but none is lost.
            assert model.keys() <= set(db._values)


def plain(value: Value | None) -> bytes | dict[bytes, bytes] | set[bytes] | None:
    if isinstance(value, Hash):
        return dict(value)
    if isinstance(value, Set):
        return set(value)
    assert not isinstance(value, List)
    return None if value is None else bytes(value)


TestKeyspaceMachine = KeyspaceMachine.TestCase
