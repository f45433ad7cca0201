"""redis-py clients whose server is this process: they reach an engine without a socket.

Of redis-py only the transport is replaced, so pipelines, pub/sub, locks and scripts behave as they
do over TCP. A plain command takes an even shorter way: straight into the engine, and its reply is
turned into what hiredis would have parsed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import redis.asyncio
from redis.asyncio.connection import AbstractConnection, DefaultParser

from .connection import Connection
from .context import Peer
from .engine import Engine
from .errors import CommandError
from .numeric import format_float
from .pause import Postponed
from .reply import Attributed, FlatMap, NullArray, Pairs, Reply

#: Commands that belong to one connection, have several replies, or let the connection wait: they
#: take redis-py's own way.
CONNECTION_COMMANDS = frozenset(
    {
        *("AUTH", "CLIENT", "HELLO", "MONITOR", "QUIT", "RESET", "SELECT"),
        *("MIGRATE", "WAIT", "WAITAOF", "DISCARD", "EXEC", "MULTI", "UNWATCH", "WATCH"),
        *("PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUBSCRIBE", "SUNSUBSCRIBE", "UNSUBSCRIBE"),
    }
)

#: A call that awaits no I/O never lets the event loop run, so let it once in so many calls.
CALLS_BETWEEN_YIELDS = 16
#: No loop turns the expiry cycle of an engine without a server: its clients do, between their own
#: calls, and for no longer than this at a time.
CYCLE_BUDGET_NS = 250_000

IN_PROCESS = Peer("in-process:0", "in-process:0")


class InProcessClient(redis.asyncio.Redis):
    """An asyncio redis-py client on an engine in this process; ``Ferrite.client`` makes them.

    Takes the keyword arguments of ``redis.asyncio.Redis`` that do not concern a socket:
    ``decode_responses``, ``protocol``, ``db``, ``username``, ``password``, ``client_name``...
    """

    def __init__(self, engine: Engine, **options: Any) -> None:
        options = {"socket_timeout": None, "socket_connect_timeout": None, **options}
        pool = redis.asyncio.ConnectionPool(
            connection_class=InProcessConnection, engine=engine, **options
        )
        super().__init__(connection_pool=pool)
        self.auto_close_connection_pool = True
        self._door = Door(engine, pool)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """As redis-py's, but a command that does not depend on a connection runs at once."""
        answer = self._door.ask(args) if self.connection is None else None
        if answer is None:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py has no types here
        if answer.calls % CALLS_BETWEEN_YIELDS == 0:
            await asyncio.sleep(0)
        return await self.parse_response(cast("Any", answer), args[0], **options)

    def client(self) -> redis.asyncio.Redis:
        """A client that keeps one connection, as ``redis.asyncio.Redis.client`` gives."""
        pool = self.connection_pool
        return redis.asyncio.Redis(connection_pool=pool, single_connection_client=True)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        self._door.close()
        await super().aclose(close_connection_pool)


class Door:
    """One connection's context on the engine, shared by the plain commands of one client.

    Any number of threads may go through it.
    """

    def __init__(self, engine: Engine, pool: Any) -> None:
        self._engine = engine
        self._pool = pool
        self._encoder = pool.get_encoder()
        self._is_utf8 = self._encoder.encoding == "utf-8"
        self._calls = 0
        options = pool.connection_kwargs
        #: If there are credentials to present, redis-py's own handshake is needed.
        self._is_plain = not (
            engine.state.config.requirepass
            or options.get("username")
            or options.get("password")
            or options.get("credential_provider")
        )
        self._ctx = engine.connect(IN_PROCESS)
        self._ctx.resp = int(options.get("protocol") or 3)
        self._ctx.db = engine.state.databases[int(options.get("db") or 0)]
        self._parsed = Parsed(self._ctx.resp)

    def _serves(self, name: Any) -> bool:
        return self._is_plain and isinstance(name, str) and name.upper() not in CONNECTION_COMMANDS

    def ask(self, args: tuple[Any, ...]) -> Answer | None:
        """The answer to a command; None if it has not run, and needs a connection of its own.

        So does one that waits for the end of CLIENT PAUSE: others must not wait behind it.
        """
        if not self._serves(args[0]):
            return None
        name, *rest = args
        argv = [*name.encode().split(b" "), *map(self._encoded, rest)]
        with self._engine.lock:
            self._calls += 1
            try:
                reply = self._engine.execute(self._ctx, argv)
            except Postponed:
                return None
            self._engine.end_turn()
            if not self._calls % CALLS_BETWEEN_YIELDS:
                self._engine.expire_due(CYCLE_BUDGET_NS)
            decode = self._encoder.decode if self._encoder.decode_responses else None
            return Answer(self._parsed.value(reply, decode), self._calls)

    def close(self) -> None:
        self._engine.disconnect(self._ctx)

    def _encoded(self, word: Any) -> bytes:
        """As redis-py would send it."""
        if self._is_utf8 and type(word) is str:
            return word.encode()
        encoded: bytes = self._encoder.encode(word)
        return encoded


