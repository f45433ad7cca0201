"""Whose request it is, where proxies stand between: the client's address, as far as it is known.

Anybody can send ``X-Forwarded-For``. Each proxy appends the address it was asked from, so the
header is read from the right, and only as long as trusted proxies did the writing (ASVS 4.1.3,
15.3.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from ..errors import ConfigError

Address = IPv4Address | IPv6Address
Header = Literal["x-forwarded-for", "forwarded"]

#: A word for a proxy that connects over a Unix socket, where there is no address.
UNIX = "unix"

_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+")


class TrustedProxies:
    """The proxies whose word counts, by network, and the one header that they write.

    One header only: a proxy that writes ``X-Forwarded-For`` passes on whatever ``Forwarded`` a
    client has made up. ``networks`` are addresses, networks in CIDR notation, or ``"unix"`` for a
    proxy on a Unix socket. Raises ConfigError.
    """

    def __init__(self, networks: Iterable[str] = (), header: Header = "x-forwarded-for") -> None:
        if header not in ("x-forwarded-for", "forwarded"):
            raise ConfigError("the header is x-forwarded-for or forwarded")
        if isinstance(networks, str):
            raise ConfigError("trusted proxies are a list of networks")
        named = list(networks)
        self.header = header
        self._unix = UNIX in named
        try:
            self._networks = [ip_network(name) for name in named if name != UNIX]
        except ValueError as error:
            raise ConfigError(f"a trusted proxy is an address or a network: {error}") from error

    @classmethod
    def of(cls, proxies: TrustedProxies | Iterable[str]) -> TrustedProxies:
        """What is given as networks only, too."""
        return proxies if isinstance(proxies, TrustedProxies) else cls(proxies)

    def __bool__(self) -> bool:
        return self._unix or bool(self._networks)

    def client_address(self, peer: str | None, headers: Sequence[str]) -> str:
        """The address that the request came from, in its usual form; ``""`` if nobody can tell.

        ``peer`` is the other end of the connection, None on a Unix socket; ``headers`` are all
        values of ``self.header``, in order. A hop that is no address ends the walk: the answer is
        then the last address that somebody trusted has vouched for.
        """
        known = _address(peer or "")
        if not (self._unix if not peer else self._trusts(known)):
            return _normal(peer or "")
        for hop in reversed(self._hops(headers)):
            address = _address(hop)
            if address is None:
                break
            known = address
            if not self._trusts(address):
                break
        return str(known or "")

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)

    def _hops(self, headers: Sequence[str]) -> list[str]:
        # Commas split even within quotes. No address holds one, and a quote that a client left
        # open must not swallow what a proxy has written behind it.
        hops = ",".join(headers).split(",") if headers else []
        return hops if self.header == "x-forwarded-for" else [_for(hop) for hop in hops]


def _for(element: str) -> str:
    """Who asked the proxy that wrote this element of a Forwarded header (RFC 7239 section 4)."""
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return value.strip().strip('"')
    return ""


@lru_cache(maxsize=4096)
def _normal(text: str) -> str:
    return str(_address(text) or "")


@lru_cache(maxsize=4096)  # an address comes again and again
def _address(text: str) -> Address | None:
    """An address with or without port, brackets and zone; an IPv4 one in IPv6 dress is IPv4."""
    text = text.strip()
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2] or ""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
