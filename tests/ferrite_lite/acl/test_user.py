from __future__ import annotations

import pytest

from ferrite_lite.acl import Catalogue, User
from ferrite_lite.acl.description import describe_user
from ferrite_lite.acl.user import merge_selectors
from ferrite_lite.commands import TABLE
from ferrite_lite.config import Config
from ferrite_lite.errors import AclRuleRefused, AclUnmatchedParenthesis


@pytest.fixture
def user() -> User:
    return User(b"alice", Catalogue(TABLE), Config())


def denied(user: User, request: bytes) -> str | None:
    """Why a request is denied, None if it is not."""
    argv = request.split()
    command = TABLE[argv[0]]
    assert command is not None
    denial = user.denial(command.resolve(argv), argv)
    return None if denial is None else f"{denial.reason} {argv[denial.at].decode()}"


def test_a_new_user_may_do_nothing_but_come_in(user: User) -> None:
    assert describe_user(user, whole=True) == b"off resetchannels -@all"
    assert denied(user, b"PING") == "command PING"
    assert denied(user, b"AUTH x") is None


def test_a_user_that_is_on_needs_a_password_that_fits(user: User) -> None:
    user.change([b"on"])
    assert not user.accepts(b"")
    user.change([b">one", b">two"])
    assert [user.accepts(password) for password in (b"one", b"two", b"three")] == [
        True,
        True,
        False,
    ]
    user.change([b"off"])
    assert not user.accepts(b"one")
    user.change([b"on", b"nopass"])
    assert user.accepts(b"anything")


def test_a_password_is_nowhere_to_be_read(user: User) -> None:
    user.change([b">secret", b"on"])
    shown = repr(user) + str(user.passwords) + describe_user(user, whole=True).decode()
    assert "secret" not in shown
    assert next(iter(user.passwords)).decode() not in repr(user)


def test_rules_are_applied_all_or_none(user: User) -> None:
    user.change([b"on", b"+get", b"~a", b"(+set ~b)"])
    before = describe_user(user, whole=True)
    for faulty in ([b"off", b"+set", b"nosuch"], [b">pw", b"(+nosuch)"], [b"reset", b"(+get"]):
        with pytest.raises((AclRuleRefused, AclUnmatchedParenthesis)):
            user.change(faulty)
        assert describe_user(user, whole=True) == before


@pytest.mark.parametrize(
    ("rules", "is_free"),
    [
        ([], False),
        ([b"+@all", b"~*", b"&*"], True),
        ([b"+@all", b"~*", b"&*", b"-get"], False),
        ([b"+@all", b"~*"], False),
        ([b"(+@all ~* &*)"], True),
        ([b"(+@all ~* &*)", b"clearselectors"], False),
        ([b"(+@all ~*)", b"(&*)"], False),
    ],
)
def test_a_user_who_may_do_everything_is_not_looked_at(
    user: User, rules: list[bytes], is_free: bool
) -> None:
    user.change(rules)
    assert user.is_unrestricted is is_free


def test_a_command_to_come_is_allowed_by_all_and_by_no_category(user: User) -> None:
    user.change([b"+@all"])
    assert user.selectors[0].commands < 0
    user.change([b"-get"])
    assert user.selectors[0].commands < 0
    user.change([b"-@all", b"+@read", b"+@write", b"+@fast", b"+@slow"])
    assert user.selectors[0].commands > 0


def test_one_selector_must_allow_the_whole_request(user: User) -> None:
    user.change([b"+get", b"~a", b"(+set ~b)"])
    assert denied(user, b"GET a") is None
    assert denied(user, b"SET b v") is None
    assert denied(user, b"SET a v") == "key a"
    assert denied(user, b"GET b") == "key b"
    assert denied(user, b"DEL a") == "command DEL"


def test_of_two_refusals_the_one_that_got_further_is_told(user: User) -> None:
    user.change([b"+mget", b"~a", b"(+mget ~a ~b)"])
    assert denied(user, b"MGET a b c") == "key c"
    assert denied(user, b"MGET b a") is None
    assert denied(user, b"MGET c b") == "key c"


def test_clients_are_told_of_newer_commands_only_what_a_rule_named(user: User) -> None:
    user.change([b"+@hash"])
    assert describe_user(user, whole=False).endswith(b" -@all +@hash")
    user.change([b"-hexpire"])
    assert describe_user(user, whole=False).endswith(b" -@all +@hash -hexpire")
    user.change([b"+@hash"])
    assert describe_user(user, whole=False).endswith(b" -@all +@hash")


def test_what_is_written_to_a_file_names_newer_commands_too(user: User) -> None:
    user.change([b"+@read", b"+@hash"])
    assert b"+hset" in describe_user(user, whole=False)
    assert b"+hsetex" not in describe_user(user, whole=False)
    assert b"+hsetex" in describe_user(user, whole=True)


def test_what_is_written_down_makes_the_user_anew(user: User) -> None:
    user.change([b"on", b">pw", b"%R~a", b"&b", b"+@all", b"-@read", b"+get", b"(+select|0 ~x)"])
    again = User(b"again", Catalogue(TABLE), Config())
    again.change(describe_user(user, whole=True).split(b" "))
    assert describe_user(again, whole=True) == describe_user(user, whole=True)


@pytest.mark.parametrize(
    ("rules", "merged"),
    [
        ([b"on", b"(+get)", b"~a"], [b"on", b"(+get)", b"~a"]),
        ([b"(+get", b"~a)", b"on"], [b"(+get ~a)", b"on"]),
        ([b"(+get", b"~a", b"~b)"], [b"(+get ~a ~b)"]),
        ([b"(+get", b"(+set", b"~b)"], [b"(+set ~b)"]),
        ([b""], [b""]),
    ],
)
def test_a_selector_may_stand_in_several_words(rules: list[bytes], merged: list[bytes]) -> None:
    assert merge_selectors(rules) == merged


def test_a_selector_that_is_not_closed_is_told_by_its_first_word() -> None:
    with pytest.raises(AclUnmatchedParenthesis, match=r"'\(\+get'"):
        merge_selectors([b"on", b"(+get", b"~a"])
