"""The scripts that people publish, and what redis-py does with scripts, here and on Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis
from redis.exceptions import LockError, NoScriptError, ResponseError

from tests.support.servers import RealServer, ferrite_lite

from .generated import SNAPSHOT, Ours, Server
from .published import SCRIPTS, SETUP, Published


def day_of_use(server: Server, script: Published) -> list[bytes]:
    """Every answer, and what is there in the end. EVAL first, then EVALSHA."""
    server.ask("FLUSHALL")
    for words in SETUP:
        server.ask(*words)
    sha = server.ask("SCRIPT", "LOAD", script.text).split(b"\r\n")[1]
    replies: list[bytes] = []
    for keys, argv in script.calls:
        command, name = ("EVALSHA", sha) if replies else ("EVAL", script.text.encode())
        replies.append(server.ask(command, name, len(keys), *keys, *argv))
    return [*replies, server.ask("EVAL", SNAPSHOT, 0)]


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_published_script_does_what_it_does_on_redis(
    redis_server: RealServer, script: Published
) -> None:
    with redis_server.connect() as connection:
        assert day_of_use(Ours(), script) == day_of_use(connection, script)


# --- redis-py -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_server() -> Iterator[RealServer]:
    with ferrite_lite() as server:
        yield server


def told(act: Callable[[], object]) -> object:
    """What a call gives; for an error, its kind and words."""
    try:
        return act()
    except redis.RedisError as error:
        return type(error), str(error)


def use_locks(client: redis.Redis) -> list[object]:
    first = client.lock("resource", timeout=60, blocking=False)
    second = client.lock("resource", timeout=60, blocking=False)
    told_of = [
        first.acquire(),
        second.acquire(),
        first.owned(),
        second.locked(),
        first.extend(30),
        60 < client.pttl("resource") / 1000 <= 90,
        first.extend(20, replace_ttl=True),
        client.pttl("resource") <= 20_000,
        first.reacquire(),
        client.pttl("resource") > 20_000,
        first.release(),
        told(first.release),
        second.acquire(),
        client.delete("resource"),
        told(second.release),
    ]
    with client.lock("other", timeout=10) as held:
        told_of.append(held.owned())
    return [*told_of, client.exists("other")]


def use_scripts(client: redis.Redis) -> list[object]:
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    client.script_flush()
    told_of: list[object] = [add(keys=["n"], args=[2]), client.script_exists(add.sha, "0" * 40)]
    with client.pipeline() as pipeline:
        add(keys=["n"], args=[3], client=pipeline)
        pipeline.get("n")
        add(keys=["h"], args=["x"], client=pipeline)
        told_of.append(pipeline.execute(raise_on_error=False)[:2])
    return [
        *told_of,
        told(lambda: client.evalsha("0" * 40, 0)),
        told(lambda: client.eval("return redis.call('GET')", 0)),
        told(lambda: client.eval("return {1, 'two', {3.7}, false, nil, 4}", 0)),
        told(lambda: client.eval_ro("return redis.call('GET', KEYS[1])", 1, "n")),
        told(lambda: client.eval_ro("return redis.call('SET', KEYS[1], 1)", 1, "n")),
    ]


def use_functions(client: redis.Redis) -> list[object]:
    library = """#!lua name=tools
        local kept = 0
        redis.register_function('bump', function(keys, args)
          kept = kept + 1
          return {kept, redis.call('INCRBY', keys[1], args[1])}
        end)
        redis.register_function{function_name = 'peek', flags = {'no-writes'},
          callback = function(keys) return redis.call('GET', keys[1]) end}
    """
    client.function_flush()
    told_of = [
        client.function_load(library),
        told(lambda: client.function_load(library)),
        client.function_load(library, replace=True),
        client.fcall("bump", 1, "n", 5),
        client.fcall("bump", 1, "n", 5),
        client.fcall_ro("peek", 1, "n"),
        told(lambda: client.fcall_ro("bump", 1, "n", 5)),
        told(lambda: client.fcall("nosuch", 0)),
    ]
    dump = client.function_dump()
    told_of += [
        client.function_delete("tools"),
        client.function_list(),
        client.function_restore(dump),  # type: ignore[arg-type]  # they say that it is a str
        client.fcall("bump", 1, "n", 1),
    ]
    return told_of


@pytest.mark.parametrize("use", [use_locks, use_scripts, use_functions])
def test_redis_py_finds_what_it_finds_on_redis(
    redis_server: RealServer,
    own_server: RealServer,
    use: Callable[[redis.Redis], list[object]],
) -> None:
    found = []
    for server in (own_server, redis_server):
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
            found.append(use(client))
    assert found[0] == found[1]


def test_redis_py_s_own_errors_are_among_what_it_finds(own_server: RealServer) -> None:
    with redis.Redis.from_url(own_server.url) as client:
        client.flushall()
        locks, scripts, functions = use_locks(client), use_scripts(client), use_functions(client)
    kinds = {each[0] for each in [*locks, *scripts, *functions] if isinstance(each, tuple)}
    assert NoScriptError in kinds
    assert ResponseError in kinds
    assert any(issubclass(kind, LockError) for kind in kinds)
