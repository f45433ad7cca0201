-- End one session.
-- KEYS: 1 session | 2 index of the user
-- ARGV: 1 sid
-- Gives 1 if it was alive, else 0 | what leads to its successor, which has yet to be ended
local held = redis.call('HMGET', KEYS[1], 'user_id', 'successor')
local ended = redis.call('HDEL', KEYS[2], ARGV[1])
-- It stays until its deadline, or who tries again would take the successor for ended.
if held[2] then return held[2] end
redis.call('DEL', KEYS[1])
return (held[1] and ended == 1) and 1 or 0
