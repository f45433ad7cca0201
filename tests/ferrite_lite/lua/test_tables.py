"""The order of a table's keys, and where it ends: as in Redis, whatever was done to it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from ferrite_lite import Config, Engine
from ferrite_lite.lua import key_hashes, layout, ordering
from ferrite_lite.lua.layout import Layout, rounded
from ferrite_lite.resp import encode
from tests.support.servers import RealServer
from tests.support.wire import RawConnection

from . import tables
from .generated import Ours

#: However busy the machine is.
LONG_MS = 120_000
#: Seeds that a test takes at once.
SEEDS_AT_ONCE = 50

SHOW = """
local function show(t)
  local keys = ''
  for key in pairs(t) do keys = keys .. tostring(key) .. ' ' end
  return keys
end
"""


@pytest.fixture
def reference(redis_server: RealServer) -> Iterator[RawConnection]:
    with redis_server.connect() as connection:
        yield connection
        connection.ask("SCRIPT", "FLUSH")  # a script that fails leaves the collector stopped


@pytest.fixture
def no_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no script that would have one."""
    for module in (layout, ordering, key_hashes):
        monkeypatch.setattr(module, "spend", lambda _: None)
    monkeypatch.setattr(layout, "reserve", lambda _: None)


def shown(source: str) -> str:
    """What a script answers, which has a function that lists keys."""
    engine = Engine(config=Config(busy_after_ms=LONG_MS))
    reply = engine.execute(engine.connect(), [b"EVAL", (SHOW + source).encode(), b"0"])
    assert isinstance(reply, bytes), encode(reply)
    return reply.decode()


@pytest.mark.parametrize("first", range(0, 200, SEEDS_AT_ONCE))
def test_made_up_tables_are_traversed_as_in_redis(reference: RawConnection, first: int) -> None:
    ours = Ours()
    for seed in range(first, first + SEEDS_AT_ONCE):
        words = ("EVAL", tables.script(seed), 3, "k1", "k2", "k3")
        assert ours.ask(*words) == reference.ask(*words), seed


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        pytest.param("{a=1, b=2, c=3, d=4}", "a d c b ", id="a constructor"),
        pytest.param("{[1]=1, [2]=2, [3]=3, [4]=4}", "1 2 4 3 ", id="numbers that have nodes"),
        pytest.param("{1, 2, x=3, [0]=4}", "1 2 0 x ", id="both parts"),
        pytest.param('cjson.decode(\'{"a":1,"b":2,"c":3}\')', "a c b ", id="decoded JSON"),
        pytest.param("{[true]=1, [false]=2}", "false true ", id="booleans"),
    ],
)
def test_the_order_is_that_of_redis_without_redis_at_hand(source: str, keys: str) -> None:
    assert shown(f"return show({source})") == keys


def test_json_has_its_fields_in_the_order_of_redis() -> None:
    assert shown("return cjson.encode({a=1,b=2,c=3,d=4})") == '{"a":1,"d":4,"c":3,"b":2}'


def test_false_is_another_key_than_zero_and_true_than_one() -> None:
    source = """
    local found = ''
    for key, value in pairs({[0] = 'a', [false] = 'b', [1] = 'c', [true] = 'd'}) do
      found = found .. tostring(key) .. value .. ' '
    end
    return found"""
    assert sorted(shown(source).split()) == ["0a", "1c", "falseb", "trued"]


def test_a_table_may_lose_keys_while_it_is_traversed() -> None:
    source = """
    local t, count = {}, 0
    for i = 1, 100 do t['k' .. i] = i t[i] = i end
    for key in pairs(t) do t[key] = nil count = count + 1 end
    return count .. tostring(next(t)) .. #t"""
    assert shown(source) == "200nil0"


def test_keys_without_an_order_of_their_own_come_as_they_were_set() -> None:
    source = """
    local t, keys = {}, {}
    for i = 1, 4 do keys[i] = {} t[keys[i]] = i end
    local found = ''
    for key, value in pairs(t) do found = found .. value end
    return found"""
    assert shown(source) == "1234"


def test_what_is_no_key_has_no_successor() -> None:
    for table in ("{}", "{1, 2}", "{a=1}", "{1, a=1}"):
        assert shown(f"return (select(2, pcall(next, {table}, 'none')))") == "invalid key to 'next'"


def test_removals_that_are_worked_off_before_somebody_asks_change_no_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = """
    local t = {}
    for i = 1, 500 do t['k' .. i] = i t[i % 40] = i t['k' .. (i - 20)] = nil t[i % 7] = nil end
    return show(t) .. #t"""
    kept = shown(source)
    monkeypatch.setattr(ordering, "MAX_EVENTS", 10)
    assert shown(source) == kept


