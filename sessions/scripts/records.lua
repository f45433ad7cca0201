-- Read what a list shows of some sessions, and prolong none.
-- KEYS: 1... sessions of one user
-- Gives for each {user id, created, last access, expires, device}, false where there is none
local records = {}
for at = 1, #KEYS do
  records[at] = redis.call('HMGET', KEYS[at], 'user_id', 'created_at', 'last_access', 'expires_at',
    'device')
end
return records
