"""The settings of one server: their names, the values they accept, and their current values.

A setting is declared once, in ``SETTINGS``, under its name in CONFIG GET and redis.conf. The code
reads plain attributes of ``Config``, whose names end in their unit.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

from .data.values import EncodingLimits
from .errors import NotAFloat
from .foreign import Foreign, foreign_settings
from .numeric import INT64_MAX, UINT64_MAX, maybe_int, parse_strtod
from .resp import MAX_BULK_BYTES
from .version import REDIS_VERSION

#: ``busy-reply-threshold``: when a script has run this long, other clients are answered -BUSY.
BUSY_AFTER_MS = 5_000

#: Redis lets a script take all memory; this server is a guest in somebody's process.
SCRIPT_MEMORY_BYTES = 512 * 1024**2

#: Which keys may be evicted at ``maxmemory``, and how they are chosen; in Redis's order.
EVICTION_POLICIES = (
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
)

MEMORY_UNITS = {
    **{b"": 1, b"b": 1, b"k": 1000, b"m": 1000**2, b"g": 1000**3},
    **{b"kb": 1024, b"mb": 1024**2, b"gb": 1024**3},
}


class OutputLimit(NamedTuple):
    """How much output may wait for a client that does not read; 0 means no limit."""

    hard_bytes: int
    #: May be exceeded for ``soft_seconds``.
    soft_bytes: int
    soft_seconds: int


#: ``client-output-buffer-limit``, by kind of client.
OUTPUT_LIMITS = {
    "normal": OutputLimit(0, 0, 0),
    "slave": OutputLimit(256 * 1024**2, 64 * 1024**2, 60),
    "pubsub": OutputLimit(32 * 1024**2, 8 * 1024**2, 60),
}


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
    busy_after_ms: int = BUSY_AFTER_MS
    #: How much the process may grow while one script runs.
    script_memory_bytes: int = SCRIPT_MEMORY_BYTES
    output_limits: dict[str, OutputLimit] = field(default_factory=OUTPUT_LIMITS.copy)
    #: Negative: no slow log.
    slowlog_slower_than_us: int = 10_000
    slowlog_max_entries: int = 128
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
    def is_lfu(self) -> bool:
        """Whether eviction goes by how often a key is used; any other policy by when."""
        return self.maxmemory_policy.endswith("-lfu")

    @property
    def is_lru(self) -> bool:
        return self.maxmemory_policy.endswith("-lru")


class Kind(Protocol):
    """How the values of a setting are read and written."""

    def read(self, raw: bytes) -> Any:
        """The value that a client wrote. Raises ValueError with Redis's reason."""
        ...

    def write(self, value: Any) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Integer:
    low: int
    high: int

    def read(self, raw: bytes) -> int:
        value = maybe_int(raw)
        if value is None:
            raise ValueError("argument couldn't be parsed into an integer")
        return self._checked(value)

    def _checked(self, value: int) -> int:
        if not self.low <= value <= self.high:
            raise ValueError(f"argument must be between {self.low} and {self.high} inclusive")
        return value

    def write(self, value: int) -> bytes:
        return b"%d" % value


@dataclass(frozen=True, slots=True)
class Memory(Integer):
    """A size: ``100``, ``64kb``, ``1gb`` (and ``1k``, which is 1000 bytes)."""

    def read(self, raw: bytes) -> int:
        size = _maybe_bytes(raw)
        if size is None:
            raise ValueError("argument must be a memory value")
        # Redis reads all sizes without a sign, most into a number with one.
        is_signed = self.high <= INT64_MAX < size
        return self._checked(size - 2**64 if is_signed else size)


def _maybe_bytes(raw: bytes) -> int | None:
    """As in C, too large a number becomes the largest, and a product loses its upper bits."""
    match = re.fullmatch(rb"(\d{0,127})([a-z]*)", raw.lower())
    if match is None or match[2] not in MEMORY_UNITS:
        return None
    return min(int(match[1] or 0), UINT64_MAX) * MEMORY_UNITS[match[2]] & UINT64_MAX


