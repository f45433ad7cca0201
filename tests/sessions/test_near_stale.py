"""Sessions while the store does not answer: known for a while, if that is wanted, and marked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack
from typing import Any

import pytest
import redis.exceptions as redis_errors
from redis.asyncio import Redis

import ferrite_lite
from sessions import (
    AuthContext,
    BindingPolicy,
    ConfigError,
    FreshAuthenticationRequired,
    IssuedSession,
    NearCache,
    Operation,
    Outcome,
    RequestContext,
    SessionStore,
    StoreUnavailable,
    events,
)
from sessions.asgi import SessionMiddleware
from sessions.servers.hearing import Hearing
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.test_near import be_deaf, until
from tests.support import servers

HOME, AWAY = RequestContext("198.51.100.7"), RequestContext("203.0.113.9")
STALE_SECONDS = 30


def tag_of(store: SessionStore, token: str) -> str:
    ticket = store._core.tokens.read(token)
    assert ticket is not None
    return ticket.tag


def kept_by(store: SessionStore) -> Collection[str]:
    """The users of whom something is kept."""
    assert store._core.near is not None
    return store._core.near._users


class Marks:
    """Tells when all has been heard that was changed by now: messages come in their order."""

    def __init__(self, store: SessionStore) -> None:
        assert store._core.near is not None
        assert isinstance(store._core.near._hearing, Hearing)
        [listener] = store._core.near._hearing._listeners.values()
        self._store, self._on_message = store, listener._on_message
        listener._on_message = self._hear
        self._heard: set[str] = set()

    def _hear(self, keys: Any) -> None:
        self._on_message(keys)
        self._heard |= {key.decode().partition("{")[2].partition("}")[0] for key in keys or ()}

    async def pass_one(self) -> None:
        tag = tag_of(self._store, (await self._store.create(f"mark {len(self._heard)}")).token)
        await until(lambda: tag in self._heard)


class Failing:
    """Two stores on one server: ``near`` has a cache, and its way to the server can be cut."""

    def __init__(self, near: SessionStore, far: SessionStore) -> None:
        self.near, self.far = near, far
        self.told: list[events.SessionEvent] = []
        near.on_event(self.told.append, events.AnsweredStale)
        link = near._core.link
        self._send = link._send
        self.is_down = False
        link._send = self.send  # type: ignore[method-assign]  # so it is the same for all clients
        self._marks = Marks(near)

    async def send(self, words: tuple[Any, ...], options: dict[str, Any], seconds: float) -> Any:
        if self.is_down:
            raise redis_errors.ConnectionError("Connection closed by server.")
        return await self._send(words, options, seconds)

    async def read(self, token: str, **options: Any) -> None:
        """Have the store say that a session is alive, and nothing more of what was before."""
        await self._marks.pass_one()
        found = await self.near.validate(token, **options)
        assert found is not None
        assert not found.is_stale

    async def lose(self, token: str, **options: Any) -> None:
        """The same, and then nothing at all."""
        await self.read(token, **options)
        self.is_down = True


MakeFailing = Callable[..., Any]


@pytest.fixture
async def make(clock: ferrite_lite.ManualClock) -> AsyncIterator[MakeFailing]:
    async with AsyncExitStack() as stack:
        ferrite = await stack.enter_async_context(ferrite_lite.Ferrite(clock=clock))

        async def make(stale_seconds: float = STALE_SECONDS, **settings: Any) -> Failing:
            config = without_rate(retries=0, breaker_failures=10**6, **settings)
            near_cache = NearCache(max_seconds=1, stale_seconds=stale_seconds)
            near = await SessionStore.connect(
                ferrite.client(), config, keys=KEYS, clock=clock, near_cache=near_cache
            )
            stack.push_async_exit(near)
            far = await SessionStore.connect(ferrite.client(), config, keys=KEYS)
            return Failing(near, far)

        yield make


@pytest.fixture
async def failing(make: MakeFailing) -> Failing:
    made: Failing = await make()
    return made


# --- what is answered -----------------------------------------------------------------------------


async def test_nobody_is_known_while_the_store_is_down_unless_that_was_asked_for(
    make: MakeFailing, clock: ferrite_lite.ManualClock
) -> None:
    failing = await make(stale_seconds=0)
    session = await failing.near.create("alice")
    await failing.lose(session.token)
    clock.advance(seconds=1)
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)


async def test_a_session_that_was_read_lately_is_known_while_the_store_is_down_and_marked(
    failing: Failing, clock: ferrite_lite.ManualClock
) -> None:
    session = await failing.near.create("alice", {"a": 1})
    await failing.lose(session.token)
    read_at = clock.now_ms()
    clock.advance(seconds=20)
    ended: list[Operation] = []
    failing.near.on_operation(ended.append)
    found = await failing.near.validate(session.token)
    assert found is not None
    assert found.is_stale
    assert [each.outcome for each in ended] == [Outcome.STALE]
    assert (found.user_id, found.data) == ("alice", {"a": 1})
    assert found.read_at_ms == read_at
    assert failing.told == [events.AnsweredStale(session.public_id, 20)]


async def test_when_the_store_is_back_its_word_counts(
    failing: Failing, clock: ferrite_lite.ManualClock
) -> None:
    session = await failing.near.create("alice")
    await failing.lose(session.token)
    be_deaf(failing.near)
    await failing.far.destroy(session.token)
    clock.advance(seconds=20)
    assert await failing.near.validate(session.token) is not None
    failing.is_down = False
    assert await failing.near.validate(session.token) is None
    failing.is_down = True
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)


async def test_who_is_read_later_pushes_nobody_out_who_may_be_needed(
    failing: Failing, clock: ferrite_lite.ManualClock
) -> None:
    session, later = [await failing.near.create(name) for name in ("alice", "bob")]
    await failing.read(session.token)
    clock.advance(seconds=5)
    await failing.lose(later.token)
    for token in (session.token, later.token):
        clock.advance(seconds=1)
        assert await failing.near.validate(token) is not None
    assert len(failing.told) == 2


async def test_nobody_is_known_for_longer_than_the_bound(
    failing: Failing, clock: ferrite_lite.ManualClock
) -> None:
    session = await failing.near.create("alice")
    await failing.lose(session.token)
    clock.advance(ms=STALE_SECONDS * 1000 - 1)
    assert await failing.near.validate(session.token) is not None
    clock.advance(ms=1)
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)


async def test_nobody_is_known_for_longer_than_his_session(
    make: MakeFailing, clock: ferrite_lite.ManualClock
) -> None:
    failing = await make(ttl_seconds=10)
    session = await failing.near.create("alice")
    await failing.lose(session.token)
    clock.advance(ms=9_999)
    assert await failing.near.validate(session.token) is not None
    clock.advance(ms=1)
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)


async def test_whom_nobody_has_read_here_is_unknown(failing: Failing) -> None:
    session = await failing.far.create("alice")
    failing.is_down = True
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)
    assert await failing.near.validate("junk") is None


async def test_a_token_that_is_due_for_another_one_stays(
    make: MakeFailing, clock: ferrite_lite.ManualClock
) -> None:
    failing = await make(renew_after_seconds=20, touch_interval_seconds=5)
    session = await failing.near.create("alice")
    await failing.lose(session.token)
    clock.advance(seconds=20)
    found = await failing.near.validate(session.token)
    assert found is not None
    assert found.is_stale
    assert not found.touched
    assert not isinstance(found, IssuedSession)


# --- what is refused all the same -----------------------------------------------------------------


async def test_what_matters_can_be_refused(failing: Failing) -> None:
    session = await failing.near.create("alice", auth=AuthContext(("pwd",)))
    await failing.lose(session.token)
    be_deaf(failing.near)
    failing.near._core.near._hearing = None  # type: ignore[union-attr]  # so that it is asked
    found = await failing.near.validate(session.token)
    assert found is not None
    assert not found.is_fresh(3600)
    with pytest.raises(FreshAuthenticationRequired):
        found.require_fresh(3600)


async def test_writing_fails_and_after_it_nothing_is_known(
    failing: Failing, clock: ferrite_lite.ManualClock
) -> None:
    session = await failing.near.create("alice", {})
    await failing.lose(session.token)
    clock.advance(seconds=1)
    assert await failing.near.validate(session.token) is not None
    with pytest.raises(StoreUnavailable):
        await failing.near.patch(session.token, {"a": 1})
    # Nobody knows whether that was done.
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)


@pytest.mark.parametrize(
    "end",
    [
        lambda store, session: store.destroy(session.token),
        lambda store, session: store.destroy_all_for_user("alice"),
        lambda store, session: store.rotate(session.token, grace_seconds=0),
    ],
    ids=["destroy", "all", "rotate"],
)
@pytest.mark.parametrize("where", ["here", "heard", "asked", "failed"])
async def test_whom_this_process_has_seen_end_is_unknown(
    failing: Failing, where: str, end: Any
) -> None:
    session = await failing.near.create("alice")
    await failing.read(session.token)
    match where:
        case "here":
            await end(failing.near, session)
        case "heard":
            await end(failing.far, session)
            await until(lambda: tag_of(failing.near, session.token) not in kept_by(failing.near))
        case "asked":
            be_deaf(failing.near)
            await end(failing.far, session)
            near = failing.near._core.near
            near._hearing = None  # type: ignore[union-attr]  # there is one, and it is asked now
            assert await failing.near.validate(session.token) is None
        case "failed":
            failing.is_down = True
            with pytest.raises(StoreUnavailable):
                await end(failing.near, session)
    failing.is_down = True
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)


async def test_a_token_that_was_seen_to_lead_on_is_unknown(
    failing: Failing, clock: ferrite_lite.ManualClock
) -> None:
    session = await failing.near.create("alice")
    await failing.read(session.token)
    be_deaf(failing.near)
    await failing.far.rotate(session.token, grace_seconds=20)
    clock.advance(seconds=1)
    assert isinstance(await failing.near.validate(session.token), IssuedSession)
    failing.is_down = True
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)


async def test_an_end_of_everything_that_is_known_counts(
    make: MakeFailing, clock: ferrite_lite.ManualClock
) -> None:
    failing = await make(epoch_seconds=1)
    session = await failing.near.create("alice")
    await failing.read(session.token)
    be_deaf(failing.near)
    clock.advance(seconds=2)
    await failing.far.destroy_everything()
    clock.advance(ms=1)
    assert await failing.near.validate((await failing.near.create("carol")).token) is not None
    failing.is_down = True
    with pytest.raises(StoreUnavailable):
        await failing.near.validate(session.token)


@pytest.mark.parametrize("decide", [lambda policy: policy, lambda policy: lambda mismatch: policy])
async def test_a_request_that_is_to_be_refused_is(
    make: MakeFailing, clock: ferrite_lite.ManualClock, decide: Any
) -> None:
    failing = await make(ip_policy=decide(BindingPolicy.REJECT))
    session = await failing.near.create("alice", request=HOME)
    await failing.lose(session.token, request=HOME)
    clock.advance(seconds=1)
    assert await failing.near.validate(session.token, request=AWAY) is None
    assert failing.told == []
    found = await failing.near.validate(session.token, request=HOME)
    assert found is not None
    assert found.is_stale


@pytest.mark.parametrize("decide", [lambda policy: policy, lambda policy: lambda mismatch: policy])
async def test_a_request_that_is_to_end_the_session_leaves_nothing_known(
    make: MakeFailing, clock: ferrite_lite.ManualClock, decide: Any
) -> None:
    failing = await make(ip_policy=decide(BindingPolicy.REVOKE))
    session = await failing.near.create("alice", request=HOME)
    await failing.lose(session.token, request=HOME)
    clock.advance(seconds=1)
    for request in (AWAY, HOME):
        with pytest.raises(StoreUnavailable):
            await failing.near.validate(session.token, request=request)


async def test_a_request_from_elsewhere_has_to_step_up(
    make: MakeFailing, clock: ferrite_lite.ManualClock
) -> None:
    failing = await make(ip_policy=BindingPolicy.STEP_UP)
    session = await failing.near.create("alice", request=HOME)
    await failing.lose(session.token, request=HOME)
    clock.advance(seconds=1)
    found = await failing.near.validate(session.token, request=AWAY)
    assert found is not None
    assert (found.is_stale, found.step_up) == (True, True)


# --- on the web -----------------------------------------------------------------------------------


async def status_of(app: SessionMiddleware, token: str) -> int:
    """How a request is answered."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    cookie = f"__Host-id={token}".encode()
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"cookie", cookie)]}
    await app(scope, receive, send)
    return int(sent[0]["status"])


