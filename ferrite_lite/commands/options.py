"""Reading arguments that several commands take in the same way."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import NegativeTimeout, SyntaxFault, TimeoutNotAnInteger
from ..numeric import maybe_int


def argument_of(words: Iterator[bytes]) -> bytes:
    """The next word: what the option before it applies to. Raises SyntaxFault if there is none."""
    word = next(words, None)
    if word is None:
        raise SyntaxFault
    return word


def read_timeout_ms(raw: bytes) -> int:
    """How long to wait. Raises TimeoutNotAnInteger and NegativeTimeout."""
    timeout_ms = maybe_int(raw)
    if timeout_ms is None:
        raise TimeoutNotAnInteger
    if timeout_ms < 0:
        raise NegativeTimeout
    return timeout_ms
