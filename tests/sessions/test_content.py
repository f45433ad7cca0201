from __future__ import annotations

import dataclasses
import re
from typing import Any

import msgspec
import pydantic
import pytest

from sessions import (
    ConfigError,
    DataTooLarge,
    DecodeError,
    DeviceInfo,
    SessionGone,
    SessionStore,
    VersionConflict,
)
from sessions.codecs import DataclassCodec, MsgspecCodec, PydanticCodec, VersionedCodec
from sessions.crypto import KEY_BYTES, AesGcmEncryptor
from tests.sessions.conftest import KEYS, Between, without_rate
from tests.sessions.test_defects_a import records_of

PHONE = DeviceInfo("Safari on iOS", "198.51.100.7", "phone")


@dataclasses.dataclass
class Cart:
    items: list[str] = dataclasses.field(default_factory=list)
    theme: str = "light"


class CartModel(pydantic.BaseModel):
    items: list[str] = []
    theme: str = "light"


class CartStruct(msgspec.Struct):
    items: list[str] = []
    theme: str = "light"


@pytest.mark.parametrize(
    ("codec", "type_"),
    [
        (DataclassCodec(Cart), Cart),
        (PydanticCodec(CartModel), CartModel),
        (MsgspecCodec(CartStruct), CartStruct),
    ],
    ids=["dataclass", "pydantic", "msgspec"],
)
async def test_data_may_have_a_type(client: Any, user: str, codec: Any, type_: Any) -> None:
    store: SessionStore[Any] = await SessionStore.connect(
        client, without_rate(), keys=KEYS, codec=codec
    )
    issued = await store.create(user, type_(items=["tea"]))
    async with store.edit(issued.token) as session:
        session.data.theme = "dark"
    found = await store.validate(issued.token)
    assert found is not None
    assert found.data == type_(items=["tea"], theme="dark")
    assert (await store.create(user)).data == type_()


async def test_a_field_that_a_dataclass_has_lost_is_left_out(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {"theme": "dark", "gone": 1})
    typed = await SessionStore.connect(
        client, without_rate(), keys=KEYS, codec=DataclassCodec(Cart)
    )
    session = await typed.validate(issued.token)
    assert session is not None
    assert session.data == Cart(theme="dark")


async def test_data_of_another_type_is_an_error_and_stays(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {"items": "no list"})
    typed = await SessionStore.connect(
        client, without_rate(), keys=KEYS, codec=PydanticCodec(CartModel)
    )
    session = await typed.validate(issued.token)
    assert session is not None
    with pytest.raises(DecodeError):
        _ = session.data
    plain = await store.validate(issued.token)
    assert plain is not None
    assert plain.data == {"items": "no list"}


@dataclasses.dataclass
class Basket:
    """What a Cart has become: its items are counted, and it has no theme."""

    counts: dict[str, int] = dataclasses.field(default_factory=dict)


def to_basket(fields: dict[str, Any], version: int) -> dict[str, Any]:
    assert version == 0
    return {"counts": dict.fromkeys(fields["items"], 1)}


def versioned(version: int = 1) -> VersionedCodec[Basket]:
    return VersionedCodec(DataclassCodec(Basket), version, to_basket)


async def connect_versioned(client: Any, version: int = 1) -> SessionStore[Basket]:
    return await SessionStore.connect(client, without_rate(), keys=KEYS, codec=versioned(version))


async def test_what_an_older_release_has_stored_is_upgraded_as_it_is_read(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {"items": ["tea", "milk"], "theme": "dark"})
    session = await (await connect_versioned(client)).validate(issued.token)
    assert session is not None
    assert session.data == Basket({"tea": 1, "milk": 1})
    assert set(session.fields) == {"items", "theme"}


async def test_an_edit_of_upgraded_data_writes_the_whole_in_its_new_shape(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {"items": ["tea"], "theme": "dark"})
    newer = await connect_versioned(client)
    async with newer.edit(issued.token) as lent:
        lent.data.counts["tea"] = 2
    session = await newer.validate(issued.token)
    assert session is not None
    assert session.data == Basket({"tea": 2})
    assert dict(session.fields) == {"counts": {"tea": 2}, "schema_version": 1}


