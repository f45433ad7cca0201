"""The near cache: no round trip for a moment, and nobody let in who has been put out."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from secrets import token_urlsafe
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import Sentinel

import ferrite_lite
from sessions import (
    BindingPolicy,
    ConfigError,
    IssuedSession,
    NearCache,
    RequestContext,
    SessionStore,
    native,
)
from sessions.servers.hearing import Hearing
from sessions.servers.listening import INVALIDATIONS
from sessions.tasks import Deadline
from tests.sessions.conftest import KEYS, TARGETS, Between, without_rate
from tests.support.servers import RealCluster, RealSentinel, RealServer

HOME, AWAY = RequestContext("198.51.100.7"), RequestContext("203.0.113.9")


async def until(is_true: Callable[[], bool]) -> None:
    """Wait for another process."""
    async with Deadline(5):
        while not is_true():  # noqa: ASYNC110  # nobody here is told
            await asyncio.sleep(0.001)


class Counting:
    """Counts what a store asks its server, and may hold an answer back."""

    def __init__(self, store: SessionStore) -> None:
        link = store._core.link
        self._send = link._send
        self.calls = 0
        self.after: Callable[[], Any] | None = None
        link._send = self.send  # type: ignore[method-assign]  # so it is the same for all clients

    async def send(self, words: tuple[Any, ...], options: dict[str, Any], deadline: float) -> Any:
        self.calls += 1
        reply = await self._send(words, options, deadline)
        if self.after is not None:
            hook, self.after = self.after, None
            await hook()
        return reply


class Pair:
    """Two stores on one server: ``near`` has a cache, and ``far`` is another process."""

    def __init__(self, near: SessionStore, far: SessionStore) -> None:
        self.near, self.far = near, far
        self.client = Counting(near)
        self._marks: Counter[bytes] = Counter()
        assert near._core.near is not None
        assert isinstance(near._core.near._hearing, Hearing)
        self._hearing = near._core.near._hearing
        self._on_change = self._hearing._on_change
        self._hearing._on_change = self._hear
        for listener in self._hearing._listeners.values():
            listener._on_message = self._hear

    def _hear(self, told: Any) -> None:
        if isinstance(told, bytes):
            self._marks[told] += 1
        else:
            self._on_change(told)

    async def hear_all(self) -> None:
        """Wait until all has been heard that was changed by now: messages come in their order."""
        hearing = [
            each
            for each in self._hearing._listeners.values()
            if each.ear is not None and each._on_message == self._hear
        ]
        for _ in range(10):
            mark = token_urlsafe()
            await self.far._core.link.ask("PUBLISH", INVALIDATIONS, mark)
            # Another one then: nodes of a new cluster lose messages until all know one another.
            with suppress(TimeoutError):
                async with Deadline(2):
                    while self._marks[mark.encode()] < len(hearing):  # noqa: ASYNC110  # as in until
                        await asyncio.sleep(0.001)
                    return
        raise TimeoutError

    async def is_asked(self, token: str, **options: Any) -> tuple[bool, Any]:
        """Whether the server was asked, and the answer."""
        before = self.client.calls
        found = await self.near.validate(token, **options)
        return self.client.calls > before, found

    async def settle(self, token: str) -> None:
        """Validate until the answer is at hand, and stays so."""
        await self._validate_until_at_hand(token)
        await self.hear_all()
        await self._validate_until_at_hand(token)

    async def _validate_until_at_hand(self, token: str) -> None:
        async with Deadline(10):
            while True:
                asked, found = await self.is_asked(token)
                assert found is not None
                if not asked:
                    return
                await asyncio.sleep(0)

    def ear(self, token: str) -> Any:
        """What is heard with of a session."""
        ticket, near = self.near._core.tokens.read(token), self.near._core.near
        assert ticket is not None
        assert near is not None
        return near._ear(ticket.tag)

    async def hear(self, token: str) -> None:
        """Wait until the cache has forgotten a session, for what another process did."""
        tag = self.near._core.tokens.read(token)
        assert tag is not None
        assert self.near._core.near is not None
        users = self.near._core.near._users
        await until(lambda: tag.tag not in users)


MakePair = Callable[..., Any]
MakeClient = Callable[[], Any]


async def client_makers(request: pytest.FixtureRequest, stack: AsyncExitStack) -> MakeClient:
    """What makes clients of a target."""
    match request.param:
        case "cluster":
            cluster: RealCluster = request.getfixturevalue("redis_cluster")
            return lambda: RedisCluster(host=cluster.host, port=cluster.port)
        case "sentinel":
            running: RealSentinel = request.getfixturevalue("redis_sentinel")
            sentinel = await stack.enter_async_context(sentinel_of(running))
            return lambda: sentinel.master_for(running.service)
        case "embedded" | "tcp" as target:
            ferrite = await stack.enter_async_context(ferrite_lite.Ferrite())
            native.register(ferrite.engine)
            url = (await ferrite.listen()).url
            return ferrite.client if target == "embedded" else lambda: Redis.from_url(url)
        case target:
            server: RealServer = request.getfixturevalue(f"{target}_server")
            return lambda: Redis.from_url(server.url)


@asynccontextmanager
async def sentinel_of(running: RealSentinel, **options: Any) -> AsyncIterator[Any]:
    ask_sentinel: Any = Sentinel  # redis-py has no types here
    sentinel = ask_sentinel([running.address], **options)
    try:
        yield sentinel
    finally:
        for asked in sentinel.sentinels:
            await asked.aclose()


@pytest.fixture(params=TARGETS)
async def make_pair(request: pytest.FixtureRequest) -> AsyncIterator[MakePair]:
    async with AsyncExitStack() as stack:
        new_client = await client_makers(request, stack)

        async def make(
            near_cache: NearCache | None = None,
            clock: ferrite_lite.Clock | None = None,
            **settings: Any,
        ) -> Pair:
            client, other = [await stack.enter_async_context(new_client()) for _ in range(2)]
            config = without_rate(**settings)
            near = await SessionStore.connect(
                client,
                config,
                keys=KEYS,
                clock=clock,
                near_cache=near_cache or NearCache(max_seconds=60),
            )
            stack.push_async_exit(near)
            return Pair(near, await SessionStore.connect(other, config, keys=KEYS))

        yield make


@pytest.fixture
async def pair(make_pair: MakePair) -> Pair:
    made: Pair = await make_pair()
    return made


# --- what it saves --------------------------------------------------------------------------------


async def test_a_session_that_was_read_a_moment_ago_costs_no_round_trip(
    pair: Pair, user: str
) -> None:
    session = await pair.near.create(user, {"a": 1})
    await pair.settle(session.token)
    asked, found = await pair.is_asked(session.token)
    assert not asked
    assert (found.user_id, found.data, found.public_id) == (user, {"a": 1}, session.public_id)
    assert not isinstance(found, IssuedSession)


async def test_junk_and_strangers_are_not_kept(pair: Pair, user: str) -> None:
    session = await pair.near.create(user)
    await pair.near.destroy(session.token)
    for _ in range(2):
        asked, found = await pair.is_asked(session.token)
        assert asked
        assert found is None
    assert await pair.is_asked("junk") == (False, None)


async def test_a_tenant_shares_the_cache_and_what_is_heard(pair: Pair, user: str) -> None:
    tenant = copy.copy(pair)
    tenant.near, tenant.far = (each.for_tenant("acme") for each in (pair.near, pair.far))
    mine, other = await tenant.near.create(user, {"a": 1}), await pair.near.create(user)
    for _ in range(2):  # in this process the changes of a turn are told after its messages
        await tenant.settle(mine.token)
        await pair.settle(other.token)
    asked, found = await tenant.is_asked(mine.token)
    assert not asked
    assert found.data == {"a": 1}
    await tenant.near.aclose()  # it is not his to close
    assert (await tenant.is_asked(mine.token))[0] is False
    await tenant.near.patch(mine.token, {"a": 2})
    assert (await tenant.is_asked(mine.token))[1].data == {"a": 2}
    await tenant.settle(mine.token)
    await tenant.far.destroy(mine.token)
    await tenant.hear(mine.token)
    assert await tenant.near.validate(mine.token) is None
    assert (await pair.is_asked(other.token))[0] is False


# --- what others do -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "end",
    [
        lambda far, user, session: far.destroy(session.token),
        lambda far, user, session: far.destroy_by_id(user, session.public_id),
        lambda far, user, session: far.destroy_all_for_user(user),
        lambda far, user, session: far.create(user, replace=session.token),
        lambda far, user, session: far.destroy_everything(),
    ],
    ids=["destroy", "by id", "all", "replace", "everything"],
)
async def test_what_ends_elsewhere_is_refused_as_soon_as_it_is_heard(
    pair: Pair, user: str, end: Any
) -> None:
    session = await pair.near.create(user)
    await pair.settle(session.token)
    assert await end(pair.far, user, session)
    await pair.hear(session.token)
    assert await pair.near.validate(session.token) is None


async def test_data_that_changed_elsewhere_is_read_anew(pair: Pair, user: str) -> None:
    session = await pair.near.create(user, {"a": 1})
    await pair.settle(session.token)
    await pair.far.patch(session.token, {"a": 2})
    await pair.hear(session.token)
    found = await pair.near.validate(session.token)
    assert found is not None
    assert found.data == {"a": 2}


async def test_a_token_that_was_rotated_elsewhere_leads_to_its_successor(
    pair: Pair, user: str
) -> None:
    session = await pair.near.create(user)
    await pair.settle(session.token)
    rotated = await pair.far.rotate(session.token)
    assert rotated is not None
    await pair.hear(session.token)
    for _ in range(3):
        found = await pair.near.validate(session.token)
        assert isinstance(found, IssuedSession)
        assert found.token == rotated.token


async def test_an_answer_on_its_way_is_not_kept_when_its_session_ends_meanwhile(
    pair: Pair, user: str
) -> None:
    session = await pair.near.create(user)
    ticket = pair.near._core.tokens.read(session.token)
    assert ticket is not None
    assert pair.near._core.near is not None
    readings = pair.near._core.near._readings

    async def end_it_and_hear() -> None:
        await pair.far.destroy(session.token)
        await until(lambda: all(reading.is_void for reading in readings[ticket.tag]))

    pair.client.after = end_it_and_hear
    assert await pair.near.validate(session.token) is not None
    assert await pair.is_asked(session.token) == (True, None)


@asynccontextmanager
async def alone_on(server: RealServer) -> AsyncIterator[Pair]:
    """One store with a near cache, which does by itself what else another one does."""
    client: Any = Redis.from_url(server.url)
    async with (
        client,
        await SessionStore.connect(
            client, without_rate(), keys=KEYS, near_cache=NearCache(60)
        ) as near,
    ):
        yield Pair(near, near)


async def test_an_answer_on_its_way_is_not_at_hand_when_nothing_was_heard_meanwhile(
    redis_server: RealServer, user: str
) -> None:
    async with alone_on(redis_server) as pair:
        session = await pair.near.create(user)
        await pair.settle(session.token)
        before = pair.ear(session.token)

        async def interrupt() -> None:
            redis_server.ask("CLIENT", "KILL", "TYPE", "pubsub")
            await until(lambda: pair.ear(session.token) not in (None, before))

        await pair.near.patch(session.token, {"a": 1})
        pair.client.after = interrupt
        await pair.near.validate(session.token)
        assert (await pair.is_asked(session.token))[0]


async def test_flushing_the_server_empties_the_cache(user: str) -> None:
    async with ferrite_lite.Ferrite() as ferrite:
        client = ferrite.client()
        near_cache = NearCache(max_seconds=60)
        async with await SessionStore.connect(
            client, without_rate(), keys=KEYS, near_cache=near_cache
        ) as near:
            pair = Pair(near, near)
            session = await near.create(user)
            await near.validate(session.token)
            await client.flushall()
            await pair.hear(session.token)
            assert await near.validate(session.token) is None


# --- what is done here ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda near, user, session: near.destroy(session.token),
        lambda near, user, session: near.destroy_all_for_user(user),
        lambda near, user, session: near.destroy_by_id(user, session.public_id),
        lambda near, user, session: near.rotate(session.token, grace_seconds=0),
    ],
    ids=["destroy", "all", "by id", "rotate"],
)
async def test_what_ends_here_is_refused_at_once(pair: Pair, user: str, change: Any) -> None:
    session = await pair.near.create(user)
    await pair.settle(session.token)
    assert await change(pair.near, user, session)
    assert await pair.near.validate(session.token) is None


async def test_what_is_written_here_is_read_here(pair: Pair, user: str) -> None:
    session = await pair.near.create(user, {"a": 0})
    for number in range(1, 20):
        await pair.near.validate(session.token)
        await pair.near.patch(session.token, {"a": number})
        found = await pair.near.validate(session.token)
        assert found is not None
        assert found.data == {"a": number}


# --- policies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [BindingPolicy.REJECT, BindingPolicy.REVOKE])
async def test_a_request_from_elsewhere_is_judged_though_the_session_is_at_hand(
    make_pair: MakePair, user: str, policy: BindingPolicy
) -> None:
    pair = await make_pair(ip_policy=policy)
    session = await pair.near.create(user, request=HOME)
    await pair.settle(session.token)
    assert await pair.near.validate(session.token, request=AWAY) is None
    found = await pair.near.validate(session.token, request=HOME)
    assert (found is None) is (policy is BindingPolicy.REVOKE)


async def test_a_request_from_elsewhere_has_to_step_up_though_the_session_is_at_hand(
    make_pair: MakePair, user: str
) -> None:
    pair = await make_pair(ip_policy=BindingPolicy.STEP_UP)
    session = await pair.near.create(user, request=HOME)
    await pair.settle(session.token)
    found = await pair.near.validate(session.token, request=AWAY)
    assert found is not None
    assert found.step_up
    found = await pair.near.validate(session.token, request=HOME)
    assert found is not None
    assert not found.step_up


async def test_a_function_is_asked_though_the_session_is_at_hand(
    make_pair: MakePair, user: str
) -> None:
    answers = ["log", "step_up", "reject"]
    pair = await make_pair(ip_policy=lambda _: answers.pop(0))
    session = await pair.near.create(user, request=HOME)
    await pair.settle(session.token)
    found = [await pair.near.validate(session.token, request=AWAY) for _ in range(3)]
    assert [each is not None and each.step_up for each in found] == [False, True, False]
    assert [each is not None for each in found] == [True, True, False]
    assert answers == []
    assert await pair.near.validate(session.token, request=HOME) is not None


# --- time -----------------------------------------------------------------------------------------


@pytest.fixture
async def timed(clock: ferrite_lite.ManualClock) -> AsyncIterator[Callable[..., Any]]:
    """A store with a cache that hears of nothing, and one without, on a clock of the test."""
    async with AsyncExitStack() as stack:
        ferrite = await stack.enter_async_context(ferrite_lite.Ferrite(clock=clock))

        async def make(max_seconds: float = 2, **settings: Any) -> Pair:
            config = without_rate(**settings)
            near = await SessionStore.connect(
                ferrite.client(), config, keys=KEYS, clock=clock, near_cache=NearCache(max_seconds)
            )
            stack.push_async_exit(near)
            far = await SessionStore.connect(ferrite.client(), config, keys=KEYS)
            return Pair(near, far)

        yield make


def be_deaf(store: SessionStore) -> None:
    assert store._core.near is not None
    assert isinstance(store._core.near._hearing, Hearing)
    for listener in store._core.near._hearing._listeners.values():
        listener._on_message = lambda keys: None


async def test_what_ends_elsewhere_is_refused_within_the_bound_though_nothing_is_heard(
    timed: Callable[..., Any], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await timed(max_seconds=2)
    session = await pair.near.create(user)
    be_deaf(pair.near)
    await pair.settle(session.token)
    await pair.far.destroy(session.token)
    clock.advance(ms=1_999)
    assert (await pair.is_asked(session.token))[0] is False
    clock.advance(ms=1)
    assert await pair.is_asked(session.token) == (True, None)


async def test_what_ends_elsewhere_is_refused_within_the_bound_whatever_server_is_not_heard(
    make_pair: MakePair, clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await make_pair(NearCache(max_seconds=2), clock)
    session = await pair.near.create(user)
    await pair.settle(session.token)
    be_deaf(pair.near)
    await pair.far.destroy(session.token)
    clock.advance(ms=2_000)
    assert await pair.is_asked(session.token) == (True, None)


async def test_a_hit_does_not_make_the_next_one_last_longer(
    timed: Callable[..., Any], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await timed(max_seconds=2)
    session = await pair.near.create(user)
    await pair.settle(session.token)
    asked = []
    for _ in range(8):
        clock.advance(ms=500)
        asked.append((await pair.is_asked(session.token))[0])
    assert asked == [False, False, False, True] * 2


async def test_a_session_expires_though_it_is_at_hand(
    timed: Callable[..., Any], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await timed(max_seconds=60, ttl_seconds=10, sliding_window=False)
    session = await pair.near.create(user)
    await pair.settle(session.token)
    clock.advance(ms=9_999)
    asked, found = await pair.is_asked(session.token)
    assert not asked
    assert found is not None
    clock.advance(ms=1)
    assert (await pair.is_asked(session.token))[1] is None


async def test_use_prolongs_a_session_though_it_is_at_hand(
    timed: Callable[..., Any], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await timed(max_seconds=60, ttl_seconds=10, touch_interval_seconds=5)
    session = await pair.near.create(user)
    for _ in range(10):
        clock.advance(seconds=4)
        assert await pair.near.validate(session.token) is not None
    found = await pair.near.validate(session.token)
    assert found is not None
    assert found.expires_at_ms > clock.now_ms() + 4_000


async def test_the_browser_is_told_of_a_longer_life_once(
    timed: Callable[..., Any], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await timed(max_seconds=60, ttl_seconds=100, touch_interval_seconds=5)
    session = await pair.near.create(user)
    be_deaf(pair.near)
    clock.advance(seconds=5)
    touched = await pair.near.validate(session.token)
    assert touched is not None
    assert touched.touched
    asked, again = await pair.is_asked(session.token)
    assert not asked
    assert not again.touched
    assert again.last_access_ms == touched.read_at_ms
    assert again.expires_at_ms == touched.expires_at_ms


async def test_a_login_is_no_fresher_for_being_at_hand(
    timed: Callable[..., Any], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await timed(max_seconds=60)
    session = await pair.near.create(user)
    await pair.settle(session.token)
    clock.advance(seconds=30)
    asked, found = await pair.is_asked(session.token)
    assert not asked
    assert found.is_fresh(30)
    assert not found.is_fresh(29)


async def test_a_token_is_renewed_when_it_is_due_though_it_is_at_hand(
    timed: Callable[..., Any], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await timed(max_seconds=60, renew_after_seconds=20)
    session = await pair.near.create(user)
    await pair.settle(session.token)
    clock.advance(seconds=20)
    renewed = await pair.near.validate(session.token)
    assert isinstance(renewed, IssuedSession)
    assert renewed.token != session.token


async def test_a_clock_that_is_set_back_keeps_nothing(
    timed: Callable[..., Any], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = await timed()
    session = await pair.near.create(user)
    await pair.settle(session.token)
    clock.set_time(ms=clock.now_ms() - 1000)
    assert (await pair.is_asked(session.token))[0]


# --- bounds ---------------------------------------------------------------------------------------


async def test_the_cache_holds_so_many_and_forgets_whoever_was_read_longest_ago(
    clock: ferrite_lite.ManualClock,
) -> None:
    async with await SessionStore.connect(
        config=without_rate(), clock=clock, near_cache=NearCache(max_entries=3)
    ) as store:
        tokens = [(await store.create(f"user {n}")).token for n in range(5)]
        for token in tokens:
            await store.validate(token)
        assert store._core.near is not None
        assert store._core.near._count == sum(map(len, store._core.near._users.values())) == 3
        kept = {ticket.tag for ticket in map(store._core.tokens.read, tokens[2:]) if ticket}
        assert set(store._core.near._users) == kept
        clock.advance(seconds=2)
        await store.validate(tokens[0])
        assert store._core.near._count == 1


async def test_a_client_that_makes_no_connections_has_no_near_cache(between: Between) -> None:
    with pytest.raises(ConfigError, match="near cache"):
        await SessionStore.connect(between, without_rate(), keys=KEYS, near_cache=NearCache())


@pytest.mark.parametrize("wrong", [{"max_seconds": 0}, {"max_seconds": 61}, {"max_entries": 0}])
def test_settings_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        NearCache(**wrong)


@asynccontextmanager
async def deafened(server: RealServer) -> AsyncIterator[None]:
    """Break the connections on which a server tells of changes, and let none come back."""
    server.ask("ACL", "SETUSER", "default", "-client|tracking")
    try:
        server.ask("CLIENT", "KILL", "TYPE", "pubsub")
        yield
    finally:
        server.ask("ACL", "SETUSER", "default", "+@all")


async def test_without_somebody_to_hear_nothing_is_answered_from_what_is_kept(
    redis_server: RealServer, user: str
) -> None:
    async with alone_on(redis_server) as pair:
        session = await pair.near.create(user)
        await pair.settle(session.token)
        async with deafened(redis_server):
            await until(lambda: pair.ear(session.token) is None)
            for _ in range(3):
                assert (await pair.is_asked(session.token))[0]
        await until(lambda: pair.ear(session.token) is not None)
        # What was read while nothing was heard may have changed since.
        assert (await pair.is_asked(session.token))[0]
        await pair.settle(session.token)


async def test_a_store_that_was_given_a_url_hears_of_changes_too(
    redis_server: RealServer, user: str
) -> None:
    near_cache, config = NearCache(max_seconds=60), without_rate()
    async with (
        await SessionStore.connect(
            redis_server.url, config, keys=KEYS, near_cache=near_cache
        ) as near,
        await SessionStore.connect(redis_server.url, config, keys=KEYS) as far,
    ):
        session = await near.create(user)
        assert near._core.near is not None
        users = near._core.near._users
        while not users:
            await near.validate(session.token)
        await far.destroy(session.token)
        await until(lambda: not users)
        assert await near.validate(session.token) is None


# --- any sequence ---------------------------------------------------------------------------------

BOUND_MS = 2000
numbers = st.integers(0, 9)
steps_ms = st.sampled_from([1, 500, BOUND_MS - 1, BOUND_MS, BOUND_MS + 500])


class NearAndFar(RuleBasedStateMachine):
    """A cache that hears of nothing, beside a store that changes the same sessions."""

    issued = Bundle("issued")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ferrite_lite.ManualClock()
        self.ferrite = ferrite_lite.Ferrite(clock=self.clock)
        self.near, self.far = self.runner.run(self.stores())
        #: For each session what it held and since when; None once it had ended.
        self.history: dict[str, list[tuple[int, int | None]]] = {}

    async def stores(self) -> tuple[SessionStore, SessionStore]:
        config = without_rate(touch_interval_seconds=3)
        client, clock = self.ferrite.client(), self.clock
        near = await SessionStore.connect(
            client, config, keys=KEYS, clock=clock, near_cache=NearCache(BOUND_MS / 1000)
        )
        be_deaf(near)
        return near, await SessionStore.connect(self.ferrite.client(), config, keys=KEYS)

    def teardown(self) -> None:
        self.runner.run(self.near.aclose())
        self.runner.run(self.ferrite.aclose())
        self.runner.close()

    @rule(target=issued, user=st.sampled_from("ab"), number=numbers)
    def create(self, user: str, number: int) -> str:
        token = self.runner.run(self.near.create(user, {"a": number})).token
        self.history[token] = [(self.clock.now_ms(), number)]
        return token

    def changed(self, token: str, number: int | None, *, here: bool) -> None:
        """What is done here is seen here at once: nothing before it counts any more."""
        history = self.history[token]
        if history[-1][1] is not None:
            history.append((self.clock.now_ms(), number))
        if here:
            del history[:-1]

    @rule(token=issued, number=numbers, here=st.booleans())
    def patch(self, token: str, number: int, here: bool) -> None:
        store = self.near if here else self.far
        self.runner.run(store.patch(token, {"a": number}))
        self.changed(token, number, here=here)

    @rule(token=issued, here=st.booleans())
    def destroy(self, token: str, here: bool) -> None:
        self.runner.run((self.near if here else self.far).destroy(token))
        self.changed(token, None, here=here)

    @rule(user=st.sampled_from("ab"), here=st.booleans())
    def destroy_all(self, user: str, here: bool) -> None:
        self.runner.run((self.near if here else self.far).destroy_all_for_user(user))
        for token in self.history:
            if token.split(".")[1] == self.near._core.tokens.tag(user):
                self.changed(token, None, here=here)

    @rule(token=issued)
    def validate_far(self, token: str) -> None:
        found = self.runner.run(self.far.validate(token))
        assert (found.data["a"] if found else None) == self.history[token][-1][1]

    @rule(token=issued)
    def validate_near(self, token: str) -> None:
        found = self.runner.run(self.near.validate(token))
        history, now_ms = self.history[token], self.clock.now_ms()
        replaced_at = [at for at, _ in history[1:]] + [now_ms + 1]
        allowed = [
            number
            for (_, number), until_ms in zip(history, replaced_at, strict=True)
            if until_ms > now_ms - BOUND_MS
        ]
        assert (found.data["a"] if found else None) in allowed

    @rule(token=issued, number=numbers, step_ms=steps_ms)
    def change_what_is_kept(self, token: str, number: int, step_ms: int) -> None:
        """What matters most, and chance alone would seldom bring together."""
        self.validate_near(token)
        self.patch(token, number, here=False)
        self.time_passes(step_ms)
        self.validate_near(token)

    @rule(step_ms=steps_ms)
    def time_passes(self, step_ms: int) -> None:
        self.clock.advance(ms=step_ms)

    @invariant()
    def the_count_is_right(self) -> None:
        assert self.near._core.near is not None
        assert self.near._core.near._count == sum(map(len, self.near._core.near._users.values()))


NearAndFar.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
test_no_answer_is_older_than_the_bound_nor_than_what_was_done_here = NearAndFar.TestCase
