-- Name the live families of refresh tokens of a user, and forget those that have expired.
-- KEYS: 1 families of the user
-- Gives {name and entry of each}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local families = redis.call('HGETALL', KEYS[1])
local live = {}
for at = 1, #families, 2 do
  local expires = string.match(families[at + 1], '^%d+:%d+:(%d+):')
  if expires and tonumber(expires) > now then
    live[#live + 1] = {families[at], families[at + 1]}
  else
    redis.call('HDEL', KEYS[1], families[at])
  end
end
return live
