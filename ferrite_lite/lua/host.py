"""What a script needs from whoever runs it."""

from __future__ import annotations

from typing import Any, Protocol

from ..reply import Reply


class ScriptHost(Protocol):
    """The server, as one run of a script sees it."""

    @property
    def memory_bytes(self) -> int:
        """What the process may take more while the script runs."""
        ...

    @property
    def is_answered_at_once(self) -> bool:
        """Whether what the script answers is sent before anything else is run."""
        ...

    def speak(self, resp: int, /) -> None:
        """The protocol that commands answer the script in from now on."""
        ...

    def call(self, argv: list[bytes], /) -> Reply:
        """Run one command at once. Raises CommandError."""
        ...

    def prepare(self, name: bytes, argc: int, /) -> object:
        """What is worth keeping of a command with so many words, for ``call_prepared``."""
        ...

    def call_prepared(self, prepared: Any, name: bytes, arguments: tuple[bytes, ...], /) -> Reply:
        """As ``call``, for what a host of the same server has prepared."""
        ...

    def permits(self, argv: list[bytes], /) -> bool | None:
        """Whether the client's user may run a command; None if there is no such command."""
        ...

    def log(self, level: int, message: bytes, /) -> None:
        """A message for the server's log; levels as in Redis, 0 (debug) to 3 (warning)."""
        ...

    def interrupt(self) -> None:
        """Called once in many steps; raises ScriptStopped to end the script."""
        ...
