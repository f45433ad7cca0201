-- End all sessions of a user, or all but one, at one instant.
-- KEYS: 1 index of the user | 2 session to keep (the index again for none)
-- ARGV: 1 sid to keep, '' for none
-- Gives {sids that were alive}, {all other sids}; nothing, and ends nothing, if the one to keep is
-- not alive: whoever asks has to be signed in.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] ~= '' then
  local expires = redis.call('HGET', KEYS[2], 'expires_at')
  if not expires or now >= tonumber(expires)
      or redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
    return {{}, {}}
  end
end
local members = redis.call('HGETALL', KEYS[1])
local live, stale = {}, {}
for at = 1, #members, 2 do
  if members[at] ~= ARGV[1] then
    local expires = string.match(members[at + 1], ':(%d+)$')
    local list = (expires and tonumber(expires) > now) and live or stale
    list[#list + 1] = members[at]
    redis.call('HDEL', KEYS[1], members[at])
  end
end
return {live, stale}
