"""Commands on the connection itself: who it is, what it speaks, which database it looks at."""

from __future__ import annotations

from ..acl import DEFAULT_USER, Place
from ..command import CommandGroup
from ..context import Context, ReplyMode
from ..errors import (
    DatabaseOutOfRange,
    HelloSyntax,
    HelloUnauthenticated,
    InvalidClientInfo,
    InvalidClientName,
    NoImportMode,
    NoPasswordSet,
    ProtocolVersionNotAnInteger,
    SyntaxFault,
    UnknownClientInfo,
    UnsupportedProtocol,
    WrongArity,
    WrongPassword,
)
from ..numeric import maybe_int, parse_int32
from ..reply import NO_REPLY, OK, PONG, Reply, Status
from ..words import keyword
from .clientfilters import CAPABILITIES

command = CommandGroup("connection")

RESET = Status(b"RESET")


# --- who it is ------------------------------------------------------------------------------------


@command(
    "AUTH [username] password", "noscript loading stale fast no_auth allow_busy", since="1.0.0"
)
def auth(ctx: Context, *credentials: bytes) -> Reply:
    """Present a password, with or without a user name."""
    if len(credentials) > 2:
        raise SyntaxFault
    if len(credentials) == 1 and ctx.server.acl.default.needs_no_password:
        raise NoPasswordSet
    *user, password = credentials
    _authenticate(ctx, user[0] if user else DEFAULT_USER, password)
    return OK


def _authenticate(ctx: Context, user: bytes, password: bytes) -> None:
    """Raises WrongPassword: the same, after the same time, for a wrong name or password."""
    found = ctx.server.acl.authenticate(user, password)
    if found is None:
        place = Place.MULTI if ctx.executing else Place.TOPLEVEL
        ctx.log_denial("auth", place, ctx.argv[0], user)
        raise WrongPassword
    ctx.become(found)


