"""Commands of administration, word by word: what they accept, and how they refuse the rest."""

from __future__ import annotations

from ..script import read_cases

CASES = read_cases(
    "administration",
    r"""
DEBUG fills a database
    DEBUG POPULATE
    DEBUG POPULATE x
    DEBUG POPULATE -1
    DEBUG POPULATE 5 p 3
    DEBUG POPULATE 5 p 3 x
    GET p:0
    STRLEN p:4
    DEBUG POPULATE 2 q
    GET q:1
    DBSIZE

DEBUG looks into values
    HSET h f v
    SADD is 1 2
    SADD st a b
    SET s v
    HSET big f "x"*100
    DEBUG LISTPACK nokey
    DEBUG LISTPACK h
    DEBUG LISTPACK s
    DEBUG DIGEST-VALUE s h nokey
    DEBUG OBJECT nokey
    DEBUG SDSLEN nokey
    DEBUG SDSLEN h
    DEBUG HTSTATS-KEY h
    DEBUG HTSTATS-KEY nokey
    DEBUG HTSTATS-KEY s
    DEBUG LISTPACK big
    DEBUG LISTPACK is
    DEBUG HTSTATS-KEY is

A slow log that may hold nothing forgets what it held when the next entry comes
    CONFIG SET slowlog-log-slower-than 0
    GET k
    CONFIG SET slowlog-max-len 0
    SLOWLOG LEN
    GET k
    CONFIG SET slowlog-log-slower-than 10000000 slowlog-max-len 128
    SLOWLOG LEN
    CONFIG SET slowlog-log-slower-than 10000

DEBUG ERROR is not counted as an error
    CONFIG RESETSTAT
    DEBUG ERROR "SOME error"
    DEBUG ERROR nocode
    INFO errorstats
    DEBUG NOSUCH
    INFO errorstats

CONFIG makes sizes larger that are too small, and takes the largest there are
    CONFIG SET repl-backlog-size 100
    CONFIG GET repl-backlog-size
    CONFIG SET repl-backlog-size 1mb
    CONFIG GET repl-backlog-size
    CONFIG SET cluster-link-sendbuf-limit 9223372036854775808
    CONFIG GET cluster-link-sendbuf-limit
    CONFIG SET cluster-link-sendbuf-limit 0

CONFIG hides settings from patterns
    CONFIG GET key-load-delay
    CONFIG GET rdb-key-save-delay
    CONFIG GET Use-Exit-On-Panic
    CONFIG GET watchdog-period
    CONFIG GET loading-process-events-interval-bytes
    CONFIG GET *key-*-delay *-on-panic watchdog* loading*
    CONFIG SET key-load-delay 99999999999
    CONFIG SET loading-process-events-interval-bytes 1023
    CONFIG SET use-exit-on-panic maybe
    CONFIG SET watchdog-period -1
    CONFIG SET rdb-key-save-delay -7
    CONFIG GET rdb-key-save-delay
    CONFIG SET rdb-key-save-delay 0
    CONFIG GET Lua-Enable-Deprecated-Api
    CONFIG GET lua-*
    CONFIG SET lua-enable-deprecated-api yes
    CONFIG SET lua-enable-deprecated-api no

DEBUG RESTORE without checksums
    DEBUG SET-SKIP-CHECKSUM-VALIDATION 1
    RESTORE r 0 "\x00\x01v\n\x00\x00\x00\x00\x00\x00\x00\x00\x00" REPLACE
    DEBUG SET-SKIP-CHECKSUM-VALIDATION 0
    RESTORE r 0 "\x00\x01v\n\x00\x00\x00\x00\x00\x00\x00\x00\x01" REPLACE
    GET r

DEBUG refuses words that are wrong
    DEBUG QUICKLIST-PACKED-THRESHOLD 100b
    DEBUG QUICKLIST-PACKED-THRESHOLD x
    DEBUG STRINGMATCH-LEN a*
    DEBUG SET-ACTIVE-EXPIRE
    DEBUG SET-ACTIVE-EXPIRE x
    DEBUG SET-ACTIVE-EXPIRE 1
    DEBUG SLEEP 0
    DEBUG SLEEP x
    DEBUG RELOAD NOSUCH
    DEBUG PROTOCOL nosuch
    DEBUG PROTOCOL STRING
    DEBUG ERROR "MY hello"
    DEBUG ERROR
    DEBUG LEAK x
    DEBUG HTSTATS 99
    DEBUG HTSTATS x
    DEBUG NOSUCH
    DEBUG
    DEBUG DICT-RESIZING 1
    DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER
    DEBUG REPLYBUFFER RESIZING 1
    DEBUG REPLYBUFFER x y
    DEBUG CLUSTERLINK KILL x y
    DEBUG AOFSTAT
    DEBUG AOF-FLUSH-SLEEP 0
    DEBUG STREAMS
    DEBUG ZIPLIST h
    DEBUG MAIN-THREAD
    DEBUG QUICKLIST-PACKED-THRESHOLD 0
    DEBUG QUICKLIST-PACKED-THRESHOLD 5gb
    DEBUG QUICKLIST-PACKED-THRESHOLD 4gb
    DEBUG REPLYBUFFER RESIZING x
    DEBUG REPLYBUFFER PEAK-RESET-TIME x
    DEBUG CLUSTERLINK KILL a b

DEBUG takes more words of tests
    DEBUG STRUCTSIZE
    DEBUG STRUCTSIZE x
    DEBUG MALLCTL
    DEBUG MALLCTL nosuch
    DEBUG MALLCTL-STR nosuch 1
    DEBUG DROP-CLUSTER-PACKET-FILTER 1
    DEBUG DROP-CLUSTER-PACKET-FILTER x
    DEBUG REPLICATE
    DEBUG REPLICATE a b c
    SADD st a b
    SORT st ALPHA STORE l
    DEBUG QUICKLIST nokey
    DEBUG QUICKLIST st
    DEBUG QUICKLIST l
    DEBUG QUICKLIST l 1

DEBUG lets scripts call what is not for scripts
    EVAL "return redis.call('DEBUG', 'PROTOCOL', 'string')" 0
    DEBUG SET-DISABLE-DENY-SCRIPTS 1
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 double 2
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 double 3
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 bignum 2
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 bignum 3
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 verbatim 2
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 verbatim 3
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 true 2
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 true 3
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 false 2
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 false 3
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 null 2
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 null 3
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 attrib 2
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 attrib 3
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 set 2
    unordered> EVAL "redis.setresp(ARGV[2]+0)return redis.call('DEBUG','protocol', ARGV[1])" 0 set 3
    EVAL "redis.setresp(ARGV[2]+0) return redis.call('DEBUG','protocol', ARGV[1])" 0 map 2
    unordered> EVAL "redis.setresp(ARGV[2]+0)return redis.call('DEBUG','protocol', ARGV[1])" 0 map 3
    EVAL "return redis.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')" 0
    EVAL "return #redis.call('CLIENT', 'LIST') > 50" 0
    EVAL "return redis.call('CONFIG', 'GET', 'maxmemory-policy')" 0
    DEBUG SET-DISABLE-DENY-SCRIPTS 0
    EVAL "return redis.call('DEBUG', 'PROTOCOL', 'string')" 0

CLIENT LIST refuses what it does not know
    CLIENT LIST TYPE
    CLIENT LIST TYPE nosuch
    CLIENT LIST ID
    CLIENT LIST ID x
    CLIENT LIST ID -1
    CLIENT LIST ID 1 x
    CLIENT LIST ID 100000
    CLIENT LIST TYPE master
    CLIENT LIST FOO BAR
    CLIENT LIST TYPE nosuch FOO
    CLIENT LIST TYPE nosuch ID 1
    CLIENT LIST TYPE nosuch FOO BAR

CLIENT KILL finds nobody
    CLIENT KILL
    CLIENT KILL 000.123.321.567:0000
    CLIENT KILL 127.0.0.1:1
    CLIENT KILL ID x
    CLIENT KILL ID 0
    CLIENT KILL ID -1
    CLIENT KILL ID 100000
    CLIENT KILL ID 100000 0
    CLIENT KILL ID 100000 x
    CLIENT KILL ID 100000 SKIPME
    CLIENT KILL TYPE nosuch FOO
    CLIENT KILL TYPE pubsub TYPE nosuch
    CLIENT KILL SKIPME no SKIPME yes TYPE normal TYPE pubsub
    CLIENT KILL TYPE nosuch
    CLIENT KILL USER nosuch
    CLIENT KILL SKIPME x
    CLIENT KILL SKIPME yes ID 1000
    CLIENT KILL ADDR 1.1.1.1:1
    CLIENT KILL LADDR 1.1.1.1:1
    CLIENT KILL ID
    CLIENT KILL FOO BAR

CLIENT PAUSE and its times
    CLIENT PAUSE
    CLIENT PAUSE x
    CLIENT PAUSE -1
    CLIENT PAUSE 0 x
    CLIENT PAUSE 99999999999999999999
    CLIENT UNPAUSE

CLIENT UNBLOCK finds nobody waiting
    CLIENT UNBLOCK x
    CLIENT UNBLOCK 1000
    CLIENT UNBLOCK 1000 TIMEOUT
    CLIENT UNBLOCK 1000 x

CLIENT REPLY refuses
    CLIENT REPLY
    CLIENT REPLY x

CLIENT TRACKING and its conditions
    CLIENT GETREDIR
    CLIENT TRACKINGINFO
    CLIENT TRACKING
    CLIENT TRACKING x
    CLIENT TRACKING ON REDIRECT x
    CLIENT TRACKING ON REDIRECT 99999
    CLIENT TRACKING ON BCAST OPTIN
    CLIENT TRACKING ON OPTIN OPTOUT
    CLIENT TRACKING ON PREFIX a
    CLIENT TRACKING ON BCAST PREFIX a PREFIX ab
    CLIENT TRACKING ON BCAST PREFIX a
    CLIENT TRACKING ON BCAST PREFIX b
    CLIENT TRACKING ON BCAST PREFIX ab
    CLIENT TRACKING ON
    CLIENT TRACKINGINFO
    CLIENT TRACKING OFF
    CLIENT CACHING YES
    CLIENT CACHING x
    CLIENT TRACKING OFF

SLOWLOG counts
    CONFIG SET slowlog-log-slower-than -1
    SLOWLOG RESET
    SLOWLOG GET x
    SLOWLOG GET -1
    SLOWLOG GET -2
    SLOWLOG GET 0
    SLOWLOG GET 1 2
    SLOWLOG LEN x
    SLOWLOG RESET
    SLOWLOG LEN
    SLOWLOG NOSUCH
    SLOWLOG
    CONFIG SET slowlog-log-slower-than 10000

LATENCY of nothing
    LATENCY HISTORY
    LATENCY HISTORY x
    LATENCY LATEST
    LATENCY LATEST x
    LATENCY GRAPH
    LATENCY RESET
    LATENCY RESET x y
    LATENCY HISTOGRAM nosuch
    LATENCY HISTOGRAM lpush
    LATENCY NOSUCH
    LATENCY

MEMORY and its words
    MEMORY USAGE
    MEMORY USAGE nokey
    MEMORY USAGE nokey SAMPLES x
    MEMORY DOCTOR x
    MEMORY MALLOC-STATS x
    MEMORY PURGE
    MEMORY PURGE x
    MEMORY

COMMAND DOCS answers each name, whatever was asked before
    COMMAND DOCS get nosuch GET
    COMMAND DOCS select Select SELECT

COMMAND GETKEYS looks for keys before it counts words
    COMMAND GETKEYS MULTI a
    COMMAND GETKEYSANDFLAGS MULTI a
    COMMAND GETKEYS MEMORY
    COMMAND GETKEYS MEMORY DOCTOR x
    COMMAND GETKEYS GET
    COMMAND GETKEYSANDFLAGS GET a b
    COMMAND GETKEYS MEMORY USAGE

COMMAND GETKEYS of requests that have no key this time
    COMMAND GETKEYS SINTERCARD 0 a
    COMMAND GETKEYS SINTERCARD -1 a
    COMMAND GETKEYS EVAL x 0 a
    COMMAND GETKEYS FCALL x 0 a
    COMMAND GETKEYSANDFLAGS SINTERCARD 0 a

SLOWLOG names no client for what a script calls
    CONFIG SET slowlog-log-slower-than 0
    CLIENT SETNAME me
    SLOWLOG RESET
    EVAL "return redis.call('SET', 'k', 'v')" 0
    MULTI
    GET k
    EXEC
    masked> SLOWLOG GET -1
    CONFIG SET slowlog-log-slower-than 10000
    SLOWLOG RESET

CONFIG GET takes a name without stars as it is
    CONFIG GET \timeout
    CONFIG GET time\out
    CONFIG GET [t]imeout
    CONFIG GET t\[imeout

CONFIG SET judges host names
    CONFIG SET cluster-announce-hostname a_b
    CONFIG SET cluster-announce-hostname "a b"
    CONFIG SET cluster-announce-hostname "a"*256
    CONFIG SET cluster-announce-hostname A-9.b
    CONFIG GET cluster-announce-hostname
    CONFIG SET cluster-announce-hostname ""

CONFIG SET parts values at single blanks
    CONFIG SET latency-tracking-info-percentiles " 50"
    CONFIG SET latency-tracking-info-percentiles "50  99"
    CONFIG SET latency-tracking-info-percentiles "50 "
    CONFIG SET client-output-buffer-limit " normal 0 0 0"
    CONFIG SET client-output-buffer-limit "normal  0 0 0"
    CONFIG SET client-output-buffer-limit "normal 0 0 0 "
    CONFIG SET client-output-buffer-limit ""
    CONFIG SET latency-tracking-info-percentiles "50 33.333333333 0.00001 0.0000001 1e1"
    CONFIG GET latency-tracking-info-percentiles
    CONFIG SET latency-tracking-info-percentiles "50 99 99.9"

CONFIG SET judges settings that nothing depends on
    CONFIG SET oom-score-adj-values "1 2"
    CONFIG SET oom-score-adj-values "1 2 x"
    CONFIG SET oom-score-adj-values "1 2 2001"
    CONFIG SET oom-score-adj-values " 1 2 3"
    CONFIG SET oom-score-adj-values "+1 02 -2000"
    CONFIG GET oom-score-adj-values
    CONFIG SET oom-score-adj-values "0 200 800"
    CONFIG SET shutdown-on-sigint foo
    CONFIG SET shutdown-on-sigint ""
    CONFIG SET shutdown-on-sigint "save nosave"
    CONFIG SET shutdown-on-sigint "default  now"
    CONFIG SET shutdown-on-sigint "Force now DEFAULT nosave"
    CONFIG GET shutdown-on-sigint
    CONFIG SET shutdown-on-sigint default
    CONFIG SET proc-title-template {foo}
    CONFIG SET proc-title-template {title}
    CONFIG SET proc-title-template ""
    CONFIG SET proc-title-template "a {title} {listen-addr"
    CONFIG SET proc-title-template "{title} {port}"
    CONFIG GET proc-title-template
    CONFIG SET proc-title-template "{title} {listen-addr} {server-mode}"
    CONFIG SET bind-source-addr x ignore-warnings y
    CONFIG SET bind-source-addr "" ignore-warnings ""
    CONFIG SET active-expire-effort 11
    CONFIG SET active-expire-effort 10 dynamic-hz no activerehashing no
    CONFIG SET active-expire-effort 1 dynamic-hz yes activerehashing yes
    CONFIG SET save "1 2 3"
    CONFIG SET save "x y"
    CONFIG SET save "0 1"
    CONFIG SET save "1 -1"
    CONFIG SET save ""

CONFIG SET refuses what needs another Redis
    CONFIG SET tls-port 1
    CONFIG SET tls-cluster yes
    CONFIG SET tls-replication yes
    CONFIG SET activedefrag yes
    CONFIG SET tls-port 0 tls-cluster no tls-replication no activedefrag no
    CONFIG SET tls-ciphers x tls-auth-clients optional
    CONFIG SET tls-ciphers "" tls-auth-clients yes

COMMAND GETKEYS of requests good and bad
    COMMAND GETKEYS GET
    COMMAND GETKEYS GET a
    COMMAND GETKEYS NOSUCH a
    COMMAND GETKEYS PING
    COMMAND GETKEYS EVAL x 1 a
    COMMAND GETKEYS EVAL x 2 a
    COMMAND GETKEYS EVAL x -1 a
    COMMAND GETKEYS SET
    COMMAND GETKEYS SORT a BY x STORE b
    COMMAND GETKEYS MSET a b c
    COMMAND GETKEYS CONFIG GET x
    COMMAND GETKEYS OBJECT ENCODING k
    COMMAND GETKEYS MEMORY USAGE k

COMMAND GETKEYSANDFLAGS of requests
    COMMAND GETKEYSANDFLAGS SET a b
    COMMAND GETKEYSANDFLAGS MSET a b c d
    COMMAND GETKEYSANDFLAGS COPY a b
    COMMAND GETKEYSANDFLAGS EVAL x 1 a
    COMMAND GETKEYSANDFLAGS SORT a STORE b
    COMMAND GETKEYSANDFLAGS GETEX a

COMMAND LIST and its filters
    COMMAND LIST FILTERBY MODULE x
    COMMAND LIST FILTERBY ACLCAT nosuch
    COMMAND LIST FILTERBY PATTERN xq*
    COMMAND LIST FILTERBY FOO x
    COMMAND LIST FILTERBY
    COMMAND LIST x

OBJECT of what is there and is not
    SET s v
    OBJECT ENCODING
    OBJECT ENCODING a b
    OBJECT FREQ s
    OBJECT IDLETIME nokey
    OBJECT FREQ nokey
    OBJECT REFCOUNT nokey
    OBJECT NOSUCH s
    OBJECT

SWAPDB and its numbers
    SWAPDB 0
    SWAPDB x 0
    SWAPDB 0 x
    SWAPDB 0 99
    SWAPDB -1 0
    SWAPDB 1.5 0
    SELECT 0

WAIT and its numbers
    WAIT
    WAIT x 0
    WAIT 0 x
    WAIT 0 -1
    WAIT 0 0
    WAIT -1 0
    WAIT 1 1

REPLICAOF for who follows nobody
    REPLICAOF NO ONE
    replicaof no one
    SLAVEOF NO ONE
    REPLICAOF NO
    REPLICAOF NO TWO
    SLAVEOF localhost x
    REPLICAOF localhost -1
    REPLICAOF localhost 65536
    ROLE

FAILOVER without replicas
    FAILOVER
    FAILOVER ABORT
    FAILOVER ABORT ABORT
    FAILOVER ABORT FORCE
    FAILOVER FORCE ABORT
    FAILOVER FORCE
    FAILOVER FORCE FORCE
    FAILOVER FORCE TO localhost 1
    FAILOVER TO localhost 1 FORCE TIMEOUT 10
    FAILOVER TO localhost x
    FAILOVER TO localhost 4294967296000
    FAILOVER TO localhost
    FAILOVER TO
    FAILOVER TO a 1 TO a 1
    FAILOVER TIMEOUT
    FAILOVER TIMEOUT x
    FAILOVER TIMEOUT 0 foo
    FAILOVER TIMEOUT -1
    FAILOVER TIMEOUT 1 TIMEOUT 2
    FAILOVER foo TIMEOUT 0

SELECT and its numbers
    SELECT x
    SELECT 16
    SELECT -1
    SELECT 99999999999
    SELECT 0

HELLO refuses
    HELLO x
    HELLO 1
    HELLO 4

CONFIG SET takes all settings or none
    CONFIG SET databases 1 nosuch 2
    CONFIG SET databases 1 daemonize yes
    CONFIG SET daemonize yes timeout x
    CONFIG SET dir x nosuch 1
    CONFIG SET dbfilename a/b
    CONFIG SET timeout 1 timeout 2 nosuch 3
    CONFIG SET timeout 1 TIMEOUT 2
    CONFIG SET slave-priority 1 replica-priority 2
    CONFIG SET maxmemory 1gb maxmemory-policy nosuch
    CONFIG GET timeout
    CONFIG SET timeout 0 replica-priority 100

CONFIG SET judges each value
    CONFIG SET maxmemory 100mb
    CONFIG SET maxmemory-clients 101%
    CONFIG SET maxmemory-clients 10%
    CONFIG SET maxmemory-clients 0
    CONFIG SET client-output-buffer-limit "wrong number"
    CONFIG SET client-output-buffer-limit "invalid_class 10mb 5mb 60"
    CONFIG SET client-output-buffer-limit "master 10mb 5mb 60"
    CONFIG SET client-output-buffer-limit "normal abc 5mb 60"
    CONFIG SET client-output-buffer-limit "normal 10mb 5mb 60 pubsub 1mb 1mb 1"
    CONFIG SET client-output-buffer-limit "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60"
    CONFIG SET latency-tracking-info-percentiles "50 x"
    CONFIG SET latency-tracking-info-percentiles "101"
    CONFIG SET latency-tracking-info-percentiles "0 50 100"
    CONFIG SET latency-tracking-info-percentiles "50 99 99.9"
    CONFIG SET notify-keyspace-events KA
    CONFIG SET notify-keyspace-events ""
    CONFIG SET unixsocketperm 700
    CONFIG SET hz 0
    CONFIG SET hz 1000
    CONFIG SET hz 10
    CONFIG SET appendonly maybe
    CONFIG SET list-max-listpack-size x
    CONFIG SET proto-max-bulk-len 1
    CONFIG SET proto-max-bulk-len 2mb
    CONFIG SET proto-max-bulk-len 512mb
    CONFIG SET maxclients 0
    CONFIG SET maxclients 4294967296
    CONFIG SET lfu-decay-time -1
    CONFIG SET slowlog-log-slower-than -2
    CONFIG SET slowlog-log-slower-than -1
    CONFIG SET slowlog-log-slower-than 10000
    CONFIG SET acl-pubsub-default x
    CONFIG SET requirepass a requirepass b
    CONFIG SET loglevel x
    CONFIG SET loglevel debug
    CONFIG SET loglevel notice
    CONFIG SET cluster-announce-ip 1.1.1.1
    CONFIG SET cluster-announce-hostname ".x"
    CONFIG SET cluster-announce-hostname ""
    CONFIG SET replica-announce-ip x
    CONFIG SET replica-announce-ip ""
    CONFIG SET min-replicas-to-write x
    CONFIG SET repl-backlog-size 0
    CONFIG SET sanitize-dump-payload clients
    CONFIG SET sanitize-dump-payload no
    CONFIG SET rdbchecksum no
    pairs> CONFIG GET client-output-buffer-limit latency-tracking-info-percentiles hz
    CONFIG SET maxmemory 0 cluster-announce-ip "" hz 10

ACL refuses rules that are wrong
    ACL SETUSER
    ACL SETUSER "a b"
    ACL SETUSER "" on
    ACL SETUSER u +@nosuch
    ACL SETUSER u +nosuch
    ACL SETUSER u %x~a
    ACL SETUSER u %~a
    ACL SETUSER u (on)
    ACL SETUSER u (~a
    ACL SETUSER u "(+get" "~a)"
    ACL SETUSER u "(+get" ~a
    ACL SETUSER u ~* ~a
    ACL SETUSER u &* &a
    ACL SETUSER u #zz
    ACL SETUSER u !zz
    ACL SETUSER u <nosuch
    ACL SETUSER u +config|get|x
    ACL SETUSER u +select|0|1
    ACL SETUSER u -get|x
    ACL SETUSER u -config|nosuch
    ACL SETUSER u +config|nosuch
    ACL SETUSER default
    words> ACL LIST
    ACL DELUSER u

ACL and its words
    ACL WHOAMI x
    ACL CAT nosuch
    ACL CAT x y
    ACL GENPASS -1
    ACL GENPASS 4097
    ACL GENPASS x
    ACL LOG x
    ACL LOG -1
    ACL LOG 0
    ACL LOG RESET x
    ACL GETUSER
    ACL GETUSER nosuch
    ACL DELUSER default
    ACL DELUSER
    ACL DELUSER nosuch
    ACL DRYRUN
    ACL DRYRUN nosuch get a
    ACL DRYRUN default nosuch
    ACL DRYRUN default get
    ACL DRYRUN default get a
    ACL DRYRUN u get a
    ACL LIST x
    ACL USERS x
    ACL NOSUCH
    ACL

COMMAND INFO has sets in RESP3
    COMMAND INFO get config|get ping nosuch

Replies of commands with two forms, by the protocol that a script speaks
    HSET h f v
    EVAL "return redis.call('HRANDFIELD','h','1','WITHVALUES')" 0
    EVAL "redis.setresp(3) return redis.call('HRANDFIELD','h','1','WITHVALUES')" 0
    EVAL "redis.setresp(3) return redis.call('HGETALL','h')" 0
    EVAL "redis.setresp(3) return redis.call('INFO','cluster').verbatim_string.format" 0
    EVAL "redis.setresp(3) return redis.call('INFO','cluster')" 0
    EVAL "redis.setresp(2) return redis.call('INFO','cluster')" 0
    HRANDFIELD h 1 WITHVALUES

A null is no element to a script that speaks RESP3
    HSET h f v
    EVAL "redis.setresp(3) return redis.call('MGET','x','y')" 0
    EVAL "redis.setresp(3) return redis.call('HMGET','h','f','x','f')" 0
    EVAL "redis.setresp(3) return #redis.call('HMGET','h','f','x','f')" 0
    EVAL "redis.setresp(3) return redis.call('HMGET','h','f','x','f')[3]" 0
    EVAL "redis.setresp(3) return redis.call('HMGET','h','x','f')[2]" 0
    EVAL "redis.setresp(3) local n = 0
        for _ in pairs(redis.call('HMGET','h','x','f')) do n = n + 1 end return n" 0
    EVAL "redis.setresp(3) return redis.call('COMMAND','INFO','nosuch')" 0
    EVAL "return redis.call('HMGET','h','x','f')" 0
""",
)
