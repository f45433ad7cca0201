"""Who tries tokens that open nothing: counted by network, in this process, at no cost to the store.

It tells, and refuses nobody: a refusal would let a third party lock out everybody who shares a
network with him.
"""

from __future__ import annotations

from collections import OrderedDict

WINDOW_MS = 60_000
#: About a megabyte; whoever comes from more networks at once is not stopped by counting.
_MAX_NETWORKS = 10_000


class GuessCounter:
    """Unknown tokens by network, within windows of a minute."""

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        #: When the window of a network began, and the count in it; oldest window first.
        self._windows: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, network: str, now_ms: int) -> bool:
        """Count one more; whether it is the one that reaches the threshold."""
        began_ms, count = self._windows.get(network, (now_ms, 0))
        if now_ms - began_ms >= WINDOW_MS:
            began_ms, count = now_ms, 0
        if count == 0:
            self._windows.pop(network, None)
        self._windows[network] = (began_ms, count + 1)
        if len(self._windows) > _MAX_NETWORKS:
            self._windows.popitem(last=False)
        return count + 1 == self._threshold
