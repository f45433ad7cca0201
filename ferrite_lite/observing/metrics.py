"""What a server counts of its commands: how often each ran, how long it took, how often it failed.

A request can cost half a microsecond, and reading a clock twice would add a third to that. So quick
commands, which nothing can make slow, are only counted in a pipeline, and share its time evenly;
everything else is timed one by one. Every command is timed only if the slow log or the latency
monitor asks for times below ``SLOW_US``.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..clock import NS_PER_US
from ..command import MANY_WORDS, Command, CommandTable
from ..errors import CommandError
from ..reply import Reply

#: No quick command takes this long.
SLOW_US = 1_000

#: A code is the first word of an error, if it is no longer than this (Redis's limit).
MAX_CODE_CHARACTERS = 30
#: A script can make up any number of codes: beyond this many (Valkey's limit) all others count as
#: ``OTHER_CODES``.
MAX_CODES = 128
OTHER_CODES = "ERRORSTATS_OVERFLOW"

#: One for each power of two of a nanosecond: the last stands for hundreds of years.
BUCKETS = 64
#: What Redis counts from 1 microsecond to 1 second.
FIRST_EXPONENT, LAST_EXPONENT = 10, 30

#: Commands that Redis calls slow, but that are quick here: SET, though it may free something big,
#: and HGETALL, which answers with the hash itself.
QUICK_HERE = frozenset({"set", "hgetall"})

Routes = dict[bytes, "Meter"]


class Meter:
    """The calls of one command on one server."""

    __slots__ = (
        "bare",
        "bare_words",
        "buckets",
        "calls",
        "command",
        "failed",
        "handler",
        "held",
        "rejected",
        "timed",
        "timed_ns",
    )

    def __init__(self, command: Command) -> None:
        self.command = command
        self.handler = command.handler
        #: The handler of requests of so many words, if they have one of their own.
        self.bare = command.bare or command.handler
        self.bare_words = 0 if command.bare is None else abs(command.usage.arity)
        self.reset()

    def reset(self) -> None:
        self.calls = 0
        #: Calls that answered with an error.
        self.failed = 0
        #: Requests that were refused before the handler ran.
        self.rejected = 0
        #: Of the calls, those that are answered later, or were: their time says nothing.
        self.held = 0
        #: Of the calls, those that were timed one by one.
        self.timed = 0
        self.timed_ns = 0
        #: Timed calls by the exponent of their bucket: see ``_bound_ns``.
        self.buckets = [0] * BUCKETS

    def end_call(self, reply: Reply, elapsed_ns: int) -> None:
        """Count a timed call. The reply can be an error: a script may return one."""
        self.calls += 1
        if isinstance(reply, CommandError) and reply.is_failure:
            self.failed += 1
        self.timed += 1
        self.timed_ns += elapsed_ns
        self.buckets[(elapsed_ns * 128 // 129).bit_length()] += 1

    def hold_call(self, elapsed_ns: int) -> None:
        """Count a call after which its connection is held."""
        self.calls += 1
        self.held += 1
        self.timed_ns += elapsed_ns

    def end_hold(self, elapsed_ns: int) -> None:
        """Count the time of such a call after all."""
        self.held -= 1
        self.record(elapsed_ns)

    @property
    def has_times(self) -> bool:
        return self.calls > self.held

    @property
    def untimed(self) -> int:
        """How many calls took their share of a pipeline's time."""
        return max(0, self.calls - self.timed - self.held)

    def record(self, elapsed_ns: int) -> None:
        """Add the time of a call that is counted already."""
        self.timed += 1
        self.timed_ns += elapsed_ns
        self.buckets[(elapsed_ns * 128 // 129).bit_length()] += 1

    @property
    def is_used(self) -> bool:
        return bool(self.calls or self.rejected or self.failed)


class Metrics:
    """The meters of one server, and the tables by which its engine finds them."""

    def __init__(self, table: CommandTable) -> None:
        self._table = table
        every = [(top, *top.subcommands.values()) for top in table.commands()]
        self._meters = {command: Meter(command) for group in every for command in group}
        #: The plain commands, by number of words: see ``CommandTable.short_cuts``.
        self.plain = [self._routes(names) for names in table.short_cuts]
        self._quick = [
            {name: meter for name, meter in routes.items() if is_quick(meter.command)}
            for routes in self.plain
        ]
        self.no_short_cuts: list[Routes] = [{} for _ in range(MANY_WORDS + 1)]
        #: Of these, the quick commands, which are counted and not timed.
        self.short_cuts = self._quick
        self.errors: Counter[str] = Counter()
        self.shared_calls = 0
        self.shared_ns = 0
        #: A call that takes this long goes to the slow log or the latency monitor.
        self.noted_from_ns = 0

    def _routes(self, names: dict[bytes, Command]) -> Routes:
        return {name: self._meters[command] for name, command in names.items()}

    def __getitem__(self, command: Command) -> Meter:
        return self._meters[command]

    def __iter__(self) -> Iterator[Meter]:
        """The meters of commands that were called, or refused."""
        return (meter for meter in self._meters.values() if meter.is_used)

    def every(self) -> Iterable[Meter]:
        """The meters of all commands, used or not."""
        return self._meters.values()

    def note_from(self, elapsed_us: int | None) -> None:
        """Note calls that take this long; None notes none.

        Afterwards connections must ``update_guard``, which reads ``short_cuts``.
        """
        self.noted_from_ns = sys.maxsize if elapsed_us is None else elapsed_us * NS_PER_US
        times_all = self.noted_from_ns < SLOW_US * NS_PER_US
        self.short_cuts = self.no_short_cuts if times_all else self._quick

    def reset(self) -> None:
        """For CONFIG RESETSTAT."""
        for meter in self._meters.values():
            meter.reset()
        self.errors.clear()
        self.shared_calls = self.shared_ns = 0

    @property
    def times_all(self) -> bool:
        return self.short_cuts is self.no_short_cuts

    def count_error(self, error: CommandError) -> None:
        """Count an error reply by its code; not again one that a script passes on."""
        if error.is_counted:
            return
        error.is_counted = True
        code = _code_of(str(error))
        is_one_more = code not in self.errors and len(self.errors) >= MAX_CODES
        self.errors[OTHER_CODES if is_one_more else code] += 1

    def count_failure(self, command: Command, error: CommandError) -> None:
        """An error reply of a command that ran."""
        self._meters[command].failed += 1
        self.count_error(error)

    def count_errors_within(self, replies: Sequence[Reply], command: Command) -> None:
        """Count the errors in what a script answered to a command, as Redis does.

        Its own, all together, are one failure of the command. Each that was counted before, when a
        command of the script failed, is one more.
        """
        errors = list(_errors_in(replies))
        own = [error for error in errors if not error.is_counted]
        for error in own:
            self.count_error(error)
        self._meters[command].failed += bool(own) + len(errors) - len(own)

    def count_refusal(self, argv: list[bytes]) -> Command | None:
        """Count a request that was refused; returns the command it meant, if there is one."""
        command = self._table[argv[0]]
        if command is not None and command.is_container and len(argv) > 1:
            command = command.subcommands.get(argv[1].lower())
        if command is None:
            return None
        self._meters[command].rejected += 1
        return command

    def share(self, calls: int, elapsed_ns: int) -> None:
        """Add the time that quick commands took together."""
        self.shared_calls += calls
        self.shared_ns += elapsed_ns

    @property
    def calls(self) -> int:
        """Redis's ``total_commands_processed``."""
        return sum(meter.calls for meter in self._meters.values())

    def elapsed_us(self, meter: Meter) -> int:
        """All the time a command took, its share of pipelines included."""
        untimed_ns = meter.untimed * self._shared_mean_ns
        return int(meter.timed_ns + untimed_ns) // NS_PER_US

    def histogram(self, meter: Meter) -> dict[int, int]:
        """Upper bound in microseconds -> how many calls took less, in order."""
        buckets = list(meter.buckets)
        buckets[(int(self._shared_mean_ns) * 128 // 129).bit_length()] += meter.untimed
        total, histogram = 0, {}
        for exponent, calls in enumerate(buckets):
            if calls:
                total += calls
                histogram[_bound_ns(exponent) // NS_PER_US] = total
        return histogram

    def percentile_us(self, meter: Meter, percent: float) -> float:
        """The time that ``percent`` of a command's calls did not exceed, to a factor of two."""
        histogram = self.histogram(meter)
        wanted = percent / 100 * max(histogram.values(), default=0)
        return float(next((bound for bound, calls in histogram.items() if calls >= wanted), 0))

    @property
    def _shared_mean_ns(self) -> float:
        return self.shared_ns / self.shared_calls if self.shared_calls else 0.0


def _bound_ns(exponent: int) -> int:
    """The longest time that is in a bucket.

    Redis's histogram has two digits, so a power of two ends a 128th behind it; it begins with 2**10
    ns, and what takes longer than a second takes a second.
    """
    exponent = max(exponent, FIRST_EXPONENT)
    return min((1 << exponent) + (1 << exponent - 7), 1 << LAST_EXPONENT) - 1


def _errors_in(replies: Sequence[Reply]) -> Iterator[CommandError]:
    # A long reply has few kinds of items: if none can be an error, no item is looked at.
    if not any(issubclass(kind, CommandError | list | tuple) for kind in set(map(type, replies))):
        return
    for reply in replies:
        if isinstance(reply, CommandError):
            yield reply
        elif isinstance(reply, list | tuple):
            yield from _errors_in(reply)


def _code_of(text: str) -> str:
    code, space, _ = text.partition(" ")
    return code if space and len(code) <= MAX_CODE_CHARACTERS else "ERR"


def is_quick(command: Command) -> bool:
    """Whether a command does only a small, bounded amount of work."""
    return "fast" in command.flags or command.name in QUICK_HERE
