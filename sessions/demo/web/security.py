"""What every response of the demo carries, and how refusals look to a person.

The policy allows files of our own and nothing else: no script or style within a page, no other
host, no frame around it, no form that leads elsewhere (ASVS 3.4.3, 3.4.6).
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from sessions.asgi import App, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # "no-referrer" would make browsers send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
#: ASVS 3.4.1; a browser heeds it over HTTPS only.
_STRICT_TRANSPORT = {"strict-transport-security": "max-age=31536000"}

#: Makes the page that tells of a status.
ErrorPage = Callable[[int], bytes]


class Hardened:
    """The application, with headers that hold for all of it, and pages in place of bare refusals.

    It stands around the session middleware, whose answers are JSON.
    """

    def __init__(self, app: App, error_page: ErrorPage, *, is_secure: bool) -> None:
        self._app = app
        self._error_page = error_page
        headers = {**_HEADERS, **(_STRICT_TRANSPORT if is_secure else {})}
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        replaced: bytes | None = None

        async def hardened(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                message, replaced = self._begin(scope, message)
            elif replaced is not None:
                if message.get("more_body", False):
                    return
                message = {**message, "body": replaced}
            await send(message)

        await self._app(scope, receive, hardened)

    def _begin(self, scope: Scope, message: Message) -> tuple[Message, bytes | None]:
        headers = dict(message.get("headers", ()))
        kept = [*message.get("headers", ()), *self._headers]
        is_html = headers.get(b"content-type", b"").startswith(b"text/html")
        if message["status"] < HTTPStatus.BAD_REQUEST or is_html or not _wants_html(scope):
            if is_html and b"cache-control" not in headers:
                kept.append((b"cache-control", b"no-store"))
            return {**message, "headers": kept}, None
        page = self._error_page(message["status"])
        kept = [pair for pair in kept if pair[0] not in (b"content-type", b"content-length")]
        kept += [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(page)).encode()),
        ]
        return {**message, "headers": kept}, page


def _wants_html(scope: Any) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
