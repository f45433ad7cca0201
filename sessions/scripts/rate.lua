-- Count one operation under some rates, unless there were too many under any of them.
-- KEYS: 1... rates
-- ARGV: 1 limit, 0 for none | 2 window ms, or with a burst the interval ms
--       3 burst, 0 for an exact window
--       4 id of this operation, '' if whoever calls knows who tries again
--       5... the same for each further rate
-- Gives 0, or after how many ms to try again: the longest of them. What is refused does not count.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- GCRA. The key holds when all that was counted is paid for, at one interval each, and then the ids
-- of the last: no window has more than the limit of them, so no more are looked for.
local function evenly(held, limit, interval, burst, id)
  local due, ids = string.match(held, '^(%d+):(.*)$')
  due = math.max(now, tonumber(due or '0'))
  local left = due - (burst - 1) * interval - now
  if left > 0 then return left end
  due = due + interval
  ids = (id == '') and '' or string.sub((ids or '') .. id, -limit * #id)
  return 0, string.format('%.0f:', due) .. ids, due - now
end

-- The key holds when the last operations were, oldest first, each in 13 digits before its id: so no
-- window of any position has more than the limit, and only the one is read that decides.
local function exactly(held, limit, window, id)
  local width = 13 + #id
  if #held % width ~= 0 then held = '' end
  local count, first = #held / width, 1
  local function at(number)
    return tonumber(string.sub(held, (number - 1) * width + 1, (number - 1) * width + 13)) or 0
  end
  if count >= limit then
    local left = at(count - limit + 1) + window - now
    if left > 0 then return left end
  end
  while first <= count and at(first) + window <= now do first = first + 1 end
  held = string.sub(held, (first - 1) * width + 1) .. string.format('%013.0f', now) .. id
  return 0, held, window
end

local longest, counted = 0, {}
for number in ipairs(KEYS) do
  local from = 4 * number - 3
  local limit, period = tonumber(ARGV[from]), tonumber(ARGV[from + 1])
  local burst, id = tonumber(ARGV[from + 2]), ARGV[from + 3]
  local held = (limit > 0) and redis.call('GET', KEYS[number]) or ''
  -- The caller drew the id: who finds it here is trying again.
  if limit > 0 and not (id ~= '' and string.find(held, id, 1, true)) then
    local left, kept, keep
    if burst > 0 then
      left, kept, keep = evenly(held, limit, period, burst, id)
    else
      left, kept, keep = exactly(held, limit, period, id)
    end
    longest = math.max(longest, left)
    counted[#counted + 1] = {number, kept, keep}
  end
end
if longest > 0 then return longest end
for _, each in ipairs(counted) do redis.call('SET', KEYS[each[1]], each[2], 'PX', each[3]) end
return 0
