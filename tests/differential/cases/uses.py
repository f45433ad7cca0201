"""How often each request uses the keys that it names: with these settings OBJECT FREQ counts uses.

A key is used by being looked up, even if the request is then refused: for the type of the value,
or because a key is in its way.
"""

from __future__ import annotations

from ..script import read_cases

_SETUP = """
    CONFIG SET maxmemory-policy allkeys-lfu lfu-log-factor 0 lfu-decay-time 0
    MSET k v n 5
    HSET h f v g w
    SADD s a b c
    SADD s2 b zz
"""
_AFTERMATH = """
    OBJECT FREQ k
    OBJECT FREQ n
    OBJECT FREQ h
    OBJECT FREQ s
    OBJECT FREQ s2
    CONFIG SET lfu-log-factor 10 lfu-decay-time 1 maxmemory-policy noeviction
"""

_REQUESTS = """
GET k
GET h
GET s
HGET h f
HGET k f
HGET s f
SADD s x
SADD h x
SADD k x
SADD s a
HSET h f v
HSET k f v
HDEL h nof
HDEL k f
SREM s nox
SREM k x
SETNX k v
SETNX h v
SETNX new v
MSETNX k v new2 w
MSETNX new3 v k w
MSETNX new3 v h w
SET k v NX
SET k v XX
SET h2 v NX
SET k v
SET k v GET
SET k v NX GET
SET h v GET
GETSET h v
GETDEL h
GETEX k
GETEX h
GETEX k EX 100
GETEX k PERSIST
STRLEN k
STRLEN h
APPEND k x
APPEND h x
SETRANGE k 0 y
SETRANGE k 0 ""
SETRANGE h 0 y
GETRANGE k 0 1
SUBSTR k 0 1
GETRANGE h 0 1
INCR n
INCR h
INCR k
INCRBY n x
INCRBYFLOAT n 1.5
INCRBYFLOAT k 1.5
DECR n
HINCRBY h c 1
HINCRBY k c 1
HINCRBY h f 1
HINCRBYFLOAT h c2 1
HSETNX h f v
HSETNX h z v
HSETNX k z v
HMGET h f
HMGET k f
HMSET h f v
HGETALL h
HGETALL k
HKEYS h
HVALS h
HLEN h
HLEN k
HEXISTS h f
HSTRLEN h f
HRANDFIELD h
HRANDFIELD h 2
HRANDFIELD k
HSCAN h 0
HSCAN k 0
SSCAN s 0
SSCAN k 0
SCARD s
SCARD k
SISMEMBER s a
SISMEMBER k a
SMISMEMBER s a b
SMEMBERS s
SMEMBERS k
SRANDMEMBER s
SRANDMEMBER s 2
SRANDMEMBER k
SPOP s
SPOP s 0
SPOP s 1
SPOP k
SMOVE s s2 zz
SMOVE s s2 a
SMOVE s k a
SMOVE k s a
SMOVE s s a
SINTER s s2
SINTER s k
SINTER s missing
SINTER missing k
SUNION s s2
SUNION s k
SDIFF s s2
SDIFF s k
SDIFF missing s
SINTERCARD 2 s s2
SINTERCARD 2 s k
SINTERSTORE d s s2
SUNIONSTORE d s s2
SDIFFSTORE d s s2
SUNIONSTORE s s d
EXISTS k
EXISTS k k h
TYPE k
TTL k
PTTL k
EXPIRETIME k
EXPIRE k 1000
EXPIRE k 1000 XX
EXPIRE k 1000 NX
PEXPIRE h 100000
PERSIST k
TOUCH k
TOUCH k k h
OBJECT ENCODING k
OBJECT REFCOUNT k
DUMP k
DUMP h
COPY k cc
COPY k h
COPY k h REPLACE
COPY h s
RENAME k k
RENAMENX k h
RENAMENX k k
RENAMENX h hh
RENAME hh h
RENAME n k
SET n 5
RENAME missing k
MOVE k 0
MOVE k 1
SORT s ALPHA
SORT k
SORT s BY nosort
SORT s BY k* GET k*
SORT_RO s ALPHA
SORT s ALPHA STORE so
SORT s ALPHA STORE k
MGET k h s n
MSET k v n 6
DEL missing
UNLINK missing
SCAN 0
SCAN 0 TYPE string
KEYS *
SETEX k 100 v
PSETEX k 100000 v
EXPIRE k 100 GT
EXPIRE k 10000 LT
SETEX h 100 v
HSET h3 f v
HSET h3 f v g w
RESTORE k 0 x
SUBSTR k 0 -1
SISMEMBER h3 a
HSTRLEN s f
HEXISTS s f
HKEYS k
HVALS k
SMISMEMBER k a
SDIFF k s
SUNION k
SINTER k
HINCRBYFLOAT k c 1
HMSET k a b
DECRBY h3 1
GETSET k z
GETSET h3 z
TOUCH h3
"""


def _case(request: str) -> str:
    return f"Uses of keys: {request}{_SETUP}    shape> {request}{_AFTERMATH}"


CASES = read_cases("uses", "\n".join(map(_case, _REQUESTS.strip().splitlines())))
