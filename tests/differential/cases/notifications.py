"""Cases on keyspace notifications: which events a command tells, in which order.

Another connection listens, and hears them before the reply to its PING.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.support.wire import encode

from ..script import Case, Step, read_cases, read_step

#: What is done, one case a line: the name, and the requests, of which those before ``|`` prepare.
_DEEDS = r"""
SET: SET k v ; SET k w
SET with EX: SET k v EX 100 ; SET k v PX 100000 ; SET k v EXAT 99999999999 ; SET k v KEEPTTL
SET with a time that is past: SET k v PXAT 1 ; GET k
SET NX and XX: SET k v XX ; SET k v NX ; SET k w NX ; SET k w XX
SET with GET: SET k v GET ; SET k v GET ; SET k v GET EX 100 ; HSET h f v ; SET h v GET
Words that end at a NUL: SET k v "GET\x00y" ; SCAN 0 "TYPE\x00y" string ; SET j v "get\x00"
SET refuses: SET k v EX 0 ; SET k v FOO ; SET k v EX x
SETNX: SETNX k v ; SETNX k w
DEBUG POPULATE: SET key:0 v ; DEBUG POPULATE 3 ; GET key:1
SETEX and PSETEX: SETEX k 100 v ; PSETEX k 100000 v
GETSET: GETSET k v ; GETSET k w
GETDEL: GETDEL k ; SET k v ; GETDEL k
GETEX: GETEX k ; SET k v ; GETEX k ; GETEX k EX 100 ; GETEX k PERSIST ; GETEX k PERSIST ;
    GETEX k PXAT 1 ; GETEX k EX 10
MSET: MSET a 1 b 2 a 3
MSETNX: MSETNX a 1 b 2 ; MSETNX b 1 c 2
INCR and its kind: INCR n ; DECR n ; INCRBY n 5 ; DECRBY n 5 ; INCRBYFLOAT n 1.5
INCR refuses: SET k v | INCR k ; INCRBYFLOAT k 1 ; INCRBY k x
APPEND: APPEND k a ; APPEND k b ; APPEND k ""
SETRANGE: SETRANGE k 0 "" ; SETRANGE k 2 x ; SETRANGE k 0 "" ; SETRANGE k 0 y
HSET: HSET h f v ; HSET h f v ; HSET h f v g w ; HMSET h f v
HSETNX: HSETNX h f v ; HSETNX h f w
HDEL: HSET h f v g w | HDEL h x ; HDEL h f x ; HDEL h g ; HDEL h g
HINCRBY and HINCRBYFLOAT: HINCRBY h f 1 ; HINCRBYFLOAT h f 1.5 ; HSET h g v ; HINCRBY h g 1
SADD: SADD s a ; SADD s a ; SADD s a b c
SREM: SADD s a b c | SREM s x ; SREM s a x ; SREM s b c ; SREM s a
SPOP: SADD s a b | shape> SPOP s ; shape> SPOP s ; SPOP s
SPOP with a count: SADD s a b c | SPOP s 0 ; shape> SPOP s 1 ; shape> SPOP s 9 ; SPOP s 1
SMOVE: SADD s a b ; SADD t b | SMOVE s t x ; SMOVE s t a ; SMOVE s t b ; SMOVE s t b
SMOVE to a new set: SADD s a | SMOVE s t a ; SMOVE t t a
SINTERSTORE: SADD s a b ; SADD t b c ; SADD u z | SINTERSTORE d s t ; SINTERSTORE d s t ;
    SINTERSTORE d s u ; SINTERSTORE d s u ; SET d v ; SINTERSTORE d s t ; SINTERSTORE d s nosuch
SUNIONSTORE: SADD s a b | SUNIONSTORE d s t ; SUNIONSTORE d t u ; SUNIONSTORE d t u
SDIFFSTORE: SADD s a b | SDIFFSTORE d s t ; SDIFFSTORE d s s ; SDIFFSTORE d s s
SORT with STORE: SADD s 1 2 | SORT s STORE d ; SORT nosuch STORE d ; SORT nosuch STORE d
DEL and UNLINK: MSET a 1 b 2 c 3 | DEL a x b ; UNLINK c x
EXPIRE and its kind: SET k v | EXPIRE k 100 ; PEXPIRE k 100000 ; EXPIREAT k 99999999999 ;
    PEXPIREAT k 99999999999999 ; EXPIRE x 100
EXPIRE with a time that is past: SET k v | EXPIRE k -1 ; EXPIRE k -1
EXPIRE with conditions: SET k v | EXPIRE k 100 XX ; EXPIRE k 100 NX ; EXPIRE k 50 GT ;
    EXPIRE k 50 LT
