"""A record whose entry in the index has gone is no session, whatever is asked of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from sessions import SessionStore
from sessions.crypto import AesGcmEncryptor
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts


async def forget(client: Any, user: str) -> None:
    """Take all entries away and leave the records."""
    await client.execute_command("DEL", f"user:{{{Tokens(KEYS).tag(user)}}}:sessions")


async def test_it_is_not_rotated(store: SessionStore, client: Any, user: str) -> None:
    issued = await store.create(user)
    await forget(client, user)
    assert await store.rotate(issued.token) is None
    assert await store.get_user_sessions(user) == []


async def test_it_does_not_end_the_others(store: SessionStore, client: Any, user: str) -> None:
    issued = await store.create(user)
    await forget(client, user)
    other = await store.create(user)
    assert await store.destroy_other_sessions(user, issued.token) == 0
    assert await store.validate(other.token) is not None


async def test_what_is_written_while_sealed_data_is_rotated_is_not_lost(
    client: Any, user: str
) -> None:
    await load_scripts(client)
    interleaved = Interleaved(client)
    encryptor = AesGcmEncryptor("e1", {"e1": AesGcmEncryptor.generate_key()})
    store, stopped = [
        await SessionStore.connect(each, without_rate(), keys=KEYS, encryptor=encryptor)
        for each in (client, interleaved)
    ]
    for when in When:
        issued = await store.create(user, {"a": 1})
        interleaved.at(0, when, partial(store.patch, issued.token, {"b": 2}))
        rotated = await stopped.rotate(issued.token)
        assert rotated is not None
        assert rotated.data == {"a": 1, "b": 2}
