-- Count one operation, unless there were too many.
-- KEYS: 1 rate
-- ARGV: 1 limit | 2 window ms | 3 id of this operation
-- Gives 0, or after how many ms to try again. As in create.lua, no window of any position has more
-- than the limit, and what is refused does not count.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local recent, times = {}, {}
for at, id in string.gmatch(redis.call('GET', KEYS[1]) or '', '(%d+):([^,]+)') do
  -- The caller drew the id: who finds it here is trying again.
  if id == ARGV[3] then return 0 end
  if tonumber(at) > now - window then
    recent[#recent + 1] = at .. ':' .. id
    times[#times + 1] = tonumber(at)
  end
end
if #times >= limit then return times[#times - limit + 1] + window - now end
recent[#recent + 1] = string.format('%.0f:%s', now, ARGV[3])
redis.call('SET', KEYS[1], table.concat(recent, ','), 'PX', window)
return 0
