"""Cases on publish and subscribe: what listeners are told, and when.

What was published to a connection is read with the reply to its next request, before it.
"""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
SUBSCRIBE a ...
PSUBSCRIBE a ...
SSUBSCRIBE a ...
PUBLISH a b
SPUBLISH a b
PUBSUB NUMPAT
"""

CASES = [
    *matrix.arity("pubsub", _REQUESTS),
    *matrix.keys("pubsub", "SSUBSCRIBE a b\nSUNSUBSCRIBE a b\nSPUBLISH a b\nPUBLISH a b"),
    *read_cases(
        "pubsub",
        r"""
SUBSCRIBE is confirmed channel by channel
    replies=3> SUBSCRIBE a b a
    SUBSCRIBE ""
    SUBSCRIBE "with\r\nline end"

UNSUBSCRIBE is confirmed channel by channel
    replies=2> SUBSCRIBE a b
    replies=3> UNSUBSCRIBE a a b

UNSUBSCRIBE from nothing
    UNSUBSCRIBE
    UNSUBSCRIBE a
    PUNSUBSCRIBE
    PUNSUBSCRIBE a
    SUNSUBSCRIBE
    SUNSUBSCRIBE a

UNSUBSCRIBE without names ends all, of its own kind
    SUBSCRIBE a
    PSUBSCRIBE p*
    SSUBSCRIBE s
    UNSUBSCRIBE
    SUNSUBSCRIBE
    PUNSUBSCRIBE
    GET k

Patterns are ended in the order in which they came
    replies=4> PSUBSCRIBE d c b a
    replies=4> PUNSUBSCRIBE

Channels and patterns are counted together, shard channels apart
    SUBSCRIBE a
    PSUBSCRIBE a
    SSUBSCRIBE a
    PSUBSCRIBE b
    SSUBSCRIBE b
    SUBSCRIBE b

A message reaches who listens to its channel
    other> SUBSCRIBE news
    PUBLISH news hello
    PUBLISH other hello
    PUBLISH news "with\r\nline end"
    PUBLISH news ""
    other replies=4> PING

A message to nobody
    PUBLISH news hello
    SPUBLISH news hello

A message reaches who listens to a pattern
    other replies=2> PSUBSCRIBE n?ws n[eo]w
    PUBLISH news hello
    PUBLISH now hello
    PUBLISH nws hello
    other replies=3> PING

A connection is told once for its channel and once for each pattern
    other> SUBSCRIBE news
    other> PSUBSCRIBE n*
    PUBLISH news hello
    other replies=3> PING

All who listen are counted
    SUBSCRIBE news
    other> SUBSCRIBE news
    other> PSUBSCRIBE n*
    UNSUBSCRIBE news
    PUBLISH news hello
    other replies=3> PING

A pattern that two connections listen to
    PSUBSCRIBE n*
    other> PSUBSCRIBE n*
    PUNSUBSCRIBE
    PUBSUB NUMPAT
    PUBLISH news hello
    other replies=2> PING

Messages come in the order in which they were published
    other replies=2> SUBSCRIBE a b
    PUBLISH a 1
    PUBLISH b 2
    PUBLISH a 3
    other replies=4> PING

Nothing comes after UNSUBSCRIBE
    other> SUBSCRIBE a
    PUBLISH a 1
    other replies=2> UNSUBSCRIBE a
    PUBLISH a 2
    other> PING

A shard channel has nothing to do with a channel of its name
    other> SSUBSCRIBE a
    PUBLISH a 1
    SPUBLISH a 2
    other replies=2> PING

Patterns do not match shard channels
    other> PSUBSCRIBE *
    SPUBLISH a 1
    other> PING

In RESP2 only a few commands are heard while there are subscriptions
    SUBSCRIBE a
    GET k
    SET k v
    GET
    NOSUCH
    CONFIG GET timeout
    CLIENT NOSUCH
    ids> HELLO
    AUTH x
    MULTI
    EXEC
    ECHO x

A listener in RESP3 may call anything
    ids> HELLO 3
    SUBSCRIBE a
    SET k v
    GET k
    PING
    PING x

A listener goes back to RESP2
    ids> HELLO 3
    SUBSCRIBE a
    ids> HELLO 2
    GET k
    PING
    ids> HELLO 3
    UNSUBSCRIBE a
    GET k

PING answers a listener of RESP2 with an array
    SUBSCRIBE a
    PING
    PING x
    PING x y
    UNSUBSCRIBE
    PING
    PING x

PING while listening to shard channels and patterns alone
    SSUBSCRIBE a
    PING
    SUNSUBSCRIBE
    PSUBSCRIBE a
    PING

QUIT while listening
    SUBSCRIBE a
    closes> QUIT

RESET ends all subscriptions
    SUBSCRIBE a
    PSUBSCRIBE b
    SSUBSCRIBE c
    RESET
    GET k
    PUBLISH a 1
    SPUBLISH c 1
    PUBSUB NUMPAT
    PUBSUB CHANNELS
    PUBSUB SHARDCHANNELS

A connection that is gone listens no more
    other> SUBSCRIBE a
    other closes> QUIT
    after=50> PUBLISH a 1
    PUBSUB CHANNELS

