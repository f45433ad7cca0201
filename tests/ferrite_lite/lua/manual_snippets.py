"""What the manual of Lua 5.1 says, section by section, as snippets that are run here and on Redis.

A section that Redis's sandbox leaves nothing of is not there: 2.10 (collection) can be seen by its
functions only, 5.7 (files) and 5.9 (debugging) not at all.
"""

from __future__ import annotations

_TEXT = r"""
2.1 lexical conventions
    return 'alo\n123"' == "alo\n123\"" and '\97lo\10\04923"' == 'alo\n123"'
    return [[
alo
123"]] .. [==[
]]]==]
    return {3, 3.0, 3.1416, 314.16e-2, 0.31416E1, 0xff, 0x56} and tostring(0.31416E1 + 0xff)
    --[[ a comment ]] --[==[ another ]==] return 1 -- the last
    local And, and_ = 1, 2 return And + and_
    return "a\
b"
    return '\z'
    return '\300'
    return "x
    return #'\0\0a'
    return 1 .. 2
    return 1..2
    return 0x
    return 3e
    return @

2.2 values and types
    return {type(nil), type(true), type(1), type('x'), type(print), type({}), type(type)}
    return {type(coroutine.create(function() end)), type(cjson.null)}
    local a = {} local b = a b.x = 1 return a.x
    local t = {} t[1.0] = 'a' t['1'] = 'b' return {t[1], #t, t['1']}
    local t = {} t[nil] = 1
    local t = {} t[0/0] = 1
    local t = {} return t[nil] == nil and t[0/0] == nil
    local f = function() end return f == f and f ~= function() end
    if 0 and '' and {} then return 'all are true' end
    return {"10" + 1, "0x10" * 2, 10 .. 20, " 5 " - 0}
    return {tostring(10 == "10"), tostring(2^53), tostring(-0.0), tostring(1e15), tostring(1e16)}
    return {tostring(1/3), tostring(100000000000000), tostring(0.1), tostring(123456789012345678)}
    return "abc" + 1
    return {} + 1
    return "10" + {}

2.3 variables
    local x = 1 do local x = 2 end return x
    x = 1
    return x
    local t = {a = {b = {c = 5}}} return t.a.b['c']
    local t = {} return t.x.y
    local a = 1 local function f() a = a + 1 return a end return {f(), f(), a}
    local a <const> = 1
    return rawget(_G, 'x') == nil and _G._G == _G

2.4 statements
    do local a = 1 end return a
    local i, t = 3, {} i, t[i] = i + 1, 20 return {i, tostring(t[3]), tostring(t[4])}
    local x, y = 1, 2 x, y = y, x return {x, y}
    local a, b, c = 1 return {a, tostring(b), tostring(c)}
    local a, b = 1, 2, 3 return {a, b}
    local function f() return 1, 2, 3 end local a, b, c, d = f() return {a, b, c, tostring(d)}
    local function f() return 1, 2, 3 end local a, b = (f()) return {a, tostring(b)}
    local function f() return 1, 2 end local t = {f(), f()} return #t
    local function f() return 1, 2 end local t = {f(), (f())} return #t
    local n = 0 while n < 5 do n = n + 1 if n == 3 then break end end return n
    local n = 0 repeat local done = n >= 3 n = n + 1 until done return n
    if false then return 1 elseif nil then return 2 else return 3 end
    local t = {} for i = 10, 1, -3 do t[#t + 1] = i end return t
    local t = {} for i = 1, 2, 0.25 do t[#t + 1] = tostring(i) end return t
    local t = {} for i = '1', '3' do t[#t + 1] = i end return t
    for i = 1, 3 do i = i * 2 end return 'the loop has its own'
    for i = 1, 10, 0 do return 'endless' end return 'none'
    for i = 'a', 2 do end
    for i = 1, {} do end
    for i = 1, 2, 'x' do end
    local n = 3 local t = {} for i = 1, n do n = 10 t[#t + 1] = i end return #t
    local t = {} for k, v in pairs({a = 1}) do t[1], t[2] = k, v end return t
    for k in nil do end
    for k in 5 do end
    local function iter(s, c) if c < s then return c + 1 end end local t = {}
        for i in iter, 3, 0 do t[#t + 1] = i end return t
    local t, f = {}, {} for i = 1, 3 do f[i] = function() i = i + 1 return i end end
        return {f[1](), f[1](), f[2]()}
    local f = {} for i = 1, 2 do local x = i f[i] = function() x = x + 1 return x end end
        return {f[1](), f[1](), f[2]()}
    return 1 return 2
    break
    goto x
    local function f() return end return select('#', f())
    local t = {1, 2, 3} for i, v in ipairs(t) do t[i] = nil end return #t
    local t = {1, 2, 3} for i, v in ipairs(t) do if i == 1 then t[4] = 4 end t[1] = i end return
        t[1]
    local t = {1, 2, 3} local n = 0 for i in ipairs(t) do table.remove(t) n = n + 1 end return n

2.5 expressions
    return {5 % 3, -5 % 3, 5 % -3, tostring(5.5 % 2), tostring(-2 ^ 2), 2 ^ 3 ^ 2}
    return {tostring(1 / 0), tostring(-1 / 0), 7 / 2 * 2, 10 - 3 - 2}
    return {tostring(1 < 2), tostring('a' < 'b'), tostring('Z' < 'a'), tostring('' < 'a')}
    return {tostring(1 <= 1), tostring('10' < '9'), tostring(2 > 1), tostring('a' >= 'b')}
    return 1 < '2'
    return {} <= {}
    return nil > 1
    return {tostring(10 or error()), tostring(nil or 'a'), tostring(nil and 10), tostring(false or
        nil)}
    return {tostring(10 and 20), tostring(not nil), tostring(not 0), tostring(nil == false)}
    return {1 .. '', 'a' .. 'b' .. 'c', 1 .. 2 .. 3, -1 .. ''}
    return 'a' .. {}
    return 'a' .. nil
    return {#'abc', #{1, 2, 3}, #'', #{n = 1}}
    return #5
    return -'2' + 0
    return -{}
    return {2 + 3 * 4 ^ 2 / 2, (2 + 3) * 4, tostring(not 1 == 2), tostring(1 .. 2 == '12')}
    return {tostring(2 * 3 == 6 and 'x' < 'y' or false), -3 ^ 2, tostring(-3 % 2)}
    local t = {[1] = 'a', 'b', x = 'c', [2 + 1] = 'd', 'e'; 'f'} return {t[1], t[2], t[3], t.x}
    local t = {1, [1] = 2} return t[1]
    local n = 0 local function f() n = n + 1 return n end local t = {f(), x = f(), f(), [f()] = f()}
        return {t[1], t.x, t[2], t[4]}
    return #{(function() return 1, 2, 3 end)(), nil}
    return #{nil, (function() return 1, 2, 3 end)()}
    local function f(...) return select('#', ...), ... end return {f(nil, nil)}
    local function f(a, b, ...) return {a or 'n', b or 'n', select('#', ...)} end return f(1)
    local function f(...) local a, b = ... return {a, tostring(b)} end return f(1)
    local function f(...) return {...}, #{...} end return select(2, f(1, 2, 3))
    local function f(...) return {arg.n, #arg, arg[2]} end return f('a', 'b', nil)
    local function f(...) return {arg.n, #arg, arg[1] or 'n'} end return f()
    local function f(a, ...) return {a, arg.n, arg[1]} end return f(1, 2, 3)
    local function f(...) local n = ... return tostring(arg) .. n end return f(1)
    local function f(...) return function() return arg end end local a = f(7)
        return a() == a() and a()[1]
    local function f(...) local t = {} for k, v in pairs(arg) do t[#t + 1] = k end return t end
        return f('a', nil, 'c')
    local function f(...) arg[1] = 'x' arg = arg[1] return arg end return f(1)
    local function f(arg, ...) return type(arg) end return f(1, 2) .. f(1)
    local function f(...) local g = function(...) return ... end return {arg.n, g(3)} end
        return f(1, 2)
    local f = loadstring('return arg') return {pcall(f, 1)}
    local function f(...) for i = 1, arg.n do if i == 2 then return arg[i] end end end
        return f(4, 5, 6)
    local o = {n = 1} function o:add(k) self.n = self.n + k return self end return o:add(1):add(2).n
    local o = {f = {}} function o.f.g(x) return x end return o.f.g 'text'
    local f = function(t) return t[1] end return f{7}
    local function loop(n) if n > 0 then return loop(n - 1) end return 'end' end return loop(100)
    return ('x'):rep(3)
    return #'abc':upper()
    local x = nil return x()
    local t = {} return t.f()
    local t = {} return t:f()
    return ('x').y.z
    return (1)()
    return 2 ^ 0.5 == math.sqrt(2) and 8 ^ (1 / 3)
    local a = 1 local function f() a = 2 return 1 end return a + f()
    local t = {1} local function f() t[1] = 5 return 1 end return t[1] + f()
    local a, b = 1, 1 local function f() a = 2 return 1 end local function g() return a + f() end
        return {g(), a .. f(), tostring(a < f()), (a) + f(), a * 2 + f(), -a + f()}
    local a = 'x' local function f() a = 'y' return 'z' end return {a .. f(), tostring(a == f())}
    local t, u = {1}, {2} local function f() t = u return 1 end return t[f()]
    local t, u = {1}, {2} local v = t local function f() t = u return 9 end t[1] = f() return
        {v[1], u[1]}
    local t, u = {1}, {2} local v = t local function f() t = u return 1 end t[f()] = 5 return
        {v[1], u[1]}
    local a = 1 local function f() a = 2 return 3 end local t = {a, f(), a} return t
    local a = 1 local function f() a = 2 return 3 end local function g(...) return {...} end
        return g(a, f(), a)
    local a, b = 1 local function f() a = 2 return 3 end a, b = f(), a return {a, b}
    return function(a, a) return a end == nil
    local c return (c and 'x' or ARGV[1]) + 1
    local c return (ARGV[1] and {} or c) + 1
    local c return ((c or 'x') and c) .. 'x'
    local c return (c or ARGV[1] and 'x') + 1
    local c return (c and c and c) + 1
    local c, t = 1, {} return (c and 'x' or t.y).z.z

2.6 visibility rules
    local x = 10 do local x = x x = x + 1 do local x = x + 1 end end return x
    local a = {} local x = 20 for i = 1, 3 do local y = 0 a[i] = function() y = y + 1 return x + y
        end end
        return {a[1](), a[1](), a[2]()}
    local function counter() local n = 0 return function() n = n + 1 return n end,
        function() return n end end local up, now = counter() up() up() return now()
    local f local function g() return f() end f = function() return 'late' end return g()
    local x = x return x == nil
    local function f(n) if n == 0 then return 1 end return n * f(n - 1) end return f(10)
    local f = function(n) return f end return f()

2.7 error handling
    error('plain')
    error('no position', 0)
    error('caller', 2)
    error({err = 'MINE of my own'})
    error()
    error(nil)
    return {pcall(error, {code = 5})}
    return {pcall(error, 'x', 0)}
    local ok, e = pcall(function() local x = nil; x.y = 1 end) return e
    local ok, e = pcall(function() error({code = 42}) end) return e.code
    local ok, e = pcall(function() error() end) return tostring(e)
    return {xpcall(function() error('x', 0) end, function(m) return 'handled ' .. m end)}
    return {xpcall(function() return 1, 2 end, tostring)}
    return {pcall(pcall, error, 'e')}
    return {select('#', pcall(function() return nil, nil end))}
    local ok, e = pcall(redis.call, 'GET') return e
    local ok, e = pcall(redis.call, 'NOSUCH') return e
    local r = redis.pcall('HGET', 'k1') return r.err
    return assert(1 == 1, 'fine') and 'yes'
    assert(false)
    assert(nil, 'said')
    assert(false, {1})
    return {pcall(assert, false, 'm')}
    local function level1() error('deep', 2) end
        local function level2() level1() end level2()

2.8 metatables
    local m = {__add = function(a, b) return 'add' end, __sub = function() return 'sub' end,
        __mul = function() return 'mul' end, __div = function() return 'div' end,
        __mod = function() return 'mod' end, __pow = function() return 'pow' end,
        __unm = function() return 'unm' end, __concat = function() return 'cat' end}
        local t = setmetatable({}, m)
        return {t + 1, 1 - t, t * t, t / 1, 1 % t, t ^ 2, -t, t .. 'x', 'x' .. t, 1 .. t}
    local m = {__lt = function(a, b) return a.v < b.v end, __le = function(a, b) return a.v <= b.v
        end,
        __eq = function(a, b) return a.v == b.v end} local a, b = setmetatable({v = 1}, m),
        setmetatable({v = 2}, m) return {tostring(a < b), tostring(a <= b), tostring(a > b),
        tostring(a >= b), tostring(a == b), tostring(a ~= b)}
    local m = {__lt = function() return true end} local a, b = setmetatable({}, m),
        setmetatable({}, m)
        return {tostring(a <= b), tostring(a >= b)}
    local a, b = setmetatable({}, {__eq = function() return true end}),
        setmetatable({}, {__eq = function() return true end}) return tostring(a == b)
    local a = setmetatable({}, {__lt = function() return true end}) return a < 1
    local t = setmetatable({}, {__index = function(t, k) return k .. '!' end}) return {t.a, t[1],
        rawget(t, 'a') or 'raw'}
    local t = setmetatable({}, {__index = {a = 1}}) return {t.a, tostring(t.b)}
    local log = {} local t = setmetatable({}, {__newindex = function(t, k, v) log[#log + 1] = k
        rawset(t, k, v) end})
        t.a = 1 t.a = 2 t.b = 3 return {log[1], log[2], t.a}
    local store = {} local t = setmetatable({}, {__newindex = store}) t.a = 1 return {store.a,
        tostring(rawget(t, 'a'))}
    local t = setmetatable({}, {__call = function(self, a, b) return a + b end}) return t(1, 2)
    local t = setmetatable({}, {__tostring = function() return 'shown' end}) return tostring(t)
    local t = setmetatable({}, {__tostring = function() return 5 end}) return tostring(t)
    local t = setmetatable({}, {__metatable = 'locked'}) return {getmetatable(t),
        pcall(setmetatable, t, {})}
    local t = setmetatable({1, 2}, {__len = function() return 10 end}) return #t
    local t = setmetatable({}, {__index = function() error('no such') end}) return t.x
    local t = setmetatable({}, {__add = 5}) return t + 1
    local t = setmetatable({}, {__mode = 'k'}) return 'weak'
    local A = {} A.__index = A function A.new(v) return setmetatable({v = v}, A) end
        function A:get() return self.v end local B = setmetatable({}, {__index = A}) B.__index = B
        local b = setmetatable({v = 3}, B) return b:get()
    local t = setmetatable({}, {__concat = function(a, b) return type(a) .. type(b) end}) return t
        .. 1 .. 'x'
    local p = setmetatable({}, {__unm = function(a, b) return tostring(rawequal(a, b)) end}) return
        -p
    return setmetatable({}, {__index = setmetatable({}, {__index = {deep = 'found'}})}).deep

2.9 environments
    return getfenv == nil
    return setfenv
    local f = loadstring('return 1 + 1') return f()
    local f = loadstring('local a, b = ... return b') return f(1, 2)
    return _G.string == string

2.10 garbage collection
    return type(collectgarbage('count'))
    return {pcall(collectgarbage, 'nosuch')}
    return collectgarbage()

2.11 coroutines
    local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b)
        local d, e = coroutine.yield(a - b) return c, d, e end)
        return {tostring(coroutine.resume(co, 1, 2)), select(2, coroutine.resume(co, 'r')),
        coroutine.status(co)}
    local co = coroutine.create(function() error('inside') end) return {coroutine.resume(co)}
    local co = coroutine.wrap(function() error('inside') end) co()
    local co = coroutine.create(function() return 1 end) coroutine.resume(co)
        return {coroutine.resume(co)}
    local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
        local t = {} for v in gen do t[#t + 1] = v end return t
    return coroutine.yield(1)
    return tostring(coroutine.running())
    local co co = coroutine.create(function() return coroutine.status(co) end)
        return select(2, coroutine.resume(co))
    local co = coroutine.wrap(function() return pcall(coroutine.yield, 1) end) return {co()}
    local co = coroutine.wrap(function(...) return select('#', ...) end) return co(nil, nil)

5.1 basic functions
    return {tostring(tonumber('0x1F')), tostring(tonumber('1F', 16)), tostring(tonumber('z', 36))}
    return {tostring(tonumber('8', 8)), tostring(tonumber('')), tostring(tonumber('1e1')),
        tostring(tonumber({}))}
    return {tonumber('10', 2), tonumber(' 7 '), tostring(tonumber('7 x'))}
    return tonumber('10', 99)
    return tonumber()
    return {select('#'), select('#', nil), select(2, 'a', 'b', 'c')}
    return {select(-1, 'a', 'b')}
    return select(0, 1)
    return select(-5, 1)
    return {unpack({1, 2, 3}, 2)}
    return {unpack({1, 2, 3}, 2, 3)}
    return select('#', unpack({}, 1, 3))
    return {next({}), next({5})}
    return next({}, 'x')
    return {type(next), tostring(rawequal('a', 'a')), tostring(rawequal({}, {}))}
    return rawset({}, 'a', 1).a
    return type()
    return ipairs()
    return pairs(nil)
    return {loadstring('return')}
    return {loadstring('x =')}
    return {loadstring('return +', '=name')}
    return loadstring('error("e")', '@file')()
    local n = 0 return load(function() n = n + 1 return ({'return ', '4', '2'})[n] end)()
    return dofile
    return require
    return print('x')
    return tostring(_VERSION)
    local r = {} for l = 0, 7 do r[#r + 1] = tostring(select(2, pcall(function()
        return (select(2, pcall(error, 'x', l))) end))) end return r
    local r = {} for l = 0, 6 do r[#r + 1] = tostring(select(2, pcall(string.gsub, 'a', 'a',
        function() error('x', l) end))) end return r
    local r = {} for l = 0, 6 do r[#r + 1] = tostring(select(2, pcall(function()
        table.sort({3, 2, 1}, function() error('x', l) end) end))) end return r
    local r = {} for l = 0, 6 do r[#r + 1] = tostring(select(2, pcall(coroutine.wrap(function()
        error('x', l) end)))) end return r
    local r = {} for l = 0, 6 do local co = coroutine.create(function() return pcall(error, 'x', l)
        end) r[#r + 1] = tostring(select(3, coroutine.resume(co))) end return r
    local r = {} local t = setmetatable({}, {__index = function(t, l) error('x', l) end})
        for l = 0, 6 do r[#r + 1] = tostring(select(2, pcall(function() return t[l] .. '' end))) end
        return r
    local r = {} local function f(l) error('x', l) end local function g(l) return f(l) end
        for l = 0, 6 do r[#r + 1] = tostring(select(2, pcall(g, l))) end return r
    tostring(select(2, pcall(string.gsub, 'a', 'a', error)))

5.2 coroutine functions
    return coroutine.create(1)
    return coroutine.resume(1)
    return coroutine.status()
    return coroutine.wrap()
    return {coroutine.isyieldable == nil}

5.4 strings
    return {string.byte('abc', 1, -1)}
    return {string.byte('abc', -1), string.byte('abc', 10)}
    return string.char(72, 105) .. string.char()
    return string.char(256)
    return {string.find('hello world', 'o w'), string.find('hello', 'l', 4)}
    return {string.find('a.b', '.', 1, true), string.find('a.b', '%.')}
    return {string.find('abc', '(b)(c)')}
    return {string.find('abc', '()b()')}
    return {string.find('', ''), string.find('abc', '', 10)}
    return {string.match('key = value', '(%w+)%s*=%s*(%w+)')}
    return {string.match('2026-11-26', '(%d+)-(%d+)-(%d+)')}
    return {string.match('  trim  ', '^%s*(.-)%s*$')}
    return {string.match('f(a(b)c)d', '%b()'), string.match('THE (quick) fox', '%f[%a]%a+', 5)}
    return {string.match('abab', '(ab)%1')}
    return {string.match('x', 'y')}
    return {string.gsub('hello world', 'o', '0')}
    return {string.gsub('hello', '', '-')}
    return {string.gsub('abc', '%w', '%0%0', 2)}
    return {string.gsub('hello world', '(%w+) (%w+)', '%2 %1')}
    return {string.gsub('$name is $age', '%$(%w+)', {name = 'ann', age = 7})}
    return {string.gsub('abc', '%w', function(c) if c == 'b' then return 'X' end end)}
    return {string.gsub('abc', 'b', '%')}
    return {string.gsub('abc', 'b', '%2')}
    return string.gsub('abc', 'b', true)
    local t = {} for k, v in string.gmatch('a=1, b=2', '(%w+)=(%w+)') do t[#t + 1] = k .. v end
        return t
    local t = {} for w in ('one two'):gmatch('%a+') do t[#t + 1] = w end return t
    local t = {} for p in ('aXbX'):gmatch('()X') do t[#t + 1] = p end return t
    return {string.format('%5d|%-5d|%05d|%+d', 42, 42, 42, 42)}
    return {string.format('%x %X %o %c %e %g', 255, 255, 8, 65, 12345.678, 0.0001)}
    return {string.format('%s %q %%', 'a', 'b\n"c"\0')}
    return {string.format('%10.3s|%.2f|%i', 'abcdef', 3.14159, 3.9)}
    return string.format('%d', 'x')
    return string.format('%y', 1)
    return string.format('%s')
    return string.format('%s %s', 1, true)
    return {string.rep('ab', 3), string.rep('x', 0), string.rep('x', -1)}
    return {('hello'):sub(2, -2), ('hello'):sub(-3), ('hello'):sub(10), ('hello'):sub(0),
        ('x'):sub(2, 1)}
    return {string.lower('ABC'), string.upper('abc'), string.reverse('abc'), string.len('a\0b')}
    return string.rep()
    return string.sub('x')
    return ('x'):bad()
    return string.find('a', '[a')
    return string.find('a', '%')
    return string.find('a', '(a')
    return string.find('a', 'a)')
    return string.match('[[x]]', '%[%[(.*)%]%]')
    return {string.find('a\0b', '%z'), string.find('a-b', '[a%-]', 2), string.find(']', '[]]')}
    return {string.match('0123456789', '[3-6]+'), string.match('abc', '[^a]+'), string.match('^x',
        '%^x')}

5.5 tables
    return table.concat({1, 2, 3}, ', ')
    return {table.concat({}), table.concat({1, 2, 3}, '-', 2), table.concat({1, 2, 3}, '-', 2, 3)}
    return table.concat({1, {}, 3})
    return table.concat({1, 2}, ',', 1, 3)
    local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) return t
    return table.insert({1}, 1, 2, 3)
    return table.insert({})
    local t = {1, 2, 3} return {table.remove(t), table.remove(t, 1), #t, tostring(table.remove({}))}
    local t = {3, 1, 2} table.sort(t) return t
    local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return t
    local t = {'b', 'a', 'C'} table.sort(t) return t
    table.sort({1, 'a'})
    table.sort({3, 1, 2}, function() return true end) return 'any order'
    return table.maxn({1, 2, [10] = 1})
    return {table.getn({1, 2}), #{1, 2, nil}}
    local t = {} table.foreach({a = 1}, function(k, v) t[1] = k .. v end) return t
    return table.foreachi({5, 6}, function(i, v) if i == 2 then return v end end)
    return table.unpack
    return table.setn({}, 1)

5.6 mathematics
    return {math.abs(-3), math.ceil(1.2), math.floor(-1.2), math.max(1, 5, 3), math.min(2, 0, 1)}
    return {tostring(math.huge), tostring(-math.huge), tostring(math.pi), tostring(math.sqrt(2))}
    return {tostring(math.exp(1)), tostring(math.log(10)), math.log10(1000), tostring(math.sin(1))}
    return {tostring(math.fmod(-7, 3)), tostring(math.modf(3.7)), tostring(select(2,
        math.modf(-3.7)))}
    return {tostring(math.frexp(8)), select(2, math.frexp(8)), math.ldexp(0.5, 4), math.pow(2, 10)}
    return {math.deg(math.pi), tostring(math.rad(180)), tostring(math.atan2(1, 1)),
        tostring(math.cosh(1))}
    return math.max()
    return math.floor('x')
    return math.random(0)
    return math.random(5, 1)
    math.randomseed(1) local a = math.random(100) math.randomseed(1) return a == math.random(100)
    return {tostring(math.floor(1e300)), tostring(math.floor(1 / 0)), tostring(math.ceil(-0.5))}

5.8 the operating system
    return {type(os), os and type(os.clock) or 'none'}
    return os.time
    return os.getenv('HOME')
    return io
    return type(os.clock())
"""


def _read(text: str) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    group = ""
    for line in text.splitlines():
        if line.startswith("        "):
            groups[group][-1] += f" {line.strip()}"
        elif line.startswith("    "):
            groups[group].append(line.strip())
        elif line and line[0].isdigit() and line[1] == ".":
            group = line
            groups[group] = []
        elif group:
            groups[group][-1] += f"\n{line}" if line else ""
    return groups


SECTIONS = _read(_TEXT)
