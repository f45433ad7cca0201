-- Remember that a user has a session with a label.
-- KEYS: 1 users of the label: tag to deadline, 0 for none
-- ARGV: 1 tag of the user | 2 how long, ms, 0 for ever
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local keep = tonumber(ARGV[2])
local is_new = redis.call('EXISTS', KEYS[1]) == 0
local held = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '1')
local deadline = (keep > 0) and (now + keep) or 0
if held > 0 and (deadline == 0 or deadline > held) then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', deadline))
end
local left = redis.call('PTTL', KEYS[1])
if keep == 0 then
  redis.call('PERSIST', KEYS[1])
elseif is_new or (left >= 0 and left < keep) then
  redis.call('PEXPIREAT', KEYS[1], deadline)
end
return 1
