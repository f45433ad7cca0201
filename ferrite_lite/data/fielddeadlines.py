"""When the fields of one hash are due, and which of them is next.

Kept apart from the fields themselves, so that a hash without deadlines pays nothing for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

#: The queue is rebuilt when it holds twice as many entries as there are fields, and this many more.
_OUTDATED = 64


class FieldDeadlines:
    """The deadlines of a hash's fields, in Unix milliseconds."""

    __slots__ = ("_deadlines_ms", "_queue")

    def __init__(self) -> None:
        self._deadlines_ms: dict[bytes, int] = {}
        #: A heap. An entry is outdated if its field has another deadline by now, or none.
        self._queue: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self._deadlines_ms)

    def items(self) -> Iterator[tuple[bytes, int]]:
        return iter(self._deadlines_ms.items())

    def get(self, field: bytes) -> int | None:
        return self._deadlines_ms.get(field)

    def set(self, field: bytes, deadline_ms: int) -> None:
        """Give a field a deadline in place of any it has."""
        self._deadlines_ms[field] = deadline_ms
        heappush(self._queue, (deadline_ms, field))
        if len(self._queue) > 2 * len(self._deadlines_ms) + _OUTDATED:
            self._queue = [(due_ms, name) for name, due_ms in self._deadlines_ms.items()]
            heapify(self._queue)

    def clear(self, field: bytes) -> bool:
        """Take a field's deadline away; false if it had none."""
        return self._deadlines_ms.pop(field, None) is not None

    def earliest_ms(self) -> int | None:
        """The earliest deadline; None if there is none."""
        queue = self._queue
        while queue and self._deadlines_ms.get(queue[0][1]) != queue[0][0]:
            heappop(queue)
        return queue[0][0] if queue else None

    def next_due(self, now_ms: int) -> bytes | None:
        """A field that is past its deadline; None if there is none."""
        earliest_ms = self.earliest_ms()
        if earliest_ms is None or earliest_ms >= now_ms:
            return None
        return self._queue[0][1]
