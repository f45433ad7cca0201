"""What one run of a script may take: steps between two looks at the host, depth, memory.

Steps and depth are counted. Memory is not: what a script lets go is free again at once, and no
count of what it makes would know. So its large strings and its steps say when to look, and what is
looked at is how much the process has grown since the run began.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from .errors import LuaError, StackOverflow
from .host import ScriptHost

#: Loop rounds and calls between two looks at the host: milliseconds.
STEPS_BETWEEN_LOOKS = 2_000
#: How deep functions of Lua call one another: Lua's list of calls doubles until it would have more
#: than 20,000 (``LUAI_MAXCALLS``), and the script itself and an end are in it. (Redis keeps a list
#: that has once been too long at 20,000: a later script can go that deep there.) A call from Python
#: to Python needs no room on C's stack, of which a thread has 8 MB; where one does need it, it
#: counts as several, so that all together take some 2 MB at most.
MAX_DEPTH = 16_382
#: Calls that find room in any case.
FEW_CALLS = 10
#: What a call with a list of arguments counts besides: 400 bytes on C's stack, in Python 3.11.
SPREAD_WEIGHT = 3 if sys.version_info < (3, 12) else 0
#: What a call inside a coroutine counts, which is two generators. Python 3.11 runs them on C's
#: stack, in 850 bytes; later versions need 260 when they take down some that are waiting. So in a
#: coroutine functions call one another 2,047 deep, or 8,191, where Lua goes 16,383 deep.
GENERATOR_WEIGHT = 8 if sys.version_info < (3, 12) else 2
#: How deep the libraries and metamethods call functions of Lua (``LUAI_MAXCCALLS``, less one).
MAX_CALLBACKS = 199
#: Python calls that may nest beyond what there were: MAX_DEPTH in a run, with what stands between,
#: up to three for each; when a source is read, ``LUAI_MAXCCALLS`` levels of syntax, and sums of a
#: few thousand terms.
PYTHON_DEPTH = 5 * MAX_DEPTH
#: Strings made since the last look at the process, at which the next one is due.
BYTES_BETWEEN_LOOKS = 1 << 20
#: Strings up to this size are not counted: they are many only in many steps.
SMALL_BYTES = 256
#: What a library reads or writes in the time of a step, about, and at once.
BYTES_A_STEP, BYTES_AT_ONCE = 8, 1_000
#: What a byte of JSON may take in tables.
GROWTH = 16
#: What an element of a list takes, itself aside.
SLOT_BYTES = 8

Result = TypeVar("Result")

NOT_ENOUGH_MEMORY = b"not enough memory"
STACK_OVERFLOW = b"stack overflow"
C_STACK_OVERFLOW = b"C stack overflow"


class Budget:
    """The budget of the scripts of one world; one of them runs at a time."""

    __slots__ = (
        "_grown_bytes",
        "_host",
        "_limit",
        "_resident_bytes",
        "callbacks",
        "depth",
        "steps",
    )

    def __init__(self) -> None:
        self._host: ScriptHost
        #: What is left of them until the next look: compiled code counts by itself.
        self.steps = STEPS_BETWEEN_LOOKS
        #: Functions of Lua that are running, and how many there may be before more room is made.
        self.depth = 0
        self._limit = FEW_CALLS
        #: Those among them that were not called by functions of Lua, the script itself being one.
        self.callbacks = 1
        #: Of strings that were made since the last look.
        self._grown_bytes = 0
        #: What the process took at the first look: 0 before it.
        self._resident_bytes = 0

    def begin(self, host: ScriptHost) -> None:
        """A new run, in this thread; ``end`` must follow."""
        self._host = host
        self.steps = STEPS_BETWEEN_LOOKS
        self.depth, self.callbacks = 0, 1
        self._grown_bytes = self._resident_bytes = 0
        _running.budget = self

    def end(self) -> None:
        """The run is over: give back the room that it has taken."""
        if self._limit == MAX_DEPTH:
            self._limit = FEW_CALLS
            _room.leave()

    # --- steps and depth --------------------------------------------------------------------------

    def tick(self) -> None:
        """One step. Raises ScriptStopped, LuaError."""
        self.steps -= 1
        if self.steps < 0:
            self.look()

    def enter(self, weight: int) -> None:
        """A function of Lua begins; it lowers ``depth`` when it returns. Raises as ``tick``."""
        self.steps -= 1
        if self.steps < 0:
            self.look()
        self.depth += weight
        if self.depth > self._limit:
            self._go_deeper()

    def _go_deeper(self) -> None:
        """Few scripts do: only they touch Python's limit. Raises LuaError."""
        if self._limit == MAX_DEPTH:
            raise StackOverflow(STACK_OVERFLOW)
        self._limit = MAX_DEPTH
        _room.enter()

    def spend(self, steps: int) -> None:
        """So many steps at once. Raises as ``tick``."""
        self.steps -= steps
        if self.steps < 0:
            self.look()

    def look(self) -> None:
        """The steps are used up: see how the host is. Raises as ``tick``."""
        self.steps = STEPS_BETWEEN_LOOKS
        self._host.interrupt()
        self._measure(0)

    # --- memory -----------------------------------------------------------------------------------

    def reserve(self, size_bytes: int) -> None:
        """A string, or what takes as much, is about to be made. Raises LuaError."""
        self._grown_bytes += size_bytes
        if self._grown_bytes > BYTES_BETWEEN_LOOKS:
            self._measure(size_bytes)

    def _measure(self, wanted_bytes: int) -> None:
        self._grown_bytes = 0
        resident_bytes = resident()
        if not self._resident_bytes:
            self._resident_bytes = resident_bytes
        if resident_bytes + wanted_bytes - self._resident_bytes > self._host.memory_bytes:
            raise LuaError(NOT_ENOUGH_MEMORY, level=0)


