"""What an operator is told of operations: which, how they ended, how often they asked."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis.exceptions as redis_errors

import ferrite_lite
from sessions import (
    Operation,
    Outcome,
    RateLimit,
    RequestContext,
    SessionConfig,
    SessionError,
    SessionStore,
    SyncSessionStore,
    events,
)
from sessions.operations.measuring import Observers
from sessions.refresh import RefreshTokens
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.sessions.interleaving import load_scripts
from tests.sessions.test_commands import ROWS, Row, a_token
from tests.support.servers import RealServer

HOME, AWAY = RequestContext("198.51.100.7"), RequestContext("203.0.113.9")

#: These hand on to one, and nothing else.
HANDED_ON = {"create_with_rate_limit", "validate", "validate_result", "validate_with_ip"}
#: And these come before and after all operations.
NO_OPERATIONS = {"connect", "check", "aclose"}


def test_every_method_that_asks_the_store_is_an_operation() -> None:
    declared = {
        name
        for name, method in inspect.getmembers(SessionStore, inspect.iscoroutinefunction)
        if not name.startswith("_") and inspect.unwrap(method) is not method
    }
    every = {
        name
        for name, _ in inspect.getmembers(SessionStore, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    assert every - declared == HANDED_ON | NO_OPERATIONS


#: Before their block and after it.
IN_TWO_HALVES = {"edit": ["edit", "edit_write"], "lock": ["lock", "unlock"]}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
async def test_round_trips_are_the_commands_that_the_server_counts(
    redis_server: RealServer, user: str, row: Row
) -> None:
    config = without_rate(**row.settings)
    async with await SessionStore.connect(redis_server.url, config, keys=KEYS) as store:
        await load_scripts(store._core.link._client)
        given = await (row.prepare or a_token)(store, user)
        told: list[Operation] = []
        store.on_operation(told.append)
        await row.do(store, user, given)
    assert sum(operation.round_trips for operation in told) == row.commands
    named = row.operation.split("`")[1]
    assert [operation.name for operation in told] == IN_TWO_HALVES.get(named, [named])


Act = Callable[[SessionStore, str], Awaitable[Any]]


async def change_of_an_old_version(store: SessionStore, user: str) -> None:
    await store.patch((await store.create(user)).token, {"a": 1}, if_version=7)


async def edit_of_a_dead_session(store: SessionStore, user: str) -> None:
    async with store.edit(await dead(store, user)):
        pass


async def edit_that_meets_another(store: SessionStore, user: str) -> None:
    issued = await store.create(user, {"a": 1})
    async with store.edit(issued.token) as session:
        session.data["a"] = 2
        await store.patch(issued.token, {"a": 3})


async def dead(store: SessionStore, user: str) -> str:
    issued = await store.create(user)
    await store.destroy(issued.token)
    return issued.token


async def from_elsewhere(store: SessionStore, user: str) -> None:
    issued = await store.create(user, request=HOME)
    await store.validate(issued.token, request=AWAY)


async def another_login(store: SessionStore, user: str) -> None:
    for _ in range(2):
        await store.create(user)


async def lock_twice(store: SessionStore, user: str) -> None:
    issued = await store.create(user)
    async with store.lock(issued.token), store.lock(issued.token, wait_seconds=0):
        raise AssertionError("somebody else has it")


async def outlive_a_lock(store: SessionStore, user: str) -> None:
    issued = await store.create(user)
    ticket = store._core.tokens.read(issued.token)
    assert ticket is not None
    async with store.lock(issued.token) as holder:
        await store._core.atomic.unlock(ticket, holder)
        await store._core.atomic.lock(ticket, "somebody else", 60_000)


async def stale_login(store: SessionStore, user: str) -> None:
    generation = await store.generation(user)
    await store.destroy_all_for_user(user)
    await store.create(user, if_generation=generation)


ACTS: list[tuple[Act, str, str, dict[str, Any]]] = [
    (lambda store, user: store.create(user), "create", "ok", {}),
    (lambda store, user: store.validate("junk"), "validate", "invalid:malformed", {}),
    (
        lambda store, user: store.validate(Tokens(KEYS).issue(user)[0]),
        *("validate", "invalid:unknown", {}),
    ),
    (from_elsewhere, "validate", "invalid:binding", {"ip_policy": "reject"}),
    (change_of_an_old_version, "patch", "conflict", {}),
    (edit_of_a_dead_session, "edit", "gone", {}),
    (edit_that_meets_another, "edit_write", "conflict", {}),
    (outlive_a_lock, "unlock", "gone", {}),
    (lambda store, user: store.create(user, {"a": "b" * 99}), "create", "too_large", {}),
    (another_login, "create", "limit_reached", {"on_limit": "reject"}),
    (another_login, "create", "rate_limited", {"create_limit": RateLimit(1)}),
    (stale_login, "create", "stale_login", {}),
    (lambda store, user: store.create(""), "create", "failed", {}),
    (lambda store, user: store.rotate("junk"), "rotate", "gone", {}),
    (lambda store, user: store.destroy_by_id(user, "none"), "destroy_by_id", "gone", {}),
    (lambda store, user: store.destroy_all_for_user(user), "destroy_all_for_user", "ok", {}),
]


@pytest.mark.parametrize(("act", "name", "outcome", "settings"), ACTS)
async def test_an_outcome_says_how_an_operation_ended(
    make_store: MakeStore, user: str, act: Act, name: str, outcome: str, settings: dict[str, Any]
) -> None:
    store = await make_store(max_sessions_per_user=1, max_data_bytes=64, **settings)
    told: list[Operation] = []
    store.on_operation(told.append)
    try:
        await act(store, user)
    except (SessionError, ValueError):
        assert outcome not in {"ok", "invalid:malformed", "invalid:unknown", "invalid:binding"}
    assert (told[-1].name, told[-1].outcome) == (name, outcome)


@pytest.mark.parametrize("call", ["update_data", "patch", "rotate", "destroy"])
async def test_what_is_done_to_a_dead_session_is_told_as_such(
    store: SessionStore, user: str, call: str
) -> None:
    token = await dead(store, user)
    told: list[Operation] = []
    store.on_operation(told.append)
    words: list[Any] = [{}] if call in {"update_data", "patch"} else []
    assert not await getattr(store, call)(token, *words)
    assert [(operation.name, operation.outcome) for operation in told] == [(call, Outcome.GONE)]


async def test_the_reason_why_a_session_has_ended_is_told(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    async with await make_timed_store(ttl_seconds=60) as store:
        told: list[Operation] = []
        store.on_operation(told.append)
        expired = await store.create("alice")
        kept = await store.create("alice")
        clock.advance(seconds=30)
        await store.validate(kept.token)
        clock.advance(seconds=30)
        await store.validate(expired.token)
        index = store._core.atomic.index_key(store._core.tokens.tag("alice"))
        await store._core.link.ask("DEL", index)
        await store.validate(kept.token)
    assert [operation.outcome for operation in told[-2:]] == [Outcome.EXPIRED, Outcome.REVOKED]


@pytest.mark.parametrize(
    ("error", "outcome", "sent"),
    [
        (redis_errors.ConnectionError("Connection closed by server."), Outcome.UNAVAILABLE, 2),
        (redis_errors.OutOfMemoryError("command not allowed"), Outcome.UNAVAILABLE, 1),
        (redis_errors.NoPermissionError("this user has no permissions"), Outcome.REFUSED, 1),
        (redis_errors.MovedError("1 127.0.0.1:1"), Outcome.REFUSED, 1),
    ],
)
async def test_what_the_store_does_not_do_is_told_with_every_attempt(
    error: Exception, outcome: Outcome, sent: int
) -> None:
    class Fails:
        async def execute_command(self, *_: Any, **__: Any) -> Any:
            raise error

    store = await SessionStore.connect(Fails(), without_rate(), keys=KEYS)
    told: list[Operation] = []
    store.on_operation(told.append)
    with pytest.raises(SessionError):
        await store.create("alice")
    assert [(each.outcome, each.round_trips) for each in told] == [(outcome, sent)]
    assert told[0].outcome.is_failure


async def test_what_somebody_else_wrote_is_told_as_unreadable(
    make_timed_store: MakeStore,
) -> None:
    async with await make_timed_store() as store:
        issued = await store.create("alice")
        key = store._core.atomic.session_key(store._core.tokens.read(issued.token))  # type: ignore[arg-type]  # it is one
        await store._core.link.ask("HSET", key, "expires_at", "tomorrow")
        told: list[Operation] = []
        store.on_operation(told.append)
        with pytest.raises(SessionError):
            await store.validate(issued.token)
    assert [operation.outcome for operation in told] == [Outcome.UNREADABLE]


async def test_who_gives_up_is_told_as_cancelled(
    slow_store: SessionStore, between: Between, user: str
) -> None:
    told: list[Operation] = []
    slow_store.on_operation(told.append)
    is_under_way = asyncio.Event()

    async def hang() -> None:
        is_under_way.set()
        await asyncio.Event().wait()

    between.before = hang
    task = asyncio.create_task(slow_store.generation(user))
    await is_under_way.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [(each.name, each.outcome) for each in told] == [("generation", Outcome.CANCELLED)]
    assert not told[0].outcome.is_failure


async def test_seconds_are_those_from_beginning_to_end(
    slow_store: SessionStore, between: Between, user: str
) -> None:
    now = [5.0]
    slow_store._core.observers.clock = lambda: now[0]
    told: list[Operation] = []
    slow_store.on_operation(told.append)

    async def take_long() -> None:
        now[0] += 2

    between.before = take_long
    await slow_store.create(user)
    await slow_store.create(user)
    assert [operation.seconds for operation in told] == [2, 0]


async def test_an_edit_is_not_told_of_what_its_block_takes(make_timed_store: MakeStore) -> None:
    async with await make_timed_store() as store:
        issued = await store.create("alice")
        now = [5.0]
        store._core.observers.clock = lambda: now[0]
        told: list[Operation] = []
        store.on_operation(told.append)
        async with store.edit(issued.token) as session:
            now[0] += 60
            session.data["a"] = 1
        async with store.edit(issued.token):
            pass  # there is nothing to write
    assert [operation.name for operation in told] == ["edit", "edit_write", "edit"]
    assert {operation.seconds for operation in told} == {0}


async def test_nothing_that_is_told_says_who_it_was(store: SessionStore, user: str) -> None:
    told: list[Operation] = []
    store.on_operation(told.append)
    issued = await store.create(user, {"theme": "dark"}, request=HOME)
    await store.validate(issued.token, request=HOME)
    await store.destroy_by_id(user, issued.public_id)
    shown = repr(told)
    personal = [user, "198.51.100", "theme", "dark", issued.token, issued.public_id, issued._sid]
    assert [word for word in personal if word in shown] == []
    assert len(told) == 3


async def test_a_listener_that_fails_breaks_nothing_and_one_that_is_removed_is_not_told(
    make_timed_store: MakeStore, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Any:
        raise ZeroDivisionError

    async with await make_timed_store() as store:
        told: list[Operation] = []
        store._core.observers.add(fail)
        stop_failing = store.on_operation(fail)
        stop, stop_again = store.on_operation(told.append), store.on_operation(told.append)
        issued = await store.create("alice")
        assert len(told) == 2
        stop()
        stop()
        assert await store.validate(issued.token) is not None
        assert len(told) == 3
        stop_again()
        stop_failing()
        await store.destroy(issued.token)
        assert len(told) == 3
    logged = [record.message for record in caplog.records if record.name == "sessions"]
    assert logged.count("an observer failed at the end of create") == 1
    assert logged.count("an observer failed at the beginning of create") == 1


def test_who_began_first_ends_last() -> None:
    told: list[str] = []
    observers = Observers()
    for who in ("first", "second"):

        def begin(name: str, who: str = who) -> Callable[[Operation], None]:
            told.append(f"{who} begins {name}")
            return lambda operation: told.append(f"{who} ends {operation.name}")

        observers.add(begin)
    observers.ended(observers.begun("sweep"), Operation("sweep", Outcome.OK, 1, 0.5))
    assert told == [
        *("first begins sweep", "second begins sweep"),
        *("second ends sweep", "first ends sweep"),
    ]


def test_an_operation_within_another_one_is_told_by_itself() -> None:
    with SyncSessionStore.connect(config=SessionConfig(max_sessions_per_user=1)) as store:
        store.create("alice")  # the scripts are known from now on
        told: list[Operation] = []
        store.on_operation(told.append)

        def ask(_: events.SessionEvent) -> None:
            store.generation("alice")

        store.on_event(ask, events.Created)
        store.create("alice")
    assert [(operation.name, operation.round_trips) for operation in told] == [
        ("generation", 1),
        ("create", 2),
    ]


async def test_a_lock_that_somebody_else_has_is_told_of_who_waits(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store()
    told: list[Operation] = []
    store.on_operation(told.append)
    with pytest.raises(SessionError):
        await lock_twice(store, user)
    assert [(operation.name, operation.outcome) for operation in told] == [
        *(("create", "ok"), ("lock", "ok"), ("lock", "locked"), ("unlock", "ok")),
    ]


async def test_operations_of_tenants_are_told_of_their_store(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store()
    told: list[Operation] = []
    tenant = store.for_tenant("shop")
    store.on_operation(told.append)
    await tenant.create(user)
    assert [operation.name for operation in told] == ["create"]


async def test_operations_on_refresh_tokens_are_told_too(make_store: MakeStore, user: str) -> None:
    store = await make_store()
    told: list[Operation] = []
    store.on_operation(told.append)
    refresh = RefreshTokens(store)
    token = await refresh.issue(user)
    await refresh.exchange(token)
    await refresh.exchange("junk")
    assert [(operation.name, operation.outcome) for operation in told] == [
        ("refresh_issue", "ok"),
        ("refresh_exchange", "ok"),
        ("refresh_exchange", "gone"),
    ]