class Answer:
    """A reply as hiredis would have parsed it; ``calls`` counts the client's calls so far.

    To redis-py's ``parse_response`` it acts as a connection that has its reply already.
    """

    __slots__ = ("_value", "calls")

    def __init__(self, value: Any, calls: int) -> None:
        self._value, self.calls = value, calls

    def read(self) -> Any:
        """The value. Raises what a connection would raise for an error."""
        if isinstance(self._value, Exception):
            raise self._value
        return self._value

    async def read_response(self, disable_decoding: bool = False) -> Any:
        return self.read()


#: Immutable types that hiredis would return just so.
_AS_THEY_ARE = frozenset({bytes, int})


class Parsed:
    """Replies as hiredis parses them in one version of the protocol."""

    def __init__(self, resp: int) -> None:
        self._is_3 = resp == 3

    def value(self, reply: Reply, decode: Callable[[bytes], Any] | None) -> Any:
        """Bytes, numbers, None, lists and dicts, of which nothing is shared with the engine."""
        # Nearly every reply is one of these or a list of them; this saves a tenth of a validate.
        if decode is None and type(reply) in _AS_THEY_ARE:
            return reply
        if decode is None and type(reply) is list:
            return [
                item if type(item) in _AS_THEY_ARE else self.value(item, decode) for item in reply
            ]
        match reply:
            case bytes() | bytearray():
                raw = bytes(reply)
                return decode(raw) if decode else raw
            case None | NullArray():
                return None
            case bool():
                return reply if self._is_3 else int(reply)
            case int():
                return reply
            case float():
                return float(reply) if self._is_3 else self.value(format_float(reply), decode)
            case CommandError():
                return DefaultParser.parse_error(str(reply))  # type: ignore[no-untyped-call]  # redis-py: as above
            case Attributed():
                return self.value(reply.reply, decode)
            case FlatMap():
                pairs = reply.mapping.items()
                return [self.value(item, decode) for pair in pairs for item in pair]
            case Pairs():
                return self._map(reply, decode)
            case Mapping():
                return self._map(reply.items(), decode)
            case _:
                return [self.value(item, decode) for item in reply]  # type: ignore[union-attr]  # a list

    def _map(self, pairs: Iterable[tuple[Any, Any]], decode: Callable[[bytes], Any] | None) -> Any:
        if self._is_3:
            return {self.value(k, decode): self.value(v, decode) for k, v in pairs}
        return [self.value(item, decode) for pair in pairs for item in pair]


# --- the transport --------------------------------------------------------------------------------


class InProcessConnection(AbstractConnection):
    """A redis-py connection whose bytes go to the engine by a function call."""

    def __init__(self, *, engine: Engine, **options: Any) -> None:
        super().__init__(**options)
        self._engine = engine

    def repr_pieces(self) -> list[tuple[str, Any]]:
        return [("server", "in-process"), ("db", self.db)]

    def _host_error(self) -> str:
        return "the in-process server"

    async def _connect(self) -> None:
        # The two streams are duck-typed: redis-py asks no more of them than these classes offer.
        self._reader = asyncio.StreamReader()
        self._writer = _EngineWriter(self._engine, self._reader)  # type: ignore[assignment]  # in its place


class _EngineWriter:
    """The writing half: requests written here run at once, and the reader gets their replies."""

    def __init__(self, engine: Engine, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._connection = Connection(engine)
        self._closed = False
        self._connection.open(self, IN_PROCESS, asyncio.get_running_loop())

    # What redis-py calls.

    def writelines(self, chunks: Iterable[bytes]) -> None:
        if self._closed:
            raise ConnectionResetError("the in-process connection is closed")
        self._connection.data_received(b"".join(chunks))

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def wait_closed(self) -> None:
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    # What the server's side of the connection calls.

    def write(self, data: bytes) -> None:
        if not self._closed:
            self._reader.feed_data(data)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._connection.connection_lost(None)
            self._reader.feed_eof()

    abort = close

    def pause_reading(self) -> None:
        """Nothing arrives between two calls."""

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return len(self._reader._buffer)  # type: ignore[attr-defined]  # what nobody has read
