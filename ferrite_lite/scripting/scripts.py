"""Scripts that a server knows, by the SHA-1 of their text: Lua, or a Python twin of it."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..acl import Place
from ..clock import NS_PER_MS, stopwatch_ns
from ..command import MANY_WORDS, Command, Handler
from ..context import Context
from ..errors import (
    BusyFunction,
    BusyScript,
    CommandError,
    NoScriptRunning,
    NotEnoughReplicas,
    OutOfMemory,
    ScriptCommandNotAllowed,
    ScriptDoesNotCompile,
    ScriptKilled,
    ScriptMayWrite,
    ScriptNoPermission,
    ScriptStoppedByServer,
    ScriptUnkillable,
    ScriptUnknownCommand,
    ScriptWriteNotAllowed,
    ScriptWrongArity,
    UnknownSubcommand,
    WrongArity,
)
from ..lua import LuaSyntaxError, Script, ScriptHost, ScriptStopped, Shared, compile_script
from ..observing.metrics import Meter, is_quick
from ..reply import Reply
from ..scriptflags import Flags, command_flags, read_shebang

if TYPE_CHECKING:
    from ..state import ServerState

logger = logging.getLogger("ferrite_lite.scripting.scripts")

#: Levels of ``redis.log`` as those of Python's logging.
_LOG_LEVELS = (logging.DEBUG, logging.DEBUG, logging.INFO, logging.WARNING)

#: Why a command that a script calls is not run at all.
_REFUSALS = (
    NotEnoughReplicas,
    ScriptCommandNotAllowed,
    ScriptNoPermission,
    ScriptWriteNotAllowed,
    ScriptWrongArity,
)

#: Texts that EVAL was given are kept for EVALSHA up to this number, as since Redis 7.4.
MAX_PASSING_SCRIPTS = 500

#: A command of a script that took as long may be one of many: others are looked after.
SLOW_NS = NS_PER_MS

_WRITES = frozenset({"write"})
#: PUBLISH, which replicas would hear of, is no reading either.
_READONLY_REFUSES = frozenset({"write", "may_replicate"})

Keys = Sequence[bytes]
NativeFunction = Callable[[Context, Keys, Keys], Reply]


def sha1(text: bytes) -> bytes:
    """The name that EVALSHA knows a script by. It names, it does not protect."""
    return hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()


def log_message(level: int, message: bytes) -> None:
    """What ``redis.log`` says, in the server's log."""
    logger.log(_LOG_LEVELS[level], "%s", message.decode("utf-8", "backslashreplace"))


class Runnable(Protocol):
    """A script ready to run."""

    @property
    def text(self) -> bytes:
        """What SCRIPT LOAD was given."""
        ...

    @property
    def flags(self) -> Flags:
        """What it declares in its first line."""
        ...

    def run(self, ctx: Context, keys: Keys, argv: Keys, *, readonly: bool) -> Reply:
        """Raises CommandError."""
        ...


@dataclass(frozen=True, slots=True)
class NativeScript:
    """A Python function that stands in for one exact Lua text.

    It must do what the text does: a test that runs both, and a real server, shows it. It is called
    with the connection's context, KEYS and ARGV, and works on ``ctx.db``. Where its reply holds a
    hash as it is, in a ``FlatMap``, that is sent at once: in a transaction, where it would have to
    wait, the text itself runs.
    """

    text: bytes
    function: NativeFunction


class LuaScript:
    """A compiled script, and how it reaches the commands."""

    __slots__ = ("_script", "flags", "text")

    def __init__(self, text: bytes, shared: Shared) -> None:
        """Raises ScriptDoesNotCompile, and what ``read_shebang`` raises."""
        self.text = text
        self.flags, source = read_shebang(text)
        try:
            self._script: Script = compile_script(source, sha1(text).decode(), shared)
        except LuaSyntaxError as error:
            raise ScriptDoesNotCompile(error.told_of(b"user_script")) from None

    def run(self, ctx: Context, keys: Keys, argv: Keys, *, readonly: bool) -> Reply:
        return run_lua(ctx, self._script.run, keys, argv, self.flags, readonly=readonly)


