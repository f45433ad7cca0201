"""By what else sessions are found than by their user: a device, a client, a session elsewhere.

A label leads to users, in a hash whose name is a keyed hash of its value; what is found there is
looked up and compared, so a user who has no such session any more is a stale hint and no error. He
is forgotten when none that he had can be alive any more, and not before: a session may be on its
way that whoever looks does not see yet.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..atomic import AtomicStore
from ..record import LABEL_PREFIX
from ..tokens import Tokens

_DIGEST_CHARS = 22


class Labels:
    """The labels of one store."""

    def __init__(self, atomic: AtomicStore, tokens: Tokens) -> None:
        self._atomic = atomic
        self._tokens = tokens

    @staticmethod
    def fields(labels: Mapping[str, str]) -> dict[str, str]:
        """The fields of a record that hold them."""
        return {LABEL_PREFIX + name: value for name, value in labels.items()}

    async def add(self, tag: str, labels: Mapping[str, str], keep_ms: int) -> None:
        """Let them lead to a user, for so long, 0 for ever.

        Before his session is there, so that none lives that cannot be found.
        """
        for name, value in labels.items():
            await self._atomic.label(name, self._digest(name, value), tag, keep_ms)

    async def tags(self, name: str, value: str) -> list[str]:
        """The users who may have a session with a label."""
        return await self._atomic.labelled(name, self._digest(name, value))

    def _digest(self, name: str, value: str) -> str:
        return self._tokens.digest(b"label", f"{name}\0{value}")[:_DIGEST_CHARS]
