"""What a socket says about its two ends, and the options set on it."""

from __future__ import annotations

import socket
from typing import TypeAlias

from ..context import Peer

#: Linux refuses longer times.
MAX_KEEPALIVE_SECONDS = 32_767

Address: TypeAlias = tuple[str, int]


def keep_alive(sock: socket.socket, seconds: int) -> None:
    """Have the system detect a client that vanished, with Redis's intervals."""
    if sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", min(seconds, MAX_KEEPALIVE_SECONDS)),
        ("TCP_KEEPINTVL", min(max(seconds // 3, 1), MAX_KEEPALIVE_SECONDS)),
        ("TCP_KEEPCNT", 3),
    ):
        if hasattr(socket, option):  # not every system has them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def peer_of(sock: socket.socket) -> Peer:
    """Both ends as CLIENT LIST writes them; a Unix socket has its path and port 0.

    Raises OSError for a client that has gone.
    """
    if sock.family == socket.AF_UNIX:
        path = f"{sock.getsockname()}:0"
        return Peer(path, path, sock.fileno(), is_unix=True)
    return Peer(_address(sock.getpeername()), _address(sock.getsockname()), sock.fileno())


def _address(name: Address) -> str:
    host, port = name[0], name[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
