from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.commands.choosing import MAX_REPEATED_CHOICES
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run, Word

WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
NOT_AN_INTEGER = b"-ERR value is not an integer or out of range\r\n"
NOT_A_FLOAT = b"-ERR value is not a valid float\r\n"
OUT_OF_RANGE = b"-ERR value is out of range\r\n"
NIL = b"$-1\r\n"
OK = b"+OK\r\n"


def bulk(text: str | bytes) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode()
    return b"$%d\r\n%b\r\n" % (len(raw), raw)


def array(*texts: str) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(map(bulk, texts))


def exists(engine: Engine, key: bytes) -> bool:
    return key in engine.state.databases[0]


# --- fields and their values ----------------------------------------------------------------------


def test_hset_answers_how_many_fields_are_new(run: Run) -> None:
    assert run("HSET", "cart", "apples", 1, "pears", 2) == b":2\r\n"
    assert run("HSET", "cart", "apples", 3, "plums", 4, "plums", 5) == b":1\r\n"
    assert run("HMGET", "cart", "apples", "pears", "plums") == array("3", "2", "5")


def test_hmset_answers_ok(run: Run) -> None:
    assert run("HMSET", "cart", "apples", 1) == OK
    assert run("HGET", "cart", "apples") == bulk("1")


@pytest.mark.parametrize("name", ["HSET", "HMSET"])
def test_a_field_without_a_value_is_refused_before_anything_is_set(
    run: Run, engine: Engine, name: str
) -> None:
    expected = b"-ERR wrong number of arguments for '%b' command\r\n" % name.lower().encode()
    assert run(name, "cart", "apples", 1, "pears") == expected
    assert not exists(engine, b"cart")


def test_hset_keeps_the_deadline_and_starts_a_new_hash_after_it(
    run: Run, clock: ManualClock, engine: Engine
) -> None:
    run("HSET", "cart", "apples", 1)
    engine.state.databases[0].set_deadline(b"cart", clock.now_ms() + 100)
    run("HSET", "cart", "pears", 2)
    run("HINCRBY", "cart", "apples", 1)
    clock.advance(ms=100)
    assert run("HLEN", "cart") == b":2\r\n"
    clock.advance(ms=1)
    assert run("HSET", "cart", "pears", 3) == b":1\r\n"
    assert run("HGETALL", "cart") == array("pears", "3")
    clock.advance(seconds=1000)
    assert run("HLEN", "cart") == b":1\r\n"


def test_hsetnx_sets_a_field_once(run: Run) -> None:
    assert run("HSETNX", "cart", "apples", 1) == b":1\r\n"
    assert run("HSETNX", "cart", "apples", 2) == b":0\r\n"
    assert run("HGET", "cart", "apples") == bulk("1")


def test_hdel_of_the_last_field_removes_the_key(run: Run, engine: Engine) -> None:
    run("HSET", "cart", "apples", 1, "pears", 2)
    assert run("HDEL", "cart", "apples", "plums", "apples") == b":1\r\n"
    assert run("HDEL", "cart", "pears", "plums") == b":1\r\n"
    assert not exists(engine, b"cart")
    assert run("HDEL", "cart", "pears") == b":0\r\n"


def test_a_hash_made_anew_does_not_inherit_a_deadline(
    run: Run, clock: ManualClock, engine: Engine
) -> None:
    run("HSET", "cart", "apples", 1)
    engine.state.databases[0].set_deadline(b"cart", clock.now_ms() + 100)
    run("HDEL", "cart", "apples")
    run("HSET", "cart", "pears", 1)
    clock.advance(ms=101)
    assert run("HLEN", "cart") == b":1\r\n"


def test_a_missing_hash_and_a_missing_field_read_as_nothing(run: Run) -> None:
    run("HSET", "cart", "apples", 12)
    assert run("HGET", "missing", "apples") == NIL
    assert run("HGET", "cart", "plums") == NIL
    assert run("HMGET", "missing", "apples", "pears") == b"*2\r\n$-1\r\n$-1\r\n"
    assert run("HMGET", "cart", "apples", "pears") == b"*2\r\n$2\r\n12\r\n$-1\r\n"
    assert run("HEXISTS", "cart", "apples") == b":1\r\n"
    assert run("HEXISTS", "cart", "plums") == b":0\r\n"
    assert run("HEXISTS", "missing", "plums") == b":0\r\n"
    assert run("HSTRLEN", "cart", "apples") == b":2\r\n"
    assert run("HSTRLEN", "cart", "plums") == b":0\r\n"
    assert run("HSTRLEN", "missing", "plums") == b":0\r\n"
    assert run("HLEN", "cart") == b":1\r\n"
    assert run("HLEN", "missing") == b":0\r\n"


