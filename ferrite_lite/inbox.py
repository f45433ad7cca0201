"""What one client has sent and what has not run yet: bytes, and the requests that they make.

Requests are made of one read at a time. What arrives before all of them have run stays as it is,
behind them.
"""

from __future__ import annotations

from collections.abc import Iterator

from .resp import ParserLimits, Request, RequestParser

#: How many quick requests run between two looks at the clock; after any other one it is read.
STEP_REQUESTS = 1024
#: What follows a batch that is all there is.
_NO_MORE_BATCHES: Iterator[list[Request]] = iter(())


class Inbox:
    """One client's requests, in order."""

    __slots__ = (
        "_at",
        "_batch",
        "_batches",
        "_behind",
        "_parser",
        "_served",
        "_stalled",
        "is_waiting",
        "taken_bytes",
        "whole",
    )

    def __init__(self, limits: ParserLimits) -> None:
        self._parser = RequestParser(limits)
        #: The batch of parsed requests that is being run, the position of the next one in it, and
        #: the batches behind it.
        self._batch: list[Request] = []
        self._at = 0
        self._batches = _NO_MORE_BATCHES
        #: The batch if it is all there is, and no longer than a step: nearly always. Whoever runs
        #: it sets this to None, and advances unless all of it has run.
        self.whole: list[Request] | None = None
        #: Whether there is anything that has not run to its end.
        self.is_waiting = False
        #: The size of the read whose requests are being run, and of what was incomplete before it.
        self.taken_bytes = 0
        #: Bytes that arrived meanwhile.
        self._behind = bytearray()
        #: How many requests were served when an incomplete one was first seen, and when that was.
        self._served = 0
        self._stalled: tuple[int, float] | None = None

    def take(self, data: bytes) -> None:
        """Begin with a new read, while nothing is waiting: nearly always it makes one batch."""
        requests = self._parser.feed_whole(data)
        self._at, self.is_waiting, self.taken_bytes = 0, True, len(data)
        if requests is not None:
            self._batch, self._batches = requests, _NO_MORE_BATCHES
            self.whole = requests if len(requests) <= STEP_REQUESTS else None
        else:
            self._batch, self.whole = [], None
            self.taken_bytes += self._parser.pending_bytes
            self._batches = self._parser.feed_strictly(data)

    def put_behind(self, data: bytes) -> int:
        """Keep what arrives while something is waiting; how many bytes these are by now."""
        self._behind += data
        return len(self._behind)

    def step(self, limit: int) -> list[Request] | None:
        """The next requests, at most so many; None if none is left, now or ever.

        Raises ProtocolError and RequestTooBig, behind the requests that came before the fault.
        """
        if self._at >= len(self._batch):
            batch = next(self._batches, None)
            if batch is None:
                return None
            self._batch, self._at = batch, 0
        return self._batch[self._at : self._at + limit]

    def advance(self, ran: int) -> None:
        """So many requests have run."""
        self._at += ran
        self._served += ran

    def end_read(self) -> None:
        """All requests of a read have run: go on with what has arrived meanwhile, if anything."""
        # Free the old requests now, while their memory can be reused for the next.
        self._batch, self.is_waiting = [], False
        if self._behind:
            behind = bytes(self._behind)
            self._behind.clear()
            self.take(behind)

    def close(self) -> None:
        """Nothing of it will ever run."""
        self.is_waiting = False

    @property
    def size_bytes(self) -> int:
        """All bytes that have not run, those of an incomplete request included."""
        taken_bytes = self.taken_bytes if self.is_waiting else 0
        return max(taken_bytes, self._parser.pending_bytes) + len(self._behind)

    def stalled_since(self, now_seconds: float) -> float | None:
        """Since when the client owes the rest of a request; None if it does not.

        Asked again and again: it notices by itself when a request gets complete.
        """
        if not self._parser.pending_bytes:
            self._stalled = None
            return None
        if self._stalled is None or self._stalled[0] != self._served:
            self._stalled = (self._served, now_seconds)
        return self._stalled[1]
