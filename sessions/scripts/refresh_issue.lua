-- Begin a family of refresh tokens, under the name of a live session or under a new one.
-- KEYS: 1 families of the user | 2 index of the user | 3 generation of the user
-- ARGV: 1 name of the family | 2 '1' if a live session must bear it | 3 hash of the first token
--       4 idle ms | 5 absolute ms | 6 most families, 0 for any number
--       7 generation that is expected, '' for any | 8 content
-- Gives OK, {names of families that made room} | MISSING | STALE
-- An entry of a family: created:used:expires:absolute:hash:hash before:lead between them:content
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and string.match(held, '^%d+:%d+:%d+:%d+:([^:]*):') == ARGV[3] then
  return {'OK', {}}  -- who finds the hash that he drew is trying again
end
if ARGV[7] ~= '' and ARGV[7] ~= (redis.call('GET', KEYS[3]) or '0') then return {'STALE'} end
if ARGV[2] == '1' then
  local is_alive = false
  for _, entry in ipairs(redis.call('HVALS', KEYS[2])) do
    local expires, name = string.match(entry, '^%d+:%d+:(%d+):(.*)$')
    if name == ARGV[1] and tonumber(expires) > now then is_alive = true end
  end
  if not is_alive then return {'MISSING'} end
end

local families = redis.call('HGETALL', KEYS[1])
local live, stale, evicted = {}, {}, {}
for at = 1, #families, 2 do
  local used, expires = string.match(families[at + 1], '^%d+:(%d+):(%d+):')
  if not expires or tonumber(expires) <= now then
    stale[#stale + 1] = families[at]
  elseif families[at] ~= ARGV[1] then
    live[#live + 1] = {families[at], tonumber(used)}
  end
end
local most = tonumber(ARGV[6])
if most > 0 and #live >= most then
  table.sort(live, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return a[1] < b[1]
  end)
  for at = 1, #live - most + 1 do evicted[#evicted + 1] = live[at][1] end
end

for _, name in ipairs(stale) do redis.call('HDEL', KEYS[1], name) end
for _, name in ipairs(evicted) do redis.call('HDEL', KEYS[1], name) end
local hard = now + tonumber(ARGV[5])
local expires = math.min(now + tonumber(ARGV[4]), hard)
redis.call('HSET', KEYS[1], ARGV[1],
  string.format('%.0f:%.0f:%.0f:%.0f:%s:::%s', now, now, expires, hard, ARGV[3], ARGV[8]))
if redis.call('PTTL', KEYS[1]) < hard - now then redis.call('PEXPIREAT', KEYS[1], hard) end
return {'OK', evicted}
