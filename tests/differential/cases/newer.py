"""What Redis 7.0 lacks: compared with valkey-server."""

from __future__ import annotations

from ..script import read_cases

CASES = [
    *read_cases(
        "fields",
        r"""
HEXPIRE answers for each field
    HSET h a 1 b 2 c 3
    HEXPIRE h 100 FIELDS 2 a missing
    HEXPIRE missing 100 FIELDS 2 a b
    near=1> HTTL h FIELDS 3 a b missing
    near=1000> HPTTL h FIELDS 1 a
    HTTL missing FIELDS 2 a b
    HPTTL missing FIELDS 2 a b
    HEXPIRETIME missing FIELDS 1 a
    HPEXPIRETIME missing FIELDS 1 a

HEXPIRE has the conditions of EXPIRE
    HSET h a 1 b 2 c 3
    HEXPIRE h 100 NX FIELDS 2 a b
    HEXPIRE h 100 nx FIELDS 2 a c
    HEXPIRE h 200 XX FIELDS 3 a b missing
    HEXPIRE h 300 GT FIELDS 2 a b
    HEXPIRE h 250 GT FIELDS 2 a b
    HEXPIRE h 50 LT FIELDS 2 a b
    HEXPIRE h 50 XX LT FIELDS 2 a c
    HEXPIRE h 500 XX GT FIELDS 2 a c
    HEXPIRE h 50 NX NX FIELDS 2 a c
    HEXPIRE h 50 NX XX FIELDS 2 a c
    HEXPIRE h 50 NX GT FIELDS 1 a
    HEXPIRE h 50 GT LT FIELDS 1 a
    HEXPIRE h 50 FOO FIELDS 1 a
    HEXPIRE h 50 FOO FIELDS 2 a

A deadline without limit is earlier than none
    HSET h a 1 b 2
    HPEXPIREAT h 9223372036854775807 FIELDS 1 a
    HPEXPIREAT h 9223372036854775807 LT FIELDS 2 a b
    HPEXPIRETIME h FIELDS 2 a b

Deadlines of fields are absolute times
    HSET h a 1
    HPEXPIREAT h 4000000000499 FIELDS 1 a
    HEXPIRETIME h FIELDS 1 a
    HPEXPIREAT h 4000000000500 FIELDS 1 a
    HEXPIRETIME h FIELDS 1 a
    HPEXPIRETIME h FIELDS 1 a
    HEXPIREAT h 4000000000 FIELDS 1 a
    HPEXPIRETIME h FIELDS 1 a
    HEXPIREAT h 9223372036854775 FIELDS 1 a
    HEXPIREAT h 9223372036854776 FIELDS 1 a
    HPEXPIRETIME h FIELDS 1 a

A deadline that has passed deletes a field
    HSET h a 1 b 2 c 3
    HEXPIREAT h 1 XX FIELDS 1 a
    HEXPIREAT h 1 GT FIELDS 1 a
    HEXPIREAT h 1 NX FIELDS 1 a
    HEXPIREAT h 1 LT FIELDS 2 a b
    HEXPIRE h 0 FIELDS 2 c c
    EXISTS h

Times and numbers of fields are read with care
    HSET h a 1
    HEXPIRE h -1 FIELDS 1 a
    HEXPIRE h x FIELDS 1 a
    HEXPIRE h "" FIELDS 1 a
    HEXPIRE h 99999999999999999999 FIELDS 1 a
    HEXPIRE h 9223372036854775807 FIELDS 1 a
    HPEXPIRE h 9223372036854775807 FIELDS 1 a
    HPEXPIREAT h -1 FIELDS 1 a
    HEXPIREAT h -1 FIELDS 1 a
    HEXPIRE missing -1 FIELDS 1 a
    HEXPIRE h 10 FIELDS 0 a
    HEXPIRE h 10 FIELDS -1 a
    HEXPIRE h 10 FIELDS x a
    HEXPIRE h 10 FIELDS 9223372036854775808 a
    HEXPIRE h 10 FIELDS 2 a
    HEXPIRE h 10 FIELDS 1 a b
    HEXPIRE h 10 FIELDS FIELDS 1 a
    HEXPIRE h 10 FIELDZ 1 a
    HEXPIRE h 10 1 a a
    HEXPIRE h 10 a FIELDS 1
    HEXPIRE h 10 a b FIELDS
    HEXPIRE h 10 FIELDS 1 a NX
    HEXPIRE h 10
    HEXPIRE h 10 FIELDS 1
    HEXPIRE h x FOO FIELDS 2 a
    HEXPIRE h x FIELDS 2 a

HTTL and HPERSIST read their fields alike, and complain differently
    HSET h a 1
    HTTL h FIELDS 0 a
    HTTL h FIELDS x a
    HTTL h FIELDS 2 a
    HTTL h FIELDS 1 a b
    HTTL h FIELDZ 1 a
    HTTL h FIELDZ x a
    HTTL h 1 FIELDS a
    HTTL h FIELDS 9223372036854775808 a
    HTTL h fields 1 a
    HPERSIST h FIELDS 0 a
    HPERSIST h FIELDS x a
    HPERSIST h FIELDS 2 a
    HPERSIST h FIELDZ x a
    HTTL h FIELDS 1
    HTTL h
    HPERSIST h

The commands refuse what is no hash
    SET s 1
    HEXPIRE s 10 FIELDS 1 a
    HEXPIRE s x FIELDS 1 a
    HEXPIRE s 10 FIELDS 2 a
    HPEXPIREAT s 10 FIELDS 1 a
    HTTL s FIELDS 1 a
    HTTL s FIELDS 2 a
    HPTTL s FIELDS 1 a
    HEXPIRETIME s FIELDS 1 a
    HPEXPIRETIME s FIELDS 1 a
    HPERSIST s FIELDS 1 a
    HPERSIST s FIELDS 2 a
    HGETEX s FIELDS 1 a
    HGETEX s EX x FIELDS 1 a
    HGETEX s EX -1 FIELDS 1 a
    HSETEX s FIELDS 1 a 1
    HSETEX s EX x FIELDS 1 a 1
    HSETEX s FOO FIELDS 1 a 1
    HSETEX s NX XX FIELDS 1 a 1
    HGETDEL s FIELDS 1 a
    HGETDEL s FIELDS 2 a

HPERSIST takes deadlines away
    HSET h a 1 b 2
    HEXPIRE h 100 FIELDS 2 a b
    HPERSIST h FIELDS 3 a a missing
    HPERSIST missing FIELDS 2 a b
    HTTL h FIELDS 1 a
    OBJECT ENCODING h

Writing a field takes its deadline away, and counting does not
    HSET h a 1 b 1 c 1 d 1
    HEXPIRE h 100 FIELDS 4 a b c d
    HSET h a 2
    HINCRBY h b 1
    HINCRBYFLOAT h c 0.5
    HSETNX h d 2
    near=1> HTTL h FIELDS 4 a b c d
    HMSET h b 1
    HDEL h c
    HSET h c 1
    near=1> HTTL h FIELDS 4 a b c d

Deadlines of fields go where their hash goes
    HSET h a 1 b 2
    HPEXPIREAT h 4000000000000 FIELDS 1 a
    COPY h copied
    RENAME h renamed
    MOVE renamed 1
    HPEXPIRETIME copied FIELDS 2 a b
    SELECT 1
    HPEXPIRETIME renamed FIELDS 2 a b
    HGETALL renamed
    SWAPDB 0 1
    HPEXPIRETIME copied FIELDS 2 a b
    FLUSHALL

Fields leave when their time comes
    HSET h a 1 b 2 c 3
    HPEXPIRE h 1 FIELDS 2 a b
    after=400> HGETALL h
    HGET h a
    HEXISTS h a
    HMGET h a b c
    HLEN h
    HSTRLEN h b
    HSCAN h 0
    HRANDFIELD h 9
    HKEYS h
    HVALS h
    HDEL h a
    HTTL h FIELDS 3 a b c
    HINCRBY h a 5
    HSETNX h b 7
    HPEXPIRE h 1 FIELDS 3 a b c
    after=400> EXISTS h
    DBSIZE

A hash that is given a deadline becomes a table
    HSET h a 1
    OBJECT ENCODING h
    HEXPIRE h 100 FIELDS 1 a
    OBJECT ENCODING h
    TYPE h
""",
    ),
    *read_cases(
        "field values",
        r"""
HGETEX returns values and sets deadlines
    HSET h a 1 b 2 c 3
    HGETEX h FIELDS 2 a missing
    HGETEX missing FIELDS 2 a b
    HGETEX h EX 100 FIELDS 2 a missing
    near=1> HTTL h FIELDS 3 a b c
    HGETEX h PX 200000 FIELDS 1 a
    HGETEX h EX 10 EX 20 FIELDS 1 a
    near=1> HTTL h FIELDS 1 a
    HGETEX h PXAT 4000000000000 FIELDS 1 b
    HGETEX h exat 4000000000 fields 1 c
    HPEXPIRETIME h FIELDS 2 b c
    HGETEX h PERSIST PERSIST FIELDS 2 a a
    HTTL h FIELDS 1 a
    HGETEX h EX 0 FIELDS 2 a a
    HGETEX h PXAT 1 FIELDS 3 missing b c
    EXISTS h

HGETEX reads its options with care
    HSET h a 1
    HGETEX h EX 100 PX 100 FIELDS 1 a
    HGETEX h EX 100 PERSIST FIELDS 1 a
    HGETEX h PERSIST EX 100 FIELDS 1 a
    HGETEX h EX -1 FIELDS 1 a
    HGETEX h EX x FIELDS 1 a
    HGETEX h EX 9223372036854775807 FIELDS 1 a
    HGETEX missing EX x FIELDS 1 a
    HGETEX missing EX -1 FIELDS 1 a
    HGETEX h FIELDS 0 a
    HGETEX h FIELDS x a
    HGETEX h FIELDS 2 a
    HGETEX h FIELDS 1 a b
    HGETEX h FIELDZ 1 a
    HGETEX h PXAT 1 1
    HGETEX h PERSIST 1 FIELDS 1 a
    HGETEX h FOO FIELDS 1 a
    HGETEX h FOO FIELDS 2 a
    HGETEX h KEEPTTL FIELDS 1 a
    HGETEX h NX FIELDS 1 a
    HGETEX h EX FIELDS 1 a
    HGETEX h EX x FIELDS 2 a
    HGETEX h EX fields FIELDS 1 a
    HGETEX h FIELDS 1 a EX 100
    HGETEX h FIELDS 1
    HGETEX h

HSETEX sets fields and their deadlines
    HSETEX h FIELDS 2 a 1 b 2
    HSETEX h EX 100 FIELDS 2 a 3 a 4
    HGETALL h
    near=1> HTTL h FIELDS 2 a b
    HSETEX h KEEPTTL FIELDS 3 a 5 b 6 c 7
    near=1> HTTL h FIELDS 3 a b c
    HSETEX h FIELDS 1 a 8
    HTTL h FIELDS 1 a
    HSETEX h EX 10 EX 20 FIELDS 1 a 1
    near=1> HTTL h FIELDS 1 a
    HSETEX h PXAT 1 FIELDS 1 a 1
    HGETALL h
    HSETEX missing EXAT 1 FIELDS 2 a 1 b 2
    EXISTS missing

HSETEX sets all fields or none
    HSETEX h FXX FIELDS 1 a 1
    HSETEX h XX FIELDS 1 a 1
    EXISTS h
    HSETEX h NX FNX FIELDS 2 a 1 b 2
    HSETEX h NX FIELDS 1 c 3
    HSETEX h NX FXX FIELDS 1 a 1
    HSETEX h XX FNX FIELDS 1 a 1
    HSETEX h XX FXX FIELDS 1 a 1
    HSETEX h FNX FIELDS 2 a 1 c 3
    HSETEX h FXX FIELDS 2 a 1 c 3
    HSETEX h FXX FXX FIELDS 2 a 5 b 6
    HSETEX h EX 100 FNX FIELDS 2 c 3 c 4
    HGETALL h
    HSETEX h FNX EX 100 NX FIELDS 1 z 1

HSETEX reads its options with care
    HSET h a 1
    HSETEX h FXX FNX FIELDS 1 d 3
    HSETEX h XX NX FIELDS 1 d 3
    HSETEX h EX 100 PX 100 FIELDS 1 a 1
    HSETEX h KEEPTTL KEEPTTL FIELDS 1 a 1
    HSETEX h EX 100 KEEPTTL FIELDS 1 a 1
    HSETEX h PX 1 KEEPTTL FIELDS 1 a 1
    HSETEX h PERSIST FIELDS 1 a 1
    HSETEX h FOO FIELDS 1 a 1
    HSETEX h 1 FIELDS 1 a 1
    HSETEX h EX -1 FIELDS 1 a 1
    HSETEX h EX x FIELDS 1 a 1
    HSETEX h EX x FOO FIELDS 1 a 1
    HSETEX h EX x FIELDS 2 a 1
    HSETEX h EX 9223372036854775807 FIELDS 1 a 1
    HSETEX h NX EX x FIELDS 1 a 1
    HSETEX h FXX EX x FIELDS 1 z 1
    HSETEX missing XX EX x FIELDS 1 a 1
    HSETEX h FIELDS 0 a 1
    HSETEX h FIELDS -1 a 1
    HSETEX h FIELDS x a 1
    HSETEX h FIELDS 2 a 1
    HSETEX h FIELDS 2 a 1 c
    HSETEX h FIELDS 1 a 1 b
    HSETEX h FIELDS 1 a 1 b 2
    HSETEX h FIELDS 1 a
    HSETEX h FIELDS
    HSETEX h ex fields 1 a b
    HSETEX h EXAT 1 1 a b
    HSETEX h nx nx ex 100
    HSETEX h FIELDS 1 a 1 FNX
    HSETEX h FIELDS 1 a 1 EX 100
    HSETEX h fields 1 fields v
    HGETALL h

HGETDEL returns values and removes their fields
    HSET h a 1 b 2 c 3
    HGETDEL h FIELDS 2 a missing
    HGETDEL h FIELDS 1 missing
    HGETDEL missing FIELDS 1 a
    HGETDEL h FIELDS 0 b
    HGETDEL h FIELDS x b
    HGETDEL h FIELDS 2 b
    HGETDEL h FIELDS 1 b c
    HGETDEL h FIELDZ 1 b
    HGETDEL h FIELDS 3 b b c
    EXISTS h
    HGETDEL h FIELDS 1

HSCAN without values
    HSCAN h 0 NOVALUES
    HSET h a 1 b 2
    HSCAN h 0 novalues
    HSCAN h 0 NOVALUES COUNT 1 MATCH a
    HSCAN h 0 NOVALUES NOVALUES
    HSCAN h 0 NOVALUES 1
    SADD s 1
    SSCAN s 0 NOVALUES
    SCAN 0 NOVALUES
""",
    ),
    *read_cases(
        "field events",
        r"""
What is done to fields is told
    CONFIG SET notify-keyspace-events KEA
    other replies=1> PSUBSCRIBE __key*
    HSET h a 1 b 2 c 3
    HEXPIRE h 100 FIELDS 2 a missing
    HEXPIRE h 100 NX FIELDS 1 a
    HPERSIST h FIELDS 2 a b
    HPERSIST h FIELDS 2 a b
    HGETEX h FIELDS 1 a
    HGETEX h PX 100000 FIELDS 2 a b
    HGETEX h PERSIST FIELDS 2 a b
    HGETEX h PERSIST FIELDS 2 a b
    HGETEX h EXAT 1 FIELDS 1 a
    HEXPIREAT h 1 FIELDS 1 b
    HEXPIREAT h 1 FIELDS 1 c
    HSETEX h FIELDS 1 a 1
    HSETEX h EX 100 FIELDS 1 b 1
    HSETEX h EXAT 1 FIELDS 1 c 1
    HSETEX h FNX FIELDS 1 a 1
    HSETEX h EXAT 1 FIELDS 2 a 1 b 2
    HSETEX new EXAT 1 FIELDS 1 a 1
    HSET h a 1 b 2
    HGETDEL h FIELDS 1 a
    HGETDEL h FIELDS 1 a
    HGETDEL h FIELDS 1 b
    HSET h a 1
    HPEXPIRE h 1 FIELDS 1 a
    after=400> EXISTS h
    other told> PING
""",
    ),
    *read_cases(
        "dumped fields",
        r"""
DUMP and RESTORE keep the deadlines of fields
    HSET h a 1 b 2
    HPEXPIREAT h 4000000000000 FIELDS 1 a
    DUMP h
    RESTORE r 0
        "\x16\x02\x01\x61\xc0\x01\x00\x40\x94\x52\xa3\x03\x00\x00\x01\x62\xc0\x02\xff\xff\xff\xff\xff\xff\xff\xff\x50\x00\xd7\xc8\xef\xad\x4b\x63\x2b\xce"
    HPEXPIRETIME r FIELDS 2 a b
    HGETALL r
""",
    ),
    *read_cases(
        "comparing",
        r"""
SET IFEQ sets what is as it was
    SET k a
    SET k b IFEQ a
    SET k c IFEQ a
    SET k c IFEQ b GET
    SET missing b IFEQ a
    SET k d IFEQ c NX
    SET k d IFEQ
    GET k
    HSET h a 1
    SET h x IFEQ a

DELIFEQ deletes what is as it was
    SET k a
    DELIFEQ k b
    DELIFEQ k a
    DELIFEQ k a
    DELIFEQ k
    HSET h a 1
    DELIFEQ h a

MSETEX sets several keys and their deadlines
    MSETEX 2 a 1 b 2
    MSETEX 2 a 1 c 2 NX
    MSETEX 2 a 1 c 2 XX
    MSETEX 2 a 3 b 4 EX 100
    near=1> TTL a
    MSETEX 1 a 5 KEEPTTL
    near=1> TTL a
    MSETEX 0 a 1
    MSETEX x a 1
    MSETEX 3 a 1 b 2
    MGET a b c
""",
    ),
    *read_cases(
        "clients",
        r"""
CLIENT LIST and KILL have the same filters
    CLIENT LIST NAME nobody
    CLIENT LIST IDLE 100
    CLIENT LIST MAXAGE 100
    CLIENT LIST LIB-NAME none
    CLIENT LIST LIB-VER none
    CLIENT LIST IP 1.2.3.4
    CLIENT LIST ADDR 1.2.3.4:5
    CLIENT LIST LADDR 1.2.3.4:5
    CLIENT LIST DB 3
    CLIENT LIST FLAGS P
    CLIENT LIST FLAGS x CAPA r
    CLIENT LIST NOT-DB 0
    CLIENT LIST NOT-IP 127.0.0.1
    CLIENT LIST NOT-ID 99999991 99999992 NAME id
    CLIENT LIST NAME nobody NOT-ID 99999991
    CLIENT KILL NAME nobody NOT-ID 99999991 99999992
    CLIENT LIST NOT-TYPE normal
    CLIENT LIST NOT-USER default
    CLIENT LIST NOT-FLAGS N
    CLIENT LIST DB 0 NOT-DB 0
    CLIENT LIST USER default TYPE normal NAME nobody
    CLIENT KILL NAME nobody
    CLIENT KILL IDLE 100
    CLIENT KILL DB 3
    CLIENT KILL FLAGS x
    CLIENT KILL NOT-IP 127.0.0.1
    CLIENT KILL LIB-NAME none
    CLIENT KILL MAXAGE 1000
    CLIENT KILL ID 99999991 99999992
    CLIENT KILL ID 99999991 99999992 TYPE normal
    CLIENT KILL ID 99999991 99999992 SKIPME
    CLIENT KILL ID 0 1
    CLIENT KILL ID 99999991 x

The filters are read with care
    CLIENT LIST IDLE x
    CLIENT LIST IDLE 0
    CLIENT LIST IDLE -1
    CLIENT LIST MAXAGE 0
    CLIENT LIST MAXAGE x
    CLIENT LIST DB x
    CLIENT LIST DB 99
    CLIENT LIST FLAGS ZZ
    CLIENT LIST CAPA redirect
    CLIENT LIST NOT-TYPE foo
    CLIENT LIST USER foo
    CLIENT LIST NOT-USER foo
    CLIENT LIST NOT-MAXAGE 1
    CLIENT LIST NOT-IDLE 1
    CLIENT LIST SKIPME foo
    CLIENT LIST FOO bar
    CLIENT LIST TYPE
    CLIENT KILL DB x
    CLIENT KILL FLAGS ZZ
    CLIENT KILL NOT-FOO bar
    CLIENT LIST NOT-FLAGS ZZ
    CLIENT LIST NOT-CAPA redirect
    CLIENT LIST NOT-DB x
    CLIENT LIST NOT-DB 99
    CLIENT LIST NOT-ID x
    CLIENT LIST NOT-ID 0
    CLIENT LIST NOT-ID 1 -1
    CLIENT LIST NOT-ID 1 x
    CLIENT LIST TYPE primary
    CLIENT KILL TYPE primary
    CLIENT KILL NOT-ID 1 0

WAITAOF without an append-only file
    WAITAOF 0 0 0
    WAITAOF 0 1 20
    WAITAOF 1 0 0
    WAITAOF 1 1 x
    WAITAOF 1 x x
    WAITAOF 2 x x
    WAITAOF -1 0 0
    WAITAOF x 0 0
    WAITAOF 0 -1 0
    WAITAOF 0 9223372036854775808 0
    WAITAOF 0 0 -1
    WAITAOF 0 0 x
    WAITAOF 0 0 9223372036854775807
    WAITAOF 0 0
    MULTI
    WAITAOF 0 1 0
    EXEC
    EVAL "return redis.call('WAITAOF', 0, 1, 0)" 0
    raw replies=3> "WAITAOF 0 1 20\r\nPING\r\nWAITAOF 0 0 0\r\n"

COMMANDLOG counts what is as large as told
    SET k 0123456789
    CONFIG SET commandlog-request-larger-than 37 commandlog-reply-larger-than 17
    COMMANDLOG RESET large-request
    COMMANDLOG RESET LARGE-REPLY
    SET k 012345678
    SET k 0123456789
    GETRANGE k 0 8
    GET k
    SADD k x
    CONFIG SET commandlog-request-larger-than -1 commandlog-reply-larger-than -1
    COMMANDLOG LEN large-request
    COMMANDLOG LEN large-reply
    COMMANDLOG GET 0 large-reply
    COMMANDLOG RESET large-request
    COMMANDLOG LEN large-request
    COMMANDLOG GET 1 large-request
    COMMANDLOG RESET large-reply

COMMANDLOG reads its words
    COMMANDLOG
    COMMANDLOG FOO
    COMMANDLOG GET
    COMMANDLOG GET 1
    COMMANDLOG GET x slow
    COMMANDLOG GET -2 foo
    COMMANDLOG GET 1 foo
    COMMANDLOG LEN
    COMMANDLOG LEN foo
    COMMANDLOG RESET
    COMMANDLOG RESET foo
    COMMANDLOG RESET slow slow
    CONFIG SET commandlog-request-larger-than -2
    CONFIG SET commandlog-reply-larger-than x
    CONFIG GET commandlog-execution-slower-than
    CONFIG GET commandlog-slow-execution-max-len
    CONFIG GET commandlog-large-request-max-len
    CONFIG GET commandlog-large-reply-max-len

What Valkey adds to BGSAVE and SHUTDOWN
    BGSAVE CANCEL
    BGSAVE cancel x
    BGSAVE SCHEDULE CANCEL
    SHUTDOWN FAILOVER
    SHUTDOWN SAFE ABORT
    SHUTDOWN FAILOVER ABORT

CLIENT CAPA and IMPORT-SOURCE
    CLIENT LIST CAPA r
    CLIENT CAPA redirect
    CLIENT CAPA foo REDIRECT
    CLIENT LIST NOT-CAPA r
    CLIENT CAPA
    CLIENT IMPORT-SOURCE on
    CLIENT IMPORT-SOURCE off
    CLIENT IMPORT-SOURCE foo
    CLIENT IMPORT-SOURCE

SCRIPT SHOW
    SCRIPT LOAD "return 1"
    SCRIPT SHOW e0e1f9fabfc9d4800c877a703b823ac0578ff8db
    SCRIPT SHOW E0E1F9FABFC9D4800C877A703B823AC0578FF8DB
    SCRIPT SHOW abc
    SCRIPT SHOW
    SCRIPT SHOW a b

Fields lose their deadlines one after the other
    HSET a f 1 g 2 h 3
    HEXPIREAT a 33177117420 FIELDS 1 f
    HGETEX a PERSIST FIELDS 2 f g
    HEXPIREAT a 33177117420 FIELDS 2 f g
    HPERSIST a FIELDS 3 f g h
    HEXPIRETIME a FIELDS 3 f g h

CLIENT SETINFO names what it refuses as it was written
    CLIENT SETINFO LIB-NAME "a b"
    CLIENT SETINFO lib-Ver "a\n"
    CLIENT SETINFO nosuch x
""",
    ),
]
