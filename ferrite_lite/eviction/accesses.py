"""When each key was last used, or how often: for OBJECT IDLETIME and FREQ, and for eviction.

Most servers are never asked, so nothing is recorded until somebody asks or sets a policy that needs
it. Then the databases become ``RecordingKeyspace``, a class of the same layout, and every look-up
is noted. Of the time before, only the last change of any key is known, to a tenth of a second: no
key counts as idle for longer than since then.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from ..clock import Moment
from ..config import Config
from ..data.keyspace import Keyspace
from ..data.values import Hash, Held, Set, String, Value

C = TypeVar("C", Hash, Set)

MS_PER_MINUTE = 60_000
#: ``LFU_INIT_VAL``: a new key is not the first to go.
NEW_FREQUENCY = 5
MAX_FREQUENCY = 255


def lru_clock(now_ms: int) -> int:
    """A time as the 24 bits in Redis's objects hold it, in seconds."""
    return now_ms // 1000 & 0xFFFFFF


class Accesses:
    """Makes and reads the records of all databases of a server."""

    __slots__ = (
        "_changed_ms",
        "_changes",
        "_config",
        "_databases",
        "_moment",
        "_random",
        "begun_ms",
        "is_paused",
        "is_recording",
        "taken",
    )

    def __init__(
        self, databases: Sequence[Keyspace], config: Config, moment: Moment, random: Random
    ) -> None:
        self._databases = databases
        self._config = config
        self._moment = moment
        self._random = random
        self._changes = 0
        self._changed_ms = moment.ms
        self.is_recording = False
        #: True while a client that must leave no traces (CLIENT NO-TOUCH) runs a command.
        self.is_paused = False
        #: The record of a key that is being moved to another name or database.
        self.taken: int | None = None
        #: What counts as the last access of a key that has no record.
        self.begun_ms = moment.ms

    def tick(self) -> None:
        """Note whether anything changed since the last tick; a cycle calls this."""
        changes = sum(db.changes for db in self._databases)
        if changes != self._changes:
            self._changes, self._changed_ms = changes, self._moment.ms

    def begin(self) -> None:
        """Start recording, if that has not been done yet."""
        if self.is_recording:
            return
        self.tick()
        self.begun_ms = self._changed_ms
        self.is_recording = True
        for db in self._databases:
            db.accesses = {}
            db.recorder = self
            db.interpose(RecordingKeyspace)

    def begin_anew(self) -> None:
        """Forget all records: they hold times under one policy, and frequencies under another."""
        self.begin()
        self.begun_ms = self._moment.ms
        for db in self._databases:
            db.accesses.clear()

    # --- last use ---------------------------------------------------------------------------------

    def idle_ms(self, db: Keyspace, key: bytes) -> int:
        """How long a key has not been used."""
        return max(0, self._moment.ms - db.accesses.get(key, self.begun_ms))

    def set_idle(self, db: Keyspace, key: bytes, idle_ms: int) -> None:
        db.accesses[key] = self._moment.ms - idle_ms

    # --- frequency --------------------------------------------------------------------------------

    def frequency(self, db: Keyspace, key: bytes) -> int:
        """Redis's logarithmic count of uses, less one for every ``lfu-decay-time`` without any."""
        record = db.accesses.get(key)
        if record is None:
            record = self._record(NEW_FREQUENCY, self.begun_ms)
        minutes, counter = divmod(record, MAX_FREQUENCY + 1)
        decay_minutes = self._config.lfu_decay_minutes
        if not decay_minutes:
            return counter
        return max(0, counter - (self._moment.ms // MS_PER_MINUTE - minutes) // decay_minutes)

    def set_frequency(self, db: Keyspace, key: bytes, frequency: int) -> None:
        db.accesses[key] = self._record(frequency, self._moment.ms)

    @staticmethod
    def _record(frequency: int, at_ms: int) -> int:
        return at_ms // MS_PER_MINUTE * (MAX_FREQUENCY + 1) + frequency

    def _one_more(self, frequency: int) -> int:
        """One use more: the higher the frequency, the less likely it is to grow."""
        if frequency == MAX_FREQUENCY:
            return frequency
        uses = max(0, frequency - NEW_FREQUENCY)
        return frequency + (self._random.random() * (uses * self._config.lfu_log_factor + 1) < 1)

    # --- recording --------------------------------------------------------------------------------

    def used(self, db: Keyspace, key: bytes) -> None:
        if self.is_paused:
            return
        if self._config.is_lfu:
            self.set_frequency(db, key, self._one_more(self.frequency(db, key)))
        else:
            db.accesses[key] = self._moment.ms

    def created(self, db: Keyspace, key: bytes) -> None:
        if self._config.is_lfu:
            self.set_frequency(db, key, NEW_FREQUENCY)
        else:
            db.accesses[key] = self._moment.ms


class RecordingKeyspace(Keyspace):
    """A keyspace that records every use of a key; ``peek`` and ``in`` are not uses."""

    __slots__ = ()

    recorder: Accesses

    def look_up(self, key: bytes) -> bool:
        self._note_use(key)
        return super().look_up(key)

    def get(self, key: bytes) -> Value | None:
        self._note_use(key)
        return super().get(key)

    def string(self, key: bytes) -> String | None:
        self._note_use(key)
        return super().string(key)

    def hash(self, key: bytes) -> Hash | None:
        return self.collection(key, Hash)

    def collection(self, key: bytes, kind: type[Held]) -> Held | None:
        self._note_use(key)
        return super().collection(key, kind)

    def _note_use(self, key: bytes) -> None:
        """A key is used by being found, even if its value turns out to be of another type."""
        if self.is_living(key):
            self.recorder.used(self, key)

    def put(self, key: bytes, value: Value, *, keep_deadline: bool = False) -> None:
        is_new = key not in self._values
        super().put(key, value, keep_deadline=keep_deadline)
        if not is_new:
            self.recorder.used(self, key)

    def store(self, key: bytes, value: String) -> None:
        is_new = key not in self._values
        super().store(key, value)
        if not is_new:
            self.recorder.used(self, key)

    def edit(self, key: bytes, value: Value) -> None:
        """Reading the key was its use."""
        super().put(key, value, keep_deadline=True)

    def _insert(self, key: bytes, value: Value) -> None:
        super()._insert(key, value)
        self.recorder.created(self, key)

    def _remove(self, key: bytes) -> None:
        super()._remove(key)
        self.accesses.pop(key, None)

    def take(self, key: bytes) -> tuple[Value, int | None] | None:
        """Take the record along: RENAME and MOVE place what they take at once."""
        self.recorder.taken = self.accesses.get(key)
        return super().take(key)

    def place(self, key: bytes, value: Value, deadline_ms: int | None) -> None:
        taken, self.recorder.taken = self.recorder.taken, None
        super().place(key, value, deadline_ms)
        if taken is not None:
            self.accesses[key] = taken
        else:  # a copy is new, whatever stood in its place
            self.recorder.created(self, key)

    def clear(self) -> int:
        self.accesses = {}
        return super().clear()

    def swap_contents(self, other: Keyspace) -> None:
        super().swap_contents(other)
        self.accesses, other.accesses = other.accesses, self.accesses
