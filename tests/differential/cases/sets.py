"""Sets."""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
SADD k member2 ...
SCARD k
SDIFF k ...
SDIFFSTORE destination k ...
SINTER k ...
SINTERCARD 1 k ...
SINTERSTORE destination k ...
SISMEMBER k member
SMEMBERS k
SMISMEMBER k member ...
SMOVE k k2 member
SPOP k ...
SRANDMEMBER k ...
SREM k member ...
SSCAN k 0 ...
SUNION k ...
SUNIONSTORE destination k ...
"""

_TWO_KEYS = """
SDIFF k k2 ...
SDIFFSTORE destination k k2 ...
SINTER k k2 ...
SINTERSTORE destination k k2 ...
SINTERCARD 2 k k2 ...
SUNION k k2 ...
SUNIONSTORE destination k k2 ...
"""


CASES = [
    *matrix.arity("sets", _REQUESTS),
    *matrix.types("sets", _REQUESTS),
    *matrix.keys("sets", _REQUESTS),
    *matrix.types("sets", _TWO_KEYS, suffix=" and another"),
    *read_cases(
        "sets",
        r"""
SADD counts only new members
    SADD s a b
    SADD s b c c
    SCARD s
    unordered> SMEMBERS s

SADD and SREM keep every byte
    SADD s "" "\x00" "\xff\r\n"
    SISMEMBER s ""
    SISMEMBER s "\x00"
    SREM s "" "\x00"
    SMEMBERS s

SADD of a big member
    SADD s "m"*100000
    SISMEMBER s "m"*100000
    SMEMBERS s
    OBJECT ENCODING s

SADD keeps the deadline
    SADD s a
    PEXPIREAT s 33177117420123
    SADD s b
    SREM s a
    PEXPIRETIME s

A set of integers is sorted by value
    SADD s 10 9 -1 300 70000 5000000000
    SMEMBERS s
    SADD s 11
    SMEMBERS s
    SREM s 300
    SMEMBERS s

Members that look like integers and are not
    SADD s 01 " 1" +1 1.0 -0
    unordered> SMEMBERS s
    SISMEMBER s 1
    OBJECT ENCODING s

SREM counts what was there, and the last member takes the key along
    SADD s a b c
    SREM s a x b
    SREM s a
    SREM s c c
    EXISTS s
    SREM s c

SISMEMBER and SMISMEMBER
    SADD s a b
    SISMEMBER s a
    SISMEMBER s x
    SISMEMBER missing x
    SMISMEMBER s a x b a
    SMISMEMBER missing a b
    SADD n 1 2
    SMISMEMBER n 1 01 3 2

SMOVE moves a member
    SADD a 1 x
    SADD b 2
    SMOVE a b x
    SMEMBERS a
    unordered> SMEMBERS b
    SMOVE a b x
    SMOVE a b 1
    EXISTS a
    SMOVE a b 1

SMOVE to a missing key makes it, and to the same key moves nothing
    SADD a x
    SMOVE a b x
    EXISTS a b
    SMOVE b b x
    SMOVE b b y
    SMEMBERS b

SMOVE of a member that is in both
    SADD a x y
    SADD b x
    SMOVE a b x
    SMEMBERS a
    SMEMBERS b

SMOVE refuses another type on either side
    SET s v
    SADD a x
    SMOVE a s x
    SMOVE s a x
    SMOVE a s missing
    SMOVE missing s x
    SMOVE s s x
    SMEMBERS a

SPOP without a count takes one member
    SADD s a
    SPOP s
    EXISTS s
    SPOP s

SPOP with a count takes different members
    SADD s a b c
    SPOP s 0
    shape> SPOP s 2
    SCARD s
    shape> SPOP s 5
    EXISTS s
    SPOP s 5
    SPOP s 0

SPOP of as many members as there are takes all
    SADD s a b c
    unordered> SPOP s 3
    EXISTS s
    SADD n 1 2 3
    SPOP n 9223372036854775807
    EXISTS n
    SADD n 7 -3 300 70000 2
    SRANDMEMBER n 5
    SRANDMEMBER n 9
    SPOP n 5

