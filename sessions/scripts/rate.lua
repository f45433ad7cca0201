-- Count one operation, unless there were too many.
-- KEYS: 1 rate
-- ARGV: 1 limit | 2 window ms, or with a burst the interval ms | 3 burst, 0 for an exact window
--       4 id of this operation, '' if whoever calls knows who tries again
-- Gives 0, or after how many ms to try again. What is refused does not count.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, period, burst, id = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local held = redis.call('GET', KEYS[1]) or ''
-- The caller drew the id: who finds it here is trying again.
if id ~= '' and string.find(held, id, 1, true) then return 0 end

-- GCRA. The key holds when all that was counted is paid for, at one interval each, and then the ids
-- of the last: no window has more than the limit of them, so no more are looked for.
if burst > 0 then
  local due, ids = string.match(held, '^(%d+):(.*)$')
  due = math.max(now, tonumber(due or '0'))
  local left = due - (burst - 1) * period - now
  if left > 0 then return left end
  due = due + period
  ids = (id == '') and '' or string.sub((ids or '') .. id, -limit * #id)
  redis.call('SET', KEYS[1], string.format('%.0f:', due) .. ids, 'PX', due - now)
  return 0
end

-- The key holds when the last operations were, oldest first, each in 13 digits before its id: so no
-- window of any position has more than the limit, and only the one is read that decides.
local width = 13 + #id
if #held % width ~= 0 then held = '' end
local count, first = #held / width, 1
local function at(number)
  return tonumber(string.sub(held, (number - 1) * width + 1, (number - 1) * width + 13)) or 0
end
if count >= limit then
  local left = at(count - limit + 1) + period - now
  if left > 0 then return left end
end
while first <= count and at(first) + period <= now do first = first + 1 end
held = string.sub(held, (first - 1) * width + 1) .. string.format('%013.0f', now) .. id
redis.call('SET', KEYS[1], held, 'PX', period)
return 0
