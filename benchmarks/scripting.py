"""Scripts: over TCP beside the real servers and fakeredis, and in the process beside the embedded.

Each script is an EVALSHA, again and again: the ``validate`` of the session layer (as compiled Lua,
and as the Python twin that ``sessions`` registers), the create script of the tutorial that this
project implements, a counter that expires, a rate limiter over a sliding window, and a loop that
only computes. burner-redis has no server, so it is measured in the process, where it is called as
redis-py is; scripts that it cannot run are left out. Lua itself, as lupa brings it, shows what the
loop alone costs. At the end comes the table of the README.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import burner_redis
import fakeredis
from lupa.lua51 import LuaRuntime

import ferrite_lite
from ferrite_lite import Engine
from sessions import native

from . import validate
from .load import Load, print_cpu, send
from .peers import FAKEREDIS, FERRITE, FERRITE_WITH_TWIN, REDIS, VALKEY, Peer, started
from .rounds import Figure, Measure, compare, print_comparison, progress

PIPELINES = (1, 16)
BURNER = "burner-redis"
#: Real Lua 5.1, with nothing around it.
LUA = "Lua 5.1 (lupa)"
#: How long one measurement in the process takes, about.
SECONDS = 0.5
#: Calls that tell how many fit into that time.
PROBE_CALLS = 20

CREATE = """\
local token = ARGV[1]
local user_id = ARGV[2]
local data = ARGV[3]
local created_at = ARGV[4]
local ttl = tonumber(ARGV[5])
local max_sessions = tonumber(ARGV[6])

-- Store session
local session_key = 'session:' .. token
redis.call('HSET', session_key,
    'user_id', user_id,
    'data', data,
    'created_at', created_at,
    'last_access', created_at
)
redis.call('EXPIRE', session_key, ttl)

-- Add to user's sessions
local user_sessions_key = 'user:' .. user_id .. ':sessions'
redis.call('SADD', user_sessions_key, token)

-- Enforce max sessions per user
local sessions = redis.call('SMEMBERS', user_sessions_key)
local active_count = 0
local oldest_session = nil
local oldest_time = nil

for _, sess_token in ipairs(sessions) do
    local sess_key = 'session:' .. sess_token
    if redis.call('EXISTS', sess_key) == 1 then
        active_count = active_count + 1
        local created = redis.call('HGET', sess_key, 'created_at')
        if oldest_time == nil or created < oldest_time then
            oldest_time = created
            oldest_session = sess_token
        end
    else
        -- Clean up stale session reference
        redis.call('SREM', user_sessions_key, sess_token)
    end
end

-- Remove oldest session if over limit
if active_count > max_sessions and oldest_session then
    redis.call('DEL', 'session:' .. oldest_session)
    redis.call('SREM', user_sessions_key, oldest_session)
end

return 'OK'
"""

COUNTER = """\
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""

#: The window before this one counts for as much of it as the sliding window still covers.
RATE_LIMITER = """\
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local number, into = math.floor(now / window), now % window
local counts = redis.call('HMGET', KEYS[1], number, number - 1)
local used = tonumber(counts[1] or 0) + tonumber(counts[2] or 0) * (window - into) / window
if used >= limit then return {0, 0} end
redis.call('HINCRBY', KEYS[1], number, 1)
if not counts[1] then
    redis.call('HDEL', KEYS[1], number - 2)
    redis.call('PEXPIRE', KEYS[1], window * 2)
end
return {1, limit - math.floor(used) - 1}
"""

LOOP = """\
local x = 0
for i = 1, 1000 do x = x + i * 2 end
return x
"""


@dataclass(frozen=True, slots=True)
class Script:
    """A script with the words it is called with, and the commands that it needs before."""

    text: str
    keys: Sequence[str] = ()
    argv: Sequence[str] = ()
    setup: Sequence[Sequence[str]] = ()

    @property
    def sha(self) -> str:
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    @property
    def call(self) -> list[str]:
        return ["EVALSHA", self.sha, str(len(self.keys)), *self.keys, *self.argv]


#: Four other sessions of the same user: SMEMBERS answers five.
_OTHERS = [f"other:{n}" for n in range(4)]

SCRIPTS = {
    "validate": Script(
        validate.SCRIPT,
        validate.CALL[3:5],
        validate.CALL[5:],
        [
            ["HSET", validate.SESSION, *validate.RECORD],
            ["HSET", validate.INDEX, validate.SID, "1700000000000:4102444800000:4102444800000"],
        ],
    ),
    "create": Script(
        CREATE,
        argv=["token", "alice", '{"theme":"dark"}', "2026-01-01T00:00:00Z", "3600", "5"],
        setup=[
            ["SADD", "user:alice:sessions", *_OTHERS],
            *(["HSET", f"session:{each}", "created_at", "2026-01-01"] for each in _OTHERS),
        ],
    ),
    "counter": Script(COUNTER, ["counter"], ["3600"]),
    "rate limiter": Script(RATE_LIMITER, ["rate:alice"], ["1000000000", "60000"]),
    "loop": Script(LOOP),
}


def main(rounds: int) -> None:
    """Measure and print, over TCP against redis-server, in the process against ferrite-lite."""
    with started(FERRITE, FERRITE_WITH_TWIN, REDIS, VALKEY, FAKEREDIS) as peers:
        over_tcp = {
            (name, pipeline): _over_tcp(peers, name, pipeline, rounds)
            for name in SCRIPTS
            for pipeline in PIPELINES
        }
    embedded = {name: _in_process(name, rounds) for name in SCRIPTS}
    _print_loop(rounds)
    _print_table(over_tcp, embedded)


# --- over TCP -------------------------------------------------------------------------------------


