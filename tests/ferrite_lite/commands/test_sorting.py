from __future__ import annotations

import pytest

from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

EMPTY = b"*0\r\n"
WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
SYNTAX_ERROR = b"-ERR syntax error\r\n"
NOT_AN_INTEGER = b"-ERR value is not an integer or out of range\r\n"
NOT_A_SCORE = b"-ERR One or more scores can't be converted into double\r\n"


def elements(reply: bytes) -> str:
    """The elements of an array of strings, ``-`` for each that is missing."""
    found = reply.replace(b"$-1\r\n", b"$1\r\n-\r\n").decode().split("\r\n")[2:-1:2]
    assert len(found) == int(reply[1 : reply.index(b"\r")]), reply
    return " ".join(found)


@pytest.fixture
def players(run: Run) -> None:
    """Four players: a score each in a string, and a name in a hash for three of them."""
    run("SADD", "players", 1, 2, 3, 10)
    run("MSET", "score_1", 40, "score_2", 7.5, "score_3", -1, "score_10", "1e2")
    for number, name in ((1, "zoe"), (2, "Bob"), (10, "ann")):
        run("HSET", f"player_{number}", "name", name)


pytestmark = pytest.mark.usefixtures("players")


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("", "1 2 3 10"),
        ("DESC", "10 3 2 1"),
        ("DESC ASC", "1 2 3 10"),
        ("ALPHA", "1 10 2 3"),
        ("alpha desc", "3 2 10 1"),
        ("LIMIT 1 2", "2 3"),
        ("LIMIT 1 -1", "2 3 10"),
        ("LIMIT -5 2", "1 2"),
        ("LIMIT 2 0", ""),
        ("LIMIT 9 5", ""),
        ("LIMIT 1 9223372036854775807", "2 3 10"),
        ("BY score_*", "3 2 1 10"),
        ("BY score_* DESC LIMIT 0 2", "10 1"),
        ("BY player_*->name ALPHA", "3 2 10 1"),
        ("BY missing_*", "1 10 2 3"),
        ("BY nosort", "1 2 3 10"),
        ("BY nosort LIMIT 1 1", "2"),
        ("GET # GET player_*->name", "1 zoe 2 Bob 3 - 10 ann"),
        ("GET score_* LIMIT 0 2", "40 7.5"),
        ("GET player_* LIMIT 0 1", "-"),
        ("GET score_1 LIMIT 0 1", "-"),
        ("GET player_*->missing LIMIT 0 1", "-"),
    ],
)
@pytest.mark.parametrize("command", ["SORT", "SORT_RO"])
def test_members_come_in_the_order_asked_for(
    run: Run, engine: Engine, command: str, words: str, rows: str
) -> None:
    before = engine.state.databases[0].changes
    assert elements(run(command, "players", *words.split())) == rows
    assert engine.state.databases[0].changes == before


def test_among_equals_the_member_decides(run: Run) -> None:
    run("SADD", "tags", "b", "a", "c")
    run("MSET", "w_a", 1, "w_b", 1, "w_c", 0)
    assert elements(run("SORT", "tags", "BY", "w_*")) == "c a b"
    assert elements(run("SORT", "tags", "BY", "w_*", "DESC")) == "b a c"


@pytest.mark.parametrize("score", ["x", "1x", "nan", "1e999", "0x1p99999", "0x1p-99999"])
def test_a_score_that_is_no_number_is_refused(run: Run, score: str) -> None:
    run("SET", "score_2", score)
    assert run("SORT", "players", "BY", "score_*") == NOT_A_SCORE
    assert elements(run("SORT", "players", "BY", "nosort")) == "1 2 3 10"


def test_words_need_alpha(run: Run) -> None:
    run("SADD", "tags", "b", "a")
    assert run("SORT", "tags") == NOT_A_SCORE
    assert elements(run("SORT", "tags", "ALPHA")) == "a b"


def test_a_missing_key_sorts_as_nothing(run: Run) -> None:
    assert run("SORT", "no") == run("SORT_RO", "no") == EMPTY
    assert run("SORT", "no", "GET", "#", "LIMIT", 0, 5) == EMPTY


def test_what_cannot_be_sorted_is_refused(run: Run) -> None:
    run("SET", "text", "v")
    for key in ("text", "player_1"):
        assert run("SORT", key) == run("SORT_RO", key) == WRONG_TYPE


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("FOO", SYNTAX_ERROR),
        ("LIMIT 1", SYNTAX_ERROR),
        ("BY", SYNTAX_ERROR),
        ("GET", SYNTAX_ERROR),
        ("STORE", SYNTAX_ERROR),
        ("LIMIT x 1", NOT_AN_INTEGER),
        ("LIMIT 1 x", NOT_AN_INTEGER),
    ],
)
def test_bad_options_are_refused_before_the_key_is_looked_at(
    run: Run, words: str, reply: bytes
) -> None:
    run("SET", "text", "v")
    assert run("SORT", "text", *words.split()) == reply


def test_sort_ro_stores_nothing(run: Run) -> None:
    assert run("SORT_RO", "players", "STORE", "d") == SYNTAX_ERROR


def test_a_list_is_stored_in_place_of_what_is_there(
    run: Run, engine: Engine, events: list[str]
) -> None:
    run("SET", "d", "v", "EX", 100)
    before = engine.state.databases[0].changes
    assert run("SORT", "players", "GET", "score_*", "STORE", "d") == b":4\r\n"
    assert elements(run("LRANGE", "d", 0, -1)) == "40 7.5 -1 1e2"
    assert run("TTL", "d") == b":-1\r\n"
    assert engine.state.databases[0].changes == before + 4
    assert events[-1] == "sortstore d"


def test_a_list_sorts_and_keeps_its_own_order_otherwise(run: Run) -> None:
    run("SORT", "players", "DESC", "STORE", "d")
    assert elements(run("SORT", "d")) == "1 2 3 10"
    assert elements(run("SORT", "d", "BY", "nosort")) == "10 3 2 1"
    assert elements(run("SORT", "d", "BY", "nosort", "DESC")) == "1 2 3 10"
    assert run("SORT", "d", "BY", "nosort", "STORE", "d") == b":4\r\n"
    assert elements(run("LRANGE", "d", 0, -1)) == "10 3 2 1"


def test_a_failed_sort_stores_nothing(run: Run) -> None:
    run("SET", "d", "v")
    run("SET", "score_2", "x")
    assert run("SORT", "players", "BY", "score_*", "STORE", "d") == NOT_A_SCORE
    assert run("GET", "d") == b"$1\r\nv\r\n"


def test_storing_nothing_removes_what_is_there(run: Run, events: list[str]) -> None:
    run("SET", "d", "v")
    assert run("SORT", "no", "STORE", "d") == b":0\r\n"
    assert run("EXISTS", "d") == b":0\r\n"
    assert events[-1] == "del d"


def test_the_keys_are_the_first_and_the_last_that_store_names(run: Run) -> None:
    words = "SORT players BY store GET store LIMIT 0 store STORE a store b"
    assert elements(run("COMMAND", "GETKEYS", *words.split())) == "players b"


def test_a_script_gets_an_order_that_does_not_depend_on_the_set(run: Run) -> None:
    run("SADD", "tags", *"hgfedcba")
    text = "return redis.call('SORT', KEYS[1], 'BY', 'nosort')"
    assert elements(run("EVAL", text, 1, "tags")) == "a b c d e f g h"
