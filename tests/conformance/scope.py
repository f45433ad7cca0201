"""Which tests are about ferrite_lite, decided by the commands they send.

redis-server itself says to which group a command belongs. A test that sends one command of a group
that ferrite_lite leaves to others is not ours; every other test is, whatever it is called and
whether or not the command is implemented here yet. A command that redis-server does not know
either is no reason to leave a test out: both must answer alike.
"""

from __future__ import annotations

from typing import Any

import hiredis

from tests.support.servers import RealServer

#: COMMAND DOCS of the reference tells these groups.
FOREIGN_GROUPS = frozenset(
    {"list", "sorted-set", "stream", "geo", "bitmap", "hyperloglog", "cluster", "sentinel"}
)
#: Of the server group: replication, modules, and files that another server is to load.
FOREIGN_COMMANDS = frozenset(
    {
        *("failover", "psync", "replconf", "replicaof", "slaveof", "sync"),
        *("module", "readonly", "readwrite"),
        *("bgrewriteaof", "bgsave", "save"),
    }
)


def foreign_commands(reference: RealServer) -> frozenset[str]:
    """The names, in lower case, of the commands that are left to others."""
    reader = hiredis.Reader(encoding="utf-8")
    reader.feed(reference.ask("COMMAND", "DOCS"))
    docs: list[Any] = reader.gets()
    fields = zip(docs[::2], docs[1::2], strict=True)
    groups = {name: each[each.index("group") + 1] for name, each in fields}
    named = {name for name, group in groups.items() if group in FOREIGN_GROUPS}
    return frozenset(named | FOREIGN_COMMANDS)
