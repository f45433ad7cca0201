-- Take back one operation that was counted.
-- KEYS: 1 rate
-- ARGV: 1... what rate.lua was given
local held, burst, id = redis.call('GET', KEYS[1]) or '', tonumber(ARGV[3]), ARGV[4]
local first = string.find(held, id, 1, true)
if not first then return 0 end
local before, after = string.sub(held, 1, first - 1), string.sub(held, first + #id)
local left = redis.call('PTTL', KEYS[1])
if burst > 0 then
  local due, ids = string.match(before, '^(%d+):(.*)$')
  if not due then return 0 end
  held = string.format('%.0f:', tonumber(due) - tonumber(ARGV[2])) .. ids .. after
  left = left - tonumber(ARGV[2])
else
  -- Before the id are the 13 digits of its time.
  held = string.sub(before, 1, -14) .. after
end
if held == '' or left <= 0 then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], held, 'PX', left)
end
return 1
