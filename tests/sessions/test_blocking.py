from __future__ import annotations

import asyncio
import inspect
import itertools
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import ferrite_lite
from sessions import (
    AuthContext,
    ConfigError,
    IssuedSession,
    RateLimit,
    RateLimited,
    Reason,
    RequestContext,
    SessionGone,
    SessionStore,
    StoreUnavailable,
    SyncSessionStore,
    VersionConflict,
)
from sessions import events as session_events
from sessions.blocking import run
from sessions.operations.outcomes import Invalid
from tests.sessions.conftest import KEYS, without_rate
from tests.support import servers
from tests.support.servers import RealCluster, RealServer

MakeStore = Callable[..., SyncSessionStore]

_THREADS = 8


@pytest.fixture
def make_store(sync_client: Any) -> MakeStore:
    def make(**settings: Any) -> SyncSessionStore:
        return SyncSessionStore.connect(sync_client, without_rate(**settings), keys=KEYS)

    return make


@pytest.fixture
def store(make_store: MakeStore) -> SyncSessionStore:
    return make_store()


_user_numbers = itertools.count(1)


@pytest.fixture
def user() -> str:
    return f"blocking-user-{next(_user_numbers)}"


def test_every_operation_of_the_store_is_there_with_its_signature_and_words() -> None:
    for name, method in inspect.getmembers(SessionStore, inspect.iscoroutinefunction):
        if name.startswith("_") or name in {"connect", "aclose"}:
            continue
        own = getattr(SyncSessionStore, name)
        assert not inspect.iscoroutinefunction(own)
        assert inspect.signature(own) == inspect.signature(method)
        assert own.__doc__ == method.__doc__


def test_a_session_lives_from_create_to_destroy(store: SyncSessionStore, user: str) -> None:
    issued = store.create(user, {"theme": "dark"})
    session = store.validate(issued.token)
    assert session is not None
    assert (session.user_id, session.data) == (user, {"theme": "dark"})
    assert store.patch(issued.token, {"cart": 3}, remove=["theme"]) == 2
    assert store.update_data(issued.token, {"cart": 4}, if_version=2)
    with pytest.raises(VersionConflict):
        store.patch(issued.token, {"cart": 5}, if_version=2)
    assert store.destroy(issued.token)
    assert not store.destroy(issued.token)
    assert store.validate_result(issued.token) == Invalid(Reason.UNKNOWN)
    assert store.validate("junk") is None


def test_an_edit_writes_what_its_block_changed(store: SyncSessionStore, user: str) -> None:
    issued = store.create(user, {"a": 1, "b": 1})
    with store.edit(issued.token) as session:
        session.data["a"] = 2
        store.patch(issued.token, {"b": 2})
    session_after = store.validate(issued.token)
    assert session_after is not None
    assert session_after.data == {"a": 2, "b": 2}


def test_an_edit_whose_block_fails_writes_nothing(store: SyncSessionStore, user: str) -> None:
    issued = store.create(user, {"a": 1})
    with pytest.raises(ZeroDivisionError), store.edit(issued.token) as session:
        session.data["a"] = 1 // 0
    store.destroy(issued.token)
    with pytest.raises(SessionGone), store.edit(issued.token):
        raise AssertionError("there is nothing to edit")


def test_a_login_replaces_the_token_of_a_visitor(store: SyncSessionStore, user: str) -> None:
    visitor = store.create(None, {"cart": 1})
    issued = store.rotate(visitor.token, user_id=user, auth=AuthContext(("pwd",), 1))
    assert isinstance(issued, IssuedSession)
    assert store.validate(visitor.token) is None
    assert issued.data == {"cart": 1}


def test_a_user_lists_and_ends_his_sessions(store: SyncSessionStore, user: str) -> None:
    tokens = [store.create(user, labels={"client": user}).token for _ in range(4)]
    listed = store.get_user_sessions(user, tokens[0])
    [current] = [info for info in listed if info.is_current]
    others = {info.public_id for info in listed} - {current.public_id}
    assert {info.public_id for info in store.find("client", user)} == others | {current.public_id}
    assert store.destroy_by_id(user, others.pop())
    assert store.destroy_other_sessions(user, tokens[0]) == 2
    before = store.generation(user)
    assert store.destroy_all_for_user(user) == 1
    assert store.generation(user) > before
    assert store.validate(tokens[0]) is None


