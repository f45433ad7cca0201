"""Requests that change something come from our own pages."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import ConfigError
from sessions.errors import CsrfRefused
from sessions.http.csrf import CsrfProtector, Digest


def digest_under(key: bytes) -> Digest:
    def digest(label: bytes, message: str) -> str:
        return hmac.new(key, label + message.encode(), "sha256").hexdigest()

    return digest


DIGEST = digest_under(b"a key")
CSRF = CsrfProtector(DIGEST, trusted_origins=["https://app.example"])


def is_refused(headers: dict[str, str], csrf: CsrfProtector = CSRF) -> bool:
    try:
        csrf.check_origin({"host": "shop.example", **headers})
    except CsrfRefused:
        return True
    return False


def test_a_token_is_good_for_the_binding_it_was_made_for() -> None:
    token = CSRF.token("alice")
    assert CSRF.verify(token, "alice")
    assert not CSRF.verify(token, "bob")


def test_every_page_has_another_token() -> None:
    tokens = {CSRF.token("alice") for _ in range(20)}
    assert len({token[:4] for token in tokens} | {token[-4:] for token in tokens}) > 30
    assert all(CSRF.verify(token, "alice") for token in tokens)


def test_a_token_of_another_key_is_worth_nothing() -> None:
    other = CsrfProtector(digest_under(b"another key"))
    assert not CSRF.verify(other.token("alice"), "alice")


@given(st.one_of(st.none(), st.text(max_size=80)))
def test_no_made_up_token_passes(token: str | None) -> None:
    assert not CSRF.verify(token, "alice")


@given(st.integers(0, 58), st.characters(codec="ascii"))
def test_no_character_of_a_token_can_be_changed(at: int, character: str) -> None:
    token = CSRF.token("alice")
    changed = token[:at] + character + token[at + 1 :]
    assert CSRF.verify(changed, "alice") == (changed == token)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "http://localhost:8000"},
        {"origin": "https://shop.example"},
        {"origin": "HTTPS://Shop.Example", "host": "SHOP.example"},
        {"origin": "https://shop.example", "host": "shop.example:443"},
        {"origin": "https://shop.example:8443", "host": "shop.example:8443"},
        {"origin": "https://[2001:db8::7]:8443", "host": "[2001:db8::7]:8443"},
        {"origin": "https://app.example", "sec-fetch-site": "cross-site"},
        {"origin": "http://localhost:8000", "host": "localhost:8000"},
        {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"},
        {"origin": "http://[::1]:8000", "host": "[::1]:8000"},
    ],
    ids=str,
)
def test_what_our_own_pages_send_passes(headers: dict[str, str]) -> None:
    assert not is_refused(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": ""},
        {"sec-fetch-site": "same-origin, none"},
        {"sec-fetch-site": "cross-site", "origin": "https://shop.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://shop.example"},
        {"origin": "https://shop.example.evil.example"},
        {"origin": "https://shop.example@evil.example"},
        {"origin": "https://shop.example:8443"},
        {"origin": "https://shop.example", "host": ""},
        {"origin": "http://localhost:3000", "host": "localhost:8000"},
        {"origin": "http://localhost:8000"},
        {"origin": "http://localhost.evil.example", "host": "localhost.evil.example"},
        {"origin": "ftp://localhost:8000", "host": "localhost:8000"},
        {"origin": "shop.example"},
        {"origin": "https://", "host": ""},
    ],
    ids=str,
)
def test_what_pages_of_others_send_is_refused(headers: dict[str, str]) -> None:
    assert is_refused(headers)


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://shop.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "", "host": ""}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://shop.example"}, True),
        ({"origin": "https://app.example", "sec-fetch-site": "cross-site"}, True),
    ],
    ids=str,
)
def test_what_is_known_to_be_ours_says_so(headers: dict[str, str], is_ours: bool) -> None:
    assert CSRF.is_known_to_be_ours({"host": "shop.example", **headers}) == is_ours


def test_over_plain_http_our_own_pages_are_http() -> None:
    csrf = CsrfProtector(DIGEST, secure=False)
    assert not is_refused({"origin": "http://shop.example"}, csrf)
    assert not is_refused({"origin": "http://shop.example", "host": "shop.example:80"}, csrf)


@pytest.mark.parametrize("origins", ["https://a.example", ["a.example"], ["https://a.example/x"]])
def test_what_is_no_origin_is_refused_at_the_start(origins: list[str]) -> None:
    with pytest.raises(ConfigError):
        CsrfProtector(DIGEST, trusted_origins=origins)
