from __future__ import annotations

from collections.abc import Callable

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.command import Command
from ferrite_lite.commands import TABLE
from ferrite_lite.context import Context
from ferrite_lite.engine import Engine
from ferrite_lite.observing.redaction import redacted
from ferrite_lite.persistence.dump import dump
from ferrite_lite.reply import Reply
from ferrite_lite.transfer import Transfer
from tests.ferrite_lite.conftest import Run, runner

NO_KEY, ZERO, ONE = b"+NOKEY\r\n", b":0\r\n", b":1\r\n"
SYNTAX = b"-ERR syntax error\r\n"
NOT_AN_INTEGER = b"-ERR value is not an integer or out of range\r\n"


class Network:
    """Stands for the network: notes a transfer, and ends it when the test says so."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        engine.state.migrate = self.begin
        self.transfer: Transfer

    def begin(self, ctx: Context, transfer: Transfer, finish: Callable[[], Reply]) -> None:
        self._ctx, self.transfer, self._finish = ctx, transfer, finish

    def end(self, *lines: bytes, greeting: bytes = b"+OK") -> bytes:
        """The target replies; what the client is told."""
        self.transfer.greeted(greeting)
        for line in lines:
            self.transfer.answered(line)
        return self.conclude()

    def conclude(self) -> bytes:
        self._engine.conclude(self._ctx, self._finish)
        told: list[bytes] = []
        if not self._ctx.closing:
            self._engine.go_on(self._ctx, told)
        return b"\r\n".join([*told, b""])


@pytest.fixture
def network(engine: Engine) -> Network:
    return Network(engine)


@pytest.fixture
def command() -> Command:
    found = TABLE.lookup(b"migrate")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("k 0 1", NO_KEY),
        ("'' 0 1 KEYS", NO_KEY),
        ("'' 0 1 COPY REPLACE AUTH p AUTH2 u p KEYS a b", NO_KEY),
        ("k 0 1 KEYS a", None),
        ("k 0 1 FOO", SYNTAX),
        ("k 0 1 AUTH", SYNTAX),
        ("k 0 1 AUTH2 u", SYNTAX),
        ("k x 1", NOT_AN_INTEGER),
        ("k 0 x", NOT_AN_INTEGER),
        ("k x x FOO", SYNTAX),
    ],
)
def test_options_are_read_before_anything_else(run: Run, words: str, reply: bytes | None) -> None:
    beside = b"-ERR When using MIGRATE KEYS option, the key argument must be set to the empty"
    answer = run("MIGRATE", "h", "p", *(word.strip("'") for word in words.split()))
    assert answer == (reply or beside + b" string\r\n")


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("k 0 1", "k"),
        ("k 0 1 AUTH keys", "k"),
        ("k 0 1 KEYS", "k"),
        ("k 0 1 COPY KEYS a", None),
        ("'' 0 1 KEYS a b", "a b"),
        ("'' 0 1 AUTH keys KEYS a", "a"),
        ("'' 0 1 AUTH2 keys keys KEYS a", "a"),
        ("'' 0 1 AUTH2 x keys a", ""),
        ("'' 0 1 AUTH2 KEYS KEYS KEYS", None),
        ("'' 0 1 KEYS KEYS a", "KEYS a"),
        ("KEYS KEYS KEYS a", "KEYS"),
    ],
)
def test_its_keys_are_found(command: Command, words: str, keys: str | None) -> None:
    argv = [b"MIGRATE", b"h", b"p", *(word.strip("'").encode() for word in words.split())]
    expected = [] if keys is None else [each.encode() for each in keys.split(" ")]
    assert command.keys(argv) == expected


def test_no_password_is_shown(command: Command) -> None:
    words = "MIGRATE h p '' 0 1 COPY AUTH one AUTH2 two three KEYS AUTH a"
    shown = redacted(command, [word.encode() for word in words.split()])
    hidden = [at for at, word in enumerate(shown) if word == b"(redacted)"]
    assert hidden == [8, 10, 11]


def test_without_a_server_there_is_nobody_to_send_keys(run: Run) -> None:
    run("SET", "k", "v")
    assert run("MIGRATE", "h", 1, "k", 0, 1).startswith(b"-ERR MIGRATE needs a server that listens")


@pytest.mark.usefixtures("network")
def test_what_happens_at_one_instant_cannot_wait(run: Run) -> None:
    run("SET", "k", "v")
    run("MULTI")
    run("MIGRATE", "h", 1, "k", 0, 1)
    run("MIGRATE", "h", 1, "none", 0, 1)
    refusal, no_key = run("EXEC").split(b"\r\n")[1:3]
    assert refusal.startswith(b"-ERR MIGRATE has to wait")
    assert no_key == b"+NOKEY"
    script = "return redis.call('MIGRATE', 'h', 1, KEYS[1], 0, 1)"
    assert run("EVAL", script, 1, "k").startswith(b"-ERR MIGRATE has to wait")
    assert run("EVAL", script, 1, "none") == NO_KEY


def test_values_are_sent_with_the_time_that_is_left(
    run: Run, engine: Engine, network: Network, clock: ManualClock
) -> None:
    run("SET", "k", "v", "PX", 1000)
    run("SADD", "s", 1, 2)
    clock.advance(ms=400)
    assert run("MIGRATE", "h", 1, "", 3, 250, "AUTH2", "u", "p", "KEYS", "k", "none", "s") == b""
    transfer, db = network.transfer, engine.state.databases[0]
    assert (transfer.host, transfer.port, transfer.timeout_seconds) == ("h", 1, 0.25)
    assert transfer.greeting == [[b"AUTH", b"u", b"p"], [b"SELECT", b"3"]]
    values = [db.stored(key) for key in (b"k", b"s")]
    payloads = [dump(value) for value in values if value is not None]
    assert transfer.requests == [
        [b"RESTORE", b"k", b"600", payloads[0]],
        [b"RESTORE", b"s", b"0", payloads[1]],
    ]


@pytest.mark.parametrize(
    ("word", "port"), [("7", 7), ("x", 0), ("7x", 7), ("65543", 7), ("", 0), ("9" * 30, None)]
)
def test_a_port_is_read_as_c_reads_one(
    run: Run, network: Network, word: str, port: int | None
) -> None:
    run("SET", "k", "v")
    run("MIGRATE", "h", word, "k", -1, 0)
    assert port is None or network.transfer.port == port
    assert network.transfer.timeout_seconds == 1
    assert network.transfer.greeting == []


def test_what_the_target_has_taken_is_deleted(
    run: Run, network: Network, events: list[str]
) -> None:
    run("MSET", "a", 1, "b", 2)
    run("MIGRATE", "h", 1, "", 0, 1, "KEYS", "a", "b")
    events.clear()
    assert network.end(b"+OK", b"+OK") == b"+OK\r\n"
    assert run("DBSIZE") == ZERO
    assert events == ["del a", "del b"]


def test_a_copy_leaves_the_keys(run: Run, network: Network) -> None:
    run("SET", "a", 1)
    run("MIGRATE", "h", 1, "a", 0, 1, "COPY", "REPLACE")
    assert network.transfer.requests[0][-1] == b"REPLACE"
    assert network.end(b"+OK") == b"+OK\r\n"
    assert run("EXISTS", "a") == ONE


def test_what_the_target_refuses_stays_and_the_first_refusal_is_told(
    run: Run, network: Network
) -> None:
    run("MSET", "a", 1, "b", 2, "c", 3)
    run("MIGRATE", "h", 1, "", 0, 1, "KEYS", "a", "b", "c")
    told = network.end(b"-BUSYKEY first\r\n", b"+OK\r\n", b"-BUSYKEY second\r\n")
    assert told == b"-ERR Target instance replied with error: BUSYKEY first\r\n"
    assert run("EXISTS", "a", "c") == b":2\r\n"
    assert run("EXISTS", "b") == ZERO


def test_what_was_not_answered_stays(run: Run, network: Network) -> None:
    run("MSET", "a", 1, "b", 2)
    run("MIGRATE", "h", 1, "", 0, 1, "KEYS", "a", "b")
    network.transfer.answered(b"+OK")
    network.transfer.fail("reading")
    assert network.conclude() == b"-IOERR error or timeout reading to target instance\r\n"
    assert run("EXISTS", "a") == ZERO
    assert run("EXISTS", "b") == ONE
    assert b"errorstat_IOERR:count=1" in run("INFO", "errorstats")


def test_others_read_and_do_not_write_until_it_is_over(
    engine: Engine, run: Run, network: Network, clock: ManualClock
) -> None:
    run("SET", "a", 1, "PX", 10)
    run("MIGRATE", "h", 1, "a", 0, 1)
    other, third = engine.connect(), engine.connect()
    lines: list[bytes] = []
    write = [b"SET", b"a", b"2"]
    assert engine.run(other, [[b"GET", b"a"], write], lines)[0] == 2
    assert lines == [b"$1", b"1"]
    assert other in engine.state.holds
    clock.advance(ms=11)
    engine.expire_due(10**9)
    assert engine.state.databases[0].stored(b"a") is not None
    # What CLIENT PAUSE asks for besides begins and ends by itself.
    assert runner(engine, third)("CLIENT", "PAUSE", 1000, "WRITE") == b"+OK\r\n"
    assert runner(engine, third)("CLIENT", "UNPAUSE") == b"+OK\r\n"
    engine.run(other, [], lines)
    engine.go_on(other, lines)
    assert other in engine.state.holds
    assert network.end(b"-ERR no") == b"-ERR Target instance replied with error: ERR no\r\n"
    engine.go_on(other, lines)
    assert lines[2:] == [b"+OK"]


def test_client_pause_goes_on_when_a_transfer_ends(
    engine: Engine, run: Run, network: Network
) -> None:
    run("SET", "a", 1)
    run("MIGRATE", "h", 1, "a", 0, 1)
    engine.state.pause.begin(10**15, for_all=True)
    network.end(b"+OK")
    assert engine.state.pause.is_on
    assert engine.state.pause.is_for_all
    engine.state.pause.end()
    assert not engine.state.pause.is_on


@pytest.mark.usefixtures("network")
def test_client_unblock_does_not_end_it(engine: Engine, run: Run, run_other: Run) -> None:
    run("SET", "a", 1)
    run("MIGRATE", "h", 1, "a", 0, 1)
    (ctx,) = (each for each in engine.state.clients.values() if each.hold is not None)
    assert run_other("CLIENT", "UNBLOCK", ctx.id) == ZERO


def test_the_time_that_a_transfer_took_is_that_of_the_call(run: Run, network: Network) -> None:
    run("CONFIG", "SET", "slowlog-log-slower-than", 0)
    run("SET", "a", 1)
    run("CONFIG", "RESETSTAT")
    run("SLOWLOG", "RESET")
    run("MIGRATE", "h", 1, "a", 0, 1, "AUTH", "secret")
    network.end(b"+OK")
    assert b"(redacted)" in run("SLOWLOG", "GET", 2)
    assert run("LATENCY", "HISTOGRAM", "MIGRATE").startswith(
        b"*2\r\n$7\r\nmigrate\r\n*4\r\n$5\r\ncalls\r\n:1\r\n$14\r\nhistogram_usec\r\n*2\r\n"
    )


def test_it_is_done_also_for_a_client_that_has_left(engine: Engine, network: Network) -> None:
    ctx = engine.connect()
    run = runner(engine, ctx)
    run("SET", "a", 1)
    run("MIGRATE", "h", 1, "a", 0, 1)
    engine.disconnect(ctx)
    network.end(b"+OK")
    assert len(engine.state.databases[0]) == 0
    assert not engine.state.pause.is_on


def test_who_migrates_hears_of_it_before_the_reply(
    engine: Engine, run3: Run, network: Network
) -> None:
    run3("CONFIG", "SET", "notify-keyspace-events", "Eg")
    run3("SUBSCRIBE", "__keyevent@0__:del")
    run3("SET", "a", 1)
    run3("MIGRATE", "h", 1, "a", 0, 1)
    assert network.end(b"+OK") == (
        b">3\r\n$7\r\nmessage\r\n$18\r\n__keyevent@0__:del\r\n$1\r\na\r\n+OK\r\n"
    )


def test_who_tracks_the_key_is_told(engine: Engine, run3: Run, network: Network) -> None:
    run3("SET", "a", 1)
    run3("CLIENT", "TRACKING", "ON")
    run3("GET", "a")
    run3("MIGRATE", "h", 1, "a", 0, 1)
    assert network.end(b"+OK") == b"+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n"


def test_each_key_is_looked_up_once(engine: Engine, run: Run, network: Network) -> None:
    run("MSET", "a", 1, "b", 2)
    run("CONFIG", "RESETSTAT")
    run("MIGRATE", "h", 1, "", 0, 1, "KEYS", "a", "none", "b")
    network.end(b"+OK", b"+OK")
    stats = run("INFO", "stats")
    assert b"keyspace_hits:2\r\nkeyspace_misses:1\r\n" in stats
