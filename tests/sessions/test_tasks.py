"""A task that is to end does, even where a library swallows the first cancellation."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from sessions import tasks


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_a_task_that_is_ended_has_ended() -> None:
    task = asyncio.create_task(forever())
    await tasks.end(task)
    assert task.cancelled()


async def test_a_task_that_lost_a_cancellation_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def lose_one() -> None:
        with suppress(asyncio.CancelledError):
            await forever()
        await forever()

    monkeypatch.setattr(tasks, "_LAST_WORDS_SECONDS", 0)
    task = asyncio.create_task(lose_one())
    await asyncio.sleep(0)
    await tasks.end(task)
    assert task.cancelled()


async def test_what_a_task_failed_with_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    with pytest.raises(LookupError, match="gone"):
        await tasks.end(task)


async def test_whoever_ends_a_task_may_be_cancelled() -> None:
    async def cling() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await done.wait()
                return

    done = asyncio.Event()
    clinging = asyncio.create_task(cling())
    ending = asyncio.create_task(tasks.end(clinging))
    await asyncio.sleep(0)
    ending.cancel()
    await asyncio.wait((ending,))
    assert ending.cancelled()
    done.set()
    await clinging