A listener of RESP3 is told before it has the reply to its own PUBLISH
    ids> HELLO 3
    SUBSCRIBE a
    replies=2> PUBLISH a 1
    PSUBSCRIBE *
    replies=3> PUBLISH a 2
    SSUBSCRIBE a
    replies=2> SPUBLISH a 3

A pipeline of a listener that publishes to itself
    ids> HELLO 3
    raw replies=7> "PING\r\nSUBSCRIBE a\r\nPUBLISH a 1\r\nPUBLISH a 2\r\nPING\r\n"

SUBSCRIBE inside a transaction
    MULTI
    SUBSCRIBE a
    PSUBSCRIBE p*
    SSUBSCRIBE s
    PING
    EXEC
    PING

SUBSCRIBE with two channels inside a transaction
    MULTI
    SUBSCRIBE a b
    replies=2> EXEC

UNSUBSCRIBE from nothing inside a transaction
    MULTI
    UNSUBSCRIBE
    PING
    EXEC

A transaction that publishes to its own connection
    ids> HELLO 3
    SUBSCRIBE a
    MULTI
    SET k v
    PUBLISH a 1
    GET k
    replies=2> EXEC
    PING

Commands that follow SUBSCRIBE in a transaction run
    MULTI
    SUBSCRIBE a
    SET k v
    GET k
    PING
    EXEC
    other> GET k

A transaction is spoiled by what a listener may not call
    MULTI
    SUBSCRIBE a
    EXEC
    MULTI
    UNSUBSCRIBE

A script publishes
    other replies=2> SUBSCRIBE a b
    EVAL "local n = redis.call('publish', 'a', '1'); redis.call('publish', 'b', '2'); return n" 0
    EVAL "return redis.call('spublish', 'a', '1')" 0
    EVAL "return redis.call('pubsub', 'numsub', 'a')" 0
    EVAL "return redis.call('pubsub', 'channels', 'a')" 0
    other replies=3> PING

A script that publishes to its own connection
    ids> HELLO 3
    SUBSCRIBE a
    replies=2> EVAL "return {redis.call('publish', 'a', '1'), 2}" 0

No script may subscribe
    EVAL "return redis.call('subscribe', 'a')" 0
    EVAL "return redis.call('psubscribe', 'a')" 0
    EVAL "return redis.call('ssubscribe', 'a')" 0
    EVAL "return redis.call('unsubscribe', 'a')" 0
    EVAL "return redis.pcall('punsubscribe').err" 0

PUBLISH inside a transaction is sent when EXEC runs
    other> SUBSCRIBE a
    MULTI
    PUBLISH a 1
    other> PING
    EXEC
    other replies=2> PING

CLIENT REPLY OFF does not stop messages and confirmations
    ids> HELLO 3
    raw replies=3> "CLIENT REPLY OFF\r\nGET k\r\nSUBSCRIBE a\r\nPUBLISH a 1\r\nUNSUBSCRIBE a\r\n"
    CLIENT REPLY ON

CLIENT REPLY SKIP before SUBSCRIBE
    raw replies=2> "CLIENT REPLY SKIP\r\nSUBSCRIBE a\r\nPING\r\n"

PUBSUB CHANNELS
    PUBSUB CHANNELS
    other replies=3> SUBSCRIBE one two three
    unordered> PUBSUB CHANNELS
    unordered> PUBSUB CHANNELS t*
    PUBSUB CHANNELS one
    PUBSUB CHANNELS nosuch
    PUBSUB SHARDCHANNELS
    PUBSUB CHANNELS a b
    pubsub channels a b

PUBSUB SHARDCHANNELS
    other replies=3> SSUBSCRIBE one two three
    unordered> PUBSUB SHARDCHANNELS
    unordered> PUBSUB SHARDCHANNELS t*
    PUBSUB CHANNELS
    PUBSUB SHARDCHANNELS a b

PUBSUB NUMSUB
    other replies=2> SUBSCRIBE a b
    other> PSUBSCRIBE a
    PUBSUB NUMSUB
    PUBSUB NUMSUB a b c a
    PUBSUB SHARDNUMSUB
    PUBSUB SHARDNUMSUB a

PUBSUB SHARDNUMSUB
    other replies=2> SSUBSCRIBE a b
    PUBSUB SHARDNUMSUB a b c
    PUBSUB NUMSUB a

PUBSUB NUMPAT counts different patterns
    ids> HELLO 3
    PUBSUB NUMPAT
    other replies=2> PSUBSCRIBE a b
    replies=2> PSUBSCRIBE b c
    PUBSUB NUMPAT
    replies=2> PUNSUBSCRIBE
    PUBSUB NUMPAT

PUBSUB refuses what it does not know
    PUBSUB
    PUBSUB NOSUCH
    PUBSUB NUMPAT x
    PUBSUB HELP x

CLIENT LIST by type shows who listens
    masked> CLIENT LIST TYPE pubsub
    other> SUBSCRIBE a
    CLIENT KILL TYPE pubsub
    PUBLISH a 1
    CLIENT KILL TYPE pubsub
    masked> CLIENT LIST TYPE pubsub
    other closes> PING

CLIENT KILL TYPE normal leaves listeners alone
    ids> HELLO 3
    SUBSCRIBE a
    CLIENT KILL TYPE normal SKIPME no
    PING
""",
    ),
]
