"""CLIENT LIST, INFO and KILL: all connections of the server, seen from one of them."""

from __future__ import annotations

from collections.abc import Callable

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    ClientIdNotPositive,
    InvalidClientId,
    NoSuchClient,
    NoSuchUser,
    SubcommandSyntax,
    SyntaxFault,
    UnknownClientType,
    UnknownPauseMode,
    UnknownUnblockReason,
)
from ..numeric import maybe_int, parse_int
from ..reply import OK, Reply, Verbatim
from ..state import ServerState
from .helping import help_lines
from .options import read_timeout_ms

command = CommandGroup("connection")

#: What CLIENT calls the kinds of connection; only the first and the last exist here.
TYPES = frozenset({b"normal", b"master", b"replica", b"slave", b"pubsub"})
YES_OR_NO = {b"yes": True, b"no": False}

#: Whether a connection is one of those that are meant.
Filter = Callable[[Context], bool]


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
    complexity="O(N) where N is the number of client connections",
    tips=["nondeterministic_output"],
)
def client_list(ctx: Context, *words: bytes) -> Reply:
    """Describe connections, one in a line."""
    clients = ctx.server.clients
    if not words:
        chosen = list(clients.values())
    elif words[0].lower() == b"type" and len(words) == 2:
        is_of_type = _type_filter(words[1])
        chosen = [client for client in clients.values() if is_of_type(client)]
    elif words[0].lower() == b"id" and len(words) > 1:
        ids = [maybe_int(word) for word in words[1:]]
        if None in ids:
            raise InvalidClientId
        chosen = [clients[number] for number in ids if number in clients]
    else:
        raise SyntaxFault
    return Verbatim(b"".join(client_line(client) + b"\n" for client in chosen))


@command(
    "CLIENT KILL <ip:port | <[ID client-id] | [TYPE NORMAL | MASTER | SLAVE | REPLICA | PUBSUB]"
    " | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME yes/no]> ...>",
    "admin noscript loading stale",
    since="2.4.0",
    complexity="O(N) where N is the number of client connections",
    arity=-3,
)
def client_kill(ctx: Context, *words: bytes) -> Reply:
    """Close connections, and return how many; the old form names one by its address."""
    clients = list(ctx.server.clients.values())
    if len(words) == 1:
        for client in clients:
            if client.peer.address.encode() == words[0]:
                kill(ctx, client)
                return OK
        raise NoSuchClient
    filters, skips_me = _read_kill_filters(ctx.server, words)
    doomed = [c for c in clients if all(f(c) for f in filters) and not (skips_me and c is ctx)]
    for client in doomed:
        kill(ctx, client)
    return len(doomed)


def _read_kill_filters(server: ServerState, words: tuple[bytes, ...]) -> tuple[list[Filter], bool]:
    if len(words) % 2:
        raise SyntaxFault
    filters: list[Filter] = []
    skips_me = True
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option.lower() == b"skipme":
            if value.lower() not in YES_OR_NO:
                raise SyntaxFault
            skips_me = YES_OR_NO[value.lower()]
        else:
            filters.append(_filter(server, option.lower(), value))
    return filters, skips_me


def _filter(server: ServerState, option: bytes, value: bytes) -> Filter:
    if option == b"id":
        number = maybe_int(value)
        if number is None or number < 1:
            raise ClientIdNotPositive
        return lambda client: client.id == number
    if option == b"type":
        return _type_filter(value)
    if option == b"user":
        user = server.acl.find(value)
        if user is None:
            raise NoSuchUser(value)
        return lambda client: client.user is user
    if option == b"addr":
        return lambda client: client.peer.address.encode() == value
    if option == b"laddr":
        return lambda client: client.peer.local_address.encode() == value
    raise SyntaxFault


def _type_filter(kind: bytes) -> Filter:
    if kind.lower() not in TYPES:
        raise UnknownClientType(kind)
    return lambda client: kind.lower() == client.kind.encode()


