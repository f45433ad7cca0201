from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ferrite_lite.__main__ import EXIT_CANNOT_LISTEN, EXIT_USAGE, main


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command line as a user starts it, and the line it prints when it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ferrite_lite", *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def url_in(line: str) -> str:
    return next(word for word in line.split() if word.startswith("redis://"))


def port_in(line: str) -> int:
    return int(url_in(line).rpartition(":")[2])


@pytest.mark.parametrize("options", [["run", "--port", "0"], ["--port", "0"]], ids=" ".join)
def test_it_prints_one_line_when_it_listens(options: list[str]) -> None:
    with running(*options) as (_, line):
        assert line.startswith("ferrite-lite ")
        with socket.create_connection(("127.0.0.1", port_in(line))) as client:
            client.sendall(b"SET a 1\r\n")
            assert client.recv(100) == b"+OK\r\n"


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_shuts_it_down_cleanly(signal_number: signal.Signals) -> None:
    with (
        running("--port", "0") as (process, line),
        socket.create_connection(("127.0.0.1", port_in(line))) as client,
    ):
        client.sendall(b"SET a 1\r\n")
        client.recv(100)
        process.send_signal(signal_number)
        assert process.wait(timeout=30) == 0
        assert client.recv(100) == b""


def test_it_listens_on_a_unix_socket_too(tmp_path: Path) -> None:
    path = tmp_path / "ferrite.sock"
    with running("--port", "0", "--unixsocket", str(path)) as (_, line):
        assert f"unix://{path}" in line
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"SET a 1\r\n")
            assert client.recv(100) == b"+OK\r\n"


def test_a_password_is_asked_for() -> None:
    with (
        running("--port", "0", "--requirepass", "secret") as (_, line),
        socket.create_connection(("127.0.0.1", port_in(line))) as client,
    ):
        client.sendall(b"GET a\r\n")
        assert client.recv(100) == b"-NOAUTH Authentication required.\r\n"


def test_a_taken_port_is_reported_with_a_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == EXIT_CANNOT_LISTEN
    message = capsys.readouterr().err
    assert f"127.0.0.1:{port}" in message
    assert "--port" in message


def test_an_address_that_strangers_reach_needs_a_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--bind", "0.0.0.0"]) == EXIT_USAGE  # noqa: S104  # refused, as it should be
    assert "--requirepass" in capsys.readouterr().err
