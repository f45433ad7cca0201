"""Connections: HELLO, AUTH, SELECT, CLIENT and how they end."""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
AUTH password ...
CLIENT ...
CLIENT CACHING yes
CLIENT GETNAME
CLIENT GETREDIR
CLIENT KILL TYPE ...
CLIENT NO-EVICT off
CLIENT PAUSE 0 ...
CLIENT SETNAME name
CLIENT TRACKINGINFO
CLIENT TRACKING off ...
CLIENT UNBLOCK 0 ...
CLIENT UNPAUSE
ECHO message
RESET
SELECT 0
masked> CLIENT ID
masked> CLIENT INFO
"""

CASES = [
    *matrix.arity("connection", _REQUESTS),
    *read_cases(
        "connection",
        r"""
PING answers PONG or what it was given
    PING
    PING hello
    PING ""
    PING "\x00\r\n"
    ping
    PING a b

ECHO keeps every byte
    ECHO hello
    ECHO ""
    ECHO "\x00\r\n\xff"
    ECHO "x"*100000

SELECT refuses what is no database
    SELECT 1
    SELECT 15
    SELECT 16
    SELECT -1
    SELECT abc
    SELECT ""
    SELECT 1.5
    SELECT 99999999999
    SELECT 9223372036854775808
    SELECT " 1"
    SELECT 01

SELECT refused stays in its database
    SELECT 3
    SET a 1
    SELECT 99
    GET a

HELLO describes the server in the protocol it is asked for
    ids> HELLO 2
    ids> HELLO 3
    ids> HELLO
    ids> HELLO 2

HELLO refuses a protocol there is none of
    HELLO 1
    HELLO 4
    HELLO 0
    HELLO -1
    HELLO abc
    HELLO ""
    HELLO 3.0
    HELLO 99999999999999999999
    PING

HELLO refuses options it does not know
    HELLO 3 FOO
    HELLO 3 AUTH
    HELLO 3 AUTH default
    HELLO 3 SETNAME
    HELLO 2 FOO bar
    HELLO FOO
    HELLO 3 SETNAME a FOO
    HELLO 3 "FOO\r\nBAR"

HELLO AUTH knows the default user, and no password is asked for
    ids> HELLO 3 AUTH default anything
    HELLO 3 AUTH nobody secret
    ids> HELLO 2 AUTH default anything SETNAME me
    CLIENT GETNAME
    HELLO 2 AUTH nobody secret SETNAME you
    CLIENT GETNAME

HELLO SETNAME names the connection
    ids> HELLO 3 SETNAME me
    CLIENT GETNAME
    ids> HELLO 2 SETNAME you
    CLIENT GETNAME
    HELLO 2 SETNAME "with space"
    HELLO 3 SETNAME "a\nb"
    CLIENT GETNAME

HELLO options are told apart in any case
    ids> hello 3 setname me
    CLIENT GETNAME

The protocol changes how the same reply looks
    HSET h f 1.5
    SADD s m
    HGETALL h
    SMEMBERS s
    GET missing
    ids> HELLO 3
    HGETALL h
    SMEMBERS s
    GET missing
    HRANDFIELD h 1 WITHVALUES
    HINCRBYFLOAT h f 1
    ids> HELLO 2
    HGETALL h
    SMEMBERS s
    GET missing

AUTH without a password to give
    AUTH secret
    AUTH default secret
    AUTH nobody secret
    AUTH a b c

A password is asked for, and keeps others out
    CONFIG SET requirepass secret
    GET k
    other> PING
    other> AUTH wrong
    other> AUTH default wrong
    other> AUTH nobody secret
    other> AUTH secret
    other> PING
    other> AUTH wrong
    other> PING
    CONFIG SET requirepass ""

Before AUTH only a few commands are heard
    CONFIG SET requirepass secret
    RESET
    GET k
    PING
    FOO
    GET
    MULTI
    EXEC
    DISCARD
    SELECT 1
    CLIENT ID
    COMMAND
    HELLO
    HELLO 3
    HELLO 2
    HELLO 4
    HELLO FOO
    HELLO 3 SETNAME me
    RESET
    AUTH secret
    CONFIG SET requirepass ""

