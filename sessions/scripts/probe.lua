-- Find out what the scripts of this package need and a server lacks. Writes nothing.
-- KEYS: 1 a key that nobody has
-- Gives {what is lacking: how the server says so...}
local lacking = {}
local function try(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err and reply.err ~= 'ERR no such key' then
    lacking[#lacking + 1] = (...) .. ': ' .. reply.err
  end
end
local key = KEYS[1]
try('TIME')
try('GET', key)
try('PTTL', key)
try('HGETALL', key)
try('HMGET', key, 'user_id')
try('HEXISTS', key, 'user_id')
try('PEXPIRE', key, 1000)
try('PEXPIREAT', key, 1000)
try('HDEL', key, 'user_id')
try('RENAME', key, key)
try('DEL', key)
return lacking
