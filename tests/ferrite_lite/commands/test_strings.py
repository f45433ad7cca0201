from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.commands.strings import MAX_LCS_BYTES
from ferrite_lite.config import Config
from ferrite_lite.data.values import encoding_of
from ferrite_lite.engine import Engine
from ferrite_lite.resp import CRLF
from tests.ferrite_lite.conftest import Run, run_all, runner

WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
SYNTAX_ERROR = b"-ERR syntax error\r\n"
NOT_AN_INTEGER = b"-ERR value is not an integer or out of range\r\n"
NOT_A_FLOAT = b"-ERR value is not a valid float\r\n"
OVERFLOW = b"-ERR increment or decrement would overflow\r\n"
TOO_LONG = b"-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"
NIL = b"$-1\r\n"
OK = b"+OK\r\n"


def bulk(text: str | bytes) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode()
    return b"$%d\r\n%b\r\n" % (len(raw), raw)


def deadline_ms(engine: Engine, key: bytes) -> int | None:
    return engine.state.databases[0].deadline_ms(key)


def changes(engine: Engine) -> int:
    return engine.state.databases[0].changes


@pytest.fixture
def cart(run: Run) -> str:
    """A key that holds no string."""
    run("HSET", "cart", "apples", 1)
    return "cart"


# --- GET and SET ----------------------------------------------------------------------------------


def test_set_replaces_a_value_and_forgets_its_deadline(run: Run, clock: ManualClock) -> None:
    run("SET", "greeting", "hello", "EX", 10)
    assert run("SET", "greeting", "goodbye") == OK
    clock.advance(seconds=11)
    assert run("GET", "greeting") == bulk("goodbye")


def test_set_replaces_a_value_of_any_type(run: Run, cart: str) -> None:
    assert run("SET", cart, "closed") == OK
    assert run("GET", cart) == bulk("closed")


def test_a_key_lives_through_the_millisecond_of_its_deadline(run: Run, clock: ManualClock) -> None:
    run("SET", "greeting", "hello", "PX", 1000)
    clock.advance(ms=1000)
    assert run("GET", "greeting") == bulk("hello")
    clock.advance(ms=1)
    assert run("GET", "greeting") == NIL


@pytest.mark.parametrize(
    ("option", "time", "expected_ms"),
    [
        ("EX", 10, 1_700_000_010_000),
        ("PX", 10, 1_700_000_000_010),
        ("EXAT", 1_800_000_000, 1_800_000_000_000),
        ("pxat", 1_800_000_000_001, 1_800_000_000_001),
    ],
)
def test_set_and_getex_take_deadlines_in_four_ways(
    run: Run, engine: Engine, option: str, time: int, expected_ms: int
) -> None:
    run("SET", "one", "v", option, time)
    assert deadline_ms(engine, b"one") == expected_ms
    run("SET", "two", "v")
    assert run("GETEX", "two", option, time) == bulk("v")
    assert deadline_ms(engine, b"two") == expected_ms


def test_set_with_keepttl_keeps_the_deadline(run: Run, clock: ManualClock) -> None:
    run("SET", "greeting", "hello", "EX", 10)
    run("SET", "greeting", "goodbye", "KEEPTTL")
    clock.advance(seconds=11)
    assert run("GET", "greeting") == NIL


def test_set_keeps_no_deadline_that_has_passed(run: Run, clock: ManualClock) -> None:
    run("SET", "greeting", "hello", "EX", 10)
    clock.advance(seconds=11)
    run("SET", "greeting", "goodbye", "KEEPTTL")
    assert run("GET", "greeting") == b"$7\r\ngoodbye\r\n"
    assert run("TTL", "greeting") == b":-1\r\n"


def test_set_with_a_deadline_in_the_past_leaves_what_expires_when_it_is_looked_at(
    run: Run, engine: Engine
) -> None:
    run("SET", "greeting", "hello")
    assert run("SET", "greeting", "goodbye", "PXAT", 1) == OK
    assert len(engine.state.databases[0]) == 1
    assert run("GET", "greeting") == NIL
    assert len(engine.state.databases[0]) == 0


