-- End a family of refresh tokens, and the session that bears its name.
-- KEYS: 1 families of the user | 2 index of the user
-- ARGV: 1 name of the family
-- Gives whether there was one, sid of the session or ''
local ended, sid = redis.call('HDEL', KEYS[1], ARGV[1]), ''
local members = redis.call('HGETALL', KEYS[2])
for at = 1, #members, 2 do
  if string.match(members[at + 1], '[^:]*$') == ARGV[1] then
    redis.call('HDEL', KEYS[2], members[at])
    sid = members[at]
  end
end
return {ended, sid}
