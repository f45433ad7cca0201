"""ACL LOG: recent refusals, with similar ones merged into one entry and counted."""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass
from itertools import islice

#: Similar refusals that are no further apart than this are one entry.
MERGED_WITHIN_MS = 60_000
#: How many of the newest entries a refusal is compared with.
_COMPARED_ENTRIES = 10
#: Names that clients choose are cut to this: refused clients must not fill the memory.
MAX_NAME_BYTES = 4096


class Place(enum.Enum):
    """Where the refused request came from."""

    TOPLEVEL = b"toplevel"
    MULTI = b"multi"
    LUA = b"lua"


@dataclass(slots=True)
class Entry:
    reason: str  # command, key, channel or auth
    place: Place
    #: The command, key or channel; for ``auth`` the command that brought the password.
    object: bytes
    user: bytes
    #: The connection that was refused last, as CLIENT LIST shows it.
    client: bytes
    #: When that was.
    ms: int
    count: int = 1

    def is_like(self, other: Entry) -> bool:
        return (
            (self.reason, self.place, self.object, self.user)
            == (other.reason, other.place, other.object, other.user)
        ) and abs(self.ms - other.ms) <= MERGED_WITHIN_MS


class AclLog:
    """Entries, the newest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()

    def add(self, entry: Entry, limit: int) -> None:
        """Remember a refusal; ``limit`` is how many entries are kept."""
        entry.object = entry.object[:MAX_NAME_BYTES]
        entry.user = entry.user[:MAX_NAME_BYTES]
        for known in islice(self._entries, _COMPARED_ENTRIES):
            if known.is_like(entry):
                entry.count += known.count
                self._entries.remove(known)
                self._entries.appendleft(entry)
                return
        self._entries.appendleft(entry)
        while len(self._entries) > limit:
            self._entries.pop()

    def newest(self, count: int) -> list[Entry]:
        return list(islice(self._entries, count))

    def clear(self) -> None:
        self._entries.clear()
