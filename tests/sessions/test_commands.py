"""How many commands each operation sends, and how many writes it does: the table of the README.

Counted with MONITOR on a real server that knows the scripts. ``python -m
tests.sessions.test_commands`` prints the table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sessions import (
    AuthContext,
    Lifetime,
    RateLimit,
    RequestContext,
    SessionStore,
)
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.interleaving import load_scripts
from tests.sessions.monitored import monitored
from tests.support.servers import RealServer

HOME = RequestContext("198.51.100.7")
Prepare = Callable[[SessionStore, str], Awaitable[str]]
Operation = Callable[[SessionStore, str, str], Awaitable[Any]]


@dataclass(frozen=True)
class Row:
    """One line of the table; ``do`` is given what ``prepare`` has made, which is mostly a token."""

    operation: str
    commands: int
    writes: int
    do: Operation
    prepare: Prepare | None = None
    settings: dict[str, Any] = field(default_factory=dict)


async def replaced_token(store: SessionStore, user: str) -> str:
    old = await store.create(user)
    await store.rotate(old.token)
    return old.token


async def one_of_two(store: SessionStore, user: str) -> str:
    await store.create(user)
    return (await store.create(user)).token


async def a_token(store: SessionStore, user: str) -> str:
    """Of a session that ends sooner than others: a new one moves the deadline of the index."""
    issued = await store.create(
        user, {"a": 1}, request=HOME, labels={"sid": user}, lifetime=Lifetime(600, 1200)
    )
    return issued.token


async def a_visitor(store: SessionStore, user: str) -> str:
    return (await store.create(None, {"a": 1})).token


async def a_dead_token(store: SessionStore, user: str) -> str:
    token = await a_token(store, user)
    await store.destroy(token)
    return token


async def edit(store: SessionStore, _: str, token: str) -> None:
    async with store.edit(token) as session:
        session.data["b"] = 2


async def a_public_id(store: SessionStore, user: str) -> str:
    return (await store.create(user)).public_id


async def hold(store: SessionStore, _: str, token: str) -> None:
    async with store.lock(token):
        pass


AT_ONCE = {"touch_interval_seconds": 0}

ROWS = [
    Row("`validate`, junk", 0, 0, lambda store, _, token: store.validate(token[:-1] + "~")),
    Row("`validate`", 1, 0, lambda store, _, token: store.validate(token)),
    Row(
        "`validate`, token of no session",
        *(1, 0),
        lambda store, user, _: store.validate(Tokens(KEYS).issue(user)[0]),
    ),
    Row(
        "`validate`, session that has ended",
        *(1, 0),
        lambda store, _, token: store.validate(token),
        prepare=a_dead_token,
    ),
    Row(
        "`validate`, touch due",
        *(1, 3),
        lambda store, _, token: store.validate(token),
        settings=AT_ONCE,
    ),
    Row(
        "`validate`, replaced token in its grace",
        *(2, 0),
        lambda store, _, token: store.validate(token),
        prepare=replaced_token,
    ),
    Row("`create`", 1, 5, lambda store, user, _: store.create(user)),
    Row(
        "`create`, with a rate limit",
        *(1, 6),
        lambda store, user, _: store.create(user),
        settings={"create_limit": RateLimit(1000)},
    ),
    Row(
        "`create`, one session evicted",
        *(2, 9),
        lambda store, user, _: store.create(user),
        settings={"max_sessions_per_user": 1},
    ),
    Row(
        "`create`, in place of the user's own session",
        *(1, 9),
        lambda store, user, token: store.create(user, replace=token),
    ),
    Row(
        "`create`, in place of a visitor's session",
        *(2, 9),
        lambda store, user, token: store.create(user, replace=token),
        prepare=a_visitor,
    ),
    Row(
        "`create`, with a label",
        2,
        8,
        lambda store, user, _: store.create(user, labels={"l": user}),
    ),
    Row(
        "`create`, with a limit for the network",
        *(1, 8),
        lambda store, user, _: store.create(user, request=HOME),
        settings={"create_limit_ip": RateLimit(1000)},
    ),
    Row("`patch`", 1, 3, lambda store, _, token: store.patch(token, {"b": 2})),
    Row("`update_data`", 1, 4, lambda store, _, token: store.update_data(token, {"b": 2})),
    Row("`edit`", 2, 3, edit),
    Row("`lock`", 2, 2, hold),
    Row("`rotate`", 1, 7, lambda store, _, token: store.rotate(token)),
    Row(
        "`rotate`, with `auth`",
        1,
        8,
        lambda store, _, token: store.rotate(token, auth=AuthContext()),
    ),
    Row(
        "`rotate`, a visitor signs in",
        *(3, 11),
        lambda store, user, token: store.rotate(token, user_id=user),
        prepare=a_visitor,
    ),
    Row("`destroy`", 1, 4, lambda store, _, token: store.destroy(token)),
    Row(
        "`destroy_by_id`",
        *(2, 4),
        lambda store, user, public_id: store.destroy_by_id(user, public_id),
        prepare=a_public_id,
    ),
    Row(
        "`destroy_other_sessions`, one other",
        *(2, 4),
        lambda store, user, token: store.destroy_other_sessions(user, token),
        prepare=one_of_two,
    ),
    Row("`destroy_all_for_user`", 2, 4, lambda store, user, _: store.destroy_all_for_user(user)),
    Row("`get_user_sessions`", 2, 0, lambda store, user, _: store.get_user_sessions(user)),
    Row("`find`, one user", 3, 0, lambda store, user, _: store.find("sid", user)),
    Row("`generation`", 1, 0, lambda store, user, _: store.generation(user)),
]


def render() -> str:
    """The table, for the README."""
    lines = ["| operation | commands sent | writes |", "|---|---:|---:|"]
    lines += [f"| {row.operation} | {row.commands} | {row.writes} |" for row in ROWS]
    return "\n".join(lines)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
async def test_an_operation_sends_as_many_commands_as_the_table_says(
    redis_server: RealServer, user: str, row: Row
) -> None:
    config = without_rate(**row.settings)
    async with await SessionStore.connect(redis_server.url, config, keys=KEYS) as store:
        await load_scripts(store._core.link._client)
        token = await (row.prepare or a_token)(store, user)
        with monitored(redis_server) as seen:
            await row.do(store, user, token)
    assert (len(seen.sent), seen.writes) == (row.commands, row.writes), (seen.sent, seen.inside)


if __name__ == "__main__":
    print(render())
