"""Settings of Redis that have no effect here: a table of their names, values and defaults.

There are two sorts. A setting that only tunes something this server lacks (replicas, sorted sets,
the details of saving) keeps whatever value it is given, because nothing depends on it. A setting
that asks for something this server does not do accepts only the value that does not ask for it.
Clients and configuration files may name both, and CONFIG GET shows them as Redis does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..errors import SettingReason

#: A line is ``name[=older name]  default  values``. Values are ``yes|no`` or other words,
#: ``text``, ``words`` (several), ``low..high``, ``int`` and ``size`` (up to the largest),
#: ``bytes`` from the bound that follows, or ``unsigned`` bytes. ``!`` marks a setting that Redis
#: lets nobody change while it runs, ``?`` one that only a trusted machine may change, and ``~`` one
#: that CONFIG GET shows only if its name is spelt out. Text may be quoted as in redis.conf.
_KEPT = """
list-max-listpack-size=list-max-ziplist-size        -2        -2147483648..2147483647
list-compress-depth                                 0         int
zset-max-listpack-entries=zset-max-ziplist-entries  128       size
zset-max-listpack-value=zset-max-ziplist-value      64        bytes 0
stream-node-max-bytes                               4096      bytes 0
stream-node-max-entries                             100       size
hll-sparse-max-bytes                                3000      bytes 0

appendfsync                         everysec                  everysec|always|no
appendfilename                      appendonly.aof            !text
appenddirname                       appendonlydir             !text
auto-aof-rewrite-percentage         100                       int
auto-aof-rewrite-min-size           67108864                  bytes 0
no-appendfsync-on-rewrite           no                        yes|no
aof-disable-auto-gc                 no                        yes|no
aof-load-truncated                  yes                       yes|no
aof-rewrite-incremental-fsync       yes                       yes|no
aof-timestamp-enabled               no                        yes|no
aof-use-rdb-preamble                yes                       yes|no
dbfilename                          dump.rdb                  ?text
rdb-del-sync-files                  no                        yes|no
rdb-save-incremental-fsync          yes                       yes|no
rdbchecksum                         yes                       !yes|no
stop-writes-on-bgsave-error         yes                       yes|no
sanitize-dump-payload               no                        no|yes|clients
key-load-delay                      0                         ~-2147483648..2147483647
rdb-key-save-delay                  0                         ~-2147483648..2147483647
loading-process-events-interval-bytes                2097152  ~1024..2147483647
use-exit-on-panic                   no                        ~yes|no
watchdog-period                     0                         ~int

masterauth                          ""                        text
masteruser                          ""                        text
repl-backlog-size                   1048576                   backlog
repl-backlog-ttl                    3600                      size
repl-disable-tcp-nodelay            no                        yes|no
repl-diskless-load                  disabled                  disabled|on-empty-db|swapdb
repl-diskless-sync                  yes                       yes|no
repl-diskless-sync-delay            5                         int
repl-diskless-sync-max-replicas     0                         int
repl-ping-replica-period=repl-ping-slave-period             10   1..2147483647
repl-timeout                        60                        1..2147483647
replica-announce-ip=slave-announce-ip                       ""   text
replica-announce-port=slave-announce-port                   0    0..65535
replica-announced                   yes                       yes|no
replica-ignore-disk-write-errors    no                        yes|no
replica-ignore-maxmemory=slave-ignore-maxmemory             yes  yes|no
replica-lazy-flush=slave-lazy-flush                         no   yes|no
replica-priority=slave-priority                             100  int
replica-read-only=slave-read-only                           yes  yes|no
replica-serve-stale-data=slave-serve-stale-data             yes  yes|no
propagation-error-behavior          ignore                    ignore|panic|panic-on-replicas
shutdown-timeout                    10                        int

cluster-allow-pubsubshard-when-down yes                       yes|no
cluster-allow-reads-when-down       no                        yes|no
cluster-allow-replica-migration     yes                       yes|no
cluster-announce-bus-port           0                         0..65535
cluster-announce-hostname           ""                        hostname
cluster-announce-ip                 ""                        text
cluster-announce-port               0                         0..65535
cluster-announce-tls-port           0                         0..65535
cluster-config-file                 nodes.conf                !text
cluster-link-sendbuf-limit          0                         unsigned
cluster-migration-barrier           1                         int
cluster-node-timeout                15000                     size
cluster-port                        0                         !0..65535
cluster-preferred-endpoint-type     ip                        ip|hostname|unknown-endpoint
cluster-replica-no-failover=cluster-slave-no-failover          no  yes|no
cluster-replica-validity-factor=cluster-slave-validity-factor  10  int
cluster-require-full-coverage       yes                       yes|no

