-- Give up the lock of a session.
-- KEYS: 1 session
-- ARGV: 1 name of the holder
-- Gives OK | LOST, if somebody else has had it since | MISSING
--     | ROTATED, what leads to the successor
local held = redis.call('HMGET', KEYS[1], 'user_id', 'lock', 'successor')
if held[3] then return {'ROTATED', held[3]} end
if not held[1] then return {'MISSING'} end
if string.match(held[2] or '', '^%d+:(.*)$') ~= ARGV[1] then return {'LOST'} end
-- The name stays, for who tries again because an answer was lost.
redis.call('HSET', KEYS[1], 'lock', '0:' .. ARGV[1])
return {'OK'}
