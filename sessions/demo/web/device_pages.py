"""Your devices: where you are signed in, live, and the ends of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sessions import SessionInfo, StoreUnavailable
from sessions.ext.starlette import AsgiSession, session_of

from .demo import Demo
from .devices import Device, in_order
from .happenings import why_ended
from .stepup import ask_password
from .views import Views, go, stream_event


@dataclass(slots=True)
class _Seen:
    """What an open page shows."""

    devices: dict[str, Device] = field(default_factory=dict)
    last_seen_at: datetime | None = None
    text: str = ""


class DevicePages:
    """The list of one's devices, and what can be done to them."""

    def __init__(self, demo: Demo, views: Views) -> None:
        self._demo = demo
        self._views = views

    def routes(self) -> list[Route]:
        return [
            Route("/devices", self.devices_page),
            Route("/devices/stream", self.stream),
            Route("/devices/stay", self.stay, methods=["POST"]),
            Route("/devices/end-others", self.end_others, methods=["POST"]),
            Route("/devices/end-all", self.end_all, methods=["POST"]),
            Route("/devices/{public_id}/end", self.end_one, methods=["POST"]),
        ]

    # --- devices ----------------------------------------------------------------------------------

    async def devices_page(self, request: Request) -> Response:
        session = session_of(request)
        user_id = session.require_user()
        infos = await self._demo.store.get_user_sessions(user_id, session.token)
        now = await self._demo.now()
        return self._views.page(
            request,
            "devices.html",
            **self._clocks(session, infos, now),
            **self._list(session, infos, now),
        )

    def _list(
        self, session: AsgiSession, infos: list[SessionInfo], now: datetime
    ) -> dict[str, Any]:
        devices = in_order([Device.of(info, session.public_id) for info in infos])
        return {"devices": devices, "now": now, "csrf_token": session.csrf_token}

    def _clocks(
        self, session: AsgiSession, infos: list[SessionInfo], now: datetime
    ) -> dict[str, Any]:
        """How many seconds are left until it ends unused, and at all."""
        opened = session.session
        own = [info for info in infos if info.public_id == session.public_id]
        if opened is None or not own:
            return {"idle_left": 0.0, "absolute_left": 0.0}
        ends_at = opened.absolute_expires_at or own[0].expires_at
        return {
            "idle_left": (own[0].expires_at - now).total_seconds(),
            "absolute_left": (ends_at - now).total_seconds(),
        }

    async def stay(self, request: Request) -> Response:
        """To have asked is enough: the middleware has prolonged the session."""
        session_of(request).require_user()
        return go("/devices", "staying")

    async def end_one(self, request: Request) -> Response:
        session = session_of(request)
        user_id = session.require_user()
        public_id = request.path_params["public_id"]
        if public_id == session.public_id:
            await session.logout()
            return go("/sign-in", "out")
        if (ask := await self._ask_password(request, "sign out another device")) is not None:
            return ask
        was_alive = await self._demo.store.destroy_by_id(user_id, public_id)
        return go("/devices", "ended" if was_alive else "gone")

    async def end_others(self, request: Request) -> Response:
        if (ask := await self._ask_password(request, "sign out all other devices")) is not None:
            return ask
        await session_of(request).destroy_others()
        return go("/devices", "others")

    async def end_all(self, request: Request) -> Response:
        if (ask := await self._ask_password(request, "sign out everywhere")) is not None:
            return ask
        session = session_of(request)
        await self._demo.store.destroy_all_for_user(session.require_user())
        await session.logout()
        return go("/sign-in", "everywhere")

    async def _ask_password(self, request: Request, purpose: str) -> Response | None:
        return await ask_password(self._demo, self._views, request, purpose)

    # --- live -------------------------------------------------------------------------------------

    async def stream(self, request: Request) -> Response:
        session = session_of(request)
        if session.user_id is None:
            return self._views.farewell(request)
        return StreamingResponse(self._changes(session), media_type="text/event-stream")

    async def _changes(self, session: AsgiSession) -> AsyncIterator[str]:
        """The devices whenever they have changed, until this one is signed out.

        Without the store nothing more comes, and the page asks again.
        """
        own_id, user_id = session.public_id or "", session.require_user()
        hub, seen = self._demo.hub, _Seen()
        with hub.listen() as listener:
            while not listener.is_closed:
                try:
                    infos = await self._demo.store.get_user_sessions(user_id, session.token)
                    now = await self._demo.now()
                except (StoreUnavailable, RedisError):
                    return
                if own_id not in {info.public_id for info in infos}:
                    break
                for news in self._news(session, infos, now, seen):
                    yield news
                heard = await listener.next(self._demo.settings.tick_seconds)
                # At once: the middleware ends the stream with the session, and says nothing.
                if any(why_ended(event, own_id) for event in heard):
                    break
            else:
                return
        yield stream_event("ended", hub.why_ended(own_id))

    def _news(
        self, session: AsgiSession, infos: list[SessionInfo], now: datetime, seen: _Seen
    ) -> Iterator[str]:
        """What an open page does not show yet."""
        content = self._list(session, infos, now)
        devices = {each.public_id: each for each in content["devices"]}
        for text in _differences(seen.devices or devices, devices):
            yield stream_event("notice", text)
        seen.devices = devices
        last_seen_at = devices[session.public_id or ""].last_seen_at
        if last_seen_at != seen.last_seen_at:
            seen.last_seen_at = last_seen_at
            yield stream_event("clocks", self._clocks(session, infos, now))
        html = self._views.part("_devices.html", content)
        # The token in its forms is another one each time.
        text = html.replace(content["csrf_token"], "")
        if text != seen.text:
            seen.text = text
            yield stream_event("part", {"id": "devices", "html": html})


def _differences(before: dict[str, Device], after: dict[str, Device]) -> list[str]:
    """What has changed in a list of devices, in sentences."""
    came = [after[each].name for each in after.keys() - before.keys()]
    went = [before[each].name for each in before.keys() - after.keys()]
    return [f"{name} has signed in." for name in came] + [f"{name} is signed out." for name in went]
