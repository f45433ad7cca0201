"""The Python twin of ``validate`` does what its Lua does, here and on a real server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrite_lite import Engine, ManualClock
from ferrite_lite.resp import encode
from ferrite_lite.scripting.scripts import Twin
from sessions import native
from sessions.atomic import VALIDATE
from tests.support.servers import RealServer
from tests.support.wire import encode as request

#: OK, three numbers, and the time of the server.
_NOW = re.compile(rb"(\*6\r\n\$2\r\nOK\r\n(?::\d+\r\n){3}):\d+")

NOW_MS = 4_000_000_000_000  # far from now: a real server's clock decides nothing that differs
SESSION, INDEX = b"session:{t}:s", b"user:{t}:sessions"
ANSWER = b"user:{t}:answer:a"
SID, OTHER_SID = b"s", b"another"

times = st.sampled_from([0, 1, NOW_MS - 1, NOW_MS, NOW_MS + 1, 2 * NOW_MS])
#: Mostly of a live session: what is wrong with a record is wrong in a place or two.
needed = {
    "user_id": st.just("alice"),
    "created_at": st.one_of(times, st.just("x")),
    "last_access": st.sampled_from([0, NOW_MS]),
    "expires_at": st.sampled_from([*[2 * NOW_MS] * 4, 1, "-1", "1" * 16]),
    "absolute_at": st.sampled_from([0, 0, 2 * NOW_MS, 2 * NOW_MS, "", "0x1"]),
    "idle_ms": st.sampled_from([1000, 1000, 1000, "1e3"]),
    "public_id": st.just("id"),
}
records = st.fixed_dictionaries(
    needed,
    optional={
        "network": st.sampled_from(["10.0.0.0/24", "AS10 10.1.0.0/24", "AS1 ", ""]),
        "browser": st.sampled_from(["a:1 b:1", "a:1 b:2 c:3", "c:3", "junk: :", ""]),
        "d:a": st.just('"x"'),
    },
)
fields = st.builds(
    lambda record, missing, more: {
        **{name: value for name, value in record.items() if name not in missing},
        **more,
    },
    records,
    st.sets(st.sampled_from(sorted(needed)), max_size=1),
    st.sampled_from([{}, {}, {}, {}, {"successor": "k1.salt"}]),
)
arguments = st.tuples(
    st.sampled_from(["-1", "9000000000000"]),
    st.sampled_from(["", "10.0.0.0/24", "10.1.0.0/24", "AS1 10.2.0.0/24", "AS10 10.2.0.0/24"]),
    st.sampled_from(["", "step_up", "reject", "revoke"]),
    st.sampled_from(["", "a:1 b:1", "a:2 b:1", "a:2 b:2 c:3"]),
    st.sampled_from(["", "step_up", "reject", "revoke"]),
    st.sampled_from(["0.25", "0.3333333333333333", "0.75", "1.0"]),
    st.sampled_from(["a:1 b:1", "a:1 b:3", "a:1 b:2 c:100", "c:1"]),
)


def commands(
    record: dict[str, Any], listed: Sequence[bytes], words: tuple[str, ...]
) -> list[list[bytes]]:
    setup = [[b"FLUSHALL"]]
    for name, value in record.items():
        setup.append([b"HSET", SESSION, name.encode(), str(value).encode()])
    setup += [[b"HSET", INDEX, sid, b"1:2:3:id"] for sid in listed]
    keys = [SESSION, INDEX, *([ANSWER] if "revoke" in words else [])]
    words = (*words, "60000") if "revoke" in words else words
    count = str(len(keys)).encode()
    call = [b"EVAL", VALIDATE.text, count, *keys, SID, *(w.encode() for w in words)]
    return [
        *setup,
        call,
        call,
        [b"HGETALL", SESSION],
        [b"HGETALL", INDEX],
        [b"GET", ANSWER],
        [b"TTL", ANSWER],
    ]


def without_now(replies: list[bytes]) -> list[bytes]:
    """Every server has its own clock."""
    return [
        re.sub(rb"(\*6\r\n\$2\r\nOK\r\n(?::\d+\r\n){3}):\d+", rb"\1:now", each) for each in replies
    ]


def play(engine: Engine, script: list[list[bytes]]) -> list[bytes]:
    ctx = engine.connect()
    return [encode(engine.execute(ctx, argv)) for argv in script]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fields, st.sampled_from([[], [SID], [OTHER_SID], [SID, OTHER_SID]]), arguments)
def test_twin_lua_and_a_real_server_agree(
    redis_server: RealServer, record: dict[str, Any], listed: list[bytes], words: tuple[str, ...]
) -> None:
    check_alike(redis_server, commands(record, listed, words))


def check_alike(redis_server: RealServer, script: list[list[bytes]]) -> None:
    plain, twinned = Engine(), Engine()
    native.register(twinned)
    with redis_server.connect() as connection:
        theirs = []
        for argv in script:
            connection.send(request(*argv))
            theirs.append(connection.read_reply())
    assert without_now(play(plain, script)) == without_now(theirs)
    assert without_now(play(twinned, script)) == without_now(theirs)


networks = st.lists(st.sampled_from(["AS1", "AS10", "10.0.0.0/24"]), max_size=2).map(" ".join)
headers = st.dictionaries(st.sampled_from("abc"), st.integers(1, 2)).map(
    lambda held: " ".join(f"{name}:{value}" for name, value in held.items())
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(networks, networks, headers, headers, headers, st.integers(1, 8))
def test_twin_lua_and_a_real_server_compare_alike(
    redis_server: RealServer,
    network: str,
    shown_network: str,
    browser: str,
    shown_browser: str,
    weights: str,
    eighths: int,
) -> None:
    record = {
        **{"user_id": "alice", "created_at": 1, "last_access": NOW_MS, "expires_at": NOW_MS},
        **{"absolute_at": 0, "idle_ms": 1, "public_id": "id"},
        **{"network": network, "browser": browser},
    }
    words = ("-1", shown_network, "reject", shown_browser, "revoke", str(eighths / 8), weights)
    check_alike(redis_server, commands(record, [SID], words))


@pytest.mark.parametrize("age_ms", [0, 999, 1000, 5000, 100_000])
@pytest.mark.parametrize("absolute_at", [0, 1_700_000_050_000])
def test_twin_and_lua_slide_alike(age_ms: int, absolute_at: int) -> None:
    answers = []
    for with_twin in (True, False):
        clock = ManualClock(start_ms=1_700_000_000_000)
        engine = Engine(clock=clock)
        if with_twin:
            native.register(engine)
        record = {
            **{"user_id": "alice", "created_at": clock.now_ms(), "last_access": clock.now_ms()},
            **{"expires_at": clock.now_ms() + 60_000, "absolute_at": absolute_at},
            **{"idle_ms": 60_000, "public_id": "id"},
        }
        setup = commands(record, [SID], ("1000", "", "", "", ""))
        play(engine, setup[:-6])
        clock.advance(ms=age_ms)
        answers.append(
            play(
                engine,
                [*setup[-5:], [b"PEXPIRETIME", SESSION], [b"PEXPIRETIME", INDEX]],
            )
        )
    assert answers[0] == answers[1]


def test_the_twin_is_what_runs_on_the_embedded_store() -> None:
    engine = Engine()
    native.register(engine)
    sha, script = engine.state.scripts.load(VALIDATE.text)
    assert sha.decode() == VALIDATE.sha
    assert isinstance(script, Twin)
    assert script.native.function is native.validate


def test_what_follows_in_a_transaction_does_not_show_in_the_reply_before_it() -> None:
    engine = Engine()
    native.register(engine)
    record = {
        **{"user_id": "alice", "created_at": 1, "last_access": NOW_MS, "expires_at": NOW_MS},
        **{"absolute_at": 0, "idle_ms": 1, "public_id": "id", "d:a": "before"},
    }
    *setup, call, _, _, _, _, _ = commands(record, [SID], ("-1", "", "", "", ""))
    later = [b"HSET", SESSION, b"d:a", b"after"]
    replies = play(engine, [*setup, [b"MULTI"], call, later, [b"EXEC"]])
    assert b"before" in replies[-1]
    assert b"after" not in replies[-1]
