"""MULTI, EXEC, DISCARD, WATCH and UNWATCH."""

from __future__ import annotations

from ..script import Case, read_cases
from . import matrix

_REQUESTS = """
DISCARD
EXEC
MULTI
UNWATCH
WATCH k ...
"""

#: What another client may do to a watched key, by its sentence: preparation, then the change.
_CHANGES = {
    "sets it": ("SET k 1", "SET k 2"),
    "sets it to the same value": ("SET k 1", "SET k 1"),
    "creates it": ("DEL k", "SET k 1"),
    "deletes it": ("SET k 1", "DEL k"),
    "deletes and recreates it": (
        "SET k 1",
        "EVAL \"redis.call('DEL','k') return redis.call('SET','k','1')\" 0",
    ),
    "deletes it while it is missing": ("DEL k", "DEL k"),
    "reads it": ("SET k 1", "GET k"),
    "is refused to set it": ("SET k 1", "SET k 2 NX"),
    "gives it a deadline": ("SET k 1", "EXPIRE k 100"),
    "gives it a deadline in the past": ("SET k 1", "EXPIRE k -1"),
    "takes away its deadline": ("SET k 1 EX 100", "PERSIST k"),
    "takes away no deadline": ("SET k 1", "PERSIST k"),
    "touches it": ("SET k 1", "TOUCH k"),
    "renames it": ("SET k 1", "RENAME k j"),
    "renames another key to it": ("SET j 1", "RENAME j k"),
    "copies another key to it": ("SET j 1", "COPY j k"),
    "moves it away": ("SET k 1", "MOVE k 1"),
    "increments it": ("SET k 1", "INCR k"),
    "appends nothing to it": ("SET k 1", 'APPEND k ""'),
    "writes nothing into it": ("SET k 1", 'SETRANGE k 0 ""'),
    "gets and deletes it": ("SET k 1", "GETDEL k"),
    "gets it with a deadline": ("SET k 1", "GETEX k EX 100"),
    "gets it and persists it": ("SET k 1", "GETEX k PERSIST"),
    "gets it without an option": ("SET k 1", "GETEX k"),
    "adds a field to it": ("HSET k f v", "HSET k g v"),
    "sets a field to the same value": ("HSET k f v", "HSET k f v"),
    "deletes a missing field": ("HSET k f v", "HDEL k x"),
    "sets an old field if new": ("HSET k f v", "HSETNX k f w"),
    "adds a member to it": ("SADD k a", "SADD k b"),
    "adds an old member to it": ("SADD k a", "SADD k a"),
    "removes a missing member": ("SADD k a", "SREM k x"),
    "moves a member to it": ("SADD j a", "SMOVE j k a"),
    "moves a member away": ("SADD k a b", "SMOVE k j a"),
    "moves a member to itself": ("SADD k a", "SMOVE k k a"),
    "pops no member": ("SADD k a", "SPOP k 0"),
    "pops a member": ("SADD k a", "SPOP k"),
    "stores an empty result over it": ("SADD k a", "SINTERSTORE k missing"),
    "stores an empty result over nothing": ("DEL k", "SINTERSTORE k missing"),
    "stores the same result over it": ("SADD k a", "SUNIONSTORE k k"),
    "sorts nothing over it": ("SET k 1", "SORT missing STORE k"),
    "flushes the database": ("SET k 1", "FLUSHDB"),
    "flushes all databases": ("SET k 1", "FLUSHALL"),
    "flushes while it is missing": ("DEL k", "FLUSHALL"),
    "swaps its database with an empty one": ("SET k 1", "SWAPDB 0 1"),
    "swaps while it is missing": ("DEL k", "SWAPDB 0 1"),
    "swaps other databases": ("SET k 1", "SWAPDB 1 2"),
    "swaps its database with itself": ("SET k 1", "SWAPDB 0 0"),
    "sets another key": ("SET k 1", "SET j 1"),
    "fails to change it": ("SET k abc", "INCR k"),
    "changes it in a script": ("SET k 1", "EVAL \"return redis.call('SET','k','2')\" 1 k"),
}


def _watched() -> list[Case]:
    """EXEC of a key that was watched while another client did something."""
    text = "\n".join(
        f"EXEC after another client {sentence}\n  {preparation}\n  WATCH k\n"
        f"  other> {change}\n  MULTI\n  PING\n  EXEC\n  TYPE k"
        for sentence, (preparation, change) in _CHANGES.items()
    )
    return read_cases("transactions", text)


