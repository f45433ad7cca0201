"""The slow log: the latest requests that took longer than ``slowlog-log-slower-than``.

Valkey has two more of its kind: of large requests, and of requests with large replies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

#: ``SLOWLOG_ENTRY_MAX_ARGC`` and ``SLOWLOG_ENTRY_MAX_STRING``: an entry keeps no more of a request.
MAX_WORDS = 32
MAX_WORD_BYTES = 128


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One entry."""

    id: int
    unix_seconds: int
    #: Microseconds in the slow log, bytes in the others.
    measured: int
    argv: list[bytes]
    address: bytes
    client_name: bytes


class RequestLog:
    """Entries, the newest first, and the count that gives each its id."""

    def __init__(self) -> None:
        self._entries: deque[LoggedRequest] = deque()
        self._next_id = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self,
        argv: Sequence[bytes],
        *,
        unix_seconds: int,
        measured: int,
        address: bytes,
        client_name: bytes,
        max_entries: int,
    ) -> None:
        """Add a request; ``argv`` must hold no secret."""
        trimmed = trim(argv)
        entry = LoggedRequest(self._next_id, unix_seconds, measured, trimmed, address, client_name)
        self._next_id += 1
        self._entries.appendleft(entry)
        while len(self._entries) > max_entries:
            self._entries.pop()

    def latest(self, count: int) -> list[LoggedRequest]:
        """The newest entries; all for a negative count."""
        entries = list(self._entries)
        return entries if count < 0 else entries[:count]

    def reset(self) -> None:
        """Forget the entries; their ids are not used again."""
        self._entries.clear()


def trim(argv: Sequence[bytes]) -> list[bytes]:
    """A request cut to the size of an entry, with notes on how much was cut."""
    kept = list(argv)
    if len(argv) > MAX_WORDS:
        left_out = len(argv) - MAX_WORDS + 1
        kept = [*argv[: MAX_WORDS - 1], b"... (%d more arguments)" % left_out]
        return [*map(_trim_word, kept[:-1]), kept[-1]]
    return [_trim_word(word) for word in kept]


def _trim_word(word: bytes) -> bytes:
    if len(word) <= MAX_WORD_BYTES:
        return bytes(word)
    return word[:MAX_WORD_BYTES] + b"... (%d more bytes)" % (len(word) - MAX_WORD_BYTES)
