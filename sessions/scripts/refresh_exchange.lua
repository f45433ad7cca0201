-- Exchange a refresh token for the next one of its family and a session, or end a stolen family.
-- KEYS: 1 families of the user | 2 index of the user | 3 session to open | 4 creation rate of the
--       user | 5 generation of the user | 6 answer to this login | 7 answer to the end of a family
-- ARGV: 1 name of the family | 2 hash of the token | 3 hash of the next one | 4 what leads there
--       5 grace ms | 6 idle ms | 7... what create.lua takes, without a sid to replace
-- Gives what create.lua gives, and then the sid of the session before or ''
--     | GRACE, what leads to the next token and its session | MISSING
--     | REUSE, sid of the session that ended or ''
-- The functions create, which needs rate, and refresh_revoke are the scripts of these names.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local created, used, expires, hard, current, previous, lead, content = string.match(
  redis.call('HGET', KEYS[1], ARGV[1]) or '',
  '^(%d+):(%d+):(%d+):(%d+):([^:]*):([^:]*):([^:]*):(.*)$')
local stolen = redis.call('GET', KEYS[7])
if stolen then return {'REUSE', cjson.decode(stolen)[2]} end  -- said before, and lost
if not created or now >= tonumber(expires) then return {'MISSING'} end
local keys = {KEYS[3], KEYS[2], KEYS[4], KEYS[5], KEYS[3], KEYS[1], KEYS[6]}
local opening = {}
for at = 7, #ARGV do opening[#opening + 1] = ARGV[at] end
if current ~= ARGV[2] then
  -- The caller drew what leads there: who finds it is trying again.
  local is_again = previous == ARGV[2] and lead == ARGV[4]
  if is_again and redis.call('HEXISTS', KEYS[2], opening[1]) == 1 then
    local opened = create(keys, opening)
    opened[#opened + 1] = ''
    return opened
  end
  if is_again or (previous == ARGV[2] and now - tonumber(used) < tonumber(ARGV[5])) then
    return {'GRACE', lead}
  end
  -- Whoever holds this token, somebody else has used it, or a later one: one of them is a thief.
  return {'REUSE', refresh_revoke({KEYS[1], KEYS[2], KEYS[7]}, {ARGV[1], opening[17]})[2]}
end

local before = ''
local members = redis.call('HGETALL', KEYS[2])
for at = 1, #members, 2 do
  if string.match(members[at + 1], '[^:]*$') == ARGV[1] then before = members[at] end
end
opening[13] = before
local opened = create(keys, opening)
if opened[1] ~= 'OK' then return opened end

expires = math.min(now + tonumber(ARGV[6]), tonumber(hard))
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:%.0f:%.0f:%.0f:%s:%s:%s:%s',
  tonumber(created), now, expires, tonumber(hard), ARGV[3], ARGV[2], ARGV[4], content))
opened[#opened + 1] = before
return opened
