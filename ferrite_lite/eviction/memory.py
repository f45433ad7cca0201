"""How much memory the data takes, and keeping it below ``maxmemory``.

Python does not say how much memory a value takes with everything it refers to, nor which part of
the process belongs to the host application. So memory is counted as Redis's MEMORY USAGE does: a
key costs its own bytes, the entry that holds it, and its value; in a large collection a few
elements stand for all. ``used_memory`` is the sum of that, an allowance for each connection, its
buffers if there is a limit, and what an idle redis-server reports, so that a limit means the same
here and there. The memory of the process is ``used_memory_rss``.

Without a limit this costs nothing: a request for the figure gets an estimate. With a limit, a
``Ledger`` observes the databases and keeps the sum exact, at a price for every write. Only close to
the limit does each request begin by making room.
"""

from __future__ import annotations

import sys
from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from ..clock import NS_PER_US, stopwatch_ns
from ..data.keyspace import Keyspace
from ..data.values import Hash, List, Set, Value, VolatileHash

if TYPE_CHECKING:
    from ..state import ServerState

#: The ``used_memory`` of a redis-server 7.0 that has just been started.
BASE_BYTES = 875_944
#: A connection's buffers and objects when nothing is in them.
CLIENT_BYTES = 20_000
#: One more entry in a dict; measured at 37 to 80, depending on how full it is.
ENTRY_BYTES = 56
#: A deadline: its number, its entry, and its entry in the timing wheel.
DEADLINE_BYTES = 2 * ENTRY_BYTES + 32
#: Redis's default for MEMORY USAGE: how many elements of a collection are looked at.
SAMPLES = 5
#: How many keys of a database an estimate looks at.
ESTIMATED_KEYS = 1000

#: Requests begin to make room at the first share of the limit, and stop below the second.
TIGHT_FROM, TIGHT_UNTIL = 0.98, 0.95

#: How many candidates are remembered between evictions: Redis's EVPOOL_SIZE.
POOL_SIZE = 16
#: How many evictions there are between two looks at the clock.
EVICTIONS_PER_LOOK = 16


def value_bytes(value: Value, samples: int = SAMPLES) -> int:
    """How much a value takes; ``samples`` 0 looks at every element."""
    own = sys.getsizeof(value)
    if value.__class__ is bytes:
        return own
    if isinstance(value, VolatileHash):
        own += DEADLINE_BYTES * len(value.deadlines)
    if isinstance(value, Hash):
        return own + _elements_bytes(
            (sys.getsizeof(field) + sys.getsizeof(held) for field, held in value.items()),
            len(value),
            samples,
        )
    if isinstance(value, Set | List):
        return own + _elements_bytes(map(sys.getsizeof, value), len(value), samples)
    return own


def _elements_bytes(sizes: Iterable[int], count: int, samples: int) -> int:
    if not samples or count <= samples:
        return sum(sizes)
    return sum(islice(sizes, samples)) * count // samples


def key_bytes(db: Keyspace, key: bytes, value: Value, samples: int = SAMPLES) -> int:
    """How much a key takes with its value."""
    deadline_bytes = DEADLINE_BYTES if db.has_deadline(key) else 0
    return sys.getsizeof(key) + ENTRY_BYTES + deadline_bytes + value_bytes(value, samples)


def overhead_bytes(db: Keyspace, *, of_deadlines: bool = False) -> int:
    """What a database's table of keys takes, or that of their deadlines."""
    return db.with_deadline * DEADLINE_BYTES if of_deadlines else len(db) * ENTRY_BYTES


