-- Name the live sessions of a user, and forget those that have expired.
-- KEYS: 1 index of the user
-- Gives {sid and public id of each that is alive}, {the same of those that have expired}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local members = redis.call('HGETALL', KEYS[1])
local live, gone = {}, {}
for at = 1, #members, 2 do
  local expires, id = string.match(members[at + 1], '^%d+:%d+:(%d+):(.*)$')
  if expires and tonumber(expires) > now then
    live[#live + 1] = {members[at], id}
  else
    gone[#gone + 1] = {members[at], id or ''}
    redis.call('HDEL', KEYS[1], members[at])
  end
end
return {live, gone}
