"""What a connection asks of whatever carries its bytes: a part of ``asyncio.Transport``.

An event loop's transport has all of it. So have the stand-ins: a socket that no loop carries yet
(``listening``), one that a busy script answers on (``busy``), and the memory of this process
(``client``, ``blockingclient``).
"""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """The way out, and the end, of one client's connection."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def get_write_buffer_size(self) -> int: ...