def estimated_bytes(db: Keyspace) -> int:
    """How much a database takes, judged by its oldest and its newest keys."""
    if len(db) <= ESTIMATED_KEYS:
        return sum(key_bytes(db, key, value) for key, value in db.stored_items())
    ends = (db.stored_items(), db.stored_items(newest_first=True))
    sample = chain.from_iterable(islice(items, ESTIMATED_KEYS // 2) for items in ends)
    return sum(key_bytes(db, key, value) for key, value in sample) * len(db) // ESTIMATED_KEYS


class Ledger:
    """What every key takes, kept up to date by observing all databases.

    The ledger's own memory, some 90 bytes a key, is not counted: setting a limit must not change
    the figure that it limits.
    """

    def __init__(self, databases: Sequence[Keyspace], alarm: Callable[[], None]) -> None:
        """``alarm`` is called when ``alarm_bytes`` is exceeded, and must set it anew."""
        self.total_bytes = 0
        self.alarm_bytes = sys.maxsize
        self._alarm = alarm
        self._databases = databases
        self._sizes: dict[Keyspace, dict[bytes, int]] = {}
        for db in databases:
            self._sizes[db] = {}
            for key, _ in db.stored_items():
                self.key_changed(db, "", key)
            db.observers.append(self)

    def close(self) -> None:
        for db in self._databases:
            db.observers.remove(self)

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        sizes = self._sizes[db]
        value = db.stored(key)
        if value is None:
            self.total_bytes -= sizes.pop(key, 0)
            return
        size = key_bytes(db, key, value)
        self.total_bytes += size - sizes.get(key, 0)
        sizes[key] = size
        if self.total_bytes > self.alarm_bytes:
            self._alarm()

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        if by is None:
            self.total_bytes -= sum(self._sizes[db].values())
            self._sizes[db] = {}
        elif db.index < by.index:  # each side of an exchange reports it
            self._sizes[db], self._sizes[by] = self._sizes[by], self._sizes[db]


class Memory:
    """The memory of one server, and its limit."""

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self._ledger: Ledger | None = None
        #: The best candidates for eviction seen so far, the best last: score, database, key.
        self._pool: list[tuple[int, int, bytes]] = []
        self._next_db = 0
        self._policy = "noeviction"
        self._peak_bytes = 0
        self.is_limited = False
        #: What connections' buffers hold, as last measured by the server's cycle.
        self.buffers_bytes = 0
        #: Whether every request must make room first.
        self.is_tight = False
        #: Whether the last attempt to make room failed.
        self.is_exhausted = False

    def configure(self) -> None:
        """Put changed settings into effect: limit and policy."""
        config = self._server.config
        limited = config.maxmemory_bytes > 0
        self._pool.clear()
        if config.maxmemory_policy != self._policy:
            self._change_policy(config.maxmemory_policy)
        if limited is not self.is_limited:
            self.is_limited, self.buffers_bytes = limited, 0
            if self._ledger is not None:
                self._ledger.close()
            databases = self._server.databases
            self._ledger = Ledger(databases, self.update_tightness) if limited else None
        self.update_tightness()

    def run_cycle(self) -> None:
        """Continue evictions that requests had no time for; a cycle calls this."""
        if self.is_tight:
            self.make_room()
        self.update_tightness()

    def update_tightness(self) -> None:
        """Decide whether each request must make room first."""
        is_tight = self.is_limited and self.is_over(TIGHT_UNTIL if self.is_tight else TIGHT_FROM)
        if is_tight is not self.is_tight:
            self.is_tight, self.is_exhausted = is_tight, False
            self._server.update_guards()
        if self._ledger is not None:
            limit_bytes = int(self._server.config.maxmemory_bytes * TIGHT_FROM)
            self._ledger.alarm_bytes = (
                sys.maxsize if is_tight else limit_bytes - self._connections_bytes()
            )

    def _change_policy(self, policy: str) -> None:
        config, accesses = self._server.config, self._server.accesses
        if config.is_lfu or self._policy.endswith("-lfu"):
            accesses.begin_anew()
        elif config.is_lru:
            accesses.begin()
        self._policy = policy

    def used_bytes(self) -> int:
        return self._connections_bytes() + self.dataset_bytes()

    def _connections_bytes(self) -> int:
        return BASE_BYTES + CLIENT_BYTES * len(self._server.clients) + self.buffers_bytes

    def dataset_bytes(self) -> int:
        """What keys and values take: exact if there is a limit, else an estimate."""
        if self._ledger is not None:
            return self._ledger.total_bytes
        return sum(map(estimated_bytes, self._server.databases))

    def overhead_bytes(self) -> int:
        """The part of the dataset's memory that is neither key nor value."""
        return sum(
            overhead_bytes(db) + overhead_bytes(db, of_deadlines=True)
            for db in self._server.databases
        )

    def peak_bytes(self) -> int:
        """The most memory in use, of all the times when this was asked."""
        self._peak_bytes = max(self._peak_bytes, self.used_bytes())
        return self._peak_bytes

    # --- making room ------------------------------------------------------------------------------

    def make_room(self) -> bool:
        """Evict until the limit holds; false if it does not, and nothing more may be evicted.

        Takes at most the time that ``maxmemory-eviction-tenacity`` allows; the cycle continues.
        """
        self.is_exhausted = self.is_over() and not self._make_room()
        return not self.is_exhausted

    def is_over(self, share: float = 1.0) -> bool:
        """Whether more is used than may be, or than a share of it."""
        return self.used_bytes() > self._server.config.maxmemory_bytes * share

    def _make_room(self) -> bool:
        config, server = self._server.config, self._server
        if config.maxmemory_policy == "noeviction":
            return False
        if server.pause.is_on:
            return True  # the data stands still
        started_ns = stopwatch_ns()
        can_go_on = self._evict(started_ns + _budget_us(config.eviction_tenacity) * NS_PER_US)
        server.note_latency(b"eviction-cycle", stopwatch_ns() - started_ns)
        return can_go_on

    def _evict(self, stop_ns: int) -> bool:
        """Evict until the limit holds or time is up; false if nothing more may be evicted."""
        server, evicted = self._server, 0
        while self.is_over():
            chosen = self._choose()
            if chosen is None:
                return False
            db, key = chosen
            db.delete(key, "evicted")
            server.statistics.evicted_keys += 1
            evicted += 1
            if not evicted % EVICTIONS_PER_LOOK and stopwatch_ns() > stop_ns:
                break
        return True

    def _choose(self) -> tuple[Keyspace, bytes] | None:
        if self._server.config.maxmemory_policy.endswith("-random"):
            return self._choose_at_random()
        return self._choose_best()

    def _choose_at_random(self) -> tuple[Keyspace, bytes] | None:
        """A key of each database in turn."""
        databases = self._server.databases
        for _ in databases:
            self._next_db = (self._next_db + 1) % len(databases)
            db = databases[self._next_db]
            key = self._candidate(db)
            if key is not None:
                return db, key
        return None

    def _choose_best(self) -> tuple[Keyspace, bytes] | None:
        """The best candidate of a new sample and of what is left of earlier ones."""
        while self._fill_pool():
            while self._pool:
                _, index, key = self._pool.pop()
                db = self._server.databases[index]
                if key in db and (not self._only_volatile or db.has_deadline(key)):
                    return db, key
        return None

    def _fill_pool(self) -> bool:
        """Add some keys of each database to the pool; false if there are none."""
        found = False
        for db in self._server.databases:
            for _ in range(self._server.config.maxmemory_samples if len(db) else 0):
                key = self._candidate(db)
                if key is None:
                    break
                found = True
                entry = (self._score(db, key), db.index, key)
                if entry not in self._pool:
                    insort(self._pool, entry)
        del self._pool[:-POOL_SIZE]
        return found

    @property
    def _only_volatile(self) -> bool:
        return self._server.config.maxmemory_policy.startswith("volatile-")

    def _candidate(self, db: Keyspace) -> bytes | None:
        random = self._server.random
        return db.random_volatile_key(random) if self._only_volatile else db.random_key(random)

    def _score(self, db: Keyspace, key: bytes) -> int:
        """The higher the score, the sooner the key is evicted."""
        policy, accesses = self._server.config.maxmemory_policy, self._server.accesses
        if policy == "volatile-ttl":
            return -(db.deadline_ms(key) or 0)
        if self._server.config.is_lfu:
            return -accesses.frequency(db, key)
        return accesses.idle_ms(db, key)


def _budget_us(tenacity: int) -> int:
    """How long one request may spend on evictions: Redis's formula; 100 means no bound."""
    if tenacity <= 10:
        return 50 * tenacity
    if tenacity < 100:
        return int(500 * 1.15 ** (tenacity - 10))
    return 10**12
