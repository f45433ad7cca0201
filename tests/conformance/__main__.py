"""``python -m tests.conformance``: test suites written by others, on redis-server and ferrite_lite.

The exit status is 1 if a test of our command groups passes on redis-server only.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.servers import CannotStart, RealServer, ferrite_lite, redis_server

from . import cts, redis_py, report, tcl
from .exceptions import EXCEPTIONS
from .outcomes import Outcomes, Suite, Verdict, compare, excuse, steady
from .scope import foreign_commands

#: Most tests wait for a server or for time, so there may be more jobs than cores.
_JOBS = 4
#: What the suites need of redis-server: they call DEBUG from the same machine.
_REFERENCE_OPTIONS = ("--enable-debug-command", "local")


def main() -> int:
    options = _read_options()
    suites = _chosen(options)
    progress = report.Progress()
    try:
        with redis_server(*_REFERENCE_OPTIONS) as reference:
            foreign = foreign_commands(reference)
    except CannotStart as problem:
        print(f"conformance: {problem} (Debian 12: apt-get install redis-server)")
        return 2
    runner = _Runner(progress, foreign)
    with ThreadPoolExecutor(options.jobs) as pool:
        verdicts = list(pool.map(runner.judge, suites))
    report.show(verdicts)
    return 1 if any(verdict.missing for verdict in verdicts) else 0


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("suites", nargs="*", help="run those whose name has one of these words")
    parser.add_argument("-k", dest="keyword", default="", help="redis-py: as pytest's -k")
    parser.add_argument("--jobs", type=int, default=_JOBS, help="suites at a time (%(default)s)")
    parser.add_argument(
        "--cts", type=Path, default=cts.DEFAULT_PATH, help="the file with the compatibility cases"
    )
    parser.add_argument("--tcl", type=Path, help="sources of Redis 7.0, whose Tcl files to run too")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> list[Suite]:
    suites: list[Suite] = []
    try:
        suites += redis_py.suites(options.keyword)
    except redis_py.CannotFetch as problem:
        print(f"conformance: redis-py's tests are left out: {problem}")
    if options.cts.is_file():
        suites += cts.suites(options.cts)
    else:
        print(f"conformance: the compatibility cases are left out: no file {options.cts}")
    if options.tcl is not None and shutil.which("tclsh") is None:
        print("conformance: the Tcl files are left out: tclsh is not installed")
    elif options.tcl is not None:
        suites += tcl.suites(options.tcl)
    words = options.suites
    return [suite for suite in suites if not words or any(word in suite.name for word in words)]


class _Runner:
    """Runs a suite on a fresh server of each kind."""

    def __init__(self, progress: report.Progress, foreign: frozenset[str]) -> None:
        self._progress = progress
        self._foreign = foreign

    def judge(self, suite: Suite) -> Verdict:
        """Compare both outcomes; a test that is missing is run once more before it counts."""
        reference, subject = self._on_reference(suite), self._on_subject(suite)
        verdict = compare(suite.name, reference, subject, self._foreign)
        if verdict.missing:
            again = frozenset(verdict.missing)
            verdict = steady(
                verdict, self._on_reference(suite, again), self._on_subject(suite, again)
            )
        return excuse(verdict, EXCEPTIONS)

    def _on_reference(self, suite: Suite, names: frozenset[str] | None = None) -> Outcomes:
        with redis_server(*_REFERENCE_OPTIONS) as server:
            return self._timed("redis-server", suite, server, names)

    def _on_subject(self, suite: Suite, names: frozenset[str] | None = None) -> Outcomes:
        with ferrite_lite() as server:
            return self._timed("ferrite_lite", suite, server, names)

    def _timed(
        self, target: str, suite: Suite, server: RealServer, names: frozenset[str] | None
    ) -> Outcomes:
        started_s = time.monotonic()
        outcomes = suite.run(server, names, self._progress.tick)
        passed = sum(outcome.passed for outcome in outcomes.values())
        self._progress.say(
            f"  {suite.name} on {target}: {passed} of {len(outcomes)} passed"
            f" ({time.monotonic() - started_s:.0f} s)"
        )
        return outcomes


if __name__ == "__main__":
    sys.exit(main())
