"""Made-up visitors, hundreds of sign-ins, so that the operator sees the store at work."""

from __future__ import annotations

import asyncio
import contextlib
import random

from sessions import Lifetime, RequestContext, SessionError, SessionStore

USERS, SIGN_INS_A_USER = 80, 5
#: They leave without signing out, and their sessions run out while one watches.
LIFETIME = Lifetime(ttl_seconds=25, absolute_seconds=60)
BUSY_SECONDS = 20.0
VALIDATIONS_A_TURN, TURN_SECONDS = 20, 0.02
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Load:
    """At most one load at a time."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._task: asyncio.Task[None] | None = None
        self._is_over = False

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> bool:
        """Let them come; False if they are here already."""
        if self.is_running:
            return False
        self._task = asyncio.create_task(self._run())
        return True

    async def stop(self) -> None:
        """Send them away."""
        self._is_over = True
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        with contextlib.suppress(SessionError):
            await self._browse(await self._sign_in())

    async def _sign_in(self) -> list[str]:
        """Each user on more devices than are allowed: the oldest have to go. Who stays."""
        tokens = []
        for _ in range(SIGN_INS_A_USER):
            for user in range(0 if self._is_over else USERS):
                origin = RequestContext(f"198.51.100.{user}", {"user-agent": _AGENT})
                issued = await self._store.create(
                    f"visitor-{user}", request=origin, lifetime=LIFETIME
                )
                tokens.append(issued.token)
            await asyncio.sleep(TURN_SECONDS)
        return tokens[-USERS * self._store.config.max_sessions_per_user :]

    async def _browse(self, tokens: list[str]) -> None:
        """Use the sessions, fewer of them as time goes by; the others expire."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + BUSY_SECONDS
        while (left_seconds := ends_at - loop.time()) > 0 and not self._is_over:
            still_here = tokens[: max(1, round(len(tokens) * left_seconds / BUSY_SECONDS))]
            for token in random.choices(still_here, k=VALIDATIONS_A_TURN):  # noqa: S311  # no secret
                await self._store.validate(token)
            await asyncio.sleep(TURN_SECONDS)
