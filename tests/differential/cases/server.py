"""The server itself: databases, configuration, and what it says of its commands."""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
CONFIG ...
CONFIG GET x ...
CONFIG RESETSTAT
CONFIG REWRITE
CONFIG SET x y ...
LATENCY ...
MEMORY ...
MEMORY USAGE k ...
SLOWLOG ...
SLOWLOG LEN
SLOWLOG RESET
SWAPDB 0 1
TIME
masked> LASTSAVE
COMMAND GETKEYS GET ...
COMMAND GETKEYSANDFLAGS GET ...
"""

_MONITOR = r"""
MONITOR shows what runs, after it has run
    other> MONITOR
    SET k v
    GET
    NOSUCH k
    HGET k f
    SELECT 3
    masked other told> PING
    masked other replies=2> RESET

MONITOR quotes what cannot be shown
    other> MONITOR
    ECHO "\x00\x07\x08\t\n\r \"\\'\x7f\xff"
    ECHO ""
    masked other told> PING
    masked other replies=2> RESET

MONITOR shows no secrets, and not what administrators do
    other> MONITOR
    AUTH secret
    AUTH default secret
    masked ids> HELLO 2 AUTH default secret SETNAME me
    ACL SETUSER alice >secret
    CONFIG SET maxmemory 0
    CONFIG GET maxmemory
    CLIENT KILL ID 99999999999
    CLIENT GETNAME
    masked other told> PING
    masked other replies=2> RESET

MONITOR shows a script before what it calls
    other> MONITOR
    EVAL "redis.call('SELECT', 2) redis.call('SET', 'k', 'v') return redis.pcall('GET')" 0
    EVALSHA abc 0
    EVAL_RO "return redis.call('GET', 'k')" 1 k
    EVAL x
    masked other told> PING
    masked other replies=2> RESET

MONITOR shows a transaction when it runs
    other> MONITOR
    MULTI
    SET k v
    HGET k f
    PING
    EXEC
    MULTI
    NOSUCH
    EXEC
    MULTI
    SET k v
    DISCARD
    EXEC x
    MULTI
    EXEC x
    WATCH k
    UNWATCH
    masked other told> PING
    masked other replies=2> RESET

MONITOR shows a connection what it does itself, behind its reply
    MONITOR
    PING
    masked replies=2> ECHO hello
    masked replies=0> MONITOR
    masked replies=2> TIME
    masked replies=2> CLIENT GETNAME
    masked replies=2> CONFIG GET nothing
    masked replies=1> RESET

A connection that monitors may touch no keys
    MONITOR
    GET k
    SET k v
    EVAL "return 1" 0
    PUBLISH a b
    DBSIZE
    MULTI
    masked replies=2> GET k
    EXEC
    masked> MULTI
    masked replies=3> PING
    masked> EXEC
    masked replies=3> RESET

MONITOR twice answers once
    MONITOR
    replies=0> MONITOR
    RESET
    PING

RESET ends MONITOR
    other> MONITOR
    other> RESET
    SET k v
    other> PING

MONITOR and CLIENT REPLY
    other> MONITOR
    other replies=0> CLIENT REPLY OFF
    SET k v
    masked other replies=2> CLIENT REPLY ON

MONITOR takes no arguments, and needs no other place
    MONITOR x
    EVAL "return redis.call('MONITOR')" 0
    SUBSCRIBE a
    MONITOR
"""

CASES = [
    *read_cases("server", _MONITOR),
    *matrix.arity("server", _REQUESTS),
    *read_cases(
        "server",
        r"""
DBSIZE counts the keys of one database
    DBSIZE
    MSET a 1 b 2
    HSET h f v
    DBSIZE
    SELECT 1
    DBSIZE

FLUSHDB empties one database, FLUSHALL all
    SET a 1
    SELECT 1
    SET b 1
    FLUSHDB
    DBSIZE
    SELECT 0
    DBSIZE
    SELECT 1
    FLUSHALL
    SELECT 0
    DBSIZE

FLUSHDB and FLUSHALL take SYNC or ASYNC
    SET a 1
    FLUSHDB ASYNC
    FLUSHDB SYNC
    FLUSHALL async
    FLUSHALL sync
    DBSIZE

