"""Starting and stopping the demo, as a person does it on the console."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from sessions.demo.web.app import create_app
from sessions.demo.web.demo import keys_from, open_demo
from sessions.demo.web.serve import _greeting
from sessions.demo.web.settings import Settings
from tests.support.servers import RealServer

from .running import QUICK
from .visitor import PASSWORDS

START_SECONDS, STOP_SECONDS = 60, 20
ALICE = {"name": "alice", "password": PASSWORDS["alice"]}


@contextlib.asynccontextmanager
async def started(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """``python -m sessions.demo`` with these words."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sessions.demo", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def greeting(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    async with asyncio.timeout(START_SECONDS):
        text = await process.stdout.readuntil(b"--private-key.\n")
    return text.decode()


async def test_it_says_where_it_is_and_stops_at_once_though_a_page_is_open() -> None:
    async with started("--web", "--port", "0") as process:
        told = await greeting(process)
        assert "Ctrl-C stops it" in told
        assert "neither Secure nor __Host-" in told
        assert max(map(len, told.splitlines())) <= 80
        found = re.search(r"http://127\.0\.0\.1:\d+", told)
        assert found
        async with httpx.AsyncClient(base_url=found[0], timeout=START_SECONDS) as browser:
            assert (await browser.post("/sign-in", data=ALICE)).status_code == 303
            async with browser.stream("GET", "/devices/stream") as stream:
                chunks = stream.aiter_text()
                assert "event: clocks" in await anext(chunks)
                process.send_signal(signal.SIGINT)
                async with asyncio.timeout(STOP_SECONDS):
                    assert await process.wait() == 0
                    assert process.stderr
                    assert await process.stderr.read() == b""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--host", "0.0.0.0"), "plain HTTP is for this machine alone"),  # noqa: S104  # refused
        (("--certificate", __file__), "give both"),
        (("--certificate", "some.pem"), "there is no file some.pem"),
        (("--port", "80000"), "a number from 0 to 65535"),
        (("--devices", "0"), "from 1"),
        (("--idle", "soon"), "seconds above 0"),
        (("--store", "localhost"), "redis://127.0.0.1:6379 is wanted"),
        (("--idle", "600", "--absolute", "60"), "absolute_seconds"),
        (("--port", "0", "--store", "redis://127.0.0.1:1"), "Is a server running there?"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(
    words: tuple[str, ...], reason: str
) -> None:
    async with started("--web", *words) as process:
        async with asyncio.timeout(START_SECONDS):
            _, errors = await process.communicate()
        assert process.returncode
        assert reason in errors.decode()
        assert "Traceback" not in errors.decode()


async def test_a_port_that_is_taken_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with started("--web", "--port", port) as process:
            async with asyncio.timeout(START_SECONDS):
                _, errors = await process.communicate()
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in errors.decode()
    assert "another port with --port" in errors.decode()


@pytest.mark.parametrize(("word", "status"), [("--help", 0), ("--port", 2)])
async def test_its_usage_names_both_ways(word: str, status: int) -> None:
    async with started(word) as process:
        told, errors = await process.communicate()
    assert process.returncode == status
    assert "--web --help" in (told + errors).decode()


def test_a_password_in_the_url_of_the_store_is_not_shown() -> None:
    told = _greeting(Settings(), "http://x", "redis://alice:secret@db:6379/1", has_keys=True)
    assert "redis://db:6379/1" in told
    assert "secret" not in told


async def test_without_what_it_needs_it_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['starlette'] = None; sys.modules['uvicorn'] = None;"
        "from sessions.demo.__main__ import choose; sys.exit(choose(['--web']))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"pip install 'ferrite-lite[web]'" in errors


async def test_on_a_redis_sessions_and_accounts_outlive_the_process(
    redis_server: RealServer,
) -> None:
    keys = keys_from("a secret of the operator")
    cookies = httpx.Cookies()
    for turn in range(2):
        async with open_demo(Settings(), url=redis_server.url, keys=keys, hasher=QUICK) as demo:
            transport = httpx.ASGITransport(app=create_app(demo))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", cookies=cookies
            ) as browser:
                if turn == 0:
                    await browser.post("/sign-up", data={"name": "erin", "password": "long enough"})
                devices = await browser.get("/devices")
                assert devices.status_code == 200
                assert "erin" in devices.text
                cookies = browser.cookies
    redis_server.flush()
