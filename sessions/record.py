"""A session as the application sees it, and as the store keeps it."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import DataTooLarge, DecodeError
from .tokens import Tokens

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


class Record:
    """What the store holds of one session, decoded field by field: most requests look at few."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[Any, Raw | None]) -> None:
        """Names and values as a client gives them, bytes or str."""
        self._fields = fields

    @classmethod
    def of(cls, flat: Sequence[Raw]) -> Record:
        """From names and values in turn."""
        return cls(dict(zip(flat[::2], flat[1::2], strict=True)))

    def get(self, name: str) -> str | None:
        """Raises DecodeError."""
        raw = self._fields.get(name.encode(), self._fields.get(name))
        return None if raw is None else text(raw)

    def number(self, name: str) -> int:
        """Raises DecodeError when it is missing or no number."""
        try:
            return int(self.get(name) or "")
        except ValueError as error:
            raise DecodeError(f"the session has no readable {name}") from error

    def device(self) -> DeviceInfo | None:
        """Raises DecodeError."""
        device = self.get("device")
        return None if device is None else DeviceInfo.from_json(device)

    def data(self) -> dict[str, Any]:
        """Raises DecodeError."""
        try:
            return {
                name.removeprefix(DATA_PREFIX): json.loads(text(raw))
                for name, raw in ((text(name), raw) for name, raw in self._fields.items())
                if name.startswith(DATA_PREFIX) and raw is not None
            }
        except ValueError as error:
            raise DecodeError("the data of the session cannot be read") from error


def text(raw: Raw) -> str:
    """What the store answered, whether or not the client decodes. Raises DecodeError."""
    try:
        return raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        raise DecodeError("the session holds bytes that are no text") from error


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Session:
    """A session that was alive when it was read. Times are UTC.

    An attribute raises DecodeError where the record holds what was not written here.
    """

    last_access_ms: int
    expires_at_ms: int
    #: Whether this read prolonged the session.
    touched: bool
    _record: Record = field(compare=False)
    _sid: str
    _tokens: Tokens = field(compare=False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.public_id} until {self.expires_at.isoformat()}>"

    @property
    def user_id(self) -> str:
        user_id = self._record.get("user_id")
        if user_id is None:
            raise DecodeError("the session has no user")
        return user_id

    @property
    def public_id(self) -> str:
        """Names the session in lists, logs and URLs; nobody can present it."""
        return self._tokens.public_id(self._sid)

    @property
    def created_at(self) -> datetime:
        return moment(self._record.number("created_at"))

    @property
    def last_access(self) -> datetime:
        """The access before the one that read this."""
        return moment(self.last_access_ms)

    @property
    def expires_at(self) -> datetime:
        return moment(self.expires_at_ms)

    @property
    def absolute_expires_at(self) -> datetime | None:
        absolute_ms = self._record.number("absolute_at")
        return moment(absolute_ms) if absolute_ms else None

    @property
    def version(self) -> int:
        """Counts the changes of the data."""
        return self._record.number("version")

    @property
    def device_info(self) -> DeviceInfo | None:
        return self._record.device()

    @property
    def network(self) -> str | None:
        """Where the session was opened, as far as requests are held to it."""
        return self._record.get("network")

    @property
    def data(self) -> dict[str, Any]:
        """The application's data, a new copy each time."""
        return self._record.data()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IssuedSession(Session):
    """A session just created: the only object that holds a token."""

    token: str
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
