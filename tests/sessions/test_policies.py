from __future__ import annotations

import pytest

from sessions import BindingPolicy, RequestContext, SessionConfig
from sessions.policies import UNKNOWN_NETWORK, Bindings, device_type_of, network_of
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
    return Bindings(config, Tokens(KEYS)).shown(request, tag).fingerprint


def test_a_fingerprint_is_of_the_headers_that_were_chosen_and_of_one_user() -> None:
    assert fingerprint(FIREFOX) == fingerprint({**FIREFOX, "accept": "text/html"})
    assert fingerprint(FIREFOX) != fingerprint({**FIREFOX, "user-agent": "Safari"})
    assert fingerprint(FIREFOX) != fingerprint(FIREFOX, tag="bob")
    assert fingerprint({}) == ""
    assert "Firefox" not in fingerprint(FIREFOX)
