-- Change the data of a live session, field by field.
-- KEYS: 1 session | 2 index of the user
-- ARGV: 1 sid | 2 expected version, '' for any | 3 '1' to drop all other data | 4 number of fields set
--       5... fields and their values, then fields to remove
-- Gives OK, version | CONFLICT, version | MISSING
local held = redis.call('HMGET', KEYS[1], 'user_id', 'version', 'expires_at')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not (held[1] and held[3]) or now >= tonumber(held[3])
    or redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
  return {'MISSING'}
end
if ARGV[2] ~= '' and ARGV[2] ~= held[2] then return {'CONFLICT', held[2]} end
if ARGV[3] == '1' then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 2) == 'd:' then redis.call('HDEL', KEYS[1], field) end
  end
end
local first_removed = 5 + 2 * tonumber(ARGV[4])
for at = 5, first_removed - 1, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
for at = first_removed, #ARGV do redis.call('HDEL', KEYS[1], ARGV[at]) end
return {'OK', redis.call('HINCRBY', KEYS[1], 'version', 1)}
