from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

import ferrite_lite
from sessions import ConfigError, SessionStore, StoreUnavailable, SyncSessionStore, scripts
from sessions.scripts import Script
from sessions.servers import probing
from tests.sessions.conftest import KEYS, without_rate
from tests.support import servers
from tests.support.servers import RealServer


async def test_a_server_whose_scripts_lack_a_command_is_refused_by_its_name() -> None:
    with servers.redis_server("--rename-command", "PEXPIREAT", "") as server:
        with pytest.raises(ConfigError, match="PEXPIREAT"):
            await SessionStore.connect(server.url, without_rate(), keys=KEYS)
        with pytest.raises(ConfigError, match="PEXPIREAT"):
            SyncSessionStore.connect(server.url, without_rate(), keys=KEYS)


@pytest.mark.parametrize("lacking", ["EVAL", "TIME", "HEXISTS", "SET", "HINCRBY", "PERSIST"])
async def test_a_client_whose_server_lacks_something_is_refused(lacking: str) -> None:
    config = ferrite_lite.Config(renamed_commands=[(lacking.lower().encode(), b"")])
    async with ferrite_lite.Ferrite(config=config) as ferrite:
        with pytest.raises(ConfigError, match=lacking):
            await SessionStore.connect(ferrite.client(), without_rate(), keys=KEYS)


def test_the_probe_asks_for_what_the_scripts_use_and_for_nothing_else() -> None:
    texts = {path.stem: path.read_text() for path in Path(scripts.__path__[0]).glob("*.lua")}
    probe = texts.pop("probe")
    asked = set(re.findall(r"try(?:_lua)?\('(\w+)'", probe))
    used = {
        name
        for text in texts.values()
        for names in re.findall(
            r"redis\.call\('(\w+)'|\b(cjson|unpack|struct|bit|cmsgpack)\b", text
        )
        for name in names
        if name
    }
    assert asked == used


async def test_a_server_without_cjson_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blind = Script("probe")
    blind.text = b"local cjson = nil\n" + blind.text
    monkeypatch.setattr(probing, "PROBE", blind)
    async with ferrite_lite.Ferrite() as ferrite:
        with pytest.raises(ConfigError, match=r"does not do in scripts: cjson"):
            await SessionStore.connect(ferrite.client(), without_rate(), keys=KEYS)


async def test_the_probe_leaves_nothing_behind(client: Any) -> None:
    await SessionStore.connect(client, without_rate(prefix="probed:"), keys=KEYS)
    assert await client.execute_command("EXISTS", "probed:session:{probe}:none") == 0


async def test_a_server_without_memory_for_more_passes() -> None:
    with servers.redis_server("--maxmemory", "1") as server:
        async with await SessionStore.connect(server.url, without_rate(), keys=KEYS) as store:
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await store.create("alice")


async def test_a_server_that_wants_a_password_says_so_at_connect() -> None:
    with servers.redis_server("--requirepass", "secret") as server:
        with pytest.raises(ConfigError, match="authenticated"):
            await SessionStore.connect(server.url, without_rate(), keys=KEYS)
        url = server.url.replace("redis://", "redis://:secret@")
        async with await SessionStore.connect(url, without_rate(), keys=KEYS) as store:
            await store.create("alice")


async def test_who_may_not_ask_what_the_server_is_may_still_connect(
    redis_server: RealServer, user: str
) -> None:
    redis_server.ask("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-info")
    url = redis_server.url.replace("redis://", "redis://app:secret@")
    async with await SessionStore.connect(url, without_rate(), keys=KEYS) as store:
        await store.create(user)
    redis_server.ask("ACL", "DELUSER", "app")


async def test_a_prefix_is_all_that_an_access_list_must_allow(
    redis_server: RealServer, user: str
) -> None:
    redis_server.ask("ACL", "SETUSER", "app", "on", ">secret", "~shop:*", "+@all")
    url = redis_server.url.replace("redis://", "redis://app:secret@")
    config = without_rate(prefix="shop:")
    async with await SessionStore.connect(url, config, keys=KEYS) as store:
        await store.create(user)
    redis_server.ask("ACL", "DELUSER", "app")


async def test_a_server_that_is_away_passes_and_the_first_operation_tells() -> None:
    url = f"redis://{servers.LOOPBACK}:{servers.free_port()}"
    async with await SessionStore.connect(url, without_rate(), keys=KEYS) as store:
        with pytest.raises(StoreUnavailable):
            await store.create("alice")


async def test_a_server_that_takes_no_writes_now_passes(redis_server: RealServer) -> None:
    with servers.redis_server("--replicaof", f"{redis_server.host} {redis_server.port}") as replica:
        async with await SessionStore.connect(replica.url, without_rate(), keys=KEYS) as store:
            with pytest.raises(StoreUnavailable, match="read only"):
                await store.create("alice")


@pytest.mark.parametrize(("retries", "is_told"), [(0, False), (3, True), (-1, True)])
async def test_doctor_tells_of_a_client_that_repeats_commands_by_itself(
    redis_server: RealServer, retries: int, is_told: bool
) -> None:
    options: dict[str, Any] = {"retry": Retry(NoBackoff(), retries)}
    async with redis.asyncio.Redis(port=redis_server.port, **options) as client:
        store = await SessionStore.connect(client, without_rate(), keys=KEYS)
        assert any("by itself" in finding for finding in await store.doctor()) == is_told
