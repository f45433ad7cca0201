"""What can go wrong in a script, before it is a reply."""

from __future__ import annotations

from typing import Any


class LuaSyntaxError(Exception):
    """The source is no Lua. The message is Lua 5.1's: position, what, and near which word."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(line, what)
        self.line = line
        self.what = what

    def told_of(self, chunk: bytes) -> bytes:
        """The whole message, for a chunk of this name as it is shown."""
        return b"%b:%d: %b" % (chunk, self.line, self.what.encode("utf-8", "surrogateescape"))


class LuaError(Exception):
    """``error(value)``: any Lua value may be thrown; a string carries its position.

    ``level`` says whose line a message without a position must be given: 1 is the function that
    failed, 2 its caller; 0 leaves the value as it is.
    """

    def __init__(self, value: Any, level: int = 1) -> None:
        super().__init__(value)
        self.value = value
        self.level = level


class StackOverflow(LuaError):
    """A function is not begun, for too many are running: this happens where it is called."""


class BadArgument(LuaError):
    """A library function refuses an argument; positions count from 1."""

    def __init__(self, position: int, function: bytes, reason: bytes) -> None:
        super().__init__(_bad_argument(position, function, reason))
        self.position, self.reason = position, reason

    def called(self, callee: str) -> bytes:
        """The message where a script calls it ``local 'f'``, say, or by no name: ``""``."""
        kind, _, quoted = callee.partition(" ")
        name, position = quoted.encode("utf-8", "surrogateescape")[1:-1] or b"?", self.position
        if kind == "method":
            position -= 1
            if not position:
                return b"calling '%b' on bad self (%b)" % (name, self.reason)
        return _bad_argument(position, name, self.reason)


def _bad_argument(position: int, function: bytes, reason: bytes) -> bytes:
    return b"bad argument #%d to '%b' (%b)" % (position, function, reason)


class ScriptStopped(Exception):
    """The host ended the script: no pcall catches it. The message is that of the reply."""
