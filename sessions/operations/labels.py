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
#: A session at a provider: it ends for good, and its name does not come again.
OIDC_SID = "oidc_sid"
#: Labels whose end is remembered.
_ENDING = frozenset({OIDC_SID})


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

    async def end(self, name: str, value: str, keep_ms: int) -> None:
        """Let no login with a label be valid that completes from now on, for so long.

        Before the sessions that bear it are ended: a login looks after its session is there, so
        that either the login finds this, or whoever ends them finds the session.
        """
        await self._atomic.mark(self._atomic.ended_key(name, self._digest(name, value)), keep_ms)

    async def have_ended(self, labels: Mapping[str, str]) -> bool:
        """Whether a login with these labels comes too late."""
        for name in _ENDING & labels.keys():
            key = self._atomic.ended_key(name, self._digest(name, labels[name]))
            if await self._atomic.is_marked(key):
                return True
        return False

    async def tags(self, name: str, value: str) -> list[str]:
        """The users who may have a session with a label."""
        return await self._atomic.labelled(name, self._digest(name, value))

    def _digest(self, name: str, value: str) -> str:
        return self._tokens.digest(b"label", f"{name}\0{value}")[:_DIGEST_CHARS]