FLUSHDB and FLUSHALL refuse other words
    SET a 1
    FLUSHDB FOO
    FLUSHALL FOO
    FLUSHALL ASYNC SYNC
    FLUSHDB SYNC x
    DBSIZE

SWAPDB exchanges two databases
    SET a 0
    SELECT 1
    SET a 1
    SET b 1
    SWAPDB 0 1
    GET a
    DBSIZE
    SELECT 0
    GET a
    SWAPDB 1 0
    GET a

SWAPDB shows to a connection that is in one of them
    SET a 0
    other> SELECT 1
    SWAPDB 0 1
    GET a
    other> GET a

SWAPDB refuses what is no database
    SWAPDB a 1
    SWAPDB 0 b
    SWAPDB 0 16
    SWAPDB 16 0
    SWAPDB -1 0
    SWAPDB 0 -1
    SWAPDB 0 99999999999
    SWAPDB 0 0

SWAPDB carries deadlines along
    SET a 0 PXAT 33177117420123
    SWAPDB 0 2
    PEXPIRETIME a
    SELECT 2
    PEXPIRETIME a

TIME is two numbers
    shape> TIME
    TIME x

LASTSAVE is a number
    masked> LASTSAVE

CONFIG GET of one parameter
    CONFIG GET maxmemory-policy
    CONFIG GET MaxMemory-Policy
    CONFIG GET appendonly
    CONFIG GET databases
    CONFIG GET timeout
    CONFIG GET save
    CONFIG GET requirepass
    CONFIG GET notify-keyspace-events
    CONFIG GET lua-time-limit
    CONFIG GET busy-reply-threshold
    CONFIG GET proto-max-bulk-len
    CONFIG GET maxclients
    CONFIG GET hz

CONFIG GET of a parameter there is not
    CONFIG GET nonsense
    CONFIG GET ""
    CONFIG GET nonsense*

CONFIG GET of several, by pattern, each once
    pairs> CONFIG GET hash-max-listpack-* set-max-intset-entries
    pairs> CONFIG GET hash-max-* hash-max-listpack-entries
    pairs> CONFIG GET timeout timeout
    pairs> CONFIG GET [t]imeout
    pairs> CONFIG GET maxmemory-policy nonsense

CONFIG GET knows old names
    CONFIG GET hash-max-ziplist-entries
    CONFIG GET hash-max-ziplist-value
    pairs> CONFIG GET hash-max-ziplist-*
    pairs> CONFIG GET list-max-*list-size

CONFIG SET and GET of a number
    CONFIG SET timeout 100
    CONFIG GET timeout
    CONFIG SET timeout 0
    CONFIG SET TIMEOUT 0
    CONFIG GET timeout

CONFIG SET keeps what only tunes what is not there
    CONFIG SET list-max-ziplist-size -3 zset-max-listpack-entries 5 stream-node-max-bytes 1kb
    pairs> CONFIG GET list-max-listpack-size zset-max-ziplist-entries stream-node-max-bytes
    CONFIG SET repl-timeout 5 slave-priority 7 lazyfree-lazy-user-del yes
    pairs> CONFIG GET repl-timeout replica-priority slave-priority lazyfree-lazy-user-del
    CONFIG SET list-max-ziplist-size -2 zset-max-listpack-entries 128 stream-node-max-bytes 4096
    CONFIG SET repl-timeout 60 slave-priority 100 lazyfree-lazy-user-del no

CONFIG SET hz keeps to its bounds
    CONFIG SET hz 1000
    CONFIG GET hz
    CONFIG SET hz 0
    CONFIG GET hz
    CONFIG SET hz 10

CONFIG SET min-replicas-to-write refuses writes without replicas
    CONFIG SET min-replicas-to-write 1
    SET a 1
    SADD s 1
    GET a
    EVAL "return redis.pcall('GET', 'a')" 0
    EVAL "return redis.call('SET', 'a', 1)" 0
    EVAL "return redis.pcall('SADD', 's', 1)" 0
    MULTI
    GET a
    EXEC
    MULTI
    SET a 1
    EXEC
    MULTI
    other> CONFIG SET min-replicas-to-write 0
    SET a 1
    other> CONFIG SET min-replicas-to-write 1
    EXEC
    CONFIG SET min-slaves-max-lag 0
    SET a 1
    CONFIG SET min-slaves-max-lag 10 min-slaves-to-write 0
    GET a

