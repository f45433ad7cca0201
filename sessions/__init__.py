"""A secure session store on top of Redis, Valkey or ferrite_lite."""

from .audit import Audit, AuditSink, LogSink, MemorySink, StreamSink
from .blocking import SyncSessionStore
from .config import BindingPolicy, Lifetime, OnLimit, RateLimit, SessionConfig
from .content import Codec, Encryptor, JsonCodec
from .editing import MutableSession
from .errors import (
    ConfigError,
    DataTooLarge,
    DecodeError,
    FreshAuthenticationRequired,
    LockLost,
    LogoutTokenRefused,
    RateLimited,
    ReuseDetected,
    SessionError,
    SessionGone,
    SessionLimitReached,
    SessionLocked,
    StaleLogin,
    StoreRefused,
    StoreUnavailable,
    UnsafeRedirect,
    VersionConflict,
)
from .expiry import watch_expiry
from .flows import Flow, LoginFlows
from .near import NearCache
from .operations.inspecting import Census, SessionDetails
from .operations.measuring import Operation
from .operations.outcomes import Invalid, Outcome, Reason
from .policies import Mismatch, RequestContext
from .record import AuthContext, DeviceInfo, IssuedSession, Session, SessionInfo
from .refresh import Exchanged, FamilyInfo, RefreshConfig, RefreshTokens
from .store import SessionStore
from .sync import SyncAudit, SyncLoginFlows, SyncRefreshTokens, sync_watch_expiry
from .tokens import KeyRing

__all__ = [
    "Audit",
    "AuditSink",
    "AuthContext",
    "BindingPolicy",
    "Census",
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
    "LockLost",
    "LogSink",
    "LoginFlows",
    "LogoutTokenRefused",
    "MemorySink",
    "Mismatch",
    "MutableSession",
    "NearCache",
    "OnLimit",
    "Operation",
    "Outcome",
    "RateLimit",
    "RateLimited",
    "Reason",
    "RefreshConfig",
    "RefreshTokens",
    "RequestContext",
    "ReuseDetected",
    "Session",
    "SessionConfig",
    "SessionDetails",
    "SessionError",
    "SessionGone",
    "SessionInfo",
    "SessionLimitReached",
    "SessionLocked",
    "SessionStore",
    "StaleLogin",
    "StoreRefused",
    "StoreUnavailable",
    "StreamSink",
    "SyncAudit",
    "SyncLoginFlows",
    "SyncRefreshTokens",
    "SyncSessionStore",
    "UnsafeRedirect",
    "VersionConflict",
    "sync_watch_expiry",
    "watch_expiry",
]
