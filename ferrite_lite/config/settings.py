"""Every setting, declared once under its name in CONFIG GET and redis.conf."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import SettingReason
from ..numeric import INT64_MAX, UINT64_MAX
from .current import Config
from .foreign import Foreign, foreign_settings
from .foreignkinds import (
    BacklogSize,
    HostName,
    OomScores,
    SavePoints,
    ShutdownOptions,
    TitleTemplate,
)
from .kinds import (
    Choice,
    EventClasses,
    Integer,
    Kind,
    Octal,
    Only,
    OutputLimitWords,
    Percentiles,
    Secret,
    Size,
    SizeOrPercent,
    Text,
    YesNo,
)

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
    #: Its name in Valkey, which CONFIG GET shows only if it is spelt out.
    newer_name: str = ""


def _attribute(
    name: str,
    kind: Kind,
    path: str,
    *,
    fixed: bool = False,
    alias: str | None = None,
    takes_words: bool = False,
    unreachable: str = "",
    is_hidden: bool = False,
    newer_name: str = "",
) -> Setting:
    """A setting kept in ``Config.path``, which may lead into a part: ``encodings.hash_entries``."""
    *parts, last = path.split(".")

    def owner(config: Config) -> Any:
        return config if not parts else getattr(config, parts[0])

    def read(config: Config) -> Any:
        return getattr(owner(config), last)

    def write(config: Config, value: Any) -> None:
        setattr(owner(config), last, value)

    frozen = SettingReason.IMMUTABLE if fixed else ""
    return Setting(
        name, kind, read, write, alias, frozen, takes_words, unreachable, is_hidden, newer_name
    )


def _valkey() -> Iterator[Setting]:
    """The settings of COMMANDLOG that are not of the slow log."""
    for name, kind, attribute in (
        ("commandlog-request-larger-than", _LIMIT, "large_request_bytes"),
        ("commandlog-reply-larger-than", _LIMIT, "large_reply_bytes"),
        ("commandlog-large-request-max-len", _SIZE, "large_requests_max_entries"),
        ("commandlog-large-reply-max-len", _SIZE, "large_replies_max_entries"),
    ):
        yield _attribute(name, kind, attribute, is_hidden=True)


def _foreign() -> Iterator[Setting]:
    """The settings of ``foreign``."""
    frozen = {"!": SettingReason.IMMUTABLE, "?": SettingReason.PROTECTED}
    for each in foreign_settings():
        kind = _foreign_kind(each)
        yield Setting(
            each.name,
            Only(kind, each.default, each.why_refused) if each.why_refused else kind,
            partial(_get_foreign, each.name, kind.read(each.default)),
            partial(_set_foreign, each.name),
            each.alias,
            frozen.get(each.marks[:1], ""),
            takes_words=each.values in _OF_SEVERAL_WORDS,
            is_hidden="~" in each.marks,
        )


def _foreign_kind(each: Foreign) -> Kind:
    """The kind that the table's words stand for."""
    if each.values in _NAMED_KINDS:
        return _NAMED_KINDS[each.values]
    if each.values.startswith("bytes "):
        return Size(int(each.values.split()[1]), INT64_MAX)
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
#: From where on something is logged; negative for never.
_LIMIT = Integer(-1, INT64_MAX)
_INT = Integer(0, 2**31 - 1)
_NAMED_KINDS: dict[str, Kind] = {
    **{"yes|no": YesNo(), "text": Text(), "words": Text()},
    **{"int": _INT, "size": _SIZE},
    **{"hostname": HostName(), "saves": SavePoints(), "scores": OomScores()},
    **{"template": TitleTemplate(), "shutdown": ShutdownOptions()},
    **{"backlog": BacklogSize(1, INT64_MAX), "unsigned": Size(0, UINT64_MAX)},
}

_OF_SEVERAL_WORDS = frozenset({"words", "saves", "scores", "shutdown"})

SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        _attribute("port", Integer(0, 65535), "port", unreachable=SettingReason.CANNOT_LISTEN),
        _attribute("bind", Text(), "bind", takes_words=True, unreachable=SettingReason.CANNOT_BIND),
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
        _attribute("proto-max-bulk-len", Size(1024 * 1024, INT64_MAX), "max_bulk_bytes"),
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
            Size(0, INT64_MAX),
            "encodings.hash_value_bytes",
            alias="hash-max-ziplist-value",
        ),
        _attribute("set-max-intset-entries", _SIZE, "encodings.intset_entries"),
        _attribute("maxmemory", Size(0, UINT64_MAX), "maxmemory_bytes"),
        _attribute("maxmemory-policy", Choice(EVICTION_POLICIES), "maxmemory_policy"),
        _attribute("maxmemory-samples", Integer(1, 2**31 - 1), "maxmemory_samples"),
        _attribute("maxmemory-eviction-tenacity", Integer(0, 100), "eviction_tenacity"),
        _attribute("maxmemory-clients", SizeOrPercent(), "maxmemory_clients"),
        _attribute("lfu-log-factor", Integer(0, 2**31 - 1), "lfu_log_factor"),
        _attribute("lfu-decay-time", Integer(0, 2**31 - 1), "lfu_decay_minutes"),
        _attribute("rdbcompression", YesNo(), "compresses_dumps"),
        _attribute(
            "slowlog-log-slower-than",
            _LIMIT,
            "slowlog_slower_than_us",
            newer_name="commandlog-execution-slower-than",
        ),
        _attribute(
            "slowlog-max-len",
            _SIZE,
            "slowlog_max_entries",
            newer_name="commandlog-slow-execution-max-len",
        ),
        *_valkey(),
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
        Setting(
            "dir",
            Text(),
            lambda _: os.getcwd(),
            _set_directory,
            frozen_because=SettingReason.PROTECTED,
        ),
        _attribute("tracking-table-max-keys", _SIZE, "tracking_max_keys"),
        _attribute("notify-keyspace-events", EventClasses(), "notified_classes"),
        *_foreign(),
    )
}

#: Every name, aliases included.
NAMES: dict[str, Setting] = {
    **SETTINGS,
    **{setting.alias: setting for setting in SETTINGS.values() if setting.alias},
    **{setting.newer_name: setting for setting in SETTINGS.values() if setting.newer_name},
}
