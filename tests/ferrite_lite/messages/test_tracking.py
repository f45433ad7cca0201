from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.context import Context
from ferrite_lite.engine import Engine
from ferrite_lite.reply import Push, Reply
from tests.ferrite_lite.conftest import Run, runner


class Client:
    """A connection that writes down what it is told; it speaks RESP3."""

    def __init__(self, engine: Engine) -> None:
        self.ctx: Context = engine.connect()
        self.ctx.resp = 3
        self.told: list[Reply] = []
        self.ctx.send = self.told.append
        self.run: Run = runner(engine, self.ctx)


@pytest.fixture
def reader(engine: Engine) -> Client:
    return Client(engine)


@pytest.fixture
def writer(engine: Engine) -> Client:
    return Client(engine)


def changed(*keys: bytes) -> Push:
    return Push([b"invalidate", list(keys)])


def test_a_change_is_told_once_to_whoever_has_read(reader: Client, writer: Client) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    reader.run("GET", "k")
    writer.run("SET", "k", 1)
    writer.run("SET", "k", 2)
    assert reader.told == [changed(b"k")]


def test_what_a_connection_changes_itself_is_told_behind_the_reply(reader: Client) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    reader.run("GET", "k")
    assert reader.run("SET", "k", 1) == b"+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"


def test_in_a_transaction_it_is_told_behind_all_replies(reader: Client) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    reader.run("MULTI")
    reader.run("GET", "k")
    reader.run("SET", "k", 1)
    reader.run("GET", "k")
    told = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
    assert reader.run("EXEC") == b"*3\r\n_\r\n+OK\r\n$1\r\n1\r\n" + told


def test_active_expiry_is_told(
    reader: Client, writer: Client, engine: Engine, clock: ManualClock
) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    writer.run("SET", "k", 1, "PX", 100)
    reader.run("GET", "k")
    clock.advance(seconds=1)
    engine.expire_due(10**9)
    assert reader.told == [changed(b"k")]


def test_broadcasts_gather_until_the_end_of_a_turn(
    reader: Client, writer: Client, engine: Engine
) -> None:
    reader.run("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a", "PREFIX", "b")
    for key in ("a2", "b1", "c", "a1", "a2"):
        writer.run("SET", key, 1)
    assert reader.told == []
    engine.end_turn()
    assert reader.told == [changed(b"a1", b"a2"), changed(b"b1")]
    engine.end_turn()
    assert len(reader.told) == 2


def test_too_many_keys_are_forgotten_the_oldest_first_and_told(
    reader: Client, engine: Engine
) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    for number in range(250):
        reader.run("GET", f"k{number}")
    engine.state.config.tracking_max_keys = 2
    engine.expire_due(10**9)
    assert reader.told == [changed(b"k%d" % number) for number in range(100)]
    engine.expire_due(10**9)
    assert engine.state.tracking.keys_total == 2


def test_nothing_observes_while_nobody_tracks(reader: Client, writer: Client) -> None:
    observers = reader.ctx.db.observers
    reader.run("CLIENT", "TRACKING", "ON")
    writer.run("CLIENT", "TRACKING", "ON", "BCAST")
    assert len(observers) == 1
    reader.run("CLIENT", "TRACKING", "OFF")
    writer.run("RESET")
    assert observers == []
    assert not reader.ctx.guarded


def test_a_connection_that_ends_leaves_nothing_behind(
    reader: Client, writer: Client, engine: Engine
) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    writer.run("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a")
    reader.run("MGET", "a", "b", "c")
    engine.disconnect(reader.ctx)
    engine.disconnect(writer.ctx)
    tracking = engine.state.tracking
    assert (tracking.keys_total, tracking.items_total, tracking.prefixes_total) == (0, 0, 0)
    assert not tracking._read_by
    assert reader.ctx.db.observers == []


def test_a_redirection_whose_target_is_closing_is_broken(
    reader: Client, writer: Client, engine: Engine
) -> None:
    target = Client(engine)
    reader.run("CLIENT", "TRACKING", "ON", "REDIRECT", target.ctx.id)
    reader.run("GET", "k")
    target.run("QUIT")
    writer.run("SET", "k", 1)
    assert reader.told == [Push([b"tracking-redir-broken", target.ctx.id])]
    assert b"broken_redirect" in reader.run("CLIENT", "TRACKINGINFO")


def test_what_a_script_reads_is_read_by_its_caller(reader: Client, writer: Client) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    reader.run("EVAL", "return redis.call('GET', KEYS[1])", 1, "k")
    writer.run("SET", "k", 1)
    assert reader.told == [changed(b"k")]


def test_flushing_tells_everybody_that_every_copy_is_untrue(
    reader: Client, writer: Client, engine: Engine
) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    reader.run("GET", "k")
    writer.run("FLUSHALL")
    assert len(reader.told) == 1
    assert engine.state.tracking.keys_total == 0
    assert reader.run("FLUSHDB") == b"+OK\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n"


def test_what_is_evicted_for_a_request_is_told_before_its_reply(
    reader: Client, engine: Engine
) -> None:
    reader.run("CLIENT", "TRACKING", "ON")
    reader.run("SET", "volatile", "x" * 1000, "EX", 1000)
    reader.run("GET", "volatile")
    memory = engine.state.memory
    engine.state.config.maxmemory_policy = "volatile-ttl"
    engine.state.config.maxmemory_bytes = memory.used_bytes() + 100_000
    memory.configure()
    reader.run("SET", "big", "x" * 100_000)
    told = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$8\r\nvolatile\r\n"
    assert reader.run("EXISTS", "big") == told + b":1\r\n"
