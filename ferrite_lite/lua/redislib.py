"""The redis library: commands, errors and the server's log, as a script reaches them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import (
    CommandError,
    ScriptArgumentCount,
    ScriptArgumentType,
    ScriptLogArguments,
    ScriptLogLevel,
    ScriptLogLevelType,
    ScriptSetReplArguments,
    ScriptSetReplFlags,
    ScriptSetrespArguments,
    ScriptSetrespVersion,
    ScriptSingleString,
    ScriptUnknownAclCommand,
    ScriptWrongNumberOfArguments,
)
from ..reply import FlatMap, Reply, StringMap, StringSet
from . import arguments as args
from .conversion import error_table, tagged, to_lua
from .errors import LuaError
from .host import ScriptHost
from .named import Form, NamedCommand
from .numbers import argument_text
from .runtime import Results, Table, Value, tonumber, tostring
from .tracing import position_here

LOG_LEVELS = {b"LOG_DEBUG": 0, b"LOG_VERBOSE": 1, b"LOG_NOTICE": 2, b"LOG_WARNING": 3}
REPLICATION = {
    b"REPL_NONE": 0,
    b"REPL_AOF": 1,
    b"REPL_SLAVE": 2,
    b"REPL_REPLICA": 2,
    b"REPL_ALL": 3,
}


def _version_number(version: str) -> int:
    major, minor, patch = map(int, version.split("."))
    return major << 16 | minor << 8 | patch


class RedisLibrary:
    """The ``redis`` table of one script, or of a library of functions. Each run sets ``host``."""

    def __init__(self, version: str, *, is_of_functions: bool) -> None:
        """``version`` is the one that scripts are told."""
        self.host: ScriptHost
        self._version = version
        self.resp = 2
        self.call, self.pcall = self._callers()
        self.table = Table()
        self.table.hash.update(self._functions())
        if not is_of_functions:
            self.table.hash.update(_OF_SCRIPTS)
        self.table.hash.update(self.facts())
        self.table.hash.update({name: float(value) for name, value in REPLICATION.items()})
        self.table.readonly = True

    def _callers(self) -> tuple[Callable[..., Results], Callable[..., Results]]:
        def call(*arguments: Value) -> Results:
            try:
                reply = self.host.call(_words(arguments))
            except CommandError as error:
                raise LuaError(error_table(error)) from None
            return [reply if reply.__class__ is bytes else to_lua(reply, self.resp)]

        def pcall(*arguments: Value) -> Results:
            try:
                return [to_lua(self.host.call(_words(arguments)), self.resp)]
            except CommandError as error:
                return [error_table(error)]

        return call, pcall

    def prepared(self, command: NamedCommand) -> Callable[..., Value]:
        """A call of one command, which gives one value. But for ``pcall`` its words are strings."""
        name, argc, form = command
        if form is Form.SAFE_VALUE:
            return self._prepared_safely(name, argc)
        convert = self._conversions()[form]
        prepared: Any = None

        def call(*arguments: bytes) -> Value:
            nonlocal prepared
            host = self.host
            if prepared is None:
                prepared = host.prepare(name, argc)
            try:
                reply = host.call_prepared(prepared, name, arguments)
            except CommandError as error:
                raise LuaError(error_table(error)) from None
            if reply.__class__ is bytes:
                return reply
            return float(reply) if reply.__class__ is int else convert(reply, self.resp)

        return call

    def _prepared_safely(self, name: bytes, argc: int) -> Callable[..., Value]:
        prepared: Any = None

        def pcall(*arguments: Value) -> Value:
            nonlocal prepared
            host = self.host
            if prepared is None:
                prepared = host.prepare(name, argc)
            try:
                for argument in arguments:
                    if argument.__class__ is not bytes:
                        arguments = tuple(_converted(arguments))
                        break
                return to_lua(host.call_prepared(prepared, name, arguments), self.resp)
            except CommandError as error:
                return error_table(error)

        return pcall

    def _conversions(self) -> dict[Form, Callable[[Reply, int], Value]]:
        return {Form.VALUE: to_lua, Form.NOTHING: _ignored, Form.ANSWER: self._as_answer}

    def _as_answer(self, reply: Reply, resp: int) -> Value:
        """A hash or a set that the script answers is no table first, unless it has to wait."""
        if resp == 2 and self.host.is_answered_at_once:
            if isinstance(reply, StringMap):
                return FlatMap(reply)
            if isinstance(reply, StringSet):
                return list(reply)
        return to_lua(reply, resp)

    def _functions(self) -> dict[bytes, Callable[..., Results]]:
        return {
            b"call": self.call,
            b"pcall": self.pcall,
            b"error_reply": error_reply,
            b"status_reply": status_reply,
            b"sha1hex": sha1hex,
            b"log": lambda *arguments: self._log(arguments),
            b"setresp": lambda *arguments: self._setresp(arguments),
            b"set_repl": set_repl,
            b"acl_check_cmd": lambda *arguments: self._acl_check_cmd(arguments),
        }

    def facts(self) -> dict[bytes, Value]:
        """What a library of functions finds in ``redis`` while it is being loaded, too."""
        return {
            b"log": self.table.hash[b"log"],
            **{name: float(level) for name, level in LOG_LEVELS.items()},
            b"REDIS_VERSION": self._version.encode(),
            b"REDIS_VERSION_NUM": float(_version_number(self._version)),
        }

    def _log(self, arguments: tuple[Value, ...]) -> Results:
        if len(arguments) < 2:
            raise_error(ScriptLogArguments())
        level = tonumber(arguments[0])
        if level is None:
            raise_error(ScriptLogLevelType())
        level = args.to_long(level)
        if level not in LOG_LEVELS.values():
            raise_error(ScriptLogLevel())
        parts = [_shown(part) for part in arguments[1:]]
        self.host.log(level, b" ".join(part for part in parts if part is not None))
        return []

    def _acl_check_cmd(self, arguments: tuple[Value, ...]) -> Results:
        """Whether the user of the script may run a command."""
        try:
            is_permitted = self.host.permits(_words(arguments))
        except CommandError as error:
            raise_error(error)
        if is_permitted is None:
            raise_error(ScriptUnknownAclCommand())
        return [is_permitted]

    def _setresp(self, arguments: tuple[Value, ...]) -> Results:
        if len(arguments) != 1:
            raise_error(ScriptSetrespArguments())
        version = tonumber(arguments[0]) or 0.0
        if not 2 <= version < 4:
            raise_error(ScriptSetrespVersion())
        self.resp = int(version)
        self.host.speak(self.resp)
        return []


#: What only EVAL's scripts have: without a debugger, and replicated by effects anyway, no-ops.
_OF_SCRIPTS: dict[bytes, Callable[..., Results]] = {
    b"breakpoint": lambda *_: [False],
    b"debug": lambda *_: [],
    b"replicate_commands": lambda *_: [True],
}


def raise_error(error: CommandError) -> NoReturn:
    """An error of the library itself, which a script sees as it sees a command's."""
    raise LuaError(error_table(error))


