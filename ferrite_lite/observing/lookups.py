"""``keyspace_hits`` and ``keyspace_misses``: how often a reading command found its key, or did not.

A look-up that finds something is the most frequent thing a server does, so it is not counted. A
command that reads looks up each of its keys once, so its number of calls gives that of look-ups.
Only misses are counted where they happen; hits are the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..command import Command
from ..errors import CommandError
from .metrics import Metrics

if TYPE_CHECKING:
    from ..context import Context

#: Commands that write, and also look keys up in order to read them: which of their words those are.
WRITERS_THAT_READ = {
    **dict.fromkeys(("getset", "getdel", "getex", "copy", "sort"), slice(1, 2)),
    **dict.fromkeys(("sinterstore", "sunionstore", "sdiffstore"), slice(2, None)),
}
#: A command with the flag ``readonly`` that does not read its key.
_NEVER_READS = frozenset({"memory|usage"})


def reads_keys(command: Command) -> bool:
    if command.name in WRITERS_THAT_READ:
        return True
    is_reader = "readonly" in command.flags and command.has_keys
    return is_reader and command.group != "scripting" and command.name not in _NEVER_READS


class Lookups:
    """Counts for one server. ``running`` is the connection whose requests are running."""

    def __init__(self, metrics: Metrics) -> None:
        self._meters = [meter for meter in metrics.every() if reads_keys(meter.command)]
        self._readers = {meter.command for meter in self._meters}
        self.running: Context | None = None
        self.refusing = Refusing(self)
        self.reset()

    def reset(self) -> None:
        """For CONFIG RESETSTAT, which must reset the meters too."""
        self.misses = 0
        #: Keys that were read beyond the first of each call.
        self.further = 0
        self._unusable = 0

    def miss(self) -> None:
        """Nothing was found."""
        if self._is_reading():
            self.misses += 1

    def find_unusable(self) -> None:
        """A value was found for which the call fails, so that it does not count as answered."""
        if self._is_reading():
            self._unusable += 1

    def count(self, *, is_hit: bool) -> None:
        """Count a look-up by a command that usually reads nothing: SET with GET."""
        self.further += 1
        self.misses += not is_hit

    @property
    def hits(self) -> int:
        answered = sum(meter.calls - meter.failed for meter in self._meters)
        return max(0, answered + self._unusable + self.further - self.misses)

    def _is_reading(self) -> bool:
        return self.running is not None and self.running.command in self._readers


class Refusing:
    """``with`` around what may refuse a key that was found, for other reasons than its type.

    A class and not a generator: GETEX is frequent, and would take twice as long.
    """

    __slots__ = ("_lookups",)

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, CommandError):
            self._lookups.find_unusable()
