"""What a user's sessions are to do, one operation after the other: a few sets, and no time.

``perform`` runs a call on a store; ``UserSessions`` says whether its outcome is a right one, and
what the sessions are after it. The tests of this folder hold every order of operations to it:
random ones, interleaved ones, those of clients that overlap.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sessions import (
    AuthContext,
    IssuedSession,
    Session,
    SessionLimitReached,
    SessionStore,
    StaleLogin,
)
from tests.support.linearizability import UNKNOWN

Data = frozenset[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on the sessions of one user; what it does not need is left out."""

    name: str
    token: str = ""
    public_id: str = ""
    data: Data = frozenset()
    remove: frozenset[str] = frozenset()
    generation: int | None = None
    grace_seconds: float | None = None
    with_auth: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A session as an answer shows it. ``token`` is the one that the browser is to hold now."""

    token: str
    public_id: str
    created_ms: int
    data: Data
    version: int
    #: When its user has last shown who he is.
    auth_ms: int


@dataclass(frozen=True, slots=True)
class Issued:
    """The answer to a login."""

    seen: Seen
    evicted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Held:
    """A live session, and the earlier tokens that still lead to it."""

    seen: Seen
    leads: frozenset[str] = frozenset()

    def opens(self, token: str) -> bool:
        return token == self.seen.token or token in self.leads


@dataclass(frozen=True, slots=True)
class User:
    """The sessions of a user. A generation that nobody has asked for yet is not known."""

    sessions: frozenset[Held] = frozenset()
    generation: int = 0
    generation_is_known: bool = True

    def of(self, token: str) -> Held | None:
        return next((held for held in self.sessions if held.opens(token)), None)

    def without(self, *gone: Held) -> User:
        return replace(self, sessions=self.sessions - set(gone))

    def with_(self, old: Held, new: Held) -> User:
        return replace(self, sessions=self.sessions - {old} | {new})

    def revoked(self, *kept: Held) -> User:
        return User(frozenset(kept), self.generation, generation_is_known=False)


@dataclass(frozen=True, slots=True)
class UserSessions:
    """The specification, for a store that evicts the oldest session beyond ``most``."""

    most: int = 0
    evicts: bool = True

    def step(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        """The states that a call with this outcome leads to; none if it cannot have had it."""
        states: Iterator[User] = getattr(self, call.name)(user, call, outcome)
        return states

    def only_reads(self, call: Call, outcome: Any) -> bool:
        """Whether a call with this outcome changes nothing, whatever there is."""
        return call.name in ("validate", "list_sessions") or any(
            outcome is refusal for refusal in (None, False, "stale", "full")
        )

    # --- opening ----------------------------------------------------------------------------------

    def create(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        is_stale = call.generation is not None and (
            not user.generation_is_known or call.generation != user.generation
        )
        is_full = 0 < self.most <= len(user.sessions) and not self.evicts
        if is_stale or is_full:
            if outcome == ("stale" if is_stale else "full"):
                yield user
            return
        if not isinstance(outcome, Issued) or outcome.seen.data != call.data:
            return
        evicted = {held for held in user.sessions if held.seen.public_id in outcome.evicted}
        kept = user.sessions - evicted
        too_many = max(0, len(user.sessions) + 1 - self.most) if self.most else 0
        if not len(evicted) == len(outcome.evicted) == too_many:
            return
        if all(_age(gone) <= _age(stays) for gone in evicted for stays in kept):
            yield replace(user, sessions=kept | {Held(outcome.seen)})

    def read_generation(self, user: User, _: Call, outcome: Any) -> Iterator[User]:
        if user.generation_is_known and outcome == user.generation:
            yield user
        if not user.generation_is_known and outcome > user.generation:
            yield replace(user, generation=outcome, generation_is_known=True)

    # --- one session ------------------------------------------------------------------------------

    def validate(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        held = user.of(call.token)
        if outcome is UNKNOWN or outcome == (held and held.seen):
            yield user

    def patch(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        held = user.of(call.token)
        if outcome in (held.seen.version + 1 if held else None, UNKNOWN):
            yield _written(user, held, call, {name for name, _ in call.data} | call.remove)

    def update_data(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        held = user.of(call.token)
        if outcome in (held is not None, UNKNOWN):
            yield _written(user, held, call, {name for name, _ in held.seen.data} if held else ())

    def rotate(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        """With a grace, a token that was replaced only answers with what took its place."""
        held = user.of(call.token)
        has_grace = call.grace_seconds != 0 and not call.with_auth
        if held is None or (has_grace and call.token in held.leads):
            yield from self.validate(user, call, outcome)
            return
        same = replace(held.seen, token=outcome.token, auth_ms=outcome.auth_ms) if outcome else None
        is_new = outcome is not None and not held.opens(outcome.token)
        has_proved = outcome is not None and outcome.auth_ms >= held.seen.auth_ms
        is_as_before = outcome is not None and outcome.auth_ms == held.seen.auth_ms
        if outcome == same and is_new and (has_proved if call.with_auth else is_as_before):
            leads = held.leads | {held.seen.token} if has_grace else frozenset[str]()
            yield user.with_(held, Held(outcome, leads))

    def destroy(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        yield from self._end(user, user.of(call.token), outcome)

    # --- the sessions of a user -------------------------------------------------------------------

    def list_sessions(self, user: User, _: Call, outcome: Any) -> Iterator[User]:
        if outcome in (_names(user), UNKNOWN):
            yield user

    def destroy_by_id(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        named = [held for held in user.sessions if held.seen.public_id == call.public_id]
        yield from self._end(user, named[0] if named else None, outcome)

    def _end(self, user: User, held: Held | None, outcome: Any) -> Iterator[User]:
        if outcome in (held is not None, UNKNOWN):
            yield user.without(held) if held else user

    def destroy_others(self, user: User, call: Call, outcome: Any) -> Iterator[User]:
        held = user.of(call.token)
        if outcome in (len(user.sessions) - 1 if held else 0, UNKNOWN):
            yield user.revoked(held) if held else user

    def destroy_all(self, user: User, _: Call, outcome: Any) -> Iterator[User]:
        if outcome in (len(user.sessions), UNKNOWN):
            yield user.revoked()


def _written(user: User, held: Held | None, call: Call, gone: Collection[str]) -> User:
    if held is None:
        return user
    rest = {(name, value) for name, value in held.seen.data if name not in gone}
    version = held.seen.version + 1
    seen = replace(held.seen, data=frozenset(rest | call.data), version=version)
    return user.with_(held, replace(held, seen=seen))


def _age(held: Held) -> int:
    return held.seen.created_ms


def _names(user: User) -> frozenset[str]:
    return frozenset(held.seen.public_id for held in user.sessions)


# --- the same calls on a store --------------------------------------------------------------------


def seen_of(session: Session[Any] | None, token: str) -> Seen | None:
    """What an answer shows, under the token that was presented or the one that takes its place."""
    if session is None:
        return None
    auth = session.auth
    return Seen(
        session.token if isinstance(session, IssuedSession) else token,
        session.public_id,
        round(session.created_at.timestamp() * 1000),
        frozenset(session.data.items()),
        session.version,
        round(auth.authenticated_at.timestamp() * 1000) if auth and auth.authenticated_at else 0,
    )


async def perform(store: SessionStore, user_id: str, call: Call) -> Any:
    """The outcome of a call, in the words of the specification."""
    return await _PERFORMERS[call.name](store, user_id, call)


async def _create(store: SessionStore, user_id: str, call: Call) -> Any:
    try:
        issued = await store.create(user_id, dict(call.data), if_generation=call.generation)
    except StaleLogin:
        return "stale"
    except SessionLimitReached:
        return "full"
    seen = seen_of(issued, issued.token)
    assert seen is not None
    return Issued(seen, frozenset(issued.evicted))


async def _rotate(store: SessionStore, _: str, call: Call) -> Any:
    auth = AuthContext(("pwd",)) if call.with_auth else None
    rotated = await store.rotate(call.token, auth=auth, grace_seconds=call.grace_seconds)
    return seen_of(rotated, call.token)


async def _validate(store: SessionStore, _: str, call: Call) -> Any:
    return seen_of(await store.validate(call.token), call.token)


async def _list(store: SessionStore, user_id: str, _: Call) -> Any:
    return frozenset(info.public_id for info in await store.get_user_sessions(user_id))


_PERFORMERS: dict[str, Callable[[SessionStore, str, Call], Awaitable[Any]]] = {
    "create": _create,
    "read_generation": lambda store, user_id, _: store.generation(user_id),
    "validate": _validate,
    "patch": lambda store, _, call: store.patch(call.token, dict(call.data), call.remove),
    "update_data": lambda store, _, call: store.update_data(call.token, dict(call.data)),
    "rotate": _rotate,
    "destroy": lambda store, _, call: store.destroy(call.token),
    "list_sessions": _list,
    "destroy_by_id": lambda store, user_id, call: store.destroy_by_id(user_id, call.public_id),
    "destroy_others": lambda store, user_id, call: store.destroy_other_sessions(
        user_id, call.token
    ),
    "destroy_all": lambda store, user_id, _: store.destroy_all_for_user(user_id),
}
