"""Every two operations on one user, the one stopped at each of its commands while the other runs.

What both saw, and what is there afterwards, must be explained by one after the other: the one that
was stopped first, or the other one first.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from sessions import SessionStore
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts
from tests.sessions.specification import Call, Issued, Seen, User, UserSessions, perform
from tests.support.linearizability import Operation, violation

MOST = 3
#: No operation here sends more, whatever happens to it.
MOST_COMMANDS = 12
CONFIG = without_rate(max_sessions_per_user=MOST, touch_interval_seconds=0)

#: All pairs are tried in CI, in this process; elsewhere one in so many.
STRIDES = {"embedded": 1 if "CI" in os.environ else 6}
STRIDE_ELSEWHERE = 8

_numbers = itertools.count()


@dataclass
class World:
    """One user, and all that was done to his sessions, in turn or one within the other."""

    store: SessionStore
    stopped: SessionStore
    interleaved: Interleaved
    user_id: str = field(default_factory=lambda: f"interleaved-{next(_numbers)}")
    moments: Iterator[int] = field(default_factory=itertools.count)
    history: list[Operation] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    public_ids: list[str] = field(default_factory=list)

    async def do(self, call: Call, store: SessionStore | None = None) -> Any:
        began = next(self.moments)
        outcome = await perform(store or self.store, self.user_id, call)
        self.history.append(Operation(call, outcome, began, next(self.moments)))
        seen = outcome.seen if isinstance(outcome, Issued) else outcome
        if isinstance(seen, Seen) and seen.token not in self.tokens:
            self.tokens.append(seen.token)
            self.public_ids.append(seen.public_id)
        return outcome

    async def do_within(self, inner: Call, outer: Call, command: int, when: When) -> bool:
        """Whether the outer operation came to that point."""
        self.interleaved.at(command, when, lambda: self.do(inner))
        await self.do(outer, self.stopped)
        return self.interleaved.has_run

    async def look_around(self) -> None:
        """Whatever can be seen of the sessions, and whether one more finds its place."""
        for token in list(self.tokens):
            await self.do(Call("validate", token))
        for call in (Call("list_sessions"), Call("read_generation"), Call("create")):
            await self.do(call)

    def check(self) -> None:
        to_do = UserSessions(MOST)
        found = violation(self.history, to_do.step, User(), to_do.only_reads)
        assert found is None, found


async def calls_on(world: World) -> list[Call]:
    """Two sessions, of which the first was rotated; and everything that can be done to them."""
    first = (await world.do(Call("create", data=frozenset({("a", 1)})))).seen
    generation = await world.do(Call("read_generation"))
    second = (await world.do(Call("create", data=frozenset({("a", 2)})))).seen
    rotated = await world.do(Call("rotate", first.token))
    old, new, other = first.token, rotated.token, second.token
    set_b, set_c = frozenset({("b", 3)}), frozenset({("c", 4)})
    return [
        Call("create"),
        Call("create", generation=generation),
        Call("read_generation"),
        *(Call("validate", token) for token in (old, new, other)),
        *(Call("patch", token, data=set_b, remove=frozenset("a")) for token in (old, new)),
        Call("patch", other, data=set_b),
        Call("update_data", new, data=set_c),
        *(Call("rotate", token) for token in (old, new, other)),
        *(Call("rotate", token, grace_seconds=0) for token in (old, new)),
        *(Call("rotate", token, with_auth=True) for token in (old, new)),
        *(Call("destroy", token) for token in (old, new, other)),
        Call("destroy_by_id", public_id=first.public_id),
        Call("list_sessions"),
        *(Call("destroy_others", token) for token in (old, new, other)),
        Call("destroy_all"),
    ]


CALLS = 26


@pytest.fixture
async def stores(client: Any) -> tuple[SessionStore, SessionStore, Interleaved]:
    await load_scripts(client)
    interleaved = Interleaved(client)
    connected: Sequence[SessionStore] = [
        await SessionStore.connect(each, CONFIG, keys=KEYS) for each in (client, interleaved)
    ]
    return connected[0], connected[1], interleaved


@pytest.mark.parametrize("outer", range(CALLS))
async def test_any_two_operations_seem_to_happen_one_after_the_other(
    stores: tuple[SessionStore, SessionStore, Interleaved],
    outer: int,
    request: pytest.FixtureRequest,
) -> None:
    stride = STRIDES.get(request.node.callspec.params["client"], STRIDE_ELSEWHERE)
    for inner in range(outer % stride, CALLS, stride):
        for command, when in itertools.product(range(MOST_COMMANDS), When):
            world = World(*stores)
            calls = await calls_on(world)
            assert len(calls) == CALLS
            if not await world.do_within(calls[inner], calls[outer], command, when):
                break
            await world.look_around()
            world.check()
        else:
            pytest.fail(f"{calls[outer].name} sends more than {MOST_COMMANDS} commands")
