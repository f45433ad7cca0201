"""Hashes."""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
HDEL k field ...
HEXISTS k field
HGET k field
HGETALL k
HINCRBY k field2 1
HINCRBYFLOAT k field2 1
HKEYS k
HLEN k
HMGET k field ...
HMSET k field value ...
HRANDFIELD k ...
HSCAN k 0 ...
HSET k field value ...
HSETNX k field value
HSTRLEN k field
HVALS k
"""

CASES = [
    *matrix.arity("hashes", _REQUESTS),
    *matrix.types("hashes", _REQUESTS),
    *matrix.keys("hashes", _REQUESTS),
    *read_cases(
        "hashes",
        r"""
HSET counts only new fields
    HSET h a 1 b 2
    HSET h a 9 c 3
    HGET h a
    HLEN h

HSET of a field twice keeps the last value
    HSET h a 1 a 2
    HGET h a
    HLEN h

HSET and HMSET refuse a field without a value
    HSET h a 1 b
    HMSET h a 1 b
    HSET h a
    EXISTS h
    SET s v
    HSET s a 1 b

HMSET answers OK
    HMSET h a 1 b 2
    HMSET h a 2
    HMGET h a b

Fields and values keep every byte
    HSET h "\x00\r\n" "\xff\x00" "" ""
    HGET h "\x00\r\n"
    HGET h ""
    HEXISTS h ""
    HSTRLEN h "\x00\r\n"
    HLEN h

A big value and a big field
    HSET h "f"*5000 "v"*100000
    HGET h "f"*5000
    HSTRLEN h "f"*5000
    HGETALL h

HSET keeps the deadline of the key
    HSET h a 1
    PEXPIREAT h 33177117420123
    HSET h a 2 b 3
    HINCRBY h a 1
    HDEL h b
    PEXPIRETIME h

HSETNX sets only a new field
    HSETNX h a 1
    HSETNX h a 2
    HSETNX h b 3
    HGET h a
    HLEN h

HGET and HMGET of missing fields and keys
    HSET h a 1
    HGET h b
    HGET missing a
    HMGET h a b a c
    HMGET missing a b

HMGET refuses another type
    SET s v
    HMGET s a b
    SADD t m
    HMGET t m

HDEL counts what was there, and the last field takes the key along
    HSET h a 1 b 2 c 3
    HDEL h a x b
    HDEL h a
    HDEL h c c
    EXISTS h
    TYPE h
    HDEL h c

HDEL of a field named twice counts once
    HSET h a 1 b 2
    HDEL h a a
    HLEN h

A hash that was emptied has lost its deadline
    HSET h a 1
    EXPIRE h 100
    HDEL h a
    HSET h a 1
    TTL h

HEXISTS and HSTRLEN
    HSET h a 12345 b ""
    HEXISTS h a
    HEXISTS h x
    HEXISTS missing x
    HSTRLEN h a
    HSTRLEN h b
    HSTRLEN h x
    HSTRLEN missing x

HGETALL, HKEYS and HVALS of one field
    HSET h a 1
    HGETALL h
    HKEYS h
    HVALS h

HGETALL, HKEYS and HVALS of many fields
    HSET h a 1 b 2 c 3 d 4
    pairs> HGETALL h
    unordered> HKEYS h
    unordered> HVALS h

HGETALL, HKEYS and HVALS of a missing key
    HGETALL h
    HKEYS h
    HVALS h

A small hash keeps its order of insertion
    HSET h b 1 a 2 c 3
    HGETALL h
    HSET h a 9
    HKEYS h
    HDEL h b
    HSET h b 4
    HVALS h

HINCRBY counts from nothing
    HINCRBY h a 5
    HINCRBY h a -7
    HINCRBY h a 0
    HINCRBY h b 0
    HGETALL h

HINCRBY stops at the ends of the integers
    HSET h a 9223372036854775807 b -9223372036854775808
    HINCRBY h a 1
    HINCRBY h b -1
    HINCRBY h a -1
    HINCRBY h b 1
    HSET h c 1
    HINCRBY h c 9223372036854775807
    HGET h c

HINCRBY refuses a value that is not exactly an integer
    HSET h a abc b 1.5 c " 1" d "1 " e 9223372036854775808 f "" g +1 i 01
    HINCRBY h a 1
    HINCRBY h b 1
    HINCRBY h c 1
    HINCRBY h d 1
    HINCRBY h e 1
    HINCRBY h f 1
    HINCRBY h g 1
    HINCRBY h i 1

HINCRBY refuses a step that is no integer
    HINCRBY h a abc
    HINCRBY h a 1.5
    HINCRBY h a 9223372036854775808
    HINCRBY h a ""
    HINCRBY h a +1
    EXISTS h
    SET s v
    HINCRBY s a abc

HINCRBYFLOAT adds as long doubles do
    HINCRBYFLOAT h a 0.1
    HINCRBYFLOAT h a 0.2
    HSET h b 10.50
    HINCRBYFLOAT h b 0.1
    HINCRBYFLOAT h b -5
    HSET h c 5.0e3
    HINCRBYFLOAT h c 2.0e2
    HINCRBYFLOAT h d 3
    HINCRBYFLOAT h e 1e17
    HINCRBYFLOAT h f 3.14159265358979323846
    HINCRBYFLOAT h g -0.0
    HGET h a

HINCRBYFLOAT refuses what is no number
    HINCRBYFLOAT h a abc
    HINCRBYFLOAT h a ""
    HINCRBYFLOAT h a " 1"
    HINCRBYFLOAT h a nan
    EXISTS h
    HSET h a abc b " 1" c "" d "1 "
    HINCRBYFLOAT h a 1
    HINCRBYFLOAT h b 1
    HINCRBYFLOAT h c 1
    HINCRBYFLOAT h d 1
    SET s v
    HINCRBYFLOAT s a abc
    HINCRBYFLOAT s a 1

