"""A script is packed as redis-py would pack it, and what needs its care is left to it."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio.connection import Connection

from sessions.servers.packing import packed


@pytest.mark.parametrize(
    "words",
    [
        ("EVALSHA", "0" * 40, 1, "session:{t}:s", b"\x00\xff\r\n", "", "ü", -1),
        ("EVAL", b"return {}", 0, 1.5),
        ("CONFIG GET", "maxmemory"),
    ],
    ids=["hash", "text", "two words in one"],
)
def test_requests_are_packed_as_redis_py_packs_them(words: tuple[Any, ...]) -> None:
    connection = Connection()
    assert b"".join(packed(connection, words)) == b"".join(connection.pack_command(*words))


def test_what_cannot_be_sent_is_an_error() -> None:
    with pytest.raises(TypeError):
        packed(Connection(), ("EVAL", object()))
