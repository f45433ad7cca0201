"""Every operation under every fault: what callers are told is true, and nothing is half-done.

A caller who was told that it went well finds it done; who was told that it cannot have happened
finds it undone; otherwise it is the one or the other. Nobody is ever let in by an error.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
import redis
import redis.asyncio
import redis.exceptions as redis_errors
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

import ferrite_lite
from sessions import (
    ConfigError,
    IssuedSession,
    SessionError,
    SessionStore,
    StoreRefused,
    StoreUnavailable,
    SyncSessionStore,
)
from tests.sessions.conftest import KEYS, without_rate
from tests.support.faults import (
    CutReply,
    Fault,
    FaultProxy,
    LateReply,
    Refusal,
    ResetAfter,
    ResetBefore,
)
from tests.support.servers import RealServer

_IN_CI = "CI" in os.environ
#: Under a minute each.
CREATES = int(os.environ.get("SESSION_FAULT_CREATES", "10000" if _IN_CI else "2000"))
CANCELLATIONS = int(os.environ.get("SESSION_CANCELLATIONS", "100000" if _IN_CI else "5000"))

DEADLINE_SECONDS = 0.15
#: What the deadline of a failing call may be exceeded by, on a busy machine.
SLACK_SECONDS = 10.0

#: What passes when it is asked again, at once or a moment later.
TRANSIENT: dict[str, Fault] = {
    "reset before": ResetBefore(),
    "reset after": ResetAfter(),
    "reply cut": CutReply(),
    "no script": Refusal("NOSCRIPT No matching script. Please use EVAL."),
    "loading": Refusal("LOADING Redis is loading the dataset in memory"),
    "busy": Refusal("BUSY Redis is busy running a script. You can only call SCRIPT KILL"),
    "try again": Refusal("TRYAGAIN Multiple keys request during rehashing of slot"),
    "master down": Refusal("MASTERDOWN Link with MASTER is down"),
    "cluster down": Refusal("CLUSTERDOWN The cluster is down"),
    "read only": Refusal("READONLY You can't write against a read only replica."),
    "max clients": Refusal("ERR max number of clients reached"),
}
#: What is told to the caller at once, and with which error; none of it has happened.
TOLD: dict[str, tuple[Fault, type[SessionError]]] = {
    "out of memory": (
        Refusal("OOM command not allowed when used memory > 'maxmemory'."),
        StoreUnavailable,
    ),
    "disk": (Refusal("MISCONF Errors writing to the AOF file: No space"), StoreUnavailable),
    "replicas": (Refusal("NOREPLICAS Not enough good replicas to write."), StoreUnavailable),
    "moved": (Refusal("MOVED 12182 127.0.0.1:1"), ConfigError),
    "ask": (Refusal("ASK 12182 127.0.0.1:1"), ConfigError),
    "cross slot": (Refusal("CROSSSLOT Keys in request don't hash"), StoreRefused),
    "no auth": (Refusal("NOAUTH Authentication required."), StoreRefused),
    "no permission": (Refusal("NOPERM this user has no permissions"), StoreRefused),
    "wrong type": (Refusal("WRONGTYPE Operation against a key"), StoreRefused),
}
#: What lasts longer than the deadline. (A script that is unknown to EVAL there is not.)
LASTING = {name: fault for name, fault in TRANSIENT.items() if name != "no script"}


# --- the operations -------------------------------------------------------------------------------


@dataclass
class Scene:
    """A user with one session, and a store whose answers can be trusted."""

    sound: SessionStore
    user: str
    issued: IssuedSession

    async def live(self) -> int:
        return len(await self.sound.get_user_sessions(self.user))

    async def data(self) -> Any:
        session = await self.sound.validate(self.issued.token)
        return session and session.data


#: Does something over a store that may fail, as a caller of this name would.
Do = Callable[..., Awaitable[Any]]
Check = Callable[[Scene, Any], Awaitable[bool]]


@dataclass(frozen=True)
class Operation:
    """What to do, whether it is done, and whether it is undone."""

    act: Callable[[Do, Scene], Awaitable[Any]]
    is_done: Check
    is_undone: Check


async def _created(scene: Scene, answer: Any) -> bool:
    is_valid = answer is None or await scene.sound.validate(answer.token) is not None
    return is_valid and await scene.live() == 2


async def _is_open(scene: Scene, answer: Any) -> bool:
    is_right = answer is None or answer.user_id == scene.user
    return is_right and await scene.live() == 1 and await scene.data() == {"a": 1}


async def _touched(scene: Scene, answer: Any) -> bool:
    return (answer is None or answer.touched) and await _is_open(scene, answer)


async def _changed(scene: Scene, answer: Any) -> bool:
    return answer in (None, 2) and await scene.data() == {"a": 1, "b": 2}


async def _rotated(scene: Scene, answer: Any) -> bool:
    old, new = await scene.sound.validate(scene.issued.token), answer
    return old is None and (new is None or await scene.sound.validate(new.token) is not None)


async def _ended(scene: Scene, answer: Any) -> bool:
    return await scene.data() is None and await scene.live() == 0


async def _listed(scene: Scene, answer: Any) -> bool:
    right = [info.public_id for info in await scene.sound.get_user_sessions(scene.user)]
    return answer is None or [info.public_id for info in answer] == right


OPERATIONS = {
    "create": Operation(lambda do, scene: do("create", scene.user, {"a": 1}), _created, _is_open),
    "validate": Operation(
        lambda do, scene: do("validate", scene.issued.token, touch=False), _is_open, _is_open
    ),
    "touch": Operation(lambda do, scene: do("validate", scene.issued.token), _touched, _is_open),
    "update": Operation(
        lambda do, scene: do("patch", scene.issued.token, {"b": 2}, if_version=1),
        _changed,
        _is_open,
    ),
    "rotate": Operation(
        lambda do, scene: do("rotate", scene.issued.token, grace_seconds=0), _rotated, _is_open
    ),
    "destroy": Operation(lambda do, scene: do("destroy", scene.issued.token), _ended, _is_open),
    "destroy all": Operation(
        lambda do, scene: do("destroy_all_for_user", scene.user), _ended, _is_open
    ),
    "list": Operation(lambda do, scene: do("get_user_sessions", scene.user), _listed, _is_open),
}


# --- the stores -----------------------------------------------------------------------------------


@pytest.fixture
async def proxy(redis_server: RealServer) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(redis_server.host, redis_server.port) as proxy:
        yield proxy


@pytest.fixture
async def sound(redis_server: RealServer) -> AsyncIterator[SessionStore]:
    """A store past the proxy."""
    async with await SessionStore.connect(redis_server.url, without_rate(), keys=KEYS) as store:
        yield store


@asynccontextmanager
async def store_over(proxy: FaultProxy, kind: str, timeout_seconds: float) -> AsyncIterator[Do]:
    """A store over the proxy, with a kind of client."""
    config = without_rate(
        timeout_seconds=timeout_seconds, touch_interval_seconds=0, breaker_failures=10**6
    )
    if kind == "blocking":
        connect: Any = SyncSessionStore.connect
        with await asyncio.to_thread(connect, proxy.url, config, keys=KEYS) as blocking:
            yield lambda name, *args, **options: asyncio.to_thread(
                getattr(blocking, name), *args, **options
            )
        return
    pooled = redis.asyncio.Redis.from_url(proxy.url, retry=Retry(NoBackoff(), 0))
    server = proxy.url if kind == "url" else pooled
    async with pooled, await SessionStore.connect(server, config, keys=KEYS) as store:
        yield lambda name, *args, **options: getattr(store, name)(*args, **options)


@pytest.fixture(params=["url", "pool", "blocking"])
async def do(request: pytest.FixtureRequest, proxy: FaultProxy) -> AsyncIterator[Do]:
    """A store with time to ask again."""
    async with store_over(proxy, request.param, 5) as do:
        yield do


@pytest.fixture(params=["url", "pool", "blocking"])
async def hasty_do(request: pytest.FixtureRequest, proxy: FaultProxy) -> AsyncIterator[Do]:
    """A store that soon gives up."""
    async with store_over(proxy, request.param, DEADLINE_SECONDS) as do:
        yield do


_numbers = itertools.count()


async def new_scene(sound: SessionStore) -> Scene:
    user = f"faults-{next(_numbers)}"
    return Scene(sound, user, await sound.create(user, {"a": 1}))


# --- the matrix -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRANSIENT)
async def test_what_passes_is_not_noticed(
    name: str, do: Do, proxy: FaultProxy, sound: SessionStore
) -> None:
    for title, operation in OPERATIONS.items():
        scene = await new_scene(sound)
        proxy.faults.append(TRANSIENT[name])
        answer = await operation.act(do, scene)
        assert not proxy.faults
        if title in {"destroy", "destroy all"}:
            assert answer == 1, title  # though the first attempt may have done it
        assert await operation.is_done(scene, answer), title


@pytest.mark.parametrize("name", TOLD)
async def test_what_does_not_pass_is_told_as_what_it_is(
    name: str, do: Do, proxy: FaultProxy, sound: SessionStore
) -> None:
    fault, kind = TOLD[name]
    for title, operation in OPERATIONS.items():
        scene = await new_scene(sound)
        proxy.faults.append(fault)
        with pytest.raises(kind) as raised:
            await operation.act(do, scene)
        if isinstance(raised.value, StoreUnavailable):
            assert not raised.value.may_have_happened
        assert await operation.is_undone(scene, None), title


async def is_one_or_the_other(operation: Operation, scene: Scene) -> bool:
    return await operation.is_done(scene, None) or await operation.is_undone(scene, None)


async def test_a_reply_that_is_late_leaves_it_open_whether_it_happened(
    hasty_do: Do, proxy: FaultProxy, sound: SessionStore
) -> None:
    for title, operation in OPERATIONS.items():
        scene = await new_scene(sound)
        proxy.faults.append(LateReply(2 * DEADLINE_SECONDS))
        with pytest.raises(StoreUnavailable) as raised:
            await operation.act(hasty_do, scene)
        assert raised.value.may_have_happened
        await proxy.settle()
        assert await is_one_or_the_other(operation, scene), title


@pytest.mark.parametrize("name", LASTING)
async def test_a_fault_that_lasts_ends_in_time_and_in_nothing_half_done(
    name: str, hasty_do: Do, proxy: FaultProxy, sound: SessionStore
) -> None:
    scenes = [(operation, await new_scene(sound)) for operation in OPERATIONS.values()]
    proxy.always = LASTING[name]
    began = asyncio.get_running_loop().time()
    errors = await asyncio.gather(
        *(operation.act(hasty_do, scene) for operation, scene in scenes), return_exceptions=True
    )
    assert asyncio.get_running_loop().time() - began < DEADLINE_SECONDS + SLACK_SECONDS
    proxy.always = None
    await proxy.settle()
    for (operation, scene), error in zip(scenes, errors, strict=True):
        assert isinstance(error, StoreUnavailable)
        if not error.may_have_happened:
            assert await operation.is_undone(scene, None)
        assert error.may_have_happened or name not in {"reset after", "reply cut"}
        assert await is_one_or_the_other(operation, scene)


async def test_a_server_that_refuses_connections_is_unavailable_until_it_is_back(
    do: Do, proxy: FaultProxy, sound: SessionStore
) -> None:
    scene = await new_scene(sound)
    await proxy.refuse()
    for operation in OPERATIONS.values():
        with pytest.raises(StoreUnavailable):
            await operation.act(do, scene)
        assert await _is_open(scene, None)
    await proxy.listen(proxy.port)
    assert await _touched(scene, await do("validate", scene.issued.token))


async def test_after_a_late_reply_the_next_one_is_nobody_elses(
    hasty_do: Do, proxy: FaultProxy, sound: SessionStore
) -> None:
    mine, other = await new_scene(sound), await new_scene(sound)
    proxy.faults.append(LateReply(1.2 * DEADLINE_SECONDS))
    with pytest.raises(StoreUnavailable):
        await hasty_do("validate", other.issued.token)
    read = 0
    for _ in range(20):
        with suppress(StoreUnavailable):
            session = await hasty_do("validate", mine.issued.token)
            assert session.user_id == mine.user
            read += 1
        await asyncio.sleep(0.2 * DEADLINE_SECONDS / 20)
    assert read > 10


@pytest.mark.parametrize("title", OPERATIONS)
async def test_a_task_that_is_cancelled_anywhere_leaves_nothing_half_done(
    title: str, proxy: FaultProxy, sound: SessionStore
) -> None:
    operation = OPERATIONS[title]
    async with await SessionStore.connect(proxy.url, without_rate(), keys=KEYS) as store:

        async def do(name: str, *args: Any, **options: Any) -> Any:
            return await getattr(store, name)(*args, **options)

        for steps in range(25):
            scene = await new_scene(sound)
            task = asyncio.ensure_future(operation.act(do, scene))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await store.generation(scene.user)  # what was on its way has arrived before this
            assert await is_one_or_the_other(operation, scene), steps


# --- many of them ---------------------------------------------------------------------------------


class Unreliable:
    """A client on which anything may go wrong, by the choice of a seed."""

    def __init__(self, client: Any, chance: random.Random) -> None:
        self._client, self._chance = client, chance
        self.faults = 0

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        choice = self._chance.randrange(8)
        self.faults += choice < 4
        match choice:
            case 0:
                raise redis_errors.ConnectionError("reset before")
            case 1:
                await self._client.execute_command(*words, **options)
                raise redis_errors.ConnectionError("reset after")
            case 2:
                raise redis_errors.BusyLoadingError("Redis is loading the dataset in memory")
            case 3:
                await self._client.execute_command(*words, **options)
                raise redis_errors.TimeoutError("late")
            case 4 if words[0] == "EVALSHA":
                raise redis_errors.NoScriptError("No matching script. Please use EVAL.")
        return await self._client.execute_command(*words, **options)


async def test_no_create_opens_two_sessions_whatever_goes_wrong() -> None:
    config = without_rate(breaker_failures=10**6, retries=3, max_connections=500)
    async with ferrite_lite.Ferrite() as ferrite:
        client = ferrite.client()
        sound = await SessionStore.connect(client, config, keys=KEYS)
        unreliable = Unreliable(client, random.Random(7))
        store = await SessionStore.connect(unreliable, config, keys=KEYS)

        async def create(user: str) -> bool:
            try:
                issued = await store.create(user)
            except StoreUnavailable as error:
                most = int(error.may_have_happened)
            else:
                most = 1
                assert await sound.validate(issued.token) is not None
            live = len(await sound.get_user_sessions(user))
            assert live <= most
            return live == 1

        alive = 0
        for first in range(0, CREATES, 500):
            users = (f"user-{number}" for number in range(first, first + 500))
            alive += sum(await asyncio.gather(*map(create, users)))
    assert alive > CREATES / 2
    assert unreliable.faults > CREATES / 2


@pytest.mark.parametrize("kind", ["url", "pool"])
async def test_no_cancellation_lets_one_user_read_what_is_anothers(
    redis_server: RealServer, kind: str
) -> None:
    chance = random.Random(11)
    read = 0
    pooled = redis.asyncio.Redis.from_url(redis_server.url, retry=Retry(NoBackoff(), 0))
    server = redis_server.url if kind == "url" else pooled
    config = without_rate(max_connections=5, breaker_failures=10**6)
    async with pooled, await SessionStore.connect(server, config, keys=KEYS) as store:
        tokens = [(await store.create(f"cancelled-{n}")).token for n in range(20)]

        async def read_one(number: int) -> None:
            nonlocal read
            session = await store.validate(tokens[number])
            assert session is not None
            assert session.user_id == f"cancelled-{number}"
            read += 1

        for _ in range(CANCELLATIONS // 2 // 40):
            tasks = [asyncio.create_task(read_one(chance.randrange(20))) for _ in range(50)]
            doomed = chance.sample(tasks, 40)
            for task in doomed:
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(0)
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome
    assert read > CANCELLATIONS / 80
