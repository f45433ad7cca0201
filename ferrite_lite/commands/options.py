"""Reading the option words that stand behind a command's fixed arguments."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import SyntaxFault


def argument_of(words: Iterator[bytes]) -> bytes:
    """The next word: what the option before it applies to. Raises SyntaxFault if there is none."""
    word = next(words, None)
    if word is None:
        raise SyntaxFault
    return word
