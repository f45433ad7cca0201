-- Take a login that has begun: once, and by the browser in which it began.
-- KEYS: 1 flow
-- ARGV: 1 hash of the browser's value | 2 id of this attempt
-- Gives OK, content | UNKNOWN | BROWSER | USED
local held = redis.call('HMGET', KEYS[1], 'browser', 'content', 'taken')
if not held[1] then return {'UNKNOWN'} end
-- It stays: who lures a browser into a login of his own must not end that of its owner, or the
-- other way about.
if held[1] ~= ARGV[1] then return {'BROWSER'} end
-- The caller drew the id: who finds it here is trying again, for the answer was lost.
if held[3] and held[3] ~= ARGV[2] then return {'USED'} end
redis.call('HSET', KEYS[1], 'taken', ARGV[2])
return {'OK', held[2]}
