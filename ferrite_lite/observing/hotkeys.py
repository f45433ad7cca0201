"""HOTKEYS: which keys take the most time, and the most bytes on the wire, while somebody collects.

While nobody does, nothing here is called. While somebody does, no request of any connection takes
the engine's short cut. However many keys there are, only the heaviest are remembered, so what is
told of the others is a little less than the truth.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass, field
from heapq import nlargest
from typing import TYPE_CHECKING

from ..clock import NS_PER_US
from ..command import Command
from ..reply import Reply
from ..resp import encode, request_bytes

if TYPE_CHECKING:
    from ..context import Context
    from ..state import ServerState

#: How many keys are remembered for each that is asked for: that many at least, and twice as many.
SPARE_KEYS = 10


class Heaviest:
    """Sums by key; the lightest keys are forgotten when there are too many."""

    __slots__ = ("_kept", "_sums", "total")

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._sums: dict[bytes, int] = {}
        self.total = 0

    def add(self, key: bytes, amount: int) -> None:
        if not amount:
            return
        self.total += amount
        self._sums[key] = self._sums.get(key, 0) + amount
        if len(self._sums) > 2 * self._kept:
            self._sums = dict(self.top(self._kept))

    def top(self, count: int) -> list[tuple[bytes, int]]:
        """The heaviest keys first."""
        return nlargest(count, self._sums.items(), key=lambda item: item[1])


def _cpu_ms() -> tuple[int, int]:
    """What this process has used, in user and in system mode."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int(used.ru_utime * 1000), int(used.ru_stime * 1000)


@dataclass(slots=True)
class Collection:
    """What is collected, and how much so far."""

    count: int
    #: For each metric that was asked for, ``CPU`` or ``NET``, the heaviest keys.
    heaviest: dict[bytes, Heaviest]
    sample_ratio: int
    started_ms: int
    #: How long it lasted, or is to last; 0 if it lasts until it is stopped.
    duration_ms: int
    #: Of all commands with keys, also of those that are not in the sample.
    elapsed_us: int = 0
    net_bytes: int = 0
    began_cpu_ms: tuple[int, int] = field(default_factory=_cpu_ms)

    def cpu_ms(self) -> tuple[int, int]:
        """What this process has used since the beginning."""
        user_ms, system_ms = _cpu_ms()
        return user_ms - self.began_cpu_ms[0], system_ms - self.began_cpu_ms[1]


class HotKeys:
    """The current or the last collection of a server, if there is one."""

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self.collection: Collection | None = None
        #: Whether the collection goes on.
        self.is_collecting = False

    def start(self, metrics: set[bytes], count: int, duration_ms: int, sample_ratio: int) -> None:
        """Begin anew."""
        heaviest = {metric: Heaviest(count * SPARE_KEYS) for metric in metrics}
        started_ms = self._server.moment.ms
        self.collection = Collection(count, heaviest, sample_ratio, started_ms, duration_ms)
        self.is_collecting = True
        self._server.update_guards()

    def stop(self) -> None:
        """End the running collection; what it has found stays."""
        assert self.collection is not None  # noqa: S101  # who stops it has seen it
        self.is_collecting = False
        self.collection.duration_ms = self._server.moment.ms - self.collection.started_ms
        self._server.update_guards()

    def end_if_over(self) -> None:
        """Stop once the time that was asked for has passed; a cycle calls this."""
        running = self.collection
        if running is None or not self.is_collecting or not running.duration_ms:
            return
        if self._server.moment.ms - running.started_ms >= running.duration_ms:
            self.stop()

    def note(
        self, ctx: Context, command: Command, argv: list[bytes], reply: Reply, elapsed_ns: int
    ) -> None:
        """Count a command that has run, for each of its keys an equal share."""
        running, keys = self.collection, command.keys(argv)
        if running is None or not self.is_collecting or not keys:
            return
        elapsed_us = elapsed_ns // NS_PER_US
        net_bytes = request_bytes(argv) + len(encode(reply, ctx.resp))
        running.elapsed_us += elapsed_us
        running.net_bytes += net_bytes
        if running.sample_ratio > 1 and self._server.random.random() * running.sample_ratio >= 1:
            return
        for metric, amount in ((b"CPU", elapsed_us), (b"NET", net_bytes)):
            if metric in running.heaviest:
                for key in keys:
                    running.heaviest[metric].add(key, amount // len(keys))
