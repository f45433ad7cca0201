"""One script, compiled once and run many times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from ..errors import NamelessError, ScriptFailed
from ..reply import Reply
from . import runtime
from .conversion import COUNTED, to_reply
from .errors import LuaError, ScriptStopped
from .host import ScriptHost
from .runtime import Table
from .shared import Shared
from .tracing import located, positions_of
from .world import World, failure

#: What Lua calls every script.
CHUNK = b"@user_script"


def compile_script(source: bytes, name: str, shared: Shared) -> Script:
    """Compile a script for the server that shares this with it. Raises LuaSyntaxError."""
    return Script(source, name, shared)


class Script:
    """A compiled script. Runs of it share nothing but the code."""

    def __init__(self, source: bytes, name: str, shared: Shared) -> None:
        #: How errors call it: by the SHA-1 under which EVALSHA finds it.
        self._name = name
        self._world = World(shared, is_of_functions=False, is_resumable=b"coroutine" in source)
        self._main = self._world.load(source, CHUNK)
        tables = self._world.tables
        self._has_keys, self._has_argv = b"KEYS" in tables, b"ARGV" in tables
        #: Where its code looks for KEYS and ARGV, and where all other code does.
        self._names, self._globals = self._main.__globals__, self._world.globals.hash

    def run(self, host: ScriptHost, keys: Sequence[bytes], argv: Sequence[bytes]) -> Reply:
        """Run the script once. Raises CommandError."""
        world, names, shared = self._world, self._names, self._globals
        world.begin(host)
        names["KEYS"], names["ARGV"] = keys, argv
        if self._has_keys:
            names["KEYS"] = shared[b"KEYS"] = Table(list(keys))
        if self._has_argv:
            names["ARGV"] = shared[b"ARGV"] = Table(list(argv))
        try:
            results = self._main()
        except (LuaError, RecursionError, ScriptStopped) as error:
            fail(error, self._name)
        finally:
            world.end()
        return to_reply(results[0], world.redis.resp) if results else None


def fail(error: Exception, name: str) -> NoReturn:
    """What ended a run, as a reply; ``name`` is that of the script or function."""
    positions = positions_of(error)
    position = positions[-1][:2] if positions else None
    if isinstance(error, ScriptStopped):
        raise ScriptFailed(str(error), name, position) from None
    thrown = failure(error)
    text = error_text(thrown)
    if text is None:
        raise NamelessError from None
    is_counted = thrown.value.__class__ is Table and thrown.value.hash.get(COUNTED) is True
    raise ScriptFailed(text, name, position, is_counted=is_counted) from None


def error_text(error: LuaError) -> str | None:
    """What a reply says of an error; None for a table that says nothing."""
    value = located(error)
    if value.__class__ is Table:
        message = value.hash.get(b"err")
        if message.__class__ not in (bytes, float):
            return None
        message = runtime.tostring(message)
    else:
        message = b"ERR " + runtime.tostring(value)
    text: str = message.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    return text
