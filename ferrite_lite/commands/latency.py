"""LATENCY: slow events of each kind, and how long commands take."""

from __future__ import annotations

from collections.abc import Iterable

from ..command import Command, CommandGroup
from ..context import Context
from ..errors import NoLatencySamples
from ..observing.latency import Event
from ..observing.metrics import Meter
from ..reply import Pairs, Reply, Verbatim
from .documentation import help_lines

command = CommandGroup("server")

_FLAGS = "admin noscript loading stale"
_NODES = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"]

GRAPH_COLUMNS = 80
GRAPH_ROWS = 4
_MARKS = "_o#"


@command("LATENCY LATEST", _FLAGS, since="2.8.13", tips=_NODES)
def latency_latest(ctx: Context) -> Reply:
    """Return each event's name, its latest time and latency, and its worst latency."""
    return [
        [name, *event.samples[-1], event.worst_ms]
        for name, event in ctx.server.latency.events.items()
    ]


@command("LATENCY HISTORY event", _FLAGS, since="2.8.13", tips=_NODES)
def latency_history(ctx: Context, event: bytes) -> Reply:
    """Return the times and latencies of one event."""
    found = ctx.server.latency.events.get(event)
    return [list(sample) for sample in found.samples] if found else []


@command(
    "LATENCY RESET [event [event ...]]",
    _FLAGS,
    since="2.8.13",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def latency_reset(ctx: Context, *events: bytes) -> Reply:
    """Forget some events, or all, and return how many there were."""
    return ctx.server.latency.reset(*events)


@command("LATENCY GRAPH event", _FLAGS, since="2.8.13", tips=_NODES)
def latency_graph(ctx: Context, event: bytes) -> Reply:
    """Return a drawing of one event's latencies."""
    found = ctx.server.latency.events.get(event)
    if found is None:
        raise NoLatencySamples(event)
    return Verbatim("\n".join(_graph(event.decode(errors="replace"), found)).encode())


def _graph(name: str, event: Event) -> Iterable[str]:
    samples = [ms for _, ms in event.samples][-GRAPH_COLUMNS:]
    low, high = min(samples), max(samples)
    yield f"{name} - high {high} ms, low {low} ms (all time high {event.worst_ms} ms)"
    yield "-" * GRAPH_COLUMNS
    steps = GRAPH_ROWS * len(_MARKS) - 1
    heights = [(ms - low) * steps // max(1, high - low) for ms in samples]
    for row in reversed(range(GRAPH_ROWS)):
        yield "".join(_mark(height - row * len(_MARKS)) for height in heights)


def _mark(height: int) -> str:
    if height < 0:
        return " "
    return _MARKS[height] if height < len(_MARKS) else "|"


@command("LATENCY DOCTOR", _FLAGS, since="2.8.13", tips=_NODES)
def latency_doctor(ctx: Context) -> Reply:
    """Return a report on the events, in sentences."""
    return Verbatim("\n".join(_report(ctx)).encode())


def _report(ctx: Context) -> Iterable[str]:
    threshold_ms = ctx.server.config.latency_threshold_ms
    if not threshold_ms:
        yield (
            "The latency monitor is off. Turn it on with CONFIG SET latency-monitor-threshold"
            " and the milliseconds from which on an event is noted."
        )
    elif not ctx.server.latency.events:
        yield f"Nothing took {threshold_ms} milliseconds or longer."
    for name, event in ctx.server.latency.events.items():
        times = [ms for _, ms in event.samples]
        yield (
            f"{name.decode(errors='replace')}: {len(times)} times {threshold_ms} ms or longer,"
            f" {sum(times) / len(times):.0f} ms on average, {event.worst_ms} ms at worst."
        )


@command("LATENCY HISTOGRAM [command [command ...]]", _FLAGS, since="7.0.0", tips=_NODES)
def latency_histogram(ctx: Context, *names: bytes) -> Reply:
    """Return how many calls of each command stayed below 1, 2, 4... microseconds."""
    metrics = ctx.server.metrics
    meters = _asked_for(ctx, names) if names else list(metrics)
    return {
        meter.command.name.encode(): Pairs(
            [
                (b"calls", meter.calls),
                (b"histogram_usec", Pairs(metrics.histogram(meter).items())),
            ]
        )
        for meter in meters
        if meter.has_times
    }


def _asked_for(ctx: Context, names: Iterable[bytes]) -> list[Meter]:
    """The commands named, a container with all its subcommands; unknown names are ignored."""
    found: list[Command] = []
    for name in names:
        top = ctx.server.table.lookup(name)
        if top is not None:
            found += top.subcommands.values() if top.is_container else [top]
    return [ctx.server.metrics[each] for each in found]


@command("LATENCY HELP", "loading stale", since="2.8.13")
def latency_help(ctx: Context) -> Reply:
    """Return what the subcommands are."""
    return help_lines(ctx)
