"""Group B of the seed document's defects: secrets. B6 and B7 are of the web, in test_web.py."""

from __future__ import annotations

import logging
import os
from typing import Any

import pytest
import redis.asyncio

from sessions import ConfigError, DeviceInfo, KeyRing, RequestContext, SessionStore
from sessions.tokens import SECRET_BYTES, Tokens
from tests.sessions.conftest import KEYS, Between, without_rate
from tests.sessions.monitored import monitored
from tests.sessions.test_defects_a import records_of
from tests.support.servers import RealServer

HOME = RequestContext("198.51.100.7", {"user-agent": "Firefox"})


async def everything_stored(client: Any, user: str) -> list[str]:
    """Every key, field and value that the store holds of a user."""
    found = []
    for key in await records_of(client, user):
        kind = await client.execute_command("TYPE", key)
        if kind == b"hash":
            held = await client.execute_command("HGETALL", key)
            found += [key, *held.keys(), *held.values()]
        else:
            found += [key, await client.execute_command("GET", key)]
    return [each.decode() for each in found]


async def test_b1_the_store_is_told_and_keeps_no_token(redis_server: RealServer, user: str) -> None:
    async with await SessionStore.connect(redis_server.url, without_rate(), keys=KEYS) as store:
        with monitored(redis_server) as seen:
            issued = await store.create(user, {"a": 1}, request=HOME)
            await store.validate(issued.token, request=HOME)
            rotated = await store.rotate(issued.token)
            assert rotated is not None
            await store.validate(issued.token)
        told = b"".join(seen.lines).decode()
        client = redis.asyncio.Redis.from_url(redis_server.url)
        held = " ".join(await everything_stored(client, user))
        await client.aclose()
        for token in (issued.token, rotated.token):
            secret = token.rpartition(".")[2]
            # A part of it would do for guessing the rest.
            assert secret[:10] not in told + held
            assert secret[-10:] not in told + held


async def test_b2_nothing_that_the_store_holds_can_be_presented(
    store: SessionStore, between: Between, client: Any, user: str
) -> None:
    issued = await store.create(user, {"a": 1}, request=HOME)
    await store.rotate(issued.token)
    kid, tag, _ = issued.token.split(".")
    watched = await SessionStore.connect(between, without_rate(), keys=KEYS)
    between.calls.clear()
    for stored in await everything_stored(client, user):
        for presented in (stored, stored.rpartition(":")[2], f"{kid}.{tag}.{stored}"):
            assert await watched.validate(presented) is None
    assert between.calls == []


async def test_b3_a_token_is_random_bytes_and_its_keys_can_be_changed(
    client: Any, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SECRET_BYTES * 8 == 256
    monkeypatch.delenv("SESSION_SECRET", raising=False)
    old, new = os.urandom(32), os.urandom(32)
    routing = os.urandom(32)
    rings = [
        KeyRing("k1", {"k1": old}, routing),
        KeyRing("k2", {"k1": old, "k2": new}, routing),
        KeyRing("k2", {"k2": new}, routing),
    ]
    first, both, last = [
        await SessionStore.connect(client, without_rate(), keys=ring) for ring in rings
    ]
    issued = await first.create(user)
    assert await both.validate(issued.token) is not None
    rotated = await both.rotate(issued.token)
    assert rotated is not None
    assert await last.validate(rotated.token) is not None
    assert await last.validate(issued.token) is None


async def test_b4_no_log_line_and_no_repr_shows_a_token(
    store: SessionStore, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    issued = await store.create(user, request=HOME)
    session = await store.validate_with_ip(issued.token, "203.0.113.1")
    listed = await store.get_user_sessions(user, issued.token)
    shown = f"{issued!r} {session!r} {listed!r} {store!r} {caplog.text}"
    assert issued.token.rpartition(".")[2] not in shown
    assert issued.public_id in shown


@pytest.mark.parametrize("token", ["", "s", "session", "é" * 5, "\ud800", "k1.é"])
async def test_b5_a_list_shows_public_ids_and_no_token_is_too_short(
    store: SessionStore, user: str, token: str
) -> None:
    issued = await store.create(user)
    (listed,) = await store.get_user_sessions(user, token)
    assert not listed.is_current
    assert listed.public_id == issued.public_id
    assert listed.public_id not in issued.token
    assert issued.token.rpartition(".")[2][:8] not in repr(listed)
    assert not await store.destroy(token)
    assert await store.destroy_other_sessions(user, token) == 0


#: What an operator allows the application: the keys of the sessions, and what the scripts call.
ACL = (
    *("ACL", "SETUSER", "app", "on", ">secret", "resetkeys", "-@all"),
    *("~session:*", "~user:*", "~rate:session:*", "~label:*"),
    *("+@hash", "+@string", "+@keyspace", "+@scripting", "+@connection", "+time", "+info"),
    *("-keys", "-flushall", "-flushdb", "-script|flush", "-function"),
)


async def test_b8_every_operation_works_under_an_acl_with_key_patterns(
    redis_server: RealServer, user: str
) -> None:
    assert redis_server.ask(*ACL) == b"+OK\r\n"
    url = f"redis://app:secret@{redis_server.host}:{redis_server.port}"
    try:
        async with await SessionStore.connect(url, without_rate(), keys=KEYS) as store:
            device = DeviceInfo("Firefox", "198.51.100.7", "desktop")
            issued = await store.create(user, {"a": 1}, device, labels={"sid": user})
            again = await store.create(user, replace=issued.token)
            assert await store.validate(again.token) is not None
            assert await store.patch(again.token, {"b": 2}) == 2
            async with store.lock(again.token):
                rotated = await store.rotate(again.token)
            assert rotated is not None
            assert len(await store.get_user_sessions(user)) == 1
            assert await store.find("sid", user) == []
            assert await store.destroy_other_sessions(user, rotated.token) == 0
            assert await store.destroy(rotated.token)
            assert await store.destroy_all_for_user(user) == 0
            assert await store.generation(user) > 0
        wrong = f"redis://app:wrong@{redis_server.host}:{redis_server.port}"
        with pytest.raises(ConfigError, match="refused"):
            await SessionStore.connect(wrong, without_rate(), keys=KEYS)
    finally:
        redis_server.ask("ACL", "DELUSER", "app")


def test_b8_no_key_is_outside_the_patterns_that_an_operator_allows() -> None:
    patterns = [word[1:-1] for word in ACL if word.startswith("~")]
    tag = Tokens(KEYS).tag("alice")
    keys = [f"session:{{{tag}}}:x", f"user:{{{tag}}}:sessions", f"user:{{{tag}}}:gen"]
    assert all(any(key.startswith(pattern) for pattern in patterns) for key in keys)