def _over_tcp(peers: list[Peer], name: str, pipeline: int, rounds: int) -> dict[str, Figure]:
    script = SCRIPTS[name]
    loads = {}
    for peer in peers:
        # Only validate has a twin; fakeredis answers a pipeline one request at a time.
        if (peer.name == FERRITE_WITH_TWIN and name != "validate") or (
            peer.name == FAKEREDIS and pipeline > 1
        ):
            continue
        send(peer, "FLUSHALL")
        send(peer, "SCRIPT", "LOAD", script.text)
        for words in script.setup:
            send(peer, *words)
        loads[peer.name] = Load(peer, script.call, pipeline)
    title = f"{name} as one EVALSHA, pipeline {pipeline}, 50 connections"
    progress(title)
    figures = compare(loads, reference=REDIS, rounds=rounds)
    progress("")
    print_comparison(title, figures)
    print_cpu(loads, reference=REDIS)
    return figures


# --- in the process -------------------------------------------------------------------------------


def _in_process(name: str, rounds: int) -> dict[str, Figure]:
    """One task that calls, through the client that each peer has."""
    script = SCRIPTS[name]
    with asyncio.Runner() as runner, _clients(runner) as clients:
        measures = {}
        for peer, client in clients.items():
            if _can_run(runner, client, script):
                measures[peer] = _calls(runner, client, script)
        progress(f"{name}, in the process")
        figures = compare(measures, reference=FERRITE, rounds=rounds)
        progress("")
        print_comparison(f"{name} through evalsha of a client, in the process", figures)
        for peer in clients.keys() - measures.keys():
            print(f"  {peer} cannot run it")
    return figures


@contextmanager
def _clients(runner: asyncio.Runner) -> Iterator[dict[str, Any]]:
    ferrite, ferrite_with_twin = ferrite_lite.Ferrite(), ferrite_lite.Ferrite()
    native.register(ferrite_with_twin.engine)
    yield {
        FERRITE: ferrite.client(),
        FERRITE_WITH_TWIN: ferrite_with_twin.client(),
        FAKEREDIS: fakeredis.FakeAsyncRedis(),
        BURNER: burner_redis.BurnerRedis(),
    }
    runner.run(ferrite.aclose())
    runner.run(ferrite_with_twin.aclose())


def _can_run(runner: asyncio.Runner, client: Any, script: Script) -> bool:
    async def attempt() -> None:
        for command, key, *words in script.setup:
            if command == "SADD":
                await client.sadd(key, *words)
            else:
                await client.hset(key, mapping=dict(zip(words[::2], words[1::2], strict=True)))
        await client.script_load(script.text)
        await client.evalsha(script.sha, len(script.keys), *script.keys, *script.argv)

    try:
        runner.run(attempt())
    except Exception:  # whatever a peer says, it is left out
        return False
    return True


def _calls(runner: asyncio.Runner, client: Any, script: Script) -> Measure:
    sha, numkeys, words = script.sha, len(script.keys), (*script.keys, *script.argv)

    async def call(times: int) -> None:
        for _ in range(times):
            await client.evalsha(sha, numkeys, *words)

    return _rate(lambda times: runner.run(call(times)))


def _rate(run: Callable[[int], object]) -> Measure:
    """A measure of what ``run`` does so many times: rounds of about ``SECONDS``."""
    times = PROBE_CALLS

    def measure() -> float:
        nonlocal times
        if times == PROBE_CALLS:
            times = max(PROBE_CALLS, int(timed() * SECONDS))
        return timed()

    def timed() -> float:
        began = time.perf_counter()
        run(times)
        return times / (time.perf_counter() - began)

    return measure


# --- the loop alone -------------------------------------------------------------------------------


def _print_loop(rounds: int) -> None:
    """What computing costs, with as little around it as there can be."""
    function = LuaRuntime().execute(f"return function() {LOOP} end")
    engine = Engine()
    connection = engine.connect()
    request = [word.encode() for word in SCRIPTS["loop"].call]
    engine.execute(connection, [b"SCRIPT", b"LOAD", LOOP.encode()])

    def lua(times: int) -> None:
        for _ in range(times):
            function()

    def ours(times: int) -> None:
        for _ in range(times):
            engine.execute(connection, request)

    measures = {LUA: _rate(lua), FERRITE: _rate(ours)}
    print_comparison("the loop alone", compare(measures, reference=LUA, rounds=rounds))


# --- the table ------------------------------------------------------------------------------------


def _print_table(
    over_tcp: dict[tuple[str, int], dict[str, Figure]], embedded: dict[str, dict[str, Figure]]
) -> None:
    """Ratios to redis-server over TCP, and how many times the embedded peers, in Markdown."""
    print("\n| Script | in flight | ferrite-lite | twin | valkey-server | fakeredis |")
    print("|---|---|---|---|---|---|")
    columns = (FERRITE, FERRITE_WITH_TWIN, VALKEY, FAKEREDIS)
    for (name, pipeline), figures in over_tcp.items():
        cells = [_ratio(figures.get(peer)) for peer in columns]
        print(f"| {name} | {pipeline} | {' | '.join(cells)} |")
    print("\n| Script | calls a second | times fakeredis | times burner-redis |")
    print("|---|---|---|---|")
    for name, figures in embedded.items():
        own = max(figures[FERRITE].rate, figures[FERRITE_WITH_TWIN].rate)
        times = [
            f"{own / figures[peer].rate:.0f}" if peer in figures else "cannot run it"
            for peer in (FAKEREDIS, BURNER)
        ]
        print(f"| {name} | {own:,.0f} | {' | '.join(times)} |")


def _ratio(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{figure.ratio:.2f} ({min(figure.ratios):.2f} to {max(figure.ratios):.2f})"
