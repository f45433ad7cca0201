"""Tasks of this package that run beside others, and how they are ended."""

from __future__ import annotations

import asyncio
from typing import Any

#: How long a task has for its last words before it is asked to end once more.
_LAST_WORDS_SECONDS = 1.0


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel a task, and come back when it has ended. Raises what it failed with.

    Once is not always enough: ``asyncio.wait_for`` of Python 3.11, which redis-py calls around what
    it sends, loses a cancellation that comes in the same turn of the loop as what it waits for.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=_LAST_WORDS_SECONDS)
    if not task.cancelled():
        task.result()


__all__ = ["end"]
