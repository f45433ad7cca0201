"""Keys of any type, their deadlines, and the walks over them."""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
COPY k k2 ...
DEL k ...
EXISTS k ...
EXPIRE k 1000 ...
EXPIREAT k 33177117420 ...
EXPIRETIME k
MOVE k 1
OBJECT ENCODING k
OBJECT REFCOUNT k
PERSIST k
PEXPIRE k 1000000 ...
PEXPIREAT k 33177117420123 ...
PEXPIRETIME k
RENAME k new
RENAMENX k new
SORT k ALPHA ...
SORT_RO k ALPHA ...
TOUCH k ...
TTL k
TYPE k
UNLINK k ...
masked> OBJECT IDLETIME k
"""

_WITHOUT_KEYS = """
KEYS *
RANDOMKEY
SCAN 0 ...
WAIT 0 0
MIGRATE 127.0.0.1 1 missing 0 1 ...
masked> DBSIZE
"""

CASES = [
    *matrix.arity("keys", _REQUESTS + _WITHOUT_KEYS),
    *matrix.types("keys", _REQUESTS),
    *matrix.keys("keys", _REQUESTS),
    *read_cases(
        "keys",
        r"""
DEL and UNLINK count what was there
    MSET a 1 b 2
    HSET h f v
    SADD s m
    DEL a missing h
    UNLINK b s missing
    DBSIZE
    SET a 1
    DEL a a
    SET a 1
    UNLINK a a

EXISTS counts a key as often as it is named
    SET a 1
    EXISTS a
    EXISTS a a b a
    EXISTS b

TOUCH counts a key as often as it is named
    MSET a 1 b 2
    TOUCH a
    TOUCH a a missing b

TYPE of each type
    SET a 1
    HSET h f v
    SADD s m
    TYPE a
    TYPE h
    TYPE s
    TYPE missing

RENAME moves value and deadline
    SET a 1 PXAT 33177117420123
    RENAME a b
    EXISTS a
    GET b
    PEXPIRETIME b

RENAME replaces the new key, its deadline too
    SET a 1
    SET b 2 EX 100
    RENAME a b
    GET b
    TTL b
    HSET h f v
    RENAME b h
    TYPE h

RENAME and RENAMENX of a missing key
    RENAME missing b
    RENAMENX missing b
    SET b 1
    RENAME missing b
    RENAMENX missing b
    RENAME missing missing

RENAME of a key to itself
    SET a 1 PXAT 33177117420123
    RENAME a a
    RENAMENX a a
    GET a
    PEXPIRETIME a

RENAMENX does not replace
    SET a 1
    SET b 2
    RENAMENX a b
    MGET a b
    RENAMENX a c
    MGET a b c

COPY copies any type, and the deadline
    SET a 1 PXAT 33177117420123
    COPY a b
    GET b
    PEXPIRETIME b
    HSET h f v
    COPY h h2
    HSET h f w
    HGETALL h2
    SADD s m
    COPY s s2
    SADD s n
    SMEMBERS s2

COPY does not replace unless told
    SET a 1
    SET b 2
    COPY a b
    GET b
    COPY a b REPLACE
    GET b
    SET c 3 EX 100
    COPY a c replace
    TTL c

COPY to another database
    SET a 1
    COPY a a DB 1
    COPY a b DB 1
    COPY a a DB 1
    COPY a a DB 1 REPLACE
    SELECT 1
    unordered> KEYS *
    GET a

COPY of a missing key
    COPY missing b
    SET b 1
    COPY missing b REPLACE
    GET b

COPY refuses bad options
    SET a 1
    COPY a a
    COPY missing missing
    COPY a a DB 0
    COPY a a REPLACE
    COPY a b DB
    COPY a b DB abc
    COPY a b DB -1
    COPY a b DB 16
    COPY a b DB 99999999999
    COPY a b FOO
    COPY a b REPLACE REPLACE
    COPY a b DB 1 DB 2
    COPY a b DB 1 FOO
    SELECT 2
    EXISTS b

