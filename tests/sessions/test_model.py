"""Any sequence of operations on an embedded store, beside a model of a few plain objects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

import ferrite_lite
from sessions import SessionConfig, SessionStore
from sessions.link import Link
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS

T = TypeVar("T")

IDLE_MS, ABSOLUTE_MS, TOUCH_MS, MOST = 1000, 5000, 100, 3
CONFIG = SessionConfig(
    ttl_seconds=IDLE_MS / 1000,
    absolute_seconds=ABSOLUTE_MS / 1000,
    touch_interval_seconds=TOUCH_MS / 1000,
    max_sessions_per_user=MOST,
    create_limit=None,
)

users = st.sampled_from(["alice", "bob"])
names = st.sampled_from("abc")
steps_ms = st.sampled_from([1, TOUCH_MS - 1, TOUCH_MS, IDLE_MS - 1, IDLE_MS, ABSOLUTE_MS])


@dataclass
class Known:
    """What the model knows of one session."""

    user: str
    token: str
    public_id: str
    number: int
    created_ms: int
    accessed_ms: int
    data: dict[str, int] = field(default_factory=dict)
    ended: bool = False

    @property
    def expires_ms(self) -> int:
        return min(self.accessed_ms + IDLE_MS, self.created_ms + ABSOLUTE_MS)


class Sessions(RuleBasedStateMachine):
    """The rules are the operations; the invariants hold between any two."""

    issued = Bundle("issued")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ferrite_lite.ManualClock()
        self.ferrite = ferrite_lite.Ferrite(clock=self.clock)
        self.client = self.ferrite.client()
        link = Link(self.client, timeout_seconds=None, owned=self.ferrite)
        self.store = SessionStore(link, CONFIG, KEYS)
        self.known: list[Known] = []

    def teardown(self) -> None:
        self.run(self.store.aclose())
        self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def is_live(self, session: Known) -> bool:
        return not session.ended and self.clock.now_ms() < session.expires_ms

    def live(self, user: str) -> list[Known]:
        return [each for each in self.known if each.user == user and self.is_live(each)]

    @rule(target=issued, user=users, value=st.integers())
    def create(self, user: str, value: int) -> Known:
        before = self.live(user)
        session = self.run(self.store.create(user, {"a": value}))
        evicted = [each for each in before if each.public_id in session.evicted]
        assert len(evicted) == max(0, len(before) + 1 - MOST)
        kept = [each.created_ms for each in before if each not in evicted]
        assert all(each.created_ms <= min(kept) for each in evicted)
        for each in evicted:
            each.ended = True
        now_ms = self.clock.now_ms()
        number = len(self.known)
        known = Known(user, session.token, session.public_id, number, now_ms, now_ms, {"a": value})
        self.known.append(known)
        return known

    @rule(session=issued)
    def validate(self, session: Known) -> None:
        found = self.run(self.store.validate(session.token))
        assert (found is not None) == self.is_live(session)
        if found is None:
            return
        assert (found.user_id, found.data) == (session.user, session.data)
        assert found.last_access_ms == session.accessed_ms
        assert found.touched == (self.clock.now_ms() - session.accessed_ms >= TOUCH_MS)
        if found.touched:
            session.accessed_ms = self.clock.now_ms()
        assert found.expires_at_ms == session.expires_ms

    @rule(session=issued, name=names, value=st.integers(), remove=st.sets(names))
    def patch(self, session: Known, name: str, value: int, remove: set[str]) -> None:
        version = self.run(self.store.patch(session.token, {name: value}, remove - {name}))
        assert (version is not None) == self.is_live(session)
        if version is not None:
            session.data[name] = value
            for gone in remove - {name}:
                session.data.pop(gone, None)

    @rule(session=issued, data=st.dictionaries(names, st.integers()))
    def update_data(self, session: Known, data: dict[str, int]) -> None:
        done = self.run(self.store.update_data(session.token, data))
        assert done == self.is_live(session)
        if done:
            session.data = dict(data)

    @rule(session=issued)
    def destroy(self, session: Known) -> None:
        was_live = self.is_live(session)
        assert self.run(self.store.destroy(session.token)) == was_live
        session.ended = True

    @rule(session=issued, user=users)
    def destroy_by_id(self, session: Known, user: str) -> None:
        owned = session.user == user and self.is_live(session)
        assert self.run(self.store.destroy_by_id(user, session.public_id)) == owned
        session.ended |= owned

    @rule(session=issued, user=users)
    def destroy_other_sessions(self, session: Known, user: str) -> None:
        may = session.user == user and self.is_live(session)
        others = [each for each in self.live(user) if each is not session] if may else []
        assert self.run(self.store.destroy_other_sessions(user, session.token)) == len(others)
        for each in others:
            each.ended = True

    @rule(user=users)
    def destroy_all_for_user(self, user: str) -> None:
        live = self.live(user)
        assert self.run(self.store.destroy_all_for_user(user)) == len(live)
        for each in live:
            each.ended = True

    @rule(step_ms=steps_ms)
    def time_passes(self, step_ms: int) -> None:
        self.clock.advance(ms=step_ms)

    @invariant()
    def the_list_is_what_is_live(self) -> None:
        for user in ("alice", "bob"):
            listed = self.run(self.store.get_user_sessions(user))
            live = self.live(user)
            assert {info.public_id for info in listed} == {each.public_id for each in live}
            assert len(live) <= MOST

    @invariant()
    def every_key_has_a_deadline_and_shows_no_token(self) -> None:
        tags = {Tokens(KEYS).tag(user) for user in ("alice", "bob")}
        secrets = {each.token.rpartition(".")[2] for each in self.known}
        for key in self.run(self.client.execute_command("KEYS", "*")):
            name = key.decode()
            # A key lives through the millisecond of its deadline; -1 would be none.
            assert self.run(self.client.execute_command("PTTL", name)) >= 0
            assert any(f"{{{tag}}}" in name for tag in tags)
            assert not any(secret in name for secret in secrets)


Sessions.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
test_any_sequence_of_operations_does_what_the_model_does = Sessions.TestCase