HINCRBYFLOAT refuses a step or a result that is no finite number
    HINCRBYFLOAT h a inf
    HINCRBYFLOAT h a -inf
    HINCRBYFLOAT h a 1e5000
    EXISTS h
    HSET h a 1e4931
    HINCRBYFLOAT h a 9e4931
    HSET h b inf
    HINCRBYFLOAT h b 1
    HGET h a

HINCRBY after HINCRBYFLOAT works only on a whole number
    HINCRBYFLOAT h a 1.5
    HINCRBY h a 1
    HINCRBYFLOAT h a 0.5
    HINCRBY h a 1

HRANDFIELD of one field
    HSET h a 1
    HRANDFIELD h
    HRANDFIELD h 1
    HRANDFIELD h 5
    HRANDFIELD h 1 WITHVALUES
    HRANDFIELD h 5 WITHVALUES
    HRANDFIELD h 0
    HRANDFIELD h 0 WITHVALUES
    HRANDFIELD h -3
    HRANDFIELD h -3 WITHVALUES

HRANDFIELD of a missing key
    HRANDFIELD h
    HRANDFIELD h 3
    HRANDFIELD h -3
    HRANDFIELD h 3 WITHVALUES
    HRANDFIELD h 0

HRANDFIELD with a count takes different fields
    HSET h a 1 b 2 c 3 d 4
    shape> HRANDFIELD h
    shape> HRANDFIELD h 2
    unordered> HRANDFIELD h 4
    unordered> HRANDFIELD h 10
    pairs> HRANDFIELD h 4 WITHVALUES
    pairs> HRANDFIELD h 10 WITHVALUES
    shape> HRANDFIELD h 3 WITHVALUES

HRANDFIELD with a negative count takes fields again
    HSET h a 1 b 2 c 3 d 4
    shape> HRANDFIELD h -2
    shape> HRANDFIELD h -10
    shape> HRANDFIELD h -10 WITHVALUES
    shape> HRANDFIELD h -1 withvalues

HRANDFIELD refuses bad arguments
    HSET h a 1
    HRANDFIELD h abc
    HRANDFIELD h 1.5
    HRANDFIELD h ""
    HRANDFIELD h 9223372036854775808
    HRANDFIELD h -9223372036854775808
    HRANDFIELD h 1 FOO
    HRANDFIELD h WITHVALUES
    HRANDFIELD h 1 WITHVALUES x
    HRANDFIELD h 4611686018427387904 WITHVALUES
    HRANDFIELD h -4611686018427387904 WITHVALUES
    HRANDFIELD h -9223372036854775808 WITHVALUES
    HRANDFIELD h 9223372036854775807 WITHVALUES

HRANDFIELD reads the count before the key
    SET s v
    HRANDFIELD s
    HRANDFIELD s abc
    HRANDFIELD s 1 FOO
    HRANDFIELD missing abc
    HRANDFIELD missing 1 FOO
    HRANDFIELD missing 4611686018427387904 WITHVALUES

HRANDFIELD with a count as big as an integer may be
    HSET h a 1 b 2
    unordered> HRANDFIELD h 9223372036854775807
    pairs> HRANDFIELD h 4611686018427387903 WITHVALUES

HSCAN walks a small hash at once
    HSET h a 1 b 2 c 3
    scan pairs> HSCAN h 0
    scan pairs> HSCAN h 0 COUNT 1
    scan pairs> HSCAN h 0 MATCH a
    scan pairs> HSCAN h 0 MATCH [ab] COUNT 100
    scan pairs> HSCAN h 0 MATCH x*
    scan pairs> HSCAN h 0 count 2 match *

HSCAN of a missing key ends at once
    HSCAN h 0
    HSCAN h 5
    HSCAN h 0 MATCH * COUNT 3

HSCAN refuses bad cursors and options
    HSET h a 1
    HSCAN h abc
    HSCAN h ""
    HSCAN h 1.5
    HSCAN h " 0"
    HSCAN h "0 "
    HSCAN h 18446744073709551616
    HSCAN h 0 COUNT
    HSCAN h 0 COUNT 0
    HSCAN h 0 COUNT -1
    HSCAN h 0 COUNT abc
    HSCAN h 0 MATCH
    HSCAN h 0 FOO
    HSCAN h 0 FOO bar
    HSCAN h 0 TYPE hash
    HSCAN missing 0 COUNT 0
    HSCAN missing 0 FOO bar
    HSCAN missing abc

HSCAN looks at the type after the cursor, before the options
    SET s v
    HSCAN s abc
    HSCAN s 0
    HSCAN s 0 FOO bar
    HSCAN s 0 COUNT 0

Encodings of hashes
    HSET h a 1
    OBJECT ENCODING h
    HSET h a "v"*64
    OBJECT ENCODING h
    HSET h a "v"*65
    OBJECT ENCODING h
    HSET h2 "f"*65 1
    OBJECT ENCODING h2
    HSET h2 "f" 1
    HDEL h2 "f"*65
    OBJECT ENCODING h2

Hash commands on a key of another type leave it as it was
    SET s v
    HSET s a 1
    HDEL s a
    HINCRBY s a 1
    HGETALL s
    HRANDFIELD s 0
    GET s

HSET after HDEL of the last field starts a new hash
    HSET h a "v"*65
    HDEL h a
    HSET h a 1
    OBJECT ENCODING h
""",
    ),
]