HELLO AUTH opens the door
    CONFIG SET requirepass secret
    RESET
    HELLO 3 AUTH default wrong
    PING
    ids> HELLO 2 AUTH default secret
    PING
    CONFIG SET requirepass ""

RESET asks for the password again
    CONFIG SET requirepass secret
    other> AUTH secret
    other> PING
    other> RESET
    other> PING
    CONFIG SET requirepass ""
    other> PING

AUTH default with any password when none is set
    AUTH default anything
    AUTH default ""
    PING

QUIT answers and closes
    closes> QUIT

QUIT takes arguments
    closes> QUIT now
    PING

Nothing after QUIT is run
    closes raw> "*1\r\n$4\r\nQUIT\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"
    EXISTS a

RESET forgets the state of the connection
    SELECT 1
    CLIENT SETNAME me
    MULTI
    RESET
    CLIENT GETNAME
    SET a 1
    SELECT 0
    GET a

RESET goes back to RESP2
    ids> HELLO 3
    RESET
    HSET h f v
    HGETALL h

CLIENT SETNAME and GETNAME
    CLIENT GETNAME
    CLIENT SETNAME me
    CLIENT GETNAME
    CLIENT SETNAME ""
    CLIENT GETNAME
    client setname "!~"
    client getname

CLIENT SETNAME refuses spaces and what is not printable
    CLIENT SETNAME "a b"
    CLIENT SETNAME "a\nb"
    CLIENT SETNAME "\x00"
    CLIENT SETNAME "\x7f"
    CLIENT SETNAME "\xc3\xa9"
    CLIENT SETNAME " "
    CLIENT GETNAME

CLIENT ID counts connections
    masked> CLIENT ID

CLIENT INFO and CLIENT LIST have the same fields
    masked> CLIENT INFO
    CLIENT SETNAME me
    SELECT 3
    masked> CLIENT INFO

CLIENT LIST refuses bad filters
    CLIENT LIST FOO
    CLIENT LIST TYPE
    CLIENT LIST TYPE foo
    CLIENT LIST ID
    CLIENT LIST ID abc
    CLIENT LIST ID 0
    CLIENT LIST ID -1
    CLIENT LIST ID 99999999999
    CLIENT LIST TYPE normal ID 1
    CLIENT LIST ID 1 2 abc
    CLIENT LIST TYPE pubsub
    CLIENT LIST TYPE master
    CLIENT LIST TYPE replica
    CLIENT LIST TYPE slave

CLIENT KILL refuses what it cannot read
    CLIENT KILL
    CLIENT KILL nobody
    CLIENT KILL 1.2.3.4:5
    CLIENT KILL ID
    CLIENT KILL ID abc
    CLIENT KILL ID 0
    CLIENT KILL ID -1
    CLIENT KILL FOO bar
    CLIENT KILL TYPE foo
    CLIENT KILL USER nobody
    CLIENT KILL SKIPME maybe
    CLIENT KILL ID 1 ADDR
    CLIENT KILL ADDR

CLIENT KILL by filter counts the killed
    CLIENT KILL ID 99999999999
    CLIENT KILL ADDR 1.2.3.4:5
    CLIENT KILL LADDR 1.2.3.4:5
    CLIENT KILL TYPE pubsub
    CLIENT KILL TYPE replica
    CLIENT KILL TYPE master

CLIENT KILL of all others leaves the one that asks
    other> PING
    CLIENT KILL TYPE normal SKIPME yes
    closes other raw> ""
    PING

More names at random than a client may leave unread close its connection
    CONFIG SET client-output-buffer-limit "normal 1000000 0 0"
    HSET h f v
    SADD s a
    other replies=1> MULTI
    other closes raw> "HRANDFIELD h -999999999\r\nEXEC\r\n"
    other closes> SRANDMEMBER s -999999999
    other closes> HRANDFIELD h -999999999 WITHVALUES
    PING
    CONFIG SET client-output-buffer-limit "normal 0 0 0"

