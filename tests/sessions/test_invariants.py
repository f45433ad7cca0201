"""What is true of a store at every moment, whatever is asked of it and however that interleaves.

A machine does any operations on two users, alone or one within another, holds each user's history
to the specification, and looks at the keys after every step. What needs more than that has a test
of its own below. The invariants, by number:

1 no write but ``create`` and ``rotate`` makes a session; 2 what has ended stays ended; 3 a user has
no more sessions than allowed; 4 the index names the live, and outlives them; 5 every key has a
deadline; 6 no token is in the store; 7 no session outlives its age limit; 8 a look changes nothing;
9 patches of different fields all survive; 10 rotations that race have one successor; 11 a refresh
token that comes again ends its family; 12 a read is one command and no write; 13 junk is none;
14 a store that is down accepts nobody.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import hypothesis.strategies as st
import pytest
import redis.asyncio
import redis.exceptions
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

import ferrite_lite
from sessions import (
    AuthContext,
    IssuedSession,
    RefreshConfig,
    RefreshTokens,
    ReuseDetected,
    SessionGone,
    SessionStore,
    StoreUnavailable,
    native,
)
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts
from tests.sessions.monitored import monitored
from tests.sessions.specification import Call
from tests.sessions.test_interleavings import World
from tests.support.servers import RealServer

T = TypeVar("T")

EXAMPLES = int(os.environ.get("SESSION_EXAMPLES", "60" if "CI" in os.environ else "10"))

MOST, IDLE_SECONDS, ABSOLUTE_SECONDS = 3, 1000, 5000
CONFIG = without_rate(
    max_sessions_per_user=MOST,
    ttl_seconds=IDLE_SECONDS,
    absolute_seconds=ABSOLUTE_SECONDS,
    touch_interval_seconds=0,
    rotation_grace_seconds=300,
)

names = st.sampled_from("abc")
picks = st.integers(0, 5)
operations = st.sampled_from(
    [
        *("create", "create", "create", "read_generation", "validate", "patch", "update_data"),
        *("rotate", "rotate", "destroy", "list_sessions", "destroy_by_id"),
        *("destroy_others", "destroy_all"),
    ]
)
calls = st.builds(
    lambda name, token, data, **others: (Call(name, data=frozenset(data.items()), **others), token),
    operations,
    picks,
    st.dictionaries(names, st.integers(0, 9), max_size=2),
    remove=st.frozensets(st.just("d"), max_size=1),
    grace_seconds=st.sampled_from([None, 0]),
    with_auth=st.booleans(),
)
Drawn = tuple[Call, int]
_READS = ("validate", "list_sessions", "read_generation")


class Interleavings(RuleBasedStateMachine):
    """Two users of one store; ``connect`` gives its client."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.client = self.run(self.connect())
        interleaved = Interleaved(self.client)
        stores = [
            self.run(SessionStore.connect(each, CONFIG, keys=KEYS))
            for each in (self.client, interleaved)
        ]
        self.worlds = [World(stores[0], stores[1], interleaved) for _ in range(2)]
        self.tags = {Tokens(KEYS).tag(world.user_id): world for world in self.worlds}

    async def connect(self) -> Any:
        self.ferrite = ferrite_lite.Ferrite()
        native.register(self.ferrite.engine)
        client = self.ferrite.client()
        await load_scripts(client)
        return client

    async def disconnect(self) -> None:
        await self.ferrite.aclose()

    def teardown(self) -> None:
        self.run(self.disconnect())
        self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def ask(self, *words: Any) -> Any:
        return self.run(self.client.execute_command(*words))

    # --- what is done -----------------------------------------------------------------------------

    def call(self, world: World, drawn: Drawn) -> Call:
        """The call, on one of the tokens and public ids that this user was ever given."""
        call, pick = drawn
        token = world.tokens[-1 - pick % len(world.tokens)] if world.tokens else ""
        generations = [
            each.outcome for each in world.history if each.call.name == "read_generation"
        ]
        return Call(
            call.name,
            token=token,
            public_id=world.public_ids[-1 - pick % len(world.public_ids)] if token else "",
            data=call.data,
            remove=call.remove - {name for name, _ in call.data},
            generation=generations[-1] if generations and pick == 1 else None,
            grace_seconds=call.grace_seconds,
            with_auth=call.with_auth,
        )

    @rule(user=st.integers(0, 1), drawn=calls)
    def alone(self, user: int, drawn: Drawn) -> None:
        world = self.worlds[user]
        call = self.call(world, drawn)
        before = self.live_ids(world)
        keys = self.everything() if call.name in _READS else None
        outcome = self.run(world.do(call))
        if call.name != "create":  # invariant 1; a rotation keeps the public id
            assert self.live_ids(world) <= before
        if call.name == "list_sessions":  # invariant 8
            assert keys == self.everything()
        if call.name in ("list_sessions", "read_generation", "validate") and not outcome:
            assert keys == self.everything()

    @rule(
        user=st.integers(0, 1),
        outer=calls,
        inner=calls,
        command=st.integers(0, 2),
        when=st.sampled_from(When),
    )
    def interleaved(self, user: int, outer: Drawn, inner: Drawn, command: int, when: When) -> None:
        world = self.worlds[user]
        self.run(world.do_within(self.call(world, inner), self.call(world, outer), command, when))

    # --- what is true at every moment -------------------------------------------------------------

    def live_ids(self, world: World) -> set[str]:
        infos = self.run(world.store.get_user_sessions(world.user_id))
        return {info.public_id for info in infos}

    def keys_of(self, tag: str) -> list[str]:
        return sorted(key.decode() for key in self.ask("KEYS", f"*{{{tag}}}*"))

    def everything(self) -> dict[str, Any]:
        """Every key with its value and its deadline."""
        found = {}
        for key in itertools.chain(*map(self.keys_of, self.tags)):
            kind = self.ask("TYPE", key)
            value = self.ask("GET" if kind == b"string" else "HGETALL", key)
            found[key] = (value, self.ask("PEXPIRETIME", key))
        return found

    @invariant()
    def invariants_2_9_and_10_every_history_is_one_of_operations_in_turn(self) -> None:
        for world in self.worlds:
            world.check()

    @invariant()
    def invariant_3_a_user_has_no_more_sessions_than_allowed(self) -> None:
        for tag in self.tags:
            assert self.ask("HLEN", f"user:{{{tag}}}:sessions") <= MOST

    @invariant()
    def invariant_4_the_index_names_the_live_and_outlives_them(self) -> None:
        for tag, world in self.tags.items():
            index = f"user:{{{tag}}}:sessions"
            sids = {sid.decode() for sid in self.ask("HKEYS", index)}
            records = {
                key.rpartition(":")[2]
                for key in self.keys_of(tag)
                if key.startswith("session:") and self.ask("HEXISTS", key, "user_id")
            }
            assert sids <= records
            assert len(self.live_ids(world)) == len(sids)
            deadlines = [self.ask("PEXPIRETIME", f"session:{{{tag}}}:{sid}") for sid in sids]
            assert all(each <= self.ask("PEXPIRETIME", index) for each in deadlines)

    @invariant()
    def invariants_5_6_and_7_every_key_has_a_deadline_and_no_token_and_no_session_gets_too_old(
        self,
    ) -> None:
        secrets = [token.rpartition(".")[2] for world in self.worlds for token in world.tokens]
        for key, (value, deadline) in self.everything().items():
            assert deadline > 0
            shown = f"{key} {value!r}"
            assert not any(secret in shown for secret in secrets)
            if key.startswith("session:") and b"user_id" in value:
                created_ms = int(value[b"created_at"])
                assert int(value[b"absolute_at"]) == created_ms + ABSOLUTE_SECONDS * 1000
                assert int(value[b"expires_at"]) == deadline <= int(value[b"absolute_at"])