async def test_pages_that_only_read_go_on(
    failing: Failing, clock: ferrite_lite.ManualClock
) -> None:
    async def read(scope: Any, receive: Any, send: Any) -> None:
        assert scope["session"]["a"] == 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def write(scope: Any, receive: Any, send: Any) -> None:
        scope["session"]["a"] = 2
        await send({"type": "http.response.start", "status": 200, "headers": []})

    session = await failing.near.create("alice", {"a": 1})
    await failing.lose(session.token)
    clock.advance(seconds=1)
    assert await status_of(SessionMiddleware(read, failing.near), session.token) == 200
    assert await status_of(SessionMiddleware(write, failing.near), session.token) == 503


# --- a real one -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["url", "pool"])
async def test_a_server_that_dies_takes_nobody_along_at_once(kind: str) -> None:
    config = without_rate(timeout_seconds=0.5, breaker_seconds=0.1)
    near_cache = NearCache(max_seconds=1, stale_seconds=60)
    with servers.redis_server() as server:
        async with Redis.from_url(server.url) as client:
            at = server.url if kind == "url" else client
            async with await SessionStore.connect(
                at, config, keys=KEYS, near_cache=near_cache
            ) as store:
                session = await store.create("alice", {"a": 1})
                await Marks(store).pass_one()
                assert await store.validate(session.token) is not None
                server.process.kill()
                server.process.wait()
                found = await store.validate(session.token)
                while found is not None and not found.is_stale:
                    found = await store.validate(session.token)
                assert found is not None
                assert found.data == {"a": 1}
                with pytest.raises(StoreUnavailable):
                    await store.create("bob")


@pytest.mark.parametrize("wrong", [-1, 301])
def test_the_bound_is_checked(wrong: float) -> None:
    with pytest.raises(ConfigError, match="stale"):
        NearCache(stale_seconds=wrong)
