"""CLIENT LIST, INFO and KILL: all connections of the server, seen from one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    InvalidClientId,
    NoSuchClient,
    SubcommandSyntax,
    SyntaxFault,
    Unblocked,
    UnknownClientType,
    UnknownPauseMode,
    UnknownUnblockReason,
)
from ..eviction.crowding import argv_bytes, held_bytes, queue_bytes
from ..numeric import maybe_int, parse_int, wrapped_int64
from ..reply import OK, Reply, Verbatim
from ..words import keyword
from .clientfilters import Filter, flags_of, read_filters
from .documentation import help_lines
from .options import read_timeout_ms

command = CommandGroup("connection")


@command(
    "CLIENT INFO",
    "noscript loading stale",
    since="6.2.0",
    tips=["nondeterministic_output"],
)
def client_info(ctx: Context) -> Reply:
    """Describe this connection in one line."""
    return Verbatim(client_line(ctx) + b"\n")


@command(
    "CLIENT LIST [TYPE NORMAL | MASTER | REPLICA | PUBSUB] [ID client-id [client-id ...]]",
    "admin noscript loading stale",
    since="2.4.0",
    tips=["nondeterministic_output"],
)
def client_list(ctx: Context, *words: bytes) -> Reply:
    """Describe connections, one in a line."""
    clients = ctx.server.clients
    if not words:
        chosen = list(clients.values())
    elif keyword(words[0]) == b"ID" and len(words) > 1:
        ids = [maybe_int(word) for word in words[1:]]
        if None in ids:
            raise InvalidClientId
        chosen = [clients[number] for number in ids if number in clients]
    else:
        try:
            # Valkey takes ID beside other filters; Redis does not.
            filters, skips_me = read_filters(ctx.server, words, takes_ids=False)
        except UnknownClientType:
            if len(words) > 2:  # Redis accepts a type only alone
                raise SyntaxFault from None
            raise
        chosen = [c for c in _meant(clients.values(), filters) if not (skips_me and c is ctx)]
    return Verbatim(b"".join(client_line(client) + b"\n" for client in chosen))


@command(
    "CLIENT KILL <ip:port | <[ID client-id] | [TYPE NORMAL | MASTER | SLAVE | REPLICA | PUBSUB]"
    " | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME yes/no] | [MAXAGE maxage]>"
    " ...>",
    "admin noscript loading stale",
    since="2.4.0",
    arity=-3,
)
def client_kill(ctx: Context, *words: bytes) -> Reply:
    """Close connections, and return how many; the old form closes one, given its address."""
    clients = list(ctx.server.clients.values())
    if len(words) == 1:
        for client in clients:
            if client.peer.address.encode() == words[0]:
                kill(ctx, client)
                return OK
        raise NoSuchClient
    filters, skips_me = read_filters(ctx.server, words)
    doomed = [c for c in _meant(clients, filters) if c is not ctx or skips_me is False]
    for client in doomed:
        kill(ctx, client)
    return len(doomed)


def _meant(clients: Iterable[Context], filters: Sequence[Filter]) -> list[Context]:
    return [client for client in clients if all(means(client) for means in filters)]


def kill(ctx: Context, client: Context) -> None:
    """Close a connection at once; the caller's own after its reply."""
    if client is ctx:
        client.finish()
    else:
        client.drop()


# --- waiting --------------------------------------------------------------------------------------


@command("CLIENT PAUSE timeout [WRITE | ALL]", "admin noscript loading stale", since="2.9.50")
def client_pause(ctx: Context, timeout: bytes, *mode: bytes) -> Reply:
    """Make clients wait for some milliseconds: all of them, or those that would write."""
    if len(mode) > 1:
        raise SubcommandSyntax("client", ctx.argv[1])
    if mode and keyword(mode[0]) not in (b"WRITE", b"ALL"):
        raise UnknownPauseMode
    limit_ms = read_timeout_ms(timeout)
    until_ms = limit_ms and wrapped_int64(ctx.server.moment.ms + limit_ms)
    ctx.server.pause.begin(until_ms, for_all=not mode or keyword(mode[0]) == b"ALL")
    return OK


