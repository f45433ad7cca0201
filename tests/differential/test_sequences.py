"""Generated sequences of commands over few keys and many edges, then the data they leave.

A run is short, and the same each time. DIFFERENTIAL_EXAMPLES=5000 searches longer, and elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .runner import Target, differences
from .script import Case, Step, read_step

_EXAMPLES = os.environ.get("DIFFERENTIAL_EXAMPLES", "")
_DEFAULT_EXAMPLES = 40
_MAX_COMMANDS = 30

#: What stands for the words in angle brackets. No count here is huge, no time about to come: the
#: first could exhaust the memory of the real server, the second pass on one side alone.
_WORDS = {
    "key": ["a", "b", "c"],
    "field": ["f", "g", '""', r'"\x00"', '"f"*65'],
    "value": [
        *("v", "1", "-1", "0", "10", "1.5", "abc", '""', "01", '" 1"', "1e3", "nan", "-0"),
        *("9223372036854775807", "-9223372036854775808", "9223372036854775808", "3.0e-5"),
        *(r'"\x00\r\n"', '"v"*45', '"v"*65', '"12345678901234567890"*3'),
    ],
    "short": ["v", "1", '""', "abc", r'"\x00\r\n"'],
    "integer": [
        *("0", "1", "-1", "7", "-100", "9223372036854775807", "-9223372036854775808"),
        *("9223372036854775808", "abc", "1.5", '""', "+1", "01"),
    ],
    "float": [
        *("0", "1", "-1.5", "0.1", "1e10", "3.14159265358979", "1e-7", "-0.0", "0x10", "1e300"),
        *("abc", "inf", "nan", '""', "5000000000.00000000001", "1e17"),
    ],
    "position": ["0", "1", "-1", "3", "-3", "100", "-100", "9223372036854775807", "x"],
    "offset": ["0", "1", "5", "100", "-1", "536870912", "9223372036854775807", "x"],
    "count": ["0", "1", "2", "10", "-1", "-3", "x"],
    "seconds": ["1000", "2000", "0", "-1", "9223372036854775807", "x"],
    "instant": ["33177117420", "33177117430", "1", "0", "-1", "9223372036854775807", "x"],
    "pattern": ["*", "a", "?", "[ab]", "[^a]", r"\a", "a*", "[a-", '""'],
    "condition": ['""', "NX", "XX", "GT", "LT", "xx gt", "NX XX", "FOO"],
    "db": ["0", "1", "1", "99", "x"],
    "name": ["me", "you", '""', '"with space"', r'"\n"', "~!"],
    "user": ["alice", "bob"],
    "rule": [
        *(
            "on",
            "off",
            "nopass",
            ">pw",
            "<pw",
            "resetpass",
            "~a",
            "~*",
            "%R~b",
            "%W~*",
            "resetkeys",
        ),
        *("&a", "&*", "resetchannels", "+@all", "-@all", "+get", "-set", "+@read", "-@write"),
        *("+config|get", "-config", "+@scripting", "+ping", "nosuch", "+nosuch", '"(+get ~b)"'),
        *("clearselectors", '"(+set ~a"', "allkeys", "+acl|whoami", "+@nosuch", "+eval", "+copy"),
    ],
    "script": [
        '"return ARGV[1]"',
        "\"return redis.call('GET', KEYS[1])\"",
        "\"return redis.call('SET', KEYS[1], ARGV[1])\"",
        "\"return redis.pcall('INCR', KEYS[1])\"",
        '"return {1, {ok=KEYS[1]}, {err=ARGV[1]}, false}"',
        '"return nosuch"',
        '"return ("',
        "\"#!lua flags=no-writes\\nreturn redis.call('SET', KEYS[1], 'x')\"",
    ],
    "sha": [
        "098e0f0d1448c0a81dafe820f66d460eb09263da",
        "d3c21d0c2b9ca22f82737626a27bcaf5d288f99f",
        "D3C21D0C2B9CA22F82737626A27BCAF5D288F99F",
        "short",
    ],
    "library": [
        *(
            f"\"#!lua name={name}\\nredis.register_function{{function_name='{function}',"
            f' callback=function(k, a) return redis.call({call}) end, flags={flags}}}"'
            for name, function, call, flags in (
                ("one", "get", "'GET', k[1]", "{'no-writes'}"),
                ("lone", "put", "'SET', k[1], a[1]", "{}"),
                ("two", "get", "'GET', k[1]", "{}"),
            )
        ),
        '"#!lua name=bad\\nreturn 1"',
        '"no shebang"',
    ],
    "limit": ["0", "1", "2", "64", "128", "-1", "1b", "x"],
    "setting": [
        *("hash-max-listpack-entries", "hash-max-ziplist-value", "set-max-intset-entries"),
        *("HASH-MAX-LISTPACK-VALUE", "hash-max-*", "no-such-setting"),
    ],
}

_STRINGS = """
APPEND <key> <value>
DECR <key>
DECRBY <key> <integer>
GET <key>
GETDEL <key>
GETEX <key>
GETEX <key> EXAT <instant>
GETEX <key> PERSIST
GETRANGE <key> <position> <position>
GETSET <key> <value>
INCR <key>
INCRBY <key> <integer>
INCRBYFLOAT <key> <float>
LCS <key> <key>
LCS <key> <key> IDX WITHMATCHLEN
LCS <key> <key> LEN
MGET <key> <key>
MSET <key> <value> <key> <value>
MSETNX <key> <value> <key> <value>
SET <key> <value>
SET <key> <value> <condition>
SET <key> <value> GET
SET <key> <value> KEEPTTL
SET <key> <value> EX <seconds>
SET <key> <value> PXAT <instant>
SETEX <key> <seconds> <value>
SETNX <key> <value>
SETRANGE <key> <offset> <value>
STRLEN <key>
"""

_HASHES = """
HDEL <key> <field>
HDEL <key> <field> <field>
HEXISTS <key> <field>
HGET <key> <field>
pairs> HGETALL <key>
HINCRBY <key> <field> <integer>
HINCRBYFLOAT <key> <field> <float>
unordered> HKEYS <key>
HLEN <key>
HMGET <key> <field> <field>
shape> HRANDFIELD <key>
shape> HRANDFIELD <key> <count>
shape> HRANDFIELD <key> <count> WITHVALUES
HSET <key> <field> <value>
HSET <key> <field> <value> <field> <value>
HSETNX <key> <field> <value>
HSTRLEN <key> <field>
unordered> HVALS <key>
"""

_SETS = """
SADD <key> <value>
SADD <key> <value> <value> <value>
SCARD <key>
unordered> SDIFF <key> <key>
SDIFFSTORE <key> <key> <key>
unordered> SINTER <key> <key>
SINTERCARD 2 <key> <key>
SINTERCARD 2 <key> <key> LIMIT <count>
SINTERSTORE <key> <key> <key>
SISMEMBER <key> <value>
unordered> SMEMBERS <key>
SMISMEMBER <key> <value> <value>
SMOVE <key> <key> <value>
unordered> SPOP <key> 1000
shape> SRANDMEMBER <key>
shape> SRANDMEMBER <key> <count>
SREM <key> <value>
SREM <key> <value> <value>
unordered> SUNION <key> <key>
SUNIONSTORE <key> <key> <key>
"""

_KEYS = """
COPY <key> <key>
COPY <key> <key> REPLACE
COPY <key> <key> DB <db>
DBSIZE
DEL <key> <key>
EXISTS <key> <key>
EXPIRE <key> <seconds> <condition>
EXPIREAT <key> <instant> <condition>
EXPIRETIME <key>
unordered> KEYS <pattern>
MOVE <key> <db>
OBJECT ENCODING <key>
PERSIST <key>
PEXPIREAT <key> <instant> <condition>
RENAME <key> <key>
RENAMENX <key> <key>
scan> SCAN 0 COUNT 100 MATCH <pattern>
SELECT <db>
SORT <key> ALPHA
SWAPDB <db> <db>
TOUCH <key> <key>
near=2> TTL <key>
TYPE <key>
UNLINK <key>
FLUSHDB
SET <key> <value>
HSET <key> <field> <value>
SADD <key> <value>
"""

#: Replies in any order stay out of transactions: inside the reply of EXEC nothing is sorted.
_TRANSACTIONS = """
MULTI
MULTI
EXEC
EXEC
DISCARD
WATCH <key>
UNWATCH
other> SET <key> <value>
other> INCR <key>
other> DEL <key>
other> EXPIREAT <key> <instant>
other> SWAPDB 0 1
SET <key> <value>
GET <key>
INCR <key>
HSET <key> <field> <value>
HGET <key> <field>
SADD <key> <value>
SCARD <key>
DEL <key>
EXPIREAT <key> <instant> <condition>
SELECT <db>
FOO
GET
EVAL "return redis.call('INCR', KEYS[1])" 1 <key>
"""

#: Two connections, and what each keeps for itself.
_CONNECTIONS = """
CLIENT GETNAME
CLIENT SETNAME <name>
CLIENT NO-EVICT ON
CLIENT REPLY ON
CLIENT NO-SUCH
ECHO <value>
ids> HELLO
ids> HELLO 2
ids> HELLO 3
ids> HELLO 3 SETNAME <name>
ids> HELLO 2 AUTH default <name>
HELLO <integer>
PING
PING <value>
PING <value> <value>
RESET
SELECT <db>
SWAPDB <db> <db>
AUTH <name>
AUTH default <name>
MULTI
ids> EXEC
DISCARD
WATCH <key>
SET <key> <value>
other> SET <key> <value>
other> CLIENT SETNAME <name>
other> CLIENT GETNAME
other ids> HELLO 3
other> RESET
other> SELECT <db>
other> FLUSHALL
GET <key>
HSET <key> <field> <value>
HGETALL <key>
DBSIZE
"""

#: What decides how a collection is kept, and the collections.
_SETTINGS = """
CONFIG SET <setting> <limit>
CONFIG SET <setting> <limit> <setting> <limit>
pairs> CONFIG GET <setting>
pairs> CONFIG GET <setting> <setting>
CONFIG GET
CONFIG RESETSTAT
HSET <key> <field> <value> <field> <value>
HSETNX <key> <field> <value>
HDEL <key> <field>
HINCRBYFLOAT <key> <field> <float>
SADD <key> <value> <value> <value>
SADD <key> <integer> <integer> <integer>
SREM <key> <value>
SUNIONSTORE <key> <key> <key>
COPY <key> <key> REPLACE
RENAME <key> <key>
APPEND <key> <value>
SET <key> <value>
SET <key> <integer>
DEL <key>
OBJECT ENCODING <key>
OBJECT REFCOUNT <key>
"""

#: Two users with changing rules, and what they try. ``other`` logs in as them.
_RULES = """
ACL SETUSER <user> <rule>
ACL SETUSER <user> <rule> <rule>
ACL SETUSER <user> <rule> <rule> <rule>
ACL SETUSER <user> reset
ACL DELUSER <user>
words> ACL GETUSER <user>
words unordered> ACL LIST
unordered> ACL USERS
ACL DRYRUN <user> GET <key>
ACL DRYRUN <user> SET <key> v
ACL DRYRUN <user> CONFIG GET x
other> AUTH <user> pw
other> AUTH <user> bad
other> ACL WHOAMI
other> RESET
other> GET <key>
other> SET <key> v
other> HSET <key> f v
other> COPY <key> <key>
other> PUBLISH <key> hello
other> PING
other> CONFIG GET hz
other> MULTI
other> EXEC
other> EVAL "return redis.call('GET', KEYS[1])" 1 <key>
acllog> ACL LOG
ACL LOG RESET
"""

#: Scripts and functions that come and go.
_SCRIPTS = """
EVAL <script> 1 <key> <value>
EVAL <script> 0
EVAL_RO <script> 1 <key> <value>
EVALSHA <sha> 1 <key> <value>
EVALSHA_RO <sha> 0
SCRIPT LOAD <script>
SCRIPT EXISTS <sha> <sha>
SCRIPT FLUSH
FUNCTION LOAD <library>
FUNCTION LOAD REPLACE <library>
FUNCTION DELETE <name>
FUNCTION FLUSH
unordered> FUNCTION LIST
unordered> FUNCTION LIST LIBRARYNAME l* WITHCODE
FCALL get 1 <key>
FCALL put 1 <key> <value>
FCALL_RO get 1 <key>
FCALL_RO put 1 <key> <value>
MULTI
EXEC
DISCARD
GET <key>
SET <key> <value>
"""

#: Of Valkey 9: deadlines of fields, and conditions on values. No time is about to come, or else it
#: would pass on one side alone.
_FIELD_DEADLINES = """
HSET <key> f 1 g 2
HSET <key> <field> <value>
HSET <key> <field> <value> <field> <value>
HDEL <key> <field>
HDEL <key> <field> <field>
HGET <key> <field>
pairs> HGETALL <key>
HLEN <key>
HEXPIRE <key> <seconds> FIELDS 1 <field>
HEXPIRE <key> <seconds> <condition> FIELDS 2 <field> <field>
HEXPIREAT <key> <instant> <condition> FIELDS 1 <field>
HPEXPIREAT <key> <instant> FIELDS 2 <field> <field>
HPERSIST <key> FIELDS 2 <field> <field>
near=2> HTTL <key> FIELDS 2 <field> <field>
HEXPIRETIME <key> FIELDS 2 <field> <field>
HGETEX <key> EXAT <instant> FIELDS 1 <field>
HGETEX <key> PERSIST FIELDS 2 <field> <field>
HGETEX <key> FIELDS 1 <field>
HSETEX <key> EXAT <instant> FIELDS 1 <field> <value>
HSETEX <key> FXX KEEPTTL FIELDS 2 <field> <value> <field> <value>
HSETEX <key> FNX FIELDS 1 <field> <value>
HINCRBY <key> <field> <integer>
HSETNX <key> <field> <value>
HINCRBYFLOAT <key> <field> <float>
COPY <key> <key> REPLACE
RENAME <key> <key>
MOVE <key> 1
DEL <key>
TYPE <key>
OBJECT ENCODING <key>
SET <key> <short>
SET <key> <short> IFEQ <short>
SET <key> <short> IFEQ <short> GET
DELIFEQ <key> <short>
"""

#: What is compared in the end, whatever happened before.
_AFTERMATH = [
    "RESET",
    "SELECT 0",
    *(
        step.replace("<key>", key)
        for key in _WORDS["key"]
        for step in (
            *("TYPE <key>", "near=2> TTL <key>", "GET <key>", "pairs> HGETALL <key>"),
            *("unordered> SMEMBERS <key>", "OBJECT ENCODING <key>"),
        )
    ),
    "SELECT 1",
    "unordered> KEYS *",
    "DEBUG DIGEST",
    "CONFIG SET hash-max-listpack-entries 512 hash-max-listpack-value 64",
    "CONFIG SET set-max-intset-entries 512",
]


def _steps(requests: str, *, in_script: bool = False) -> st.SearchStrategy[list[Step]]:
    """Some of those requests, their words in angle brackets replaced."""
    lines = [line for line in requests.splitlines() if line]
    if in_script:
        lines = [_through_script(line) for line in lines]
    return st.lists(st.sampled_from(lines).flatmap(_filled), max_size=_MAX_COMMANDS)


def _filled(request: str) -> st.SearchStrategy[Step]:
    literals = re.split(r"<\w+>", request)
    words = [st.sampled_from(_WORDS[name]) for name in re.findall(r"<(\w+)>", request)]
    return st.tuples(*words).map(lambda chosen: read_step(_interleaved(literals, chosen)))


def _interleaved(literals: list[str], words: Iterable[str]) -> str:
    return literals[0] + "".join(
        word + text for word, text in zip(words, literals[1:], strict=True)
    )


def _through_script(request: str) -> str:
    modifiers, _, command = request.rpartition("> ")
    script = f'EVAL "return redis.call(unpack(ARGV))" 0 {command}'
    return f"{modifiers}> {script}" if modifiers else script


_OTHER_TYPES = """
DEL <key>
SET <key> <value>
"""
#: With users and libraries, which the data do not show.
_AFTERMATH_OF = {
    # Who is still another user would be closed with it.
    "rules": ["other> RESET", "words unordered> ACL LIST", "ACL DELUSER alice bob"],
    "scripts": ["unordered> FUNCTION LIST WITHCODE", "FUNCTION FLUSH"],
}
_DATA = _STRINGS + _HASHES + _SETS + _KEYS
SEQUENCES = {
    "strings": _steps(_STRINGS),
    "hashes": _steps(_HASHES + _OTHER_TYPES),
    "sets": _steps(_SETS + _OTHER_TYPES),
    "keys": _steps(_KEYS),
    "transactions": _steps(_TRANSACTIONS),
    "connections": _steps(_CONNECTIONS),
    "settings": _steps(_SETTINGS),
    "rules": _steps(_RULES),
    "scripts": _steps(_SCRIPTS),
    "all types": _steps(_DATA),
    "all types through scripts": _steps(_DATA, in_script=True),
}


_settings = settings(
    max_examples=int(_EXAMPLES or _DEFAULT_EXAMPLES),
    derandomize=not _EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("commands", SEQUENCES)
@_settings
@given(data=st.data())
def test_a_sequence_is_answered_alike_and_leaves_the_same_data(
    commands: str, data: st.DataObject, reference: Target, subject: Target
) -> None:
    steps = data.draw(SEQUENCES[commands])
    _compare(commands, steps, reference, subject)


@_settings
@given(steps=_steps(_FIELD_DEADLINES))
def test_fields_with_deadlines_are_valkey_s(
    steps: list[Step], newer_reference: Target, subject: Target
) -> None:
    if subject.name == "redis-server":
        pytest.skip("Redis 7.0 has none of it")
    _compare("fields with deadlines", steps, newer_reference, subject)


def _compare(commands: str, steps: list[Step], reference: Target, subject: Target) -> None:
    aftermath = ["RESET", *_AFTERMATH_OF.get(commands, ()), *_AFTERMATH]
    case = Case(commands, "a generated sequence", [*steps, *map(read_step, aftermath)])
    if transcripts := differences(case, reference, subject):
        pytest.fail(transcripts, pytrace=False)
