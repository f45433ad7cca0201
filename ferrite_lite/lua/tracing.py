"""Where in the script an error happened: from Python's traceback back to Lua's lines."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, NamedTuple

from .bodies import CODE_NAME, FOR_GENERATOR, PART
from .budget import call_back
from .errors import BadArgument, LuaError, StackOverflow
from .runtime import Value

#: In the globals of compiled code: its chunk, and the script's line of each line of its Python,
#: negative where a function goes on with another one in its place.
CHUNK, LINES = "chunk_of_the_script", "lines_of_the_script"
#: What the script calls the function that it calls in a line of its Python, if there is one only.
CALLEES = "callees_of_the_script"
#: As the callee of a line: a library was called there, and called the function.
BY_LIBRARY = "library ''"

#: ``LUA_IDSIZE`` and ``MAXSRC``: the room for a chunk's name in an error of a run, and in one of
#: its syntax.
ID_BYTES, SYNTAX_ID_BYTES = 60, 80


class Position(NamedTuple):
    """Where something is in Lua."""

    #: As Lua keeps it: ``@`` or ``=`` and a name, or the text itself.
    chunk: bytes
    line: int
    #: Whether the function goes on with another one in its place: Lua keeps nothing of it.
    is_tail_call: bool = False
    #: What it calls the function that is running there; None where that is the function's own name.
    callee: str | None = None

    @property
    def prefix(self) -> bytes:
        """What stands before an error's message."""
        return b"%b:%d: " % (shown_chunk(self.chunk), self.line)


def shown_chunk(chunk: bytes, room_bytes: int = ID_BYTES) -> bytes:
    """How Lua names a chunk in its messages."""
    if chunk[:1] == b"=":
        return chunk[1:room_bytes]
    if chunk[:1] == b"@":
        name, room_bytes = chunk[1:], room_bytes - len(" '...' ") - 1
        return name if len(name) <= room_bytes else b"..." + name[-room_bytes:]
    room_bytes -= len(' [string "..."] ') + 1
    first = chunk.replace(b"\r", b"\n").partition(b"\n")[0][:room_bytes]
    return b'[string "%b%b"]' % (first, b"..." if len(first) < len(chunk) else b"")


def positions_of(error: BaseException) -> list[Position]:
    """Where each function of the script was that was running, the innermost last."""
    found: list[Position] = []
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_filename == CODE_NAME:
            if frame.f_code.co_name.startswith(PART):
                found.pop()  # it tells the line better
            found.append(_position(frame.f_globals, traceback.tb_lineno))
        elif frame.f_code is call_back.__code__ and found:
            # A library calls, or an operator, who have no names; but for the loop's own.
            if frame.f_locals["level"] == 0:
                found[-1] = found[-1]._replace(callee=BY_LIBRARY)
            elif found[-1].callee != FOR_GENERATOR:
                found[-1] = found[-1]._replace(callee="")
        traceback = traceback.tb_next
    if isinstance(error, StackOverflow):
        found.pop()
    return found


def _position(names: dict[str, Any], python_line: int) -> Position:
    line = names[LINES][python_line]
    return Position(names[CHUNK], abs(line), line < 0, names[CALLEES].get(python_line))


def position_here() -> Position | None:
    """Where the script is that is running."""
    frame: FrameType | None = sys._getframe(1)  # there is no other way to ask
    while frame is not None:
        if frame.f_code.co_filename == CODE_NAME:
            return _position(frame.f_globals, frame.f_lineno)
        frame = frame.f_back
    return None


def located(error: LuaError) -> Value:
    """The thrown value; a message is told with its position, once."""
    if error.value.__class__ is bytes and error.level > 0:
        positions = positions_of(error)
        if len(positions) >= error.level:
            position = positions[-error.level]
            if isinstance(error, BadArgument) and position.callee is not None:
                error.value = error.called(position.callee)
                if position.callee == BY_LIBRARY:
                    error.level = 0
                    return error.value
            if error.level == 1 or not position.is_tail_call:
                error.value = position.prefix + error.value
        elif isinstance(error, BadArgument):
            error.value = error.nameless
        elif error.level == len(positions) + 2 and (here := position_here()):
            error.value = here.prefix + error.value  # between them is pcall, which has no line
        error.level = 0
    return error.value
