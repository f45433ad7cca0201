-- Create a session, unless the user has too many, or too many are created for him or in his network.
-- KEYS: 1 session | 2 index of the user | 3 creation rate of the user | 4 generation of the user
--       5 session to replace (the new one again for none) | 6 refresh families of the user
--       7 answer to this login | 8 creation rate of the network, if it is counted here
-- ARGV: 1 sid | 2 user id, '' for nobody | 3 most sessions, 0 for any number
--       4 evict_oldest, evict_lru or reject | 5 idle ms | 6 absolute ms, 0 for none
--       7 rate limit of the user, 0 for none | 8, 9 what rate.lua takes beside it
--       10 to 12 the same for the network | 13 sid to replace, '' for none
--       14 generation that is expected, '' for any | 15 public id
--       16 what leads others here who sign in by the same visitor's session, '' for nothing
--       17 how long the answer is kept, ms | 18 number of sids to end
--       19... these sids, then further fields and their values
-- Gives OK, created, expires, {sid and public id of each evicted}, {field, value...}, what leads to
--     the successor of the replaced session or '', public id of the session that ended for it or '',
--     {sid and public id of each that was found expired}
--     | COLLISION | STALE | RATE, retry after ms | LIMIT, live sessions
--     | PROMOTED, what leads to the session that somebody else has opened for the same visitor
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sid, idle, absolute = ARGV[1], tonumber(ARGV[5]), tonumber(ARGV[6])
-- As JSON: the evicted, the one that ended, the expired, what leads here, sid.
local said = redis.call('GET', KEYS[7])
said = said and cjson.decode(said)
local successor = (ARGV[13] ~= '') and redis.call('HGET', KEYS[5], 'successor')

-- The sid is 256 random bits that the caller drew: who finds it taken is trying again.
local taken = redis.call('HMGET', KEYS[1], 'user_id', 'created_at', 'expires_at')
if taken[1] then
  if taken[1] == ARGV[2] and redis.call('HEXISTS', KEYS[2], sid) == 1 then
    local told = said or {{}, '', {}}
    return {'OK', taken[2], taken[3], told[1], redis.call('HGETALL', KEYS[1]), successor or '',
      told[2], told[3]}
  end
  return {'COLLISION'}
end
if said and said[4] ~= '' and redis.call('HEXISTS', KEYS[2], said[5]) == 1 then
  return {'PROMOTED', said[4]}
end

-- All of the user's sessions were ended after this login began: it is one of them.
if ARGV[14] ~= '' and ARGV[14] ~= (redis.call('GET', KEYS[4]) or '0') then return {'STALE'} end

local first_field = 19 + tonumber(ARGV[18])
local chosen = {}
for at = 19, first_field - 1 do chosen[ARGV[at]] = true end

-- An entry of the index: created, last access, expiry and public id of one session.
local members = redis.call('HGETALL', KEYS[2])
local live, stale, evicted, expired, replaced, ended = {}, {}, {}, {}, nil, ''
for at = 1, #members, 2 do
  local created, accessed, expires, id = string.match(members[at + 1], '^(%d+):(%d+):(%d+):(.*)$')
  if expires and tonumber(expires) <= now then
    expired[#expired + 1] = {members[at], id}
    expires = nil
  end
  if members[at] == ARGV[13] then
    -- One that goes on under the same name has not ended.
    if expires and id ~= ARGV[15] then ended = id end
    expires, replaced = nil, id
  end
  if not expires then
    stale[#stale + 1] = members[at]
  elseif chosen[members[at]] then
    evicted[#evicted + 1] = {members[at], id}
  else
    live[#live + 1] = {members[at], id, tonumber(created), tonumber(accessed)}
  end
end
local most = tonumber(ARGV[3])
if most > 0 and #live >= most and ARGV[4] == 'reject' then
  return {'LIMIT', #live}
end

-- The function rate is the script of this name. It comes last of what may refuse, for it counts. The
-- network's count is one that a script of its own may keep, too, where this one cannot reach it.
local wait = rate({KEYS[3], KEYS[8]},
  {ARGV[7], ARGV[8], ARGV[9], '', ARGV[10], ARGV[11], ARGV[12], ARGV[15]})
if wait > 0 then return {'RATE', wait} end

-- From here on nothing is refused: an error after the first write would leave half of it.
if most > 0 and #live >= most then
  local by = (ARGV[4] == 'evict_lru') and 4 or 3
  table.sort(live, function(a, b)
    if a[by] ~= b[by] then return a[by] < b[by] end
    return a[1] < b[1]
  end)
  for at = 1, #live - most + 1 do evicted[#evicted + 1] = {live[at][1], live[at][2]} end
end
for _, gone in ipairs(stale) do redis.call('HDEL', KEYS[2], gone) end
-- With a session ends the family of refresh tokens that bears its name.
for _, gone in ipairs(evicted) do
  redis.call('HDEL', KEYS[2], gone[1])
  redis.call('HDEL', KEYS[6], gone[2])
end
if replaced and replaced ~= ARGV[15] then redis.call('HDEL', KEYS[6], replaced) end
-- What leads to a successor stays until its deadline: the caller has yet to end that one.
if ARGV[13] ~= '' and not successor then redis.call('DEL', KEYS[5]) end

local hard = (absolute > 0) and (now + absolute) or 0
local expires = now + idle
if hard > 0 and hard < expires then expires = hard end
redis.call('HSET', KEYS[1], 'user_id', ARGV[2], 'created_at', now, 'issued_at', now,
  'last_access', now, 'expires_at', expires, 'absolute_at', hard, 'idle_ms', idle, 'version', 1,
  'public_id', ARGV[15])
-- Who is signed in has just shown who he is.
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'auth_at', now) end
-- One by one: unpack fails beyond 8,000 values, and then the evicted would be gone for nothing.
for at = first_field, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('PEXPIREAT', KEYS[1], expires)
redis.call('HSET', KEYS[2], sid, string.format('%.0f:%.0f:%.0f:%s', now, now, expires, ARGV[15]))
-- Half a day to a day longer than any session, so that it can be noticed which have expired.
if redis.call('PTTL', KEYS[2]) < expires + 43200000 - now then
  redis.call('PEXPIREAT', KEYS[2], expires + 86400000)
end
if ARGV[16] ~= '' or ended ~= '' or #evicted + #expired > 0 then
  redis.call('SET', KEYS[7], cjson.encode({evicted, ended, expired, ARGV[16], sid}), 'PX', ARGV[17])
end
return {'OK', now, expires, evicted, redis.call('HGETALL', KEYS[1]), successor or '', ended,
  expired}
