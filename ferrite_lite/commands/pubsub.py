"""Publish and subscribe: messages to whoever listens at this moment.

SUBSCRIBE and its kind answer with pushes, one for each channel, which CLIENT REPLY does not hold
back; there is no other reply.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..command import CommandGroup
from ..context import Context
from ..errors import SubcommandSyntax
from ..messages.broker import Topics
from ..reply import NO_REPLY, Push, Reply
from .documentation import help_lines

command = CommandGroup("pubsub", category="")

_LISTENING = "pubsub noscript loading stale"
_PUBLISHING = "pubsub loading stale fast may_replicate"
_ASKING = "pubsub loading stale"


def _join(ctx: Context, topics: Topics, names: Iterable[bytes]) -> Reply:
    """Subscribe to one name after the other, with a push for each."""
    for name in names:
        topics.join(ctx, name)
        _confirm(ctx, topics, name)
    return NO_REPLY


def _leave(ctx: Context, topics: Topics, names: Iterable[bytes]) -> Reply:
    """Unsubscribe, with a push for each name; without names, from all there are."""
    ending = list(names or topics.held_by(ctx))
    if not ending:
        _confirm(ctx, topics, None)
    for name in ending:
        topics.leave(ctx, name)
        _confirm(ctx, topics, name)
    return NO_REPLY


def _confirm(ctx: Context, topics: Topics, name: bytes | None) -> None:
    """Tell what was done; channels and patterns are counted together."""
    held, broker = ctx.subscriptions, ctx.server.broker
    if topics is broker.shard_channels:
        count = len(held.shard_channels)
    else:
        count = len(held.channels) + len(held.patterns)
    ctx.push(Push([ctx.command.name.encode(), name, count]))


# --- listening ------------------------------------------------------------------------------------


@command("SUBSCRIBE channel [channel ...]", _LISTENING, since="2.0.0", channels="channels")
def subscribe(ctx: Context, *channels: bytes) -> Reply:
    """Listen to channels."""
    return _join(ctx, ctx.server.broker.channels, channels)


@command("UNSUBSCRIBE [channel [channel ...]]", _LISTENING, since="2.0.0")
def unsubscribe(ctx: Context, *channels: bytes) -> Reply:
    """Stop listening to channels; to all of them if none is named."""
    return _leave(ctx, ctx.server.broker.channels, channels)


@command("PSUBSCRIBE pattern [pattern ...]", _LISTENING, since="2.0.0", channels="patterns")
def psubscribe(ctx: Context, *patterns: bytes) -> Reply:
    """Listen to the channels whose names match."""
    return _join(ctx, ctx.server.broker.patterns, patterns)


@command("PUNSUBSCRIBE [pattern [pattern ...]]", _LISTENING, since="2.0.0")
def punsubscribe(ctx: Context, *patterns: bytes) -> Reply:
    """Stop listening to patterns; to all of them if none is named."""
    return _leave(ctx, ctx.server.broker.patterns, patterns)


@command(
    "SSUBSCRIBE shardchannel [shardchannel ...]",
    _LISTENING,
    keys="not_key",
    since="7.0.0",
    channels="channels",
)
def ssubscribe(ctx: Context, *channels: bytes) -> Reply:
    """Listen to shard channels."""
    return _join(ctx, ctx.server.broker.shard_channels, channels)


@command(
    "SUNSUBSCRIBE [shardchannel [shardchannel ...]]", _LISTENING, keys="not_key", since="7.0.0"
)
def sunsubscribe(ctx: Context, *channels: bytes) -> Reply:
    """Stop listening to shard channels; to all of them if none is named."""
    return _leave(ctx, ctx.server.broker.shard_channels, channels)


# --- publishing -----------------------------------------------------------------------------------


@command("PUBLISH channel message", _PUBLISHING, since="2.0.0", channels="channels")
def publish(ctx: Context, channel: bytes, message: bytes) -> Reply:
    """Send a message to whoever listens, and return how many that are."""
    return ctx.server.broker.publish(channel, message)


@command(
    "SPUBLISH shardchannel message", _PUBLISHING, keys="not_key", since="7.0.0", channels="channels"
)
def spublish(ctx: Context, channel: bytes, message: bytes) -> Reply:
    """Send a message to whoever listens to a shard channel, and return how many that are."""
    return ctx.server.broker.publish_to_shard(channel, message)


# --- asking ---------------------------------------------------------------------------------------


@command("PUBSUB CHANNELS [pattern]", _ASKING, since="2.8.0")
def pubsub_channels(ctx: Context, *pattern: bytes) -> Reply:
    """Return the channels that somebody listens to, or those of them that match."""
    return _names(ctx, ctx.server.broker.channels, pattern)


@command("PUBSUB SHARDCHANNELS [pattern]", _ASKING, since="7.0.0")
def pubsub_shardchannels(ctx: Context, *pattern: bytes) -> Reply:
    """Return the shard channels that somebody listens to, or those of them that match."""
    return _names(ctx, ctx.server.broker.shard_channels, pattern)


def _names(ctx: Context, topics: Topics, pattern: tuple[bytes, ...]) -> Reply:
    if len(pattern) > 1:
        raise SubcommandSyntax("pubsub", ctx.argv[1])
    return list(topics.matching(pattern[0] if pattern else None))


@command("PUBSUB NUMSUB [channel [channel ...]]", _ASKING, since="2.8.0")
def pubsub_numsub(ctx: Context, *channels: bytes) -> Reply:
    """Return how many listen to each channel; patterns do not count."""
    return _counts(ctx.server.broker.channels, channels)


@command("PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]", _ASKING, since="7.0.0")
def pubsub_shardnumsub(ctx: Context, *channels: bytes) -> Reply:
    """Return how many listen to each shard channel."""
    return _counts(ctx.server.broker.shard_channels, channels)


def _counts(topics: Topics, names: tuple[bytes, ...]) -> Reply:
    return [each for name in names for each in (name, topics.count(name))]


@command("PUBSUB NUMPAT", _ASKING, since="2.8.0")
def pubsub_numpat(ctx: Context) -> Reply:
    """Return how many different patterns are listened to."""
    return len(ctx.server.broker.patterns.by_name)


@command("PUBSUB HELP", "loading stale", since="6.2.0")
def pubsub_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)
