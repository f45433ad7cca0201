"""``Ferrite``: a server object for the process that owns it."""

from __future__ import annotations

from typing import Any

from .blockingclient import BlockingInProcessClient
from .client import InProcessClient
from .clock import Clock
from .config import Config
from .engine import Engine
from .server import Server


class Ferrite:
    """A store in this process: clients without a socket, and a socket if one is wanted.

    ``async with`` closes all of it at the end; so does ``with``, in code that does not await.

    >>> import asyncio
    >>> async def main() -> bytes | None:
    ...     async with Ferrite() as ferrite:
    ...         client = ferrite.client()
    ...         await client.set("greeting", "hello")
    ...         return await client.get("greeting")
    >>> asyncio.run(main())
    b'hello'
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        config: Config | None = None,
        seed: int | None = None,
    ) -> None:
        """``clock`` drives every deadline; ``seed`` makes random choices repeatable."""
        self.engine = Engine(clock=clock, config=config, seed=seed)
        self._clients: list[InProcessClient] = []
        self._blocking_clients: list[BlockingInProcessClient] = []
        self._servers: list[Server] = []

    def client(self, **options: Any) -> InProcessClient:
        """A ``redis.asyncio.Redis`` on this store. Options are redis-py's, except for sockets."""
        client = InProcessClient(self.engine, **options)
        self._clients.append(client)
        return client

    def sync_client(self, **options: Any) -> BlockingInProcessClient:
        """A ``redis.Redis`` on this store, for code that does not await, in any thread.

        Options are redis-py's, except for sockets.
        """
        client = BlockingInProcessClient(self.engine, **options)
        self._blocking_clients.append(client)
        return client

    async def listen(
        self, host: str | None = "127.0.0.1", port: int = 0, *, unixsocket: str | None = None
    ) -> Server:
        """Open a socket for other clients. Port 0 picks a free one: see ``Server.url``.

        Raises OSError if the address is taken.
        """
        server = Server(self.engine, host=host, port=port, unixsocket=unixsocket)
        await server.start()
        self._servers.append(server)
        return server

    async def aclose(self) -> None:
        """Close every client and every socket."""
        while self._clients:
            await self._clients.pop().aclose()
        while self._servers:
            await self._servers.pop().close()
        self.close()

    def close(self) -> None:
        """Close every client of ``sync_client``.

        Raises RuntimeError if there is something that only ``aclose`` can close: clients that
        await, and sockets.
        """
        while self._blocking_clients:
            self._blocking_clients.pop().close()
        if self._clients or self._servers:
            raise RuntimeError("asyncio clients and sockets are open: await aclose() instead")

    def __enter__(self) -> Ferrite:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Ferrite:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
