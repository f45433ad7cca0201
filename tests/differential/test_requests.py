"""Made-up requests: each command's own documentation says what its arguments may be.

Most are right, some have a word too many or too few, or one that is no good. One run is short and
always the same; DIFFERENTIAL_EXAMPLES=1000 makes a thousand batches of requests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import hiredis
import pytest

from .runner import Target, differences
from .script import Case, Step, read_step

_BATCHES = int(os.environ.get("DIFFERENTIAL_EXAMPLES", "") or 12)
_REQUESTS = 40

#: What each batch begins with: a key of every type.
_DATA = """
SET s hello
SET n 10
HSET h f v g 1 a 1.5
SADD st a b v
SADD is 1 2 3
SORT st ALPHA STORE l
SET due x PXAT 33177117420000
""".strip().splitlines()

_KEYS = ["s", "n", "h", "st", "is", "l", "due", "none", ""]
_WORDS: dict[str, list[str]] = {
    "string": ["v", "1", "-1", "0", "10", "1.5", "abc", "", "01", " 1", "nan", "a", "f", "x" * 70],
    "integer": ["0", "1", "-1", "2", "100", "9223372036854775807", "abc", "1.5", "", "01", "+1"],
    "count": ["0", "1", "2", "10", "-1", "-3", "x", ""],
    "double": [
        *("0", "1", "-1.5", "0.1", "3.14", "1e300", "abc", "inf", "nan", "", "1e17", "0x10"),
        *("-0.0", "+.5", "5.", "1e-4951", "1e5000", "0x1p-3", "4.9e-324", " 1", "1 ", "1e+"),
        "-nan",
    ],
    "pattern": [
        *("*", "s", "?", "[sh]", "[^s]", "s*", "[a-", "", "[", "[]", "[^]", "\\", "*\\", "\\s"),
        *("[z-a]", "[\\]s]", "**?*", "[s-", "[!s]", "[^^]", "{s,h}", "\0*"),
    ],
    "time": ["1000", "0", "-1", "9223372036854775807", "9223372036854775", "33177117420", "x", ""],
}
#: What fits nowhere, and above all what is too large for a C type.
_JUNK = [
    *("9223372036854775808", "-9223372036854775809", "99999999999999999999999999", "4294967296"),
    *("2147483648", "18446744073709551616", "1e400", "-0", " 1", "1 ", "\0", "\r\n", "*", "\xff"),
    *("FIELDS", "BY", "STORE", "KEEPTTL", "", "x" * 100),
]
_STRAY = ["NX", "GET", "LIMIT", "COUNT", "REPLACE", "GT", "PERSIST", "x", "1", "-1"]

#: Other groups act on the connection or on the server, and have tests of their own.
_GROUPS = frozenset({"string", "hash", "set", "generic", "pubsub"})
#: What has an order or a cursor of its own, answers more than once, or waits.
_LEFT_OUT = frozenset(
    {
        *("scan", "sscan", "hscan", "randomkey", "wait", "migrate", "object", "dump"),
        *("subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"),
    }
)
_UNORDERED = frozenset(
    {
        *("keys", "smembers", "sinter", "sunion", "sdiff", "hkeys", "hvals"),
        *("sort", "sort_ro", "pubsub", "spop"),
    }
)
_SHAPES = frozenset({"srandmember", "hrandfield", "spop"})
_FLAGS = {
    **dict.fromkeys(_UNORDERED, frozenset({"unordered"})),
    **dict.fromkeys(_SHAPES, frozenset({"shape"})),
    "hgetall": frozenset({"pairs"}),
}
_NEAR = {
    **dict.fromkeys(("ttl", "expiretime", "httl", "hexpiretime"), 2),
    **dict.fromkeys(("pttl", "pexpiretime", "hpttl", "hpexpiretime"), 5000),
}

Documented = dict[str, list[dict[str, Any]]]


def documentation(target: Target) -> Documented:
    """The arguments of each command that is compared here."""
    reader = hiredis.Reader(encoding="utf-8")
    with target.connect(protocol=3) as connection:
        reader.feed(connection.ask("COMMAND", "DOCS"))
    return {
        name: facts.get("arguments", [])
        for name, facts in reader.gets().items()
        if facts["group"] in _GROUPS and name not in _LEFT_OUT
    }


class Maker:
    """Makes requests, always the same from one seed."""

    def __init__(self, seed: int, documented: Documented) -> None:
        self._random = Random(seed)
        self._documented = documented
        self._names = sorted(documented)

    def step(self) -> Step:
        name = self._random.choice(self._names)
        words = [word for each in self._documented[name] for word in self._argument(each)]
        self._disturb(words)
        request = [name.encode(), *(word.encode() for word in words)]
        numbers = {"near": _NEAR[name]} if name in _NEAR else {}
        return Step(f"{name} {words}", request, _FLAGS.get(name, frozenset()), numbers)

    def _argument(self, each: dict[str, Any]) -> Iterator[str]:
        flags = each.get("flags", ())
        if "optional" in flags and self._random.random() < 0.5:
            return
        times = self._random.choice([1, 1, 2, 3]) if "multiple" in flags else 1
        for time in range(times):
            if "token" in each and (time == 0 or "multiple_token" in flags):
                yield self._cased(each["token"])
            yield from self._value(each)

    def _value(self, each: dict[str, Any]) -> Iterator[str]:
        kind, name = each["type"], each["name"]
        if kind == "key":
            yield self._random.choice(_KEYS)
        elif kind == "oneof":
            yield from self._argument(self._random.choice(each["arguments"]))
        elif kind == "block":
            for part in each["arguments"]:
                yield from self._argument(part)
        elif kind != "pure-token":
            is_time = "time" in name or "second" in name
            is_count = any(word in name for word in ("count", "num", "limit"))
            pool = "time" if is_time else "count" if is_count else kind
            yield self._random.choice(_WORDS.get(pool, _WORDS["string"]))

    def _cased(self, token: str) -> str:
        return self._random.choice([token, token, token.lower()])

    def _disturb(self, words: list[str]) -> None:
        """Make one request of three wrong, most likely."""
        at = self._random.randrange(len(words) + 1)
        match self._random.randrange(16):
            case 4 | 5 if words:
                words[at - 1] = self._random.choice(_JUNK)
            case 0 if words:
                words.pop(at - 1)
            case 1:
                words.insert(at, self._random.choice(_STRAY))
            case 2:
                words.reverse()
            case 3:
                words += words[-2:]
            case 6 if words:
                words[at - 1] += "\0x"


@pytest.mark.parametrize("seed", range(_BATCHES))
def test_made_up_requests_are_answered_alike(seed: int, reference: Target, subject: Target) -> None:
    _compare(seed, documentation(reference), reference, subject)


@pytest.mark.parametrize("seed", range(_BATCHES))
def test_made_up_requests_for_what_is_newer_are_answered_as_valkey_does(
    seed: int, reference: Target, newer_reference: Target, subject: Target
) -> None:
    if subject.name == "redis-server":
        pytest.skip("Redis 7.0 has none of it")
    served, older = documentation(subject), documentation(reference)
    newer = documentation(newer_reference)
    documented = {name: newer[name] for name in newer.keys() & served.keys() - older.keys()}
    _compare(seed, documented, newer_reference, subject)


def _compare(seed: int, documented: Documented, reference: Target, subject: Target) -> None:
    maker = Maker(seed, documented)
    made = [step for step in (maker.step() for _ in range(_REQUESTS)) if not _is_risky(step)]
    steps = [*map(read_step, _DATA), *made, read_step("DEBUG DIGEST")]
    case = Case("made up", f"seed {seed}", steps)
    if transcripts := differences(case, reference, subject):
        pytest.fail(transcripts, pytrace=False)


def _is_risky(step: Step) -> bool:
    """What could take all the memory of a real server, what only chance decides, and what Valkey
    takes for an option though it stands where the key does.
    """
    name, words = step.words[0], [word.upper() for word in step.words[1:]]
    if name.startswith(b"sort") and b"LIMIT" in words and b"BY" in words:
        return True  # without a star in the pattern, some members in any order
    if words[:1] == [b"FIELDS"]:
        return True
    if name == b"spop" and words[1:] not in ([b"0"], [b"10"], [b"-1"], [b"X"], [b""]):
        return True  # the data must stay the same on both sides
    return name == b"setrange" and any(len(word) > 7 for word in words)
