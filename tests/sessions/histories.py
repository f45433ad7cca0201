"""Browsers that use the sessions of a few users at the same time, and a record of what they saw."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import redis.exceptions

from sessions import SessionStore, StoreUnavailable
from tests.sessions.specification import Call, Issued, Seen, User, UserSessions, perform
from tests.support.linearizability import UNKNOWN, Operation, Violation, violation

#: How often each operation is chosen.
WEIGHTS = {
    **{"create": 3, "read_generation": 1, "validate": 6, "patch": 6, "update_data": 1},
    **{"rotate": 3, "destroy": 1, "list_sessions": 1, "destroy_by_id": 1},
    **{"destroy_others": 1, "destroy_all": 1},
}
#: Operations whose answer may be lost: what is unknown of the others is the token itself.
MAY_BE_LOST = ("validate", "patch", "update_data", "destroy", "destroy_all", "destroy_others")
#: Browsers prefer the tokens that they were given last, for most of the older ones are dead.
_LATEST = 4
#: What may say that the session is not alive, though a lost attempt has changed it before.
_CHANGES = ("patch", "update_data")
#: What is right at the second attempt, too.
MAY_BE_REPEATED = (
    "validate",
    *_CHANGES,
    *("destroy", "destroy_by_id", "destroy_others", "destroy_all"),
)


class Wire:
    """A client whose requests and answers are some turns of the event loop on their way.

    One answer in ``loses_one_in`` is lost, while ``may_lose`` is set; 0 for none. ``repeats`` says
    that the store asks again then.
    """

    def __init__(
        self, client: Any, random: Random, loses_one_in: int = 0, *, repeats: bool = False
    ) -> None:
        self._client = client
        self._random = random
        self._loses_one_in = loses_one_in
        self._may_be_lost = MAY_BE_REPEATED if repeats else MAY_BE_LOST
        self.may_lose = False
        self.has_lost = False

    def begin(self, call: Call) -> None:
        """Another operation begins."""
        self.may_lose, self.has_lost = call.name in self._may_be_lost, False

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        await self._turns()
        reply = await self._client.execute_command(*words, **options)
        await self._turns()
        if self.may_lose and self._loses_one_in and not self._random.randrange(self._loses_one_in):
            self.has_lost = True
            raise redis.exceptions.ConnectionError("the answer was lost")
        return reply

    async def _turns(self) -> None:
        for _ in range(self._random.choice((0, 0, 1, 3))):
            await asyncio.sleep(0)


@dataclass(frozen=True)
class Browser:
    """One that does an operation after the other; ``wire`` is how its store is reached."""

    store: SessionStore
    wire: Wire


@dataclass
class Known:
    """What the browsers know of one user, and what was done to his sessions."""

    user_id: str
    tokens: list[str] = field(default_factory=list)
    public_ids: list[str] = field(default_factory=list)
    generations: list[int | None] = field(default_factory=lambda: [None])
    operations: list[Operation] = field(default_factory=list)

    def learn(self, outcome: Any) -> None:
        if isinstance(outcome, int) and outcome > 1_000_000:
            self.generations.append(outcome)
        seen = outcome.seen if isinstance(outcome, Issued) else outcome
        if isinstance(seen, Seen):
            self.public_ids.append(seen.public_id)
            if seen.token not in self.tokens:
                self.tokens.append(seen.token)


def draw(random: Random, user: Known) -> Call:
    """An operation that somebody who knows this of a user may ask for."""
    (name,) = random.choices(list(WEIGHTS), list(WEIGHTS.values()))
    if not user.tokens and name != "destroy_all":
        name = "create"
    field_name, value = random.choice("abc"), random.randrange(1000)
    return Call(
        name,
        token=random.choice(user.tokens[-_LATEST:]) if user.tokens else "",
        public_id=random.choice(user.public_ids[-_LATEST:]) if user.public_ids else "",
        data=frozenset({(field_name, value)}),
        remove=frozenset(random.choice(("", "a", "b")) * (name == "patch")) - {field_name},
        generation=random.choice(user.generations[-2:]),
        grace_seconds=random.choice((None, None, 0)),
        with_auth=random.random() < 0.2,
    )


async def play(
    browsers: Sequence[Browser], random: Random, users: Sequence[Known], operations: int
) -> None:
    """So many operations of each browser in turn, on users drawn anew each time."""
    moments = itertools.count()

    async def use(browser: Browser) -> None:
        for _ in range(operations):
            user = random.choice(users)
            call = draw(random, user)
            browser.wire.begin(call)
            began = next(moments)
            try:
                outcome = await perform(browser.store, user.user_id, call)
            except StoreUnavailable:
                outcome = UNKNOWN
            if browser.wire.has_lost and call.name in _CHANGES and not outcome:
                outcome = UNKNOWN
            user.learn(outcome)
            user.operations.append(Operation(call, outcome, began, next(moments)))

    await asyncio.gather(*map(use, browsers))


def first_violation(users: Sequence[Known], most: int) -> Violation[User] | None:
    """Users share nothing, so each one's operations are looked at alone."""
    to_do = UserSessions(most)
    found = (violation(each.operations, to_do.step, User(), to_do.only_reads) for each in users)
    return next((each for each in found if each), None)
