"""How a task is ended, or what it does, though it may not hear of it the first time.

``asyncio.wait_for`` of Python 3.11, which redis-py calls around what it sends, loses a cancellation
that comes in the same turn of the loop as what it waits for: one is not always enough.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from .datatype import R

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


class LoopThread:
    """An event loop in a thread of its own, for whoever does not await.

    It stays behind when the process forks, and keeps no process from ending.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def begin(self, coroutine: Coroutine[Any, Any, R]) -> Future[R]:
        """What comes of a coroutine there."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """The same, waited for."""
        return self.begin(coroutine).result()

    def close(self) -> None:
        """End it, when nothing runs there any more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


__all__ = ["Deadline", "LoopThread", "end"]
