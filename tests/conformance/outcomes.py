"""What a suite said of one server, and what two servers' outcomes say when laid side by side."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from tests.support.servers import RealServer


@dataclass(frozen=True)
class Outcome:
    """One test on one server. ``commands`` are the names it sent, in lower case."""

    passed: bool
    commands: frozenset[str] = frozenset()
    #: The end of what the test said, for one that did not pass.
    reason: str = ""


Outcomes = dict[str, Outcome]
#: Told after each test, so that long work shows that it goes on.
Tick = Callable[[], None]


@dataclass(frozen=True)
class Suite:
    """A part of an outside suite, which runs on one server at a time.

    ``run`` takes the names to run, or None for all of them.
    """

    name: str
    run: Callable[[RealServer, frozenset[str] | None, Tick], Outcomes]


@dataclass
class Verdict:
    """A suite on both servers. Only tests that pass on the reference count."""

    suite: str
    reference_passed: int = 0
    subject_passed: int = 0
    #: Tests in our groups that pass on the reference alone, and what they said here.
    missing: dict[str, str] = field(default_factory=dict)
    #: Tests that are named in exceptions.py, of those that would be missing.
    excused: int = 0
    #: Tests that need what ferrite_lite does not serve, by design.
    foreign: int = 0
    #: How many were missing once, and passed when they were asked again.
    unsteady: int = 0


def compare(
    suite: str, reference: Outcomes, subject: Outcomes, foreign_commands: frozenset[str]
) -> Verdict:
    verdict = Verdict(suite)
    for name, theirs in reference.items():
        if not theirs.passed:
            continue
        ours = subject.get(name, Outcome(False, reason="did not run"))
        if (theirs.commands | ours.commands) & foreign_commands:
            verdict.foreign += 1
            continue
        verdict.reference_passed += 1
        verdict.subject_passed += ours.passed
        if not ours.passed:
            verdict.missing[name] = ours.reason
    return verdict


def excuse(verdict: Verdict, patterns: Iterable[str]) -> Verdict:
    """The verdict without what a list of names, with wildcards, excuses."""
    patterns = list(patterns)
    excused = {
        name
        for name in verdict.missing
        if any(fnmatch.fnmatchcase(f"{verdict.suite}: {name}", pattern) for pattern in patterns)
    }
    return replace(
        verdict,
        missing={name: said for name, said in verdict.missing.items() if name not in excused},
        excused=len(excused),
    )


def steady(verdict: Verdict, reference: Outcomes, subject: Outcomes) -> Verdict:
    """The verdict after what was missing has been asked again.

    A test that now passes here, or fails there, does not tell the two servers apart.
    """
    kept = dict(_still_missing(verdict, reference, subject))
    recovered = sum(subject.get(name, Outcome(False)).passed for name in verdict.missing)
    dropped = len(verdict.missing) - len(kept) - recovered
    return replace(
        verdict,
        reference_passed=verdict.reference_passed - dropped,
        subject_passed=verdict.subject_passed + recovered,
        missing=kept,
        unsteady=recovered + dropped,
    )


def _still_missing(
    verdict: Verdict, reference: Outcomes, subject: Outcomes
) -> Iterator[tuple[str, str]]:
    for name, reason in verdict.missing.items():
        passes_there = reference.get(name, Outcome(True)).passed
        passes_here = subject.get(name, Outcome(False)).passed
        if passes_there and not passes_here:
            yield name, subject[name].reason if name in subject else reason