def test_fields_and_values_may_hold_any_bytes(run: Run) -> None:
    run("HSET", "cart", b"", b"", b"\0\r\n\xff", b"\xfe")
    assert run("HGET", "cart", b"") == bulk(b"")
    assert run("HGET", "cart", b"\0\r\n\xff") == bulk(b"\xfe")


def test_a_hash_past_its_deadline_is_missing_for_every_command(
    run: Run, clock: ManualClock, engine: Engine
) -> None:
    run("HSET", "cart", "apples", 5)
    engine.state.databases[0].set_deadline(b"cart", clock.now_ms() + 1)
    clock.advance(ms=2)
    assert run("HGETALL", "cart") == b"*0\r\n"
    assert run("HDEL", "cart", "apples") == b":0\r\n"
    assert run("HINCRBY", "cart", "apples", 1) == b":1\r\n"


# --- the whole hash -------------------------------------------------------------------------------


def test_hgetall_is_a_map_in_resp3(run: Run, run3: Run) -> None:
    run("HSET", "cart", "apples", 1, "pears", 2)
    assert run("HGETALL", "cart") == array("apples", "1", "pears", "2")
    assert run3("HGETALL", "cart") == b"%2\r\n" + array("apples", "1", "pears", "2")[4:]
    assert run3("HGETALL", "missing") == b"%0\r\n"


def test_hkeys_and_hvals_go_in_the_same_order(run: Run) -> None:
    run("HSET", "cart", "apples", 1, "pears", 2)
    assert run("HKEYS", "cart") == array("apples", "pears")
    assert run("HVALS", "cart") == array("1", "2")
    assert run("HKEYS", "missing") == run("HVALS", "missing") == b"*0\r\n"


def test_hrandfield_without_a_count_answers_one_field(run: Run) -> None:
    run("HSET", "cart", "apples", 1)
    assert run("HRANDFIELD", "cart") == bulk("apples")
    assert run("HRANDFIELD", "missing") == NIL


def test_hrandfield_with_a_count_answers_different_fields(run: Run) -> None:
    fields = {f"field-{n}" for n in range(50)}
    run("HSET", "cart", *(word for field in fields for word in (field, 1)))
    for count in (0, 1, 5, 30, 49, 50, 2**63 - 1):
        _, *words = run("HRANDFIELD", "cart", count).split(b"\r\n")[:-1]
        chosen = words[1::2]
        assert len(chosen) == len(set(chosen)) == min(count, 50)
        assert {field.decode() for field in chosen} <= fields


def test_hrandfield_with_a_negative_count_may_repeat_fields(run: Run) -> None:
    run("HSET", "cart", "apples", 1)
    assert run("HRANDFIELD", "cart", -3) == array("apples", "apples", "apples")
    assert run("HRANDFIELD", "missing", -3) == b"*0\r\n"


def test_hrandfield_withvalues_nests_its_pairs_in_resp3(run: Run, run3: Run) -> None:
    run("HSET", "cart", "apples", 1)
    pair = array("apples", "1")
    assert run("HRANDFIELD", "cart", 5, "WITHVALUES") == pair
    assert run("HRANDFIELD", "cart", -2, "WITHVALUES") == b"*4\r\n" + 2 * pair[4:]
    assert run3("HRANDFIELD", "cart", 5, "withvalues") == b"*1\r\n" + pair
    assert run3("HRANDFIELD", "cart", -2, "WITHVALUES") == b"*2\r\n" + 2 * pair