async def test_an_edit_of_outdated_data_that_another_has_changed_is_a_conflict(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {"items": ["tea"]})
    newer = await connect_versioned(client)

    async def edit() -> None:
        async with newer.edit(issued.token) as lent:
            lent.data.counts["tea"] = 2
            await store.patch(issued.token, {"items": ["milk"]})

    with pytest.raises(VersionConflict):
        await edit()
    session = await newer.validate(issued.token)
    assert session is not None
    assert session.data == Basket({"milk": 1})


async def test_data_of_a_newer_release_is_no_data_of_this_one(client: Any, user: str) -> None:
    issued = await (await connect_versioned(client, 2)).create(user, Basket({"tea": 1}))
    session = await (await connect_versioned(client)).validate(issued.token)
    assert session is not None
    with pytest.raises(DecodeError):
        _ = session.data


def test_version_0_is_of_what_has_none() -> None:
    with pytest.raises(ValueError, match="begin with 1"):
        versioned(0)


# --- changing in place ----------------------------------------------------------------------------


async def test_an_edit_writes_what_it_has_changed_and_no_more(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user, {"a": 1, "b": {"deep": [1]}, "c": 3})
    async with store.edit(issued.token) as session:
        session.data["b"]["deep"].append(2)
        del session.data["c"]
        await store.patch(issued.token, {"a": "changed meanwhile", "d": 4})
    found = await store.validate(issued.token)
    assert found is not None
    assert found.data == {"a": "changed meanwhile", "b": {"deep": [1, 2]}, "d": 4}


async def test_two_edits_of_one_field_are_a_conflict_and_the_first_stays(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user, {"a": 1})

    async def edit() -> None:
        async with store.edit(issued.token) as session:
            session.data["a"] = 2
            await store.patch(issued.token, {"a": 3})

    with pytest.raises(VersionConflict):
        await edit()
    found = await store.validate(issued.token)
    assert found is not None
    assert found.data == {"a": 3}


async def test_an_edit_that_changes_nothing_writes_nothing(
    slow_store: SessionStore, between: Between, user: str
) -> None:
    issued = await slow_store.create(user, {"a": 1})
    between.calls.clear()
    async with slow_store.edit(issued.token) as session:
        session.data["a"] = 1
    assert [call[0] for call in between.calls if call[0] != "EVAL"] == ["EVALSHA"]


async def test_an_edit_that_fails_writes_nothing(store: SessionStore, user: str) -> None:
    issued = await store.create(user, {"a": 1})
    with pytest.raises(ZeroDivisionError):
        async with store.edit(issued.token) as session:
            session.data["a"] = 1 / 0
    found = await store.validate(issued.token)
    assert found is not None
    assert found.version == 1


async def test_an_ended_session_cannot_be_edited(store: SessionStore, user: str) -> None:
    issued = await store.create(user, {"a": 1})

    async def edit() -> None:
        async with store.edit(issued.token) as session:
            session.data["a"] = 2
            await store.destroy(issued.token)

    for _ in range(2):  # ended while it was lent, and before
        with pytest.raises(SessionGone):
            await edit()


# --- data that the store cannot read --------------------------------------------------------------


def encryptor(*kids: str) -> AesGcmEncryptor:
    return AesGcmEncryptor(kids[0], {kid: kid.encode().ljust(KEY_BYTES) for kid in kids})


@pytest.fixture
async def sealed(client: Any) -> SessionStore:
    return await SessionStore.connect(client, without_rate(), keys=KEYS, encryptor=encryptor("a"))


async def key_of(client: Any, user: str) -> bytes:
    (key,) = [key for key in await records_of(client, user) if key.startswith(b"session:")]
    return key


async def test_sealed_data_comes_back_and_cannot_be_read_in_the_store(
    sealed: SessionStore, client: Any, user: str
) -> None:
    issued = await sealed.create(user, {"iban": "DE02"}, PHONE)
    await sealed.patch(issued.token, {"pin": "4711"})
    held = await client.execute_command("HGETALL", await key_of(client, user))
    for value in held.values():
        assert not re.search(rb"DE02|4711|Safari", value)
    session = await sealed.validate(issued.token)
    assert session is not None
    assert session.data == {"iban": "DE02", "pin": "4711"}
    assert session.device_info == PHONE
    (listed,) = await sealed.get_user_sessions(user)
    assert listed.device_info == PHONE


