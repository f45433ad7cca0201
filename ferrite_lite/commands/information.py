"""INFO: what a server reports about itself, in Redis's sections and fields.

A field about something that this server lacks (replicas, forks, modules) has the value that it has
in a Redis without any.
"""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Callable

from ..clock import NS_PER_MS, NS_PER_SECOND
from ..command import CommandGroup
from ..config import NAMES
from ..context import Context
from ..data.keyspace import Keyspace
from ..eviction.accesses import lru_clock
from ..eviction.memory import BASE_BYTES, CLIENT_BYTES
from ..reply import Reply, Verbatim

command = CommandGroup("server")

Section = Callable[[Context], dict[str, object]]


def human(size_bytes: float) -> str:
    """``1.50M``: a size as Redis rounds it."""
    if size_bytes < 1024:
        return f"{int(size_bytes)}B"
    for unit in "KMGTP":
        size_bytes /= 1024
        if size_bytes < 1024 or unit == "P":
            break
    return f"{size_bytes:.2f}{unit}"


def _percent(part: float, whole: float) -> str:
    return f"{part * 100 / whole if whole else 0:.2f}%"


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
        "process_supervised": "no",
        "run_id": server.run_id,
        "tcp_port": server.config.port,
        "server_time_usec": server.moment.us,
        "uptime_in_seconds": server.uptime_seconds,
        "uptime_in_days": server.uptime_seconds // 86_400,
        "hz": server.config.hz,
        "configured_hz": server.config.hz,
        "lru_clock": lru_clock(server.moment.ms),
        "executable": sys.executable,
        "config_file": server.config.file,
        "io_threads_active": 0,
    }


def _clients(ctx: Context) -> dict[str, object]:
    buffers = [client.measure() for client in ctx.server.clients.values()]
    return {
        "connected_clients": len(ctx.server.clients),
        "cluster_connections": 0,
        "maxclients": ctx.server.config.maxclients,
        "client_recent_max_input_buffer": max((each.query_bytes for each in buffers), default=0),
        "client_recent_max_output_buffer": max((each.output_bytes for each in buffers), default=0),
        "blocked_clients": len(ctx.server.holds),
        "tracking_clients": len(ctx.server.tracking.clients),
        "clients_in_timeout_table": ctx.server.holds.timed,
    }


def _memory(ctx: Context) -> dict[str, object]:
    server, memory = ctx.server, ctx.server.memory
    used, resident, peak = memory.used_bytes(), server.resident_bytes(), memory.peak_bytes()
    dataset = memory.dataset_bytes()
    system = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    scripts, functions = server.scripts.text_bytes, server.functions.text_bytes
    limit = server.config.maxmemory_bytes
    return {
        "used_memory": used,
        "used_memory_human": human(used),
        "used_memory_rss": resident,
        "used_memory_rss_human": human(resident),
        "used_memory_peak": peak,
        "used_memory_peak_human": human(peak),
        "used_memory_peak_perc": _percent(used, peak),
        "used_memory_overhead": used - dataset,
        "used_memory_startup": BASE_BYTES,
        "used_memory_dataset": dataset,
        "used_memory_dataset_perc": _percent(dataset, used - BASE_BYTES),
        # Python's allocator has no such figures: these are the memory of the whole process.
        "allocator_allocated": used,
        "allocator_active": resident,
        "allocator_resident": resident,
        "total_system_memory": system,
        "total_system_memory_human": human(system),
        "used_memory_lua": 0,  # scripts are compiled to Python, and there is no Lua machine
        "used_memory_vm_eval": 0,
        "used_memory_lua_human": human(0),
        "used_memory_scripts_eval": scripts,
        "number_of_cached_scripts": len(server.scripts),
        "number_of_functions": server.functions.function_count,
        "number_of_libraries": len(server.functions),
        "used_memory_vm_functions": 0,
        "used_memory_vm_total": 0,
        "used_memory_vm_total_human": human(0),
        "used_memory_functions": functions,
        "used_memory_scripts": scripts + functions,
        "used_memory_scripts_human": human(scripts + functions),
        "maxmemory": limit,
        "maxmemory_human": human(limit),
        "maxmemory_policy": server.config.maxmemory_policy,
        "allocator_frag_ratio": f"{resident / used:.2f}",
        "allocator_frag_bytes": resident - used,
        "allocator_rss_ratio": "1.00",
        "allocator_rss_bytes": 0,
        "rss_overhead_ratio": "1.00",
        "rss_overhead_bytes": 0,
        "mem_fragmentation_ratio": f"{resident / used:.2f}",
        "mem_fragmentation_bytes": resident - used,
        "mem_not_counted_for_evict": 0,
        "mem_replication_backlog": 0,
        "mem_total_replication_buffers": 0,
        "mem_clients_slaves": 0,
        "mem_clients_normal": sum(
            CLIENT_BYTES + sum(client.measure()) for client in server.clients.values()
        ),
        "mem_cluster_links": 0,
        "mem_aof_buffer": 0,
        "mem_allocator": "python",
        "active_defrag_running": 0,
        "lazyfree_pending_objects": 0,
        "lazyfreed_objects": 0,
    }


