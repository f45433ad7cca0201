"""The lock of a session: one holder at a time, for a while, wherever the session goes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ferrite_lite
from sessions import (
    AuthContext,
    LockLost,
    NearCache,
    SessionConfig,
    SessionGone,
    SessionLocked,
    SessionStore,
    SyncSessionStore,
)
from sessions.atomic import AtomicStore, NewSession
from sessions.replies import Dead, Held, Moved
from sessions.servers.link import Link
from sessions.tokens import Ticket, Tokens
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts
from tests.sessions.test_defects_a import records_of
from tests.sessions.test_defects_d import FlakyEachTime

#: More commands than a lock with its block sends.
POINTS = [(command, when) for command in range(6) for when in When]


async def is_free(store: SessionStore, token: str) -> bool:
    try:
        async with store.lock(token, wait_seconds=0):
            return True
    except SessionLocked:
        return False


# --- one at a time --------------------------------------------------------------------------------


async def test_blocks_under_a_lock_do_not_overlap(store: SessionStore, user: str) -> None:
    issued = await store.create(user, {"count": 0})
    inside = 0

    async def count() -> None:
        nonlocal inside
        async with store.lock(issued.token, wait_seconds=60):
            inside += 1
            assert inside == 1
            session = await store.validate(issued.token)
            assert session is not None
            await store.update_data(issued.token, {"count": session.data["count"] + 1})
            inside -= 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(count())
    session = await store.validate(issued.token)
    assert session is not None
    assert session.data == {"count": 8}


async def test_who_has_waited_long_enough_is_told_for_how_long_it_may_last(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user)
    async with store.lock(issued.token, ttl_seconds=20) as holder:
        for wait_seconds in (0, 0.05):
            with pytest.raises(SessionLocked) as refusal:
                async with store.lock(issued.token, wait_seconds=wait_seconds):
                    raise AssertionError("it is locked")
            assert 0 < refusal.value.left_seconds <= 20
        assert len(holder) >= 20
    async with store.lock(issued.token, wait_seconds=0) as other:
        assert other != holder


async def test_the_sessions_of_a_user_are_locked_one_by_one_and_nothing_else_asks(
    store: SessionStore, user: str
) -> None:
    first, second = await store.create(user), await store.create(user)
    async with store.lock(first.token):
        assert await is_free(store, second.token)
        assert await store.patch(first.token, {"a": 1}) == 2
        assert await store.validate(first.token) is not None
        assert not await is_free(store, first.token)


async def test_an_error_in_the_block_is_told_and_the_lock_is_given_up(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user)
    with pytest.raises(ZeroDivisionError):
        async with store.lock(issued.token):
            raise ZeroDivisionError
    assert await is_free(store, issued.token)
    held = asyncio.Event()
    task = asyncio.create_task(_hold(store, issued.token, held))
    await held.wait()
    assert not await is_free(store, issued.token)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await is_free(store, issued.token)


async def _hold(store: SessionStore, token: str, held: asyncio.Event) -> None:
    async with store.lock(token):
        held.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("ttl_seconds", [0, -1, 301, float("nan")])
async def test_a_lock_without_a_good_end_is_refused(
    store: SessionStore, user: str, ttl_seconds: float
) -> None:
    issued = await store.create(user)
    with pytest.raises(ValueError, match="300 seconds"):
        async with store.lock(issued.token, ttl_seconds=ttl_seconds):
            raise AssertionError("it never ends")


# --- its time -------------------------------------------------------------------------------------


async def test_a_lock_ends_by_itself_and_who_held_it_too_long_is_told(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store() as store:
        issued = await store.create(user)
        slow = store.lock(issued.token, ttl_seconds=10)
        await slow.__aenter__()
        clock.advance(ms=9_999)
        assert not await is_free(store, issued.token)
        clock.advance(ms=1)
        async with store.lock(issued.token, ttl_seconds=10, wait_seconds=0):
            with pytest.raises(LockLost):
                await slow.__aexit__(None, None, None)
            assert not await is_free(store, issued.token)


async def test_a_lock_that_was_lost_and_given_up_by_somebody_else_is_lost(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store() as store:
        issued = await store.create(user)
        slow = store.lock(issued.token, ttl_seconds=10)
        await slow.__aenter__()
        clock.advance(seconds=11)
        assert await is_free(store, issued.token)
        with pytest.raises(LockLost):
            await slow.__aexit__(None, None, None)


async def test_a_lock_whose_time_is_over_is_not_lost_while_nobody_else_has_had_it(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store() as store:
        issued = await store.create(user)
        async with store.lock(issued.token, ttl_seconds=10):
            clock.advance(seconds=11)
        assert await is_free(store, issued.token)


async def test_a_lock_prolongs_nothing_and_leaves_no_key(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(ttl_seconds=100) as store:
        issued = await store.create(user)
        clock.advance(seconds=99)
        async with store.lock(issued.token, ttl_seconds=60):
            clock.advance(seconds=1)
            assert await store.validate(issued.token) is None
        with pytest.raises(SessionGone):
            async with store.lock(issued.token):
                raise AssertionError("there is nothing to lock")


# --- where the session goes -----------------------------------------------------------------------


@pytest.mark.parametrize("grace_seconds", [10, 0])
async def test_a_lock_follows_a_rotation(
    store: SessionStore, client: Any, user: str, grace_seconds: float
) -> None:
    issued = await store.create(user)
    async with store.lock(issued.token):
        rotated = await store.rotate(issued.token, grace_seconds=grace_seconds)
        assert rotated is not None
        again = await store.rotate(rotated.token, auth=AuthContext(("otp",)))
        assert again is not None
        assert not await is_free(store, again.token)
        for key in await records_of(client, user):
            assert await client.execute_command("PTTL", key) > 0
    assert await is_free(store, again.token)


@pytest.mark.parametrize("token_kind", ["junk", "ended"])
async def test_what_is_not_alive_cannot_be_locked(
    store: SessionStore, client: Any, user: str, token_kind: str
) -> None:
    token = (await store.create(user)).token
    async with store.lock(token):
        await store.destroy(token)
        assert await records_of(client, user) == []
    assert await records_of(client, user) == []
    with pytest.raises(SessionGone):
        async with store.lock("junk" if token_kind == "junk" else token):
            raise AssertionError("there is nothing to lock")


async def test_a_record_without_its_entry_in_the_index_cannot_be_locked(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user)
    await client.execute_command("DEL", f"user:{{{Tokens(KEYS).tag(user)}}}:sessions")
    with pytest.raises(SessionGone):
        async with store.lock(issued.token):
            raise AssertionError("there is nothing to lock")


async def test_a_lock_whose_answers_are_lost_is_had_and_given_up_once(
    store: SessionStore, client: Any, user: str
) -> None:
    await load_scripts(client)
    issued = await store.create(user)
    flaky = await SessionStore.connect(FlakyEachTime(client), without_rate(), keys=KEYS)
    async with flaky.lock(issued.token, wait_seconds=0):
        assert not await is_free(store, issued.token)
    assert await is_free(store, issued.token)


@pytest.mark.parametrize("what", ["rotate", "rotate without grace", "destroy", "lock"])
async def test_at_whatever_point_something_else_happens_there_is_one_holder_at_most(
    store: SessionStore, client: Any, user: str, what: str
) -> None:
    await load_scripts(client)
    interleaved = Interleaved(client)
    stopped = await SessionStore.connect(interleaved, without_rate(), keys=KEYS)
    for command, when in POINTS:
        issued = await store.create(user)
        token, was_free = issued.token, True

        async def act() -> None:
            nonlocal token, was_free
            if what == "destroy":
                await store.destroy(token)
            elif what == "lock":
                was_free = await is_free(store, token)
            else:
                rotated = await store.rotate(token, grace_seconds=0 if "without" in what else 10)
                assert rotated is not None
                token = rotated.token

        interleaved.at(command, when, act)
        try:
            async with stopped.lock(issued.token, wait_seconds=1):
                if interleaved.has_run and what == "lock":
                    # Before it was asked for, or after it was had.
                    assert was_free == (when is When.BEFORE)
                if what != "destroy" or not interleaved.has_run:
                    assert not await is_free(store, token)
        except SessionGone:
            assert interleaved.has_run
            assert what in ("destroy", "rotate without grace")
        if what != "destroy" or not interleaved.has_run:
            assert await is_free(store, token)
        await store.destroy_all_for_user(user)


async def test_who_is_locked_out_gets_in_when_the_holder_lets_go(
    slow_store: SessionStore, store: SessionStore, between: Between, user: str
) -> None:
    issued = await store.create(user)
    first = store.lock(issued.token)
    await first.__aenter__()
    between.after = lambda: first.__aexit__(None, None, None)
    async with slow_store.lock(issued.token, wait_seconds=60):
        assert not await is_free(store, issued.token)
    assert len(between.calls) >= 3


async def test_a_session_at_hand_is_locked_as_any_other(user: str) -> None:
    async with ferrite_lite.Ferrite() as ferrite:
        client = ferrite.client()
        near = await SessionStore.connect(
            client, without_rate(), keys=KEYS, near_cache=NearCache(max_seconds=60)
        )
        async with near:
            issued = await near.create(user)
            for _ in range(3):
                assert await near.validate(issued.token) is not None
            async with near.lock(issued.token):
                assert not await is_free(near, issued.token)
                assert await near.validate(issued.token) is not None
            assert await is_free(near, issued.token)


# --- against a model ------------------------------------------------------------------------------


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("lock"), st.sampled_from("abc")),
        st.tuples(st.just("unlock"), st.sampled_from("abc")),
        st.tuples(st.just("wait"), st.sampled_from([1, 499, 500, 1000])),
        st.tuples(st.just("rotate"), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_holders_come_and_go_as_in_a_model(steps: list[tuple[str, Any]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, Any]]) -> None:
    clock = ferrite_lite.ManualClock()
    async with ferrite_lite.Ferrite(clock=clock) as ferrite:
        config = SessionConfig(create_limit=None)
        atomic = AtomicStore(Link(ferrite.client(), timeout_seconds=None), config)
        tokens = Tokens(KEYS)
        token, ticket = tokens.issue("alice")
        await atomic.create(NewSession(ticket, "alice", "id", {}, config.lifetime))
        holder, until_ms = "", 0
        for action, argument in steps:
            if action == "wait":
                clock.advance(ms=argument)
            elif action == "rotate":
                lead = tokens.new_lead()
                successor = tokens.successor(token, lead)
                assert successor is not None
                await atomic.rotate(
                    ticket, successor[1], lead, {}, grace_ms=0, is_authenticated=False
                )
                token, ticket = successor
            elif action == "lock":
                answer = await atomic.lock(ticket, argument, 500)
                left_ms = until_ms - clock.now_ms()
                if holder in ("", argument) or left_ms <= 0:
                    assert answer == "id"
                    holder, until_ms = argument, clock.now_ms() + 500
                else:
                    assert answer == Held(left_ms)
            else:
                assert await atomic.unlock(ticket, argument) == (holder == argument)
                if holder == argument:
                    until_ms = 0


async def test_the_lock_of_a_session_that_has_moved_or_gone_is_found_to_be() -> None:
    config = SessionConfig(create_limit=None)
    async with ferrite_lite.Ferrite() as ferrite:
        atomic = AtomicStore(Link(ferrite.client(), timeout_seconds=None), config)
        tokens = Tokens(KEYS)
        token, ticket = tokens.issue("alice")
        await atomic.create(NewSession(ticket, "alice", "id", {}, config.lifetime))
        lead = tokens.new_lead()
        successor = tokens.successor(token, lead)
        assert successor is not None
        await atomic.rotate(ticket, successor[1], lead, {}, grace_ms=1000, is_authenticated=False)
        with pytest.raises(Moved):
            await atomic.lock(ticket, "a", 500)
        with pytest.raises(Moved):
            await atomic.unlock(ticket, "a")
        gone = Ticket(ticket.tag, "gone")
        assert await atomic.lock(gone, "a", 500) == Dead("MISSING")
        assert await atomic.unlock(gone, "a") is None
        assert await atomic.unlock(successor[1], "a") is False


# --- without await --------------------------------------------------------------------------------


def test_threads_take_turns_under_a_lock(user: str) -> None:
    inside: list[int] = []
    with SyncSessionStore.connect(config=without_rate()) as store:
        token = store.create(user, {"count": 0}).token

        def count(number: int) -> None:
            with store.lock(token, wait_seconds=60):
                inside.append(number)
                assert inside == [number]
                session = store.validate(token)
                assert session is not None
                store.update_data(token, {"count": session.data["count"] + 1})
                inside.remove(number)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(count, range(12)))
        session = store.validate(token)
        assert session is not None
        assert session.data == {"count": 12}


def test_a_block_without_await_is_told_what_went_wrong(user: str) -> None:
    clock = ferrite_lite.ManualClock()
    with SyncSessionStore.connect(config=without_rate(), clock=clock) as store:
        token = store.create(user).token
        with pytest.raises(ZeroDivisionError), store.lock(token):
            raise ZeroDivisionError
        slow = store.lock(token, ttl_seconds=10)
        slow.__enter__()
        with pytest.raises(SessionLocked), store.lock(token, wait_seconds=0):
            raise AssertionError("it is locked")
        clock.advance(seconds=10)
        with store.lock(token, wait_seconds=0):
            pass
        with pytest.raises(LockLost):
            slow.__exit__(None, None, None)
