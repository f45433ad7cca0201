from __future__ import annotations

import pytest

from ferrite_lite.context import Context
from ferrite_lite.engine import Engine
from ferrite_lite.messages.broker import Broker
from ferrite_lite.reply import Push, Reply


class Listener:
    """A connection that writes down what it is sent."""

    def __init__(self, engine: Engine) -> None:
        self.ctx: Context = engine.connect()
        self.heard: list[Reply] = []
        self.ctx.send = self.heard.append


@pytest.fixture
def broker(engine: Engine) -> Broker:
    return engine.state.broker


@pytest.fixture
def listener(engine: Engine) -> Listener:
    return Listener(engine)


def is_empty(broker: Broker) -> bool:
    topics = (broker.channels, broker.patterns, broker.shard_channels)
    return not any(each.by_name for each in topics) and not broker.patterns._matchers


def test_each_way_of_listening_is_told_once(broker: Broker, listener: Listener) -> None:
    broker.channels.join(listener.ctx, b"news")
    broker.channels.join(listener.ctx, b"news")
    broker.patterns.join(listener.ctx, b"n*")
    assert broker.publish(b"news", b"hello") == 2
    assert listener.heard == [
        Push([b"message", b"news", b"hello"]),
        Push([b"pmessage", b"n*", b"news", b"hello"]),
    ]


def test_patterns_beyond_the_cache_of_matchers_still_match(
    broker: Broker, listener: Listener
) -> None:
    for number in range(1000):
        broker.patterns.join(listener.ctx, b"?%d" % number)
    assert broker.publish(b"x999", b"") == 1


def test_a_disconnected_client_leaves_nothing_behind(
    engine: Engine, broker: Broker, listener: Listener
) -> None:
    broker.channels.join(listener.ctx, b"news")
    broker.patterns.join(listener.ctx, b"n*")
    broker.shard_channels.join(listener.ctx, b"news")
    engine.disconnect(listener.ctx)
    assert is_empty(broker)


def test_a_name_to_which_nobody_listens_any_more_is_forgotten(
    broker: Broker, listener: Listener
) -> None:
    for number in range(1000):
        broker.channels.join(listener.ctx, b"%d" % number)
        broker.channels.leave(listener.ctx, b"%d" % number)
        broker.patterns.join(listener.ctx, b"%d*" % number)
        broker.patterns.leave(listener.ctx, b"%d*" % number)
    assert is_empty(broker)
    assert not listener.ctx.guarded


def test_a_listener_may_end_while_it_is_told(engine: Engine, broker: Broker) -> None:
    listeners = [Listener(engine) for _ in range(3)]
    for each in listeners:
        broker.channels.join(each.ctx, b"news")
    listeners[0].ctx.send = lambda _: engine.disconnect(listeners[0].ctx)
    assert broker.publish(b"news", b"hello") == 3
    assert broker.publish(b"news", b"hello") == 2


def test_a_connection_that_is_closing_hears_nothing(broker: Broker, listener: Listener) -> None:
    broker.channels.join(listener.ctx, b"news")
    listener.ctx.finish()
    broker.publish(b"news", b"hello")
    assert listener.heard == []
