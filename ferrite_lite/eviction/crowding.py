"""``maxmemory-clients``: when connections together hold too much, the heaviest are closed.

What a connection holds is what CLIENT LIST shows as ``tot-mem``. Only clients that called
CLIENT NO-EVICT are spared: one that does not read must not take everybody's memory.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..config import Config
from .memory import CLIENT_BYTES

if TYPE_CHECKING:
    from ..context import Context
    from ..state import ServerState

logger = logging.getLogger("ferrite_lite")

#: What a word of a queued request takes besides its own bytes.
POINTER_BYTES = 8

#: What a name that is remembered for a client (a channel, a watched key, a prefix) takes in a
#: dictionary, whatever its length: the names themselves are shared.
NAME_BYTES = 64


def limit_bytes(config: Config) -> int:
    """How much all connections may hold; 0, or a share of a ``maxmemory`` of 0, is no limit."""
    percent = config.maxmemory_clients.removesuffix("%")
    if percent != config.maxmemory_clients:
        return config.maxmemory_bytes * int(percent) // 100
    return int(config.maxmemory_clients)


def argv_bytes(client: Context) -> int:
    """What the words of the request that runs, or is held, take; 0 if there is none."""
    if client.executing is not None:
        return len("exec")  # whatever it runs
    return _size(client.argv) if client.is_running or client.hold is not None else 0


def queue_bytes(client: Context) -> int:
    """What the requests that MULTI has queued take."""
    transaction = client.shown_transaction
    queue = transaction.queue if transaction is not None else []
    return sum(_size(argv) + POINTER_BYTES * len(argv) for argv in queue)


def names_bytes(client: Context) -> int:
    """What it takes to remember which names the client listens to, watches and tracks."""
    heard, tracker = client.subscriptions, client.tracker
    names = (heard.channels, heard.patterns, heard.shard_channels, client.watch.keys)
    prefixes = len(tracker.prefixes) if tracker is not None else 0
    return NAME_BYTES * (sum(map(len, names)) + prefixes)


def fieldsets_bytes(client: Context) -> int:
    """What the fieldsets take that HIMPORT PREPARE has the client keep."""
    return 0 if client.fieldsets is None else client.fieldsets.held_bytes


def held_bytes(client: Context) -> int:
    """What a connection holds in all: mostly its buffers."""
    requests_bytes = argv_bytes(client) + queue_bytes(client)
    kept_bytes = names_bytes(client) + fieldsets_bytes(client)
    return CLIENT_BYTES + sum(client.measure()) + requests_bytes + kept_bytes


def _size(argv: list[bytes]) -> int:
    return sum(map(len, argv))


def thin_out(server: ServerState) -> None:
    """Close connections, the heaviest first, until the others hold no more than they may."""
    limit = limit_bytes(server.config)
    if not limit:
        return
    clients = [client for client in server.clients.values() if not client.no_evict]
    sizes = {client: held_bytes(client) for client in clients}
    total = sum(sizes.values())
    for client in sorted(clients, key=sizes.__getitem__, reverse=True):
        if total <= limit:
            return
        total -= sizes[client]
        server.statistics.evicted_clients += 1
        logger.warning("closing %s: maxmemory-clients", client.peer.address)
        client.drop()
