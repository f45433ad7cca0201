"""DEBUG DIGEST: forty hexadecimal digits, equal for two servers that hold the same data.

Elements without an order are combined by exclusive or, so that the order of iteration does not
matter; elements with an order are mixed in one after the other. Redis computes the same digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from .keyspace import Keyspace
from .values import Hash, List, Set, Value

_BYTES = 20
#: ``OBJ_STRING`` and its kin.
_STRING, _LIST, _SET, _HASH = 0, 1, 2, 4


def dataset_digest(databases: Iterable[Keyspace]) -> bytes:
    """The digest of everything, with what is past its deadline and not gone yet."""
    digest = bytes(_BYTES)
    for db in databases:
        if not len(db):
            continue
        digest = _mix(digest, db.index.to_bytes(4, "big"))
        for key, value in db.stored_items():
            of_key = _mix(bytes(_BYTES), key)
            digest = _xor(digest, _value(value, db.has_deadline(key), of_key))
    return digest.hex().encode()


def value_digest(value: Value | None, *, has_deadline: bool) -> bytes:
    """The digest of one value, whatever its key; zeros for none."""
    if value is None:
        return bytes(_BYTES).hex().encode()
    return _value(value, has_deadline, bytes(_BYTES)).hex().encode()


def _value(value: Value, has_deadline: bool, digest: bytes) -> bytes:
    match value:
        case Hash():
            digest = _mix(digest, _HASH.to_bytes(4, "big"))
            for field, held in value.items():
                digest = _xor(digest, _mix(_mix(bytes(_BYTES), field), held))
        case Set():
            digest = _mix(digest, _SET.to_bytes(4, "big"))
            for member in value:
                digest = _xor(digest, member)
        case List():
            digest = _mix(digest, _LIST.to_bytes(4, "big"))
            for element in value:
                digest = _mix(digest, element)
        case _:
            digest = _mix(_mix(digest, _STRING.to_bytes(4, "big")), bytes(value))
    return _xor(digest, b"!!expire!!") if has_deadline else digest


def _xor(digest: bytes, data: bytes) -> bytes:
    both = int.from_bytes(digest, "big") ^ int.from_bytes(_sha1(data), "big")
    return both.to_bytes(_BYTES, "big")


def _mix(digest: bytes, data: bytes) -> bytes:
    return _sha1(_xor(digest, data))


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
