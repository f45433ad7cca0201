-- Count one operation, unless there were too many.
-- KEYS: 1 rate
-- ARGV: 1 limit | 2 window ms | 3 id of this operation, '' if whoever calls knows who tries again
-- Gives 0, or after how many ms to try again. What is refused does not count.
-- The key holds when the last operations were, oldest first, each in 13 digits before its id: so no
-- window of any position has more than the limit, and only the one is read that decides.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window, id = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local recent, width = redis.call('GET', KEYS[1]) or '', 13 + #ARGV[3]
-- The caller drew the id: who finds it here is trying again.
if id ~= '' and string.find(recent, id, 1, true) then return 0 end
if #recent % width ~= 0 then recent = '' end
local count, first = #recent / width, 1
local function at(number)
  return tonumber(string.sub(recent, (number - 1) * width + 1, (number - 1) * width + 13)) or 0
end
if count >= limit then
  local left = at(count - limit + 1) + window - now
  if left > 0 then return left end
end
while first <= count and at(first) + window <= now do first = first + 1 end
recent = string.sub(recent, (first - 1) * width + 1) .. string.format('%013.0f', now) .. id
redis.call('SET', KEYS[1], recent, 'PX', window)
return 0