def run_lua(
    ctx: Context,
    run: Callable[[ScriptHost, Keys, Keys], Reply],
    keys: Keys,
    argv: Keys,
    flags: Flags,
    *,
    readonly: bool,
    is_function: bool = False,
) -> Reply:
    """Run a script or a function for a connection. Raises CommandError.

    Declared flags are obeyed at once; without any, each command is judged when it is called.
    """
    server = ctx.server
    metrics = server.metrics
    is_full = server.memory.is_exhausted
    if flags is not None:
        _check_flags(ctx, flags, readonly=readonly)
        readonly = "no-writes" in flags
        is_full = is_full and "allow-oom" not in flags
    before = ctx.db, ctx.resp, ctx.command, ctx.fieldsets
    host = server.running_script = (_FullHost if is_full else _Host)(ctx, readonly, is_function)
    ctx.resp = 2  # what commands answer a script, whatever its client speaks
    ctx.running_script, ctx.fieldsets = True, None
    try:
        reply = run(host, keys, argv)
        if reply.__class__ is CommandError:
            metrics.count_error(reply)  # of the script's own making
        elif isinstance(reply, list):
            metrics.count_errors_within(reply, before[2])
        return reply
    finally:
        server.running_script = None
        if server.is_busy:
            server.end_busy()
        # A SELECT inside the script is the script's own, and so is what HIMPORT prepares.
        ctx.db, ctx.resp, ctx.command, ctx.fieldsets = before
        ctx.running_script = False


def _check_flags(ctx: Context, flags: frozenset[str], *, readonly: bool) -> None:
    """Raises CommandError where a script is not even begun."""
    if "no-writes" in flags:
        return
    if readonly:
        raise ScriptMayWrite
    if ctx.server.config.lacks_replicas:
        raise NotEnoughReplicas
    if ctx.server.memory.is_exhausted and "allow-oom" not in flags:
        raise OutOfMemory


class Twin:
    """A native script on one server, with the Lua that it stands in for."""

    __slots__ = ("_lua", "flags", "native", "text")

    def __init__(self, native: NativeScript) -> None:
        self.native = native
        self.text = native.text
        self.flags = read_shebang(native.text)[0]
        #: Compiled when it is first asked for.
        self._lua: LuaScript | None = None

    def run(self, ctx: Context, keys: Keys, argv: Keys, *, readonly: bool) -> Reply:
        if readonly or ctx.executing or (ctx.guarded and self._matters_what_it_calls(ctx)):
            if self._lua is None:
                self._lua = LuaScript(self.native.text, ctx.server.scripts.shared)
            return self._lua.run(ctx, keys, argv, readonly=readonly)
        return self.native.function(ctx, keys, argv)

    @staticmethod
    def _matters_what_it_calls(ctx: Context) -> bool:
        """Only the Lua meets the checks of each command that it calls, and shows what it reads."""
        is_full = ctx.server.memory.is_exhausted
        return is_full or not ctx.user.is_unrestricted or ctx.is_observed


def kill(ctx: Context, *, is_function: bool) -> None:
    """Ask what is running to stop. Raises CommandError where it cannot."""
    run = ctx.server.running_script
    if run is None:
        raise NoScriptRunning
    if run.has_written:
        raise ScriptUnkillable
    if run.is_function is not is_function:
        raise busy_error(run)
    run.is_killed = True


def busy_error(run: ScriptRun | None) -> CommandError:
    """What a client is told while a script runs past its time."""
    return BusyFunction() if run is not None and run.is_function else BusyScript()


class Door(Protocol):
    """How others are served while a script runs."""

    def serve(self) -> bool:
        """Answer who has asked something; False where that cannot be done from this thread."""
        ...


