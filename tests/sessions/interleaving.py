"""One operation stopped just before or just after a command, while another runs to its end.

A store serves one script at a time, so all that two operations can do to each other is done at
these points.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

from sessions import atomic, families, flows
from sessions.scripts import Script

Action = Callable[[], Awaitable[Any]]


class When(Enum):
    """On which side of a command an operation is stopped."""

    BEFORE = "before"
    AFTER = "after"


class Interleaved:
    """A client that lets an action run at one command of its own, counted from 0."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._action: Action | None = None
        self._point: tuple[int, When] | None = None
        self.commands: list[tuple[Any, ...]] = []

    def at(self, command: int, when: When, action: Action) -> None:
        """Run the action once, when the command of this number is asked for."""
        self._action, self._point = action, (command, when)
        self.commands = []

    @property
    def has_run(self) -> bool:
        """Whether there was such a command."""
        return self._action is None

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        number = len(self.commands)
        self.commands.append(words)
        await self._reach(number, When.BEFORE)
        reply = await self._client.execute_command(*words, **options)
        await self._reach(number, When.AFTER)
        return reply

    async def _reach(self, number: int, when: When) -> None:
        if self._point == (number, when) and self._action is not None:
            action, self._action = self._action, None
            await action()


async def load_scripts(client: Any) -> None:
    """Let the server know all scripts, so that each operation sends the same commands each time."""
    for module in (atomic, families, flows):
        for script in vars(module).values():
            if isinstance(script, Script):
                await client.execute_command("SCRIPT LOAD", script.text)
