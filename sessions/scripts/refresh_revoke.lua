-- End a family of refresh tokens, and the session that bears its name.
-- KEYS: 1 families of the user | 2 index of the user | 3 answer to this operation
-- ARGV: 1 name of the family | 2 how long the answer is kept, ms
-- Gives whether there was one, sid of the session or '', 1 if that had expired
local said = redis.call('GET', KEYS[3])
if said then return cjson.decode(said) end  -- as destroy.lua says why

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {redis.call('HDEL', KEYS[1], ARGV[1]), '', 0}
local members = redis.call('HGETALL', KEYS[2])
for at = 1, #members, 2 do
  local expires, id = string.match(members[at + 1], '^%d+:%d+:(%d+):(.*)$')
  if id == ARGV[1] then
    redis.call('HDEL', KEYS[2], members[at])
    answer[2], answer[3] = members[at], (tonumber(expires) <= now) and 1 or 0
  end
end
if answer[1] == 1 then redis.call('SET', KEYS[3], cjson.encode(answer), 'PX', ARGV[2]) end
return answer
