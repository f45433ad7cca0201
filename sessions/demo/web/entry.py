"""Signing in, signing out, opening an account, and showing once more who one is."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sessions import AuthContext, RateLimited, StaleLogin
from sessions.errors import TooManyGuesses
from sessions.ext.starlette import session_of

from .accounts import AccountError, tidy
from .demo import Demo
from .views import Views, go

BY_PASSWORD = AuthContext(methods=("pwd",))
#: One text for all of them: nobody learns which names exist (ASVS 6.3.8).
_WRONG = "Wrong name or password."

_NO_ERRORS = {"name": "", "password": ""}


def too_many(what: str, refusal: RateLimited) -> str:
    """What somebody is told who has to wait."""
    return f"Too many {what}. Wait {round(refusal.retry_after_seconds) + 1} seconds."


def address_of(request: Request) -> str:
    """Where a request comes from; no proxy stands before this demo."""
    return request.client.host if request.client else ""


class Entry:
    """The pages before one is in, and the way out."""

    def __init__(self, demo: Demo, views: Views) -> None:
        self._demo = demo
        self._views = views

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home),
            Route("/sign-in", self.sign_in_page, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-up", self.sign_up_page, methods=["GET"]),
            Route("/sign-up", self.sign_up, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def home(self, request: Request) -> Response:
        return go("/devices" if session_of(request).user_id else "/sign-in")

    async def sign_in_page(self, request: Request) -> Response:
        session = session_of(request)
        if session.user_id:
            return go("/devices")
        # A cookie that opens nothing: it did, once.
        has_ended = session.token is not None or "ended" in request.query_params
        return self._views.page(request, "sign_in.html", has_ended=has_ended, name="", error="")

    async def sign_in(self, request: Request) -> Response:
        form = await request.form()
        name, password = str(form.get("name", "")), str(form.get("password", ""))
        # Before the password is checked: who comes in while all sessions are ended stays out.
        generation = await self._demo.store.generation(tidy(name) or "nobody")
        try:
            account = await self._demo.accounts.check(name, password, address_of(request))
            if account is None:
                return self._refused(request, name, _WRONG)
            issued = await session_of(request).login(
                account.name,
                {"is_operator": True} if account.is_operator else None,
                auth=BY_PASSWORD,
                lifetime=self._demo.settings.lifetime(is_remembered="remember" in form),
                if_generation=generation,
            )
        except TooManyGuesses as refusal:
            return self._refused(request, name, too_many("wrong passwords", refusal))
        except StaleLogin:
            return self._refused(
                request, name, "Your sessions were all ended just now. Sign in again."
            )
        except RateLimited as refusal:
            return self._refused(request, name, too_many("sign-ins", refusal))
        return go("/devices", "evicted" if issued.evicted else "")

    def _refused(self, request: Request, name: str, error: str) -> Response:
        return self._views.page(
            request,
            "sign_in.html",
            status=HTTPStatus.UNAUTHORIZED,
            has_ended=False,
            name=name[:64],
            error=error,
        )

    async def sign_up_page(self, request: Request) -> Response:
        if session_of(request).user_id:
            return go("/devices")
        return self._views.page(request, "sign_up.html", name="", errors=_NO_ERRORS)

    async def sign_up(self, request: Request) -> Response:
        form = await request.form()
        name, password = str(form.get("name", "")), str(form.get("password", ""))
        try:
            account = await self._demo.accounts.open(name, password)
        except AccountError as error:
            return self._views.page(
                request,
                "sign_up.html",
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                name=name[:64],
                errors={**_NO_ERRORS, error.field: str(error)},
            )
        await session_of(request).login(account.name, auth=BY_PASSWORD)
        return go("/devices", "welcome")

    async def sign_out(self, request: Request) -> Response:
        await session_of(request).logout()
        return go("/sign-in", "out")