SPOP refuses a bad count
    SADD s a
    SPOP s -1
    SPOP s abc
    SPOP s 1.5
    SPOP s ""
    SPOP s 9223372036854775808
    SPOP s -9223372036854775808
    SPOP s 1 2
    SPOP missing -1
    SPOP missing abc
    SET k v
    SPOP k -1
    SPOP k 0
    SPOP k 1

SRANDMEMBER of one member
    SADD s a
    SRANDMEMBER s
    SRANDMEMBER s 1
    SRANDMEMBER s 5
    SRANDMEMBER s 0
    SRANDMEMBER s -3
    SCARD s

SRANDMEMBER of a missing key
    SRANDMEMBER s
    SRANDMEMBER s 1
    SRANDMEMBER s -1
    SRANDMEMBER s 0

SRANDMEMBER of several members
    SADD s a b c d
    shape> SRANDMEMBER s
    shape> SRANDMEMBER s 2
    shape> SRANDMEMBER s 3
    unordered> SRANDMEMBER s 4
    unordered> SRANDMEMBER s 10
    shape> SRANDMEMBER s -10
    unordered> SRANDMEMBER s 9223372036854775807

SRANDMEMBER refuses a bad count
    SADD s a
    SRANDMEMBER s abc
    SRANDMEMBER s 1.5
    SRANDMEMBER s ""
    SRANDMEMBER s 9223372036854775808
    SRANDMEMBER s -9223372036854775808
    SRANDMEMBER s 1 2
    SRANDMEMBER missing abc
    SET k v
    SRANDMEMBER k abc
    SRANDMEMBER k 0

SINTER of several sets
    SADD a 1 2 3 x
    SADD b 2 3 4 x
    SADD c 3 x
    unordered> SINTER a b
    unordered> SINTER a b c
    unordered> SINTER a
    SINTER a missing
    SINTER missing a
    unordered> SINTER a a

SUNION of several sets
    SADD a 1 2 x
    SADD b 2 3
    unordered> SUNION a b
    unordered> SUNION a b missing
    unordered> SUNION a
    SUNION missing
    SUNION missing nothing

SDIFF of several sets
    SADD a 1 2 3 x
    SADD b 2
    SADD c 3 y
    unordered> SDIFF a b
    unordered> SDIFF a b c
    unordered> SDIFF a missing b
    SDIFF a a
    SDIFF missing a
    unordered> SDIFF a

SDIFF, SINTER and SUNION of integers alone
    SADD a 1 2 3 4
    SADD b 3 4 5
    unordered> SINTER a b
    unordered> SUNION a b
    unordered> SDIFF a b
    SINTERSTORE d a b
    OBJECT ENCODING d
    SMEMBERS d

Results that are integers alone come by value
    SADD i 7 -3 300 70000 2 9999999999
    SADD j 7 300 12 -5
    SADD m 7 300 12 -3 x y z
    SADD hx 9 4 33 7 -3 x
    SREM hx x
    SINTER i j
    SINTER i m
    SINTER m i
    SUNION i j
    SUNION hx
    SUNION hx i
    SDIFF i j
    SDIFF i m
    SDIFF hx j
    SDIFF hx
    SINTER i
    SINTER i i
    EVAL "return redis.call('SUNION', 'hx', 'j')" 0
    CONFIG SET set-max-intset-entries 2
    unordered> SUNION i j
    CONFIG SET set-max-intset-entries 512

SINTERSTORE, SUNIONSTORE and SDIFFSTORE answer with the size
    SADD a 1 2 x
    SADD b 2 x y
    SINTERSTORE d a b
    unordered> SMEMBERS d
    SUNIONSTORE d a b
    unordered> SMEMBERS d
    SDIFFSTORE d a b
    unordered> SMEMBERS d

An empty result removes the destination
    SADD a 1
    SADD d x
    SINTERSTORE d a missing
    EXISTS d
    SET d v
    SDIFFSTORE d a a
    EXISTS d
    SADD d x
    SUNIONSTORE d missing
    EXISTS d
    SUNIONSTORE d missing

