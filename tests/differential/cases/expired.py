"""Keys that are past their deadlines, at each place where a command names a key.

Who looks a key up removes it then, and says so; who does not leaves it. Redis has no rule for which
of the two a command does: it depends on what it looks at first.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from ..script import Case, read_cases, read_step

_GROUP = "expired"

_WITH_TWO_KEYS = r"""
COPY <a> <b>
COPY <a> <b> REPLACE
COPY <a> <b> DB 1
LCS <a> <b>
LCS <a> <b> FOO
MGET <a> <b>
MSET <a> v <b> w
MSETNX <a> v <b> w
RENAME <a> <b>
RENAMENX <a> <b>
SDIFF <a> <b>
SDIFFSTORE <b> <a>
SDIFFSTORE d <a> <b>
SINTER <a> <b>
SINTERCARD 2 <a> <b>
SINTERSTORE <b> <a>
SINTERSTORE d <a> <b>
SMOVE <a> <b> 3
SMOVE <a> <b> x
SORT <a> STORE <b>
SORT <a> BY <b> ALPHA
SORT <a> BY * GET <b> ALPHA
SUNION <a> <b>
SUNIONSTORE <b> <a>
SUNIONSTORE d <a> <b>
EXISTS <a> <b>
TOUCH <a> <b>
DEL <a> <b>
UNLINK <a> <b>
WATCH <a> <b>
EVAL "return redis.call('EXISTS',KEYS[1])" 2 <a> <b>
"""

_WITH_ONE_KEY = r"""
APPEND <a> v
DECR <a>
DECRBY <a> x
INCRBY <a> x
INCRBYFLOAT <a> x
INCRBYFLOAT <a> 1
GET <a>
GETDEL <a>
GETEX <a>
GETEX <a> PERSIST
GETEX <a> EX 0
GETEX <a> EX x
GETRANGE <a> 0 1
GETRANGE <a> x 1
GETSET <a> v
SET <a> v NX
SET <a> v XX
SET <a> v GET
SET <a> v NX GET
SET <a> v XX GET
SET <a> v KEEPTTL
SET <a> v EX 0
SETNX <a> v
SETEX <a> 0 v
SETEX <a> 1000 v
SETRANGE <a> 0 ""
SETRANGE <a> 1 v
SETRANGE <a> -1 v
STRLEN <a>
SUBSTR <a> 0 1
HDEL <a> f
HEXISTS <a> f
HGET <a> f
HGETALL <a>
HINCRBY <a> f 1
HINCRBY <a> f x
HINCRBYFLOAT <a> f 1
HKEYS <a>
HLEN <a>
HMGET <a> f
HRANDFIELD <a>
HRANDFIELD <a> 1
HRANDFIELD <a> 0
HRANDFIELD <a> x
HSCAN <a> 0
HSCAN <a> x
HSET <a> f v
HSET <a> f
HSETNX <a> f v
HSTRLEN <a> f
HVALS <a>
SADD <a> m
SCARD <a>
SISMEMBER <a> m
SMEMBERS <a>
SMISMEMBER <a> m
SPOP <a>
SPOP <a> 1
SPOP <a> 0
SPOP <a> -1
SRANDMEMBER <a>
SRANDMEMBER <a> 1
SRANDMEMBER <a> 0
SREM <a> m
SSCAN <a> 0
DUMP <a>
RESTORE <a> 0 x
RESTORE <a> -1 x
RESTORE <a> 0 x REPLACE
RESTORE <a> 0 "\x00\x01v\x06\x00\x07\xe5\xa62\xecm\xb6]"
RESTORE <a> 0 "\x00\x01v\x06\x00\x07\xe5\xa62\xecm\xb6]" REPLACE
RESTORE <a> 1 "\x00\x01v\x06\x00\x07\xe5\xa62\xecm\xb6]" ABSTTL
RESTORE <a> 1 "\x00\x01v\x06\x00\x07\xe5\xa62\xecm\xb6]" ABSTTL REPLACE
EXPIRE <a> 100
EXPIRE <a> -1
EXPIRE <a> x
EXPIRE <a> 100 XX
EXPIRETIME <a>
PERSIST <a>
TTL <a>
PTTL <a>
TYPE <a>
MOVE <a> 1
MOVE <a> 0
MOVE <a> x
OBJECT ENCODING <a>
OBJECT REFCOUNT <a>
OBJECT FREQ <a>
OBJECT IDLETIME <a>
OBJECT FREQ nokey
DEBUG DIGEST-VALUE <a>
DEBUG SDSLEN <a>
DEBUG LISTPACK <a>
SORT <a>
SORT_RO <a>
LRANGE <a> 0 -1
LLEN <a>
KEYS *
KEYS <a>
RANDOMKEY
SCAN 0
SCAN 0 MATCH zz
SCAN 0 TYPE set
SCAN 0 TYPE none
DBSIZE
FLUSHDB
SWAPDB 0 1
RENAME <a> <a>
RENAMENX <a> <a>
COPY <a> <a>
SMOVE <a> <a> 3
"""

#: What makes a key what it is.
_STATES = {
    "an expired": "SET {} 1 PXAT 1",
    "a missing": "EXISTS {}",
    "a string": "SET {} 1",
    "a set": "SADD {} 3",
}

#: No cycle may find the key first, and everything is told.
_NOBODY_LOOKS, _SOMEBODY_LOOKS = "DEBUG SET-ACTIVE-EXPIRE 0", "DEBUG SET-ACTIVE-EXPIRE 1"
_BEFORE = ["CONFIG SET notify-keyspace-events KEAmn", "other> PSUBSCRIBE __keyevent@*"]
_AFTER = ["other told> PING", "DBSIZE", "DEBUG DIGEST", 'CONFIG SET notify-keyspace-events ""']


def _cases() -> Iterator[Case]:
    for request in _lines(_WITH_TWO_KEYS):
        for first, second in itertools.product(_STATES, repeat=2):
            if "an expired" in (first, second):
                data = [_STATES[first].format("a"), _STATES[second].format("b")]
                name = request.replace("<a>", f"{first} key").replace("<b>", f"{second} key")
                yield _case(name, data, request.replace("<a>", "a").replace("<b>", "b"))
    for request in _lines(_WITH_ONE_KEY):
        data = [_STATES["an expired"].format("a")]
        name = request.replace("<a>", "an expired key", 1).replace("<a>", "itself")
        if "<a>" not in request:
            name += " where a key has expired"
        yield _case(name, data, request.replace("<a>", "a"))


def _case(name: str, data: Iterable[str], request: str) -> Case:
    # The watch of a key shows in what comes of a transaction.
    more = ["MULTI", "EXEC"] if request.startswith("WATCH") else []
    steps = [_NOBODY_LOOKS, *data, *_BEFORE, f"unordered> {request}", *_AFTER, *more]
    return Case(_GROUP, name, [read_step(step) for step in [*steps, _SOMEBODY_LOOKS]])


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


CASES = [
    *_cases(),
    *read_cases(
        _GROUP,
        r"""