@dataclass(frozen=True, slots=True)
class OutputLimitWords:
    """``pubsub 32mb 8mb 60``: limits for some kinds of client; the others keep theirs."""

    def read(self, raw: bytes) -> dict[str, OutputLimit]:
        words = raw.split()
        if len(words) % 4:
            raise ValueError("Wrong number of arguments in buffer limit configuration.")
        return dict(self._read_one(*words[at : at + 4]) for at in range(0, len(words), 4))

    @staticmethod
    def _read_one(kind: bytes, hard: bytes, soft: bytes, time: bytes) -> tuple[str, OutputLimit]:
        name = kind.lower().decode("latin-1").replace("replica", "slave")
        if name not in OUTPUT_LIMITS:
            raise ValueError("Invalid client class specified in buffer limit configuration.")
        limit = _maybe_bytes(hard), _maybe_bytes(soft), maybe_int(time)
        if limit[0] is None or limit[1] is None or limit[2] is None or limit[2] < 0:
            raise ValueError(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration."
            )
        return name, OutputLimit(*limit)  # type: ignore[arg-type]  # None is refused above

    def write(self, limits: dict[str, OutputLimit]) -> bytes:
        return " ".join(f"{name} {h} {s} {t}" for name, (h, s, t) in limits.items()).encode()


@dataclass(frozen=True, slots=True)
class MemoryOrPercent:
    """A size, or a share of ``maxmemory``: ``10%``. It is kept in the form it is written in."""

    def read(self, raw: bytes) -> str:
        if match := re.fullmatch(rb"(\d{1,19})%", raw):
            if int(match[1]) > 100:
                raise ValueError("percentage argument must be less or equal to 100")
            return raw.decode()
        try:
            return str(Memory(0, INT64_MAX).read(raw))
        except ValueError:
            raise ValueError("argument must be a memory or percent value") from None

    def write(self, value: str) -> bytes:
        return value.encode()


#: The classes of keyspace events that ``A`` stands for, in the order in which they are written.
COMMON_CLASSES = "g$lshzxetd"


