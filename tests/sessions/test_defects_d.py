"""Group D of the seed document's defects: atomicity and portability."""

from __future__ import annotations

import contextlib
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
import redis.exceptions

import ferrite_lite
import sessions
from sessions import (
    ConfigError,
    DeviceInfo,
    RateLimit,
    RateLimited,
    RequestContext,
    SessionConfig,
    SessionStore,
    StoreRefused,
    StoreUnavailable,
)
from sessions.atomic import AtomicStore, NewSession
from sessions.replies import Live
from sessions.servers.link import Link
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.sessions.test_defects_a import records_of
from tests.support.servers import RealCluster, RealServer

_networks = itertools.count()

SCRIPTS = sorted((Path(sessions.__file__).parent / "scripts").glob("*.lua"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_d1_a_script_names_no_key_that_it_was_not_given(path: Path) -> None:
    for call in re.findall(r"redis\.call\(([^)]*)", path.read_text()):
        command, *arguments = [part.strip() for part in call.split(",")]
        if command != "'TIME'":
            assert arguments[0].startswith("KEYS["), call


async def test_d1_all_keys_of_a_user_lie_in_one_slot(
    store: SessionStore, client: Any, user: str
) -> None:
    await store.create(user)
    tags = {re.search(rb"\{(.+?)\}", key) for key in await records_of(client, user)}
    assert len({match[1] for match in tags if match}) == 1


async def test_d1_a_node_of_a_cluster_is_refused_in_plain_words(
    redis_cluster: RealCluster,
) -> None:
    for server in (redis_cluster.url, redis.asyncio.Redis.from_url(redis_cluster.url)):
        with pytest.raises(ConfigError, match="RedisCluster"):
            await SessionStore.connect(server, without_rate(), keys=KEYS)
        if not isinstance(server, str):
            await server.aclose()


async def test_d2_a_server_without_scripts_is_refused_and_left_clean(
    client: Any, user: str
) -> None:
    class NoScripts:
        async def execute_command(self, *words: Any, **options: Any) -> Any:
            if words[0] in ("EVAL", "EVALSHA"):
                raise redis.exceptions.ResponseError("unknown command")
            return await client.execute_command(*words, **options)

    store = await SessionStore.connect(NoScripts(), without_rate(), keys=KEYS)
    with pytest.raises(StoreRefused):
        await store.create(user)
    assert await records_of(client, user) == []
    assert any("Scripts do not run" in finding for finding in await store.doctor())


async def test_d2_a_server_with_scripts_is_sound(store: SessionStore) -> None:
    assert await store.doctor() == []


async def test_d3_the_device_is_part_of_the_record(
    store: SessionStore, client: Any, user: str
) -> None:
    await store.create(user, {}, DeviceInfo("UA", "10.0.0.1", "phone"))
    assert len(await records_of(client, user)) == 2  # the session, the index


async def test_d4_the_creation_rate_is_exact_and_heals(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(create_limit=RateLimit(10, 3600)) as store:
        created_at: list[int] = []
        for _ in range(100):
            with contextlib.suppress(RateLimited):
                await store.create_with_rate_limit(user)
                created_at.append(clock.now_ms())
            clock.advance(seconds=97)
        for start in created_at:
            inside = [at for at in created_at if start <= at < start + 3_600_000]
            assert len(inside) <= 10
        assert len(created_at) > 20


async def test_d4_a_refusal_says_when_to_try_again(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store(create_limit=RateLimit(2, 100)) as store:
        await store.create(user)
        clock.advance(seconds=30)
        await store.create(user)
        with pytest.raises(RateLimited) as refusal:
            await store.create(user)
        assert refusal.value.retry_after_seconds == 70
        clock.advance(seconds=70)
        await store.create(user)


async def test_d4_the_rate_of_one_user_is_not_that_of_another(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(create_limit=RateLimit(1, 3600))
    await store.create(user)
    with pytest.raises(RateLimited):
        await store.create(user)
    await store.create(user + "-other")


async def test_d4_a_rate_without_a_limit_is_refused(store: SessionStore, user: str) -> None:
    with pytest.raises(ConfigError):
        await store.create_with_rate_limit(user)


async def test_d5_a_slide_is_one_script(
    slow_store: SessionStore, between: Between, user: str
) -> None:
    issued = await slow_store.create(user)
    await slow_store.validate(issued.token)
    between.calls.clear()
    session = await slow_store.validate(issued.token)
    assert session is not None
    assert session.touched
    assert [call[0] for call in between.calls] == ["EVALSHA"]


async def test_d6_the_text_of_a_script_is_sent_only_where_it_is_unknown(
    slow_store: SessionStore, between: Between, client: Any, user: str
) -> None:
    await slow_store.create(user)
    issued = await slow_store.create(user)
    assert between.calls[-1][0] == "EVALSHA"
    await client.execute_command("SCRIPT FLUSH")
    assert await slow_store.validate(issued.token) is not None
    await slow_store.create(user)
    assert [call[0] for call in between.calls[-2:]] == ["EVALSHA", "EVAL"]


class Flaky:
    """A client whose first answers are lost, after the server has done what was asked."""

    def __init__(self, client: Any, lost: int) -> None:
        self._client = client
        self._lost = lost

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        reply = await self._client.execute_command(*words, **options)
        if self._lost:
            self._lost -= 1
            raise redis.exceptions.ConnectionError("the answer was lost")
        return reply


class FlakyEachTime:
    """A client of which the first answer to each request is lost."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._seen: set[tuple[Any, ...]] = set()

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        reply = await self._client.execute_command(*words, **options)
        if words not in self._seen:
            self._seen.add(words)
            raise redis.exceptions.ConnectionError("the answer was lost")
        return reply


async def test_d7_a_create_tried_again_makes_one_session(
    store: SessionStore, client: Any, user: str
) -> None:
    await store.create(user)  # the scripts are known from now on
    flaky = await SessionStore.connect(Flaky(client, lost=1), without_rate(), keys=KEYS)
    issued = await flaky.create(user)
    assert await store.validate(issued.token) is not None
    assert len(await store.get_user_sessions(user)) == 2


async def test_d7_a_change_tried_again_is_one_change(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {"a": 1})
    assert await store.patch(issued.token, {"b": 2}) == 2  # the scripts are known from now on
    flaky = await SessionStore.connect(Flaky(client, lost=1), without_rate(), keys=KEYS)
    assert await flaky.patch(issued.token, {"c": 3}, if_version=2) == 3
    assert await store.patch(issued.token, {"c": 3}, if_version=3) == 4
    session = await store.validate(issued.token)
    assert session is not None
    assert session.data == {"a": 1, "b": 2, "c": 3}


async def test_d7_a_change_is_one_change_though_others_have_written_before_it_was_tried_again(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user, {"a": 1})
    assert await store.patch(issued.token, {"b": 0}) == 2  # the scripts are known from now on

    class Overtaken(Flaky):
        async def execute_command(self, *words: Any, **options: Any) -> Any:
            try:
                return await super().execute_command(*words, **options)
            except redis.exceptions.ConnectionError:
                await store.patch(issued.token, {"b": 2})
                raise

    overtaken = await SessionStore.connect(Overtaken(client, lost=1), without_rate(), keys=KEYS)
    assert await overtaken.patch(issued.token, {"b": 1}, if_version=2) == 3
    session = await store.validate(issued.token)
    assert session is not None
    assert (session.data, session.version) == ({"a": 1, "b": 2}, 4)


async def test_d7_a_creation_tried_again_counts_once(client: Any, user: str) -> None:
    limits = without_rate(create_limit=RateLimit(2), create_limit_ip=RateLimit(2))
    home = RequestContext(f"10.77.{next(_networks)}.1")
    warm = await SessionStore.connect(client, limits, keys=KEYS)
    await warm.create(user, request=home)  # the scripts are known from now on
    flaky = await SessionStore.connect(FlakyEachTime(client), limits, keys=KEYS)
    await flaky.create(user, request=home)
    with pytest.raises(RateLimited):
        await warm.create(user, request=home)


async def test_d7_an_unknown_outcome_is_neither_valid_nor_invalid(
    store: SessionStore, client: Any, user: str
) -> None:
    issued = await store.create(user)
    down = await SessionStore.connect(Flaky(client, lost=99), without_rate(), keys=KEYS)
    with pytest.raises(StoreUnavailable):
        await down.validate(issued.token)
    assert await store.validate(issued.token) is not None


async def test_d8_two_sessions_never_share_a_record(client: Any, user: str) -> None:
    config = without_rate()
    atomic = AtomicStore(Link.to(client, config), config)
    _, ticket = Tokens(KEYS).issue(user)
    lifetime = SessionConfig().lifetime
    await atomic.create(NewSession(ticket, user, "id", {"d:a": "1"}, lifetime))
    with pytest.raises(sessions.SessionError):
        await atomic.create(NewSession(ticket, user + "-other", "id", {"d:a": "2"}, lifetime))
    live = await atomic.validate(ticket, ("", "", "", ""))
    assert isinstance(live, Live)
    assert live.record.get("d:a") == "1"
    assert await atomic.destroy(ticket)


async def test_d8_a_create_tried_again_does_not_report_a_session_that_has_ended(
    client: Any, user: str
) -> None:
    config = without_rate()
    atomic = AtomicStore(Link.to(client, config), config)
    _, ticket = Tokens(KEYS).issue(user)
    await atomic.create(NewSession(ticket, user, "id", {}, config.lifetime))
    await client.execute_command("DEL", atomic.index_key(ticket.tag))
    with pytest.raises(sessions.SessionError):
        await atomic.create(NewSession(ticket, user, "id", {}, config.lifetime))


async def test_d9_a_store_that_does_not_answer_is_given_up_in_time() -> None:
    async with await SessionStore.connect(
        "redis://127.0.0.1:1", SessionConfig(timeout_seconds=0.5), keys=KEYS
    ) as store:
        with pytest.raises(StoreUnavailable):
            await store.create("alice")


async def test_d9_keys_must_be_given_for_a_store_that_outlives_the_process() -> None:
    with pytest.raises(ConfigError, match="keys"):
        await SessionStore.connect("redis://127.0.0.1:1")


async def test_d10_a_late_read_cannot_bring_back_what_was_ended(
    store: SessionStore, slow_store: SessionStore, between: Between, user: str
) -> None:
    issued = await store.create(user)
    between.after = lambda: store.destroy(issued.token)
    await slow_store.validate(issued.token)  # read before the end: the answer of that moment
    assert await slow_store.validate(issued.token) is None
    assert await store.validate(issued.token) is None


# --- commands counted -----------------------------------------------------------------------------


async def test_validate_is_one_command_and_writes_nothing_until_a_touch_is_due(
    redis_server: RealServer, user: str
) -> None:
    async with await SessionStore.connect(redis_server.url, without_rate(), keys=KEYS) as store:
        issued = await store.create(user)
        await store.validate(issued.token)
        with redis_server.connect() as monitor:
            assert monitor.ask("MONITOR") == b"+OK\r\n"
            await store.validate(issued.token)
            await store.validate("junk")
            await store.validate(issued.token[:-1] + "~")
            redis_server.ask("ECHO", "done")
            lines: list[bytes] = []
            while not lines or b'"ECHO"' not in lines[-1]:
                lines.append(monitor.read_reply())
    commands = [re.findall(rb'"([^"]*)"', line)[0].upper() for line in lines[:-1]]
    assert commands[0] == b"EVALSHA"
    assert commands.count(b"EVALSHA") == 1
    inside = set(commands[1:])
    assert inside <= {b"HMGET", b"HEXISTS", b"TIME", b"HGETALL"}


async def test_a_full_server_still_validates(user: str) -> None:
    from tests.support import servers

    with servers.redis_server("--maxmemory", "100mb") as server:
        async with await SessionStore.connect(
            server.url, without_rate(touch_interval_seconds=0), keys=KEYS
        ) as store:
            issued = await store.create(user)
            server.ask("CONFIG", "SET", "maxmemory", "1mb")
            session = await store.validate(issued.token)
            assert session is not None
            assert session.touched
            with pytest.raises(StoreUnavailable):
                await store.create(user)
            assert await store.destroy(issued.token)
