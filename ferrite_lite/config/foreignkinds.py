"""Kinds of values that Redis alone has a use for: they are judged as it judges them, and kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import SettingReason
from .kinds import Size, Text, words_of


def _maybe_signed(word: bytes) -> int | None:
    """A number as C's ``strtoll`` reads it."""
    return int(word) if re.fullmatch(rb"[+-]?[0-9]{1,18}", word) else None


#: The smallest ring buffer that Redis keeps for its replicas.
MIN_BACKLOG_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class BacklogSize(Size):
    """A size that is made larger if it is too small."""

    def read(self, raw: bytes) -> int:
        return max(Size.read(self, raw), MIN_BACKLOG_BYTES)


@dataclass(frozen=True, slots=True)
class HostName(Text):
    def read(self, raw: bytes) -> str:
        if len(raw) > 255:
            raise ValueError(SettingReason.HOST_NAME_TOO_LONG)
        if not re.fullmatch(rb"[0-9A-Za-z.-]*", raw):
            raise ValueError(SettingReason.HOST_NAME_CHARACTERS)
        return raw.decode()


@dataclass(frozen=True, slots=True)
class SavePoints(Text):
    """``900 1 300 10``: seconds, and how many changes in them are reason enough to save."""

    def read(self, raw: bytes) -> str:
        numbers = [_maybe_signed(word) for word in words_of(raw)]
        seconds, changes = numbers[::2], numbers[1::2]
        are_good = all(n is not None and n >= 1 for n in seconds) and all(
            n is not None and n >= 0 for n in changes
        )
        if len(numbers) % 2 or not are_good:
            raise ValueError(SettingReason.SAVE_POINTS)
        return " ".join(map(str, numbers))


@dataclass(frozen=True, slots=True)
class OomScores(Text):
    """Three numbers for the kernel, which is told none of them."""

    def read(self, raw: bytes) -> str:
        scores = [_maybe_signed(word) for word in words_of(raw)]
        if len(scores) != 3:
            raise ValueError(SettingReason.OOM_SCORE_COUNT)
        if not all(score is not None and -2000 <= score <= 2000 for score in scores):
            raise ValueError(SettingReason.OOM_SCORE_OUT_OF_RANGE)
        return " ".join(map(str, scores))


@dataclass(frozen=True, slots=True)
class TitleTemplate(Text):
    """How the process is to be called; variables stand in braces."""

    def read(self, raw: bytes) -> str:
        known = re.sub(rb"\{(?:port|tls-port|listen-addr)\}", b"x", raw)
        known = re.sub(rb"\{(?:title|server-mode|unixsocket|config-file)\}", b"", known)
        # Where the others stand for nothing it must still be a name.
        if b"{" in known or not known.strip(b" "):
            raise ValueError(SettingReason.TITLE_TEMPLATE)
        return raw.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class ShutdownOptions(Text):
    """What a signal asks for: there is nothing to be saved, and nobody is waited for."""

    def read(self, raw: bytes) -> str:
        words = raw.lower().decode("latin-1").split(" ")
        options = ("default", "save", "nosave", "now", "force")
        if not set(words) <= set(options):
            raise ValueError(SettingReason.not_one_of(options))
        if {"save", "nosave"} <= set(words):
            raise ValueError(SettingReason.SAVE_AND_NOSAVE)
        if "save" in words:
            raise ValueError("'save' is not accepted: data is not kept on disk")
        return " ".join(word for word in options[1:] if word in words) or "default"
