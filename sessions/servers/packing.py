"""How a request is written: scripts, which are nearly all that is asked, at once in C."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hiredis import pack_command

#: Commands whose key comes after the script and the number of keys.
SCRIPTS = frozenset({"EVAL", "EVALSHA"})


def packed(connection: Any, words: Sequence[Any]) -> list[bytes]:
    """A request as a connection of redis-py's would pack it.

    Which looks at each word first: it may be of another type, or be two words in one. That takes
    longer than what is packed then.
    """
    if words[0] in SCRIPTS:
        return [pack_command(tuple(words))]
    parts: list[bytes] = connection.pack_command(*words)
    return parts


__all__ = ["SCRIPTS", "packed"]
