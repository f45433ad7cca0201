"""ACL: users, their rules, and what the rules keep them from."""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
ACL CAT ...
ACL DELUSER u ...
ACL DRYRUN u get ...
ACL GENPASS ...
ACL GETUSER u
ACL LIST
ACL LOAD
ACL LOG ...
ACL SAVE
ACL SETUSER u ...
ACL USERS
ACL WHOAMI
"""

#: Rules in the words of ACL SETUSER, each list for a user that is new.
_RULES = """
on
off
on off
on >secret
>secret >secret >other
>secret nopass
nopass >secret
nopass resetpass
>secret resetpass
>secret <secret
>secret >other <secret
#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
>secret !2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
>
ON NoPass AllKeys
sanitize-payload
skip-sanitize-payload
skip-sanitize-payload sanitize-payload
~a ~b* ~a
~*
allkeys
~a allkeys
allkeys resetkeys
~a resetkeys ~b
%R~a %W~b %RW~c %WR~d
%r~a %w~a
%R~a ~a
~a %R~a
%RW~*
%RW~* ~b
%R
%RW
%R~
~
&a &b* &a
&*
allchannels
&a allchannels
allchannels resetchannels
resetchannels
&
+get
+GET +Set
+get -get
+get +get
-get
+@all
allcommands
nocommands
+@all -@all
+@all nocommands
+@all -get
+@all -get +get
+@read
+@write
+@keyspace
+@set
+@hash
+@string
+@list
+@sortedset
+@bitmap
+@geo
+@stream
+@hyperloglog
+@pubsub
+@admin
+@fast
+@slow
+@blocking
+@dangerous
+@connection
+@transaction
+@scripting
+@read +@write
+@read -@write
+@read +@write -@dangerous
+@write -@dangerous
+@Read +@HASH
+@read -get
+@hash +get -hset
+@hash +@set
+@set +@hash
+@hash +@set +@string
+@keyspace +@set +@hash
+@fast +@slow
+@all -@fast -@slow
+@all -@read
+@all -@write
+@all -@keyspace
+@all -@set
+@all -@hash
+@all -@string
+@all -@list
+@all -@pubsub
+@all -@admin
+@all -@fast
+@all -@slow
+@all -@blocking
+@all -@dangerous
+@all -@connection
+@all -@transaction
+@all -@scripting
+@all -@dangerous -@admin +keys
+@all -@dangerous +info
+@all -@all +get
+@connection -@slow
+@connection -select
-@all +@slow -@dangerous
+config
+config|get
+config|GET
+config -config|set
+config|get +config|set -config
+@all -config
+@all -config|get
+@all -config +config|get
+@all -client +client|id +client|setname
+client -client|kill
+client -@dangerous
+client -@admin
+acl|whoami +acl|cat
+acl -acl|setuser
+object|encoding
+script|load -script
+command
+command|docs
+command -command|count
+select|0
+select|0 +select|1
+select|a +select|A
+select|0 +select
+select|0 -select
+select +select|0
+@all -select +select|0
+select|0 +@connection
+select|0 -@fast
+select|0 +@all
+select|0 -@all
+get|x +set|y
+debug|object
-@all +debug|object +debug
+lpush +zadd -xadd
+@all -lpush -cluster|nodes
+cluster|info
+function|load
+xgroup
+xinfo|stream
+pubsub|channels
+memory|usage
+latency -latency|doctor
(~a +get)
(~a +get) (~b +set &c)
(+@all ~*)
(+@all)
(%R~a +@read -get)
()
( )
(+get (+set)
(~"a b")
("~a" '+get')
("~a)
( +get )
(allkeys allchannels allcommands)
(+select|0)
(+GET|x ~A)
+get (+set) +del
(+get) clearselectors
(+get) clearselectors (+set)
on >secret ~a &b +get (+set) reset
reset
reset reset
on nopass ~* &* +@all
on nopass ~* &* +@all reset
(~a
(~a +get
~a (+get ~b
(+get ) (+set )
(+get +set ~x)
+nosuch
-nosuch
+@nosuch
-@nosuch
+@
-@
+
-
+config|nosuch
-config|nosuch
+config|
-config|
+config|get|x
+config|get|
+nosuch|x
-select|0
-get|x
+select|
+select|0|1
+|
+|get
nosuch
on>
~*a ~a~b
~* ~a
allkeys ~a
~* %R~a
~* ~*
&* &a
allchannels &a
&* &*
%~a
%X~a
%RR~a
%RX~a
%
<secret
!2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
#abc
#2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25FE97BF527A25B
!abc
(nosuch)
(+nosuch)
(on)
(>secret)
(reset)
(~* ~a)
(&* &a)
(+get))
)
((+get))
"~a b"
"&a b"
"~a\\x00b"
"~a\\tb"
"on\\x00off"
"+get\\x00x"
">with space"
">with\\x00zero"
""
"" on
"no such"
"two\\r\\nlines"
"""


def _rule_lists() -> str:
    """A case for each list of rules: as a new user's, and behind others."""
    cases = []
    for rules in filter(None, _RULES.splitlines()):
        cases += [
            f"ACL rules: {rules}",
            f"    ACL SETUSER u {rules}",
            "    words> ACL LIST",
            "    words> ACL GETUSER u",
            f"    ACL SETUSER v on >pw ~k* &c* +@all -@dangerous +keys (~z +get) {rules}",
            "    words> ACL GETUSER v",
        ]
    return "\n".join(cases)


CASES = [
    *matrix.arity("acl", _REQUESTS),
    *read_cases("acl", _rule_lists()),
    *read_cases(
        "acl",
        r"""
ACL without anybody
    ACL LIST
    ACL USERS
    ACL WHOAMI
    ACL GETUSER default
    ACL GETUSER nobody
    ACL GETUSER ""

ACL refuses what it does not know
    ACL
    ACL nosuch
    ACL CAT a b
    ACL CAT nosuch
    ACL CAT ""
    acl cat a b
    ACL GENPASS 1 2
    acl GenPass 1 2
    ACL LOG 1 2
    ACL LOG foo
    ACL LOG 1.5
    ACL LOG ""
    ACL LOG 99999999999999999999
    ACL LOG -1
    ACL LOG 0
    ACL LOAD
    ACL SAVE
    ACL LOAD now
    ACL SAVE now

ACL CAT names the categories
    ACL CAT
    acl cat
    unordered> ACL CAT transaction
    unordered> ACL CAT TRANSACTION
    ACL CAT geo1
    ACL CAT @transaction

ACL USERS and LIST are in the order of the names
    ACL SETUSER b
    ACL SETUSER a
    ACL SETUSER "\xff"
    ACL SETUSER B
    ACL SETUSER ab
    ACL SETUSER z~z on
    ACL SETUSER ""
    ACL USERS
    ACL LIST

ACL SETUSER refuses names
    ACL SETUSER "a b"
    ACL SETUSER "a\tb" on
    ACL SETUSER "a\x00b"
    ACL SETUSER "a\nb" nosuch
    ACL USERS

ACL SETUSER applies all rules or none
    ACL SETUSER u on >pw ~a +get
    ACL SETUSER u off +set ~b nosuch
    ACL GETUSER u
    ACL SETUSER w on >pw nosuch
    ACL GETUSER w
    ACL SETUSER u (+set ~c) (~d
    ACL GETUSER u

ACL SETUSER adds to what is there
    ACL SETUSER u on >pw ~a +get
    ACL SETUSER u ~b
    ACL SETUSER u +set
    ACL SETUSER u &x
    ACL SETUSER u (~c +del)
    ACL SETUSER u (~d +del)
    words> ACL GETUSER u
    ACL SETUSER u clearselectors resetkeys
    words> ACL GETUSER u

ACL DELUSER removes users, but the default one
    ACL SETUSER a
    ACL SETUSER b
    ACL DELUSER a nobody a
    ACL USERS
    ACL DELUSER default
    ACL DELUSER b default
    ACL USERS
    ACL DELUSER DEFAULT
    ACL DELUSER b
    ACL DELUSER b

ACL DELUSER closes the connections of the user, one's own with its reply
    ACL SETUSER u on nopass ~* +@all
    ACL SETUSER v on nopass ~* +@all
    AUTH v x
    other> AUTH u x
    ACL DELUSER u
    other closes> PING
    closes> ACL DELUSER v

ACL GENPASS makes passwords of any size
    shape> ACL GENPASS
    STRLEN k
    shape> ACL GENPASS 1
    shape> ACL GENPASS 4096
    ACL GENPASS 0
    ACL GENPASS -1
    ACL GENPASS 4097
    ACL GENPASS a
    ACL GENPASS 99999999999999999999

AUTH asks for the user's password
    ACL SETUSER u on >one >two +@all
    AUTH u wrong
    AUTH u ""
    AUTH u one
    ACL WHOAMI
    AUTH u two
    AUTH nobody one
    AUTH U one
    AUTH default one
    ACL WHOAMI
    AUTH one
    AUTH u one more
    ACL SETUSER u <one
    AUTH u one
    AUTH u two

AUTH of a user that is off is refused
    ACL SETUSER u off nopass +@all
    AUTH u x
    ACL SETUSER u on
    AUTH u x
    ACL SETUSER u off
    ACL WHOAMI
    PING
    AUTH u x

AUTH of a user without a password is refused, unless it needs none
    ACL SETUSER u on +@all
    AUTH u ""
    ACL SETUSER u nopass
    AUTH u anything

A password may hold any byte
    ACL SETUSER u on ">a\x00b\r\n" +@all
    AUTH u a
    AUTH u "a\x00b\r\n"
    ACL GETUSER u

AUTH with one word is the default user's
    AUTH foo
    ACL SETUSER default >foo
    AUTH bar
    AUTH foo
    ACL SETUSER u on >upass +@all
    AUTH u upass
    ACL WHOAMI
    AUTH foo
    ACL WHOAMI
    ACL SETUSER default nopass
    AUTH foo

HELLO AUTH becomes a user
    ACL SETUSER u on >pw +@all
    HELLO 3 AUTH u wrong
    ACL WHOAMI
    ids> HELLO 3 AUTH u pw
    ACL WHOAMI
    ids> HELLO 2 AUTH default anything SETNAME me
    ACL WHOAMI
    HELLO 2 AUTH u pw SETNAME "a b"
    ACL WHOAMI
    HELLO 2 AUTH default x nosuch
    ACL WHOAMI
    HELLO 2 SETNAME before AUTH u wrong
    CLIENT GETNAME

A user that changes hears nothing any more that only another user may hear
    ids> HELLO 3
    ACL SETUSER u on nopass +@all &a
    SUBSCRIBE b
    AUTH u x
    other> ACL SETUSER u -get
    closes raw> ""

A user that changes goes on hearing what it may
    ids> HELLO 3
    ACL SETUSER u on nopass +@all &a &p*
    SUBSCRIBE a
    PSUBSCRIBE p*
    AUTH u x
    other> ACL SETUSER u -get
    other> ACL SETUSER u &b
    PING
    other> ACL SETUSER u resetchannels &a
    closes raw> ""

A user that could name no channel goes on hearing what it heard as another
    ids> HELLO 3
    ACL SETUSER u on nopass +@all
    SUBSCRIBE b
    AUTH u x
    other> ACL SETUSER u -get
    other> ACL SETUSER u &a
    PING
    other> ACL SETUSER u -get
    closes raw> ""

RESET becomes the default user again
    ACL SETUSER u on nopass +@all
    AUTH u x
    RESET
    ACL WHOAMI
    ACL SETUSER default >pw
    RESET
    ACL WHOAMI
    AUTH pw
    ACL WHOAMI
    ACL SETUSER default nopass

requirepass is the default user's password
    CONFIG SET requirepass secret
    ACL LIST
    CONFIG GET requirepass
    other> PING
    other> AUTH secret
    other> PING
    ACL SETUSER default nopass
    CONFIG GET requirepass
    ACL SETUSER default >more
    CONFIG SET requirepass secret
    ACL LIST
    CONFIG SET requirepass ""
    ACL LIST

Who came while a password was asked for needs it again when it is asked for again
    CONFIG SET requirepass secret
    other> PING
    CONFIG SET requirepass ""
    other> PING
    other> HELLO 2
    CONFIG SET requirepass other
    other> PING
    PING
    CONFIG SET requirepass ""

The default user can be off
    ACL SETUSER default off
    other> PING
    other> AUTH default x
    other> HELLO 3
    ACL WHOAMI
    PING
    ACL SETUSER u on nopass +@all
    other> AUTH u x
    other> PING
    ACL SETUSER default on

The default user can be kept from commands
    ACL SETUSER default -get
    GET k
    other> GET k
    other> SET k v
    ACL SETUSER default +get
    GET k

A user may run only its commands
    ACL SETUSER u on nopass ~* +get +@hash
    AUTH u x
    GET k
    SET k v
    HSET h f v
    ACL WHOAMI
    CONFIG GET port
    nosuch
    GET
    PING
    RESET
    ACL WHOAMI

What needs no authentication is everybody's
    ACL SETUSER u on nopass
    AUTH u x
    AUTH u x
    ids> HELLO 2
    PING
    closes> QUIT

Subcommands are allowed one by one
    ACL SETUSER u on nopass +config|get +client -client|list
    AUTH u x
    CONFIG GET port1
    CONFIG SET maxclients 10
    CONFIG
    CONFIG nosuch
    CLIENT GETNAME
    CLIENT LIST
    ACL WHOAMI
    MEMORY USAGE k

A command may be allowed with a first word only
    ACL SETUSER u on nopass ~* +select|0 +get|k +ping|Hello
    AUTH u x
    SELECT 0
    SELECT 1
    GET k
    GET K
    GET l
    PING
    PING hello
    PING world

Keys are read and written with permission only
    ACL SETUSER u on nopass +@all %R~r* %W~w* ~b*
    AUTH u x
    GET r
    SET r v
    GET w
    SET w v
    GET b
    SET b v
    SET b v GET
    SET w v GET
    GETSET w v
    GETDEL w
    GETEX w
    GETEX r
    APPEND w v
    APPEND r v
    INCR w
    INCR b1
    STRLEN r
    STRLEN w
    STRLEN x
    DEL r
    DEL w
    UNLINK w r
    EXISTS x
    EXISTS w
    TYPE x
    TYPE w
    TTL w
    TTL r
    OBJECT ENCODING x
    OBJECT ENCODING r
    TOUCH x
    EXPIRE r 10
    EXPIRE w 10
    PERSIST w
    MGET r b
    MGET r w
    MSET w 1 b 2
    MSET w 1 r 2
    MSETNX w1 1 x 2
    SETNX w v
    SETNX r v
    SETRANGE w 1 v
    GETRANGE w 0 1
    SUBSTR r 0 1
    LCS r b
    LCS r w

Keys of hashes and sets are read and written with permission only
    ACL SETUSER u on nopass +@all %R~r* %W~w* ~b*
    AUTH u x
    HSET w f v
    HSET r f v
    HGET w f
    HGET r f
    HDEL w f
    HLEN x
    HEXISTS x f
    HINCRBY w f 1
    HINCRBY b f 1
    HGETALL w
    HRANDFIELD r
    HSCAN w 0
    SADD w m
    SADD r m
    SREM w m
    SISMEMBER w m
    SMEMBERS w
    SMEMBERS r
    SCARD x
    SPOP w
    SPOP b
    SRANDMEMBER w
    SMOVE b w m
    SMOVE w b m
    SMOVE r w m
    SUNION r b
    SUNION r w
    SUNIONSTORE w r b
    SUNIONSTORE r b
    SUNIONSTORE w w
    SDIFFSTORE w r
    SINTERSTORE w r
    SINTERCARD 1 r
    SINTERCARD 2 r w
    SINTERCARD 3 r w
    SINTERCARD a r w

Keys that are copied and renamed
    ACL SETUSER u on nopass +@all %R~r* %W~w* ~b*
    AUTH u x
    SET b v
    COPY b w
    COPY w b
    COPY r w
    COPY r b
    RENAME b w
    RENAME w b
    RENAME r b
    RENAMENX b w
    RENAMENX b r
    MOVE b 1
    MOVE r 1

SORT looks up other keys only where every key may be read
    SADD b 1 2
    ACL SETUSER u on nopass +@all %R~* ~b
    ACL SETUSER v on nopass +@all ~b
    ACL SETUSER s on nopass +@all ~b (~b +sort %R~*)
    AUTH v x
    SORT b
    SORT b BY nosort
    SORT b BY w_*
    SORT b GET #
    SORT b GET w_*
    SORT b STORE r
    SORT_RO b GET #
    SORT_RO x
    SORT b FOO
    SORT b FOO BY w_*
    SORT b GET
    AUTH u x
    SORT b BY w_* GET # GET w_*
    SORT b BY w_* STORE r
    SORT_RO b BY w_*
    AUTH s x
    SORT b BY w_*
    SORT_RO b BY w_*

Scripts may use only the keys they are given with permission
    ACL SETUSER u on nopass +@all %R~r* ~b*
    AUTH u x
    EVAL "return 1" 0
    EVAL "return 1" 1 b
    EVAL "return 1" 1 r
    EVAL "return 1" 1 x
    EVAL_RO "return 1" 1 r
    EVAL_RO "return 1" 1 x
    EVAL "return 1" 2 b
    EVAL "return 1" a b
    EVAL "return 1" -1 b
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1 x
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 1 b

Rules hold inside scripts
    ACL SETUSER u on nopass +eval +eval_ro +get +config|get ~b
    AUTH u x
    EVAL "return redis.call('get','b')" 0
    EVAL "return redis.call('set','b','v')" 0
    EVAL "return redis.call('get','x')" 0
    EVAL "return redis.pcall('set','b','v')" 0
    EVAL "return redis.pcall('set','b','v')['err']" 0
    EVAL "return redis.pcall('get','x')" 0
    EVAL "return redis.call('config','get','port1')" 0
    EVAL "return redis.call('config','set','maxclients','10')" 0
    EVAL "return redis.call('nosuch')" 0
    EVAL "return redis.call('get')" 0
    EVAL "return redis.call('acl','whoami')" 0
    EVAL_RO "return redis.call('set','b','v')" 0
    EVAL_RO "return redis.call('set','x','v')" 0
    acllog> ACL LOG
    RESET
    acllog> ACL LOG

redis.acl_check_cmd asks for the script's user
    ACL SETUSER u on nopass +eval +get +config|get ~b
    AUTH u x
    EVAL "return redis.acl_check_cmd('get','b')" 0
    EVAL "return tostring(redis.acl_check_cmd('get','b'))" 0
    EVAL "return tostring(redis.acl_check_cmd('get','x'))" 0
    EVAL "return tostring(redis.acl_check_cmd('set','b','v'))" 0
    EVAL "return tostring(redis.acl_check_cmd('config','get','x'))" 0
    EVAL "return tostring(redis.acl_check_cmd('config','set','x'))" 0
    EVAL "return tostring(redis.acl_check_cmd('CONFIG'))" 0
    EVAL "return tostring(redis.acl_check_cmd('get'))" 0
    EVAL "return redis.acl_check_cmd('nosuch')" 0
    EVAL "return redis.acl_check_cmd('config','nosuch')" 0
    EVAL "return redis.acl_check_cmd()" 0
    EVAL "return redis.acl_check_cmd({})" 0
    EVAL "return redis.pcall('set','b','v')['err']" 0

A transaction is refused the command that is not allowed, and then EXEC
    ACL SETUSER u on nopass ~* +get +multi +exec
    AUTH u x
    MULTI
    GET k
    SET k v
    GET k
    EXEC
    MULTI
    DISCARD
    EXEC
    RESET
    acllog> ACL LOG

EXEC may be refused itself
    ACL SETUSER u on nopass ~* +get +multi
    AUTH u x
    MULTI
    GET k
    EXEC
    EXEC
    GET k

Rules that change before EXEC hold for what is queued
    ACL SETUSER u on nopass ~* +@all
    AUTH u x
    MULTI
    SET k v
    GET k
    other> ACL SETUSER u -set
    EXEC
    MULTI
    GET k
    CONFIG GET port1
    other> ACL SETUSER u resetkeys ~b -config|get
    EXEC
    other acllog> ACL LOG

A transaction may change its own user's rules
    ACL SETUSER u on nopass ~* +@all
    AUTH u x
    MULTI
    SET k v
    ACL SETUSER u -set
    SET k w
    GET k
    EXEC
    SET k x

A transaction may become another user
    ACL SETUSER u on nopass ~* +@all -set
    MULTI
    SET k v
    AUTH u x
    SET k w
    AUTH default x
    SET k z
    EXEC
    ACL WHOAMI

Rules that change hold at once
    ACL SETUSER u on nopass ~* +@all
    AUTH u x
    SET k v
    other> ACL SETUSER u -@write
    SET k v
    other> ACL SETUSER u +set resetkeys ~a
    SET k v
    SET a v
    other> ACL SETUSER u reset
    SET a v
    ACL WHOAMI

One selector must allow the whole request
    ACL SETUSER u on nopass (+get ~a) (+set ~b) (+mget ~a ~b) (+mget ~c)
    AUTH u x
    GET a
    GET b
    SET b v
    SET a v
    MGET a b
    MGET a c
    MGET c
    DEL a
    PING
    RESET
    acllog> ACL LOG
    ACL DRYRUN u MGET a b
    ACL DRYRUN u MGET a c b
    ACL DRYRUN u MGET c a
    ACL DRYRUN u MGET x

ACL DRYRUN tells why not
    ACL SETUSER u +get +config|get +eval +sort ~a %R~r %W~w (+set ~b)
    ACL DRYRUN u get a
    ACL DRYRUN u GET a
    ACL DRYRUN u get b
    ACL DRYRUN u set a v
    ACL DRYRUN u set b v
    ACL DRYRUN u del a
    ACL DRYRUN u get w
    ACL DRYRUN u get r
    ACL DRYRUN u config get x
    ACL DRYRUN u CONFIG SET x y
    ACL DRYRUN u config
    ACL DRYRUN u config nosuch
    ACL DRYRUN u config get
    ACL DRYRUN u get
    ACL DRYRUN u get a b
    ACL DRYRUN u nosuch
    ACL DRYRUN u "no\r\nsuch"
    ACL DRYRUN nobody get a
    ACL DRYRUN "no\r\nbody" get a
    ACL DRYRUN u get "x\x00y"
    ACL DRYRUN u get "x\r\ny"
    ACL DRYRUN u eval "return 1" 1 a
    ACL DRYRUN u eval "return 1" 1 b
    ACL DRYRUN u eval "return 1" 1 r
    ACL DRYRUN u sort a STORE b
    ACL DRYRUN u sort a STORE w
    ACL DRYRUN u sort w
    ACL DRYRUN u auth a b
    ACL DRYRUN u ping
    ACL DRYRUN default ping
    ACL DRYRUN default set a b

ACL LOG tells what was refused
    ACL SETUSER u on >pw ~a +get +select|0 +multi
    AUTH u pw
    GET b
    GET b
    SET b v
    SELECT 1
    CONFIG GET x
    AUTH u wrong
    AUTH nobody wrong
    HELLO 3 AUTH u wrong
    MULTI
    GET b
    SET a v
    RESET
    acllog> ACL LOG
    acllog> ACL LOG 2
    acllog> ACL LOG 0
    acllog> ACL LOG -5
    acllog> ACL LOG 100
    ACL LOG reset
    ACL LOG

ACL LOG tells ten entries, and keeps as many as it may
    ACL SETUSER u on nopass +get
    AUTH u x
    GET k1
    GET k2
    GET k3
    GET k4
    GET k5
    GET k6
    GET k7
    GET k8
    GET k9
    GET k10
    GET k11
    GET k1
    GET k11
    RESET
    acllog> ACL LOG
    acllog> ACL LOG 20
    CONFIG SET acllog-max-len 2
    AUTH u x
    GET other
    RESET
    acllog> ACL LOG
    CONFIG SET acllog-max-len 0
    AUTH u x
    GET again
    RESET
    acllog> ACL LOG
    CONFIG SET acllog-max-len 128

CONFIG knows the settings of ACL
    unordered> CONFIG GET acl*
    CONFIG SET acllog-max-len -1
    CONFIG SET acllog-max-len a
    CONFIG SET acl-pubsub-default nosuch
    CONFIG SET acl-pubsub-default ALLCHANNELS
    CONFIG GET acl-pubsub-default
    ACL SETUSER u
    ACL SETUSER v (+get)
    ACL SETUSER w reset
    ACL SETUSER w resetchannels reset
    ACL LIST
    ACL SETUSER default reset on nopass ~* +@all
    ACL LIST
    CONFIG SET acl-pubsub-default resetchannels
    ACL SETUSER x
    ACL SETUSER w reset
    ACL SETUSER v (+set)
    ACL LIST
    CONFIG SET aclfile x

CLIENT shows the user, and KILL finds it
    ACL SETUSER u on nopass +@all
    other> AUTH u x
    CLIENT KILL USER nobody
    CLIENT KILL USER u
    other closes> PING
    ACL SETUSER v
    CLIENT KILL USER v
    CLIENT KILL USER default

WATCH is refused for keys out of reach
    ACL SETUSER u on nopass +@all ~a
    AUTH u x
    WATCH a
    WATCH a b

A user may publish to its channels only
    ACL SETUSER u on nopass +@all &a &b* resetkeys
    AUTH u x
    PUBLISH a hello
    PUBLISH b1 hello
    PUBLISH c hello
    SPUBLISH a hello
    SPUBLISH c hello
    EVAL "return redis.call('publish','c','x')" 0
    EVAL "return redis.call('publish','a','x')" 0
    PUBSUB CHANNELS
    MULTI
    PUBLISH a hello
    PUBLISH c hello
    EXEC
    RESET
    acllog> ACL LOG

A user may listen to its channels, and to patterns that it was given
    ACL SETUSER u on nopass +@all &a &b*
    AUTH u x
    SUBSCRIBE c
    SUBSCRIBE a c
    PSUBSCRIBE a*
    PSUBSCRIBE b1*
    PSUBSCRIBE *
    SSUBSCRIBE c
    SSUBSCRIBE a c
    UNSUBSCRIBE c
    PUNSUBSCRIBE c*
    SUNSUBSCRIBE c
    PSUBSCRIBE b*
    PSUBSCRIBE a
    replies=2> SUBSCRIBE a b1
    replies=2> SSUBSCRIBE a b1
    RESET
    acllog> ACL LOG

A user may listen with the rules of any selector
    ACL SETUSER u on nopass (+subscribe &a) (+psubscribe &b*)
    AUTH u x
    SUBSCRIBE b1
    PSUBSCRIBE a
    SUBSCRIBE a
    PSUBSCRIBE b*
    ACL SETUSER u
    RESET
    ACL DRYRUN u SUBSCRIBE a
    ACL DRYRUN u SUBSCRIBE a c
    ACL DRYRUN u PSUBSCRIBE b*
    ACL DRYRUN u PSUBSCRIBE b
    ACL DRYRUN u PUBLISH a x
    ACL DRYRUN u UNSUBSCRIBE x

Listeners are closed when they may not listen any more
    ACL SETUSER u on nopass +@all &a &b*
    other> AUTH u x
    other> SUBSCRIBE a
    ACL SETUSER u resetchannels &b* &a &c
    other> SUBSCRIBE b1
    ACL SETUSER u resetchannels &a
    other closes> PING

Listeners to patterns are closed when their pattern is taken away
    ACL SETUSER u on nopass +@all &b*
    other> AUTH u x
    other> PSUBSCRIBE b*
    ACL SETUSER u resetchannels &b1*
    other closes> PING

Listeners to shard channels are closed too, and those who may hear all are not
    ACL SETUSER u on nopass +@all &*
    other> AUTH u x
    other> SSUBSCRIBE a
    ACL SETUSER u resetchannels (&*)
    other> SSUBSCRIBE b
    ACL SETUSER u clearselectors
    other closes> PING

Who does not listen stays when channels are taken away
    ACL SETUSER u on nopass +@all &a
    other> AUTH u x
    ACL SETUSER u resetchannels
    other> PING

Channels taken from the default user close its listeners
    other> SUBSCRIBE a
    ACL SETUSER default resetchannels
    other closes> PING
    ACL SETUSER default allchannels

AUTH that fails inside EXEC is logged as part of a transaction
    ACL SETUSER u on >pw +@all
    MULTI
    AUTH u bad
    AUTH u pw
    ACL WHOAMI
    EXEC
    RESET
    acllog> ACL LOG

Rules that look odd
    ACL SETUSER u "(+get ~a" "~b)"
    ACL SETUSER u "( +get (" ")"
    ACL SETUSER u "(+get 'b)"
    ACL SETUSER u "(\"a \"b)"
    ACL GETUSER u
    ACL SETUSER u "+get|\xff"
    ACL SETUSER u "~\xff*" "&\xfe"
    words> ACL GETUSER u
    ACL SETUSER u -@all|x
    ACL SETUSER u +@all|x
    ACL SETUSER u +@read|x
    ACL SETUSER u +get+set
    ACL SETUSER u "+ get"
    ACL SETUSER u "+get "
    ACL SETUSER u " +get"
    ACL SETUSER u >
    ACL SETUSER u <
    ACL SETUSER u # !
    ACL SETUSER u ~ & % + -
    ACL LIST

Many rules in one request
    ACL SETUSER u on nopass +@all -@all +@hash +@set -sadd +config|get -config|get +client|nosuch
    ACL SETUSER u +@scripting -eval
    words> ACL GETUSER u
    words> ACL LIST

What is refused first
    ACL SETUSER u on nopass +@all -get ~a resetchannels
    AUTH u x
    SUBSCRIBE
    SUBSCRIBE x
    GET
    MULTI
    WATCH b
    MULTI
    SUBSCRIBE x
    EXEC
    DISCARD

What may be asked before AUTH
    CONFIG SET requirepass secret
    other> ACL WHOAMI
    other> ACL
    other> GET
    other> nosuch
    other> HELLO 3 AUTH default secret SETNAME x FOO
    other> PING
    other> RESET
    other> PING
    other> AUTH default secret extra
    other> AUTH
    other closes> QUIT
    CONFIG SET requirepass ""

A user without rules can do nothing but come in
    ACL SETUSER u on nopass
    AUTH u x
    PING
    GET k
    MULTI
    EXEC
    COMMAND COUNT
    SUBSCRIBE1
    SELECT 0
    ECHO hi
    WATCH k
    CLIENT ID
    INFO
    RESET
""",
    ),
]
