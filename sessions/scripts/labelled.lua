-- Name the users who may have a session with a label, and forget those who cannot any more.
-- KEYS: 1 users of the label: tag to deadline, 0 for none
-- Gives {tags}. A user without such a session stays until the deadline: his may yet be on its way.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local users = redis.call('HGETALL', KEYS[1])
local tags = {}
for at = 1, #users, 2 do
  local deadline = tonumber(users[at + 1])
  if deadline > 0 and deadline <= now then
    redis.call('HDEL', KEYS[1], users[at])
  else
    tags[#tags + 1] = users[at]
  end
end
return tags
