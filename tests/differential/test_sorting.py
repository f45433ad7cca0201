"""SORT with any options, on sets of numbers and on lists, here and on redis-server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.wire import RawConnection, Word

from .runner import Target

#: What a weight may be. Numbers that are out of range stay out: redis-server 7.0 goes on refusing
#: scores after one, until something clears ``errno``.
WEIGHTS = [
    *("1", "2", "10", "-3", "0", "1.5", "1e3", "0x1p3", "inf", "-inf", "nan", " 7", "7 ", "0x", ""),
    *("infinity", "abc", "+5", ".5", "5.", "1e", "0x.8", "2.2250738585072014e-308", "1_0", "-0"),
]
MEMBERS = [-50, -7, -1, 0, 3, 8, 12, 100]
WORDS = [
    *("BY w_*", "BY h_*->f", "BY nosort", "BY w_*->", "BY *", "by", "BY store"),
    *("GET #", "GET w_*", "get h_*->f", "GET h_*->", "GET *->f", "GET x", "GET", "GET limit"),
    *("LIMIT 0 2", "LIMIT 1 -1", "LIMIT -1 2", "LIMIT 2 0", "LIMIT 1", "LIMIT a 1", "limit 5 5"),
    *("ASC", "DESC", "ALPHA", "STORE d", "store by", "STORE", "FOO"),
]
requests = st.builds(
    "{0} {1} {2}".format,
    st.sampled_from(["SORT", "SORT", "SORT_RO"]),
    st.sampled_from(["numbers", "list", "missing"]),
    st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join),
)
weights = st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(WEIGHTS))


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
def sides(
    request: pytest.FixtureRequest, reference: Target, subject: Target
) -> Iterator[list[RawConnection]]:
    with reference.connect(request.param) as theirs, subject.connect(request.param) as ours:
        yield [theirs, ours]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(strings=weights, fields=weights, sorts=st.lists(requests, max_size=8))
def test_any_sort_is_redis_s(
    sides: list[RawConnection], strings: dict[int, str], fields: dict[int, str], sorts: list[str]
) -> None:
    def agree(*words: Word) -> None:
        theirs, ours = (side.ask(*words) for side in sides)
        assert ours == theirs, words

    agree("FLUSHALL")
    agree("SADD", "numbers", *MEMBERS)
    agree("SORT", "numbers", "ALPHA", "STORE", "list")
    for member, weight in strings.items():
        agree("SET", f"w_{member}", weight)
    for member, weight in fields.items():
        agree("HSET", f"h_{member}", "f", weight)
    for words in map(str.split, sorts):
        if is_told(words):
            agree(*words)
            agree("COMMAND", "GETKEYS", *words)
            agree("DUMP", "d")


def is_told(words: list[str]) -> bool:
    """Whether the order follows from the request.

    Redis sorts only as far as LIMIT asks, which leaves elements with the same text in disorder.
    """
    options = {word.lower() for word in words}
    return not {"by", "limit", "alpha"} <= options
