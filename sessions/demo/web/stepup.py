"""Showing once more who one is, before what a stranger at an open page must not do."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from sessions.errors import TooManyGuesses
from sessions.ext.starlette import session_of

from .demo import Demo
from .entry import BY_PASSWORD, address_of, too_many
from .views import Views


async def ask_password(demo: Demo, views: Views, request: Request, purpose: str) -> Response | None:
    """A page that asks for the password, when it was last given too long ago (ASVS 7.5.1).

    Its form leads to where the request came, with the password: then there is nothing to ask. What
    else the form held goes along.
    """
    session = session_of(request)
    user_id = session.require_user()
    if session.is_fresh(demo.settings.fresh_seconds):
        return None
    form = await request.form()
    password = str(form.get("password", ""))
    error = await _wrong_password(demo, request, user_id, password) if password else ""
    if password and not error:
        await session.rotate(auth=BY_PASSWORD)
        return None
    fields = {
        name: value
        for name, value in form.items()
        if isinstance(value, str) and name not in ("password", "csrf_token")
    }
    return views.page(
        request,
        "confirm.html",
        status=HTTPStatus.UNAUTHORIZED,
        purpose=purpose,
        fields=fields,
        error=error,
    )


async def _wrong_password(demo: Demo, request: Request, user_id: str, password: str) -> str:
    """Why this password will not do; empty if it will."""
    try:
        account = await demo.accounts.check(user_id, password, address_of(request))
    except TooManyGuesses as refusal:
        return too_many("wrong passwords", refusal)
    return "" if account is not None else "Wrong password."