def test_a_key_that_has_expired_goes_before_it_is_set_anew(
    run: Run, clock: ManualClock, events: list[str]
) -> None:
    for request in (["SET", "greeting", "hello"], ["GETSET", "greeting", "hello"]):
        run("SET", "greeting", "hello", "PX", 10)
        clock.advance(ms=11)
        events.clear()
        run(*request)
        assert events == ["expired greeting", "set greeting"]
        assert run("PTTL", "greeting") == b":-1\r\n"


def test_a_string_set_to_end_in_this_millisecond_lives_through_it(
    run: Run, clock: ManualClock
) -> None:
    run("SET", "greeting", "hello", "PXAT", clock.now_ms())
    assert run("GET", "greeting") == b"$5\r\nhello\r\n"
    clock.advance(ms=1)
    assert run("GET", "greeting") == NIL


def test_set_nx_takes_a_key_that_is_past_its_deadline_for_missing(
    run: Run, clock: ManualClock
) -> None:
    run("SET", "lock", "mine", "PX", 100)
    assert run("SET", "lock", "yours", "NX") == NIL
    clock.advance(ms=101)
    assert run("SET", "lock", "yours", "XX") == NIL
    assert run("SET", "lock", "yours", "NX") == OK


def test_set_with_get_returns_the_old_string_whether_or_not_it_sets(run: Run) -> None:
    assert run("SET", "greeting", "hello", "GET") == NIL
    assert run("SET", "greeting", "goodbye", "NX", "GET") == bulk("hello")
    assert run("SET", "greeting", "goodbye", "XX", "GET") == bulk("hello")
    assert run("GET", "greeting") == bulk("goodbye")


def test_set_with_get_does_not_know_a_string_past_its_deadline(
    run: Run, clock: ManualClock
) -> None:
    run("SET", "greeting", "hello", "PX", 1)
    clock.advance(ms=2)
    assert run("SET", "greeting", "goodbye", "GET") == NIL


def test_set_with_get_refuses_other_types_and_leaves_them(run: Run, cart: str) -> None:
    assert run("SET", cart, "v", "GET") == WRONG_TYPE
    assert run("HGET", cart, "apples") == bulk("1")


@pytest.mark.parametrize(
    "options",
    [
        "NX XX",
        "EX 10 PX 10",
        "EX 10 KEEPTTL",
        "KEEPTTL EX 10",
        "EX",
        "PERSIST",
        "FOO",
        "EX 0 FOO",
    ],
)
def test_set_refuses_options_that_do_not_go_together(run: Run, options: str) -> None:
    assert run("SET", "greeting", "hello", *options.split()) == SYNTAX_ERROR
    assert run("GET", "greeting") == NIL


def test_an_option_may_be_repeated_and_the_last_time_counts(run: Run, engine: Engine) -> None:
    assert run("SET", "k", "v", "EX", "abc", "EX", 10, "NX", "NX", "GET", "GET") == NIL
    assert deadline_ms(engine, b"k") == 1_700_000_010_000


@pytest.mark.parametrize("name", ["set", "getex", "setex", "psetex"])
@pytest.mark.parametrize("time", [0, -1, 2**63 - 1])
def test_a_time_that_is_no_time_is_refused(run: Run, name: str, time: int) -> None:
    run("SET", "k", "v")
    request: dict[str, list[str | int]] = {
        "set": ["SET", "k", "w", "EX", time],
        "getex": ["GETEX", "k", "PX", time],
        "setex": ["SETEX", "k", time, "w"],
        "psetex": ["PSETEX", "k", time, "w"],
    }
    assert run(*request[name]) == b"-ERR invalid expire time in '%b' command\r\n" % name.encode()
    assert run("GET", "k") == bulk("v")


def test_setex_and_psetex_count_seconds_and_milliseconds(run: Run, engine: Engine) -> None:
    run("SETEX", "s", 10, "v")
    run("PSETEX", "ms", 10, "v")
    assert deadline_ms(engine, b"s") == 1_700_000_010_000
    assert deadline_ms(engine, b"ms") == 1_700_000_000_010


def test_setex_replaces_a_value_of_any_type(run: Run, cart: str) -> None:
    assert run("SETEX", cart, 10, "closed") == OK
    assert run("GET", cart) == bulk("closed")


