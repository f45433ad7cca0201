"""``request.session``: what the application reads and changes, and what is to be done about it.

No I/O: ``acting.py`` asks the store, and tells the answer here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from ..errors import (
    ConflictingCookies,
    CsrfRefused,
    NotSignedIn,
    SessionError,
    SessionNotLoaded,
)
from ..record import AuthContext, IssuedSession, Session
from .csrf import CsrfProtector
from .request import Request

WebData = dict[str, Any]
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class NewVisitor:
    """Data that was set while there was no session: it needs one, of nobody in particular."""

    data: WebData


@dataclass(frozen=True, slots=True)
class Patch:
    """Fields that have changed."""

    set: WebData
    remove: list[str]


@dataclass(frozen=True, slots=True)
class Emptied:
    """A visitor's session that holds nothing any more."""


class _Cookie(Enum):
    KEEP = auto()
    SET = auto()
    DELETE = auto()


class WebSession(MutableMapping[str, Any]):
    """``request.session``: the data of the session as a mapping, and what is known of it.

    A field that is set, deleted or changed in place is written at the end of the request; the
    others are left alone. Without a session the mapping is empty, and one of a visitor is opened
    when something is put in. Whatever asks for it raises StoreUnavailable when the store did not
    answer: nobody is taken for a stranger, and no stranger for somebody.

    It shows what the session held when it was read. A request that lasts, such as a WebSocket,
    reads it anew with ``reload()``: then it shows what others have changed, or that it has ended.
    """

    def __init__(self, request: Request, csrf: CsrfProtector) -> None:
        self.request = request
        self._csrf = csrf
        self.has_conflict = False
        #: What came with the request, or has taken its place.
        self.token: str | None = None
        try:
            self.token = request.policy.cookie.read(request.cookies)
        except ConflictingCookies:
            self.has_conflict = True
        self._is_pending = self.token is not None
        self._failure: SessionError | None = None
        self._session: Session[WebData] | None = None
        self._data: _Fields | None = None
        #: As JSON, fields as they were before they were set, deleted, or handed out to be changed;
        #: None for what was not there.
        self._before: dict[str, str | None] = {}
        self._cookie = _Cookie.KEEP
        #: Whether the browser's token was replaced by the store: another one must reach it.
        self.owes_token = False
        self._is_signed_out = False
        self._is_accessed = False
        self._is_sent = False

    def __repr__(self) -> str:
        if self._is_pending:
            return f"<{type(self).__name__} not read yet>"
        return f"<{type(self).__name__} {self._session or 'of nobody'}>"

    # --- what an application asks -----------------------------------------------------------------

    @property
    def session(self) -> Session[WebData] | None:
        """The session that the request belongs to; None if there is none."""
        self._is_accessed = True
        self._be_loaded()
        return self._session

    @property
    def user_id(self) -> str | None:
        """Who has signed in; None for a visitor."""
        session = self.session
        return session.user_id if session else None

    @property
    def public_id(self) -> str | None:
        """Names the session in lists and logs."""
        session = self.session
        return session.public_id if session else None

    @property
    def auth(self) -> AuthContext | None:
        """How and when the user has last shown who he is."""
        session = self.session
        return session.auth if session else None

    def require_user(self) -> str:
        """Who has signed in. Raises NotSignedIn, which is answered with 401."""
        user_id = self.user_id
        if user_id is None:
            raise NotSignedIn
        return user_id

    def is_fresh(self, max_age_seconds: float, level: int = 1) -> bool:
        """Whether the user has shown who he is so lately, at such a level."""
        session = self.session
        return session is not None and session.is_fresh(max_age_seconds, level)

    def require_fresh(self, max_age_seconds: float, level: int = 1) -> str:
        """Who has signed in. Raises NotSignedIn, FreshAuthenticationRequired: both are 401."""
        user_id = self.require_user()
        if self._session is not None:
            self._session.require_fresh(max_age_seconds, level)
        return user_id

    @property
    def csrf_token(self) -> str:
        """For a hidden field ``csrf_token``, or the header X-CSRF-Token; '' while nobody signed in.

        Then there is nothing yet that a page of somebody else could abuse but the login, and that
        is held to where it comes from.
        """
        return self._csrf.token(self._binding) if self.user_id is not None else ""

    def check_csrf_token(self, token: str | None) -> None:
        """Raises CsrfRefused if somebody has signed in and the token is not of his session."""
        if self.user_id is not None and not self._csrf.verify(token, self._binding):
            raise CsrfRefused("it shows no token of a page of this session")

    @property
    def _binding(self) -> str:
        """The same before and after a rotation: a form that is open stays good."""
        session = self._session
        return f"{session.user_id}\0{session.created_at.isoformat()}" if session else ""

    # --- the mapping ------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Any:
        value = self._fields()[name]
        if isinstance(value, list | dict):
            self._remember(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(name, str):
            raise TypeError("the name of a field is a string")
        fields = self._fields()
        self._remember(name)
        fields[name] = value

    def __delitem__(self, name: str) -> None:
        fields = self._fields()
        if name not in fields:
            raise KeyError(name)
        self._remember(name)
        del fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields())

    def __len__(self) -> int:
        return len(self._fields())

    def __contains__(self, name: object) -> bool:
        return name in self._fields()

    def __bool__(self) -> bool:
        return bool(self._fields())

    def _fields(self) -> _Fields:
        session = self.session
        if self._data is None:
            self._data = _Fields(session.fields if session else {})
        return self._data

    def _remember(self, name: str) -> None:
        if name not in self._before:
            fields = self._fields()
            self._before[name] = _text(fields[name]) if name in fields else None

    # --- what whoever asks the store tells --------------------------------------------------------

    def _be_loaded(self) -> None:
        """Called before anything is answered. Raises SessionNotLoaded, and what the store did."""
        if self._is_pending:
            raise SessionNotLoaded
        self.raise_failure()

    def raise_failure(self) -> None:
        """Raises what the store raised when it was asked."""
        if self._failure is not None:
            raise self._failure

    def found(self, session: Session[WebData] | None) -> None:
        """What the token has opened."""
        self._is_pending = False
        self._session = session
        if isinstance(session, IssuedSession):
            self.token, self.owes_token = session.token, True
            self._cookie = _Cookie.SET
        elif session is not None and session.touched:
            self._cookie = _Cookie.SET

    def renewed(self, session: Session[WebData] | None) -> None:
        """What the token opens by now."""
        self.found(session)
        self._data = None
        self._before.clear()

    def failed(self, error: SessionError) -> None:
        """The store did not say. Whoever asks for the session is told."""
        self._is_pending = False
        self._failure = error

    def issued(self, session: IssuedSession[WebData]) -> None:
        """Another session has begun."""
        self.moved(session)
        self._data = None
        self._before.clear()
        self._is_accessed = True

    def moved(self, session: IssuedSession[WebData]) -> None:
        """The session goes on under another token; changes that are not saved are still due."""
        self.found(session)
        self._failure = None

    def ended(self) -> str | None:
        """The session is over, whatever the store will say to it; its token."""
        token, self.token = self.token, None
        self._is_pending, self._failure, self._session = False, None, None
        self._data = _Fields({})
        self._before.clear()
        self._cookie = _Cookie.DELETE
        self._is_signed_out = True
        return token

    def carried(self, user_id: str) -> WebData:
        """What goes along when somebody signs in: his own data, and what he put in before."""
        return dict(self._fields()) if self.user_id in (None, user_id) else {}

    @property
    def is_changed(self) -> bool:
        """Whether anything was set or deleted, or handed out and may have been changed."""
        return bool(self._before)

    # --- at the end -------------------------------------------------------------------------------

    def due(self) -> NewVisitor | Patch | Emptied | None:
        """What is to be written."""
        if not self._before or self._data is None:
            return None
        if self._session is None:
            return NewVisitor(dict(self._data)) if self._data else None
        change = self._change(self._data)
        if not (change.set or change.remove):
            return None
        is_visitor = self._session.user_id is None
        return Emptied() if is_visitor and not self._data else change

    def _change(self, data: _Fields) -> Patch:
        change = Patch({}, [])
        for name, before in self._before.items():
            if name not in data:
                if before is not None:
                    change.remove.append(name)
            elif _text(data[name]) != before:
                change.set[name] = data[name]
        return change

    def saved(self) -> None:
        """What was due is written; what is changed from now on will be due again."""
        fields = self._fields()
        self._before = {
            name: _text(fields[name])
            for name in self._before
            if isinstance(fields.get(name), list | dict)
        }

    def emptied(self) -> None:
        """The visitor's session is gone with its data: nobody signed out."""
        self.ended()
        self._is_signed_out = False

    def require_unsent(self) -> None:
        """Raises RuntimeError when no cookie can be set any more."""
        if self._is_sent:
            raise RuntimeError("the response has begun: it is too late to set a cookie")

    @property
    def is_sent(self) -> bool:
        """Whether the response has begun."""
        return self._is_sent

    @property
    def is_alive(self) -> bool:
        """Whether the request has a session, as far as it has been read."""
        return self._session is not None

    def finish(self, headers: Headers) -> None:
        """Add to the headers of the response what is due."""
        self._is_sent, self.owes_token = True, False
        cookie, self._cookie = self._cookie, _Cookie.KEEP
        if cookie is _Cookie.KEEP and not self._is_accessed:
            return
        names = {name.lower() for name, _ in headers}
        if cookie is not _Cookie.KEEP:
            headers.append((b"set-cookie", self._set_cookie(cookie).encode()))
            # Whoever could store it would hand the token to others.
            headers[:] = [pair for pair in headers if pair[0].lower() != b"cache-control"]
            headers.append((b"cache-control", b"no-store"))
        elif self._session is not None and b"cache-control" not in names:
            headers.append((b"cache-control", b"no-store"))
        if b"vary" not in names or not _varies_by_cookie(headers):
            headers.append((b"vary", b"Cookie"))
        policy = self.request.policy
        # Browsers heed it over HTTPS only.
        if self._is_signed_out and policy.clear_site_data and policy.cookie.secure:
            headers.append((b"clear-site-data", policy.clear_site_data.encode()))

    def _set_cookie(self, cookie: _Cookie) -> str:
        policy, session = self.request.policy.cookie, self._session
        if cookie is _Cookie.DELETE or session is None or self.token is None:
            return policy.delete()
        left_ms = session.expires_at_ms - session.read_at_ms
        return policy.set(self.token, -(-left_ms // 1000) if session.is_persistent else None)


class _Fields(MutableMapping[str, Any]):
    """What is stored, decoded field by field, under what this request has set and deleted."""

    __slots__ = ("_known", "_stored")

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self._stored = stored
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self._stored[name]
        value = self._known[name]
        if value is _DELETED:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        self._known[name] = value

    def __delitem__(self, name: str) -> None:
        self._known[name] = _DELETED

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys([*self._stored, *self._known])
        return (name for name in names if self._known.get(name) is not _DELETED)

    def __len__(self) -> int:
        return sum(1 for _ in self)


_DELETED = object()


def _text(value: Any) -> str:
    """A value as JSON, to tell whether it has changed; the store judges what it can hold."""
    return json.dumps(value, default=repr)


def _varies_by_cookie(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        key.lower() == b"vary" and (b"cookie" in value.lower() or value.strip() == b"*")
        for key, value in headers
    )
