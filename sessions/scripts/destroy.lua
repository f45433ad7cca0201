-- End one session, and the family of refresh tokens that bears its name.
-- KEYS: 1 session | 2 index of the user | 3 refresh families of the user | 4 answer to this end
-- ARGV: 1 sid | 2 version that is expected, '' for any | 3 id of this operation
--       4 how long the answer is kept, ms
-- Gives OK, public id, id of the operation that did it | EXPIRED, public id, the same | MISSING
--     | CONFLICT, version | ROTATED, what leads to its successor, which has yet to be ended

-- Who tries again, for the answer was lost, must not take his own end for that of somebody else.
local said = redis.call('GET', KEYS[4])
if said then return cjson.decode(said) end

local held = redis.call('HMGET', KEYS[1], 'user_id', 'successor', 'version')
if held[1] and ARGV[2] ~= '' and held[3] ~= ARGV[2]
    and redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then
  return {'CONFLICT', held[3] or ''}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local entry = redis.call('HGET', KEYS[2], ARGV[1])
local expires, id = string.match(entry or '', '^%d+:%d+:(%d+):(.*)$')
redis.call('HDEL', KEYS[2], ARGV[1])
-- It stays until its deadline, or who tries again would take the successor for ended.
if held[2] then return {'ROTATED', held[2]} end
redis.call('DEL', KEYS[1])
if not expires then return {'MISSING'} end
redis.call('HDEL', KEYS[3], id)
local has_expired = tonumber(expires) <= now
-- A record that the server has dropped before its time was no session any more.
if not (has_expired or held[1]) then return {'MISSING'} end
local answer = {has_expired and 'EXPIRED' or 'OK', id, ARGV[3]}
redis.call('SET', KEYS[4], cjson.encode(answer), 'PX', ARGV[4])
return answer
