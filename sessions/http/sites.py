"""What a middleware keeps for its store, and for each tenant of it that a request was for.

The cookies of tenants have names of their own: whoever has signed in to two of them on one host
stays signed in to both, and no token is shown to a tenant that it is not of.
"""

from __future__ import annotations

import dataclasses
from typing import Generic, Protocol, TypeVar

from .gate import Gate, Teller
from .policy import WebPolicy

_MARK_CHARS = 12


class SiteStore(Teller, Protocol):
    """What is asked of a store, be it one that awaits or one that does not."""

    @property
    def tenant(self) -> str | None: ...


S = TypeVar("S", bound=SiteStore)


class Site(Generic[S]):
    """One store, and how its sessions are shown on the web."""

    def __init__(self, store: S, policy: WebPolicy) -> None:
        self.store = store
        self.policy = policy
        if store.tenant is not None:
            mark = store.digest(b"cookie", store.tenant)[:_MARK_CHARS]
            self.policy = dataclasses.replace(policy, cookie=policy.cookie.for_tenant(mark))
        self.gate = Gate(self.policy, store)


class Sites(Generic[S]):
    """The site of each request."""

    def __init__(self, store: S, policy: WebPolicy) -> None:
        self._own = Site(store, policy)
        self._policy = policy
        self._tenants: dict[str | None, Site[S]] = {}

    def of(self, store: S | None) -> Site[S]:
        """That of a tenant's store, made when it is first met; None is for the store itself."""
        if store is None or store is self._own.store:
            return self._own
        site = self._tenants.get(store.tenant)
        if site is None or site.store is not store:
            site = self._tenants[store.tenant] = Site(store, self._policy)
        return site


__all__ = ["Site", "Sites"]
