"""Strings, and the numbers in them."""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
APPEND k value
DECR k
DECRBY k 1
GET k
GETDEL k
GETEX k ...
GETRANGE k 0 -1
GETSET k value
INCR k
INCRBY k 1
INCRBYFLOAT k 1
LCS k k2 ...
MGET k ...
MSET k value ...
MSETNX k value ...
PSETEX k 1000000 value
SET k value ...
SETEX k 1000 value
SETNX k value
SETRANGE k 1 value
STRLEN k
SUBSTR k 0 -1
"""

CASES = [
    *matrix.arity("strings", _REQUESTS),
    *matrix.types("strings", _REQUESTS),
    *matrix.keys("strings", _REQUESTS),
    *read_cases(
        "strings",
        r"""
SET and GET keep every byte
    SET k "\x00\xff\r\n\"'"
    GET k
    STRLEN k

SET and GET of an empty value and of an empty key
    SET "" ""
    GET ""
    EXISTS ""
    STRLEN ""

SET and GET of a big value
    SET k "0123456789"*10000
    GET k
    STRLEN k
    GETRANGE k 49995 50004

Command names and options are told apart in any case
    sEt k v eX 100
    get K
    GeT k
    set k v2 xX keepTTL gEt

SET replaces a value of any type and drops its deadline
    HSET k f v
    EXPIRE k 100
    SET k v
    TYPE k
    TTL k

SET NX sets only a new key
    SET k 1 NX
    SET k 2 NX
    GET k

SET XX sets only an old key
    SET k 1 XX
    EXISTS k
    SET k 1
    SET k 2 XX
    GET k

SET NX GET returns the old value, whether or not it sets
    SET k 1 NX GET
    GET k
    SET k 2 NX GET
    GET k

SET XX GET returns the old value, whether or not it sets
    SET k 1 XX GET
    EXISTS k
    SET k 1
    SET k 2 XX GET
    GET k

SET GET refuses an old value of another type and leaves it
    HSET h f v
    SET h x GET
    SET h x NX GET
    SET h x GET EX 100
    TYPE h
    TTL h

SET refuses options that exclude each other
    SET k v NX XX
    SET k v XX NX
    SET k v EX 10 PX 10
    SET k v EX 10 EXAT 10
    SET k v EX 10 PXAT 10
    SET k v PX 10 EX 10
    SET k v KEEPTTL EX 10
    SET k v EX 10 KEEPTTL
    SET k v PXAT 10 KEEPTTL
    EXISTS k

SET takes an option more than once, but a time only once
    SET k v NX NX
    SET k v XX XX
    SET k v GET GET
    SET k v KEEPTTL KEEPTTL
    SET k v EX 100 EX 100
    SET k v PX 100 PX 100

SET refuses an unknown option and an option without its value
    SET k v FOO
    SET k v EX
    SET k v PX
    SET k v EXAT
    SET k v PXAT
    SET k v NX EX
    SET k v PERSIST
    SET k v ""
    SET k v N
    SET k v NXX
    EXISTS k

SET EX refuses a time that is no positive integer in range
    SET k v EX 0
    SET k v EX -1
    SET k v EX abc
    SET k v EX ""
    SET k v EX 1.5
    SET k v EX " 1"
    SET k v EX "1 "
    SET k v EX +1
    SET k v EX 01
    SET k v EX 9223372036854775807
    SET k v EX 9223372036854775808
    SET k v EX 9223372036854775
    SET k v EX -9223372036854775808
    EXISTS k

SET PX refuses a time that is no positive integer in range
    SET k v PX 0
    SET k v PX -1
    SET k v PX abc
    SET k v PX 1_000
    SET k v PX 9223372036854775807
    SET k v PX 9223372036854775808
    EXISTS k

SET EXAT and PXAT refuse a time that is no positive integer in range
    SET k v EXAT 0
    SET k v EXAT -1
    SET k v EXAT abc
    SET k v EXAT 9223372036854775807
    SET k v EXAT 9223372036854775808
    SET k v EXAT 9223372036854776
    SET k v PXAT 0
    SET k v PXAT -1
    SET k v PXAT abc
    SET k v PXAT 9223372036854775808
    EXISTS k

SET PXAT takes the last millisecond there is
    SET k v PXAT 9223372036854775807
    PEXPIRETIME k
    EXPIRETIME k
    SET k v EXAT 9223372036854775
    PEXPIRETIME k

