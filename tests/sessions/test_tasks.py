"""A task that is to end does, even where a library swallows the first cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from sessions import tasks


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_a_task_that_is_ended_has_ended() -> None:
    task = asyncio.create_task(forever())
    await tasks.end(task)
    assert task.cancelled()


async def lose_one() -> None:
    with suppress(asyncio.CancelledError):
        await forever()
    await forever()


async def test_a_task_that_lost_a_cancellation_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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


# --- deadlines ------------------------------------------------------------------------------------


async def within(seconds: float, doing: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    async with tasks.Deadline(seconds):
        return await doing()


async def outcome_of(task: asyncio.Task[Any]) -> Any:
    """What a task comes to, if it comes to an end."""
    ended, _ = await asyncio.wait((task,), timeout=30)
    if not ended:
        await tasks.end(task)
        raise AssertionError("it went on and on")
    return "cancelled" if task.cancelled() else task.exception() or task.result()


async def test_what_is_done_in_time_has_its_result_and_its_error() -> None:
    async def answer() -> str:
        return "done"

    async def fail() -> None:
        raise LookupError("gone")

    assert await within(60, answer) == "done"
    with pytest.raises(LookupError):
        await within(60, fail)


@pytest.mark.parametrize("doing", [forever, lose_one])
async def test_a_deadline_holds_though_a_cancellation_is_lost(
    monkeypatch: pytest.MonkeyPatch, doing: Callable[[], Coroutine[Any, Any, Any]]
) -> None:
    monkeypatch.setattr(tasks, "_LAST_WORDS_SECONDS", 0)
    task = asyncio.create_task(within(0, doing))
    assert isinstance(await outcome_of(task), TimeoutError)
    assert task.cancelling() == 0


async def test_an_answer_that_comes_with_the_deadline_is_one() -> None:
    async def answer_late() -> str:
        with suppress(asyncio.CancelledError):
            await forever()
        return "done"

    task = asyncio.create_task(within(0, answer_late))
    assert await outcome_of(task) == "done"
    assert task.cancelling() == 0


async def test_whom_somebody_else_cancels_is_cancelled_and_not_late() -> None:
    task = asyncio.create_task(within(60, forever))
    await asyncio.sleep(0)
    task.cancel()
    assert await outcome_of(task) == "cancelled"


async def test_a_deadline_within_a_deadline_is_the_one_that_is_over() -> None:
    async def twice() -> str:
        try:
            await within(0, forever)
        except TimeoutError:
            return "the inner one"
        raise AssertionError("it is over")

    assert await outcome_of(asyncio.create_task(within(60, twice))) == "the inner one"
    inner_is_later = asyncio.create_task(within(0, lambda: within(60, forever)))
    assert isinstance(await outcome_of(inner_is_later), TimeoutError)
