"""Serves the demo, and says on the console where it is and how to stop it."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import textwrap
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from redis.exceptions import RedisError

from sessions import KeyRing, SessionError

from .app import create_app
from .demo import Demo, keys_from, open_demo
from .settings import Settings

#: Sessions in a store that outlives the process are worth something only with the same keys.
KEY_VARIABLE = "SESSIONS_DEMO_KEY"
_CLOSE_SECONDS = 3
_COLUMNS = 76
_NO_STORE = """\
The demo did not start: {error}
Is a server running there? Without --store the demo brings its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen. Port 0 is any free one; with a certificate it is HTTPS."""

    host: str = "127.0.0.1"
    port: int = 8000
    certificate: str | None = None
    private_key: str | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"


class CannotStart(Exception):
    """Why there is no demo, and what to do about it."""


class DemoServer(uvicorn.Server):
    """A server that lets open pages go when it is stopped: they would never close by themselves."""

    def __init__(self, config: uvicorn.Config, demo: Demo, greeting: str = "") -> None:
        """``greeting`` is printed as soon as somebody may come."""
        super().__init__(config)
        self._demo = demo
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._greeting:
            print(self._greeting, flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._demo.hub.close()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._demo.hub.close()
        await super().shutdown(sockets)


@contextlib.asynccontextmanager
async def listening(address: Address) -> AsyncIterator[tuple[socket.socket, str]]:
    """A socket, and the URL that leads to it. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address.host, address.port))
        except OSError as error:
            raise CannotStart(
                f"cannot listen on {address.host}:{address.port}: {error.strerror}."
                " Choose another port with --port (0 picks a free one)."
            ) from error
        host = f"[{address.host}]" if family == socket.AF_INET6 else address.host
        yield listener, f"{address.scheme}://{host}:{listener.getsockname()[1]}"


def server_for(demo: Demo, address: Address, greeting: str = "") -> DemoServer:
    """A server that is not running yet."""
    options: dict[str, Any] = {}
    if address.certificate:
        options = {"ssl_certfile": address.certificate, "ssl_keyfile": address.private_key}
    config = uvicorn.Config(
        create_app(demo),
        lifespan="off",
        ws="none",
        log_level="warning",
        server_header=False,
        # Who stands between is nobody's word but the middleware's.
        proxy_headers=False,
        timeout_graceful_shutdown=_CLOSE_SECONDS,
        **options,
    )
    return DemoServer(config, demo, greeting)


async def serve(settings: Settings, address: Address, store_url: str | None) -> int:
    """Serve until stopped; the exit status."""
    secret = os.environ.get(KEY_VARIABLE)
    keys = keys_from(secret) if secret else KeyRing.generate()
    try:
        async with (
            open_demo(settings, url=store_url, keys=keys) as demo,
            listening(address) as (listener, url),
        ):
            greeting = _greeting(settings, url, store_url, has_keys=bool(secret))
            await server_for(demo, address, greeting).serve([listener])
    except RedisError as error:
        print(_NO_STORE.format(error=error), file=sys.stderr)
        return 1
    except (OSError, SessionError, CannotStart) as error:
        print(f"The demo did not start: {error}", file=sys.stderr)
        return 1
    return 0


def _greeting(settings: Settings, url: str, store_url: str | None, *, has_keys: bool) -> str:
    lines = [
        f"The demo is at {url} (Ctrl-C stops it)",
        "",
        "Sign in as alice in two browsers; olivia is the operator. Passwords: on the first page.",
        "",
        f"Store: {_shown(store_url) if store_url else 'ferrite_lite, in this process'}.",
        settings.sessions.describe(),
    ]
    if store_url and not has_keys:
        lines.append(f"Set {KEY_VARIABLE} to a secret, else its sessions end with this process.")
    if not settings.is_secure:
        lines.append(
            "Plain HTTP: the cookie is neither Secure nor __Host- (CookiePolicy.for_plain_http),"
            " which is for this machine alone. For HTTPS: --certificate and --private-key."
        )
    folded = [fold for line in lines for fold in textwrap.wrap(line, _COLUMNS) or [""]]
    return "\n".join(["", *(f"  {line}".rstrip() for line in folded), ""])


def _shown(url: str) -> str:
    """A URL without its password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
