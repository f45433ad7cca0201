-- Read a live session, and slide its expiry when that is due.
-- KEYS: 1 session | 2 index of the user | 3 answer to this question, if a policy may end the session
-- ARGV: 1 sid | 2 touch interval ms, -1 for never
--       and where the script is to hold requests to what their session was bound to:
--       3 names of the request's network, '' to ask nothing | 4 what another network leads to: ''
--       nothing, step_up, reject, revoke | 5 its header:hash of each header, '' to ask nothing
--       6 what another browser leads to | 7 from which share on it is another one
--       8 header:weight of each | 9 how long the answer is kept, ms, if it has a key
-- Gives OK, last access before, expires, whether touched, now, {field, value...}
--     | MISSING | REVOKED | EXPIRED | ROTATED, what leads to the successor
--     | BINDING, network or browser, value of the session, public id | UNREADABLE
-- A session lives while its record and its entry in the index are both there: whoever takes the
-- entry away has ended it, whatever a writer in flight does to the record.
local held = redis.call('HMGET', KEYS[1], 'user_id', 'created_at', 'last_access', 'expires_at',
  'absolute_at', 'idle_ms', 'public_id', 'network', 'browser', 'successor')
if held[10] then return {'ROTATED', held[10]} end
for at = 1, 7 do
  if not held[at] then
    -- Who tries again, for the answer was lost, may have ended it himself.
    local said = KEYS[3] and redis.call('GET', KEYS[3])
    if not said then return {'MISSING'} end
    local binding, id, expected = string.match(said, '^(.-) (.-) (.*)$')
    return {'BINDING', binding, expected, id}
  end
end
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return {'REVOKED'} end
-- An error after the first write would leave half of it. A double holds fifteen digits.
for at = 2, 6 do
  if #held[at] > 15 or not string.find(held[at], '^%d+$') then return {'UNREADABLE'} end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local accessed, expires = tonumber(held[3]), tonumber(held[4])
if now >= expires then return {'EXPIRED'} end

-- Before the touch: who is refused, or has to prove himself first, prolongs nothing.
local interval, touched = tonumber(ARGV[2]), 0
if ARGV[3] then
  -- One name in common is enough. What follows is said once more in policies.py.
  local function is_elsewhere(expected, shown)
    for name in string.gmatch(shown, '[^ ]+') do
      if string.find(' ' .. expected .. ' ', ' ' .. name .. ' ', 1, true) then return false end
    end
    return true
  end
  local function pairs_of(text)
    local found = {}
    for name, value in string.gmatch(text, '([^ :]+):([^ :]+)') do found[name] = value end
    return found
  end
  -- Of the headers that both have, the share that differs.
  local function is_another(expected, shown)
    local before, after, differing, compared = pairs_of(expected), pairs_of(shown), 0, 0
    for name, weight in pairs(pairs_of(ARGV[8])) do
      if before[name] and after[name] then
        compared = compared + tonumber(weight)
        if before[name] ~= after[name] then differing = differing + tonumber(weight) end
      end
    end
    return compared > 0 and differing / compared >= tonumber(ARGV[7])
  end
  for binding = 0, 1 do
    local expected, shown, policy = held[8 + binding], ARGV[3 + 2 * binding], ARGV[4 + 2 * binding]
    local differs = (binding == 0) and is_elsewhere or is_another
    if policy ~= '' and shown ~= '' and expected and expected ~= shown and differs(expected, shown) then
      local name = (binding == 0) and 'network' or 'browser'
      if policy == 'revoke' then
        redis.call('DEL', KEYS[1])
        redis.call('HDEL', KEYS[2], ARGV[1])
        redis.call('SET', KEYS[3], name .. ' ' .. held[7] .. ' ' .. expected, 'PX', ARGV[9])
      end
      if policy ~= 'step_up' then return {'BINDING', name, expected, held[7]} end
      interval = -1
    end
  end
end

if interval >= 0 and now - accessed >= interval then
  local hard = tonumber(held[5])
  expires = now + tonumber(held[6])
  if hard > 0 and hard < expires then expires = hard end
  -- The deadline first: at its memory limit a server refuses HSET as the first write of a script.
  redis.call('PEXPIREAT', KEYS[1], expires)
  redis.call('HSET', KEYS[1], 'last_access', now, 'expires_at', expires)
  redis.call('HSET', KEYS[2], ARGV[1],
    string.format('%.0f:%.0f:%.0f:%s', tonumber(held[2]), now, expires, held[7]))
  -- As create.lua says why.
  if redis.call('PTTL', KEYS[2]) < expires + 43200000 - now then
    redis.call('PEXPIREAT', KEYS[2], expires + 86400000)
  end
  touched = 1
end
return {'OK', accessed, expires, touched, now, redis.call('HGETALL', KEYS[1])}