class ScriptRun(Protocol):
    """What others may see of a script or function that is running, and do to it."""

    is_function: bool
    #: What its client speaks; within the script, commands answer as the script asks.
    client_resp: int
    has_written: bool
    is_killed: bool

    def described(self) -> Reply:
        """Name, request and duration, as in FUNCTION STATS."""
        ...


class Prepared:
    """A command that a script names, as it is called when nothing is special."""

    __slots__ = ("command", "handler", "is_quick", "meter", "writes")

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.command = meter.command
        self.handler = meter.command.handler
        self.is_quick = is_quick(meter.command)
        self.writes = "write" in meter.command.flags


class _Host:
    """One run's door to the engine."""

    __slots__ = (
        "_argv",
        "_caller",
        "_ctx",
        "_is_careful",
        "_is_plain",
        "_is_restricted",
        "_metrics",
        "_readonly",
        "_started_ns",
        "_write_refusal",
        "client_resp",
        "has_written",
        "is_function",
        "is_killed",
    )

    def __init__(self, ctx: Context, readonly: bool, is_function: bool) -> None:
        self._ctx = ctx
        self._argv = ctx.argv
        #: EVAL or its kin.
        self._caller = ctx.command
        self._metrics = ctx.server.metrics
        self._readonly, self.is_function = readonly, is_function
        self.client_resp = ctx.resp
        self.has_written = self.is_killed = False
        self._started_ns = 0
        #: Why it may not write, if it may not.
        self._write_refusal: type[CommandError] | None = None
        if readonly:
            self._write_refusal = ScriptWriteNotAllowed
        elif ctx.server.config.lacks_replicas:
            self._write_refusal = NotEnoughReplicas
        self._is_restricted = self._is_careful = False
        if ctx.guarded or self._metrics.times_all:
            self._is_restricted = not ctx.user.is_unrestricted
            self._is_careful = self._is_restricted or self._metrics.times_all or ctx.is_observed
        #: Whether a command that was prepared can run without another look.
        self._is_plain = self._write_refusal is None and not self._is_careful

    @property
    def is_answered_at_once(self) -> bool:
        return not self._ctx.executing

    @property
    def memory_bytes(self) -> int:
        return self._ctx.server.config.script_memory_bytes

    def speak(self, resp: int, /) -> None:
        self._ctx.resp = resp

    def call(self, argv: list[bytes], /) -> Reply:
        meter = self._metrics.plain[min(len(argv), MANY_WORDS)].get(argv[0])
        try:
            if meter is None or self._is_careful:
                return self._call_slowly(argv)
            flags = meter.command.flags
            if "noscript" in flags:
                raise ScriptCommandNotAllowed
            self._refuse_write(flags)
            if "write" in flags:
                self.has_written = True
            return self._run(meter, argv[1:])
        except CommandError as error:
            if isinstance(error, _REFUSALS):
                self._metrics.count_refusal(argv)
            self._count_error(error)
            raise

    def prepare(self, name: bytes, argc: int, /) -> Prepared | None:
        meter = self._metrics.plain[min(argc, MANY_WORDS)].get(name)
        if meter is None or "noscript" in meter.command.flags:
            return None
        return Prepared(meter)

    def call_prepared(
        self, prepared: Prepared | None, name: bytes, arguments: tuple[bytes, ...], /
    ) -> Reply:
        if prepared is None or not self._is_plain:
            return self.call([name, *arguments])
        self._ctx.command = prepared.command
        if prepared.writes:
            self.has_written = True
        meter = prepared.meter
        meter.calls += 1
        try:
            if prepared.is_quick:
                return prepared.handler(self._ctx, *arguments)
            return self._run_slow(prepared.handler, arguments)
        except CommandError as error:
            meter.failed += 1
            self._count_error(error)
            raise

    def _run_slow(self, handler: Handler, arguments: Sequence[bytes]) -> Reply:
        """A command that may take long is followed by a look at who waits."""
        began_ns = stopwatch_ns()
        reply = handler(self._ctx, *arguments)
        if stopwatch_ns() - began_ns > SLOW_NS:
            self.interrupt()
        return reply

    def _run(self, meter: Meter, arguments: Sequence[bytes]) -> Reply:
        meter.calls += 1
        self._ctx.command = meter.command
        try:
            return meter.handler(self._ctx, *arguments)
        except CommandError:
            meter.failed += 1
            raise

    def _count_error(self, error: CommandError) -> None:
        self._metrics.count_error(error)

    def _call_slowly(self, argv: list[bytes]) -> Reply:
        """A subcommand, a name in mixed case, or an error."""
        top = self._ctx.server.table[argv[0]]
        if top is None:
            raise ScriptUnknownCommand
        try:
            command = top.resolve(argv)
        except UnknownSubcommand:
            raise ScriptUnknownCommand from None
        except WrongArity:
            raise ScriptWrongArity from None
        if "noscript" in command.flags and not self._may_administer(command):
            raise ScriptCommandNotAllowed
        if self._is_restricted:
            self._require_permission(command, argv)
        self._refuse_write(command.flags)
        self.has_written |= "write" in command.flags
        return self._ctx.call(self._ctx, argv)

    def _refuse_write(self, flags: frozenset[str]) -> None:
        """Raises why a command that does so may not write."""
        refusal = self._write_refusal
        if refusal is None:
            return
        if flags & (_READONLY_REFUSES if refusal is ScriptWriteNotAllowed else _WRITES):
            raise refusal

    def _may_administer(self, command: Command) -> bool:
        """Not so by default. What has no reply that a script could read is never called."""
        return (
            self._ctx.server.scripts_administer
            and "admin" in command.flags
            and command.name not in ("monitor", "shutdown")
        )

    def _require_permission(self, command: Command, argv: list[bytes]) -> None:
        """Raises ScriptNoPermission."""
        self._ctx.command = self._caller
        denial = self._ctx.denial(command, argv, Place.LUA)
        if denial is not None:
            raise ScriptNoPermission(denial.reason)

    def permits(self, argv: list[bytes], /) -> bool | None:
        command = self._ctx.server.table[argv[0]]
        if command is not None and command.is_container and len(argv) > 1:
            command = command.subcommands.get(argv[1].lower())
        return None if command is None else self._ctx.user.denial(command, argv) is None

    def log(self, level: int, message: bytes, /) -> None:
        log_message(level, message)

    def described(self) -> Reply:
        elapsed_ms = (stopwatch_ns() - self._started_ns) // NS_PER_MS
        argv: list[Reply] = list(self._argv)
        return {b"name": self._argv[1], b"command": argv, b"duration_ms": elapsed_ms}

    def interrupt(self) -> None:
        """Stop what would hold up everybody else for ever: real time, whatever the clock says."""
        now_ns = stopwatch_ns()
        if not self._started_ns:
            self._started_ns = now_ns
        limit_ms = self._ctx.server.config.busy_after_ms
        if now_ns - self._started_ns <= limit_ms * NS_PER_MS:
            return
        if not self._ctx.server.serve_while_busy():
            raise ScriptStopped(ScriptStoppedByServer(limit_ms))
        if self.is_killed:
            raise ScriptStopped(ScriptKilled())