The killed are listed no longer
    other> PING
    raw replies=2> "CLIENT KILL ID " @other "\r\nCLIENT LIST ID " @other "\r\n"
    closes other raw> ""

CLIENT KILL of itself closes after the answer
    closes> CLIENT KILL TYPE normal SKIPME no
    PING

CLIENT KILL USER default
    other> PING
    CLIENT KILL USER default
    closes other raw> ""
    closes> CLIENT KILL USER default SKIPME no

CLIENT REPLY OFF is silent until ON
    replies=0> CLIENT REPLY OFF
    replies=0> PING
    replies=0> SET a 1
    CLIENT REPLY ON
    GET a

CLIENT REPLY SKIP swallows the next reply
    replies=0> CLIENT REPLY SKIP
    replies=0> PING
    PING
    CLIENT REPLY ON

RESET is heard after CLIENT REPLY OFF, not after SKIP
    replies=0> CLIENT REPLY OFF
    replies=0> PING
    RESET
    PING
    replies=0> CLIENT REPLY SKIP
    replies=0> RESET
    PING

CLIENT REPLY SKIP may follow itself
    replies=0> CLIENT REPLY SKIP
    replies=0> CLIENT REPLY SKIP
    replies=0> PING
    PING
    replies=0> CLIENT REPLY SKIP
    replies=0> CLIENT REPLY OFF
    replies=0> CLIENT REPLY SKIP
    replies=0> PING
    CLIENT REPLY ON
    PING

CLIENT REPLY refuses other words
    CLIENT REPLY
    CLIENT REPLY MAYBE
    CLIENT REPLY ON x
    PING

CLIENT NO-EVICT
    CLIENT NO-EVICT ON
    CLIENT NO-EVICT off
    CLIENT NO-EVICT MAYBE

CLIENT UNBLOCK of nobody
    CLIENT UNBLOCK 99999999999
    CLIENT UNBLOCK abc
    CLIENT UNBLOCK 99999999999 TIMEOUT
    CLIENT UNBLOCK 99999999999 ERROR
    CLIENT UNBLOCK 99999999999 FOO

CLIENT PAUSE lets writes wait
    SET k v PX 20
    CLIENT PAUSE 10000 WRITE
    CLIENT PAUSE 5 WRITE
    after=40> GET k
    EXISTS k
    DBSIZE
    MULTI
    GET k
    EXEC
    other> SET k
    other> GET k
    replies=0 other> SET k 1
    replies=0 other> GET k
    INFO nothing
    CLIENT UNPAUSE
    other replies=3> PING
    GET k

CLIENT PAUSE ends by itself
    CLIENT PAUSE 150
    other> PING
    SET k v

CLIENT PAUSE inside a transaction begins behind it
    MULTI
    CLIENT PAUSE 10000 WRITE
    SET k v
    EXEC
    replies=0 other> APPEND k w
    GET k
    CLIENT UNPAUSE
    other replies=2> GET k

QUIT of one who wants no reply
    other> CLIENT REPLY ON
    CLIENT UNBLOCK @other
    raw other replies=0> "CLIENT REPLY OFF\r\nQUIT\r\nINCR n\r\n"
    after=40> EXISTS n
    masked> CLIENT LIST ID @other
    raw other replies=0> "CLIENT REPLY ON\r\nPING\r\n"
    after=40> CLIENT KILL ID @other
    closes raw other> "PING\r\n"

QUIT of one who skips the reply
    other> CLIENT REPLY ON
    CLIENT UNBLOCK @other
    raw other replies=0> "CLIENT REPLY SKIP\r\nQUIT\r\nINCR n\r\n"
    after=40> EXISTS n
    raw other replies=0> "PING\r\n*x\r\n"
    after=40> CLIENT KILL ID @other
    closes raw other> "PING\r\n"

