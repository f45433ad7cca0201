"""Generated sequences on two connections that hear what they did not ask for.

A connection that subscribes gets messages between its replies, so a step does not tell how many
replies come. After each step both connections send a PING of their own, and all bytes until its
answer are compared: what arrives, and in which order.
"""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.wire import ConnectionClosed, RawConnection, encode

from .runner import PROTOCOLS, Target
from .script import split_words

_EXAMPLES = os.environ.get("DIFFERENTIAL_EXAMPLES", "")
_DEFAULT_EXAMPLES = 30
_MAX_COMMANDS = 20

#: One channel of each kind: where there are more, Redis tells of them in no order. No transaction:
#: the PING after each step would be queued in it.
_PUBSUB = """
SUBSCRIBE a
SUBSCRIBE a a
SUBSCRIBE
UNSUBSCRIBE
UNSUBSCRIBE a
UNSUBSCRIBE b a
PSUBSCRIBE [ab]
PUNSUBSCRIBE
PUNSUBSCRIBE [ab]
PUNSUBSCRIBE *
SSUBSCRIBE s
SUNSUBSCRIBE
SUNSUBSCRIBE s
PUBLISH a message
PUBLISH b message
PUBLISH a ""
SPUBLISH s message
SPUBLISH a message
PUBSUB CHANNELS
PUBSUB CHANNELS a*
PUBSUB NUMSUB a b
PUBSUB NUMPAT
PUBSUB SHARDCHANNELS
PUBSUB SHARDNUMSUB s a
PING
PING hello
PING hello you
GET k
SET k v
HELLO 2
HELLO 3
RESET
ECHO hello
EVAL "return redis.call('PUBLISH', 'a', 'from a script')" 0
EVAL "redis.call('PUBLISH', 'a', 'one') return redis.call('SPUBLISH', 's', 'two')" 0
""".strip().splitlines()

#: Reading and changing a few keys, by connections that track or not. No key runs out: Redis may
#: look for those at any time.
_TRACKED = """
CLIENT TRACKING ON
CLIENT TRACKING ON NOLOOP
CLIENT TRACKING ON OPTIN
CLIENT TRACKING ON OPTOUT NOLOOP
CLIENT TRACKING ON BCAST
CLIENT TRACKING ON BCAST NOLOOP PREFIX k
CLIENT TRACKING ON BCAST PREFIX h PREFIX x
CLIENT TRACKING ON PREFIX k
CLIENT TRACKING OFF
CLIENT CACHING YES
CLIENT CACHING NO
CLIENT GETREDIR
GET k
GET k2
MGET k k2 h
HGET h f
EXISTS x k
SET k v
SET k2 v
APPEND k v
MSET k 1 x 2 k2 3
HSET h f v
HDEL h f
DEL k k2 x
GETSET k v
GETEX k PERSIST
RENAME k k2
COPY k x REPLACE
EXPIRE k 1000
PERSIST k
EXPIREAT k2 1
SWAPDB 0 1
FLUSHDB
FLUSHALL
EVAL "return redis.call('GET', 'k')" 2 k k2
EVAL "return redis.call('SET', KEYS[1], 'v')" 1 k
EVAL "redis.call('GET', 'k') return redis.call('SET', 'k', 'v')" 1 k
EVAL_RO "return redis.call('EXISTS', 'x')" 1 x
HELLO 2
HELLO 3
RESET
SUBSCRIBE __redis__:invalidate
UNSUBSCRIBE
CLIENT NOSUCH
""".strip().splitlines()

_CONNECTION_ID = re.compile(rb"(?<=\$2\r\nid\r\n:)\d+")

Steps = list[tuple[str, str]]


def _steps(first: list[str], other: list[str]) -> st.SearchStrategy[Steps]:
    mine = st.tuples(st.just("first"), st.sampled_from(first))
    theirs = st.tuples(st.just("other"), st.sampled_from(other))
    return st.lists(mine | theirs, max_size=_MAX_COMMANDS)


class _Listener:
    """A connection, and the number of the PING that it sent last."""

    def __init__(self, connection: RawConnection) -> None:
        self._connection = connection
        self._pings = 0

    def heard(self, request: bytes = b"") -> bytes:
        """Send a request, if any; all that comes until a PING behind it is answered."""
        self._pings += 1
        marker = b"marker-%d" % self._pings
        self._connection.send(request + encode("PING", marker))
        heard = b""
        while not heard.endswith(marker + b"\r\n"):
            try:
                heard += self._connection.read_reply()
            except ConnectionClosed as closed:
                return heard + closed.received + b"<closed>"
        return _CONNECTION_ID.sub(b"0", heard)


def _transcript(target: Target, steps: Steps, protocol: int) -> list[str]:
    with target.connect(2) as connection:
        connection.ask("FLUSHALL")
    with target.connect(protocol) as first, target.connect(2) as other:
        listeners = {"first": _Listener(first), "other": _Listener(other)}
        shown = []
        for name, request in steps:
            silent = "other" if name == "first" else "first"
            answer = listeners[name].heard(encode(*split_words(request)))
            shown.append(
                f"{name}> {request}: {answer!r}, and {silent}: {listeners[silent].heard()!r}"
            )
        return shown


def _compare(steps: Steps, reference: Target, subject: Target) -> None:
    for protocol in PROTOCOLS:
        theirs = _transcript(reference, steps, protocol)
        ours = _transcript(subject, steps, protocol)
        if ours != theirs:
            pairs = zip(theirs, ours, strict=True)
            lines = [f"redis {t}\n ours {o}" if t != o else t for t, o in pairs]
            pytest.fail("\n".join([f"RESP{protocol}", *lines]), pytrace=False)


_settings = settings(
    max_examples=int(_EXAMPLES or _DEFAULT_EXAMPLES),
    derandomize=not _EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@_settings
@given(steps=_steps(_PUBSUB, _PUBSUB))
def test_subscribers_hear_the_same_messages_between_the_same_replies(
    steps: Steps, reference: Target, subject: Target
) -> None:
    _compare(steps, reference, subject)


@_settings
@given(steps=_steps(_TRACKED, _TRACKED))
def test_those_who_track_keys_are_told_the_same_between_the_same_replies(
    steps: Steps, reference: Target, subject: Target
) -> None:
    _compare(steps, reference, subject)
