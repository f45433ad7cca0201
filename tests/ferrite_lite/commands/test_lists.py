from __future__ import annotations

import pytest

from tests.ferrite_lite.conftest import Run

WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"


@pytest.fixture
def letters(run: Run) -> None:
    """A list that SORT made."""
    run("SADD", "s", "c", "a", "b")
    run("SORT", "s", "ALPHA", "STORE", "letters")


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize(
    ("start", "stop", "found"),
    [
        (0, -1, "abc"),
        (1, 1, "b"),
        (-2, -1, "bc"),
        (-9, 1, "ab"),
        (1, 9, "bc"),
        (2, 1, ""),
        (3, 9, ""),
        (0, -4, ""),
    ],
)
def test_a_range_has_both_its_ends(run: Run, start: int, stop: int, found: str) -> None:
    expected = b"*%d\r\n" % len(found) + b"".join(b"$1\r\n%c\r\n" % ord(each) for each in found)
    assert run("LRANGE", "letters", start, stop) == expected


@pytest.mark.usefixtures("letters")
def test_a_list_is_counted_typed_copied_and_deleted(run: Run) -> None:
    assert run("LLEN", "letters") == b":3\r\n"
    assert run("TYPE", "letters") == b"+list\r\n"
    assert run("OBJECT", "ENCODING", "letters") == b"$9\r\nquicklist\r\n"
    assert run("COPY", "letters", "copy") == b":1\r\n"
    assert run("RENAME", "copy", "other") == b"+OK\r\n"
    assert run("DEL", "letters") == b":1\r\n"
    assert run("LLEN", "other") == b":3\r\n"
    assert run("LLEN", "letters") == b":0\r\n"
    assert run("LRANGE", "letters", 0, -1) == b"*0\r\n"


@pytest.mark.usefixtures("letters")
def test_commands_on_other_types_refuse_a_list_and_lists_refuse_them(run: Run) -> None:
    for request in ("GET letters", "HGET letters f", "SADD letters x", "STRLEN letters"):
        assert run(*request.split()) == WRONG_TYPE
    assert run("LLEN", "s") == run("LRANGE", "s", 0, 1) == WRONG_TYPE
    assert run("MGET", "letters") == b"*1\r\n$-1\r\n"
