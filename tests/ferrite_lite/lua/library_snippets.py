"""Snippets for the libraries that Redis adds to Lua, one a line, by library.

A snippet without ``return`` is an expression to return; one further in continues the line above.
"""

from __future__ import annotations

_TEXT = r"""
bit
    {bit.band(12,10), bit.bor(1,2,4), bit.bxor(5,1), bit.bnot(0), bit.tobit(2^40+5),
        bit.tobit(2^31)}
    {bit.lshift(1,31), bit.rshift(-1,4), bit.arshift(-256,4), bit.rol(0x12345678,12),
        bit.ror(0x12345678,12), bit.rol(1,0), bit.ror(1,0), bit.rol(1,32)}
    {bit.bswap(0x12345678), bit.tohex(255), bit.tohex(255,2), bit.tohex(0xabcd,-4),
        bit.tohex(1,0), bit.tohex(1,20),bit.tohex(-1)}
    bit.band()
    bit.band('x')
    bit.band({})
    bit.band(nil)
    bit.band(1,'x')
    bit.band('12',10)
    bit.band(1.5,3)
    bit.tobit(2.5)
    bit.tobit(3.5)
    bit.tobit(-0.5)
    bit.tobit(1e300)
    bit.tobit(0/0)
    bit.tobit(1/0)
    bit.tohex(1, nil)
    bit.tohex(1, 'x')
    bit.lshift(1)
    bit.tohex()
    bit.tohex(1,-2^31)
    bit.foo

struct
    struct.pack('>I2', 258)
    struct.pack('<I2', 258)
    struct.pack('bBhHlLT', 1,2,3,4,5,6,7)
    struct.pack('i', 5)
    struct.pack('i3', -5)
    struct.pack('>i16', -5)
    struct.pack('i32', -5)
    struct.pack('i33', -5)
    struct.pack('i99999999999', -5)
    struct.pack('fd', 1.5, 2.5)
    struct.pack('>fd', 1.5, 2.5)
    struct.pack('f', 1e300)
    struct.pack('c5', 'hello world')
    struct.pack('c5', 'hell')
    struct.pack('c0', 'hello')
    struct.pack('s', 'hello')
    struct.pack('sss', 'a','b','c')
    struct.pack('!4 bi', 1, 2)
    struct.pack('!bi8', 1, 2)
    struct.pack('!8bd', 1, 2)
    struct.pack('!3b', 1)
    struct.pack('!0b', 1)
    struct.pack('z', 1)
    struct.pack('b')
    struct.pack('b', 'x')
    struct.pack('s', {})
    struct.pack()
    struct.pack('x')
    struct.pack('bxb', 1, 2)
    struct.pack('L', 2^64)
    struct.pack('L', 2^63)
    struct.pack('l', -2^70)
    struct.pack('l', 0/0)
    struct.pack('l', 1/0)
    struct.pack('b', 300)
    struct.pack('!4i3b', 1, 2)
    struct.pack('bi3', 1, 2)
    struct.pack('!4bi3', 1, 2)
    struct.pack('b\0z', 1)
    {struct.unpack('>I2', '\1\2')}
    {struct.unpack('<I2', '\1\2')}
    {struct.unpack('bB', '\255\255')}
    {struct.unpack('b', '\255', 2)}
    {struct.unpack('b', '\255', 0)}
    {struct.unpack('b', '\255', -1)}
    {struct.unpack('bbb', '\1\2\3', 2)}
    {struct.unpack('s', 'abc\0def')}
    {struct.unpack('s', 'abc')}
    {struct.unpack('bc0', '\3abc')}
    {struct.unpack('c0', '\3abc')}
    {struct.unpack('sc0', 'x\0abc')}
    {struct.unpack('sc0', '2\0abc')}
    {struct.unpack('bc0', '\5abc')}
    {struct.unpack('bc0', '\255abc')}
    {struct.unpack('c2', 'abc')}
    {struct.unpack('c5', 'abc')}
    {struct.unpack('i9', string.rep('\255',9))}
    {tostring(struct.unpack('i9', '\1\2\3\4\5\6\7\8\9'))}
    {tostring(struct.unpack('i16', string.rep('\1',16)))}
    {tostring(struct.unpack('I16', string.rep('\1',16)))}
    {tostring(struct.unpack('>i12', string.rep('\1',12)))}
    {tostring(struct.unpack('i0', 'abc'))}
    {tostring((struct.unpack('f', struct.pack('f',0.1))))}
    {tostring((struct.unpack('>d', struct.pack('>d',0.1))))}
    {struct.unpack('!4bi', struct.pack('!4bi',1,2))}
    {struct.unpack('z', 'abc')}
    {struct.unpack('xb', 'ab')}
    struct.unpack('b')
    struct.unpack()
    {struct.unpack(string.rep('b',8000), string.rep('a',8000))}
    #{struct.unpack(string.rep('b',7990), string.rep('a',8000))}
    struct.size('bhil')
    struct.size('!bhil')
    struct.size('s')
    struct.size('c0')
    struct.size('c')
    struct.size('c10')
    struct.size('z')
    struct.size('?')
    struct.size('!7')
    struct.size('')
    struct.size()
    struct.size('!4 i3 i5')
    struct.foo

cmsgpack
    cmsgpack.pack({1,2})
    cmsgpack.pack(1,2,'x')
    cmsgpack.pack()
    cmsgpack.pack(nil,true,false)
    cmsgpack.pack({})
    cmsgpack.pack({a=1})
    cmsgpack.pack({a={b={c=1}}})
    cmsgpack.pack(string.rep('x',31))
    cmsgpack.pack(string.rep('x',32))
    cmsgpack.pack(string.rep('x',256))
    #cmsgpack.pack(string.rep('x',70000))
    cmsgpack.pack(0,127,128,255,256,65535,65536,4294967295,4294967296,2^53,2^63,2^64)
    cmsgpack.pack(-1,-32,-33,-128,-129,-32768,-32769,-2147483648,-2147483649,-2^53,-2^63,-2^64)
    cmsgpack.pack(0.5,0.1,1e300,1/0,-1/0,0/0,-0.0, 3.4e38, 3.5e38, 1e-50)
    cmsgpack.pack(print)
    cmsgpack.pack(cjson.null)
    cmsgpack.pack({1,nil,3})
    cmsgpack.pack({[2]='x'})
    cmsgpack.pack({1,2,3,[1.5]=3})
    local t={} for i=1,16 do t[i]=i end return cmsgpack.pack(t)
    local t={} for i=1,70000 do t[i]=i end return redis.sha1hex(cmsgpack.pack(t))
    local t={} for i=1,20 do t={t} end return cmsgpack.pack(t)
    local t={} for i=1,20 do t={a=t} end return cmsgpack.pack(t)
    local t={} t[1]=t return cmsgpack.pack(t)
    cmsgpack.pack({[true]=1})
    {cmsgpack.unpack(cmsgpack.pack(1,'x',true,{1,2,{a=3}}))}
    {cmsgpack.unpack('')}
    {cmsgpack.unpack('\1\2\3')}
    {cmsgpack.unpack('\193')}
    {cmsgpack.unpack('\146\1')}
    {cmsgpack.unpack('\165ab')}
    {cmsgpack.unpack('\207\255\255\255\255\255\255\255\255')}
    {cmsgpack.unpack('\206\255\255\255\255')}
    {cmsgpack.unpack('\211\255\255\255\255\255\255\255\255')}
    {cmsgpack.unpack('\208\255\209\255\254\210\255\255\255\253')}
    {cmsgpack.unpack('\204\255\205\255\254')}
    {tostring((cmsgpack.unpack('\202\63\128\0\0')))}
    {tostring((cmsgpack.unpack('\203\63\240\0\0\0\0\0\0')))}
    {cmsgpack.unpack('\220\0\2\1\2')}
    {cmsgpack.unpack('\221\0\0\0\2\1\2')}
    {cmsgpack.unpack('\221\255\255\255\255\1\2')}
    cmsgpack.unpack('\222\0\1\1\2')[1]
    cmsgpack.unpack('\129\192\1')
    cmsgpack.unpack('\129\203\127\248\0\0\0\0\0\0\1')
    cmsgpack.unpack('\147\1\192\3')
    #cmsgpack.unpack('\147\1\192\3')
    {cmsgpack.unpack_one('\1\2\3')}
    {cmsgpack.unpack_one('\1\2\3',1)}
    {cmsgpack.unpack_one('\1\2\3',2)}
    {cmsgpack.unpack_one('\1\2\3',3)}
    {cmsgpack.unpack_one('\1\2\3',4)}
    {cmsgpack.unpack_one('\1\2\3',-1)}
    {cmsgpack.unpack_limit('\1\2\3',2)}
    {cmsgpack.unpack_limit('\1\2\3',2,1)}
    {cmsgpack.unpack_limit('\1\2\3',0,1)}
    {cmsgpack.unpack_limit('\1\2\3',0,0)}
    {cmsgpack.unpack_limit('\1\2\3',-1,0)}
    {cmsgpack.unpack_limit('\1\2\3')}
    {cmsgpack.unpack_one()}
    {cmsgpack.unpack()}
    {cmsgpack.unpack(12)}
    {cmsgpack.unpack({})}
    #{cmsgpack.unpack(string.rep('\1',7998))}
    #{cmsgpack.unpack(string.rep('\1',7999))}
    #{cmsgpack.unpack(string.rep('\1',8000))}
    #{cmsgpack.unpack(string.rep('\1',8001))}
    type(cmsgpack.unpack(string.rep('\145',3998)..'\1'))
    type(cmsgpack.unpack(string.rep('\145',3999)..'\1'))
    type(cmsgpack.unpack(string.rep('\145',4000)..'\1'))
    type(cmsgpack.unpack(string.rep('\145',4001)..'\1'))
    type(cmsgpack.unpack(string.rep('\129\1',3998)..'\1'))
    type(cmsgpack.unpack(string.rep('\129\1',3999)..'\1'))
    type(cmsgpack.unpack(string.rep('\129\1',4000)..'\1'))
    cmsgpack._NAME..cmsgpack._VERSION

cjson
    cjson.encode({1,2,{a=1}})
    cjson.encode({[1]=1,[100]=2})
    cjson.encode({[11]=1})
    cjson.encode({[10]=1})
    cjson.encode_sparse_array(true) return cjson.encode({[100]=2})
    {cjson.encode_sparse_array()}
    {cjson.encode_sparse_array(true,3,5)}
    {cjson.encode_sparse_array('on',0,5)}
    {cjson.encode_sparse_array('foo')}
    {cjson.encode_sparse_array(1)}
    {cjson.encode_sparse_array(true,-1)}
    {cjson.encode_sparse_array(true,1,1,1)}
    {cjson.encode_sparse_array(true,'x')}
    {cjson.encode_max_depth()}
    {cjson.encode_max_depth(5)}
    {cjson.encode_max_depth(0)}
    {cjson.encode_max_depth('x')}
    {cjson.encode_max_depth(1,2)}
    {cjson.decode_max_depth()}
    {cjson.decode_max_depth(3)}
    cjson.encode_max_depth(1) return cjson.encode({{1}})
    cjson.decode_max_depth(1) return cjson.decode('[[1]]')
    cjson.decode_max_depth(1) return cjson.decode('[1]')
    {cjson.encode_number_precision()}
    {cjson.encode_number_precision(15)}
    {cjson.encode_number_precision(0)}
    cjson.encode_number_precision(3) return cjson.encode({3.14159,1e10,100000})
    {cjson.encode_keep_buffer()}
    {cjson.encode_keep_buffer(false)}
    {cjson.encode_keep_buffer('on')}
    {cjson.encode_invalid_numbers()}
    {cjson.encode_invalid_numbers('null')}
    {cjson.encode_invalid_numbers('x')}
    cjson.encode_invalid_numbers('null') return cjson.encode({1/0,0/0,-1/0})
    cjson.encode_invalid_numbers(true) return cjson.encode({1/0,0/0,-1/0})
    cjson.encode_invalid_numbers('off') return cjson.encode({1/0})
    cjson.encode({0/0})
    cjson.encode(1/0)
    {cjson.decode_invalid_numbers()}
    {cjson.decode_invalid_numbers(false)}
    {cjson.decode_invalid_numbers('null')}
    cjson.decode_invalid_numbers(false) return cjson.decode('[0x10]')
    cjson.decode_invalid_numbers(false) return cjson.decode('[01]')
    cjson.decode_invalid_numbers(false) return cjson.decode('[nan]')
    cjson.decode_invalid_numbers(false) return cjson.decode('[-]')
    cjson.decode_invalid_numbers(false) return cjson.decode('[-inf]')
    cjson.decode_invalid_numbers(true) return cjson.decode('[0x10,01,-0x1,+5,1.]')
    cjson.decode_invalid_numbers(true) return tostring(cjson.decode('[nan]')[1])
    cjson.decode_invalid_numbers(true) return tostring(cjson.decode('[-inf]')[1])
    cjson.decode_invalid_numbers(true) return tostring(cjson.decode('[Infinity]')[1])
    cjson.decode('[-]')
    cjson.decode('[-.5]')
    cjson.decode('[.5]')
    cjson.decode('[+x]')
    cjson.decode('[1e]')
    cjson.decode('[1e5x]')
    cjson.decode('[12 34]')
    cjson.decode('nil')
    cjson.decode('inf')
    cjson.decode('null')==cjson.null
    cjson.decode('"a\tb"')
    cjson.decode('"a\\u00e9b"')
    cjson.decode('"\\ud83d\\ude00"')
    cjson.decode('"\\ud83d"')
    cjson.decode('"\\ud83dx"')
    cjson.decode('"\\ude00"')
    cjson.decode('"\\u12"')
    cjson.decode('"\\u12zz"')
    cjson.decode('"\\x"')
    cjson.decode('"abc')
    cjson.decode('"abc\\')
    cjson.decode('"\\n\\t\\r\\b\\f\\/\\\\\\""')
    cjson.decode('"a\\u0000b"')
    cjson.decode('12\0abc')
    cjson.decode('\0abc')
    cjson.decode('1\0')
    cjson.decode('1')
    cjson.decode('')
    cjson.decode(' ')
    cjson.decode()
    cjson.decode(1)
    cjson.decode({})
    cjson.decode('1','2')
    cjson.decode('{"a":1,"b":[1,2,{"c":null}]}').b
    cjson.decode('{"a":1,}')
    cjson.decode('{"a" 1}')
    cjson.decode('{a:1}')
    cjson.decode('{"a":}')
    cjson.decode('[1,]')
    cjson.decode('[1')
    cjson.decode('[,]')
    cjson.decode('{"a":1')
    cjson.decode('{"a":1 2}')
    cjson.decode('{,}')
    cjson.decode(']')
    cjson.decode('tru')
    cjson.decode('truee')
    cjson.decode('@')
    cjson.decode('[1]]')
    cjson.decode('{} x')
    cjson.decode('{"1":2}')["1"]
    cjson.encode(cjson.decode('{"a":{"b":[]}}'))
    cjson.encode(cjson.decode('[[],{}]'))
    cjson.encode({})
    cjson.encode('a/b"\\\0\127\31é')
    cjson.encode({[true]=1})
    cjson.encode({[1.5]=1})
    cjson.encode({[0]=1})
    cjson.encode(print)
    cjson.encode({print})
    cjson.encode({x=function() end})
    cjson.encode(1.5)
    cjson.encode(1e15)
    cjson.encode(-0)
    cjson.encode(nil)
    cjson.encode()
    cjson.encode(1,2)
    cjson.encode(cjson.null)
    cjson.encode({cjson.null,nil,1})
    type(cjson.decode(string.rep('[',1000)..string.rep(']',1000)))
    type(cjson.decode(string.rep('[',1001)..string.rep(']',1001)))
    local t={} for i=1,999 do t={t} end return #cjson.encode(t)
    local t={} for i=1,1000 do t={t} end return #cjson.encode(t)
    local t={} for i=1,999 do t={a=t} end return #cjson.encode(t)
    local t={} t[1]=t return cjson.encode(t)
    type(cjson.new())
    cjson.new().encode({1})
    local c=cjson.new() c.encode_max_depth(1) return {cjson.encode_max_depth(),
        c.encode_max_depth()}
    cjson.foo
    cjson._NAME..cjson._VERSION
    cjson.encode(redis.pcall('foo'))

coroutines
    type(coroutine)
    local co=coroutine.create(function(a,b) local c=coroutine.yield(a+b) local
        d,e=coroutine.yield(c*2) return d+e end) return
        {coroutine.resume(co,1,2)},coroutine.status(co)
    local co=coroutine.create(function(a,b) local c=coroutine.yield(a+b) local
        d,e=coroutine.yield(c*2) return d+e end) local r={} for i=1,5 do local
        x={coroutine.resume(co,i,i+1)} r[#r+1]=tostring(x[1]) r[#r+1]=x[2]
        r[#r+1]=coroutine.status(co) end return r
    local f=coroutine.wrap(function() for i=1,3 do coroutine.yield(i) end end) return
        {f(),f(),f(),f()}
    local f=coroutine.wrap(function() for i=1,3 do coroutine.yield(i) end end) f() f() f() f()
        return f()
    local f=coroutine.wrap(function() error('x') end) return f()
    local f=coroutine.wrap(function() error({err='boom'}) end) return f()
    local f=coroutine.wrap(function() error('x',0) end) return f()
    local f=coroutine.wrap(function() error('x',2) end) return f()
    local co=coroutine.create(function() error('x') end) return {tostring(coroutine.resume(co)),
        select(2, coroutine.resume(co))}
    local co=coroutine.create(function() error('x') end) return select(2, coroutine.resume(co))
    local co=coroutine.create(function() local x=nil; return x.y end) return select(2,
        coroutine.resume(co))
    coroutine.create(1)
    coroutine.create()
    coroutine.create(string.upper)
    coroutine.create(coroutine.yield)
    coroutine.wrap(print)
    coroutine.resume(1)
    coroutine.resume()
    coroutine.status()
    coroutine.status('x')
    coroutine.yield(1)
    tostring(coroutine.running())
    coroutine.wrap(function() return type(coroutine.running()) end)()
    local co co=coroutine.create(function() return coroutine.status(co) end) return
        select(2,coroutine.resume(co))
    local co co=coroutine.create(function() return coroutine.resume(co) end) local
        a,b,c=coroutine.resume(co) return {tostring(a),tostring(b),tostring(c)}
    local co1,co2 co1=coroutine.create(function() return coroutine.resume(co2) end)
        co2=coroutine.create(function() return coroutine.status(co1) end) local
        a,b,c=coroutine.resume(co1) return {tostring(a),tostring(b),tostring(c)}
    local co=coroutine.create(function() return pcall(coroutine.yield,1) end) local
        a,b,c=coroutine.resume(co) return {tostring(a),tostring(b),tostring(c)}
    local co=coroutine.create(function() return pcall(function() coroutine.yield(1) end) end)
        local a,b,c=coroutine.resume(co) return {tostring(a),tostring(b),tostring(c)}
    local co=coroutine.create(function() table.sort({3,2,1},function(a,b) coroutine.yield(1)
        end) end) local a,b,c=coroutine.resume(co) return {tostring(a),tostring(b),tostring(c)}
    local t=setmetatable({},{__index=function() coroutine.yield(1) end}) local
        co=coroutine.create(function() return t.x end) local a,b,c=coroutine.resume(co) return
        {tostring(a),tostring(b),tostring(c)}
    local t=setmetatable({},{__call=function(self,x) coroutine.yield(x) return 7 end}) local
        co=coroutine.create(function() return t(5) end) local a,b=coroutine.resume(co) local
        c,d=coroutine.resume(co) return {b,d}
    local co=coroutine.create(function() for x in function() coroutine.yield(1) end do end end)
        local a,b=coroutine.resume(co) return {tostring(a),b}
    local function gen(n) return coroutine.wrap(function() for i=1,n do coroutine.yield(i,i*i)
        end end) end local r={} for a,b in gen(4) do r[#r+1]=a*100+b end return r
    local function inner(x) local y=coroutine.yield(x) return y+1 end local
        co=coroutine.create(function(a) local r=inner(a) return inner(r) end) local r={}
        r[1]=select(2,coroutine.resume(co,1)) r[2]=select(2,coroutine.resume(co,10))
        r[3]=select(2,coroutine.resume(co,20)) return r
    local y=coroutine.yield local co=coroutine.wrap(function() y(1) y(2) return 3 end) return
        {co(),co(),co()}
    local co=coroutine.wrap(function(...) local t={...} while true do
        t={coroutine.yield(#t,unpack(t))} end end) return {co(1,2,3),co(),co(nil,nil),co('a')}
    local co=coroutine.create(function() end) coroutine.resume(co) return {coroutine.status(co),
        select(2,coroutine.resume(co))}
    local co=coroutine.create(function() local function f() return f() end f() end) return 1
    local co=coroutine.create(function() redis.call('set','k1','v')
        coroutine.yield(redis.call('get','k1')) end) return select(2,coroutine.resume(co))
    local co=coroutine.create(function() redis.call('foo') end) local a,b=coroutine.resume(co)
        return {tostring(a), type(b), b.err}
    local function nest(n) if n==0 then return 0 end return coroutine.wrap(function() return
        1+nest(n-1) end)() end return nest(100)
    type(coroutine.create(function() end))
    local co=coroutine.create(function() end) return cjson.encode(co)
    coroutine.create(function() end)
    tostring(coroutine.wrap(function() end)):match('^function')
    coroutine.resume(coroutine.create(function(...) return select('#',...) end),1,2,3)
    local c=coroutine.wrap(function() local a <const> = 1 end) return 1
    local f=coroutine.wrap(function() return coroutine.yield() end) f() return {f(1,2,3)}
    local co=coroutine.wrap(function() local s='' for w in ('a b c'):gmatch('%a') do s=s..w
        coroutine.yield(s) end end) return {co(),co(),co()}
    local f=loadstring('return coroutine.wrap(function() coroutine.yield(5) end)') return f()()
    local f=loadstring('coroutine.yield(5) return 6') local c=coroutine.wrap(f) return {c(),c()}
    local r={} local c=coroutine.wrap(function() repeat local x=coroutine.yield() r[#r+1]=x
        until x==3 end) c() c(1) c(2) c(3) return r

forms of commands
    redis.call('HSET', KEYS[1], 'a', 1, 'b', 2)
    redis.call('HSET', KEYS[1], 'a', 1) return redis.call('HGETALL', KEYS[1])
    redis.call('HSET', KEYS[1], 'a', 1) return {1, redis.call('HGETALL', KEYS[1])}
    redis.call('HSET', KEYS[1], 'a', 1) return {nil, redis.call('HGETALL', KEYS[1])}
    redis.call('HSET', KEYS[1], 'a', 1) return {redis.call('HGETALL', KEYS[1]), 'x'}
    redis.call('HSET', KEYS[1], 'a', 1) return {redis.call('HGETALL', KEYS[1]), nil, 'x'}
    redis.call('HSET', KEYS[1], 'a', 1) return {redis.call('HGETALL', KEYS[1]),
        redis.call('HSET', KEYS[1], 'a', 2)}
    redis.call('SADD', KEYS[1], 'a') return redis.call('SMEMBERS', KEYS[1])
    redis.call('SADD', KEYS[1], 'a') return {'b', redis.call('SMEMBERS', KEYS[1])}
    redis.call('SADD', KEYS[1], 1, 3, 2) return {1.9, redis.call('SMEMBERS', KEYS[1])}
    redis.call('HSET', KEYS[1], 'a', 1) return {redis.call('HMGET', KEYS[1], 'a', 'b', 'a')}
    redis.call('SET', KEYS[1], 'v') return {redis.call('GET', KEYS[1]), redis.call('GET', 'no')}
    return {redis.call('SET', KEYS[1], 'v')}
    return redis.call('SET', KEYS[1], 'v')
    return {redis.call('HGETALL', 'missing')}
    return redis.call('INCR', ARGV[2])
    return {redis.call('INCR')}
    redis.call('SET', KEYS[1], 'x') return {redis.call('INCR', KEYS[1])}
    redis.pcall('GET', true)
    redis.pcall('GET', {})
    redis.pcall('GET', ARGV[2])
    redis.pcall('GET')
    redis.pcall('SET', KEYS[1], 17, 'EX', 100.0)
    redis.call('SET', KEYS[1], 'x') return redis.pcall('INCR', KEYS[1])
    redis.call('SET', KEYS[1], 'x') return {redis.pcall('INCR', KEYS[1])}
    redis.call('SET', KEYS[1], 0) return redis.call('GET', KEYS[1])
    local z = -0 redis.call('SET', KEYS[1], 0) return redis.call('GET', KEYS[1])
    redis.call('SET', KEYS[1], 1e15) return redis.call('GET', KEYS[1])
    redis.call('SET', KEYS[1], 1e17) return redis.call('GET', KEYS[1])
    redis.call('SET', KEYS[1], 0.1) return redis.call('GET', KEYS[1])
    redis.call('SET', KEYS[1], 1e400) return redis.call('GET', KEYS[1])
    local n = 3 n = n * 4 redis.call('SET', KEYS[1], n) return redis.call('GET', KEYS[1])
    local n = 3 n = n * -4 redis.call('SET', KEYS[1], n) return redis.call('GET', KEYS[1])
    local n = 3 n = n * 0 redis.call('SET', KEYS[1], n) return redis.call('GET', KEYS[1])
    local n = -3 n = n * 0 redis.call('SET', KEYS[1], n) return redis.call('GET', KEYS[1])
    local n = 3e16 n = n * 4 redis.call('SET', KEYS[1], n) return redis.call('GET', KEYS[1])
    local n = 1e300 n = n * n redis.call('SET', KEYS[1], n) return redis.call('GET', KEYS[1])

short loops
    local r = {} for i = 0, 2 do r[#r + 1] = tostring(i) end return r
    local z = -0 local r = {} for i = 0, 2 do r[#r + 1] = tostring(i) end return r
    local r = {} for i = -0, 2 do r[#r + 1] = tostring(i) end return r
    local r = {} for i = 2, 0, -1 do r[#r + 1] = tostring(i) end r[4] = tostring(-0) return r
    local r = {} for i = 2, -0, -1 do r[#r + 1] = tostring(i) end r[4] = tostring(0) return r
    local r = {} for i = -0, 2 do r[#r + 1] = tostring(i) end r[4] = tostring(0) return r
    local r = {} for i = 1, 2, 1e300 do r[#r + 1] = tostring(i) if #r > 3 then break end end
        return r
    local r = {} for i = 0.3, 1, 0.1 do r[#r + 1] = string.format('%.17g', i) end return r
    local r = {} for i = 0.7, 0, -0.1 do r[#r + 1] = string.format('%.17g', i) end return r
    local r = {} for i = 2^53, 2^53 + 4 do r[#r + 1] = string.format('%.17g', i) if #r > 6 then
        break end end return r
    local r = {} for i = -2^53 - 4, -2^53 + 2 do r[#r + 1] = string.format('%.17g', i) if #r > 6
        then break end end return r
    local r = {} for i = -1, 1 do r[#r + 1] = tostring(i) end return r
    local t, r = {1, 2, 3, 4}, {} for i = 0, 1 do r[#r + 1] = t[i * 2 + 1] end return r
    local t, r = {1, 2, 3, 4}, {} for i = 0, 3 do r[#r + 1] = tostring(t[i]) end return r
    local t, r = {1, 2, 3, 4}, {} for i = 1, 3 do r[#r + 1] = tostring(t[5 - i]) end return r
    local t, r = {1, 2, 3, 4}, {} for i = 1, 5 do r[#r + 1] = tostring(t[2 + (i - 1)]) end return r
    local t, r = {1, 2, 3}, {} for i = 1, 3 do r[#r + 1] = tostring(t[i * i]) end return r
    local t, r = {1, 2, 3}, {} for i = 1, 3 do r[#r + 1] = tostring(t[i * 0.5]) end return r
    local t = 'x' for i = 1, 3 do local v = t[i + 1] end return 1
    for i = 1, 3 do local v = ARGV[2 * i - 1] if v then return {v, i} end end
    for i = 0, 3 do local v = KEYS[i + 1] if not v then return i end end
    local r = {} for i = 1, 3 do r[i] = function() return ({5, 6, 7})[i] end end
        return {r[1](), r[3]()}

comparisons of what is not known
    local function f(a, b) return {a < b and 1, a <= b and 1, a > b and 1} end return f(ARGV[1],
        'b')
    local function f(a, b) return {a < b and 1, a <= b and 1, a > b and 1} end return f(1, 2)
    local function f(a, b) return a < b end return f(1, 'b')
    local function f(a, b) return a < b end return f(nil, 'b')
    string.find(ARGV[1], '^%d+$')
    if string.find('12', '^%d+$') and not string.find('', '^%d+$') then return 'digits' end return
        'none'
    local v = 12 if string.find(v, '^%d+$') then return 'digits' end return 'none'
    local v = {} if string.find(v, '^%d+$') then return 'digits' end return 'none'

tail calls
    local function f(n) if n<1 then return n end return f(n-1) end return f(9e4)
    local f, g function f(n) if n<1 then return n, 'f' end return g(n-1) end function g(n)
        if n < 1 then return n, 'g' end return f(n-1) end return {f(20001)}
    local t = {} function t:go(n) if n < 1 then return n end return self:go(n - 1) end
        return t:go(9e3)
    local function f(n, ...) if n<1 then return select('#', ...), ... end return f(n-1, n, ...) end
        return {f(300)}
    local function f(n) if n < 1 then return nope() end return f(n-1) end return f(1000)
    local function f(n) if n < 1 then local x return x(1) end return f(n-1) end return f(1000)
    local function f(n) if n < 1 then error('deep') end return f(n-1) end return f(1000)
    local function f(n) if n < 1 then return error('deep') end return f(n-1) end
        return {pcall(f, 1000)}
    local function f(n) if n < 1 then return unpack({1,2,3}) end return f(n-1) end return {f(10000)}
    local function f(n, k) if n < 1 then return k(n) end return f(n-1, function(x) return k(x + 1)
        end) end return f(1000, function(x) return x end)
    local t = setmetatable({}, {__call = function(self, n) if n < 1 then return 'called' end
        return self(n - 1) end}) return t(100)
    local function g() error('x', 2) end local function f() return g() end f() return 1
    local function g() error('x', 3) end local function f() return g() end local a = f() return 1
    local function g() error('x', 3) end local function h() return g() end local function f()
        return h() end local a = f() return 1
    local function g() error('x', 4) end local function h() return g() end local function f()
        return h() end local a = f() return 1
    local function f() error('x', 2) end return f()

errors of handlers
    xpcall(function() error('x') end, function(m) error('y') end)
    {xpcall(function() error('x') end, function(m) error('y') end)}
    {xpcall(error, error)}
    {xpcall(function() error('x') end, nil)}
    {xpcall(function() error('x') end, {})}
    {pcall(xpcall, function() error('x') end, function(m) error('y') end)}
    local function f() error('x') end return {xpcall(f, f)}
    local n = 0 local r = {xpcall(function() error('x') end, function(m) n = n + 1 error('y') end)}
        r[#r+1] = n return r
    local n = 0 local r = {xpcall(function() error('x') end, function(m) n = n + 1 if n < 5 then
        error('y'..n) end return m end)} r[#r+1] = n return r

limits of a source
    local function deepest(a, b, c) for n = 196, 202 do if not loadstring(string.rep(a, n) .. b ..
        string.rep(c, n)) then return n end end end return {deepest('do ', '', ' end'),
        deepest('f(', '', ')'), deepest('x = {', '', '}')}
    local function why(...) return select(2, loadstring(...)) end return {
        why('x = ' .. string.rep('(', 205)), why(string.rep('do ', 205)),
        why('x = ' .. string.rep('- ', 205)), why(string.rep('function f() ', 205)),
        why('x = ' .. string.rep('{', 205)), why('return 1' .. string.rep('..1', 205))}
    local function locals(n, rest) local t = {} for i = 1, n do t[i] = 'local a' .. i .. ' = 1' end
        local made, why = loadstring(table.concat(t, ' ') .. rest) return why or 'compiles' end
        return {locals(200, ''), locals(201, ''), locals(196, ' for i = 1, 2 do end'),
        locals(197, ' for i = 1, 2 do end'), locals(195, ' for i, j in nil do end'),
        locals(196, ' for i, j in nil do end')}
    local function used(n) local t, s = {}, {} for i = 1, n do t[i] = 'local a' .. i .. ' = 1'
        s[i] = 'a' .. i end local made, why = loadstring(table.concat(t, ' ') ..
        ' local function f() return ' .. table.concat(s, '+') .. ' end') return why or 'compiles'
        end return {used(60), used(61)}

deep blocks
    local r = {} for _, k in ipairs({{'while x do ', ' end'}, {'if x then ', ' end'},
        {'do ', ' end'}, {'repeat ', ' until x'}}) do for n = 196, 201 do if not loadstring(
        string.rep(k[1], n) .. string.rep(k[2], n)) then r[#r + 1] = n break end end end return r
    local function deep(n, a, inside, c) return loadstring('local n = 0 ' .. string.rep(a, n) ..
        inside .. string.rep(c, n) .. ' return n')() end return {
        deep(25, 'for i = 1, 1 do ', 'for j = 1, 3 do n = n + j if j == 2 then break end end ',
        'end '),
        deep(25, 'for i = 1, 1 do ', 'for j = 1, 3 do n = n + j if j == 2 then return n end end ',
        'end '),
        deep(25, 'while true do ', 'n = n + 1 do break end ', 'end n = n + 1 do break end '),
        deep(30, 'repeat ', 'n = n + 1 ', 'until n > 3 '),
        deep(30, 'if 1 then ', 'local m = n + 5 n = m ', 'end '),
        deep(30, 'if 1 then ', 'return ', 'end ') or 'none',
        deep(20, 'for k, v in pairs({a = 1}) do ', 'n = k ', 'end ')}
    local function deep(inside) return loadstring('local function f(...) ' ..
        string.rep('if 1 then ', 40) .. inside .. string.rep(' end', 40) .. ' end return f')() end
        return {pcall(deep("local x x.y = 1")), pcall(deep("error('e', 2)")),
        pcall(deep("return redis.call('INCR', 'a', 'b')")), deep('return ...')(1, 2),
        deep("return select('#', ...), ...")(1, 2)}
    local fs = loadstring('local fs = {} ' .. string.rep('for i = 1, 1 do ', 20) ..
        'for j = 1, 3 do fs[j] = function() j = j + 1 return j end end ' ..
        string.rep('end ', 20) .. 'return fs')() return {fs[1](), fs[1](), fs[2](), fs[3]()}
    local c = coroutine.wrap(loadstring(string.rep('if 1 then ', 40) ..
        "coroutine.yield(...) return 'z', coroutine.yield('second')" .. string.rep(' end', 40)))
        return {c(1, 2), c(), c(5)}
    local function choice(n) local t = {"local x = ... if x == 'a' then x = 1"} for i = 1, 250 do
        t[#t + 1] = ' elseif x.n == ' .. i .. ' then return ' .. i + 1 end
        return loadstring(table.concat(t) .. " else return 'none' end")({n = n}) end
        return {choice(1), choice(74), choice(75), choice(76), choice(250), choice(251)}

names of chunks
    local function names(name) return {select(2, loadstring('x = = 1', name)),
        select(2, pcall(loadstring('error(1)', name)))} end local r = {}
        for n = 40, 90, 5 do for _, kind in ipairs({'@', '=', 'x'}) do for _, name in ipairs(
        names(kind .. string.rep('n', n))) do r[#r + 1] = name end end end return r

bytecode
    loadstring(string.dump(function() return 1 end))
    loadstring(string.dump(function() return 1 end))()
    string.sub(string.dump(function() return 1 end), 1, 12)
    string.dump(1)
    string.dump()
    string.dump(tostring)

the error handler
    type(__redis__err__handler)
    local t=__redis__err__handler('x') return {t.err, tostring(t.source), tostring(t.line)}
    local t=__redis__err__handler({err='y'}) return {t.err, tostring(t.source), tostring(t.line)}
    local function f() local t=__redis__err__handler('x') return {t.err, tostring(t.source),
        tostring(t.line)} end return f()

"""


def read(text: str) -> dict[str, list[str]]:
    """The chunks of each group: four blanks begin one, eight go on with it, none name a group."""
    groups: dict[str, list[str]] = {}
    group = ""
    for line in text.splitlines():
        if line.startswith("        "):
            groups[group][-1] += f" {line.strip()}"
        elif line.startswith("    "):
            groups[group].append(line.strip())
        elif line:
            group = line
            groups[group] = []
    return {
        name: [line if " return " in line else f"return {line}" for line in lines]
        for name, lines in groups.items()
    }


LIBRARIES = read(_TEXT)
