"""How a task is ended, or what it does, though it may not hear of it the first time.

``asyncio.wait_for`` of Python 3.11, which redis-py calls around what it sends, loses a cancellation
that comes in the same turn of the loop as what it waits for: one is not always enough.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

#: How long a task has for its last words before it is asked to end once more.
_LAST_WORDS_SECONDS = 1.0


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task, and come back when it has ended. Raises what it failed with."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=_LAST_WORDS_SECONDS)
    if not task.cancelled():
        task.result()


class Deadline:
    """``asyncio.timeout`` that holds though a cancellation is lost. Raises TimeoutError."""

    __slots__ = ("_before", "_requests", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        #: How often the task was asked to leave.
        self._requests = 0

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for what a task does")
        self._task, self._before = task, task.cancelling()
        self._timer = task.get_loop().call_later(self._seconds, self._cancel)

    def _cancel(self) -> None:
        self._requests += 1
        self._task.cancel()
        self._timer = self._task.get_loop().call_later(_LAST_WORDS_SECONDS, self._cancel)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        for _request in range(self._requests):
            self._task.uncancel()
        # Whom somebody else has cancelled, too, is cancelled.
        is_mine = self._requests > 0 and self._task.cancelling() <= self._before
        if is_mine and kind is asyncio.CancelledError:
            raise TimeoutError from error


__all__ = ["Deadline", "end"]