MOVE takes a key to another database
    SET a 1 PXAT 33177117420123
    MOVE a 1
    EXISTS a
    SELECT 1
    GET a
    PEXPIRETIME a
    MOVE a 0
    DBSIZE

MOVE does not replace
    SET a 1
    SELECT 1
    SET a 2
    MOVE a 0
    GET a
    SELECT 0
    GET a

MOVE refuses a bad database
    SET a 1
    MOVE a 0
    MOVE a abc
    MOVE a -1
    MOVE a 16
    MOVE a 99999999999
    MOVE a ""
    MOVE missing 1
    MOVE missing 0
    MOVE missing abc

RANDOMKEY of no key and of one
    RANDOMKEY
    SET only 1
    RANDOMKEY
    SELECT 1
    RANDOMKEY

RANDOMKEY of several
    MSET a 1 b 2 c 3
    shape> RANDOMKEY

KEYS with each kind of pattern
    MSET hello 1 hallo 2 hxllo 3 hllo 4 heello 5 h[llo 6 h*llo 7
    unordered> KEYS *
    unordered> KEYS h?llo
    unordered> KEYS h*llo
    unordered> KEYS h[ae]llo
    unordered> KEYS h[^e]llo
    unordered> KEYS h[a-b]llo
    unordered> KEYS h[b-a]llo
    unordered> KEYS "h\\*llo"
    unordered> KEYS "h\\[llo"
    unordered> KEYS h[*]llo
    unordered> KEYS hello
    unordered> KEYS nothing
    unordered> KEYS ""
    unordered> KEYS HELLO
    unordered> KEYS **ll**
    unordered> KEYS h[
    unordered> KEYS h[a
    unordered> KEYS "h\\"
    unordered> KEYS h[^]llo
    unordered> KEYS h[]llo
    unordered> KEYS h[a-]llo
    unordered> KEYS h[\\]llo
    unordered> KEYS [h]*o
    unordered> KEYS ????o

KEYS with binary names
    SET "\x00a" 1
    SET "\xff\r\n" 2
    SET "" 3
    unordered> KEYS *
    unordered> KEYS "\x00*"
    unordered> KEYS "?\r\n"
    unordered> KEYS "\xff*"
    unordered> KEYS "[\xf0-\xff]*"

KEYS sees no other database
    SET a 1
    SELECT 1
    KEYS *
    SELECT 0
    KEYS *

SCAN of a few keys
    MSET a 1 b 2 c 3
    scan> SCAN 0 COUNT 100
    scan> SCAN 0 MATCH [ab] COUNT 100
    scan> SCAN 0 COUNT 100 MATCH x
    scan> SCAN 0 count 100 match ?
    scan> SCAN 0 COUNT 9223372036854775807

SCAN returns a key once, whatever came and went before
    SCAN 0
    SET a 1
    DEL a
    SET a 2
    SCAN 0
    HSET b f v
    RENAME b c
    RENAME c b
    MOVE a 1
    SET a 3
    SET d 1 PXAT 1
    INCR d
    scan> SCAN 0 COUNT 100
    SADD s x y z
    scan> SSCAN s 0
    SREM s x y
    SADD s x y
    scan> SSCAN s 0

KEYS leaves what is past its deadline to others
    DEBUG SET-ACTIVE-EXPIRE 0
    SET a 1 PXAT 1
    SET b 1 PXAT 1
    KEYS *
    KEYS a
    KEYS ?
    DBSIZE
    DEBUG DIGEST
    EXISTS a
    DBSIZE
    DEBUG SET-ACTIVE-EXPIRE 1

SCAN takes what is past its deadline for something without a type
    DEBUG SET-ACTIVE-EXPIRE 0
    SET a 1 PXAT 1
    SCAN 0 MATCH b
    DBSIZE
    SCAN 0 TYPE none
    DBSIZE
    SCAN 0 TYPE none
    SET a 1 PXAT 1
    SCAN 0 TYPE string
    DBSIZE
    SET a 1 PXAT 1
    SCAN 0
    DBSIZE
    DEBUG SET-ACTIVE-EXPIRE 1

SCAN of no key
    SCAN 0
    SCAN 0 COUNT 1
    SCAN 0 TYPE string

SCAN TYPE filters
    SET a 1
    HSET h f v
    SADD s m
    scan> SCAN 0 COUNT 100 TYPE string
    scan> SCAN 0 COUNT 100 TYPE hash
    scan> SCAN 0 COUNT 100 TYPE set
    scan> SCAN 0 COUNT 100 TYPE HASH
    scan> SCAN 0 COUNT 100 TYPE list
    scan> SCAN 0 COUNT 100 TYPE nonsense
    scan> SCAN 0 COUNT 100 TYPE hash MATCH h*

SCAN refuses bad cursors and options
    SCAN abc
    SCAN ""
    SCAN " 0"
    SCAN 1.5
    SCAN 18446744073709551616
    SCAN 0 COUNT
    SCAN 0 COUNT 0
    SCAN 0 COUNT -1
    SCAN 0 COUNT abc
    SCAN 0 MATCH
    SCAN 0 TYPE
    SCAN 0 FOO
    SCAN 0 FOO bar
    SCAN 0 COUNT 9223372036854775808

SCAN takes a cursor that no SCAN has given
    SCAN -1
    SCAN 18446744073709551615
    SCAN +1
    SCAN 01

EXPIRE and its kin set a deadline
    SET a 1
    EXPIRE a 100
    TTL a
    PEXPIRE a 100500
    near=200> PTTL a
    EXPIREAT a 33177117420
    EXPIRETIME a
    PEXPIRETIME a
    PEXPIREAT a 33177117420123
    EXPIRETIME a
    PEXPIRETIME a
    TTL missing
    PTTL missing
    EXPIRETIME missing
    PEXPIRETIME missing

EXPIRETIME rounds up, TTL to the nearest second
    SET a 1
    PEXPIREAT a 33177117420499
    EXPIRETIME a
    PEXPIREAT a 33177117420500
    EXPIRETIME a
    PEXPIREAT a 33177117420999
    EXPIRETIME a
    PEXPIRE a 1800
    TTL a

A key without a deadline
    SET a 1
    TTL a
    PTTL a
    EXPIRETIME a
    PEXPIRETIME a
    PERSIST a

EXPIRE with no time or a past one removes the key
    SET a 1
    EXPIRE a 0
    EXISTS a
    SET a 1
    EXPIRE a -1
    EXISTS a
    SET a 1
    PEXPIRE a 0
    EXISTS a
    SET a 1
    PEXPIRE a -100
    EXISTS a
    SET a 1
    EXPIREAT a 1
    EXISTS a
    SET a 1
    PEXPIREAT a 1
    EXISTS a
    SET a 1
    EXPIREAT a 0
    EXISTS a
    SET a 1
    EXPIREAT a -1
    EXISTS a

EXPIRE refuses a time that is no integer
    SET a 1
    EXPIRE a abc
    EXPIRE a 1.5
    EXPIRE a ""
    EXPIRE a " 1"
    EXPIRE a 9223372036854775808
    PEXPIRE a abc
    EXPIREAT a abc
    PEXPIREAT a abc
    EXPIRE missing abc
    TTL a

EXPIRE refuses a time out of range
    SET a 1
    EXPIRE a 9223372036854775807
    EXPIRE a 9223372036854775
    EXPIRE a 9223372036854776
    EXPIRE a -9223372036854775808
    EXPIRE a -9223372036854776
    PEXPIRE a 9223372036854775807
    PEXPIRE a 9223372036854775000
    EXPIREAT a 9223372036854775807
    EXPIREAT a 9223372036854776
    EXPIRE missing 9223372036854775807
    TTL a

EXPIRE takes the smallest times there are
    SET a 1
    EXPIRE a -9223372036854775
    EXISTS a
    SET a 1
    PEXPIRE a -9223372036854775808
    EXISTS a
    SET a 1
    PEXPIREAT a -9223372036854775808
    EXISTS a

PEXPIREAT takes the last millisecond there is
    SET a 1
    PEXPIREAT a 9223372036854775807
    PEXPIRETIME a
    EXPIRETIME a
    EXPIREAT a 9223372036854775
    PEXPIRETIME a

EXPIRE NX sets only a first deadline
    SET a 1
    PEXPIREAT a 33177117420123 NX
    PEXPIREAT a 33177117420999 NX
    EXPIRE a 100 NX
    PEXPIRETIME a
    EXPIRE missing 100 NX

EXPIRE XX changes only an old deadline
    SET a 1
    EXPIRE a 100 XX
    TTL a
    EXPIREAT a 33177117420
    EXPIREAT a 33177117430 XX
    EXPIRETIME a
    EXPIRE missing 100 XX

EXPIRE GT only prolongs, and no deadline is the longest
    SET a 1
    EXPIREAT a 33177117420 GT
    TTL a
    EXPIREAT a 33177117420
    EXPIREAT a 33177117410 GT
    EXPIREAT a 33177117420 GT
    EXPIRETIME a
    EXPIREAT a 33177117421 GT
    EXPIRETIME a

EXPIRE LT only shortens, and no deadline is the longest
    SET a 1
    EXPIREAT a 33177117420 LT
    EXPIRETIME a
    EXPIREAT a 33177117430 LT
    EXPIREAT a 33177117420 LT
    EXPIREAT a 33177117410 LT
    EXPIRETIME a
    EXPIREAT a 1 LT
    EXISTS a

EXPIRE combines XX with GT and LT
    SET a 1
    EXPIREAT a 33177117420 XX GT
    EXPIREAT a 33177117420 XX LT
    TTL a
    EXPIREAT a 33177117420
    EXPIREAT a 33177117430 XX GT
    EXPIREAT a 33177117410 LT XX
    EXPIRETIME a

EXPIRE refuses flags that exclude each other
    SET a 1
    EXPIRE a 100 NX XX
    EXPIRE a 100 NX GT
    EXPIRE a 100 LT NX
    EXPIRE a 100 GT LT
    EXPIRE a 100 GT LT NX
    EXPIRE a 100 NX NX
    EXPIRE a 100 FOO
    EXPIRE a 100 NX FOO
    EXPIRE a 100 ""
    EXPIRE a 100 "a b\r\n"
    EXPIRE missing 100 NX XX
    EXPIRE missing 100 FOO
    EXPIRE a abc FOO
    TTL a

EXPIRE flags are told apart in any case
    SET a 1
    EXPIREAT a 33177117420 nX
    EXPIREAT a 33177117430 gT xX
    EXPIRETIME a

EXPIRE with a past time obeys its flags
    SET a 1
    EXPIRE a -1 XX
    EXISTS a
    EXPIRE a -1 GT
    EXISTS a
    EXPIRE a -1 LT
    EXISTS a
    SET a 1 EX 100
    EXPIRE a -1 NX
    EXPIRE a -1 GT
    EXISTS a
    EXPIRE a -1 XX LT
    EXISTS a

PERSIST removes the deadline
    SET a 1 EX 100
    PERSIST a
    TTL a
    PERSIST a
    PERSIST missing

A key whose time has come is gone for every command
    MSET a 1 b 2 c 3
    PEXPIRE a 5
    PEXPIRE b 5
    after=20> GET a
    EXISTS b
    TTL a
    PTTL b
    TYPE a
    DEL b
    RENAME a x
    SETNX a new
    unordered> KEYS *

A hash and a set whose time has come are empty
    HSET h f v
    SADD s m
    PEXPIRE h 5
    PEXPIRE s 5
    after=20> HGETALL h
    HINCRBY h f 1
    SCARD s
    SADD s n
    TTL h
    SMEMBERS s

OBJECT refuses what it does not know
    OBJECT
    OBJECT FOO
    OBJECT FOO k
    OBJECT ENCODING
    OBJECT ENCODING a b
    OBJECT ENCODING missing
    OBJECT REFCOUNT missing
    OBJECT IDLETIME missing
    OBJECT FREQ missing

OBJECT HELP lists the subcommands
    OBJECT HELP
    OBJECT help
    OBJECT HELP x

OBJECT FREQ needs an LFU policy
    SET a 1
    OBJECT FREQ a

OBJECT IDLETIME starts at nothing
    SET a 1
    near=1> OBJECT IDLETIME a
    GET a
    near=1> OBJECT IDLETIME a

OBJECT REFCOUNT
    SET a abc
    OBJECT REFCOUNT a
    HSET h f v
    OBJECT REFCOUNT h
    SET n 12345
    OBJECT REFCOUNT n

A small integer is shared, and its copy is not
    SET a 5
    COPY a b
    OBJECT REFCOUNT a
    OBJECT REFCOUNT b
    OBJECT ENCODING b
    MGET a b
    DUMP b
    RENAME b c
    MOVE c 1
    SELECT 1
    OBJECT REFCOUNT c
    COPY c d
    APPEND d ""
    OBJECT ENCODING d
    SETRANGE c 0 ""
    OBJECT REFCOUNT c
    INCR c
    OBJECT REFCOUNT c
    COPY c e
    INCRBYFLOAT e 0
    COPY e f
    OBJECT ENCODING f
    OBJECT REFCOUNT f
    GETRANGE f 0 5
    GETSET f 7
    OBJECT REFCOUNT f
    COPY f g
    DEBUG RELOAD
    OBJECT REFCOUNT g

SORT of numbers in a set
    SADD s 3 10 2 -1 1.5
    SORT s
    SORT s ASC
    SORT s DESC
    SORT s LIMIT 1 2
    SORT s LIMIT 0 0
    SORT s LIMIT 0 -1
    SORT s LIMIT -1 2
    SORT s LIMIT 10 2
    SORT s LIMIT 3 100
    SORT s DESC LIMIT 0 2
    SORT_RO s DESC

SORT ALPHA of words in a set
    SADD s banana apple Cherry "" 10 9
    SORT s ALPHA
    SORT s ALPHA DESC
    SORT s alpha limit 1 3

SORT refuses words unless told
    SADD s a 1
    SORT s
    SADD t " 1" 2
    SORT t
    SADD u 1x 2
    SORT u
    SADD v inf 2
    SORT v

SORT BY a key pattern
    SADD s 1 2 3
    MSET w_1 30 w_2 10 w_3 20
    SORT s BY w_*
    SORT s BY w_* DESC
    SORT s BY w_* LIMIT 0 2
    SORT s BY x_*
    SORT s BY x_* DESC

SORT BY a missing weight counts as nothing
    SADD s 1 2 3
    MSET w_1 5 w_3 -5
    SORT s BY w_*

SORT BY a hash field
    SADD s 1 2 3
    HSET h_1 w 30
    HSET h_2 w 10
    HSET h_3 w 20
    SORT s BY h_*->w
    SORT s BY h_*->x
    SORT s BY h_*->w GET h_*->w

SORT BY words
    SADD s 1 2 3
    MSET w_1 c w_2 a w_3 b
    SORT s BY w_*
    SORT s BY w_* ALPHA
    SORT s BY w_* ALPHA DESC

SORT GET fetches keys, fields and the element
    SADD s 1 2
    MSET v_1 one v_2 two
    HSET h_1 f uno
    SORT s GET v_*
    SORT s GET # GET v_*
    SORT s GET # GET h_*->f
    SORT s GET missing_*
    SORT s GET nothing
    SORT s GET h_*->x GET #
    SORT s GET ""

SORT BY a pattern without a star does not sort
    SADD s 3 1 2
    SORT s BY nosort
    SORT s BY nosort DESC
    SORT s BY nosort GET #
    SORT s BY nosort LIMIT 1 1

SORT STORE makes a list
    SADD s 3 1 2
    SORT s STORE d
    TYPE d

SORT STORE of nothing removes the destination
    SET d v
    SORT missing STORE d
    EXISTS d
    SADD s 3 1 2
    SET d v
    SORT s LIMIT 0 0 STORE d
    EXISTS d

SORT of a missing key
    SORT missing
    SORT missing ALPHA
    SORT missing BY w_* GET #
    SORT_RO missing

SORT refuses bad options
    SADD s 1 2
    SORT s FOO
    SORT s LIMIT
    SORT s LIMIT 1
    SORT s LIMIT a b
    SORT s LIMIT 0 b
    SORT s BY
    SORT s GET
    SORT s STORE
    SORT s ASC DESC
    SORT missing FOO
    SORT_RO s STORE d
    SORT_RO s FOO

SORT refuses another type
    SET a v
    HSET h f v
    SORT a
    SORT h
    SORT h ALPHA
    SORT a FOO
    SORT_RO h

SORT looks up weights of another type as missing
    SADD s 1 2
    HSET w_1 f v
    SET h_2 v
    SORT s BY w_*
    SORT s GET w_*
    SORT s GET h_*->f

SORT takes numbers as doubles
    SADD s 1e3 999 0x10 1e-2 -1e2
    SORT s
    SADD t 0.1 0.10 .1
    SORT t BY nosort LIMIT 0 0
    SADD e ""
    SORT e

SORT ALPHA compares texts up to a NUL, but for a list whole
    SADD s 1 2 3 4 5
    MSET w_1 "a\x00z" w_2 "a\x00b" w_3 a w_4 b w_5 "a\x00"
    SORT s STORE l
    SORT l BY w_* ALPHA
    SORT l BY w_* ALPHA DESC
    SORT l BY w_* ALPHA STORE m
    LRANGE m 0 -1
    SORT l BY w_* ALPHA GET w_* STORE v
    SORT v ALPHA
    SORT v ALPHA DESC
    SORT v ALPHA DESC STORE m
    LRANGE m 0 -1

SORT BY texts with LIMIT puts equal ones in the order of its steps
    SADD s 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
    MSET w_1 a w_2 b w_3 a w_4 b w_5 c w_6 a w_10 b w_12 c w_14 a
    SORT s BY w_* ALPHA
    SORT s BY w_* ALPHA LIMIT 0 5
    SORT s BY w_* ALPHA LIMIT 3 5
    SORT s BY w_* ALPHA LIMIT 0 50
    SORT s BY w_* ALPHA LIMIT 30 5
    SORT s BY w_* ALPHA LIMIT 19 1
    SORT s BY w_* ALPHA DESC LIMIT 2 10
    SORT s BY w_* ALPHA DESC LIMIT 2 10 STORE l
    SORT l BY w_* ALPHA LIMIT 0 3
    SORT l LIMIT 0 7 STORE l
    SORT l BY w_* ALPHA LIMIT 0 3
    SORT l BY w_* ALPHA LIMIT 1 6
    SADD s 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46
    SORT s BY w_* ALPHA LIMIT 0 10
    SORT s BY w_* ALPHA LIMIT 10 30 GET #
    SORT s BY w_* ALPHA LIMIT 1 1 DESC
    SORT s BY none_* ALPHA LIMIT 5 9

MIGRATE without a key to send
    MIGRATE host 1 k 0 1
    MIGRATE host port k 0 1 COPY REPLACE
    MIGRATE host port "" 0 1
    MIGRATE host port "" 0 1 KEYS
    MIGRATE host port "" 0 1 COPY AUTH p AUTH2 u p KEYS k k2
    MULTI
    MIGRATE host port k 0 1
    EXEC
    EVAL "return redis.call('MIGRATE', 'host', 'port', 'k', 0, 1)" 0
    EVAL_RO "return redis.call('MIGRATE', 'host', 'port', 'k', 0, 1)" 0

MIGRATE reads its options first
    SET k v
    MIGRATE host port k 0 x
    MIGRATE host port k x 1
    MIGRATE host port k x 1 FOO
    MIGRATE host port k 0 1 KEYS
    MIGRATE host port k 0 1 KEYS a
    MIGRATE host port k 0 1 COPY KEYS a FOO
    MIGRATE host port k 0 1 "COPY\x00" AUTH
    MIGRATE host port k 0 1 AUTH2 u
    MIGRATE host port k 0 1 AUTH p q
    MIGRATE host port k 99999999999999999999 1
    EXISTS k

MIGRATE to where nobody listens
    CONFIG RESETSTAT
    SET k v
    MIGRATE 127.0.0.1 1 k 0 1000
    MIGRATE 127.0.0.1 1 "" 0 1000 COPY KEYS a k b
    MIGRATE 127.0.0.1 x k 0 1000
    MIGRATE 127.0.0.1 65537 k 0 1000
    MIGRATE host.invalid 1 k 0 1000
    GET k
    INFO errorstats

MIGRATE inside a transaction waits for nobody
    SET k v
    MULTI
    MIGRATE 127.0.0.1 1 k 0 1000
    EXEC

MIGRATE inside a script waits for nobody
    SET k v
    EVAL "return redis.call('MIGRATE', '127.0.0.1', 1, KEYS[1], 0, 1000)" 1 k

The keys of MIGRATE
    COMMAND GETKEYS MIGRATE h p k 0 1
    COMMAND GETKEYS MIGRATE h p k 0 1 COPY KEYS a
    COMMAND GETKEYS MIGRATE h p k 0 1 KEYS
    COMMAND GETKEYS MIGRATE h p "" 0 1
    COMMAND GETKEYS MIGRATE h p "" 0 1 KEYS
    COMMAND GETKEYS MIGRATE h p "" 0 1 KEYS a b
    COMMAND GETKEYS MIGRATE h p "" 0 1 AUTH keys
    COMMAND GETKEYS MIGRATE h p "" 0 1 AUTH keys KEYS a b
    COMMAND GETKEYS MIGRATE h p "" 0 1 AUTH2 keys keys a
    COMMAND GETKEYS MIGRATE h p "" 0 1 AUTH2 keys keys KEYS a b
    COMMAND GETKEYS MIGRATE h p "" 0 1 AUTH2 KEYS KEYS KEYS
    COMMAND GETKEYS MIGRATE h p k 0 1 AUTH2 KEYS KEYS KEYS
    COMMAND GETKEYS MIGRATE h p "" 0 1 FOO KEYS a
    COMMAND GETKEYS MIGRATE h p "" 0 1 KEYS KEYS KEYS
    COMMAND GETKEYS MIGRATE h p KEYS KEYS KEYS a
    COMMAND GETKEYSANDFLAGS MIGRATE h p k 0 1
    COMMAND GETKEYSANDFLAGS MIGRATE h p "" 0 1 KEYS a b
    ACL SETUSER u on nopass +migrate ~a*
    ACL DRYRUN u MIGRATE h p k 0 1
    ACL DRYRUN u MIGRATE h p "" 0 1
    ACL DRYRUN u MIGRATE h p "" 0 1 KEYS a b
    ACL DRYRUN u MIGRATE h p "" 0 1 KEYS a ab
    ACL DRYRUN u MIGRATE h p k 0 1 KEYS a

MIGRATE notices keys that are not there
    CONFIG SET notify-keyspace-events KEAm
    SET k v
    other> PSUBSCRIBE __key*
    MIGRATE 127.0.0.1 1 "" 0 1000 KEYS a k b
    told other> PING

WAIT with no replica
    WAIT 0 0
    WAIT 0 10
    WAIT 1 1
    WAIT abc 0
    WAIT 0 abc
    WAIT 0 -1
    WAIT -1 0

DUMP of a missing key
    DUMP missing

Keys of one database are not those of another
    SET a 0
    SELECT 1
    GET a
    SET a 1
    DEL a
    SELECT 0
    GET a
    SELECT 15
    DBSIZE
""",
    ),
]
