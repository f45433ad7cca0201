from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import ConfigError, KeyRing
from sessions.tokens import MAX_TOKEN_CHARS, Tokens

TOKENS = Tokens(KeyRing.generate())


def test_a_token_is_read_back_as_its_ticket() -> None:
    token, ticket = TOKENS.issue("alice")
    assert TOKENS.read(token) == ticket
    assert ticket.tag == TOKENS.tag("alice")


def test_two_tokens_of_one_user_share_the_tag_alone() -> None:
    (one, first), (other, second) = TOKENS.issue("alice"), TOKENS.issue("alice")
    assert first.tag == second.tag
    assert one != other
    assert first.sid != second.sid


def test_neither_sid_nor_public_id_shows_the_token() -> None:
    token, ticket = TOKENS.issue("alice")
    secret = token.rpartition(".")[2]
    assert secret not in ticket.sid
    assert TOKENS.public_id(ticket.sid) not in ticket.sid + token
    assert "alice" not in token


def test_a_sid_opens_nothing() -> None:
    _, ticket = TOKENS.issue("alice")
    assert TOKENS.read(ticket.sid) is None


@given(st.integers(0, 60), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_token_with_one_other_character_is_junk(position: int, character: str) -> None:
    token, _ = TOKENS.issue("alice")
    at = position % len(token)
    changed = token[:at] + character + token[at + 1 :]
    assert changed == token or TOKENS.read(changed) is None


@given(st.text(max_size=2 * MAX_TOKEN_CHARS))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert TOKENS.read(text) is None


def test_tokens_of_another_ring_are_junk() -> None:
    token, _ = Tokens(KeyRing.generate()).issue("alice")
    assert TOKENS.read(token) is None


def test_a_ring_shows_none_of_its_keys() -> None:
    ring = KeyRing(current="k1", keys={"k1": b"secret" * 6}, routing_key=b"hidden" * 6)
    assert "secret" not in repr(ring)
    assert "hidden" not in repr(ring)


@pytest.mark.parametrize(
    ("current", "kid", "size"), [("k2", "k1", 32), ("k1", "k1", 31), ("k.1", "k.1", 32)]
)
def test_a_ring_that_cannot_work_is_refused(current: str, kid: str, size: int) -> None:
    with pytest.raises(ConfigError):
        KeyRing(current=current, keys={kid: b"x" * size}, routing_key=b"r" * 32)
