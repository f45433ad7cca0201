-- Find out what the scripts of this package use and a server lacks: all of it, and nothing else.
-- KEYS: 1 a key that nobody has, and that is gone again in the end
-- Gives {what is lacking: how the server says so...}
local key, lacking = KEYS[1], {}
local function try(...)
  local reply = redis.pcall(...)
  -- It is not there where the server takes no writes now.
  if type(reply) == 'table' and reply.err and reply.err ~= 'ERR no such key' then
    lacking[#lacking + 1] = (...) .. ': ' .. reply.err
  end
end
local function try_lua(name, use)
  local is_there, problem = pcall(use)
  if not is_there then lacking[#lacking + 1] = name .. ': ' .. tostring(problem) end
end
try_lua('cjson', function() cjson.decode(cjson.encode({'a'})) end)
try_lua('unpack', function() unpack({'a'}) end)
try('TIME')
try('SET', key, '1', 'PX', 1000)
try('GET', key)
try('EXISTS', key)
try('DEL', key)
try('HSET', key, 'field', '1')
try('PEXPIRE', key, 1000)
try('HINCRBY', key, 'field', 1)
try('HGET', key, 'field')
try('HMGET', key, 'field')
try('HGETALL', key)
try('HKEYS', key)
try('HVALS', key)
try('HEXISTS', key, 'field')
try('RENAME', key, key)
try('PTTL', key)
try('PERSIST', key)
try('PEXPIREAT', key, 1)
try('HDEL', key, 'field')
return lacking
