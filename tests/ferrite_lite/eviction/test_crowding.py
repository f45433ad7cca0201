from __future__ import annotations

from collections.abc import Callable

import pytest

from ferrite_lite.config import Config
from ferrite_lite.context import Buffers, Context
from ferrite_lite.engine import Engine
from ferrite_lite.eviction.crowding import NAME_BYTES, held_bytes, limit_bytes, thin_out


@pytest.mark.parametrize(
    ("written", "maxmemory", "limit"),
    [("0", 1000, 0), ("12345", 0, 12345), ("5%", 1000, 50), ("5%", 0, 0), ("100%", 7, 7)],
)
def test_the_limit_is_a_size_or_a_share_of_maxmemory(
    written: str, maxmemory: int, limit: int
) -> None:
    config = Config(maxmemory_clients=written, maxmemory_bytes=maxmemory)
    assert limit_bytes(config) == limit


def crowd(engine: Engine, *output_bytes: int) -> list[Context]:
    clients = [engine.connect() for _ in output_bytes]
    for client, size in zip(clients, output_bytes, strict=True):
        client.measure = lambda size=size: Buffers(0, size)  # type: ignore[misc]  # mypy: lambdas
    return clients


def test_the_heaviest_go_until_the_others_hold_no_more_than_they_may() -> None:
    engine = Engine(config=Config(maxmemory_clients="400000"))
    light, heavy, heavier = crowd(engine, 0, 200_000, 300_000)
    thin_out(engine.state)
    assert (light.closing, heavy.closing, heavier.closing) == (False, False, True)
    assert engine.state.statistics.evicted_clients == 1
    assert list(engine.state.clients.values()) == [light, heavy]


def test_a_lower_limit_holds_at_once() -> None:
    engine = Engine(config=Config(maxmemory_clients="900000"))
    control, light, heavy = crowd(engine, 0, 200_000, 300_000)
    engine.execute(control, [b"CONFIG", b"SET", b"maxmemory-clients", b"400000"])
    assert (control.closing, light.closing, heavy.closing) == (False, False, True)


def test_who_said_no_evict_is_spared() -> None:
    engine = Engine(config=Config(maxmemory_clients="100000"))
    (heavy,) = crowd(engine, 300_000)
    engine.execute(heavy, [b"CLIENT", b"NO-EVICT", b"ON"])
    thin_out(engine.state)
    assert not heavy.closing


def test_without_a_limit_nobody_goes() -> None:
    engine = Engine()
    (heavy,) = crowd(engine, 1 << 40)
    thin_out(engine.state)
    assert not heavy.closing


@pytest.mark.parametrize(
    "request_of",
    [
        lambda name: [b"SUBSCRIBE", name],
        lambda name: [b"PSUBSCRIBE", name],
        lambda name: [b"SSUBSCRIBE", name],
        lambda name: [b"WATCH", name],
        lambda name: [b"CLIENT", b"TRACKING", b"ON", b"BCAST", b"PREFIX", b"p%b:" % name],
    ],
    ids=["channels", "patterns", "shard channels", "watched keys", "prefixes"],
)
def test_what_a_client_has_us_remember_counts(
    request_of: Callable[[bytes], list[bytes]],
) -> None:
    engine = Engine()
    ctx = engine.connect()
    ctx.resp = 3
    before = held_bytes(ctx)
    for number in range(100):
        engine.execute(ctx, request_of(b"%d" % number))
    assert held_bytes(ctx) - before == 100 * NAME_BYTES


def test_fieldsets_count_until_they_are_forgotten() -> None:
    engine = Engine(config=Config(maxmemory_clients="400000"))
    modest, greedy = engine.connect(), engine.connect()
    before = held_bytes(greedy)
    engine.execute(greedy, [b"HIMPORT", b"PREPARE", b"f", *(b"%0100d" % n for n in range(5000))])
    assert held_bytes(greedy) - before >= 500_000
    engine.execute(greedy, [b"HIMPORT", b"DISCARD", b"f"])
    assert held_bytes(greedy) == before
    engine.execute(greedy, [b"HIMPORT", b"PREPARE", b"f", *(b"%0100d" % n for n in range(5000))])
    thin_out(engine.state)
    assert (modest.closing, greedy.closing) == (False, True)


def test_what_multi_has_queued_counts() -> None:
    engine = Engine()
    ctx = engine.connect()
    before = held_bytes(ctx)
    engine.execute(ctx, [b"MULTI"])
    engine.execute(ctx, [b"SET", b"k", b"v" * 1000])
    assert held_bytes(ctx) - before >= 1004
