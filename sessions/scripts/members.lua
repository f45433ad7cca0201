-- Name the live sessions of a user, and forget those that have expired.
-- KEYS: 1 index of the user | 2 answer to this question
-- ARGV: 1 how long the answer is kept, ms
-- Gives {sid and public id of each that is alive}, {the same of those that have expired}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local members = redis.call('HGETALL', KEYS[1])
-- Who tries again, for the answer was lost, is the only one who can tell of what he had found.
local said = redis.call('GET', KEYS[2])
local live, gone = {}, said and cjson.decode(said) or {}
local told = #gone
for at = 1, #members, 2 do
  local expires, id = string.match(members[at + 1], '^%d+:%d+:(%d+):(.*)$')
  if expires and tonumber(expires) > now then
    live[#live + 1] = {members[at], id}
  else
    gone[#gone + 1] = {members[at], id or ''}
    redis.call('HDEL', KEYS[1], members[at])
  end
end
if #gone > told then redis.call('SET', KEYS[2], cjson.encode(gone), 'PX', ARGV[1]) end
return {live, gone}
