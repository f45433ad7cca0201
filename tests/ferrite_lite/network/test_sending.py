from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from ferrite_lite.network.sending import Sender
from ferrite_lite.transfer import Transfer
from tests.ferrite_lite.test_server import comes_true

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Target = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

GREETING = [[b"SELECT", b"1"]]
REQUESTS = [[b"RESTORE", b"a"], [b"RESTORE", b"b"]]
READING = "IOERR error or timeout reading to target instance"


@contextlib.asynccontextmanager
async def listening(target: Target) -> AsyncIterator[int]:
    """The port of somebody who behaves like this to who connects."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await target(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def transfer_to(port: int, host: str = "127.0.0.1", timeout_seconds: float = 20) -> Transfer:
    return Transfer(host, port, timeout_seconds, GREETING, REQUESTS)


async def carry_out(transfer: Transfer) -> str:
    """Carry a transfer out; what went wrong."""
    done = asyncio.Event()
    sender = Sender()
    sender.start(transfer, done.set)
    await done.wait()
    await sender.close()
    return str(transfer.error or "")


def replying(*lines: bytes) -> Target:
    """Somebody who replies to each request in turn, and closes behind the last line."""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            words = int((await reader.readline())[1:])
            for _ in range(2 * words):
                await reader.readline()
            writer.write(line)
        await reader.read(1)

    return target


async def test_a_greeting_and_then_each_request_is_answered() -> None:
    async with listening(replying(b"+OK\r\n", b"+OK\r\n", b"-BUSYKEY no\r\n")) as port:
        transfer = transfer_to(port)
        assert await carry_out(transfer) == "ERR Target instance replied with error: BUSYKEY no"
    assert transfer.accepted == [True, False]


async def test_nothing_is_sent_behind_a_greeting_that_is_refused() -> None:
    received = b""

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        received = await reader.read(1000)
        writer.write(b"-ERR DB index is out of range\r\n")
        with contextlib.suppress(ConnectionResetError):
            received += await reader.read()

    async with listening(target) as port:
        transfer = transfer_to(port)
        error = await carry_out(transfer)
    assert error == "ERR Target instance replied with error: ERR DB index is out of range"
    assert transfer.accepted == []
    assert b"RESTORE" not in received


@pytest.mark.parametrize(
    ("lines", "accepted"),
    [
        ((b"+OK\r\n", b"+OK\r\n", b"+OK\r\n"), [True, True]),
        ((b"+OK\r\n", b"+OK\r\n", b""), [True]),
        ((b"+OK\r\n", b"+OK\r\n", b"x" * 100_000 + b"\r\n"), [True]),
        ((b"+OK\r\n", b"", b""), []),
        ((b"", b"", b""), []),
    ],
)
async def test_only_what_was_answered_counts(
    lines: tuple[bytes, ...], accepted: list[bool]
) -> None:
    """A target that says no more is given up after the timeout."""
    async with listening(replying(*lines)) as port:
        transfer = transfer_to(port, timeout_seconds=0.1 if b"" in lines else 20)
        error = await carry_out(transfer)
    assert transfer.accepted == accepted
    assert error == ("" if len(accepted) == len(REQUESTS) else READING)


async def test_a_target_that_closes_ends_the_transfer() -> None:
    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with listening(target) as port:
        assert await carry_out(transfer_to(port)) == READING


async def test_a_target_that_does_not_read_is_given_up() -> None:
    release = asyncio.Event()

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()

    async with listening(target) as port:
        transfer = transfer_to(port, timeout_seconds=0.1)
        transfer.greeting = [[b"x" * 50_000_000]]
        assert await carry_out(transfer) == "IOERR error or timeout writing to target instance"
        release.set()


@pytest.mark.parametrize(
    ("host", "doing"),
    [
        ("127.0.0.1", "writing to target instance"),
        ("localhost", "writing to target instance"),
        ("host.invalid", "connecting to the client"),
        ("x" * 300, "connecting to the client"),
        ("a\0b", "connecting to the client"),
    ],
)
async def test_who_cannot_be_reached_is_told_as_redis_tells_it(host: str, doing: str) -> None:
    assert await carry_out(transfer_to(1, host)) == f"IOERR error or timeout {doing}"


async def test_what_is_under_way_is_broken_off_and_finished_with_what_there_is() -> None:
    async with listening(replying(b"+OK\r\n", b"+OK\r\n", b"")) as port:
        transfer, sender, ends = transfer_to(port), Sender(), []
        sender.start(transfer, lambda: ends.append(list(transfer.accepted)))
        assert await comes_true(lambda: bool(transfer.accepted))
        await sender.close()
    assert ends == [[True]]
    assert str(transfer.error) == READING
