"""What a server was sent, and what the scripts did there: the lines of MONITOR."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.servers import RealServer
from tests.support.wire import RawConnection

_LINE = re.compile(rb'\+[\d.]+ \[\d+ (?P<client>[^\]]+)\] "(?P<command>[^"]+)"')
_WRITES = {
    *("SET", "DEL", "UNLINK", "HSET", "HDEL", "HINCRBY", "SADD", "SREM"),
    *("PEXPIRE", "PEXPIREAT", "PERSIST", "RENAME"),
}


@dataclass
class Seen:
    """``sent`` by clients, and ``inside`` scripts: the names of commands, in order."""

    lines: list[bytes] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    @property
    def writes(self) -> int:
        """How many commands would change something, within scripts and outside."""
        return sum(name in _WRITES for name in [*self.inside, *self.sent])

    def take(self, line: bytes) -> None:
        match = _LINE.match(line)
        assert match is not None, line
        self.lines.append(line)
        names = self.inside if match["client"] == b"lua" else self.sent
        names.append(match["command"].decode().upper())


@contextmanager
def monitored(server: RealServer) -> Iterator[Seen]:
    """Everything that the server is sent meanwhile; it is all there when the block ends."""
    seen = Seen()
    with server.connect() as monitor:
        assert monitor.ask("MONITOR") == b"+OK\r\n"
        yield seen
        server.ask("ECHO", "no more")
        for line in iter(lambda: _next_line(monitor), b""):
            seen.take(line)


def _next_line(monitor: RawConnection) -> bytes:
    line = monitor.read_reply()
    return b"" if line.rstrip().endswith(b'"ECHO" "no more"') else line
