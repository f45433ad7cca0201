"""Templates and what all pages share: who is signed in, what has just been done, live parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sessions.ext.starlette import AsgiSession, session_of

from .accounts import NAME_RULE, SHOWN
from .charts import HEADROOM, HEIGHT, WIDTH, short
from .demo import Demo
from .devices import ago, clock_text
from .load import SIGN_INS_A_USER, USERS

HERE = Path(__file__).parent

#: What a page says after a form has led to it; the address holds the key and no words.
TOLD = {
    "out": "You are signed out. Nothing of the page is left in this browser.",
    "everywhere": "You are signed out on all of your devices.",
    "ended": "The device is signed out.",
    "gone": "That device was already signed out.",
    "others": "All of your other devices are signed out.",
    "evicted": "Welcome. This was one device too many, so the oldest one was signed out.",
    "welcome": "Your account is ready. Now sign in with a second browser, or in a private window.",
    "note": "The note is saved.",
    "list": "The list is saved.",
    "staying": "You stay signed in.",
    "load": f"{USERS} visitors sign in, {SIGN_INS_A_USER} times each. Watch the charts.",
    "busy": "The visitors of before are still here. Wait until they have left.",
    "user-ended": "All sessions of that user have ended.",
    "user-none": "That user has no sessions.",
}
_ERRORS = {
    400: ("That did not work", "The form did not arrive in one piece. Go back and try again."),
    403: (
        "Refused",
        "The request did not come from one of our pages, or you may not do this."
        " Nothing was changed.",
    ),
    404: ("Nothing here", "There is no page at this address."),
    405: ("Nothing to see here", "This address takes a form. There is no page to look at."),
    429: ("One moment", "That was too often within a short time. Wait a minute."),
    503: (
        "The store does not answer",
        "Nobody was signed out. Until it is back, nobody knows who is signed in. Try again soon.",
    ),
}
_OTHER_ERROR = ("Something went wrong", "The error is in the log. Try again in a moment.")


class Views:
    """Makes responses from templates."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(ago=ago, clock=clock_text, short=short)
        self._templates.globals.update(
            settings=demo.settings,
            shown_accounts=SHOWN,
            name_rule=NAME_RULE,
            chart_box=(WIDTH, HEIGHT, HEADROOM),
        )

    def page(
        self, request: Request, template: str, *, status: int = HTTPStatus.OK, **context: Any
    ) -> HTMLResponse:
        """A whole page."""
        session = session_of(request)
        told = TOLD.get(request.query_params.get("told", ""), "")
        shared = {
            "path": request.url.path,
            "user": session.user_id,
            "public_id": session.public_id,
            "is_operator": is_operator(session),
            "csrf_token": session.csrf_token,
            "told": told,
        }
        text = self._templates.get_template(template).render({**shared, **context})
        return HTMLResponse(text, status)

    def part(self, template: str, context: Mapping[str, Any]) -> str:
        """A part of a page, for one that is open."""
        return self._templates.get_template(template).render(context)

    def farewell(self, request: Request) -> Response:
        """Why the session has ended which the page of a stream was read with.

        The middleware cuts a stream off at that moment, which may be before it can tell.
        """
        public_id = request.query_params.get("of")
        if public_id is None:
            # Tells the browser not to come again (HTML standard, 9.2.3).
            return Response(status_code=HTTPStatus.NO_CONTENT)
        told = stream_event("ended", self._demo.hub.why_ended(public_id))
        return Response(told, media_type="text/event-stream")

    def error(self, status: int) -> str:
        """A page for somebody of whom nothing is known."""
        title, text = _ERRORS.get(status, _OTHER_ERROR)
        template = self._templates.get_template("error.html")
        nobody = {"user": None, "is_operator": False, "csrf_token": "", "told": "", "path": ""}
        return template.render(nobody, title=title, text=text, status=status)


def is_operator(session: AsgiSession) -> bool:
    return session.user_id is not None and bool(session.get("is_operator"))


def go(path: str, told: str = "") -> Response:
    """Lead the browser on after a form (RFC 9110 15.4.4), so that no reload repeats it."""
    return RedirectResponse(f"{path}?told={told}" if told else path, HTTPStatus.SEE_OTHER)


def stream_event(kind: str, content: Any) -> str:
    """One event of a stream, in the format of the HTML standard, 9.2.5."""
    return f"event: {kind}\ndata: {json.dumps(content)}\n\n"
