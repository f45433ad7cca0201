"""Logins at an identity provider: from the redirect there to the one back, and its logouts.

A flow is begun once and finished once, within minutes, by the browser in which it began. What the
provider gets and what comes back is derived from ``state`` by the key ring, so the store holds no
secret: neither state, nor nonce, nor code verifier (RFC 6749, 10.12; RFC 7636; OpenID Connect Core,
3.1.2.1; ASVS 10.1.2, 10.2.1, 10.5.1).

Who asks the provider, and checks the signatures of its tokens, is the application or a library that
is made for that: here is only what has to be remembered in between.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import urlsplit

from . import events
from .atomic import AtomicStore
from .errors import ConfigError, DataTooLarge, LogoutTokenRefused, UnsafeRedirect
from .operations.labels import OIDC_SID
from .operations.measuring import operation
from .record import text
from .scripts import Script
from .tokens import Tokens

if TYPE_CHECKING:
    from .refresh import RefreshTokens
    from .store import SessionStore

BEGIN = Script("flow_begin")
FINISH = Script("flow_finish")

#: Time to find the password and the second factor.
FLOW_SECONDS = 600
#: A path to go back to, and a few words of the application's.
MAX_CONTENT_BYTES = 4096
_ATTEMPT_BYTES = 9

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_TYPES = ("logout+jwt", "application/logout+jwt")
#: How far the clocks of the provider and of this machine may be apart.
LEEWAY_SECONDS = 60
#: A logout token should be good for two minutes (Back-Channel Logout 1.0, 2.4; ASVS 10.5.5).
MAX_LOGOUT_SECONDS = 600
_MAX_CLAIM_CHARS = 512

#: The labels under which ``find`` and a logout find the sessions of a provider.
SID_LABEL, SUB_LABEL = OIDC_SID, "oidc_sub"
#: How long a session at a provider stays logged out here: the logins that it has let in have come
#: back by then, and the application has had as long again to fetch their tokens.
_LOGGED_OUT_MS = 2 * FLOW_SECONDS * 1000

#: Browsers take a backslash for a slash, and leave out control characters wherever they stand.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A login under way."""

    #: For the provider's ``state``.
    state: str = field(repr=False)
    #: For its ``nonce``; the ID token must bring it back.
    nonce: str = field(repr=False)
    #: For its token endpoint, with the code.
    code_verifier: str = field(repr=False)
    #: For a cookie of this browser that lives as long as the flow: HttpOnly, Secure, SameSite=Lax.
    browser_binding: str = field(repr=False)
    #: Where to go when it is done.
    return_to: str = "/"
    #: The provider it was begun with, if it matters.
    issuer: str | None = None
    #: What the application wants to find again.
    data: Mapping[str, str] = field(default_factory=dict)

    #: For the provider's ``code_challenge_method``.
    code_challenge_method = "S256"

    @property
    def code_challenge(self) -> str:
        """For the provider's ``code_challenge`` (RFC 7636, 4.2)."""
        return _base64(hashlib.sha256(self.code_verifier.encode()).digest())

    def has_nonce(self, nonce: object) -> bool:
        """Whether the ``nonce`` of an ID token is that of this flow (ASVS 10.5.1)."""
        return isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), self.nonce.encode())


