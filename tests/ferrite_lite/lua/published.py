"""The scripts that people publish for strings, hashes and sets, in words of our own.

Each is told with the calls that a day of use would make. Time is an argument, as it is in most of
them, so that a call is answered alike wherever and whenever it is made.
"""

from __future__ import annotations

from dataclasses import dataclass

Call = tuple[list[str], list[str]]


@dataclass(frozen=True, slots=True)
class Published:
    """A script, and the keys and arguments that it is called with, in turn."""

    text: str
    calls: list[Call]


def calls(keys: str, *arguments: str) -> list[Call]:
    return [(keys.split(), each.split()) for each in arguments]


SCRIPTS = {
    "a rate limiter with a fixed window": Published(
        """
        local count = redis.call('INCR', KEYS[1])
        if tonumber(count) == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
        if count > tonumber(ARGV[1]) then return {0, redis.call('TTL', KEYS[1])} end
        return {1, tonumber(ARGV[1]) - count}
        """,
        calls("rate:ann", "3 60", "3 60", "3 60", "3 60", "3 60"),
    ),
    "a rate limiter with a sliding window of two buckets": Published(
        """
        local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local bucket = math.floor(now / window)
        local current, before = KEYS[1] .. ':' .. bucket, KEYS[1] .. ':' .. (bucket - 1)
        local used = tonumber(redis.call('GET', current) or '0')
        local earlier = tonumber(redis.call('GET', before) or '0')
        local weight = 1 - (now % window) / window
        if used + earlier * weight >= limit then
          return {0, tostring(used + earlier * weight)}
        end
        redis.call('INCR', current)
        redis.call('PEXPIRE', current, window * 2)
        return {1, tostring(limit - used - earlier * weight - 1)}
        """,
        calls("slide", *(f"{now} 1000 4" for now in (100, 200, 300, 400, 500, 1250, 1750, 2900))),
    ),
    "a token bucket": Published(
        """
        local rate, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
        local now, wanted = tonumber(ARGV[3]), tonumber(ARGV[4])
        local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
        local tokens, at = tonumber(held[1]) or capacity, tonumber(held[2]) or now
        tokens = math.min(capacity, tokens + math.max(0, now - at) * rate)
        local allowed = tokens >= wanted
        if allowed then tokens = tokens - wanted end
        redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
        redis.call('EXPIRE', KEYS[1], math.ceil(capacity / rate) * 2)
        return {allowed and 1 or 0, tostring(tokens), tostring((wanted - tokens) / rate)}
        """,
        calls(
            "bucket", "0.5 3 100 1", "0.5 3 100 2", "0.5 3 100 1", "0.5 3 101.5 1", "0.5 3 103 1"
        ),
    ),
    "GCRA": Published(
        """
        local now, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
        local emission = tonumber(ARGV[4]) / tonumber(ARGV[3])
        local tolerance = emission * burst
        local arrival = math.max(tonumber(redis.call('GET', KEYS[1])) or now, now)
        local following = arrival + emission
        local allowed_at = following - tolerance
        if now < allowed_at then
          return {1, 0, tostring(allowed_at - now), tostring(arrival - now)}
        end
        redis.call('SET', KEYS[1], following, 'EX', math.ceil(following - now))
        local remaining = math.floor((now - allowed_at) / emission)
        return {0, remaining, '-1', tostring(following - now)}
        """,
        calls("gcra", *(f"{now} 3 10 60" for now in (0, 0, 1, 1, 1, 8, 60.5))),
    ),
    "a leaky bucket in a hash of JSON": Published(
        """
        local now, leak, size = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
        local kept = redis.call('HGET', KEYS[1], 'state')
        local state = kept and cjson.decode(kept) or {level = 0, at = now}
        state.level = math.max(0, state.level - (now - state.at) * leak)
        state.at = now
        if state.level + 1 > size then return {err = 'BUSYBUCKET ' .. state.level} end
        state.level = state.level + 1
        redis.call('HSET', KEYS[1], 'state', cjson.encode({level = state.level}), 'at', now)
        return redis.status_reply('level ' .. state.level)
        """,
        calls("leaky", "0 1 2", "0 1 2"),
    ),
    "a lock: taken, and taken again by its owner": Published(
        """
        local owner = redis.call('GET', KEYS[1])
        if not owner or owner == ARGV[1] then
          return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        end
        return false
        """,
        calls("lock", "ann 60000", "bob 60000", "ann 90000"),
    ),
    "a lock: released by its owner only": Published(
        """
        if redis.call('get', KEYS[1]) == ARGV[1] then
          return redis.call('del', KEYS[1])
        else
          return 0
        end
        """,
        calls("held", "bob", "ann", "ann"),
    ),
    "a lock: extended by its owner only": Published(
        """
        local token = redis.call('GET', KEYS[1])
        if not token or token ~= ARGV[1] then return 0 end
        local left = redis.call('PTTL', KEYS[1])
        if left < 0 then left = 0 end
        redis.call('PEXPIRE', KEYS[1], left + ARGV[2])
        return 1
        """,
        calls("held", "bob 60000", "ann 60000"),
    ),
    "a lock that counts how often it is held": Published(
        """
        if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then
          redis.call('HINCRBY', KEYS[1], ARGV[2], 1)
          redis.call('PEXPIRE', KEYS[1], ARGV[1])
          return nil
        end
        return redis.call('PTTL', KEYS[1]) > 0
        """,
        calls("reentrant", "90000 ann", "90000 ann", "90000 bob"),
    ),
    "compare and set of a string": Published(
        """
        local current = redis.call('GET', KEYS[1])
        if current == ARGV[1] or (not current and ARGV[1] == 'none') then
          redis.call('SET', KEYS[1], ARGV[2])
          return {true, current}
        end
        return {false, current}
        """,
        calls("cas", "none 1", "none 2", "1 2", "1 3"),
    ),
    "compare and set of a version in a hash": Published(
        """
        local version = redis.call('HGET', KEYS[1], 'version') or '0'
        if version ~= ARGV[1] then return redis.error_reply('CONFLICT version is ' .. version) end
        for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
        return redis.call('HINCRBY', KEYS[1], 'version', 1)
        """,
        calls("record", "0 name ann", "0 name bob", "1 name bob city rome", "2"),
    ),
    "a counter that stops at a limit": Published(
        """
        local value = tonumber(redis.call('GET', KEYS[1]) or '0')
        local step, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
        if value + step > limit then return -1 end
        value = redis.call('INCRBY', KEYS[1], step)
        if value == step then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
        return value
        """,
        calls("quota", "2 5 100", "2 5 100", "2 5 100", "1 5 100"),
    ),
    "a leader that renews, or steps down": Published(
        """
        local leader = redis.call('GET', KEYS[1])
        if ARGV[2] == 'resign' then
          if leader == ARGV[1] then return redis.call('DEL', KEYS[1]) end
          return 0
        end
        if leader == false then
          redis.call('SET', KEYS[1], ARGV[1], 'EX', tonumber(ARGV[2]))
          return {'elected', ARGV[1]}
        elseif leader == ARGV[1] then
          redis.call('EXPIRE', KEYS[1], tonumber(ARGV[2]))
          return {'renewed', leader}
        end
        return {'follows', leader}
        """,
        calls("leader", "a 30", "b 30", "a 60", "b resign", "a resign", "b 30"),
    ),
    "a semaphore in a set": Published(
        """
        if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 'held' end
        if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 'full' end
        redis.call('SADD', KEYS[1], ARGV[1])
        return 'taken'
        """,
        calls("slots", "a 2", "a 2", "b 2", "c 2"),
    ),
    "a semaphore whose holders have deadlines": Published(
        """
        local now, ttl, limit = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local held = redis.call('HGETALL', KEYS[1])
        local live = 0
        for i = 1, #held, 2 do
          if tonumber(held[i + 1]) <= now then
            redis.call('HDEL', KEYS[1], held[i])
          else
            live = live + 1
          end
        end
        if live >= limit then return {0, live} end
        redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now + ttl))
        return {1, live + 1}
        """,
        calls("permits", "a 0 10 2", "b 5 10 2", "c 8 10 2", "c 11 10 2", "d 30 10 2"),
    ),
    "an idempotency key that keeps the answer": Published(
        """
        local kept = redis.call('HGETALL', KEYS[1])
        if #kept == 0 then
          redis.call('HSET', KEYS[1], 'state', 'running', 'by', ARGV[1])
          redis.call('EXPIRE', KEYS[1], 86400)
          return {'first'}
        end
        local record = {}
        for i = 1, #kept, 2 do record[kept[i]] = kept[i + 1] end
        if ARGV[2] and record.by == ARGV[1] then
          redis.call('HSET', KEYS[1], 'state', 'done', 'answer', cjson.encode({ARGV[2]}))
          return {'stored'}
        end
        if record.state == 'done' then return {'again', unpack(cjson.decode(record.answer))} end
        return {'running', record.by}
        """,
        calls("idem", "r1", "r2", "r1 ok", "r2", "r3"),
    ),
    "stock taken for a whole order, or for nothing of it": Published(
        """
        local short = {}
        for i, key in ipairs(KEYS) do
          local stock = tonumber(redis.call('HGET', key, 'stock') or 0)
          if stock < tonumber(ARGV[i]) then short[#short + 1] = key .. '=' .. stock end
        end
        if #short > 0 then return {'short', table.concat(short, ',')} end
        local left = {}
        for i = 1, #KEYS do left[i] = redis.call('HINCRBY', KEYS[i], 'stock', -ARGV[i]) end
        return left
        """,
        [
            (["item:1", "item:2"], ["1", "2"]),
            (["item:1", "item:2"], ["1", "2"]),
            (["item:1"], ["9"]),
        ],
    ),
    "a transfer between accounts": Published(
        """
        local amount = tonumber(ARGV[1])
        assert(amount and amount > 0, 'amount must be positive')
        local from = tonumber(redis.call('GET', KEYS[1]) or 0)
        if from < amount then return redis.error_reply('INSUFFICIENT funds: ' .. from) end
        return {redis.call('DECRBY', KEYS[1], amount), redis.call('INCRBY', KEYS[2], amount)}
        """,
        calls("acc:1 acc:2", "30", "100", "-5", "x"),
    ),
    "visitors counted once a day": Published(
        """
        local new = redis.call('SADD', KEYS[1], unpack(ARGV, 2))
        if redis.call('TTL', KEYS[1]) == -1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
        return {new, redis.call('SCARD', KEYS[1])}
        """,
        calls("seen", "86400 a b", "86400 b c", "86400 c"),
    ),
    "many keys set at once, with a deadline": Published(
        """
        local pairs_of = {}
        for i = 1, #KEYS do
          pairs_of[#pairs_of + 1] = KEYS[i]
          pairs_of[#pairs_of + 1] = ARGV[i + 1]
        end
        redis.call('MSET', unpack(pairs_of))
        for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1]) end
        return #KEYS
        """,
        [(["x", "y", "z"], ["50000", "1", "2", "3"])],
    ),
    "a cache filled once, packed": Published(
        """
        local packed = redis.call('GET', KEYS[1])
        if packed then
          local value = cmsgpack.unpack(packed)
          value.hits = value.hits + 1
          redis.call('SET', KEYS[1], cmsgpack.pack(value), 'KEEPTTL')
          return {value.body, value.hits}
        end
        redis.call('SETEX', KEYS[1], 300, cmsgpack.pack({hits = 0}))
        return false
        """,
        calls("cache", "", "", ""),
    ),
    "an object model with inheritance": Published(
        """
        local Base = {}
        Base.__index = Base
        function Base.new(class, key) return setmetatable({key = key}, class) end
        function Base:describe() return self.key .. ':' .. self:kind() end
        local Counter = setmetatable({}, {__index = Base})
        Counter.__index = Counter
        function Counter:kind() return 'counter' end
        function Counter:add(n) return redis.call('INCRBY', self.key, n) end
        local counter = Base.new(Counter, KEYS[1])
        return {counter:describe(), counter:add(ARGV[1]), counter:add(ARGV[1])}
        """,
        calls("objects", "2", "3"),
    ),
}

#: What is there before: some scripts begin with something.
SETUP = [
    ["SET", "held", "ann", "PX", "90000"],
    ["HSET", "item:1", "stock", "3"],
    ["HSET", "item:2", "stock", "3"],
    ["SET", "acc:1", "50"],
]
