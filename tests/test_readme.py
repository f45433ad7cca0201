"""The README's examples do what they say."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from sessions.asgi import App
from tests.sessions import test_commands
from tests.support import served
from tests.support.asgi import Browser

README = Path(__file__).parent.parent / "README.md"


def test_the_examples_of_the_readme_run() -> None:
    # In an interpreter of their own: they start event loops.
    shown = subprocess.run(
        [sys.executable, "-W", "error", "-m", "doctest", str(README)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert len(doctest.DocTestParser().get_examples(README.read_text())) >= 6


def application_with(text: str) -> App:
    """The application in that block of the README which has this text."""
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if text in block]
    names: dict[str, Any] = {}
    exec(compile(block, str(README), "exec"), names)  # noqa: S102  # our own page
    app: App = names["app"]
    return app


async def test_the_fastapi_application_of_the_readme_signs_people_in() -> None:
    async with Browser(application_with("app = FastAPI()")) as browser:
        assert (await browser.get("/hello")).status_code == 401
        wrong = {"username": "alice", "password": "underland"}
        assert (await browser.post("/login", json=wrong)).status_code == 401
        await browser.post("/login", json={**wrong, "password": "wonderland"})
        assert (await browser.get("/hello")).json() == "hello alice"
        (device,) = (await browser.get("/sessions")).json()
        assert device["is_current"]
        assert (await browser.post("/logout")).json() == {"destroyed": 1}
        assert (await browser.get("/hello")).status_code == 401


async def test_the_starlette_application_of_the_readme_keeps_a_cart() -> None:
    async with Browser(application_with("app = Starlette(")) as browser:
        assert [(await browser.get("/cart")).json() for _ in range(2)] == [["tea"], ["tea", "tea"]]


def test_every_file_that_the_readme_names_is_there() -> None:
    for name in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        assert (README.parent / name).exists(), name


def test_the_table_of_what_is_served_is_what_the_declarations_say() -> None:
    text = README.read_text()
    assert text == served.in_readme(served.render(), text), "python -m tests.support.served"
    assert served.render() in text


def test_nothing_is_called_served_and_not_served() -> None:
    for group in served.GROUPS:
        names = {command.name.replace("|", " ").upper() for command in served.served(group)}
        assert not names & set(served.unserved_names(group))


def test_every_test_that_the_table_of_requirements_names_is_there() -> None:
    named = set(re.findall(r"^\| [\d., to]+ \|.*\| (`.*`) \|$", README.read_text(), re.MULTILINE))
    names = {name for cell in named for name in re.findall(r"`(\w+)`", cell)}
    defined = {
        name
        for path in Path(__file__).parent.rglob("test_*.py")
        for name in re.findall(r"def test_(\w+)\(", path.read_text())
    }
    assert len(names) > 50
    assert names <= defined, names - defined


def test_the_table_of_what_an_operation_sends_is_the_one_that_is_counted() -> None:
    assert test_commands.render().strip() in README.read_text()
