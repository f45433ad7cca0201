"""Sessions for ASGI applications: ``scope["session"]``, which Starlette calls ``request.session``.

Plain ASGI, no framework. Without a cookie nothing is asked of the store; with one, it is asked once
a request. It is asked before the application runs, for ``request.session["theme"]`` cannot wait; a
lazy middleware asks only when somebody awaits ``request.session.load()``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Self, Unpack

from . import events, tasks
from .blocking import SyncSessionStore
from .errors import ConfigError, SessionError
from .http.acting import ActingSession
from .http.answers import Answer, incident
from .http.csrf import MAX_FORM_BYTES, CsrfProtector
from .http.gate import Gate
from .http.policy import WebPolicy, WebSettings
from .http.request import Request
from .http.sites import Sites
from .http.websession import Headers, WebData
from .store import SessionStore

logger = logging.getLogger("sessions")

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

#: How often an open stream asks whether its session still lives, when nobody here ended it.
RECHECK_SECONDS = 5.0
#: A stream outlasts a store that is silent for a moment, and not one that stays so.
_MAX_FAILED_CHECKS = 3
_EVENT_STREAM = b"text/event-stream"
#: RFC 6455 7.4.1: refused by a policy; and, registered later, try again later.
_POLICY_VIOLATION, _TRY_AGAIN_LATER = 1008, 1013


#: Given a scope, the store of the tenant that it is for; None for the store of the middleware.
TenantOf = Callable[[Scope], SessionStore[WebData] | None]


class AsgiSession(ActingSession):
    """The session of one request, or of one WebSocket, and what can be done to it."""

    def __init__(
        self,
        request: Request,
        store: SessionStore[WebData],
        csrf: CsrfProtector,
        endings: Endings,
    ) -> None:
        super().__init__(request, store, csrf)
        self._endings = endings

    @property
    def store(self) -> SessionStore[WebData]:
        """Where it is kept: the store of the middleware, or that of a tenant."""
        return self._store

    login = ActingSession._login
    logout = ActingSession._logout
    rotate = ActingSession._rotate
    destroy_others = ActingSession._destroy_others
    save = ActingSession._save
    try_to_load = ActingSession._try_to_load

    async def load(self) -> Self:
        """Read the session, if that has not been done. Raises StoreUnavailable, DecodeError."""
        await self._load()
        return self

    async def reload(self) -> Self:
        """Read the session anew, after what was changed here is saved. See ``WebSession``.

        Raises StoreUnavailable, DecodeError, DataTooLarge.
        """
        await self._reload()
        return self

    async def wait_until_ended(self) -> None:
        """Return when the session is no longer alive; at once if there is none."""
        await self.load()
        woken = asyncio.Event()
        followed, failures = "", 0
        while self._session is not None and failures < _MAX_FAILED_CHECKS:
            is_followed, followed = followed == self._session.public_id, self._session.public_id
            with self._endings.wake(woken, followed):
                # It may have ended before it was followed.
                if is_followed:
                    await _wait(woken, self._endings.recheck_seconds)
                try:
                    self.found(await self._validate(touch=False))
                    failures = 0
                except SessionError:
                    failures += 1


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()
    woken.clear()


# --- the end of sessions --------------------------------------------------------------------------


class Endings:
    """Wakes those who wait for the end of a session, when one ends in this process."""

    def __init__(self, store: SessionStore[WebData], recheck_seconds: float) -> None:
        self.recheck_seconds = recheck_seconds
        self._waiting: dict[str, set[asyncio.Event]] = {}
        store.on_event(self._heard)

    @contextmanager
    def wake(self, woken: asyncio.Event, public_id: str) -> Iterator[None]:
        """Set an event whenever the session with this id may have ended."""
        waiting = self._waiting.setdefault(public_id, set())
        waiting.add(woken)
        try:
            yield
        finally:
            waiting.discard(woken)
            if not waiting:
                self._waiting.pop(public_id, None)

    def _heard(self, event: events.SessionEvent) -> None:
        match event:
            case (
                events.Destroyed(public_id=public_id)
                | events.Evicted(public_id=public_id)
                | events.Expired(public_id=public_id)
                | events.Rotated(public_id=public_id)
            ):
                self._wake([public_id])
            case events.RevokedAll(public_ids=public_ids):
                self._wake(public_ids)
            case events.RevokedEverything():
                self._wake(list(self._waiting))

    def _wake(self, public_ids: Iterable[str]) -> None:
        for public_id in public_ids:
            for woken in self._waiting.get(public_id, ()):
                woken.set()


class _Stream:
    """A WebSocket or an event stream: it is cut off when its session ends."""

    def __init__(self, session: AsgiSession) -> None:
        self._session = session
        self._task = asyncio.current_task()
        self._watch: asyncio.Task[None] | None = None
        self.is_cut = False

    def start(self) -> None:
        if self._watch is None:
            self._watch = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._session.wait_until_ended()
        except Exception:
            # Nobody knows whether the session lives: then it does not count.
            logger.exception("the session of an open stream could not be watched")
        self.is_cut = True
        if self._task is not None:
            self._task.cancel()

    async def stop(self) -> None:
        if self._watch is not None:
            await tasks.end(self._watch)

    def has_cancelled(self) -> bool:
        """Whether the application was cancelled by this, and by nobody else."""
        return self.is_cut and self._task is not None and self._task.uncancel() == 0


# --- the middleware -------------------------------------------------------------------------------


class AsgiHeaders(Mapping[str, str]):
    """The headers of a request by name, each read when it is asked for: most requests need few."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = list(pairs)

    def all(self, name: bytes) -> list[bytes]:
        """All values of one header, in order."""
        return [value for key, value in self._pairs if key == name]

    def __getitem__(self, name: str) -> str:
        if not (values := self.all(name.encode("latin-1"))):
            raise KeyError(name)
        return b", ".join(values).decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key.decode("latin-1") for key, _ in self._pairs))

    def __len__(self) -> int:
        return len({key for key, _ in self._pairs})