def test_setnx_sets_once_until_the_deadline_passes(run: Run, clock: ManualClock) -> None:
    assert run("SETNX", "lock", "mine") == b":1\r\n"
    assert run("SETNX", "lock", "yours") == b":0\r\n"
    run("GETEX", "lock", "PX", 10)
    clock.advance(ms=11)
    assert run("SETNX", "lock", "yours") == b":1\r\n"


def test_setnx_asks_whether_the_key_exists_and_not_for_its_type(run: Run, cart: str) -> None:
    assert run("SETNX", cart, "v") == b":0\r\n"


def test_getset_returns_the_old_string_and_forgets_the_deadline(run: Run, engine: Engine) -> None:
    assert run("GETSET", "greeting", "hello") == NIL
    run("GETEX", "greeting", "EX", 10)
    assert run("GETSET", "greeting", "goodbye") == bulk("hello")
    assert deadline_ms(engine, b"greeting") is None


def test_getdel_returns_the_string_once(run: Run) -> None:
    run("SET", "code", "1234")
    assert run("GETDEL", "code") == bulk("1234")
    assert run("GETDEL", "code") == NIL


def test_getex_without_options_leaves_the_deadline(run: Run, engine: Engine) -> None:
    run("SET", "greeting", "hello", "EX", 10)
    assert run("GETEX", "greeting") == bulk("hello")
    assert deadline_ms(engine, b"greeting") == 1_700_000_010_000


def test_getex_extends_and_persist_ends_a_deadline(run: Run, clock: ManualClock) -> None:
    run("SET", "greeting", "hello", "PX", 100)
    clock.advance(ms=90)
    run("GETEX", "greeting", "PX", 100)
    clock.advance(ms=90)
    assert run("GETEX", "greeting", "PERSIST") == bulk("hello")
    clock.advance(ms=1000)
    assert run("GET", "greeting") == bulk("hello")


def test_getex_with_a_deadline_in_the_past_returns_the_string_and_removes_it(run: Run) -> None:
    run("SET", "greeting", "hello")
    assert run("GETEX", "greeting", "EXAT", 1) == bulk("hello")
    assert run("GET", "greeting") == NIL


@pytest.mark.parametrize(
    "options", ["PERSIST EX 10", "EX 10 PERSIST", "KEEPTTL", "NX", "GET", "EX"]
)
def test_getex_refuses_the_options_of_set(run: Run, options: str) -> None:
    assert run("GETEX", "missing", *options.split()) == SYNTAX_ERROR


def test_getex_reads_its_time_only_for_a_string_that_is_there(run: Run, cart: str) -> None:
    assert run("GETEX", "missing", "EX", "abc") == NIL
    assert run("GETEX", cart, "EX", "abc") == WRONG_TYPE
    run("SET", "there", "v")
    assert run("GETEX", "there", "EX", "abc") == NOT_AN_INTEGER


# --- many at once ---------------------------------------------------------------------------------


def test_mget_answers_nil_for_missing_keys_and_other_types(run: Run, cart: str) -> None:
    run("MSET", "a", 1, "b", 2)
    assert run("MGET", "a", cart, "missing", "b", "a") == (
        b"*5\r\n$1\r\n1\r\n$-1\r\n$-1\r\n$1\r\n2\r\n$1\r\n1\r\n"
    )


def test_mset_sets_in_order_and_forgets_deadlines(run: Run, engine: Engine) -> None:
    run("SET", "a", 0, "EX", 10)
    assert run("MSET", "a", 1, "b", 2, "a", 3) == OK
    assert run("GET", "a") == bulk("3")
    assert deadline_ms(engine, b"a") is None


def test_msetnx_sets_all_or_nothing(run: Run, clock: ManualClock) -> None:
    run("SET", "b", 0, "PX", 10)
    assert run("MSETNX", "a", 1, "b", 2) == b":0\r\n"
    assert run("GET", "a") == NIL
    clock.advance(ms=11)
    assert run("MSETNX", "a", 1, "b", 2) == b":1\r\n"
    assert run("MGET", "a", "b") == b"*2\r\n$1\r\n1\r\n$1\r\n2\r\n"


@pytest.mark.parametrize("name", ["MSET", "MSETNX"])
def test_a_key_without_a_value_is_refused_before_anything_is_set(run: Run, name: str) -> None:
    expected = b"-ERR wrong number of arguments for '%b' command\r\n" % name.lower().encode()
    assert run(name, "a", 1, "b") == expected
    assert run("GET", "a") == NIL


