"""EVAL, EVALSHA, SCRIPT, and what passes between Lua and the commands."""

from __future__ import annotations

from collections.abc import Iterator

from ..script import Case, Step, read_cases, read_step
from . import matrix

_REQUESTS = """
EVAL script 0 ...
EVALSHA sha 0 ...
EVALSHA_RO sha 0 ...
EVAL_RO script 0 ...
SCRIPT ...
SCRIPT EXISTS sha ...
SCRIPT FLUSH ...
SCRIPT KILL
SCRIPT LOAD script
"""

#: What scripts return, expression by expression; the headings are for the reader. Not among them:
#: ``error({})``, which ends Redis 7.0.15 with a segmentation fault.
_EXPRESSIONS = r"""
numbers are cut to integers
    1
    -1
    0
    3.99
    -3.99
    1e3
    2^53
    1e100
    -1e100

odd numbers
    0/0
    1/0
    -1/0
    2^63
    -2^63
    9007199254740993
    0x10

strings keep every byte
    'abc'
    ''
    'a\0b\r\n'
    '\255'
    [[long\n]]

booleans and nil
    true
    false
    nil
    nil --

tables are arrays up to the first nil
    {}
    {1,2,3}
    {1,nil,3}
    {1,{2,{3}}}
    {'a',1.5,true,false}
    {[2]='x'}
    {a=1}
    {false}
    {nil,1}
    {1,2,x=3}

status and error tables
    {ok='FINE'}
    {err='MY problem'}
    {err='ERR x'}
    {err='nocode'}
    {ok=''}
    {err=''}
    {ok='a\r\nb'}
    {err='a\r\nb'}
    {ok=1}
    {err=1}
    {1,{ok='x'},{err='y'}}
    redis.status_reply('FINE')
    redis.error_reply('MY problem')
    redis.error_reply('-MY x')
    redis.error_reply('one')
    redis.error_reply('')
    redis.status_reply('')

RESP3 tables
    {double=3.5}
    {double=1e300}
    {double='x'}
    {map={a=1}}
    {map={}}
    {set={a=true}}
    {set={}}
    {big_number='123'}
    {verbatim_string={format='txt',string='abc'}}
    {map={[1]={2,3}}}
    {double=1/0}
    {double=0.1}
    {double=100}

functions and other values that are no reply
    print
    function() end
    redis

several values
    1,2,3
    unpack({7,8,9})

the keys and arguments
    KEYS
    ARGV
    #KEYS
    #ARGV
    KEYS[1]
    ARGV[9]
    type(ARGV[1])

the helpers of redis
    redis.sha1hex('')
    redis.sha1hex('abc')
    redis.LOG_DEBUG
    redis.LOG_WARNING
    redis.REPL_ALL
    redis.replicate_commands()
    redis.set_repl(redis.REPL_ALL)
    redis.log(redis.LOG_DEBUG, 'x')
    redis.breakpoint()
    redis.REDIS_VERSION
    redis.REDIS_VERSION_NUM
    redis.acl_check_cmd('get', 'k')

misuse of the helpers of redis
    redis.call()
    redis.pcall()
    redis.call(1)
    redis.call('GET')
    redis.call('FOO')
    redis.call({})
    redis.call('GET', {})
    redis.call('GET', nil)
    redis.call('GET', true)
    redis.sha1hex()
    redis.sha1hex(1,2)
    redis.error_reply()
    redis.error_reply(1)
    redis.status_reply({})
    redis.log('x','y')
    redis.log(9,'y')
    redis.log(1)
    redis.setresp(4)
    redis.setresp()
    redis.setresp('x')
    redis.set_repl()
    redis.nothing
    redis.nothing()
    redis.pcall('GET')
    redis.pcall('FOO').err
    redis.set_repl(99)
    redis.acl_check_cmd()
    redis.acl_check_cmd('nonsense')

cjson
    cjson.encode({1,2,3})
    cjson.encode({a=1})
    cjson.encode({})
    cjson.encode('x\n\0/')
    cjson.encode(1.5)
    cjson.encode(100)
    cjson.encode(1e100)
    cjson.encode(true)
    cjson.encode(cjson.null)
    cjson.encode(nil)
    cjson.encode({1,nil,3})
    cjson.encode({[5]=1})
    cjson.encode({[100]=1})
    cjson.encode(print)
    cjson.encode(0/0)
    cjson.decode('[1,2,3]')
    cjson.decode('{"a":[1,{"b":2}]}').a[2].b
    cjson.decode('')
    cjson.decode('nonsense')
    cjson.decode('[1,')
    cjson.decode('1 2')
    cjson.decode('null') == cjson.null
    cjson.decode('"\\u00e9\\ud83d\\ude00"')
    cjson.decode('[1e5, -0, 1.50]')
    cjson.decode()
    cjson.encode()

what is not in the sandbox
    print('x')
    os.time()
    io.open('x')
    loadfile('x')
    dofile('x')
    require('x')
    os.clock() > -1
    getfenv()
    setfenv(1,{})
    newproxy()
    string.dump(print)
    package
    debug
    collectgarbage('count') > 0
    (function() local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return f(9000) end)()
    (function() local function f(n) if n<1 then return n end return f(n-1) end return f(9e4) end)()
    #(loadstring('return ' .. string.rep('{', 150) .. string.rep('}', 150))())
    loadstring(string.rep('while x do ', 30) .. string.rep(' end', 30)) ~= nil
    load
    loadstring('return 1')()
    module
    coroutine
    _G.nothing
    _VERSION
    undefined_name

changes to what is shared
    (function() x = 1 end)()
    (function() redis.x = 1 end)()
    (function() string.x = 1 end)()
    (function() _G.x = 1 end)()
    (function() KEYS = 1 end)()
    (function() KEYS[1] = 'z' return KEYS end)()
    rawset(_G, 'x', 1)
    rawset(redis, 'x', 1)
    setmetatable(_G, {})
    getmetatable('').__index.x
    (function() getmetatable('').__index = nil end)()
    (function() redis = nil end)()
    (function() string.len = nil end)()
    (function() table.x = 1 end)()

errors that scripts raise
    error('x')
    error({err='MY x'})
    error()
    error('x', 0)
    error('x', 2)
    error({err='x', a=1})
    pcall(error, 'x')
    assert(false)
    assert(nil, 'msg')
    assert(1, 2)
    nil .. 'x'
    1 + {}
    #5
    nil()
    ('x')()
    {} < {}
    1 < 'x'
    nil[1]
    -{}
    ('x').y.z
    undefined.field
    redis.call('INCR', 'h')
    pcall(redis.call, 'INCR', 'h')
    select(2, pcall(redis.call, 'INCR', 'h'))
    select(2, pcall(redis.call, 'INCR', 'h')).err
    redis.pcall('INCR', 'h')
    redis.pcall('INCR', 'h').err
    redis.pcall('INCR', 'h')['err']
    error(redis.pcall('INCR', 'h'))
    error(redis.error_reply('MY x'))
    unpack({}, 1, 1e8)
    string.rep('x', -1)
    tostring(nil)
    tostring(1e15)
    tostring(0.1)

the standard library
    string.format('%5.2f|%d|%s|%q|%x', 3.14159, 42, 'x', 'a\nb', 255)
    ('hello'):upper()
    string.find('hello', 'l+')
    {string.find('hello', '(l)(l)')}
    string.gsub('hello', 'l', 'L')
    string.match('key=value', '(%w+)=(%w+)')
    string.rep('ab', 3)
    string.sub('hello', -3, -2)
    string.byte('A')
    string.char(72, 105)
    string.reverse('abc')
    #'abc'
    table.concat({1,2,3}, ',')
    (function() local t = {3,1,2} table.sort(t) return t end)()
    (function() local t = {1} table.insert(t, 2) table.insert(t, 1, 0) return t end)()
    table.remove({1,2,3})
    table.getn({1,2})
    math.floor(3.7)
    math.max(1,5,3)
    math.huge
    math.fmod(-7,3)
    -7 % 3
    7 % -3
    2^10
    tonumber('0x1F')
    tonumber('z',36)
    tonumber('abc')
    tonumber(' 12 ')
    tonumber('1e2')
    type(nil)
    select('#', 1, nil)
    rawequal({}, {})
    next({})
    tostring(12345678901234567)
    1 .. 2
    '10' + 5
    10 == '10'
    bit.band(12, 10)
    bit.tohex(255)
    struct.pack('>I2', 258)
    cmsgpack.pack({1,2})
    cmsgpack.unpack(cmsgpack.pack({a=1})).a
    math.random() < 1
    string.format('%5s', 'x')
"""


