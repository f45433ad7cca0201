"""Every command, by the name a client sends. One module for each group of Redis's documentation."""

from __future__ import annotations

from ..command import CommandTable
from . import (
    acl,
    clients,
    configuration,
    connection,
    debugging,
    dumping,
    functions,
    hashes,
    introspection,
    keys,
    latency,
    lists,
    memory,
    operations,
    pubsub,
    scripting,
    server,
    sets,
    slowlog,
    sorting,
    strings,
    tracking,
    transactions,
)

GROUPS = (
    strings.command,
    hashes.command,
    sets.command,
    keys.command,
    keys.replication,
    sorting.command,
    dumping.command,
    dumping.server_command,
    lists.command,
    transactions.command,
    connection.command,
    acl.command,
    clients.command,
    tracking.command,
    server.command,
    memory.command,
    configuration.command,
    slowlog.command,
    debugging.command,
    operations.command,
    latency.command,
    introspection.command,
    pubsub.command,
    scripting.command,
    functions.command,
)
TABLE = CommandTable(GROUPS)
