"""What the demo prints: steps that passed or failed, colours on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GREEN, RED, BOLD, DIM, PLAIN = "\033[32m", "\033[31m", "\033[1m", "\033[2m", "\033[0m"

#: How much is done, of how much.
Progress = Callable[[int, int], None]


class Console:
    """Counts what went wrong; the exit status follows from it."""

    def __init__(self) -> None:
        self.failures = 0
        self._is_terminal = sys.stdout.isatty()
        # https://no-color.org: set, and not empty.
        self._has_colours = self._is_terminal and not os.environ.get("NO_COLOR")

    def title(self, text: str) -> None:
        print(f"\n{self._in(BOLD, text)}", flush=True)

    def check(self, text: str, passed: bool) -> None:
        """One step: what should be true, and whether it is."""
        if passed:
            print(f"  {self._in(GREEN, 'ok')}  {text}", flush=True)
        else:
            self.failures += 1
            print(f"  {self._in(RED, 'FAILED')}  {text}", flush=True)

    def note(self, text: str) -> None:
        print(f"      {self._in(DIM, text)}", flush=True)

    @contextmanager
    def busy(self, text: str) -> Iterator[Progress]:
        """Say what takes a while and how far it is, and take it back; on a terminal only."""

        def progress(done: int, of: int) -> None:
            percent = 100 * done // of
            if self._is_terminal and percent != 100 * (done - 1) // of:
                print(f"      {self._in(DIM, f'{text} ... {percent} %')}", end="\r", flush=True)

        progress(0, 100)
        yield progress
        if self._is_terminal:
            print("\033[K", end="", flush=True)

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self._has_colours else text
