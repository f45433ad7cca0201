"""Whether a request looks like those of its session: its network, and what its browser sends.

Addresses are compared by network, for people move within one; headers by a keyed hash of each, so
that it shows how much differs, and the store does not tell who has which browser.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .config import BindingPolicy, DecideMismatch, SessionConfig
from .record import DeviceInfo, Session
from .tokens import Tokens

logger = logging.getLogger("sessions")

#: Of what is no address. It is a network like another one: else a header full of junk would pass
#: wherever a wrong address is refused.
UNKNOWN_NETWORK = "unknown"
#: It guards nothing: 48 bits tell one browser of a user from another.
_HASH_CHARS = 8
#: In the words ``name:value`` of a session, a request, or the configuration.
_PAIR = re.compile("([^ :]+):([^ :]+)")
_NUMBERS = re.compile(r"\d[\d._]*")
_MAX_NAME_CHARS = 64
#: Browsers send two hundred; what is longer must not make a login fail.
_MAX_AGENT_CHARS = 512
#: What the script does; other policies are acted on here.
_SCRIPTED = (BindingPolicy.STEP_UP, BindingPolicy.REJECT, BindingPolicy.REVOKE)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Where a request comes from.

    ``ip_address`` is the client's, proxies seen through; what is no address is a network of its
    own, and None asks nothing. The names of ``headers`` are in lower case.
    """

    ip_address: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def device(self) -> DeviceInfo | None:
        """What a list of devices shows, if the request tells anything."""
        agent = self.headers.get("user-agent", "")[:_MAX_AGENT_CHARS]
        if not agent and not self.ip_address:
            return None
        return DeviceInfo(agent, self.ip_address or "", device_type_of(agent))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows, in the form in which it is compared; '' asks nothing.

    ``network`` has a word for each name of it, one of which is enough; ``browser`` a word
    ``header:hash`` for each header.
    """

    network: str = ""
    browser: str = ""

    def to_fields(self) -> dict[str, str]:
        """What a new session is bound to."""
        # ``fp`` was one hash of all headers: sessions that have it are compared by no header.
        pairs = (("network", self.network), ("browser", self.browser))
        return {name: value for name, value in pairs if value}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What about a request is not as it was when its session was opened."""

    #: Of the session.
    public_id: str
    #: None for a visitor, and where nobody has to decide.
    user_id: str | None
    #: ``network`` or ``browser``.
    binding: str
    expected: str
    shown: str
    #: How much of it differs: above 0, and 1 for all.
    score: float = 1.0
    #: The headers that differ.
    headers: tuple[str, ...] = ()


class Bindings:
    """The policies of one store."""

    def __init__(self, config: SessionConfig, tokens: Tokens) -> None:
        self._config = config
        self._tokens = tokens
        self._weights = config.header_weights
        weights = " ".join(f"{name}:{weight}" for name, weight in self._weights.items())
        self._scale = (repr(float(config.fingerprint_threshold)), weights)
        self._scripted = (_scripted(config.ip_policy), _scripted(config.fingerprint_policy))

    def shown(self, request: RequestContext | None, tag: str) -> Shown:
        """What a request shows of what is asked, to a session of the user with this tag."""
        if request is None:
            return _NOTHING
        config = self._config
        return Shown(
            "" if config.ip_policy is BindingPolicy.OFF else self._networks(request),
            "" if config.fingerprint_policy is BindingPolicy.OFF else self._browser(request, tag),
        )

    def of_new(self, request: RequestContext | None, tag: str) -> Shown:
        """What a new session is bound to: everything, for policies change while sessions live."""
        if request is None:
            return _NOTHING
        return Shown(self._networks(request), self._browser(request, tag))

    def network(self, address: str) -> str:
        """The network by whose prefix an address is counted."""
        return network_of(address, self._config.ipv4_prefix_bits, self._config.ipv6_prefix_bits)

    def _networks(self, request: RequestContext) -> str:
        if request.ip_address is None:
            return ""
        prefix = self.network(request.ip_address)
        network_of = self._config.network_of
        if network_of is None or prefix == UNKNOWN_NETWORK:
            return prefix
        name = self._network_name(network_of, request.ip_address)
        return f"{name} {prefix}" if name else prefix

    @staticmethod
    def _network_name(network_of: Callable[[str], str | None], address: str) -> str:
        """What the application calls a network, as one word; '' if it does not know."""
        try:
            name = "_".join((network_of(_unmapped(address)) or "").split())
            # What is no address has that name: it must not get in by it.
            return name if name != UNKNOWN_NETWORK and len(name) <= _MAX_NAME_CHARS else ""
        except Exception as error:
            # Of the address nothing: it is somebody's.
            logger.warning("network_of failed: %s", type(error).__name__)
            return ""

    def _browser(self, request: RequestContext, tag: str) -> str:
        if not request.headers:
            return ""
        get = request.headers.get
        return " ".join(f"{name}:{self._hash(name, get(name, ''), tag)}" for name in self._weights)

    def _hash(self, name: str, value: str, tag: str) -> str:
        if name == "user-agent":
            value = _NUMBERS.sub("", value)
        return self._tokens.digest(b"fingerprint", f"{tag}\0{name}\0{value}")[:_HASH_CHARS]

    # --- differences ------------------------------------------------------------------------------

    def script_arguments(self, shown: Shown) -> tuple[str, ...]:
        """What ``validate.lua`` is to compare, and what it does; nothing if it does nothing."""
        of_network, of_browser = self._scripted
        if not (of_network or of_browser):
            return ()
        return (shown.network, of_network, shown.browser, of_browser, *self._scale)

    def judge(self, mismatch: Mismatch) -> BindingPolicy:
        """What a difference leads to."""
        config = self._config
        policy = config.ip_policy if mismatch.binding == "network" else config.fingerprint_policy
        if mismatch.score < config.fingerprint_threshold:
            return BindingPolicy.LOG
        return BindingPolicy(policy(mismatch)) if callable(policy) else policy

    def are_equal(self, session: Session[Any], shown: Shown) -> bool:
        """Whether a request shows what its session was bound to: then nothing has to be judged."""
        return (not shown.network or session.network in (None, shown.network)) and (
            not shown.browser or session.fingerprint in (None, shown.browser)
        )

    def mismatches(
        self,
        public_id: str,
        user_id: str | None,
        network: str | None,
        browser: str | None,
        shown: Shown,
    ) -> list[Mismatch]:
        """How a request differs from what its session was bound to, as far as it was."""
        found = []
        if network is not None and shown.network and not shares_word(network, shown.network):
            found.append(Mismatch(public_id, user_id, "network", network, shown.network))
        if browser is not None and shown.browser and browser != shown.browser:
            score, names = drift(browser, shown.browser, self._scale[1])
            if names:
                found.append(
                    Mismatch(public_id, user_id, "browser", browser, shown.browser, score, names)
                )
        return found


