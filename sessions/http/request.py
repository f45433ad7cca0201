"""A request, as far as sessions go: what it is, where it comes from, and what it has to show."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..policies import RequestContext
from .csrf import SAFE_METHODS, Csrf
from .policy import WebPolicy

#: What nobody does by using the application.
_PASSIVE_METHODS = frozenset({"HEAD", "OPTIONS"})
_EVENT_STREAM = "text/event-stream"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Request:
    """The parts of a request that matter here. The names of ``headers`` are in lower case.

    ``peer`` is the other end of the connection; None on a Unix socket.
    """

    __slots__ = (
        "_context",
        "cookies",
        "headers",
        "is_websocket",
        "method",
        "path",
        "peer",
        "policy",
    )

    def __init__(
        self,
        policy: WebPolicy,
        method: str,
        path: str,
        headers: Mapping[str, str],
        cookies: Collection[bytes],
        peer: str | None,
        *,
        is_websocket: bool = False,
    ) -> None:
        self.policy = policy
        self.method = method
        self.path = path
        self.headers = headers
        self.cookies = cookies
        self.peer = peer
        self.is_websocket = is_websocket
        self._context: RequestContext | None = None

    @property
    def is_safe(self) -> bool:
        """Whether it changes nothing, wherever it comes from."""
        return not self.is_websocket and self.method in SAFE_METHODS

    @property
    def is_passive(self) -> bool:
        """Whether no person needs to be there for it: then it does not prolong the session."""
        return (
            self.is_websocket
            or self.method in _PASSIVE_METHODS
            or self.headers.get("accept", "").startswith(_EVENT_STREAM)
            or self.has_passive_path
        )

    @property
    def has_passive_path(self) -> bool:
        return self.path.startswith(self.policy.passive_prefixes)

    @property
    def context(self) -> RequestContext:
        """Where it comes from, for the store."""
        if self._context is None:
            proxies = self.policy.proxies
            forwarded = self.headers.get(proxies.header) if proxies else None
            address = proxies.client_address(self.peer, [forwarded] if forwarded else [])
            self._context = RequestContext(address or None, self.headers)
        return self._context

    @property
    def must_show_origin(self) -> bool:
        """Whether it changes something that pages of others must not change."""
        return not (self.is_safe or self.policy.csrf is Csrf.OFF or self._is_exempt)

    @property
    def must_show_token(self) -> bool:
        """The same, where somebody has signed in and a token is asked for."""
        return self.must_show_origin and self.policy.csrf is Csrf.TOKEN and not self.is_websocket

    @property
    def is_login(self) -> bool:
        """Whether it is what a login form sends."""
        return self.method == "POST" and self.path in self.policy.login_paths

    @property
    def is_form(self) -> bool:
        kind = self.headers.get("content-type", "").partition(";")[0]
        return kind.strip().lower() in _FORMS

    @property
    def _is_exempt(self) -> bool:
        return self.path.startswith(self.policy.exempt_prefixes)
