from __future__ import annotations

import asyncio

import pytest

from ferrite_lite.config import Config
from ferrite_lite.engine import Engine
from ferrite_lite.server import Server


def ask(engine: Engine, *words: str) -> object:
    return engine.execute(engine.connect(), [word.encode() for word in words])


@pytest.mark.parametrize("words", [(), ("NOSAVE",), ("now", "FORCE"), ("safe",)])
async def test_shutdown_closes_the_server_and_every_connection(words: tuple[str, ...]) -> None:
    server = Server(port=0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(" ".join(("SHUTDOWN", *words)).encode() + b"\r\n")
    assert await reader.read() == b""
    await asyncio.wait_for(server.closed.wait(), timeout=60)
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


def test_an_engine_that_listens_nowhere_cannot_be_shut_down() -> None:
    assert str(ask(Engine(), "SHUTDOWN")) == "ERR Errors trying to SHUTDOWN. Check logs."


@pytest.mark.parametrize("name", ["SAVE", "BGSAVE", "BGREWRITEAOF"])
def test_what_would_write_to_disk_does_not_pretend(name: str) -> None:
    assert str(ask(Engine(), name)) == "ERR this server keeps its data in memory only"


def test_there_is_no_saving_to_cancel() -> None:
    text = "ERR Background saving is currently not in progress or scheduled"
    assert str(ask(Engine(), "BGSAVE", "cancel")) == text
    assert str(ask(Engine(), "BGSAVE", "SCHEDULE", "CANCEL")) == "ERR syntax error"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("FAILOVER",), "ERR SHUTDOWN FAILOVER is only supported in cluster mode."),
        (("FAILOVER", "ABORT"), "ERR syntax error"),
    ],
)
def test_nobody_takes_over_at_shutdown(words: tuple[str, ...], text: str) -> None:
    assert str(ask(Engine(), "SHUTDOWN", *words)) == text


async def test_shutdown_with_save_leaves_the_server_running() -> None:
    async with Server(port=0) as server:
        assert "in memory only" in str(ask(server.engine, "SHUTDOWN", "SAVE"))
        assert not server.closed.is_set()


@pytest.mark.parametrize("version", ["5", "6"])
def test_lolwut_draws_for_the_versions_that_did(version: str) -> None:
    drawing = ask(Engine(config=Config(), seed=1), "LOLWUT", "VERSION", version)
    assert isinstance(drawing, bytes)
    *picture, empty, title, told, end = drawing.decode().split("\n")
    assert {len(row) for row in picture} == {24}
    assert (empty, title, told, end) == ("", "Iron, as it grows.", "Redis ver. 7.0.15", "")