class SessionMiddleware:
    """Gives every request its session. Put it into any ASGI application, or around it.

    ``lazy``: read the session only when the application awaits ``request.session.load()``. A
    WebSocket or an event stream ends when its session does, at once if that happens in this process
    and within ``recheck_seconds`` otherwise. ``tenant`` gives the store of the tenant that a
    request is for, such as ``lambda scope: stores.get(host_of(scope))``; each has a cookie of its
    own. The other settings are those of ``WebPolicy``. Raises ConfigError.
    """

    def __init__(
        self,
        app: App,
        store: SessionStore[WebData],
        *,
        lazy: bool = False,
        recheck_seconds: float = RECHECK_SECONDS,
        tenant: TenantOf | None = None,
        **settings: Unpack[WebSettings],
    ) -> None:
        given: object = store  # by whoever checks no types
        if isinstance(given, SyncSessionStore):
            raise ConfigError("ASGI awaits: give a SessionStore, not a SyncSessionStore")
        self.app = app
        self.store = store
        self.policy = WebPolicy(**settings)
        self._lazy = lazy
        self._sites = Sites(store, self.policy)
        self._tenant_of = tenant
        # It hears of those of tenants, too.
        self._endings = Endings(store, recheck_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._start(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        site = self._sites.of(self._tenant_of(scope) if self._tenant_of else None)
        request = _request(scope, site.policy)
        session = AsgiSession(request, site.store, site.gate.csrf, self._endings)
        scope["session"] = session
        connection = _Connection(scope, send, session)
        try:
            receive = await self._admit(site.gate, request, session, receive)
        except SessionError as error:
            await connection.answer(self.policy.answer(error))
            return
        await connection.run(self.app, receive)

    async def _start(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let no application start on a server that cannot hold its sessions."""
        starting = [await receive()]
        try:
            await self.store.check()
        except ConfigError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return

        async def again() -> Message:
            return starting.pop() if starting else await receive()

        await self.app(scope, again, send)

    async def _admit(
        self, gate: Gate, request: Request, session: AsgiSession, receive: Receive
    ) -> Receive:
        """Check where the request comes from, and read its session. Raises SessionError."""
        gate.check_origin(request, session)
        if request.must_show_token:
            await session.load()
            form = None
            if request.is_form and session.user_id is not None:
                receive, form = await _read_ahead(receive)
            gate.check_token(request, session, form)
        elif not self._lazy and not request.has_passive_path:
            await session.try_to_load()
        return receive


def _request(scope: Scope, policy: WebPolicy) -> Request:
    client = scope.get("client")
    headers = AsgiHeaders(scope.get("headers", ()))
    return Request(
        policy,
        scope.get("method", "GET"),
        scope["path"],
        headers,
        headers.all(b"cookie"),
        client[0] if client else None,
        is_websocket=scope["type"] == "websocket",
    )


def _is_event_stream(headers: Headers) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(_EVENT_STREAM)
        for name, value in headers
    )


async def _read_ahead(receive: Receive) -> tuple[Receive, bytes]:
    """The beginning of a form, and a way to receive all of it again."""
    messages: list[Message] = []
    beginning = b""
    more = True
    while more and len(beginning) < MAX_FORM_BYTES:
        message = await receive()
        messages.append(message)
        beginning += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again, beginning[:MAX_FORM_BYTES]


class _Connection:
    """One run of the application: its responses get what the session has to add."""

    def __init__(self, scope: Scope, send: Send, session: AsgiSession) -> None:
        self._scope = scope
        self._send = send
        self._session = session
        self._is_websocket = scope["type"] == "websocket"
        self._is_closed = False
        self._stream = _Stream(session)

    async def run(self, app: App, receive: Receive) -> None:
        """Run the application, and write what it has changed."""

        async def receive_until_cut() -> Message:
            self._raise_if_cut()
            return await receive()

        try:
            await app(self._scope, receive_until_cut, self.send)
            # What was changed after the response began; only a new visitor comes too late.
            await self._session.save()
        except SessionError as error:
            if self._session.is_sent:
                raise
            await self.answer(self._session.request.policy.answer(error))
        except Exception as error:
            # Whoever answers in our place would not set the cookie, and the user would be out when
            # the grace of his former token ends.
            if self._session.owes_token and not self._is_websocket:
                await self.answer(incident(error, 500, "something went wrong"))
            raise
        except asyncio.CancelledError:
            if not self._stream.has_cancelled():
                raise
            await self._cut()
        finally:
            await self._stream.stop()

    async def send(self, message: Message) -> None:
        """What the application sends, with the headers of the session."""
        self._raise_if_cut()
        kind = message["type"]
        if kind in ("http.response.start", "websocket.accept"):
            message = await self._begin(message)
        elif kind == "http.response.body":
            self._is_closed = not message.get("more_body", False)
        elif kind == "websocket.close":
            self._is_closed = True
        await self._send(message)

    def _raise_if_cut(self) -> None:
        # An application, or a library below it, may have swallowed the cancellation.
        if self._stream.is_cut:
            raise asyncio.CancelledError

    async def _begin(self, message: Message) -> Message:
        session = self._session
        await session.save()
        headers = list(message.get("headers", ()))
        session.finish(headers)
        if session.is_alive and (self._is_websocket or _is_event_stream(headers)):
            self._stream.start()
        return {**message, "headers": headers}

    async def answer(self, answer: Answer) -> None:
        """Say what went wrong, in place of the application."""
        if self._is_websocket:
            is_busy = answer.status == 503
            code = _TRY_AGAIN_LATER if is_busy else _POLICY_VIOLATION
            await self._send({"type": "websocket.close", "code": code, "reason": ""})
            return
        headers = [(name.encode(), value.encode()) for name, value in answer.all_headers]
        self._session.finish(headers)
        await self._send(
            {"type": "http.response.start", "status": answer.status, "headers": headers}
        )
        await self._send({"type": "http.response.body", "body": answer.body})

    async def _cut(self) -> None:
        if self._is_closed:
            return
        if not self._is_websocket:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            closing = {"type": "websocket.close", "code": _POLICY_VIOLATION}
            await self._send({**closing, "reason": "the session has ended"})
