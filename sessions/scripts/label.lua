-- Remember that a user has a session with a label.
-- KEYS: 1 users of the label
-- ARGV: 1 tag of the user | 2 how long, ms, 0 for ever
redis.call('SADD', KEYS[1], ARGV[1])
local left, wanted = redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])
if wanted == 0 then
  redis.call('PERSIST', KEYS[1])
elseif left < wanted and (left >= 0 or redis.call('SCARD', KEYS[1]) == 1) then
  redis.call('PEXPIRE', KEYS[1], wanted)
end
return 1