@command(
    "HELLO [protover [AUTH username password] [SETNAME clientname]]",
    "noscript loading stale fast no_auth allow_busy",
    since="6.0.0",
)
def hello(ctx: Context, *words: bytes) -> Reply:
    """Shake hands: choose the protocol, authenticate, take a name."""
    version = ctx.resp
    if words:
        number = maybe_int(words[0])
        if number is None:
            raise ProtocolVersionNotAnInteger
        if number not in (2, 3):
            raise UnsupportedProtocol
        version = number
    _apply_hello_options(ctx, words[1:])
    if not ctx.has_authenticated:
        raise HelloUnauthenticated
    ctx.resp = version
    return {
        b"server": b"redis",
        b"version": ctx.server.redis_version,
        b"proto": ctx.resp,
        b"id": ctx.id,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


def _apply_hello_options(ctx: Context, words: tuple[bytes, ...]) -> None:
    """Apply options one after the other, as Redis does: those before a mistake take effect."""
    remaining = iter(words)
    for word in remaining:
        try:
            if keyword(word) == b"AUTH":
                _authenticate(ctx, next(remaining), next(remaining))
            elif keyword(word) == b"SETNAME":
                _set_name(ctx, next(remaining))
            else:
                raise HelloSyntax(word)
        except StopIteration:
            raise HelloSyntax(word) from None


def _set_name(ctx: Context, name: bytes) -> None:
    if not _is_printable(name):
        raise InvalidClientName
    ctx.name = name


def _is_printable(text: bytes) -> bool:
    """CLIENT LIST separates its fields by spaces, so no name may hold one."""
    return all(ord("!") <= byte <= ord("~") for byte in text)


# --- small talk -----------------------------------------------------------------------------------


@command(
    "PING [message]",
    "fast",
    since="1.0.0",
    tips=["request_policy:all_shards", "response_policy:all_succeeded"],
)
def ping(ctx: Context, *message: bytes) -> Reply:
    """Answer, to show that the server is there."""
    if len(message) > 1:
        raise WrongArity(ctx.command.name)
    if ctx.subscriptions and ctx.resp == 2:
        # An array that begins with a word, like everything that a subscriber reads.
        return [b"pong", *(message or (b"",))]
    return message[0] if message else PONG


@command("ECHO message", "loading stale fast", since="1.0.0")
def echo(ctx: Context, message: bytes) -> Reply:
    """Return the message."""
    return message


@command("SELECT index", "loading stale fast", since="1.0.0")
def select(ctx: Context, index: bytes) -> Reply:
    """Change to another database."""
    number = parse_int32(index)
    if not 0 <= number < len(ctx.server.databases):
        raise DatabaseOutOfRange
    ctx.db = ctx.server.databases[number]
    return OK


@command(
    "QUIT",
    "noscript loading stale fast no_auth allow_busy",
    since="1.0.0",
    arity=-1,
)
def quit_(ctx: Context, *_: bytes) -> Reply:
    """Answer, and close the connection."""
    ctx.finish()
    return OK


@command("RESET", "noscript loading stale fast no_auth allow_busy", since="6.2.0")
def reset(ctx: Context) -> Reply:
    """Reset everything that this connection has set, as if it were new."""
    ctx.end_transaction()
    ctx.server.broker.forget(ctx)
    ctx.server.tracking.stop(ctx)
    ctx.server.monitor.remove(ctx)
    ctx.db = ctx.server.databases[0]
    ctx.resp = 2
    ctx.name = b""
    if ctx.reply_mode is not ReplyMode.SKIP_THIS:  # that ends with this reply anyway
        ctx.reply_mode = ReplyMode.ON
    ctx.no_touch = False
    ctx.fieldsets = None
    ctx.become_default_user()
    return RESET


# --- CLIENT: this connection ----------------------------------------------------------------------


@command("CLIENT ID", "noscript loading stale", since="5.0.0")
def client_id(ctx: Context) -> Reply:
    """Return this connection's number."""
    return ctx.id


@command("CLIENT SETNAME connection-name", "noscript loading stale", since="2.6.9")
def client_setname(ctx: Context, name: bytes) -> Reply:
    """Give this connection a name; an empty one takes it away."""
    _set_name(ctx, name)
    return OK


@command("CLIENT GETNAME", "noscript loading stale", since="2.6.9")
def client_getname(ctx: Context) -> Reply:
    """Return this connection's name."""
    return ctx.name or None


@command(
    "CLIENT SETINFO <LIB-NAME libname | LIB-VER libver>",
    "noscript loading stale",
    since="7.2.0",
    arity=4,
)
def client_setinfo(ctx: Context, attribute: bytes, value: bytes) -> Reply:
    """Tell which client library speaks, and its version."""
    name = keyword(attribute)
    if name not in (b"LIB-NAME", b"LIB-VER"):
        raise UnknownClientInfo(attribute)
    if not _is_printable(value):
        raise InvalidClientInfo(attribute)
    if name == b"LIB-NAME":
        ctx.library = value
    else:
        ctx.library_version = value
    return OK


@command(
    "CLIENT NO-EVICT <ON | OFF>",
    "admin noscript loading stale",
    since="7.0.0",
)
def client_no_evict(ctx: Context, switch: bytes) -> Reply:
    """Choose whether this connection is kept when connections hold too much memory."""
    ctx.no_evict = _is_on(switch)
    return OK


@command("CLIENT NO-TOUCH <ON | OFF>", "noscript loading stale", since="7.2.0")
def client_no_touch(ctx: Context, switch: bytes) -> Reply:
    """Let reads of this connection leave the keys' idle time alone."""
    ctx.no_touch = _is_on(switch)
    if ctx.no_touch:
        ctx.server.accesses.begin()
    ctx.update_guard()
    return OK


@command(
    "CLIENT CAPA capability [capability ...]", "noscript loading stale allow_busy", since="8.0.0"
)
def client_capa(ctx: Context, *capabilities: bytes) -> Reply:
    """Note what the client is able to do; what is not known is left out. Valkey's."""
    for capability in capabilities:
        letter = CAPABILITIES.get(keyword(capability), "")
        if letter not in ctx.capabilities:
            ctx.capabilities += letter
    return OK


@command("CLIENT IMPORT-SOURCE <ON | OFF>", "noscript loading stale", since="8.1.0")
def client_import_source(ctx: Context, switch: bytes) -> Reply:
    """Refuse to be the target of a synchronisation, as Valkey does without its import mode."""
    if keyword(switch) != b"OFF":
        raise NoImportMode
    return OK


def _is_on(switch: bytes) -> bool:
    word = keyword(switch)
    if word not in (b"ON", b"OFF"):
        raise SyntaxFault
    return word == b"ON"


@command("CLIENT REPLY <ON | OFF | SKIP>", "noscript loading stale", since="3.2.0")
def client_reply(ctx: Context, mode: bytes) -> Reply:
    """Turn replies to this connection off, on, or off for one command."""
    word = keyword(mode)
    if word == b"ON":
        ctx.reply_mode = ReplyMode.ON
        ctx.update_guard()
        return OK
    if word == b"OFF":
        ctx.reply_mode = ReplyMode.OFF
    elif word != b"SKIP":
        raise SyntaxFault
    elif ctx.reply_mode is not ReplyMode.OFF:
        ctx.reply_mode = ReplyMode.SKIP_NEXT
    ctx.update_guard()
    return NO_REPLY