Interleavings.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=20)
test_invariants_hold_on_the_embedded_store = Interleavings.TestCase


def test_invariants_hold_on_a_real_server(redis_server: RealServer) -> None:
    class OnRedis(Interleavings):
        async def connect(self) -> Any:
            client = redis.asyncio.Redis.from_url(redis_server.url, protocol=3)
            await load_scripts(client)
            return client

        async def disconnect(self) -> None:
            await self.client.aclose()

    run_state_machine_as_test(
        OnRedis, settings=settings(max_examples=EXAMPLES // 3, stateful_step_count=20)
    )


# --- alone, at every point ------------------------------------------------------------------------


async def edit(store: SessionStore, token: str) -> None:
    with suppress(SessionGone):
        async with store.edit(token) as session:
            session.data["b"] = 2


#: What is done to a session by who holds its token.
ON_A_SESSION: dict[str, Callable[[SessionStore, str], Awaitable[Any]]] = {
    "validate": lambda store, token: store.validate(token),
    "patch": lambda store, token: store.patch(token, {"b": 2}),
    "update_data": lambda store, token: store.update_data(token, {"b": 2}),
    "edit": edit,
    "rotate": lambda store, token: store.rotate(token),
    "rotate without grace": lambda store, token: store.rotate(token, grace_seconds=0),
    "rotate with auth": lambda store, token: store.rotate(token, auth=AuthContext()),
    "destroy": lambda store, token: store.destroy(token),
}
#: What ends it.
ENDS: dict[str, Callable[[SessionStore, str, IssuedSession], Awaitable[Any]]] = {
    "destroy": lambda store, _, issued: store.destroy(issued.token),
    "destroy_by_id": lambda store, user, issued: store.destroy_by_id(user, issued.public_id),
    "destroy_all_for_user": lambda store, user, _: store.destroy_all_for_user(user),
}


@pytest.fixture
async def interleaved(client: Any) -> Interleaved:
    await load_scripts(client)
    return Interleaved(client)


@pytest.fixture
async def stopped(interleaved: Interleaved) -> SessionStore:
    return await SessionStore.connect(interleaved, CONFIG, keys=KEYS)


@pytest.mark.parametrize("operation", ON_A_SESSION)
@pytest.mark.parametrize("end", ENDS)
async def test_invariants_1_and_2_nothing_makes_a_session_of_one_that_has_ended(
    store: SessionStore,
    stopped: SessionStore,
    interleaved: Interleaved,
    user: str,
    operation: str,
    end: str,
) -> None:
    has_ended = None

    async def run_to_its_end(issued: IssuedSession) -> None:
        nonlocal has_ended
        has_ended = await ENDS[end](store, user, issued)

    for command, when in itertools.product(range(4), When):
        issued = await store.create(user, {"a": 1})
        interleaved.at(command, when, partial(run_to_its_end, issued))
        answer = await ON_A_SESSION[operation](stopped, issued.token)
        # A token that was replaced without a grace a moment ago ends nothing, and says so.
        if not interleaved.has_run or not has_ended:
            await store.destroy_all_for_user(user)
            continue
        token = answer.token if isinstance(answer, IssuedSession) else issued.token
        for each in (token, issued.token):
            assert await store.validate(each) is None
            assert await store.patch(each, {"c": 3}) is None
            assert await store.rotate(each) is None
        assert await store.get_user_sessions(user) == []


async def test_invariant_9_patches_of_different_fields_all_survive(
    store: SessionStore, stopped: SessionStore, interleaved: Interleaved, user: str
) -> None:
    issued = await store.create(user, {"a": 1, "z": 1})
    await asyncio.gather(*(store.patch(issued.token, {f"f{at}": at}) for at in range(20)))
    for command, when in itertools.product(range(4), When):
        name = f"{when.value}{command}"
        interleaved.at(command, when, partial(store.patch, issued.token, {name: 1}, ["a"]))
        async with stopped.edit(issued.token) as session:
            session.data["z"] += 1
        if not interleaved.has_run:
            continue
        found = await store.validate(issued.token)
        assert found is not None
        assert found.data[name] == 1
        assert "a" not in found.data
        assert found.data["z"] == session.data["z"]
        assert {f"f{at}" for at in range(20)} <= found.data.keys()


async def test_invariant_10_rotations_that_race_have_one_successor(
    store: SessionStore, user: str
) -> None:
    issued = await store.create(user)
    rotated = await asyncio.gather(*(store.rotate(issued.token) for _ in range(20)))
    assert len({each.token for each in rotated if each}) == 1
    assert all(rotated)
    assert len(await store.get_user_sessions(user)) == 1


async def test_invariant_11_a_refresh_token_that_comes_again_ends_its_family(
    store: SessionStore, user: str
) -> None:
    refresh = RefreshTokens(store, RefreshConfig(grace_seconds=0))
    first = await refresh.issue(await store.create(user))
    exchanged = await refresh.exchange(first)
    assert exchanged is not None
    with pytest.raises(ReuseDetected):
        await refresh.exchange(first)
    assert await refresh.exchange(exchanged.refresh_token) is None
    assert await store.validate(exchanged.session.token) is None


async def test_invariants_12_and_13_a_read_is_one_command_and_junk_is_none(
    redis_server: RealServer, user: str
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await load_scripts(client)
        store = await SessionStore.connect(client, without_rate(), keys=KEYS)
        issued = await store.create(user)
        with monitored(redis_server) as seen:
            assert await store.validate(issued.token) is not None
        assert (seen.sent, seen.writes) == (["EVALSHA"], 0)
        junk = [issued.token[:-1] + "~", issued.token[:-1], "", "x" * 10_000]
        with monitored(redis_server) as seen:
            for token in junk:
                for operation in ON_A_SESSION.values():
                    await operation(store, token)
                assert await store.destroy_other_sessions(user, token) == 0
        assert seen.lines == []


async def test_invariant_14_a_store_that_is_down_accepts_nobody_and_ends_nothing(
    store: SessionStore, user: str
) -> None:
    class Down:
        async def execute_command(self, *_: Any, **__: Any) -> Any:
            raise redis.exceptions.ConnectionError("refused")

    issued = await store.create(user)
    down = await SessionStore.connect(Down(), CONFIG, keys=KEYS)
    for operation in ON_A_SESSION.values():
        with pytest.raises(StoreUnavailable):
            await operation(down, issued.token)
    for end in ENDS.values():
        with pytest.raises(StoreUnavailable):
            await end(down, user, issued)
    for user_id, replaced in ((user, None), (None, None), (user, issued.token)):
        with pytest.raises(StoreUnavailable):
            await down.create(user_id, replace=replaced)
    assert await store.validate(issued.token) is not None
