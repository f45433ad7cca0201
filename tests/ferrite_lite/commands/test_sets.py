from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.commands.choosing import MAX_REPEATED_CHOICES
from ferrite_lite.data.values import Set
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run

WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
SYNTAX_ERROR = b"-ERR syntax error\r\n"
NOT_AN_INTEGER = b"-ERR value is not an integer or out of range\r\n"
OUT_OF_RANGE = b"-ERR value is out of range\r\n"
NOT_POSITIVE = b"-ERR value is out of range, must be positive\r\n"
NIL = b"$-1\r\n"
EMPTY = b"*0\r\n"


def elements(reply: bytes) -> list[str]:
    """The strings of an array or a set of strings without line ends."""
    assert reply[:1] in (b"*", b"~")
    found = reply.decode().split("\r\n")[2:-1:2]
    assert len(found) == int(reply[1 : reply.index(b"\r")])
    return found


def changes(engine: Engine) -> int:
    return engine.state.databases[0].changes


@pytest.fixture
def text(run: Run) -> str:
    """A key that holds no set."""
    run("SET", "text", "v")
    return "text"


# --- members --------------------------------------------------------------------------------------


def test_sadd_counts_what_is_new(run: Run, engine: Engine, events: list[str]) -> None:
    assert run("SADD", "tags", "a", "b", "a") == b":2\r\n"
    assert run("SADD", "tags", "b") == b":0\r\n"
    assert (events, changes(engine)) == (["sadd tags"], 2)


def test_srem_counts_what_was_there(run: Run, engine: Engine, events: list[str]) -> None:
    run("SADD", "tags", "a", "b")
    assert run("SREM", "tags", "a", "missing", "a") == b":1\r\n"
    assert run("SREM", "tags", "missing") == b":0\r\n"
    assert run("SREM", "tags", "b") == b":1\r\n"
    assert run("SREM", "tags", "b") == b":0\r\n"
    assert events == ["sadd tags", "srem tags", "srem tags", "del tags"]
    assert changes(engine) == 4


def test_a_set_knows_its_members(run: Run) -> None:
    run("SADD", "tags", "a", "1")
    assert run("SISMEMBER", "tags", "a") == b":1\r\n"
    assert run("SISMEMBER", "tags", "01") == b":0\r\n"
    assert run("SMISMEMBER", "tags", "1", "x", "a", "a") == b"*4\r\n:1\r\n:0\r\n:1\r\n:1\r\n"
    assert run("SCARD", "tags") == b":2\r\n"


def test_a_missing_key_is_an_empty_set(run: Run, run3: Run) -> None:
    assert run("SISMEMBER", "no", "a") == run("SCARD", "no") == b":0\r\n"
    assert run("SMISMEMBER", "no", "a", "b") == b"*2\r\n:0\r\n:0\r\n"
    assert run("SMEMBERS", "no") == EMPTY
    assert run3("SMEMBERS", "no") == b"~0\r\n"


@pytest.mark.parametrize(
    "request_line",
    [
        *("SADD text a", "SREM text a", "SISMEMBER text a", "SMISMEMBER text a", "SCARD text"),
        *("SMEMBERS text", "SSCAN text 0", "SPOP text", "SPOP text 0", "SRANDMEMBER text"),
        *("SRANDMEMBER text 0", "SINTER no text", "SUNION no text", "SDIFF no text"),
        *("SINTERSTORE d no text", "SUNIONSTORE d no text", "SDIFFSTORE d no text"),
        *("SINTERCARD 2 no text", "SMOVE text no a", "SMOVE tags text missing"),
    ],
)
def test_a_key_of_another_type_is_refused_and_nothing_is_left_behind(
    run: Run, text: str, request_line: str
) -> None:
    run("SADD", "tags", "a")
    assert run(*request_line.split()) == WRONG_TYPE
    assert run("EXISTS", "d", "no") == b":0\r\n"
    assert run("GET", text) == b"$1\r\nv\r\n"


def test_a_set_keeps_its_deadline_and_a_new_one_has_none(run: Run, clock: ManualClock) -> None:
    run("SADD", "tags", "a")
    run("PEXPIRE", "tags", 100)
    run("SADD", "tags", "b")
    clock.advance(ms=100)
    assert run("SCARD", "tags") == b":2\r\n"
    clock.advance(ms=1)
    assert run("SADD", "tags", "b") == b":1\r\n"
    assert run("PTTL", "tags") == b":-1\r\n"


# --- moving ---------------------------------------------------------------------------------------


