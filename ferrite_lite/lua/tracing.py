"""Where in the script an error happened: from Python's traceback back to Lua's lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType, TracebackType

from .compiler import CODE_NAME
from .errors import LuaError
from .lexer import CHUNK
from .runtime import Value

#: The script's line of each line of its Python, in the globals of the compiled code.
LINES = "lines_of_the_script"


def lines_of(traceback: TracebackType | None) -> list[int]:
    """The line in each function of the script that was running, the innermost last."""
    return list(_lines(traceback))


def _lines(traceback: TracebackType | None) -> Iterator[int]:
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_filename == CODE_NAME:
            yield frame.f_globals[LINES][traceback.tb_lineno]
        traceback = traceback.tb_next


def line_here() -> int | None:
    """The line of the script that is being run."""
    frame: FrameType | None = sys._getframe(1)  # there is no other way to ask
    while frame is not None:
        if frame.f_code.co_filename == CODE_NAME:
            line: int = frame.f_globals[LINES][frame.f_lineno]
            return line
        frame = frame.f_back
    return None


def located(error: LuaError) -> Value:
    """The thrown value; a message is told with its position, once."""
    if error.value.__class__ is bytes and error.level > 0:
        lines = lines_of(error.__traceback__)
        if len(lines) >= error.level:
            error.value = b"%b:%d: %b" % (CHUNK.encode(), lines[-error.level], error.value)
        error.level = 0
    return error.value
