"""The session cookie: how it is set, deleted and read."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import ConfigError
from sessions.errors import ConflictingCookies
from sessions.http.cookies import MAX_COOKIE_BYTES, CookiePolicy

POLICY = CookiePolicy()


def read(*headers: bytes, policy: CookiePolicy = POLICY) -> str | None:
    return policy.read(headers)


# --- writing --------------------------------------------------------------------------------------


def test_the_cookie_is_for_this_host_over_https_and_out_of_reach_of_scripts() -> None:
    assert POLICY.set("k1.t.s", 60) == (
        "__Host-id=k1.t.s; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax"
    )


def test_without_an_age_the_cookie_ends_with_the_browser() -> None:
    assert "Max-Age" not in POLICY.set("token", None)


def test_an_age_in_the_past_is_none_at_all() -> None:
    assert "Max-Age=0;" in POLICY.set("token", -5)


@pytest.mark.parametrize(
    "policy",
    [
        POLICY,
        CookiePolicy(samesite="none", partitioned=True),
        CookiePolicy(name="__Secure-id", domain="example.com", path="/app", samesite="strict"),
        CookiePolicy.for_plain_http(),
    ],
)
def test_a_cookie_is_deleted_under_the_attributes_it_was_set_with(policy: CookiePolicy) -> None:
    attributes = policy.set("", None).partition(";")[2]
    assert policy.delete() == f"{policy.name}=; Max-Age=0;{attributes}"


def test_what_is_set_is_read_back_by_others_and_by_us() -> None:
    parsed = SimpleCookie(POLICY.set("k1.aa.b-b_", 60))
    assert parsed["__Host-id"].value == "k1.aa.b-b_"
    assert read(b"__Host-id=k1.aa.b-b_") == "k1.aa.b-b_"


@pytest.mark.parametrize("token", ["a\r\nSet-Cookie: b=c", "a;b", "a,b", "a b", 'a"b', "a\\b", "é"])
def test_a_token_that_would_end_the_value_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="a cookie holds no"):
        POLICY.set(token, 60)


def test_name_and_value_have_4096_bytes_at_most() -> None:
    room = MAX_COOKIE_BYTES - len(POLICY.name)
    POLICY.set("a" * room, 60)
    with pytest.raises(ValueError, match="4096"):
        POLICY.set("a" * (room + 1), 60)


@pytest.mark.parametrize(
    "settings",
    [
        {"secure": False},
        {"path": "/app"},
        {"domain": "example.com"},
        {"name": "__HOST-id", "domain": "example.com"},
        {"name": "__Secure-id", "secure": False},
        {"name": "id"},
        {"name": "id", "secure": False, "samesite": "none"},
        {"name": "id", "secure": False, "partitioned": True},
        {"name": ""},
        {"name": "a b"},
        {"name": "id=", "secure": False},
        {"name": "__Secure-id", "path": "app"},
        {"name": "__Secure-id", "path": "/;Domain=evil"},
        {"name": "__Secure-id", "domain": "a\r\nb"},
        {"name": "__Secure-id", "domain": ""},
        {"samesite": "Lax"},
    ],
    ids=str,
)
def test_a_policy_that_contradicts_itself_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        CookiePolicy(**settings)  # type: ignore[arg-type]  # one test for settings of all types


def test_plain_http_is_one_switch() -> None:
    policy = CookiePolicy.for_plain_http()
    assert policy.set("token", 60) == "id=token; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (b"__Host-id=token", "token"),
        (b"a=1; __Host-id=token; b=2", "token"),
        (b"a=1;__Host-id=token;b=2", "token"),
        (b" \t__Host-id = token ;", "token"),
        (b'__Host-id="token"', "token"),
        (b"__Host-id=token; __Host-id=token", "token"),
        (b"__Host-id=a=b", "a=b"),
        (b"__Host-id=", ""),
        (b'__Host-id="', '"'),
        (b"__Host-id", None),
        (b"__host-id=token", None),
        (b"x__Host-id=token", None),
        (b"__Host-id2=token", None),
        (b"=__Host-id=token", None),
        (b'a="; __Host-id=token', "token"),
        (b"", None),
        (b";;;=;", None),
    ],
)
def test_a_cookie_header_is_read(header: bytes, token: str | None) -> None:
    assert read(header) == token


def test_no_header_holds_no_cookie() -> None:
    assert read() is None


def test_different_values_in_two_headers_are_refused() -> None:
    with pytest.raises(ConflictingCookies):
        read(b"__Host-id=a", b"__Host-id=b")


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_no_bytes_of_other_cookies_hide_ours(others: list[bytes]) -> None:
    others = [other for other in others if b"__Host-id" not in other]
    assert read(*others, b"a=1; __Host-id=token") == "token"
    assert read(b";".join([*others, b"__Host-id=token"])) == "token"


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x2FF), max_size=40))
def test_a_value_is_set_whole_or_refused(token: str) -> None:
    try:
        header = POLICY.set(token, 60)
    except ValueError:
        return
    assert read(header.partition("; ")[0].encode()) == token
    assert header.count(";") == 5