# --- numbers --------------------------------------------------------------------------------------


def test_a_missing_key_counts_from_zero(run: Run) -> None:
    assert run("INCR", "a") == b":1\r\n"
    assert run("DECR", "b") == b":-1\r\n"
    assert run("INCRBY", "c", 5) == b":5\r\n"
    assert run("DECRBY", "d", 5) == b":-5\r\n"
    assert run("INCRBYFLOAT", "e", "0.1") == bulk("0.1")


def test_a_counter_keeps_its_deadline_and_starts_again_after_it(
    run: Run, clock: ManualClock
) -> None:
    run("SET", "hits", 1, "PX", 100)
    assert run("INCR", "hits") == b":2\r\n"
    assert run("INCRBYFLOAT", "hits", 1) == bulk("3")
    clock.advance(ms=101)
    assert run("INCR", "hits") == b":1\r\n"


def test_counting_past_64_bits_is_refused_and_changes_nothing(run: Run) -> None:
    run("MSET", "most", 2**63 - 1, "least", -(2**63))
    assert run("INCR", "most") == OVERFLOW
    assert run("DECR", "least") == OVERFLOW
    assert run("DECRBY", "most", -1) == OVERFLOW
    assert run("DECRBY", "missing", -(2**63)) == b"-ERR decrement would overflow\r\n"
    assert run("GET", "most") == bulk(str(2**63 - 1))


@pytest.mark.parametrize("text", ["", " 1", "1 ", "+1", "01", "1.5", "1_0", "abc", "-0", "²"])
def test_only_the_one_spelling_of_an_integer_is_counted(run: Run, text: str) -> None:
    run("SET", "k", text)
    assert run("INCR", "k") == NOT_AN_INTEGER
    assert run("INCRBY", "n", text) == NOT_AN_INTEGER
    assert run("GET", "n") == NIL


def test_incrbyfloat_adds_as_people_do(run: Run) -> None:
    run("SET", "price", "10.50")
    assert run("INCRBYFLOAT", "price", "0.1") == bulk("10.6")
    assert run("INCRBYFLOAT", "price", "-5") == bulk("5.6")
    assert run("INCRBYFLOAT", "distance", "5.0e3") == bulk("5000")


def test_incrbyfloat_refuses_what_is_no_finite_number(run: Run, cart: str) -> None:
    not_finite = b"-ERR increment would produce NaN or Infinity\r\n"
    assert run("INCRBYFLOAT", "missing", "abc") == NOT_A_FLOAT
    assert run("INCRBYFLOAT", "missing", "nan") == NOT_A_FLOAT
    assert run("INCRBYFLOAT", "missing", "inf") == not_finite
    assert run("INCRBYFLOAT", cart, "abc") == WRONG_TYPE
    run("SET", "text", "hello")
    assert run("INCRBYFLOAT", "text", 1) == NOT_A_FLOAT
    run("SET", "endless", "inf")
    assert run("INCRBYFLOAT", "endless", "-inf") == not_finite
    assert run("GET", "missing") == NIL


# --- parts of a string ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, -1, "abcdef"),
        (1, 2, "bc"),
        (-3, -2, "de"),
        (-100, 100, "abcdef"),
        (4, 2, ""),
        (-2, -4, ""),
        (-8, -10, ""),
        (6, 9, ""),
        (-(2**63), 2**63 - 1, "abcdef"),
        # An end before the beginning stands for the first byte.
        (0, -10, "a"),
        (-10, -7, "a"),
    ],
)
def test_getrange_includes_both_ends(run: Run, start: int, end: int, expected: str) -> None:
    run("SET", "letters", "abcdef")
    assert run("GETRANGE", "letters", start, end) == bulk(expected)
    assert run("SUBSTR", "letters", start, end) == bulk(expected)
    assert run("GETRANGE", "missing", start, end) == bulk("")


def test_setrange_overwrites_and_fills_a_gap_with_zeros(run: Run) -> None:
    assert run("SETRANGE", "k", 3, "xy") == b":5\r\n"
    assert run("GET", "k") == bulk(b"\0\0\0xy")
    assert run("SETRANGE", "k", 1, "abc") == b":5\r\n"
    assert run("GET", "k") == bulk(b"\0abcy")
    assert run("STRLEN", "k") == b":5\r\n"


