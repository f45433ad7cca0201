from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ferrite_lite.patterns import is_literal, matcher
from tests.support.servers import RealServer
from tests.support.wire import RawConnection

# --- the reference: slow, and plainly what Redis does ---------------------------------------------


def slowly_matches(pattern: bytes, name: bytes) -> bool:
    """Try every length for every star. Exponential: for short patterns only."""
    if not name:
        return pattern in (b"", b"*")
    return any(rest == b"" for rest in leftovers(pattern, name))


def leftovers(pattern: bytes, name: bytes) -> Iterator[bytes]:
    """What is left of the name behind each way to match the pattern with its beginning."""
    if not pattern:
        yield name
        return
    if pattern[:1] == b"*":
        for taken in range(len(name) + 1):
            yield from leftovers(pattern[1:], name[taken:])
        return
    accepted, rest = first_element(pattern)
    if name and name[0] in accepted:
        yield from leftovers(rest, name[1:])


def first_element(pattern: bytes) -> tuple[set[int], bytes]:
    """The bytes that the pattern's first element accepts, and the pattern behind it."""
    if pattern[:1] == b"?":
        return set(range(256)), pattern[1:]
    if pattern[:1] == b"[":
        return byte_class(pattern[1:])
    if pattern[:1] == b"\\" and len(pattern) > 1:
        return {pattern[1]}, pattern[2:]
    return {pattern[0]}, pattern[1:]


def byte_class(text: bytes) -> tuple[set[int], bytes]:
    negated = text[:1] == b"^"
    text = text[negated:]
    members: set[int] = set()
    while text and text[:1] != b"]":
        if text[:1] == b"\\" and len(text) > 1:
            members.add(text[1])
            text = text[2:]
        elif len(text) > 2 and text[1:2] == b"-":
            # Redis compares C's char, which is signed: 0x80 to 0xff come before 0x00.
            order = [*range(128, 256), *range(128)]
            low, high = sorted((order.index(text[0]), order.index(text[2])))
            members |= set(order[low : high + 1])
            text = text[3:]
        else:
            members.add(text[0])
            text = text[1:]
    return (set(range(256)) - members if negated else members), text[1:]


# --- one by one -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        (b"hello", [b"hello"], [b"hell", b"hello!", b"Hello", b""]),
        (b"h?llo", [b"hello", b"h\nllo", b"h\xffllo"], [b"hllo", b"heello"]),
        (b"h*o", [b"ho", b"hello", b"h\r\no"], [b"h", b"hello!"]),
        (b"h[ae]llo", [b"hello", b"hallo"], [b"hillo", b"hllo"]),
        (b"h[^e]llo", [b"hallo", b"h^llo"], [b"hello"]),
        (b"[a-c]", [b"a", b"b", b"c"], [b"d", b"-", b"B"]),
        (b"[c-a]", [b"a", b"b", b"c"], [b"d", b"-"]),
        (b"[\xff-a]", [b"\xff", b"\x00", b"a"], [b"b", b"\xfe"]),
        (b"[a-]", [b"^", b"]", b"a"], [b"-", b"b"]),
        (b"[abc", [b"a", b"b", b"c"], [b"[abc", b"d"]),
        (b"[^", [b"a", b"^"], [b"", b"ab"]),
        (b"[]", [], [b"", b"]", b"[]"]),
        (b"[]a]", [], [b"a", b"]", b"a]"]),
        (b"[\\]x]", [b"]", b"x"], [b"\\"]),
        (b"\\*", [b"*"], [b"\\*", b"a"]),
        (b"a\\", [b"a\\"], [b"a"]),
        (b"*", [b"", b"a", b"\x00"], []),
        (b"**", [b"a", b"ab"], [b""]),
        (b"a.b", [b"a.b"], [b"axb"]),
        (b"(a|b)+$", [b"(a|b)+$"], [b"a"]),
        (b"", [b""], [b"a"]),
    ],
)
def test_a_pattern_matches_what_it_does_in_redis(
    pattern: bytes, matching: list[bytes], others: list[bytes]
) -> None:
    matches = matcher(pattern)
    assert [name for name in matching if not matches(name)] == []
    assert [name for name in others if matches(name)] == []
    assert all(slowly_matches(pattern, name) for name in matching)
    assert not any(slowly_matches(pattern, name) for name in others)


