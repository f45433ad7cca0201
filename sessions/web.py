"""Routes for any Starlette or FastAPI application: sign in, sign out, who am I, my devices.

The application has ``SessionMiddleware`` around it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .account import FRESH_SECONDS, Account, Device, Ended, Me, SignedIn, Verified, Verify
from .asgi import AsgiSession
from .errors import BadRequest, SessionError
from .http.answers import Answer, answer_to, incident
from .http.websession import WebData
from .passwords import PasswordLimits
from .store import SessionStore

#: A name and a password.
MAX_LOGIN_BYTES = 16 * 1024
_FORM = "application/x-www-form-urlencoded"

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(
    store: SessionStore[WebData],
    verify: Verify,
    *,
    fresh_seconds: float = FRESH_SECONDS,
    limits: PasswordLimits | None = None,
) -> list[Route]:
    """The routes, for ``Starlette(routes=...)``, ``Mount``, or ``app.router.routes``.

    =======  ==========================  ===========================================================
    POST     /login                      a name and a password as JSON or as a form
    POST     /logout
    GET      /me
    GET      /sessions                   the user's devices
    POST     /sessions/logout-others     after a sign-in at most ``fresh_seconds`` ago
    DELETE   /sessions/{public_id}       the same
    =======  ==========================  ===========================================================

    ``verify`` checks a password: it gets the name and the password and gives the user's id,
    ``Verified``, or None. Where the middleware tells tenants apart, give it a parameter ``tenant``:
    the name of the one that the request is for, or None. Without it a user is one of every tenant,
    for he signs in to each with the same password.

    Every way of not being signed in has one answer; after too many wrong passwords from one network
    it is 429. ``limits`` says how many: ``PasswordLimits(store)`` if it is not given. Behind a
    proxy, tell the middleware which, or all who come are one network.
    """
    account = Account(store, verify, fresh_seconds=fresh_seconds, limits=limits)

    async def login(request: Request) -> SignedIn:
        return await account.login(_session(request), *await _credentials(request))

    async def logout(request: Request) -> Ended:
        return await account.logout(_session(request))

    async def me(request: Request) -> Me:
        return await account.me(_session(request))

    async def devices(request: Request) -> list[Device]:
        return await account.devices(_session(request))

    async def end_others(request: Request) -> Ended:
        return await account.end_others(_session(request))

    async def end(request: Request) -> Ended:
        return await account.end(_session(request), request.path_params["public_id"])

    return [
        Route("/login", _answered(login), methods=["POST"], name="login"),
        Route("/logout", _answered(logout), methods=["POST"], name="logout"),
        Route("/me", _answered(me), methods=["GET"], name="me"),
        Route("/sessions", _answered(devices), methods=["GET"], name="sessions"),
        Route(
            "/sessions/logout-others", _answered(end_others), methods=["POST"], name="logout_others"
        ),
        Route("/sessions/{public_id}", _answered(end), methods=["DELETE"], name="end_session"),
    ]


def _session(request: Request) -> AsgiSession:
    session = request.scope.get("session")
    if not isinstance(session, AsgiSession):
        raise RuntimeError("wrap the application into sessions.asgi.SessionMiddleware")
    return session


def _answered(act: Callable[[Request], Awaitable[Any]]) -> Endpoint:
    """An endpoint that answers in JSON, and with nothing but an id when there is a defect."""

    async def endpoint(request: Request) -> Response:
        try:
            return _json(await act(request))
        except SessionError as error:
            return response_of(answer_to(error))
        except Exception as error:
            return response_of(incident(error, 500, "something went wrong"))

    return endpoint


def response_of(answer: Answer) -> Response:
    """What the session layer says, as Starlette says it."""
    return Response(answer.body, answer.status, dict(answer.all_headers))


def _json(answer: Any) -> Response:
    content = [asdict(item) for item in answer] if isinstance(answer, list) else asdict(answer)
    text = json.dumps(content, default=datetime.isoformat, separators=(",", ":"))
    return Response(text, media_type="application/json")


async def _credentials(request: Request) -> tuple[str, str]:
    """The name and the password of a login. Raises BadRequest."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_LOGIN_BYTES:
            raise BadRequest(413, "too long")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        fields = _form(body) if kind == _FORM else json.loads(body)
        username, password = fields["username"], fields["password"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRequest(422, "give username and password") from error
    if not isinstance(username, str) or not isinstance(password, str):
        raise BadRequest(422, "give username and password")
    return username, password


def _form(body: bytes) -> dict[str, str]:
    fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=100, errors="strict")
    return {name: values[0] for name, values in fields.items()}


__all__ = [
    "Account",
    "Device",
    "Ended",
    "Me",
    "PasswordLimits",
    "SignedIn",
    "Verified",
    "Verify",
    "response_of",
    "routes",
]
