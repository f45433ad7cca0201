"""How many wrong passwords may be tried: counted before the password is looked at (ASVS 6.3.1).

Two counts, both by the network that the attempts come from: of one name, and of all names together.
So nobody locks a user out but from that user's own network; attempts at the same moment count too;
and as many are counted whether or not there is such a user. A right password is taken back.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from . import events
from .atomic import new_attempt
from .config import RateLimit
from .errors import RateLimited, TooManyGuesses
from .policies import UNKNOWN_NETWORK
from .store import SessionStore

#: Who has forgotten which of his passwords it was finds it within these.
OF_ONE_NAME = RateLimit(10, per_seconds=600)
#: People who share a network mistype, too; who tries a list of leaked passwords needs thousands.
OF_ALL_NAMES = RateLimit(100, per_seconds=600)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One password that was counted: under which keys, to which limits."""

    attempt_id: str
    counts: tuple[tuple[str, RateLimit], ...]


class PasswordLimits:
    """The counts of one store. None for a limit is for no limit."""

    # A part of the store in a module of its own: it sees what the store is made of.
    def __init__(
        self,
        store: SessionStore[Any],
        of_one_name: RateLimit | None = OF_ONE_NAME,
        of_all_names: RateLimit | None = OF_ALL_NAMES,
    ) -> None:
        self._core = store._core
        self._of_one_name = of_one_name
        self._of_all_names = of_all_names

    async def count(self, name: str, address: str | None) -> Attempt:
        """Count an attempt. Raises TooManyGuesses: then it does not count; StoreUnavailable.

        Without an address nothing is counted: all who have none would be one network, from which
        anybody could lock out everybody.
        """
        network = self._core.bindings.network(address) if address else UNKNOWN_NETWORK
        if network == UNKNOWN_NETWORK:
            return Attempt("", ())
        attempt_id, counts = new_attempt(), self._counts(name, network)
        for at, (key, limit) in enumerate(counts):
            try:
                await self._core.atomic.count(key, limit, attempt_id)
            except RateLimited as refusal:
                await self.take_back(Attempt(attempt_id, counts[:at]))
                wait_seconds = refusal.retry_after_seconds
                self._core.tell(events.PasswordGuessing(network, wait_seconds))
                raise TooManyGuesses(wait_seconds) from None
        return Attempt(attempt_id, counts)

    async def take_back(self, attempt: Attempt) -> None:
        """The password was right. Raises StoreUnavailable."""
        for key, limit in attempt.counts:
            await self._core.atomic.take_back(key, limit, attempt.attempt_id)

    def _counts(self, name: str, network: str) -> tuple[tuple[str, RateLimit], ...]:
        whats = ((self._of_one_name, _tidy(name)), (self._of_all_names, None))
        return tuple(
            (self._core.atomic.guess_key(self._digest(network, what)), limit)
            for limit, what in whats
            if limit is not None
        )

    def _digest(self, network: str, name: str | None) -> str:
        """People type a password for their name now and then: neither shows in a key."""
        what = network if name is None else f"{network}\0{name}"
        return self._core.tokens.digest(b"guess", what)


def _tidy(name: str) -> str:
    """One count for all ways to type a name that an application may take for the same."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


__all__ = ["OF_ALL_NAMES", "OF_ONE_NAME", "Attempt", "PasswordLimits"]
