-- Read what a list shows of some sessions, and prolong none.
-- KEYS: 1... sessions of one user
-- ARGV: 1... names of fields
-- Gives for each session {values}, false where there is none
local records = {}
for at = 1, #KEYS do records[at] = redis.call('HMGET', KEYS[at], unpack(ARGV)) end
return records
