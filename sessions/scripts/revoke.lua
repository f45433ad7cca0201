-- End all sessions of a user, or all but one, at one instant.
-- KEYS: 1 index of the user
-- ARGV: 1 sid to keep, '' for none
-- Gives {sids that were alive}, {all other sids}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
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
