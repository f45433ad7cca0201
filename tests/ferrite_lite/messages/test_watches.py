from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ferrite_lite.clock import ManualClock, Moment
from ferrite_lite.data.keyspace import Keyspace
from ferrite_lite.data.values import EncodingLimits
from ferrite_lite.messages.watches import Watch, Watches


class Room:
    """Two databases, and those who watch them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.moment = Moment(self.clock)
        self.dbs = [Keyspace(index, self.moment, EncodingLimits()) for index in range(2)]
        self.watches = Watches()

    def watching(self, *keys: bytes, db: int = 0) -> Watch:
        watch = Watch()
        for key in keys:
            self.watches.add(watch, self.dbs[db], key)
        return watch

    def change(self, key: bytes, db: int = 0) -> None:
        self.dbs[db].put(key, b"v")
        self.dbs[db].touch(key, "set")

    def advance(self, ms: int) -> None:
        self.clock.advance(ms=ms)
        self.moment.read_ms = None


# --- one key --------------------------------------------------------------------------------------


def test_a_change_breaks_every_watch_of_the_key_and_no_other() -> None:
    room = Room()
    first, second = room.watching(b"a", b"b"), room.watching(b"a")
    other, elsewhere = room.watching(b"c"), room.watching(b"a", db=1)
    room.change(b"a")
    assert [w.broken for w in (first, second, other, elsewhere)] == [True, True, False, False]


def test_a_deletion_breaks_the_watch_and_a_deletion_of_nothing_does_not() -> None:
    room = Room()
    room.change(b"a")
    watch, nothing = room.watching(b"a"), room.watching(b"missing")
    room.dbs[0].delete(b"a")
    room.dbs[0].delete(b"missing")
    assert (watch.broken, nothing.broken) == (True, False)


def test_the_end_of_a_key_breaks_its_watch_once_somebody_looks() -> None:
    room = Room()
    room.change(b"a")
    room.dbs[0].set_deadline(b"a", room.moment.ms + 10)
    watch = room.watching(b"a")
    room.advance(11)
    assert not watch.broken
    assert b"a" not in room.dbs[0]
    assert watch.broken


def test_a_released_watch_is_whole_again_and_hears_nothing() -> None:
    room = Room()
    watch, other = room.watching(b"a", b"b"), room.watching(b"b")
    room.change(b"a")
    room.watches.release(watch)
    assert (watch.broken, watch.keys) == (False, set())
    room.change(b"b")
    assert (watch.broken, other.broken) == (False, True)


def test_a_key_watched_twice_is_watched_once() -> None:
    room = Room()
    watch = room.watching(b"a", b"a")
    room.watches.release(watch)
    room.change(b"a")
    assert not watch.broken


def test_a_database_is_observed_only_while_a_key_of_it_is_watched() -> None:
    room = Room()
    first, second = room.dbs
    one, two = room.watching(b"a"), room.watching(b"a", b"b")
    assert (len(first.observers), len(second.observers)) == (1, 0)
    room.watches.release(one)
    assert len(first.observers) == 1
    room.watches.release(two)
    assert (first.observers, second.observers) == ([], [])


# --- all keys -------------------------------------------------------------------------------------


def test_a_flush_breaks_the_watch_of_a_key_that_is_there() -> None:
    room = Room()
    room.change(b"a")
    there, missing, elsewhere = (
        room.watching(b"a"),
        room.watching(b"missing"),
        room.watching(b"a", db=1),
    )
    room.dbs[0].clear()
    assert [w.broken for w in (there, missing, elsewhere)] == [True, False, False]


def test_a_swap_breaks_the_watch_of_a_key_that_goes_or_comes() -> None:
    for watched_db in (0, 1):
        room = Room()
        room.change(b"first", db=0)
        room.change(b"second", db=1)
        goes_or_comes = [room.watching(key, db=watched_db) for key in (b"first", b"second")]
        in_neither = room.watching(b"missing", db=watched_db)
        room.dbs[0].swap_contents(room.dbs[1])
        assert [w.broken for w in (*goes_or_comes, in_neither)] == [True, True, False]


def test_a_swap_does_not_break_the_watch_of_a_key_that_comes_past_its_deadline() -> None:
    room = Room()
    room.change(b"a", db=1)
    room.dbs[1].set_deadline(b"a", room.moment.ms + 10)
    watch = room.watching(b"a", db=0)
    room.advance(11)
    room.dbs[0].swap_contents(room.dbs[1])
    assert not watch.broken


def test_a_watch_goes_on_after_a_swap_and_stays_with_its_database() -> None:
    room = Room()
    watch = room.watching(b"a", db=0)
    room.dbs[0].swap_contents(room.dbs[1])
    room.change(b"a", db=1)
    assert not watch.broken
    room.change(b"a", db=0)
    assert watch.broken


# --- against a model ------------------------------------------------------------------------------

keys = st.sampled_from([b"a", b"b", b"c"])
dbs = st.integers(0, 1)
clients = st.integers(0, 2)


class WatchMachine(RuleBasedStateMachine):
    """Three clients watch and let go while keys of two databases change."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Room()
        self.watches = [Watch() for _ in range(3)]
        self.watched: list[set[tuple[int, bytes]]] = [set(), set(), set()]
        self.broken = [False] * 3

    @rule(client=clients, db=dbs, key=keys)
    def watch(self, client: int, db: int, key: bytes) -> None:
        self.room.watches.add(self.watches[client], self.room.dbs[db], key)
        self.watched[client].add((db, key))

    @rule(client=clients)
    def release(self, client: int) -> None:
        self.room.watches.release(self.watches[client])
        self.watched[client].clear()
        self.broken[client] = False

    @rule(db=dbs, key=keys)
    def change(self, db: int, key: bytes) -> None:
        self.room.change(key, db)
        self.break_watches_of({(db, key)})

    @rule(db=dbs, key=keys)
    def delete(self, db: int, key: bytes) -> None:
        if self.room.dbs[db].delete(key):
            self.break_watches_of({(db, key)})

    @rule(db=dbs)
    def flush(self, db: int) -> None:
        there = {(db, key) for key, _ in self.room.dbs[db].items()}
        self.room.dbs[db].clear()
        self.break_watches_of(there)

    @rule()
    def swap(self) -> None:
        first, second = self.room.dbs
        moved = {*first.living_keys(), *second.living_keys()}
        first.swap_contents(second)
        self.break_watches_of({(db, key) for db in (0, 1) for key in moved})

    def break_watches_of(self, places: set[tuple[int, bytes]]) -> None:
        for client, watched in enumerate(self.watched):
            self.broken[client] |= bool(watched & places)

    @invariant()
    def the_right_watches_are_broken(self) -> None:
        assert [watch.broken for watch in self.watches] == self.broken

    @invariant()
    def only_watched_databases_are_observed(self) -> None:
        for index, db in enumerate(self.room.dbs):
            is_watched = any(place[0] == index for watched in self.watched for place in watched)
            assert len(db.observers) == is_watched


TestWatchMachine = WatchMachine.TestCase
