"""Who is told of what happens to sessions."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence

from .. import events
from ..config import BindingPolicy
from ..policies import Mismatch
from ..replies import Ended, Member

logger = logging.getLogger("sessions")


class Announcer:
    """Tells listeners; none of them can break what it is told of."""

    def __init__(self, parent: Announcer | None = None, tenant: str | None = None) -> None:
        """What happens to a tenant's sessions, its parent is told, too, with the name."""
        self._parent, self.tenant = parent, tenant
        self._listeners: list[tuple[events.Listener, tuple[type[events.SessionEvent], ...]]] = []

    def add(
        self, listener: events.Listener, *types: type[events.SessionEvent]
    ) -> Callable[[], None]:
        """Tell it of some types of events, or of all, until what is returned is called."""
        entry = (listener, types or (events.SessionEvent,))
        self._listeners.append(entry)

        def remove() -> None:
            # A new list: somebody may be telling from the one there is.
            self._listeners = [each for each in self._listeners if each is not entry]

        return remove

    def tell(self, event: events.SessionEvent) -> None:
        """Tell all who want to know of such an event."""
        if self._parent is not None:
            event = dataclasses.replace(event, tenant=self.tenant)
            self._parent.tell(event)
        for listener, types in self._listeners:
            if not isinstance(event, types):
                continue
            try:
                listener(event)
            except Exception:
                # The operation has happened: its caller must get the answer.
                logger.exception("a listener failed on %s", type(event).__name__)

    def ended(self, public_id: str | None, why: events.Why) -> bool:
        """Tell of a session that has ended, and whether one has."""
        if public_id is not None:
            self.tell(events.Destroyed(public_id, why))
        return public_id is not None

    def one_ended(self, ended: Ended | None, why: events.Why) -> bool:
        """The same of what an end has met."""
        self.expired(ended.expired if ended else ())
        live = ended.live if ended else []
        return self.ended(live[0].public_id if live else None, why)

    def revoked(self, user_id: str, ended: Ended) -> int:
        """Tell of a user's sessions that have ended at once, and how many."""
        self.expired(ended.expired)
        if ended.live:
            self.tell(events.RevokedAll(user_id, tuple(each.public_id for each in ended.live)))
        return len(ended.live)

    def expired(self, gone: Sequence[Member]) -> None:
        """Tell of sessions that were found expired."""
        for member in gone:
            self.tell(events.Expired(member.public_id))

    def mismatch(self, mismatch: Mismatch, policy: BindingPolicy) -> None:
        """Tell of a request that does not look like those of its session."""
        self.tell(
            events.BindingMismatch(
                mismatch.public_id,
                mismatch.binding,
                mismatch.expected,
                mismatch.shown,
                policy.value,
                mismatch.score,
                mismatch.headers,
            )
        )

    def store_changed(self, has_failed: bool) -> None:
        """Tell that the store has stopped to answer, or does so again."""
        self.tell(events.StoreFailed() if has_failed else events.StoreRecovered())