def _persistence(ctx: Context) -> dict[str, object]:
    """Nothing is ever written to disk, or read from it."""
    return {
        "loading": 0,
        "async_loading": 0,
        "current_cow_peak": 0,
        "current_cow_size": 0,
        "current_cow_size_age": 0,
        "current_fork_perc": "0.00",
        "current_save_keys_processed": 0,
        "current_save_keys_total": 0,
        "rdb_changes_since_last_save": sum(db.changes for db in ctx.server.databases),
        "rdb_bgsave_in_progress": 0,
        "rdb_last_save_time": ctx.server.started_ns // NS_PER_SECOND,
        "rdb_last_bgsave_status": "ok",
        "rdb_last_bgsave_time_sec": -1,
        "rdb_current_bgsave_time_sec": -1,
        "rdb_saves": 0,
        "rdb_last_cow_size": 0,
        "rdb_last_load_keys_expired": 0,
        "rdb_last_load_keys_loaded": 0,
        "aof_enabled": 0,
        "aof_rewrite_in_progress": 0,
        "aof_rewrite_scheduled": 0,
        "aof_last_rewrite_time_sec": -1,
        "aof_current_rewrite_time_sec": -1,
        "aof_last_bgrewrite_status": "ok",
        "aof_rewrites": 0,
        "aof_rewrites_consecutive_failures": 0,
        "aof_last_write_status": "ok",
        "aof_last_cow_size": 0,
        "module_fork_in_progress": 0,
        "module_fork_last_cow_size": 0,
    }


#: Fields that are always 0: about replicas, forks, defragmentation, threads for I/O.
_OF_REPLICAS = ("sync_full", "sync_partial_ok", "sync_partial_err")
_OF_FORKS = ("latest_fork_usec", "total_forks", "migrate_cached_sockets")
_OF_DEFRAGMENTATION = (
    *("slave_expires_tracked_keys", "active_defrag_hits", "active_defrag_misses"),
    *("active_defrag_key_hits", "active_defrag_key_misses"),
    *("total_active_defrag_time", "current_active_defrag_time"),
)
_OF_THREADS = (
    *("io_threaded_reads_processed", "io_threaded_writes_processed"),
    *("reply_buffer_shrinks", "reply_buffer_expands"),
)