async def test_sealed_data_follows_a_rotation_and_a_promotion(
    sealed: SessionStore, user: str
) -> None:
    visitor = await sealed.create(None, {"cart": ["tea"]}, PHONE)
    signed_in = await sealed.rotate(visitor.token, user_id=user)
    assert signed_in is not None
    rotated = await sealed.rotate(signed_in.token)
    assert rotated is not None
    for token in (signed_in.token, rotated.token):
        session = await sealed.validate(token)
        assert session is not None
        assert (session.user_id, session.data) == (user, {"cart": ["tea"]})
        assert session.device_info == PHONE


async def test_who_writes_into_the_store_cannot_make_a_session_another_users(
    sealed: SessionStore, client: Any, user: str
) -> None:
    issued = await sealed.create(user)
    await client.execute_command("HSET", await key_of(client, user), "user_id", "admin")
    with pytest.raises(DecodeError):
        await sealed.validate(issued.token)


async def test_sealed_data_cannot_be_moved_to_another_field_or_session(
    sealed: SessionStore, client: Any, user: str
) -> None:
    first = await sealed.create(user, {"role": "admin"})
    key = await key_of(client, user)
    role = await client.execute_command("HGET", key, "d:role")
    await client.execute_command("HSET", key, "d:name", role)
    session = await sealed.validate(first.token)
    assert session is not None
    with pytest.raises(DecodeError):
        _ = session.data
    await sealed.destroy(first.token)
    second = await sealed.create(user, {"role": "guest"})
    await client.execute_command("HSET", await key_of(client, user), "d:role", role)
    session = await sealed.validate(second.token)
    assert session is not None
    with pytest.raises(DecodeError):
        _ = session.data


async def test_keys_of_the_seal_change(client: Any, user: str) -> None:
    async def store(*kids: str) -> SessionStore:
        return await SessionStore.connect(
            client, without_rate(), keys=KEYS, encryptor=encryptor(*kids)
        )

    issued = await (await store("a")).create(user, {"x": 1})
    both = await store("b", "a")
    session = await both.validate(issued.token)
    assert session is not None
    assert session.data == {"x": 1}
    rotated = await both.rotate(issued.token)
    assert rotated is not None
    session = await (await store("b")).validate(rotated.token)
    assert session is not None
    assert session.data == {"x": 1}
    with pytest.raises(DecodeError):
        await (await store("a")).validate(rotated.token)


async def test_the_limit_holds_for_what_is_stored(client: Any, user: str) -> None:
    store = await SessionStore.connect(
        client, without_rate(max_data_bytes=100), keys=KEYS, encryptor=encryptor("a")
    )
    with pytest.raises(DataTooLarge):
        await store.create(user, {"a": "x" * 60})


@pytest.mark.parametrize(
    ("current", "keys"),
    [("a", {}), ("a", {"a": b"short"}), ("a b", {"a b": bytes(KEY_BYTES)})],
)
def test_a_ring_that_cannot_work_is_refused(current: str, keys: dict[str, bytes]) -> None:
    with pytest.raises(ConfigError):
        AesGcmEncryptor(current, keys)


@pytest.mark.parametrize("junk", ["", "a.", "a.!!!", "zz.AAAA", "a." + "A" * 40])
def test_what_was_not_sealed_here_is_refused(junk: str) -> None:
    with pytest.raises(DecodeError):
        encryptor("a").open(junk, b"context")


def test_a_new_key_has_its_size_and_no_two_seals_are_alike() -> None:
    assert len(AesGcmEncryptor.generate_key()) == KEY_BYTES
    ring = encryptor("a")
    assert ring.seal(b"x", b"c") != ring.seal(b"x", b"c")
    assert ring.open(ring.seal(b"x", b"c"), b"c") == b"x"
