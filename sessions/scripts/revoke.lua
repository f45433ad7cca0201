-- End all sessions of a user, or all but one, at one instant, with the logins that are under way.
-- KEYS: 1 index of the user | 2 generation of the user | 3 session to keep (the index for none)
--       4 refresh families of the user, which end likewise | 5 answer to this operation
-- ARGV: 1 sid to keep, '' for none | 2 how long the generation is remembered, ms
--       3 how long the answer is kept, ms
-- Gives {sid and public id of each that was alive}, {the same of all others}, what leads to the
-- successor of the one to keep or ''; nothing, and ends nothing, if the one to keep is not alive:
-- whoever asks has to be signed in.
local said = redis.call('GET', KEYS[5])
if said then return cjson.decode(said) end  -- as destroy.lua says why

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept_name
if ARGV[1] ~= '' then
  local kept = redis.call('HMGET', KEYS[3], 'expires_at', 'successor', 'public_id')
  if not kept[1] or now >= tonumber(kept[1])
      or redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
    return {{}, {}, kept[2] or ''}
  end
  kept_name = kept[3]
end
local members = redis.call('HGETALL', KEYS[1])
local live, stale = {}, {}
-- A time, so that a generation which was forgotten does not come again.
local before = tonumber(redis.call('GET', KEYS[2]) or '0')
redis.call('SET', KEYS[2], string.format('%.0f', math.max(now, before + 1)), 'PX', ARGV[2])
for at = 1, #members, 2 do
  if members[at] ~= ARGV[1] then
    local expires, id = string.match(members[at + 1], '^%d+:%d+:(%d+):(.*)$')
    local list = (expires and tonumber(expires) > now) and live or stale
    list[#list + 1] = {members[at], id or ''}
    redis.call('HDEL', KEYS[1], members[at])
  end
end
for _, name in ipairs(redis.call('HKEYS', KEYS[4])) do
  if name ~= kept_name then redis.call('HDEL', KEYS[4], name) end
end
local answer = {live, stale, ''}
redis.call('SET', KEYS[5], cjson.encode(answer), 'PX', ARGV[3])
return answer