class LoginFlows:
    """The logins under way of a store."""

    # A part of the store in a module of its own: it sees what the store is made of.
    def __init__(
        self,
        store: SessionStore[Any],
        *,
        allowed_origins: Collection[str] = (),
        refresh: RefreshTokens[Any] | None = None,
    ) -> None:
        """``allowed_origins``, as ``https://shop.example``, are other places to return to; a logout
        ends families of ``refresh``, too. Raises ConfigError."""
        for origin in allowed_origins:
            if _origin(origin) != origin:
                raise ConfigError(
                    f"{origin!r} is no origin: scheme, host, and port if it is unusual"
                )
        self._store = store
        self._core = store._core
        self._allowed_origins = frozenset(allowed_origins)
        self._refresh = refresh
        self._flows = _AtomicFlows(store._core.atomic, store.config.prefix)
        self._states = store._core.tokens.of(b"flow")
        self._browsers = store._core.tokens.of(b"browser")

    @operation("flow_begin")
    async def begin(
        self,
        return_to: str = "/",
        *,
        issuer: str | None = None,
        browser_binding: str | None = None,
        data: Mapping[str, str] | None = None,
    ) -> Flow:
        """Begin a login.

        ``return_to`` is a path of this site, or a URL of one that is allowed; whatever else
        somebody has put there raises UnsafeRedirect. ``browser_binding`` is the browser's value if
        it has one already, for logins in two tabs; junk is replaced. Raises DataTooLarge,
        StoreUnavailable.
        """
        self._check_redirect(return_to)
        content = json.dumps([return_to, issuer, dict(data or {})], separators=(",", ":"))
        if len(content) > MAX_CONTENT_BYTES:
            raise DataTooLarge(len(content), MAX_CONTENT_BYTES)
        browser = self._browsers.read(browser_binding) if browser_binding else None
        if browser is None or browser_binding is None:
            browser_binding, browser = self._browsers.issue(None)
        state, ticket = self._states.issue(None)
        await self._flows.begin(self._flows.key(ticket.tag, ticket.sid), browser.sid, content)
        return self._flow(state, browser_binding, content)

    @operation("flow_finish")
    async def finish(
        self, state: str, browser_binding: str | None, *, issuer: str | None = None
    ) -> Flow | None:
        """The login that a redirect from the provider belongs to, once.

        None, and an event with the reason, if there is none, if it is finished or too old, if it
        began in another browser, or with a provider other than ``issuer`` (RFC 9207). Raises
        StoreUnavailable.
        """
        found = await self._finish(state, browser_binding or "", issuer)
        if isinstance(found, Flow):
            return found
        self._store.tell(events.FlowRefused(found))
        return None

    # --- logouts that the provider tells ----------------------------------------------------------

    @staticmethod
    def labels(claims: Mapping[str, Any]) -> dict[str, str]:
        """The labels, for ``create``, of a session that an ID token with these claims opens.

        By them ``backchannel_logout`` finds it; if it has come first, ``create`` raises StaleLogin.
        So it does for a ``sid`` only: who was logged out by ``sub`` alone may have logged in anew.
        """
        issuer = claims["iss"]
        found = {SUB_LABEL: claims.get("sub"), SID_LABEL: claims.get("sid")}
        return {name: _of(issuer, value) for name, value in found.items() if value is not None}

    async def backchannel_logout(
        self, claims: Mapping[str, Any], *, typ: str | None, issuer: str, client_id: str
    ) -> int:
        """End the sessions that a logout token names: by ``sid``, or all of ``sub``; how many.

        ``claims`` and the ``typ`` of the header are those of a token whose signature has been
        verified, by an algorithm that was chosen here and under a key of ``issuer``: that is not
        done here. What is left of OpenID Connect Back-Channel Logout 1.0, section 2.6, is, and a
        token ends sessions once. Raises LogoutTokenRefused, StoreUnavailable: then the provider is
        to be told 400, and to try again.
        """
        now_seconds = self._core.clock.now_ns() // 1_000_000_000
        check_logout_claims(claims, typ, issuer, client_id, now_seconds)
        key = self._flows.logout_key(self._store.digest(b"jti", _of(issuer, claims["jti"])))
        if await self._core.atomic.is_marked(key):
            raise LogoutTokenRefused("it was used before")
        label = SUB_LABEL if claims.get("sid") is None else SID_LABEL
        value = _of(issuer, claims["sub" if label == SUB_LABEL else "sid"])
        count = await self._end(label, value)
        # Not before: who tries again because the store went away must not be taken for a replay.
        await self._core.atomic.mark(key, (MAX_LOGOUT_SECONDS + 2 * LEEWAY_SECONDS) * 1000)
        return count

    async def _end(self, label: str, value: str) -> int:
        if label == SID_LABEL:
            await self._core.labels.end(label, value, _LOGGED_OUT_MS)
        # The families first: none of them shall open a session behind those that are ended.
        if self._refresh is not None:
            await self._refresh.revoke_labelled(label, value)
        count = 0
        for info in await self._store.find(label, value):
            if info.user_id is not None:
                count += await self._store.destroy_by_id(info.user_id, info.public_id)
        return count

    # --- parts ------------------------------------------------------------------------------------

    def _check_redirect(self, return_to: str) -> None:
        if _LOCAL_PATH.fullmatch(return_to):
            return
        if _origin(return_to) not in self._allowed_origins:
            raise UnsafeRedirect

    def _flow(self, state: str, browser_binding: str, content: str) -> Flow:
        return_to, issuer, data = json.loads(content)
        return Flow(
            state=state,
            nonce=_derived(self._states, state, b"nonce"),
            code_verifier=_derived(self._states, state, b"verifier"),
            browser_binding=browser_binding,
            return_to=return_to,
            issuer=issuer,
            data=data,
        )

    async def _finish(self, state: str, browser_binding: str, issuer: str | None) -> Flow | str:
        """The flow, or why there is none."""
        ticket, browser = self._states.read(state), self._browsers.read(browser_binding)
        if ticket is None:
            return "malformed"
        if browser is None:
            return "browser"
        key = self._flows.key(ticket.tag, ticket.sid)
        status, content = await self._flows.finish(key, browser.sid)
        if content is None:
            return status.lower()
        flow = self._flow(state, browser_binding, content)
        is_other = None not in (issuer, flow.issuer) and issuer != flow.issuer
        return "issuer" if is_other else flow


