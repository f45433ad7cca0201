"""Lua 5.1 as Redis embeds it, compiled to Python: no C Lua, and nothing of Python within reach."""

from .errors import LuaSyntaxError, ScriptStopped
from .host import ScriptHost
from .script import Script, compile_script

__all__ = ["LuaSyntaxError", "Script", "ScriptHost", "ScriptStopped", "compile_script"]
