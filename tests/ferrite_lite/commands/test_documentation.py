from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest

from ferrite_lite import commands as package
from ferrite_lite.commands import TABLE
from ferrite_lite.config import Config
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

FILE: dict[str, Any] = tomllib.loads(
    files(package).joinpath("documentation.toml").read_text("utf-8")
)


def test_the_file_names_commands_that_there_are() -> None:
    assert [name for name in FILE if name != "help" and TABLE.lookup(name.encode()) is None] == []


def test_the_file_has_the_help_of_each_container_that_gives_some_and_of_debug() -> None:
    helpful = {command.name for command in TABLE.commands() if b"help" in command.subcommands}
    assert FILE["help"].keys() == helpful | {"debug"}


def test_what_is_newer_than_redis_7_0_tells_its_docstring(run: Run) -> None:
    reply = run("COMMAND", "DOCS", "hgetdel")
    assert b"Remove fields, and return the values they had." in reply
    assert b"complexity\r\n$36\r\nO(N) where N is the number of fields" in reply


def test_versions_of_single_arguments_are_told(run3: Run) -> None:
    reply = run3("COMMAND", "DOCS", "scan")
    assert b"$5\r\ntoken\r\n$4\r\nTYPE\r\n$5\r\nsince\r\n$5\r\n6.0.0\r\n" in reply


@pytest.mark.parametrize("name", ["config", "Settings"])
def test_help_calls_a_container_by_the_name_it_has_been_asked_by(name: str) -> None:
    engine = Engine(config=Config(renamed_commands=[(b"latency", b"Settings")]))
    reply = engine.execute(engine.connect(), [name.encode(), b"HELP"])
    assert isinstance(reply, list)
    assert reply[0] == b"%b <subcommand> [<arg> [value] [opt] ...]. Subcommands are:" % (
        name.upper().encode()
    )
