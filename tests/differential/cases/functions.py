"""FUNCTION, FCALL, and the first line in which a script declares its flags."""

from __future__ import annotations

from ..script import read_cases
from . import matrix

_REQUESTS = """
FCALL function 0 ...
FCALL_RO function 0 ...
FUNCTION ...
FUNCTION DELETE library
FUNCTION DUMP
FUNCTION FLUSH ...
FUNCTION KILL
FUNCTION LIST ...
FUNCTION LOAD code ...
FUNCTION RESTORE payload ...
FUNCTION STATS
"""

_CASES = r"""
A library is loaded, called, listed and deleted
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=one\nredis.register_function('f', function(keys, args)
        return {keys[1], args[1], #keys, #args} end)"
    FCALL f 1 a b c
    FCALL f 0
    FCALL F 2 a b
    FCALL_RO f 0
    FUNCTION LIST
    FUNCTION LIST WITHCODE
    FUNCTION LIST LIBRARYNAME o*
    FUNCTION LIST LIBRARYNAME O?E withcode
    FUNCTION LIST LIBRARYNAME x*
    FUNCTION STATS
    FUNCTION DELETE one
    FUNCTION DELETE one
    FCALL f 0
    FUNCTION LIST
    FUNCTION STATS

FUNCTION LIST refuses what it does not know
    FUNCTION LIST FOO
    FUNCTION LIST LIBRARYNAME
    FUNCTION LIST WITHCODE WITHCODE
    FUNCTION LIST LIBRARYNAME a LIBRARYNAME b

FCALL counts its keys
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=one\nredis.register_function('f', function() return 1 end)"
    FCALL f x
    FCALL f -1
    FCALL f 1
    FCALL f 2 a
    FCALL missing x
    FCALL f
    FCALL

A library is described in its first line
    FUNCTION FLUSH
    FUNCTION LOAD "redis.register_function('f', function() return 1 end)"
    FUNCTION LOAD "#!lua name=one"
    FUNCTION LOAD "#!lua\nreturn 1"
    FUNCTION LOAD "\r\n" x
    FUNCTION LOAD "y\n" x
    FUNCTION LIST "y\n"
    FUNCTION LOAD "#!lua name=\nreturn 1"
    FUNCTION LOAD "#!lua name=a-b\nreturn 1"
    FUNCTION LOAD "#!lua name=a name=b\nreturn 1"
    FUNCTION LOAD "#!lua NAME=a foo=b\nreturn 1"
    FUNCTION LOAD "#!lua name=\"a\nreturn 1"
    FUNCTION LOAD "#!python name=a\nreturn 1"
    FUNCTION LOAD "#! name=a\nreturn 1"
    FUNCTION LOAD "#!lua name=a\nreturn 1"
    FUNCTION LOAD "#!LUA NAME=a\nredis.register_function('f', function() return 1 end)"
    FUNCTION LOAD ""
    FUNCTION LOAD
    FUNCTION LOAD REPLACE
    FUNCTION LOAD FOO "#!lua name=a\nreturn 1"
    FUNCTION LOAD FOO BAR "#!lua name=a\nreturn 1"

A library that is there already
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=one\nredis.register_function('f', function() return 1 end)"
    FUNCTION LOAD "#!lua name=one\nredis.register_function('f', function() return 2 end)"
    FUNCTION LOAD "#!lua name=two\nredis.register_function('f', function() return 2 end)"
    FUNCTION LOAD REPLACE "#!lua name=one\nredis.register_function('f', function() return 3 end)"
    FCALL f 0
    FUNCTION LOAD REPLACE REPLACE "#!lua name=one\nredis.register_function('g',
        function() return 4 end)"
    FCALL f 0
    FCALL g 0
    FUNCTION LOAD REPLACE "#!lua name=one\nx x"
    FCALL g 0
    FUNCTION LOAD REPLACE "#!lua name=one\nreturn 1"
    FCALL g 0

A library that fails to load
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=x\nx x x"
    FUNCTION LOAD "#!lua name=x\nfoo = 1"
    FUNCTION LOAD "#!lua name=x\nlocal a = nil\n a.b = 1"
    FUNCTION LOAD "#!lua name=x\nerror('boom')"
    FUNCTION LOAD "#!lua name=x\nreturn string.upper('a')"
    FUNCTION LOAD "#!lua name=x\nreturn ('a'):upper()"
    FUNCTION LOAD "#!lua name=x\nredis.call('PING')"
    FUNCTION LOAD "#!lua name=x\nredis.pcall('PING')"
    FUNCTION LOAD "#!lua name=x\nredis.setresp(3)"
    FUNCTION LOAD "#!lua name=x\nmath.random()"
    FUNCTION LOAD "#!lua name=x\nreturn _G.redis"
    FUNCTION LOAD "#!lua name=x\nlocal function f() return cjson.encode({}) end f()"
    FUNCTION LOAD "#!lua name=x\nlocal function f() return tostring(1) end f()"
    FUNCTION LOAD "#!lua name=x\nlocal function f() return redis.call('PING') end f()"
    FUNCTION LOAD "#!lua name=x\nredis.log(redis.LOG_DEBUG, 'x')"
    FUNCTION LOAD "#!lua name=x\nredis.register_function = nil"
    FUNCTION LOAD "#!lua name=x\nredis.foo = 1"
    FUNCTION LOAD "#!lua name=x\nreturn KEYS"
    FUNCTION LIST

What redis.register_function takes
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=x\nredis.register_function()"
    FUNCTION LOAD "#!lua name=x\nredis.register_function('f')"
    FUNCTION LOAD "#!lua name=x\nredis.register_function('f', 1)"
    FUNCTION LOAD "#!lua name=x\nredis.register_function({}, function() end)"
    FUNCTION LOAD "#!lua name=x\nredis.register_function('f', function() end, 1)"
    FUNCTION LOAD "#!lua name=x\nredis.register_function('f-g', function() end)"
    FUNCTION LOAD "#!lua name=x\nredis.register_function('', function() end)"
    FUNCTION LOAD "#!lua name=x\nredis.register_function('f', function() end)
        redis.register_function('f', function() end)"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{function_name='f'}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{callback=function() end}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{function_name={}}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{callback=1}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{description={}}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{flags=1}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{flags={'foo'}}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{flags={{}}}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{foo=1}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{[{}]=1}"
    FUNCTION LOAD "#!lua name=x\nredis.register_function{function_name='f',
        callback=function() return redis.register_function end, description='tells',
        flags={'no-writes', 'allow-oom'}}"
    FUNCTION LIST
    FCALL f 0
    FUNCTION LOAD "#!lua name=y\nredis.register_function{FUNCTION_NAME=5,
        Callback=function() return 5 end, flags={'ALLOW-STALE', 'no-cluster',
        'allow-cross-slot-keys'}}"
    FUNCTION LIST LIBRARYNAME y
    FCALL 5 0

What functions find, and what they fail with
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=x\nlocal function define(name, f)
        redis.register_function(name, f) end
        define('a', function() error('x') end)
        define('b', function() return redis.call('foo') end)
        define('c', function() return redis.pcall('foo') end)
        define('d', function() foo = 1 end)
        define('e', function() return redis.foo end)
        define('f', function() return KEYS end)
        define('g', function() return redis.breakpoint == nil end)
        define('h', function() return __redis__err__handler end)
        define('i', function() return redis.sha1hex('') end)
        define('j', function() return cjson.encode({1}) end)
        define('k', function(keys) keys[2] = 'x' return keys end)
        define('l', function() redis.setresp(3) return redis.call('HGETALL', 'none') end)
        define('m', function() return {err='MY error'} end)
        define('n', function() redis.register_function('z', function() end) end)
        define('o', function() return string.upper('x') .. tostring(1) end)
        define('p', function() local t = nil\nreturn t.x end)
        define('q', function() error({err='MINE it is'}) end)
        define('r', function() return coroutine.wrap(function() coroutine.yield(7) end)() end)"
    FCALL a 0
    FCALL b 0
    FCALL c 0
    FCALL d 0
    FCALL e 0
    FCALL f 0
    FCALL g 0
    FCALL h 0
    FCALL i 0
    FCALL j 0
    FCALL k 1 a
    FCALL l 0
    FCALL m 0
    FCALL n 0
    FCALL o 0
    FCALL p 0
    FCALL q 0
    FCALL r 0

What a library keeps from its loading does not register afterwards
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=x\nlocal library = redis
        redis.register_function('f', function() return library.register_function('g', 1) end)
        redis.register_function('h', function() return library.call end)
        redis.register_function('i', function() library.x = 1 end)"
    FCALL f 0
    FCALL h 0
    FCALL i 0

The locals of a library stay
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=x\nlocal n = 0
        redis.register_function('count', function() n = n + 1 return n end)"
    FCALL count 0
    FCALL count 0
    EVAL "return n" 0

Functions that may not write
    FUNCTION FLUSH
    FUNCTION LOAD "#!lua name=x\nlocal function set() return redis.call('SET', 'a', 1) end
        local function get() return redis.call('GET', 'a') end
        redis.register_function('set', set)
        redis.register_function('get', get)
        redis.register_function{function_name='ro_set', callback=set, flags={'no-writes'}}
        redis.register_function{function_name='ro_get', callback=get, flags={'no-writes'}}"
    FCALL set 0
    FCALL get 0
    FCALL ro_set 0
    FCALL ro_get 0
    FCALL_RO set 0
    FCALL_RO get 0
    FCALL_RO ro_set 0
    FCALL_RO ro_get 0

FUNCTION DUMP and RESTORE
    FUNCTION FLUSH
    FUNCTION DUMP
    FUNCTION LOAD "#!lua name=x\nredis.register_function('f', function() return 1 end)"
    FUNCTION DUMP
    FUNCTION RESTORE x
    FUNCTION RESTORE "" FLUSH
    FUNCTION RESTORE x FOO
    FUNCTION RESTORE x FLUSH y
    FUNCTION RESTORE "\n\x00\x88\xdb\x15\xb4?}\xf0\xb1"
    FUNCTION LIST

Functions in a transaction
    FUNCTION FLUSH
    MULTI
    FUNCTION LOAD "#!lua name=x\nredis.register_function('f', function() return 1 end)"
    FCALL f 0
    FUNCTION LIST
    EXEC

Scripts may not touch functions
    FUNCTION FLUSH
    EVAL "return redis.call('FUNCTION', 'LIST')" 0
    EVAL "return redis.call('FCALL', 'f', 0)" 0
    FUNCTION KILL
    FUNCTION KILL x
    SCRIPT KILL
    FUNCTION STATS x
    FUNCTION DUMP x
    FUNCTION DELETE
    FUNCTION FOO
    FUNCTION

Flags of a script
    EVAL "#!lua\nreturn 1" 0
    EVAL "#!lua flags=no-writes\nreturn redis.call('GET', 'a')" 0
    EVAL "#!lua flags=no-writes\nreturn redis.call('SET', 'a', 'b')" 0
    EVAL "#!lua flags=no-writes,allow-stale,allow-oom,no-cluster,allow-cross-slot-keys\nreturn 2" 0
    EVAL "#!lua flags=\nreturn 3" 0
    EVAL "#!lua flags=foo\nreturn 3" 0
    EVAL "#!lua flags=no-writes,\nreturn 3" 0
    EVAL "#!lua flags=NO-WRITES\nreturn 3" 0
    EVAL "#!lua Flags=no-writes\nreturn 3" 0
    EVAL "#!lua name=x\nreturn 3" 0
    EVAL "#!lua foo\nreturn 3" 0
    EVAL "#!python\nreturn 3" 0
    EVAL "#!\nreturn 3" 0
    EVAL "#!lua" 0
    EVAL "#!lua 'x\nreturn 3" 0
    EVAL " #!lua\nreturn 3" 0
    EVAL "#!lua\n\n\nerror('line 4')" 0
    EVAL "#!lua flags=no-writes flags=allow-oom\nreturn redis.call('SET', 'a', 'b')" 0
    SCRIPT LOAD "#!lua flags=foo\nreturn 3"
    SCRIPT LOAD "#!lua flags=no-writes\nreturn 3"
    EVAL_RO "#!lua\nreturn redis.call('GET', 'a')" 0
    EVAL_RO "#!lua flags=no-writes\nreturn redis.call('GET', 'a')" 0
    EVAL_RO "#!lua flags=no-writes\nreturn redis.call('SET', 'a', 'b')" 0
    EVAL_RO "return redis.call('PUBLISH', 'a', 'b')" 0
    EVAL "#!lua flags=no-writes\nreturn redis.call('PUBLISH', 'a', 'b')" 0

SCRIPT DEBUG is off
    SCRIPT DEBUG NO
    SCRIPT DEBUG no
    SCRIPT DEBUG
    SCRIPT DEBUG x y

Names of chunks in errors
    EVAL "local f, e = loadstring('x x') return e" 0
    EVAL "local f, e = loadstring('x x', '@name') return e" 0
    EVAL "local f, e = loadstring('x x', '=name') return e" 0
    EVAL "local f, e = loadstring('\n\nx x') return e" 0
    EVAL "local f, e = loadstring('local a = 12345678901234567890123456789012345678901234567890 x')
        return e" 0
    EVAL "loadstring('error(1)')()" 0
    EVAL "loadstring('error(1)', '@name')()" 0
    EVAL "loadstring('error(1)', '=name')()" 0
    EVAL "local f, e = load(function() return nil end) return f()" 0
    EVAL "local n = 0 local f, e = load(function() n = n + 1
        if n < 3 then return 'x ' end end) return e" 0
    EVAL "local f, e = load(function() error('q') end) return e" 0
    EVAL "local f, e = load(function() return {} end) return e" 0
"""

CASES = [
    *matrix.arity("functions", _REQUESTS),
    *matrix.keys("functions", _REQUESTS),
    *read_cases("functions", _CASES),
]
