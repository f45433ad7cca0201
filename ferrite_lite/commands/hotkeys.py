"""HOTKEYS: find the keys that take the most time and the most bytes. From Redis 8.6.

What is here was read in Redis's source and its tests.
"""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    CollectingAlready,
    CollectingStill,
    CommandError,
    DurationOutOfRange,
    HotKeyCountOutOfRange,
    MetricCountMismatch,
    MetricCountOutOfRange,
    MetricsNotGiven,
    MetricTwice,
    NoKnownMetric,
    SampleNotPositive,
    SlotsOutsideCluster,
    SyntaxFault,
)
from ..numeric import maybe_int
from ..observing.hotkeys import Collection
from ..reply import OK, Reply
from ..words import keyword
from .documentation import help_lines

command = CommandGroup("server")

METRICS = frozenset({b"CPU", b"NET"})
DEFAULT_COUNT = 10
LAST_SLOT = 16383
#: The options with a number: the largest, and the error for one that is out of range.
_OPTIONS: dict[bytes, tuple[int, type[CommandError]]] = {
    b"COUNT": (64, HotKeyCountOutOfRange),
    b"DURATION": (1_000_000, DurationOutOfRange),
    b"SAMPLE": (2**31 - 1, SampleNotPositive),
}


@command(
    "HOTKEYS START <METRICS count [CPU] [NET]> [COUNT k] [DURATION seconds] [SAMPLE ratio]"
    " [SLOTS count slot [slot ...]]",
    "admin noscript",
    since="8.6.0",
    arity=-2,
)
def hotkeys_start(ctx: Context, *words: bytes) -> Reply:
    """Begin to collect which keys take the most time, or the most bytes, or both."""
    hot_keys = ctx.server.hot_keys
    hot_keys.end_if_over()
    if hot_keys.is_collecting:
        raise CollectingAlready
    metrics, words = _read_metrics(words)
    options = _read_options(words)
    hot_keys.start(
        metrics,
        options.get(b"COUNT", DEFAULT_COUNT),
        options.get(b"DURATION", 0) * 1000,
        options.get(b"SAMPLE", 1),
    )
    return OK


def _read_metrics(words: tuple[bytes, ...]) -> tuple[set[bytes], tuple[bytes, ...]]:
    """The metrics that are known, and the words behind them.

    Raises MetricsNotGiven, MetricCountOutOfRange, MetricTwice, MetricCountMismatch, NoKnownMetric.

    As in Redis, metrics that are not known do not matter beside one that is.
    """
    if len(words) < 2 or keyword(words[0]) != b"METRICS":
        raise MetricsNotGiven
    count = _read_number(words[1], len(METRICS), MetricCountOutOfRange)
    metrics: set[bytes] = set()
    for word in words[2 : 2 + count]:
        metric = keyword(word)
        if metric in metrics:
            raise MetricTwice(metric.decode())
        if metric in METRICS:
            metrics.add(metric)
    if len(words) < 2 + count:
        raise MetricCountMismatch
    if not metrics:
        raise NoKnownMetric
    return metrics, words[2 + count :]


def _read_options(words: tuple[bytes, ...]) -> dict[bytes, int]:
    """Numbers by option; of one given twice, the last.

    Raises SyntaxFault, SlotsOutsideCluster, and what ``_OPTIONS`` names.
    """
    options: dict[bytes, int] = {}
    for at in range(0, len(words), 2):
        option = keyword(words[at])
        if at + 1 == len(words):
            raise SyntaxFault
        if option == b"SLOTS":
            raise SlotsOutsideCluster
        if option not in _OPTIONS:
            raise SyntaxFault
        options[option] = _read_number(words[at + 1], *_OPTIONS[option])
    return options


def _read_number(word: bytes, largest: int, fault: type[CommandError]) -> int:
    """A positive number. Raises ``fault``."""
    number = maybe_int(word)
    if number is None or not 1 <= number <= largest:
        raise fault
    return number


@command("HOTKEYS STOP", "admin noscript", since="8.6.0")
def hotkeys_stop(ctx: Context) -> Reply:
    """Stop collecting; HOTKEYS GET still tells what was found."""
    hot_keys = ctx.server.hot_keys
    hot_keys.end_if_over()
    if not hot_keys.is_collecting:
        return None
    hot_keys.stop()
    return OK


@command("HOTKEYS GET", "admin noscript", since="8.6.0")
def hotkeys_get(ctx: Context) -> Reply:
    """Return what the current or the last collection has found, if there is one."""
    hot_keys = ctx.server.hot_keys
    hot_keys.end_if_over()
    if hot_keys.collection is None:
        return None
    lasted_ms = hot_keys.collection.duration_ms
    if hot_keys.is_collecting:
        lasted_ms = ctx.server.moment.ms - hot_keys.collection.started_ms
    found = {
        b"tracking-active": int(hot_keys.is_collecting),
        **_found(hot_keys.collection, lasted_ms),
    }
    # An array with one map, so that the replies of several servers can be put together.
    return [found]


def _found(collection: Collection, lasted_ms: int) -> dict[Reply, Reply]:
    heaviest = collection.heaviest
    found: dict[Reply, Reply] = {
        b"sample-ratio": collection.sample_ratio,
        b"selected-slots": [[0, LAST_SLOT]],
        b"all-commands-all-slots-us": collection.elapsed_us,
        b"net-bytes-all-commands-all-slots": collection.net_bytes,
        b"collection-start-time-unix-ms": collection.started_ms,
        b"collection-duration-ms": lasted_ms,
    }
    if b"CPU" in heaviest:
        user_ms, system_ms = collection.cpu_ms()
        found |= {b"total-cpu-time-user-ms": user_ms, b"total-cpu-time-sys-ms": system_ms}
    if b"NET" in heaviest:
        found[b"total-net-bytes"] = heaviest[b"NET"].total
    for name, metric in ((b"by-cpu-time-us", b"CPU"), (b"by-net-bytes", b"NET")):
        if metric in heaviest:
            top = heaviest[metric].top(collection.count)
            found[name] = [each for key, amount in top for each in (key, amount)]
    return found


@command("HOTKEYS RESET", "admin noscript", since="8.6.0")
def hotkeys_reset(ctx: Context) -> Reply:
    """Forget what the last collection has found."""
    hot_keys = ctx.server.hot_keys
    hot_keys.end_if_over()
    if hot_keys.is_collecting:
        raise CollectingStill
    hot_keys.collection = None
    return OK


@command("HOTKEYS HELP", "loading stale", since="8.6.1")
def hotkeys_help(ctx: Context) -> Reply:
    """Return what the subcommands are."""
    return help_lines(ctx)
