"""Tenants of one store see nothing of each other, and share its connections (ASVS 8.4.1)."""

from __future__ import annotations

from typing import Any

import pytest

import ferrite_lite
from sessions import (
    ConfigError,
    KeyRing,
    LoginFlows,
    RateLimit,
    RateLimited,
    RefreshTokens,
    RequestContext,
    SessionStore,
    StaleLogin,
    StoreRefused,
    SyncSessionStore,
    events,
)
from sessions.tenants import config_of, derived, ring_of
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.support.servers import RealServer

HOME = RequestContext("198.51.100.7")


def pair(store: SessionStore, user: str) -> tuple[SessionStore, SessionStore]:
    """Two tenants that no other test has: real servers are shared."""
    return store.for_tenant(f"acme of {user}"), store.for_tenant(f"bolt of {user}")


@pytest.fixture
async def watched(between: Between) -> SessionStore:
    """A store of which it can be seen what it asks."""
    return await SessionStore.connect(between, without_rate(), keys=KEYS)


# --- what is derived ------------------------------------------------------------------------------


def test_keys_are_derived_as_rfc_5869_says() -> None:
    """Test case 3 of its appendix: 22 bytes of 0x0b, neither salt nor info."""
    assert derived(b"\x0b" * 22, b"").hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
    )


def test_no_two_tenants_share_a_key_or_a_prefix() -> None:
    names = ["acme", "acme ", "Acme", "acme:user", "", "{x}", "*", "ac", "me", "ä" * 500]
    rings = [KEYS, *(ring_of(KEYS, name) for name in names if name)]
    secrets = [ring.routing_key for ring in rings] + [ring.keys["k1"] for ring in rings]
    assert len(set(secrets)) == len(secrets)
    prefixes = {
        config_of(without_rate(prefix="app:"), ring_of(KEYS, name), name).prefix
        for name in names
        if name
    }
    assert len(prefixes) == len(names) - 1
    for prefix in prefixes:
        assert prefix.startswith("app:tenant:")
        assert not set(prefix) & set("{}*?[]\\")


@pytest.mark.parametrize("name", ["", "x" * 1025])
def test_a_tenant_has_a_name(name: str) -> None:
    with pytest.raises(ConfigError):
        SessionStore.at(keys=KEYS).for_tenant(name)


def test_a_tenant_has_no_tenants() -> None:
    with pytest.raises(ConfigError):
        SessionStore.at(keys=KEYS).for_tenant("acme").for_tenant("bolt")


async def test_a_ring_that_rotates_rotates_that_of_each_tenant(client: Any, user: str) -> None:
    ring = KeyRing.generate()
    newer = ring.with_new_key()
    only_new = KeyRing(
        current=newer.current,
        keys={newer.current: newer.keys[newer.current]},
        routing_key=newer.routing_key,
    )
    tenants = [
        (await SessionStore.connect(client, without_rate(), keys=each)).for_tenant("acme")
        for each in (ring, newer, only_new)
    ]
    issued = await tenants[0].create(user)
    assert await tenants[1].validate(issued.token) is not None
    assert (await tenants[1].create(user)).token.startswith(newer.current)
    assert await tenants[2].validate(issued.token) is None
    assert len(await tenants[2].get_user_sessions(user)) == 2


# --- who sees what --------------------------------------------------------------------------------


async def test_a_token_of_another_tenant_is_junk_and_the_store_is_not_asked(
    watched: SessionStore, between: Between, user: str
) -> None:
    acme, bolt = pair(watched, user)
    token = (await acme.create(user, {"a": 1})).token
    assert await acme.validate(token) is not None
    for stranger in (bolt, watched):
        await stranger.create(user)
        between.calls.clear()
        assert await stranger.validate(token) is None
        assert await stranger.patch(token, {"a": 2}) is None
        assert await stranger.rotate(token) is None
        assert not await stranger.destroy(token)
        assert await stranger.destroy_other_sessions(user, token) == 0
        assert between.calls == []
    session = await acme.validate(token)
    assert session is not None
    assert session.data == {"a": 1}


async def test_tenants_whose_users_have_the_same_ids_see_nothing_of_each_other(
    store: SessionStore, user: str
) -> None:
    acme, bolt = pair(store, user)
    mine = await acme.create(user, labels={"device": user})
    generation = await acme.generation(user)
    for stranger in (bolt, store):
        assert await stranger.get_user_sessions(user) == []
        assert await stranger.find("device", user) == []
        assert not await stranger.destroy_by_id(user, mine.public_id)
        await stranger.create(user, labels={"device": user})
        assert await stranger.destroy_all_for_user(user) == 1
    assert await acme.generation(user) == generation
    await acme.create(user, if_generation=generation)
    assert [info.public_id for info in await acme.find("device", user)] == [mine.public_id]
    assert len(await acme.get_user_sessions(user)) == 2
    assert await acme.destroy_all_for_user(user) == 2
    with pytest.raises(StaleLogin):
        await acme.create(user, if_generation=generation)


async def test_limits_are_counted_for_each_tenant(make_store: MakeStore, user: str) -> None:
    store = await make_store(
        max_sessions_per_user=1, create_limit=RateLimit(2), create_limit_ip=RateLimit(3)
    )
    acme, bolt = pair(store, user)
    for tenant in (acme, bolt):
        first = await tenant.create(user, request=HOME)
        assert (await tenant.create(user, request=HOME)).evicted == (first.public_id,)
        with pytest.raises(RateLimited):
            await tenant.create(user)
        await tenant.create(f"{user}-2", request=HOME)
        with pytest.raises(RateLimited):
            await tenant.create(f"{user}-3", request=HOME)
    assert await acme.destroy_all_for_user(user) == 1
    assert len(await bolt.get_user_sessions(user)) == 1


