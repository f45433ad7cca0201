"""A WSGI application driven by a browser."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.asgi import COOKIE, ORIGIN


class WsgiBrowser(httpx.Client):
    """Requests of one browser, with its cookies, from a page of the application itself."""

    def __init__(self, app: Any, **headers: str) -> None:
        super().__init__(
            transport=httpx.WSGITransport(app=app),
            base_url=ORIGIN,
            headers={"user-agent": "Firefox", "sec-fetch-site": "same-origin", **headers},
        )

    @property
    def token(self) -> str | None:
        return self.cookies.get(COOKIE)

    @token.setter
    def token(self, token: str) -> None:
        self.cookies.clear()
        self.cookies.set(COOKIE, token, domain="shop.example", path="/")