SET with a deadline in the past removes the key
    SET k old
    SET k v PXAT 1
    EXISTS k
    SET k old
    SET k v EXAT 1
    GET k
    DBSIZE

SET reads the time before it looks at the condition
    SET k v NX EX 0
    SET k v XX EX abc
    SET k 1
    SET k v NX EX 0

SET GET with a bad time leaves the old value
    SET k old
    SET k new EX 0 GET
    GET k

SET EX and PX set the deadline
    SET k v EX 100
    TTL k
    near=200> PTTL k
    SET k v PX 100500
    near=200> PTTL k

SET EXAT and PXAT set the deadline
    SET k v EXAT 33177117420
    EXPIRETIME k
    PEXPIRETIME k
    SET k v PXAT 33177117420123
    EXPIRETIME k
    PEXPIRETIME k

SET KEEPTTL keeps no deadline that has passed
    SET k v PXAT 1
    SET k v2 KEEPTTL
    GET k
    TTL k

SET KEEPTTL keeps the deadline
    SET k v PXAT 33177117420123
    SET k v2 KEEPTTL
    PEXPIRETIME k
    GET k
    SET k v3
    PEXPIRETIME k

SET that its condition stops changes nothing, the deadline neither
    SET k v PXAT 33177117420123
    SET k v2 NX
    SET k v2 NX EX 10
    GET k
    PEXPIRETIME k

SET options come in any order
    SET k v
    SET k v2 EX 100 XX GET
    SET k v3 GET XX PX 100000
    SET k v4 XX EX 100 GET
    TTL k

SETEX and PSETEX set a value and its deadline
    SETEX k 100 v
    TTL k
    PSETEX k 100000 v2
    near=200> PTTL k
    GET k

SETEX refuses a time that is no positive integer in range
    SETEX k 0 v
    SETEX k -1 v
    SETEX k abc v
    SETEX k 1.5 v
    SETEX k 9223372036854775807 v
    SETEX k 9223372036854775808 v
    SETEX k -9223372036854775808 v
    EXISTS k

PSETEX refuses a time that is no positive integer in range
    PSETEX k 0 v
    PSETEX k -1 v
    PSETEX k abc v
    PSETEX k 9223372036854775807 v
    PSETEX k 9223372036854775808 v
    EXISTS k

SETEX and PSETEX replace a value of another type
    SADD k m
    SETEX k 100 v
    TYPE k
    HSET k2 f v
    PSETEX k2 100000 v
    TYPE k2

SETNX sets only a new key, whatever the old one holds
    SETNX k 1
    SETNX k 2
    GET k
    HSET h f v
    SETNX h x
    TYPE h

SETNX leaves the deadline of an old key
    SET k v PXAT 33177117420123
    SETNX k w
    PEXPIRETIME k

GETSET returns the old value and drops the deadline
    GETSET k 1
    EXPIRE k 100
    GETSET k 2
    TTL k
    GET k

GETSET refuses another type and leaves it
    SADD k m
    GETSET k v
    TYPE k

GETDEL returns the value and removes the key
    SET k v
    GETDEL k
    EXISTS k
    GETDEL k

GETDEL refuses another type and leaves it
    HSET h f v
    GETDEL h
    EXISTS h

GETEX without an option only reads
    SET k v PXAT 33177117420123
    GETEX k
    PEXPIRETIME k
    GETEX missing

GETEX sets or removes the deadline
    SET k v
    GETEX k EX 100
    TTL k
    GETEX k PX 100500
    near=200> PTTL k
    GETEX k EXAT 33177117420
    PEXPIRETIME k
    GETEX k PXAT 33177117420123
    PEXPIRETIME k
    GETEX k PERSIST
    TTL k
    GETEX k PERSIST

GETEX with a deadline in the past returns the value and removes the key
    SET k v
    GETEX k PXAT 1
    EXISTS k
    SET k v
    GETEX k EXAT 1
    EXISTS k

GETEX refuses bad options and times
    SET k v
    GETEX k FOO
    GETEX k EX
    GETEX k EX 0
    GETEX k EX -1
    GETEX k EX abc
    GETEX k PX 0
    GETEX k EXAT 0
    GETEX k PXAT -1
    GETEX k EX 9223372036854775807
    GETEX k PX 9223372036854775807
    GETEX k EX 10 PX 10
    GETEX k PERSIST EX 10
    GETEX k EX 10 PERSIST
    GETEX k PERSIST PERSIST
    GETEX k NX
    GETEX k KEEPTTL
    GETEX k GET
    TTL k

