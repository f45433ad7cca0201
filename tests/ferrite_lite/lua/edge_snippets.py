"""Snippets at the edges of C: numbers that an int cannot hold, strings with a zero byte in them.

Written as those in ``library_snippets``.
"""

from __future__ import annotations

from .library_snippets import read

_TEXT = r"""
numbers that are cut to a long
    string.sub('hello', 1, 1e100)
    string.sub('hello', 1, math.huge)
    string.sub('hello', 2, 2^63)
    string.sub('hello', 2, 2^62)
    string.sub('hello', -2^63)
    string.sub('hello', 0/0)
    {string.byte('hello', 1, 2^63)}
    string.find('hello', 'l', 1e100)
    string.find('hello', '', 2^63)

numbers that are cut to an int
    string.rep('a', 1e100)
    string.rep('a', 2^31)
    string.rep('a', 2^32 + 1)
    string.char(2^32 + 65)
    string.gsub('aaa', 'a', 'b', 2^32 + 1)
    string.gsub('aaa', 'a', 'b', 1e100)
    table.concat({1,2,3}, ',', 1, 1e100)
    table.concat({1,2,3}, ',', 1e100)
    table.concat({1,2,3}, ',', 2^32 + 1)
    table.remove({1,2,3}, 2^32 + 1)
    {unpack({1,2,3}, 1e100)}
    {unpack({1,2}, 2^31)}
    {unpack({1,2}, 1, 2^31)}
    {unpack({1,2}, 1, 2^32 + 2)}
    select(1e100, 1, 2)
    select(2^32 + 1, 5, 6)
    tonumber('10', 2^32 + 10)
    math.ldexp(1, 2^32)
    math.ldexp(1, 1e100)
    cjson.encode_max_depth(2^32 + 1000)
    redis.log(1.5, 'x')
    redis.log(3.9, 'x')
    redis.log('1.5', 'x')
    redis.set_repl(1.5)
    redis.set_repl('x')

whole numbers in a format
    local t = {} for _, v in ipairs({0, 1, -1, 255, -1.9, 2^53, 2^63, -2^63, 2^64, 1e100, -1e100})
        do for _, f in ipairs({'%d', '%+d', '% d', '%5d', '%-5d|', '%05d', '%.3d', '%.0d', '%8.3d',
        '%08.3d', '%-08d|', '%+.3i', '%u', '%+u', '%.0u', '%x', '%#x', '%#X', '%#08x', '%#.5x',
        '%o', '%#o', '%#.0o', '%#05o', '%- 5x|', '%c', '%5c', '%-5c|'}) do
        t[#t + 1] = string.format(f, v) end end return t
    string.format('%d|%x|%c', 0/0, 0/0, 0/0)
    string.format('%d|%u|%i', 1/0, 1/0, -1/0)

what is no finite number in a format
    local t = {} for _, v in ipairs({1/0, -1/0, 0/0}) do
        for _, f in ipairs({'%f', '%e', '%E', '%g', '%G', '%5.1f', '%+f', '% f', '%08f', '%-8f|',
        '%+08.2E', '%#g'}) do t[#t + 1] = string.format(f, v) end end return t

strings that C ends at a zero byte
    string.format('%s|%5s|%-5s|%.3s', 'a\0b', 'a\0b', 'a\0b', 'a\0b')
    string.format('%s', string.rep('a\0', 60)) == string.rep('a\0', 60)
    #string.format('%s', string.rep('a\0', 40))
    tonumber('1\0')
    tonumber('1 \0x')
    '1\0' + 1
    tonumber('ff\0zz', 16)
    loadstring('x\0y')
    loadstring('error(1)', 'a\0b')()
    collectgarbage('a\0b')
    cjson.encode_keep_buffer('a\0b')
    redis.error_reply('a\0b')
    redis.error_reply('a\0b').err

patterns that are used often
    local t = {} for i = 1, 5 do t[i] = string.gsub('abc]d', '[^]]', '-') end return t
    local t = {} for i = 1, 5 do t[i] = string.gsub('abc]d', '[^]a]+', '-') end return t
    local t = {} for i = 1, 5 do t[i] = string.match('[abc]d', '%[([^]]*)%]') end return t
    local t = {} for i = 1, 5 do t[i] = string.gmatch('a]b', '[^]]*')() end return t
    local t = {} for i = 1, 5 do t[i] = string.gsub('a]b', '[]]', '-') end return t

patterns that C ends at a zero byte
    string.gsub('hello', '\0x', '-')
    string.gsub('hello', 'l\0x', '-')
    string.find('a-b', '[abc]*\0(')
    string.find('a\0b', '\0b')
    string.find('a\0b', '\0b', 1, true)
    string.gmatch('aab', 'a+\0b')()
    string.gsub('[]', '%\0%u', '-')
    string.gsub('[]', '[\0]', '-')

a position that is named again
    string.gsub('[]', '()%1[^]].', '-')
    string.find('aa', '()%1')

orders that are none
    local t = {3,13,5,13} local r = {pcall(table.sort, t, function(a, b) return a <= b end)}
        return {r[2], t}
    local t = {5,8,5,2,13,13,5,3} local r = {pcall(table.sort, t, function(a, b) return a <= b end)}
        return {tostring(r[2]), t}
    local t = {2,1,3,8,7,1,13,1} local r = {pcall(table.sort, t, function(a, b) return a <= b end)}
        return {tostring(r[2]), t}
    local t = {1,2,3,4,5,6} local r = {pcall(table.sort, t, function(a, b) return true end)}
        return {tostring(r[2]), t}
    local t = {1,2,3,4,5,6} t[0] = 9 local r = {pcall(table.sort, t, function(a, b)
        return a ~= nil and (b == nil or a <= b) end)} return {tostring(r[2]), t, t[0]}
    local n = {} local t = {4,3,2,1} table.sort(t, function(a, b) n[#n + 1] = a .. b
        return a < b end) return {t, n}

functions of libraries by other names
    local f = string.rep return f()
    local f = string.rep local x = f('a') return x
    local f = string.rep local function g() return f() end return g()
    local t = {x = string.rep} return t.x()
    local t = {string.rep} return t[1]()
    local t = {b = {c = string.rep}} return t.b.c()
    local t = {f = string.rep} return t:f()
    local t = setmetatable({}, {__call = string.rep}) return t()
    (function() return string.rep end)()()
    ('x'):rep({})
    ('x'):sub()
    local s = 'x' return s:find()
    local s = 'x' s:gsub('x')
    select(2, pcall(function() return ('x'):rep() end))
    select(2, pcall(('x').rep, 'x'))
    local f = math.floor return f(f())
    local f = cjson.decode return f()
    local f = pairs for k in f() do end return 1
    select(2, pcall(function() return string.gsub('a', 'a', string.rep) end))
    local s = 'a' return select(2, pcall(function() return s:gsub('a', string.rep) end))
    for k in string.gmatch do end return 1
    local t = setmetatable({}, {__index = string.rep}) return t.x
    local t = {3, 1} table.sort(t, string.rep) return t
    table.foreach({1}, string.rep)
    coroutine.wrap(function() local f = string.rep return f() end)()
    coroutine.wrap(function() return ('x'):rep() end)()

several functions of libraries in one line
    local f, g = tostring, string.rep return g(f())
    local f, g = string.rep, string.upper return f(g(f()))
    local f, h = string.rep, function(...) return ... end return h(f('x', 1), f())
    local t = {r = string.rep, u = string.upper} return t.r(t.u())
    local t = {r = string.rep} t.r(t.r('x', 2), next())
    local f = string.rep return string.upper(f())
    local f = string.rep return f(string.upper())
    local f = string.rep return f((string.upper()))
    local f = string.rep return f({1, {string.upper()}})
    local f = string.rep return f(unpack())
    local f = string.rep return f('x', {string.byte()})
    local f = string.rep return select('#', f())
    local f = string.rep return redis.call('SET', f('x', 1), f())
    local f = string.rep return f('x', f('x', f('x', string.len())))
    local f = string.rep return {f('x', 1), f()}
    local s = 'x' return s:rep(s:upper(), s:rep())
    local f = string.rep return coroutine.wrap(function() return string.upper(f()) end)()

nothing, where one might look for nil
    select('#', string.gmatch('a', 'b')())
    select('#', xpcall(function() error({}) end, function(e) return e, 2, 3 end))
    select('#', xpcall(function() error({}) end, function() end))

what pcall leaves behind a table
    select('#', pcall(error, {}))
    select('#', pcall(error, {err = {}}))
    select('#', pcall(error, {err = 'x'}))
    type(select(2, pcall(error, {err = 5})))
    type(select(3, pcall(error, {ok = 'x'})))
    select(2, pcall(error, setmetatable({}, {__index = {err = 'far'}})))
    error({err = 5})

errors of functions that are called from C
    rawset({}, nil, 1)
    rawset({}, 0/0, 1)

signs
    tostring(math.log10(-1)) .. tostring(math.log(-1))
    tostring(math.asin(2)) .. tostring(math.acos(-2)) .. tostring(math.sqrt(-1))
    tostring(math.sinh(-1e4)) .. tostring(math.cosh(-1e4)) .. tostring(math.exp(1e4))
    tostring(math.floor(-1/0)) .. tostring(math.ceil(-1/0)) .. tostring(math.ceil(-0.5))
    {double = 0/0}
    collectgarbage(nil)

numbers as words
    redis.sha1hex(0.1)
    redis.sha1hex(2^53)
    redis.sha1hex(1e-5)
"""

EDGES = read(_TEXT)