def test_a_creation_counts_for_its_network_unless_its_user_has_too_many(
    make_store: MakeStore, user: str
) -> None:
    store = make_store(create_limit=RateLimit(1), create_limit_ip=RateLimit(2))
    home = RequestContext(f"2001:db8:{hash(user) & 0xFFFF:x}:b00::1")
    store.create(user, request=home)
    for _ in range(3):
        with pytest.raises(RateLimited):
            store.create(user, request=home)
    store.create(f"{user}-b", request=home)
    with pytest.raises(RateLimited):
        store.create(f"{user}-c", request=home)


def test_a_server_with_scripts_is_sound(store: SyncSessionStore) -> None:
    assert store.doctor() == []


def test_threads_share_one_store_and_lose_nothing(make_store: MakeStore, user: str) -> None:
    store = make_store(max_sessions_per_user=0)
    shared = store.create(user, {})

    def work(thread: int) -> list[str]:
        tokens = []
        for number in range(20):
            store.patch(shared.token, {f"{thread}.{number}": thread})
            tokens.append(store.create(f"{user}-{thread}", {"thread": thread}).token)
            for token in tokens[-3:]:
                session = store.validate(token)
                assert session is not None
                assert (session.user_id, session.data) == (f"{user}-{thread}", {"thread": thread})
        return tokens

    with ThreadPoolExecutor(_THREADS) as threads:
        tokens = list(itertools.chain.from_iterable(threads.map(work, range(_THREADS))))
    assert len(set(tokens)) == _THREADS * 20
    session = store.validate(shared.token)
    assert session is not None
    assert len(session.data) == _THREADS * 20
    assert session.version == _THREADS * 20 + 1


def test_threads_that_open_sessions_at_once_stay_within_the_limit(
    make_store: MakeStore, user: str
) -> None:
    store = make_store(max_sessions_per_user=3)
    with ThreadPoolExecutor(_THREADS) as threads:
        tokens = list(threads.map(lambda _: store.create(user).token, range(40)))
    assert sum(store.validate(token) is not None for token in tokens) == 3


def test_both_kinds_of_store_open_the_same_sessions(redis_server: RealServer, user: str) -> None:
    async def open_one() -> str:
        async with await SessionStore.connect(redis_server.url, keys=KEYS) as store:
            return (await store.create(user)).token

    token = asyncio.run(open_one())
    with SyncSessionStore.connect(redis_server.url, keys=KEYS) as store:
        assert store.validate(token) is not None


def test_without_a_server_the_store_lives_in_this_process_under_a_clock() -> None:
    clock = ferrite_lite.ManualClock()
    with SyncSessionStore.connect(config=without_rate(ttl_seconds=60), clock=clock) as store:
        issued = store.create("alice")
        clock.advance(seconds=59)
        assert store.validate(issued.token) is not None
        clock.advance(seconds=60)
        assert store.validate(issued.token) is None


def test_events_are_told_in_the_thread_that_acts() -> None:
    told: list[session_events.SessionEvent] = []
    with SyncSessionStore.connect() as store:
        store.on_event(told.append, session_events.Created)
        store.destroy(store.create("alice").token)
    assert [type(event) for event in told] == [session_events.Created]


def test_a_store_of_another_process_needs_keys(redis_server: RealServer) -> None:
    with pytest.raises(ConfigError, match="keys"):
        SyncSessionStore.connect(redis_server.url)


def test_a_node_of_a_cluster_is_refused_in_plain_words(redis_cluster: RealCluster) -> None:
    with pytest.raises(ConfigError, match="RedisCluster"):
        SyncSessionStore.connect(redis_cluster.url, keys=KEYS)


@pytest.mark.parametrize("listens", [True, False])
def test_a_store_that_does_not_answer_is_given_up_in_time(listens: bool) -> None:
    with socket.socket() as silent:
        silent.bind((servers.LOOPBACK, 0))
        if listens:
            silent.listen()
        url = f"redis://{servers.LOOPBACK}:{silent.getsockname()[1]}"
        config = without_rate(timeout_seconds=0.1)
        with SyncSessionStore.connect(url, config, keys=KEYS) as store:
            with pytest.raises(StoreUnavailable):
                store.create("alice")
            with pytest.raises(StoreUnavailable):
                store.validate(_some_token())


def _some_token() -> str:
    with SyncSessionStore.connect(keys=KEYS) as store:
        return store.create("alice").token


def test_what_suspends_is_a_defect_that_is_told() -> None:
    with pytest.raises(AssertionError, match="suspends"):
        run(asyncio.sleep(0))