def test_smove_takes_a_member_along(run: Run, engine: Engine, events: list[str]) -> None:
    run("SADD", "a", "x")
    assert run("SMOVE", "a", "b", "x") == b":1\r\n"
    assert run("SMEMBERS", "b") == b"*1\r\n$1\r\nx\r\n"
    assert events == ["sadd a", "srem a", "del a", "sadd b"]
    assert changes(engine) == 3


def test_smove_of_a_member_that_is_there_already_is_one_change(run: Run, engine: Engine) -> None:
    run("SADD", "a", "x", "y")
    run("SADD", "b", "x")
    before = changes(engine)
    assert run("SMOVE", "a", "b", "x") == b":1\r\n"
    assert changes(engine) == before + 1


def test_smove_to_the_same_set_changes_nothing(run: Run, engine: Engine) -> None:
    run("SADD", "a", "x")
    assert run("SMOVE", "a", "a", "x") == b":1\r\n"
    assert run("SMOVE", "a", "a", "y") == b":0\r\n"
    assert changes(engine) == 1


def test_smove_from_a_missing_key_does_not_look_at_the_destination(run: Run, text: str) -> None:
    assert run("SMOVE", "no", text, "x") == b":0\r\n"


# --- the whole set --------------------------------------------------------------------------------


def test_members_are_told_as_a_set(run: Run, run3: Run) -> None:
    run("SADD", "tags", "b", "a")
    assert sorted(elements(run("SMEMBERS", "tags"))) == ["a", "b"]
    assert run3("SMEMBERS", "tags").startswith(b"~2\r\n")


def test_integers_are_told_in_order_until_something_else_comes(run: Run, run3: Run) -> None:
    run("SADD", "n", 10, 9, -1, 300)
    assert elements(run("SMEMBERS", "n")) == ["-1", "9", "10", "300"]
    assert elements(run3("SMEMBERS", "n")) == ["-1", "9", "10", "300"]
    assert run("SSCAN", "n", 0).endswith(b"$2\r\n-1\r\n$1\r\n9\r\n$2\r\n10\r\n$3\r\n300\r\n")
    run("SADD", "n", "x")
    assert sorted(elements(run("SMEMBERS", "n"))) == ["-1", "10", "300", "9", "x"]


def test_the_reply_of_smembers_in_a_transaction_is_of_its_moment(run: Run) -> None:
    run("SADD", "tags", "a")
    run("MULTI")
    run("SMEMBERS", "tags")
    run("SADD", "tags", "b")
    assert run("EXEC") == b"*2\r\n*1\r\n$1\r\na\r\n:1\r\n"


@pytest.mark.parametrize("command", ["SINTER", "SUNION", "SDIFF"])
def test_an_operation_on_one_set_can_be_a_reply_in_a_transaction(run: Run, command: str) -> None:
    run("SADD", "tags", "a")
    run("MULTI")
    run(command, "tags")
    run("SREM", "tags", "a")
    assert run("EXEC") == b"*2\r\n*1\r\n$1\r\na\r\n:1\r\n"


def test_sscan_walks_a_big_set_in_steps(run: Run) -> None:
    run("SADD", "tags", *(f"tag {number}" for number in range(1000)))
    found: list[str] = []
    cursor = "0"
    while True:
        reply = run("SSCAN", "tags", cursor, "COUNT", 100)
        cursor = reply.decode().split("\r\n")[2]
        step = elements(reply[reply.index(b"*", 1) :])
        assert len(step) <= 100
        found += step
        if cursor == "0":
            break
    assert sorted(found) == sorted(f"tag {number}" for number in range(1000))


def test_sscan_reads_its_options_only_where_there_is_a_set(run: Run) -> None:
    assert run("SSCAN", "no", 0, "COUNT", 0) == b"*2\r\n$1\r\n0\r\n*0\r\n"
    assert run("SSCAN", "no", "x") == b"-ERR invalid cursor\r\n"
    run("SADD", "tags", "a")
    assert run("SSCAN", "tags", 0, "COUNT", 0) == SYNTAX_ERROR
    assert run("SSCAN", "tags", 0, "TYPE", "set") == SYNTAX_ERROR


# --- at random ------------------------------------------------------------------------------------


def test_spop_takes_every_member_once(run: Run, engine: Engine, events: list[str]) -> None:
    run("SADD", "tags", "a", "b", "c")
    popped = [run("SPOP", "tags") for _ in range(3)]
    assert sorted(popped) == [b"$1\r\na\r\n", b"$1\r\nb\r\n", b"$1\r\nc\r\n"]
    assert run("SPOP", "tags") == NIL
    assert events == ["sadd tags", *["spop tags"] * 3, "del tags"]
    assert changes(engine) == 6