def resident() -> int:
    """Bytes of memory that the process takes: what it took at most, where that is all one can ask.

    Linux tells the one, other systems the other.
    """
    try:
        with open("/proc/self/statm", "rb", buffering=0) as facts:
            return int(facts.read(64).split()[1]) * _PAGE_BYTES
    except OSError:
        return _peak()


def _peak() -> int:
    try:
        import resource
    except ImportError:  # Windows, where nothing is told, and only steps bound a script
        return 0
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes


_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class _Running(threading.local):
    budget: Budget | None = None


#: Library functions are the same for all scripts, and find the budget of the one that runs here.
_running = _Running()


def current() -> Budget:
    """The budget of the run in this thread."""
    budget = _running.budget
    assert budget is not None  # noqa: S101  # functions of Lua are called in a run only
    return budget


def reserve(size_bytes: int) -> None:
    """As ``Budget.reserve``, for the run in this thread."""
    if size_bytes > SMALL_BYTES and _running.budget is not None:
        _running.budget.reserve(size_bytes)


def spend(steps: int) -> None:
    """As ``Budget.spend``, for the run in this thread."""
    if _running.budget is not None:
        _running.budget.spend(steps)


def work(size_bytes: int) -> None:
    """So much was read or written, byte by byte: it takes steps, and room. Raises as ``tick``."""
    spend(size_bytes // BYTES_A_STEP)
    reserve(size_bytes * GROWTH)


class _Room:
    """Python's limit of recursion, raised while any thread has to do with Lua: there is but one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._before = 0

    def enter(self) -> None:
        with self._lock:
            if not self._runs:
                self._before = sys.getrecursionlimit()
                sys.setrecursionlimit(self._before + PYTHON_DEPTH)
            self._runs += 1

    def leave(self) -> None:
        with self._lock:
            self._runs -= 1
            if not self._runs:
                sys.setrecursionlimit(self._before)


_room = _Room()


def with_room(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function where it can go as deep as ``PYTHON_DEPTH``."""
    _room.enter()
    try:
        return function(*arguments)
    finally:
        _room.leave()


def call_back(function: Callable[..., list[Any]], *arguments: Any, level: int = 1) -> list[Any]:
    """Call a function of Lua from a library or for an operator. Raises LuaError.

    ``level`` says whether an error that it goes too deep has a position: in a library it has none.
    """
    budget = current()
    if budget.callbacks >= MAX_CALLBACKS:
        raise LuaError(C_STACK_OVERFLOW, level=level)
    budget.callbacks += 1
    try:
        return function(*arguments)
    finally:
        budget.callbacks -= 1
