"""MONITOR: every command that runs, shown without its secrets to the connections that asked.

While nobody watches, nothing here is called. While somebody does, no request of any connection
takes the engine's short cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import NS_PER_US
from ..command import Command
from ..reply import Status
from ..words import quoted
from .redaction import redacted

if TYPE_CHECKING:
    from ..context import Context
    from ..state import ServerState

US_PER_SECOND = 1_000_000


class Monitor:
    """The connections that watch one server."""

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self.watchers: dict[Context, None] = {}

    def add(self, watcher: Context) -> None:
        self.watchers[watcher] = None
        self._server.update_guards()

    def remove(self, watcher: Context) -> None:
        """Stop watching, if it did."""
        if watcher in self.watchers:
            del self.watchers[watcher]
            self._server.update_guards()

    def show(self, ctx: Context, command: Command, argv: list[bytes]) -> None:
        """Show a command to all watchers: one that has run, or a script that is about to.

        As in Redis, commands with the flag ``admin`` are shown to nobody.
        """
        if self.watchers and "admin" not in command.flags:
            self.tell(ctx, redacted(command, argv))

    def tell(self, ctx: Context, argv: list[bytes]) -> None:
        """Show a request as it is, secrets included."""
        line = self._line(ctx, argv)
        for watcher in tuple(self.watchers):
            if watcher.closing or not watcher.wants_replies:
                continue
            if watcher is ctx:
                ctx.answer_here()
            watcher.push(line)

    def _line(self, ctx: Context, argv: list[bytes]) -> Status:
        seconds, us = divmod(self._server.clock.now_ns() // NS_PER_US, US_PER_SECOND)
        words = b" ".join(map(quoted, argv))
        return Status(b"%d.%06d [%d %b] %b" % (seconds, us, ctx.db.index, self._origin(ctx), words))

    def _origin(self, ctx: Context) -> bytes:
        if ctx.running_script:
            return b"lua"
        if ctx.peer.is_unix:
            return b"unix:" + self._server.config.unixsocket.encode("utf-8", "surrogateescape")
        return ctx.peer.address.encode()
