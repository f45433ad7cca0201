"""Wrong passwords are limited by name and network, and nobody locks out anybody from elsewhere."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

import ferrite_lite
from sessions import RateLimit, SessionStore, events
from sessions.errors import TooManyGuesses
from sessions.passwords import OF_ALL_NAMES, OF_ONE_NAME, PasswordLimits
from sessions.servers.link import Link
from tests.sessions.conftest import KEYS, MakeStore, without_rate
from tests.sessions.test_web import ALICE, WRONG, fastapi_app, starlette_app, verify
from tests.sessions.webparts import WatchedStore, watched_store
from tests.support.asgi import Browser

_networks = itertools.count(1)


@pytest.fixture
def network() -> str:
    """The first three bytes of addresses that no other test has: real servers are shared."""
    high, low = divmod(next(_networks), 256)
    return f"10.{high}.{low}"


@pytest.fixture
async def parts() -> AsyncIterator[WatchedStore]:
    async with watched_store() as watched:
        yield watched


# --- the counts -----------------------------------------------------------------------------------


async def test_so_many_wrong_passwords_of_one_name_are_looked_at_and_no_more(
    store: SessionStore, network: str
) -> None:
    limits = PasswordLimits(store, RateLimit(3, 60))
    told: list[events.SessionEvent] = []
    store.on_event(told.append)
    for _ in range(3):
        await limits.count("alice", f"{network}.7")
    with pytest.raises(TooManyGuesses) as refusal:
        await limits.count("alice", f"{network}.8")
    assert 0 < refusal.value.retry_after_seconds <= 60
    (event,) = told
    assert isinstance(event, events.PasswordGuessing)
    assert event.network == f"{network}.0/24"
    await limits.count("bob", f"{network}.7")


async def test_nobody_locks_a_user_out_from_another_network(
    store: SessionStore, network: str
) -> None:
    limits = PasswordLimits(store, RateLimit(1, 60), RateLimit(2, 60))
    await limits.count("alice", f"{network}.7")
    with pytest.raises(TooManyGuesses):
        await limits.count("alice", f"{network}.7")
    await limits.count("alice", f"192.168.{network.rpartition('.')[2]}.7")


@pytest.mark.parametrize(
    "of_one_name", [RateLimit(2, 60), RateLimit(3, 60, burst=2)], ids=["window", "burst"]
)
async def test_right_passwords_count_for_nothing(
    store: SessionStore, network: str, of_one_name: RateLimit
) -> None:
    limits = PasswordLimits(store, of_one_name, RateLimit(4, 60))
    wrong = await limits.count("alice", f"{network}.7")
    for _ in range(5):
        await limits.take_back(await limits.count("alice", f"{network}.7"))
    await limits.count("alice", f"{network}.7")
    with pytest.raises(TooManyGuesses):
        await limits.count("alice", f"{network}.7")
    await limits.take_back(wrong)
    await limits.take_back(wrong)
    await limits.count("alice", f"{network}.7")
    with pytest.raises(TooManyGuesses):
        await limits.count("alice", f"{network}.7")


async def test_attempts_at_the_same_moment_are_counted_each(
    store: SessionStore, network: str
) -> None:
    limits = PasswordLimits(store, RateLimit(5, 60))
    outcomes = await asyncio.gather(
        *(limits.count("alice", f"{network}.7") for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(outcome, TooManyGuesses) for outcome in outcomes) == 15


async def test_a_list_of_leaked_passwords_ends_though_each_name_comes_once(
    store: SessionStore, network: str
) -> None:
    limits = PasswordLimits(store, RateLimit(3, 60), RateLimit(5, 60))
    for number in range(5):
        await limits.count(f"user-{number}", f"{network}.{number}")
    with pytest.raises(TooManyGuesses):
        await limits.count("user-5", f"{network}.5")


async def test_what_is_refused_by_one_count_is_in_neither(
    store: SessionStore, network: str
) -> None:
    narrow = PasswordLimits(store, RateLimit(1, 60), RateLimit(1, 60))
    wide = PasswordLimits(store, RateLimit(1, 60), RateLimit(2, 60))
    await narrow.count("alice", f"{network}.7")
    for _ in range(3):
        with pytest.raises(TooManyGuesses):
            await narrow.count("bob", f"{network}.7")
    await wide.count("bob", f"{network}.7")


async def test_without_an_address_nobody_is_counted(store: SessionStore) -> None:
    limits = PasswordLimits(store, RateLimit(1, 60), RateLimit(1, 60))
    for address in (None, None, "", "", "unknown", "unknown"):
        await limits.take_back(await limits.count("alice", address))
        await limits.count("alice", address)


@pytest.mark.parametrize("name", ["ALICE", " alice ", "\uff41lice"])
async def test_another_way_to_type_a_name_is_no_other_name(
    store: SessionStore, network: str, name: str
) -> None:
    limits = PasswordLimits(store, RateLimit(1, 60))
    await limits.count("alice", f"{network}.7")
    with pytest.raises(TooManyGuesses):
        await limits.count(name, f"{network}.7")


async def test_the_counts_heal_and_hold_neither_name_nor_address(
    clock: ferrite_lite.ManualClock,
) -> None:
    client = ferrite_lite.Ferrite(clock=clock).client()
    limits = PasswordLimits(SessionStore(Link(client, timeout_seconds=None), without_rate(), KEYS))
    assert (OF_ONE_NAME.limit, OF_ALL_NAMES.limit) == (10, 100)
    for _ in range(10):
        await limits.count("alice", "198.51.100.7")
        clock.advance(seconds=1)
    with pytest.raises(TooManyGuesses) as refusal:
        await limits.count("alice", "198.51.100.7")
    assert refusal.value.retry_after_seconds == 590
    keys = [key async for key in client.scan_iter(match="*")]
    assert len(keys) == 2
    for key in keys:
        assert b"alice" not in key
        assert b"198.51" not in key
        assert 0 < await client.pttl(key) <= 600_000
    clock.advance(seconds=590)
    right = await limits.count("alice", "198.51.100.7")
    left_ms = [await client.pttl(key) for key in keys]
    clock.advance(seconds=1)
    await limits.take_back(right)
    assert [await client.pttl(key) for key in keys] == [each - 1000 for each in left_ms]
    clock.advance(seconds=600)
    assert [key async for key in client.scan_iter(match="*")] == []
    await limits.take_back(await limits.count("alice", "198.51.100.7"))
    assert [key async for key in client.scan_iter(match="*")] == []


# --- the routes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make_app", [starlette_app, fastapi_app])
async def test_the_login_looks_at_no_password_after_too_many_wrong_ones(
    make_app: Any, parts: WatchedStore
) -> None:
    looked_at = 0

    async def check(name: str, password: str) -> Any:
        nonlocal looked_at
        looked_at += 1
        return await verify(name, password)

    async with Browser(make_app(parts.store, check)) as browser:
        for name in ("alice", "nobody"):
            looked_at = 0
            for _ in range(10):
                wrong = await browser.post("/login", json={**WRONG, "username": name})
                assert wrong.status_code == 401
            for password in ("underland", "wonderland"):
                credentials = {"username": name, "password": password}
                refused = await browser.post("/login", json=credentials)
                assert refused.status_code == 429
                assert 0 < int(refused.headers["retry-after"]) <= 600
                assert "set-cookie" not in refused.headers
            assert looked_at == 10
        parts.clock.advance(seconds=600)
        assert (await browser.post("/login", json=ALICE)).status_code == 200


@pytest.mark.parametrize("make_app", [starlette_app, fastapi_app])
async def test_who_signs_in_often_and_rightly_is_not_refused(
    make_app: Any, make_store: MakeStore, user: str
) -> None:
    app = make_app(await make_store())
    async with Browser(app) as browser:
        for _ in range(12):
            answer = await browser.post("/login", json={**ALICE, "username": user})
            assert answer.status_code == 200
