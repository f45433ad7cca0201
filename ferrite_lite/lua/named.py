"""The commands that a source names, and what its code wants of their replies."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Form(enum.Enum):
    """What becomes of a reply."""

    #: A value of Lua.
    VALUE = enum.auto()
    #: The same, and an error becomes a table: ``redis.pcall``.
    SAFE_VALUE = enum.auto()
    #: Nothing, for the call is a statement.
    NOTHING = enum.auto()
    #: What the script answers, which nobody sees before: a hash can stay as it is.
    ANSWER = enum.auto()


class NamedCommand(NamedTuple):
    """A command with so many words."""

    name: bytes
    argc: int
    form: Form
