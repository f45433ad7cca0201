"""The limit on memory, what is evicted for it, and what is known of the use of keys.

A case that changes a setting puts it back: the reference has a limit of 1 GB from its start.
"""

from __future__ import annotations

from ..script import read_cases
from . import matrix
from .dumping import payload

V = payload(b"\x00\x01v")

_REQUESTS = """
MEMORY DOCTOR
MEMORY MALLOC-STATS
MEMORY PURGE
MEMORY STATS
"""

CASES = [
    *matrix.arity("memory", _REQUESTS),
    *read_cases(
        "memory",
        rf"""
Memory that is exhausted
    MSET k v number 1
    HSET h f v
    SADD s m n
    CONFIG SET maxmemory 1
    CONFIG GET maxmemory
    SET k w
    SETNX new v
    APPEND k x
    SETRANGE k 0 x
    INCR number
    INCRBYFLOAT number 1
    GETSET k v
    MSET k v
    HSET h f w
    HINCRBY h n 1
    SADD s o
    SUNIONSTORE d s
    SORT s ALPHA STORE d
    COPY k k2
    RESTORE k 0 x
    GET k
    HGETALL h
    STRLEN k
    EXPIRE k 100
    PERSIST k
    RENAME k k3
    HDEL h f
    SREM s m
    SPOP s
    GETDEL k3
    GETEX number EX 100
    DEL number
    WATCH k
    UNWATCH
    PING
    SET k
    SET k v FOO
    NOSUCHCOMMAND
    CONFIG SET maxmemory 1gb
    SET k w
    DBSIZE

Memory that is exhausted inside a transaction
    SET k v
    CONFIG SET maxmemory 1
    MULTI
    GET k
    EXEC
    MULTI
    DISCARD
    MULTI
    SET k w
    DISCARD
    MULTI
    MULTI
    WATCH k
    EXEC
    MULTI
    EXEC
    MULTI
    NOSUCHCOMMAND
    EXEC
    CONFIG SET maxmemory 1gb
    GET k

Memory that is exhausted when a transaction runs
    SET k v
    MULTI
    GET k
    other> CONFIG SET maxmemory 1
    EXEC
    other> CONFIG SET maxmemory 1gb
    MULTI
    GET k
    SET k w
    other> CONFIG SET maxmemory 1
    EXEC
    GET k
    EXEC
    other> CONFIG SET maxmemory 1gb
    MULTI
    CONFIG SET maxmemory 1
    SET k w
    EXEC
    CONFIG SET maxmemory 1gb
    GET k

Memory that is exhausted, and scripts
    SET k v
    CONFIG SET maxmemory 1
    EVAL "return redis.call('get', KEYS[1])" 1 k
    EVAL "return redis.call('set', KEYS[1], 'w')" 1 k
    EVAL "return redis.pcall('set', KEYS[1], 'w')" 1 k
    EVAL "return redis.pcall('SET', KEYS[1], 'w')['err']" 1 k
    EVAL "redis.call('expire', KEYS[1], 100) return redis.call('set', KEYS[1], 'w')" 1 k
    EVAL "redis.call('del', 'k') redis.call('set', 'k', 'w') return redis.call('get', 'k')" 1 k
    EVAL_RO "return redis.call('set', KEYS[1], 'x')" 1 k
    EVAL "return redis.call('nosuchcommand')" 0
    EVAL "return redis.call('set')" 0
    CONFIG SET maxmemory 1gb
    GET k

Eviction empties what it may
    MSET a 1 b 2 c 3
    CONFIG SET maxmemory-policy allkeys-lru
    CONFIG SET maxmemory 1
    PING
    DBSIZE
    SET k v
    EXISTS k
    CONFIG SET maxmemory-policy noeviction
    CONFIG SET maxmemory 1gb

Eviction of volatile keys leaves the others
    MSET a 1 b 2
    SET c 3 EX 100
    SET d 4 EX 100
    CONFIG SET maxmemory-policy volatile-ttl
    CONFIG SET maxmemory 1
    PING
    MGET a b c d
    SET k v
    CONFIG SET maxmemory-policy volatile-random
    EXPIRE a 100
    PING
    MGET a b c d
    CONFIG SET maxmemory 1gb
    CONFIG SET maxmemory-policy noeviction

Settings of eviction
    CONFIG SET maxmemory-policy ALLKEYS-lru
    CONFIG GET maxmemory-policy
    CONFIG SET maxmemory-policy noeviction
    CONFIG SET maxmemory-policy nonsense
    CONFIG SET maxmemory-policy ""
    CONFIG SET maxmemory-samples 0
    CONFIG SET maxmemory-samples x
    CONFIG GET maxmemory-samples
    CONFIG SET maxmemory-eviction-tenacity 101
    CONFIG SET maxmemory-eviction-tenacity -1
    CONFIG GET maxmemory-eviction-tenacity
    CONFIG SET lfu-log-factor -1
    CONFIG SET lfu-decay-time -1
    CONFIG SET lfu-decay-time x
    pairs> CONFIG GET lfu-*
    CONFIG SET maxmemory -1
    CONFIG SET maxmemory 1.5gb
    CONFIG SET maxmemory 10tb
    CONFIG SET maxmemory ""
    CONFIG SET maxmemory 1gB
    CONFIG GET maxmemory
    CONFIG GET maxmemory-clients
    CONFIG SET maxmemory-clients 10%
    CONFIG GET maxmemory-clients
    CONFIG SET maxmemory-clients 1mb
    CONFIG GET maxmemory-clients
    CONFIG SET maxmemory-clients 101%
    CONFIG SET maxmemory-clients -5
    CONFIG SET maxmemory-clients x
    CONFIG SET maxmemory-clients 0
    CONFIG SET rdbcompression maybe
    CONFIG GET rdbcompression

Settings of compression
    SET k "a"*100
    CONFIG SET rdbcompression no
    DUMP k
    CONFIG SET rdbcompression yes
    DUMP k

Each policy tells its own measure of use
    SET k v
    OBJECT FREQ k
    OBJECT FREQ missing
    CONFIG SET maxmemory-policy allkeys-lfu
    SET fresh v
    OBJECT FREQ fresh
    OBJECT IDLETIME fresh
    OBJECT IDLETIME missing
    OBJECT FREQ
    OBJECT FREQ a b
    CONFIG SET maxmemory-policy volatile-lru
    OBJECT FREQ fresh
    CONFIG SET maxmemory-policy noeviction

A command uses a key once, and a copy is new
    CONFIG SET maxmemory-policy allkeys-lfu
    CONFIG SET lfu-log-factor 0 lfu-decay-time 0
    SET k 1
    INCR k
    INCRBYFLOAT k 1
    OBJECT FREQ k
    APPEND k 0
    SETRANGE k 0 x
    OBJECT FREQ k
    SET k v KEEPTTL
    GETSET k w
    OBJECT FREQ k
    SET copied v
    GET copied
    COPY k copied REPLACE
    OBJECT FREQ copied
    OBJECT FREQ k
    RENAME k copied
    OBJECT FREQ copied
    CONFIG SET lfu-log-factor 10 lfu-decay-time 1 maxmemory-policy noeviction

References to small integers
    SET k 1
    OBJECT REFCOUNT k
    SET k 10000
    OBJECT REFCOUNT k
    SET k -1
    OBJECT REFCOUNT k
    SET k 9999
    OBJECT REFCOUNT k
    SET k v
    OBJECT REFCOUNT k
    HSET h f 1
    OBJECT REFCOUNT h
    INCR n
    OBJECT REFCOUNT n
    APPEND a 5
    OBJECT REFCOUNT a

Idle times and frequencies come with RESTORE
    SET k v
    RESTORE idle 0 {V} IDLETIME 100
    near=1> OBJECT IDLETIME idle
    CONFIG SET maxmemory-policy allkeys-lfu
    RESTORE frequent 0 {V} FREQ 100
    OBJECT FREQ frequent
    RESTORE frequent 0 {V} REPLACE IDLETIME 100
    OBJECT FREQ frequent
    CONFIG SET maxmemory-policy noeviction

Unused for seconds
    SET k v
    OBJECT IDLETIME k
    after=1200> TTL k
    TYPE k
    EXISTS k
    TOUCH k missing
    OBJECT IDLETIME k

MEMORY STATS has the same shape
    SET k v EX 100
    shape> MEMORY STATS

MEMORY commands that have little to tell
    MEMORY PURGE
    masked> MEMORY USAGE missing
""",
    ),
]
