"""Whatever a source says, it compiles or is refused, ends, and reaches nothing but Lua's values."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrite_lite.lua.runtime import Table

from .fuzz import WORDS, Escaped, check, look_at, source_of

#: More of them when somebody has the time: ``LUA_FUZZ_EXAMPLES=100000``.
EXAMPLES = int(os.environ.get("LUA_FUZZ_EXAMPLES", "150"))
fuzzing = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@fuzzing
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_no_source_of_lua_s_words_does_what_it_must_not(source: str) -> None:
    check(source.encode())


@fuzzing
@given(st.binary(max_size=60))
def test_no_source_of_bytes_does_what_it_must_not(source: bytes) -> None:
    check(source)


@fuzzing
@given(st.binary(min_size=8, max_size=30))
def test_no_script_with_words_thrown_in_does_what_it_must_not(data: bytes) -> None:
    check(source_of(b"\xff" + data))


def test_a_value_of_python_would_be_found() -> None:
    with pytest.raises(Escaped):
        look_at(Table([1.0, Table([object()])]))