def _ignored(*_: Reply) -> Value:
    """What a statement makes of a reply."""


def _words(arguments: tuple[Value, ...]) -> list[bytes]:
    """The request that ``redis.call`` makes."""
    for argument in arguments:
        if argument.__class__ is not bytes:
            return _converted(arguments)
    if not arguments:
        raise ScriptArgumentCount
    return list(arguments)


def _converted(arguments: tuple[Value, ...]) -> list[bytes]:
    words = [_as_text(argument) for argument in arguments]
    if None in words:
        raise ScriptArgumentType
    return [word for word in words if word is not None]


def word(value: Value) -> bytes:
    """An argument of a command as a string. Raises LuaError."""
    if value.__class__ is float:
        return argument_text(value)
    text = _as_text(value)
    if text is None:
        raise_error(ScriptArgumentType())
    return text


def _as_text(value: Value) -> bytes | None:
    """A string or a number as a word."""
    if value.__class__ is bytes:
        return bytes(value)
    return argument_text(value) if value.__class__ is float else None


def _shown(value: Value) -> bytes | None:
    """A string, or a number as Lua shows it."""
    return tostring(value) if value.__class__ in (bytes, float) else None


def set_repl(*arguments: Value) -> Results:
    """Accepted and without effect: there are no replicas."""
    if len(arguments) != 1:
        raise_error(ScriptSetReplArguments())
    if args.to_long(tonumber(arguments[0]) or 0.0) not in REPLICATION.values():
        raise_error(ScriptSetReplFlags())
    return []


def error_reply(*arguments: Value) -> Results:
    if len(arguments) != 1 or arguments[0].__class__ is not bytes:
        return [error_table(ScriptSingleString())]
    message = args.c_string(arguments[0]).removeprefix(b"-")
    if b" " not in message:
        message = b"ERR " + message
    return [tagged(b"err", message)]


def status_reply(*arguments: Value) -> Results:
    if len(arguments) != 1 or arguments[0].__class__ is not bytes:
        return [error_table(ScriptSingleString())]
    return [tagged(b"ok", arguments[0])]


def sha1hex(*arguments: Value) -> Results:
    if len(arguments) != 1:
        raise_error(ScriptWrongNumberOfArguments())
    text = _shown(arguments[0])
    return [hashlib.sha1(text or b"", usedforsecurity=False).hexdigest().encode()]


def error_handler(*arguments: Value) -> Results:
    """What Redis turns the error that ends a script into a reply with; scripts can see it, too."""
    error = args.given(arguments, 1)
    if error.__class__ is not Table:
        error = tagged(b"err", b"ERR " + tostring(error))
    position = position_here()
    if position is not None:
        error.set(b"source", position.chunk)
        error.set(b"line", float(position.line))
    return [error]
