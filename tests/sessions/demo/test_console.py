"""The console is as useful in a file as on a terminal."""

from __future__ import annotations

import sys

import pytest

from sessions.demo.console import Console


def told(console: Console) -> None:
    console.title("Signing in")
    with console.busy("creating") as progress:
        for done in range(1, 401):
            progress(done, 400)
    console.check("a token opens its session", passed=True)
    console.check("another one does not", passed=False)


def test_a_file_gets_plain_text_and_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    told(console)
    assert capsys.readouterr().out == (
        "\nSigning in\n  ok  a token opens its session\n  FAILED  another one does not\n"
    )
    assert console.failures == 1


def test_a_terminal_gets_colours_and_each_percent_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    told(Console())
    shown = capsys.readouterr().out
    assert "\033[32mok\033[0m" in shown
    assert [shown.count(f"... {percent} %") for percent in range(101)] == [1] * 101


def test_no_color_is_heeded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    told(Console())
    assert "\033[32m" not in capsys.readouterr().out
