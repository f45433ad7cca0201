"""FastAPI: the session as a dependency, and the routes with their OpenAPI document.

``session: CurrentSession`` is the session of somebody who has signed in, and a 401 otherwise;
``session: AnySession`` is one of a visitor too. Both read a lazy session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute
from pydantic import BaseModel, SecretStr

from ..account import FRESH_SECONDS, Account, Device, Ended, Me, SignedIn, Verified, Verify
from ..asgi import AsgiSession, SessionMiddleware
from ..errors import FreshAuthenticationRequired, NotSignedIn, SessionError
from ..http.answers import answer_to
from ..http.websession import WebData
from ..passwords import PasswordLimits
from ..store import SessionStore
from ..web import response_of
from .starlette import session_of


async def any_session(connection: HTTPConnection) -> AsgiSession:
    """The session of the request, or of the WebSocket, whoever's it is."""
    return await session_of(connection).load()


AnySession = Annotated[AsgiSession, Depends(any_session)]


async def current_session(session: AnySession) -> AsgiSession:
    """The session of somebody who has signed in; else an HTTPException of status 401."""
    with _as_http():
        session.require_user()
    return session


CurrentSession = Annotated[AsgiSession, Depends(current_session)]


def require_fresh(
    max_age_seconds: float = FRESH_SECONDS, level: int = 1
) -> Callable[..., Awaitable[AsgiSession]]:
    """A dependency: the user has shown so lately who he is, at such a level; else 401."""

    async def fresh_session(session: AnySession) -> AsgiSession:
        with _as_http():
            session.require_fresh(max_age_seconds, level)
        return session

    return fresh_session


@contextmanager
def _as_http() -> Iterator[None]:
    """A refusal as FastAPI's own, for its handlers."""
    try:
        yield
    except (NotSignedIn, FreshAuthenticationRequired) as error:
        answer = answer_to(error)
        raise HTTPException(answer.status, answer.detail, dict(answer.headers)) from error


class _Route(APIRoute):
    """A route whose errors are answered as those of the session layer.

    What is wrong with a request is answered as FastAPI does, without the request: by default it
    sends a password back whose field was misspelt.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except SessionError as error:
                return response_of(answer_to(error))
            except RequestValidationError as error:
                raise RequestValidationError(list(map(_without_input, error.errors()))) from None

        return answered


def _without_input(error: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in error.items() if name != "input"}


class Credentials(BaseModel):
    username: str
    password: SecretStr


class Refusal(BaseModel):
    """What every refusal says, and no more."""

    detail: str


def router(
    store: SessionStore[WebData],
    verify: Verify,
    *,
    fresh_seconds: float = FRESH_SECONDS,
    limits: PasswordLimits | None = None,
) -> APIRouter:
    """``sessions.web.routes`` for ``app.include_router``, with types that OpenAPI shows."""
    account = Account(store, verify, fresh_seconds=fresh_seconds, limits=limits)
    api = APIRouter(tags=["sessions"], route_class=_Route)
    not_signed_in: dict[int | str, dict[str, Any]] = {401: {"model": Refusal}}

    @api.post("/login", responses={**not_signed_in, 429: {"model": Refusal}})
    async def login(session: AnySession, credentials: Credentials) -> SignedIn:
        password = credentials.password.get_secret_value()
        return await account.login(session, credentials.username, password)

    @api.post("/logout")
    async def logout(connection: HTTPConnection) -> Ended:
        return await account.logout(session_of(connection))

    @api.get("/me", responses=not_signed_in)
    async def me(session: AnySession) -> Me:
        return await account.me(session)

    @api.get("/sessions", responses=not_signed_in)
    async def devices(session: AnySession) -> list[Device]:
        return await account.devices(session)

    @api.post("/sessions/logout-others", responses=not_signed_in)
    async def end_others(session: AnySession) -> Ended:
        return await account.end_others(session)

    @api.delete("/sessions/{public_id}", responses={**not_signed_in, 404: {"model": Refusal}})
    async def end(session: AnySession, public_id: str) -> Ended:
        return await account.end(session, public_id)

    return api


__all__ = [
    "AnySession",
    "CurrentSession",
    "PasswordLimits",
    "SessionMiddleware",
    "Verified",
    "any_session",
    "current_session",
    "require_fresh",
    "router",
]
