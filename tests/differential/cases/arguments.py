"""Arguments, taken systematically: every number at its borders, every pair of options, every pair
of types, and each command inside a transaction and inside a script.

The cases of a command tell what it does; these hold the corners that nobody thinks of one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from ..script import Case, read_step

_GROUP = "arguments"

#: Ways to write a whole number, or not to, by what is special about them.
_INTEGERS = {
    "at the borders of 64 bits": [
        *("9223372036854775807", "9223372036854775808", "-9223372036854775808"),
        *("-9223372036854775809", "18446744073709551615", "18446744073709551616"),
    ],
    "near the borders of 32 bits": ["2147483647", "2147483648", "4294967295", "4294967296"],
    "spelt in other ways": [
        *("+1", "01", "-0", "00", '" 1"', '"1 "', '"1\\n"', "0x10", "1e3", "1_000", "-01", "--1"),
    ],
    "that are none": ["abc", '""', "1.5", "1.0", "nan", "inf", '"1\\x00"', '"9"*40', "1a", "-"],
    "around nothing": ["0", "-1", "-2"],
}
#: No command is asked to give out elements by the billion, or to make a string of gigabytes.
_SMALL_ONLY = ("spelt in other ways", "that are none", "around nothing")

_WITH_INTEGERS = """
INCRBY number <n>
INCRBY missing <n>
DECRBY number <n>
DECRBY missing <n>
HINCRBY hash field <n>
HINCRBY hash missing <n>
SET k v EX <n>
SET k v PX <n>
SET k v EXAT <n>
SET k v PXAT <n>
SETEX k <n> v
PSETEX k <n> v
GETEX string EX <n>
GETEX string PX <n>
GETEX string EXAT <n>
GETEX string PXAT <n>
GETRANGE string <n> 3
GETRANGE string 0 <n>
SUBSTR string <n> <n>
LCS string other IDX MINMATCHLEN <n>
EXPIRE string <n>
PEXPIRE string <n>
EXPIREAT string <n>
PEXPIREAT string <n>
EXPIRE missing <n>
SCAN <n> MATCH nothing
scan> SCAN 0 COUNT <n>
scan pairs> HSCAN hash <n>
scan pairs> HSCAN hash 0 COUNT <n>
scan> SSCAN set <n>
scan> SSCAN set 0 COUNT <n>
SELECT <n>
MOVE string <n>
COPY string k DB <n>
SWAPDB <n> 1
SWAPDB 1 <n>
SINTERCARD <n> set set
SINTERCARD 1 set LIMIT <n>
SORT set LIMIT <n> 2
SORT set LIMIT 0 <n>
EVAL "return KEYS" <n> a
EVAL_RO "return ARGV" <n> a
CLIENT KILL ID <n>
CLIENT LIST ID <n>
WAIT <n> 1
HELLO <n>
CONFIG SET timeout <n>
"""

_WITH_SMALL_INTEGERS = """
SETRANGE string <n> x
shape> HRANDFIELD hash <n>
shape> HRANDFIELD hash <n> WITHVALUES
shape> SRANDMEMBER set <n>
shape> SPOP set <n>
WAIT 0 <n>
"""

_FLOATS = {
    "written with a point": ["1.5", "-1.5", ".5", "5.", "-.5", "0.1", "3.14159265358979323846"],
    "written with an exponent": ["1e3", "1E3", "1e-3", "1e+3", "-1e17", "1e18", "1e308", "1e309"],
    "that are no finite ones": ["inf", "-inf", "+inf", "Infinity", "nan", "-nan", "INF"],
    "spelt in other ways": ["+1", "01", "-0", "-0.0", "0x10", "0x1p3", '" 1"', '"1 "', "1_0"],
    "that are none": ["abc", '""', ".", "1e", "1.5.5", "1,5", '"1\\x00"', '"9"*400', "--1", "1f"],
    "of many digits": [
        *("9223372036854775807", "9223372036854775808", "123456789012345678901234567890"),
        *("0.12345678901234567890123", "5000000000.00000000001", "1e-20", "99999999999999999"),
    ],
}
_WITH_FLOATS = """
INCRBYFLOAT number <n>
INCRBYFLOAT fraction <n>
INCRBYFLOAT missing <n>
HINCRBYFLOAT hash number <n>
HINCRBYFLOAT hash missing <n>
"""

_DATA = [
    *("SET string value", "SET other vague", "SET number 10", "SET fraction 10.25"),
    *("HSET hash field 10 number 10.25", "SADD set 3"),
]

#: Each option on its own, before and after each other one, and twice.
_OPTIONS = {
    "SET": (
        ["SET missing v", "SET string v", "SET hash v"],
        "NX|XX|GET|KEEPTTL|EX 1000|PX 1000000|EXAT 33177117420|PXAT 33177117420123",
    ),
    "GETEX": (
        ["GETEX missing", "GETEX string", "GETEX hash"],
        "PERSIST|EX 1000|PX 1000000|EXAT 33177117420|PXAT 33177117420123",
    ),
    "The deadline commands": (
        [
            *("EXPIRE string 1000", "PEXPIRE timed 1000000", "EXPIREAT missing 33177117420"),
            *("PEXPIREAT timed 33177117420123", "EXPIRE string 1000"),
        ],
        "NX|XX|GT|LT|FOO",
    ),
    "COPY": (["COPY string k", "COPY string hash", "COPY missing k"], "DB 1|REPLACE|DB 0|DB"),
    "LCS": (
        ["LCS string other", "LCS string missing", "LCS string hash"],
        "LEN|IDX|MINMATCHLEN 1|WITHMATCHLEN|MINMATCHLEN",
    ),
    "SCAN": (["SCAN 0 COUNT 100"], "MATCH s*|COUNT 200|TYPE string|TYPE none|MATCH"),
    "SSCAN": (["SSCAN set 0"], "MATCH 3|COUNT 100|TYPE set|COUNT"),
    "HSCAN": (["HSCAN single 0"], "MATCH f*|COUNT 100|TYPE hash|COUNT"),
    "SORT": (
        ["SORT set", "SORT missing"],
        "ASC|DESC|ALPHA|LIMIT 0 1|BY nosort|BY w_*|GET #|GET s_*|LIMIT 0",
    ),
    "SINTERCARD": (["SINTERCARD 1 set", "SINTERCARD 1 hash"], "LIMIT 1|LIMIT 0|LIMIT|LIMIT -1"),
    "RESTORE": (
        ['RESTORE k 0 "\\x00\\x01v\\x06\\x00\\x07\\xe5\\xa62\\xecm\\xb6]"'],
        "REPLACE|ABSTTL|IDLETIME 10|FREQ 10|IDLETIME",
    ),
    "FLUSHALL": (["FLUSHALL", "FLUSHDB"], "SYNC|ASYNC|FOO"),
}

_TYPES = ("string", "hash", "set", "missing")
_WITH_TWO_KEYS = """
COPY <a> <b>
COPY <a> <b> REPLACE
LCS <a> <b>
MGET <a> <b>
MSETNX <a> v <b> w
RENAME <a> <b>
RENAMENX <a> <b>
SDIFF <a> <b>
SDIFFSTORE <b> <a>
SINTER <a> <b>
SINTERCARD 2 <a> <b>
SINTERSTORE <b> <a>
SMOVE <a> <b> 3
SORT <a> STORE <b>
SUNION <a> <b>
SUNIONSTORE <b> <a>
"""

#: On data that leave no choice of an order, with what each kind of command answers.
_EACH = """
APPEND string more
COPY string k
DBSIZE
DECR number
DECRBY number 3
DEL string missing
ECHO hello
EXISTS string set missing
EXPIRE string 1000
EXPIREAT string 33177117420
EXPIRETIME string
FLUSHALL
FLUSHDB
GET string
GETDEL string
GETEX string PERSIST
GETRANGE string 1 3
GETSET string new
HDEL single f
HEXISTS single f
HGET single f
HGETALL single
HINCRBY single n 5
HINCRBYFLOAT single n 0.5
HKEYS single
HLEN single
HMGET single f g
HMSET single g 1
HRANDFIELD single
HRANDFIELD single 1 WITHVALUES
HSCAN single 0
HSET single g 1 h 2
HSETNX single f 2
HSTRLEN single f
HVALS single
INCR number
INCRBY number 5
INCRBYFLOAT number 0.5
KEYS str*
LCS string other IDX WITHMATCHLEN
MGET string missing hash
MOVE string 1
MSET a 1 b 2
MSETNX a 1 string 2
OBJECT ENCODING number
OBJECT REFCOUNT string
PERSIST string
PEXPIRE string 1000000
PEXPIREAT string 33177117420123
PEXPIRETIME string
PING
PING hello
PSETEX k 1000000 v
PTTL missing
PUBLISH channel message
RENAME string k
RENAMENX string other
SADD set 4 5
SCARD set
SDIFF set missing
SDIFFSTORE k set
SELECT 1
SET string v
SET string v GET
SET string v NX
SETEX k 1000 v
SETNX string v
SETRANGE string 2 xyz
SINTER set set
SINTERCARD 2 set set
SINTERSTORE k set
SISMEMBER set 3
SMEMBERS set
SMISMEMBER set 3 4
SMOVE set k 3
SORT set
SPOP set
SPOP set 1
SRANDMEMBER set
SRANDMEMBER set -2
SREM set 3
SSCAN set 0
STRLEN string
SUNION set missing
SUNIONSTORE k set
SWAPDB 0 1
TOUCH string missing
TTL missing
TYPE hash
UNLINK string
WAIT 0 1
GET hash
HGET string f
SADD string m
INCR string
FOO bar
GET
GET a b
SET string v EX 0
SUBSCRIBE channel
MULTI
EXEC
WATCH string
CLIENT REPLY ON
CONFIG GET timeout
"""

#: Words with something behind a NUL.
_ENDED = r"""
SET string v "XX\x00y"
SET string v "get\x00"
SET string v "EX\x00" 1000
SET string v "KEEPTTL\x00ab" "XX\x00"
SET string v "EX" "1000\x00"
GETEX string "persist\x00x"
GETEX string "PX\x00" 1000000
EXPIRE string 1000 "NX\x00" "gt\x00"
EXPIRE string 1000 "XX\x00" NX
EXPIRE string 1000 "FOO\x00"
LCS string other "LEN\x00"
LCS string other "IDX\x00" "MINMATCHLEN\x00" 1 "WITHMATCHLEN\x00"
COPY string k "DB\x00" 1 "REPLACE\x00x"
scan> SCAN 0 "COUNT\x00" 100 "MATCH\x00" s* "TYPE\x00" "string\x00"
scan> SCAN 0 COUNT 100 TYPE "string\x00x"
SSCAN set 0 "COUNT\x00" 10
SORT set "ALPHA\x00" "DESC\x00" "LIMIT\x00" 0 1 "GET\x00" # "BY\x00" w_*
SORT set "STORE\x00" k
SORT_RO set "STORE\x00" k
SINTERCARD 1 set "LIMIT\x00" 1
HRANDFIELD single 1 "WITHVALUES\x00"
RESTORE k 0 "\x00\x01v\x06\x00\x07\xe5\xa62\xecm\xb6]" "REPLACE\x00" "IDLETIME\x00" 1
FLUSHALL "SYNC\x00"
FLUSHDB "ASYNC\x00"
SCRIPT FLUSH "SYNC\x00"
FUNCTION FLUSH "ASYNC\x00"
FUNCTION LIST "WITHCODE\x00" "LIBRARYNAME\x00" x
CLIENT REPLY "ON\x00"
CLIENT NO-EVICT "OFF\x00"
CLIENT TRACKING "ON\x00" "BCAST\x00" "PREFIX\x00" a
CLIENT TRACKING "OFF\x00"
CLIENT LIST "ID\x00" 999999999
CLIENT KILL "SKIPME\x00" "YES\x00" "ID\x00" 999999999
CLIENT UNBLOCK 999999999 "ERROR\x00"
CLIENT PAUSE 0 "WRITE\x00"
ACL LOG "RESET\x00"
MEMORY USAGE missing "SAMPLES\x00" 5
COMMAND LIST "FILTERBY\x00" "PATTERN\x00" xyz*
COMMAND GETKEYSANDFLAGS SORT set "STORE\x00" k
COMMAND GETKEYSANDFLAGS SET string v "GET\x00"
DEBUG "SLEEP\x00" 0
"""

#: What is told of the data afterwards, whatever happened to them.
_AFTERMATH = [
    *("GET string", "GET k", "GET number", "pairs> HGETALL hash", "unordered> SMEMBERS set"),
    *("unordered> KEYS *", "near=2000> PTTL string", "near=2000> PTTL k"),
]


def _integers() -> Iterator[Case]:
    for request in _lines(_WITH_INTEGERS):
        yield from _numbers(request, _INTEGERS)
    for request in _lines(_WITH_SMALL_INTEGERS):
        yield from _numbers(request, {kind: _INTEGERS[kind] for kind in _SMALL_ONLY})


def _numbers(request: str, kinds: dict[str, list[str]]) -> Iterator[Case]:
    """One case for each kind of number; the data are fresh before each number."""
    for kind, numbers in kinds.items():
        steps = []
        for number in numbers:
            steps += ["FLUSHALL", *_DATA, request.replace("<n>", number)]
        yield _case(f"{_titled(request)}: numbers {kind}", [*steps, *_AFTERMATH])


def _options() -> Iterator[Case]:
    for name, (requests, text) in _OPTIONS.items():
        options = text.split("|")
        for option in options:
            yield _optioned(name, requests, [option])
        for pair in itertools.product(options, repeat=2):
            yield _optioned(name, requests, pair)


def _optioned(name: str, requests: Iterable[str], options: Iterable[str]) -> Case:
    steps = []
    for request in requests:
        data = [*_DATA, "HSET single f v", "SET timed v EX 2000", "SET w_3 1", "SET s_3 three"]
        request = f"{request} {' '.join(options)}"
        unordered = "scan> " if request.startswith("SCAN") else ""
        steps += ["FLUSHALL", *data, unordered + request]
    return _case(f"{name} with {' and '.join(options)}", [*steps, *_AFTERMATH, "GET timed"])


def _two_keys() -> Iterator[Case]:
    """Every pair of types, a key with itself among them."""
    for request in _lines(_WITH_TWO_KEYS):
        for first in _TYPES:
            steps = []
            for second in (*_TYPES, "other"):
                filled = request.replace("<a>", first).replace("<b>", second)
                steps += ["FLUSHALL", *_DATA, f"unordered> {filled}", "unordered> KEYS *"]
            name = request.replace("<a>", f"a {first} key").replace("<b>", "each type")
            yield _case(f"Two keys: {name}", steps)


def _wrapped() -> Iterator[Case]:
    data = [*_DATA, "HSET single f v"]
    for request in _lines(_EACH):
        yield _case(
            f"Inside a transaction: {request}",
            [*data, "MULTI", request, request, "EXEC", "DISCARD"],
        )
        for call in ("call", "pcall"):
            script = f'EVAL "return redis.{call}(unpack(ARGV))" 0 {request}'
            yield _case(f"Through redis.{call}: {request}", [*data, script, *_AFTERMATH])


def _ended() -> Iterator[Case]:
    """Redis compares the words of its syntax as C strings: what follows a NUL does not count."""
    data = [*_DATA, "HSET single f v", "SET w_3 1"]
    for request in _lines(_ENDED):
        yield _case(f"A NUL inside a word: {request}", [*data, request, *_AFTERMATH])


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def _titled(request: str) -> str:
    return request.rpartition("> ")[2] if "> " in request.partition("<n>")[0] else request


def _case(name: str, steps: Iterable[str]) -> Case:
    return Case(_GROUP, name, [read_step(step) for step in steps])


CASES = [
    *_integers(),
    *(case for request in _lines(_WITH_FLOATS) for case in _numbers(request, _FLOATS)),
    *_options(),
    *_two_keys(),
    *_wrapped(),
    *_ended(),
]