lazyfree-lazy-eviction              no                        yes|no
lazyfree-lazy-expire                no                        yes|no
lazyfree-lazy-server-del            no                        yes|no
lazyfree-lazy-user-del              no                        yes|no
lazyfree-lazy-user-flush            no                        yes|no
active-defrag-cycle-max             25                        1..99
active-defrag-cycle-min             1                         1..99
active-defrag-ignore-bytes          104857600                 bytes 1
active-defrag-max-scan-fields       1000                      1..9223372036854775807
active-defrag-threshold-lower       10                        0..1000
active-defrag-threshold-upper       100                       0..1000

tls-auth-clients                    yes                       no|yes|optional
tls-ca-cert-dir                     ""                        text
tls-ca-cert-file                    ""                        text
tls-cert-file                       ""                        text
tls-ciphers                         ""                        text
tls-ciphersuites                    ""                        text
tls-client-cert-file                ""                        text
tls-client-key-file                 ""                        text
tls-client-key-file-pass            ""                        text
tls-dh-params-file                  ""                        text
tls-key-file                        ""                        text
tls-key-file-pass                   ""                        text
tls-prefer-server-ciphers           no                        yes|no
tls-protocols                       ""                        text
tls-session-cache-size              20480                     int
tls-session-cache-timeout           300                       int
tls-session-caching                 yes                       yes|no

active-expire-effort                1                         1..10
activerehashing                     yes                       yes|no
bind-source-addr                    ""                        text
crash-log-enabled                   yes                       yes|no
crash-memcheck-enabled              yes                       yes|no
dynamic-hz                          yes                       yes|no
ignore-warnings                     ""                        text
jemalloc-bg-thread                  yes                       yes|no
oom-score-adj-values                "0 200 800"               scores
proc-title-template                 "{title} {listen-addr} {server-mode}"  template
shutdown-on-sigint                  default                   shutdown
shutdown-on-sigterm                 default                   shutdown
"""

#: Settings of which only the default is accepted, by the reason why.
_REFUSED = {
    "data is not kept on disk": """
        appendonly                      no                    yes|no
        save                            ""                    saves
    """,
    "this server is nobody's replica": """
        replicaof=slaveof               ""                    !words
    """,
    "this server is no node of a cluster": """
        cluster-enabled                 no                    !yes|no
    """,
    "modules cannot be loaded": """
        enable-module-command           no                    !no|yes|local
    """,
    "it names a part of Redis that this server does not have": """
        always-show-logo                no                    !yes|no
        aof_rewrite_cpulist             ""                    !text
        bgsave_cpulist                  ""                    !text
        bio_cpulist                     ""                    !text
        server_cpulist                  ""                    !text
        client-query-buffer-limit       1073741824            bytes 1048576
        disable-thp                     yes                   !yes|no
        enable-protected-configs        no                    !no|yes|local
        lua-enable-deprecated-api       no                    !~yes|no
        io-threads                      1                     !1..128
        io-threads-do-reads             no                    !yes|no
        oom-score-adj                   no                    no|yes|relative|absolute
        set-proc-title                  yes                   !yes|no
        socket-mark-id                  0                     !0..4294967295
        supervised                      no                    !upstart|systemd|auto|no
        daemonize                       no                    !yes|no
        syslog-enabled                  no                    !yes|no
        syslog-facility                 local0                !text
        syslog-ident                    redis                 !text
        tcp-backlog                     511                   !int
    """,
}

#: The same in Redis's own words: it refuses them too, where it was built or set up for less.
_REFUSED_ALIKE = {
    SettingReason.NO_TLS: """
        tls-port                        0                     0..65535
        tls-cluster                     no                    yes|no
        tls-replication                 no                    yes|no
    """,
    SettingReason.NO_DEFRAGMENTATION: """
        activedefrag                    no                    yes|no
    """,
}


@dataclass(frozen=True, slots=True)
class Foreign:
    """One line of the table."""

    name: str
    alias: str | None
    default: bytes
    #: In the table's words.
    values: str
    #: Of ``!``, ``?`` and ``~``, or nothing.
    marks: str
    #: Why nothing but the default is accepted; empty for what is kept.
    why_refused: str


def foreign_settings() -> Iterator[Foreign]:
    """Every setting of the table."""
    for why, lines in {"": _KEPT, **_REFUSED_ALIKE}.items():
        for line in filter(None, map(str.strip, lines.splitlines())):
            yield _read(line, why)
    for why, lines in _REFUSED.items():
        for line in filter(None, map(str.strip, lines.splitlines())):
            setting = _read(line, "")
            shown = setting.default.decode()
            yield replace(setting, why_refused=f"only '{shown}' is accepted: {why}")


def _read(line: str, why: str) -> Foreign:
    names, rest = line.split(maxsplit=1)
    name, _, alias = names.partition("=")
    quoted = rest.startswith('"')
    default, values = rest[1:].split('"', 1) if quoted else rest.split(maxsplit=1)
    values = values.strip()
    kind = values.lstrip("!?~")
    marks = values.removesuffix(kind)
    return Foreign(name, alias or None, default.encode(), kind, marks, why)
