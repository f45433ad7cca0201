"""DUMP payloads: a value in RDB format, the version of the format, and a checksum of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..data.values import EncodingLimits, Value, VolatileHash
from ..errors import BadDumpChecksum, BadDumpFormat, FunctionPayloadInvalid
from .crc64 import crc64
from .packed import Corrupt
from .rdb import Reader, Writer

#: Redis 7.0's version, which is written.
RDB_VERSION = 10
#: Valkey 9's version, which is written for a hash with field deadlines.
VALKEY_RDB_VERSION = 80
#: The versions that can be read: Redis's up to 8, and that of Valkey 9, which went its own way.
READABLE_VERSIONS = frozenset({*range(14), VALKEY_RDB_VERSION})

_VERSION_BYTES = 2
_CHECKSUM_BYTES = 8


def dump(value: Value, *, compresses: bool = True) -> bytes:
    """The payload of a value, as redis-server 7.0 answers DUMP; with field deadlines, as Valkey 9.

    Redis and Valkey cannot read each other's payloads with field deadlines.
    """
    version = VALKEY_RDB_VERSION if isinstance(value, VolatileHash) else RDB_VERSION
    return _signed(Writer(compresses=compresses).value(value), version)


def dump_libraries(codes: Iterable[bytes], *, compresses: bool = True) -> bytes:
    """The payload of FUNCTION DUMP: the source texts of libraries."""
    return _signed(Writer(compresses=compresses).libraries(codes))


def _signed(form: bytes, version: int = RDB_VERSION) -> bytes:
    form += version.to_bytes(_VERSION_BYTES, "little")
    return form + crc64(form).to_bytes(_CHECKSUM_BYTES, "little")


def load(
    payload: bytes, limits: EncodingLimits, max_bytes: int, *, checks_sum: bool = True
) -> Value:
    """The value of a payload. Raises BadDumpChecksum, BadDumpFormat.

    ``max_bytes`` bounds what compressed parts may expand to.
    """
    _check(payload, checks_sum=checks_sum)
    try:
        # The reader gets the footer as well: Redis lets a value reach into it.
        return Reader(payload, limits, max_bytes).value()
    except Corrupt:
        raise BadDumpFormat from None


def load_libraries(payload: bytes, limits: EncodingLimits, max_bytes: int) -> Iterator[bytes]:
    """The texts in a payload of FUNCTION DUMP, one after the other.

    Raises BadDumpChecksum, NotAFunctionPayload, FunctionPayloadInvalid.
    """
    _check(payload)
    reader = Reader(payload[: -_VERSION_BYTES - _CHECKSUM_BYTES], limits, max_bytes)
    try:
        yield from reader.libraries()
    except Corrupt:
        raise FunctionPayloadInvalid from None


def _check(payload: bytes, *, checks_sum: bool = True) -> None:
    """Raises BadDumpChecksum."""
    checked, checksum = payload[:-_CHECKSUM_BYTES], payload[-_CHECKSUM_BYTES:]
    version = int.from_bytes(checked[-_VERSION_BYTES:], "little")
    if (
        len(checked) < _VERSION_BYTES
        or version not in READABLE_VERSIONS
        or (checks_sum and crc64(checked) != int.from_bytes(checksum, "little"))
    ):
        raise BadDumpChecksum
