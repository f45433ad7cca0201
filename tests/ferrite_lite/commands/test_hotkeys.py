from __future__ import annotations

from typing import Any

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

OK = b"+OK\r\n"
NIL = b"$-1\r\n"
SYNTAX = b"-ERR syntax error\r\n"


def found(engine: Engine) -> dict[bytes, Any]:
    """What HOTKEYS GET tells."""
    reply: Any = engine.execute(engine.connect(), [b"HOTKEYS", b"GET"])
    (only,) = reply
    return dict(only)


def test_keys_are_told_by_the_bytes_of_requests_and_replies(run: Run, engine: Engine) -> None:
    assert run("HOTKEYS", "START", "METRICS", 1, "NET") == OK
    run("SET", "k", "0123456789")
    run("GET", "k")
    told = found(engine)
    assert told[b"by-net-bytes"] == [b"k", 37 + len(OK) + 20 + 17]
    assert told[b"total-net-bytes"] == told[b"net-bytes-all-commands-all-slots"] == 79
    assert b"by-cpu-time-us" not in told
    assert b"total-cpu-time-user-ms" not in told


def test_several_keys_share_what_a_command_takes(run: Run, engine: Engine) -> None:
    run("HOTKEYS", "START", "METRICS", 1, "NET")
    run("MSET", "a", 1, "b", 2)
    told = found(engine)
    assert told[b"by-net-bytes"] == [b"a", 23, b"b", 23]
    assert told[b"net-bytes-all-commands-all-slots"] == 47


def test_commands_without_keys_and_those_of_scripts_do_not_count_by_themselves(
    run: Run, engine: Engine
) -> None:
    run("HOTKEYS", "START", "METRICS", 1, "NET")
    run("PING")
    run("EVAL", "redis.call('SET', 'hidden', 1)", 1, "named")
    assert found(engine)[b"by-net-bytes"][::2] == [b"named"]


def test_commands_of_a_transaction_count_when_they_run(run: Run, engine: Engine) -> None:
    run("HOTKEYS", "START", "METRICS", 1, "NET")
    run("MULTI")
    run("SET", "k", 1)
    assert found(engine)[b"by-net-bytes"] == []
    run("EXEC")
    assert found(engine)[b"by-net-bytes"] == [b"k", 27 + len(OK)]


def test_a_command_that_fails_counts_too(run: Run, engine: Engine) -> None:
    run("HOTKEYS", "START", "METRICS", 2, "cpu", "net")
    run("SET", "k", 1)
    assert run("SADD", "k", 1).startswith(b"-WRONGTYPE")
    told = found(engine)
    assert told[b"by-net-bytes"][1] > 100
    assert told[b"by-cpu-time-us"][:1] in ([b"k"], [])
    assert told[b"total-cpu-time-sys-ms"] >= 0


def test_at_most_so_many_keys_are_told(run: Run, engine: Engine) -> None:
    run("HOTKEYS", "START", "METRICS", 1, "NET", "COUNT", 2)
    for key in ("a", "b", "c", "c"):
        run("SET", key, 1)
    assert len(found(engine)[b"by-net-bytes"]) == 4
    assert found(engine)[b"by-net-bytes"][0] == b"c"


def test_of_a_sample_all_commands_are_counted_and_some_keys_told(run: Run, engine: Engine) -> None:
    run("HOTKEYS", "START", "METRICS", 1, "NET", "SAMPLE", 10)
    for _ in range(1000):
        run("GET", "k")
    told = found(engine)
    assert told[b"sample-ratio"] == 10
    assert told[b"net-bytes-all-commands-all-slots"] == 1000 * 25
    assert 50 * 25 < told[b"total-net-bytes"] < 200 * 25


