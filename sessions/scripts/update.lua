-- Change the data of a live session, field by field.
-- KEYS: 1 session | 2 index of the user | 3 answer to this change
-- ARGV: 1 sid | 2 expected version, '' for any | 3 '1' to drop all other data
--       4 most bytes of data | 5 most fields of it | 6 how long the answer is kept, ms
--       7 number of fields set | 8... fields and their values, then fields to remove
-- Gives OK, version | CONFLICT, version | TOOBIG, bytes | TOOMANY, fields | MISSING | UNREADABLE
--     | ROTATED, what leads to the successor

-- Who tries again, for the answer was lost, must not undo what others have written since.
local said = redis.call('GET', KEYS[3])
if said then return {'OK', tonumber(said)} end

local held = redis.call('HMGET', KEYS[1], 'user_id', 'version', 'expires_at', 'successor')
if held[4] then return {'ROTATED', held[4]} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not (held[1] and held[2] and held[3])
    or redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
  return {'MISSING'}
end
-- HINCRBY comes last, and would fail after the other writes.
for at = 2, 3 do
  if #held[at] > 15 or not string.find(held[at], '^%d+$') then return {'UNREADABLE'} end
end
if now >= tonumber(held[3]) then return {'MISSING'} end
if ARGV[2] ~= '' and ARGV[2] ~= held[2] then return {'CONFLICT', held[2]} end

-- What there will be, to measure it before anything is written.
local data, gone = {}, {}
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  if string.sub(fields[at], 1, 2) == 'd:' then
    if ARGV[3] == '1' then gone[#gone + 1] = fields[at] else data[fields[at]] = fields[at + 1] end
  end
end
local first_removed = 8 + 2 * tonumber(ARGV[7])
for at = first_removed, #ARGV do
  data[ARGV[at]] = nil
  gone[#gone + 1] = ARGV[at]
end
for at = 8, first_removed - 1, 2 do data[ARGV[at]] = ARGV[at + 1] end
local size, count = 0, 0
for field, value in pairs(data) do size, count = size + #field + #value, count + 1 end
if size > tonumber(ARGV[4]) then return {'TOOBIG', size} end
if count > tonumber(ARGV[5]) then return {'TOOMANY', count} end

for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end
for at = 8, first_removed - 1, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
local version = redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('SET', KEYS[3], version, 'PX', ARGV[6])
return {'OK', version}
