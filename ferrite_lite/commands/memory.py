"""MEMORY: how much memory a key takes, and the server."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import SyntaxFault
from ..eviction.memory import BASE_BYTES, CLIENT_BYTES, SAMPLES, key_bytes, overhead_bytes
from ..numeric import parse_int
from ..reply import OK, Reply, Verbatim
from ..words import keyword
from .documentation import help_lines
from .options import argument_of

command = CommandGroup("server")

_TOLD_BY_EACH_SHARD = (
    "nondeterministic_output",
    "request_policy:all_shards",
    "response_policy:special",
)
#: Below this, a ratio of what Python holds to what the data takes says nothing.
DOCTOR_FROM_BYTES = 5 * 1024 * 1024
#: MEMORY DOCTOR reports ratios above this.
HIGH_PEAK_RATIO = 1.5
HIGH_RESIDENT_RATIO = 4.0


@command("MEMORY USAGE key [SAMPLES count]", "readonly", keys="RO", since="4.0.0", also="read")
def memory_usage(ctx: Context, key: bytes, *words: bytes) -> Reply:
    """Return how many bytes a key and its value take, judged by some of its elements."""
    samples = SAMPLES
    remaining = iter(words)
    for word in remaining:
        if keyword(word) != b"SAMPLES":
            raise SyntaxFault
        samples = parse_int(argument_of(remaining))
        if samples < 0:
            raise SyntaxFault
    value = ctx.db.stored(key)
    return None if value is None else key_bytes(ctx.db, key, value, samples)


@command("MEMORY STATS", since="4.0.0", tips=_TOLD_BY_EACH_SHARD)
def memory_stats(ctx: Context) -> Reply:
    """Return where the memory goes."""
    server = ctx.server
    memory, resident = server.memory, server.resident_bytes()
    used, peak = memory.used_bytes(), memory.peak_bytes()
    overheads: dict[Reply, Reply] = {
        b"db.%d" % db.index: {
            b"overhead.hashtable.main": overhead_bytes(db),
            b"overhead.hashtable.expires": overhead_bytes(db, of_deadlines=True),
            b"overhead.hashtable.slot-to-keys": 0,
        }
        for db in server.databases
        if len(db)
    }
    keys = sum(map(len, server.databases))
    clients = CLIENT_BYTES * len(server.clients)
    overhead = BASE_BYTES + clients + memory.overhead_bytes()
    dataset = used - overhead
    return {
        b"peak.allocated": peak,
        b"total.allocated": used,
        b"startup.allocated": BASE_BYTES,
        b"replication.backlog": 0,
        b"clients.slaves": 0,
        b"clients.normal": clients,
        b"cluster.links": 0,
        b"aof.buffer": 0,
        b"lua.caches": 0,
        b"functions.caches": 0,
        **overheads,
        b"overhead.total": overhead,
        b"keys.count": keys,
        b"keys.bytes-per-key": (used - BASE_BYTES) // keys if keys else 0,
        b"dataset.bytes": dataset,
        b"dataset.percentage": dataset * 100 / (used - BASE_BYTES),
        b"peak.percentage": used * 100 / peak,
        b"allocator.allocated": used,
        b"allocator.active": used,
        b"allocator.resident": resident,
        b"allocator-fragmentation.ratio": 1.0,
        b"allocator-fragmentation.bytes": 0,
        b"allocator-rss.ratio": resident / used,
        b"allocator-rss.bytes": resident - used,
        b"rss-overhead.ratio": 1.0,
        b"rss-overhead.bytes": 0,
        b"fragmentation": resident / used,
        b"fragmentation.bytes": resident - used,
    }


@command("MEMORY DOCTOR", since="4.0.0", tips=_TOLD_BY_EACH_SHARD)
def memory_doctor(ctx: Context) -> Reply:
    """Report in words what is unusual about the use of memory."""
    return Verbatim("\n".join([*_diagnosis(ctx), ""]).encode())


def _diagnosis(ctx: Context) -> list[str]:
    memory = ctx.server.memory
    used = memory.used_bytes()
    if used < DOCTOR_FROM_BYTES:
        return ["There is too little data in this server to judge its use of memory."]
    found = []
    if memory.peak_bytes() > used * HIGH_PEAK_RATIO:
        found.append(
            "Peak: much more memory was in use once than is now. Python may keep some of it, which"
            " new data will fill."
        )
    if ctx.server.resident_bytes() > used * HIGH_RESIDENT_RATIO:
        found.append(
            "Resident: the process takes much more than the data. Python, the host and what they"
            " have imported share it."
        )
    return found or ["Nothing unusual was found."]


@command("MEMORY MALLOC-STATS", since="4.0.0", tips=_TOLD_BY_EACH_SHARD)
def memory_malloc_stats(ctx: Context) -> Reply:
    """Say that Python's allocator has no statistics."""
    return b"Stats not supported for the current allocator"


@command(
    "MEMORY PURGE",
    since="4.0.0",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
)
def memory_purge(ctx: Context) -> Reply:
    """Do nothing: Python itself decides when to give free memory back."""
    return OK


@command("MEMORY HELP", "loading stale", since="4.0.0")
def memory_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)
