-- Name the live sessions of a user, and forget those that have expired.
-- KEYS: 1 index of the user
-- Gives {sids that are alive}, {sids that have expired}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local members = redis.call('HGETALL', KEYS[1])
local live, gone = {}, {}
for at = 1, #members, 2 do
  local expires = string.match(members[at + 1], ':(%d+)$')
  if expires and tonumber(expires) > now then
    live[#live + 1] = members[at]
  else
    gone[#gone + 1] = members[at]
    redis.call('HDEL', KEYS[1], members[at])
  end
end
return {live, gone}
