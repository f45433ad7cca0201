"""What the application keeps in a session, and the form in which the store gets it.

Each field of the data is one field of the record, as JSON: two writers of different fields do not
meet, and reading runs no code, whatever somebody has put into the store (ASVS 1.5.2). With an
encryptor the value is sealed, bound to its session and its field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Generic, Protocol, cast

from .codecs import VersionedCodec
from .datatype import T
from .editing import outdated
from .errors import DataTooLarge, DecodeError
from .record import DATA_PREFIX, DeviceInfo, Record


class Codec(Protocol[T]):
    """Turns the application's data into fields and back; ``sessions.codecs`` has some."""

    def to_fields(self, data: T) -> Mapping[str, Any]:
        """The fields by name; their values are what JSON can hold."""
        ...

    def from_fields(self, fields: Mapping[str, Any]) -> T:
        """The data; any exception means that the fields are not such data."""
        ...


class JsonCodec:
    """Plain dictionaries of what JSON can hold: the default."""

    def to_fields(self, data: dict[str, Any]) -> Mapping[str, Any]:
        return data

    def from_fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return dict(fields)


class Encryptor(Protocol):
    """Seals what must not be read in the store; ``sessions.crypto`` has one."""

    def seal(self, plaintext: bytes, context: bytes) -> str:
        """Text that only ``open`` can read, and only in the same context."""
        ...

    def open(self, sealed: str, context: bytes) -> bytes:
        """Raises DecodeError for what was not sealed here, or for another context."""
        ...


class Content(Generic[T]):
    """How one store writes and reads what its sessions hold."""

    def __init__(
        self,
        codec: Codec[T],
        encryptor: Encryptor | None,
        *,
        max_data_bytes: int,
        max_fields: int,
    ) -> None:
        self._codec = codec
        self._encryptor = encryptor
        self._max_data_bytes, self._max_fields = max_data_bytes, max_fields

    @property
    def is_sealed(self) -> bool:
        """Whether values are bound to their session, and must be written anew for another."""
        return self._encryptor is not None

    # --- writing ----------------------------------------------------------------------------------

    def of(self, sid: str, data: T) -> dict[str, str]:
        """The fields of a record that hold the data. Raises as ``changes``."""
        return self.changes(sid, self._codec.to_fields(data))

    def changes(self, sid: str, values: Mapping[str, Any]) -> dict[str, str]:
        """The fields of a record that hold some values.

        Raises DataTooLarge, and TypeError or ValueError for what is no JSON.
        """
        if len(values) > self._max_fields:
            raise DataTooLarge(len(values), self._max_fields, "fields")
        fields = {
            DATA_PREFIX + name: self._seal(sid, DATA_PREFIX + name, _json(value))
            for name, value in values.items()
        }
        size_bytes = sum(len(name.encode()) + len(text.encode()) for name, text in fields.items())
        if size_bytes > self._max_data_bytes:
            raise DataTooLarge(size_bytes, self._max_data_bytes)
        return fields

    def identity(self, sid: str, user_id: str | None, device: DeviceInfo | None) -> dict[str, str]:
        """Who a session belongs to, so that nobody else can be written there, and the device."""
        fields = {}
        if device is not None:
            fields["device"] = self._seal(sid, "device", device.to_json())
        if self._encryptor is not None:
            fields["seal"] = self._encryptor.seal(b"", _context(sid, "user_id", user_id or ""))
        return fields

    def rebound(self, record: Record, sid: str, new_sid: str) -> dict[str, str]:
        """The fields that another sid needs anew: none, unless they are sealed."""
        if self._encryptor is None:
            return {}
        values = self._values(record, sid)
        return {
            **self.changes(new_sid, values),
            **self.identity(new_sid, record.get("user_id"), self.device(record, sid)),
        }

    # --- reading ----------------------------------------------------------------------------------

    def stored(self, record: Record, sid: str) -> StoredFields:
        """The fields as they are stored, none decoded yet."""
        return StoredFields(self, record, sid)

    def data(self, record: Record, sid: str) -> T:
        """Raises DecodeError."""
        values = self._values(record, sid)
        try:
            return self._codec.from_fields(values)
        except Exception as error:
            raise DecodeError("the data of the session is not of its type") from error

    def fields(self, data: T) -> dict[str, Any]:
        """The fields of data as the codec gives them."""
        return dict(self._codec.to_fields(data))

    def before_edit(self, stored: Mapping[str, Any], data: T) -> dict[str, Any]:
        """What an edit of data that is stored in some fields is compared with when it is done."""
        if isinstance(self._codec, VersionedCodec) and not self._codec.is_current(stored):
            return outdated(stored)
        return self.fields(data)

    def field(self, record: Record, sid: str, name: str) -> Any:
        """One field as it is stored. Raises KeyError, DecodeError."""
        stored = record.get(DATA_PREFIX + name)
        if stored is None:
            raise KeyError(name)
        return _parsed(self._open(sid, DATA_PREFIX + name, stored))

    def device(self, record: Record, sid: str) -> DeviceInfo | None:
        """Raises DecodeError."""
        device = record.get("device")
        return None if device is None else DeviceInfo.from_json(self._open(sid, "device", device))

    def listed_device(self, record: Record, sid: str) -> DeviceInfo | None:
        """The same for a list, which must not lack a session for what cannot be read of it."""
        try:
            return self.device(record, sid)
        except DecodeError:
            return None

    def check_identity(self, record: Record, sid: str) -> None:
        """Raises DecodeError if the session was not opened for the user that it names."""
        if self._encryptor is not None:
            context = _context(sid, "user_id", record.get("user_id") or "")
            self._encryptor.open(record.get("seal") or "", context)

    def _values(self, record: Record, sid: str) -> dict[str, Any]:
        return {
            name.removeprefix(DATA_PREFIX): _parsed(self._open(sid, name, text))
            for name, text in record.data_fields()
        }

    # --- sealing ----------------------------------------------------------------------------------

    def _seal(self, sid: str, name: str, plain: str) -> str:
        if self._encryptor is None:
            return plain
        return self._encryptor.seal(plain.encode(), _context(sid, name))

    def _open(self, sid: str, name: str, stored: str) -> str:
        if self._encryptor is None:
            return stored
        return self._encryptor.open(stored, _context(sid, name)).decode()


class StoredFields(Mapping[str, Any]):
    """The fields of the data as ``patch`` writes them, each decoded when it is asked for."""

    __slots__ = ("_content", "_record", "_sid")

    def __init__(self, content: Content[Any], record: Record, sid: str) -> None:
        self._content = content
        self._record = record
        self._sid = sid

    def __getitem__(self, name: str) -> Any:
        return self._content.field(self._record, self._sid, name)

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix(DATA_PREFIX) for name, _ in self._record.data_fields())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _context(*parts: str) -> bytes:
    """No part can hold the separator but the last one."""
    return "\0".join(parts).encode()


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError("the data of the session cannot be read") from error


def default_codec() -> Codec[T]:
    """For a store that was given none: its data are dictionaries."""
    return cast("Codec[T]", JsonCodec())