@command("CLIENT UNPAUSE", "admin noscript loading stale", since="6.2.0")
def client_unpause(ctx: Context) -> Reply:
    """End CLIENT PAUSE: all waiting clients go on."""
    ctx.server.pause.end()
    return OK


@command(
    "CLIENT UNBLOCK client-id [TIMEOUT | ERROR]", "admin noscript loading stale", since="5.0.0"
)
def client_unblock(ctx: Context, client_id: bytes, *reason: bytes) -> Reply:
    """Let a connection go on that waits for an answer, and return 1; 0 if it does not.

    Who waits for the end of CLIENT PAUSE goes on waiting.
    """
    if len(reason) > 1:
        raise SubcommandSyntax("client", ctx.argv[1])
    if reason and keyword(reason[0]) not in (b"TIMEOUT", b"ERROR"):
        raise UnknownUnblockReason
    client = ctx.server.clients.get(parse_int(client_id))
    if client is None or not ctx.server.holds.can_time_out(client):
        return 0
    metrics = ctx.server.metrics
    # As Redis counts it, whatever the reason: the call has failed, and took no time.
    metrics[client.command].failed += 1
    metrics[client.command].end_hold(0)
    if reason and keyword(reason[0]) == b"ERROR":
        error = Unblocked()
        metrics.count_failure(ctx.command, error)
        ctx.server.holds.answer(client, error)
    else:
        ctx.server.holds.time_out(client)
    return 1


@command("CLIENT HELP", "loading stale", since="5.0.0")
def client_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)


# --- how they are listed --------------------------------------------------------------------------


def client_line(client: Context) -> bytes:
    """One connection as CLIENT LIST writes it.

    Redis keeps buffers for each connection; here what it asks for is read, and what it is told is
    written, without any: what is free in them is 0.
    """
    now_ms = client.server.moment.ms
    transaction = client.shown_transaction
    buffers = client.measure()
    fields: dict[str, object] = {
        "id": client.id,
        "addr": client.peer.address,
        "laddr": client.peer.local_address,
        "fd": client.peer.fd,
        "name": client.name.decode(),
        "age": (now_ms - client.created_ms) // 1000,
        "idle": 0 if client.is_running else (now_ms - client.last_request_ms) // 1000,
        "flags": flags_of(client),
        **({"capa": client.capabilities} if client.capabilities else {}),
        "db": client.db.index,
        "sub": len(client.subscriptions.channels),
        "psub": len(client.subscriptions.patterns),
        "ssub": len(client.subscriptions.shard_channels),
        "multi": -1 if transaction is None else len(transaction.queue),
        "qbuf": buffers.query_bytes,
        "qbuf-free": 0,
        "argv-mem": argv_bytes(client),
        "multi-mem": queue_bytes(client),
        "rbs": 0,
        "rbp": 0,
        "obl": 0,
        "oll": int(buffers.output_bytes > 0),
        "omem": buffers.output_bytes,
        "tot-mem": held_bytes(client),
        "events": "rw" if buffers.output_bytes else "r",
        "cmd": _last_command(client),
        "user": client.user.name.decode("utf-8", "surrogateescape"),
        "redir": client.tracker.redirect_id if client.tracker is not None else -1,
        "resp": client.client_resp,
    }
    if client.library or client.library_version:
        # Since Redis 7.2; without CLIENT SETINFO the line is that of 7.0.
        fields["lib-name"] = client.library.decode()
        fields["lib-ver"] = client.library_version.decode()
    line = " ".join(f"{name}={value}" for name, value in fields.items())
    return line.encode("utf-8", "surrogateescape")


def _last_command(client: Context) -> str:
    if client.executing is not None:
        return "exec"  # whatever it runs
    return client.last_command.name if client.last_command is not None else "NULL"
