"""The harness itself: a comparison that cannot find a difference would be worth nothing."""

from __future__ import annotations

import pytest

from tests.support.servers import RealServer

from .replies import normalise, same
from .runner import Exchange, Target, differences, play
from .script import Case, read_cases, read_step


@pytest.fixture
def target(redis_server: RealServer) -> Target:
    return Target("redis", redis_server.host, redis_server.port)


def case(*steps: str) -> Case:
    return Case("harness", "a case", [read_step(step) for step in steps])


# --- the notation ---------------------------------------------------------------------------------


def test_a_name_and_its_steps_are_a_case() -> None:
    first, second = read_cases("group", "One\n    GET k\n\n# why\nTwo\n    # why\n    DEL a b\n")
    assert str(first) == "group: One"
    assert [step.words for step in first.steps] == [[b"GET", b"k"]]
    assert [step.words for step in second.steps] == [[b"DEL", b"a", b"b"]]


def test_a_line_that_is_indented_further_goes_on_with_the_step() -> None:
    (only,) = read_cases("group", "One\n    DEL a\n        b\n        c\n    GET k\n")
    assert [step.words for step in only.steps] == [[b"DEL", b"a", b"b", b"c"], [b"GET", b"k"]]


@pytest.mark.parametrize(
    ("request_line", "words"),
    [
        ("SET k  v", [b"SET", b"k", b"v"]),
        ('ECHO "a b"', [b"ECHO", b"a b"]),
        ('ECHO ""', [b"ECHO", b""]),
        (r'ECHO "\x00\xff\r\n\t\"\\"', [b"ECHO", b'\x00\xff\r\n\t"\\']),
        ('ECHO "ab"*3', [b"ECHO", b"ababab"]),
        (r"KEYS h\*", [b"KEYS", rb"h\*"]),
        ("", []),
    ],
)
def test_words_are_unquoted(request_line: str, words: list[bytes]) -> None:
    assert read_step(request_line).words == words


def test_modifiers_stand_before_the_request() -> None:
    step = read_step("other raw replies=2 after=5> PING")
    assert step.connection == "other"
    assert step.flags == {"other", "raw"}
    assert step.numbers == {"replies": 2, "after": 5}
    assert read_step("PING").connection == "first"


@pytest.mark.parametrize(
    "text",
    ["    GET k\n", "Name without steps\n", 'One\n    GET "k\n', "One\n    unsorted> KEYS *\n"],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"step|quotes|modifier"):
        read_cases("group", text)


# --- what may differ ------------------------------------------------------------------------------

AB = b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"
BA = b"*2\r\n$1\r\nb\r\n$1\r\na\r\n"
PAIRS = b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n0\r\n"
SWAPPED_PAIRS = b"*4\r\n$1\r\nb\r\n$1\r\n0\r\n$1\r\na\r\n$1\r\n1\r\n"
BROKEN_PAIRS = b"*4\r\n$1\r\na\r\n$1\r\n0\r\n$1\r\nb\r\n$1\r\n1\r\n"
CURSOR = b"*2\r\n$1\r\n0\r\n"


