-- Give a live session a new sid, with everything that it holds.
-- KEYS: 1 session | 2 session under its new sid | 3 index of the user
-- ARGV: 1 sid | 2 new sid | 3 grace ms, 0 for none | 4 what leads to the new sid
--       5 version that is expected, '' for any | 6 '1' if the user has just shown who he is
--       7... further fields and their values
-- Gives OK, last access before, expires, now, {field, value...}
--     | ROTATED, what leads to the successor | CONFLICT | MISSING | UNREADABLE
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The new sid is known to its caller alone: who finds it taken is trying again.
local taken = redis.call('HMGET', KEYS[2], 'user_id', 'last_access', 'expires_at')
if taken[1] then
  if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 0 then return {'MISSING'} end
  return {'OK', taken[2], taken[3], now, redis.call('HGETALL', KEYS[2])}
end

local held = redis.call('HMGET', KEYS[1], 'user_id', 'created_at', 'last_access', 'expires_at',
  'absolute_at', 'idle_ms', 'version', 'public_id', 'successor')
if held[9] then return {'ROTATED', held[9]} end
for at = 1, 8 do
  if not held[at] then return {'MISSING'} end
end
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 then return {'MISSING'} end
for at = 2, 7 do
  if #held[at] > 15 or not string.find(held[at], '^%d+$') then return {'UNREADABLE'} end
end
if now >= tonumber(held[4]) then return {'MISSING'} end
if ARGV[5] ~= '' and ARGV[5] ~= held[7] then return {'CONFLICT'} end

local hard = tonumber(held[5])
local expires = now + tonumber(held[6])
if hard > 0 and hard < expires then expires = hard end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[2], 'issued_at', now, 'last_access', now, 'expires_at', expires)
if ARGV[6] == '1' then redis.call('HSET', KEYS[2], 'auth_at', now) end
for at = 7, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1]) end
redis.call('PEXPIREAT', KEYS[2], expires)
redis.call('HSET', KEYS[3], ARGV[2],
  string.format('%.0f:%.0f:%.0f:%s', tonumber(held[2]), now, expires, held[8]))
redis.call('HDEL', KEYS[3], ARGV[1])
if redis.call('PTTL', KEYS[3]) < expires + 43200000 - now then
  redis.call('PEXPIREAT', KEYS[3], expires + 86400000)
end
-- Without a user it is no session: it only leads on.
if tonumber(ARGV[3]) > 0 then
  redis.call('HSET', KEYS[1], 'successor', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {'OK', held[3], expires, now, redis.call('HGETALL', KEYS[2])}
