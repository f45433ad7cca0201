"""The near cache: sessions that were read a moment ago, answered without asking the store.

Off unless it is asked for. Servers tell of every key that changes (CLIENT TRACKING in broadcast
mode), so what another process ends is refused here as soon as that is heard; however late it is, no
answer is older than ``max_seconds``, counted from before the store was asked for it. What cannot be
heard is not at hand: while a connection is broken, a slot of a cluster is at a node that nobody
listens to yet, or a Sentinel's former master is all that is heard.

An answer is kept only if no change of its user was heard, and none made here, between the question
and the answer: what a reply in flight says may be over when it arrives.

With ``stale_seconds`` what is kept is good for something else as well: while the store gives no
answer, ``stale`` has the last one, if it is no older than that and no change was heard or made.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from weakref import WeakSet

import ferrite_lite

from .atomic import AtomicStore
from .config import SessionConfig
from .errors import ConfigError
from .policies import must_act
from .record import Raw, text
from .replies import Bound, Dead, Live, Moved
from .servers.hearing import Hearing, HearingThread, OnChange
from .servers.link import Link
from .tenants import TENANTS
from .tokens import Ticket

NS_PER_MS = 1_000_000
NS_PER_SECOND = 1_000_000_000
#: Longer, and signing out would not mean what it says.
MAX_SECONDS = 60
#: Long enough for a failover, and for somebody to look.
MAX_STALE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class NearCache:
    """The settings of a near cache; checked when made."""

    #: A session that has ended elsewhere is refused within this time at the latest.
    max_seconds: float = 2
    #: How many sessions are kept.
    max_entries: int = 10_000
    #: While the store does not answer, sessions that were read here within this time are validated
    #: all the same, with ``is_stale``: those, too, that have ended elsewhere meanwhile. 0 for none.
    stale_seconds: float = 0

    def __post_init__(self) -> None:
        if not 0 < self.max_seconds <= MAX_SECONDS:
            raise ConfigError(f"a near cache keeps sessions for up to {MAX_SECONDS} seconds")
        if not 0 <= self.stale_seconds <= MAX_STALE_SECONDS:
            raise ConfigError(f"a stale session is {MAX_STALE_SECONDS} seconds old at most")
        if self.max_entries < 1:
            raise ConfigError("a near cache has room for an entry at least")


class _SinceBoot:
    """The clock of ages: nobody sets it, and it goes on while the machine sleeps."""

    _id = getattr(time, "CLOCK_BOOTTIME", None)

    def now_ns(self) -> int:
        return time.monotonic_ns() if self._id is None else time.clock_gettime_ns(self._id)


@dataclass(frozen=True, slots=True)
class _Entry:
    live: Live
    #: When the store was asked, by the clock here.
    asked_at_ns: int
    #: By what changes of it were heard, before it was asked for and ever since if it is the same.
    ear: object | None

    def now_ms(self, now_ns: int, max_age_ns: int) -> int | None:
        """The time at the store; None if that is too old, or the session has expired.

        The answer was made after the question was asked: it is not so late there yet.
        """
        age_ns = now_ns - self.asked_at_ns
        now_ms = self.live.read_at_ms + -(-age_ns // NS_PER_MS)
        is_good = 0 <= age_ns < max_age_ns and now_ms < self.live.expires_at_ms
        return now_ms if is_good else None


@dataclass(slots=True, eq=False)
class _Reading:
    """A question on its way; void once its user's sessions have changed."""

    is_void: bool = False


#: How to listen to the servers behind a link, for changes of keys with some prefixes.
Hear = Callable[[Link, Sequence[str], OnChange], Hearing | HearingThread]

_NOTHING: Mapping[str, _Entry] = MappingProxyType({})


