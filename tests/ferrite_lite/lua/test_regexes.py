"""Patterns as regular expressions match what the patterns match, and take no time to explode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.lua.errors import LuaError
from ferrite_lite.lua.patterns import Capture, Matcher
from ferrite_lite.lua.regexes import QuickMatcher, translate

elements = st.sampled_from(
    [
        b"%d",
        b"%a",
        b"%D",
        b"%s",
        b"[a-c]",
        b"[^,]",
        b"[%d.]",
        b"[]a]",
        b"a",
        b",",
        b".",
        b"%.",
        b"-",
    ]
)
suffixes = st.sampled_from([b"", b"", b"*", b"+", b"?", b"-"])
items = st.one_of(
    st.builds(bytes.__add__, elements, suffixes), st.sampled_from([b"(", b")", b"()", b"$", b"%1"])
)
patterns = st.lists(items, max_size=6).map(b"".join)
subjects = st.text(st.sampled_from("ab1,.- ]"), max_size=12).map(str.encode)


def outcome(
    matcher: Matcher | QuickMatcher, at: int
) -> tuple[int | None, list[Capture]] | type[LuaError]:
    try:
        end = matcher.match(at)
        return end, [] if end is None else list(matcher.captures(at, end, whole=True))
    except LuaError:
        return LuaError


@given(patterns, subjects, st.integers(0, 3))
def test_a_regular_expression_matches_as_its_pattern(
    pattern: bytes, subject: bytes, at: int
) -> None:
    regex = translate(pattern)
    if regex is not None and at <= len(subject):
        assert outcome(QuickMatcher(subject, regex), at) == outcome(Matcher(subject, pattern), at)


@pytest.mark.parametrize(
    "pattern",
    [b"^%d+$", b"^(%d+):(%d+)$", b"(%w+)=(%w+)", b"[^,]+", b"^%-?%d+$", b"%s*()", b"^(%a)(%d*)"],
)
def test_an_ordinary_pattern_becomes_a_regular_expression(pattern: bytes) -> None:
    assert translate(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        *(b"a*a*b", b"%w*%d", b".-,", b"%b()", b"%f[%a]%a+", b"(a)%1", b"a?a?a?a?a?", b".*x"),
        *(b"(", b")", b"(()", b"[a", b"%", b"[%a-z]*a"),
    ],
)
def test_what_may_give_back_or_is_an_error_does_not(pattern: bytes) -> None:
    assert translate(pattern) is None
