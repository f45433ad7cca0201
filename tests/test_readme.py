"""The README's examples do what they say."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

from tests.support import served

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
