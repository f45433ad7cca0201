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
_BY_LIBRARY = "library ''"
#: What runs a coroutine, by its name: its module imports this one.
_COROUTINE = "Coroutine.resume"

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
                found[-1] = found[-1]._replace(callee=_BY_LIBRARY)
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


def _at_level(error: LuaError) -> Position | None:
    """Where the function of the script is that ``error`` means by a level above 1, if it is one."""
    running = _running(error)
    position = running[-error.level] if error.level <= len(running) else None
    return None if position is None or position.is_tail_call else position


def _running(error: LuaError) -> list[Position | None]:
    """All functions that were running on the stack, the innermost last; None for one of C."""
    found: list[Position | None] = []
    for frame, python_line in _frames(error):
        if frame.f_code.co_filename == CODE_NAME:
            if frame.f_code.co_name.startswith(PART):
                found.pop()
            found.append(_position(frame.f_globals, python_line))
        elif frame.f_code is call_back.__code__ and frame.f_locals["level"] == 0:
            found.append(None)
        elif frame.f_code.co_qualname == _COROUTINE:
            found.clear()  # a coroutine has a stack of its own
    return found


def _frames(error: LuaError) -> list[tuple[FrameType, int]]:
    """The frames outside of where the error is caught, and those inside."""
    traceback = error.__traceback__
    frame = traceback.tb_frame.f_back if traceback is not None else None
    frames = []
    while frame is not None:
        frames.append((frame, frame.f_lineno))
        frame = frame.f_back
    frames.reverse()
    while traceback is not None:
        frames.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames


def located(error: LuaError) -> Value:
    """The thrown value; a message is told with its position, once."""
    if error.value.__class__ is not bytes or error.level <= 0:
        return error.value
    positions = positions_of(error)
    if isinstance(error, BadArgument):
        error.value = _called(error, positions)
    elif error.level > 1:
        if (position := _at_level(error)) is not None:
            error.value = position.prefix + error.value
    elif positions and positions[-1].callee != _BY_LIBRARY:
        error.value = positions[-1].prefix + error.value
    error.level = 0
    return error.value


def _called(error: BadArgument, positions: list[Position]) -> bytes:
    """The message of a bad argument: it tells what the script calls the function."""
    if not positions:
        return error.called("")  # pcall calls it, and has no name for it
    position = positions[-1]
    message: bytes = error.value if position.callee is None else error.called(position.callee)
    return message if position.callee == _BY_LIBRARY else position.prefix + message