GETEX of a missing key checks only what it can read of the options
    GETEX k FOO
    GETEX k EX 0
    GETEX k EX abc
    GETEX k PERSIST

GETEX refuses another type, whatever the options
    HSET h f v
    GETEX h
    GETEX h EX 10
    GETEX h EX 0
    GETEX h FOO
    TTL h

MGET returns nil for what is missing or no string
    SET a 1
    HSET h f v
    SADD s m
    MGET a missing h s a
    MGET a a a

MSET sets all, the last of equal keys wins
    MSET a 1 b 2 a 3
    MGET a b

MSET replaces any type and drops deadlines
    HSET k f v
    EXPIRE k 100
    MSET k v j w
    TYPE k
    TTL k
    GET j

MSET and MSETNX refuse a key without a value
    MSET a 1 b
    MSETNX a 1 b
    MSET a 1 b 2 c
    EXISTS a b c

MSETNX sets all or nothing
    MSETNX a 1 b 2
    MSETNX b 3 c 4
    MGET a b c
    MSETNX c 1 c 2
    GET c

MSETNX counts a key of any type as set
    HSET h f v
    MSETNX a 1 h 2
    EXISTS a
    TYPE h

APPEND creates, then extends, and keeps the deadline
    APPEND k ab
    APPEND k cd
    GET k
    EXPIRE k 100
    APPEND k ""
    APPEND k ef
    TTL k
    APPEND new ""
    EXISTS new
    STRLEN new

APPEND to a number makes text of it
    SET k 12
    APPEND k 34
    INCR k
    GET k

STRLEN counts bytes
    SET k 12345
    STRLEN k
    SET k "\xc3\xa9"
    STRLEN k
    SET k ""
    STRLEN k

GETRANGE counts from both ends and clips
    SET k "This is a string"
    GETRANGE k 0 3
    GETRANGE k -3 -1
    GETRANGE k 0 -1
    GETRANGE k 10 100
    GETRANGE k 5 3
    GETRANGE k 16 20
    GETRANGE k 15 15
    GETRANGE k -100 2
    GETRANGE k -100 -200
    GETRANGE k -1 -3
    GETRANGE k 0 0
    GETRANGE k -16 -16
    GETRANGE k -17 -17

GETRANGE takes the ends of the integers
    SET k hello
    GETRANGE k 0 4294967297
    GETRANGE k -9223372036854775808 9223372036854775807
    GETRANGE k 9223372036854775807 9223372036854775807
    GETRANGE k -9223372036854775808 -9223372036854775808
    GETRANGE k 0 9223372036854775806

GETRANGE refuses positions that are no integers
    SET k hello
    GETRANGE k a 1
    GETRANGE k 0 b
    GETRANGE k 0 9223372036854775808
    GETRANGE k -9223372036854775809 1
    GETRANGE k "" 1
    GETRANGE k 0 1.0
    GETRANGE missing a 1

GETRANGE and SUBSTR read the digits of a number
    SET k 12345
    GETRANGE k 1 3
    SUBSTR k 1 3
    SUBSTR k -2 -1
    SUBSTR missing 0 1

SETRANGE writes inside, at the end and past it
    SET k hello
    SETRANGE k 1 ELL
    GET k
    SETRANGE k 5 X
    SETRANGE k 8 "\x01"
    GET k

SETRANGE of a missing key pads with zero bytes
    SETRANGE k 3 x
    GET k
    SETRANGE k2 0 x
    GET k2

SETRANGE with nothing to write creates nothing
    SETRANGE k 10 ""
    EXISTS k
    SET k ab
    SETRANGE k 10 ""
    GET k
    HSET h f v
    SETRANGE h 0 ""
    SETRANGE h 0 x

SETRANGE refuses a bad offset and too long a value
    SETRANGE k -1 x
    SETRANGE k abc x
    SETRANGE k 1.5 x
    SETRANGE k 9223372036854775808 x
    SETRANGE k 9223372036854775807 x
    SETRANGE k 536870912 x
    SETRANGE k 536870911 xx
    SETRANGE k -9223372036854775808 x
    SETRANGE k 9223372036854775807 ""
    EXISTS k
    HSET h f v
    SETRANGE h 536870912 x
    SETRANGE h -1 x

