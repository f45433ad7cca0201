"""Group E of the seed document's defects: data."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import DataTooLarge, DecodeError, DeviceInfo, SessionStore
from sessions.codecs import DataclassCodec
from sessions.crypto import AesGcmEncryptor
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.sessions.test_defects_a import records_of

JUNK = [b"{", b"\xff\xfe", b"nope", b"[" * 5000]


async def record_key(client: Any, user: str) -> bytes:
    (key,) = [key for key in await records_of(client, user) if key.startswith(b"session:")]
    return key


async def test_e1_two_tabs_that_save_different_fields_lose_neither(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user, {"theme": "light"})
    await asyncio.gather(
        store.patch(issued.token, {"theme": "dark"}), store.patch(issued.token, {"cart": [1]})
    )
    session = await store.validate(issued.token)
    assert session is not None
    assert session.data == {"theme": "dark", "cart": [1]}


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: repr(junk[:8]))
async def test_e2_data_that_cannot_be_read_is_an_error_and_stays_as_it_is(
    store: SessionStore, client: Any, user: str, junk: bytes
) -> None:
    issued = await store.create(user, {"a": 1, "b": 2})
    key = await record_key(client, user)
    await client.execute_command("HSET", key, "d:a", junk)
    session = await store.validate(issued.token)
    assert session is not None
    with pytest.raises(DecodeError):
        _ = session.data
    with pytest.raises(DecodeError):
        async with store.edit(issued.token) as lent:
            lent.data["c"] = 3
    # Who writes another field overwrites no evidence.
    assert await store.patch(issued.token, {"b": 3}) == 2
    assert await client.execute_command("HGET", key, "d:a") == junk


async def test_e3_a_record_without_an_age_or_an_owner_is_nobody_and_does_not_get_younger(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user)
    key = await record_key(client, user)
    for name in ("created_at", "user_id"):
        value = await client.execute_command("HGET", key, name)
        await client.execute_command("HDEL", key, name)
        assert await store.validate(issued.token) is None
        await client.execute_command("HSET", key, name, value)
    await client.execute_command("HSET", key, "created_at", "yesterday")
    with pytest.raises(DecodeError):
        await store.validate(issued.token)
    assert await client.execute_command("HGET", key, "created_at") == b"yesterday"


@dataclasses.dataclass
class Cart:
    items: list[str]
    total: float = 0.0


async def test_e4_data_is_more_than_strings(client: Any, user: str) -> None:
    store: SessionStore[Cart] = await SessionStore.connect(
        client, without_rate(), keys=KEYS, codec=DataclassCodec(Cart)
    )
    issued = await store.create(user, Cart(["tea"], 2.5))
    session = await store.validate(issued.token)
    assert session is not None
    assert session.data == Cart(["tea"], 2.5)


async def test_e5_what_comes_from_outside_has_bounds_that_hold_before_anything_is_sent(
    client: Any, between: Between, user: str
) -> None:
    store = await SessionStore.connect(between, without_rate(max_data_bytes=100), keys=KEYS)
    between.calls.clear()
    with pytest.raises(DataTooLarge):
        await store.create(user, {"a": "x" * 100})
    with pytest.raises(DataTooLarge):
        await store.create(user, {}, DeviceInfo("x" * 10_000))
    with pytest.raises(ValueError, match="user_id"):
        await store.create("x" * 10_000)
    assert between.calls == []
    issued = await store.create(user, {"a": "x" * 50})
    for at in range(3):  # nor do many small ones
        with pytest.raises(DataTooLarge):
            await store.patch(issued.token, {f"b{at}": "x" * 60})


async def test_e6_who_can_write_the_store_cannot_become_somebody_else(
    client: Any, user: str
) -> None:
    encryptor = AesGcmEncryptor("e1", {"e1": AesGcmEncryptor.generate_key()})
    store = await SessionStore.connect(client, without_rate(), keys=KEYS, encryptor=encryptor)
    issued = await store.create(user, {"role": "guest", "name": "x"})
    key = await record_key(client, user)
    held = await client.execute_command("HGETALL", key)
    assert b"guest" not in b"".join(held.values())
    await client.execute_command("HSET", key, "user_id", "admin")
    with pytest.raises(DecodeError):
        await store.validate(issued.token)
    await client.execute_command("HSET", key, "user_id", user, "d:role", held[b"d:name"])
    session = await store.validate(issued.token)
    assert session is not None
    with pytest.raises(DecodeError):
        _ = session.data


@pytest.mark.parametrize(
    "user_id", ["user:alice", "{a}", "a}{b", "*", "alice:sessions", "\n", "ä", "x" * 1024]
)
async def test_e7_any_user_id_gives_keys_of_one_form(
    store: SessionStore, client: Any, user: str, user_id: str
) -> None:
    owner = f"{user}{user_id}"[:1024]
    issued = await store.create(owner)
    for key in await records_of(client, owner):
        assert key.count(b"{") == key.count(b"}") == 1
        assert owner.encode() not in key
    session = await store.validate(issued.token)
    assert session is not None
    assert session.user_id == owner
    assert await store.destroy_all_for_user(owner) == 1


@given(st.text(min_size=1, max_size=50), st.text(min_size=1, max_size=50))
def test_e7_two_users_never_share_a_tag(one: str, other: str) -> None:
    tokens = Tokens(KEYS)
    ids = [text.encode(errors="replace").decode() for text in (one, other)]
    assert (tokens.tag(ids[0]) == tokens.tag(ids[1])) == (ids[0] == ids[1])


async def test_e8_a_token_is_never_a_part_of_a_key(
    store: SessionStore, between: Between, user: str
) -> None:
    issued = await store.create(user, {}, DeviceInfo("UA"))
    watched = await SessionStore.connect(between, without_rate(), keys=KEYS)
    between.calls.clear()
    for end in (":device", ":ip", "\0", " ", "\n", "x" * 100_000, "*", "{}"):
        for token in (issued.token + end, end + issued.token, issued.token[:20] + end):
            assert await watched.validate(token) is None
            assert await watched.patch(token, {"a": 1}) is None
            assert not await watched.destroy(token)
    assert between.calls == []


async def test_e9_the_address_is_a_field_that_is_used(
    make_store: MakeStore, client: Any, user: str
) -> None:
    store = await make_store(ip_policy="reject")
    issued = await store.create(user, {}, DeviceInfo("UA", "198.51.100.7"))
    assert len(await records_of(client, user)) == 2  # the session, the index
    key = await record_key(client, user)
    assert await client.execute_command("HGET", key, "network") == b"198.51.100.0/24"
    assert await store.validate_with_ip(issued.token, "198.51.100.8") is not None
    assert await store.validate_with_ip(issued.token, "203.0.113.1") is None