WATCH of a key that is past its deadline
    DEBUG SET-ACTIVE-EXPIRE 0
    SET a 1 PXAT 1
    WATCH a
    DBSIZE
    MULTI
    PING
    EXEC
    DBSIZE
    WATCH a
    GET a
    DBSIZE
    MULTI
    PING
    EXEC
    SET a 1 PXAT 1
    WATCH a
    SET a 2
    MULTI
    PING
    EXEC
    SET a 1 PXAT 1
    WATCH a
    other> DEL a
    MULTI
    PING
    EXEC
    SET a 1 PXAT 1
    WATCH a
    GET a
    SET a 3
    MULTI
    PING
    EXEC
    SET a 1 PXAT 1
    WATCH a
    other> FLUSHDB
    MULTI
    PING
    EXEC
    SET a 1 PXAT 1
    WATCH a
    other> FLUSHALL
    SET a 1
    MULTI
    PING
    EXEC
    DEBUG SET-ACTIVE-EXPIRE 1
WATCH and SWAPDB with keys that are past their deadlines
    DEBUG SET-ACTIVE-EXPIRE 0
    SET a 1 PXAT 1
    WATCH a
    SWAPDB 0 1
    MULTI
    PING
    EXEC
    SWAPDB 0 1
    DBSIZE
    WATCH a b
    other> SWAPDB 0 1
    GET a
    SWAPDB 0 1
    DBSIZE
    GET a
    DBSIZE
    MULTI
    PING
    EXEC
    SELECT 1
    SET a 1 PXAT 1
    SELECT 0
    WATCH a
    SWAPDB 0 1
    DBSIZE
    MULTI
    PING
    EXEC
    WATCH a
    EXISTS a
    MULTI
    PING
    EXEC
    SET a 1 PXAT 1
    SELECT 1
    SET a 1 PXAT 1
    WATCH a
    SWAPDB 0 1
    MULTI
    PING
    EXEC
    SET a 2
    SELECT 0
    WATCH a
    SWAPDB 0 1
    MULTI
    PING
    EXEC
    SET x 1
    SELECT 1
    SET x 1 PXAT 1
    SELECT 0
    WATCH x
    SWAPDB 0 1
    MULTI
    PING
    EXEC
    FLUSHALL
    SELECT 1
    SET x 1 PXAT 1
    SELECT 0
    WATCH x
    SWAPDB 0 1
    GET x
    MULTI
    PING
    EXEC
    DEBUG SET-ACTIVE-EXPIRE 1
WATCH twice of a key that passes its deadline in between
    DEBUG SET-ACTIVE-EXPIRE 0
    SET a 1 PX 500
    WATCH a
    after=700> WATCH a
    MULTI
    PING
    EXEC
    DBSIZE
    SET a 1 PX 500
    WATCH a
    after=700> GET a
    MULTI
    PING
    EXEC
    DEBUG SET-ACTIVE-EXPIRE 1
EXEC leaves a key that has passed its deadline where it is
    DEBUG SET-ACTIVE-EXPIRE 0
    SET a 1 PX 500
    WATCH a
    MULTI
    after=700> PING
    EXEC
    DBSIZE
    DEBUG SET-ACTIVE-EXPIRE 1
""",
    ),
]
