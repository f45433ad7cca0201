from __future__ import annotations

import inspect
import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from sessions import (
    ConfigError,
    LoginFlows,
    MemorySink,
    RefreshConfig,
    RefreshTokens,
    ReuseDetected,
    SyncAudit,
    SyncLoginFlows,
    SyncRefreshTokens,
    SyncSessionStore,
    events,
)
from sessions.flows import LOGOUT_EVENT
from sessions.sync import open_stream
from tests.sessions.conftest import KEYS, without_rate
from tests.support.servers import RealServer

MakeStore = Callable[..., SyncSessionStore]

_THREADS = 8
_user_numbers = itertools.count(1)


@pytest.fixture
def make_store(sync_client: Any) -> MakeStore:
    def make(**settings: Any) -> SyncSessionStore:
        return SyncSessionStore.connect(sync_client, without_rate(**settings), keys=KEYS)

    return make


@pytest.fixture
def store(make_store: MakeStore) -> SyncSessionStore:
    return make_store()


@pytest.fixture
def user() -> str:
    return f"sync-user-{next(_user_numbers)}"


@pytest.mark.parametrize(
    ("awaited", "own"), [(RefreshTokens, SyncRefreshTokens), (LoginFlows, SyncLoginFlows)]
)
def test_every_operation_is_there_with_its_signature_and_words(awaited: Any, own: Any) -> None:
    public = [name for name in vars(awaited) if not name.startswith("_")]
    for name in public:
        method, mine = getattr(awaited, name), getattr(own, name)
        assert not inspect.iscoroutinefunction(mine)
        assert inspect.signature(mine) == inspect.signature(method)
        assert mine.__doc__ == method.__doc__
    assert len(public) > 3


# --- refresh tokens -------------------------------------------------------------------------------


def test_a_token_is_exchanged_for_a_session_and_the_next_token(
    store: SyncSessionStore, user: str
) -> None:
    refresh = SyncRefreshTokens(store)
    first = store.create(user, {"a": 1})
    answer = refresh.exchange(refresh.issue(first))
    assert answer is not None
    assert (answer.session.user_id, answer.session.data) == (user, {"a": 1})
    assert store.validate(first.token) is None
    assert store.validate(answer.session.token) is not None
    [family] = refresh.families(user)
    assert family.public_id == first.public_id
    assert refresh.revoke(answer.refresh_token)
    assert store.validate(answer.session.token) is None
    assert refresh.exchange(answer.refresh_token) is None
    assert refresh.exchange("junk") is None


def test_a_token_that_comes_again_ends_its_family(store: SyncSessionStore, user: str) -> None:
    refresh = SyncRefreshTokens(store, RefreshConfig(grace_seconds=0))
    token = refresh.issue(user)
    answer = refresh.exchange(token)
    assert answer is not None
    with pytest.raises(ReuseDetected):
        refresh.exchange(token)
    assert refresh.exchange(answer.refresh_token) is None
    assert store.validate(answer.session.token) is None


def test_threads_that_exchange_one_token_at_once_agree(store: SyncSessionStore, user: str) -> None:
    refresh = SyncRefreshTokens(store)
    token = refresh.issue(user)
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(refresh.exchange, [token] * _THREADS))
    assert len({answer and answer.refresh_token for answer in answers}) == 1
    assert len({answer and answer.session.token for answer in answers}) == 1
    assert answers[0] is not None
    assert len(store.get_user_sessions(user)) == 1


# --- login flows ----------------------------------------------------------------------------------


def test_a_login_is_finished_once(store: SyncSessionStore) -> None:
    flows = SyncLoginFlows(store, allowed_origins=["https://shop.example"])
    flow = flows.begin("https://shop.example/cart", data={"a": "b"})
    found = flows.finish(flow.state, flow.browser_binding)
    assert found == flow
    assert flows.finish(flow.state, flow.browser_binding) is None


def test_a_logout_of_the_provider_ends_sessions_and_refresh_tokens(
    store: SyncSessionStore, user: str
) -> None:
    refresh = SyncRefreshTokens(store)
    flows = SyncLoginFlows(store, refresh=refresh)
    claims = {"iss": "https://id.example", "sid": f"sid of {user}"}
    session = store.create(user, labels=flows.labels(claims))
    token = refresh.issue(session)
    now = int(time.time())
    told = {**claims, "aud": "shop", "iat": now, "exp": now + 60, "jti": user}
    told["events"] = {LOGOUT_EVENT: {}}
    flows.backchannel_logout(told, typ="logout+jwt", issuer="https://id.example", client_id="shop")
    assert store.validate(session.token) is None
    assert refresh.exchange(token) is None


# --- the record -----------------------------------------------------------------------------------


def names(told: Any) -> list[str]:
    return [type(event).__name__ for event in told]


def test_sinks_get_what_happens_in_its_order(store: SyncSessionStore, user: str) -> None:
    sink = MemorySink()
    with SyncAudit(store, sink) as audit:
        session = store.create(user)
        store.rotate(session.token)
        audit.flush()
        assert names(sink) == ["Created", "Rotated"]
        store.destroy_all_for_user(user)
    assert names(sink) == ["Created", "Rotated", "RevokedAll"]
    store.create(user)
    assert len(sink) == 3
    assert (audit.dropped, audit.failed) == (0, 0)


def test_sinks_get_what_happens_in_all_threads_and_end_with_the_block(
    store: SyncSessionStore, user: str
) -> None:
    sink = MemorySink()
    before = set(threading.enumerate())
    with SyncAudit(store, sink), ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(store.create, [user] * 40))
    assert names(sink).count("Created") == 40
    assert set(threading.enumerate()) <= before


def test_nobody_waits_for_a_sink_that_hangs(store: SyncSessionStore, user: str) -> None:
    may_go = threading.Event()

    class Hanging:
        async def write(self, batch: Sequence[events.SessionEvent]) -> None:
            may_go.wait()  # in the thread of the record

    with SyncAudit(store, Hanging(), max_queued=2) as audit:
        for _ in range(10):
            store.tell(events.UnknownToken(well_formed=False))
        assert store.create(user) is not None
        may_go.set()
    assert audit.dropped > 0


def test_a_stream_holds_what_happens(redis_server: RealServer, user: str) -> None:
    store = SyncSessionStore.connect(redis_server.url, without_rate(), keys=KEYS)
    with store, SyncAudit(store, open_stream(store, f"audit of {user}")):
        session = store.create(user)
    with redis.Redis.from_url(redis_server.url, decode_responses=True) as client:
        [[_, entry]] = client.xrange(f"audit of {user}")
    assert entry["event"] == "Created"
    assert json.loads(entry["body"])["public_id"] == session.public_id


def test_a_server_without_streams_says_so() -> None:
    with SyncSessionStore.connect() as store, pytest.raises(ConfigError, match="stream"):
        open_stream(store)
