"""A note and a list, which live in the session alone: each is a field of its own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sessions.ext.starlette import session_of

from .views import Views, go

_MAX_NOTE_CHARS, _MAX_ITEM_CHARS, _MAX_ITEMS = 2000, 60, 20


class Notebook:
    """The page of what a session holds."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def routes(self) -> list[Route]:
        return [
            Route("/notebook", self.page),
            Route("/notebook/note", self.keep_note, methods=["POST"]),
            Route("/notebook/list", self.add_item, methods=["POST"]),
            Route("/notebook/list/{at:int}/remove", self.remove_item, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        session = session_of(request)
        session.require_user()
        return self._views.page(
            request, "notebook.html", note=session.get("note", ""), items=session.get("list", [])
        )

    async def keep_note(self, request: Request) -> Response:
        session = session_of(request)
        session.require_user()
        form = await request.form()
        session["note"] = str(form.get("note", ""))[:_MAX_NOTE_CHARS]
        return go("/notebook", "note")

    async def add_item(self, request: Request) -> Response:
        session = session_of(request)
        session.require_user()
        item = str((await request.form()).get("item", "")).strip()[:_MAX_ITEM_CHARS]
        if item:
            session["list"] = [*session.get("list", []), item][-_MAX_ITEMS:]
        return go("/notebook", "list" if item else "")

    async def remove_item(self, request: Request) -> Response:
        session = session_of(request)
        session.require_user()
        at = request.path_params["at"]
        session["list"] = [each for i, each in enumerate(session.get("list", [])) if i != at]
        return go("/notebook", "list")
