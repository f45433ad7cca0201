"""Tests of our groups that pass on redis-server, need not pass here, and why.

The names are ``suite: test``, with wildcards. What these tests have in common is that no command
they send tells that they are about something else.
"""

from __future__ import annotations

EXCEPTIONS = {
    "redis-py *::test_command_list*": "counts the commands of every group, ours and others",
    "redis-py *::test_get_moveable_keys": "asks for the keys of XREAD, a command on streams",
    "redis-py *::test_command_getkeysandflags*": "asks what LMOVE does, a command on lists",
}
