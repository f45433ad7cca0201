"""Sessions for WSGI applications: ``environ["sessions.session"]``, over a ``SyncSessionStore``.

Without a cookie nothing is asked of the store, nor for a session that the application does not ask
for; else it is asked once a request. Flask and Django have adapters in ``sessions.ext``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from functools import lru_cache, wraps
from http import HTTPStatus
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar, Unpack

from .blocking import SyncSessionStore, run
from .errors import ConfigError, SessionError
from .http.acting import ActingSession
from .http.answers import Answer
from .http.csrf import MAX_FORM_BYTES
from .http.gate import Gate
from .http.policy import WebPolicy, WebSettings
from .http.request import Request
from .http.sites import Sites
from .http.websession import Headers, WebData
from .store import SessionStore

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]
#: Where the session is in the environment of a request.
KEY = "sessions.session"
#: Where the headers are (PEP 3333).
_PREFIX, _CONTENT_TYPE, _COOKIE = "HTTP_", "CONTENT_TYPE", "HTTP_COOKIE"

P = ParamSpec("P")
R = TypeVar("R")


def _blocking(
    act: Callable[Concatenate[ActingSession, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[WsgiSession, P], R]:
    """An act for those who do not await."""

    @wraps(act)
    def call(self: WsgiSession, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return run(act(self, *args, **kwargs))

    return call


#: Given an environment, the store of the tenant that it is for; None for that of the middleware.
TenantOf = Callable[[Environ], SyncSessionStore[WebData] | None]


class WsgiSession(ActingSession):
    """The session of one request, and what can be done to it; read when it is first asked for."""

    def __init__(self, request: Request, store: SyncSessionStore[WebData], gate: Gate) -> None:
        super().__init__(request, store.awaited, gate.csrf)
        #: Where it is kept: the store of the middleware, or that of a tenant.
        self.store = store
        #: What its request has to pass.
        self.gate = gate

    login = _blocking(ActingSession._login)
    logout = _blocking(ActingSession._logout)
    rotate = _blocking(ActingSession._rotate)
    destroy_others = _blocking(ActingSession._destroy_others)
    save = _blocking(ActingSession._save)

    def load(self) -> Self:
        """Read the session, if that has not been done. Raises StoreUnavailable, DecodeError."""
        run(self._load())
        return self

    def reload(self) -> Self:
        """Read the session anew, after what was changed here is saved. See ``WebSession``.

        Raises StoreUnavailable, DecodeError, DataTooLarge.
        """
        run(self._reload())
        return self

    def _be_loaded(self) -> None:
        run(self._load())


class WsgiHeaders(Mapping[str, str]):
    """The headers of a request by name, each read when it is asked for, but for the cookies."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Environ) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value: str = self._environ[_key_of(name)]
        return value

    def __iter__(self) -> Iterator[str]:
        for key in self._environ:
            if key == _CONTENT_TYPE or (key.startswith(_PREFIX) and key != _COOKIE):
                yield key.removeprefix(_PREFIX).lower().replace("_", "-")

    def __len__(self) -> int:
        return sum(1 for _ in self)


@lru_cache(maxsize=256)  # they are the same for every request
def _key_of(name: str) -> str:
    """Where a header is in the environment; the cookies are nowhere: a request has its own."""
    key = name.upper().replace("-", "_")
    if key == _CONTENT_TYPE:
        return key
    return _PREFIX + key if name != "cookie" else ""


