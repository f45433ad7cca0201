from __future__ import annotations

from typing import Any

import pytest

from sessions import BindingPolicy, RequestContext, SessionConfig
from sessions.policies import UNKNOWN_NETWORK, Bindings, device_type_of, drift, network_of
from sessions.tokens import Tokens
from tests.sessions.conftest import KEYS

FIREFOX = {"user-agent": "Firefox", "accept-language": "en", "accept": "*/*"}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2ff:a:b:c:d", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("", UNKNOWN_NETWORK),
        ("198.51.100.7:443", UNKNOWN_NETWORK),
        ("unknown", UNKNOWN_NETWORK),
        ("198.51.100.007", UNKNOWN_NETWORK),
    ],
)
def test_people_move_within_a_network_and_junk_is_one_of_its_own(
    address: str, network: str
) -> None:
    assert network_of(address, 24, 56) == network


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        ("", ""),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148", "phone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X)", "tablet"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Safari/537.36", "phone"),
        ("curl/8.5.0", "bot"),
    ],
)
def test_the_kind_of_a_device_is_guessed_from_its_agent(agent: str, kind: str) -> None:
    assert device_type_of(agent) == kind


def fingerprint(headers: dict[str, str], tag: str = "alice") -> str:
    config = SessionConfig(fingerprint_policy=BindingPolicy.LOG)
    request = RequestContext(headers=headers)
    return Bindings(config, Tokens(KEYS)).shown(request, tag).browser


@pytest.mark.parametrize(
    ("expected", "shown", "score", "names"),
    [
        ("a:1 b:1", "a:1 b:1", 0, ()),
        ("a:1 b:1", "a:2 b:1", 0.75, ("a",)),
        ("a:1 b:1", "a:2 b:2", 1, ("a", "b")),
        ("a:1", "a:1 b:2", 0, ()),
        ("c:1", "a:1 b:2", 0, ()),
        ("", "a:1 b:2", 0, ()),
    ],
)
def test_the_score_is_the_share_by_weight_of_the_headers_that_both_have(
    expected: str, shown: str, score: float, names: tuple[str, ...]
) -> None:
    assert drift(expected, shown, "a:3 b:1") == (score, names)


def shown_from(address: str, answer: object) -> str:
    # Applications are not typed: what a function answers may be anything.
    network_of: Any = lambda _: answer  # noqa: E731  # it has no name
    config = SessionConfig(network_of=network_of)
    return Bindings(config, Tokens(KEYS)).shown(RequestContext(address), "alice").network


def test_a_network_has_its_name_and_its_prefix_and_junk_has_none() -> None:
    assert shown_from("198.51.100.7", "AS64500") == "AS64500 198.51.100.0/24"
    assert shown_from("198.51.100.7", "An Example 1") == "An_Example_1 198.51.100.0/24"
    for nothing in (None, "", " ", 5, b"AS1"):
        assert shown_from("198.51.100.7", nothing).split(" ")[-1] == "198.51.100.0/24"
    assert shown_from("198.51.100.7", 5) == "198.51.100.0/24"
    assert shown_from("junk", "AS64500") == UNKNOWN_NETWORK
    for no_name in ("x" * 1000, UNKNOWN_NETWORK):
        assert shown_from("198.51.100.7", no_name) == "198.51.100.0/24"


def test_a_fingerprint_is_of_the_headers_that_were_chosen_and_of_one_user() -> None:
    assert fingerprint(FIREFOX) == fingerprint({**FIREFOX, "accept": "text/html"})
    assert fingerprint(FIREFOX) != fingerprint({**FIREFOX, "user-agent": "Safari"})
    assert fingerprint(FIREFOX) != fingerprint(FIREFOX, tag="bob")
    assert fingerprint({}) == ""
    assert "Firefox" not in fingerprint(FIREFOX)