def test_case_can_be_ignored() -> None:
    matches = matcher(b"max[a-z]*", ignore_case=True)
    assert matches(b"MAXMEMORY")
    assert matches(b"maxMemory")
    assert not matches(b"max-memory")


def test_only_a_pattern_without_special_bytes_is_literal() -> None:
    assert is_literal(b"user:1]")
    assert not any(map(is_literal, (b"a*", b"a?", b"[a", b"a\\")))


# --- all of them ----------------------------------------------------------------------------------

_PIECES = [b"a", b"b", b"*", b"?", b"[", b"]", b"^", b"-", b"\\", b"\n", b"\xff"]
patterns = st.lists(st.sampled_from(_PIECES), max_size=9).map(b"".join)
names = st.lists(st.sampled_from([b"a", b"b", b"]", b"-", b"^", b"\n"]), max_size=7).map(b"".join)


@settings(max_examples=600)
@given(patterns, names)
@example(b"**", b"")
@example(b"*a*", b"")
@example(b"[\xff-a", b"b")
def test_the_fast_matcher_agrees_with_the_slow_one(pattern: bytes, name: bytes) -> None:
    assert bool(matcher(pattern)(name)) == slowly_matches(pattern, name)


@given(st.binary(max_size=6), st.binary(max_size=4))
def test_any_bytes_are_a_pattern(pattern: bytes, name: bytes) -> None:
    assert bool(matcher(pattern)(name)) == slowly_matches(pattern, name)


@given(st.binary(max_size=20))
def test_a_literal_pattern_matches_its_own_name(pattern: bytes) -> None:
    if is_literal(pattern):
        assert matcher(pattern)(pattern)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "pattern", [b"*a" * 60 + b"b", b"a*" * 60 + b"b", b"*[ab]" * 60 + b"c", b"*?" * 60 + b"c*c"]
)
def test_a_hostile_pattern_takes_no_time_to_speak_of(pattern: bytes) -> None:
    """Backtracking would take longer than the universe has lasted: the timeout is the assertion."""
    assert not matcher(pattern)(b"a" * 2000)


#: Patterns with as many stars as may be, and with one more.
MANY_STARS = [
    b"*?" * 1000,
    b"*?" * 1001,
    b"*?" * 1000 + b"*",
    b"*?" * 1000 + b"**",
    b"**?" * 1000,
    b"**?" * 1001,
    b"*a" * 999 + b"b*",
    b"[a]*" * 1001,
    b"[a]*" * 1002,
]


def test_a_pattern_with_too_many_stars_matches_nothing() -> None:
    matches = [bool(matcher(pattern)(b"a" * 3000)) for pattern in MANY_STARS]
    assert matches == [True, False, True, True, True, False, False, True, False]


# --- against redis-server -------------------------------------------------------------------------

#: Every name of up to three of these bytes.
_ALPHABET = (b"a", b"b", b"]", b"-", b"\\")
EVERY_NAME = [b"", *_ALPHABET]
EVERY_NAME += [a + b for a in _ALPHABET for b in _ALPHABET]
EVERY_NAME += [a + b + c for a in _ALPHABET for b in _ALPHABET for c in _ALPHABET]


def test_keys_of_redis_agrees(redis_server: RealServer) -> None:
    redis_server.flush()
    with redis_server.connect() as connection:
        connection.ask("MSET", *(word for name in EVERY_NAME for word in (name, b"1")))

        @settings(max_examples=300)
        @given(patterns)
        def check(pattern: bytes) -> None:
            matches = matcher(pattern)
            assert keys(connection, pattern) == {name for name in EVERY_NAME if matches(name)}

        check()


def test_redis_counts_stars_alike(redis_server: RealServer) -> None:
    redis_server.flush()
    with redis_server.connect() as connection:
        connection.ask("SET", b"a" * 3000, b"1")
        for pattern in MANY_STARS:
            assert bool(keys(connection, pattern)) == bool(matcher(pattern)(b"a" * 3000))


def keys(connection: RawConnection, pattern: bytes) -> set[bytes]:
    # No name has a line end in it: the lines of the reply are header, name, header, name...
    return set(connection.ask("KEYS", pattern).split(b"\r\n")[2:-1:2])
