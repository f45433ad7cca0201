-- Change the data of a live session, field by field.
-- KEYS: 1 session | 2 index of the user
-- ARGV: 1 sid | 2 id of this change | 3 expected version, '' for any | 4 '1' to drop all other data
--       5 most bytes of data | 6 most fields of it | 7 number of fields set | 8... fields and their
--       values, then fields to remove
-- Gives OK, version | CONFLICT, version | TOOBIG, bytes | TOOMANY, fields | MISSING | UNREADABLE
--     | ROTATED, what leads to the successor
local held = redis.call('HMGET', KEYS[1], 'user_id', 'version', 'expires_at', 'change', 'successor')
if held[5] then return {'ROTATED', held[5]} end
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
-- The caller drew the id: who finds it here is trying again. The last few are kept, with the versions
-- that they made, for others may have written between two attempts.
local changes = {ARGV[2] .. ':' .. string.format('%.0f', tonumber(held[2]) + 1)}
for id, version in string.gmatch(held[4] or '', '([^:,]+):(%d+)') do
  if id == ARGV[2] then return {'OK', tonumber(version)} end
  if #changes < 8 then changes[#changes + 1] = id .. ':' .. version end
end
if ARGV[3] ~= '' and ARGV[3] ~= held[2] then return {'CONFLICT', held[2]} end

-- What there will be, to measure it before anything is written.
local data, gone = {}, {}
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  if string.sub(fields[at], 1, 2) == 'd:' then
    if ARGV[4] == '1' then gone[#gone + 1] = fields[at] else data[fields[at]] = fields[at + 1] end
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
if size > tonumber(ARGV[5]) then return {'TOOBIG', size} end
if count > tonumber(ARGV[6]) then return {'TOOMANY', count} end

for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end
for at = 8, first_removed - 1, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('HSET', KEYS[1], 'change', table.concat(changes, ','))
return {'OK', redis.call('HINCRBY', KEYS[1], 'version', 1)}
