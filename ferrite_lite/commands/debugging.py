"""DEBUG: what test suites ask of a server, except for what would end it.

To Redis, DEBUG is no container: its words are read here. Unless ``enable-debug-command`` says more
or less, it is for connections from this machine: one word of it can stop the server.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from ..clock import block_seconds
from ..command import CommandGroup
from ..config.kinds import Size
from ..context import Context
from ..data.digest import dataset_digest, value_digest
from ..data.values import Hash, List, Set, Value, encoding_of
from ..errors import (
    BadPackedThreshold,
    DebugError,
    DebugNotAllowed,
    NoClusterLinks,
    NoDumpToLoad,
    NoSuchDatabase,
    NoSuchKey,
    NoSuchTuning,
    NotAFloat,
    NotAHashTable,
    NotAListpack,
    NotAnSds,
    NotAQuicklist,
    NotInRange,
    NotPositive,
    Resp3Only,
    SubcommandSyntax,
    UnknownDebugType,
    UnknownReloadOption,
)
from ..eviction.accesses import lru_clock
from ..numeric import maybe_int, parse_int, parse_strtod
from ..patterns import matcher
from ..persistence.dump import dump, load
from ..reply import OK, Attributed, BigNumber, Double, OrderedSet, Push, Reply, Status, Verbatim
from ..words import keyword
from .documentation import help_lines

command = CommandGroup("server")
logger = logging.getLogger("ferrite_lite")

#: Tests ask for thousands; a typo must not take all memory.
MAX_POPULATION = 10_000_000
MAX_SLEEP_SECONDS = 3600.0
MAX_PACKED_BYTES = 4 * 1024**3 - 1

Subcommand = Callable[..., Reply]
_SUBCOMMANDS: dict[tuple[bytes, int], Subcommand] = {}


def _subcommand(name: str, *counts: int) -> Callable[[Subcommand], Subcommand]:
    """Answer ``DEBUG name`` with so many further words."""

    def declare(function: Subcommand) -> Subcommand:
        _SUBCOMMANDS.update({(name.upper().encode(), count): function for count in counts})
        return function

    return declare


def _require_leave(ctx: Context) -> None:
    access = ctx.server.config.debug_access
    if access == "no" or (access == "local" and not ctx.peer.is_local):
        raise DebugNotAllowed


@command(
    "DEBUG",
    "admin noscript loading stale",
    since="1.0.0",
    arity=-2,  # Redis documents none of its arguments
    gate=_require_leave,
)
def debug(ctx: Context, subcommand: bytes, *words: bytes) -> Reply:
    """Look inside the server, or make it behave strangely."""
    function = _SUBCOMMANDS.get((keyword(subcommand), len(words)))
    if function is None:
        raise SubcommandSyntax("debug", subcommand)
    return function(ctx, *words)


@_subcommand("help", 0)
def _help(ctx: Context) -> Reply:
    """Redis's text, which also lists what is missing here: what would end the process."""
    return help_lines(ctx)


# --- time -----------------------------------------------------------------------------------------


@_subcommand("sleep", 1)
def _sleep(_: Context, seconds: bytes) -> Reply:
    """As in Redis, serve nobody for a while."""
    try:
        wanted = parse_strtod(seconds)
    except NotAFloat:
        wanted = 0.0
    block_seconds(min(max(wanted, 0.0), MAX_SLEEP_SECONDS))
    return OK


@_subcommand("set-active-expire", 1)
def _set_active_expire(ctx: Context, wanted: bytes) -> Reply:
    ctx.server.expires_actively = bool(maybe_int(wanted))
    return OK


# --- data -----------------------------------------------------------------------------------------


@_subcommand("object", 1, 2)
def _object(ctx: Context, key: bytes, *_: bytes) -> Reply:
    value = _stored(ctx, key)
    ctx.server.accesses.begin()
    idle_ms = ctx.server.accesses.idle_ms(ctx.db, key)
    length = len(dump(value, compresses=False)) - 11  # the type, the version and the checksum
    # No real address: it would help an attacker, and a number that changes here gets a new one.
    address = 0x7F00_0000_0000 | hash((ctx.db.index, key)) & 0xFF_FFFF_FFF0
    text = (
        f"Value at:0x{address:x} refcount:1 encoding:{encoding_of(value).decode()}"
        f" serializedlength:{length} lru:{lru_clock(ctx.server.moment.ms - idle_ms)}"
        f" lru_seconds_idle:{idle_ms // 1000}"
    )
    return Status(text.encode())


