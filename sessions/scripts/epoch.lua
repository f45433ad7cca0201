-- Begin a new epoch: no session that was opened before it is one any more.
-- KEYS: 1 epoch
-- Gives it: the time of the server, and never the same one again
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch = string.format('%.0f', math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0') + 1))
redis.call('SET', KEYS[1], epoch)
return epoch