@dataclass(frozen=True, slots=True)
class EventClasses:
    """``notify-keyspace-events``: letters in any order; ``A`` stands for many of them."""

    def read(self, raw: bytes) -> frozenset[str]:
        letters = raw.decode("latin-1")
        if not set(letters) <= set("AKEmn" + COMMON_CLASSES):
            raise ValueError("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
        return frozenset(letters.replace("A", COMMON_CLASSES))

    def write(self, value: frozenset[str]) -> bytes:
        # A quirk of Redis: it does not write n beside A.
        has_all = value >= set(COMMON_CLASSES)
        letters = "A" if has_all else "".join(c for c in COMMON_CLASSES + "n" if c in value)
        return (letters + "".join(c for c in "KEm" if c in value)).encode()


@dataclass(frozen=True, slots=True)
class YesNo:
    """``yes`` or ``no``."""

    def read(self, raw: bytes) -> bool:
        if raw.lower() not in (b"yes", b"no"):
            raise ValueError("argument must be 'yes' or 'no'")
        return raw.lower() == b"yes"

    def write(self, value: bool) -> bytes:
        return b"yes" if value else b"no"


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Numbers from 0 to 100, as ``50 99 99.9``."""

    def read(self, raw: bytes) -> tuple[float, ...]:
        try:
            values = tuple(parse_strtod(word) for word in raw.split())
        except NotAFloat:
            raise ValueError("Invalid latency-tracking-info-percentiles parameters") from None
        if not all(0 <= value <= 100 for value in values):
            raise ValueError(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
            )
        return values

    def write(self, value: tuple[float, ...]) -> bytes:
        return b" ".join(b"%.10g" % percent for percent in value)


@dataclass(frozen=True, slots=True)
class Text:
    def read(self, raw: bytes) -> str:
        return raw.decode("utf-8", "surrogateescape")

    def write(self, value: str) -> bytes:
        return value.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Secret:
    def read(self, raw: bytes) -> bytes:
        return raw

    def write(self, value: bytes) -> bytes:
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, raw: bytes) -> str:
        word = raw.lower().decode("latin-1")
        if word not in self.words:
            allowed = ", ".join(self.words)
            raise ValueError(f"argument(s) must be one of the following: {allowed}")
        return word

    def write(self, value: str) -> bytes:
        return value.encode()


@dataclass(frozen=True, slots=True)
class Octal:
    """File permissions."""

    def read(self, raw: bytes) -> int:
        if not re.fullmatch(rb"[0-7]{1,20}", raw):
            raise ValueError("argument couldn't be parsed as an octal number")
        if int(raw, 8) > 0o777:
            raise ValueError("argument must be between 0 and 777 inclusive")
        return int(raw, 8)

    def write(self, value: int) -> bytes:
        return b"%o" % value


@dataclass(frozen=True, slots=True)
class Only:
    """Only one value, because any other asks for something that is not served."""

    kind: Kind
    value: bytes
    why: str

    def read(self, raw: bytes) -> Any:
        value = self.kind.read(raw)
        if value != self.kind.read(self.value):
            raise ValueError(f"only '{self.value.decode()}' is accepted: {self.why}")
        return value

    def write(self, value: Any) -> bytes:
        return self.kind.write(value)


#: Why CONFIG SET may not change a setting.
IMMUTABLE = "can't set immutable config"
PROTECTED = "can't set protected config"
#: What Redis says when it cannot move to another address.
CANNOT_LISTEN = "Unable to listen on this port. Check server logs."
CANNOT_BIND = "Failed to bind to specified addresses."


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as CONFIG GET and CONFIG SET name it."""

    name: str
    kind: Kind
    get: Callable[[Config], Any]
    set: Callable[[Config, Any], None]
    #: Its name before Redis 7.
    alias: str | None = None
    #: Why it cannot be changed while the server runs; empty if it can.
    frozen_because: str = ""
    #: Whether a configuration file may write its value as several words.
    takes_words: bool = False
    #: Of an address to listen on: what is said where it cannot be had.
    unreachable: str = ""
    #: Whether CONFIG GET shows it only if its name is spelt out.
    is_hidden: bool = False


def _attribute(
    name: str,
    kind: Kind,
    path: str,
    *,
    fixed: bool = False,
    alias: str | None = None,
    takes_words: bool = False,
    unreachable: str = "",
) -> Setting:
    """A setting kept in ``Config.path``, which may lead into a part: ``encodings.hash_entries``."""
    *parts, last = path.split(".")

    def owner(config: Config) -> Any:
        return config if not parts else getattr(config, parts[0])

    def read(config: Config) -> Any:
        return getattr(owner(config), last)

    def write(config: Config, value: Any) -> None:
        setattr(owner(config), last, value)

    frozen = IMMUTABLE if fixed else ""
    return Setting(name, kind, read, write, alias, frozen, takes_words, unreachable)


def _foreign() -> Iterator[Setting]:
    """The settings of ``foreign.py``."""
    frozen = {"!": IMMUTABLE, "?": PROTECTED}
    for each in foreign_settings():
        kind = _foreign_kind(each)
        yield Setting(
            each.name,
            Only(kind, each.default, each.why_refused) if each.why_refused else kind,
            partial(_get_foreign, each.name, kind.read(each.default)),
            partial(_set_foreign, each.name),
            each.alias,
            frozen.get(each.mark, ""),
            takes_words=each.values == "words",
            is_hidden=each.mark == "~",
        )


def _foreign_kind(each: Foreign) -> Kind:
    """The kind that the table's words stand for."""
    if each.values in _NAMED_KINDS:
        return _NAMED_KINDS[each.values]
    if each.values.startswith("bytes "):
        return Memory(int(each.values.split()[1]), INT64_MAX)
    low, dots, high = each.values.partition("..")
    return Integer(int(low), int(high)) if dots else Choice(tuple(each.values.split("|")))


def _get_foreign(name: str, default: Any, config: Config) -> Any:
    return config.foreign.get(name, default)


def _set_foreign(name: str, config: Config, value: Any) -> None:
    config.foreign[name] = value


def _set_hz(config: Config, value: int) -> None:
    """As Redis, accept any number and clamp it."""
    config.hz = min(max(value, 1), 500)


def _set_log_level(config: Config, level: str) -> None:
    config.loglevel = level
    logging.getLogger("ferrite_lite").setLevel(LOG_LEVELS[level])


def _set_directory(_: Config, path: str) -> None:
    """Only at the start: relative paths in other settings start from here."""
    os.chdir(path)


#: The words of ``loglevel``. Python has one level for ``verbose`` and ``notice``.
LOG_LEVELS = {
    "debug": logging.DEBUG,
    "verbose": logging.INFO,
    "notice": logging.INFO,
    "warning": logging.WARNING,
}

_SIZE = Integer(0, INT64_MAX)
_INT = Integer(0, 2**31 - 1)
_NAMED_KINDS: dict[str, Kind] = {
    **{"yes|no": YesNo(), "text": Text(), "words": Text()},
    **{"int": _INT, "size": _SIZE},
}

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        _attribute("port", Integer(0, 65535), "port", unreachable=CANNOT_LISTEN),
        _attribute("bind", Text(), "bind", takes_words=True, unreachable=CANNOT_BIND),
        _attribute("unixsocket", Text(), "unixsocket", fixed=True),
        _attribute("databases", Integer(1, INT64_MAX), "databases", fixed=True),
        _attribute("requirepass", Secret(), "requirepass"),
        _attribute("aclfile", Text(), "aclfile", fixed=True),
        _attribute("acllog-max-len", Integer(0, INT64_MAX), "acllog_max_len"),
        _attribute(
            "acl-pubsub-default", Choice(("allchannels", "resetchannels")), "acl_pubsub_default"
        ),
        _attribute("maxclients", Integer(1, 2**32 - 1), "maxclients"),
        _attribute("timeout", Integer(0, 2**31 - 1), "timeout_seconds"),
        _attribute("proto-max-bulk-len", Memory(1024 * 1024, INT64_MAX), "max_bulk_bytes"),
        Setting(
            "client-output-buffer-limit",
            OutputLimitWords(),
            lambda config: config.output_limits,
            lambda config, limits: config.output_limits.update(limits),
            takes_words=True,
        ),
        _attribute("busy-reply-threshold", _SIZE, "busy_after_ms", alias="lua-time-limit"),
        _attribute(
            "hash-max-listpack-entries",
            _SIZE,
            "encodings.hash_entries",
            alias="hash-max-ziplist-entries",
        ),
        _attribute(
            "hash-max-listpack-value",
            Memory(0, INT64_MAX),
            "encodings.hash_value_bytes",
            alias="hash-max-ziplist-value",
        ),
        _attribute("set-max-intset-entries", _SIZE, "encodings.intset_entries"),
        _attribute("maxmemory", Memory(0, UINT64_MAX), "maxmemory_bytes"),
        _attribute("maxmemory-policy", Choice(EVICTION_POLICIES), "maxmemory_policy"),
        _attribute("maxmemory-samples", Integer(1, 2**31 - 1), "maxmemory_samples"),
        _attribute("maxmemory-eviction-tenacity", Integer(0, 100), "eviction_tenacity"),
        _attribute("maxmemory-clients", MemoryOrPercent(), "maxmemory_clients"),
        _attribute("lfu-log-factor", Integer(0, 2**31 - 1), "lfu_log_factor"),
        _attribute("lfu-decay-time", Integer(0, 2**31 - 1), "lfu_decay_minutes"),
        _attribute("rdbcompression", YesNo(), "compresses_dumps"),
        _attribute("slowlog-log-slower-than", Integer(-1, INT64_MAX), "slowlog_slower_than_us"),
        _attribute("slowlog-max-len", Integer(0, INT64_MAX), "slowlog_max_entries"),
        _attribute("latency-monitor-threshold", Integer(0, INT64_MAX), "latency_threshold_ms"),
        _attribute("latency-tracking", YesNo(), "latency_tracking"),
        _attribute(
            "latency-tracking-info-percentiles",
            Percentiles(),
            "latency_percentiles",
            takes_words=True,
        ),
        Setting("hz", _INT, lambda config: config.hz, _set_hz),
        _attribute("tcp-keepalive", _INT, "tcp_keepalive_seconds"),
        _attribute(
            "min-replicas-to-write", _INT, "min_replicas_to_write", alias="min-slaves-to-write"
        ),
        _attribute(
            "min-replicas-max-lag",
            _INT,
            "min_replicas_max_lag_seconds",
            alias="min-slaves-max-lag",
        ),
        _attribute("protected-mode", YesNo(), "protected_mode"),
        _attribute(
            "enable-debug-command", Choice(("no", "yes", "local")), "debug_access", fixed=True
        ),
        _attribute("unixsocketperm", Octal(), "unixsocket_mode", fixed=True),
        _attribute("pidfile", Text(), "pidfile", fixed=True),
        _attribute("logfile", Text(), "logfile", fixed=True),
        Setting("loglevel", Choice(tuple(LOG_LEVELS)), lambda c: c.loglevel, _set_log_level),
        Setting("dir", Text(), lambda _: os.getcwd(), _set_directory, frozen_because=PROTECTED),
        _attribute("tracking-table-max-keys", _SIZE, "tracking_max_keys"),
        _attribute("notify-keyspace-events", EventClasses(), "notified_classes"),
        *_foreign(),
    )
}

#: Every name, aliases included.
NAMES: dict[str, Setting] = {
    **SETTINGS,
    **{setting.alias: setting for setting in SETTINGS.values() if setting.alias},
}
