"""How the values of settings are read and written: numbers, sizes, words, flags...

Every kind reads what a client or a file wrote, refuses it in Redis's words, and writes it back as
CONFIG GET shows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from ..errors import NotAFloat, SettingReason
from ..numeric import INT64_MAX, UINT64_MAX, maybe_int, parse_strtod


class Kind(Protocol):
    """How the values of a setting are read and written."""

    def read(self, raw: bytes) -> Any:
        """The value that a client wrote. Raises ValueError with Redis's reason."""
        ...

    def write(self, value: Any) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Integer:
    low: int
    high: int

    def read(self, raw: bytes) -> int:
        value = maybe_int(raw)
        if value is None:
            raise ValueError(SettingReason.NOT_AN_INTEGER)
        return self._checked(value)

    def _checked(self, value: int) -> int:
        if not self.low <= value <= self.high:
            raise ValueError(SettingReason.not_between(self.low, self.high))
        return value

    def write(self, value: int) -> bytes:
        return b"%d" % value


MEMORY_UNITS = {
    **{b"": 1, b"b": 1, b"k": 1000, b"m": 1000**2, b"g": 1000**3},
    **{b"kb": 1024, b"mb": 1024**2, b"gb": 1024**3},
}


@dataclass(frozen=True, slots=True)
class Size(Integer):
    """A size: ``100``, ``64kb``, ``1gb`` (and ``1k``, which is 1000 bytes)."""

    def read(self, raw: bytes) -> int:
        size = _maybe_bytes(raw)
        if size is None:
            raise ValueError(SettingReason.NOT_A_SIZE)
        # Redis reads all sizes without a sign, most into a number with one.
        is_signed = self.high <= INT64_MAX < size
        return self._checked(size - 2**64 if is_signed else size)


def _maybe_bytes(raw: bytes) -> int | None:
    """As in C, too large a number becomes the largest, and a product loses its upper bits."""
    match = re.fullmatch(rb"(\d{0,127})([a-z]*)", raw.lower())
    if match is None or match[2] not in MEMORY_UNITS:
        return None
    return min(int(match[1] or 0), UINT64_MAX) * MEMORY_UNITS[match[2]] & UINT64_MAX


class OutputLimit(NamedTuple):
    """How much output may wait for a client that does not read; 0 means no limit."""

    hard_bytes: int
    #: May be exceeded for ``soft_seconds``.
    soft_bytes: int
    soft_seconds: int


#: ``client-output-buffer-limit``, by kind of client.
OUTPUT_LIMITS = {
    "normal": OutputLimit(0, 0, 0),
    "slave": OutputLimit(256 * 1024**2, 64 * 1024**2, 60),
    "pubsub": OutputLimit(32 * 1024**2, 8 * 1024**2, 60),
}


@dataclass(frozen=True, slots=True)
class OutputLimitWords:
    """``pubsub 32mb 8mb 60``: limits for some kinds of client; the others keep theirs."""

    def read(self, raw: bytes) -> dict[str, OutputLimit]:
        words = words_of(raw)
        if len(words) % 4:
            raise ValueError(SettingReason.OUTPUT_LIMIT_WORDS)
        return dict(self._read_one(*words[at : at + 4]) for at in range(0, len(words), 4))

    @staticmethod
    def _read_one(kind: bytes, hard: bytes, soft: bytes, time: bytes) -> tuple[str, OutputLimit]:
        name = kind.lower().decode("latin-1").replace("replica", "slave")
        if name not in OUTPUT_LIMITS:
            raise ValueError(SettingReason.OUTPUT_LIMIT_CLASS)
        limit = _maybe_bytes(hard), _maybe_bytes(soft), maybe_int(time)
        if limit[0] is None or limit[1] is None or limit[2] is None or limit[2] < 0:
            raise ValueError(SettingReason.OUTPUT_LIMIT_NUMBER)
        return name, OutputLimit(*limit)  # type: ignore[arg-type]  # None is refused above

    def write(self, limits: dict[str, OutputLimit]) -> bytes:
        return " ".join(f"{name} {h} {s} {t}" for name, (h, s, t) in limits.items()).encode()