SETRANGE keeps the deadline and changes the digits of a number
    SET k 12345 PXAT 33177117420123
    SETRANGE k 1 00
    GET k
    INCR k
    PEXPIRETIME k

INCR and DECR count from nothing, and keep the deadline
    INCR k
    INCR k
    DECR k
    DECR j
    EXPIRE k 100
    INCR k
    TTL k
    GET k

INCRBY and DECRBY take negative steps
    INCRBY k 5
    INCRBY k -10
    DECRBY k -3
    DECRBY k 4
    INCRBY k 0
    GET k

INCR stops at the ends of the integers
    SET k 9223372036854775807
    INCR k
    INCRBY k 1
    INCRBY k 0
    DECRBY k -1
    SET k -9223372036854775808
    DECR k
    DECRBY k 1
    INCRBY k -1
    GET k
    SET k 1
    INCRBY k 9223372036854775807
    SET k -2
    INCRBY k -9223372036854775807
    GET k

DECRBY cannot subtract the smallest integer
    DECRBY k -9223372036854775808
    EXISTS k
    SET k -1
    DECRBY k -9223372036854775808
    GET k

INCR refuses a value that is not exactly an integer
    SET k abc
    INCR k
    SET k " 1"
    INCR k
    SET k "1 "
    INCR k
    SET k +1
    INCR k
    SET k 01
    INCR k
    SET k -0
    INCR k
    SET k 1.0
    INCR k
    SET k 1_0
    INCR k
    SET k ""
    INCR k
    SET k 9223372036854775808
    INCR k
    SET k "1\x00"
    INCR k
    SET k "\xd9\xa3"
    INCR k

INCRBY and DECRBY refuse a step that is no integer
    INCRBY k abc
    INCRBY k 1.5
    INCRBY k ""
    INCRBY k 9223372036854775808
    INCRBY k -9223372036854775809
    INCRBY k +1
    INCRBY k " 1"
    INCRBY k 1_000
    INCRBY k 0x10
    INCRBY k 1e3
    DECRBY k abc
    DECRBY k 9223372036854775808
    EXISTS k

INCRBY reads the step before the key
    HSET h f v
    INCRBY h abc
    INCRBY h 1
    DECRBY h abc
    INCRBYFLOAT h abc
    INCRBYFLOAT h 1

INCRBYFLOAT adds as long doubles do
    SET k 10.50
    INCRBYFLOAT k 0.1
    INCRBYFLOAT k -5
    SET k 5.0e3
    INCRBYFLOAT k 2.0e2
    SET k 3
    INCRBYFLOAT k 1.1
    INCRBYFLOAT k -1.1
    GET k
    INCRBYFLOAT new 0.1
    INCRBYFLOAT new 0.2
    GET new

INCRBYFLOAT writes no exponent and no trailing zeros
    INCRBYFLOAT a 1e10
    INCRBYFLOAT b 1e17
    INCRBYFLOAT c 1e-10
    INCRBYFLOAT d 100
    INCRBYFLOAT e -0.0
    INCRBYFLOAT f 1e20
    INCRBYFLOAT g 0.00000000000000001
    INCRBYFLOAT h 0.000000000000000001
    INCRBYFLOAT i -1e-18
    INCRBYFLOAT j 123456789.123456789
    INCRBYFLOAT l 1.7976931348623157e308

INCRBYFLOAT keeps seventeen digits after the point
    INCRBYFLOAT a 3.14159265358979323846
    INCRBYFLOAT b 2.71828182845904523536
    INCRBYFLOAT c 0.1234567890123456789
    INCRBYFLOAT d 1234567890.0123456789
    SET e 0.30000000000000004
    INCRBYFLOAT e 0
    SET f 9007199254740993
    INCRBYFLOAT f 0.5

INCRBYFLOAT takes every spelling that strtold takes
    INCRBYFLOAT a 0x10
    INCRBYFLOAT b 1.
    INCRBYFLOAT c .5
    INCRBYFLOAT d +1
    INCRBYFLOAT e 1e2
    INCRBYFLOAT f 1E2
    INCRBYFLOAT g 0x1p3
    INCRBYFLOAT h 007

INCRBYFLOAT refuses what is no number
    INCRBYFLOAT k abc
    INCRBYFLOAT k ""
    INCRBYFLOAT k " 1"
    INCRBYFLOAT k "1 "
    INCRBYFLOAT k 1_0
    INCRBYFLOAT k 1,5
    INCRBYFLOAT k 1e
    INCRBYFLOAT k nan
    INCRBYFLOAT k "1\x00"
    INCRBYFLOAT k --1
    SET k abc
    INCRBYFLOAT k 1
    SET k " 1"
    INCRBYFLOAT k 1
    SET k ""
    INCRBYFLOAT k 1

