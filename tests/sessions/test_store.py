from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis.asyncio
import redis.exceptions

from sessions import (
    BindingPolicy,
    DataTooLarge,
    DecodeError,
    DeviceInfo,
    SessionStore,
    VersionConflict,
    atomic,
    events,
)
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.sessions.test_defects_a import records_of
from tests.support.servers import RealServer

PHONE = DeviceInfo("Safari on iOS", "198.51.100.7", "phone")


async def test_a_token_opens_its_session_and_the_data_comes_back(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user, {"theme": "dark", "cart": [1, {"a": None}]}, PHONE)
    session = await store.validate(issued.token)
    assert session is not None
    assert (session.user_id, session.device_info) == (user, PHONE)
    assert session.data == {"theme": "dark", "cart": [1, {"a": None}]}
    assert session.public_id == issued.public_id


@pytest.mark.parametrize("decode_responses", [False, True])
@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_client_may_decode_and_speak_either_protocol(
    redis_server: RealServer, user: str, protocol: int, decode_responses: bool
) -> None:
    async with redis.asyncio.Redis.from_url(
        redis_server.url, protocol=protocol, decode_responses=decode_responses
    ) as client:
        store = await SessionStore.connect(client, without_rate(), keys=KEYS)
        issued = await store.create(user, {"name": "é"}, PHONE)
        assert await store.patch(issued.token, {"b": 2}) == 2
        session = await store.validate(issued.token)
        assert session is not None
        assert (session.user_id, session.data) == (user, {"name": "é", "b": 2})
        (listed,) = await store.get_user_sessions(user, issued.token)
        assert listed.device_info == PHONE
        assert listed.is_current
        assert await store.doctor() == []
        assert await store.destroy_other_sessions(user, issued.token) == 0
        assert await store.destroy_all_for_user(user) == 1


async def test_data_is_replaced_or_patched(store: SessionStore, user: str) -> None:
    issued = await store.create(user, {"a": 1, "b": 2})
    assert await store.patch(issued.token, {"c": 3}, remove=["a"]) == 2
    assert await store.update_data(issued.token, {"d": 4})
    session = await store.validate(issued.token)
    assert session is not None
    assert session.data == {"d": 4}
    assert session.version == 3


async def test_a_write_can_demand_the_version_it_has_seen(store: SessionStore, user: str) -> None:
    issued = await store.create(user, {"a": 1})
    await store.patch(issued.token, {"a": 2})
    with pytest.raises(VersionConflict) as conflict:
        await store.patch(issued.token, {"a": 3}, if_version=1)
    assert conflict.value.version == 2


async def test_writes_to_an_ended_session_say_so(store: SessionStore, user: str) -> None:
    issued = await store.create(user)
    await store.destroy(issued.token)
    assert await store.patch(issued.token, {"a": 1}) is None
    assert not await store.update_data(issued.token, {"a": 1})
    assert not await store.destroy(issued.token)


@pytest.mark.parametrize(
    "token", ["", "junk", "k1.aaaaaaaaaaaaa." + "A" * 49, "é" * 60, "x" * 10_000]
)
async def test_junk_opens_nothing(store: SessionStore, token: str) -> None:
    assert await store.validate(token) is None
    assert not await store.destroy(token)
    assert await store.patch(token, {"a": 1}) is None


async def test_one_device_is_ended_by_its_public_id_and_by_its_owner_only(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user)
    assert not await store.destroy_by_id(user + "-other", issued.public_id)
    assert await store.validate(issued.token) is not None
    assert await store.destroy_by_id(user, issued.public_id)
    assert await store.validate(issued.token) is None


async def test_a_junk_or_dead_token_does_not_end_the_others(store: SessionStore, user: str) -> None:
    alive, dead = await store.create(user), await store.create(user)
    await store.destroy(dead.token)
    stranger = await store.create(user + "-other")
    for token in ("junk", dead.token, stranger.token):
        assert await store.destroy_other_sessions(user, token) == 0
    assert await store.validate(alive.token) is not None


async def test_the_data_limit_holds_over_many_patches(make_store: MakeStore, user: str) -> None:
    store = await make_store(max_data_bytes=100)
    issued = await store.create(user, {"a": "x" * 60})
    with pytest.raises(DataTooLarge):
        await store.patch(issued.token, {"b": "x" * 60})
    session = await store.validate(issued.token)
    assert session is not None
    assert session.data == {"a": "x" * 60}
    with pytest.raises(DataTooLarge):
        await store.create(user, {"a": "x" * 100})