def test_setrange_of_nothing_creates_and_changes_nothing(run: Run, engine: Engine) -> None:
    assert run("SETRANGE", "k", 10, "") == b":0\r\n"
    run("SET", "k", "v")
    before = changes(engine)
    assert run("SETRANGE", "k", 10, "") == b":1\r\n"
    assert changes(engine) == before
    assert len(engine.state.databases[0]) == 1


def test_append_and_setrange_keep_the_deadline(run: Run, clock: ManualClock) -> None:
    run("SET", "log", "a", "PX", 100)
    assert run("APPEND", "log", "b") == b":2\r\n"
    assert run("SETRANGE", "log", 2, "c") == b":3\r\n"
    clock.advance(ms=101)
    assert run("APPEND", "log", "d") == b":1\r\n"


def test_append_of_nothing_creates_an_empty_string(run: Run) -> None:
    assert run("APPEND", "k", "") == b":0\r\n"
    assert run("GET", "k") == bulk("")


def test_an_edited_string_is_raw_until_it_is_set_anew(run: Run, engine: Engine) -> None:
    def encoding() -> bytes:
        value = engine.state.databases[0].get(b"k")
        assert value is not None
        return encoding_of(value)

    run("APPEND", "k", 1)
    assert encoding() == b"int"
    run("APPEND", "k", 2)
    assert encoding() == b"raw"
    run("INCR", "k")
    assert encoding() == b"int"
    assert run("GET", "k") == bulk("13")


def test_no_string_grows_past_the_longest_bulk(clock: ManualClock) -> None:
    engine = Engine(clock=clock, config=Config(max_bulk_bytes=10))
    run = runner(engine, engine.connect())
    run("SET", "k", "12345")
    assert run("APPEND", "k", "678901") == TOO_LONG
    assert run("APPEND", "k", "67890") == b":10\r\n"
    assert run("SETRANGE", "k", 9, "xx") == TOO_LONG
    assert run("SETRANGE", "missing", 2**63 - 1, "x") == TOO_LONG
    assert run("GET", "k") == bulk("1234567890")


def test_setrange_checks_its_offset_before_the_type_and_the_type_before_the_length(
    run: Run, cart: str
) -> None:
    assert run("SETRANGE", cart, "abc", "x") == NOT_AN_INTEGER
    assert run("SETRANGE", cart, -1, "x") == b"-ERR offset is out of range\r\n"
    assert run("SETRANGE", cart, 2**40, "x") == WRONG_TYPE


def test_a_reply_is_not_changed_by_the_next_command_of_a_pipeline(engine: Engine) -> None:
    requests = [b"APPEND k a", b"APPEND k b", b"GET k", b"APPEND k c", b"MGET k", b"SETRANGE k 0 x"]
    lines = run_all(engine, engine.connect(), [request.split() for request in requests])
    expected = b":1 :2 $2 ab :3 *1 $3 abc :3".split()
    assert CRLF.join(lines).split() == expected


def test_a_reply_is_not_changed_by_the_next_command_of_a_transaction(run: Run) -> None:
    run("APPEND", "k", "a")
    run("APPEND", "k", "b")
    run("MULTI")
    for request in ("GET k", "MGET k", "APPEND k c", "GETSET k d"):
        run(*request.split())
    assert run("EXEC") == b"*4\r\n$2\r\nab\r\n*1\r\n$2\r\nab\r\n:3\r\n$3\r\nabc\r\n"


@pytest.mark.parametrize(
    "request_line",
    [
        "GET cart",
        "GETSET cart v",
        "GETDEL cart",
        "GETEX cart",
        "INCR cart",
        "DECRBY cart 1",
        "INCRBYFLOAT cart 1",
        "STRLEN cart",
        "GETRANGE cart 0 1",
        "APPEND cart v",
        "SETRANGE cart 0 v",
    ],
)
def test_string_commands_refuse_other_types(run: Run, cart: str, request_line: str) -> None:
    assert run(*request_line.split()) == WRONG_TYPE
    assert run("HGET", cart, "apples") == bulk("1")


# --- LCS ------------------------------------------------------------------------------------------