@dataclass(frozen=True, slots=True)
class SizeOrPercent:
    """A size, or a share of ``maxmemory``: ``10%``. It is kept in the form it is written in."""

    def read(self, raw: bytes) -> str:
        if match := re.fullmatch(rb"(\d{1,19})%", raw):
            if int(match[1]) > 100:
                raise ValueError(SettingReason.MORE_THAN_ALL)
            return raw.decode()
        try:
            return str(Size(0, INT64_MAX).read(raw))
        except ValueError:
            raise ValueError(SettingReason.NOT_A_SIZE_OR_PERCENT) from None

    def write(self, value: str) -> bytes:
        return value.encode()


#: The classes of keyspace events that ``A`` stands for, in the order in which they are written.
COMMON_CLASSES = "g$lshzxetd"


@dataclass(frozen=True, slots=True)
class EventClasses:
    """``notify-keyspace-events``: letters in any order; ``A`` stands for many of them.

    S, T, I and V, for the fields of hashes, are Redis 8.8's; o and c, for values that take the
    place of others, are Redis 8.2's.
    """

    def read(self, raw: bytes) -> frozenset[str]:
        letters = raw.decode("latin-1")
        if not set(letters) <= set("AKEmnocSTIV" + COMMON_CLASSES):
            raise ValueError(SettingReason.UNKNOWN_EVENT_CLASS)
        return frozenset(letters.replace("A", COMMON_CLASSES))

    def write(self, value: frozenset[str]) -> bytes:
        # A quirk of Redis: it does not write n, o and c beside A.
        has_all = value >= set(COMMON_CLASSES)
        letters = "A" if has_all else "".join(c for c in COMMON_CLASSES + "noc" if c in value)
        return (letters + "".join(c for c in "KEmSTIV" if c in value)).encode()


@dataclass(frozen=True, slots=True)
class YesNo:
    """``yes`` or ``no``."""

    def read(self, raw: bytes) -> bool:
        if raw.lower() not in (b"yes", b"no"):
            raise ValueError(SettingReason.NOT_YES_OR_NO)
        return raw.lower() == b"yes"

    def write(self, value: bool) -> bytes:
        return b"yes" if value else b"no"


def words_of(raw: bytes) -> list[bytes]:
    """The words of a value that has several: between two blanks there is an empty one."""
    return raw.split(b" ") if raw else []


def _percent(word: bytes) -> float:
    if not word:  # which is no number to anybody but strtod
        raise NotAFloat
    return parse_strtod(word)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Numbers from 0 to 100, as ``50 99 99.9``."""

    def read(self, raw: bytes) -> tuple[float, ...]:
        try:
            values = tuple(_percent(word) for word in words_of(raw))
        except NotAFloat:
            raise ValueError(SettingReason.NOT_PERCENTILES) from None
        if not all(0 <= value <= 100 for value in values):
            raise ValueError(SettingReason.PERCENTILE_OUT_OF_RANGE)
        return values

    def write(self, value: tuple[float, ...]) -> bytes:
        return b" ".join((b"%f" % percent).rstrip(b"0").rstrip(b".") for percent in value)


@dataclass(frozen=True, slots=True)
class Text:
    def read(self, raw: bytes) -> str:
        return raw.decode("utf-8", "surrogateescape")

    def write(self, value: str) -> bytes:
        return value.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Secret:
    def read(self, raw: bytes) -> bytes:
        return raw

    def write(self, value: bytes) -> bytes:
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, raw: bytes) -> str:
        word = raw.lower().decode("latin-1")
        if word not in self.words:
            raise ValueError(SettingReason.not_one_of(self.words))
        return word

    def write(self, value: str) -> bytes:
        return value.encode()


@dataclass(frozen=True, slots=True)
class Octal:
    """File permissions."""

    def read(self, raw: bytes) -> int:
        if not re.fullmatch(rb"[0-7]{1,20}", raw):
            raise ValueError(SettingReason.NOT_OCTAL)
        if int(raw, 8) > 0o777:
            raise ValueError(SettingReason.NOT_PERMISSIONS)
        return int(raw, 8)

    def write(self, value: int) -> bytes:
        return b"%o" % value


@dataclass(frozen=True, slots=True)
class Only:
    """Only one value, because any other asks for something that is not served."""

    kind: Kind
    value: bytes
    why: str

    def read(self, raw: bytes) -> Any:
        value = self.kind.read(raw)
        if value != self.kind.read(self.value):
            raise ValueError(self.why)
        return value

    def write(self, value: Any) -> bytes:
        return self.kind.write(value)