class _FullHost(_Host):
    """The door while memory is exhausted: nothing may take more, unless the script has written.

    Half of what it does would be worse than too much.
    """

    __slots__ = ()

    def call(self, argv: list[bytes], /) -> Reply:
        command = self._ctx.server.table[argv[0]]
        if (
            command is not None
            and "denyoom" in command.flags
            and not self.has_written
            and self._may_run(command, argv)
        ):
            error = OutOfMemory()
            self._metrics.count_refusal(argv)
            self._count_error(error)
            raise error
        return super().call(argv)

    def call_prepared(
        self, prepared: Prepared | None, name: bytes, arguments: tuple[bytes, ...], /
    ) -> Reply:
        return self.call([name, *arguments])

    def _may_run(self, command: Command, argv: list[bytes]) -> bool:
        """What is refused for another reason is told that one."""
        return (
            not self._readonly
            and "noscript" not in command.flags
            and command.accepts(len(argv))
            and (not self._is_restricted or self.permits(argv) is True)
        )


class ScriptCache:
    """The scripts that EVALSHA finds."""

    def __init__(self, shared: Shared | None = None) -> None:
        """``shared`` is what functions share with the scripts."""
        self.shared = shared or Shared()
        self._loaded: dict[bytes, Runnable] = {}
        #: Those that only EVAL has brought, the one that was unused for longest first.
        self._passing: dict[bytes, None] = {}
        self._twins: dict[bytes, Twin] = {}

    def __len__(self) -> int:
        return len(self._loaded)

    @property
    def text_bytes(self) -> int:
        """What the texts of all scripts take."""
        return sum(len(script.text) for script in self._loaded.values())

    def register(self, native: NativeScript) -> None:
        """From now on, run the twin for this text, be it loaded already or later."""
        sha = sha1(native.text)
        twin = self._twins[sha] = Twin(native)
        if sha in self._loaded:
            self._loaded[sha] = twin

    def find(self, sha: bytes) -> Runnable | None:
        found = self._loaded.get(sha)
        if found is None:
            sha = sha.lower()
            found = self._loaded.get(sha)
        if sha in self._passing:
            self._note_use(sha)
        return found

    def load(self, text: bytes, *, stays: bool = True) -> tuple[bytes, Runnable]:
        """Compile a script unless it is known. Raises CommandError.

        What does not stay, for nobody has asked for that, makes room for others one day.
        """
        sha = sha1(text)
        script = self._loaded.get(sha)
        if script is None:
            script = self._loaded[sha] = self._twins.get(sha) or LuaScript(text, self.shared)
            if not stays:
                self._note_use(sha)
        elif stays:
            self._passing.pop(sha, None)
        elif sha in self._passing:
            self._note_use(sha)
        return sha, script

    def _note_use(self, sha: bytes) -> None:
        self._passing.pop(sha, None)
        self._passing[sha] = None
        if len(self._passing) > MAX_PASSING_SCRIPTS:
            oldest = next(iter(self._passing))
            del self._passing[oldest], self._loaded[oldest]

    def clear(self) -> None:
        """Forget what was loaded; the twins stand by for the next time."""
        self._loaded.clear()
        self._passing.clear()


