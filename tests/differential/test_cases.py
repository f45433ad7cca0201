"""Every case, played to a real server and to ferrite_lite, in RESP2 and in RESP3."""

from __future__ import annotations

import collections

import pytest

from .cases import CASES, NEWER_CASES
from .exceptions import EXCEPTIONS
from .runner import Target, differences
from .script import Case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_byte_is_redis_s(case: Case, reference: Target, subject: Target) -> None:
    _expect_the_same(case, reference, subject)


@pytest.mark.parametrize("case", NEWER_CASES, ids=str)
def test_every_byte_of_what_is_newer_is_valkey_s(
    case: Case, newer_reference: Target, subject: Target
) -> None:
    if subject.name == "redis-server":
        pytest.skip("Redis 7.0 has none of it")
    _expect_the_same(case, newer_reference, subject)


def _expect_the_same(case: Case, reference: Target, subject: Target) -> None:
    transcripts = differences(case, reference, subject)
    if case.name in EXCEPTIONS:
        differs = transcripts or subject.name != "ferrite_lite"
        assert differs, "no difference any more: take the case out of exceptions.py"
    elif transcripts:
        pytest.fail(transcripts, pytrace=False)


def test_every_case_has_a_name_of_its_own() -> None:
    counts = collections.Counter(case.name for case in CASES + NEWER_CASES)
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_exception_names_a_case_and_a_reason() -> None:
    assert EXCEPTIONS.keys() <= {case.name for case in CASES + NEWER_CASES}
    assert all(EXCEPTIONS.values())
