"""A secure session store on top of Redis, Valkey or ferrite_lite."""

from .blocking import SyncSessionStore
from .config import BindingPolicy, Lifetime, OnLimit, RateLimit, SessionConfig
from .content import Codec, Encryptor, JsonCodec
from .editing import MutableSession
from .errors import (
    ConfigError,
    DataTooLarge,
    DecodeError,
    FreshAuthenticationRequired,
    LogoutTokenRefused,
    RateLimited,
    ReuseDetected,
    SessionError,
    SessionGone,
    SessionLimitReached,
    StaleLogin,
    StoreRefused,
    StoreUnavailable,
    UnsafeRedirect,
    VersionConflict,
)
from .flows import Flow, LoginFlows
from .near import NearCache
from .policies import RequestContext
from .record import AuthContext, DeviceInfo, IssuedSession, Session, SessionInfo
from .refresh import Exchanged, FamilyInfo, RefreshConfig, RefreshTokens
from .store import Invalid, Reason, SessionStore
from .tokens import KeyRing

__all__ = [
    "AuthContext",
    "BindingPolicy",
    "Codec",
    "ConfigError",
    "DataTooLarge",
    "DecodeError",
    "DeviceInfo",
    "Encryptor",
    "Exchanged",
    "FamilyInfo",
    "Flow",
    "FreshAuthenticationRequired",
    "Invalid",
    "IssuedSession",
    "JsonCodec",
    "KeyRing",
    "Lifetime",
    "LoginFlows",
    "LogoutTokenRefused",
    "MutableSession",
    "NearCache",
    "OnLimit",
    "RateLimit",
    "RateLimited",
    "Reason",
    "RefreshConfig",
    "RefreshTokens",
    "RequestContext",
    "ReuseDetected",
    "Session",
    "SessionConfig",
    "SessionError",
    "SessionGone",
    "SessionInfo",
    "SessionLimitReached",
    "SessionStore",
    "StaleLogin",
    "StoreRefused",
    "StoreUnavailable",
    "SyncSessionStore",
    "UnsafeRedirect",
    "VersionConflict",
]
