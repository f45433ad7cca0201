"""The cases, one module a group of commands."""

from __future__ import annotations

from . import (
    connection,
    hashes,
    keys,
    protocol,
    scripting,
    server,
    sets,
    strings,
    transactions,
)

_GROUPS = (strings, hashes, sets, keys, transactions, connection, server, protocol, scripting)

CASES = [case for group in _GROUPS for case in group.CASES]
