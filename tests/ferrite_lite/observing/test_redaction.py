from __future__ import annotations

import pytest

from ferrite_lite.commands import TABLE
from ferrite_lite.observing.redaction import redacted


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        ("AUTH secret", "AUTH (redacted)"),
        ("AUTH alice secret", "AUTH (redacted) (redacted)"),
        ("HELLO 3 AUTH alice secret SETNAME x", "HELLO 3 AUTH (redacted) (redacted) SETNAME x"),
        ("HELLO 3 auth\0x alice secret", "HELLO 3 auth\0x (redacted) (redacted)"),
        ("HELLO 3 SETNAME x", "HELLO 3 SETNAME x"),
        ("ACL SETUSER alice on >secret", "ACL SETUSER (redacted) (redacted) (redacted)"),
        ("CONFIG SET maxclients 5 RequirePass s", "CONFIG SET maxclients 5 RequirePass (redacted)"),
        ("SET auth secret", "SET auth secret"),
    ],
)
def test_a_request_is_shown_without_its_secrets(request_: str, shown: str) -> None:
    argv = request_.encode().split()
    top = TABLE[argv[0]]
    assert top is not None
    assert b" ".join(redacted(top.resolve(argv), argv)).decode() == shown