PERSIST: SET k v EX 100 | PERSIST k ; PERSIST k ; PERSIST x
RENAME: SET a 1 ; SET b 2 | RENAME a b ; RENAME b c ; RENAME c c ; RENAME x y
RENAMENX: SET a 1 ; SET b 2 | RENAMENX a b ; RENAMENX a c
MOVE: SET a 1 | MOVE a 1 ; MOVE a 1 ; SELECT 1 ; MOVE a 0
COPY: SET a 1 | COPY a b ; COPY a b ; COPY a b REPLACE ; COPY a a DB 3 ; COPY x y
RESTORE: SET k v ; RESTORE k 0 "\x00\x01v\n\x00\xb2\x0c\xfc\xf7\x82\xa0\x2f\x7a" REPLACE |
    RESTORE r 0 "\x00\x01v\n\x00\x37\x3f\x9a\x6d\x2a\x5b\x6a\xd7"
FLUSHDB and FLUSHALL: SET a 1 ; SET b 2 | FLUSHDB ; SET a 1 ; FLUSHALL
SWAPDB: SET a 1 | SWAPDB 0 1 ; SWAPDB 0 1
TOUCH and OBJECT: SET a 1 | TOUCH a x ; OBJECT ENCODING a ; OBJECT ENCODING x ; OBJECT FREQ x
Reading what is there: SET k v ; HSET h f v ; SADD s a | GET k ; STRLEN k ; GETRANGE k 0 1 ;
    MGET k ;
    HGET h f ; HGETALL h ; SMEMBERS s ; EXISTS k h ; TYPE k ; TTL k ; SCAN 0 COUNT 100 MATCH x ;
    DBSIZE
Reading strings that are not there: GET x ; STRLEN x ; GETRANGE x 0 1 ; SUBSTR x 0 1 ;
    LCS x y
Reading several strings that are not there: MGET x y x
Reading hashes that are not there: HGET x f ; HMGET x f ; HGETALL x ; HKEYS x ; HVALS x ; HLEN x ;
    HEXISTS x f ; HSTRLEN x f ; HRANDFIELD x ; HSCAN x 0 ; HRANDFIELD x 1
Reading sets that are not there: SMEMBERS x ; SISMEMBER x a ; SMISMEMBER x a ; SCARD x ;
    SSCAN x 0 ;
    SRANDMEMBER x ; SRANDMEMBER x 1 ; SINTER x y ; SUNION x y ; SDIFF x y ; SINTERCARD 2 x y
Reading keys that are not there: EXISTS x y x ; TYPE x ; TTL x ; PTTL x ; EXPIRETIME x ;
    PEXPIRETIME x ;
    DUMP x ; TOUCH x y ; SORT x ; SORT_RO x ; KEYS x ; RANDOMKEY ; SCAN 0 ; DBSIZE ;
    OBJECT ENCODING x ;
    MEMORY USAGE x
Writing to keys that are not there: DEL x ; UNLINK x ; EXPIRE x 1 ; PERSIST x ; HDEL x f ;
    SREM x a ;
    SPOP x ; SPOP x 1 ; RENAME x y ; MOVE x 1 ; COPY x y ; GETDEL x ; GETEX x ; SETRANGE x 0 "" ;
    SINTERSTORE d x y ; SUNIONSTORE d x y ; SDIFFSTORE d x y ; SMOVE x y a ; WATCH x ;
    SORT x STORE d
Reading with words that are wrong: GETRANGE x a b ; HSCAN x notacursor ; SORT x FOO ; GET x y ;
    SRANDMEMBER x a
A transaction: MULTI ; SET a 1 ; INCR a ; DEL a ; HSET h f v ; GET x ; EXEC
A transaction that is refused: MULTI ; SET a 1 ; NOSUCH ; EXEC
A script: EVAL "redis.call('set', 'a', 1) redis.call('incr', 'a') redis.call('get', 'x')
    return redis.call('del', 'a')" 0
