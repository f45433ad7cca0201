"""What the documentation of redis-py shows, run on redis-server and on ferrite_lite alike."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.cache import CacheConfig
from redis.credentials import CredentialProvider
from redis.exceptions import LockNotOwnedError, NoScriptError, WatchError
from redis.retry import Retry

from tests.support import servers

from .runner import Target

WAIT_SECONDS = 2.0


def messages(pubsub: Any, count: int) -> list[tuple[str, str | None, str, Any]]:
    """The next messages: kind, pattern, channel, data."""
    found: list[tuple[str, str | None, str, Any]] = []
    while len(found) < count:
        message = pubsub.get_message(timeout=WAIT_SECONDS)
        if message is not None:
            found.append((message["type"], message["pattern"], message["channel"], message["data"]))
    return found


def test_set_and_get(r: Any) -> None:
    assert r.set("foo", "bar") is True
    assert r.get("foo") == "bar"
    assert r.get("none") is None
    assert r.set("carlos", "x", nx=True) is True
    assert r.set("carlos", "y", nx=True) is None
    assert r.set("carlos", "y", xx=True, get=True) == "x"
    assert r.mget("foo", "none", "carlos") == ["bar", None, "y"]
    assert r.incr("n") == 1
    assert r.incrbyfloat("n", 0.5) == 1.5
    assert r.append("foo", "!") == 4
    assert r.getdel("foo") == "bar!"


def test_hashes_and_sets(r: Any) -> None:
    assert r.hset("user", mapping={"name": "John", "age": 29}) == 2
    assert r.hgetall("user") == {"name": "John", "age": "29"}
    assert r.hmget("user", ["name", "none"]) == ["John", None]
    assert r.hincrby("user", "age", 1) == 30
    assert r.sadd("s", "a", "b", "c") == 3
    assert r.smembers("s") == {"a", "b", "c"}
    assert r.sinter("s", "none") == set()
    assert r.smismember("s", ["a", "x"]) == [1, 0]


def test_expiry(r: Any) -> None:
    r.set("k", "v", ex=100)
    assert 0 < r.ttl("k") <= 100
    assert r.expire("k", 1000, gt=True) is True
    assert r.expire("k", 10, gt=True) is False
    assert r.persist("k") is True
    assert r.ttl("k") == -1
    assert r.expireat("k", 33177117420) is True
    assert r.expiretime("k") == 33177117420


def test_iterating(r: Any) -> None:
    r.mset({f"key:{number}": number for number in range(500)})
    assert len(set(r.scan_iter("key:*", count=50))) == 500
    r.hset("h", mapping={f"f{number}": number for number in range(200)})
    assert len(dict(r.hscan_iter("h"))) == 200
    r.sadd("s", *range(300))
    assert set(r.sscan_iter("s", match="1*")) == {str(n) for n in range(300) if str(n)[0] == "1"}


def test_pipelines(r: Any) -> None:
    pipe = r.pipeline()
    pipe.set("foo", 5).set("bar", 18.5).set("blee", "hello world!")
    assert pipe.execute() == [True, True, True]
    with r.pipeline(transaction=False) as plain:
        plain.get("foo").incr("blee").get("bar")
        replies = plain.execute(raise_on_error=False)
    assert replies[0] == "5"
    assert isinstance(replies[1], redis.ResponseError)
    assert replies[2] == "18.5"


def test_a_transaction_that_watches(r: Any) -> None:
    with r.pipeline() as pipe:
        pipe.watch("OUR-SEQUENCE-KEY")
        current = pipe.get("OUR-SEQUENCE-KEY")
        pipe.multi()
        pipe.set("OUR-SEQUENCE-KEY", int(current or 0) + 1)
        r.set("OUR-SEQUENCE-KEY", "changed")
        with pytest.raises(WatchError):
            pipe.execute()


def test_the_transaction_shortcut(r: Any) -> None:
    def client_side_incr(pipe: Any) -> None:
        following = int(pipe.get("OUR-SEQUENCE-KEY") or 0) + 1
        pipe.multi()
        pipe.set("OUR-SEQUENCE-KEY", following)

    assert r.transaction(client_side_incr, "OUR-SEQUENCE-KEY") == [True]
    assert r.get("OUR-SEQUENCE-KEY") == "1"


def test_publish_and_subscribe(r: Any) -> None:
    with r.pubsub() as p:
        p.subscribe("my-first-channel", "my-second-channel")
        p.psubscribe("my-*")
        assert {kind for kind, *_ in messages(p, 3)} == {"subscribe", "psubscribe"}
        assert r.publish("my-first-channel", "some data") == 2
        assert messages(p, 2) == [
            ("message", None, "my-first-channel", "some data"),
            ("pmessage", "my-*", "my-first-channel", "some data"),
        ]
        p.unsubscribe()
        p.punsubscribe()
        assert {kind for kind, *_ in messages(p, 3)} == {"unsubscribe", "punsubscribe"}


def test_a_handler_in_a_thread(r: Any) -> None:
    heard = threading.Event()
    p = r.pubsub(ignore_subscribe_messages=True)
    p.subscribe(**{"my-channel": lambda _: heard.set()})
    thread = p.run_in_thread(sleep_time=0.01, daemon=True)
    while not heard.wait(0.01):
        r.publish("my-channel", "awesome data")
    thread.stop()
    thread.join(WAIT_SECONDS)


def test_sharded_publish_and_subscribe(r: Any) -> None:
    with r.pubsub() as p:
        p.ssubscribe("foo")
        assert messages(p, 1) == [("ssubscribe", None, "foo", 1)]
        assert r.spublish("foo", "hello") == 1
        assert messages(p, 1) == [("smessage", None, "foo", "hello")]


def test_keyspace_notifications(r: Any) -> None:
    r.config_set("notify-keyspace-events", "KEA")
    with r.pubsub(ignore_subscribe_messages=True) as p:
        p.psubscribe("__keyspace@0__:*")
        p.get_message(timeout=WAIT_SECONDS)
        r.set("foo", "bar")
        r.delete("foo")
        found = messages(p, 2)
    r.config_set("notify-keyspace-events", "")
    assert [(channel, data) for _, _, channel, data in found] == [
        ("__keyspace@0__:foo", "set"),
        ("__keyspace@0__:foo", "del"),
    ]


MULTIPLY = """
local value = redis.call('GET', KEYS[1])
value = tonumber(value)
return value * ARGV[1]"""


def test_scripts(r: Any) -> None:
    r.set("foo", 2)
    multiply = r.register_script(MULTIPLY)
    assert multiply(keys=["foo"], args=[5]) == 10
    r.script_flush()
    with pytest.raises(NoScriptError):
        r.evalsha(multiply.sha, 1, "foo", 5)
    pipe = r.pipeline()
    pipe.set("foo", 5)
    multiply(keys=["foo"], args=[5], client=pipe)
    assert pipe.execute() == [True, 25]


def test_functions(r: Any) -> None:
    code = """#!lua name=mylib