async def test_everything_of_one_tenant_ends_sweeps_and_is_indexed_alone(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(epoch_seconds=0)
    acme, bolt = pair(store, user)
    tokens = [(await acme.create(user, labels={"device": user})).token for _ in range(3)]
    kept = [await bolt.create(user), await store.create(user)]
    assert (await acme.sweep()).live == 3
    assert (await bolt.sweep()).live == 1
    assert await acme.reindex() == 3
    assert await bolt.reindex() == 0
    assert await acme.doctor() == []
    assert await acme.destroy_everything() == 3
    assert [await acme.validate(token) for token in tokens] == [None] * 3
    assert await bolt.validate(kept[0].token) is not None
    assert await store.validate(kept[1].token) is not None
    await store.destroy_all_for_user(user)


async def test_the_epoch_of_one_tenant_is_none_of_the_others(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(epoch_seconds=0)
    acme, bolt = pair(store, user)
    ended, kept, own = [await each.create(user) for each in (acme, bolt, store)]
    await acme._core.epoch.begin()
    again = store.for_tenant(f"acme of {user}")
    assert await again.validate(ended.token) is None
    assert await bolt.validate(kept.token) is not None
    assert await store.validate(own.token) is not None


async def test_refresh_tokens_and_login_flows_are_of_one_tenant(
    store: SessionStore, user: str
) -> None:
    acme, bolt = pair(store, user)
    refresh = {each: RefreshTokens(each) for each in (acme, bolt, store)}
    token = await refresh[acme].issue(user)
    flow = await LoginFlows(acme).begin("/")
    for stranger in (bolt, store):
        assert await refresh[stranger].exchange(token) is None
        assert not await refresh[stranger].revoke(token)
        assert await refresh[stranger].families(user) == []
        assert await LoginFlows(stranger).finish(flow.state, flow.browser_binding) is None
    assert await refresh[acme].exchange(token) is not None
    assert await LoginFlows(acme).finish(flow.state, flow.browser_binding) is not None


async def test_a_name_is_in_no_key(store: SessionStore, client: Any, user: str) -> None:
    acme = store.for_tenant(f"acme of {user}")
    await acme.create(user, labels={"device": user}, request=HOME)
    prefix = acme.config.prefix
    keys = [key async for key in client.scan_iter(match=f"{prefix}*", count=1000)]
    assert len(keys) == 3
    assert not any(word in key for key in keys for word in (b"acme", user.encode()))


async def test_the_server_may_hold_a_process_to_the_keys_of_one_tenant(
    redis_server: RealServer, user: str
) -> None:
    acl = ("resetkeys", "-@all", "+@hash", "+@string", "+@keyspace", "+@scripting", "+time")
    prefix = SessionStore.at(keys=KEYS).for_tenant("acme").config.prefix
    redis_server.ask("ACL", "SETUSER", "acme", "on", ">secret", *acl, f"~{prefix}*", "+@connection")
    url = f"redis://acme:secret@{redis_server.host}:{redis_server.port}"
    try:
        async with SessionStore.at(url, without_rate(), keys=KEYS) as store:
            acme, bolt = store.for_tenant("acme"), store.for_tenant("bolt")
            await acme.check()
            issued = await acme.create(user, labels={"device": user})
            assert await acme.validate(issued.token) is not None
            assert len(await acme.find("device", user)) == 1
            assert await acme.destroy_all_for_user(user) == 1
            for stranger in (bolt, store):
                with pytest.raises(StoreRefused):
                    await stranger.create(user)
    finally:
        redis_server.ask("ACL", "DELUSER", "acme")


# --- what they share ------------------------------------------------------------------------------


async def test_what_happens_at_a_tenant_is_told_there_and_to_the_store_with_his_name(
    store: SessionStore, user: str
) -> None:
    acme, bolt = pair(store, user)
    told: dict[str, list[events.SessionEvent]] = {"store": [], "acme": [], "bolt": []}
    for name, each in (("store", store), ("acme", acme), ("bolt", bolt)):
        each.on_event(told[name].append, events.Created)
    issued = await acme.create(user)
    event = events.Created(user, issued.public_id, tenant=acme.tenant)
    assert acme.tenant == f"acme of {user}"
    assert told == {"store": [event], "acme": [event], "bolt": []}
    await store.create(user)
    assert told["store"][1].tenant is None
    assert len(told["acme"]) == 1


async def test_tenants_share_the_link_which_the_store_closes(
    clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with SessionStore.at(config=without_rate(ttl_seconds=60), clock=clock) as store:
        async with store.for_tenant("acme") as acme:
            await acme.check()
            assert acme._core.link is store._core.link
            issued = await acme.create(user)
        told: list[events.SessionEvent] = []
        store.on_event(told.append, events.StoreFailed)
        store._core.link.on_change(True)
        assert [type(each) for each in told] == [events.StoreFailed]
        acme = store.for_tenant("acme")
        assert await acme.validate(issued.token) is not None
        clock.advance(seconds=61)
        assert await acme.validate(issued.token) is None


def test_a_store_that_blocks_has_tenants_too(user: str) -> None:
    with SyncSessionStore.connect() as store:
        acme, bolt = store.for_tenant("acme"), store.for_tenant("bolt")
        token = acme.create(user).token
        assert bolt.validate(token) is None
        assert bolt.get_user_sessions(user) == []
        acme.close()
        assert store.for_tenant("acme").validate(token) is not None