A script that fails: EVAL "redis.call('set', 'a', 1) return redis.call('nosuch')" 0
"""


def _deeds() -> Iterator[tuple[str, list[str], list[str]]]:
    """Name, preparations, and requests to listen to."""
    for line in _DEEDS.strip().replace("\n    ", " ").splitlines():
        name, _, requests = line.partition(": ")
        before, bar, after = requests.rpartition(" | ")
        yield name, before.split(" ; ") if bar else [], after.split(" ; ")


#: What is due must be found by a request, and not by the server in the middle of one.
_NOBODY_LOOKS, _SOMEBODY_LOOKS = "DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG SET-ACTIVE-EXPIRE 1"


def _has_past_time(requests: list[str]) -> bool:
    return any("PXAT 1" in request for request in requests)


def _told_to_another(classes: str) -> Iterator[Case]:
    """Each deed, and what somebody else hears of it."""
    for name, before, requests in _deeds():
        steps = [
            *([_NOBODY_LOOKS] if _has_past_time(requests) else []),
            *before,
            f"CONFIG SET notify-keyspace-events {classes}",
            "other> PSUBSCRIBE __key*",
        ]
        for request in requests:
            steps += [
                "unordered> " + request if ">" not in request else request,
                "other told> PING",
            ]
        yield _case(f"Events of {name} [{classes}]", [*steps, _SOMEBODY_LOOKS])


def _told_to_itself(classes: str) -> Iterator[Case]:
    """Each deed, and what a client that listens to itself hears before and after its reply."""
    for name, before, requests in _deeds():
        if "transaction" in name or "RESTORE" in name:
            continue
        steps_before = [*before, f"CONFIG SET notify-keyspace-events {classes}"]
        steps_before += ["ids> HELLO 3", "PSUBSCRIBE __keyevent*"]
        steps = [read_step(step) for step in steps_before]
        steps += [_heard_by_oneself(read_step(request)) for request in requests]
        yield Case("notifications", f"Events of {name}, heard by oneself [{classes}]", steps)


def _heard_by_oneself(step: Step) -> Step:
    """The request and a PING behind it: all that comes up to the reply to that."""
    both = encode(*step.words) + encode("PING")
    return replace(step, words=[both], flags=step.flags | {"raw", "told"})


def _case(name: str, steps: list[str]) -> Case:
    return Case("notifications", name, [read_step(step) for step in steps])


CASES = [
    *_told_to_another("KEA"),
    *_told_to_another("AEmn"),
    *_told_to_itself("AEmn"),
    *read_cases(
        "notifications",
        r"""
notify-keyspace-events is empty at first
    CONFIG GET notify-keyspace-events
    other> PSUBSCRIBE *
    SET k v
    other told> PING

notify-keyspace-events is written in Redis's order
    CONFIG SET notify-keyspace-events mnEKdtexzhsl$g
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events KEAmn
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events nK
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events gxE
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events K$E$
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events ""
    CONFIG GET notify-keyspace-events

notify-keyspace-events refuses other letters
    CONFIG SET notify-keyspace-events KEQ
    CONFIG SET notify-keyspace-events "K E"
    CONFIG GET notify-keyspace-events

Nothing is told without K and E
    CONFIG SET notify-keyspace-events A
    other> PSUBSCRIBE *
    SET k v
    other told> PING

Nothing is told without a class
    CONFIG SET notify-keyspace-events KE
    other> PSUBSCRIBE *
    SET k v
    other told> PING

Only the classes that were asked for are told
    CONFIG SET notify-keyspace-events E$
    other> PSUBSCRIBE *
    SET k v EX 100
    HSET h f v
    DEL k
    INCR n
    other told> PING
    CONFIG SET notify-keyspace-events Kghs
    SET k v EX 100
    HSET h f v
    SADD s a
    DEL k s
    other told> PING

Events are told no more when they are turned off
    CONFIG SET notify-keyspace-events KEA
    other> PSUBSCRIBE *
    SET k v
    CONFIG SET notify-keyspace-events ""
    SET k v
    other told> PING

Events name their database
    CONFIG SET notify-keyspace-events KEA
    other> PSUBSCRIBE *
    SELECT 9
    SET "a b\r\n" v
    other told> PING

A key that is past its deadline is told when somebody looks
    CONFIG SET notify-keyspace-events KEAmn
    other> PSUBSCRIBE *
    SET k v PX 1
    after=20> GET k
    GET k
    other told> PING

A key that is past its deadline is told when it is written
    CONFIG SET notify-keyspace-events KEAmn
    other> PSUBSCRIBE *
    SET k v PX 1
    after=20> SET k w
    SET k v PX 1
    after=20> APPEND k w
    HSET h f v
    PEXPIRE h 1
    after=20> HSET h f v
    other told> PING

A key that is past its deadline is told when it is deleted
    CONFIG SET notify-keyspace-events KEAmn
    other> PSUBSCRIBE *
    SET k v PX 1
    after=20> DEL k
    other told> PING

A key expires with nobody looking
    CONFIG SET notify-keyspace-events Ex
    other> PSUBSCRIBE *
    SET k v PX 1
    SET l v PX 100000
    other after=400 told> PING

A subscription to one key
    CONFIG SET notify-keyspace-events KEA
    other replies=2> SUBSCRIBE __keyspace@0__:k __keyevent@0__:del
    SET k v
    SET l v
    DEL k l
    other told> PING
""",
    ),
]