def _stats(ctx: Context) -> dict[str, object]:
    server = ctx.server
    counted, broker, rates = server.statistics, server.broker, server.rates
    return {
        "total_connections_received": counted.connections,
        "total_commands_processed": server.metrics.calls,
        "instantaneous_ops_per_sec": round(rates.per_second(0)),
        "total_net_input_bytes": counted.input_bytes,
        "total_net_output_bytes": counted.output_bytes,
        "total_net_repl_input_bytes": 0,
        "total_net_repl_output_bytes": 0,
        "instantaneous_input_kbps": f"{rates.per_second(1) / 1024:.2f}",
        "instantaneous_output_kbps": f"{rates.per_second(2) / 1024:.2f}",
        "instantaneous_input_repl_kbps": "0.00",
        "instantaneous_output_repl_kbps": "0.00",
        "rejected_connections": counted.rejected_connections,
        **dict.fromkeys(_OF_REPLICAS, 0),
        "expired_keys": sum(db.expired for db in server.databases),
        "expired_fields": sum(db.expired_fields for db in server.databases),
        "expired_stale_perc": "0.00",  # keys that are due are found by deadline, not by sampling
        "expired_time_cap_reached_count": counted.unfinished_expiries,
        "expire_cycle_cpu_milliseconds": counted.expiry_ns // NS_PER_MS,
        "evicted_keys": counted.evicted_keys,
        "evicted_clients": counted.evicted_clients,
        "total_eviction_exceeded_time": 0,
        "current_eviction_exceeded_time": 0,
        "keyspace_hits": server.lookups.hits,
        "keyspace_misses": server.lookups.misses,
        "pubsub_channels": len(broker.channels.by_name),
        "pubsub_patterns": len(broker.patterns.by_name),
        "pubsubshard_channels": len(broker.shard_channels.by_name),
        **dict.fromkeys(_OF_FORKS, 0),
        **dict.fromkeys(_OF_DEFRAGMENTATION, 0),
        "tracking_total_keys": server.tracking.keys_total,
        "tracking_total_items": server.tracking.items_total,
        "tracking_total_prefixes": server.tracking.prefixes_total,
        "unexpected_error_replies": 0,
        "total_error_replies": server.metrics.errors.total(),
        "dump_payload_sanitizations": 0,
        "total_reads_processed": counted.reads,
        "total_writes_processed": counted.writes,
        **dict.fromkeys(_OF_THREADS, 0),
    }


def _replication(ctx: Context) -> dict[str, object]:
    backlog = NAMES["repl-backlog-size"]
    return {
        "role": "master",
        "connected_slaves": 0,
        "master_failover_state": "no-failover",
        "master_replid": ctx.server.replication_id,
        "master_replid2": "0" * 40,
        "master_repl_offset": 0,
        "second_repl_offset": -1,
        "repl_backlog_active": 0,
        "repl_backlog_size": backlog.get(ctx.server.config),
        "repl_backlog_first_byte_offset": 0,
        "repl_backlog_histlen": 0,
    }


def _cpu(_: Context) -> dict[str, object]:
    process, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    # Only Linux counts threads separately.
    thread = resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF))
    return {
        "used_cpu_sys": f"{process.ru_stime:.6f}",
        "used_cpu_user": f"{process.ru_utime:.6f}",
        "used_cpu_sys_children": f"{children.ru_stime:.6f}",
        "used_cpu_user_children": f"{children.ru_utime:.6f}",
        "used_cpu_sys_main_thread": f"{thread.ru_stime:.6f}",
        "used_cpu_user_main_thread": f"{thread.ru_utime:.6f}",
    }


def _cluster(_: Context) -> dict[str, object]:
    return {"cluster_enabled": 0}


def _keyspace(ctx: Context) -> dict[str, object]:
    return {f"db{db.index}": _contents(db) for db in ctx.server.databases if len(db)}


def _contents(db: Keyspace) -> str:
    """A database's figures; as in Valkey, also how many hashes have field deadlines."""
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
        if meter.has_times
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
#: Sections that INFO shows only on request: by name, by ``all`` or by ``everything``.
FURTHER_SECTIONS = frozenset({"Commandstats", "Latencystats"})
#: In Redis ``all`` leaves out the sections of modules; here there are none.
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
