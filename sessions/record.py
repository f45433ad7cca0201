"""A session as the application sees it, and as the store keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic

from .datatype import T
from .errors import DataTooLarge, DecodeError, FreshAuthenticationRequired

if TYPE_CHECKING:
    from .content import Content

#: Before the name of every field that holds the application's data.
DATA_PREFIX = "d:"
#: Before the name of every label.
LABEL_PREFIX = "l:"
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
class AuthContext:
    """How a user has shown who he is (ASVS 6.8.4, 7.5.3)."""

    #: Authentication methods in the words of RFC 8176: ``pwd``, ``otp``, ``hwk``...
    methods: tuple[str, ...] = ()
    #: Assurance level: 1 for a password alone; what the higher ones mean is the application's.
    level: int = 1
    #: UTC, by the clock of the store; it is set there, whatever stands here when a session opens.
    authenticated_at: datetime | None = None

    def to_fields(self) -> dict[str, str]:
        return {"amr": " ".join(self.methods), "aal": str(self.level)}


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

    def select(self, names: Sequence[str]) -> dict[str, str]:
        """Those of the fields that there are. Raises DecodeError."""
        held = {name: self.get(name) for name in names}
        return {name: value for name, value in held.items() if value is not None}

    def number(self, name: str, default: int | None = None) -> int:
        """Raises DecodeError when it is no number, or is missing and has no default."""
        value = self.get(name)
        if value is None and default is not None:
            return default
        try:
            return int(value or "")
        except ValueError as error:
            raise DecodeError(f"the session has no readable {name}") from error

    def auth(self) -> AuthContext | None:
        """How the user was authenticated; None for a session of nobody. Raises DecodeError."""
        at_ms = self.number("auth_at", default=0)
        if not at_ms:
            return None
        methods = tuple((self.get("amr") or "").split())
        return AuthContext(methods, self.number("aal", default=1), moment(at_ms))

    def labels(self) -> dict[str, str]:
        """Raises DecodeError."""
        return dict(self._with_prefix(LABEL_PREFIX))

    def data_fields(self) -> Iterator[tuple[str, str]]:
        """The names, with their prefix, and the values of the application's data."""
        return ((DATA_PREFIX + name, value) for name, value in self._with_prefix(DATA_PREFIX))

    def _with_prefix(self, prefix: str) -> Iterator[tuple[str, str]]:
        encoded = prefix.encode()
        for name, raw in self._fields.items():
            if raw is not None and name.startswith(encoded if isinstance(name, bytes) else prefix):
                yield text(name).removeprefix(prefix), text(raw)


def text(raw: Raw) -> str:
    """What the store answered, whether or not the client decodes. Raises DecodeError."""
    try:
        return raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        raise DecodeError("the session holds bytes that are no text") from error


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Session(Generic[T]):
    """A session that was alive when it was read. Times are UTC, by the clock of the store.

    An attribute raises DecodeError where the record holds what was not written here.
    """

    last_access_ms: int
    expires_at_ms: int
    read_at_ms: int
    #: Whether this read prolonged the session.
    touched: bool
    #: Whether the request does not look like those of the session, under the policy ``step_up``.
    step_up: bool = False
    #: Whether the store does not answer, and this is what it said at ``read_at``: refuse what
    #: matters. Only with ``NearCache(stale_seconds=...)``.
    is_stale: bool = False
    _record: Record = field(compare=False)
    _sid: str
    _content: Content[T] = field(compare=False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.public_id} until {self.expires_at.isoformat()}>"

    @property
    def user_id(self) -> str | None:
        """None for a session of nobody in particular: a visitor who has not signed in."""
        user_id = self._record.get("user_id")
        if user_id is None:
            raise DecodeError("the session has no user")
        return user_id or None

    @property
    def public_id(self) -> str:
        """Names the session in lists, logs and URLs, under whatever token; opens nothing."""
        public_id = self._record.get("public_id")
        if public_id is None:
            raise DecodeError("the session has no public id")
        return public_id

    @property
    def created_at(self) -> datetime:
        return moment(self._record.number("created_at"))

    @property
    def issued_at(self) -> datetime:
        """When the session got its present token."""
        return moment(self._record.number("issued_at"))

    @property
    def last_access(self) -> datetime:
        """The access before the one that read this."""
        return moment(self.last_access_ms)

    @property
    def expires_at(self) -> datetime:
        return moment(self.expires_at_ms)

    @property
    def read_at(self) -> datetime:
        """When this was read."""
        return moment(self.read_at_ms)

    @property
    def absolute_expires_at(self) -> datetime | None:
        absolute_ms = self._record.number("absolute_at")
        return moment(absolute_ms) if absolute_ms else None

    @property
    def is_persistent(self) -> bool:
        """Whether the browser is to keep the cookie when it is closed."""
        return self._record.get("transient") is None

    @property
    def version(self) -> int:
        """Counts the changes of the data."""
        return self._record.number("version")

    @property
    def device_info(self) -> DeviceInfo | None:
        return self._content.device(self._record, self._sid)

    @property
    def network(self) -> str | None:
        """Where the session was opened, as far as requests are held to it."""
        return self._record.get("network")

    @property
    def fingerprint(self) -> str | None:
        """A hash of each header that tells the browser that it was opened with."""
        return self._record.get("browser")

    @property
    def labels(self) -> dict[str, str]:
        """By what else the session can be found."""
        return self._record.labels()

    @property
    def data(self) -> T:
        """The application's data, a new copy each time."""
        return self._content.data(self._record, self._sid)

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields of the data as ``patch`` writes them, each decoded when it is asked for."""
        return self._content.stored(self._record, self._sid)

    @property
    def auth(self) -> AuthContext | None:
        """How and when the user has last shown who he is; None for a session of nobody."""
        return self._record.auth()

    def is_fresh(self, max_age_seconds: float, level: int = 1) -> bool:
        """Whether the user has shown who he is so lately, at such a level (ASVS 7.5.1, 7.5.3)."""
        auth = self.auth
        if auth is None or auth.authenticated_at is None or auth.level < level:
            return False
        if self.step_up or self.is_stale:
            return False
        return (self.read_at - auth.authenticated_at).total_seconds() <= max_age_seconds

    def require_fresh(self, max_age_seconds: float, level: int = 1) -> None:
        """Raises FreshAuthenticationRequired unless ``is_fresh``."""
        if not self.is_fresh(max_age_seconds, level):
            raise FreshAuthenticationRequired(max_age_seconds, level)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IssuedSession(Session[T]):
    """A session with a new token, for the browser to hold: the only object that has one."""

    token: str
    #: Public ids of the sessions that had to make room.
    evicted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One line of a list of a user's sessions."""

    public_id: str
    created_at: datetime
    last_access: datetime
    expires_at: datetime
    #: None also where it cannot be read: it may be sealed under a key that is not here.
    device_info: DeviceInfo | None
    is_current: bool
    labels: dict[str, str] = field(default_factory=dict)
    user_id: str | None = None
