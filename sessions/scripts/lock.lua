-- Lock a live session for one holder, until he unlocks it or its time is over.
-- KEYS: 1 session | 2 index of the user
-- ARGV: 1 sid | 2 name of the holder | 3 how long, ms
-- Gives OK, public id | HELD, for how many ms at most | MISSING
--     | ROTATED, what leads to the successor
-- The lock is a field of the record, deadline:holder, so it goes where the session goes, and ends
-- with it.
local held = redis.call('HMGET', KEYS[1], 'user_id', 'expires_at', 'lock', 'public_id', 'successor')
if held[5] then return {'ROTATED', held[5]} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not held[1] or now >= (tonumber(held[2] or '') or 0)
    or redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
  return {'MISSING'}
end
local deadline, holder = string.match(held[3] or '', '^(%d+):(.*)$')
-- The caller drew his name: who finds it here is trying again.
if deadline and holder ~= ARGV[2] and now < tonumber(deadline) then
  return {'HELD', tonumber(deadline) - now}
end
redis.call('HSET', KEYS[1], 'lock', string.format('%.0f:%s', now + tonumber(ARGV[3]), ARGV[2]))
return {'OK', held[4] or ''}
