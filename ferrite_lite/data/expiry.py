"""Which keys may be due: a lazy timing wheel that active expiry turns.

A key is filed once, under the time slice of its deadline. Moving the deadline later changes nothing
here: when the old slice comes up, the key is filed again. So prolonging a session, the most
frequent thing that happens to a deadline, costs the wheel nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

#: Keys wait for the end of their slice, so active expiry is late by this much at most.
SLICE_MS = 64


class Wheel:
    """The keys of one keyspace that have a deadline, by time slice."""

    __slots__ = ("_filed", "_slices", "_times")

    def __init__(self) -> None:
        self._slices: dict[int, list[bytes]] = {}
        self._times: list[int] = []
        #: The slice each key is filed under; entries for it in other slices are ignored.
        self._filed: dict[bytes, int] = {}

    def file(self, key: bytes, deadline_ms: int) -> None:
        """Make sure that the key comes up by the end of its deadline's slice."""
        time = deadline_ms // SLICE_MS
        filed = self._filed.get(key)
        if filed is not None and filed <= time:
            return
        self._filed[key] = time
        keys = self._slices.get(time)
        if keys is None:
            self._slices[time] = [key]
            heappush(self._times, time)
        else:
            keys.append(key)

    def filed(self) -> list[bytes]:
        """All keys in the wheel; some may be gone, or have no deadline any more."""
        return list(self._filed)

    def take_due(self, now_ms: int, deadline_of: Callable[[bytes], int | None]) -> bytes | None:
        """Take out the next key that is past its deadline; None if there is none."""
        current = now_ms // SLICE_MS
        while self._times and self._times[0] < current:
            time = self._times[0]
            keys = self._slices[time]
            while keys:
                key = keys.pop()
                if self._filed.get(key) != time:
                    continue
                del self._filed[key]
                deadline_ms = deadline_of(key)
                if deadline_ms is None:
                    continue
                if deadline_ms < now_ms:
                    return key
                self.file(key, deadline_ms)
            heappop(self._times)
            del self._slices[time]
        return None

    def clear(self) -> None:
        self._slices.clear()
        self._times.clear()
        self._filed.clear()
