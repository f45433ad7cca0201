-- End one session, and the family of refresh tokens that bears its name.
-- KEYS: 1 session | 2 index of the user | 3 refresh families of the user
-- ARGV: 1 sid | 2 version that is expected, '' for any
-- Gives OK, public id | MISSING | CONFLICT, version
--     | ROTATED, what leads to its successor, which has yet to be ended
local held = redis.call('HMGET', KEYS[1], 'user_id', 'public_id', 'successor', 'version')
if held[1] and ARGV[2] ~= '' and held[4] ~= ARGV[2]
    and redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then
  return {'CONFLICT', held[4] or ''}
end
local entry = redis.call('HGET', KEYS[2], ARGV[1])
local ended = redis.call('HDEL', KEYS[2], ARGV[1])
-- It stays until its deadline, or who tries again would take the successor for ended.
if held[3] then return {'ROTATED', held[3]} end
redis.call('DEL', KEYS[1])
if entry then redis.call('HDEL', KEYS[3], string.match(entry, '[^:]*$')) end
if held[1] and ended == 1 then return {'OK', held[2] or ''} end
return {'MISSING'}
