"""Cases that every command of a kind needs, made from one request of each.

The requests stand one a line, as short as the command allows: ``GET k``, and ``DEL k ...`` where
more words may follow. A key under test is called k, a second one k2.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..script import Case, read_step

_KEYS_OF_EACH_TYPE = ("SET string value", "HSET hash field value", "SADD set member")
_TYPES = ("string", "hash", "set")


def arity(group: str, requests: str) -> Iterator[Case]:
    """One word too few, and one too many where the command has a fixed number of words."""
    for name, words, more_may_follow in _read(requests):
        steps = [] if words[-1] == name else [" ".join(words[:-1])]
        if not more_may_follow:
            steps.append(" ".join([*words, "extra"]))
        yield _case(group, f"{name} counts its arguments", steps)


def types(group: str, requests: str, suffix: str = "") -> Iterator[Case]:
    """The command on a missing key, and on a key of each type."""
    for name, words, _ in _read(requests):
        missing = [" ".join(words), "EXISTS k k2"]
        yield _case(group, f"{name} on a missing key{suffix}", missing)
        steps = [*_KEYS_OF_EACH_TYPE]
        for key in ("k", "k2"):
            if key in words:
                steps += [" ".join(_replaced(words, key, held)) for held in _TYPES]
        yield _case(
            group, f"{name} on a key of each type{suffix}", [*steps, "EXISTS string hash set k k2"]
        )


def keys(group: str, requests: str) -> Iterator[Case]:
    """Which words of a request are its keys, and what the command does to them."""
    for name, words, _ in _read(requests):
        request = " ".join(words).rpartition("> ")[2]
        yield _case(group, f"The keys of {name}", [f"COMMAND GETKEYS {request}"])
        flags = f"What {name} does to its keys"
        yield _case(group, flags, [f"COMMAND GETKEYSANDFLAGS {request}"])


def _read(requests: str) -> Iterator[tuple[str, list[str], bool]]:
    """Name, words, and whether more may follow."""
    for line in filter(None, map(str.strip, requests.splitlines())):
        request = line.removesuffix(" ...")
        words = request.split(" ")
        named = request.rpartition("> ")[2].split(" ")
        # A container such as CONFIG has a subcommand, and no key at once after its name.
        yield (
            " ".join(word for word in named[:2] if word.isupper()) or named[0],
            words,
            line != request,
        )


def _replaced(words: list[str], key: str, by: str) -> list[str]:
    return [by if word == key else word for word in words]


def _case(group: str, name: str, steps: list[str]) -> Case:
    return Case(group, name, [read_step(step) for step in steps])