def test_lcs_answers_the_text_its_length_or_where_it_stands(run: Run, run3: Run) -> None:
    run("MSET", "a", "ohmytext", "b", "mynewtext")
    assert run("LCS", "a", "b") == bulk("mytext")
    assert run("LCS", "a", "b", "LEN") == b":6\r\n"
    text = b"*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n"
    my = b"*2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n"
    body = b"$7\r\nmatches\r\n*2\r\n" + text + my + b"$3\r\nlen\r\n:6\r\n"
    assert run("LCS", "a", "b", "IDX") == b"*4\r\n" + body
    assert run3("LCS", "a", "b", "IDX") == b"%2\r\n" + body


def test_lcs_can_leave_out_short_runs_and_add_their_lengths(run: Run) -> None:
    run("MSET", "a", "ohmytext", "b", "mynewtext")
    assert run("LCS", "a", "b", "IDX", "MINMATCHLEN", 3, "WITHMATCHLEN") == (
        b"*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n"
        b"$3\r\nlen\r\n:6\r\n"
    )


def test_lcs_takes_a_missing_key_for_an_empty_string(run: Run) -> None:
    run("SET", "a", "text")
    assert run("LCS", "a", "missing") == bulk("")
    assert run("LCS", "missing", "a", "LEN") == b":0\r\n"
    assert run("LCS", "missing", "missing", "IDX") == (
        b"*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n"
    )


def test_lcs_looks_at_the_keys_before_the_options(run: Run, cart: str) -> None:
    assert run("LCS", cart, "a", "FOO") == (
        b"-ERR The specified keys must contain string values\r\n"
    )
    assert run("LCS", "a", "b", "FOO") == SYNTAX_ERROR
    assert run("LCS", "a", "b", "MINMATCHLEN") == SYNTAX_ERROR
    assert run("LCS", "a", "b", "MINMATCHLEN", "x") == NOT_AN_INTEGER
    assert run("LCS", "a", "b", "LEN", "IDX") == (
        b"-ERR If you want both the length and indexes, please just use IDX.\r\n"
    )


def test_lcs_has_the_limit_of_redis_and_one_more(run: Run, clock: ManualClock) -> None:
    engine = Engine(clock=clock, config=Config(max_bulk_bytes=1024 * 1024))
    small = runner(engine, engine.connect())
    small("MSET", "a", "x" * 511, "b", "x" * 511, "c", "x" * 512)
    assert small("LCS", "a", "b", "LEN") == b":511\r\n"
    assert small("LCS", "a", "c", "LEN") == (
        b"-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n"
    )
    run("SET", "long", b"x" * (MAX_LCS_BYTES + 1))
    assert run("LCS", "missing", "long") == b"-ERR String too long for LCS\r\n"


# --- events ---------------------------------------------------------------------------------------


def test_each_change_has_the_event_name_of_redis(run: Run, events: list[str]) -> None:
    run("SETEX", "k", 10, 1)
    run("INCR", "k")
    run("DECRBY", "k", 2)
    run("INCRBYFLOAT", "k", "1.5")
    run("APPEND", "k", "x")
    run("SETRANGE", "k", 0, "y")
    run("GETEX", "k", "PERSIST")
    run("GETEX", "k", "PERSIST")
    run("GETEX", "k", "EX", 10)
    run("GETDEL", "k")
    run("MSETNX", "a", 1, "b", 2)
    names = "set expire incrby incrby incrbyfloat append setrange persist expire del"
    assert events == [f"{name} k" for name in names.split()] + ["set a", "set b"]


def test_changes_are_counted_as_redis_counts_them(run: Run, engine: Engine) -> None:
    def changed_by(*request: str | int) -> int:
        before = changes(engine)
        run(*request)
        return changes(engine) - before

    assert changed_by("SET", "k", 1, "EX", 10) == 1
    assert changed_by("SET", "k", 1, "NX") == 0
    assert changed_by("MSET", "a", 1, "b", 2, "c", 3) == 3
    assert changed_by("MSETNX", "a", 1, "d", 2) == 0
    assert changed_by("GETEX", "k") == 0
    assert changed_by("GETEX", "k", "PERSIST") == 1
    assert changed_by("GETDEL", "k") == 1
    assert changed_by("GETDEL", "k") == 0
    assert changed_by("APPEND", "a", "") == 1
