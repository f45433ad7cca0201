"""A session as the application sees it, and as the store keeps it."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import DataTooLarge, DecodeError

#: Before the name of every field that holds the application's data.
DATA_PREFIX = "d:"
#: A browser's User-Agent has a few hundred bytes.
MAX_DEVICE_BYTES = 4096
#: It is part of every answer.
MAX_USER_ID_BYTES = 1024

Raw = bytes | str


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """Where a session was opened."""

    user_agent: str = ""
    ip_address: str = ""
    device_type: str = ""

    def to_json(self) -> str:
        """Raises DataTooLarge: it comes from headers, which anybody may fill."""
        encoded = json.dumps(
            {
                "user_agent": self.user_agent,
                "ip_address": self.ip_address,
                "device_type": self.device_type,
            },
            separators=(",", ":"),
        )
        if len(encoded) > MAX_DEVICE_BYTES:
            raise DataTooLarge(len(encoded), MAX_DEVICE_BYTES)
        return encoded

    @classmethod
    def from_json(cls, text: str) -> DeviceInfo:
        """Raises DecodeError."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise DecodeError("the device of the session cannot be read") from error


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was alive when it was read. Times are UTC."""

    user_id: str
    #: Names the session in lists, logs and URLs; nobody can present it.
    public_id: str
    created_at: datetime
    #: The access before the one that read this.
    last_access: datetime
    expires_at: datetime
    absolute_expires_at: datetime | None
    version: int
    device_info: DeviceInfo | None
    #: Whether this read prolonged the session.
    touched: bool
    _fields: Mapping[str, str] = field(repr=False)

    @property
    def data(self) -> dict[str, Any]:
        """The application's data, decoded when asked for. Raises DecodeError."""
        return decode_data(self._fields)


@dataclass(frozen=True, slots=True)
class IssuedSession(Session):
    """A session just created: the only object that holds a token."""

    token: str = field(repr=False)
    #: Public ids of the sessions that had to make room.
    evicted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One line of a list of a user's sessions."""

    public_id: str
    created_at: datetime
    last_access: datetime
    expires_at: datetime
    device_info: DeviceInfo | None
    is_current: bool


# --- reading --------------------------------------------------------------------------------------


def text(raw: Raw) -> str:
    """What the store answered, whether or not the client decodes. Raises DecodeError."""
    try:
        return raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        raise DecodeError("the session holds bytes that are no text") from error


def fields_of(flat: Sequence[Raw]) -> dict[str, str]:
    """A reply of HGETALL as it looks inside a script's: names and values in turn."""
    items = [text(item) for item in flat]
    return dict(zip(items[::2], items[1::2], strict=True))


def moment(ms: str | float) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, UTC)


def number(fields: Mapping[str, str], name: str) -> int:
    """A number of a record. Raises DecodeError when it is missing or none."""
    try:
        return int(fields[name])
    except (KeyError, ValueError) as error:
        raise DecodeError(f"the session has no readable {name}") from error


def device_of(fields: Mapping[str, str]) -> DeviceInfo | None:
    device = fields.get("device")
    return DeviceInfo.from_json(device) if device else None


# --- data -----------------------------------------------------------------------------------------


def encode_data(data: Mapping[str, Any], max_bytes: int) -> list[str]:
    """Fields and values to store, in turn.

    Raises DataTooLarge, and TypeError or ValueError for what is no JSON.
    """
    flat: list[str] = []
    for name, value in data.items():
        flat += DATA_PREFIX + name, json.dumps(value, separators=(",", ":"), allow_nan=False)
    size_bytes = sum(len(part.encode()) for part in flat)
    if size_bytes > max_bytes:
        raise DataTooLarge(size_bytes, max_bytes)
    return flat


def decode_data(fields: Mapping[str, str]) -> dict[str, Any]:
    """Raises DecodeError; the record is left as it is."""
    try:
        return {
            name.removeprefix(DATA_PREFIX): json.loads(value)
            for name, value in fields.items()
            if name.startswith(DATA_PREFIX)
        }
    except ValueError as error:
        raise DecodeError("the data of the session cannot be read") from error


# --- networks -------------------------------------------------------------------------------------


#: Of what is no address. It is a network like another one: else a header full of junk would pass
#: wherever a wrong address is refused.
UNKNOWN_NETWORK = "unknown"


def network_of(address: str, ipv4_prefix_bits: int, ipv6_prefix_bits: int) -> str:
    """The network of an address. An IPv4 address in IPv6 dress is IPv4."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN_NETWORK
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    bits = ipv4_prefix_bits if ip.version == 4 else ipv6_prefix_bits
    return str(ipaddress.ip_network((ip, bits), strict=False))