async def test_the_limit_of_fields_holds_for_what_there_will_be(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(max_fields=2)
    issued = await store.create(user, {"a": 1, "b": 2})
    with pytest.raises(DataTooLarge, match="3 fields"):
        await store.patch(issued.token, {"c": 3})
    assert await store.patch(issued.token, {"a": 4, "c": 3}, remove=["b"]) == 2
    session = await store.validate(issued.token)
    assert session is not None
    assert session.data == {"a": 4, "c": 3}
    with pytest.raises(DataTooLarge, match="3 fields"):
        await store.create(user, dict.fromkeys("abc"))


async def test_a_session_may_have_thousands_of_fields(make_store: MakeStore, user: str) -> None:
    store = await make_store(max_sessions_per_user=1, max_data_bytes=1_000_000, max_fields=9_000)
    evicted = await store.create(user)
    data = {f"{number:x}": number for number in range(9_000)}
    issued = await store.create(user, data)
    assert issued.evicted == (evicted.public_id,)
    assert await store.patch(issued.token, {"last": 1}, remove=list(data)[1:]) == 2
    session = await store.validate(issued.token)
    assert session is not None
    assert session.data == {"0": 0, "last": 1}


async def test_a_list_of_any_length_takes_few_requests(
    slow_store: SessionStore,
    between: Between,
    make_store: MakeStore,
    user: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(atomic, "_AT_ONCE", 40)
    store = await make_store(max_sessions_per_user=0)
    await asyncio.gather(*(store.create(user, {}, PHONE) for _ in range(60)))
    await slow_store.get_user_sessions(user)
    between.calls.clear()
    listed = await slow_store.get_user_sessions(user)
    assert len({info.public_id for info in listed}) == 60
    assert {info.device_info for info in listed} == {PHONE}
    assert listed == sorted(listed, key=lambda info: (info.created_at, info.public_id))
    assert len(between.calls) == 3
    assert await store.destroy_all_for_user(user) == 60


async def test_an_ended_session_counts_as_ended_though_its_record_could_not_be_freed(
    client: Any, user: str
) -> None:
    class CannotFree:
        async def execute_command(self, *words: Any, **options: Any) -> Any:
            if words[0] == "UNLINK":
                raise redis.exceptions.ConnectionError("reset")
            return await client.execute_command(*words, **options)

    config = without_rate(max_sessions_per_user=1)
    store = await SessionStore.connect(CannotFree(), config, keys=KEYS)
    first = await store.create(user)
    second = await store.create(user)
    assert second.evicted == (first.public_id,)
    assert await store.destroy_all_for_user(user) == 1
    for issued in (first, second):
        assert await store.validate(issued.token) is None


async def test_what_is_no_json_is_refused_before_anything_is_sent(
    store: SessionStore, user: str
) -> None:
    with pytest.raises(TypeError):
        await store.create(user, {"a": object()})
    with pytest.raises(ValueError, match="JSON"):
        await store.create(user, {"a": float("nan")})
    assert await store.get_user_sessions(user) == []


async def test_a_token_shows_in_no_repr_event_or_key(
    store: SessionStore, user: str, client: Any
) -> None:
    told: list[events.SessionEvent] = []
    store.on_event(told.append)
    issued = await store.create(user, {"a": 1}, PHONE)
    await store.validate(issued.token)
    await store.destroy(issued.token)
    secret = issued.token.rpartition(".")[2]
    assert secret not in repr(issued) + repr(told)
    assert issued.public_id in repr(issued)
    assert {type(event) for event in told} == {events.Created, events.Destroyed}


async def test_a_listener_that_fails_does_not_cost_the_session(
    store: SessionStore, user: str
) -> None:
    def fail(_: events.SessionEvent) -> None:
        raise ZeroDivisionError

    store.on_event(fail)
    issued = await store.create(user)
    assert await store.validate(issued.token) is not None


@pytest.mark.parametrize("user_id", ["", "x" * 1025, "é" * 513, "\ud800"], ids=len)
async def test_a_user_without_a_usable_id_is_refused(store: SessionStore, user_id: str) -> None:
    with pytest.raises(ValueError, match=r"user_id|surrogates"):
        await store.create(user_id)


@pytest.mark.parametrize("field", ["user_agent", "ip_address", "device_type"])
async def test_a_device_takes_no_room_without_bounds(
    slow_store: SessionStore, between: Between, user: str, field: str
) -> None:
    with pytest.raises(DataTooLarge):
        await slow_store.create(user, {}, DeviceInfo(**{field: "x" * 5000}))
    assert between.calls == []


async def test_nobody_is_told_of_an_end_that_was_none(store: SessionStore, user: str) -> None:
    told: list[events.SessionEvent] = []
    store.on_event(told.append)
    assert await store.destroy_all_for_user(user) == 0
    assert await store.destroy_other_sessions(user, "junk") == 0
    assert told == []


# --- addresses ------------------------------------------------------------------------------------

ELSEWHERE = ["203.0.113.1", "2001:db8::1", "", "junk"]


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_a_request_from_another_network_is_refused_and_prolongs_nothing(
    make_store: MakeStore, user: str, address: str
) -> None:
    store = await make_store(ip_policy=BindingPolicy.REJECT, touch_interval_seconds=0)
    told: list[events.SessionEvent] = []
    issued = await store.create(user, device_info=PHONE)
    store.on_event(told.append)
    assert await store.validate_with_ip(issued.token, address) is None
    assert {type(event) for event in told} == {events.BindingMismatch}
    (listed,) = await store.get_user_sessions(user)
    assert listed.last_access == issued.last_access
    assert await store.validate_with_ip(issued.token, "198.51.100.99") is not None


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_a_request_from_another_network_may_end_the_session(
    make_store: MakeStore, user: str, address: str
) -> None:
    store = await make_store(ip_policy=BindingPolicy.REVOKE)
    told: list[events.SessionEvent] = []
    issued = await store.create(user, device_info=PHONE)
    store.on_event(told.append)
    assert await store.validate_with_ip(issued.token, address) is None
    assert events.Destroyed(issued.public_id, events.Why.BINDING) in told
    assert await store.validate_with_ip(issued.token, PHONE.ip_address) is None


@pytest.mark.parametrize(
    ("policy", "is_told"), [(BindingPolicy.LOG, True), (BindingPolicy.OFF, False)]
)
async def test_a_request_from_another_network_may_pass(
    make_store: MakeStore, user: str, policy: BindingPolicy, is_told: bool
) -> None:
    store = await make_store(ip_policy=policy)
    told: list[events.SessionEvent] = []
    issued = await store.create(user, device_info=PHONE)
    store.on_event(told.append)
    assert await store.validate_with_ip(issued.token, "junk") is not None
    assert [type(event) for event in told] == [events.BindingMismatch] * is_told


async def test_who_names_no_address_is_not_asked_for_one(make_store: MakeStore, user: str) -> None:
    store = await make_store(ip_policy=BindingPolicy.REJECT)
    bound, unbound = await store.create(user, device_info=PHONE), await store.create(user)
    assert await store.validate(bound.token) is not None
    assert await store.validate_with_ip(unbound.token, PHONE.ip_address) is not None


@pytest.mark.parametrize("junk", [b"abc", b"\xff", b"-1", b"1" * 400])
@pytest.mark.parametrize(
    "field",
    ["created_at", "last_access", "expires_at", "absolute_at", "idle_ms", "version"],
)
async def test_an_unreadable_number_is_an_error_and_changes_nothing(
    make_store: MakeStore, client: Any, user: str, field: str, junk: bytes
) -> None:
    store = await make_store(touch_interval_seconds=0)
    issued = await store.create(user, {"a": 1})
    (key,) = [k for k in await records_of(client, user) if k.startswith(b"session:")]
    await client.execute_command("HSET", key, field, junk)
    before = await client.execute_command("HGETALL", key)
    if field in ("version", "expires_at"):
        with pytest.raises(DecodeError):
            await store.patch(issued.token, {"a": 2})
    if field != "version":  # a validate does not look at it
        with pytest.raises(DecodeError):
            await store.validate(issued.token)
    assert await client.execute_command("HGETALL", key) == before
    assert await store.destroy(issued.token)


async def test_a_login_tells_that_it_has_ended_the_session_before_it(
    store: SessionStore, user: str
) -> None:
    told: list[events.SessionEvent] = []
    before = await store.create(user)
    store.on_event(told.append, events.Destroyed)
    await store.create(user, replace=before.token)
    assert told == [events.Destroyed(before.public_id, events.Why.REPLACED)]
    visitor = await store.create(None)
    await store.create(user, replace=visitor.token)
    assert told[1:] == [events.Destroyed(visitor.public_id, events.Why.REPLACED)]
    await store.create(user, replace=before.token)
    assert len(told) == 2


async def test_a_change_whose_answer_was_lost_is_not_made_twice_though_others_followed(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {"a": 0})
    await store.patch(issued.token, {"a": 1})

    class OvertakenAndLost:
        is_lost = False

        async def execute_command(self, *words: Any, **options: Any) -> Any:
            reply = await client.execute_command(*words, **options)
            if words[0] == "EVALSHA" and not self.is_lost:
                self.is_lost = True
                for number in range(7):
                    await store.patch(issued.token, {"a": f"later {number}"})
                raise redis.exceptions.ConnectionError("reset")
            return reply

    flaky = await SessionStore.connect(OvertakenAndLost(), without_rate(), keys=KEYS)
    assert await flaky.patch(issued.token, {"a": 2}) == 3
    session = await store.validate(issued.token)
    assert session is not None
    assert (session.data, session.version) == ({"a": "later 6"}, 10)
