"""Refresh tokens, login flows and a record of what happens, for code that does not await.

As in ``blocking.py``, nothing is defined twice. Whoever writes the record, and whoever listens for
what expires, does await: in a thread of his own, which stays behind when the process forks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from typing import Any, Generic, Self

from .audit import MAX_QUEUED, Audit, AuditSink, StreamSink
from .blocking import SyncSessionStore, blocking, run
from .datatype import T
from .expiry import watching
from .flows import LoginFlows
from .refresh import RefreshConfig, RefreshTokens
from .tasks import LoopThread


class SyncRefreshTokens(Generic[T]):
    """``RefreshTokens`` of a ``SyncSessionStore``; threads may share it."""

    def __init__(self, store: SyncSessionStore[T], config: RefreshConfig | None = None) -> None:
        self.awaited: RefreshTokens[T] = RefreshTokens(store.awaited, config)
        self.config = self.awaited.config

    issue = blocking(RefreshTokens.issue)
    exchange = blocking(RefreshTokens.exchange)
    revoke = blocking(RefreshTokens.revoke)
    revoke_family = blocking(RefreshTokens.revoke_family)
    revoke_labelled = blocking(RefreshTokens.revoke_labelled)
    families = blocking(RefreshTokens.families)


class SyncLoginFlows:
    """``LoginFlows`` of a ``SyncSessionStore``; threads may share it."""

    def __init__(
        self,
        store: SyncSessionStore[Any],
        *,
        allowed_origins: Collection[str] = (),
        refresh: SyncRefreshTokens[Any] | None = None,
    ) -> None:
        """As of ``LoginFlows``. Raises ConfigError."""
        self.awaited = LoginFlows(
            store.awaited,
            allowed_origins=allowed_origins,
            refresh=refresh.awaited if refresh is not None else None,
        )

    begin = blocking(LoginFlows.begin)
    finish = blocking(LoginFlows.finish)
    labels = staticmethod(LoginFlows.labels)
    backchannel_logout = blocking(LoginFlows.backchannel_logout)


class SyncAudit:
    """``Audit`` of a ``SyncSessionStore``: ``with SyncAudit(store, LogSink()): ...``.

    Its sinks write in a thread of its own, so nobody waits for them here either. A process that
    forks begins it in each child.
    """

    def __init__(
        self, store: SyncSessionStore[Any], *sinks: AuditSink, max_queued: int = MAX_QUEUED
    ) -> None:
        """As of ``Audit``. Raises ConfigError."""
        self.awaited = Audit(store.awaited, *sinks, max_queued=max_queued)

    def __enter__(self) -> Self:
        self._thread = LoopThread("sessions audit")
        self._thread.run(self.awaited.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, if the sinks can."""
        self._thread.run(self.awaited.__aexit__())
        self._thread.close()

    def flush(self) -> None:
        """Wait until the sinks have got all that has happened so far."""
        self._thread.run(self.awaited.flush())

    @property
    def dropped(self) -> int:
        """Events that came while the queue was full."""
        return self.awaited.dropped

    @property
    def failed(self) -> int:
        """Events that a sink did not take, for each of the sinks."""
        return self.awaited.failed


@contextmanager
def sync_watch_expiry(store: SyncSessionStore[Any]) -> Iterator[None]:
    """``watch_expiry`` of a ``SyncSessionStore`` at a URL: ``with sync_watch_expiry(store): ...``.

    ``Expired`` is told in a thread of its own. A process that forks begins it in each child. Raises
    ConfigError, for a store without a URL as well.
    """
    core, stack = store.awaited._core, AsyncExitStack()

    async def begin() -> None:
        link = core.link.for_loop()
        stack.push_async_callback(link.aclose)
        await stack.enter_async_context(watching(core, link))

    with closing(LoopThread("sessions expiry")) as thread:
        try:
            thread.run(begin())
            yield
        finally:
            thread.run(stack.aclose())


def open_stream(
    store: SyncSessionStore[Any], key: str = "sessions:audit", max_events: int = 100_000
) -> StreamSink:
    """``StreamSink.open`` of a ``SyncSessionStore``. Raises as that does."""
    return run(StreamSink.open(store.awaited, key, max_events))


__all__ = ["SyncAudit", "SyncLoginFlows", "SyncRefreshTokens", "open_stream", "sync_watch_expiry"]