CONFIG SET of several parameters at once
    CONFIG SET timeout 10 hash-max-listpack-entries 100
    pairs> CONFIG GET timeout hash-max-listpack-entries
    CONFIG SET timeout 0 hash-max-listpack-entries 512
    pairs> CONFIG GET timeout hash-max-listpack-entries

CONFIG SET of an unknown parameter changes nothing
    CONFIG SET timeout 10 nonsense 1
    CONFIG SET nonsense 1
    CONFIG GET timeout

CONFIG SET of a parameter twice is refused
    CONFIG SET timeout 10 timeout 20
    CONFIG GET timeout

CONFIG SET refuses a parameter without a value
    CONFIG SET timeout
    CONFIG SET timeout 1 hz

CONFIG SET refuses a value that does not fit
    CONFIG SET timeout abc
    CONFIG SET timeout -1
    CONFIG SET timeout 99999999999999999999
    CONFIG SET appendonly maybe
    CONFIG SET maxmemory-policy nonsense
    CONFIG SET maxmemory abc
    CONFIG SET hash-max-listpack-entries abc
    CONFIG SET notify-keyspace-events ~
    CONFIG SET timeout ""
    CONFIG GET timeout

CONFIG SET refuses what is fixed at the start
    CONFIG SET databases 4
    CONFIG SET dir /
    CONFIG SET dbfilename x
    CONFIG SET appendfilename x
    CONFIG SET unixsocket x

CONFIG SET changes the limits of compact encodings
    CONFIG SET hash-max-listpack-entries 2
    HSET h a 1 b 2
    OBJECT ENCODING h
    HSET h c 3
    OBJECT ENCODING h
    CONFIG SET hash-max-listpack-entries 512
    CONFIG SET set-max-intset-entries 2
    SADD s 1 2
    OBJECT ENCODING s
    SADD s 3
    OBJECT ENCODING s
    CONFIG SET set-max-intset-entries 512
    CONFIG SET hash-max-listpack-value 2
    HSET g a 123
    OBJECT ENCODING g
    CONFIG SET hash-max-listpack-value 64

CONFIG SET notify-keyspace-events writes the flags in its own order
    CONFIG SET notify-keyspace-events KEA
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events Elg$
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events xeK
    CONFIG GET notify-keyspace-events
    CONFIG SET notify-keyspace-events ""
    CONFIG GET notify-keyspace-events

CONFIG SET maxmemory takes units
    CONFIG SET maxmemory 2gb
    CONFIG GET maxmemory
    CONFIG SET maxmemory 1500mb
    CONFIG GET maxmemory
    CONFIG SET maxmemory 1073741824
    CONFIG GET maxmemory

CONFIG refuses what it does not know
    CONFIG
    CONFIG FOO
    CONFIG FOO bar
    CONFIG GET
    CONFIG RESETSTAT
    CONFIG RESETSTAT x

CONFIG REWRITE without a file
    CONFIG REWRITE

CONFIG HELP lists the subcommands
    CONFIG HELP

MEMORY USAGE of a key is a number
    SET k v
    masked> MEMORY USAGE k
    masked> MEMORY USAGE k SAMPLES 5
    masked> MEMORY USAGE k SAMPLES 0
    MEMORY USAGE missing

MEMORY USAGE refuses bad options
    SET k v
    MEMORY USAGE k FOO
    MEMORY USAGE k SAMPLES
    MEMORY USAGE k SAMPLES abc
    MEMORY USAGE k SAMPLES -1
    MEMORY USAGE k FOO 5

Each container has a help
    ACL HELP
    COMMAND HELP
    DEBUG HELP
    function help
    LATENCY HELP
    Module HELP
    PUBSUB HELP
    SLOWLOG HELP

MODULE has none and takes none
    MODULE
    MODULE FOO
    MODULE LIST
    MODULE LIST x
    MODULE LOAD
    MODULE LOAD /nowhere.so x
    MODULE LOADEX /nowhere.so CONFIG a b
    MODULE UNLOAD a
    MODULE UNLOAD
    MULTI
    MODULE LIST
    MODULE LOAD /nowhere.so
    EXEC
    EVAL "return redis.call('MODULE', 'LIST')" 0

