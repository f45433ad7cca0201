"""A secret shows nowhere: every operation, also those that fail, and every place where it could.

The canaries are the secrets of all tokens, the keys of the ring, and a word in the data. The data
may lie in the store, and is hidden there too where it is sealed; nothing else may show any of them.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis.asyncio
import redis.exceptions

from sessions import (
    AuthContext,
    BindingPolicy,
    DeviceInfo,
    IssuedSession,
    KeyRing,
    RateLimit,
    RefreshConfig,
    RefreshTokens,
    RequestContext,
    Session,
    SessionConfig,
    SessionStore,
)
from sessions.crypto import AesGcmEncryptor
from tests.sessions.monitored import monitored
from tests.support import servers
from tests.support.servers import RealServer

DATA, KEY = "canary-of-the-data", b"canary-of-the-ring-0123456789abc"
KEYS = KeyRing(current="k1", keys={"k1": KEY}, routing_key=KEY)
#: So few characters of a secret give it away.
PART_CHARS = 12
HOME = RequestContext("198.51.100.7", {"user-agent": "canary-agent", "accept-language": "en"})
ELSEWHERE = RequestContext("203.0.113.1", {"user-agent": "another"})


@dataclass
class Witness:
    """What was shown, place by place, and what must not be."""

    shown: dict[str, list[str]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)

    def note(self, place: str, what: Any) -> None:
        self.shown.setdefault(place, []).append(what if isinstance(what, str) else repr(what))

    async def see(self, operation: Awaitable[Any]) -> Any:
        """The answer, or the error, of an operation: its repr, its text, and its traceback."""
        try:
            answer = await operation
        except Exception as error:
            self.note("exception", f"{error!r} {error} {error.args}")
            self.note("traceback", "".join(traceback.format_exception(error)))
            return None
        self.note("repr", answer)
        self.learn(answer)
        return answer

    def learn(self, answer: Any) -> None:
        if isinstance(answer, IssuedSession):
            self.tokens.append(answer.token)
        for token in (getattr(answer, "refresh_token", None), answer):
            if isinstance(token, str) and token.count(".") == 2:
                self.tokens.append(token)
                # It was the answer itself, as it has to be.
                self.shown["repr"] = [each for each in self.shown["repr"] if token not in each]
        if isinstance(getattr(answer, "session", None), Session):
            self.learn(answer.session)

    def canaries(self) -> set[str]:
        """Parts of the secrets; the first twelve characters of a refresh token's are a name."""
        secrets = [token.rpartition(".")[2] for token in self.tokens]
        parts = {
            part for s in secrets for part in (s[PART_CHARS : 2 * PART_CHARS], s[-PART_CHARS:])
        }
        return {KEY.decode(), *parts}

    def places_that_show(self, *canaries: str) -> set[str]:
        return {
            place
            for place, texts in self.shown.items()
            if any(canary in text for text in texts for canary in canaries)
        }


class Down:
    async def execute_command(self, *words: Any, **_: Any) -> Any:
        raise redis.exceptions.ConnectionError(f"reset while sending {words[0]}")


class Nonsense:
    """A server that answers everything with an error which repeats what it was sent."""

    async def execute_command(self, *words: Any, **_: Any) -> Any:
        raise redis.exceptions.ResponseError(f"unknown command, with args {words[1:]!r}")


async def do_everything(store: SessionStore, witness: Witness, user: str) -> None:
    """Every operation, with every answer that it can have."""
    see = witness.see
    data = {"note": DATA}
    issued = await see(
        store.create(user, data, DeviceInfo("canary-agent"), request=HOME, labels={"sid": user})
    )
    token: str = issued.token
    for request in (None, HOME, ELSEWHERE):
        await see(store.validate(token, request=request))
        await see(store.validate_result(token, request=request))
    await see(store.patch(token, {"other": DATA}))
    await see(store.patch(token, {"other": DATA}, if_version=99))
    await see(store.patch(token, {"big": DATA * 10_000}))
    await see(store.patch(token, {"bad": {DATA}}))
    await see(store.update_data(token, data))
    await see(edit(store, token))
    await see(edit_badly(store, token))
    await see(store.get_user_sessions(user, token))
    await see(store.find("sid", user))
    await see(store.generation(user))
    old = await see(store.create(user, data))
    rotated = await see(store.rotate(old.token))
    for each in (old.token, rotated.token):
        await see(store.validate(each, request=ELSEWHERE))
        await see(store.rotate(each, auth=AuthContext(("otp",), 2)))
    await see(store.rotate(token, user_id="somebody-else"))
    visitor = await see(store.create(None, data))
    await see(store.rotate(visitor.token, user_id=user))
    await see(store.create(user, data, if_generation=1))
    await see(store.create(user, data, replace=token))
    for _ in range(3):  # until the limits say no
        await see(store.create(user, data))
    await use_refresh_tokens(store, witness, user)
    no_tokens: list[Any] = [token + "x", token[:-1], token.upper(), token.encode(), None, 5]
    for junk in no_tokens:
        for operation in (store.validate, store.destroy, store.rotate):
            await see(operation(junk))
        await see(store.destroy_other_sessions(user, junk))
    last = await see(store.create(user, data, request=HOME))
    if last is not None:
        await see(store.destroy_by_id(user, last.public_id))
        await see(store.validate(last.token))
    await see(store.destroy(token))
    await see(edit(store, token))
    await see(store.destroy_all_for_user(user))


