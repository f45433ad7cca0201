-- Remember a login that has begun.
-- KEYS: 1 flow
-- ARGV: 1 hash of the browser's value | 2 content | 3 how long, ms
redis.call('HSET', KEYS[1], 'browser', ARGV[1], 'content', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