MEMORY refuses what it does not know
    MEMORY FOO
    MEMORY
    MEMORY HELP

COMMAND COUNT is a number
    masked> COMMAND COUNT
    COMMAND COUNT x

COMMAND INFO of an unknown command
    COMMAND INFO nonsense
    COMMAND INFO nonsense another
    COMMAND INFO config|nonsense

COMMAND refuses what it does not know
    COMMAND FOO
    COMMAND FOO bar

COMMAND GETKEYS of plain commands
    COMMAND GETKEYS GET k
    COMMAND GETKEYS MGET a b c
    COMMAND GETKEYS MSET a 1 b 2
    COMMAND GETKEYS RENAME a b
    COMMAND GETKEYS COPY a b DB 1
    COMMAND GETKEYS LCS a b
    COMMAND GETKEYS SDIFFSTORE d a b
    COMMAND GETKEYS OBJECT ENCODING k
    COMMAND GETKEYS MEMORY USAGE k
    COMMAND GETKEYS get K

COMMAND GETKEYS of commands that say how many keys they have
    COMMAND GETKEYS EVAL "return 1" 2 a b c
    COMMAND GETKEYS EVALSHA sha 1 a b
    COMMAND GETKEYS SINTERCARD 2 a b LIMIT 1

COMMAND GETKEYS of SORT
    COMMAND GETKEYS SORT a
    COMMAND GETKEYS SORT a BY w_* GET x_* STORE d
    COMMAND GETKEYS SORT a STORE d STORE e
    COMMAND GETKEYS SORT a LIMIT 0 store

COMMAND GETKEYS of no keys
    COMMAND GETKEYS PING
    COMMAND GETKEYS EVAL "return 1" 0
    COMMAND GETKEYS DBSIZE
    COMMAND GETKEYS CONFIG GET x

COMMAND GETKEYS refuses bad requests
    COMMAND GETKEYS
    COMMAND GETKEYS nonsense a
    COMMAND GETKEYS GET
    COMMAND GETKEYS GET a b
    COMMAND GETKEYS SINTERCARD abc a
    COMMAND GETKEYS SINTERCARD 3 a
    COMMAND GETKEYS EVAL "return 1" abc
    COMMAND GETKEYS EVAL "return 1" -1
    COMMAND GETKEYS EVAL "return 1" 5 a
    COMMAND GETKEYS OBJECT FOO k
    COMMAND GETKEYS CONFIG

COMMAND GETKEYSANDFLAGS tells what happens to the keys
    COMMAND GETKEYSANDFLAGS GET k
    COMMAND GETKEYSANDFLAGS SET k v
    COMMAND GETKEYSANDFLAGS SET k v GET
    COMMAND GETKEYSANDFLAGS MSET a 1 b 2
    COMMAND GETKEYSANDFLAGS RENAME a b
    COMMAND GETKEYSANDFLAGS DEL a b
    COMMAND GETKEYSANDFLAGS SUNIONSTORE d a
    COMMAND GETKEYSANDFLAGS EXISTS a
    COMMAND GETKEYSANDFLAGS PING

COMMAND LIST by pattern and category
    unordered> COMMAND LIST FILTERBY PATTERN gete*
    unordered> COMMAND LIST FILTERBY PATTERN nothing
    unordered> COMMAND LIST FILTERBY PATTERN HGETA*
    unordered> COMMAND LIST FILTERBY MODULE nothing
    COMMAND LIST FILTERBY ACLCAT nothing
    unordered> COMMAND LIST FILTERBY ACLCAT transaction

COMMAND LIST refuses bad filters
    COMMAND LIST FOO
    COMMAND LIST FILTERBY
    COMMAND LIST FILTERBY FOO bar
    COMMAND LIST FILTERBY PATTERN
    COMMAND LIST FILTERBY PATTERN a b

COMMAND DOCS of an unknown command
    COMMAND DOCS nonsense

INFO of a section there is not
    INFO nonsense
    INFO nonsense another

INFO keyspace counts keys and deadlines
    INFO keyspace
    SET a 1
    masked> INFO keyspace
    SET b 1 EX 100
    masked> INFO keyspace
    SELECT 3
    SET c 1
    masked> INFO keyspace
    masked> INFO KEYSPACE nonsense

