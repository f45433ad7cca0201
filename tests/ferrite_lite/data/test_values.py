from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.data.values import (
    EncodingLimits,
    Hash,
    Set,
    Value,
    copy_of,
    encoding_of,
    kind_of,
    names_in,
    pick,
    pick_distinct,
    pick_repeatedly,
)

LIMITS = EncodingLimits(hash_entries=4, hash_value_bytes=8, intset_entries=4)


def make_hash(**fields: str) -> Hash:
    made = Hash(LIMITS)
    for field, value in fields.items():
        made.assign(field.encode(), value.encode())
    return made


def make_set(*members: bytes) -> Set:
    made = Set(LIMITS)
    made.insert(members)
    return made


# --- hashes and sets ------------------------------------------------------------------------------


def test_a_hash_says_which_fields_are_new_and_which_were_there() -> None:
    cart = Hash(LIMITS)
    assert cart.assign(b"apples", b"1")
    assert not cart.assign(b"apples", b"2")
    assert cart == {b"apples": b"2"}
    assert cart.drop(b"apples")
    assert not cart.drop(b"apples")


def test_a_field_with_an_empty_value_can_be_dropped() -> None:
    assert make_hash(apples="").drop(b"apples")


def test_a_set_says_how_many_members_are_new() -> None:
    tags = Set(LIMITS)
    assert tags.insert([b"a", b"b", b"a"]) == 2
    assert tags.insert([b"b", b"c"]) == 1
    assert tags.drop(b"a")
    assert not tags.drop(b"a")
    assert tags == {b"b", b"c"}


fields = st.integers(0, 8).map(lambda number: b"f%d" % number)


@given(st.lists(st.tuples(st.booleans(), fields)))
def test_the_roster_of_a_collection_knows_its_names(changes: list[tuple[bool, bytes]]) -> None:
    cart, tags = Hash(LIMITS), Set(LIMITS)
    names_in(cart)
    names_in(tags)
    for comes, name in changes:
        if comes:
            cart.assign(name, b"1")
            tags.insert([name])
        else:
            cart.drop(name)
            tags.drop(name)
    for owner in (cart, tags):
        _, found = names_in(owner).scan(0, 1000, owner)
        assert set(found) == set(owner)


# --- encodings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (b"12", b"int"),
        (b"-9223372036854775808", b"int"),
        (b"9223372036854775808", b"embstr"),
        (b"012", b"embstr"),
        (b"", b"embstr"),
        (b"x" * 44, b"embstr"),
        (b"x" * 45, b"raw"),
        (bytearray(b"12"), b"raw"),
        (make_hash(a="1"), b"listpack"),
        (make_set(b"1"), b"intset"),
        (make_set(b"1", b"x"), b"hashtable"),
    ],
)
def test_encodings_have_the_names_of_redis(value: Value, encoding: bytes) -> None:
    assert encoding_of(value) == encoding


def test_a_hash_becomes_a_table_by_number_or_length_and_stays_one() -> None:
    assert make_hash(a="1", b="2", c="3", d="12345678").encoding == b"listpack"
    assert make_hash(a="123456789").encoding == b"hashtable"
    assert make_hash(long_field="1").encoding == b"hashtable"
    cart = make_hash(a="1", b="2", c="3", d="4", e="5")
    assert cart.encoding == b"hashtable"
    cart.drop(b"e")
    assert cart.encoding == b"hashtable"


def test_a_set_becomes_a_table_by_number_or_by_a_member_and_stays_one() -> None:
    assert make_set(b"1", b"2", b"3", b"4").encoding == b"intset"
    assert make_set(b"1", b"2", b"3", b"4", b"5").encoding == b"hashtable"
    tags = make_set(b"1", b"x")
    tags.drop(b"x")
    assert tags.encoding == b"hashtable"


def test_kinds_have_the_names_of_redis() -> None:
    assert kind_of(b"") == kind_of(bytearray()) == b"string"
    assert kind_of(make_hash(a="1")) == b"hash"
    assert kind_of(make_set(b"1")) == b"set"


# --- copies ---------------------------------------------------------------------------------------


def test_a_copy_shares_nothing_with_its_original() -> None:
    text = bytearray(b"ab")
    copied_text = copy_of(text)
    text += b"c"
    assert copied_text == b"ab"
    cart, tags = make_hash(a="1"), make_set(b"1")
    names_in(cart)
    copied_cart, copied_tags = copy_of(cart), copy_of(tags)
    cart.assign(b"b", b"2")
    tags.insert([b"2"])
    assert copied_cart == {b"a": b"1"}
    assert copied_tags == {b"1"}


def test_a_copy_keeps_its_encoding() -> None:
    cart, tags = make_hash(a="a long value"), make_set(b"x")
    cart.assign(b"a", b"1")
    tags.insert([b"1"])
    tags.drop(b"x")
    assert encoding_of(copy_of(cart)) == encoding_of(copy_of(tags)) == b"hashtable"


# --- random choices -------------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(0, 70), st.integers())
def test_a_distinct_choice_has_the_size_asked_for(size: int, count: int, seed: int) -> None:
    owner = make_set(*(b"%d" % number for number in range(size)))
    chosen = pick_distinct(owner, count, Random(seed))
    assert len(chosen) == len(set(chosen)) == min(count, size)
    assert set(chosen) <= owner


@pytest.mark.parametrize("count", [1, 3, 9])
def test_a_distinct_choice_is_fair(count: int) -> None:
    """Of twelve members; few, a third and most of them are chosen in different ways."""
    owner = make_set(*(b"%d" % number for number in range(12)))
    random, draws = Random(1), 2000
    drawn = [member for _ in range(draws) for member in pick_distinct(owner, count, random)]
    expected = draws * count / 12
    for member in owner:
        assert abs(drawn.count(member) - expected) < 0.2 * expected


def test_a_repeated_choice_is_as_long_as_asked_for() -> None:
    owner = make_hash(a="1", b="2")
    assert set(pick_repeatedly(owner, 100, Random(1))) == {b"a", b"b"}
    assert len(list(pick_repeatedly(owner, 100, Random(1)))) == 100
    assert pick(owner, Random(1)) in owner


# --- memory ---------------------------------------------------------------------------------------


def test_fields_of_a_small_hash_are_chosen_in_their_order() -> None:
    owner = make_hash(d="1", a="2", c="3", b="4")
    names = list(owner)
    for seed in range(20):
        chosen = pick_distinct(owner, 3, Random(seed))
        assert chosen == [name for name in names if name in chosen]


def test_all_members_of_a_set_of_integers_come_by_value() -> None:
    assert pick_distinct(make_set(b"10", b"-3", b"2"), 3, Random(1)) == [b"-3", b"2", b"10"]
