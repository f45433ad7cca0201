"""How an application uses sessions on the web: settings, checked when they are made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from ..errors import ConfigError, SessionError
from .answers import Answer, answer_to
from .cookies import CookiePolicy
from .csrf import Csrf
from .proxies import TrustedProxies

#: Not ``"cookies"``: it would take those of every application on the domain, and ours is deleted
#: by name (ASVS 14.3.1).
CLEAR_SITE_DATA = '"cache", "storage"'


class WebSettings(TypedDict, total=False):
    """What a middleware takes; see ``WebPolicy``."""

    cookie: CookiePolicy
    trusted_proxies: TrustedProxies | Iterable[str]
    csrf: Csrf | Literal["off", "origin", "token"]
    trusted_origins: Collection[str]
    csrf_exempt: Collection[str]
    login_paths: Collection[str]
    passive_paths: Collection[str]
    clear_site_data: str
    answer: Callable[[SessionError], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPolicy:
    """How an application uses sessions on the web. Raises ConfigError."""

    cookie: CookiePolicy = field(default_factory=CookiePolicy)
    #: Whose word on the client's address counts.
    trusted_proxies: TrustedProxies | Iterable[str] = ()
    #: What a request has to show that changes something.
    csrf: Csrf | str = Csrf.ORIGIN
    #: Other sites of ours whose pages may send such requests, each like ``https://app.example``;
    #: and our own, where a proxy in front changes the Host header.
    trusted_origins: Collection[str] = ()
    #: Paths, by their beginning, that are open to the pages of everybody: webhooks.
    csrf_exempt: Collection[str] = ()
    #: Paths to which login forms are sent. Such a form has no token if nobody had signed in when it
    #: was opened, and somebody may have since, in another tab: there it is enough that the browser
    #: says that the form is on a page of ours. A page of others still signs nobody in.
    login_paths: Collection[str] = ("/login",)
    #: Paths, by their beginning, whose use is no activity of a person: files, polling. Their
    #: sessions are not prolonged, and not read unless they ask.
    passive_paths: Collection[str] = ("/static/",)
    clear_site_data: str = CLEAR_SITE_DATA
    #: What is answered to an error: ``replace(answer_to(error), page=...)`` for people to read.
    answer: Callable[[SessionError], Answer] = answer_to
    proxies: TrustedProxies = field(init=False)
    passive_prefixes: tuple[str, ...] = field(init=False)
    exempt_prefixes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        for paths in (self.csrf_exempt, self.login_paths, self.passive_paths):
            if isinstance(paths, str) or not all(path.startswith("/") for path in paths):
                raise ConfigError("paths are a list, and each begins with /")
        try:
            object.__setattr__(self, "csrf", Csrf(self.csrf))
        except ValueError as error:
            raise ConfigError(str(error)) from error
        object.__setattr__(self, "proxies", TrustedProxies.of(self.trusted_proxies))
        object.__setattr__(self, "passive_prefixes", tuple(self.passive_paths))
        object.__setattr__(self, "exempt_prefixes", tuple(self.csrf_exempt))