def kill(ctx: Context, client: Context) -> None:
    """Close at once, but let one's own reply go out first."""
    client.finish()
    if client is not ctx:
        client.server.broker.forget(client)
        client.close()


# --- waiting --------------------------------------------------------------------------------------


@command("CLIENT PAUSE timeout [WRITE | ALL]", "admin noscript loading stale", since="2.9.50")
def client_pause(ctx: Context, timeout: bytes, *mode: bytes) -> Reply:
    """Let clients wait for some milliseconds: all of them, or those that would write."""
    if len(mode) > 1:
        raise SubcommandSyntax("client", ctx.argv[1])
    if mode and mode[0].lower() not in (b"write", b"all"):
        raise UnknownPauseMode
    limit_ms = read_timeout_ms(timeout)
    until_ms = limit_ms and ctx.server.moment.ms + limit_ms
    ctx.server.pause.begin(until_ms, for_all=not mode or mode[0].lower() == b"all")
    return OK


@command(
    "CLIENT UNPAUSE",
    "admin noscript loading stale",
    since="6.2.0",
    complexity="O(N) Where N is the number of paused clients",
)
def client_unpause(ctx: Context) -> Reply:
    """Let all who wait go on."""
    ctx.server.pause.end()
    return OK


@command(
    "CLIENT UNBLOCK client-id [TIMEOUT | ERROR]",
    "admin noscript loading stale",
    since="5.0.0",
    complexity="O(log N) where N is the number of client connections",
)
def client_unblock(ctx: Context, client_id: bytes, *reason: bytes) -> Reply:
    """Return 0: no command of this server blocks, so nobody is to be set free."""
    if len(reason) > 1:
        raise SubcommandSyntax("client", ctx.argv[1])
    if reason and reason[0].lower() not in (b"timeout", b"error"):
        raise UnknownUnblockReason
    parse_int(client_id)
    return 0


@command("CLIENT HELP", "loading stale", since="5.0.0")
def client_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)


# --- how they are told ----------------------------------------------------------------------------


def client_line(client: Context) -> bytes:
    """One connection as CLIENT LIST writes it; what this server has no count of is 0."""
    now_ms = client.server.moment.ms
    transaction = client.transaction
    running = getattr(client, "command", None)
    fields: dict[str, object] = {
        "id": client.id,
        "addr": client.peer.address,
        "laddr": client.peer.local_address,
        "fd": client.peer.fd,
        "name": client.name.decode(),
        "age": (now_ms - client.created_ms) // 1000,
        "idle": (now_ms - client.last_request_ms) // 1000,
        "flags": _flags(client),
        "db": client.db.index,
        "sub": len(client.subscriptions.channels),
        "psub": len(client.subscriptions.patterns),
        "ssub": len(client.subscriptions.shard_channels),
        "multi": -1 if transaction is None else len(transaction.queue),
        "qbuf": 0,
        "qbuf-free": 0,
        "argv-mem": 0,
        "multi-mem": 0,
        "rbs": 0,
        "rbp": 0,
        "obl": 0,
        "oll": 0,
        "omem": 0,
        "tot-mem": 0,
        "events": "r",
        "cmd": running.name if running is not None else "NULL",
        "user": client.user.name.decode("utf-8", "surrogateescape"),
        "redir": -1 if client.tracker is None else client.tracker.redirect_id,
        "resp": client.resp,
        "lib-name": client.library.decode(),
        "lib-ver": client.library_version.decode(),
    }
    line = " ".join(f"{name}={value}" for name, value in fields.items())
    return line.encode("utf-8", "surrogateescape")


def _flags(client: Context) -> str:
    flags = "O" if client in client.server.monitor.watchers else ""
    flags += "P" if client.subscriptions else ""
    flags += "b" if client in client.server.pause.waiting else ""
    flags += "x" if client.transaction is not None else ""
    flags += "d" if client.watch.broken else ""
    flags += "e" if client.no_evict else ""
    return flags or "N"
