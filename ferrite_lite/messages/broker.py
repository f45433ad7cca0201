"""Who listens to which channel, and what they are sent.

A connection can listen to channels, to patterns of channel names, and to shard channels, which are
separate from the others. Only ``Topics`` changes a connection's subscriptions, so both sides agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..patterns import Matcher, matcher
from ..reply import Push

if TYPE_CHECKING:
    from ..context import Context

#: The connections that listen to one name, in the order in which they subscribed.
Listeners = dict["Context", None]


class Subscriptions:
    """What one connection listens to, in the order in which it subscribed."""

    __slots__ = ("channels", "patterns", "shard_channels")

    def __init__(self) -> None:
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shard_channels: dict[bytes, None] = {}

    def __bool__(self) -> bool:
        return bool(self.channels or self.patterns or self.shard_channels)


class Topics:
    """Names of one kind, and who listens to each. A name without listeners is forgotten."""

    __slots__ = ("_kind", "by_name")

    def __init__(self, kind: str) -> None:
        """``kind`` is the attribute of ``Subscriptions`` that holds such names."""
        self._kind = kind
        self.by_name: dict[bytes, Listeners] = {}

    def held_by(self, listener: Context) -> dict[bytes, None]:
        """The names of this kind that a connection listens to."""
        held: dict[bytes, None] = getattr(listener.subscriptions, self._kind)
        return held

    def join(self, listener: Context, name: bytes) -> None:
        self.held_by(listener)[name] = None
        self.by_name.setdefault(name, {})[listener] = None
        listener.update_guard()

    def leave(self, listener: Context, name: bytes) -> None:
        """Stop listening, if it did."""
        held = self.held_by(listener)
        if name not in held:
            return
        del held[name]
        listeners = self.by_name[name]
        del listeners[listener]
        if not listeners:
            del self.by_name[name]
        listener.update_guard()

    def leave_all(self, listener: Context) -> None:
        for name in list(self.held_by(listener)):
            self.leave(listener, name)

    def count(self, name: bytes) -> int:
        """How many connections listen to a name."""
        return len(self.by_name.get(name, ()))

    def matching(self, pattern: bytes | None) -> list[bytes]:
        """The names that match; without a pattern, all of them."""
        if pattern is None:
            return list(self.by_name)
        matches = matcher(pattern)
        return [name for name in self.by_name if matches(name)]


class Patterns(Topics):
    """Topics that stand for every channel whose name matches."""

    __slots__ = ("_matchers",)

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self._matchers: dict[bytes, Matcher] = {}

    def join(self, listener: Context, name: bytes) -> None:
        super().join(listener, name)
        self._matchers[name] = matcher(name)

    def leave(self, listener: Context, name: bytes) -> None:
        super().leave(listener, name)
        if name not in self.by_name:
            self._matchers.pop(name, None)

    def matched_by(self, channel: bytes) -> list[bytes]:
        """The patterns that a channel's name matches."""
        return [pattern for pattern, matches in self._matchers.items() if matches(channel)]


class Broker:
    """All subscriptions of a server."""

    def __init__(self) -> None:
        self.channels = Topics("channels")
        self.patterns = Patterns("patterns")
        self.shard_channels = Topics("shard_channels")

    def forget(self, listener: Context) -> None:
        """End all subscriptions of a connection, without telling it."""
        for topics in (self.channels, self.patterns, self.shard_channels):
            topics.leave_all(listener)

    def publish(self, channel: bytes, message: bytes) -> int:
        """Send a message to all listeners, and return how many times it was sent."""
        sent = _send_to(self.channels.by_name.get(channel), Push([b"message", channel, message]))
        for pattern in self.patterns.matched_by(channel):
            push = Push([b"pmessage", pattern, channel, message])
            sent += _send_to(self.patterns.by_name.get(pattern), push)
        return sent

    def publish_to_shard(self, channel: bytes, message: bytes) -> int:
        """The same for a shard channel, which no pattern matches."""
        listeners = self.shard_channels.by_name.get(channel)
        return _send_to(listeners, Push([b"smessage", channel, message]))


def _send_to(listeners: Listeners | None, push: Push) -> int:
    """Send all listeners the same push, and return how many they are."""
    if not listeners:
        return 0
    receivers = tuple(listeners)  # a push that is one too many ends its connection
    for receiver in receivers:
        receiver.push(push)
    return len(receivers)
