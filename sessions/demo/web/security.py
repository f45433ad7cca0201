"""What every response of the demo carries.

The policy allows files of our own and nothing else: no script or style within a page, no other
host, no frame around it, no form that leads elsewhere (ASVS 3.4.3, 3.4.6).
"""

from __future__ import annotations

from collections.abc import Iterable

from sessions.asgi import App, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
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


class Hardened:
    """The application, with headers that hold for all of it."""

    def __init__(self, app: App, *, is_secure: bool) -> None:
        self._app = app
        headers = {**_HEADERS, **(_STRICT_TRANSPORT if is_secure else {})}
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._with_ours(message.get("headers", ()))}
            await send(message)

        await self._app(scope, receive, send_hardened)

    def _with_ours(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        given = dict(headers)
        is_page = given.get(b"content-type", b"").startswith(b"text/html")
        private = [(b"cache-control", b"no-store")] if is_page else []
        return [*headers, *self._headers, *(private if b"cache-control" not in given else [])]
