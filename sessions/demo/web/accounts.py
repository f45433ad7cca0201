"""Who may sign in. Passwords are kept as Argon2id hashes, in the same store as the sessions.

A hash takes tens of milliseconds and 64 MiB on purpose, so it is made in a thread, and few at once:
the pages of others are served meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from sessions import RateLimit
from sessions.passwords import PasswordLimits

R = TypeVar("R")

#: ASVS 6.2.1 and 6.2.9: from 8 characters, at least 64 allowed, and no rule on which.
MIN_PASSWORD_CHARS, MAX_PASSWORD_CHARS = 8, 128
NAME = re.compile(r"[a-z][a-z0-9._-]{1,23}")
NAME_RULE = "2 to 24 letters, digits, dots, dashes or underscores; a letter first."
_KEY = "demo:accounts"
_HASHES_AT_ONCE = 2
#: Of one name from one network: less patient than the default, so that it can be seen at work.
GUESSES = RateLimit(8, per_seconds=60)


class AccountError(Exception):
    """Why an account was not opened, in words for the person; ``field`` is what to change."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in."""

    name: str
    is_operator: bool = False


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """An account of the demo, whose password stands on the sign-in page."""

    name: str
    password: str
    about: str
    is_operator: bool = False


SHOWN = (
    ShownAccount("alice", "tea-at-half-past-four", "a customer"),
    ShownAccount("bob", "a-blue-kettle-sings", "another one"),
    ShownAccount("olivia", "lamp-over-the-harbour", "the operator", is_operator=True),
)
SHOWN_NAMES = frozenset(shown.name for shown in SHOWN)


class Accounts:
    """The accounts in one store, reached through a redis-py client."""

    def __init__(
        self, client: Any, limits: PasswordLimits, hasher: PasswordHasher | None = None
    ) -> None:
        self._client = client
        self._limits = limits
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(_HASHES_AT_ONCE, thread_name_prefix="argon2")
        #: Checked when there is no such account, so that the answer takes as long.
        self._nobody = self._hasher.hash("nobody has this password")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def open_shown(self) -> None:
        """Open the accounts of the demo, where they are not there yet."""
        for shown in SHOWN:
            await self._add(shown.name, shown.password, is_operator=shown.is_operator)

    async def open(self, name: str, password: str) -> Account:
        """Open an account. Raises AccountError."""
        name = tidy(name)
        if not NAME.fullmatch(name):
            raise AccountError("name", NAME_RULE)
        if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
            raise AccountError(
                "password",
                f"{MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters, any you like.",
            )
        if not await self._add(name, password):
            raise AccountError("name", "Somebody has this name already.")
        return Account(name)

    async def check(self, name: str, password: str, address: str = "") -> Account | None:
        """The account with this name and this password, which came from an address.

        Raises TooManyGuesses, whether or not there is such an account.
        """
        name = tidy(name)[:MAX_PASSWORD_CHARS]
        attempt = await self._limits.count(name, address)
        held = await self._client.hget(_KEY, name)
        if held is None and name in SHOWN_NAMES:
            # The server was started anew, with nothing in it; the sign-in page shows them still.
            await self.open_shown()
            held = await self._client.hget(_KEY, name)
        entry = json.loads(held) if held else {}
        is_right = await self._in_thread(
            self._verify, entry.get("hash", self._nobody), password[: MAX_PASSWORD_CHARS + 1]
        )
        if not (is_right and entry):
            return None
        await self._limits.take_back(attempt)
        return Account(name, entry["is_operator"])

    async def _add(self, name: str, password: str, *, is_operator: bool = False) -> bool:
        hashed = await self._in_thread(self._hasher.hash, password)
        entry = json.dumps({"hash": hashed, "is_operator": is_operator})
        return bool(await self._client.hsetnx(_KEY, name, entry))

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except VerificationError:
            return False

    async def _in_thread(self, work: Callable[..., R], *words: Any) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *words)


def tidy(name: str) -> str:
    """A name as it is kept: people type capitals and blanks that they do not mean."""
    return name.strip().lower()