def test_long_strings_that_were_keys_are_not_kept() -> None:
    engine = Engine(config=Config(script_memory_bytes=64 << 20, busy_after_ms=LONG_MS))
    source = b"""
    local t = {}
    for i = 1, 200 do local key = string.rep('x', 1000000) .. i t[key] = 1 t[key] = nil end
    return next(t) == nil and 1"""
    assert engine.execute(engine.connect(), [b"EVAL", source, b"0"]) == 1


@pytest.mark.usefixtures("no_budget")
def test_an_order_takes_the_memory_that_is_reserved_for_it() -> None:
    keys = dict.fromkeys(at + 0.5 for at in range(10_000))
    tracemalloc.start()
    try:
        history = ordering.History(0, 0, 0, keys)
        history.after(None)
        taken_bytes, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    nodes_bytes = (1 << 14) * layout.NODE_BYTES
    assert taken_bytes < nodes_bytes * 1.1
    assert peak_bytes < nodes_bytes * 2


@pytest.mark.parametrize(
    ("size", "told"), [(0, 0), (15, 15), (16, 16), (17, 18), (33, 36), (50, 52), (1000, 1024)]
)
def test_a_constructor_tells_a_great_size_roughly(size: int, told: int) -> None:
    assert rounded(size) == told


@pytest.mark.usefixtures("no_budget")
@pytest.mark.parametrize("every", [1, 3])
def test_an_interrupted_layout_can_be_gone_on_with(
    monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    """The host may stop a script in the midst of it; a library's table outlives the script."""
    keys = [float(at) if at % every else b"k%d" % at for at in range(1000)]
    whole = list(ordering.History(0, 0, 0, dict.fromkeys(keys)).following(None))
    for stopped_after in (0, 1, 3, 5, 8):
        left = stopped_after

        def spend(_: int) -> None:
            nonlocal left
            left -= 1
            if left == -1:
                raise TimeoutError

        monkeypatch.setattr(layout, "spend", spend)
        monkeypatch.setattr(ordering, "spend", spend)
        history = ordering.History(0, 0, 0, dict.fromkeys(keys))
        with pytest.raises(TimeoutError):
            history.after(None)
        assert list(history.following(None)) == whole


@pytest.mark.usefixtures("no_budget")
@pytest.mark.parametrize("key", [b"k%d", b"a name of more than sixteen bytes: %d"])
def test_a_large_table_is_put_in_order_in_small_steps(
    monkeypatch: pytest.MonkeyPatch, key: bytes
) -> None:
    spent: list[int] = []
    for module in (layout, ordering):
        monkeypatch.setattr(module, "spend", spent.append)
    at_once = layout.KEYS_AT_ONCE + 1  # and an event that was told of
    history = ordering.History(0, 0, 0, dict.fromkeys(key % at for at in range(10_000)))
    history.after(None)
    history.removed(key % 0)
    history.after(None)
    assert sum(spent) > 2 * 10_000
    assert max(spent) <= at_once


def test_a_large_table_that_grows_as_it_is_traversed_is_not_put_in_order_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[int] = []

    def arranged(hashes: list[int], node_count: int) -> list[int]:
        counted.append(len(hashes))
        return layout.arranged(hashes, node_count)

    monkeypatch.setattr(ordering, "arranged", arranged)
    monkeypatch.setattr(ordering, "_orders", {})
    source = """
    local t, found = {}, 0
    for i = 1, 300 do t['k' .. i] = i end
    for i = 1, 300 do
      for key in pairs(t) do found = found + 1 break end
      t['n' .. i] = i
    end
    return tostring(found)"""
    assert shown(source) == "300"
    assert counted == [300]


@pytest.mark.usefixtures("no_budget")
def test_many_strings_hashed_at_once_have_the_hashes_of_each() -> None:
    texts = [bytes((at * 7 + place * 31) % 256 for place in range(at % 9)) for at in range(500)]
    texts += [b"\xff" * length for length in range(1, 70)] * 5 + [b"\xff\xfe" * 2048, b"x" * 4097]
    expected = []
    for text in texts:
        hash_ = len(text)
        for byte in reversed(text):
            hash_ ^= ((hash_ << 5) + (hash_ >> 2) + byte) & 0xFFFFFFFF
        expected.append(hash_ if len(text) <= key_hashes.MAX_HASHED_BYTES else key_hashes.NO_HASH)
    assert key_hashes.hashes_of(texts) == expected
    assert list(map(key_hashes.hash_of, texts)) == expected


@pytest.mark.usefixtures("no_budget")
def test_the_border_is_found_by_halving_the_array_part() -> None:
    table = Layout(8, 0)
    for key in (1.0, 2.0, 3.0, 8.0):
        table.put(key, alive=True)
    assert table.border() == 8
    table.put(8.0, alive=False)
    assert table.border() == 3
