"""Read one usage line, such as ``HSET key field value [field value ...]``, into facts.

The line is a command's declaration: the words before the first lower-case one are its name,
required words give the arity, and ``key`` words say where the keys stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The words of a usage line that stand for a key.
KEY_WORDS = frozenset({"key", "key1", "key2", "newkey", "source", "destination"})

_REPEATED_KEYS = re.compile(r"\[((?:key|newkey)(?: \S+)*) \.\.\.\]")
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

    def key_positions(self, argv: list[bytes]) -> range | None:
        """Where the keys stand in a request that has this command's arity.

        None where their number is no number.
        """
        if self.numkeys_at:
            count = argv[self.numkeys_at]
            first = self.numkeys_at + 1
            return range(first, first + int(count)) if count.isdigit() else None
        if not self.first_key:
            return range(0)
        last = self.last_key if self.last_key > 0 else len(argv) + self.last_key
        return range(self.first_key, last + 1, self.key_step)


def read_usage(line: str) -> Usage:
    """Read a usage line in the notation of Redis's documentation."""
    words = _required_words(line)
    name = _leading_upper(words)
    keys = [at for at, word in enumerate(words) if word in KEY_WORDS]
    numkeys_at = words.index("numkeys") if "numkeys" in words else 0
    first, last, step = 0, 0, 0
    if keys and not numkeys_at:
        first, last, step = keys[0], keys[-1], 1
        repeat = _REPEATED_KEYS.search(line)
        if repeat:
            last, step = -1, len(repeat[1].split())
    if "shardchannel" in line and len(name) == 1:
        # No key, but it stands where a cluster client looks for one.
        first, last, step = 1, -1 if "..." in line else 1, 1
    return Usage(
        line=line,
        name=" ".join(name).lower(),
        arity=-len(words) if "[" in line else len(words),
        first_key=first,
        last_key=last,
        key_step=step,
        numkeys_at=numkeys_at,
    )


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