def test_a_collection_ends_when_told_and_is_kept_until_it_is_reset(
    run: Run, engine: Engine, clock: ManualClock
) -> None:
    run("HOTKEYS", "START", "METRICS", 1, "NET")
    assert run("HOTKEYS", "START", "METRICS", 1, "NET") == (
        b"-ERR hotkey tracking session already in progress\r\n"
    )
    assert run("HOTKEYS", "RESET") == (
        b"-ERR hotkey tracking session in progress, stop tracking first\r\n"
    )
    clock.advance(ms=1500)
    assert found(engine)[b"tracking-active"] == 1
    assert found(engine)[b"collection-duration-ms"] == 1500
    assert run("HOTKEYS", "STOP") == OK
    assert run("HOTKEYS", "STOP") == NIL
    clock.advance(ms=1000)
    run("SET", "k", 1)
    told = found(engine)
    assert (told[b"tracking-active"], told[b"collection-duration-ms"]) == (0, 1500)
    assert told[b"by-net-bytes"] == []
    assert told[b"selected-slots"] == [[0, 16383]]
    assert run("HOTKEYS", "RESET") == OK
    assert run("HOTKEYS", "GET") == NIL
    assert run("HOTKEYS", "RESET") == OK


def test_a_collection_ends_with_its_time(run: Run, engine: Engine, clock: ManualClock) -> None:
    run("HOTKEYS", "START", "METRICS", 1, "NET", "DURATION", 2)
    clock.advance(ms=1999)
    assert found(engine)[b"tracking-active"] == 1
    clock.advance(ms=1)
    engine.expire_due(0)
    assert not engine.state.hot_keys.is_collecting
    assert run("HOTKEYS", "STOP") == NIL
    assert run("HOTKEYS", "START", "METRICS", 1, "CPU") == OK


def test_requests_take_the_short_cut_when_nothing_is_collected(engine: Engine, run: Run) -> None:
    ctx = engine.connect()
    run("HOTKEYS", "START", "METRICS", 1, "CPU")
    assert ctx.guarded
    run("HOTKEYS", "STOP")
    assert not ctx.guarded


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("", b"-ERR METRICS parameter is required\r\n"),
        ("METRICS", b"-ERR METRICS parameter is required\r\n"),
        ("COUNT 1 METRICS 1 CPU", b"-ERR METRICS parameter is required\r\n"),
        ("METRICS 0 CPU", b"-ERR METRICS count must be > 0 and <= 2\r\n"),
        ("METRICS 3 CPU NET GPU", b"-ERR METRICS count must be > 0 and <= 2\r\n"),
        ("METRICS x", b"-ERR METRICS count must be > 0 and <= 2\r\n"),
        (
            "METRICS 2 CPU",
            b"-ERR METRICS count does not match number of metric types provided\r\n",
        ),
        ("METRICS 1 CPU NET", SYNTAX),
        ("METRICS 2 NET NET", b"-ERR METRICS NET defined more than once!\r\n"),
        ("METRICS 1 GPU", b"-ERR METRICS no valid metrics passed. Supported: CPU|NET\r\n"),
        ("METRICS 2 GPU CPU", OK),
        ("METRICS 1 CPU COUNT 65", b"-ERR COUNT must be between 1 and 64\r\n"),
        ("METRICS 1 CPU COUNT x", b"-ERR COUNT must be between 1 and 64\r\n"),
        ("METRICS 1 CPU DURATION 0", b"-ERR DURATION must be between 1 and 1000000\r\n"),
        ("METRICS 1 CPU SAMPLE 0", b"-ERR SAMPLE ratio must be positive\r\n"),
        (
            "METRICS 1 CPU SLOTS 1 0",
            b"-ERR SLOTS parameter cannot be used in non-cluster mode\r\n",
        ),
        ("METRICS 1 CPU COUNT", SYNTAX),
        ("METRICS 1 CPU SLOTS", SYNTAX),
        ("METRICS 1 CPU count 1 COUNT 2 sample 3 duration 4", OK),
    ],
)
def test_the_words_of_start_are_read_with_care(run: Run, words: str, reply: bytes) -> None:
    assert run("HOTKEYS", "START", *words.split()) == reply