def test_hrandfield_bounds_its_count(run: Run) -> None:
    run("HSET", "cart", "apples", 1)
    assert run("HRANDFIELD", "cart", -(2**63)) == (
        b"-ERR value is out of range, value must between"
        b" -9223372036854775807 and 9223372036854775807\r\n"
    )
    assert run("HRANDFIELD", "cart", 2**62 - 1, "WITHVALUES") == array("apples", "1")
    assert run("HRANDFIELD", "cart", 2**62, "WITHVALUES") == OUT_OF_RANGE
    assert run("HRANDFIELD", "missing", -(2**62), "WITHVALUES") == OUT_OF_RANGE
    assert run("HRANDFIELD", "cart", -MAX_REPEATED_CHOICES - 1) == OUT_OF_RANGE


def test_hrandfield_reads_its_count_before_its_options(run: Run) -> None:
    assert run("HRANDFIELD", "missing", "abc", "FOO") == NOT_AN_INTEGER
    assert run("HRANDFIELD", "missing", 1, "FOO") == b"-ERR syntax error\r\n"
    assert run("HRANDFIELD", "missing", 1, "WITHVALUES", "FOO") == b"-ERR syntax error\r\n"


def test_every_field_is_as_likely_as_another(run: Run) -> None:
    for n in range(4):
        run("HSET", "cart", f"f{n}", 1)
    run("HRANDFIELD", "cart")
    # From here on the hash keeps an order, in which f0 stands three times.
    for _ in range(2):
        run("HDEL", "cart", "f0")
        run("HSET", "cart", "f0", 1)
    drawn = run("HRANDFIELD", "cart", -8000)
    for n in range(4):
        assert 1850 < drawn.count(b"f%d" % n) < 2150


# --- HSCAN ----------------------------------------------------------------------------------------


def scan(run: Run, *request: Word) -> tuple[int, list[str]]:
    """The cursor and the words of an HSCAN's reply."""
    _, _, cursor, _, *words = run("HSCAN", *request).decode().split("\r\n")[:-1]
    return int(cursor), words[1::2]


def test_hscan_returns_a_small_hash_at_once(run: Run) -> None:
    fields = [f"field-{n}" for n in range(100)]
    run("HSET", "cart", *(word for field in fields for word in (field, 1)))
    cursor, words = scan(run, "cart", 0, "COUNT", 10)
    assert cursor == 0
    assert words[::2] == fields
    assert set(words[1::2]) == {"1"}


def test_hscan_returns_a_large_hash_in_steps(run: Run, run3: Run) -> None:
    fields = {f"field-{n}" for n in range(600)}
    run("HSET", "cart", *(word for field in fields for word in (field, 1)))
    cursor, words = scan(run, "cart", 0)
    assert len(words) == 2 * 10
    found, steps = words[::2], 1
    while cursor:
        cursor, words = scan(run3, "cart", cursor, "COUNT", 100)
        found += words[::2]
        steps += 1
    assert steps == 7
    assert sorted(found) == sorted(fields)


def test_hscan_matches_fields_and_not_values(run: Run) -> None:
    run("HSET", "cart", "apples", "pears", "pears", 2, "plums", 3)
    assert scan(run, "cart", 0, "MATCH", "p*") == (0, ["pears", "2", "plums", "3"])
    assert scan(run, "cart", 0, "MATCH", "p*", "match", "[a]*") == (0, ["apples", "pears"])


def test_hscan_of_a_missing_hash_is_over_before_its_options_are_read(run: Run) -> None:
    assert run("HSCAN", "missing", 0, "COUNT", "abc") == b"*2\r\n$1\r\n0\r\n*0\r\n"
    run("HSET", "cart", "apples", 1)
    assert run("HSCAN", "cart", 0, "COUNT", "abc") == NOT_AN_INTEGER
    for options in ("COUNT 0", "COUNT -1", "COUNT", "MATCH", "FOO", "TYPE hash"):
        assert run("HSCAN", "cart", 0, *options.split()) == b"-ERR syntax error\r\n"


def test_hscan_reads_its_cursor_before_anything_else(run: Run) -> None:
    run("SET", "text", "hello")
    assert run("HSCAN", "text", "abc") == b"-ERR invalid cursor\r\n"
    assert run("HSCAN", "text", 0, "FOO") == WRONG_TYPE


# --- numbers --------------------------------------------------------------------------------------


def test_hincrby_counts_a_missing_field_from_zero(run: Run) -> None:
    assert run("HINCRBY", "cart", "apples", 5) == b":5\r\n"
    assert run("HINCRBY", "cart", "apples", -7) == b":-2\r\n"
    assert run("HGET", "cart", "apples") == bulk("-2")