@pytest.mark.parametrize(
    ("modifiers", "ours", "theirs", "are_same"),
    [
        ("", AB, AB, True),
        ("", AB, BA, False),
        ("unordered", AB, BA, True),
        ("unordered", AB, b"~" + BA[1:], False),
        ("unordered", AB, b"*2\r\n$1\r\na\r\n$1\r\na\r\n", False),
        ("unordered", b"%2" + PAIRS[2:], b"%2" + SWAPPED_PAIRS[2:], True),
        ("unordered", b"%2" + PAIRS[2:], b"%2" + BROKEN_PAIRS[2:], False),
        ("pairs", PAIRS, SWAPPED_PAIRS, True),
        ("pairs", PAIRS, BROKEN_PAIRS, False),
        ("pairs", b"*2\r\n" + AB + BA, b"*2\r\n" + BA + AB, True),
        ("pairs", b"*2\r\n" + AB + BA, b"*2\r\n" + AB + AB, False),
        ("scan", CURSOR + AB, CURSOR + BA, True),
        ("scan", CURSOR + AB, b"*2\r\n$1\r\n5\r\n" + BA, False),
        ("scan pairs", CURSOR + PAIRS, CURSOR + SWAPPED_PAIRS, True),
        ("scan pairs", CURSOR + PAIRS, CURSOR + BROKEN_PAIRS, False),
        ("near=5", b":100\r\n", b":105\r\n", True),
        ("near=5", b":100\r\n", b":106\r\n", False),
        ("near=5", b":-1\r\n", b"$1\r\n1\r\n", False),
        ("near=5", b":-1\r\n", b":-2\r\n", False),
        ("near=5", b"*2\r\n:9\r\n:-1\r\n", b"*2\r\n:8\r\n:-1\r\n", True),
        ("near=5", b"*2\r\n:9\r\n:-1\r\n", b"*2\r\n:2\r\n:-1\r\n", False),
        ("ids", b"%1\r\n$2\r\nid\r\n:7\r\n", b"%1\r\n$2\r\nid\r\n:12\r\n", True),
        ("ids", b"%1\r\n$2\r\nno\r\n:7\r\n", b"%1\r\n$2\r\nno\r\n:12\r\n", False),
        ("masked", b"*1\r\n$3\r\nid7\r\n", b"*1\r\n$4\r\nid12\r\n", True),
        ("masked", b"+id=7\r\n", b"+fd=7\r\n", False),
        ("shape", AB, b"*2\r\n$3\r\nxyz\r\n$0\r\n\r\n", True),
        ("shape", AB, b"*1\r\n$1\r\na\r\n", False),
        ("shape", b"$1\r\na\r\n", b"$-1\r\n", False),
        ("shape", b"$1\r\na\r\n", b":1\r\n", False),
        ("shape", b"-ERR a\r\n", b"-ERR b\r\n", False),
        ("unordered", b"*2\r\n$1\r\na", b"*2\r\n$1\r\nb", False),
    ],
)
def test_only_what_a_step_lets_differ_may_differ(
    modifiers: str, ours: bytes, theirs: bytes, are_same: bool
) -> None:
    step = read_step(f"{modifiers}> X" if modifiers else "X")
    assert same(step, ours, theirs) is are_same
    assert same(step, theirs, ours) is are_same


def test_bytes_that_are_no_reply_stay_as_they_are() -> None:
    assert normalise(b"HTTP/1.1\r\n", frozenset({"unordered"})) == b"HTTP/1.1\r\n"


# --- playing and comparing ------------------------------------------------------------------------


def test_a_case_plays_on_two_connections_without_data(target: Target) -> None:
    played = play(target, case("DBSIZE", "SELECT 1", "SET k v", "other> EXISTS k"), protocol=2)
    replies = [exchange.reply for exchange in played]
    last_word = b"$11\r\nend-of-case\r\n"
    assert replies == [b":0\r\n", b"+OK\r\n", b"+OK\r\n", b":0\r\n", last_word, last_word]
    assert play(target, case("DBSIZE"), protocol=2)[0].reply == b":0\r\n"


def test_a_case_leaves_no_user_behind(target: Target) -> None:
    play(target, case("ACL SETUSER alice on", "ACL SETUSER default -get"), protocol=2)
    with target.connect(2) as connection:
        assert connection.ask("ACL", "USERS") == b"*1\r\n$7\r\ndefault\r\n"
        assert connection.ask("GET", "k") == b"$-1\r\n"


def test_a_close_is_part_of_the_transcript_and_the_next_step_connects_again(
    target: Target,
) -> None:
    played = play(target, case("closes> QUIT", "PING"), protocol=3)
    assert [(e.reply, e.end) for e in played[:2]] == [(b"+OK\r\n", "closed"), (b"+PONG\r\n", "")]


def test_the_same_bytes_with_another_end_do_not_agree() -> None:
    step = read_step("PING")
    assert not Exchange(step, b"").agrees_with(Exchange(step, b"", "closed"))


def test_a_server_agrees_with_itself(target: Target) -> None:
    assert differences(case("SET k v", "GET k", "HELLO 4"), target, target) == ""


def test_a_difference_shows_both_sides_in_both_protocols(
    target: Target, valkey_server: RealServer
) -> None:
    valkey = Target("valkey", valkey_server.host, valkey_server.port)
    shown = differences(case("PING", "HEXPIRE k 1 FIELDS 1 f"), target, valkey)
    assert "[RESP2]" in shown
    assert "[RESP3]" in shown
    assert "  !! HEXPIRE k 1 FIELDS 1 f\n       redis   -ERR unknown command" in shown
    assert "     PING\n" in shown


@pytest.mark.parametrize(
    "wrong", [case("replies=0> PING"), case("raw> PING"), case("raw replies=0> PING", "GET k")]
)
def test_a_case_that_miscounts_the_replies_is_refused(target: Target, wrong: Case) -> None:
    with pytest.raises(AssertionError, match="harness: a case"):
        differences(wrong, target, target)
