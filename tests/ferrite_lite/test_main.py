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


@pytest.mark.parametrize("argv", [["--help"], ["run", "--help"]], ids=" ".join)
def test_help_lists_every_option(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(argv)
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert all(option in shown for option in ("--config", "--port", "--set", "--version"))


def test_another_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["serve"])
    assert exit_.value.code == EXIT_USAGE
    assert "'serve'" in capsys.readouterr().err


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


def test_a_path_that_cannot_be_listened_on_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--unixsocket", "/no/such/socket"]) == EXIT_CANNOT_LISTEN
    message = capsys.readouterr().err
    assert message == (
        "ferrite-lite: cannot listen on /no/such/socket: No such file or directory.\n"
    )


def test_an_address_of_another_machine_is_reported_without_talk_of_ports(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--port", "0", "--bind", "192.0.2.1", "--unprotected"]) == EXIT_CANNOT_LISTEN
    assert capsys.readouterr().err == (
        "ferrite-lite: cannot listen on 192.0.2.1:0: Cannot assign requested address.\n"
    )


def test_a_server_must_listen_somewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--set", "bind="]) == EXIT_USAGE
    assert "nowhere to listen" in capsys.readouterr().err


def test_settings_of_the_environment_stand_between_the_file_s_and_the_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "server.conf"
    file.write_text("port 1\ndatabases 7\nloglevel debug\n")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "FERRITE_PORT": "2",
        "FERRITE_DATABASES": "3",
        "FERRITE_LOG_LEVEL": "warn",
        "FERRITE_DATA_DIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["--config", str(file), "--port", "4", "--dump-config"]) == 0
    dumped = capsys.readouterr().out.splitlines()
    assert {"port 4", "databases 3", "loglevel warning", f'dir "{tmp_path}"'} <= {*dumped}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("FERRITE_PROT", "1", "there is no such variable; those there are: FERRITE_PORT,"),
        ("FERRITE_PORT", "x", "couldn't be parsed into an integer"),
        ("FERRITE_LOG_LEVEL", "loud", "it must be one of trace, debug,"),
        ("FERRITE_METRICS_PORT", "9090", "there is no endpoint for metrics"),
    ],
)
def test_a_variable_that_would_not_be_obeyed_is_refused(
    name: str,
    value: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["--test-config"]) == EXIT_USAGE
    message = capsys.readouterr().err
    assert message.startswith("ferrite-lite: the environment: ")
    assert why in message
    assert message.endswith(f">>> {name}={value}\n")


def test_settings_that_are_printed_can_be_read_again_but_for_passwords(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--set", "maxmemory=100mb", "--requirepass", "secret", "--dump-config"]) == 0
    dumped = capsys.readouterr().out
    assert "maxmemory 100mb\n" in dumped
    assert "# requirepass ...\n" in dumped
    assert "secret" not in dumped
    file = tmp_path / "server.conf"
    file.write_text(dumped)
    assert main(["--config", str(file), "--dump-config"]) == 0
    assert capsys.readouterr().out == dumped.replace("# requirepass ...\n", "")


def test_an_address_that_strangers_reach_needs_a_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--bind", "0.0.0.0"]) == EXIT_USAGE  # noqa: S104  # refused, as it should be
    assert "--requirepass" in capsys.readouterr().err


def test_a_file_tells_the_settings_and_options_override_it(tmp_path: Path) -> None:
    file = tmp_path / "server.conf"
    file.write_text("port 1\nmaxclients 77\ntimeout 5\nuser alice on >pw ~* +@all\n")
    options = ("--config", str(file), "--port", "0", "--set", "timeout=9")
    with (
        running(*options) as (_, line),
        socket.create_connection(("127.0.0.1", port_in(line))) as client,
    ):
        client.sendall(b"CONFIG GET maxclients\r\nCONFIG GET timeout\r\nAUTH alice pw\r\n")
        answers = b""
        while not answers.endswith(b"+OK\r\n"):
            answers += client.recv(1000)
    assert b"\r\n77\r\n" in answers
    assert b"\r\n9\r\n" in answers


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nosuch 1\n", "line 1: there is no such setting"),
        ("user bob >pw\nuser alice +nosuch\n", "line 2: Error in applying operation '+nosuch'"),
        ("user bob on\n\nuser bob off\n", "line 3: Duplicate user found"),
        ("aclfile a.acl\nuser alice on\n", "line 2: users are defined in the aclfile"),
        ("aclfile /nosuch.acl\n", "No such file"),
        ("protected-mode no\nbind *\nport x\n", "line 3"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(
    text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "server.conf"
    file.write_text(text)
    assert main(["--config", str(file)]) == EXIT_USAGE
    assert why in capsys.readouterr().err


def test_settings_can_be_tried_without_a_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "server.conf"
    file.write_text("bind * -::*\nprotected-mode no\n")
    assert main(["--config", str(file), "--test-config"]) == 0
    assert str(file) in capsys.readouterr().out


def test_users_of_an_acl_file_are_there_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "users.acl").write_text("user default off\nuser alice on nopass ~* +@all\n")
    file = tmp_path / "server.conf"
    file.write_text(f"aclfile {tmp_path / 'users.acl'}\npidfile {tmp_path / 'pid'}\n")
    with (
        running("-c", str(file), "-p", "0") as (process, line),
        socket.create_connection(("127.0.0.1", port_in(line))) as client,
    ):
        assert (tmp_path / "pid").read_text() == f"{process.pid}\n"
        client.sendall(b"AUTH alice any\r\n")
        assert client.recv(100) == b"+OK\r\n"
        client.sendall(b"SHUTDOWN\r\n")
        assert client.recv(100) == b""
        assert process.wait(timeout=30) == 0
    assert not (tmp_path / "pid").exists()


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--port={port}"])
    assert "a port is a number from 0 to 65535" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", "/nowhere.conf"]) == EXIT_USAGE
    assert capsys.readouterr().err == (
        "ferrite-lite: cannot read /nowhere.conf: No such file or directory\n"
    )