def test_hincrby_past_64_bits_is_refused(run: Run) -> None:
    run("HSET", "cart", "most", 2**63 - 1)
    assert run("HINCRBY", "cart", "most", 1) == (b"-ERR increment or decrement would overflow\r\n")
    assert run("HGET", "cart", "most") == bulk(str(2**63 - 1))


@pytest.mark.parametrize("text", ["", " 1", "01", "1.5", "abc", "-0"])
def test_hincrby_refuses_a_field_that_holds_no_integer(run: Run, text: str) -> None:
    run("HSET", "cart", "apples", text)
    assert run("HINCRBY", "cart", "apples", 1) == b"-ERR hash value is not an integer\r\n"
    assert run("HINCRBY", "cart", "apples", text) == NOT_AN_INTEGER


def test_hincrbyfloat_adds_as_people_do(run: Run) -> None:
    assert run("HINCRBYFLOAT", "cart", "price", "10.50") == bulk("10.5")
    assert run("HINCRBYFLOAT", "cart", "price", "0.1") == bulk("10.6")
    assert run("HGET", "cart", "price") == bulk("10.6")


def test_hincrbyfloat_has_four_ways_to_refuse(run: Run, engine: Engine) -> None:
    assert run("HINCRBYFLOAT", "cart", "price", "abc") == NOT_A_FLOAT
    assert run("HINCRBYFLOAT", "cart", "price", "-inf") == b"-ERR value is NaN or Infinity\r\n"
    assert not exists(engine, b"cart")
    run("HSET", "cart", "price", "free")
    assert run("HINCRBYFLOAT", "cart", "price", 1) == b"-ERR hash value is not a float\r\n"
    run("HSET", "cart", "price", "inf")
    assert run("HINCRBYFLOAT", "cart", "price", 1) == (
        b"-ERR increment would produce NaN or Infinity\r\n"
    )


# --- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_line",
    [
        "HGET text f",
        "HMGET text f",
        "HSET text f v",
        "HMSET text f v",
        "HSETNX text f v",
        "HDEL text f",
        "HEXISTS text f",
        "HLEN text",
        "HSTRLEN text f",
        "HGETALL text",
        "HKEYS text",
        "HVALS text",
        "HRANDFIELD text",
        "HRANDFIELD text 1",
        "HINCRBY text f 1",
        "HINCRBYFLOAT text f 1",
    ],
)
def test_hash_commands_refuse_other_types(run: Run, request_line: str) -> None:
    run("SET", "text", "hello")
    assert run(*request_line.split()) == WRONG_TYPE
    assert run("GET", "text") == bulk("hello")


def test_arguments_are_checked_before_the_type(run: Run) -> None:
    run("SET", "text", "hello")
    assert run("HINCRBY", "text", "f", "abc") == NOT_AN_INTEGER
    assert run("HINCRBYFLOAT", "text", "f", "nan") == NOT_A_FLOAT
    assert run("HRANDFIELD", "text", "abc") == NOT_AN_INTEGER


def test_each_change_has_the_event_name_of_redis(run: Run, events: list[str]) -> None:
    run("HSET", "h", "a", 1, "b", 2)
    run("HSETNX", "h", "a", 1)
    run("HSETNX", "h", "c", 1)
    run("HINCRBY", "h", "a", 1)
    run("HINCRBYFLOAT", "h", "a", 1)
    run("HDEL", "h", "missing")
    run("HDEL", "h", "a", "b", "c")
    names = "hset hset hincrby hincrbyfloat hdel del"
    assert events == [f"{name} h" for name in names.split()]


def test_changes_are_counted_as_redis_counts_them(run: Run, engine: Engine) -> None:
    def changed_by(*request: str | int) -> int:
        db = engine.state.databases[0]
        before = db.changes
        run(*request)
        return db.changes - before

    assert changed_by("HSET", "h", "a", 1, "b", 2) == 2
    assert changed_by("HSET", "h", "a", 1) == 1
    assert changed_by("HSETNX", "h", "a", 1) == 0
    assert changed_by("HDEL", "h", "a", "b", "c") == 2
    assert changed_by("HDEL", "h", "a") == 0