@_subcommand("sdslen", 1)
def _sdslen(ctx: Context, key: bytes) -> Reply:
    value = _stored(ctx, key)
    if not isinstance(value, bytes | bytearray) or encoding_of(value) == b"int":
        raise NotAnSds
    text = (
        f"key_sds_len:{len(key)}, key_sds_avail:0, key_zmalloc: {len(key) + 7},"
        f" val_sds_len:{len(value)}, val_sds_avail:0, val_zmalloc: {len(value) + 7}"
    )
    return Status(text.encode())


@_subcommand("digest", 0)
def _digest(ctx: Context) -> Reply:
    return Status(dataset_digest(ctx.server.databases))


@_subcommand("digest-value", *range(64))
def _digest_value(ctx: Context, *keys: bytes) -> Reply:
    return [
        Status(value_digest(ctx.db.stored(key), has_deadline=ctx.db.has_deadline(key)))
        for key in keys
    ]


@_subcommand("populate", 1, 2, 3)
def _populate(ctx: Context, count: bytes, prefix: bytes = b"key", size: bytes = b"") -> Reply:
    """Make keys; those that exist already stay as they are."""
    number, size_bytes = maybe_int(count), maybe_int(size or b"0")
    if number is None or size_bytes is None or number < 0 or size_bytes < 0:
        raise NotPositive
    if number > MAX_POPULATION or size_bytes > ctx.server.config.max_bulk_bytes:
        raise NotInRange
    for at in range(number):
        key, value = b"%b:%d" % (prefix, at), b"value:%d" % at
        if key not in ctx.db:
            ctx.db.put(key, value[:size_bytes].ljust(size_bytes, b"\0") if size_bytes else value)
            ctx.db.touch(key, "populate", changes=0)
    return OK


@_subcommand("reload", *range(4))
def _reload(ctx: Context, *options: bytes) -> Reply:
    """Write every value and read it back, as a restart does: encodings are chosen anew."""
    wanted = {keyword(option) for option in options}
    if wanted - {b"MERGE", b"NOFLUSH", b"NOSAVE"}:
        raise UnknownReloadOption
    if b"NOSAVE" in wanted:
        raise NoDumpToLoad
    config = ctx.server.config
    for db in ctx.server.databases:
        for key, value in db.items():
            fresh = load(dump(value), config.encodings, config.max_bulk_bytes)
            db.put(key, fresh, keep_deadline=True)
    return OK


@_subcommand("listpack", 1)
def _listpack(ctx: Context, key: bytes) -> Reply:
    """Answer as Redis does after printing a value's packed form; there is none to print."""
    if _value(ctx, key).__class__ is not Hash or encoding_of(_value(ctx, key)) != b"listpack":
        raise NotAListpack
    return Status(b"Listpack structure printed on stdout")


@_subcommand("quicklist", 1, 2)
def _quicklist(ctx: Context, key: bytes, *_: bytes) -> Reply:
    if not isinstance(_value(ctx, key), List):
        raise NotAQuicklist
    return Status(b"Quicklist structure printed on stdout")


@_subcommand("htstats-key", 1)
def _htstats_key(ctx: Context, key: bytes) -> Reply:
    value = _value(ctx, key)
    if not isinstance(value, Hash | Set) or encoding_of(value) != b"hashtable":
        raise NotAHashTable
    return Verbatim(f"[Hash table]\nnumber of elements: {len(value)}\n".encode())


def _stored(ctx: Context, key: bytes) -> Value:
    """A value that may be past its deadline. Raises NoSuchKey."""
    value = ctx.db.stored(key)
    if value is None:
        raise NoSuchKey
    return value


def _value(ctx: Context, key: bytes) -> Value:
    """A living value. Raises NoSuchKey."""
    value = ctx.db.peek(key)
    if value is None:
        raise NoSuchKey
    return value


@_subcommand("htstats", 1)
def _htstats(ctx: Context, index: bytes) -> Reply:
    number = parse_int(index)
    if not 0 <= number < len(ctx.server.databases):
        raise NoSuchDatabase
    db = ctx.server.databases[number]
    text = (
        f"[Dictionary HT]\nnumber of elements: {len(db)}\n"
        f"[Expires HT]\nnumber of elements: {db.with_deadline}\n"
    )
    return Verbatim(text.encode())


# --- the protocol ---------------------------------------------------------------------------------

