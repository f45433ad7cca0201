"""The coroutine library: a coroutine is a Python generator.

Only a script that names ``coroutine`` pays: each of its functions is compiled twice, as a function
and as a generator, which hangs on the function as ``resumable``. Inside a coroutine the generators
call one another; through anything else (pcall, a metamethod, table.sort) the plain function is
called, from which nothing can be yielded, and neither can it in Lua 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from types import FunctionType
from typing import TypeAlias

from . import arguments as args
from .arguments import Arguments
from .baselib import thrown
from .budget import call_back, current
from .errors import LuaError
from .runtime import LuaFunction, Results, Tail, Value, metamethod, spread

Resumable: TypeAlias = Generator[Results, Results, Results]


def resumable(function: Value) -> Callable[..., Resumable] | None:
    """The generator form of a function, if it has one."""
    form: Callable[..., Resumable] | None = getattr(function, "resumable", None)
    return form


def resume_in(function: Value, name: str, *arguments: Value) -> Resumable:
    """Call any value from inside a coroutine, and what it wants to be called in its place."""
    given: Sequence[Value] = arguments
    while True:
        if function.__class__ is not FunctionType:
            handler = metamethod(function, b"__call")
            if handler.__class__ is not FunctionType:
                return spread(function, name, given)  # raises the error
            function, given = handler, (function, *given)
        form = resumable(function)
        if form is None:
            return spread(function, name, given)
        results: Results | Tail = yield from form(*given)
        if results.__class__ is not Tail:
            return results  # type: ignore[return-value]  # as just seen
        function, given = results


class Coroutine:
    """A function that can stop and go on."""

    __slots__ = ("_depth", "_function", "_generator", "status")

    def __init__(self, function: LuaFunction) -> None:
        self._function = function
        self._generator: Resumable | None = None
        #: How deep its functions had called one another when it stopped.
        self._depth = 0
        self.status = b"suspended"

    def resume(self, *values: Value) -> Results:
        """Run until it yields or ends. Raises LuaError."""
        budget = current()
        before = budget.depth
        budget.depth += self._depth
        try:
            return self._run(list(values))
        finally:
            self._depth = budget.depth - before
            budget.depth = before

    def _run(self, values: Results) -> Results:
        try:
            if self._generator is None:
                self._generator = resume_in(self._function, "", *values)
                results = next(self._generator)
            else:
                results = self._generator.send(values)
        except StopIteration as end:
            self.status = b"dead"
            ended: Results = end.value
            return ended
        except BaseException:
            self.status = b"dead"
            raise
        self.status = b"suspended"
        return results


class Coroutines:
    """The ``coroutine`` table of one script, and which coroutine is running."""

    def __init__(self) -> None:
        self._running: list[Coroutine] = []

    def restart(self) -> None:
        """Forget those that a script left behind when it was stopped."""
        self._running.clear()

    def functions(self) -> dict[bytes, LuaFunction]:
        return {
            b"create": lambda *arguments: [_created(arguments, b"create")],
            b"resume": lambda *arguments: self._resume_safely(arguments),
            b"running": lambda *_: [self._running[-1] if self._running else None],
            b"status": lambda *arguments: [_coroutine(arguments, b"status").status],
            b"wrap": lambda *arguments: [self._wrapped(_created(arguments, b"wrap"))],
            b"yield": yield_,
        }

    def _resume_safely(self, arguments: Arguments) -> Results:
        coroutine = _coroutine(arguments, b"resume")
        try:
            return [True, *self._resume(coroutine, list(arguments[1:]))]
        except (LuaError, RecursionError) as problem:
            return [False, thrown(problem)]

    def _wrapped(self, coroutine: Coroutine) -> LuaFunction:
        def resume(*arguments: Value) -> Results:
            try:
                return self._resume(coroutine, list(arguments))
            except (LuaError, RecursionError) as problem:
                # The message is told again with the position of whoever resumed.
                raise LuaError(thrown(problem)) from None

        return resume

    def _resume(self, coroutine: Coroutine, values: Results) -> Results:
        if coroutine.status != b"suspended":
            raise LuaError(b"cannot resume %b coroutine" % coroutine.status, level=0)
        if self._running:
            self._running[-1].status = b"normal"
        coroutine.status = b"running"
        self._running.append(coroutine)
        try:
            return call_back(coroutine.resume, *values, level=0)
        finally:
            self._running.pop()
            if self._running:
                self._running[-1].status = b"running"


def _coroutine(arguments: Arguments, name: bytes) -> Coroutine:
    value = args.given(arguments, 1)
    if not isinstance(value, Coroutine):
        raise args.bad(1, name, b"coroutine expected")
    return value


def _created(arguments: Arguments, name: bytes) -> Coroutine:
    function = args.given(arguments, 1)
    if resumable(function) is None or function is yield_:
        raise args.bad(1, name, b"Lua function expected")
    return Coroutine(function)


def yield_(*_: Value) -> Results:
    raise LuaError(b"attempt to yield across metamethod/C-call boundary", level=0)


def _yield_from(*values: Value) -> Resumable:
    return (yield list(values))


#: For a call that does not name it directly.
yield_.__dict__["resumable"] = _yield_from
