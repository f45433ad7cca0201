"""``Config``: the current settings of one server, as attributes whose names end in their unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..data.values import EncodingLimits
from ..resp import MAX_BULK_BYTES
from ..version import REDIS_VERSION
from .kinds import OUTPUT_LIMITS, OutputLimit

#: Redis lets a script take all memory; this server is a guest in somebody's process.
SCRIPT_MEMORY_BYTES = 512 * 1024**2


@dataclass(slots=True)
class Config:
    """Settings with their defaults; sizes in bytes, times in the unit their name ends in."""

    port: int = 6379
    bind: str = "127.0.0.1"
    unixsocket: str = ""
    requirepass: bytes = b""
    aclfile: str = ""
    acllog_max_len: int = 128
    acl_pubsub_default: str = "resetchannels"
    databases: int = 16
    maxclients: int = 10_000
    timeout_seconds: int = 0
    max_bulk_bytes: int = MAX_BULK_BYTES
    #: ``busy-reply-threshold``: when a script has run this long, other clients are answered -BUSY.
    busy_after_ms: int = 5_000
    #: How much the process may grow while one script runs.
    script_memory_bytes: int = SCRIPT_MEMORY_BYTES
    output_limits: dict[str, OutputLimit] = field(default_factory=OUTPUT_LIMITS.copy)
    #: Negative: no slow log.
    slowlog_slower_than_us: int = 10_000
    slowlog_max_entries: int = 128
    #: Negative: not measured, which is quicker.
    large_request_bytes: int = -1
    large_reply_bytes: int = -1
    large_requests_max_entries: int = 128
    large_replies_max_entries: int = 128
    #: 0: no latency monitor.
    latency_threshold_ms: int = 0
    latency_tracking: bool = True
    latency_percentiles: tuple[float, ...] = (50.0, 99.0, 99.9)
    encodings: EncodingLimits = field(default_factory=EncodingLimits)
    #: How many keys may be tracked for clients that cache them; 0: no limit.
    tracking_max_keys: int = 1_000_000
    #: The letters of ``notify-keyspace-events``, with ``A`` spelt out.
    notified_classes: frozenset[str] = frozenset()
    #: 0: no limit.
    maxmemory_bytes: int = 0
    maxmemory_policy: str = "noeviction"
    maxmemory_samples: int = 5
    maxmemory_clients: str = "0"
    eviction_tenacity: int = 10
    lfu_log_factor: int = 10
    lfu_decay_minutes: int = 1
    compresses_dumps: bool = True
    #: How often a second the server's cycle runs.
    hz: int = 10
    #: 0: no keep-alive probes.
    tcp_keepalive_seconds: int = 300
    #: Writes are refused if there are fewer replicas; there never are any.
    min_replicas_to_write: int = 0
    min_replicas_max_lag_seconds: int = 10
    #: Refuse to serve other machines without a password.
    protected_mode: bool = True
    #: Who may call DEBUG: ``no``, ``yes``, or ``local`` for connections from this machine. Redis's
    #: default is ``no``, but this server is made for tests, and they need it.
    debug_access: str = "local"
    unixsocket_mode: int = 0
    pidfile: str = ""
    logfile: str = ""
    loglevel: str = "notice"
    #: The version in HELLO and INFO. Clients branch on it: redis-py's client-side cache works only
    #: with servers that call themselves 7.4.0 or newer.
    redis_version: str = REDIS_VERSION
    #: The configuration file that was read, which CONFIG REWRITE writes.
    file: str = ""
    #: ``rename-command``: pairs of old and new names, in order; an empty new name removes one.
    renamed_commands: list[tuple[bytes, bytes]] = field(default_factory=list)
    #: Settings that have no effect here, as they were set.
    foreign: dict[str, Any] = field(default_factory=dict)

    @property
    def lacks_replicas(self) -> bool:
        return bool(self.min_replicas_to_write and self.min_replicas_max_lag_seconds)

    @property
    def logs_sizes(self) -> bool:
        """Whether requests or replies are to be measured for COMMANDLOG."""
        return self.large_request_bytes >= 0 or self.large_reply_bytes >= 0

    @property
    def is_lfu(self) -> bool:
        """Whether eviction goes by how often a key is used; any other policy by when."""
        return self.maxmemory_policy.endswith("-lfu")

    @property
    def is_lru(self) -> bool:
        return self.maxmemory_policy.endswith("-lru")