class _AtomicFlows:
    """The operations on flows, under the rules of ``AtomicStore``."""

    def __init__(self, atomic: AtomicStore, prefix: str) -> None:
        self._atomic = atomic
        self._prefix = prefix

    def key(self, tag: str, digest: str) -> str:
        return f"{self._prefix}flow:{{{tag}}}:{digest}"

    def logout_key(self, digest: str) -> str:
        return f"{self._prefix}logout:{{{digest}}}"

    async def begin(self, key: str, browser: str, content: str) -> None:
        """Raises StoreUnavailable."""
        await self._atomic.run(BEGIN, [key], [browser, content, FLOW_SECONDS * 1000])

    async def finish(self, key: str, browser: str) -> tuple[str, str | None]:
        """OK and the content, or why there is none. Raises StoreUnavailable."""
        status, *told = await self._atomic.run(
            FINISH, [key], [browser, token_urlsafe(_ATTEMPT_BYTES)]
        )
        return text(status), text(told[0]) if told else None


def check_logout_claims(
    claims: Mapping[str, Any], typ: str | None, issuer: str, client_id: str, now_seconds: int
) -> None:
    """Raises LogoutTokenRefused, with the rule that the token breaks (ASVS 10.5.5)."""
    audience, told = claims.get("aud"), claims.get("events")
    audiences = audience if isinstance(audience, list) else [audience]
    logout = told.get(LOGOUT_EVENT) if isinstance(told, Mapping) else None
    named = [claims[name] for name in ("sid", "sub") if claims.get(name) is not None]
    rules = {
        "typ is not logout+jwt": (typ or "").lower() in _LOGOUT_TYPES,
        "it is of another issuer": claims.get("iss") == issuer,
        "it is for another client": client_id in audiences,
        "it has a nonce: it is an ID token": "nonce" not in claims,
        "it tells of no logout": isinstance(logout, Mapping),
        "it has no jti": _is_word(claims.get("jti")),
        "it names nobody": bool(named) and all(map(_is_word, named)),
    }
    for rule, is_kept in rules.items():
        if not is_kept:
            raise LogoutTokenRefused(rule)
    _check_times(claims.get("iat"), claims.get("exp"), now_seconds)


def _check_times(issued: object, expires: object, now_seconds: int) -> None:
    if not (_is_time(issued) and _is_time(expires)):
        raise LogoutTokenRefused("it does not say when it was issued, and until when it is good")
    if not issued - LEEWAY_SECONDS <= now_seconds < expires + LEEWAY_SECONDS:
        raise LogoutTokenRefused("it has expired, or is not good yet")
    if not expires - issued <= MAX_LOGOUT_SECONDS:
        raise LogoutTokenRefused(f"it is good for more than {MAX_LOGOUT_SECONDS} seconds")


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_CLAIM_CHARS


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of(issuer: str, value: str) -> str:
    """Two providers may give the same name to different things. No issuer has a space."""
    return f"{issuer} {value}"


def _origin(url: str) -> str | None:
    """The origin of a URL, if it has one and shows nobody's name before the host."""
    if re.search(r"[\x00-\x20\x7f\\]", url):
        return None
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return f"{parts.scheme}://{parts.hostname}{port}"


def _derived(states: Tokens, state: str, label: bytes) -> str:
    """What goes with a state: whoever sees that alone cannot tell it."""
    shared = states.shared(state, state.partition(".")[0], label)
    if shared is None:
        raise AssertionError("the state was read under this key")
    return _base64(shared[1])


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


__all__ = ["Flow", "LoginFlows", "check_logout_claims"]
