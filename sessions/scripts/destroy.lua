-- End one session.
-- KEYS: 1 session | 2 index of the user
-- ARGV: 1 sid
-- Gives 1 if it was alive, else 0
local user = redis.call('HGET', KEYS[1], 'user_id')
local ended = redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[1])
return (user and ended == 1) and 1 or 0
