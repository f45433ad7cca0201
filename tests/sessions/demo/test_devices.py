"""What a list of devices says of each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sessions import DeviceInfo, SessionInfo
from sessions.demo.web.devices import Device, ago, browser_name, clock_text, in_order, place_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)


def info(public_id: str, seen_ago_seconds: float) -> SessionInfo:
    seen = NOW - timedelta(seconds=seen_ago_seconds)
    return SessionInfo(public_id, seen, seen, NOW, DeviceInfo(FIREFOX, "127.0.0.1"), False)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        *((FIREFOX, "Firefox on Linux"), (SAFARI, "Safari on iOS"), ("curl/8.5.0", "curl")),
        *(("", "Unknown browser"), ("<script>", "Unknown browser")),
    ],
)
def test_a_browser_is_named_as_people_name_it(agent: str, name: str) -> None:
    assert browser_name(agent) == name


@pytest.mark.parametrize(
    ("address", "place"),
    [
        *(("127.0.0.1", "This machine"), ("::1", "This machine")),
        ("192.168.7.20", "Local network 192.168.7.0/24"),
        ("::ffff:10.1.2.3", "Local network 10.1.2.0/24"),
        ("203.0.113.7", "Network 203.0.113.0/24"),
        ("2001:db8:1:200::7", "Network 2001:db8:1:200::/56"),
        *(("", "Unknown network"), ("not an address", "Unknown network")),
    ],
)
def test_a_place_is_no_more_than_its_network_tells(address: str, place: str) -> None:
    assert place_of(address) == place


def test_this_device_comes_first_and_then_the_ones_used_last() -> None:
    devices = [Device.of(info(name, at), "here") for name, at in (("a", 9), ("here", 99), ("b", 1))]
    assert [each.public_id for each in in_order(devices)] == ["here", "b", "a"]


def test_a_session_without_a_device_is_listed_all_the_same() -> None:
    device = Device.of(SessionInfo("x", NOW, NOW, NOW, None, False), None)
    assert (device.name, device.place, device.kind) == (
        *("Unknown browser", "Unknown network"),
        "desktop",
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-5, "just now"), (9, "just now"), (10, "10 seconds ago"), (59, "50 seconds ago")),
        *((60, "1 minute ago"), (7199, "1 hour ago"), (7200, "2 hours ago")),
        (86_400 * 3, "3 days ago"),
    ],
)
def test_times_are_told_in_one_unit(seconds: float, text: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (-3, "0:00"), (59.9, "0:59"), (600, "10:00"), (28_799, "7:59:59")],
)
def test_time_left_is_shown_as_on_a_clock(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text
