"""An ASGI application driven by hand: requests of a browser, messages of a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

import httpx

from sessions.asgi import App, AsgiSession, Message, Receive, Scope, Send, SessionMiddleware
from sessions.http.cookies import CookiePolicy

ORIGIN = "https://shop.example"
COOKIE = CookiePolicy().name

#: What one path does with the session; its answer is the body, as JSON.
Handler = Callable[[AsgiSession], Awaitable[Any]]


def application(handlers: Mapping[str, Handler]) -> App:
    """An application without a framework: a path, a handler."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await handlers[scope["path"]](scope["session"])
        response = httpx.Response(200, json=answer)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": response.content})

    return app


class Browser:
    """Requests of one browser, with its cookies, from a page of the application itself."""

    def __init__(self, app: App, **headers: str) -> None:
        self.app = app
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url=ORIGIN,
            headers={"user-agent": "Firefox", "sec-fetch-site": "same-origin", **headers},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self._client.get(path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self._client.post(path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self._client.delete(path, **options)

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self._client.request(method, path, **options)

    @property
    def headers(self) -> httpx.Headers:
        """What every request says."""
        return self._client.headers

    @property
    def token(self) -> str | None:
        return self._client.cookies.get(COOKIE)

    @token.setter
    def token(self, token: str) -> None:
        self._client.cookies.clear()
        self._client.cookies.set(COOKIE, token, domain="shop.example", path="/")


class Wire:
    """One connection to an application: what was sent comes out of ``sent``, in order."""

    def __init__(self, app: App, scope: Scope) -> None:
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self._received: asyncio.Queue[Message] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(app, scope))

    async def _run(self, app: App, scope: Scope) -> None:
        await app(scope, self._received.get, self.sent.put)

    def receive(self, kind: str, **content: Any) -> None:
        """Let a message reach the application."""
        self._received.put_nowait({"type": kind, **content})

    async def ended(self) -> None:
        """Wait until the application has returned; raises what it raised."""
        await self._task

    def cancel(self) -> None:
        self._task.cancel()


def scope(kind: str, path: str, token: str | None, **headers: str) -> Scope:
    """The scope of a request that has just come in."""
    fields = {"host": "shop.example", "sec-fetch-site": "same-origin", **headers}
    pairs = [(name.encode(), value.encode()) for name, value in fields.items()]
    if token is not None:
        pairs.append((b"cookie", f"{COOKIE}={token}".encode()))
    method = {"method": "GET"} if kind == "http" else {}
    return {"type": kind, "path": path, "headers": pairs, "client": ("192.0.2.7", 1), **method}


__all__ = ["Browser", "SessionMiddleware", "Wire", "application", "scope"]
