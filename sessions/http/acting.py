"""What a request does to its session: each act asks the store, and tells ``WebSession`` the answer.

Written once, for those who await and for those who do not: behind a ``SyncSessionStore`` none of
these coroutines suspends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..config import Lifetime
from ..errors import SessionError
from ..record import AuthContext, DeviceInfo, IssuedSession, Session
from ..store import SessionStore
from .csrf import CsrfProtector
from .request import Request
from .websession import Emptied, NewVisitor, Patch, WebData, WebSession


class ActingSession(WebSession):
    """A session with its store. ``asgi.py`` and ``wsgi.py`` give the acts their public names."""

    def __init__(self, request: Request, store: SessionStore[WebData], csrf: CsrfProtector) -> None:
        super().__init__(request, csrf)
        self._store = store
        self._loading = asyncio.Lock()

    async def _load(self) -> None:
        """Read the session, if that has not been done. Raises StoreUnavailable, DecodeError."""
        await self._try_to_load()
        self.raise_failure()

    async def _try_to_load(self) -> None:
        """``load``, where a failure is told to whoever asks for the session, and to nobody else."""
        if not self._is_pending:
            return
        async with self._loading:
            if self._is_pending:
                try:
                    self.found(await self._validate(touch=not self.request.is_passive))
                except SessionError as error:
                    self.failed(error)

    async def _reload(self) -> None:
        await self._load()
        await self._save()
        if self.token is not None:
            self.renewed(await self._validate(touch=not self.request.is_passive))

    async def _validate(self, *, touch: bool) -> Session[WebData] | None:
        if self.token is None:
            return None
        return await self._store.validate(self.token, request=self.request.context, touch=touch)

    async def _login(
        self,
        user_id: str,
        data: Mapping[str, Any] | None = None,
        *,
        auth: AuthContext | None = None,
        lifetime: Lifetime | None = None,
        device_info: DeviceInfo | None = None,
        if_generation: int | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> IssuedSession[WebData]:
        """Sign a user in under a new token; what the browser held before is worth nothing then.

        Check the password first. What a visitor has put in goes along, and ``data`` over it; from a
        session of somebody else nothing does. Raises as ``SessionStore.create``.
        """
        self.require_unsent()
        await self._load()
        issued = await self._store.create(
            user_id,
            {**self.carried(user_id), **(data or {})},
            device_info,
            request=self.request.context,
            auth=auth,
            replace=self.token,
            lifetime=lifetime,
            if_generation=if_generation,
            labels=labels,
        )
        self.issued(issued)
        return issued

    async def _logout(self) -> bool:
        """End the session, and have the browser forget all of it; False if none was alive.

        The cookie goes even when the store does not answer. Raises StoreUnavailable.
        """
        token = self.ended()
        return token is not None and await self._store.destroy(token)

    async def _rotate(
        self, *, auth: AuthContext | None = None, grace_seconds: float | None = None
    ) -> bool:
        """Go on under a new token, after the user has shown again who he is or may do more now.

        False if no session is alive any more. Raises StoreUnavailable.
        """
        self.require_unsent()
        await self._load()
        if self.token is None:
            return False
        issued = await self._store.rotate(self.token, auth=auth, grace_seconds=grace_seconds)
        if issued is None:
            self.found(None)
            return False
        self.moved(issued)
        return True

    async def _destroy_others(self) -> int:
        """End all other sessions of the user; how many were alive. Raises NotSignedIn."""
        await self._load()
        return await self._store.destroy_other_sessions(self.require_user(), self.token or "")

    async def _save(self) -> None:
        """Write what has changed: done at the end of a request, and seldom needed before."""
        match self.due():
            case NewVisitor(data):
                self.require_unsent()
                issued = await self._store.create(None, data, request=self.request.context)
                self.moved(issued)
            case Patch(fields, removed):
                await self._store.patch(self.token or "", fields, removed)
            case Emptied():
                await self._store.destroy(self.token or "")
                self.emptied()
            case None:
                return
        self.saved()