SLOWLOG without slow commands
    SLOWLOG RESET
    SLOWLOG LEN
    SLOWLOG GET
    SLOWLOG GET 10
    SLOWLOG GET -1
    SLOWLOG GET -2
    SLOWLOG GET abc
    SLOWLOG FOO
    SLOWLOG GET 1 2

LATENCY without latency
    LATENCY LATEST
    LATENCY HISTORY command
    LATENCY RESET
    LATENCY RESET command
    LATENCY FOO

ROLE of a master without replicas
    ROLE

ACL of the default user
    ACL WHOAMI
    ACL USERS
    ACL CAT nonsense
    ACL FOO
    unordered> ACL CAT transaction

SHUTDOWN refuses bad options
    SHUTDOWN FOO
    SHUTDOWN SAVE NOSAVE
    SHUTDOWN ABORT

An unknown command is quoted back with its arguments
    FOO
    FOO a
    foo a b "c d"
    FOO "" ""
    "" a
    "FOO\r\nBAR" "a\r\nb"
    FOO "a\x00b" c
    "F\x00O" c

An unknown command is quoted only in part
    FOO "a"*200
    FOO "a"*100 "b"*100
    "F"*200 a
    FOO a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a

LOLWUT names the version
    LOLWUT
    LOLWUT x y
    LOLWUT VERSION
    LOLWUT VERSION 1
    LOLWUT VERSION -5
    LOLWUT VERSION 7 x

LOLWUT reads a version and sizes
    LOLWUT VERSION x
    LOLWUT VERSION 5 x
    LOLWUT VERSION 5 10 x
    LOLWUT VERSION 5 10 3 x
    LOLWUT VERSION 6 10 x

BGSAVE takes one word
    BGSAVE FOO
    BGSAVE SCHEDULE FOO
    SAVE FOO
    BGREWRITEAOF FOO

DEBUG reads its own words
    DEBUG
    DEBUG FOO
    DEBUG SLEEP
    DEBUG SLEEP 0
    DEBUG sleep x
    DEBUG ERROR "FOO bar"
    DEBUG ERROR a b
    DEBUG OBJECT nothing
    DEBUG SDSLEN nothing
    SET n 1
    DEBUG SDSLEN n
    DEBUG SET-ACTIVE-EXPIRE 0
    DEBUG SET-ACTIVE-EXPIRE 1
    DEBUG QUICKLIST-PACKED-THRESHOLD 0
    DEBUG CHANGE-REPL-ID
    DEBUG LOG hello
    DEBUG HTSTATS 99

DEBUG PROTOCOL sends each type
    DEBUG PROTOCOL string
    DEBUG PROTOCOL integer
    DEBUG PROTOCOL double
    DEBUG PROTOCOL bignum
    DEBUG PROTOCOL null
    DEBUG PROTOCOL array
    DEBUG PROTOCOL set
    DEBUG PROTOCOL MAP
    DEBUG PROTOCOL verbatim
    DEBUG PROTOCOL true
    DEBUG PROTOCOL false
    DEBUG PROTOCOL attrib
    DEBUG PROTOCOL nope

DEBUG DIGEST is the same for the same data
    DEBUG DIGEST
    SET a hello
    SET n 12
    SETEX e 1000 x
    HSET h f v g w
    SADD s a b 3
    SADD i 1 2 3
    APPEND a more
    DEBUG DIGEST
    DEBUG DIGEST-VALUE a n e h s i nothing
    DEBUG DIGEST-VALUE
    SELECT 3
    SET a 1
    DEBUG DIGEST

DEBUG POPULATE makes keys
    SET key:1 mine
    DEBUG POPULATE 3
    DBSIZE
    MGET key:0 key:1 key:2
    DEBUG POPULATE 2 p 10
    MGET p:0 p:1
    DEBUG POPULATE x

DEBUG RELOAD keeps the data
    SET a hello
    PSETEX e 100000 x
    HSET h f v
    SADD s a b
    DEBUG RELOAD
    GET a
    HGETALL h
    unordered> SMEMBERS s
    DBSIZE
""",
    ),
]