def test_spop_with_a_count_takes_different_members(
    run: Run, run3: Run, engine: Engine, events: list[str]
) -> None:
    run("SADD", "tags", "a", "b", "c", "d")
    first = elements(run("SPOP", "tags", 3))
    assert len(set(first)) == 3
    rest = run3("SPOP", "tags", 100)
    assert rest.startswith(b"~1\r\n")
    assert {*first, *elements(rest)} == {"a", "b", "c", "d"}
    assert run3("SPOP", "tags", 5) == b"~0\r\n"
    assert events == ["sadd tags", "spop tags", "spop tags", "del tags"]
    assert changes(engine) == 8


def test_spop_of_nothing_changes_nothing(run: Run, engine: Engine) -> None:
    run("SADD", "tags", "a")
    assert run("SPOP", "tags", 0) == EMPTY
    assert changes(engine) == 1


@pytest.mark.parametrize("count", ["-1", "abc", "1.5", "", "9223372036854775808"])
def test_spop_looks_at_its_count_before_the_key(run: Run, text: str, count: str) -> None:
    assert run("SPOP", "no", count) == run("SPOP", text, count) == NOT_POSITIVE
    assert run("SPOP", text, count, "x") == SYNTAX_ERROR


def test_srandmember_changes_nothing(run: Run, run3: Run, engine: Engine) -> None:
    run("SADD", "tags", "a", "b", "c")
    assert run("SRANDMEMBER", "tags") in {b"$1\r\na\r\n", b"$1\r\nb\r\n", b"$1\r\nc\r\n"}
    assert len(set(elements(run("SRANDMEMBER", "tags", 2)))) == 2
    assert sorted(elements(run("SRANDMEMBER", "tags", 2**63 - 1))) == ["a", "b", "c"]
    repeated = elements(run("SRANDMEMBER", "tags", -50))
    assert (len(repeated), set(repeated)) == (50, {"a", "b", "c"})
    assert run3("SRANDMEMBER", "tags", 1).startswith(b"*1\r\n")
    assert run("SRANDMEMBER", "tags", 0) == EMPTY
    assert changes(engine) == 3


def test_srandmember_refuses_more_repeats_than_a_reply_may_hold(run: Run) -> None:
    run("SADD", "tags", "a")
    assert run("SRANDMEMBER", "tags", -(2**63) + 1) == OUT_OF_RANGE
    assert run("SRANDMEMBER", "tags", -MAX_REPEATED_CHOICES - 1) == OUT_OF_RANGE
    assert run("SRANDMEMBER", "no", -(2**63) + 1) == EMPTY
    assert run("SRANDMEMBER", "tags", -(2**63)) == (
        b"-ERR value is out of range, value must between"
        b" -9223372036854775807 and 9223372036854775807\r\n"
    )
    assert run("SRANDMEMBER", "tags", "x") == NOT_AN_INTEGER
    assert run("SRANDMEMBER", "tags", "x", "y") == SYNTAX_ERROR


# --- several sets ---------------------------------------------------------------------------------


@pytest.fixture
def sets(run: Run) -> None:
    run("SADD", "a", "1", "2", "3", "x")
    run("SADD", "b", "2", "3", "y")
    run("SADD", "c", "3", "x", "z")


@pytest.mark.usefixtures("sets")
@pytest.mark.parametrize(
    ("request_line", "result"),
    [
        ("SINTER a b", "2 3"),
        ("SINTER a b c", "3"),
        ("SINTER a", "1 2 3 x"),
        ("SINTER a no b", ""),
        ("SUNION a b", "1 2 3 x y"),
        ("SUNION no b", "2 3 y"),
        ("SDIFF a b", "1 x"),
        ("SDIFF a b c", "1"),
        ("SDIFF a no", "1 2 3 x"),
        ("SDIFF no a", ""),
        ("SDIFF a a", ""),
    ],
)
def test_sets_combine(run: Run, run3: Run, request_line: str, result: str) -> None:
    command, *keys = request_line.split()
    reply = run3(command, *keys)
    assert reply.startswith(b"~")
    assert sorted(elements(reply)) == result.split()
    assert run(f"{command}STORE", "d", *keys) == b":%d\r\n" % len(result.split())
    assert sorted(elements(run("SMEMBERS", "d"))) == result.split()


@pytest.mark.usefixtures("sets")
def test_an_operation_changes_no_source(run: Run) -> None:
    for command in ("SINTER", "SUNION", "SDIFF"):
        run(command, "a", "b")
        run(f"{command}STORE", "d", "a", "b")
    assert sorted(elements(run("SMEMBERS", "a"))) == ["1", "2", "3", "x"]
    run("SUNIONSTORE", "d", "a")
    run("SREM", "d", "x")
    assert run("SISMEMBER", "a", "x") == b":1\r\n"


