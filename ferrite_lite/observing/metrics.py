"""What a server counts of its commands: how often each ran, how long it took, how it failed.

Where a request costs half a microsecond, reading a clock twice would cost a third more. So a quick
command, which nothing can make slow, is only counted in a pipeline, and the time of the pipeline is
shared evenly by those that came in it; everything else is timed one by one. Only when the slow log
or the latency monitor looks below ``SLOW_US`` is every command timed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from ..clock import NS_PER_US
from ..command import MANY_WORDS, Command, CommandTable
from ..errors import CommandError
from ..reply import Reply

#: No quick command takes this long.
SLOW_US = 1_000

#: A code is the first word of an error, if that word is no longer than Redis looks.
MAX_CODE_CHARACTERS = 30
#: A script chooses the words of its errors: after this many codes (Valkey's number), any other
#: counts as one of them.
MAX_CODES = 128
OTHER_CODES = "ERRORSTATS_OVERFLOW"

#: Powers of two of a microsecond: the last is a time of thousands of years.
BUCKETS = 64

#: What Redis calls slow: SET, for what it replaces may be big, and HGETALL, which here answers with
#: the hash as it is.
QUICK_HERE = frozenset({"set", "hgetall"})

Routes = dict[bytes, "Meter"]


class Meter:
    """What is known of the calls of one command on one server."""

    __slots__ = (
        "buckets",
        "calls",
        "command",
        "failed",
        "handler",
        "rejected",
        "timed",
        "timed_ns",
    )

    def __init__(self, command: Command) -> None:
        self.command = command
        self.handler = command.handler
        self.reset()

    def reset(self) -> None:
        self.calls = 0
        #: Calls that answered with an error.
        self.failed = 0
        #: Requests that were refused before the handler ran.
        self.rejected = 0
        #: Of the calls, those that were timed one by one.
        self.timed = 0
        self.timed_ns = 0
        #: Timed calls below 1, 2, 4... microseconds.
        self.buckets = [0] * BUCKETS

    def end_call(self, reply: Reply, elapsed_ns: int) -> None:
        """A call that was timed, whatever it answered: a script can answer with an error."""
        self.calls += 1
        if isinstance(reply, CommandError):
            self.failed += 1
        self.timed += 1
        self.timed_ns += elapsed_ns
        self.buckets[(elapsed_ns // NS_PER_US).bit_length()] += 1

    def record(self, elapsed_ns: int) -> None:
        """A timed call."""
        self.timed += 1
        self.timed_ns += elapsed_ns
        self.buckets[(elapsed_ns // NS_PER_US).bit_length()] += 1

    @property
    def is_used(self) -> bool:
        return bool(self.calls or self.rejected or self.failed)


class Metrics:
    """The meters of one server, and the ways by which its engine finds them."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table
        every = [(top, *top.subcommands.values()) for top in table.commands()]
        self._meters = {command: Meter(command) for group in every for command in group}
        #: By the number of words, as ``CommandTable.short_cuts``.
        self.plain = [self._routes(names) for names in table.short_cuts]
        self._quick = [
            {name: meter for name, meter in routes.items() if is_quick(meter.command)}
            for routes in self.plain
        ]
        self.no_short_cuts: list[Routes] = [{} for _ in range(MANY_WORDS + 1)]
        #: Of these, the commands that are counted and not timed.
        self.short_cuts = self._quick
        self.errors: Counter[str] = Counter()
        self.shared_calls = 0
        self.shared_ns = 0
        #: A call that takes as long goes to the slow log or the latency monitor.
        self.noted_from_ns = 0
        #: Whether the script that runs has seen an error that is counted.
        self.script_failed = False

    def _routes(self, names: dict[bytes, Command]) -> Routes:
        return {name: self._meters[command] for name, command in names.items()}

    def __getitem__(self, command: Command) -> Meter:
        return self._meters[command]

    def __iter__(self) -> Iterator[Meter]:
        """The meters of commands that were called, or refused."""
        return (meter for meter in self._meters.values() if meter.is_used)

    def every(self) -> Iterable[Meter]:
        """The meter of each command, used or not."""
        return self._meters.values()

    def note_from(self, elapsed_us: int | None) -> None:
        """Let calls that take as long be noted: none, all, or some.

        Connections look at ``short_cuts`` when they ``update_guard``.
        """
        self.noted_from_ns = sys.maxsize if elapsed_us is None else elapsed_us * NS_PER_US
        times_all = self.noted_from_ns < SLOW_US * NS_PER_US
        self.short_cuts = self.no_short_cuts if times_all else self._quick

    def reset(self) -> None:
        """CONFIG RESETSTAT."""
        for meter in self._meters.values():
            meter.reset()
        self.errors.clear()
        self.shared_calls = self.shared_ns = 0

    @property
    def times_all(self) -> bool:
        return self.short_cuts is self.no_short_cuts

    def count_error(self, error: CommandError, command: Command | None = None) -> None:
        """An error reply, by its code: ``ERR``, ``WRONGTYPE``... A script's own counts once."""
        if command is not None and command.group == "scripting" and self.script_failed:
            self.script_failed = False
            return
        code = _code_of(str(error))
        is_one_more = code not in self.errors and len(self.errors) >= MAX_CODES
        self.errors[OTHER_CODES if is_one_more else code] += 1

    def count_failure(self, command: Command, error: CommandError) -> None:
        """An error reply of a command that ran."""
        self._meters[command].failed += 1
        self.count_error(error)

    def count_refusal(self, argv: list[bytes]) -> Command | None:
        """A request that was not run; returns the command that it counts for, if any."""
        command = self._table[argv[0]]
        if command is None:
            return None
        if command.is_container and len(argv) > 1:
            command = command.subcommands.get(argv[1].lower(), command)
        self._meters[command].rejected += 1
        return command

    def share(self, calls: int, elapsed_ns: int) -> None:
        """The time that quick commands took together."""
        self.shared_calls += calls
        self.shared_ns += elapsed_ns

    @property
    def calls(self) -> int:
        """Redis's ``total_commands_processed``."""
        return sum(meter.calls for meter in self._meters.values())

    def elapsed_us(self, meter: Meter) -> int:
        """All the time a command took, its share of pipelines included."""
        untimed_ns = max(0, meter.calls - meter.timed) * self._shared_mean_ns
        return int(meter.timed_ns + untimed_ns) // NS_PER_US

    def histogram(self, meter: Meter) -> dict[int, int]:
        """Upper bound in microseconds -> how many calls took less, in order."""
        buckets = list(meter.buckets)
        untimed = meter.calls - meter.timed
        if untimed > 0:
            buckets[int(self._shared_mean_ns / NS_PER_US).bit_length()] += untimed
        total, histogram = 0, {}
        for bucket, calls in enumerate(buckets):
            if calls:
                total += calls
                histogram[1 << bucket] = total
        return histogram

    def percentile_us(self, meter: Meter, percent: float) -> float:
        """The time that ``percent`` of a command's calls did not exceed, to a factor of two."""
        histogram = self.histogram(meter)
        wanted = percent / 100 * max(histogram.values(), default=0)
        return float(next((bound for bound, calls in histogram.items() if calls >= wanted), 0))

    @property
    def _shared_mean_ns(self) -> float:
        return self.shared_ns / self.shared_calls if self.shared_calls else 0.0


def _code_of(text: str) -> str:
    code, space, _ = text.partition(" ")
    return code if space and len(code) <= MAX_CODE_CHARACTERS else "ERR"


def is_quick(command: Command) -> bool:
    """Whether a command does a bounded small amount of work."""
    return "fast" in command.flags or command.name in QUICK_HERE