def _expressions() -> Iterator[Case]:
    """What EVAL makes of ``return`` and each expression."""
    setup = [read_step(step) for step in ("SET k v", "HSET h f v", "SADD s m")]
    for line in _EXPRESSIONS.splitlines():
        if expression := line.strip() if line.startswith(" ") else "":
            returning = _returning(expression)
            yield Case("scripting", f"Lua: return {expression}", [*setup, returning])


def _returning(expression: str) -> Step:
    script = f"return {expression}"
    words = [b"EVAL", script.encode(), b"1", b"k", b"arg"]
    return Step(f'EVAL "{script}" 1 k arg', words, frozenset(), {})


CASES = [
    *matrix.arity("scripting", _REQUESTS),
    *matrix.keys("scripting", _REQUESTS),
    *_expressions(),
    *read_cases(
        "scripting",
        r"""
Errors of scripts and transactions are counted once
    CONFIG RESETSTAT
    EVAL "redis.pcall('nosuch') return 1" 0
    EVALSHA abc 0
    EVAL "return redis.pcall('GET')" 0
    EVALSHA abc 0
    MULTI
    EVAL "return redis.call('nosuch')" 0
    EVALSHA abc 0
    HGET k
    EXEC
    MULTI
    EVAL "return redis.call('GET', 1, 2)" 0
    EVALSHA abc 0
    EXEC
    EVALSHA abc 0
    INFO errorstats

Errors within what a script answers are counted, too
    SET k v
    CONFIG RESETSTAT
    EVAL "return {1, redis.error_reply('MINE x')}" 0
    EVAL "return {1, {2, {err='OURS y'}}}" 0
    EVAL "local e = {err='TWICE z'} return {e, {e}}" 0
    EVAL "return {{err='word'}, redis.pcall('INCR', 'k'), redis.pcall('GET')}" 0
    EVAL "return {map={a={err='MAPPED z'}}}" 0
    EVAL "return {set={[{err='MEMBER z'}]=true}}" 0
    EVAL "redis.setresp(3) return {map={[{err='KEY z'}]={err='VALUE z'}}}" 0
    EVAL "return {1, nil, {err='UNSEEN x'}}" 0
    MULTI
    EVAL "return {{err='QUEUED x'}}" 0
    EXEC
    INFO errorstats

Errors that scripts make up are counted by their codes
    CONFIG RESETSTAT
    EVAL "return redis.error_reply('MINE x')" 0
    EVAL "return {err='OURS y'}" 0
    EVAL "error({err='THEIRS z'})" 0
    EVAL "error('plain')" 0
    EVAL "return redis.error_reply('word')" 0
    EVAL "return redis.error_reply('%s x' )" 0
    EVAL "return redis.error_reply(string.rep('a', 30) .. ' b')" 0
    EVAL "return redis.error_reply(string.rep('a', 31) .. ' b')" 0
    INFO errorstats

An error that a script raises anew is counted anew, and one that it passes on is not
    SET k v
    CONFIG RESETSTAT
    EVAL "local _, e = pcall(redis.call, 'INCR', 'k') error(e)" 0
    EVAL "error(redis.pcall('INCR', 'k'))" 0
    EVAL "error(redis.pcall('INCR', 'k').err)" 0
    EVAL "assert(redis.pcall('INCR', 'k').ok, 'not so')" 0
    EVAL "return redis.error_reply('x', 'y')" 0
    EVAL "return redis.status_reply()" 0
    EVAL "redis.call()" 0
    EVAL "return redis.pcall()" 0
    EVAL "redis.call({})" 0
    EVAL "redis.log(9, 'x')" 0
    INFO errorstats

EVAL hands over keys and arguments
    EVAL "return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], #KEYS, #ARGV}" 2 a b c d
    EVAL "return ARGV" 0 1 "\x00" ""
    EVAL "return KEYS" 0
    eval "return 1" 0

EVAL refuses a number of keys that does not fit
    EVAL "return 1" abc
    EVAL "return 1" -1
    EVAL "return 1" 1
    EVAL "return 1" 3 a b
    EVAL "return 1" 1.5
    EVAL "return 1" ""
    EVAL "return 1" 9223372036854775808
    EVALSHA "e0e1f9fabfc9d4800c877a703b823ac0578ff8db" -1
    EVAL_RO "return 1" 5 a

EVAL refuses what does not compile
    EVAL "return" 0
    EVAL "" 0
    EVAL "return return" 0
    EVAL "if" 0
    EVAL "x =" 0
    EVAL "return 'abc" 0
    EVAL "return (1" 0
    EVAL "for i=1 do end" 0
    EVAL "goto x" 0
    EVAL "return 1 return 2" 0
    EVAL "local 1 = 2" 0
    EVAL "return [[abc" 0
    EVAL "return 3..4" 0
    EVAL "break" 0
    EVAL "return 5 // 2" 0
    EVAL "\n\nreturn $" 0

EVAL refuses a shebang it does not know
    EVAL "#!lua\nreturn 1" 0
    EVAL "#!lua flags=no-writes\nreturn 1" 0
    EVAL "#!lua flags=nonsense\nreturn 1" 0
    EVAL "#!nonsense\nreturn 1" 0
    EVAL "#!lua name=x\nreturn 1" 0
    EVAL "#!lua" 0
    EVAL "#!" 0

EVAL flags of a shebang are kept
    EVAL "#!lua flags=no-writes\nreturn redis.call('SET', 'k', 'v')" 1 k
    EVAL "#!lua flags=no-writes,allow-stale\nreturn redis.call('GET', 'k')" 1 k
    EVAL "#!lua flags=\nreturn redis.call('SET', 'k', 'v')" 1 k
    EVAL_RO "#!lua\nreturn 1" 0
    EVAL_RO "#!lua flags=no-writes\nreturn 1" 0

EVALSHA runs what EVAL or SCRIPT LOAD brought
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    EVAL "return 1" 0
    EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0
    EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    SCRIPT LOAD "return {KEYS[1], ARGV[1]}"
    EVALSHA ee1ac1a8ff9c3b8e4b2b8d8e8d8d8d8d8d8d8d8d 0

EVALSHA of no such script
    EVALSHA abc 0
    EVALSHA "" 0
    EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
    EVALSHA ffffffffffffffffffffffffffffffffffffffff0 0
    EVALSHA_RO ffffffffffffffffffffffffffffffffffffffff 0
    EVALSHA abc x

SCRIPT LOAD answers with the hash
    SCRIPT LOAD "return 1"
    SCRIPT LOAD "return 1"
    SCRIPT LOAD "return"
    SCRIPT LOAD ""
    SCRIPT LOAD "return x x"
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db

SCRIPT EXISTS answers for each hash
    SCRIPT LOAD "return 1"
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db abc
        E0E1F9FABFC9D4800C877A703B823AC0578FF8DB

SCRIPT FLUSH forgets
    SCRIPT LOAD "return 1"
    SCRIPT FLUSH
    SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
    SCRIPT FLUSH SYNC
    SCRIPT FLUSH async
    SCRIPT FLUSH FOO
    SCRIPT FLUSH SYNC x

SCRIPT KILL without a script
    SCRIPT KILL

SCRIPT DEBUG refuses other words
    SCRIPT DEBUG FOO
    SCRIPT DEBUG NO

SCRIPT refuses what it does not know
    SCRIPT
    SCRIPT FOO
    SCRIPT HELP

Replies of commands in a script, by type
    SET k v
    HSET h f v
    SADD s m
    EVAL "return redis.call('GET', 'k')" 0
    EVAL "return redis.call('GET', 'missing')" 0
    EVAL "return redis.call('SET', 'k', 'w')" 0
    EVAL "return redis.call('INCR', 'n')" 0
    EVAL "return redis.call('HGETALL', 'h')" 0
    EVAL "return redis.call('SMEMBERS', 's')" 0
    EVAL "return redis.call('HMGET', 'h', 'f', 'x')" 0
    EVAL "return redis.call('TYPE', 'k')" 0
    EVAL "return redis.call('TYPE', 'k').ok" 0
    EVAL "return redis.call('PING')" 0
    EVAL "return type(redis.call('GET', 'missing'))" 0
    EVAL "return redis.call('HRANDFIELD', 'h', 1, 'WITHVALUES')" 0
    EVAL "return redis.call('HINCRBYFLOAT', 'h', 'n', '1.5')" 0

Replies of commands in a script that speaks RESP3
    HSET h f v
    SADD s m
    EVAL "redis.setresp(3) return redis.call('HGETALL', 'h')" 0
    EVAL "redis.setresp(3) return redis.call('HGETALL', 'h').map.f" 0
    EVAL "redis.setresp(3) return redis.call('SMEMBERS', 's')" 0
    EVAL "redis.setresp(3) return redis.call('SMEMBERS', 's').set.m" 0
    EVAL "redis.setresp(3) return redis.call('GET', 'missing')" 0
    EVAL "redis.setresp(3) return redis.call('GET', 'missing') == nil" 0
    EVAL "redis.setresp(3) return redis.call('HGETALL', 'missing')" 0
    EVAL "redis.setresp(2) return redis.call('HGETALL', 'h')" 0
    EVAL "return redis.call('HGETALL', 'h')" 0

Numbers as arguments of redis.call
    EVAL "redis.call('SET', 'k', 1) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 1.5) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 0.1) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 1e20) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 2^53) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 1e15) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', -0.0) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 1/0) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', -1/0) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 3.0000000001) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 1e100) return redis.call('GET', 'k')" 0
    EVAL "redis.call('SET', 'k', 123456789012345680) return redis.call('GET', 'k')" 0

Errors of redis.call end the script
    SET k v
    EVAL "redis.call('HGET', 'k', 'f') return 1" 1 k
    EVAL "redis.call('INCR', 'k')" 1 k
    EVAL "redis.call('GET')" 0
    EVAL "redis.call('FOO')" 0
    EVAL "redis.call('CONFIG', 'FOO')" 0
    EVAL "\nredis.call('SET', 'a', '1')\nredis.call('INCR', 'k')" 1 k
    GET a

Errors of redis.pcall are tables
    SET k v
    EVAL "return redis.pcall('INCR', 'k')" 1 k
    EVAL "return redis.pcall('INCR', 'k').err" 1 k
    EVAL "return type(redis.pcall('INCR', 'k'))" 1 k
    EVAL "local e = redis.pcall('HGET', 'k', 'f')
        return {e.err, tostring(e.source), tostring(e.line),
        tostring(e.ignore_error_stats_update)}" 1 k
    EVAL "redis.pcall('FOO') return 1" 0
    EVAL "return redis.pcall('FOO').err" 0
    EVAL "return {redis.pcall('GET'), 1}" 0

Commands that scripts may not run
    EVAL "return redis.call('MULTI')" 0
    EVAL "return redis.call('EVAL', 'return 1', 0)" 0
    EVAL "return redis.call('WATCH', 'k')" 0
    EVAL "return redis.call('AUTH', 'x')" 0
    EVAL "return redis.call('SUBSCRIBE', 'x')" 0
    EVAL "return redis.call('CLIENT', 'ID')" 0
    EVAL "return redis.call('CONFIG', 'GET', 'timeout')" 0
    EVAL "return redis.call('SCRIPT', 'LOAD', 'x')" 0
    EVAL "return redis.call('QUIT')" 0
    EVAL "return redis.call('RESET')" 0
    EVAL "return redis.call('HELLO')" 0
    EVAL "return redis.call('MONITOR')" 0
    EVAL "return redis.call('SHUTDOWN')" 0
    EVAL "return redis.pcall('MULTI').err" 0

EVAL_RO and EVALSHA_RO refuse to write
    SET k v
    EVAL_RO "return redis.call('GET', KEYS[1])" 1 k
    EVAL_RO "return redis.call('SET', KEYS[1], 'w')" 1 k
    EVAL_RO "return redis.pcall('SET', KEYS[1], 'w')" 1 k
    EVAL_RO "return redis.call('PUBLISH', 'c', 'm')" 0
    EVAL_RO "return 1" 0
    EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
    GET k

SELECT in a script lasts for the script
    EVAL "redis.call('SELECT', 1) redis.call('SET', 'a', 'one') return redis.call('GET', 'a')" 0
    GET a
    SELECT 1
    GET a

One script does not see the globals of another
    EVAL "local secret = 1 return secret" 0
    EVAL "return secret" 0
    EVAL "secret = 1" 0
    EVAL "return secret" 0
    EVAL "string.len = nil" 0
    EVAL "return string.len('abc')" 0

A script that fails keeps what it wrote
    EVAL "redis.call('SET', 'a', '1') error('stop')" 0
    GET a

A key does not expire while a script runs
    EVAL "redis.call('SET', 'k', 'v', 'PX', 1) for i = 1, 300000 do end
        return redis.call('EXISTS', 'k')" 1 k

A key that a script sets to expire
    EVAL "redis.call('SET', 'k', 'v') redis.call('PEXPIREAT', 'k', 33177117420123)
        return redis.call('PEXPIRETIME', 'k')" 1 k
    EVAL "redis.call('EXPIRE', 'k', -1) return redis.call('EXISTS', 'k')" 1 k

A deep reply and a wide one
    EVAL "local t = {} for i = 1, 1000 do t[i] = i end return t" 0
    EVAL "local t = {} for i = 1, 50 do t = {t} end return t" 0

Lua that a session store uses
    EVAL "local n = redis.call('INCR', KEYS[1])
        if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n" 1 rate 100000
    EVAL "local n = redis.call('INCR', KEYS[1])
        if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n" 1 rate 100000
    near=500> PTTL rate
    EVAL "for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
        redis.call('DEL', 'session:' .. id) end
        return redis.status_reply('DONE')" 1 user
    EVAL "local data = redis.call('HGETALL', KEYS[1]) local out = {}
        for i = 1, #data, 2 do out[data[i]] = data[i+1] end return cjson.encode(out)" 1 missing
    EVAL "return tonumber(redis.call('HGET', KEYS[1], 'x') or 0) + 1" 1 missing

SORT in a script is sorted even without a key to sort by
    SADD s c a b
    unordered> EVAL "return redis.call('SMEMBERS', 's')" 1 s
    EVAL "return redis.call('SORT', 's', 'ALPHA')" 1 s
    EVAL "return redis.call('SORT', 's', 'BY', 'nosort')" 1 s

FUNCTION FLUSH with nothing to forget
    FUNCTION FLUSH
    FUNCTION FLUSH SYNC
    function flush async
    FUNCTION FLUSH FOO
    FUNCTION FLUSH SYNC x

Comments and line ends in scripts
    EVAL "-- a comment\nreturn 1 -- another" 0
    EVAL "--[[ long\n ]] return 2" 0
    EVAL "return 3\r\n" 0
    EVAL "\n\n\nerror('line 4')" 0
    EVAL "return 1;" 0
    EVAL ";return 1" 0

Zero bytes between words
    EVAL "\x00" 0
    EVAL "return 1 \x00" 0
    EVAL "x = \x00 1" 0
    EVAL "\x01" 0
    EVAL "return 'a\x00b' 'c'" 0
    EVAL "return 'a\x00b' c" 0
    EVAL "local a = 'x\x00y' return #a" 0
    EVAL "-- \x00 comment\nreturn 3" 0

Tables that stand for errors keep their dash, and end at a zero byte
    EVAL "return {err='-0'}" 0
    EVAL "return {1, {err='--ERR x'}}" 0
    EVAL "return {err='ab\\r\\n'}" 0
    EVAL "return {{err='\\r\\nab\\r\\n'}}" 0
    EVAL "return {err='a\\000b'}" 0
    EVAL "return {err='\\r\\n'}" 0
    EVAL "return {err=''}" 0
    EVAL "error({err='-My ERR\\r\\n'})" 0
    EVAL "error({err='a\\000b'})" 0
    EVAL "error('a\\000b')" 0
    EVAL "return redis.error_reply('a\\000b')" 0

Tables that stand for statuses, numbers and texts
    EVAL "return {ok='a\\000b'}" 0
    EVAL "return {ok='a\\r\\nb\\r\\n'}" 0
    EVAL "return {big_number='12\\r\\n3'}" 0
    EVAL "return {verbatim_string={format='mkd',string='x'}}" 0
    EVAL "return {verbatim_string={format='m',string='x'}}" 0
    EVAL "return {verbatim_string={format='',string='x'}}" 0
    EVAL "return {verbatim_string={format='markdown',string='x'}}" 0
    EVAL "return {verbatim_string={string='x'}}" 0
    EVAL "return {verbatim_string={format='txt'}}" 0
""",
    ),
]
