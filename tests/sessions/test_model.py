"""Any sequence of operations on an embedded store, beside a model of a few plain objects.

One operation after the other, in a time that the test moves; ``test_invariants.py`` has those that
interleave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import ferrite_lite
from sessions import (
    AuthContext,
    BindingPolicy,
    IssuedSession,
    RequestContext,
    Session,
    SessionConfig,
    SessionStore,
    StaleLogin,
    native,
)
from sessions.servers.link import Link
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS

T = TypeVar("T")

IDLE_MS, ABSOLUTE_MS, TOUCH_MS, GRACE_MS, RENEW_MS, MOST = 1000, 5000, 100, 200, 700, 3
HOME, ELSEWHERE = RequestContext("198.51.100.7"), RequestContext("203.0.113.1")

users = st.sampled_from(["alice", "bob"])
#: None is a visitor who has not signed in.
owners = st.sampled_from(["alice", "alice", "bob", None])
names = st.sampled_from("abc")
labels = st.dictionaries(st.just("client"), st.sampled_from(["app", "web"]))
steps_ms = st.sampled_from(
    [1, TOUCH_MS - 1, TOUCH_MS, GRACE_MS, RENEW_MS, IDLE_MS - 1, IDLE_MS, ABSOLUTE_MS]
)
picks = st.integers(0, 9)


@dataclass
class Known:
    """What the model knows of one session."""

    user: str | None
    public_id: str
    created_ms: int
    accessed_ms: int
    issued_ms: int
    auth_ms: int
    #: The present token, last, and those before it, with the last moment at which each leads on.
    tokens: list[tuple[str, int]]
    labels: dict[str, str]
    data: dict[str, int] = field(default_factory=dict)
    version: int = 1
    ended: bool = False

    @property
    def token(self) -> str:
        return self.tokens[-1][0]

    @property
    def expires_ms(self) -> int:
        return min(self.accessed_ms + IDLE_MS, self.created_ms + ABSOLUTE_MS)

    def is_live(self, now_ms: int) -> bool:
        return not self.ended and now_ms < self.expires_ms

    def opens(self, token: str, now_ms: int) -> bool:
        """Whether the token leads here, by however many steps."""
        known = [each for each, _ in self.tokens]
        if not self.is_live(now_ms) or token not in known:
            return False
        return all(now_ms <= until for _, until in self.tokens[known.index(token) : -1])

    def wrote(self) -> None:
        self.version += 1

    def rotated(self, token: str, now_ms: int, grace_ms: int, *, with_auth: bool) -> None:
        self.tokens[-1] = (self.token, now_ms + grace_ms if grace_ms else -1)
        self.tokens.append((token, 0))
        self.accessed_ms = self.issued_ms = now_ms
        if with_auth:
            self.auth_ms = now_ms


class Sessions(RuleBasedStateMachine):
    """The rules are the operations; the invariants hold between any two."""

    @initialize(policy=st.sampled_from(BindingPolicy), renews=st.booleans())
    def begin(self, policy: BindingPolicy, renews: bool) -> None:
        self.policy, self.renews = policy, renews
        self.runner = asyncio.Runner()
        self.clock = ferrite_lite.ManualClock()
        self.ferrite = ferrite_lite.Ferrite(clock=self.clock)
        native.register(self.ferrite.engine)
        self.client = self.ferrite.client()
        self.store: SessionStore = SessionStore(
            Link(self.client, timeout_seconds=None), self.config(), KEYS
        )
        self.known: list[Known] = []
        self.generations: dict[str, list[tuple[int, int]]] = {"alice": [], "bob": []}
        self.ends = {"alice": 0, "bob": 0}

    def config(self) -> SessionConfig:
        return SessionConfig(
            ttl_seconds=IDLE_MS / 1000,
            absolute_seconds=ABSOLUTE_MS / 1000,
            touch_interval_seconds=TOUCH_MS / 1000,
            rotation_grace_seconds=GRACE_MS / 1000,
            renew_after_seconds=RENEW_MS / 1000 if self.renews else None,
            ip_policy=self.policy,
            max_sessions_per_user=MOST,
            create_limit=None,
        )

    def teardown(self) -> None:
        self.run(self.ferrite.aclose())
        self.runner.close()

    # --- what the model knows ---------------------------------------------------------------------

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @property
    def now_ms(self) -> int:
        return self.clock.now_ms()

    def live(self, user: str | None = None) -> list[Known]:
        return [
            each
            for each in self.known
            if each.is_live(self.now_ms) and (user is None or each.user == user)
        ]

    def a_token(self, pick: int) -> str:
        """One of the latest of all tokens that there ever were."""
        tokens = [token for each in self.known for token, _ in each.tokens]
        return tokens[-1 - pick % len(tokens)] if tokens else ""

    def opened(self, token: str) -> Known | None:
        return next((each for each in self.known if each.opens(token, self.now_ms)), None)

    def issued(
        self, session: IssuedSession, user: str | None, data: dict[str, int], found: dict[str, str]
    ) -> Known:
        now_ms = self.now_ms
        known = Known(
            user,
            session.public_id,
            *(now_ms, now_ms, now_ms, now_ms if user else 0),
            tokens=[(session.token, 0)],
            labels=found,
            data=data,
        )
        self.known.append(known)
        return known

    def check_evicted(self, session: IssuedSession, before: list[Known]) -> None:
        evicted = [each for each in before if each.public_id in session.evicted]
        assert len(evicted) == len(session.evicted) == max(0, len(before) + 1 - MOST)
        kept = [each.created_ms for each in before if each not in evicted]
        assert all(each.created_ms <= min(kept) for each in evicted)
        for each in evicted:
            each.ended = True

    def check_seen(self, session: Session, known: Known) -> None:
        assert (session.user_id, session.data) == (known.user, known.data)
        assert (session.public_id, session.version) == (known.public_id, known.version)
        assert session.labels == known.labels
        assert session.expires_at_ms == known.expires_ms
        auth = session.auth
        at_ms = round(auth.authenticated_at.timestamp() * 1000) if auth and known.user else 0  # type: ignore[union-attr]  # it has one
        assert at_ms == known.auth_ms

    # --- operations -------------------------------------------------------------------------------

    @rule(user=owners, value=st.integers(), found=labels)
    def create(self, user: str | None, value: int, found: dict[str, str]) -> None:
        before = self.live(user) if user else []
        data = {"a": value}
        session = self.run(self.store.create(user, data, request=HOME, labels=found))
        if user:
            self.check_evicted(session, before)
        known = self.issued(session, user, data, found)
        self.check_seen(session, known)

    @rule(user=users, pick=picks)
    def create_in_place_of_another(self, user: str, pick: int) -> None:
        token = self.a_token(pick)
        replaced, before = self.opened(token), self.live(user)
        session = self.run(self.store.create(user, replace=token, request=HOME))
        if replaced is not None and replaced.token == token and replaced in before:
            before.remove(replaced)  # it makes room itself
        self.check_evicted(session, before)
        if replaced is not None:
            replaced.ended = True
        self.issued(session, user, {}, {})

    @rule(user=users)
    def ask_for_the_generation(self, user: str) -> None:
        generation = self.run(self.store.generation(user))
        for ends, before in self.generations[user]:
            assert (before == generation) == (ends == self.ends[user])
        self.generations[user].append((self.ends[user], generation))

    @rule(user=users, pick=picks)
    def create_of_a_generation(self, user: str, pick: int) -> None:
        if not self.generations[user]:
            return
        ends, generation = self.generations[user][-1 - pick % len(self.generations[user])]
        if ends != self.ends[user]:
            with pytest.raises(StaleLogin):
                self.run(self.store.create(user, if_generation=generation))
            return
        before = self.live(user)
        session = self.run(self.store.create(user, if_generation=generation, request=HOME))
        self.check_evicted(session, before)
        self.issued(session, user, {}, {})

    @rule(pick=picks, request=st.sampled_from([None, HOME, ELSEWHERE]))
    def validate(self, pick: int, request: RequestContext | None) -> None:
        token, now_ms = self.a_token(pick), self.now_ms
        known = self.opened(token)
        found = self.run(self.store.validate(token, request=request))
        is_refused = request is ELSEWHERE and self.policy in (
            BindingPolicy.REJECT,
            BindingPolicy.REVOKE,
        )
        assert (found is not None) == (known is not None and not is_refused)
        if known is not None and is_refused and self.policy is BindingPolicy.REVOKE:
            known.ended = True
        if found is None or known is None:
            return
        step_up = request is ELSEWHERE and self.policy is BindingPolicy.STEP_UP
        assert found.step_up == step_up
        if self.renews and now_ms - known.issued_ms >= RENEW_MS and not step_up:
            assert isinstance(found, IssuedSession)
            assert found.token != known.token
            known.rotated(found.token, now_ms, GRACE_MS, with_auth=False)
        else:
            assert found.last_access_ms == known.accessed_ms
            is_due = now_ms - known.accessed_ms >= TOUCH_MS and not step_up
            assert found.touched == is_due
            known.accessed_ms = now_ms if is_due else known.accessed_ms
            assert isinstance(found, IssuedSession) == (token != known.token)
            assert not isinstance(found, IssuedSession) or found.token == known.token
        self.check_seen(found, known)

    @rule(pick=picks, name=names, value=st.integers(), remove=st.sets(names))
    def patch(self, pick: int, name: str, value: int, remove: set[str]) -> None:
        token = self.a_token(pick)
        known = self.opened(token)
        version = self.run(self.store.patch(token, {name: value}, remove - {name}))
        if known is None:
            assert version is None
            return
        known.wrote()
        assert version == known.version
        known.data = {each: v for each, v in known.data.items() if each not in remove}
        known.data[name] = value

    @rule(pick=picks, data=st.dictionaries(names, st.integers()))
    def update_data(self, pick: int, data: dict[str, int]) -> None:
        token = self.a_token(pick)
        known = self.opened(token)
        assert self.run(self.store.update_data(token, data)) == (known is not None)
        if known is not None:
            known.wrote()
            known.data = dict(data)

    @rule(pick=picks, grace_ms=st.sampled_from([0, GRACE_MS]), with_auth=st.booleans())
    def rotate(self, pick: int, grace_ms: int, with_auth: bool) -> None:
        token, now_ms = self.a_token(pick), self.now_ms
        known = self.opened(token)
        auth = AuthContext(("otp",)) if with_auth else None
        grace_seconds = None if with_auth else grace_ms / 1000
        rotated = self.run(self.store.rotate(token, auth=auth, grace_seconds=grace_seconds))
        assert (rotated is not None) == (known is not None)
        if rotated is None or known is None:
            return
        if grace_ms and not with_auth and token != known.token:
            assert rotated.token == known.token  # another request did it a moment ago
        else:
            known.rotated(rotated.token, now_ms, 0 if with_auth else grace_ms, with_auth=with_auth)
        # A visitor who proves something is nobody still, but that he did is kept.
        if known.user:
            self.check_seen(rotated, known)

    @rule(pick=picks, user=users)
    def sign_in_a_visitor(self, pick: int, user: str) -> None:
        token = self.a_token(pick)
        known = self.opened(token)
        if known is not None and known.user is not None:
            if known.user != user:
                with pytest.raises(ValueError, match="another user"):
                    self.run(self.store.rotate(token, user_id=user))
            return
        before = self.live(user)
        session = self.run(self.store.rotate(token, user_id=user))
        if known is None:
            assert session is None or session.user_id == user
            return
        assert session is not None
        self.check_evicted(session, before)
        known.ended = True
        self.issued(session, user, dict(known.data), known.labels)

    @rule(pick=picks)
    def destroy(self, pick: int) -> None:
        token = self.a_token(pick)
        known = self.opened(token)
        assert self.run(self.store.destroy(token)) == (known is not None)
        if known is not None:
            known.ended = True

    @rule(pick=picks, user=users)
    def destroy_by_id(self, pick: int, user: str) -> None:
        known = self.known[-1 - pick % len(self.known)] if self.known else None
        if known is None:
            return
        is_his = known.user == user and known.is_live(self.now_ms)
        assert self.run(self.store.destroy_by_id(user, known.public_id)) == is_his
        known.ended |= is_his

    @rule(pick=picks, user=users)
    def destroy_other_sessions(self, pick: int, user: str) -> None:
        token = self.a_token(pick)
        known = self.opened(token)
        may = known is not None and known.user == user
        others = [each for each in self.live(user) if each is not known] if may else []
        assert self.run(self.store.destroy_other_sessions(user, token)) == len(others)
        self.ends[user] += may
        for each in others:
            each.ended = True

    @rule(user=users)
    def destroy_all_for_user(self, user: str) -> None:
        live = self.live(user)
        assert self.run(self.store.destroy_all_for_user(user)) == len(live)
        self.ends[user] += 1
        for each in live:
            each.ended = True

    @rule(step_ms=steps_ms)
    def time_passes(self, step_ms: int) -> None:
        self.clock.advance(ms=step_ms)

    # --- between any two --------------------------------------------------------------------------

    @invariant()
    def the_list_is_what_is_live(self) -> None:
        for user in ("alice", "bob"):
            listed = self.run(self.store.get_user_sessions(user))
            live = self.live(user)
            assert {info.public_id for info in listed} == {each.public_id for each in live}
            assert len(live) <= MOST

    @invariant()
    def whoever_lives_is_found_by_his_label(self) -> None:
        for value in ("app", "web"):
            found = self.run(self.store.find("client", value))
            live = [each for each in self.live() if each.labels.get("client") == value]
            assert {info.public_id for info in found} == {each.public_id for each in live}

    @invariant()
    def every_key_has_a_deadline_and_shows_no_token(self) -> None:
        secrets = {token.rpartition(".")[2] for each in self.known for token, _ in each.tokens}
        tags = [Tokens(KEYS).tag(user) for user in ("alice", "bob")]
        assert not any(tag in secret for tag in tags for secret in secrets)
        for key in self.run(self.client.execute_command("KEYS", "*")):
            name = key.decode()
            # A key lives through the millisecond of its deadline; -1 would be none.
            assert self.run(self.client.execute_command("PTTL", name)) >= 0
            assert not any(secret in name for secret in secrets)


Sessions.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
test_any_sequence_of_operations_does_what_the_model_does = Sessions.TestCase
