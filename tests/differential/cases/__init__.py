"""The cases, one module a group of commands."""

from __future__ import annotations

from . import (
    acl,
    administration,
    arguments,
    connection,
    dumping,
    expired,
    functions,
    hashes,
    keys,
    memory,
    newer,
    notifications,
    protocol,
    pubsub,
    scripting,
    server,
    sets,
    strings,
    transactions,
    uses,
)

_GROUPS = (
    strings,
    hashes,
    sets,
    keys,
    expired,
    notifications,
    transactions,
    connection,
    acl,
    server,
    administration,
    protocol,
    pubsub,
    scripting,
    dumping,
    functions,
    memory,
    uses,
    arguments,
)

CASES = [case for group in _GROUPS for case in group.CASES]

#: Compared with valkey-server.
NEWER_CASES = newer.CASES
