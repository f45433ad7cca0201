"""The filters of CLIENT LIST and CLIENT KILL: which connections they apply to.

ID, TYPE, USER, ADDR, LADDR and SKIPME are Redis 7.0's, MAXAGE is Redis 7.4's, the others, NOT- and
several ids are Valkey 9's. As in Redis, what is said of one option twice holds as said last.
"""

from __future__ import annotations

from collections.abc import Callable

from ..context import Context
from ..errors import (
    ClientIdNotPositive,
    DatabaseNotInRange,
    FilterNotAnInteger,
    FilterNotPositive,
    NoSuchUser,
    SyntaxFault,
    UnknownClientType,
    UnknownFilterLetters,
)
from ..numeric import INT64_MIN, maybe_int
from ..state import ServerState
from ..words import keyword

#: What CLIENT calls the kinds of connection; only the first and the last exist here.
TYPES = frozenset({b"normal", b"master", b"primary", b"replica", b"slave", b"pubsub"})
YES_OR_NO = {b"YES": True, b"NO": False}
#: The letters that CLIENT LIST may show behind ``flags=``, on any server.
FLAGS = frozenset("ASMOxbtRBdcuUreTiIENPp")
#: The capabilities that CLIENT CAPA knows, and their letters in CLIENT LIST.
CAPABILITIES = {b"REDIRECT": "r"}

#: Whether a connection is selected.
Filter = Callable[[Context], bool]


def read_filters(
    server: ServerState, words: tuple[bytes, ...], *, takes_ids: bool = True
) -> tuple[list[Filter], bool | None]:
    """The filters, and what SKIPME says, if it is there. Raises SyntaxFault, and many more."""
    filters: dict[str, Filter] = {}
    skips_me: bool | None = None
    while words:
        option, values, words = _next_option(words)
        if option == "skipme":
            if keyword(values[0]) not in YES_OR_NO:
                raise SyntaxFault
            skips_me = YES_OR_NO[keyword(values[0])]
        elif option == "id" and not takes_ids:
            raise SyntaxFault
        else:
            filters[option] = _filter(server, option, values)
    return [*filters.values()], skips_me


def _next_option(words: tuple[bytes, ...]) -> tuple[str, tuple[bytes, ...], tuple[bytes, ...]]:
    """An option, its value or its several ids, and the words behind. Raises SyntaxFault."""
    if len(words) < 2:
        raise SyntaxFault
    option, end = keyword(words[0]).decode("latin-1").lower(), 2
    # Redis knows one id behind ID, and is at odds with what is not positive there.
    least = {"id": 1, "not-id": INT64_MIN}.get(option)
    while least is not None and end < len(words) and _is_at_least(least, words[end]):
        end += 1
    return option, words[1:end], words[end:]


def _is_at_least(least: int, word: bytes) -> bool:
    number = maybe_int(word)
    return number is not None and number >= least


def _filter(server: ServerState, option: str, values: tuple[bytes, ...]) -> Filter:
    name = option.removeprefix("not-")
    if name == "id":
        means = _ids(option, values)
    elif name in _READERS:
        means = _READERS[name](server, option, values[0])
    elif option in _OF_TIMES:
        return _OF_TIMES[option](server, option, values[0])
    else:
        raise SyntaxFault
    return means if name == option else lambda client: not means(client)


# --- what may be denied ---------------------------------------------------------------------------


def _ids(option: str, values: tuple[bytes, ...]) -> Filter:
    if option == "not-id" and maybe_int(values[0]) is None:
        raise SyntaxFault
    numbers = {maybe_int(value) or 0 for value in values}
    if min(numbers) < 1:
        raise ClientIdNotPositive
    return lambda client: client.id in numbers


def _type(server: ServerState, option: str, value: bytes) -> Filter:
    """Raises UnknownClientType."""
    kind = keyword(value).lower()
    if kind not in TYPES:
        raise UnknownClientType(value)
    return lambda client: client.kind.encode() == kind


def _user(server: ServerState, option: str, value: bytes) -> Filter:
    user = server.acl.find(value)
    if user is None:
        raise NoSuchUser(value)
    return lambda client: client.user is user


def _db(server: ServerState, option: str, value: bytes) -> Filter:
    index = maybe_int(value)
    if index is None:
        raise FilterNotAnInteger(option.upper())
    if not 0 <= index < len(server.databases):
        raise DatabaseNotInRange(option.upper(), len(server.databases) - 1)
    return lambda client: client.db.index == index


def _letters(name: str, known: frozenset[str], of: Callable[[Context], str]) -> _Reader:
    """A filter that requires all of some letters."""

    def read(server: ServerState, option: str, value: bytes) -> Filter:
        letters = frozenset(value.decode("latin-1"))
        if not letters <= known:
            which = "provided" if option == name else option.upper()
            raise UnknownFilterLetters(name, which, value)
        return lambda client: letters <= set(of(client))

    return read


def _text(of: Callable[[Context], bytes]) -> _Reader:
    """A filter that requires one text; an unset value equals nothing."""
    return lambda server, option, value: lambda client: of(client) == value != b""


def flags_of(client: Context) -> str:
    """The letters behind ``flags=``."""
    tracker = client.tracker
    flags = {
        "O": client in client.server.monitor.watchers,
        "P": bool(client.subscriptions),
        "x": client.shown_transaction is not None,
        "b": client in client.server.holds,
        "t": tracker is not None,
        "R": tracker is not None and tracker.redirect_is_broken,
        "B": tracker is not None and tracker.broadcasts,
        "d": client.watch.broken,
        "c": client.closing,
        "U": client.peer.is_unix,
        "e": client.no_evict,
    }
    return "".join(flag for flag, is_set in flags.items() if is_set) or "N"


#: Makes a filter of an option, such as ``not-db``, and its value.
_Reader = Callable[[ServerState, str, bytes], Filter]
_READERS: dict[str, _Reader] = {
    "type": _type,
    "user": _user,
    "addr": _text(lambda client: client.peer.address.encode()),
    "laddr": _text(lambda client: client.peer.local_address.encode()),
    "ip": _text(lambda client: client.peer.address.rpartition(":")[0].encode()),
    "name": _text(lambda client: client.name),
    "lib-name": _text(lambda client: client.library),
    "lib-ver": _text(lambda client: client.library_version),
    "db": _db,
    "flags": _letters("flags", FLAGS, flags_of),
    "capa": _letters("capa", frozenset(CAPABILITIES.values()), lambda client: client.capabilities),
}

# --- times ----------------------------------------------------------------------------------------


def _of_time(name: str, since_ms: Callable[[Context], int]) -> _Reader:
    """A filter that requires at least so many seconds to have passed."""

    def read(server: ServerState, option: str, value: bytes) -> Filter:
        seconds = maybe_int(value)
        if seconds is None:
            raise FilterNotAnInteger(name)
        if seconds < 1:
            raise FilterNotPositive(name)
        now_ms = server.moment.ms
        return lambda client: (now_ms - since_ms(client)) // 1000 >= seconds

    return read


_OF_TIMES: dict[str, _Reader] = {
    "maxage": _of_time("maxage", lambda client: client.created_ms),
    "idle": _of_time("idle", lambda client: client.last_request_ms),
}
