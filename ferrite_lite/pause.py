"""Clients wait, all of them or only those that would write: CLIENT PAUSE, and while keys move.

A request that must wait is not refused: the engine raises ``Postponed``, and the connection is held
until the pause is over (``holds``). Meanwhile the data stands still: no key is evicted, and a key
past its deadline can no longer be seen, but is not removed either.

Until the first of them nothing here is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .data.keyspace import Keyspace
from .data.values import Hash, Held, Set, String, Value

if TYPE_CHECKING:
    from .state import ServerState

C = TypeVar("C", Hash, Set)


class Postponed(Exception):
    """A request that cannot run now; no part of it has been done."""


class Pause:
    """Whether one server is paused, and until when."""

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self.is_on = False
        #: Whether all must wait, not only those who would write.
        self.is_for_all = False
        #: What CLIENT PAUSE has asked for.
        self._is_asked = False
        self._until_ms = 0
        self._is_transferring = False

    def begin(self, until_ms: int, *, for_all: bool) -> None:
        """Pause; a pause that is on can only become longer and stricter."""
        if not self._is_asked:
            self.is_for_all, self._until_ms = False, 0
        self.is_for_all |= for_all
        self._until_ms = max(self._until_ms, until_ms)
        self._is_asked = True
        self._turn_on()

    def begin_transfer(self) -> None:
        """Keep the data as they are while another server is being told of them."""
        self._is_transferring = True
        self._turn_on()

    def _turn_on(self) -> None:
        self.is_on = True
        for db in self._server.databases:
            db.pause = self
            db.interpose(HoldingKeyspace)
        self._server.update_guards()

    def end(self) -> None:
        """Let waiting clients go on that wait for the end of CLIENT PAUSE alone."""
        if self._is_asked:
            self._is_asked = self.is_for_all = False
            self._loosen()

    def end_transfer(self) -> None:
        """Let clients write again, unless CLIENT PAUSE says otherwise."""
        self._is_transferring = False
        self._loosen()

    def _loosen(self) -> None:
        """Let those who wait try again; for some it may be too early still."""
        self.is_on = self._is_asked or self._is_transferring
        self._server.update_guards()
        self._server.holds.end_postponed()

    def end_if_over(self) -> None:
        """End a pause whose time is over; a cycle calls this."""
        if self._is_asked and self._until_ms < self._server.moment.ms:
            self.end()


class HoldingKeyspace(Keyspace):
    """A keyspace that, while clients are paused, hides keys past their deadlines but keeps them."""

    __slots__ = ()

    pause: Pause

    def _holds(self, key: bytes) -> bool:
        return self.pause.is_on and key in self._deadlines_ms and self._is_due(key)

    def get(self, key: bytes) -> Value | None:
        return None if self._holds(key) else super().get(key)

    def peek(self, key: bytes) -> Value | None:
        return None if self._holds(key) else super().peek(key)

    def string(self, key: bytes) -> String | None:
        return None if self._holds(key) else super().string(key)

    def collection(self, key: bytes, kind: type[Held]) -> Held | None:
        return None if self._holds(key) else super().collection(key, kind)

    def hash(self, key: bytes) -> Hash | None:
        return None if self._holds(key) else super().hash(key)

    def __contains__(self, key: bytes) -> bool:
        return not self._holds(key) and super().__contains__(key)

    def rewrite(self, key: bytes, value: String, event: str) -> None:
        """As ``get_or_create``."""
        if self._holds(key):
            self._expire(key)
        super().rewrite(key, value, event)

    def get_or_create(self, key: bytes, kind: type[C]) -> C:
        """A transaction that has paused the others may still write: over what is held."""
        if self._holds(key):
            self._expire(key)
        return super().get_or_create(key, kind)
