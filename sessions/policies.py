"""Whether a request looks like those of its session: its network, and what its browser sends.

Addresses are compared by network, for people move within one; headers by a keyed hash, so that the
store does not tell who has which browser.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .config import BindingPolicy, SessionConfig
from .record import DeviceInfo, Session
from .tokens import Tokens

#: Of what is no address. It is a network like another one: else a header full of junk would pass
#: wherever a wrong address is refused.
UNKNOWN_NETWORK = "unknown"
_FINGERPRINT_CHARS = 16
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
    """What a request shows, in the form in which it is compared; '' asks nothing."""

    network: str = ""
    fingerprint: str = ""

    def to_fields(self) -> dict[str, str]:
        """What a new session is bound to."""
        return {
            name: value
            for name, value in (("network", self.network), ("fp", self.fingerprint))
            if value
        }


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A request that shows something else than its session does; ``binding``: network or fp."""

    binding: str
    expected: str
    shown: str
    policy: BindingPolicy

    @property
    def asks_step_up(self) -> bool:
        return self.policy is BindingPolicy.STEP_UP

    @property
    def refuses(self) -> bool:
        return self.policy in (BindingPolicy.REJECT, BindingPolicy.REVOKE)

    @property
    def ends_session(self) -> bool:
        return self.policy is BindingPolicy.REVOKE


class Bindings:
    """The policies of one store."""

    def __init__(self, config: SessionConfig, tokens: Tokens) -> None:
        self._config = config
        self._tokens = tokens

    def shown(self, request: RequestContext | None, tag: str) -> Shown:
        """What a request shows of what is asked, to a session of the user with this tag."""
        if request is None:
            return _NOTHING
        config = self._config
        return Shown(
            "" if config.ip_policy is BindingPolicy.OFF else self._network(request),
            "" if config.fingerprint_policy is BindingPolicy.OFF else self._print(request, tag),
        )

    def of_new(self, request: RequestContext | None, tag: str) -> Shown:
        """What a new session is bound to: everything, for policies change while sessions live."""
        if request is None:
            return _NOTHING
        return Shown(self._network(request), self._print(request, tag))

    def _network(self, request: RequestContext) -> str:
        return "" if request.ip_address is None else self.network(request.ip_address)

    def _print(self, request: RequestContext, tag: str) -> str:
        if not request.headers:
            return ""
        names = self._config.fingerprint_headers
        seen = "\0".join([tag, *(request.headers.get(name, "") for name in names)])
        return self._tokens.digest(b"fingerprint", seen)[:_FINGERPRINT_CHARS]

    def network(self, address: str) -> str:
        """The network that an address is compared by."""
        return network_of(address, self._config.ipv4_prefix_bits, self._config.ipv6_prefix_bits)

    def script_arguments(self, shown: Shown) -> tuple[str, str, str, str]:
        """What ``validate.lua`` is to compare, and what it does."""
        config = self._config
        return (
            shown.network,
            config.ip_policy.value if config.ip_policy in _SCRIPTED else "",
            shown.fingerprint,
            config.fingerprint_policy.value if config.fingerprint_policy in _SCRIPTED else "",
        )

    def mismatch(self, binding: str, expected: str, shown: Shown) -> Mismatch:
        """A difference that the script has found."""
        is_network = binding == "network"
        policy = self._config.ip_policy if is_network else self._config.fingerprint_policy
        return Mismatch(
            binding, expected, shown.network if is_network else shown.fingerprint, policy
        )

    def mismatches(self, session: Session[Any], shown: Shown) -> list[Mismatch]:
        """The differences that the script let pass."""
        return self.differences(session.network, session.fingerprint, shown)

    def differences(
        self, network: str | None, fingerprint: str | None, shown: Shown
    ) -> list[Mismatch]:
        """What a request shows otherwise than it is expected."""
        pairs = [("network", network, shown.network), ("fp", fingerprint, shown.fingerprint)]
        return [
            self.mismatch(binding, expected, shown)
            for binding, expected, seen in pairs
            if seen and expected and seen != expected
        ]


_NOTHING = Shown()


@lru_cache(maxsize=4096)  # an address comes again and again
def network_of(address: str, ipv4_prefix_bits: int, ipv6_prefix_bits: int) -> str:
    """The network of an address. An IPv4 address in IPv6 dress is IPv4."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN_NETWORK
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
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