# --- what a request would do ----------------------------------------------------------------------


def flags_of(server: ServerState, command: Command, argv: list[bytes]) -> frozenset[str]:
    """The flags of a command; of one that runs a script, as the script declares them."""
    find = _FIND_DECLARED.get(command.name)
    declared = None if find is None else find(server, argv[1])
    return command.flags if declared is None else command_flags(command.flags, declared)


def _declared_by_text(server: ServerState, text: bytes) -> Flags:
    script = server.scripts.find(sha1(text))
    if script is not None:
        return script.flags
    with contextlib.suppress(CommandError):  # told when it runs
        return read_shebang(text)[0]
    return None


def _declared_by_known(server: ServerState, sha: bytes) -> Flags:
    script = server.scripts.find(sha)
    return None if script is None else script.flags


def _declared_by_function(server: ServerState, name: bytes) -> Flags:
    found = server.functions.find(name)
    return None if found is None else found[1].flags


_FIND_DECLARED: dict[str, Callable[[ServerState, bytes], Flags]] = {
    **dict.fromkeys(("eval", "eval_ro"), _declared_by_text),
    **dict.fromkeys(("evalsha", "evalsha_ro"), _declared_by_known),
    **dict.fromkeys(("fcall", "fcall_ro"), _declared_by_function),
}