async def use_refresh_tokens(store: SessionStore, witness: Witness, user: str) -> None:
    refresh = RefreshTokens(store, RefreshConfig(grace_seconds=0))
    first = await witness.see(refresh.issue(user, {"note": DATA}))
    exchanged = await witness.see(refresh.exchange(first))
    await witness.see(refresh.exchange(first))
    if exchanged is not None:
        await witness.see(refresh.exchange(exchanged.refresh_token))


async def edit(store: SessionStore, token: str) -> None:
    async with store.edit(token) as session:
        session.data["more"] = DATA


async def edit_badly(store: SessionStore, token: str) -> None:
    async with store.edit(token) as session:
        session.data["more"] = object()


@contextmanager
def target(kind: str, redis_server: RealServer) -> Iterator[RealServer]:
    if kind == "redis":
        yield redis_server
    else:
        with servers.ferrite_lite() as server:
            yield server


def look_at_server(server: RealServer, witness: Witness, keys: list[bytes]) -> None:
    for what in (("SLOWLOG", "GET", "-1"), ("CLIENT", "LIST"), ("ACL", "LOG"), ("INFO", "all")):
        witness.note(what[0] + " " + what[1], server.ask(*what).decode())
    for key in keys:
        witness.note("key", key.decode())
        command = "GET" if server.ask("TYPE", key) == b"+string\r\n" else "HGETALL"
        witness.note("value", server.ask(command, key).decode())


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
@pytest.mark.parametrize("kind", ["redis", "ferrite"])
async def test_no_secret_shows_anywhere(
    redis_server: RealServer,
    user: str,
    kind: str,
    sealed: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    witness = Witness()
    encryptor = AesGcmEncryptor("e1", {"e1": AesGcmEncryptor.generate_key()}) if sealed else None
    config = SessionConfig(
        create_limit=RateLimit(8),
        create_limit_ip=RateLimit(1000),
        ip_policy=BindingPolicy.STEP_UP,
        touch_interval_seconds=0,
        timeout_seconds=30,
    )
    with target(kind, redis_server) as server:
        server.flush()
        server.ask("CONFIG", "SET", "slowlog-log-slower-than", "0")
        server.ask("CONFIG", "SET", "slowlog-max-len", "1000")
        server.ask("SLOWLOG", "RESET")
        async with AsyncExitStack() as stack:
            client = redis.asyncio.Redis.from_url(server.url)
            stack.push_async_callback(client.aclose)
            store = await SessionStore.connect(client, config, keys=KEYS, encryptor=encryptor)
            store.on_event(lambda event: witness.note("event", event))
            with monitored(server) as seen:
                await do_everything(store, witness, user)
            keys = [key async for key in client.scan_iter(count=1000)]
            witness.note("repr", [store, config, KEYS])
            witness.note("MONITOR", b" ".join(seen.lines).decode())
            await asyncio.to_thread(look_at_server, server, witness, keys)
        server.ask("CONFIG", "SET", "slowlog-log-slower-than", "10000")
    witness.note("log", caplog.text)
    assert len(witness.tokens) > 8
    assert {"key", "value", "event", "repr", "exception", "traceback"} <= witness.shown.keys()
    assert witness.places_that_show(*witness.canaries()) == set()
    allowed = set() if sealed else {"value", "MONITOR", "SLOWLOG GET"}
    assert witness.places_that_show(DATA) <= allowed


@pytest.mark.parametrize("client", [Down(), Nonsense()], ids=["down", "nonsense"])
async def test_no_secret_shows_when_the_server_fails(
    user: str, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    witness = Witness()
    async with await SessionStore.connect(keys=KEYS) as alive:
        issued = await alive.create(user, {"note": DATA})
        witness.learn(issued)
    config = SessionConfig(timeout_seconds=30)
    store = await witness.see(SessionStore.connect(client, config, keys=KEYS)) or SessionStore(
        alive._core.link.to(client, config), config, KEYS
    )
    store.on_event(lambda event: witness.note("event", event))
    for operation in (store.validate, store.destroy, store.rotate):
        await witness.see(operation(issued.token))
    await witness.see(store.patch(issued.token, {"a": DATA}))
    await witness.see(store.create(user, replace=issued.token))
    await witness.see(store.destroy_other_sessions(user, issued.token))
    witness.note("log", caplog.text)
    assert len(witness.shown["traceback"]) >= 6
    assert witness.places_that_show(*witness.canaries()) == set()


def test_the_witness_would_notice(user: str) -> None:
    witness = Witness(tokens=["k1.tag." + "name-of-that-secret-of-a-token"])
    witness.note("log", "a line with secret-of-a-token in it")
    witness.note("repr", "harmless")
    assert witness.places_that_show(*witness.canaries()) == {"log"}
