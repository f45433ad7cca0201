"""Lua 5.1 as Redis embeds it, compiled to Python: no C Lua, and nothing of Python within reach."""

from .errors import LuaSyntaxError, ScriptStopped
from .host import ScriptHost
from .library import Library, LibraryFunction, is_name
from .script import Script, compile_script
from .shared import Shared

__all__ = [
    "Library",
    "LibraryFunction",
    "LuaSyntaxError",
    "Script",
    "ScriptHost",
    "ScriptStopped",
    "Shared",
    "compile_script",
    "is_name",
]