CASES = [
    *matrix.arity("transactions", _REQUESTS),
    *matrix.keys("transactions", _REQUESTS),
    *_watched(),
    *read_cases(
        "transactions",
        r"""
EXEC answers with the replies in order
    MULTI
    SET a 1
    INCR a
    GET a
    HSET h f v
    HGETALL h
    EXEC

EXEC of an empty transaction
    MULTI
    EXEC
    GET a

A transaction runs past a command that fails
    SET a abc
    MULTI
    SET b 1
    INCR a
    SADD a x
    HSET a f v
    SET c 2
    EXEC
    MGET a b c

DISCARD forgets what was queued
    SET a 1
    MULTI
    SET a 2
    DISCARD
    GET a
    EXEC

EXEC and DISCARD without MULTI
    EXEC
    DISCARD
    MULTI
    DISCARD
    DISCARD

MULTI inside MULTI is refused, and the transaction goes on
    MULTI
    SET a 1
    MULTI
    SET b 2
    EXEC
    MGET a b

WATCH inside MULTI is refused, and the transaction goes on
    MULTI
    WATCH a
    SET a 1
    EXEC
    GET a

UNWATCH inside MULTI is queued
    SET a 1
    WATCH a
    other> SET a 2
    MULTI
    UNWATCH
    EXEC

An unknown command spoils the transaction
    MULTI
    SET a 1
    FOO bar
    SET b 2
    EXEC
    EXISTS a b
    EXEC

A wrong number of arguments spoils the transaction
    MULTI
    SET a
    SET a 1
    EXEC
    EXISTS a

An unknown subcommand spoils the transaction
    MULTI
    CLIENT FOO
    OBJECT
    EXEC

What is found only when it runs does not spoil the transaction
    MULTI
    SET a 1 FOO
    HSET h f
    MSET a
    HSET h f v g
    MSET a 1 b
    EXPIRE a abc
    SELECT 99
    EXEC

A spoiled transaction can be discarded
    MULTI
    FOO
    DISCARD
    MULTI
    SET a 1
    EXEC

A refused command inside MULTI also spoils when it follows a refused MULTI
    MULTI
    MULTI
    FOO
    EXEC

SELECT inside a transaction lasts
    MULTI
    SELECT 1
    SET a one
    EXEC
    GET a
    SELECT 0
    GET a

RESET inside MULTI ends it
    MULTI
    SET a 1
    RESET
    EXEC
    EXISTS a

QUIT inside MULTI closes
    MULTI
    SET a 1
    closes> QUIT

PING, ECHO and TIME inside a transaction
    MULTI
    PING
    PING hello
    ECHO hi
    EXEC

HELLO inside a transaction changes the protocol of what follows
    HSET h f v
    MULTI
    HGETALL h
    ids> HELLO 3
    HGETALL h
    HELLO 2
    HGETALL h
    ids> EXEC

AUTH inside a transaction
    MULTI
    AUTH wrong
    AUTH default wrong
    EXEC

MONITOR inside a transaction is queued, and refused when it runs
    MULTI
    MONITOR
    PING
    EXEC

CLIENT commands inside a transaction
    MULTI
    CLIENT SETNAME me
    CLIENT GETNAME
    CLIENT REPLY ON
    EXEC

A script inside a transaction
    MULTI
    EVAL "return redis.call('SET', KEYS[1], ARGV[1])" 1 k v
    EVAL "return redis.call('INCR', KEYS[1])" 1 k
    EVAL "return {1, 'two', false}" 0
    EXEC
    GET k

WATCH without a change lets EXEC run
    SET a 1
    WATCH a
    MULTI
    INCR a
    EXEC

WATCH sees a change of its own connection
    SET a 1
    WATCH a
    SET a 2
    MULTI
    INCR a
    EXEC
    GET a

WATCH sees no change that came before
    SET a 1
    other> SET a 2
    WATCH a
    MULTI
    INCR a
    EXEC

EXEC unwatches, whether it runs or not
    SET a 1
    WATCH a
    other> SET a 2
    MULTI
    INCR a
    EXEC
    MULTI
    INCR a
    EXEC
    WATCH a
    MULTI
    EXEC
    other> SET a 10
    MULTI
    INCR a
    EXEC

DISCARD unwatches
    SET a 1
    WATCH a
    other> SET a 2
    MULTI
    DISCARD
    MULTI
    INCR a
    EXEC

UNWATCH unwatches
    SET a 1
    WATCH a
    other> SET a 2
    UNWATCH
    MULTI
    INCR a
    EXEC

RESET unwatches
    SET a 1
    WATCH a
    other> SET a 2
    RESET
    MULTI
    SET a 3
    EXEC

UNWATCH without WATCH
    UNWATCH
    UNWATCH

WATCH of several keys, named twice or missing
    WATCH a b a missing
    other> SET b 1
    MULTI
    PING
    EXEC
    WATCH a
    WATCH a b
    MULTI
    PING
    EXEC

WATCH goes by database
    SET a 1
    WATCH a
    other> SELECT 1
    other> SET a 2
    MULTI
    PING
    EXEC
    SELECT 1
    WATCH a
    other> SET a 3
    SELECT 0
    MULTI
    PING
    EXEC

WATCH sees a change made between MULTI and EXEC
    SET a 1
    WATCH a
    MULTI
    INCR a
    other> SET a 5
    EXEC
    GET a

WATCH in a database that another one is swapped with
    SET a 1
    SELECT 1
    SET a 2
    WATCH a
    other> SWAPDB 0 1
    MULTI
    GET a
    EXEC

A spoiled and dirty transaction tells of its errors
    SET a 1
    WATCH a
    other> SET a 2
    MULTI
    FOO
    EXEC

A key that expires after WATCH stops EXEC
    SET k v PX 5
    WATCH k
    MULTI
    GET k
    after=20> EXEC
    EXISTS k

A key that had expired before WATCH does not stop EXEC
    SET k v PX 5
    after=20> WATCH k
    MULTI
    GET k
    EXEC

EXEC takes no arguments and stays in the transaction
    MULTI
    SET a 1
    EXEC now
    EXEC

A transaction of reads answers with each type of reply
    SADD s a
    HSET h f v
    SET k v
    MULTI
    GET missing
    SMEMBERS s
    HGETALL h
    HMGET h f x
    HINCRBYFLOAT h n 1.5
    TYPE k
    STRLEN k
    HGET missing f
    SMEMBERS missing
    LCS k k IDX
    EXEC

A big transaction
    MULTI
    SET k "v"*10000
    GET k
    APPEND k "w"*10000
    GET k
    EXEC
""",
    ),
]
