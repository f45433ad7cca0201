"""What MIGRATE has to say to another server, and what came of it; no I/O.

As long as keys are on their way they stay here, and nobody writes (``Pause.begin_transfer``): what
the other server has taken is deleted, everything else is as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import CannotReachTarget, CommandError, TargetRefused
from .resp import ENCODERS


@dataclass(slots=True)
class Transfer:
    """Requests for another server: a greeting, each part of which must succeed, and the others.

    Whoever sends them calls ``greeted`` and ``answered`` with each line that comes back.
    """

    host: str
    port: int
    #: For each step: to connect, to write, to read a reply.
    timeout_seconds: float
    greeting: list[list[bytes]]
    requests: list[list[bytes]]
    #: Whether each request was accepted, as far as the replies came.
    accepted: list[bool] = field(default_factory=list)
    #: The first thing that went wrong.
    error: CommandError | None = None

    @staticmethod
    def encoded(requests: list[list[bytes]]) -> bytes:
        return b"".join(ENCODERS[2].encode([*request]) for request in requests)

    def greeted(self, line: bytes) -> None:
        """One reply to the greeting. A refusal is the end: nothing may go to another database."""
        self._note(line)

    def answered(self, line: bytes) -> None:
        """One reply to a request."""
        self.accepted.append(self._note(line))

    def fail(self, doing: str) -> None:
        """The connection failed while it was ``connecting``, ``writing`` or ``reading``."""
        self.error = self.error or CannotReachTarget(doing)

    def _note(self, line: bytes) -> bool:
        if not line.startswith(b"-"):
            return True
        self.error = self.error or TargetRefused(line[1:].rstrip(b"\r\n"))
        return False
