from __future__ import annotations

from collections.abc import Sequence

import pytest

from ferrite_lite.acl import AccessControl, UserLine
from ferrite_lite.commands import TABLE
from ferrite_lite.config import Config


@pytest.fixture
def acl() -> AccessControl:
    return AccessControl(TABLE, Config())


def lines(*texts: str) -> list[UserLine]:
    return [UserLine(number, text.encode().split()) for number, text in enumerate(texts, 10)]


def faults(acl: AccessControl, definitions: Sequence[UserLine]) -> list[tuple[int, str]]:
    return acl.load_users(definitions)


def test_at_first_there_is_one_user_who_may_do_everything(acl: AccessControl) -> None:
    assert acl.describe(whole=True) == [b"user default on nopass ~* &* +@all"]
    assert acl.default.is_unrestricted
    assert acl.default.lets_anybody_in


def test_requirepass_is_the_default_user_s_password() -> None:
    acl = AccessControl(TABLE, Config(requirepass=b"secret"))
    assert not acl.default.lets_anybody_in
    assert acl.authenticate(b"default", b"secret") is acl.default
    assert acl.authenticate(b"default", b"other") is None
    acl.require_password(b"")
    assert acl.default.lets_anybody_in


def test_nobody_is_authenticated_by_an_unknown_name(acl: AccessControl) -> None:
    assert acl.authenticate(b"nobody", b"x") is None


def test_the_default_user_is_not_removed(acl: AccessControl) -> None:
    assert acl.remove(b"default") is None
    assert acl.find(b"default") is acl.default


def test_users_come_from_the_lines_of_a_configuration(acl: AccessControl) -> None:
    definitions = lines("user alice on >pw ~a +get", "user default on nopass ~* -@all +ping")
    assert faults(acl, definitions) == []
    assert [user.name for user in acl.users()] == [b"alice", b"default"]
    assert not acl.default.is_unrestricted
    assert acl.default is acl.find(b"default")


def test_an_unused_selector_of_a_configuration_may_stand_in_several_words(
    acl: AccessControl,
) -> None:
    assert faults(acl, lines("user alice on (+get ~a) (+set ~b)")) == []
    assert b"(~a resetchannels -@all +get)" in acl.describe(whole=True)[0]


def test_faulty_lines_are_told_by_number_and_change_nothing(acl: AccessControl) -> None:
    definitions = lines(
        "user alice on",
        "user alice off",
        "user bob nosuch",
        "user carol +nosuch",
        "user",
        "user dave (+get",
        "user eve >ok #bad",
    )
    assert faults(acl, definitions) == [
        (11, "Duplicate user found. A user can only be defined once in config files"),
        (12, "Syntax error"),
        (
            13,
            "Error in applying operation '+nosuch': Unknown command or category name in ACL",
        ),
        (14, "should start with user keyword followed by the username"),
        (15, "Unmatched parenthesis in acl selector starting at '(+get'."),
        (
            16,
            "The password hash must be exactly 64 characters and contain only lowercase"
            " hexadecimal characters",
        ),
    ]
    assert [user.name for user in acl.users()] == [b"default"]


def test_a_name_with_a_space_in_it_is_refused(acl: AccessControl) -> None:
    line = UserLine(1, [b"user", b"a b", b"on"])
    assert faults(acl, [line]) == [(1, "Usernames can't contain spaces or null characters")]


def test_a_file_in_which_a_selector_is_not_closed_is_refused(acl: AccessControl) -> None:
    _, told = acl.read_file("f", b"user alice on (+get ~a\n")
    assert told.startswith("f:1: Unmatched parenthesis in selector definition.")


def test_no_fault_tells_a_password(acl: AccessControl) -> None:
    _, told = acl.read_file("f", b"user alice on <secret\n")
    assert "secret" not in told
    assert "secret" not in str(acl.load_users(lines("user bob <secret")))


def test_acl_pubsub_default_is_what_a_new_user_begins_with() -> None:
    acl = AccessControl(TABLE, Config(acl_pubsub_default="allchannels"))
    assert acl.new_user(b"alice").selectors[0].has_all_channels


def test_replaced_users_are_others_but_for_the_default_one(acl: AccessControl) -> None:
    acl.load_users(lines("user alice on", "user bob on"))
    alice, default = acl.find(b"alice"), acl.default
    users, _ = acl.read_file("f", b"user alice off\nuser default off\n")
    gone = acl.replace_users(users)
    assert {user.name for user in gone} == {b"alice", b"bob"}
    assert acl.find(b"alice") is not alice
    assert acl.default is default is acl.find(b"default")
    assert not default.is_on
