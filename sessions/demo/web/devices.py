"""What a person reads of a session: which browser, from where, since when."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import ua_parser

from sessions import DeviceInfo, SessionInfo
from sessions.policies import UNKNOWN_NETWORK, network_of

#: A home network, or a company's floor.
_IPV4_BITS, _IPV6_BITS = 24, 56
#: RFC 1918, RFC 3927, RFC 4193, RFC 4291 2.5.6.
_LOCAL_NETWORKS = [
    ipaddress.ip_network(each)
    for each in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("fc00::/7", "fe80::/10"),
    )
]
#: What the parser calls browsers, and what people do.
_PLAIN_NAMES = {
    "Chrome Mobile": "Chrome",
    "Firefox Mobile": "Firefox",
    "Mobile Safari": "Safari",
    "HeadlessChrome": "Chrome (headless)",
    "Mac OS X": "macOS",
}


@dataclass(frozen=True, slots=True)
class Device:
    """One line of "your devices"."""

    public_id: str
    name: str
    kind: str
    place: str
    signed_in_at: datetime
    last_seen_at: datetime
    is_current: bool

    @classmethod
    def of(cls, info: SessionInfo, current_id: str | None) -> Device:
        device = info.device_info or DeviceInfo()
        return cls(
            public_id=info.public_id,
            name=browser_name(device.user_agent),
            kind=device.device_type or "desktop",
            place=place_of(device.ip_address),
            signed_in_at=info.created_at,
            last_seen_at=info.last_access,
            # A token may have been replaced since a page was opened; the public id stays.
            is_current=info.public_id == current_id,
        )


def in_order(devices: Sequence[Device]) -> list[Device]:
    """This one first, then the ones used last."""
    return sorted(devices, key=lambda each: (not each.is_current, -each.last_seen_at.timestamp()))


def browser_name(user_agent: str) -> str:
    """``Firefox on Linux``, as far as a browser tells."""
    found = ua_parser.parse(user_agent)
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    names = [_PLAIN_NAMES.get(name, name) for name in (browser, system) if name]
    return " on ".join(names) or "Unknown browser"


def place_of(address: str) -> str:
    """The network of an address: what it tells of a place without asking anybody."""
    network = network_of(address, _IPV4_BITS, _IPV6_BITS)
    if network == UNKNOWN_NETWORK:
        return "Unknown network"
    if ipaddress.ip_address(address).is_loopback:
        return "This machine"
    begin = ipaddress.ip_network(network).network_address
    is_local = any(begin in each for each in _LOCAL_NETWORKS)
    return f"{'Local network' if is_local else 'Network'} {network}"


def ago(then: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < 10:
        return "just now"
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return f"{seconds // 10 * 10} seconds ago"


def clock_text(seconds: float) -> str:
    """``9:59``, or ``7:59:59``: time that is left, as on a clock."""
    left = timedelta(seconds=max(0, int(seconds)))
    hours, rest = divmod(int(left.total_seconds()), 3600)
    minutes, whole = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"
