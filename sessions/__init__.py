"""A secure session store on top of Redis, Valkey or ferrite_lite."""

from .config import IpPolicy, Lifetime, OnLimit, RateLimit, SessionConfig
from .errors import (
    ConfigError,
    DataTooLarge,
    DecodeError,
    RateLimited,
    SessionError,
    SessionLimitReached,
    StoreRefused,
    StoreUnavailable,
    VersionConflict,
)
from .record import DeviceInfo, IssuedSession, Session, SessionInfo
from .store import SessionStore
from .tokens import KeyRing

__all__ = [
    "ConfigError",
    "DataTooLarge",
    "DecodeError",
    "DeviceInfo",
    "IpPolicy",
    "IssuedSession",
    "KeyRing",
    "Lifetime",
    "OnLimit",
    "RateLimit",
    "RateLimited",
    "Session",
    "SessionConfig",
    "SessionError",
    "SessionInfo",
    "SessionLimitReached",
    "SessionStore",
    "StoreRefused",
    "StoreUnavailable",
    "VersionConflict",
]
