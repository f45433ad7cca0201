-- Take back one operation that was counted.
-- KEYS: 1 rate
-- ARGV: 1 id of the operation, as rate.lua was given it
local recent = redis.call('GET', KEYS[1]) or ''
local first = string.find(recent, ARGV[1], 1, true)
if not first then return 0 end
-- Before the id are the 13 digits of its time.
recent = string.sub(recent, 1, first - 14) .. string.sub(recent, first + #ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if recent == '' or left <= 0 then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], recent, 'PX', left)
end
return 1