QUIT in a transaction of one who wants no reply
    other> CLIENT REPLY ON
    CLIENT UNBLOCK @other
    raw other replies=0> "CLIENT REPLY OFF\r\nMULTI\r\nQUIT\r\n"
    masked after=40> CLIENT LIST ID @other
    CLIENT KILL ID @other
    closes raw other> "PING\r\n"

QUIT without a reply, behind a reply
    closes raw> "PING\r\nCLIENT REPLY OFF\r\nQUIT\r\n"
    closes raw> "PING\r\nCLIENT REPLY SKIP\r\nQUIT\r\n"
    closes raw> "PING\r\nCLIENT REPLY OFF\r\n*x\r\n"
    closes raw> "MULTI\r\nCLIENT REPLY OFF\r\nEXEC\r\nQUIT\r\n"
    closes raw> "WAIT 1 20\r\nCLIENT REPLY OFF\r\nQUIT\r\n"

QUIT without a reply, ended by what is pushed
    ids other> HELLO 3
    other> SUBSCRIBE c
    CLIENT UNBLOCK @other
    raw other replies=0> "CLIENT REPLY OFF\r\nQUIT\r\n"
    after=40> PUBLISH c m
    closes raw other> "PING\r\n"
    PUBLISH c m

QUIT without a reply, behind what is pushed
    ids> HELLO 3
    SUBSCRIBE c
    closes raw> "CLIENT REPLY OFF\r\nPUBLISH c m\r\nQUIT\r\n"
    ids> HELLO 3
    SUBSCRIBE c
    closes raw> "CLIENT REPLY OFF\r\nUNSUBSCRIBE c\r\nQUIT\r\n"

CLIENT KILL of oneself without a reply
    other> CLIENT REPLY ON
    CLIENT UNBLOCK @other
    raw other replies=0> "CLIENT REPLY OFF\r\n"
    replies=0 other> CLIENT KILL ID @other SKIPME no
    after=40> CLIENT KILL ID @other
    closes raw other> "PING\r\n"

A mistake in the protocol without a reply
    other> CLIENT REPLY ON
    CLIENT UNBLOCK @other
    raw other replies=0> "CLIENT REPLY OFF\r\n*x\r\nINCR n\r\n"
    after=40> EXISTS n
    raw other replies=0> "CLIENT REPLY ON\r\nPING\r\n"
    after=40> CLIENT KILL ID @other
    closes raw other> "PING\r\n"

WAIT for replicas that are not there ends with its time
    WAIT 1 50
    WAIT 99999999999999999 1
    WAIT -9223372036854775808 0
    MULTI
    WAIT 1 0
    PING
    EXEC
    EVAL "return redis.pcall('WAIT', 1, 0)" 0
    WAIT 1 9223372036854775808
    WAIT 1 -9223372036854775808
    WAIT x -1

WAIT lets the requests behind it wait for their turn
    other> PING
    CLIENT UNBLOCK @other
    CLIENT UNBLOCK @first
    replies=0 other> WAIT 1 0
    replies=0 other> SET k v
    replies=0 other> GET k
    after=40> GET k
    CLIENT UNBLOCK @other TIMEOUT
    CLIENT UNBLOCK @other
    other replies=4> ECHO x
    GET k

WAIT one after the other
    raw replies=4> "WAIT 1 20\r\nPING\r\nWAIT 1 20\r\nPING\r\n"

CLIENT UNBLOCK with an error
    CONFIG RESETSTAT
    other> PING
    CLIENT UNBLOCK @other ERROR
    replies=0 other> WAIT 1 0
    after=40> CLIENT UNBLOCK @other ERROR
    other replies=2> PING
    INFO errorstats

CLIENT UNBLOCK from within a transaction
    other> PING
    CLIENT UNBLOCK @other
    replies=0 other> WAIT 1 0
    replies=0 other> INCR n
    after=40> MULTI
    CLIENT UNBLOCK @other
    INCR n
    INCR n
    EXEC
    other replies=3> PING
    GET n

