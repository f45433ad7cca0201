"""Who listens to which channel, and what they are sent.

A connection listens to channels, to patterns of channels' names, and to shard channels, which have
nothing to do with the others. Only the broker changes its subscriptions, so that both sides agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .patterns import Matcher, matcher
from .reply import Push

if TYPE_CHECKING:
    from .context import Context

#: Those who listen to one name, in the order in which they came.
Listeners = dict["Context", None]


class Topics:
    """Names of one kind, and who listens to each. A name to which nobody listens is forgotten."""

    __slots__ = ("by_name",)

    def __init__(self) -> None:
        self.by_name: dict[bytes, Listeners] = {}

    def add(self, name: bytes, listener: Context) -> None:
        self.by_name.setdefault(name, {})[listener] = None

    def remove(self, name: bytes, listener: Context) -> None:
        listeners = self.by_name[name]
        del listeners[listener]
        if not listeners:
            del self.by_name[name]

    def count(self, name: bytes) -> int:
        """How many listen to a name."""
        return len(self.by_name.get(name, ()))

    def matching(self, pattern: bytes | None) -> list[bytes]:
        """The names that match, all of them without a pattern."""
        if pattern is None:
            return list(self.by_name)
        matches = matcher(pattern)
        return [name for name in self.by_name if matches(name)]


class Subscriptions:
    """What one connection listens to, in the order in which it began to."""

    __slots__ = ("channels", "patterns", "shard_channels")

    def __init__(self) -> None:
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shard_channels: dict[bytes, None] = {}

    def __bool__(self) -> bool:
        return bool(self.channels or self.patterns or self.shard_channels)


class Broker:
    """All subscriptions of a server."""

    def __init__(self) -> None:
        self.channels = Topics()
        self.patterns = Topics()
        self.shard_channels = Topics()
        self._matchers: dict[bytes, Matcher] = {}

    # --- subscribing ------------------------------------------------------------------------------

    def subscribe(self, listener: Context, channel: bytes) -> None:
        listener.subscriptions.channels[channel] = None
        self.channels.add(channel, listener)
        listener.update_guard()

    def subscribe_to_pattern(self, listener: Context, pattern: bytes) -> None:
        listener.subscriptions.patterns[pattern] = None
        self.patterns.add(pattern, listener)
        self._matchers[pattern] = matcher(pattern)
        listener.update_guard()

    def subscribe_to_shard(self, listener: Context, channel: bytes) -> None:
        listener.subscriptions.shard_channels[channel] = None
        self.shard_channels.add(channel, listener)
        listener.update_guard()

    def unsubscribe(self, listener: Context, channel: bytes) -> None:
        """Nothing happens if it did not listen; so with the others."""
        if channel in listener.subscriptions.channels:
            del listener.subscriptions.channels[channel]
            self.channels.remove(channel, listener)
            listener.update_guard()

    def unsubscribe_from_pattern(self, listener: Context, pattern: bytes) -> None:
        if pattern in listener.subscriptions.patterns:
            del listener.subscriptions.patterns[pattern]
            self.patterns.remove(pattern, listener)
            if not self.patterns.count(pattern):
                del self._matchers[pattern]
            listener.update_guard()

    def unsubscribe_from_shard(self, listener: Context, channel: bytes) -> None:
        if channel in listener.subscriptions.shard_channels:
            del listener.subscriptions.shard_channels[channel]
            self.shard_channels.remove(channel, listener)
            listener.update_guard()

    def forget(self, listener: Context) -> None:
        """End all subscriptions of a connection, without a word to it."""
        held = listener.subscriptions
        for channel in list(held.channels):
            self.unsubscribe(listener, channel)
        for pattern in list(held.patterns):
            self.unsubscribe_from_pattern(listener, pattern)
        for channel in list(held.shard_channels):
            self.unsubscribe_from_shard(listener, channel)

    # --- publishing -------------------------------------------------------------------------------

    def publish(self, channel: bytes, message: bytes) -> int:
        """Send a message to all who listen, and return how many times it was sent."""
        sent = _send_to(self.channels.by_name.get(channel), Push([b"message", channel, message]))
        if self._matchers:
            for pattern in [p for p, matches in self._matchers.items() if matches(channel)]:
                push = Push([b"pmessage", pattern, channel, message])
                sent += _send_to(self.patterns.by_name.get(pattern), push)
        return sent

    def publish_to_shard(self, channel: bytes, message: bytes) -> int:
        """The same for a shard channel, which no pattern matches."""
        listeners = self.shard_channels.by_name.get(channel)
        return _send_to(listeners, Push([b"smessage", channel, message]))


def _send_to(listeners: Listeners | None, push: Push) -> int:
    """How many listen, after all of them were sent the same."""
    if not listeners:
        return 0
    receivers = tuple(listeners)  # a push may be one too many, and end a connection
    for receiver in receivers:
        receiver.push(push)
    return len(receivers)
