"""What a token opens, and what it means that a request does not look like those of its session."""

from __future__ import annotations

from typing import Generic

from ..atomic import Bound, Dead, Live
from ..datatype import T
from ..policies import RequestContext, Shown
from ..record import Session
from ..tokens import Ticket
from .core import Core, Invalid, Reason
from .rotating import Rotation

_REASONS = {"REVOKED": Reason.REVOKED, "EXPIRED": Reason.EXPIRED}


class Validation(Generic[T]):
    """Validates the tokens of a store."""

    def __init__(self, core: Core[T], rotation: Rotation[T]) -> None:
        self._core = core
        self._rotation = rotation

    async def result(
        self, token: str, request: RequestContext | None, *, touch: bool
    ) -> Session[T] | Invalid:
        """As ``SessionStore.validate_result``."""
        ticket = self._core.tokens.read(token)
        if ticket is None:
            return self._core.unknown(Reason.MALFORMED, request)
        shown = self._core.bindings.shown(request, ticket.tag)
        bindings = self._core.bindings.script_arguments(shown)
        validate = (self._core.near or self._core.atomic).validate
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
        self._look_at(session, shown)
        # Who has to prove himself first gets no new token.
        if touch and self._is_old(answer) and not session.step_up:
            renewed = await self._rotation.rotate(held_token)
            return renewed or Invalid(Reason.UNKNOWN)
        return session

    def _is_old(self, live: Live) -> bool:
        renew_after = self._core.config.renew_after_seconds
        if renew_after is None:
            return False
        issued_at_ms = live.record.number("issued_at", default=0)
        return live.read_at_ms - issued_at_ms >= renew_after * 1000

    def _look_at(self, session: Session[T], shown: Shown) -> None:
        """Tell of a request that looks otherwise, though its policy let it pass."""
        if shown.network or shown.fingerprint:
            for mismatch in self._core.bindings.mismatches(session, shown):
                self._core.announcer.mismatch(session.public_id, mismatch)
                if mismatch.asks_step_up:
                    object.__setattr__(session, "step_up", True)

    async def _refuse(self, ticket: Ticket, bound: Bound, shown: Shown) -> Invalid:
        mismatch = self._core.bindings.mismatch(bound.binding, bound.expected, shown)
        self._core.announcer.refused(bound, mismatch)
        if mismatch.ends_session:
            # Not in the script: it need not carry one more key for what happens so seldom.
            await self._core.atomic.end_family(ticket.tag, bound.public_id)
        return Invalid(Reason.BINDING)
