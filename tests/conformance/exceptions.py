"""Tests of our command groups that pass on redis-server and need not pass here, and why.

The names are ``suite: test``, with wildcards. All these tests are about something that is not
served, but no command that they send shows it.
"""

from __future__ import annotations

EXCEPTIONS = {
    "redis-py *::test_command_list*": "counts the commands of every group, ours and others",
    "redis-py *::test_get_moveable_keys": "asks for the keys of XREAD, a command on streams",
    "redis-py *::test_command_getkeysandflags*": "asks what LMOVE does, a command on lists",
}