class WsgiSessionMiddleware:
    """Gives every request its session. Put it around any WSGI application.

    ``tenant`` gives the store of the tenant that a request is for, such as
    ``lambda environ: stores.get(environ["HTTP_HOST"])``; each has a cookie of its own. The other
    settings are those of ``WebPolicy``. Raises ConfigError.
    """

    session_class: ClassVar[type[WsgiSession]] = WsgiSession

    def __init__(
        self,
        app: WsgiApp,
        store: SyncSessionStore[WebData],
        *,
        tenant: TenantOf | None = None,
        **settings: Unpack[WebSettings],
    ) -> None:
        given: object = store  # by whoever checks no types
        if isinstance(given, SessionStore):
            raise ConfigError("WSGI does not await: give a SyncSessionStore, not a SessionStore")
        self.app = app
        self.store = store
        self.policy = WebPolicy(**settings)
        self._sites = Sites(store, self.policy)
        self._tenant_of = tenant

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        session = self.session_of(environ)
        response = _Response(session, start_response)
        try:
            self.admit(session, environ)
            return response.whole(self.app(environ, response.start), environ)
        except SessionError as error:
            if session.is_sent:
                raise
            return response.answer(self.policy.answer(error))

    def session_of(self, environ: Environ) -> WsgiSession:
        """The session of a request, and its place in the environment."""
        site = self._sites.of(self._tenant_of(environ) if self._tenant_of else None)
        session = self.session_class(_request(environ, site.policy), site.store, site.gate)
        environ[KEY] = session
        return session

    def admit(self, session: WsgiSession, environ: Environ) -> None:
        """Check the store, once, and where the request comes from. Raises SessionError.

        Nobody tells when an application starts: before the first session is early enough.
        """
        if session.token is not None:
            self.store.check()
        request, gate = session.request, session.gate
        gate.check_origin(request, session)
        if request.must_show_token:
            is_form = request.is_form and session.user_id is not None
            gate.check_token(request, session, _read_ahead(environ) if is_form else None)


def _request(environ: Environ, policy: WebPolicy) -> Request:
    cookie = environ.get(_COOKIE)
    return Request(
        policy,
        environ["REQUEST_METHOD"],
        environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""),
        WsgiHeaders(environ),
        [] if cookie is None else [cookie.encode("latin-1")],
        environ.get("REMOTE_ADDR") or None,
    )


def _read_ahead(environ: Environ) -> bytes:
    """The beginning of a form, all of which stays to be read."""
    rest = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH") or "0"
    size_bytes = int(length) if length.isdecimal() else 0
    beginning: bytes = rest.read(min(size_bytes, MAX_FORM_BYTES))
    left_bytes = size_bytes - len(beginning)
    environ["wsgi.input"] = io.BufferedReader(_Again(beginning, rest, left_bytes))
    return beginning


class _Again(io.RawIOBase):
    """What was read already, and then the rest of the body."""

    def __init__(self, beginning: bytes, rest: Any, left_bytes: int) -> None:
        self._beginning = io.BytesIO(beginning)
        self._rest = rest
        self._left_bytes = left_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._beginning.read(len(buffer))
        if not chunk and self._left_bytes:
            chunk = self._rest.read(min(len(buffer), self._left_bytes))
            self._left_bytes -= len(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)


class _Response:
    """The response of one request: it gets what the session has to add."""

    def __init__(self, session: WsgiSession, start_response: Any) -> None:
        self._session = session
        self._start_response = start_response

    def start(self, status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
        self._session.save()
        return self._start_response(status, self._finished(headers), *exc_info)

    def whole(self, body: Iterable[bytes], environ: Environ) -> Iterable[bytes]:
        """What is sent, and when it is over what was changed after the response had begun.

        Only a new visitor comes too late. What is complete already stays as it is, and so does a
        file: a server knows how to send either faster.
        """
        if self._session.is_sent and isinstance(body, (list, tuple, _file_wrapper(environ))):
            self._session.save()
            return body
        return _Body(body, self._session)

    def answer(self, answer: Answer) -> Iterable[bytes]:
        status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        self._start_response(status, self._finished(answer.all_headers))
        return [answer.body]

    def _finished(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        pairs: Headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        self._session.finish(pairs)
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]


class _Body:
    """A body that is made while it is sent."""

    def __init__(self, chunks: Iterable[bytes], session: WsgiSession) -> None:
        self._chunks = chunks
        self._session = session

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def close(self) -> None:
        """The server calls it at the end, whether or not all was sent (PEP 3333)."""
        try:
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()
        finally:
            self._session.save()


def _file_wrapper(environ: Environ) -> type[Any]:
    found = environ.get("wsgi.file_wrapper")
    return found if isinstance(found, type) else tuple
