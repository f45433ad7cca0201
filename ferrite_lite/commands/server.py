"""Commands on the server as a whole: its databases, its memory, what it says of itself."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    CommandError,
    DatabaseOutOfRange,
    InvalidDatabaseIndex,
    MonitorInsideExec,
    SyntaxFault,
)
from ..keyspace import Keyspace
from ..memory import BASE_BYTES
from ..numeric import parse_int32
from ..reply import NO_REPLY, OK, Reply, Verbatim

command = CommandGroup("server")


# --- databases ------------------------------------------------------------------------------------


@command(
    "DBSIZE",
    "readonly fast",
    since="1.0.0",
    also="keyspace",
    tips=["request_policy:all_shards", "response_policy:agg_sum"],
)
def dbsize(ctx: Context) -> Reply:
    """Return the number of keys in the selected database."""
    return len(ctx.db)


@command(
    "FLUSHDB [ASYNC | SYNC]",
    "write",
    since="1.0.0",
    complexity="O(N) where N is the number of keys in the selected database",
    also="keyspace dangerous",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
)
def flushdb(ctx: Context, *mode: bytes) -> Reply:
    """Remove every key of the selected database."""
    _check_flush_mode(mode)
    ctx.db.clear()
    ctx.server.tracking.flushed()
    return OK


@command(
    "FLUSHALL [ASYNC | SYNC]",
    "write",
    since="1.0.0",
    complexity="O(N) where N is the total number of keys in all databases",
    also="keyspace dangerous",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
)
def flushall(ctx: Context, *mode: bytes) -> Reply:
    """Remove every key of every database."""
    _check_flush_mode(mode)
    for db in ctx.server.databases:
        db.clear()
    ctx.server.tracking.flushed()
    return OK


def _check_flush_mode(mode: tuple[bytes, ...]) -> None:
    """Both modes are the same here: memory is freed when nothing refers to it any more."""
    if len(mode) > 1 or (mode and mode[0].lower() not in (b"async", b"sync")):
        raise SyntaxFault


@command(
    "SWAPDB index1 index2",
    "write fast",
    since="4.0.0",
    complexity="O(N) where N is the number of keys watched in either database",
    also="keyspace dangerous",
)
def swapdb(ctx: Context, index1: bytes, index2: bytes) -> Reply:
    """Exchange two databases, for every connection at once."""
    numbers = []
    for index, place in ((index1, "first"), (index2, "second")):
        try:
            numbers.append(parse_int32(index))
        except CommandError:
            raise InvalidDatabaseIndex(place) from None
    if not all(0 <= number < len(ctx.server.databases) for number in numbers):
        raise DatabaseOutOfRange
    first, second = (ctx.server.databases[number] for number in numbers)
    if first is not second:
        first.swap_contents(second)
    return OK


# --- time ---------------------------------------------------------------------------------------


@command("TIME", "loading stale fast", since="2.6.0", tips=["nondeterministic_output"])
def time(ctx: Context) -> Reply:
    """Return Unix time: seconds, and the microseconds of the current one."""
    seconds, microseconds = divmod(ctx.server.moment.us, 1_000_000)
    return [b"%d" % seconds, b"%d" % microseconds]


# --- MONITOR --------------------------------------------------------------------------------------


@command("MONITOR", "admin noscript loading stale", since="1.0.0")
def monitor(ctx: Context) -> Reply:
    """Show every command that the server runs from now on to this connection."""
    if ctx.running_exec:
        raise MonitorInsideExec
    if ctx in ctx.server.monitor.watchers:
        return NO_REPLY  # as Redis does
    ctx.server.monitor.add(ctx)
    return OK


# --- INFO -----------------------------------------------------------------------------------------

Section = Callable[[Context], dict[str, object]]


def _server(ctx: Context) -> dict[str, object]:
    server = ctx.server
    return {
        "redis_version": server.redis_version.decode(),
        "redis_git_sha1": "00000000",
        "redis_git_dirty": 0,
        "redis_build_id": "0",
        "redis_mode": "standalone",
        "ferrite_version": server.version,
        "os": f"{platform.system()} {platform.release()} {platform.machine()}",
        "arch_bits": 64 if sys.maxsize > 2**32 else 32,
        "monotonic_clock": "POSIX clock_gettime",
        "multiplexing_api": "asyncio",
        "python_version": platform.python_version(),
        "process_id": os.getpid(),
        "run_id": server.run_id,
        "tcp_port": server.config.port,
        "server_time_usec": server.moment.us,
        "uptime_in_seconds": server.uptime_seconds,
        "uptime_in_days": server.uptime_seconds // 86_400,
        "hz": 10,
        "configured_hz": 10,
    }


def _clients(ctx: Context) -> dict[str, object]:
    return {
        "connected_clients": len(ctx.server.clients),
        "cluster_connections": 0,
        "maxclients": ctx.server.config.maxclients,
        "blocked_clients": len(ctx.server.pause.waiting),
        "tracking_clients": len(ctx.server.tracking.clients),
    }


def _memory(ctx: Context) -> dict[str, object]:
    server, memory = ctx.server, ctx.server.memory
    return {
        "used_memory": memory.used_bytes(),
        "used_memory_rss": server.resident_bytes(),
        "used_memory_peak": memory.peak_bytes(),
        "used_memory_startup": BASE_BYTES,
        "used_memory_dataset": memory.dataset_bytes(),
        "used_memory_lua": 0,
        "maxmemory": server.config.maxmemory_bytes,
        "maxmemory_policy": server.config.maxmemory_policy,
        "mem_not_counted_for_evict": 0,
        "mem_allocator": "python",
        "lazyfree_pending_objects": 0,
    }


def _persistence(ctx: Context) -> dict[str, object]:
    return {
        "loading": 0,
        "rdb_changes_since_last_save": sum(db.changes for db in ctx.server.databases),
        "rdb_bgsave_in_progress": 0,
        "aof_enabled": 0,
    }


#: What never happens to a server that has no replicas and does not fork.
_OF_REPLICAS = ("sync_full", "sync_partial_ok", "sync_partial_err")
_OF_FORKS = ("latest_fork_usec", "total_forks")


def _stats(ctx: Context) -> dict[str, object]:
    counted, broker = ctx.server.statistics, ctx.server.broker
    return {
        "total_connections_received": counted.connections,
        "total_commands_processed": ctx.server.metrics.calls,
        "total_net_input_bytes": counted.input_bytes,
        "total_net_output_bytes": counted.output_bytes,
        "rejected_connections": counted.rejected_connections,
        **dict.fromkeys(_OF_REPLICAS, 0),
        "expired_keys": sum(db.expired for db in ctx.server.databases),
        "expired_fields": sum(db.expired_fields for db in ctx.server.databases),
        "evicted_keys": counted.evicted_keys,
        "pubsub_channels": len(broker.channels.by_name),
        "pubsub_patterns": len(broker.patterns.by_name),
        "pubsubshard_channels": len(broker.shard_channels.by_name),
        **dict.fromkeys(_OF_FORKS, 0),
        "tracking_total_keys": ctx.server.tracking.keys_total,
        "tracking_total_items": ctx.server.tracking.items_total,
        "tracking_total_prefixes": ctx.server.tracking.prefixes_total,
        "total_error_replies": ctx.server.metrics.errors.total(),
    }


def _replication(ctx: Context) -> dict[str, object]:
    return {"role": "master", "connected_slaves": 0, "master_replid": ctx.server.run_id}


def _cpu(_: Context) -> dict[str, object]:
    used = os.times()
    return {"used_cpu_sys": f"{used.system:.6f}", "used_cpu_user": f"{used.user:.6f}"}


def _cluster(_: Context) -> dict[str, object]:
    return {"cluster_enabled": 0}


def _keyspace(ctx: Context) -> dict[str, object]:
    return {f"db{db.index}": _contents(db) for db in ctx.server.databases if len(db)}


def _contents(db: Keyspace) -> str:
    """What a database holds; as in Valkey, hashes with deadlines of fields are counted too."""
    counts = f"keys={len(db)},expires={db.with_deadline},avg_ttl={db.average_ttl_ms()}"
    volatile = db.with_field_deadlines
    return f"{counts},keys_with_volatile_items={volatile}" if volatile else counts


def _commandstats(ctx: Context) -> dict[str, object]:
    metrics = ctx.server.metrics
    lines: dict[str, object] = {}
    for meter in metrics:
        elapsed_us = metrics.elapsed_us(meter)
        lines[f"cmdstat_{meter.command.name}"] = (
            f"calls={meter.calls},usec={elapsed_us}"
            f",usec_per_call={elapsed_us / max(1, meter.calls):.2f}"
            f",rejected_calls={meter.rejected},failed_calls={meter.failed}"
        )
    return lines


def _errorstats(ctx: Context) -> dict[str, object]:
    errors = ctx.server.metrics.errors
    return {f"errorstat_{code}": f"count={errors[code]}" for code in sorted(errors)}


def _latencystats(ctx: Context) -> dict[str, object]:
    config, metrics = ctx.server.config, ctx.server.metrics
    if not config.latency_tracking:
        return {}
    return {
        f"latency_percentiles_usec_{meter.command.name}": ",".join(
            f"p{percent:g}={metrics.percentile_us(meter, percent):.3f}"
            for percent in config.latency_percentiles
        )
        for meter in metrics
        if meter.calls
    }


SECTIONS: dict[str, Section] = {
    "Server": _server,
    "Clients": _clients,
    "Memory": _memory,
    "Persistence": _persistence,
    "Stats": _stats,
    "Replication": _replication,
    "CPU": _cpu,
    "Modules": lambda _: {},
    "Commandstats": _commandstats,
    "Errorstats": _errorstats,
    "Latencystats": _latencystats,
    "Cluster": _cluster,
    "Keyspace": _keyspace,
}
#: What INFO shows only when asked: by name, by ``all`` or by ``everything``.
FURTHER_SECTIONS = frozenset({"Commandstats", "Latencystats"})
#: ``all`` leaves out what modules tell; so does this server, which has none.
ALL_SECTIONS = frozenset({b"all", b"everything"})


@command(
    "INFO [section [section ...]]",
    "loading stale",
    since="1.0.0",
    also="dangerous",
    tips=["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
)
def info(ctx: Context, *sections: bytes) -> Reply:
    """Describe the server in lines of ``name:value``, by section."""
    wanted = {section.lower() for section in sections} or {b"default"}
    shown = [
        (title, section(ctx)) for title, section in SECTIONS.items() if _is_wanted(title, wanted)
    ]
    blocks = [
        f"# {title}\r\n" + "".join(f"{name}:{value}\r\n" for name, value in lines.items())
        for title, lines in shown
    ]
    return Verbatim("\r\n".join(blocks).encode())


def _is_wanted(title: str, wanted: set[bytes]) -> bool:
    if wanted & ALL_SECTIONS or title.lower().encode() in wanted:
        return True
    return b"default" in wanted and title not in FURTHER_SECTIONS
