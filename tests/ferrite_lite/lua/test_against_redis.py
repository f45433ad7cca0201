"""What a script answers, byte for byte, here and on the real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrite_lite import Engine
from ferrite_lite.lua import parser
from ferrite_lite.resp import encode
from tests.support.servers import RealServer
from tests.support.wire import RawConnection

from . import generated, names
from .snippets import ALL

SNIPPETS = [
    pytest.param(source, id=f"{group}: {source}") for group, all_ in ALL.items() for source in all_
]


@pytest.fixture
def reference(redis_server: RealServer) -> Iterator[RawConnection]:
    redis_server.flush()
    with redis_server.connect() as connection:
        connection.ask("SCRIPT", "FLUSH")  # what a script chose of cjson stays chosen in Redis
        yield connection


def answer(source: str | bytes) -> bytes:
    """EVAL on a fresh engine, with one key and one argument."""
    engine = Engine()
    text = source if isinstance(source, bytes) else source.encode()
    return encode(engine.execute(engine.connect(), [b"EVAL", text, b"1", b"k1", b"a1"]))


@pytest.mark.parametrize("source", SNIPPETS)
def test_a_snippet_is_answered_as_redis_does(reference: RawConnection, source: str) -> None:
    assert answer(source) == reference.ask("EVAL", source, 1, "k1", "a1")


# --- generated expressions ------------------------------------------------------------------------

atoms = st.sampled_from(
    [
        *("0", "1", "-1", "2", "3.5", "0.1", "1e15", "1e300", "-0", "10", "'10'", "'0x10'"),
        *("' 5 '", "'a'", "''", "nil", "true", "false", "{}", "#'abc'", "ARGV[1]", "KEYS[1]"),
    ]
)
operators = st.sampled_from(
    ["+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or"]
)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("{} {} {}".format, inner, operators, inner),
        st.builds("not {}".format, inner),
        st.builds("(-{})".format, inner),
    )


expressions = st.recursive(atoms, _compound, max_leaves=6)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(expressions)
def test_an_expression_is_worth_what_it_is_in_redis(
    reference: RawConnection, expression: str
) -> None:
    # Which of two NaNs lends its sign to a result is the choice of the C compiler.
    text = "(string.gsub(tostring(v), '%-nan', 'nan'))"
    source = f"local v = {expression} if type(v) == 'table' then v = 't' end return {text}"
    assert answer(source) == reference.ask("EVAL", source, 1, "k1", "a1")


# --- generated scripts ----------------------------------------------------------------------------


def test_a_made_up_script_does_what_it_does_in_redis(redis_server: RealServer) -> None:
    """A sample; ``python -m tests.ferrite_lite.lua.generated 50000`` runs more."""
    assert generated.differences(redis_server, range(1, 300)) == []


def test_a_made_up_script_does_the_same_when_its_blocks_are_functions_of_their_own(
    redis_server: RealServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parser, "MAX_BLOCKS", 1)
    assert generated.differences(redis_server, range(300, 400)) == []


def test_an_error_names_what_lua_thinks_that_a_value_came_from(redis_server: RealServer) -> None:
    """A sample; ``python -m tests.ferrite_lite.lua.names 10000`` runs more."""
    assert names.differences(redis_server, range(150)) == []