class Near:
    """``AtomicStore.validate`` with an answer at hand.

    A store and its tenants have one together: no user of one has the tag of a user of another.
    """

    def __init__(
        self,
        settings: NearCache,
        config: SessionConfig,
        clock: ferrite_lite.Clock | None = None,
        hear: Hear = Hearing,
    ) -> None:
        self._hear = hear
        self._touch_interval_ms = config.touch_interval_ms
        self._prefixes = [f"{config.prefix}{each}" for each in ("session:", "user:", TENANTS)]
        self._max_entries = settings.max_entries
        self._max_age_ns = round(settings.max_seconds * 1000) * NS_PER_MS
        self._max_stale_ns = round(settings.stale_seconds * 1000) * NS_PER_MS
        self._clock = clock or _SinceBoot()
        self._begin()
        _nears.add(self)
        self._hearing: Hearing | HearingThread | None = None

    def _begin(self) -> None:
        """Know nothing."""
        #: Threads may share it, and one of them hears.
        self._changing = threading.RLock()
        #: By the user's tag; whose answer is the newest comes last.
        self._users: OrderedDict[str, dict[str, _Entry]] = OrderedDict()
        self._count = 0
        self._readings: defaultdict[str, set[_Reading]] = defaultdict(set)

    async def start(self, link: Link) -> None:
        """Begin to hear of changes. Raises ConfigError where that cannot be."""
        self._hearing = self._hear(link, self._prefixes, self.heard)
        try:
            await self._hearing.start()
        except ConfigError:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Hear of nothing any more, and so keep nothing."""
        hearing, self._hearing = self._hearing, None
        if hearing is not None:
            await hearing.aclose()

    # --- answering --------------------------------------------------------------------------------

    async def validate(
        self, atomic: AtomicStore, ticket: Ticket, bindings: Sequence[str], *, touch: bool = True
    ) -> Live | Dead | Bound:
        """As ``AtomicStore.validate``: what was read a moment ago, or what is read now."""
        now_ns, ear = self._clock.now_ns(), self._ear(ticket.tag)
        kept = self._kept(ticket, bindings, now_ns, ear, touch=touch)
        if kept is not None:
            return kept
        with self._reading(ticket.tag) as reading:
            try:
                answer = await atomic.validate(ticket, bindings, touch=touch)
            except Moved:
                self.forget(ticket.tag)
                raise
            if not isinstance(answer, Live):
                self.forget(ticket.tag)
                return answer
            entry = _Entry(_as_next_reader_sees_it(answer), now_ns, ear)
            with self._changing:
                if not reading.is_void:
                    self._keep(ticket, entry)
        return answer

    def _ear(self, tag: str) -> object | None:
        hearing = self._hearing  # another thread may find that it cannot hear
        return None if hearing is None else hearing.ear(tag)

    @contextmanager
    def _reading(self, tag: str) -> Iterator[_Reading]:
        reading = _Reading()
        with self._changing:
            self._readings[tag].add(reading)
        try:
            yield reading
        finally:
            with self._changing:
                self._readings[tag].discard(reading)
                if not self._readings[tag]:
                    del self._readings[tag]

    def _kept(
        self,
        ticket: Ticket,
        bindings: Sequence[str],
        now_ns: int,
        ear: object | None,
        *,
        touch: bool,
    ) -> Live | None:
        """What is kept of a session, if the store would say the same and do no more."""
        entry = self._users.get(ticket.tag, _NOTHING).get(ticket.sid)
        if entry is None or ear is None or entry.ear is not ear:
            return None
        live, now_ms = entry.live, entry.now_ms(now_ns, self._max_age_ns)
        if now_ms is None or not _fits(live, bindings):
            return None
        if touch and 0 <= self._touch_interval_ms <= now_ms - live.last_access_ms:
            return None
        return Live(live.last_access_ms, live.expires_at_ms, False, now_ms, live.record)

    def stale(self, ticket: Ticket) -> tuple[Live, float] | None:
        """What the store said last of a session, and how many seconds ago, if that may do."""
        now_ns = self._clock.now_ns()
        entry = self._users.get(ticket.tag, _NOTHING).get(ticket.sid)
        if entry is None or entry.now_ms(now_ns, self._max_stale_ns) is None:
            return None
        return entry.live, (now_ns - entry.asked_at_ns) / NS_PER_SECOND

    def _keep(self, ticket: Ticket, entry: _Entry) -> None:
        entries = self._users.setdefault(ticket.tag, {})
        self._count += ticket.sid not in entries
        entries[ticket.sid] = entry
        self._users.move_to_end(ticket.tag)
        while self._count > self._max_entries or self._is_oldest_over(entry.asked_at_ns):
            self._count -= len(self._users.popitem(last=False)[1])

    def _is_oldest_over(self, now_ns: int) -> bool:
        """Whether nothing is good any more that is kept of the user who was read longest ago."""
        entries = next(iter(self._users.values())).values()
        max_ns = max(self._max_age_ns, self._max_stale_ns)
        return all(now_ns - entry.asked_at_ns >= max_ns for entry in entries)

    # --- forgetting -------------------------------------------------------------------------------

    def forget(self, tag: str) -> None:
        """Something of a user has changed, or may have: whatever is known of him is void."""
        with self._changing:
            self._count -= len(self._users.pop(tag, _NOTHING))
            for reading in self._readings.get(tag, ()):
                reading.is_void = True

    def forget_all(self) -> None:
        """The same of everybody."""
        with self._changing:
            for tag in {*self._users, *self._readings}:
                self.forget(tag)

    def heard(self, keys: Sequence[Raw] | None) -> None:
        """Keys that have changed, or None for all of them, as the server and the store tell."""
        if keys is None:
            self.forget_all()
            return
        for key in keys:
            self.forget(text(key).partition("{")[2].partition("}")[0])


def _fits(live: Live, bindings: Sequence[str]) -> bool:
    """Whether ``validate.lua`` would find no difference that it has to act on."""
    return not must_act(live.record.get("network"), live.record.get("browser"), bindings)


def _as_next_reader_sees_it(live: Live) -> Live:
    """An answer that prolonged the session is the last access for the next one."""
    return replace(live, last_access_ms=live.read_at_ms, touched=False) if live.touched else live


_nears: WeakSet[Near] = WeakSet()


def _begin_anew() -> None:
    """A process that was forked may have got them in the midst of a change, and locked."""
    for near in list(_nears):
        near._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


__all__ = ["Hear", "Near", "NearCache"]
