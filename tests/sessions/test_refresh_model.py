"""Any sequence of operations on refresh tokens, beside a model of a few plain objects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

import ferrite_lite
from sessions import Lifetime, RefreshConfig, RefreshTokens, ReuseDetected, SessionStore
from tests.sessions.conftest import KEYS, without_rate

T = TypeVar("T")

SESSION_MS, GRACE_MS, IDLE_MS, ABSOLUTE_MS = 1000, 100, 5000, 12_000
CONFIG = RefreshConfig(
    ttl_seconds=IDLE_MS / 1000,
    absolute_seconds=ABSOLUTE_MS / 1000,
    grace_seconds=GRACE_MS / 1000,
    session_lifetime=Lifetime(SESSION_MS / 1000, SESSION_MS / 1000),
    max_families_per_user=0,
)
users = st.sampled_from(["alice", "bob"])
steps_ms = st.sampled_from([1, GRACE_MS - 1, GRACE_MS, SESSION_MS, IDLE_MS - 1, IDLE_MS])


@dataclass
class Family:
    """What the model knows of one family and its present session."""

    user: str
    name: str
    tokens: list[str]
    began_ms: int
    used_ms: int
    session_token: str
    session_expires_ms: int
    has_ended: bool = False
    has_session_ended: bool = False

    def is_live(self, now_ms: int) -> bool:
        expires_ms = min(self.used_ms + IDLE_MS, self.began_ms + ABSOLUTE_MS)
        return not self.has_ended and now_ms < expires_ms

    def has_session(self, now_ms: int) -> bool:
        return not self.has_session_ended and now_ms < self.session_expires_ms

    def end(self) -> None:
        self.has_ended = self.has_session_ended = True


class Families(RuleBasedStateMachine):
    """The rules are the operations; the invariants hold between any two."""

    issued = Bundle("issued")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ferrite_lite.ManualClock()
        self.store: SessionStore = self.run(
            SessionStore.connect(
                config=without_rate(max_sessions_per_user=0), keys=KEYS, clock=self.clock
            )
        )
        self.refresh = RefreshTokens(self.store, CONFIG)
        self.known: list[Family] = []

    def teardown(self) -> None:
        self.run(self.store.aclose())
        self.runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    @rule(target=issued, user=users)
    def sign_in(self, user: str) -> Family:
        return self.new_family(user)

    def new_family(self, user: str) -> Family:
        lifetime = CONFIG.session_lifetime
        session = self.run(self.store.create(user, {"of": user}, lifetime=lifetime))
        token = self.run(self.refresh.issue(session))
        now_ms = self.now_ms
        family = Family(
            user, session.public_id, [token], now_ms, now_ms, session.token, now_ms + SESSION_MS
        )
        self.known.append(family)
        return family

    @rule(family=issued, back=st.integers(0, 3))
    def exchange(self, family: Family, back: int) -> None:
        """Present the token that is good, or one of those before."""
        token, back = family.tokens[-1 - back :][0], min(back, len(family.tokens) - 1)
        was_live, is_graceful = family.is_live(self.now_ms), self.now_ms - family.used_ms < GRACE_MS
        try:
            answer = self.run(self.refresh.exchange(token))
        except ReuseDetected:
            assert was_live
            assert back >= 2 or (back == 1 and not is_graceful)
            family.end()
            return
        if not was_live:
            assert answer is None
            return
        assert answer is not None
        assert answer.session.data == {"of": family.user}
        assert (answer.session.user_id, answer.session.public_id) == (family.user, family.name)
        if back == 1:
            assert is_graceful
            assert answer.refresh_token == family.tokens[-1]
            assert answer.session.token == family.session_token
            return
        assert back == 0
        assert answer.refresh_token not in family.tokens
        family.tokens.append(answer.refresh_token)
        family.used_ms = self.now_ms
        family.session_token = answer.session.token
        family.session_expires_ms = self.now_ms + SESSION_MS
        family.has_session_ended = False

    @rule(family=issued, step_ms=steps_ms, back=st.integers(1, 2))
    def exchange_and_come_again(self, family: Family, step_ms: int, back: int) -> None:
        """What matters most, and chance alone would seldom bring together."""
        if not family.is_live(self.now_ms):
            family = self.new_family(family.user)
        self.exchange(family, 0)
        self.time_passes(step_ms)
        self.exchange(family, back)

    @rule(family=issued)
    def validate(self, family: Family) -> None:
        found = self.run(self.store.validate(family.session_token))
        assert (found is not None) == family.has_session(self.now_ms)

    @rule(family=issued)
    def sign_out(self, family: Family) -> None:
        """A session that has expired ends nothing but what is left of it."""
        had = family.has_session(self.now_ms)
        assert self.run(self.store.destroy(family.session_token)) == had
        if had:
            family.end()

    @rule(family=issued, back=st.integers(0, 3))
    def revoke(self, family: Family, back: int) -> None:
        token = family.tokens[-1 - back :][0]
        ended = self.run(self.refresh.revoke(token))
        assert ended or not family.is_live(self.now_ms)
        family.end()

    @rule(family=issued, user=users)
    def end_others(self, family: Family, user: str) -> None:
        may = family.user == user and family.has_session(self.now_ms)
        self.run(self.store.destroy_other_sessions(user, family.session_token))
        for each in self.known:
            if may and each.user == user and each is not family:
                each.end()

    @rule(user=users)
    def end_all(self, user: str) -> None:
        self.run(self.store.destroy_all_for_user(user))
        for family in self.known:
            if family.user == user:
                family.end()

    @rule(step_ms=steps_ms)
    def time_passes(self, step_ms: int) -> None:
        self.clock.advance(ms=step_ms)

    @invariant()
    def the_lists_are_what_is_live(self) -> None:
        now_ms = self.now_ms
        for user in ("alice", "bob"):
            families = {each.public_id for each in self.run(self.refresh.families(user))}
            sessions = {each.public_id for each in self.run(self.store.get_user_sessions(user))}
            mine = [each for each in self.known if each.user == user]
            assert families == {each.name for each in mine if each.is_live(now_ms)}
            assert sessions == {each.name for each in mine if each.has_session(now_ms)}


Families.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
test_any_sequence_of_exchanges_does_what_the_model_does = Families.TestCase