_NOTHING = Shown()


def _scripted(policy: BindingPolicy | DecideMismatch) -> str:
    """What the script does. Until a function has decided, it prolongs nothing."""
    if callable(policy):
        return BindingPolicy.STEP_UP.value
    return policy.value if policy in _SCRIPTED else ""


def shares_word(expected: str, shown: str) -> bool:
    """Whether two networks have a name in common."""
    return not set(expected.split(" ")).isdisjoint(shown.split(" "))


def drift(expected: str, shown: str, weights: str) -> tuple[float, tuple[str, ...]]:
    """The share, by weight, of the headers that differ, and their names.

    Of those that both have: which headers are asked for changes while sessions live.
    """
    before, now = _pairs(expected), _pairs(shown)
    compared = {name: int(weight) for name, weight in _pairs(weights).items() if name in before}
    compared = {name: weight for name, weight in compared.items() if name in now}
    names = tuple(name for name in compared if before[name] != now[name])
    return sum(map(compared.__getitem__, names)) / (sum(compared.values()) or 1), names


def must_act(network: str | None, browser: str | None, arguments: Sequence[str]) -> list[str]:
    """The bindings for which ``validate.lua`` has to act; that says in Lua what is said here.

    ``arguments`` are those of ``Bindings.script_arguments``.
    """
    if not arguments:
        return []
    networks, ip_policy, headers, browser_policy, *scale = arguments
    found = []
    if ip_policy and networks and network is not None and not shares_word(network, networks):
        found.append("network")
    if browser_policy and headers and browser is not None and browser != headers:
        threshold, weights = scale
        if drift(browser, headers, weights)[0] >= float(threshold):
            found.append("browser")
    return found


def _pairs(text: str) -> dict[str, str]:
    return dict(_PAIR.findall(text))


def _unmapped(address: str) -> str:
    """An IPv4 address in IPv6 dress is IPv4."""
    ip = ipaddress.ip_address(address)
    return str(getattr(ip, "ipv4_mapped", None) or ip)


@lru_cache(maxsize=4096)  # an address comes again and again
def network_of(address: str, ipv4_prefix_bits: int, ipv6_prefix_bits: int) -> str:
    """The network of an address. An IPv4 address in IPv6 dress is IPv4."""
    try:
        ip = ipaddress.ip_address(_unmapped(address))
    except ValueError:
        return UNKNOWN_NETWORK
    bits = ipv4_prefix_bits if ip.version == 4 else ipv6_prefix_bits
    return str(ipaddress.ip_network((ip, bits), strict=False))


def device_type_of(user_agent: str) -> str:
    """``phone``, ``tablet``, ``bot`` or ``desktop``; '' of nothing. A guess, for people to read."""
    agent = user_agent.lower()
    if not agent:
        return ""
    for kind, marks in _DEVICE_MARKS:
        if any(mark in agent for mark in marks):
            return kind
    return "desktop"


_DEVICE_MARKS = (
    ("bot", ("bot", "spider", "crawl", "curl/", "python-")),
    ("tablet", ("ipad", "tablet")),
    ("phone", ("iphone", "mobile", "android")),
)