A result replaces a destination of any type and drops its deadline
    SADD a 1 2
    SET d v EX 100
    SUNIONSTORE d a
    TYPE d
    TTL d
    HSET h f v
    SINTERSTORE h a
    TYPE h

The destination may be one of the sources
    SADD a 1 2 3
    SADD b 2
    SDIFFSTORE a a b
    unordered> SMEMBERS a
    SUNIONSTORE b a b
    unordered> SMEMBERS b
    SINTERSTORE a a
    unordered> SMEMBERS a

A source of another type is refused wherever it stands
    SADD a 1
    SET s v
    SINTER a s
    SINTER s a
    SINTER missing s
    SUNION a s
    SUNION missing s
    SDIFF a s
    SDIFF missing s
    SINTERSTORE d a s
    SINTERSTORE d missing s
    SUNIONSTORE d s
    SDIFFSTORE d a a s
    EXISTS d

A refused STORE leaves the destination
    SADD d old
    SET s v
    SUNIONSTORE d s
    SINTERSTORE d missing s
    SDIFFSTORE d s d
    SMEMBERS d

SINTERCARD counts up to its limit
    SADD a 1 2 3 4
    SADD b 2 3 4 5
    SINTERCARD 1 a
    SINTERCARD 2 a b
    SINTERCARD 2 a b LIMIT 2
    SINTERCARD 2 a b LIMIT 0
    SINTERCARD 2 a b LIMIT 100
    SINTERCARD 2 a b limit 1
    SINTERCARD 2 a missing
    SINTERCARD 1 missing LIMIT 1

SINTERCARD refuses bad arguments
    SADD a 1
    SINTERCARD 0 a
    SINTERCARD -1 a
    SINTERCARD abc a
    SINTERCARD 1.5 a
    SINTERCARD 2 a
    SINTERCARD 9223372036854775808 a
    SINTERCARD 4294967297 a
    SINTERCARD 1 a b
    SINTERCARD 1 a LIMIT
    SINTERCARD 1 a LIMIT -1
    SINTERCARD 1 a LIMIT abc
    SINTERCARD 1 a FOO 1
    SINTERCARD 1 a LIMIT 1 LIMIT 2
    SINTERCARD 1 a LIMIT 1 x
    SINTERCARD 2 a LIMIT 1

SINTERCARD refuses another type
    SET s v
    SADD a 1
    SINTERCARD 1 s
    SINTERCARD 2 a s
    SINTERCARD 2 missing s
    SINTERCARD 2 s missing LIMIT -1

SSCAN walks a small set at once
    SADD s a b c 1
    scan> SSCAN s 0
    scan> SSCAN s 0 MATCH [ab]
    scan> SSCAN s 0 MATCH ? COUNT 100
    scan> SSCAN s 0 MATCH x*
    SADD n 3 1 2
    SSCAN n 0
    SSCAN n 0 COUNT 1
    SSCAN n 0 MATCH 1

SSCAN of a missing key ends at once
    SSCAN s 0
    SSCAN s 7

SSCAN refuses bad cursors and options
    SADD s a
    SSCAN s abc
    SSCAN s ""
    SSCAN s 18446744073709551616
    SSCAN s 0 COUNT
    SSCAN s 0 COUNT 0
    SSCAN s 0 COUNT -5
    SSCAN s 0 COUNT abc
    SSCAN s 0 MATCH
    SSCAN s 0 FOO
    SSCAN s 0 FOO bar
    SSCAN missing 0 COUNT 0
    SET k v
    SSCAN k 0
    SSCAN k abc
    SSCAN k 0 COUNT 0

Encodings of sets
    SADD n 1 2 3
    OBJECT ENCODING n
    SADD n a
    OBJECT ENCODING n
    SREM n a
    OBJECT ENCODING n
    SADD s a
    OBJECT ENCODING s
    SADD m 9223372036854775807 -9223372036854775808
    OBJECT ENCODING m
    SADD m 9223372036854775808
    OBJECT ENCODING m

Set commands on a key of another type leave it as it was
    SET k v
    SADD k a
    SREM k a
    SPOP k
    SMEMBERS k
    GET k
""",
    ),
]