_SAMPLES: dict[bytes, Reply] = {
    b"string": b"Hello World",
    b"integer": 12345,
    b"double": Double(3.141),
    b"bignum": BigNumber(b"1234567999999999999999999999999999999"),
    b"null": None,
    b"array": [0, 1, 2],
    b"set": OrderedSet([0, 1, 2]),
    b"map": {0: False, 1: True, 2: False},
    b"verbatim": Verbatim(b"This is a verbatim\nstring"),
    b"attrib": Attributed(
        {b"key-popularity": [b"key:123", 90]}, b"Some real reply following the attribute"
    ),
    b"true": True,
    b"false": False,
}


@_subcommand("protocol", 1)
def _protocol(ctx: Context, kind: bytes) -> Reply:
    """A value of each type that the protocol has."""
    kind = keyword(kind).lower()
    if kind == b"push":
        if ctx.resp < 3:
            raise Resp3Only
        ctx.push(Push([b"server-cpu-usage", 42]))
        return b"Some real reply following the push reply"
    if kind not in _SAMPLES:
        raise UnknownDebugType
    return _SAMPLES[kind]


@_subcommand("error", 1)
def _error(_: Context, text: bytes) -> Reply:
    raise DebugError(text)


@_subcommand("set-disable-deny-scripts", 1)
def _let_scripts_administer(ctx: Context, wanted: bytes) -> Reply:
    """Let scripts call commands that administer the server: DEBUG, CLIENT LIST, CONFIG..."""
    ctx.server.scripts_administer = bool(maybe_int(wanted))
    return OK


@_subcommand("stringmatch-len", 2)
def _stringmatch(_: Context, pattern: bytes, text: bytes) -> Reply:
    return 1 if matcher(pattern)(text) else 0


# --- what is accepted and does nothing here -------------------------------------------------------


@_subcommand("log", 1)
def _log(_: Context, message: bytes) -> Reply:
    logger.warning("DEBUG LOG: %s", message.decode("utf-8", "backslashreplace"))
    return OK


@_subcommand("change-repl-id", 0)
def _change_replication_id(ctx: Context) -> Reply:
    ctx.server.replication_id = secrets.token_hex(20)
    return OK


@_subcommand("set-skip-checksum-validation", 1)
def _skip_checksums(ctx: Context, wanted: bytes) -> Reply:
    """Let RESTORE accept payloads with a wrong checksum; their form is checked all the same."""
    ctx.server.skips_checksums = bool(maybe_int(wanted))
    return OK


@_subcommand("quicklist-packed-threshold", 1)
def _packed_threshold(_: Context, size: bytes) -> Reply:
    """Lists are not packed here, but a size must be one."""
    try:
        Size(0, MAX_PACKED_BYTES).read(size)
    except ValueError:
        raise BadPackedThreshold from None
    return OK


@_subcommand("replybuffer", 2)
def _replybuffer(ctx: Context, subject: bytes, wanted: bytes) -> Reply:
    """There is no reply buffer to resize."""
    if keyword(subject) == b"PEAK-RESET-TIME":
        if keyword(wanted) not in (b"NEVER", b"RESET"):
            parse_int(wanted)
    elif keyword(subject) != b"RESIZING":
        raise SubcommandSyntax("debug", ctx.argv[1])
    return OK


@_subcommand("mallctl", 1, 2)
@_subcommand("mallctl-str", 1, 2)
def _mallctl(_: Context, name: bytes, *value: bytes) -> Reply:
    """Python's allocator has nothing to tune, so every name is unknown."""
    raise NoSuchTuning


@_subcommand("structsize", 0)
def _structsize(_: Context) -> Reply:
    """The structures are Redis's, as on any machine of 64 bits."""
    sizes = "robj:16 dictentry:24 sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 sdshdr64:17"
    return f"bits:64 {sizes} ".encode()


@_subcommand("drop-cluster-packet-filter", 1)
def _packet_filter(_: Context, kind: bytes) -> Reply:
    """No other node sends packets."""
    parse_int(kind)
    return OK


@_subcommand("clusterlink", 3)
def _clusterlink(_: Context, *words: bytes) -> Reply:
    raise NoClusterLinks


@_subcommand("jmap", 0)
@_subcommand("leak", 1)
@_subcommand("aof-flush-sleep", 1)
@_subcommand("pause-cron", 1)
@_subcommand("stringmatch-test", 0)
@_subcommand("replicate", *range(1, 64))
def _nothing(_: Context, *words: bytes) -> Reply:
    """There are no replicas and no background jobs of that kind here."""
    return OK