redis.register_function('myfunc', function(keys, args) return args[1] end)"""
    assert r.function_load(code) == "mylib"
    assert r.fcall("myfunc", 0, "hello") == "hello"
    assert r.function_list("mylib")
    assert r.function_delete("mylib") in ("OK", True)


def test_a_lock(r: Any) -> None:
    with r.lock("my-lock", timeout=100, blocking_timeout=WAIT_SECONDS) as lock:
        assert lock.owned()
        assert lock.extend(100)
        assert lock.reacquire()
        assert not r.lock("my-lock", timeout=100, blocking=False).acquire()
        assert 100 < r.pttl("my-lock") / 1000 + 1 <= 101
    assert not r.exists("my-lock")
    lost = r.lock("my-lock", timeout=100)
    lost.acquire()
    r.delete("my-lock")
    with pytest.raises(LockNotOwnedError):
        lost.release()


def test_monitoring(r: Any) -> None:
    with r.monitor() as monitor:
        r.set("foo", "bar")
        assert any(each["command"] == "SET foo bar" for each in monitor.listen())


def test_information_about_the_server(r: Any) -> None:
    r.set("foo", "bar")
    info = r.info()
    assert info["redis_version"] == "7.0.15"
    assert info["db0"]["keys"] == 1
    assert r.dbsize() == 1
    assert r.client_setname("me") is True
    assert r.client_list(client_id=[r.client_id()])[0]["name"] == "me"
    assert r.config_get("maxclients") == {"maxclients": "10000"}
    assert r.command_count() > 100
    assert r.memory_usage("foo") > 0


def test_users(target: Target, r: Any) -> None:
    # From nothing: the server is shared, and somebody may have been alice before.
    assert r.acl_setuser(
        "alice",
        enabled=True,
        reset=True,
        passwords=["+pw"],
        keys=["cached:*"],
        commands=["+get", "+@set"],
    )
    assert r.acl_getuser("alice")["enabled"] is True
    provided = redis.Redis(
        host=target.host, port=target.port, credential_provider=Provider(), decode_responses=True
    )
    with provided as alice:
        assert alice.get("cached:1") is None
        with pytest.raises(redis.exceptions.NoPermissionError):
            alice.set("cached:1", "x")
    assert r.acl_deluser("alice") == 1


class Provider(CredentialProvider):
    def get_credentials(self) -> tuple[str, str]:
        return "alice", "pw"


@contextmanager
def _caching(server: servers.RealServer) -> Iterator[tuple[Any, Any]]:
    """A client that caches, and another."""
    options: dict[str, Any] = {"host": server.host, "port": server.port, "decode_responses": True}
    with (
        redis.Redis(protocol=3, cache_config=CacheConfig(), **options) as cached,
        redis.Redis(**options) as other,
    ):
        yield cached, other


def test_a_cache_on_the_side_of_the_client() -> None:
    with (
        servers.ferrite_lite("--redis-version", "8.0.0") as server,
        _caching(server) as (cached, other),
    ):
        other.set("foo", "bar")
        assert cached.get("foo") == "bar"
        cache = cached.get_cache()
        assert cache is not None
        assert cache.size == 1
        other.set("foo", "barbar")
        other.ping()
        assert cached.get("foo") == "barbar"


def test_connections_by_url_and_in_pools(target: Target) -> None:
    url = f"redis://{target.host}:{target.port}/3?decode_responses=True&health_check_interval=2"
    pool = redis.ConnectionPool.from_url(url, max_connections=2, retry=Retry(NoBackoff(), 1))
    with redis.Redis(connection_pool=pool) as client:
        assert client.set("foo", "bar") is True
        assert client.client_info()["db"] == 3
        client.flushdb()
    pool.disconnect()


def test_the_asynchronous_client(target: Target) -> None:
    async def use() -> list[Any]:
        async with redis.asyncio.Redis(
            host=target.host, port=target.port, decode_responses=True
        ) as client:
            pipe: Any = client.pipeline(transaction=True)
            replies = await pipe.set("key1", "value1").set("key2", "value2").execute()
            async with client.pubsub() as pubsub:
                await pubsub.subscribe("channel:1")
                await pubsub.get_message(timeout=WAIT_SECONDS)
                await client.publish("channel:1", "Hello")
                message = await pubsub.get_message(timeout=WAIT_SECONDS)
            await client.flushall()
        return [*replies, message and message["data"]]

    assert asyncio.run(use()) == [True, True, "Hello"]


def test_fields_with_deadlines(subject: Target) -> None:
    with redis.Redis(host=subject.host, port=subject.port, decode_responses=True) as client:
        r: Any = client
        r.hset("h", mapping={"f": 1, "g": 2})
        assert r.hexpire("h", 100, "f") == [1]
        assert r.httl("h", "f", "g", "x")[1:] == [-1, -2]
        assert r.hpersist("h", "f") == [1]
        assert r.hgetex("h", "f", ex=100) == ["1"]
        assert r.hsetex("h", mapping={"i": 3}, ex=100) == 1
        assert r.hgetdel("h", "i") == ["3"]
        r.flushall()
