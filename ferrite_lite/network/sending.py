"""Sends keys to another server, over a connection of its own (``transfer``)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..transfer import Transfer

#: How much is written at a time: the timeout is for each such part.
CHUNK_BYTES = 64 * 1024


class Sender:
    """The transfers that are under way in one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, transfer: Transfer, done: Callable[[], None]) -> None:
        """Begin a transfer, and call ``done`` when it has ended, however that was."""
        task = asyncio.create_task(_carry_out(transfer, done), name="ferrite-lite transfer")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Break off what is under way; what was accepted so far counts."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _carry_out(transfer: Transfer, done: Callable[[], None]) -> None:
    try:
        await _send(transfer)
    except BaseException:  # the server closes, above all
        transfer.fail("reading")
        raise
    finally:
        done()


async def _send(transfer: Transfer) -> None:
    try:
        async with asyncio.timeout(transfer.timeout_seconds):
            reader, writer = await asyncio.open_connection(transfer.host, transfer.port)
    except (OSError, ValueError) as error:  # a host name can be no name at all
        transfer.fail("writing" if _is_refused(error) else "connecting")
        return
    try:
        if await _exchange(reader, writer, transfer, transfer.greeting, transfer.greeted):
            await _exchange(reader, writer, transfer, transfer.requests, transfer.answered)
    finally:
        # What has not been sent by now must not be sent.
        writer.transport.abort()


def _is_refused(error: Exception) -> bool:
    """Whether nobody listens there: Redis notices that only when it writes."""
    # asyncio makes one plain OSError of the errors of several addresses.
    return isinstance(error, ConnectionRefusedError) or type(error) is OSError


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    transfer: Transfer,
    requests: list[list[bytes]],
    take: Callable[[bytes], None],
) -> bool:
    """Send requests together and read a line for each; whether nothing went wrong."""
    doing = "writing"
    try:
        data = memoryview(transfer.encoded(requests))
        for at in range(0, len(data), CHUNK_BYTES):
            writer.write(data[at : at + CHUNK_BYTES])
            async with asyncio.timeout(transfer.timeout_seconds):
                await writer.drain()
        doing = "reading"
        for _ in requests:
            async with asyncio.timeout(transfer.timeout_seconds):
                line = await reader.readuntil(b"\n")
            take(line)
    except (OSError, EOFError, asyncio.LimitOverrunError):
        transfer.fail(doing)
    return transfer.error is None
