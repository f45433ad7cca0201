"""Accounts: real hashes, made beside the event loop, and no hint at which names exist."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from argon2 import PasswordHasher

import ferrite_lite
from sessions import SessionStore
from sessions.demo.web.accounts import (
    GUESSES,
    SHOWN,
    AccountError,
    Accounts,
)
from sessions.errors import TooManyGuesses
from sessions.passwords import PasswordLimits
from tests.sessions.conftest import KEYS, without_rate

from .running import QUICK


@pytest.fixture
async def ferrite(clock: ferrite_lite.ManualClock) -> AsyncIterator[ferrite_lite.Ferrite]:
    async with ferrite_lite.Ferrite(clock=clock) as ferrite:
        yield ferrite


@pytest.fixture
async def limits(ferrite: ferrite_lite.Ferrite) -> PasswordLimits:
    store = await SessionStore.connect(ferrite.client(), without_rate(), keys=KEYS)
    return PasswordLimits(store, GUESSES)


@pytest.fixture
async def accounts(
    ferrite: ferrite_lite.Ferrite, limits: PasswordLimits
) -> AsyncIterator[Accounts]:
    made = Accounts(ferrite.client(), limits, QUICK)
    yield made
    made.close()


async def test_a_password_opens_its_account_and_no_other(accounts: Accounts) -> None:
    await accounts.open("carol", "eight characters")
    await accounts.open("dave", "other characters")
    account = await accounts.check("carol", "eight characters")
    assert account is not None
    assert account.name == "carol"
    assert not account.is_operator
    assert await accounts.check("carol", "other characters") is None
    assert await accounts.check("erin", "eight characters") is None


async def test_who_guesses_waits_and_nobody_else_does(
    accounts: Accounts, clock: ferrite_lite.ManualClock
) -> None:
    await accounts.open("carol", "eight characters")
    for _ in range(GUESSES.limit):
        assert await accounts.check("carol", "wrong", "192.0.2.1") is None
    # Not even with the right password: else the refusal would tell that it is.
    with pytest.raises(TooManyGuesses):
        await accounts.check("carol", "eight characters", "192.0.2.1")
    assert await accounts.check("carol", "eight characters", "198.51.100.2") is not None
    clock.advance(seconds=GUESSES.per_seconds)
    assert await accounts.check("carol", "eight characters", "192.0.2.1") is not None


async def test_guesses_at_the_same_moment_count_too(accounts: Accounts) -> None:
    await accounts.open("carol", "eight characters")
    tries = [accounts.check("carol", f"wrong {at}", "192.0.2.1") for at in range(3 * GUESSES.limit)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(each is None for each in outcomes) == GUESSES.limit


async def test_right_passwords_do_not_count(accounts: Accounts) -> None:
    await accounts.open("carol", "eight characters")
    for _ in range(2 * GUESSES.limit):
        assert await accounts.check("carol", "eight characters", "192.0.2.1") is not None


async def test_the_store_holds_a_hash_of_argon2id_and_no_password(
    accounts: Accounts, ferrite: ferrite_lite.Ferrite
) -> None:
    await accounts.open("carol", "eight characters")
    held = await ferrite.client().hget("demo:accounts", "carol")
    assert isinstance(held, bytes)
    assert b"$argon2id$" in held
    assert b"eight" not in held


def test_the_demo_hashes_as_strongly_as_argon2_proposes() -> None:
    hasher = PasswordHasher()
    # RFC 9106, second recommendation: 64 MiB, three passes.
    assert (hasher.memory_cost, hasher.time_cost) == (65536, 3)


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        *(("c", "eight characters", "name"), ("Carol!", "eight characters", "name")),
        *(("1carol", "eight characters", "name"), ("c" * 25, "eight characters", "name")),
        *(("carol", "seven c", "password"), ("carol", "x" * 129, "password")),
        ("alice", "eight characters", "name"),
    ],
)
async def test_what_cannot_be_an_account_is_refused_and_says_where(
    accounts: Accounts, name: str, password: str, field: str
) -> None:
    await accounts.open_shown()
    with pytest.raises(AccountError) as refusal:
        await accounts.open(name, password)
    assert refusal.value.field == field


async def test_capitals_and_blanks_around_a_name_do_not_matter(accounts: Accounts) -> None:
    await accounts.open(" Carol ", "eight characters")
    assert await accounts.check("CAROL", "eight characters") is not None
    with pytest.raises(AccountError):
        await accounts.open("carol", "other characters")


async def test_of_two_who_want_one_name_at_once_one_gets_it(accounts: Accounts) -> None:
    outcomes = await asyncio.gather(
        *(accounts.open("carol", f"characters {who}") for who in range(5)), return_exceptions=True
    )
    assert sum(not isinstance(each, AccountError) for each in outcomes) == 1


async def test_opening_the_shown_accounts_again_changes_no_password(accounts: Accounts) -> None:
    await accounts.open_shown()
    await accounts.open_shown()
    for shown in SHOWN:
        account = await accounts.check(shown.name, shown.password)
        assert account is not None
        assert account.is_operator == shown.is_operator


async def test_hashing_happens_beside_the_event_loop(
    ferrite: ferrite_lite.Ferrite, limits: PasswordLimits
) -> None:
    threads: list[threading.Thread] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            threads.append(threading.current_thread())
            return super().verify(hash, password)

    watched = Watched(time_cost=1, memory_cost=64, parallelism=1)
    accounts = Accounts(ferrite.client(), limits, watched)
    await accounts.check("nobody", "eight characters")
    accounts.close()
    assert threads
    assert threads[0] is not threading.main_thread()
    # An unknown name costs one check as well: how long it takes tells nothing.
    assert len(threads) == 1


async def test_the_shown_accounts_come_back_when_the_server_has_lost_them(
    accounts: Accounts, ferrite: ferrite_lite.Ferrite
) -> None:
    await accounts.open_shown()
    await ferrite.client().flushall()
    for shown in SHOWN:
        account = await accounts.check(shown.name, shown.password)
        assert account is not None
        assert account.is_operator == shown.is_operator
        assert await accounts.check(shown.name, "another password") is None
