"""Whose address counts, behind which proxies."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import ConfigError
from sessions.http.proxies import TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/8", "2001:db8:ffff::/48"])
FORWARDED = TrustedProxies(["10.0.0.0/8"], header="forwarded")


@pytest.mark.parametrize("peer", ["203.0.113.7", "2001:db8::7"])
def test_without_trusted_proxies_the_peer_is_the_client(peer: str) -> None:
    assert TrustedProxies().client_address(peer, ["198.51.100.1"]) == peer


def test_g3_a_header_of_a_client_that_is_no_proxy_counts_for_nothing() -> None:
    assert PROXIES.client_address("203.0.113.7", ["198.51.100.1"]) == "203.0.113.7"


def test_g3_what_a_client_wrote_before_the_proxies_counts_for_nothing() -> None:
    headers = ["198.51.100.1, 203.0.113.7, 10.0.0.2"]
    assert PROXIES.client_address("10.0.0.1", headers) == "203.0.113.7"


def test_several_headers_are_one_list() -> None:
    headers = ["198.51.100.1", "203.0.113.7", "10.0.0.2"]
    assert PROXIES.client_address("10.0.0.1", headers) == "203.0.113.7"


def test_a_chain_of_nothing_but_proxies_begins_at_the_first_one() -> None:
    assert PROXIES.client_address("10.0.0.1", ["10.0.0.3, 10.0.0.2"]) == "10.0.0.3"


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:DB8:0::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7\t", "203.0.113.7"),
    ],
)
def test_addresses_are_read_in_every_dress(hop: str, address: str) -> None:
    assert PROXIES.client_address("10.0.0.1", [hop]) == address


@pytest.mark.parametrize("junk", ["unknown", "", "_hidden", "1.2.3", "256.1.1.1", "[", "a" * 9000])
def test_a_hop_that_is_no_address_ends_the_walk_at_the_last_one_known(junk: str) -> None:
    assert PROXIES.client_address("10.0.0.1", [f"203.0.113.7, {junk}, 10.0.0.2"]) == "10.0.0.2"


def test_a_proxy_on_a_unix_socket_is_trusted_when_it_is_named() -> None:
    assert TrustedProxies(["unix"]).client_address(None, ["203.0.113.7"]) == "203.0.113.7"
    assert PROXIES.client_address(None, ["203.0.113.7"]) == ""
    assert TrustedProxies(["unix"]).client_address("10.0.0.1", ["203.0.113.7"]) == "10.0.0.1"


def test_a_peer_that_is_no_address_is_nobody() -> None:
    assert PROXIES.client_address("testclient", ["203.0.113.7"]) == ""


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ('For="[2001:db8::7]:4711";proto=https;by=10.0.0.1', "2001:db8::7"),
        ("proto=https;for=203.0.113.7:80", "203.0.113.7"),
        ('for=198.51.100.1, for="203.0.113.7"', "203.0.113.7"),
        ("for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_the_header_of_rfc_7239_is_read(header: str, address: str) -> None:
    assert FORWARDED.client_address("10.0.0.1", [header]) == address


def test_a_quote_that_a_client_left_open_hides_no_proxys_word() -> None:
    headers = ['for=6.6.6.6;x=", for="[2001:db8::7]"']
    assert FORWARDED.client_address("10.0.0.1", headers) == "2001:db8::7"


@pytest.mark.parametrize("networks", [["10.0.0.0/99"], ["example.com"], "10.0.0.1", ["10.0.0.1/8"]])
def test_what_is_no_network_is_refused_at_the_start(networks: list[str]) -> None:
    with pytest.raises(ConfigError):
        TrustedProxies(networks)


@given(st.lists(st.text(max_size=40), max_size=5), st.sampled_from([PROXIES, FORWARDED]))
def test_whatever_a_header_says_the_answer_is_an_address(
    headers: list[str], proxies: TrustedProxies
) -> None:
    ipaddress.ip_address(proxies.client_address("10.0.0.1", headers))


@given(st.text(alphabet='0123456789.:,;="for[]\\ ', max_size=60))
def test_whatever_a_client_writes_the_address_that_the_proxy_saw_is_found(written: str) -> None:
    assert PROXIES.client_address("10.0.0.1", [f"{written}, 203.0.113.7"]) == "203.0.113.7"
    seen = [f'{written}, for="203.0.113.7"']
    assert FORWARDED.client_address("10.0.0.1", seen) == "203.0.113.7"