CLIENT UNBLOCK does not end CLIENT PAUSE
    other> PING
    CLIENT UNBLOCK @other
    CLIENT PAUSE 10000 WRITE
    replies=0 other> WAIT 1 0
    replies=0 other> SET k v
    after=40> CLIENT UNBLOCK @other
    other> GET k
    CLIENT UNPAUSE
    other replies=3> GET k

CLIENT PAUSE lets a WAIT begin later
    CLIENT PAUSE 150
    other> WAIT 1 20
    CLIENT PAUSE 200
    raw replies=2> "WAIT 1 20\r\nPING\r\n"

WAIT is answered while others pause
    replies=0 other> WAIT 1 100
    replies=0 other> PING
    after=20> CLIENT PAUSE 400
    other replies=3> ECHO x

WAIT takes no time that counts
    CONFIG RESETSTAT
    other> PING
    CLIENT UNBLOCK @other
    WAIT 1 20
    LATENCY HISTOGRAM WAIT
    INFO nothing
    replies=0 other> WAIT 1 0
    after=40> CLIENT UNBLOCK @other
    other replies=2> PING
    shape> LATENCY HISTOGRAM WAIT

WAIT is not among the slow calls
    CONFIG SET slowlog-log-slower-than 0
    SLOWLOG RESET
    WAIT 1 20
    SLOWLOG LEN
    WAIT 0 0
    SLOWLOG LEN
    CONFIG SET slowlog-log-slower-than 10000

WAIT without a reply
    CLIENT REPLY ON
    raw replies=2> "CLIENT REPLY SKIP\r\nWAIT 1 20\r\nPING\r\nPING\r\n"
    raw replies=1> "CLIENT REPLY OFF\r\nWAIT 1 20\r\nPING\r\nCLIENT REPLY ON\r\n"
    raw replies=2> "WAIT 1 20\r\nCLIENT REPLY SKIP\r\nPING\r\nECHO x\r\n"

CLIENT UNBLOCK with an error for one who wants no reply
    CONFIG RESETSTAT
    other> PING
    CLIENT UNBLOCK @other
    raw replies=0 other> "CLIENT REPLY OFF\r\nWAIT 1 0\r\n"
    after=40> CLIENT UNBLOCK @other ERROR
    other> CLIENT REPLY ON
    INFO errorstats

RESET and QUIT behind WAIT
    CLIENT SETNAME me
    raw replies=3> "WAIT 1 20\r\nRESET\r\nCLIENT GETNAME\r\n"
    closes raw> "WAIT 1 20\r\nQUIT\r\nPING\r\n"

CLIENT KILL of one who waits
    other> PING
    CLIENT UNBLOCK @other
    replies=0 other> WAIT 1 0
    replies=0 other> SET k v
    after=40> CLIENT KILL ID @other
    closes raw other> "PING\r\n"
    GET k

A mistake in the protocol behind WAIT
    closes raw> "WAIT 1 50\r\n*x\r\n"

What is pushed comes while WAIT lasts
    other ids> HELLO 3
    other> SUBSCRIBE c
    CLIENT UNBLOCK @other
    replies=0 other> WAIT 1 0
    after=40> PUBLISH c m
    CLIENT UNBLOCK @other
    other replies=3> PING

MONITOR shows WAIT when it begins
    CLIENT UNBLOCK 0
    WAIT 1 20

CLIENT PAUSE and UNPAUSE
    CLIENT PAUSE 0
    CLIENT PAUSE abc
    CLIENT PAUSE -1
    CLIENT PAUSE 1 FOO
    CLIENT UNPAUSE
    SET a 1

CLIENT TRACKING ON tells of changed keys
    ids> HELLO 3
    CLIENT TRACKING ON
    SET a 1
    GET a
    other> SET a 2
    raw> ""
    other> SET a 3
    PING
    CLIENT TRACKING OFF

