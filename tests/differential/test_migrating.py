"""MIGRATE between two servers, either of which may be ferrite_lite or the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.support import servers
from tests.support.servers import RealServer
from tests.support.wire import RawConnection, Word

from .script import split_words

#: What begins the words of a step that is for the target.
AT_TARGET = "target:"

SCENARIOS = {
    "a value of each type and its time": """
        SET s v PX 100000
        SET n 12
        HSET h f v g w
        SADD st a b
        SADD ints 1 2
        MIGRATE HOST PORT "" 0 1000 KEYS s n h st ints
        DBSIZE
        target: GET s
        target: OBJECT ENCODING n
        target: HGETALL h
        target: OBJECT ENCODING ints
        target: SCARD st
        target: PERSIST s
        target: PERSIST n
    """,
    "a key for another database": """
        SET s v
        MIGRATE HOST PORT s 5 1000
        EXISTS s
        target: EXISTS s
        target: SELECT 5
        target: GET s
    """,
    "a copy": """
        SET s v
        MIGRATE HOST PORT s 0 1000 COPY
        MIGRATE HOST PORT s 0 1000 COPY
        SET s w
        MIGRATE HOST PORT s 0 1000 COPY REPLACE
        GET s
        target: GET s
    """,
    "a key that is there already": """
        MSET a 1 b 2 c 3
        target: SET b mine
        MIGRATE HOST PORT "" 0 1000 KEYS a b none c
        EXISTS a c
        GET b
        target: MGET a b c
        MIGRATE HOST PORT "" 0 1000 REPLACE KEYS a b none c
        DBSIZE
        target: MGET a b c
    """,
    "the same key twice": """
        SET a 1
        MIGRATE HOST PORT "" 0 1000 KEYS a a
        EXISTS a
        target: GET a
    """,
    "a password": """
        SET a 1
        MIGRATE HOST PORT a 0 1000 AUTH wrong
        MIGRATE HOST PORT a 0 1000 AUTH2 nobody wrong
        EXISTS a
        target: ACL SETUSER mover on >secret ~* +@all
        MIGRATE HOST PORT a 0 1000 AUTH2 mover secret REPLACE
        EXISTS a
        target: ACL SETUSER mover -restore
        SET b 1
        MIGRATE HOST PORT b 0 1000 AUTH2 mover secret
        EXISTS b
        target: ACL DELUSER mover
    """,
    "a target without memory": """
        SET a 1
        target: CONFIG SET maxmemory 1
        MIGRATE HOST PORT a 0 1000
        EXISTS a
        target: CONFIG SET maxmemory 0
    """,
    "a value that is long": """
        SET a "xyz"*100000
        SET b "1"*70000
        MIGRATE HOST PORT "" 0 1000 KEYS a b
        EXISTS a b
        target: STRLEN a
        target: STRLEN b
    """,
    "what a transaction watches": """
        SET a 1
        WATCH a
        MIGRATE HOST PORT a 0 1000
        MULTI
        PING
        EXEC
    """,
}

SERVERS: dict[str, Callable[[], AbstractContextManager[RealServer]]] = {
    "redis-server": servers.redis_server,
    "ferrite_lite": servers.ferrite_lite,
}
DIRECTIONS = [
    ("ferrite_lite", "redis-server"),
    ("redis-server", "ferrite_lite"),
    ("ferrite_lite", "ferrite_lite"),
]


class Pair:
    """Two servers of each kind: who sends and who receives."""

    def __init__(self, running: dict[str, list[RealServer]]) -> None:
        self._running = running

    def replies(self, source: str, target: str, scenario: str) -> list[bytes]:
        """What a scenario's steps are answered, sent from one kind of server to another."""
        ours, theirs = self._running[source][0], self._running[target][1]
        for server in (ours, theirs):
            server.flush()
        with ours.connect() as sender, theirs.connect() as receiver:
            return [
                _ask(receiver if line.startswith(AT_TARGET) else sender, line, theirs.port)
                for line in map(str.strip, scenario.strip().splitlines())
            ]


def _ask(connection: RawConnection, line: str, port: int) -> bytes:
    own: dict[bytes, Word] = {b"HOST": servers.LOOPBACK, b"PORT": port}
    words = split_words(line.removeprefix(AT_TARGET).strip())
    return connection.ask(*(own.get(word, word) for word in words))


@pytest.fixture(scope="module")
def pair(redis_server: RealServer) -> Iterator[Pair]:
    """Not the servers of other tests: Redis keeps connections to targets, and tells how many."""
    with (
        servers.redis_server() as source,
        servers.redis_server() as target,
        servers.ferrite_lite() as our_source,
        servers.ferrite_lite() as our_target,
    ):
        yield Pair({"redis-server": [source, target], "ferrite_lite": [our_source, our_target]})


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_keys_move_as_between_two_redis_servers(
    pair: Pair, source: str, target: str, scenario: str
) -> None:
    steps = SCENARIOS[scenario]
    expected = pair.replies("redis-server", "redis-server", steps)
    assert pair.replies(source, target, steps) == expected


def test_a_database_that_the_target_refuses_gets_no_key_elsewhere(pair: Pair) -> None:
    """Redis sends the keys behind the refused SELECT: they are there and here."""
    steps = "SET s v\nMIGRATE HOST PORT s 99 1000\nEXISTS s\ntarget: EXISTS s"
    *theirs, is_there = pair.replies("redis-server", "redis-server", steps)
    *ours, is_here_alone = pair.replies("ferrite_lite", "redis-server", steps)
    assert ours == theirs
    assert (is_there, is_here_alone) == (b":1\r\n", b":0\r\n")


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_is_its_own_target_does_not_answer_itself(kind: str) -> None:
    """It takes no key while it keeps its own as they are."""
    with SERVERS[kind]() as server, server.connect() as connection:
        connection.ask("SET", "s", "v")
        reply = connection.ask("MIGRATE", servers.LOOPBACK, server.port, "s", 3, 200)
        assert reply == b"-IOERR error or timeout reading to target instance\r\n"
        assert connection.ask("GET", "s") == b"$1\r\nv\r\n"


def test_whoever_listens_and_says_nothing_keeps_nobody_for_ever(pair: Pair) -> None:
    with servers.ferrite_lite() as source, servers.redis_server() as target:
        source.ask("SET", "s", "v")
        with target.connect() as busy, source.connect() as sender:
            busy.ask("CLIENT", "PAUSE", 100_000, "ALL")
            reply = sender.ask("MIGRATE", servers.LOOPBACK, target.port, "s", 0, 100)
            assert reply == b"-IOERR error or timeout reading to target instance\r\n"
        assert source.ask("SET", "s", "w") == b"+OK\r\n"
