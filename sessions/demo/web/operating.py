"""The operator's pages: the store at work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from itertools import islice
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sessions.ext.starlette import session_of

from .accounts import tidy
from .demo import Demo
from .happenings import told_together
from .stepup import ask_password
from .views import Views, go, is_operator, stream_event

_SHOWN_EVENTS = 14


class Operating:
    """The pages of operators alone."""

    def __init__(self, demo: Demo, views: Views) -> None:
        self._demo = demo
        self._views = views

    def routes(self) -> list[Route]:
        return [
            Route("/operator", self.page),
            Route("/operator/stream", self.stream),
            Route("/operator/load", self.load, methods=["POST"]),
            Route("/operator/end-user", self.end_user, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        _require_operator(request)
        return self._views.page(request, "operator.html", **self._content())

    def _content(self) -> dict[str, Any]:
        telemetry, hub = self._demo.telemetry, self._demo.hub
        return {
            "sample": telemetry.now,
            "charts": telemetry.charts(),
            "span_text": telemetry.span_text,
            "happenings": list(islice(told_together(hub.last), _SHOWN_EVENTS)),
        }

    async def stream(self, request: Request) -> Response:
        if not is_operator(session_of(request)):
            return self._views.farewell(request)
        return StreamingResponse(self._changes(), media_type="text/event-stream")

    async def _changes(self) -> AsyncIterator[str]:
        """Charts and events, once a tick; what is as it was stays, and what is marked in it."""
        shown: dict[str, str] = {}
        with self._demo.hub.listen() as listener:
            while not listener.is_closed:
                content = self._content()
                for name in ("figures", "charts", "events"):
                    html = self._views.part(f"_{name}.html", content)
                    if html != shown.get(name):
                        shown[name] = html
                        yield stream_event("part", {"id": name, "html": html})
                await listener.pause(self._demo.settings.tick_seconds)

    async def load(self, request: Request) -> Response:
        _require_operator(request)
        return go("/operator", "load" if self._demo.load.start() else "busy")

    async def end_user(self, request: Request) -> Response:
        _require_operator(request)
        purpose = "end all sessions of a user"
        if (ask := await ask_password(self._demo, self._views, request, purpose)) is not None:
            return ask
        name = tidy(str((await request.form()).get("name", "")))
        ended = await self._demo.store.destroy_all_for_user(name) if name else 0
        return go("/operator", "user-ended" if ended else "user-none")


def _require_operator(request: Request) -> None:
    session = session_of(request)
    session.require_user()
    if not is_operator(session):
        raise HTTPException(HTTPStatus.FORBIDDEN)