RESET leaves it to the connection whether it may be evicted
    CLIENT NO-EVICT ON
    RESET
    masked> CLIENT INFO

CLIENT REPLY in a transaction holds back what comes after it
    raw replies=4> "MULTI\r\nCLIENT REPLY SKIP\r\nPING\r\nEXEC\r\nPING\r\nECHO a\r\n"
    raw replies=4> "MULTI\r\nCLIENT REPLY OFF\r\nPING\r\nEXEC\r\nPING\r\n"
        "CLIENT REPLY ON\r\nPING\r\n"

CLIENT REPLY ON in a transaction that nobody heard begin
    raw replies=3> "CLIENT REPLY OFF\r\nMULTI\r\nPING\r\nCLIENT REPLY ON\r\n"
        "ECHO a\r\nEXEC\r\nPING\r\n"
    raw replies=6> "MULTI\r\nCLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\n"
        "PING\r\nEXEC\r\nECHO a\r\nECHO b\r\n"

A refused EXEC is held back as any reply
    raw replies=1> "CLIENT REPLY OFF\r\nMULTI\r\nFOO\r\nEXEC\r\nEXEC\r\nCLIENT REPLY ON\r\n"
    raw replies=3> "CLIENT REPLY SKIP\r\nMULTI\r\nFOO\r\nEXEC\r\nPING\r\n"

Nothing is heard from a transaction behind the end of its connection
    closes raw> "MULTI\r\nSET k 1\r\nCLIENT KILL TYPE normal SKIPME no\r\nSET k 2\r\nGET k\r\n
        EXEC\r\nPING\r\n"
    GET k

CLIENT PAUSE until the end of time is over at once
    CLIENT PAUSE 9223372036854775807
    other> PING
    CLIENT PAUSE 9223372036854775807 WRITE
    other> SET k v

CLIENT PAUSE past the end of time leaves a pause as it is
    CLIENT PAUSE 50 WRITE
    CLIENT PAUSE 9223372036854775807 WRITE
    replies=0 other> SET k v
    GET k
    after=60 other replies=2> PING

Who is told for others hears of its own changes before its reply
    ids> HELLO 3
    other> PING
    other> CLIENT TRACKING ON REDIRECT @first
    other> GET k
    replies=2> SET k 1
    other> GET k
    replies=2> EVAL "redis.call('SET', KEYS[1], 'v') return 1" 1 k
    other> GET k
    raw replies=3> "SET k 1\r\nPING\r\n"
    other> GET k
    replies=2> FLUSHALL
    other> GET k
    other> CLIENT TRACKING OFF
    SET k 1

CLIENT TRACKING refuses options that do not fit
    CLIENT TRACKING MAYBE
    CLIENT TRACKING ON FOO
    CLIENT TRACKING ON REDIRECT
    CLIENT TRACKING ON REDIRECT abc
    CLIENT TRACKING ON REDIRECT 99999999999
    CLIENT TRACKING ON PREFIX a
    CLIENT TRACKING ON OPTIN OPTOUT
    CLIENT TRACKING ON BCAST OPTIN
    CLIENT TRACKING ON BCAST PREFIX a PREFIX ab
    CLIENT TRACKING OFF

CLIENT CACHING needs tracking with an option
    CLIENT CACHING YES
    CLIENT CACHING NO
    CLIENT CACHING MAYBE

CLIENT GETREDIR and TRACKINGINFO without tracking
    CLIENT GETREDIR
    unordered> CLIENT TRACKINGINFO

CLIENT refuses what it does not know
    CLIENT
    CLIENT FOO
    CLIENT FOO bar
    CLIENT "FO\r\nO"
    client foo

CLIENT HELP lists the subcommands
    CLIENT HELP
    CLIENT HELP x

A connection that is subscribed hears only a few commands in RESP2
    replies=1> SUBSCRIBE c
    PING
    PING hello
    GET k
    SET k v
    MULTI
    FOO
    UNSUBSCRIBE c
    GET k
""",
    ),
]
