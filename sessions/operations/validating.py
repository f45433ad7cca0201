"""What a token opens, and what it means that a request does not look like those of its session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Generic

from .. import events
from ..config import BindingPolicy
from ..datatype import T
from ..errors import StoreUnavailable
from ..policies import Mismatch, RequestContext, Shown
from ..record import Session
from ..replies import Bound, Dead, Live
from ..tokens import Ticket
from .core import Core
from .measuring import operation
from .outcomes import Invalid, Reason
from .rotating import Rotation

_REASONS = {"REVOKED": Reason.REVOKED, "EXPIRED": Reason.EXPIRED}


class Validation(Generic[T]):
    """Validates the tokens of a store."""

    def __init__(self, core: Core[T], rotation: Rotation[T]) -> None:
        self._core = core
        self._rotation = rotation
        self._touch_interval_ms = core.config.touch_interval_ms

    @operation("validate")
    async def result(
        self, token: str, request: RequestContext | None, *, touch: bool
    ) -> Session[T] | Invalid:
        """As ``SessionStore.validate_result``."""
        ticket = self._core.tokens.read(token)
        if ticket is None:
            return self._core.unknown(Reason.MALFORMED, request)
        shown = self._core.bindings.shown(request, ticket.tag)
        try:
            return await self._asked(token, ticket, request, shown, touch=touch)
        except StoreUnavailable:
            stale = await self._stale(token, ticket, shown)
            if stale is None:
                raise
            return stale

    async def _asked(
        self,
        token: str,
        ticket: Ticket,
        request: RequestContext | None,
        shown: Shown,
        *,
        touch: bool,
    ) -> Session[T] | Invalid:
        """What the store says, or has said a moment ago."""
        bindings = self._core.bindings.script_arguments(shown)
        atomic, near = self._core.atomic, self._core.near
        validate = atomic.validate if near is None else partial(near.validate, atomic)
        found = await self._core.follow(
            token, ticket, lambda ticket: validate(ticket, bindings, touch=touch)
        )
        if found is None:
            return self._core.unknown(Reason.UNKNOWN, request)
        held_token, ticket, answer = found
        if isinstance(answer, Dead):
            return self._core.unknown(_REASONS.get(answer.reason, Reason.UNKNOWN), request)
        if isinstance(answer, Bound):
            return await self._refuse(ticket, answer, shown)
        if await self._core.epoch.refuses(answer):
            return self._core.unknown(Reason.REVOKED, request)
        self._core.content.check_identity(answer.record, ticket.sid)
        session = (
            self._core.session(ticket, answer)
            if held_token is token
            else self._core.issued(held_token, ticket, answer)
        )
        is_as_it_was = self._core.bindings.are_equal(session, shown)
        if not is_as_it_was and await self._refuses(held_token, session, shown):
            return Invalid(Reason.BINDING)
        # Who has to prove himself first gets no new token.
        if not touch or session.step_up:
            return session
        if self._is_old(answer):
            renewed = await self._rotation.rotate(held_token)
            return renewed or Invalid(Reason.UNKNOWN)
        if not answer.touched and self._is_due(answer):
            # The script prolonged nothing, and who had to decide has let it pass.
            return await self.result(token, None, touch=True)
        return session

    async def _stale(self, token: str, ticket: Ticket, shown: Shown) -> Session[T] | Invalid | None:
        """What the store last said, now that it says nothing; None if that will not do."""
        core = self._core
        found = core.near.stale(ticket) if core.near is not None else None
        if found is None or core.epoch.is_known_to_refuse(found[0]):
            return None
        live, age_seconds = found
        core.content.check_identity(live.record, ticket.sid)
        session = core.session(ticket, live, is_stale=True)
        if await self._refuses(token, session, shown):
            return Invalid(Reason.BINDING)
        core.tell(events.AnsweredStale(session.public_id, age_seconds))
        return session

    def _is_due(self, live: Live) -> bool:
        return 0 <= self._touch_interval_ms <= live.read_at_ms - live.last_access_ms

    def _is_old(self, live: Live) -> bool:
        renew_after = self._core.config.renew_after_seconds
        if renew_after is None:
            return False
        issued_at_ms = live.record.number("issued_at", default=0)
        return live.read_at_ms - issued_at_ms >= renew_after * 1000

    async def _refuses(self, token: str, session: Session[T], shown: Shown) -> bool:
        """Whether a request is refused that the script let pass; tell of what is different."""
        mismatches = self._core.bindings.mismatches(
            session.public_id, session.user_id, session.network, session.fingerprint, shown
        )
        for policy in self._judged(mismatches):
            if policy is BindingPolicy.REVOKE:
                await self._core.end(token, events.Why.BINDING)
            if policy.refuses:
                return True
            if policy is BindingPolicy.STEP_UP:
                object.__setattr__(session, "step_up", True)
        return False

    async def _refuse(self, ticket: Ticket, bound: Bound, shown: Shown) -> Invalid:
        """What the script has refused, and may have ended."""
        core = self._core
        network = bound.expected if bound.binding == "network" else None
        browser = bound.expected if bound.binding == "browser" else None
        mismatches = core.bindings.mismatches(bound.public_id, None, network, browser, shown)
        for policy in self._judged(mismatches):
            if policy is BindingPolicy.REVOKE:
                core.announcer.ended(bound.public_id, events.Why.BINDING)
                # Not in the script: it need not carry one more key for what happens so seldom.
                await core.atomic.end_family(ticket.tag, bound.public_id)
        return Invalid(Reason.BINDING)

    def _judged(self, mismatches: Iterable[Mismatch]) -> Iterator[BindingPolicy]:
        """What each difference leads to, of which is told."""
        for mismatch in mismatches:
            policy = self._core.bindings.judge(mismatch)
            self._core.announcer.mismatch(mismatch, policy)
            yield policy
