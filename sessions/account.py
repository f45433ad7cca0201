"""What a user does with his sessions: sign in and out, see his devices, end some of them.

Without a framework: ``web.py`` hangs this into Starlette, ``ext/fastapi.py`` into FastAPI. Errors
are raised as they are; the middleware answers them.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from .asgi import AsgiSession
from .config import Lifetime
from .errors import NoSuchSession, NotSignedIn
from .http.websession import WebData
from .passwords import PasswordLimits
from .record import AuthContext, SessionInfo
from .store import SessionStore

#: So lately a user has shown who he is when he ends other sessions (ASVS 7.5.2).
FRESH_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Verified:
    """Who has signed in, and what is known of it beyond his id."""

    user_id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    auth: AuthContext | None = None
    lifetime: Lifetime | None = None
    #: What ``SessionStore.generation`` gave before the password was checked.
    if_generation: int | None = None


#: Who it is: the user's id, or more; None for nobody.
Answer = str | Verified | Awaitable[str | Verified | None] | None


class VerifyForTenant(Protocol):
    """``Verify`` where each tenant has users of his own: None is for the store that has tenants."""

    def __call__(self, username: str, password: str, /, *, tenant: str | None) -> Answer: ...


#: Given a name and a password, and by its name the ``tenant`` if there is a parameter for it. A
#: plain function runs in a thread, for hashing a password takes its time.
Verify = Callable[[str, str], Answer] | VerifyForTenant


# --- what the routes answer -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``evicted`` are the sessions that had to make room."""

    user_id: str
    expires_at: datetime
    evicted: list[str]


@dataclass(frozen=True, slots=True)
class Me:
    user_id: str
    public_id: str
    data: dict[str, Any]
    created_at: datetime
    last_access: datetime
    expires_at: datetime
    absolute_expires_at: datetime | None
    authenticated_at: datetime | None
    csrf_token: str


@dataclass(frozen=True, slots=True)
class Device:
    """One session of the user, and where it was opened."""

    public_id: str
    created_at: datetime
    last_access: datetime
    expires_at: datetime
    user_agent: str
    ip_address: str
    device_type: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How many sessions were alive, and are no more."""

    destroyed: int


# --- what they do ---------------------------------------------------------------------------------


class Account:
    """The routes of one store, as calls; of a tenant's, where the middleware tells them apart."""

    def __init__(
        self,
        store: SessionStore[WebData],
        verify: Verify,
        *,
        fresh_seconds: float = FRESH_SECONDS,
        limits: PasswordLimits | None = None,
    ) -> None:
        self._verify: Callable[..., Any] = verify
        self._is_for_tenants = "tenant" in inspect.signature(verify).parameters
        self._fresh_seconds = fresh_seconds
        self._limits = limits or PasswordLimits(store)

    async def login(self, session: AsgiSession, username: str, password: str) -> SignedIn:
        """Open a session under a new token.

        Raises NotSignedIn, TooManyGuesses, and as ``AsgiSession.login``.
        """
        # The same name is somebody else at another tenant; whoever guesses is in one network.
        tenant = session.store.tenant
        name = username if tenant is None else f"{tenant}\0{username}"
        attempt = await self._limits.count(name, session.request.context.ip_address)
        found = await self._who(username, password, tenant)
        if found is None:
            raise NotSignedIn
        await self._limits.take_back(attempt)
        who = Verified(found) if isinstance(found, str) else found
        issued = await session.login(
            who.user_id,
            who.data,
            auth=who.auth,
            lifetime=who.lifetime,
            if_generation=who.if_generation,
        )
        return SignedIn(who.user_id, issued.expires_at, list(issued.evicted))

    async def _who(self, username: str, password: str, tenant: str | None) -> str | Verified | None:
        verify = partial(self._verify, tenant=tenant) if self._is_for_tenants else self._verify
        if inspect.iscoroutinefunction(verify):
            answer = verify(username, password)
        else:
            answer = await asyncio.to_thread(verify, username, password)
        who: str | Verified | None = await answer if inspect.isawaitable(answer) else answer
        return who

    async def logout(self, session: AsgiSession) -> Ended:
        """End the session and clear the browser, whether or not anybody was signed in."""
        return Ended(int(await session.logout()))

    async def me(self, session: AsgiSession) -> Me:
        """The session that asks. Raises NotSignedIn."""
        await session.load()
        user_id, own = session.require_user(), session.session
        if own is None:
            raise NotSignedIn
        return Me(
            user_id=user_id,
            public_id=own.public_id,
            data=own.data,
            created_at=own.created_at,
            last_access=own.last_access,
            expires_at=own.expires_at,
            absolute_expires_at=own.absolute_expires_at,
            authenticated_at=own.auth.authenticated_at if own.auth else None,
            csrf_token=session.csrf_token,
        )

    async def devices(self, session: AsgiSession) -> list[Device]:
        """All sessions of the user, oldest first. Raises NotSignedIn."""
        await session.load()
        found = await session.store.get_user_sessions(session.require_user(), session.token)
        return [_device(info) for info in found]

    async def end_others(self, session: AsgiSession) -> Ended:
        """End all sessions but this one. Raises NotSignedIn, FreshAuthenticationRequired."""
        await session.load()
        session.require_fresh(self._fresh_seconds)
        return Ended(await session.destroy_others())

    async def end(self, session: AsgiSession, public_id: str) -> Ended:
        """End one of the user's sessions. Raises as ``end_others``, and NoSuchSession."""
        await session.load()
        user_id = session.require_fresh(self._fresh_seconds)
        if public_id == session.public_id:
            return await self.logout(session)
        if not await session.store.destroy_by_id(user_id, public_id):
            raise NoSuchSession
        return Ended(1)


def _device(info: SessionInfo) -> Device:
    device = info.device_info
    return Device(
        public_id=info.public_id,
        created_at=info.created_at,
        last_access=info.last_access,
        expires_at=info.expires_at,
        user_agent=device.user_agent if device else "",
        ip_address=device.ip_address if device else "",
        device_type=device.device_type if device else "",
        is_current=info.is_current,
    )
