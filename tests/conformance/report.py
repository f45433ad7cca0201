"""What the runner prints: progress, one table, and the list of what is missing."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from .outcomes import Verdict

#: Without a terminal, a line this often shows that the work goes on.
_QUIET_SECONDS = 30.0
_RED, _GREEN, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[0m"
_COLUMNS = ("suite", "redis-server passed", "ferrite_lite passed", "missing", "excused", "not ours")


@dataclass
class Progress:
    """Counts tests that have ended, on all servers together, and says so now and then."""

    started_s: float = field(default_factory=time.monotonic)
    ended: int = 0
    _said_s: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def tick(self) -> None:
        with self._lock:
            self.ended += 1
            passed_s = time.monotonic() - self.started_s
            pause_s = 0.2 if sys.stdout.isatty() else _QUIET_SECONDS
            if passed_s - self._said_s >= pause_s:
                self._said_s = passed_s
                end = "\r" if sys.stdout.isatty() else "\n"
                print(f"  {self.ended} tests in {passed_s:.0f} s", end=end, flush=True)

    def say(self, text: str) -> None:
        with self._lock:
            print(f"{text:60}", flush=True)


def show(verdicts: Sequence[Verdict]) -> None:
    rows = [_row(verdict) for verdict in verdicts]
    total = Verdict("sum")
    for verdict in verdicts:
        total.reference_passed += verdict.reference_passed
        total.subject_passed += verdict.subject_passed
        total.missing |= {
            f"{verdict.suite}: {name}": said for name, said in verdict.missing.items()
        }
        total.excused += verdict.excused
        total.foreign += verdict.foreign
    print()
    for row in (_COLUMNS, ("---", "---:", "---:", "---:", "---:", "---:"), *rows, _row(total)):
        print("| " + " | ".join(row) + " |")
    unsteady = sum(verdict.unsteady for verdict in verdicts)
    if unsteady:
        print(f"\n{unsteady} failed once and then did not: they are not counted as missing.")
    if total.missing:
        print(f"\n{_coloured(_RED, 'Pass on redis-server and not here:')}")
        for name, said in total.missing.items():
            print(f"  {name}\n      {said}")
    else:
        print(f"\n{_coloured(_GREEN, 'Nothing passes on redis-server and not here.')}")


def _row(verdict: Verdict) -> tuple[str, ...]:
    passed = (verdict.reference_passed, verdict.subject_passed)
    numbers = (*passed, len(verdict.missing), verdict.excused, verdict.foreign)
    return (verdict.suite, *(f"{number:,}" for number in numbers))


def _coloured(colour: str, text: str) -> str:
    return f"{colour}{text}{_PLAIN}" if sys.stdout.isatty() else text