INCRBYFLOAT refuses a result that is no finite number
    INCRBYFLOAT k inf
    INCRBYFLOAT k -inf
    INCRBYFLOAT k infinity
    INCRBYFLOAT k 1e5000
    SET k 1e4931
    INCRBYFLOAT k 9e4931
    GET k
    EXISTS missing

INCRBYFLOAT keeps the deadline
    SET k 1 PXAT 33177117420123
    INCRBYFLOAT k 0.5
    PEXPIRETIME k

INCR after INCRBYFLOAT works only on a whole number
    INCRBYFLOAT k 1.5
    INCR k
    INCRBYFLOAT k 0.5
    INCR k

LCS finds a longest common subsequence
    MSET a ohmytext b mynewtext
    LCS a b
    LCS a b LEN
    LCS a b IDX
    LCS a b IDX WITHMATCHLEN
    LCS a b IDX MINMATCHLEN 4
    LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
    LCS a b MINMATCHLEN 4
    LCS a b WITHMATCHLEN
    LCS a b LEN WITHMATCHLEN

LCS of missing, empty and equal values
    SET a abc
    SET e ""
    LCS a missing
    LCS a missing LEN
    LCS a missing IDX
    LCS missing missing IDX
    LCS a e
    LCS a a IDX WITHMATCHLEN
    LCS e e IDX

LCS of values that share nothing
    MSET a aaa b bbb
    LCS a b
    LCS a b LEN
    LCS a b IDX

LCS refuses bad options
    MSET a abc b abd
    LCS a b FOO
    LCS a b LEN IDX
    LCS a b IDX LEN
    LCS a b MINMATCHLEN
    LCS a b IDX MINMATCHLEN abc
    LCS a b IDX MINMATCHLEN -1
    LCS a b IDX MINMATCHLEN 0
    LCS a b IDX MINMATCHLEN 9223372036854775808
    LCS a b len len

LCS refuses keys that hold no strings, before it reads options
    HSET h f v
    SET a abc
    LCS a h
    LCS h a
    LCS h missing
    LCS h a FOO

LCS picks the same of several longest subsequences
    MSET a abcbdab b bdcaba
    LCS a b
    LCS a b IDX
    MSET a xaxbxcx b yaybycy
    LCS a b
    LCS a b IDX MINMATCHLEN 1 WITHMATCHLEN
    MSET a aab b aba
    LCS a b IDX
    MSET a ACTGATTACAGGTA b TTGACATCGGACTT
    LCS a b
    LCS a b IDX WITHMATCHLEN

LCS of long values
    SET a "abcde"*100
    SET b "badce"*100
    LCS a b LEN
    LCS a b

LCS reads numbers as their digits
    MSET a 1234567 b 345
    LCS a b
    LCS a b IDX

String commands on a key of another type leave it as it was
    HSET h f v
    APPEND h x
    GETRANGE h 0 1
    SETRANGE h 0 x
    INCR h
    STRLEN h
    HGETALL h

Encodings of strings
    SET k 12345
    OBJECT ENCODING k
    SET k 9223372036854775807
    OBJECT ENCODING k
    SET k 9223372036854775808
    OBJECT ENCODING k
    SET k 01
    OBJECT ENCODING k
    SET k "a"*44
    OBJECT ENCODING k
    SET k "a"*45
    OBJECT ENCODING k
    SET k ""
    OBJECT ENCODING k
    SET k "1"*20
    OBJECT ENCODING k

Encodings of strings that were changed in place
    SET k abc
    APPEND k d
    OBJECT ENCODING k
    SET k abc
    SETRANGE k 0 x
    OBJECT ENCODING k
    SET k 10
    INCR k
    OBJECT ENCODING k
    APPEND k 1
    OBJECT ENCODING k
    INCRBYFLOAT f 1.5
    OBJECT ENCODING f
    INCRBYFLOAT f 0.5
    OBJECT ENCODING f
    APPEND new 12
    OBJECT ENCODING new
    SETRANGE made 0 12
    OBJECT ENCODING made
    INCRBYFLOAT i 12
    OBJECT ENCODING i
""",
    ),
]
