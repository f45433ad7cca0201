"""What an operator sees of sessions, and what he does not."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

import ferrite_lite
from sessions import AuthContext, Census, DeviceInfo, Lifetime, SessionStore, SyncSessionStore
from sessions.crypto import AesGcmEncryptor
from sessions.refresh import RefreshTokens
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate

DEVICE = DeviceInfo("Firefox", "198.51.100.7", "desktop")


@pytest.fixture
def prefix(user: str) -> str:
    return f"[{user}*]?:"


async def test_users_sessions_and_visitors_are_counted(make_store: MakeStore, prefix: str) -> None:
    store = await make_store(prefix=prefix)
    for client in ("web", "web", "app"):
        await store.create("alice", labels={"client": client})
    await store.create("bob", labels={"client": "app", "device": "d-1"})
    ended = await store.create("carol", labels={"client": "web"})
    await store.create("dave")
    await store.create(None)
    await store.destroy(ended.token)
    for user_id in ("alice", "erin"):
        await RefreshTokens(store).issue(user_id)
    assert await store.count() == Census(users=3, sessions=6, visitors=1, by_label={})
    census = await store.count("client")
    assert census.by_label == {"web": 2, "app": 2}
    assert (await store.count("device")).by_label == {"d-1": 1}
    assert (await store.count("nothing")).by_label == {}


async def test_an_empty_store_has_nobody(make_store: MakeStore, prefix: str) -> None:
    store = await make_store(prefix=prefix)
    assert await store.count("client") == Census(0, 0, 0, {})


async def test_what_has_expired_is_not_counted_and_not_shown(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    async with await make_timed_store() as store:
        await store.create("alice", lifetime=Lifetime(60, None))
        kept = await store.create("alice")
        await store.create("bob", lifetime=Lifetime(60, None))
        clock.advance(seconds=60)
        assert await store.count() == Census(1, 1, 0, {})
        assert [details.public_id for details in await store.show("alice")] == [kept.public_id]


async def test_a_session_is_shown_without_its_data(store: SessionStore, user: str) -> None:
    data = {"cart": ["secret tea"], "name": "Älïce"}
    issued = await store.create(
        user, data, DEVICE, auth=AuthContext(("pwd", "otp"), 2), labels={"client": "web"}
    )
    other = await store.create(user, lifetime=Lifetime(600, None))
    await store.create(f"{user}-else")
    shown = {details.public_id: details for details in await store.show(user)}
    first, second = shown.pop(issued.public_id), shown.pop(other.public_id)
    assert not shown
    assert (first.user_id, first.device_info, first.labels) == (user, DEVICE, {"client": "web"})
    assert first.auth is not None
    assert (first.auth.methods, first.auth.level) == (("pwd", "otp"), 2)
    assert first.version == 1
    # As JSON, in which a letter that is not of ASCII takes six bytes.
    assert first.data_bytes == {"cart": len('["secret tea"]'), "name": len('"\\u00c4l\\u00efce"')}
    assert first.created_at == first.issued_at == issued.created_at
    assert first.expires_at == issued.expires_at
    assert first.absolute_expires_at == issued.absolute_expires_at
    assert second.absolute_expires_at is None
    assert second.expires_at - second.last_access == timedelta(seconds=600)
    assert await store.show(user, other.public_id) == [second]
    assert await store.show(user, "none") == []
    assert await store.show(f"{user}-nobody") == []


async def test_no_token_no_sid_and_no_value_is_shown(store: SessionStore, user: str) -> None:
    issued = await store.create(user, {"cart": ["secret tea"]})
    successor = await store.rotate(issued.token)
    assert successor is not None
    (details,) = await store.show(user)
    shown = repr(dataclasses.asdict(details))
    secrets = [issued.token, successor.token, issued._sid, successor._sid, "secret tea"]
    assert [secret for secret in secrets if secret in shown] == []
    assert "cart" in shown


async def test_a_session_that_ends_while_it_is_looked_at_is_left_out(
    store: SessionStore, slow_store: SessionStore, between: Between, user: str
) -> None:
    issued = await store.create(user)
    await slow_store.show(user)  # the scripts are known from now on
    between.calls.clear()
    assert len(await slow_store.show(user)) == 1
    between.at_call(len(between.calls), before=lambda: store.destroy(issued.token))
    assert await slow_store.show(user) == []


async def test_looking_prolongs_nothing(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    async with await make_timed_store(ttl_seconds=60, touch_interval_seconds=0) as store:
        issued = await store.create("alice")
        clock.advance(seconds=59)
        await store.count("client")
        await store.show("alice")
        clock.advance(seconds=1)
        assert await store.validate(issued.token) is None


async def test_what_is_sealed_is_shown_by_who_has_no_key_to_it() -> None:
    async with ferrite_lite.Ferrite() as ferrite:
        encryptor = AesGcmEncryptor("a", {"a": b"k" * 32})
        sealed: SessionStore = await SessionStore.connect(
            ferrite.client(), without_rate(), keys=KEYS, encryptor=encryptor
        )
        await sealed.create("alice", {"cart": ["tea"]}, DEVICE)
        plain: SessionStore = await SessionStore.connect(
            ferrite.client(), without_rate(), keys=KEYS
        )
        (with_key,), (without,) = await sealed.show("alice"), await plain.show("alice")
    assert with_key.device_info == DEVICE
    assert without == dataclasses.replace(with_key, device_info=None)
    assert without.data_bytes["cart"] > len('["tea"]')


def test_a_store_that_blocks_counts_and_shows_too() -> None:
    with SyncSessionStore.connect() as store:
        issued = store.create("alice", {"a": 1})
        assert store.count() == Census(1, 1, 0, {})
        assert [details.public_id for details in store.show("alice")] == [issued.public_id]
