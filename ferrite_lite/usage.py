"""Read one usage line, such as ``HSET key field value [field value ...]``, into facts.

The line is a command's declaration: the words before the first lower-case one are its name,
required words give the arity, and ``key`` words say where the keys stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The words of a usage line that stand for a key.
KEY_WORDS = frozenset({"key", "key1", "key2", "newkey", "source", "destination"})
#: Words that are not keys, but stand where a cluster client looks for one.
NOT_KEY_WORDS = frozenset({"shardchannel"})

_REPEATED = re.compile(r"\[([^\[\]]+) \.\.\.\]")
#: What stands before a group that is behind a word of its own: ``[KEYS key``.
_NAMED = re.compile(r"\[[A-Z]+ \S+ $")
_INNERMOST_OPTION = re.compile(r"\[[^\[\]]*\]")
_INNERMOST_CHOICE = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a usage line says about a command's arguments.

    Positions count the command's first word as 0, the way COMMAND INFO does.
    """

    line: str
    name: str  # lower case; "config get" for a subcommand
    arity: int  # words in all; negative means "at least"
    first_key: int  # 0 when there is no key at a fixed position
    last_key: int  # negative counts back from the last argument
    key_step: int
    numkeys_at: int  # position of ``numkeys``, or 0
    numkeys_step: int  # from one of these keys to the next

    def key_positions(self, argv: list[bytes]) -> range | None:
        """Where the keys stand in a request that has this command's arity.

        None if the word that counts them is not a number.
        """
        if self.numkeys_at:
            count = argv[self.numkeys_at]
            first = self.numkeys_at + 1
            step = self.numkeys_step
            return range(first, first + step * int(count), step) if count.isdigit() else None
        if not self.first_key:
            return range(0)
        last = self.last_key if self.last_key > 0 else len(argv) + self.last_key
        return range(self.first_key, last + 1, self.key_step)


def read_usage(line: str, key_words: frozenset[str] = KEY_WORDS) -> Usage:
    """Read a usage line in the notation of Redis's documentation."""
    words = _required_words(line)
    name = _leading_upper(words)
    keys = [at for at, word in enumerate(words) if word in key_words]
    repeated = _repeated_keys(line, key_words)
    numkeys_at = words.index("numkeys") if "numkeys" in words else 0
    first, last, step = 0, 0, 0
    if (keys or repeated) and not numkeys_at:
        # Keys that may all be left out stand behind all required words.
        first = keys[0] if keys else len(words)
        last, step = (-1, len(repeated)) if repeated else (keys[-1], 1)
    return Usage(
        line=line,
        name=" ".join(name).lower(),
        arity=-len(words) if "[" in line else len(words),
        first_key=first,
        last_key=last,
        key_step=step,
        numkeys_at=numkeys_at,
        numkeys_step=len(repeated) or 1,
    )


def _repeated_keys(line: str, key_words: frozenset[str]) -> list[str]:
    """The words of a repeated group that begins with a key: ``key value`` of MSET.

    A group behind a word of its own, such as MIGRATE's KEYS, does not count.
    """
    found = _REPEATED.finditer(line)
    groups = (each[1].split() for each in found if not _NAMED.search(line[: each.start()]))
    return next((group for group in groups if group[0] in key_words), [])


def _required_words(line: str) -> list[str]:
    """The words that every request has; a choice such as ``<ON | OFF>`` is one of them."""
    for pattern, stands_for in ((_INNERMOST_OPTION, " "), (_INNERMOST_CHOICE, " choice ")):
        replaced = 1
        while replaced:
            line, replaced = pattern.subn(stands_for, line)
    return line.split()


def _leading_upper(words: list[str]) -> list[str]:
    """The words of the name: ``CONFIG GET`` of ``CONFIG GET parameter``."""
    for at, word in enumerate(words):
        if not word.replace("_", "").isupper():
            return words[:at]
    return words