@pytest.mark.usefixtures("sets")
def test_a_result_replaces_whatever_is_there(
    run: Run, engine: Engine, events: list[str], text: str
) -> None:
    run("EXPIRE", text, 100)
    before = changes(engine)
    assert run("SINTERSTORE", text, "a", "b") == b":2\r\n"
    assert run("TTL", text) == b":-1\r\n"
    assert run("SUNIONSTORE", "a", "a", "b") == b":5\r\n"
    assert run("SDIFFSTORE", "a", "a", "b") == b":2\r\n"
    assert events[-3:] == ["sinterstore text", "sunionstore a", "sdiffstore a"]
    assert changes(engine) == before + 3


@pytest.mark.usefixtures("sets")
def test_an_empty_result_removes_what_is_there(
    run: Run, engine: Engine, events: list[str], text: str
) -> None:
    before = changes(engine)
    assert run("SINTERSTORE", text, "a", "no") == b":0\r\n"
    assert run("SINTERSTORE", text, "a", "no") == b":0\r\n"
    assert events[-1] == "del text"
    assert changes(engine) == before + 1


def test_a_result_of_integers_is_an_intset_again(run: Run, engine: Engine) -> None:
    run("SADD", "a", 1, 2, "x")
    run("SADD", "b", 2, 1)
    run("SINTERSTORE", "d", "a", "b")
    stored = engine.state.databases[0].set(b"d")
    assert isinstance(stored, Set)
    assert stored.encoding == b"intset"


@pytest.mark.usefixtures("sets")
@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("2 a b", b":2\r\n"),
        ("2 a b LIMIT 1", b":1\r\n"),
        ("2 a b limit 0", b":2\r\n"),
        ("2 a b LIMIT 9223372036854775807", b":2\r\n"),
        ("2 a b LIMIT 1 LIMIT 2", b":2\r\n"),
        ("3 a b no LIMIT 1", b":0\r\n"),
        ("1 a", b":4\r\n"),
        ("0 a", b"-ERR numkeys should be greater than 0\r\n"),
        ("x a", b"-ERR numkeys should be greater than 0\r\n"),
        ("3 a b", b"-ERR Number of keys can't be greater than number of args\r\n"),
        ("9223372036854775807 a", b"-ERR Number of keys can't be greater than number of args\r\n"),
        ("1 a LIMIT -1", b"-ERR LIMIT can't be negative\r\n"),
        ("1 a LIMIT x", b"-ERR LIMIT can't be negative\r\n"),
        ("1 a LIMIT", SYNTAX_ERROR),
        ("1 a FOO 1", SYNTAX_ERROR),
    ],
)
def test_sintercard_counts_up_to_its_limit(run: Run, words: str, reply: bytes) -> None:
    assert run("SINTERCARD", *words.split()) == reply


@pytest.mark.parametrize(
    ("words", "count"),
    [
        *(("SUNIONCARD 2 a b", 5), ("SUNIONCARD 2 a none", 3), ("SUNIONCARD 1 none", 0)),
        *(("SUNIONCARD 2 a b LIMIT 4", 4), ("SUNIONCARD 2 a b LIMIT 0", 5)),
        *(("SUNIONCARD 2 a b approx limit 9", 5), ("SUNIONCARD 2 a b LIMIT 2 APPROX", 2)),
        *(("SDIFFCARD 2 a b", 2), ("SDIFFCARD 2 a none", 3), ("SDIFFCARD 2 none a", 0)),
        *(("SDIFFCARD 2 a b LIMIT 1", 1), ("SDIFFCARD 1 a LIMIT 0", 3)),
    ],
)
def test_members_are_counted_up_to_a_limit(words: str, count: int) -> None:
    engine = Engine()
    ctx = engine.connect()
    engine.execute(ctx, b"SADD a 1 2 3".split())
    engine.execute(ctx, b"SADD b 3 4 5".split())
    assert engine.execute(ctx, words.encode().split()) == count


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("SUNIONCARD 0 a", "ERR numkeys should be greater than 0"),
        ("SDIFFCARD 2 a", "ERR Number of keys can't be greater than number of args"),
        ("SUNIONCARD 1 a LIMIT -1", "ERR LIMIT can't be negative"),
        ("SUNIONCARD 1 a LIMIT", "ERR syntax error"),
        ("SDIFFCARD 1 a APPROX", "ERR syntax error"),
        ("SDIFFCARD 1 a FOO 1", "ERR syntax error"),
    ],
)
def test_a_count_with_bad_options_is_refused(words: str, error: str) -> None:
    engine = Engine()
    assert str(engine.execute(engine.connect(), words.encode().split())) == error
