"""Group A of the seed document's defects: authentication bypass, resurrection, ghosts."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

import ferrite_lite
import sessions
from sessions import KeyRing, SessionConfig, SessionStore
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.support.servers import RealCluster, RealServer


async def records_of(client: Any, user: str) -> list[bytes]:
    """Every key that holds something of a user, but for what is kept for who tries again."""
    tag = Tokens(KEYS).tag(user)
    found = [key async for key in client.scan_iter(match=f"*{{{tag}}}*")]
    return [key for key in found if b":answer:" not in key]


async def test_a1_a_made_up_token_is_nobody(store: SessionStore, user: str) -> None:
    forged, _ = Tokens(KEYS).issue(user)
    assert await store.validate(forged) is None


async def test_a1_a_record_without_its_fields_is_no_session(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user)
    key = next(k for k in await records_of(client, user) if k.startswith(b"session:"))
    await client.execute_command("HDEL", key, "user_id")
    assert await store.validate(issued.token) is None


async def test_a2_an_unknown_token_leaves_no_key(
    store: SessionStore, client: Any, user: str
) -> None:
    forged, _ = Tokens(KEYS).issue(user)
    await store.validate(forged)
    await store.patch(forged, {"a": 1})
    assert await records_of(client, user) == []


async def test_a3_a_logout_cannot_be_undone_by_a_validate_in_flight(
    store: SessionStore, slow_store: SessionStore, between: Between, client: Any, user: str
) -> None:
    issued = await store.create(user)
    await slow_store.validate(issued.token)
    between.before = lambda: store.destroy(issued.token)
    assert await slow_store.validate(issued.token) is None
    assert await store.validate(issued.token) is None
    assert await records_of(client, user) == []


async def test_a4_a_late_write_makes_no_session_that_lives_for_ever(
    store: SessionStore, slow_store: SessionStore, between: Between, client: Any, user: str
) -> None:
    issued = await store.create(user)
    between.before = lambda: store.destroy(issued.token)
    assert not await slow_store.update_data(issued.token, {"a": 1})
    assert await records_of(client, user) == []


async def test_a5_a_record_left_blank_locks_nobody_out(
    store: SessionStore, client: Any, user: str
) -> None:
    await store.create(user)
    for key in await records_of(client, user):
        if key.startswith(b"session:"):
            await client.execute_command("DEL", key)
            await client.execute_command("HSET", key, "last_access", "1")
    assert await store.validate((await store.create(user)).token) is not None


async def test_a6_a_session_and_its_index_entry_end_together(
    slow_store: SessionStore, between: Between, user: str
) -> None:
    issued = await slow_store.create(user)
    between.calls.clear()
    await slow_store.destroy(issued.token)
    scripts = [call for call in between.calls if call[0] in ("EVAL", "EVALSHA")]
    assert len(scripts) <= 2  # the second one only where the server had to be given the text
    assert await slow_store.get_user_sessions(user) == []


async def test_a7_a_login_racing_log_out_everywhere_is_listed_or_dead(
    store: SessionStore, slow_store: SessionStore, between: Between, user: str
) -> None:
    before = await store.create(user)
    racing: list[str] = []

    async def log_in() -> None:
        racing.append((await store.create(user)).token)

    between.before = log_in
    assert await slow_store.destroy_all_for_user(user) == 2
    for token in (before.token, *racing):
        assert await store.validate(token) is None
    between.after = log_in
    await slow_store.destroy_all_for_user(user)
    assert await store.validate(racing[1]) is not None
    assert len(await store.get_user_sessions(user)) == 1


async def test_a8_ending_the_others_is_one_step(
    store: SessionStore, slow_store: SessionStore, between: Between, user: str
) -> None:
    mine = await store.create(user)
    racing: list[str] = []

    async def log_in() -> None:
        racing.append((await store.create(user)).token)

    between.before = log_in
    assert await slow_store.destroy_other_sessions(user, mine.token) == 1
    assert await store.validate(racing[0]) is None
    assert await store.validate(mine.token) is not None


async def test_a9_a_login_ends_the_session_that_came_with_it(
    store: SessionStore, user: str
) -> None:
    before = await store.create(user)
    anonymous = await store.create(user + "-anonymous")
    after = await store.create(user, replace=before.token)
    assert await store.validate(before.token) is None
    last = await store.create(user, replace=anonymous.token)
    assert await store.validate(anonymous.token) is None
    assert await store.validate(after.token) is not None
    assert await store.validate(last.token) is not None


async def test_a9_a_login_in_place_of_a_session_evicts_nobody(
    make_store: MakeStore, client: Any, user: str
) -> None:
    store = await make_store(max_sessions_per_user=2)
    other, mine = await store.create(user), await store.create(user)
    again = await store.create(user, replace=mine.token)
    assert again.evicted == ()
    assert len(await records_of(client, user)) == 3  # two sessions, one index
    assert await store.validate(other.token) is not None


async def test_a10_a_session_ends_by_age_however_busy(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=100, absolute_seconds=1000) as store:
        issued = await store.create(user)
        for _ in range(19):
            clock.advance(seconds=50)
            session = await store.validate(issued.token)
            assert session is not None
            assert session.absolute_expires_at is not None
            assert session.expires_at <= session.absolute_expires_at
        clock.advance(seconds=50)
        assert await store.validate(issued.token) is None


async def test_a11_an_ended_session_stays_ended_when_its_record_comes_back(
    store: SessionStore, client: Any, user: str
) -> None:
    """What a failover to a lagging replica does to one of the two keys."""
    issued = await store.create(user)
    key = next(k for k in await records_of(client, user) if k.startswith(b"session:"))
    reply = await client.execute_command("HGETALL", key)
    await store.destroy(issued.token)
    for name, value in reply.items():
        await client.execute_command("HSET", key, name, value)
    assert await store.validate(issued.token) is None
    assert await store.patch(issued.token, {"a": 1}) is None
    assert await store.get_user_sessions(user) == []
    await client.execute_command("DEL", key)


async def test_a12_a_lost_index_ends_sessions_instead_of_reviving_them(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user)
    key = next(k for k in await records_of(client, user) if k.startswith(b"user:"))
    await client.execute_command("DEL", key)
    assert await store.validate(issued.token) is None


async def test_a12_the_doctor_names_a_policy_that_drops_keys(redis_server: RealServer) -> None:
    async with await SessionStore.connect(
        redis_server.url, SessionConfig(timeout_seconds=5), keys=KEYS
    ) as store:
        redis_server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try:
            (finding,) = await store.doctor()
        finally:
            redis_server.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        assert "allkeys-lru" in finding
        assert await store.doctor() == []


async def test_a12_the_doctor_asks_every_node_of_a_cluster(redis_cluster: RealCluster) -> None:
    for node in redis_cluster.nodes:
        node.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try:
            async with RedisCluster(host=redis_cluster.host, port=redis_cluster.port) as client:
                store = await SessionStore.connect(client, without_rate(), keys=KEYS)
                (finding,) = await store.doctor()
        finally:
            node.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        assert "allkeys-lru" in finding


async def test_a13_every_read_is_a_script_that_replicas_do_not_run(
    slow_store: SessionStore, between: Between, user: str
) -> None:
    """EVALSHA goes to the primary; EVALSHA_RO, which may go to a replica, is never sent."""
    issued = await slow_store.create(user)
    await slow_store.validate(issued.token)
    assert {call[0] for call in between.calls} <= {"EVAL", "EVALSHA", "UNLINK"}


async def test_forty_logins_at_once_leave_exactly_as_many_sessions_as_allowed(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(max_sessions_per_user=5)
    issued = await asyncio.gather(*(store.create(user) for _ in range(40)))
    alive = [await store.validate(each.token) is not None for each in issued]
    assert sum(alive) == len(await store.get_user_sessions(user)) == 5


@pytest.mark.parametrize("kid", ["k1", "k2"])
async def test_dropping_a_key_revokes_everything_under_it(user: str, kid: str) -> None:
    ring = KeyRing(current=kid, keys={"k1": b"1" * 32, "k2": b"2" * 32}, routing_key=b"r" * 32)
    kept = KeyRing(current="k2", keys={"k2": b"2" * 32}, routing_key=b"r" * 32)
    async with ferrite_lite.Ferrite() as ferrite:
        client = ferrite.client()
        issued = await (await SessionStore.connect(client, without_rate(), keys=ring)).create(user)
        later = await SessionStore.connect(client, without_rate(), keys=kept)
        assert (await later.validate(issued.token) is not None) is (kid == "k2")


def test_every_write_is_in_one_file() -> None:
    package = Path(sessions.__file__).parent
    rooms = [package, package / "operations", package / "servers"]
    texts = {path.name: path.read_text() for room in rooms for path in room.glob("*.py")}
    sending = {name for name, text in texts.items() if "execute_command(" in text}
    assert sending == {"link.py", "blocking.py", "multiplexed.py", "direct.py"}
    asking = {
        name: set(re.findall(r"""\.ask(?:_each_node)?\(\s*"([^"]*)""", text))
        for name, text in texts.items()
    }
    assert asking.pop("atomic.py")
    assert {name: words for name, words in asking.items() if words} == {
        "maintenance.py": {"CONFIG GET"},
        "expiry.py": {"CONFIG GET"},
        # A script that tells whether scripts run, on a key of its own.
        "probing.py": {"INFO", "EVAL"},
    }
